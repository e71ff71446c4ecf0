//! A record as the set of its changes: put in, in any order and any number of times, and read as one state.

use crate::change::{Change, Header, RecordKey};
use crate::context::Context;
use crate::ids::{ChangeHash, CommentId, Dot, FormVersionId, PersonId, RecordId, RowId};
use crate::op::{Decision, Op};
use crate::path::{AnswerPath, QuestionPath};
use sampan_value::answer::Answer;

/// Who did something, in which change, and when by their own clock. Ordered by (lamport, replica, seq), which agrees
/// with what knew of what; the wall time is evidence and orders nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Stamp {
    /// 1 + the highest lamport the change knew.
    pub lamport: u64,
    /// The change.
    pub dot: Dot,
    /// The person who acted.
    pub author: PersonId,
    /// The writer's wall clock, milliseconds since 1970 UTC.
    pub wall_time_ms: i64,
    /// The writer's offset from UTC in minutes.
    pub utc_offset_min: i16,
}

/// One value that somebody wrote and nobody who knew it has replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// What was written; None where the answer was cleared.
    pub answer: Option<Answer>,
    /// By whom and when.
    pub stamp: Stamp,
}

/// What stands at one place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Register {
    /// The values that stand, the shown one first (highest lamport, then replica). Never empty when given out.
    pub values: Vec<Written>,
}

impl Register {
    /// The answer that is shown; None where the shown value is "cleared".
    pub fn shown(&self) -> Option<&Answer> {
        self.values.first().and_then(|written| written.answer.as_ref())
    }

    /// Whether values differ from each other. Equal values written by two people are no conflict.
    pub fn is_conflict(&self) -> bool {
        let mut answers = self.values.iter().map(|written| &written.answer);
        match answers.next() {
            None => false,
            Some(first) => answers.any(|answer| answer != first),
        }
    }
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RowState {
    /// There.
    Present,
    /// Removed by somebody who did not know of an answer in it: there again, and a supervisor should look.
    /// An `AddRow` that knows of the removal settles it, or another `RemoveRow`.
    BroughtBack,
    /// Removed.
    Removed,
}

/// One row of a repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Row {
    /// Its id, stable on all devices.
    pub row: RowId,
    /// Where it stands among its siblings (they are sorted by position, then id).
    pub position: u64,
    /// What became of it.
    pub state: RowState,
}

/// A comment with what happened to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its id.
    pub id: CommentId,
    /// The question it hangs on; None at the record itself. A reply without a place has that of what it answers.
    pub at: Option<AnswerPath>,
    /// The comment it answers.
    pub reply_to: Option<CommentId>,
    /// The words; empty after an erasure.
    pub text: String,
    /// By whom and when.
    pub stamp: Stamp,
    /// Who first said it is dealt with; None while it is open.
    pub resolved: Option<Stamp>,
    /// Whether an erasure emptied it.
    pub is_erased: bool,
}

/// A decision with what it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// What was decided.
    pub decision: Decision,
    /// The reviewer's words.
    pub note: Option<String>,
    /// What it covers: what it names, as far as its author had seen it.
    pub covers: Context,
    /// What its author had seen when deciding.
    pub knew: Context,
    /// By whom and when.
    pub stamp: Stamp,
}

/// What became of a change that was put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// It was not here before.
    New,
    /// It was here; nothing changed, except that a copy emptied by an erasure replaces a full one.
    Duplicate,
    /// Another change is here under its name and number, or it belongs to another record: not taken.
    Refused,
}

/// One record: its changes and what follows from them.
#[derive(Debug, Clone)]
pub struct Record {
    id: RecordId,
}

impl Record {
    /// A record of which nothing is known yet.
    pub fn new(id: RecordId) -> Record {
        Record { id }
    }

    /// Which record this is.
    pub fn id(&self) -> RecordId {
        self.id
    }

    /// Puts a change in with its decoded ops (empty for an erased payload), in any order.
    pub fn insert(&mut self, _change: &Change, _ops: Vec<Op>) -> Inserted {
        Inserted::New
    }

    /// Number of changes.
    pub fn len(&self) -> usize {
        0
    }

    /// Whether there is no change yet.
    pub fn is_empty(&self) -> bool {
        true
    }

    /// The headers with their ops as they stand now (without what an erasure names), in the order of their stamps.
    pub fn changes(&self) -> impl Iterator<Item = (&Header, &[Op])> {
        std::iter::empty()
    }

    /// Whether this very change is here.
    pub fn holds(&self, _dot: &Dot, _hash: &ChangeHash) -> bool {
        false
    }

    /// What is known of the record: the context for the next change. Stops before a change that is still missing, so
    /// that nothing is replaced that nobody here has seen.
    pub fn context(&self) -> Context {
        Context::default()
    }

    /// The highest lamport among the changes in [`Record::context`]; 0 in an empty record.
    pub fn lamport(&self) -> u64 {
        0
    }

    /// The lamport for the next change.
    pub fn next_lamport(&self) -> u64 {
        self.lamport().saturating_add(1)
    }

    /// The lamport of a change of this record; None where it is not here. Fits [`crate::write::verify_lamport`].
    pub fn lamport_of(&self, _dot: &Dot) -> Option<u64> {
        None
    }

    /// The key for the next change; None in an empty record and after an erasure: then a new key is made and travels
    /// with that change.
    pub fn key(&self) -> Option<RecordKey> {
        None
    }

    /// The key that a change's payload hash was made with; None where it is not here or was dropped.
    pub fn key_for(&self, _header: &Header) -> Option<RecordKey> {
        None
    }

    /// The header the record began with.
    pub fn first(&self) -> Option<&Header> {
        None
    }

    /// The form version the record is worked on under: the one it began with, or the one it was moved to.
    pub fn form(&self) -> Option<FormVersionId> {
        None
    }

    /// Who is to work on it; None when nobody was named.
    pub fn assignee(&self) -> Option<PersonId> {
        None
    }

    /// The answer shown at a place; None where none stands or its row is removed.
    pub fn answer(&self, _at: &AnswerPath) -> Option<&Answer> {
        None
    }

    /// All answers shown, in rows that are not removed, in path order. Cleared places are left out.
    pub fn answers(&self) -> impl Iterator<Item = (&AnswerPath, &Answer)> {
        std::iter::empty()
    }

    /// What stands at a place, even in a removed row; None where nobody wrote.
    pub fn register(&self, _at: &AnswerPath) -> Option<&Register> {
        None
    }

    /// The places, in rows that are not removed, where different values stand.
    pub fn conflicts(&self) -> Vec<(AnswerPath, Register)> {
        Vec::new()
    }

    /// The rows of a repeat that have an answer or were added, sorted by position, removed ones included.
    pub fn rows(&self, _repeat: &AnswerPath) -> Vec<Row> {
        Vec::new()
    }

    /// Every repeat place that row ops or answers of this record name through an `AddRow` or `RemoveRow`.
    pub fn repeats(&self) -> Vec<AnswerPath> {
        Vec::new()
    }

    /// All comments in the order of their stamps.
    pub fn comments(&self) -> Vec<Comment> {
        Vec::new()
    }

    /// All decisions in the order of their stamps.
    pub fn decisions(&self) -> Vec<Decided> {
        Vec::new()
    }

    /// Whether the enumerator said once that the interview is finished.
    pub fn submitted(&self) -> bool {
        false
    }

    /// When it was said that the interview is finished, in the order of their stamps.
    pub fn submits(&self) -> Vec<Stamp> {
        Vec::new()
    }

    /// Whether the whole record was erased.
    pub fn erased(&self) -> bool {
        false
    }

    /// The questions (or groups) whose answers were erased.
    pub fn erased_questions(&self) -> Vec<QuestionPath> {
        Vec::new()
    }

    /// Whether an erasure of the whole record empties this change: it comes from an old phone or backup and is
    /// receipted as erased.
    pub fn is_erased(&self, _header: &Header) -> bool {
        false
    }

    /// The record as somebody saw it who knew just this.
    pub fn seen_by(&self, _context: &Context) -> Record {
        self.clone()
    }

    /// The whole state in bytes, equal on all replicas that have the same changes.
    pub fn state_bytes(&self) -> Vec<u8> {
        Vec::new()
    }
}
