//! A record as the set of its changes: put in, in any order and any number of times, and read as one state.

mod bytes;
mod rows;
mod state;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use sampan_value::answer::Answer;

use crate::change::{Change, Header, Payload, RecordKey};
use crate::context::Context;
use crate::erasure;
use crate::ids::{ChangeHash, CommentId, Dot, FormVersionId, PersonId, RecordId, Replica, RowId};
use crate::op::{Decision, ErasureScope, Op};
use crate::path::{AnswerPath, QuestionPath};
use crate::record::state::State;

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
    changes: BTreeMap<Dot, Held>,
    order: BTreeMap<Stamp, Dot>,
    /// What is known without a gap.
    reached: Context,
    /// Changes that are kept apart: for each, which of its writer's own changes to this record came before it.
    passed_over: BTreeMap<Dot, u64>,
    lamport: u64,
    erasures: Vec<Erasure>,
    /// The keys that travelled with changes here and that no erasure dropped.
    keys: BTreeMap<Stamp, RecordKey>,
    state: State,
}

/// A change as a record holds it.
#[derive(Debug, Clone)]
struct Held {
    header: Arc<Header>,
    hash: ChangeHash,
    /// Without what the erasures known here name.
    ops: Vec<Op>,
    left: Left,
}

/// How much of a payload came. An emptier copy of a change replaces a fuller one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Left {
    Nothing,
    Part,
    All,
}

/// An erasure that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// What it empties.
    pub what: ErasureScope,
    /// Why.
    pub reason: String,
    /// By whom and when.
    pub stamp: Stamp,
}

impl Erasure {
    /// Whether it empties changes like this one: all that did not know of it.
    pub fn concerns(&self, header: &Header) -> bool {
        header.dot() != self.stamp.dot && !header.context.covers(&self.stamp.dot)
    }
}

impl Header {
    /// Who and when.
    pub fn stamp(&self) -> Stamp {
        Stamp {
            lamport: self.lamport,
            dot: self.dot(),
            author: self.author,
            wall_time_ms: self.wall_time_ms,
            utc_offset_min: self.utc_offset_min,
        }
    }
}

impl Record {
    /// A record of which nothing is known yet.
    pub fn new(id: RecordId) -> Record {
        Record {
            id,
            changes: BTreeMap::new(),
            order: BTreeMap::new(),
            reached: Context::default(),
            passed_over: BTreeMap::new(),
            lamport: 0,
            erasures: Vec::new(),
            keys: BTreeMap::new(),
            state: State::default(),
        }
    }

    /// Which record this is.
    pub fn id(&self) -> RecordId {
        self.id
    }

    /// Puts a change in with its decoded ops (empty for an erased payload), in any order. What is put in is taken as
    /// genuine: check it with [`crate::write::verify`] before, and let only an office empty payloads.
    pub fn insert(&mut self, change: &Change, ops: Vec<Op>) -> Inserted {
        let dot = change.header.dot();
        let hash = change.hash();
        let left = match change.payload {
            Payload::Full(_) => Left::All,
            Payload::Redacted(_) => Left::Part,
            Payload::Erased => Left::Nothing,
        };
        if change.header.record != self.id {
            return Inserted::Refused;
        }
        if let Some(held) = self.changes.get_mut(&dot) {
            if held.hash != hash {
                return Inserted::Refused;
            }
            if left < held.left || (left == Left::Part && ops.len() < held.ops.len()) {
                held.left = left;
                held.ops = ops;
                let stamp = held.header.stamp();
                self.keys.remove(&stamp);
                self.rebuild();
            }
            return Inserted::Duplicate;
        }
        let header = Arc::new(change.header.clone());
        let needs_rebuild = ops.iter().any(|op| matches!(op, Op::Erase { .. }));
        self.order.insert(header.stamp(), dot);
        self.keys
            .extend(change.record_key.map(|key| (header.stamp(), key)));
        let mut held = Held {
            header,
            hash,
            ops,
            left,
        };
        if needs_rebuild {
            self.changes.insert(dot, held);
            self.rebuild();
        } else {
            if let Some(ops) = erasure::without_erased(self, &held.header, &held.ops) {
                held.ops = ops;
            }
            if self.erasures.iter().any(|erasure| erasure.concerns(&held.header)) {
                self.keys.remove(&held.header.stamp());
            }
            self.state.apply(&held.header, &held.ops);
            self.changes.insert(dot, held);
        }
        self.reach(dot.replica);
        Inserted::New
    }

    /// Number of changes.
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Whether there is no change yet.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The headers with their ops as they stand now (without what an erasure names), in the order of their stamps.
    pub fn changes(&self) -> impl Iterator<Item = (&Header, &[Op])> {
        let held = self.order.values().filter_map(|dot| self.changes.get(dot));
        held.map(|held| (held.header.as_ref(), held.ops.as_slice()))
    }

    /// Whether this very change is here.
    pub fn holds(&self, dot: &Dot, hash: &ChangeHash) -> bool {
        self.changes.get(dot).is_some_and(|held| held.hash == *hash)
    }

    /// Takes note of a change that is known but kept apart (in quarantine), so that the context goes on behind it.
    /// Whoever does this must see to it that the change, should it come into force later, is not taken for seen by
    /// what was written with such a context.
    pub fn pass_over(&mut self, header: &Header) {
        let dot = header.dot();
        if header.record == self.id && !self.changes.contains_key(&dot) {
            self.passed_over.insert(dot, own_before(header));
            self.reach(dot.replica);
        }
    }

    /// What is known of the record: the context for the next change. Stops before a change that is still missing, so
    /// that nothing is replaced that nobody here has seen.
    pub fn context(&self) -> Context {
        self.reached.clone()
    }

    /// The highest lamport among the changes in [`Record::context`]; 0 in an empty record.
    pub fn lamport(&self) -> u64 {
        self.lamport
    }

    /// The lamport for the next change.
    pub fn next_lamport(&self) -> u64 {
        self.lamport.saturating_add(1)
    }

    /// The lamport of a change of this record; None where it is not here. Fits [`crate::write::verify_lamport`].
    pub fn lamport_of(&self, dot: &Dot) -> Option<u64> {
        self.changes.get(dot).map(|held| held.header.lamport)
    }

    /// The key for the next change; None in an empty record and after an erasure: then a new key is made and travels
    /// with that change.
    pub fn key(&self) -> Option<RecordKey> {
        self.newest_key(|dot| self.reached.covers(dot))
    }

    /// The key that a change's payload hash was made with; None where it is not here or was dropped.
    pub fn key_for(&self, header: &Header) -> Option<RecordKey> {
        self.newest_key(|dot| *dot == header.dot() || header.context.covers(dot))
    }

    fn newest_key(&self, is_known: impl Fn(&Dot) -> bool) -> Option<RecordKey> {
        let mut newest_first = self.keys.iter().rev();
        newest_first
            .find(|(stamp, _)| is_known(&stamp.dot))
            .map(|(_, key)| *key)
    }

    /// The header the record began with.
    pub fn first(&self) -> Option<&Header> {
        self.changes().next().map(|(header, _)| header)
    }

    /// The form version the record is worked on under: the one it began with, or the one it was moved to.
    pub fn form(&self) -> Option<FormVersionId> {
        let moved_to = self.state.moved_to.shown().copied();
        moved_to.or_else(|| self.first().map(|header| header.form))
    }

    /// Who is to work on it; None when nobody was named.
    pub fn assignee(&self) -> Option<PersonId> {
        self.state.assigned.shown().copied()
    }

    /// The answer shown at a place; None where none stands or its row is removed.
    pub fn answer(&self, at: &AnswerPath) -> Option<&Answer> {
        let shown = self.state.registers.get(at)?.register.shown()?;
        (!self.removed_rows().hold(at)).then_some(shown)
    }

    /// All answers shown, in rows that are not removed, in path order. Cleared places are left out.
    pub fn answers(&self) -> impl Iterator<Item = (&AnswerPath, &Answer)> {
        self.visible()
            .filter_map(|(at, register)| Some((at, register.shown()?)))
    }

    /// What stands at a place, even in a removed row; None where nobody wrote.
    pub fn register(&self, at: &AnswerPath) -> Option<&Register> {
        let register = &self.state.registers.get(at)?.register;
        (!register.values.is_empty()).then_some(register)
    }

    /// The places, in rows that are not removed, where different values stand.
    pub fn conflicts(&self) -> Vec<(AnswerPath, Register)> {
        let conflicts = self.visible().filter(|(_, register)| register.is_conflict());
        conflicts
            .map(|(at, register)| (at.clone(), register.clone()))
            .collect()
    }

    fn visible(&self) -> impl Iterator<Item = (&AnswerPath, &Register)> {
        let removed_rows = self.removed_rows();
        let registers = self.state.registers.iter();
        registers
            .filter(move |(at, _)| !removed_rows.hold(at))
            .map(|(at, slot)| (at, &slot.register))
    }

    /// All comments in the order of their stamps.
    pub fn comments(&self) -> Vec<Comment> {
        self.state.comments()
    }

    /// The op that answers a comment, at the same place. The id is new and random.
    pub fn reply(&self, id: CommentId, to: CommentId, text: String) -> Op {
        let mut comments = self.state.comments().into_iter();
        let at = comments
            .find(|comment| comment.id == to)
            .and_then(|comment| comment.at);
        Op::Comment {
            id,
            at,
            reply_to: Some(to),
            text,
        }
    }

    /// All decisions in the order of their stamps.
    pub fn decisions(&self) -> Vec<Decided> {
        self.state.decisions.values().cloned().collect()
    }

    /// Whether the enumerator said once that the interview is finished.
    pub fn submitted(&self) -> bool {
        !self.state.submits.is_empty()
    }

    /// When it was said that the interview is finished, in the order of their stamps.
    pub fn submits(&self) -> Vec<Stamp> {
        self.state.submits.keys().copied().collect()
    }

    /// Whether somebody said that the interview is finished who knew of that change.
    pub fn submitted_knowing(&self, dot: &Dot) -> bool {
        self.state
            .submits
            .values()
            .any(|header| header.context.covers(dot))
    }

    /// All erasures that are known.
    pub fn erasures(&self) -> &[Erasure] {
        &self.erasures
    }

    /// Whether the whole record was erased.
    pub fn erased(&self) -> bool {
        self.erasures
            .iter()
            .any(|erasure| erasure.what == ErasureScope::Record)
    }

    /// The questions (or groups) whose answers were erased.
    pub fn erased_questions(&self) -> Vec<QuestionPath> {
        let mut paths = Vec::new();
        for erasure in &self.erasures {
            match &erasure.what {
                ErasureScope::Record => {}
                ErasureScope::Questions(questions) => paths.extend(questions.iter().cloned()),
            }
        }
        paths.sort();
        paths.dedup();
        paths
    }

    /// Whether an erasure of the whole record empties this change: it comes from an old phone or backup and is
    /// receipted as erased.
    pub fn is_erased(&self, header: &Header) -> bool {
        self.erasures
            .iter()
            .any(|erasure| erasure.what == ErasureScope::Record && erasure.concerns(header))
    }

    /// The record as somebody saw it who knew just this.
    pub fn seen_by(&self, context: &Context) -> Record {
        let mut seen = Record::new(self.id);
        seen.passed_over = self.passed_over.clone();
        for (dot, held) in self.changes.iter().filter(|(dot, _)| context.covers(dot)) {
            seen.changes.insert(*dot, held.clone());
            let stamp = held.header.stamp();
            seen.order.insert(stamp, *dot);
            seen.keys.extend(self.keys.get(&stamp).map(|key| (stamp, *key)));
        }
        seen.rebuild();
        for replica in context.0.keys() {
            seen.reach(*replica);
        }
        seen
    }

    /// The whole state in bytes, equal on all replicas that have the same changes.
    pub fn state_bytes(&self) -> Vec<u8> {
        bytes::state_bytes(self)
    }

    /// Goes on from what is known of a replica without a gap, as far as its changes follow each other: each change
    /// says which of its writer's own changes to this record came before it.
    fn reach(&mut self, replica: Replica) {
        let mut reached = self.reached.0.get(&replica).copied().unwrap_or(0);
        let after = Dot {
            replica,
            seq: reached,
        };
        let behind = self.changes.range((Bound::Excluded(after), Bound::Unbounded));
        for (dot, held) in behind.take_while(|(dot, _)| dot.replica == replica) {
            let mut before = own_before(&held.header);
            while before > reached {
                let missing = Dot { replica, seq: before };
                match self.passed_over.get(&missing) {
                    Some(earlier) if *earlier < before => before = *earlier,
                    Some(_) | None => break,
                }
            }
            if before > reached {
                break;
            }
            reached = dot.seq;
            self.lamport = self.lamport.max(held.header.lamport);
        }
        if reached > 0 {
            self.reached.0.insert(replica, reached);
        }
    }

    /// Computes the state anew: when an erasure takes something out of it.
    fn rebuild(&mut self) {
        let mut erasures = Vec::new();
        for dot in self.order.values() {
            let Some(held) = self.changes.get(dot) else {
                continue;
            };
            for op in &held.ops {
                if let Op::Erase { what, reason } = op {
                    let stamp = held.header.stamp();
                    erasures.push(Erasure {
                        what: what.clone(),
                        reason: reason.clone(),
                        stamp,
                    });
                }
            }
        }
        self.erasures = erasures;
        let mut changes = std::mem::take(&mut self.changes);
        if !self.erasures.is_empty() {
            for held in changes.values_mut() {
                if let Some(ops) = erasure::without_erased(self, &held.header, &held.ops) {
                    held.ops = ops;
                }
                if self.erasures.iter().any(|erasure| erasure.concerns(&held.header)) {
                    self.keys.remove(&held.header.stamp());
                }
            }
        }
        self.state = State::default();
        for held in changes.values() {
            self.state.apply(&held.header, &held.ops);
        }
        self.changes = changes;
    }
}

/// The highest of its writer's own changes to the record that a change knew; 0 when it is the first.
fn own_before(header: &Header) -> u64 {
    header.context.0.get(&header.replica).copied().unwrap_or(0)
}
