//! `sampan enroll`, `sync` and `log`: this device and the office.

use std::cell::{Cell, RefCell};
use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};
use sampan_client_core::api::{LogView, QuarantineView, SyncOptions, SyncProgress, SyncReport};
use serde_json::json;

use crate::device::Device;
use crate::failure::{Failure, Outcome};
use crate::terminal::{Terminal, harmless};
use crate::words;

/// Clocks that differ by more than this are worth a word, in milliseconds.
const CLOCK_MS: i64 = 5 * 60 * 1000;

/// Gives the device its identity.
pub fn enroll(
    terminal: &mut Terminal,
    device: &Device,
    link: &str,
    name: Option<&str>,
) -> Result<Outcome, Failure> {
    let own_name = name.map_or_else(machine_name, str::to_owned);
    let status = device.client.enroll(link, &own_name)?;
    if terminal.json {
        terminal.result(&status)?;
        return Ok(Outcome::Done);
    }
    terminal.line(harmless(&format!(
        "Enrolled: this is {} of {}, at the office {}.",
        status.device_name.unwrap_or_default(),
        status.person_name.unwrap_or_default(),
        status.server_url.unwrap_or_default(),
    )))?;
    terminal.line("Next: `sampan sync` brings the forms.")?;
    Ok(Outcome::Done)
}

fn machine_name() -> String {
    let from_system = std::fs::read_to_string("/etc/hostname").ok();
    from_system
        .or_else(|| std::env::var("HOSTNAME").ok())
        .or_else(|| std::env::var("COMPUTERNAME").ok())
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "terminal".into())
}

/// Exchanges everything with the office. `wait_min`: for how many minutes to try again when that does not come to its
/// end; None = a person tries again.
pub fn sync(terminal: &mut Terminal, device: &Device, wait_min: Option<u32>) -> Result<Outcome, Failure> {
    let mut left_ms = u64::from(wait_min.unwrap_or(0)).saturating_mul(60_000);
    loop {
        let failure = match sync_once(terminal, device) {
            Err(Failure::Client(error)) => error,
            other => return other,
        };
        let waiting = device.client.waiting()?;
        // What only a person can put right is said now, not after two hours.
        let wait_ms = match waiting {
            Some(waiting) if !waiting.needs_person && waiting.left_ms < left_ms => waiting.left_ms,
            Some(_) | None => return Err(failure.into()),
        };
        if !terminal.json {
            terminal.line(harmless(&format!(
                "{} Trying again in {}; Ctrl-C ends the waiting, nothing is lost.",
                words::sentence(&failure.to_string()),
                words::span(wait_ms)
            )))?;
        }
        left_ms = left_ms.saturating_sub(wait_ms);
        std::thread::sleep(std::time::Duration::from_millis(wait_ms));
    }
}

fn sync_once(terminal: &mut Terminal, device: &Device) -> Result<Outcome, Failure> {
    let n_unsent = device.client.status()?.n_unsent;
    let line = Line::new(n_unsent, terminal.json);
    let result = device
        .client
        .sync_with(&SyncOptions::default(), &|progress| line.show(progress));
    line.end();
    let report = match result {
        Ok(report) => report,
        Err(error) => {
            let left = device.client.status()?.n_unsent;
            let done = n_unsent.saturating_sub(left);
            if !terminal.json && done > 0 {
                terminal.line(format!(
                    "The line was cut. {} sent before it and safe at the office; {} still to send.",
                    words::count(done, "change was", "changes were"),
                    words::count(left, "change is", "changes are"),
                ))?;
            }
            return Err(error.into());
        }
    };
    if terminal.json {
        terminal.result(&report)?;
    } else {
        summary(terminal, device, &report)?;
    }
    Ok(if report.quarantined.is_empty() {
        Outcome::Done
    } else {
        Outcome::NotAccepted
    })
}

fn summary(terminal: &mut Terminal, device: &Device, report: &SyncReport) -> Result<(), Failure> {
    if report.office_was_restored {
        terminal.line("The office was restored from a backup; everything here was offered to it again.")?;
    }
    if report.took_new_incarnation {
        let text =
            "This folder is a copy of another device's; it goes on under a name of its own. Nothing is lost.";
        terminal.line(terminal.warning(text))?;
    }
    let sent = match report.n_sent {
        0 => "Nothing to send".to_owned(),
        n => format!("Sent {}", words::count(n, "change", "changes")),
    };
    let received = match (report.n_received, report.n_contents) {
        (0, 0) => "nothing new from the office".to_owned(),
        (0, contents) => format!(
            "received {}",
            words::count(contents, "form or file", "forms and files")
        ),
        (changes, 0) => format!("received {}", words::count(changes, "change", "changes")),
        (changes, contents) => format!(
            "received {} and {}",
            words::count(changes, "change", "changes"),
            words::count(contents, "form or file", "forms and files")
        ),
    };
    terminal.line(format!(
        "{sent}; {received} ({} out, {} in).",
        words::size(report.sent_bytes),
        words::size(report.received_bytes)
    ))?;
    if report.n_unsent > 0 {
        terminal.line(format!(
            "{} still here; sync again.",
            words::count(report.n_unsent, "change is", "changes are")
        ))?;
    } else if report.quarantined.is_empty() {
        terminal.line(terminal.good("Everything saved on this device is at the office."))?;
    }
    quarantine(terminal, &report.quarantined)?;
    if let Some(ahead_ms) = report.office_clock_ahead_ms
        && ahead_ms.saturating_abs() > CLOCK_MS
    {
        let minutes = u64::try_from(ahead_ms.saturating_abs() / 60_000).unwrap_or_default();
        let way = if ahead_ms > 0 { "behind" } else { "ahead of" };
        let text = format!(
            "This device's clock is {} {way} the office's. Nothing depends on it, but set it right.",
            words::count(minutes, "minute", "minutes")
        );
        terminal.line(terminal.warning(&text))?;
    }
    let status = device.client.status()?;
    if status.n_returned > 0 {
        let text = format!(
            "{} to be corrected: `sampan list --state returned`.",
            words::count(
                status.n_returned,
                "returned interview is",
                "returned interviews are"
            )
        );
        terminal.line(terminal.warning(&text))?;
    }
    Ok(())
}

fn quarantine(terminal: &mut Terminal, quarantined: &[QuarantineView]) -> Result<(), Failure> {
    if quarantined.is_empty() {
        return Ok(());
    }
    let n = u64::try_from(quarantined.len()).unwrap_or(u64::MAX);
    let text = format!(
        "The office keeps {} apart. It is not lost, on either side; your supervisor sees it too:",
        words::count(n, "change", "changes")
    );
    terminal.line(terminal.warning(&text))?;
    for change in quarantined {
        terminal.line(harmless(&format!(
            "  {}  {}: {}",
            words::short(&change.record.0),
            change.title,
            words::sentence(&change.reason)
        )))?;
    }
    Ok(())
}

/// What went, what is kept, what is kept apart.
pub fn log(terminal: &mut Terminal, device: &Device, limit: u32) -> Result<Outcome, Failure> {
    let lines: Vec<LogView> = device.client.log(limit)?;
    let quarantined = device.client.quarantined()?;
    let status = device.client.status()?;
    if terminal.json {
        terminal.result(&json!({
            "n_unsent": status.n_unsent,
            "n_open": status.n_open,
            "last_sync_at_ms": status.last_sync_at_ms,
            "quarantined": quarantined,
            "lines": lines,
        }))?;
        return Ok(Outcome::Done);
    }
    let now = device.now();
    for line in lines.iter().rev() {
        terminal.line(harmless(&format!(
            "{}  {}",
            words::time(line.at_ms, now),
            line.sentence
        )))?;
    }
    if lines.is_empty() {
        terminal.line("Nothing has happened between this device and the office yet.")?;
    }
    terminal.line("")?;
    terminal.line(match status.n_unsent {
        0 => "Kept only here: nothing. Everything saved is at the office.".to_owned(),
        n => format!(
            "Kept only here: {}. The next sync sends {}.",
            words::count(n, "change", "changes"),
            if n == 1 { "it" } else { "them" }
        ),
    })?;
    if status.n_open > 0 {
        terminal.line(format!(
            "Not finished: {}.",
            words::count(status.n_open, "interview", "interviews")
        ))?;
    }
    if quarantined.is_empty() {
        terminal.line("Kept apart by the office: nothing.")?;
    }
    quarantine(terminal, &quarantined)?;
    Ok(Outcome::Done)
}

/// Shows how far a sync is: a bar on a terminal, a line now and then elsewhere, nothing for scripts.
struct Line {
    bar: Option<ProgressBar>,
    is_quiet: bool,
    n_unsent: Cell<u64>,
    last: RefCell<String>,
}

impl Line {
    fn new(n_unsent: u64, json: bool) -> Line {
        let bar = (std::io::stderr().is_terminal() && !json).then(|| {
            let bar = ProgressBar::new(n_unsent);
            if let Ok(style) = ProgressStyle::with_template("{spinner} {bar:30} {pos} of {len} sent, {msg}") {
                bar.set_style(style);
            }
            bar.set_message("asking the office");
            bar.enable_steady_tick(std::time::Duration::from_millis(120));
            bar
        });
        Line {
            bar,
            is_quiet: json,
            n_unsent: Cell::new(n_unsent),
            last: RefCell::default(),
        }
    }

    fn show(&self, progress: &SyncProgress) {
        // Interrupted interviews are saved by the sync itself, so there may be more to send than there was.
        let whole = self.n_unsent.get().max(progress.n_unsent);
        self.n_unsent.set(whole);
        let n_sent = whole.saturating_sub(progress.n_unsent);
        let received = format!("{} received", words::size(progress.received_bytes));
        if let Some(bar) = &self.bar {
            bar.set_length(whole);
            bar.set_position(n_sent);
            bar.set_message(received);
        } else if !self.is_quiet {
            let text = match whole {
                0 => received,
                whole => format!("{n_sent} of {whole} sent, {received}"),
            };
            if *self.last.borrow() != text {
                let _ = Terminal::system(false).error_line(&text);
                *self.last.borrow_mut() = text;
            }
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
