//! Days and moments as numbers and text.

use chrono::{
    DateTime, Datelike, FixedOffset, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike,
};
use sampan_value::text::{at_offset, parse_date, parse_local_date_time, parse_time};

const MS_PER_DAY: f64 = 86_400_000.0;

/// What a text says about time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Instant {
    /// A calendar day without time or zone.
    Day(NaiveDate),
    /// A moment with its offset.
    Moment(DateTime<FixedOffset>),
}

/// Reads a date, or a date and time; one without an offset is meant in the offset `local`.
pub fn parse(text: &str, local: FixedOffset) -> Option<Instant> {
    let text = text.trim();
    if !looks_like_date(text) {
        return None;
    }
    if !text.contains(['T', 't']) {
        return parse_date(text).ok().map(Instant::Day);
    }
    let (naive, offset) = parse_local_date_time(text).ok()?;
    at_offset(naive, offset.unwrap_or(local))
        .ok()
        .map(Instant::Moment)
}

/// Whether a text could be a date; cheap, for texts that are mostly something else.
pub fn looks_like_date(text: &str) -> bool {
    text.len() >= 8
        && text.as_bytes().get(4) == Some(&b'-')
        && text.bytes().take(4).all(|byte| byte.is_ascii_digit())
}

/// A day as the number of days since 1970-01-01.
pub fn day_number(day: NaiveDate) -> f64 {
    day.signed_duration_since(NaiveDate::default()).num_days() as f64
}

/// The number of an [`Instant`]: a day is whole (no zone plays a part), a moment is exact.
pub fn number(instant: Instant) -> f64 {
    match instant {
        Instant::Day(day) => day_number(day),
        Instant::Moment(moment) => moment.timestamp_millis() as f64 / MS_PER_DAY,
    }
}

/// How many months lie wholly between two days; negative when the second is the earlier one.
pub fn whole_months(from: NaiveDate, to: NaiveDate) -> f64 {
    let (from, to, sign) = if from <= to {
        (from, to, 1.0)
    } else {
        (to, from, -1.0)
    };
    let months = |day: NaiveDate| f64::from(day.year()) * 12.0 + f64::from(day.month0());
    let begun = months(to) - months(from);
    sign * if to.day() < from.day() { begun - 1.0 } else { begun }
}

/// A day moved by whole months and days; the last day of a month where the new one is shorter. None out of the calendar
/// or for what are no numbers.
pub fn moved(day: NaiveDate, months: f64, days: f64) -> Option<NaiveDate> {
    const LIMIT: f64 = 4_000_000.0;
    if !(months.abs() < LIMIT && days.abs() < LIMIT) {
        return None;
    }
    let n_months = Months::new(months.abs().trunc() as u32);
    let day = match months < 0.0 {
        true => day.checked_sub_months(n_months)?,
        false => day.checked_add_months(n_months)?,
    };
    let day = day.checked_add_signed(TimeDelta::days(days.trunc() as i64))?;
    (1..=9999).contains(&day.year()).then_some(day)
}

/// The day that is so many days after 1970-01-01; None out of the calendar.
pub fn day_from_number(days: f64) -> Option<NaiveDate> {
    if !days.is_finite() || days.abs() > 4_000_000.0 {
        return None;
    }
    let day = NaiveDate::default().checked_add_signed(TimeDelta::days(days.floor() as i64))?;
    (1..=9999).contains(&day.year()).then_some(day)
}

/// The moment that is so many days after the beginning of 1970 (UTC), in an offset; None out of the calendar.
pub fn moment_from_number(days: f64, offset: FixedOffset) -> Option<DateTime<FixedOffset>> {
    day_from_number(days)?;
    let utc = DateTime::from_timestamp_millis((days * MS_PER_DAY).round() as i64)?;
    Some(utc.with_timezone(&offset))
}

/// The exact number of an [`Instant`], in days since the beginning of 1970 (UTC): a day begins at its midnight in an
/// offset.
pub fn exact_number(instant: Instant, local: FixedOffset) -> f64 {
    match instant {
        Instant::Day(day) => day_number(day) - f64::from(local.local_minus_utc()) / 86_400.0,
        Instant::Moment(_) => number(instant),
    }
}

/// The part of the day that a time of day is (`06:00` is 0.25), as the clock shows it in the offset `local`; None if
/// the text is no time.
pub fn time_fraction(text: &str, local: FixedOffset) -> Option<f64> {
    let clock = text.trim();
    let clock = clock.split_once(['T', 't']).map_or(clock, |(_, clock)| clock);
    let time = parse_time(clock).ok()?;
    let seconds = f64::from(time.num_seconds_from_midnight()) + f64::from(time.nanosecond()) / 1e9;
    let shift = match offset_seconds(clock) {
        Some(written) => local.local_minus_utc() - written,
        None => 0,
    };
    Some((seconds + f64::from(shift)).rem_euclid(86_400.0) / 86_400.0)
}

/// The part of the day of a moment, as the clock shows it in an offset.
pub fn day_fraction(moment: NaiveDateTime) -> f64 {
    let clock = moment.time();
    (f64::from(clock.num_seconds_from_midnight()) + f64::from(clock.nanosecond()) / 1e9) / 86_400.0
}

/// The offset that a time of day ends with, in seconds east; None if it names none.
fn offset_seconds(clock: &str) -> Option<i32> {
    if clock.ends_with(['Z', 'z']) {
        return Some(0);
    }
    let at = clock.rfind(['+', '-'])?;
    let sign = if clock.get(at..)?.starts_with('-') { -1 } else { 1 };
    let digits: String = clock
        .get(at + 1..)?
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    let hours: i32 = digits.get(..2)?.parse().ok()?;
    let minutes: i32 = digits.get(2..4).unwrap_or("00").parse().ok()?;
    Some(sign * (hours * 3600 + minutes * 60))
}

/// Day and clock of an instant as they read in an offset.
pub fn wall_clock(instant: Instant, local: FixedOffset) -> NaiveDateTime {
    match instant {
        Instant::Day(day) => day.and_time(NaiveTime::MIN),
        Instant::Moment(moment) => moment.with_timezone(&local).naive_local(),
    }
}

/// Names of months and days in the language of the form, short as `%b` and `%a` write them.
pub trait CalendarNames {
    /// The name of a month, from 1; None = English.
    fn month(&self, month: u32) -> Option<String>;
    /// The name of a day of the week, Sunday = 0; None = English.
    fn day(&self, day: u32) -> Option<String>;
}

/// English names.
pub struct English;

impl CalendarNames for English {
    fn month(&self, _: u32) -> Option<String> {
        None
    }
    fn day(&self, _: u32) -> Option<String> {
        None
    }
}

/// Writes a date and time by a pattern: `%Y %y %m %n %b %d %e %a %W %H %h %M %S %3 %%`. Other signs stay as they are.
pub fn format(moment: NaiveDateTime, pattern: &str, names: &dyn CalendarNames) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut signs = pattern.chars();
    while let Some(sign) = signs.next() {
        if sign != '%' {
            out.push(sign);
            continue;
        }
        let part = match signs.next() {
            Some('Y') => format!("{:04}", moment.year()),
            Some('y') => format!("{:02}", moment.year().rem_euclid(100)),
            Some('m') => format!("{:02}", moment.month()),
            Some('n') => moment.month().to_string(),
            Some('b') => names
                .month(moment.month())
                .unwrap_or_else(|| english_month(moment.month0()).to_owned()),
            Some('d') => format!("{:02}", moment.day()),
            Some('e') => moment.day().to_string(),
            Some('a') => {
                let day = moment.weekday().num_days_from_sunday();
                names.day(day).unwrap_or_else(|| english_day(day).to_owned())
            }
            Some('W') => moment.iso_week().week().to_string(),
            Some('H') => format!("{:02}", moment.hour()),
            Some('h') => moment.hour().to_string(),
            Some('M') => format!("{:02}", moment.minute()),
            Some('S') => format!("{:02}", moment.second()),
            Some('3') => format!("{:03}", moment.nanosecond() / 1_000_000 % 1000),
            Some('%') => "%".to_owned(),
            Some(other) => format!("%{other}"),
            None => "%".to_owned(),
        };
        out.push_str(&part);
    }
    out
}

fn english_month(month0: u32) -> &'static str {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    MONTHS.get(month0 as usize).copied().unwrap_or("")
}

fn english_day(day: u32) -> &'static str {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    DAYS.get(day as usize).copied().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::{
        CalendarNames, English, Instant, day_from_number, exact_number, format, moment_from_number, number,
        parse, time_fraction, wall_clock,
    };
    use chrono::FixedOffset;

    fn local() -> FixedOffset {
        FixedOffset::east_opt(7 * 3600).unwrap()
    }

    #[test]
    fn days_are_whole_numbers_and_moments_exact() {
        for (text, expected) in [
            ("1970-01-01", 0.0),
            ("2021-11-30", 18961.0),
            ("1969-12-31", -1.0),
            ("1970-01-01T07:00:00.000+07:00", 0.0),
            ("1970-01-01T19:00:00", 0.5),
        ] {
            assert_eq!(parse(text, local()).map(number), Some(expected), "{text}");
        }
        for text in [
            "",
            "2021",
            "12345678",
            "2021-13-01",
            "2021-11-30x",
            "2021-11-30T25:00",
        ] {
            assert_eq!(parse(text, local()), None, "{text}");
        }
    }

    #[test]
    fn numbers_become_days_within_the_calendar() {
        assert_eq!(day_from_number(18961.9).unwrap().to_string(), "2021-11-30");
        assert_eq!(day_from_number(-0.5).unwrap().to_string(), "1969-12-31");
        for days in [f64::NAN, f64::INFINITY, 1e9, -1e9, 3_999_999.0] {
            assert_eq!(day_from_number(days), None);
            assert_eq!(moment_from_number(days, local()), None);
        }
    }

    #[test]
    fn patterns_are_those_of_odk() {
        let Some(instant) = parse("2026-03-05T04:07:09.042+07:00", local()) else {
            panic!()
        };
        let clock = wall_clock(instant, local());
        for (pattern, text) in [
            ("%Y-%m-%d", "2026-03-05"),
            ("%e/%n/%y %a %b", "5/3/26 Thu Mar"),
            ("%H:%M:%S.%3 %h", "04:07:09.042 4"),
            ("%q 100%% %", "%q 100% %"),
        ] {
            assert_eq!(format(clock, pattern, &English), text);
        }
        let utc = FixedOffset::east_opt(0).unwrap();
        assert_eq!(format(wall_clock(instant, utc), "%d %H", &English), "04 21");
        assert!(matches!(parse("2026-03-05", utc), Some(Instant::Day(_))));
    }

    #[test]
    fn names_are_those_of_the_language() {
        struct Khmer;
        impl CalendarNames for Khmer {
            fn month(&self, month: u32) -> Option<String> {
                (month == 3).then(|| "មីនា".to_owned())
            }
            fn day(&self, _: u32) -> Option<String> {
                None
            }
        }
        let Some(instant) = parse("2026-03-05", local()) else {
            panic!()
        };
        let clock = wall_clock(instant, local());
        assert_eq!(format(clock, "%a %e %b, %W", &Khmer), "Thu 5 មីនា, 10");
    }

    #[test]
    fn a_time_is_a_part_of_the_day() {
        for (text, part) in [
            ("06:00", Some(0.25)),
            ("06:00:00.000+07:00", Some(0.25)),
            ("06:00:00.000+01:00", Some(0.5)),
            ("23:00Z", Some(0.25)),
            ("2026-01-01T18:00", Some(0.75)),
            ("noon", None),
        ] {
            assert_eq!(time_fraction(text, local()), part, "{text}");
        }
    }

    #[test]
    fn a_day_begins_at_its_midnight() {
        let Some(day) = parse("1970-01-02", local()) else {
            panic!()
        };
        assert_eq!(exact_number(day, local()), 1.0 - 7.0 / 24.0);
        assert_eq!(
            exact_number(Instant::Moment(chrono::DateTime::default()), local()),
            0.0
        );
    }
}
