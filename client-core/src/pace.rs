//! How long a device waits after a sync that did not come to its end: the office's word, otherwise ever longer, and
//! never all devices at the same moment. Pure: time and chance are arguments.

use crate::error::{ClientError, Older, Stranger};
use crate::transport::LineError;
use sampan_store::error::StoreError;

/// The first waiting time is at most this long, in milliseconds; each further one at most twice the one before.
pub const FIRST_MS: u64 = 15_000;

/// No waiting time of the device's own is longer than this, in milliseconds.
pub const MOST_MS: u64 = 60 * 60 * 1000;

/// The office's word is taken up to this long, in seconds.
pub const OFFICE_MOST_S: u64 = 6 * 60 * 60;

/// No waiting time is shorter than this, in milliseconds.
pub const LEAST_MS: u64 = 1_000;

/// What a sync that did not come to its end needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Time, or a better line.
    Patience,
    /// Somebody who does something: signs in to a network, sets a clock, updates an app, asks the office.
    Person,
}

/// What helps against this error.
pub fn need(error: &ClientError) -> Need {
    match error {
        ClientError::Line(line) => match line {
            LineError::NoConnection(_)
            | LineError::NoName(_)
            | LineError::Timeout
            | LineError::Cut(_)
            | LineError::TooLong(_) => Need::Patience,
            LineError::Certificate(_)
            | LineError::Tls(_)
            | LineError::BadAddress(_)
            | LineError::Redirect { .. }
            | LineError::Moved { .. } => Need::Person,
        },
        ClientError::NotTheOffice { stranger, .. } => match stranger {
            Stranger::Gateway => Need::Patience,
            Stranger::Portal | Stranger::Other => Need::Person,
        },
        ClientError::Office { status, .. } => match status {
            408 | 425 | 429 | 500 | 502..=504 | 507 => Need::Patience,
            _ => Need::Person,
        },
        ClientError::Paused { .. } | ClientError::BadAnswer { .. } | ClientError::NoEnd { .. } => {
            Need::Patience
        }
        ClientError::NoSharedVersion { older, .. } => match older {
            Older::Device | Older::Office => Need::Person,
        },
        ClientError::Store(StoreError::InUse { .. }) => Need::Patience,
        ClientError::Store(_)
        | ClientError::BadLink { .. }
        | ClientError::AlreadyEnrolled { .. }
        | ClientError::NotEnrolled
        | ClientError::NothingSealed { .. }
        | ClientError::NoForm { .. }
        | ClientError::FormNotReady { .. }
        | ClientError::FormFault { .. }
        | ClientError::NoRecord { .. }
        | ClientError::AmbiguousRecord { .. }
        | ClientError::AlreadyOpen
        | ClientError::Closed
        | ClientError::Finished
        | ClientError::NoNewerVersion
        | ClientError::CannotOpen { .. }
        | ClientError::NoPlace { .. }
        | ClientError::Refused { .. }
        | ClientError::NotWritable { .. }
        | ClientError::NoRandomness { .. } => Need::Person,
    }
}

/// When the office asks to be called again, in seconds; None when it says nothing.
pub fn office_says_s(error: &ClientError) -> Option<u64> {
    match error {
        ClientError::Office { retry_after_s, .. } | ClientError::NotTheOffice { retry_after_s, .. } => {
            *retry_after_s
        }
        ClientError::Paused { retry_after_s } => Some(*retry_after_s),
        _ => None,
    }
}

/// How long to wait, in milliseconds, after the `n_failures`-th failure in a row (from 1). `random` is any number: of
/// two devices that failed together each comes back at a moment of its own.
///
/// Without a word of the office: anything up to a bound that doubles with each failure (full jitter). With one: what it
/// said, and up to a quarter of it, or of the bound if that is more, on top; never less than what it said.
pub fn wait_ms(n_failures: u32, office_says_s: Option<u64>, random: u64) -> u64 {
    let doublings = n_failures.saturating_sub(1).min(20);
    let bound = FIRST_MS.saturating_mul(1 << doublings).min(MOST_MS);
    let (least, spread) = match office_says_s.filter(|seconds| *seconds > 0) {
        Some(seconds) => {
            let said = seconds.min(OFFICE_MOST_S).saturating_mul(1_000);
            (said, said.max(bound) / 4)
        }
        None => (LEAST_MS, bound.saturating_sub(LEAST_MS)),
    };
    least.saturating_add(random % spread.saturating_add(1))
}

/// A waiting time that began at a moment of the device's wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// When it began, milliseconds since 1970 UTC.
    pub since_ms: i64,
    /// How long it is, in milliseconds.
    pub wait_ms: u64,
}

impl Waiting {
    /// How much of it is left at `now_ms`, in milliseconds; 0 = the time has come. A clock that was set back begins it
    /// anew (see [`Waiting::set_right`]); one that was set forward ends it early, once.
    pub fn left_ms(&self, now_ms: i64) -> u64 {
        match u64::try_from(now_ms.saturating_sub(self.since_ms)) {
            Ok(passed) => self.wait_ms.saturating_sub(passed),
            Err(_) => self.wait_ms,
        }
    }

    /// The same waiting time for a clock that shows `now_ms`: begun now, if that is before its beginning. A device whose
    /// clock was set back for years waits as long as it would have, and not for years.
    pub fn set_right(self, now_ms: i64) -> Waiting {
        Waiting {
            since_ms: self.since_ms.min(now_ms),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(n_failures: u32, office: Option<u64>) -> Vec<u64> {
        let golden = 0x9e37_79b9_7f4a_7c15u64;
        (0..2_000u64)
            .map(|device| wait_ms(n_failures, office, device.wrapping_mul(golden) >> 7))
            .collect()
    }

    #[test]
    fn waiting_grows_to_a_cap_and_is_spread_over_all_of_it() {
        for (n_failures, bound) in [
            (1, FIRST_MS),
            (2, 2 * FIRST_MS),
            (5, 16 * FIRST_MS),
            (40, MOST_MS),
        ] {
            let waits = all(n_failures, None);
            assert!(waits.iter().all(|wait| (LEAST_MS..=bound).contains(wait)));
            // Each tenth of the time gets about a tenth of the devices.
            for tenth in 0..10 {
                let from = LEAST_MS + (bound - LEAST_MS) * tenth / 10;
                let to = LEAST_MS + (bound - LEAST_MS) * (tenth + 1) / 10;
                let n = waits.iter().filter(|wait| (from..to).contains(wait)).count();
                assert!(
                    (140..260).contains(&n),
                    "{n_failures} failures, tenth {tenth}: {n}"
                );
            }
        }
    }

    #[test]
    fn nobody_comes_before_the_time_the_office_said_and_they_come_one_after_another() {
        let waits = all(1, Some(120));
        assert!(waits.iter().all(|wait| (120_000..=150_000).contains(wait)));
        let mut seconds = [0u32; 31];
        for wait in waits {
            seconds[((wait - 120_000) / 1_000) as usize] += 1;
        }
        assert!(seconds.iter().all(|n| *n < 130), "{seconds:?}");
        // Nonsense is bounded.
        assert!(
            all(3, Some(u64::MAX))
                .iter()
                .all(|wait| *wait <= OFFICE_MOST_S * 1_250)
        );
        assert!(all(3, Some(0)).iter().all(|wait| *wait <= 4 * FIRST_MS));
    }

    #[test]
    fn a_thousand_failures_in_a_row_are_few_requests() {
        let mut passed_ms = 0;
        let mut n_tries = 0;
        while passed_ms < 24 * 60 * 60 * 1_000 {
            n_tries += 1;
            passed_ms += wait_ms(
                n_tries,
                None,
                u64::from(n_tries).wrapping_mul(0x9e37_79b9_7f4a_7c15),
            );
        }
        assert!(
            (20..100).contains(&n_tries),
            "{n_tries} in a day without the office"
        );
    }

    #[test]
    fn a_clock_that_jumps_neither_stops_a_device_for_ever_nor_makes_it_storm() {
        let day = 24 * 60 * 60 * 1_000;
        let waiting = Waiting {
            since_ms: 1_000 * day,
            wait_ms: 60_000,
        };
        assert_eq!(waiting.left_ms(1_000 * day + 20_000), 40_000);
        assert_eq!(waiting.left_ms(1_000 * day + 60_000), 0);
        // Set forward: the time has come, and the next waiting time begins at the new time.
        assert_eq!(waiting.left_ms(9_000 * day), 0);
        // Set back by years: as long again, no longer.
        let now_ms = 10 * day;
        assert_eq!(waiting.left_ms(now_ms), 60_000);
        let right = waiting.set_right(now_ms);
        assert_eq!(right.left_ms(now_ms + 59_000), 1_000);
        assert_eq!(right.left_ms(now_ms + 60_000), 0);
        for nonsense in [i64::MIN, i64::MAX] {
            assert!(waiting.left_ms(nonsense) <= 60_000);
        }
    }
}
