//! How many syncs run at once, of one device and of all: a phone that repeats itself does not take the office's threads,
//! and a herd is told to come back one after another, at the rate the office can serve.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use sampan_record::ids::DeviceId;

use crate::state::Office;

/// Most syncs of one device at once: the one it waits for, and one whose line it has given up.
pub const SYNCS_AT_ONCE: u32 = 2;
/// Shortest time to wait, in seconds.
const WAIT_S: u64 = 2;
/// Longest time to wait, in seconds; a herd that would need longer is spread over the second half of it.
const MOST_WAIT_S: u64 = 600;
/// What a sync takes before one was measured, in milliseconds.
const FIRST_GUESS_MS: u64 = 200;

/// Running syncs by device, and how far the coming time is promised.
#[derive(Debug)]
pub struct Turns {
    most_at_once: u64,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    running: BTreeMap<DeviceId, u32>,
    n_running: u64,
    /// Mean time of a sync, in milliseconds; 0 before the first.
    mean_ms: u64,
    /// Up to when the office is promised to devices that were sent away, milliseconds since 1970 UTC.
    promised_ms: i64,
}

/// One running sync; ends when it is dropped.
#[derive(Debug)]
pub struct Turn<'a> {
    turns: &'a Turns,
    office: &'a Office,
    device: DeviceId,
    began_ms: i64,
}

impl Turns {
    /// For an office where so many syncs of all devices run at once.
    pub fn new(most_at_once: usize) -> Turns {
        Turns {
            most_at_once: u64::try_from(most_at_once).unwrap_or(u64::MAX),
            book: Mutex::default(),
        }
    }

    /// A turn for this device, or after how many seconds it should come back.
    pub fn take<'a>(&'a self, device: DeviceId, office: &'a Office) -> Result<Turn<'a>, u32> {
        let now_ms = office.now_ms();
        let random = u32::from_le_bytes(office.random::<4>());
        let mut book = self.book();
        if book.n_running >= self.most_at_once {
            return Err(book.promise(self.most_at_once, now_ms, random));
        }
        let n_running = book.running.entry(device).or_insert(0);
        if *n_running >= SYNCS_AT_ONCE {
            // Its own repetition; the others need not make room for it.
            return Err(u32::try_from(WAIT_S)
                .unwrap_or(u32::MAX)
                .saturating_add(random % 8));
        }
        *n_running = n_running.saturating_add(1);
        book.n_running = book.n_running.saturating_add(1);
        Ok(Turn {
            turns: self,
            office,
            device,
            began_ms: now_ms,
        })
    }

    /// After how many seconds to come back, for a request that could not even be read.
    pub fn later_s(&self, office: &Office) -> u32 {
        let random = u32::from_le_bytes(office.random::<4>());
        self.book().promise(self.most_at_once, office.now_ms(), random)
    }

    fn book(&self) -> std::sync::MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    /// The next moment that nobody was promised yet, in seconds from now. Each promise takes the time that one sync
    /// takes, so however many devices are sent away, they come back at the rate the office can serve.
    fn promise(&mut self, most_at_once: u64, now_ms: i64, random: u32) -> u32 {
        let mean_ms = if self.mean_ms == 0 {
            FIRST_GUESS_MS
        } else {
            self.mean_ms
        };
        let each_ms = (mean_ms / most_at_once.max(1)).max(1);
        let latest_ms = now_ms.saturating_add(millis(MOST_WAIT_S * 1_000));
        // A clock that was set back must not leave promises that nobody can wait for.
        if self.promised_ms > latest_ms {
            self.promised_ms = latest_ms;
        }
        self.promised_ms = self.promised_ms.max(now_ms).saturating_add(millis(each_ms));
        let wait_ms = u64::try_from(self.promised_ms.saturating_sub(now_ms)).unwrap_or(0);
        let seconds = WAIT_S.saturating_add(wait_ms.div_ceil(1_000));
        let seconds = match seconds {
            within if within < MOST_WAIT_S => within,
            _ => MOST_WAIT_S / 2 + u64::from(random) % (MOST_WAIT_S / 2),
        };
        u32::try_from(seconds).unwrap_or(u32::MAX)
    }

    fn measure(&mut self, took_ms: u64) {
        self.mean_ms = match self.mean_ms {
            0 => took_ms.max(1),
            mean_ms => (mean_ms.saturating_mul(7).saturating_add(took_ms) / 8).max(1),
        };
    }
}

fn millis(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let took_ms = self.office.now_ms().saturating_sub(self.began_ms);
        let mut book = self.turns.book();
        // A clock that jumped measured nothing.
        if let Ok(took_ms @ 0..=600_000) = u64::try_from(took_ms) {
            book.measure(took_ms);
        }
        book.n_running = book.n_running.saturating_sub(1);
        if let Some(n_running) = book.running.get_mut(&self.device) {
            *n_running = n_running.saturating_sub(1);
            if *n_running == 0 {
                book.running.remove(&self.device);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_herd_comes_back_at_the_rate_the_office_can_serve() {
        let mut book = Book {
            mean_ms: 400,
            ..Book::default()
        };
        // 500 devices, four at once, 0.4 s each: ten a second.
        let waits: Vec<u32> = (0..500)
            .map(|device| book.promise(4, 1_000_000, device))
            .collect();
        assert_eq!((waits[0], waits[499]), (3, 52));
        for second in 3..=52 {
            let n = waits.iter().filter(|wait| **wait == second).count();
            assert_eq!(n, 10, "in second {second}");
        }
        // Promises pass with the time.
        assert_eq!(book.promise(4, 1_000_000 + 60_000, 1), 3);
    }

    #[test]
    fn nobody_waits_longer_than_ten_minutes_whatever_the_clock_does() {
        let mut book = Book {
            mean_ms: 60_000,
            ..Book::default()
        };
        let waits: Vec<u32> = (0..1_000)
            .map(|device: u32| book.promise(1, 5_000_000_000, device.wrapping_mul(2_654_435_761)))
            .collect();
        assert!(waits.iter().all(|wait| (2..=600).contains(wait)));
        let late: std::collections::BTreeSet<u32> = waits.into_iter().skip(20).collect();
        assert!(late.len() > 100, "they come back together");
        assert!(book.promise(1, 1_000, 7) <= 600);
    }

    #[test]
    fn one_slow_sync_does_not_decide_what_is_promised() {
        let mut book = Book::default();
        for _ in 0..50 {
            book.measure(40);
        }
        book.measure(4_000);
        assert!(book.mean_ms < 600, "{}", book.mean_ms);
    }
}
