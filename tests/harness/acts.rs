//! What people do at the office's pages: publish a form, give out an enrolment link, review an interview.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::desk::{Desk, Page, unescape};
use crate::office::{Office, program};

/// The password of every account that journeys and demo make.
pub const PASSWORD: &str = "rivers carry sampans";

/// One account to be made.
#[derive(Debug, Clone)]
pub struct Account {
    /// What the person signs in with.
    pub login: String,
    /// Name for people.
    pub name: String,
    /// `admin`, `supervisor` or `enumerator`.
    pub role: &'static str,
    /// Country the role holds for; None = everywhere.
    pub country: Option<&'static str>,
}

/// The folder of the study's questionnaires (in `forms`) and the files they name.
pub fn study_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../studies/sec-value-chain")
}

/// The study's forms, by the name of their file without its ending.
pub const STUDY_FORMS: [&str; 3] = ["sme_vc", "market_actor", "kii"];

/// Makes an account with the server's own command, before the server runs.
pub fn add_person(folder: &Path, account: &Account) -> Result<(), String> {
    let file = folder.with_extension("password");
    std::fs::write(&file, PASSWORD).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut command = Command::new(program("sampan-server")?);
    command
        .args([
            "people",
            "add",
            "--login",
            &account.login,
            "--name",
            &account.name,
        ])
        .args(["--role", account.role])
        .arg("--password-file")
        .arg(&file)
        .arg("--data")
        .arg(folder)
        .stdin(Stdio::null());
    if let Some(country) = account.country {
        command.args(["--country", country]);
    }
    let output = command
        .output()
        .map_err(|error| format!("sampan-server people add: {error}"))?;
    let _ = std::fs::remove_file(&file);
    if output.status.success() {
        Ok(())
    } else {
        Err(format!(
            "sampan-server people add {}: {}",
            account.login,
            String::from_utf8_lossy(&output.stderr)
        ))
    }
}

/// Signs in with the common password.
pub fn sign_in(office: &Office, login: &str) -> Result<Desk, String> {
    Desk::sign_in(&office.url(), login, PASSWORD)
}

/// Uploads a spreadsheet with its files and publishes it; the form's page afterwards.
pub fn publish(admin: &mut Desk, spreadsheet: &Path, attachments: &[PathBuf]) -> Result<Page, String> {
    let read = |path: &Path| std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let mut contents = vec![("form", file_name(spreadsheet), read(spreadsheet)?)];
    for path in attachments {
        contents.push(("attachment", file_name(path), read(path)?));
    }
    let files: Vec<(&str, &str, &[u8])> = contents
        .iter()
        .map(|(field, name, bytes)| (*field, name.as_str(), bytes.as_slice()))
        .collect();
    publish_bytes(admin, &files)
}

/// The same from bytes: field (`form` or `attachment`), file name, content.
pub fn publish_bytes(admin: &mut Desk, files: &[(&str, &str, &[u8])]) -> Result<Page, String> {
    let page = admin.get("/forms/upload")?;
    let form = page.form("/forms/upload").ok_or("the upload page has no form")?;
    let page = admin.upload(&form, files)?;
    if page.status != 200 {
        return Err(format!("the upload was refused: {}", page.plain()));
    }
    let publish = page
        .forms()
        .into_iter()
        .find(|form| form.action.ends_with("/publish"))
        .ok_or_else(|| format!("nothing to publish on {}: {}", page.path, page.plain()))?;
    let page = admin.submit(&publish, &[])?;
    if page.status == 200 {
        Ok(page)
    } else {
        Err(format!("publishing was refused: {}", page.plain()))
    }
}

/// Publishes the three forms of the study.
pub fn publish_study(admin: &mut Desk) -> Result<(), String> {
    let folder = study_folder();
    for name in STUDY_FORMS {
        let attachments = match name {
            "sme_vc" => vec![folder.join("adm2.csv"), folder.join("adm3.csv")],
            _ => Vec::new(),
        };
        publish(admin, &folder.join(format!("forms/{name}.xlsx")), &attachments)?;
    }
    Ok(())
}

/// A new enrolment link for a person, by login.
pub fn enrolment_link(admin: &mut Desk, login: &str) -> Result<String, String> {
    let page = admin.get("/devices")?;
    let form = page.form("/devices/codes").ok_or("no form for codes")?;
    let person = option_value(&form.html, &format!("({login})"))
        .ok_or_else(|| format!("{login} is not in the list of people"))?;
    let page = admin.submit(&form, &[("person", &person)])?;
    let text = unescape(&page.text);
    let at = text
        .find("sampan:enroll?")
        .ok_or_else(|| format!("no link on the page: {}", page.plain()))?;
    Ok(text[at..]
        .chars()
        .take_while(|character| !character.is_whitespace() && !"<\"'".contains(*character))
        .collect())
}

/// Decides on an interview as its page shows it now. `comments` are (question text, comment).
pub fn decide(
    supervisor: &mut Desk,
    record: &str,
    decision: &str,
    note: &str,
    comments: &[(&str, &str)],
) -> Result<Page, String> {
    let page = open(supervisor, record)?;
    let form = page
        .form(&format!("/interviews/{record}/decide"))
        .ok_or_else(|| format!("{record} cannot be decided on: {}", page.plain()))?;
    let mut fields = vec![("decision".to_string(), decision.to_string())];
    fields.push(("note".to_string(), note.to_string()));
    for (label, text) in comments {
        let field = comment_field(&page, label)
            .ok_or_else(|| format!("no question {label:?} on the page of {record}"))?;
        fields.push((field, text.to_string()));
    }
    let borrowed: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let page = supervisor.submit(&form, &borrowed)?;
    if page.status == 200 {
        Ok(page)
    } else {
        Err(format!("{decision} was refused: {}", page.plain()))
    }
}

/// Gives an interview to another enumerator, by name.
pub fn assign(supervisor: &mut Desk, record: &str, name: &str) -> Result<(), String> {
    let page = open(supervisor, record)?;
    let form = page
        .form(&format!("/interviews/{record}/assign"))
        .ok_or("it cannot be assigned")?;
    let person = option_value(&form.html, name).ok_or_else(|| format!("{name} cannot be chosen"))?;
    let page = supervisor.submit(&form, &[("person", &person)])?;
    if page.status == 200 {
        Ok(())
    } else {
        Err(format!("assigning was refused: {}", page.plain()))
    }
}

/// Chooses the first value of the first conflict on an interview's page.
pub fn choose_first(supervisor: &mut Desk, record: &str) -> Result<Page, String> {
    let page = open(supervisor, record)?;
    let form = page
        .form(&format!("/interviews/{record}/choose"))
        .ok_or_else(|| format!("no conflict to choose in on {record}"))?;
    supervisor.submit(&form, &[])
}

/// Opens the page of an interview.
pub fn open(desk: &mut Desk, record: &str) -> Result<Page, String> {
    let page = desk.get(&format!("/interviews/{record}"))?;
    if page.status == 200 {
        Ok(page)
    } else {
        Err(format!("{record}: {} {}", page.status, page.plain()))
    }
}

/// The name of the comment field at the question with this text.
fn comment_field(page: &Page, label: &str) -> Option<String> {
    page.text
        .split("<div class=\"q")
        .skip(1)
        .find(|block| unescape(block).contains(label) && block.contains("name=\"comment:"))
        .and_then(|block| {
            let at = block.find("name=\"comment:")? + "name=\"".len();
            Some(unescape(block[at..].split('"').next()?))
        })
}

/// The value of the first option whose text contains `text`.
fn option_value(html: &str, text: &str) -> Option<String> {
    html.split("<option").skip(1).find_map(|part| {
        let shown = unescape(part.split('>').nth(1)?.split('<').next()?);
        let value = part.split("value=\"").nth(1)?.split('"').next()?;
        (shown.contains(text) && !value.is_empty()).then(|| unescape(value))
    })
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}
