//! What the core takes from the machine it runs on: the time, and random bytes.

use std::sync::Arc;

use crate::error::ClientError;

/// A moment as the device sees it. Evidence only: nothing is decided by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since 1970 UTC.
    pub wall_time_ms: i64,
    /// Offset from UTC in minutes, -1440 to 1440.
    pub utc_offset_min: i16,
}

/// Gives the time.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Moment;

    /// Milliseconds since any moment, by a clock that is never set: how long something took. Without such a clock, the
    /// other one.
    fn steady_ms(&self) -> u64 {
        u64::try_from(self.now().wall_time_ms).unwrap_or(0)
    }
}

/// Gives random bytes fit for keys.
pub trait Chance: Send + Sync {
    /// Fills the buffer.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), ClientError>;
}

/// How the enumerator can be reached, where the device is told; forms may write it down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contact {
    /// Address for letters by e-mail; empty = not known.
    pub email: String,
    /// Telephone number; empty = not known.
    pub phone_number: String,
}

/// Clock and chance together, and what the machine is told of its user; cheap to clone.
#[derive(Clone)]
pub struct Platform {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub chance: Arc<dyn Chance>,
    /// What forms may write down of the enumerator.
    pub contact: Contact,
}

impl Platform {
    /// The system's own clock and random bytes, no contact; the offset from UTC is read from the system's time zone.
    pub fn system() -> Platform {
        Platform {
            clock: Arc::new(SystemClock {
                utc_offset_min: zone::local_offset_min(),
            }),
            chance: Arc::new(SystemChance),
            contact: Contact::default(),
        }
    }

    /// `N` random bytes.
    pub(crate) fn bytes<const N: usize>(&self) -> Result<[u8; N], ClientError> {
        let mut bytes = [0u8; N];
        self.chance.fill(&mut bytes)?;
        Ok(bytes)
    }
}

/// The system's clock with a fixed offset from UTC.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    /// Offset from UTC in minutes.
    pub utc_offset_min: i16,
}

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        let wall_time_ms = match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
        };
        Moment {
            wall_time_ms,
            utc_offset_min: self.utc_offset_min,
        }
    }

    fn steady_ms(&self) -> u64 {
        static BEGAN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
        let began = BEGAN.get_or_init(std::time::Instant::now);
        u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// The system's random bytes.
#[derive(Debug, Clone, Copy)]
pub struct SystemChance;

impl Chance for SystemChance {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), ClientError> {
        getrandom::fill(bytes).map_err(|error| ClientError::NoRandomness {
            reason: error.to_string(),
        })
    }
}

mod zone;
