//! How a question looks in a terminal: plain lines, so that any script and any width is fine.

use sampan_client_core::api::{ChoiceView, MediaView, QuestionView};

use crate::device::Device;
use crate::failure::Failure;
use crate::interviewing::choosing;
use crate::listing;
use crate::terminal::{Terminal, harmless};

/// Most choices that are shown at once; the others are found by typing.
const MOST_SHOWN: usize = 40;

/// How much of a question is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Much {
    /// Everything.
    All,
    /// Not its choices, because they stand right above.
    NoChoices,
    /// Its text, because it was asked just now.
    Text,
}

/// Writes a question. `progress` is `12 of 96`.
pub fn question(
    terminal: &mut Terminal,
    device: &Device,
    question: &QuestionView,
    progress: &str,
    much: Much,
) -> Result<(), Failure> {
    let label = harmless(if question.label.is_empty() {
        &question.name
    } else {
        &question.label
    });
    let mark = if question.required { " *" } else { "" };
    let mut lines = label.lines();
    let first = terminal.strong(&format!("{}{mark}", lines.next().unwrap_or_default()));
    terminal.line(format!("{} {first}", terminal.faint(&format!("{progress} ·"))))?;
    for line in lines {
        terminal.line(format!("  {}", terminal.strong(line)))?;
    }
    if much == Much::Text {
        return Ok(());
    }
    if !question.media.is_empty() {
        terminal.line(terminal.faint(&format!("  {}", files(&question.media))))?;
    }
    for text in [&question.hint, &question.guidance] {
        for line in harmless(text).lines() {
            terminal.line(terminal.faint(&format!("  {line}")))?;
        }
    }
    if let Some(expected) = expected(question) {
        terminal.line(terminal.faint(&format!("  ({expected})")))?;
    }
    listing::conflict_lines(terminal, device, &question.conflict)?;
    for comment in &question.comments {
        terminal.line(listing::comment_line(terminal, device, comment))?;
    }
    if question.comments.iter().any(|comment| !comment.is_resolved) {
        terminal.line(terminal.faint("    (:done when it is dealt with)"))?;
    }
    if much == Much::All {
        let all: Vec<usize> = (0..question.choices.len()).collect();
        choices(terminal, question, &all)?;
    }
    stands(terminal, question, much)
}

/// Writes a note.
pub fn note(terminal: &mut Terminal, question: &QuestionView) -> Result<(), Failure> {
    for line in harmless(&question.label).lines() {
        terminal.line(format!("  {line}"))?;
    }
    if !question.media.is_empty() {
        terminal.line(terminal.faint(&format!("  {}", files(&question.media))))?;
    }
    for line in harmless(&question.hint).lines() {
        terminal.line(terminal.faint(&format!("  {line}")))?;
    }
    if let Some(answer) = &question.answer {
        terminal.line(format!("  {}", terminal.strong(&listing::shown(answer))))?;
    }
    Ok(())
}

/// Writes some of a question's choices, the chosen ones marked.
pub fn choices(terminal: &mut Terminal, question: &QuestionView, which: &[usize]) -> Result<(), Failure> {
    let keys = choosing::keys(&question.choices);
    let width = keys.iter().map(String::len).max().unwrap_or(1);
    for index in which.iter().take(MOST_SHOWN) {
        let (Some(choice), Some(key)) = (question.choices.get(*index), keys.get(*index)) else {
            continue;
        };
        let is_chosen = is_chosen(question, choice);
        let label = harmless(&choice.label).replace('\n', " ");
        let label = if label.is_empty() {
            choice.name.clone()
        } else {
            label
        };
        let label = match choice.media.is_empty() {
            true => label,
            false => format!("{label} {}", files(&choice.media)),
        };
        let line = format!("{} {key:>width$}  {label}", if is_chosen { "  ›" } else { "   " });
        let line = if is_chosen { terminal.good(&line) } else { line };
        terminal.line(line)?;
    }
    let n_more = which.len().saturating_sub(MOST_SHOWN);
    if n_more > 0 {
        terminal.line(terminal.faint(&format!("    … and {n_more} more: type a part of the name")))?;
    }
    Ok(())
}

/// Files that a terminal cannot show: `[image: leaf.jpg]`.
fn files(media: &[MediaView]) -> String {
    let names: Vec<String> = media
        .iter()
        .map(|file| format!("[{}: {}]", file.medium, harmless(&file.name)))
        .collect();
    names.join(" ")
}

/// Choice labels for names, as they stand in the list.
pub fn labels(question: &QuestionView, names: &[String]) -> String {
    let labels: Vec<String> = names
        .iter()
        .map(|name| {
            question
                .choices
                .iter()
                .find(|choice| choice.name == *name && !choice.label.is_empty())
                .map_or_else(
                    || name.clone(),
                    |choice| harmless(&choice.label).replace('\n', " "),
                )
        })
        .collect();
    labels.join(", ")
}

fn is_chosen(question: &QuestionView, choice: &ChoiceView) -> bool {
    question
        .answer
        .as_ref()
        .is_some_and(|answer| answer.text.split(' ').any(|name| name == choice.name))
}

/// The answer that stands, where the choices do not show it.
fn stands(terminal: &mut Terminal, question: &QuestionView, much: Much) -> Result<(), Failure> {
    let Some(answer) = &question.answer else {
        return Ok(());
    };
    let is_marked = much == Much::All
        && answer.missing.is_none()
        && question
            .choices
            .iter()
            .take(MOST_SHOWN)
            .any(|choice| is_chosen(question, choice));
    if !is_marked {
        terminal.line(format!("  › {}", terminal.good(&listing::shown(answer))))?;
    }
    if !question.doubt.is_empty() {
        let doubt = harmless(&question.doubt).replace('\n', " ");
        let sure = if question.confirmed {
            "confirmed"
        } else {
            ":sure confirms it"
        };
        terminal.line(terminal.warning(&format!("    {doubt} ({sure})")))?;
    }
    if !question.valid {
        terminal.line(terminal.warning("    This answer does not fit any more; answer again."))?;
    }
    Ok(())
}

/// What to type, where the question itself does not tell.
fn expected(question: &QuestionView) -> Option<&'static str> {
    match question.kind.as_str() {
        "integer" => Some("a whole number"),
        "decimal" => Some("a number, such as 12.5"),
        "date" => Some("a date, such as 2026-11-24"),
        "time" => Some("a time, such as 14:30"),
        "date_time" => Some("a date and time with its offset, such as 2026-11-24T14:30:00+07:00"),
        "geopoint" => {
            Some("a position: latitude longitude, such as 11.5564 104.9282; altitude and accuracy may follow")
        }
        "geotrace" | "geoshape" => Some("positions with semicolons between: 11.55 104.92; 11.56 104.93"),
        "choices" => Some("one or several"),
        "media" => Some("a file; it cannot be given in a terminal, pass by"),
        "acknowledge" => Some("ok, when done"),
        _ => None,
    }
}
