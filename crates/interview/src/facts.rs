//! What an interview is told about the world around it, since it reads no clock and draws no random numbers itself.

use chrono::{DateTime, FixedOffset};

/// What is known when an interview begins or is opened again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// What a `deviceid` question writes down.
    pub device: String,
    /// What a `username` question writes down.
    pub username: String,
    /// What an `email` question writes down; empty = not known.
    pub email: String,
    /// What a `phonenumber` question writes down; empty = not known.
    pub phone_number: String,
    /// The moment of beginning (or of opening again), with the device's offset from UTC.
    pub started_at: DateTime<FixedOffset>,
    /// 64 random bits, new each time an interview is begun or opened: `random()` and `uuid()` grow from them.
    pub seed: u64,
}

/// Most rows of one repeat inside one row of the repeat around it.
pub const ROWS: usize = 1_000;
/// Most places (questions times rows) of one interview.
pub const PLACES: usize = 200_000;
/// Longest answer in bytes, counted in its text form.
pub const ANSWER_BYTES: usize = 64 * 1024;
