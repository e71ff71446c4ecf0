//! The office's side: one request in, one response out, verdicts only after the commit.

use crate::error::SyncError;
use crate::log::{Caller, OfficeLog};

/// Answers one request. What it acknowledges is committed before it returns. `now_ms`: the office's wall clock,
/// milliseconds since 1970 UTC.
///
/// # Errors
/// `Malformed` (400), `TooLarge` (413), `Version` (426), `Foreign` (403), `StoreFull` (507), `StoreBusy` (503),
/// `Store` (500); see docs/sync-protocol.md. Nothing of the request is acknowledged then.
pub fn answer(
    _log: &mut dyn OfficeLog,
    _caller: &Caller,
    _now_ms: i64,
    _request: &[u8],
) -> Result<Vec<u8>, SyncError> {
    Err(SyncError::Malformed {
        at: 0,
        what: "not yet answered",
    })
}
