//! The system's present offset from UTC, read from its time zone file.

/// Minutes from UTC; 0 where the system does not say.
pub(super) fn local_offset_min() -> i16 {
    let file = match std::env::var("TZ") {
        Ok(name) if name.contains('/') && !name.contains("..") => {
            let name = name.trim_start_matches(':');
            if name.starts_with('/') {
                name.to_owned()
            } else {
                format!("/usr/share/zoneinfo/{name}")
            }
        }
        Ok(_) | Err(_) => "/etc/localtime".to_owned(),
    };
    let now_s = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0));
    let offset_s = std::fs::read(file)
        .ok()
        .and_then(|bytes| offset_s(&bytes, now_s))
        .unwrap_or(0);
    i16::try_from(offset_s / 60).unwrap_or(0).clamp(-1440, 1440)
}

/// Seconds from UTC at a moment, from a zone file (RFC 8536): the type of the last transition before it. The rule in
/// the footer, for zones that still change their clocks after the last written transition, is not read.
fn offset_s(bytes: &[u8], now_s: i64) -> Option<i64> {
    let first = Counts::read(bytes)?;
    let second = bytes.get(first.size(4)?..)?;
    let counts = Counts::read(second)?;
    let times = second.get(44..)?;
    let kinds = times.get(counts.n_times.checked_mul(8)?..)?;
    let mut kind = 0usize;
    for index in 0..counts.n_times {
        let at = index.checked_mul(8)?;
        let time = i64::from_be_bytes(times.get(at..at.checked_add(8)?)?.try_into().ok()?);
        if time > now_s {
            break;
        }
        kind = usize::from(*kinds.get(index)?);
    }
    let types = kinds.get(counts.n_times..)?;
    let at = kind.checked_mul(6)?;
    let seconds = i32::from_be_bytes(types.get(at..at.checked_add(4)?)?.try_into().ok()?);
    Some(i64::from(seconds))
}

struct Counts {
    n_utc: usize,
    n_standard: usize,
    n_leaps: usize,
    n_times: usize,
    n_types: usize,
    n_letters: usize,
}

impl Counts {
    fn read(bytes: &[u8]) -> Option<Counts> {
        if bytes.get(..4)? != b"TZif" {
            return None;
        }
        let number = |index: usize| -> Option<usize> {
            let at = 20 + index * 4;
            let number = u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?);
            usize::try_from(number).ok()
        };
        Some(Counts {
            n_utc: number(0)?,
            n_standard: number(1)?,
            n_leaps: number(2)?,
            n_times: number(3)?,
            n_types: number(4)?,
            n_letters: number(5)?,
        })
    }

    /// Bytes of a block whose times have so many bytes.
    fn size(&self, time_bytes: usize) -> Option<usize> {
        44usize
            .checked_add(self.n_times.checked_mul(time_bytes.checked_add(1)?)?)?
            .checked_add(self.n_types.checked_mul(6)?)?
            .checked_add(self.n_letters)?
            .checked_add(self.n_leaps.checked_mul(time_bytes.checked_add(4)?)?)?
            .checked_add(self.n_standard)?
            .checked_add(self.n_utc)
    }
}

#[cfg(test)]
mod tests {
    use super::offset_s;

    /// A zone file of the second version: an empty first block, two types, one transition.
    fn zone(before_s: i32, changes_at_s: i64, after_s: i32) -> Vec<u8> {
        let head = |n_times: u32, n_types: u32, n_letters: u32| {
            let mut bytes = b"TZif2".to_vec();
            bytes.extend([0; 15]);
            for number in [0, 0, 0, n_times, n_types, n_letters] {
                bytes.extend(number.to_be_bytes());
            }
            bytes
        };
        let mut bytes = head(0, 1, 1);
        bytes.extend([0, 0, 0, 0, 0, 0, 0]);
        bytes.extend(head(1, 2, 1));
        bytes.extend(changes_at_s.to_be_bytes());
        bytes.push(1);
        for seconds in [before_s, after_s] {
            bytes.extend(seconds.to_be_bytes());
            bytes.extend([0, 0]);
        }
        bytes.push(0);
        bytes
    }

    #[test]
    fn the_offset_is_that_of_the_last_change_of_the_clock() {
        let phnom_penh = zone(25_180, 1_000, 25_200);
        assert_eq!(offset_s(&phnom_penh, 999), Some(25_180));
        assert_eq!(offset_s(&phnom_penh, 1_000), Some(25_200));
    }

    #[test]
    fn a_file_that_is_no_zone_or_ends_early_gives_nothing() {
        assert_eq!(offset_s(b"", 0), None);
        assert_eq!(
            offset_s(b"TZif2 but not really one, only its beginning....", 0),
            None
        );
        let whole = zone(0, 0, 3600);
        for n_bytes in 0..whole.len() - 1 {
            let _ = offset_s(&whole[..n_bytes], 0);
        }
    }
}
