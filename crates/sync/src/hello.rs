//! Step: who asks, in which life of the office, and how much is waiting.

use crate::receipt::{Generation, Position};

/// What a device says about itself; evidence and counts for supervisors, no merge reads it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Contact {
    /// The device's wall clock, milliseconds since 1970 UTC.
    pub wall_time_ms: i64,
    /// Its offset from UTC in minutes.
    pub utc_offset_min: i16,
    /// Interviews on it that are not submitted.
    pub n_open: u64,
    /// Changes it has not yet got a receipt for, this request's included.
    pub n_unsent: u64,
}

/// What the office says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OfficeFacts {
    /// The life of its database.
    pub generation: Generation,
    /// All changes up to this position are in a backup; 0 = none.
    pub backed_up_through: Position,
    /// Whether this generation began with a restore, so that it asks devices for what others wrote.
    pub restored: bool,
}
