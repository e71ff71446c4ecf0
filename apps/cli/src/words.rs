//! Numbers, times and states in words.

use chrono::{DateTime, FixedOffset};
use sampan_client_core::platform::Moment;

/// What is said while the device's storage is full.
pub const DISK_FULL: &str =
    "The storage of this device is full. Everything answered is saved; free some space before you go on";

/// `1 answer`, `3 answers`.
pub fn count(n: u64, one: &str, many: &str) -> String {
    match n {
        1 => format!("1 {one}"),
        n => format!("{n} {many}"),
    }
}

/// A moment in the device's own time: `24 Nov 2026 14:30`.
pub fn time(at_ms: i64, now: Moment) -> String {
    let offset = FixedOffset::east_opt(i32::from(now.utc_offset_min).saturating_mul(60));
    match (DateTime::from_timestamp_millis(at_ms), offset) {
        (Some(at), Some(offset)) => at.with_timezone(&offset).format("%-d %b %Y %H:%M").to_string(),
        (Some(_) | None, _) => "at an unknown time".into(),
    }
}

/// When it is tried again: `It can be tried again now.`, `Best tried again in 4 minutes.`
pub fn next_try(left_ms: u64) -> String {
    match left_ms.div_ceil(1_000) {
        0 => "It can be tried again now.".into(),
        _ => format!("Best tried again in {}.", span(left_ms)),
    }
}

/// A stretch of time: `20 seconds`, `4 minutes`, `3 hours`.
pub fn span(ms: u64) -> String {
    match ms.div_ceil(1_000) {
        seconds if seconds < 90 => count(seconds, "second", "seconds"),
        seconds if seconds < 90 * 60 => count(seconds.div_ceil(60), "minute", "minutes"),
        seconds => count(seconds.div_ceil(60 * 60), "hour", "hours"),
    }
}

/// How long ago: `just now`, `5 minutes ago`, `3 days ago`; the date when the clocks disagree.
pub fn ago(at_ms: i64, now: Moment) -> String {
    let minutes = now.wall_time_ms.saturating_sub(at_ms).div_euclid(60_000);
    match u64::try_from(minutes) {
        Err(_) => time(at_ms, now),
        Ok(0) => "just now".into(),
        Ok(minutes) if minutes < 60 => format!("{} ago", count(minutes, "minute", "minutes")),
        Ok(minutes) if minutes < 60 * 24 => format!("{} ago", count(minutes / 60, "hour", "hours")),
        Ok(minutes) if minutes < 60 * 24 * 14 => {
            format!("{} ago", count(minutes / (60 * 24), "day", "days"))
        }
        Ok(_) => time(at_ms, now),
    }
}

/// A size: `812 bytes`, `14 kB`, `2.3 MB`.
pub fn size(bytes: u64) -> String {
    if bytes < 1_000 {
        count(bytes, "byte", "bytes")
    } else if bytes < 1_000_000 {
        format!("{} kB", bytes / 1_000)
    } else {
        format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
    }
}

/// A review state for people.
pub fn state(state: &str) -> &str {
    match state {
        "changed_since_approval" => "changed since approval",
        other => other,
    }
}

/// The beginning of a record's id that people use: as much as tells today's interviews apart.
pub fn short(record: &str) -> &str {
    record.get(..13).unwrap_or(record)
}

/// Digits of Khmer, Burmese, Shan, Thai and Lao as 0 to 9; everything else as it is.
pub fn plain_digits(text: &str) -> String {
    const ZEROS: [u32; 5] = [0x17E0, 0x1040, 0x1090, 0x0E50, 0x0ED0];
    text.chars()
        .map(|letter| {
            let code = u32::from(letter);
            ZEROS
                .iter()
                .find_map(|zero| code.checked_sub(*zero).filter(|digit| *digit < 10))
                .and_then(|digit| char::from_digit(digit, 10))
                .unwrap_or(letter)
        })
        .collect()
}

/// A sentence with a capital letter and a full stop.
pub fn sentence(text: &str) -> String {
    let mut letters = text.trim().chars();
    let Some(first) = letters.next() else {
        return String::new();
    };
    let mut whole: String = first.to_uppercase().chain(letters).collect();
    if !whole.ends_with(['.', '?', '!', ':', '。', '။', '។']) {
        whole.push('.');
    }
    whole
}

#[cfg(test)]
mod tests {
    use sampan_client_core::platform::Moment;

    use super::{ago, count, plain_digits, sentence, size, time};

    const NOW: Moment = Moment {
        wall_time_ms: 1_795_000_000_000,
        utc_offset_min: 420,
    };

    #[test]
    fn numbers_are_said_as_people_say_them() {
        assert_eq!(count(1, "answer", "answers"), "1 answer");
        assert_eq!(count(0, "answer", "answers"), "0 answers");
        assert_eq!(size(2_340_000), "2.3 MB");
        assert_eq!(plain_digits("១២ ၃ ๔"), "12 3 4");
    }

    #[test]
    fn times_are_in_the_devices_own_zone() {
        assert_eq!(time(0, NOW), "1 Jan 1970 07:00");
        assert_eq!(ago(NOW.wall_time_ms - 61_000, NOW), "1 minute ago");
        assert_eq!(ago(NOW.wall_time_ms - 49 * 3_600_000, NOW), "2 days ago");
        assert_eq!(ago(i64::MIN, NOW), "at an unknown time");
    }

    #[test]
    fn a_sentence_begins_large_and_ends() {
        assert_eq!(
            sentence("this device is not enrolled yet"),
            "This device is not enrolled yet."
        );
        assert_eq!(sentence("Really?"), "Really?");
    }
}
