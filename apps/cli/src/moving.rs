//! `sampan move`: an interview under the newer version of its form, with a report of what does not fit.

use sampan_client_core::api::{MoveLineView, MoveView, RecordRef};

use crate::device::Device;
use crate::failure::{Failure, Outcome};
use crate::terminal::{Terminal, harmless};
use crate::words;

/// Moves an interview, or says what a move would do.
pub fn move_on(
    terminal: &mut Terminal,
    device: &Device,
    record: &str,
    is_dry_run: bool,
) -> Result<Outcome, Failure> {
    let record = RecordRef(record.to_owned());
    let view = if is_dry_run {
        device.client.preview_move(&record)?
    } else {
        device.client.move_interview(&record)?
    };
    if terminal.json {
        terminal.result(&view)?;
        return Ok(Outcome::Done);
    }
    report(terminal, &view)?;
    Ok(Outcome::Done)
}

fn report(terminal: &mut Terminal, view: &MoveView) -> Result<(), Failure> {
    let title = format!(
        "{} {} · version {} → {}",
        words::short(&view.record.0),
        view.title,
        view.from_version,
        view.to_version
    );
    terminal.line(terminal.strong(&harmless(&title)))?;
    terminal.line(format!(
        "{} along as they are.",
        words::count(view.n_carried, "answer comes", "answers come")
    ))?;
    for (word, heading) in HEADINGS {
        let lines: Vec<&MoveLineView> = view.lines.iter().filter(|line| line.what == *word).collect();
        if lines.is_empty() {
            continue;
        }
        let heading = format!("{heading} ({})", lines.len());
        terminal.line(match *word {
            "kept" | "choice_gone" | "constraint_broken" | "required" => terminal.warning(&heading),
            _ => heading,
        })?;
        for line in lines {
            one(terminal, line)?;
        }
    }
    let short = words::short(&view.record.0).to_owned();
    terminal.line(if view.is_moved {
        format!("Moved. Go on with: sampan interview {short}")
    } else {
        format!("Nothing was moved yet. To do it: sampan move {short}")
    })?;
    Ok(())
}

/// The words of [`MoveLineView::what`] in the order they are told in.
const HEADINGS: &[(&str, &str)] = &[
    ("kept", "Without a place there, kept in the record"),
    ("choice_gone", "Choices that are gone"),
    ("constraint_broken", "Conditions that do not hold now"),
    ("required", "Needed now"),
    ("too_many_rows", "More rows than fit"),
    ("form_fault", "Mistakes of the form"),
    ("converted", "Read as another type"),
    ("moved", "At another place"),
    ("not_asked", "Not asked now"),
    ("new_question", "New questions"),
];

fn one(terminal: &mut Terminal, line: &MoveLineView) -> Result<(), Failure> {
    let mut text = format!("  {}", line.at);
    if let Some(answer) = &line.answer {
        text.push_str(&format!(" = {}", short(answer)));
    }
    if let Some(to) = &line.to {
        text.push_str(&format!(" → {to}"));
    }
    if let Some(becomes) = line
        .becomes
        .as_ref()
        .filter(|becomes| Some(*becomes) != line.answer.as_ref())
    {
        text.push_str(&format!(" → {}", short(becomes)));
    }
    terminal.line(harmless(&text.replace('\n', " ")))?;
    let label = line.label.replace('\n', " ");
    let says = words::sentence(&line.sentence);
    let below = if label.is_empty() {
        format!("      {says}")
    } else {
        format!("      {label} · {says}")
    };
    terminal.line(terminal.faint(&harmless(&below)))?;
    Ok(())
}

/// As much of an answer as fits on a line.
fn short(answer: &str) -> String {
    const MOST_LETTERS: usize = 60;
    if answer.chars().count() <= MOST_LETTERS {
        return answer.to_owned();
    }
    let begin: String = answer.chars().take(MOST_LETTERS).collect();
    format!("{begin}…")
}
