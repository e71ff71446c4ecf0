//! Where a record stands in its review, and what came after the last decision.

use crate::context::Context;
use crate::ids::CommentId;
use crate::path::AnswerPath;
use crate::record::{Decided, Record};

/// Where a record stands. The discriminants are used in projections: never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum ReviewState {
    /// Not submitted yet.
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
pub fn review(_record: &Record) -> Review {
    Review {
        state: ReviewState::Draft,
        decision: None,
        concurrent: Vec::new(),
        covers: Context::default(),
        changed_since: Vec::new(),
        open_comments: Vec::new(),
    }
}
