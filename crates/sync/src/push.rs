//! Step: the device's changes go to the office and get a verdict each.

use sampan_record::change::Change;
use sampan_record::ids::{ChangeHash, Dot, Replica};

use crate::receipt::{Position, Receipt, Verdict};

/// What a device sends of its changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushRequest {
    /// The replica that asks, and that wrote `changes`.
    pub replica: Replica,
    /// The last change it has written; 0 = none.
    pub written_through: u64,
    /// The first of its own changes that it still holds; 1 unless it dropped what was backed up.
    pub held_from: u64,
    /// Its changes in order, without gaps.
    pub changes: Vec<Change>,
    /// Changes of other replicas that the office said it lacks, the beginning of each record first.
    pub relayed: Vec<Change>,
    /// Names of changes of other replicas that it holds, offered after a restore of the office.
    pub holds: Vec<Held>,
    /// Its own changes that it believes to be in quarantine, to hear whether that has changed.
    pub asks: Vec<u64>,
}

/// What the office decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PushResponse {
    /// All of the replica's changes up to this one are durably decided; 0 = none.
    pub acked_through: u64,
    /// A receipt for each change of the request that was decided now or before, and for each `ask` that is known.
    pub receipts: Vec<Receipt>,
    /// Two copies write under one name: the device re-issues its changes from this one on under a new incarnation.
    pub fork_first_seq: Option<u64>,
    /// The chain does not continue at what was sent: the device sends again from this change on.
    pub resend_from: Option<u64>,
    /// Which of the held changes the office wants.
    pub lacks: Vec<Dot>,
    /// What became of relayed changes.
    pub relay_receipts: Vec<RelayReceipt>,
}

/// A change by name and hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Held {
    /// Writer and number.
    pub dot: Dot,
    /// The change's hash.
    pub hash: ChangeHash,
}

/// What became of one relayed change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RelayReceipt {
    /// Which change.
    pub dot: Dot,
    /// What became of it.
    pub verdict: Verdict,
    /// Where it stands in the office's log.
    pub position: Position,
}
