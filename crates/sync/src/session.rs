//! The device's side of a whole sync, without input or output: it says what to send and takes what came.

use crate::error::SyncError;
use crate::limits;
use crate::log::DeviceLog;

/// How a session works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How many bytes of changes to begin with; see [`Session::batch_bytes`].
    pub batch_bytes: usize,
    /// How many bytes of changes and content to take in one response.
    pub budget_bytes: u32,
    /// Whether media goes up (false on a line that is paid by the byte).
    pub send_media: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            batch_bytes: limits::BATCH_BYTES,
            budget_bytes: 512 * 1024,
            send_media: true,
        }
    }
}

/// The clock of the device at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// Milliseconds since 1970 UTC.
    pub wall_time_ms: i64,
    /// Offset from UTC in minutes.
    pub utc_offset_min: i16,
}

/// What one response brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Step {
    /// Own changes that got a receipt for the first time.
    pub n_acked: u64,
    /// Of those, how many stand in quarantine.
    pub n_quarantined: u64,
    /// Changes that came from the feed.
    pub n_received: u64,
    /// Own changes without a receipt afterwards.
    pub n_unsent: u64,
    /// Bytes of media that went up and were taken.
    pub media_bytes: u64,
    /// Content that is now known to be safe at the office.
    pub n_safe: u64,
    /// Whether a fork was found and the own changes were issued again.
    pub forked: bool,
    /// Whether the office was found to have been restored.
    pub office_restored: bool,
    /// The office asks not to be called again for so many seconds; 0 = at will.
    pub retry_after_s: u32,
}

/// One sync of one device.
#[derive(Debug)]
pub struct Session {
    options: Options,
}

impl Session {
    /// A session that has not begun.
    pub fn new(options: Options) -> Session {
        Session { options }
    }

    /// The next request; None when there is nothing left to do. The first call always gives one.
    /// Calling it again without a response in between (after a cut) gives a request for the same again.
    ///
    /// # Errors
    /// The store's, and `Stuck`.
    pub fn next_request(
        &mut self,
        _log: &mut dyn DeviceLog,
        _clock: Clock,
    ) -> Result<Option<Vec<u8>>, SyncError> {
        Ok(None)
    }

    /// Takes the response to the last request and applies it durably.
    ///
    /// # Errors
    /// The store's; `Malformed` or `Version` for bytes that are no response: nothing was applied then, ask again.
    pub fn on_response(&mut self, _log: &mut dyn DeviceLog, _response: &[u8]) -> Result<Step, SyncError> {
        Err(SyncError::OutOfTurn)
    }

    /// The connection broke or the office said 413: the next request is smaller.
    pub fn on_cut(&mut self) {
        self.options.batch_bytes = (self.options.batch_bytes / 2).max(limits::BATCH_BYTES_LEAST);
    }

    /// The size of batch that works on this line, in bytes; worth keeping for the next session.
    pub fn batch_bytes(&self) -> usize {
        self.options.batch_bytes
    }
}
