//! What happened to a record, one entry per change: enough to print sentences.

use sampan_value::answer::Answer;

use crate::ids::{CommentId, FormVersionId, PersonId, RowId};
use crate::op::{Decision, ErasureScope};
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
pub fn history(_record: &Record) -> Vec<Entry> {
    Vec::new()
}
