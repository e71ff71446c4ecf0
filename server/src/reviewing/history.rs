//! What happened to a record, as sentences.

use std::collections::BTreeMap;

use sampan_record::history::{Entry, Event};
use sampan_record::ids::{Dot, PersonId};
use sampan_record::op::{Decision, ErasureScope};
use sampan_record::path::AnswerPath;
use sampan_value::answer::Answer;

use crate::views::HistoryView;
use crate::wording::plural;

/// Most details of one entry.
const DETAILS: usize = 200;

/// How answers, places and people read on this page.
pub trait Words {
    /// A question's text.
    fn label(&self, at: &AnswerPath) -> String;
    /// An answer in words; `(nothing)` for none.
    fn answer(&self, at: &AnswerPath, answer: Option<&Answer>) -> String;
    /// A person's name.
    fn person(&self, person: PersonId) -> String;
}

/// The entries as sentences without their subjects. `kept_at`: when the office took each change in.
pub fn sentences(entries: &[Entry], kept_at: &BTreeMap<Dot, i64>, words: &dyn Words) -> Vec<HistoryView> {
    entries
        .iter()
        .map(|entry| HistoryView {
            written_at_ms: entry.stamp.wall_time_ms,
            utc_offset_min: entry.stamp.utc_offset_min,
            who: words.person(entry.stamp.author),
            what: what(&entry.events, words),
            details: details(&entry.events, words),
            kept_at_ms: kept_at
                .get(&entry.stamp.dot)
                .copied()
                .unwrap_or(entry.stamp.wall_time_ms),
        })
        .collect()
}

fn what(events: &[Event], words: &dyn Words) -> String {
    let (mut n_answers, mut n_corrections, mut n_rows) = (0_usize, 0_usize, 0_usize);
    let mut acts = Vec::new();
    for event in events {
        match event {
            Event::Answered { from: None, .. } => n_answers += 1,
            Event::Answered { from: Some(_), .. } => n_corrections += 1,
            Event::RowAdded { .. } | Event::RowRemoved { .. } => n_rows += 1,
            Event::Submitted => acts.push("submitted it".to_string()),
            Event::Commented { at, text, .. } => acts.push(match at {
                Some(at) => format!("commented on {}: \u{201c}{text}\u{201d}", words.label(at)),
                None => format!("commented: \u{201c}{text}\u{201d}"),
            }),
            Event::CommentResolved { .. } => acts.push("resolved a comment".to_string()),
            Event::Decided { decision, note } => acts.push(decided(*decision, note.as_deref())),
            Event::Assigned { person } => acts.push(format!("gave it to {}", words.person(*person))),
            Event::MovedToVersion { .. } => acts.push("moved it to another version of its form".to_string()),
            Event::Erased { what, reason } => acts.push(match what {
                ErasureScope::Record => format!("erased it: {reason}"),
                ErasureScope::Questions(questions) => format!(
                    "erased {}: {reason}",
                    plural(questions.len(), "question", "questions")
                ),
            }),
            Event::Unknown { .. } => acts.push("did something that a later version knows".to_string()),
            Event::Emptied => acts.push("wrote something that was erased since".to_string()),
        }
    }
    let mut parts = Vec::new();
    if n_answers > 0 {
        parts.push(format!("answered {}", plural(n_answers, "question", "questions")));
    }
    if n_corrections > 0 {
        parts.push(format!("changed {}", plural(n_corrections, "answer", "answers")));
    }
    if n_rows > 0 {
        parts.push(format!("added or removed {}", plural(n_rows, "row", "rows")));
    }
    parts.extend(acts);
    match parts.split_last() {
        None => "saved without a change".to_string(),
        Some((only, [])) => only.clone(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
    }
}

fn decided(decision: Decision, note: Option<&str>) -> String {
    let act = match decision {
        Decision::Approve => "approved it",
        Decision::Return => "returned it",
        Decision::Reject => "rejected it",
        Decision::Reopen => "reopened it",
    };
    match note {
        Some(note) if !note.is_empty() => format!("{act} with the words \u{201c}{note}\u{201d}"),
        Some(_) | None => act.to_string(),
    }
}

fn details(events: &[Event], words: &dyn Words) -> Vec<String> {
    let mut lines = Vec::new();
    for event in events {
        match event {
            Event::Answered { at, from, to } => lines.push(match from {
                None => format!("{}: {}", words.label(at), words.answer(at, to.as_ref())),
                Some(from) => format!(
                    "{}: {} \u{2192} {}",
                    words.label(at),
                    words.answer(at, Some(from)),
                    words.answer(at, to.as_ref())
                ),
            }),
            Event::RowAdded { repeat, .. } => lines.push(format!("a row more in {}", words.label(repeat))),
            Event::RowRemoved { repeat, .. } => lines.push(format!("a row less in {}", words.label(repeat))),
            Event::Submitted
            | Event::Commented { .. }
            | Event::CommentResolved { .. }
            | Event::Decided { .. }
            | Event::Assigned { .. }
            | Event::MovedToVersion { .. }
            | Event::Erased { .. }
            | Event::Unknown { .. }
            | Event::Emptied => {}
        }
    }
    if lines.len() > DETAILS {
        let n_more = lines.len() - DETAILS;
        lines.truncate(DETAILS);
        lines.push(format!("and {n_more} more"));
    }
    lines
}
