//! How many syncs of one device run at once: a phone that repeats itself does not take the office's threads.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use sampan_record::ids::DeviceId;

/// Most syncs of one device at once: the one it waits for, and one whose line it has given up.
pub const SYNCS_AT_ONCE: u32 = 2;
/// Shortest time to wait, in seconds.
const WAIT_S: u32 = 2;
/// Waiting times differ by fewer seconds than this, so that devices do not come back all at once.
const JITTER_S: u32 = 8;

/// Running syncs by device.
#[derive(Debug, Default)]
pub struct Turns {
    running: Mutex<BTreeMap<DeviceId, u32>>,
}

/// One running sync; ends when it is dropped.
#[derive(Debug)]
pub struct Turn<'a> {
    turns: &'a Turns,
    device: DeviceId,
}

impl Turns {
    /// A turn for this device; None when as many run as may.
    pub fn take(&self, device: DeviceId) -> Option<Turn<'_>> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let n_running = running.entry(device).or_insert(0);
        if *n_running >= SYNCS_AT_ONCE {
            return None;
        }
        *n_running = n_running.saturating_add(1);
        Some(Turn { turns: self, device })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut running = self.turns.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(n_running) = running.get_mut(&self.device) {
            *n_running = n_running.saturating_sub(1);
            if *n_running == 0 {
                running.remove(&self.device);
            }
        }
    }
}

/// Seconds to wait before the next try, from a random number.
pub fn wait_s(random: u32) -> u32 {
    random.checked_rem(JITTER_S).unwrap_or(0).saturating_add(WAIT_S)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_third_sync_of_one_device_waits_until_one_has_ended_and_other_devices_do_not() {
        let turns = Turns::default();
        let (phone, other) = (DeviceId(Uuid::from_u128(1)), DeviceId(Uuid::from_u128(2)));
        let first = turns.take(phone).unwrap();
        let _second = turns.take(phone).unwrap();
        assert!(turns.take(phone).is_none());
        assert!(turns.take(other).is_some());
        drop(first);
        assert!(turns.take(phone).is_some());
    }

    #[test]
    fn waiting_times_differ_and_are_never_zero() {
        let times: std::collections::BTreeSet<u32> = (0..100).map(wait_s).collect();
        assert_eq!((times.first(), times.last()), (Some(&2), Some(&9)));
    }
}
