//! What happened to a record, one entry per change: enough to print sentences.

use std::collections::BTreeMap;

use sampan_value::answer::Answer;

use crate::ids::{CommentId, Dot, FormVersionId, PersonId, RowId};
use crate::op::{Decision, ErasureScope, Op};
use crate::path::AnswerPath;
use crate::record::{Record, Stamp};

/// One change: who, when, and what it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Who and when.
    pub stamp: Stamp,
    /// The form version it was written under.
    pub form: FormVersionId,
    /// What it did, in the order it was done; [`Event::Emptied`] where an erasure left nothing.
    pub events: Vec<Event>,
}

/// One thing that a change did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant's sentence names its fields")]
pub enum Event {
    /// An answer was given, changed or cleared. `from` is what its writer saw there before; None is no answer.
    Answered {
        at: AnswerPath,
        from: Option<Answer>,
        to: Option<Answer>,
    },
    /// A row was added.
    RowAdded { repeat: AnswerPath, row: RowId },
    /// A row was removed.
    RowRemoved { repeat: AnswerPath, row: RowId },
    /// The interview was said to be finished.
    Submitted,
    /// A comment was made; the text is empty when it was erased.
    Commented {
        id: CommentId,
        at: Option<AnswerPath>,
        reply_to: Option<CommentId>,
        text: String,
    },
    /// A comment was resolved.
    CommentResolved { id: CommentId },
    /// A reviewer decided.
    Decided {
        decision: Decision,
        note: Option<String>,
    },
    /// The record was given to somebody.
    Assigned { person: PersonId },
    /// The record was moved to another form version.
    MovedToVersion { form: FormVersionId },
    /// Answers were erased.
    Erased { what: ErasureScope, reason: String },
    /// An act of a later version of Sampan.
    Unknown { tag: u8 },
    /// What was done here has been erased.
    Emptied,
}

/// All that happened, causes before effects. Wall times are shown as evidence and order nothing.
pub fn history(record: &Record) -> Vec<Entry> {
    let mut written: BTreeMap<&AnswerPath, Vec<(Dot, Option<&Answer>)>> = BTreeMap::new();
    let mut entries = Vec::new();
    for (header, ops) in record.changes() {
        let dot = header.dot();
        let mut events = Vec::with_capacity(ops.len());
        for op in ops {
            events.push(match op {
                Op::Set { at, answer } => {
                    let before = written.entry(at).or_default();
                    let seen = before
                        .iter()
                        .rev()
                        .find(|(other, _)| *other == dot || header.context.covers(other));
                    let from = seen.and_then(|(_, answer)| answer.cloned());
                    before.push((dot, answer.as_ref()));
                    Event::Answered {
                        at: at.clone(),
                        from,
                        to: answer.clone(),
                    }
                }
                Op::AddRow { repeat, row, .. } => Event::RowAdded {
                    repeat: repeat.clone(),
                    row: *row,
                },
                Op::RemoveRow { repeat, row } => Event::RowRemoved {
                    repeat: repeat.clone(),
                    row: *row,
                },
                Op::Submit => Event::Submitted,
                Op::Comment {
                    id,
                    at,
                    reply_to,
                    text,
                } => Event::Commented {
                    id: *id,
                    at: at.clone(),
                    reply_to: *reply_to,
                    text: text.clone(),
                },
                Op::ResolveComment { id } => Event::CommentResolved { id: *id },
                Op::Decide { decision, note, .. } => Event::Decided {
                    decision: *decision,
                    note: note.clone(),
                },
                Op::Assign { person } => Event::Assigned { person: *person },
                Op::MoveToVersion { form } => Event::MovedToVersion { form: *form },
                Op::Erase { what, reason } => Event::Erased {
                    what: what.clone(),
                    reason: reason.clone(),
                },
                Op::Unknown { tag, .. } => Event::Unknown { tag: *tag },
            });
        }
        if events.is_empty() {
            events.push(Event::Emptied);
        }
        entries.push(Entry {
            stamp: header.stamp(),
            form: header.form,
            events,
        });
    }
    entries
}
