//! Where a record stands in its review, and what came after the last decision.

use std::collections::BTreeSet;

use crate::context::Context;
use crate::ids::CommentId;
use crate::op::{Decision, Op};
use crate::path::AnswerPath;
use crate::record::{Decided, Record};

/// Where a record stands. The discriminants are used in projections: never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum ReviewState {
    /// Not submitted yet, or opened again by who had submitted it, changed, and not submitted again.
    Draft = 0,
    /// Waits for a reviewer.
    Submitted = 1,
    /// Waits for the enumerator.
    Returned = 2,
    /// Corrected and submitted again after a return.
    Resubmitted = 3,
    /// Good, and nothing came after.
    Approved = 4,
    /// Was approved, and something was written that the reviewer had not seen.
    ChangedSinceApproval = 5,
    /// Not to be used.
    Rejected = 6,
}

/// Where a record stands, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Where it stands.
    pub state: ReviewState,
    /// The decision that counts: the highest of those that no later decision knew of. None when there is none.
    pub decision: Option<Decided>,
    /// Decisions made at the same time by people who did not know of each other, without the one that counts.
    pub concurrent: Vec<Decided>,
    /// What the decision covers; empty without one.
    pub covers: Context,
    /// Places written to (for rows: the repeat) in changes that the decision does not cover, in path order.
    /// Empty without a decision.
    pub changed_since: Vec<AnswerPath>,
    /// Comments that nobody has resolved (replies do not count).
    pub open_comments: Vec<CommentId>,
    /// Whether somebody who had submitted it knowingly wrote to it afterwards and has not submitted it again.
    pub is_reopened: bool,
}

impl ReviewState {
    /// The word used in lists, JSON and tables: `draft`, `changed_since_approval`, …
    pub fn word(self) -> &'static str {
        match self {
            ReviewState::Draft => "draft",
            ReviewState::Submitted => "submitted",
            ReviewState::Returned => "returned",
            ReviewState::Resubmitted => "resubmitted",
            ReviewState::Approved => "approved",
            ReviewState::ChangedSinceApproval => "changed_since_approval",
            ReviewState::Rejected => "rejected",
        }
    }

    /// All states, in the order of their numbers.
    pub fn all() -> [ReviewState; 7] {
        [
            ReviewState::Draft,
            ReviewState::Submitted,
            ReviewState::Returned,
            ReviewState::Resubmitted,
            ReviewState::Approved,
            ReviewState::ChangedSinceApproval,
            ReviewState::Rejected,
        ]
    }

    /// The state that a word of [`ReviewState::word`] names.
    pub fn from_word(word: &str) -> Option<ReviewState> {
        ReviewState::all().into_iter().find(|state| state.word() == word)
    }
}

/// Where a record stands.
pub fn review(record: &Record) -> Review {
    let decisions = record.decisions();
    let is_known_to_later = |decided: &Decided| {
        decisions
            .iter()
            .any(|later| later.knew.covers(&decided.stamp.dot))
    };
    let mut standing: Vec<Decided> = decisions
        .iter()
        .filter(|decided| !is_known_to_later(decided))
        .cloned()
        .collect();
    let decision = standing.pop();
    let covers = decision
        .as_ref()
        .map(|decided| decided.covers.clone())
        .unwrap_or_default();
    let later = match &decision {
        None => Later::default(),
        Some(decided) => later_than(record, decided),
    };
    let is_reopened = is_reopened(record);
    let waiting = if record.submitted() && !is_reopened {
        ReviewState::Submitted
    } else {
        ReviewState::Draft
    };
    let state = match &decision {
        None => waiting,
        Some(decided) => match decided.decision {
            Decision::Reopen => waiting,
            Decision::Approve if later.is_changed => ReviewState::ChangedSinceApproval,
            Decision::Approve => ReviewState::Approved,
            Decision::Return if !is_reopened && record.submitted_knowing(&decided.stamp.dot) => {
                ReviewState::Resubmitted
            }
            Decision::Return => ReviewState::Returned,
            Decision::Reject => ReviewState::Rejected,
        },
    };
    let open_comments = record
        .comments()
        .into_iter()
        .filter(|comment| comment.reply_to.is_none() && comment.resolved.is_none())
        .map(|comment| comment.id)
        .collect();
    Review {
        state,
        decision,
        concurrent: standing,
        covers,
        changed_since: later.places.into_iter().collect(),
        open_comments,
        is_reopened,
    }
}

/// Whether answers were written by who had said before, and knew it, that the interview is finished, and has not said
/// it again. What was written without knowing of that came late, and reopens nothing.
fn is_reopened(record: &Record) -> bool {
    let submits = record.submits();
    let writes = |op: &Op| match op {
        Op::Set { .. } | Op::AddRow { .. } | Op::RemoveRow { .. } | Op::MoveToVersion { .. } => true,
        Op::Submit
        | Op::Comment { .. }
        | Op::ResolveComment { .. }
        | Op::Decide { .. }
        | Op::Assign { .. }
        | Op::Erase { .. }
        | Op::Unknown { .. } => false,
    };
    if submits.is_empty() {
        return false;
    }
    record.changes().any(|(header, ops)| {
        ops.iter().any(writes)
            && !ops.iter().any(|op| matches!(op, Op::Submit))
            && submits
                .iter()
                .any(|submit| submit.author == header.author && header.context.covers(&submit.dot))
            && !record.submitted_knowing(&header.dot())
    })
}

/// What was written that a decision does not cover.
#[derive(Default)]
struct Later {
    is_changed: bool,
    places: BTreeSet<AnswerPath>,
}

fn later_than(record: &Record, decided: &Decided) -> Later {
    let mut later = Later::default();
    for (header, ops) in record.changes() {
        let dot = header.dot();
        if decided.covers.covers(&dot) || dot == decided.stamp.dot {
            continue;
        }
        for op in ops {
            match op {
                Op::Set { at, .. } => {
                    later.is_changed = true;
                    later.places.insert(at.clone());
                }
                Op::AddRow { repeat, .. } | Op::RemoveRow { repeat, .. } => {
                    later.is_changed = true;
                    later.places.insert(repeat.clone());
                }
                // What a later version of Sampan wrote may be an answer.
                Op::MoveToVersion { .. } | Op::Unknown { .. } => later.is_changed = true,
                Op::Submit
                | Op::Comment { .. }
                | Op::ResolveComment { .. }
                | Op::Decide { .. }
                | Op::Assign { .. }
                | Op::Erase { .. } => {}
            }
        }
    }
    later
}
