//! `sampan-server`: runs the office, and looks after its people, its backups and its health.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use serde_json::json;

use sampan_server::access::Role;
use sampan_server::config::Config;
use sampan_server::error::OfficeError;
use sampan_server::http;
use sampan_server::http::listen::Limits;
use sampan_server::office_commands;
use sampan_server::people::{self, PersonRequest};
use sampan_server::state::{Office, SystemChance, SystemClock};

/// What `verify` ends with when something is wrong.
const EXIT_DAMAGED: u8 = 3;

const AFTER: &str = "\
A first evening:
  sampan-server people add --data office --login dara --name \"Sok Dara\" --role admin
  sampan-server serve --data office
  (open http://127.0.0.1:8420, sign in, upload a form, publish it, make a code for a device)

Every command works on one folder (--data). It holds office.sqlite, blobs/ and keys/; keep it on a local disk.
Exit codes: 0 done, 1 not done (the reason is on stderr), 2 wrong usage, 3 verify found damage.";

#[derive(Parser)]
#[command(name = "sampan-server", version, about = "The office of a Sampan study: takes in interviews, shows them to reviewers, gives them out", after_help = AFTER)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the office until it is told to stop (Ctrl-C or SIGTERM); running requests are finished first
    #[command(
        after_help = "It listens only where you say. For other machines put a TLS proxy in front and say\n\
        --public-url https://office.example.org, the address that enrolment codes will name."
    )]
    Serve {
        #[command(flatten)]
        folder: Folder,
        /// Address and port; port 0 takes any free one
        #[arg(long, default_value = "127.0.0.1:8420", value_name = "ADDRESS:PORT")]
        listen: SocketAddr,
        /// The address that devices and browsers use, if it is another one
        #[arg(long, value_name = "URL")]
        public_url: Option<String>,
    },
    /// Add people, list them, set passwords
    #[command(subcommand)]
    People(People),
    /// Copy the office to an empty folder, while it runs
    #[command(
        after_help = "Devices keep what they sent until a backup covers it, so make one every day.\n\
        The folder has a manifest with counts and digests; `restore` checks them. Keys are not part of a backup."
    )]
    Backup {
        #[command(flatten)]
        folder: Folder,
        /// An empty folder, or one that does not exist yet
        #[arg(long, value_name = "FOLDER")]
        to: PathBuf,
        /// One JSON object on stdout, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Make an office out of a backup, in an empty folder
    #[command(
        after_help = "The office begins a new generation. At their next sync devices notice, and offer again\n\
        everything they still hold: what came after the backup comes back by itself."
    )]
    Restore {
        /// The backup
        #[arg(long, value_name = "FOLDER")]
        from: PathBuf,
        #[command(flatten)]
        folder: Folder,
        /// One JSON object on stdout, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Compute the lists and searches anew from the changes
    #[command(
        after_help = "Changes nothing that was collected. Use it after an upgrade that says so, or when a list looks wrong."
    )]
    Rebuild {
        #[command(flatten)]
        folder: Folder,
    },
    /// Check database, chains, receipts and lists; changes nothing
    #[command(after_help = "Ends with 0 when all is well and with 3 when something is damaged.")]
    Verify {
        #[command(flatten)]
        folder: Folder,
        /// One JSON object on stdout, for scripts
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
enum People {
    /// Add a person; without a password one is made and printed
    Add {
        #[command(flatten)]
        folder: Folder,
        /// What they type in to sign in: letters, digits, . - _
        #[arg(long)]
        login: String,
        /// Their name, in any script
        #[arg(long)]
        name: String,
        /// enumerator, supervisor or admin
        #[arg(long)]
        role: Role,
        /// For this country only (KH, MM, TH, VN); several times for several countries
        #[arg(long)]
        country: Vec<String>,
        /// For one province only (KH-12)
        #[arg(long)]
        province: Option<String>,
        /// For one team only
        #[arg(long)]
        team: Option<String>,
        #[command(flatten)]
        password: Password,
        /// One JSON object on stdout, for scripts
        #[arg(long)]
        json: bool,
    },
    /// List all people
    List {
        #[command(flatten)]
        folder: Folder,
        /// One JSON array on stdout, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Give a person this role and no other, from now on; the last admin of the whole study stays one
    SetRole {
        #[command(flatten)]
        folder: Folder,
        /// Whose
        #[arg(long)]
        login: String,
        /// enumerator, supervisor or admin
        #[arg(long)]
        role: Role,
        /// For this country only (KH, MM, TH, VN); several times for several countries
        #[arg(long)]
        country: Vec<String>,
        /// For one province only (KH-12)
        #[arg(long)]
        province: Option<String>,
        /// For one team only
        #[arg(long)]
        team: Option<String>,
    },
    /// Set a password; without one it is made and printed. All sessions of the person end
    SetPassword {
        #[command(flatten)]
        folder: Folder,
        /// Whose
        #[arg(long)]
        login: String,
        #[command(flatten)]
        password: Password,
    },
}

#[derive(Args)]
struct Folder {
    /// The office's folder; made when it does not exist
    #[arg(long, value_name = "FOLDER")]
    data: PathBuf,
}

/// Never as an argument: other users of the machine could read it there.
#[derive(Args)]
#[group(multiple = false)]
struct Password {
    /// Read the password from the first line of a file
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Read the password from the first line of stdin
    #[arg(long)]
    password_stdin: bool,
}

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}\n{advice}", advice = .0.advice())]
    Office(#[from] OfficeError),
    #[error(transparent)]
    Serve(#[from] http::ServeError),
    #[error("{what}: {source}")]
    File { what: String, source: std::io::Error },
    #[error("the password is empty; put it on the first line")]
    NoPassword,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(failure) => {
            let mut text = format!("sampan-server: {failure}");
            let mut cause = std::error::Error::source(&failure);
            while let Some(error) = cause {
                text.push_str(&format!("\n  because: {error}"));
                cause = error.source();
            }
            let _ = writeln!(std::io::stderr(), "{text}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Serve {
            folder,
            listen,
            public_url,
        } => {
            http::run(&folder.data, listen, public_url, Limits::default(), |address| {
                say(&format!("listening on http://{address}"))
            })?;
        }
        Command::People(people) => return run_people(people),
        Command::Backup { folder, to, json } => {
            let manifest = office_commands::backup(&open(&folder.data)?, &to)?;
            match json {
                true => say(&json!(manifest).to_string()),
                false => say(&format!(
                    "backed up {} changes of {} interviews to {}; keep it on another machine",
                    manifest.n_changes,
                    manifest.n_records,
                    to.display()
                )),
            }
        }
        Command::Restore { from, folder, json } => {
            let manifest = office_commands::restore(&from, &config(&folder.data))?;
            match json {
                true => say(&json!(manifest).to_string()),
                false => say(&format!(
                    "restored {} changes of {} interviews to {}; devices offer the rest at their next sync",
                    manifest.n_changes,
                    manifest.n_records,
                    folder.data.display()
                )),
            }
        }
        Command::Rebuild { folder } => {
            let n_records = office_commands::rebuild(&open(&folder.data)?)?;
            say(&format!("rebuilt the lists of {n_records} interviews"));
        }
        Command::Verify { folder, json } => {
            let found = office_commands::verify(&open(&folder.data)?)?;
            if json {
                say(&json!({
                    "n_changes": found.n_changes,
                    "n_records": found.n_records,
                    "problems": found.problems,
                })
                .to_string());
            } else {
                for problem in &found.problems {
                    say(problem);
                }
                let verdict = match found.problems.len() {
                    0 => "all is well".to_string(),
                    n => {
                        format!("{n} problems; stop the office and restore the last backup into a new folder")
                    }
                };
                say(&format!(
                    "looked at {} changes of {} interviews: {verdict}",
                    found.n_changes, found.n_records
                ));
            }
            if !found.problems.is_empty() {
                return Ok(ExitCode::from(EXIT_DAMAGED));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn run_people(people: People) -> Result<ExitCode, Failure> {
    match people {
        People::Add {
            folder,
            login,
            name,
            role,
            country,
            province,
            team,
            password,
            json,
        } => {
            let given = read_password(&password)?;
            let request = PersonRequest {
                login: login.clone(),
                name,
                grants: people::grants_for(role, &country, province, team)?,
                password: given,
            };
            let made = office_commands::add_person(&open(&folder.data)?, &request)?;
            if json {
                say(&json!({"login": login, "password": made}).to_string());
            } else {
                say(&format!("added {login} as {}", role.word()));
                if let Some(made) = made {
                    say(&format!("password: {made}"));
                }
            }
        }
        People::List { folder, json } => {
            let people = office_commands::list_people(&open(&folder.data)?)?;
            if json {
                let rows: Vec<_> = people
                    .iter()
                    .map(|person| {
                        json!({
                            "person": person.person,
                            "login": person.login,
                            "name": person.name,
                            "roles": person.grants.iter().map(|grant| json!({
                                "role": grant.role.word(),
                                "country": grant.scope.country,
                                "province": grant.scope.province,
                                "team": grant.scope.team,
                            })).collect::<Vec<_>>(),
                            "n_devices": person.n_devices,
                            "is_closed": person.is_closed,
                        })
                    })
                    .collect();
                say(&json!(rows).to_string());
            } else {
                for person in people {
                    let roles: Vec<String> = person.grants.iter().map(http::words::grant).collect();
                    let closed = if person.is_closed { "  (closed)" } else { "" };
                    say(&format!(
                        "{:<20} {}  {}{closed}",
                        person.login,
                        person.name,
                        roles.join("; ")
                    ));
                }
            }
        }
        People::SetRole {
            folder,
            login,
            role,
            country,
            province,
            team,
        } => {
            let grants = people::grants_for(role, &country, province, team)?;
            office_commands::set_role(&open(&folder.data)?, &login, &grants)?;
            let words: Vec<String> = grants.iter().map(http::words::grant).collect();
            say(&format!("{login} is {} now", words.join("; ")));
        }
        People::SetPassword {
            folder,
            login,
            password,
        } => {
            let given = read_password(&password)?;
            let made = office_commands::set_password(&open(&folder.data)?, &login, given.as_deref())?;
            say(&format!(
                "the password of {login} is set; all their sessions are over"
            ));
            if let Some(made) = made {
                say(&format!("password: {made}"));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The first line of the file or stdin that was named; None when none was.
fn read_password(password: &Password) -> Result<Option<String>, Failure> {
    let text = match (&password.password_file, password.password_stdin) {
        (Some(path), _) => std::fs::read_to_string(path).map_err(|source| Failure::File {
            what: format!("the password file {} cannot be read", path.display()),
            source,
        })?,
        (None, true) => {
            let mut text = String::new();
            std::io::stdin()
                .take(4096)
                .read_to_string(&mut text)
                .map_err(|source| Failure::File {
                    what: "no password on stdin".into(),
                    source,
                })?;
            text
        }
        (None, false) => return Ok(None),
    };
    match text.lines().next().unwrap_or_default() {
        "" => Err(Failure::NoPassword),
        line => Ok(Some(line.to_string())),
    }
}

fn config(data: &Path) -> Config {
    Config::for_command(data.to_path_buf())
}

fn open(data: &Path) -> Result<Office, Failure> {
    Ok(Office::open(
        config(data),
        Arc::new(SystemClock),
        Arc::new(SystemChance),
    )?)
}

/// A line for whoever started this; somebody who does not listen is no reason to stop.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}
