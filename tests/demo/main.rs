//! The demo: a real office, eight enumerators in four countries, a line that is cut, one interview sent back, a CSV.

mod count;
mod story;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser;

/// Collects interviews offline in four countries, syncs them over a line that is cut, has one returned and
/// corrected, exports, and counts: the last line is one JSON object, taken from the stores and the CSV.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask demo")]
struct Options {
    /// How many interviews are collected.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    interviews: u32,
    /// The same seed gives the same answers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Port of the office on 127.0.0.1; 0 takes any free one. [default: 8420, with --check 0]
    #[arg(long)]
    port: Option<u16>,
    /// Folder for the office and the devices, empty or absent. [default: a temporary one, removed at the end]
    #[arg(long)]
    data: Option<PathBuf>,
    /// Count, then end; without it the office stays open in your browser until Ctrl-C.
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(is_whole) if is_whole => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("demo: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<bool, String> {
    let (folder, _guard) = data_folder(options)?;
    let port = options.port.unwrap_or(if options.check { 0 } else { 8420 });
    let plan = story::Plan {
        n_interviews: options.interviews,
        seed: options.seed,
        port,
        folder: folder.clone(),
    };
    let mut told = story::tell(&plan)?;
    let tally = count::count(&mut told)?;
    if options.check {
        println!("{}", tally.json());
        return Ok(tally.is_whole());
    }
    told.office.restart()?;
    println!();
    println!("The office is open: {}", told.office.url());
    println!("Password of every account: {}", sampan_acceptance::acts::PASSWORD);
    for account in &told.accounts {
        println!("  {:<22} {:<11} {}", account.login, account.role, account.name);
    }
    println!("Everything lies in {}", folder.display());
    println!("Ctrl-C ends it.");
    println!("{}", tally.json());
    let is_stopped = Arc::new(AtomicBool::new(false));
    let told_to_stop = Arc::clone(&is_stopped);
    ctrlc::set_handler(move || told_to_stop.store(true, Ordering::SeqCst))
        .map_err(|error| format!("cannot listen for Ctrl-C: {error}"))?;
    told.office.wait(&|| is_stopped.load(Ordering::SeqCst));
    Ok(tally.is_whole())
}

/// The folder to work in, and what removes it at the end if it is ours.
fn data_folder(options: &Options) -> Result<(PathBuf, Option<tempfile::TempDir>), String> {
    match &options.data {
        None => {
            let folder = tempfile::Builder::new()
                .prefix("sampan-demo-")
                .tempdir()
                .map_err(|error| format!("no temporary folder: {error}"))?;
            Ok((folder.path().to_path_buf(), Some(folder)))
        }
        Some(folder) => {
            std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
            let is_empty = std::fs::read_dir(folder)
                .map_err(|error| format!("{}: {error}", folder.display()))?
                .next()
                .is_none();
            if is_empty {
                Ok((folder.clone(), None))
            } else {
                Err(format!(
                    "{} is not empty; name an empty or new folder with --data",
                    folder.display()
                ))
            }
        }
    }
}
