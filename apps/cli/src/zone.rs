//! Time zones by name or offset: from the zone files of the system, else from a short list.

use std::path::Path;

use chrono::{DateTime, FixedOffset, NaiveDateTime, TimeZone};

/// Where systems keep their zone files.
const FOLDER: &str = "/usr/share/zoneinfo";

/// Zones that never change their clocks, for systems without zone files: name and minutes east of UTC.
const STEADY: &[(&str, i32)] = &[
    ("africa/nairobi", 180),
    ("africa/lagos", 60),
    ("america/bogota", -300),
    ("america/phoenix", -420),
    ("america/sao_paulo", -180),
    ("asia/bangkok", 420),
    ("asia/dhaka", 360),
    ("asia/ho_chi_minh", 420),
    ("asia/jakarta", 420),
    ("asia/kathmandu", 345),
    ("asia/kolkata", 330),
    ("asia/manila", 480),
    ("asia/phnom_penh", 420),
    ("asia/tokyo", 540),
    ("asia/vientiane", 420),
    ("asia/yangon", 390),
];

/// The offset of a zone at a moment: `+07:00`, `-0730`, `Z`, `UTC`, or a name such as `America/Phoenix`. None when
/// there is no such zone here.
pub fn offset(zone: &str, at_unix_s: i64) -> Option<FixedOffset> {
    let zone = zone.trim();
    if ["z", "utc", "gmt", "etc/utc", "etc/gmt"].contains(&zone.to_lowercase().as_str()) {
        return FixedOffset::east_opt(0);
    }
    numeric(zone).or_else(|| from_file(zone, at_unix_s)).or_else(|| {
        let name = zone.to_lowercase();
        let (_, minutes) = STEADY.iter().find(|(known, _)| *known == name)?;
        FixedOffset::east_opt(minutes * 60)
    })
}

/// A moment as text: with its own offset, or as the clock of a zone shows it. A day alone is its beginning.
pub fn moment(text: &str, zone: Option<&str>) -> Option<DateTime<FixedOffset>> {
    let text = text.trim();
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return match zone {
            None => Some(moment),
            Some(zone) => Some(moment.with_timezone(&offset(zone, moment.timestamp())?)),
        };
    }
    let padded = if text.len() == 10 {
        format!("{text}T00:00:00")
    } else {
        text.to_string()
    };
    let local = NaiveDateTime::parse_from_str(&padded, "%Y-%m-%dT%H:%M:%S%.f")
        .or_else(|_| NaiveDateTime::parse_from_str(&padded, "%Y-%m-%dT%H:%M"))
        .ok()?;
    let offset = offset(zone.unwrap_or("UTC"), local.and_utc().timestamp())?;
    offset.from_local_datetime(&local).single()
}

fn numeric(zone: &str) -> Option<FixedOffset> {
    let sign = match zone.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let digits: String = zone.chars().skip(1).filter(|sign| *sign != ':').collect();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = match digits.len() {
        1 | 2 => (digits.as_str(), "0"),
        4 => digits.split_at_checked(2)?,
        _ => return None,
    };
    let minutes: i32 = minutes.parse().ok().filter(|minutes| *minutes < 60)?;
    let hours: i32 = hours.parse().ok().filter(|hours| *hours <= 14)?;
    FixedOffset::east_opt(sign * (hours * 3600 + minutes * 60))
}

fn from_file(zone: &str, at_unix_s: i64) -> Option<FixedOffset> {
    let is_name = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+'))
    };
    if zone.len() > 64 || !zone.split('/').all(is_name) {
        return None;
    }
    let bytes = std::fs::read(Path::new(FOLDER).join(zone)).ok()?;
    FixedOffset::east_opt(seconds_east(&bytes, at_unix_s)?)
}

/// Seconds east of UTC in a zone file (RFC 9636), version 2 or later, at a moment.
fn seconds_east(bytes: &[u8], at_unix_s: i64) -> Option<i32> {
    let number = |at: usize| {
        let four: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        usize::try_from(u32::from_be_bytes(four)).ok()
    };
    let counts = |header: usize| {
        if bytes.get(header..header + 4)? != b"TZif" {
            return None;
        }
        let of = |index: usize| number(header + 20 + index * 4);
        // UT/local flags, standard/wall flags, leap seconds, transitions, types, name bytes.
        Some([of(0)?, of(1)?, of(2)?, of(3)?, of(4)?, of(5)?])
    };
    let [ut, wall, leaps, transitions, types, names] = counts(0)?;
    let second = 44 + transitions * 5 + types * 6 + names + leaps * 8 + wall + ut;
    let [ut, wall, leaps, transitions, types, names] = counts(second)?;
    let times = second + 44;
    let mut kind = 0;
    let mut is_after_all = true;
    for index in 0..transitions {
        let at = times + index * 8;
        let eight: [u8; 8] = bytes.get(at..at + 8)?.try_into().ok()?;
        if i64::from_be_bytes(eight) > at_unix_s {
            is_after_all = false;
            break;
        }
        kind = usize::from(*bytes.get(times + transitions * 8 + index)?);
    }
    let kinds = times + transitions * 9;
    // After the last transition the rule at the end counts; one without summer time is the last type anyway.
    let rule = kinds + types * 6 + names + leaps * 12 + wall + ut;
    let has_summer_rule = bytes.get(rule..).is_some_and(|rule| rule.contains(&b','));
    if is_after_all && has_summer_rule {
        return None;
    }
    let at = kinds + kind * 6;
    let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(i32::from_be_bytes(four))
}

#[cfg(test)]
mod tests {
    use super::{moment, offset};

    #[test]
    fn zones_are_offsets_or_names() {
        for (zone, seconds) in [
            ("+07:00", Some(25_200)),
            ("-0730", Some(-27_000)),
            ("+7", Some(25_200)),
            ("Z", Some(0)),
            ("GMT", Some(0)),
            ("America/Phoenix", Some(-25_200)),
            ("Asia/Phnom_Penh", Some(25_200)),
            ("Asia/Yangon", Some(23_400)),
            ("../../etc/passwd", None),
            ("Nowhere/Town", None),
            ("+99:00", None),
        ] {
            let found = offset(zone, 1_795_000_000).map(|offset| offset.local_minus_utc());
            assert_eq!(found, seconds, "{zone}");
        }
    }

    #[test]
    fn a_moment_is_shown_by_the_clock_of_its_zone() {
        for (text, zone, expected) in [
            ("2026-11-24T08:30:00Z", None, "2026-11-24T08:30:00+00:00"),
            (
                "2026-11-24T08:30:00Z",
                Some("+07:00"),
                "2026-11-24T15:30:00+07:00",
            ),
            ("2026-11-24T08:30", Some("+07:00"), "2026-11-24T08:30:00+07:00"),
            ("2026-11-24", None, "2026-11-24T00:00:00+00:00"),
        ] {
            assert_eq!(
                moment(text, zone).map(|at| at.to_rfc3339()).as_deref(),
                Some(expected)
            );
        }
        assert_eq!(moment("yesterday", None), None);
    }
}
