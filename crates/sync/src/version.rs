//! Versions of the protocol: which exist, since when and why, who still speaks them, and how two sides agree.

use crate::error::SyncError;

/// 2026-11-24: the first. Spoken by every release so far.
pub const V1: u16 = 1;

/// The oldest version this build speaks.
pub const OLDEST: u16 = V1;

/// The newest version this build speaks.
pub const NEWEST: u16 = V1;

/// The versions one side speaks: all from `oldest` to `newest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The oldest version spoken.
    pub oldest: u16,
    /// The newest version spoken.
    pub newest: u16,
}

impl Range {
    /// Whether a version is among them.
    pub fn speaks(self, version: u16) -> bool {
        (self.oldest..=self.newest).contains(&version)
    }
}

/// What this build speaks.
pub const OURS: Range = Range {
    oldest: OLDEST,
    newest: NEWEST,
};

/// The version two sides use: the newest that both speak.
///
/// # Errors
/// [`SyncError::Version`] when they share none; its message says which side needs an update.
pub fn negotiate(ours: Range, theirs: Range) -> Result<u16, SyncError> {
    let newest = ours.newest.min(theirs.newest);
    if theirs.oldest > theirs.newest || newest < ours.oldest.max(theirs.oldest) {
        return Err(SyncError::Version { ours, theirs });
    }
    Ok(newest)
}
