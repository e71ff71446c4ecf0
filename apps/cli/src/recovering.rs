//! `sampan recover`: a new device made of the sealed interviews of a lost one.

use std::path::Path;

use sampan_client_core::client::Client;
use sampan_client_core::platform::Platform;

use crate::failure::{Failure, Outcome};
use crate::terminal::{Terminal, harmless};
use crate::words;

/// Recovers, and reports.
pub fn recover(terminal: &mut Terminal, from: &Path, to: &Path) -> Result<Outcome, Failure> {
    let view = Client::recover(from, to, Platform::system())?;
    let outcome = match view.damaged.is_empty() {
        true => Outcome::Done,
        false => Outcome::NotAccepted,
    };
    if terminal.json {
        terminal.result(&view)?;
        return Ok(outcome);
    }
    for file in &view.damaged {
        terminal.line(harmless(&format!(
            "Not read: {} ({}). Keep it and ask your support.",
            file.path.display(),
            file.reason
        )))?;
    }
    let n_records = u64::try_from(view.records.len()).unwrap_or(u64::MAX);
    terminal.line(format!(
        "Recovered: {}, {}.",
        words::count(n_records, "interview", "interviews"),
        words::count(view.n_changes, "change", "changes")
    ))?;
    terminal.line(harmless(&format!(
        "Next: ask the office {} for a new link for {}, enrol with --data {}, and sync: the office gets what it lacks.",
        view.offices.join(", "),
        view.people.join(", "),
        to.display()
    )))?;
    Ok(outcome)
}
