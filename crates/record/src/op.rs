//! What a person or a device did: the smallest things a change is made of.

use serde::{Deserialize, Serialize};

use sampan_value::answer::Answer;

use crate::context::Context;
use crate::ids::{CommentId, FormVersionId, PersonId, RowId};
use crate::path::{AnswerPath, QuestionPath};

/// One act. What an op knew, and so what it replaces, is its change's context.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant's sentence names its fields")]
pub enum Op {
    /// Sets, replaces or (None) clears the answer at a place; replaces exactly the values its change knew of.
    Set { at: AnswerPath, answer: Option<Answer> },
    /// Brings a row into a repeat (not needed for rows that a count calls into being).
    AddRow {
        repeat: AnswerPath,
        row: RowId,
        position: u64,
    },
    /// Hides a row as far as its change knew it.
    RemoveRow { repeat: AnswerPath, row: RowId },
    /// The enumerator says the interview is finished (again, after a return).
    Submit,
    /// A word at a question, or at the record when `at` is None.
    Comment {
        id: CommentId,
        at: Option<AnswerPath>,
        reply_to: Option<CommentId>,
        text: String,
    },
    /// A comment is dealt with.
    ResolveComment { id: CommentId },
    /// A reviewer's decision on what `covers` names, and on nothing else.
    Decide {
        decision: Decision,
        note: Option<String>,
        covers: Context,
    },
    /// Who is to work on the record from now on.
    Assign { person: PersonId },
    /// The record is moved on to another version of its form, knowingly.
    MoveToVersion { form: FormVersionId },
    /// Answers are to be emptied everywhere.
    Erase { what: ErasureScope, reason: String },
    /// An op of a later version: kept as it came and passed on, without effect here.
    Unknown { tag: u8, bytes: Vec<u8> },
}

/// What a reviewer decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Decision {
    /// Good as it is.
    Approve = 0,
    /// Back to the enumerator, with comments.
    Return = 1,
    /// Not to be used.
    Reject = 2,
    /// An earlier decision is lifted.
    Reopen = 3,
}

/// What an erasure empties.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErasureScope {
    /// All answers and comments of the record.
    Record,
    /// The answers to these questions, in all rows, and the comments at them.
    Questions(Vec<QuestionPath>),
}
