//! ODK text form of values, in and out.

use std::borrow::Cow;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};

use crate::answer::{Kind, Value};
use crate::decimal::{Decimal, DecimalError};
use crate::geo::Geopoint;

/// Why a text is no value of a kind. The messages never repeat the text: it is somebody's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// Nothing was written; an empty text is no answer.
    #[error("is empty; write something, or leave the question unanswered")]
    Empty,
    /// A control character other than line feed and tab.
    #[error("holds an invisible control character; remove it")]
    ControlCharacter,
    /// The text does not have the form that the kind asks for.
    #[error("is not {expected}")]
    Malformed {
        /// What the kind wants, with an example.
        expected: &'static str,
    },
    /// Not a number, or one that cannot be kept exactly.
    #[error(transparent)]
    Number(#[from] DecimalError),
    /// Of the right form, but no such thing exists.
    #[error("is out of range: {expected}")]
    OutOfRange {
        /// What is possible.
        expected: &'static str,
    },
    /// A file cannot be given as text.
    #[error("is a file; attach the file itself")]
    NeedsFile,
}

const INTEGER: &str = "a whole number, such as 12";
const DATE: &str = "a date, such as 2026-11-24";
const TIME: &str = "a time, such as 14:30";
const DATE_TIME: &str = "a date and time with its offset, such as 2026-11-24T14:30:00.000+07:00";
const GEOPOINT: &str =
    "a position, such as 11.5563740 104.9282070 12.0 4.5 (latitude, longitude, altitude, accuracy)";

/// Reads a value of a kind from its ODK text form.
///
/// Numbers, dates, times and positions may be written with Khmer, Burmese, Shan or Thai digits; free text and choice
/// names are taken as they are. Media have no text form that a value could be read from.
pub fn parse_value(text: &str, kind: Kind) -> Result<Value, ValueError> {
    if text.is_empty() {
        return Err(ValueError::Empty);
    }
    if text
        .chars()
        .any(|letter| letter.is_control() && letter != '\n' && letter != '\t')
    {
        return Err(ValueError::ControlCharacter);
    }
    if kind == Kind::Text {
        return Ok(Value::Text(text.to_owned()));
    }
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(ValueError::Empty);
    }
    let folded = fold_digits(trimmed);
    match kind {
        Kind::Text => Ok(Value::Text(text.to_owned())),
        Kind::Integer => parse_integer(&folded).map(Value::Integer),
        Kind::Decimal => Ok(Value::Decimal(Decimal::parse(&folded)?)),
        Kind::Date => parse_day(&folded).map(Value::Date),
        Kind::Time => parse_time(&folded).map(Value::Time),
        Kind::DateTime => parse_date_time(&folded).map(Value::DateTime),
        Kind::Geopoint => parse_geopoint(&folded).map(Value::Geopoint),
        Kind::Geotrace => parse_line(&folded).map(Value::Geotrace),
        Kind::Geoshape => parse_line(&folded).map(Value::Geoshape),
        Kind::Choice => Ok(Value::Choice(trimmed.to_owned())),
        Kind::Choices => Ok(Value::Choices(parse_choices(trimmed))),
        Kind::Media => Err(ValueError::NeedsFile),
        Kind::Acknowledge if trimmed.eq_ignore_ascii_case("ok") => Ok(Value::Acknowledge),
        Kind::Acknowledge => Err(ValueError::Malformed { expected: "OK" }),
    }
}

/// Writes a value in its ODK text form. Of media it is the file name, of an acknowledgement `OK`.
pub fn to_odk_text(value: &Value) -> String {
    match value {
        Value::Text(text) | Value::Choice(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Decimal(number) => number.to_string(),
        Value::Date(day) => date_text(*day),
        Value::Time(time) => time_text(*time),
        Value::DateTime(moment) => date_time_text(moment),
        Value::Geopoint(point) => geopoint_text(point),
        Value::Geotrace(points) | Value::Geoshape(points) => {
            let points: Vec<String> = points.iter().map(geopoint_text).collect();
            points.join("; ")
        }
        Value::Choices(names) => names.join(" "),
        Value::Media(media) => media.name.clone(),
        Value::Acknowledge => "OK".to_owned(),
    }
}

/// Turns Khmer, Burmese, Shan and Thai digits into 0 to 9 and leaves everything else alone.
pub fn fold_digits(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || text.chars().all(|letter| folded_digit(letter).is_none()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.chars()
            .map(|letter| folded_digit(letter).unwrap_or(letter))
            .collect(),
    )
}

/// Reads a calendar day, `2026-11-24`; years 1 to 9999.
pub fn parse_date(text: &str) -> Result<NaiveDate, ValueError> {
    let malformed = ValueError::Malformed { expected: DATE };
    let mut parts = text.split('-');
    let (Some(year), Some(month), Some(day), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(malformed);
    };
    let year = fixed_digits(year, 4, 4).ok_or(malformed)?;
    let month = fixed_digits(month, 1, 2).ok_or(malformed)?;
    let day = fixed_digits(day, 1, 2).ok_or(malformed)?;
    let year = i32::try_from(year).map_err(|_| malformed)?;
    NaiveDate::from_ymd_opt(year, month, day)
        .filter(|_| year >= 1)
        .ok_or(ValueError::OutOfRange {
            expected: "there is no such day in the calendar",
        })
}

/// A calendar day, or that of a moment (which `now()` and others give where a day is wanted).
fn parse_day(text: &str) -> Result<NaiveDate, ValueError> {
    match text.split_once('T') {
        Some((day, _)) if parse_local_date_time(text).is_ok() => parse_date(day),
        Some(_) | None => parse_date(text),
    }
}

/// Writes a calendar day, `2026-11-24`.
pub fn date_text(day: NaiveDate) -> String {
    format!("{:04}-{:02}-{:02}", day.year(), day.month(), day.day())
}

/// Reads a time of day, `14:30`, `14:30:05` or `14:30:05.123`; an offset after it is left out.
pub fn parse_time(text: &str) -> Result<NaiveTime, ValueError> {
    let (clock, _) = split_offset(text).ok_or(ValueError::Malformed { expected: TIME })?;
    parse_clock(clock)
}

/// Writes a time of day with milliseconds (more digits only where it has them), `14:30:05.123`.
pub fn time_text(time: NaiveTime) -> String {
    let nanos = time.nanosecond() % 1_000_000_000;
    let clock = format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second());
    if nanos.is_multiple_of(1_000_000) {
        return format!("{clock}.{:03}", nanos / 1_000_000);
    }
    let fraction = format!("{nanos:09}");
    format!("{clock}.{}", fraction.trim_end_matches('0'))
}

/// Reads an instant with its offset, `2026-11-24T14:30:00.000+07:00` (or `Z`).
pub fn parse_date_time(text: &str) -> Result<DateTime<FixedOffset>, ValueError> {
    let malformed = ValueError::Malformed { expected: DATE_TIME };
    let (naive, offset) = parse_local_date_time(text)?;
    at_offset(naive, offset.ok_or(malformed)?)
}

/// Reads a date and time whose offset may be left out (None then).
pub fn parse_local_date_time(text: &str) -> Result<(NaiveDateTime, Option<FixedOffset>), ValueError> {
    let malformed = ValueError::Malformed { expected: DATE_TIME };
    let (day, rest) = text.split_once(['T', 't']).ok_or(malformed)?;
    let (clock, offset) = split_offset(rest).ok_or(malformed)?;
    Ok((parse_date(day)?.and_time(parse_clock(clock)?), offset))
}

/// The instant that a local date and time is at an offset; refuses instants at the ends of the calendar.
pub fn at_offset(local: NaiveDateTime, offset: FixedOffset) -> Result<DateTime<FixedOffset>, ValueError> {
    local
        .checked_sub_signed(TimeDelta::seconds(i64::from(offset.local_minus_utc())))
        .map(|utc| DateTime::from_naive_utc_and_offset(utc, offset))
        .ok_or(ValueError::OutOfRange {
            expected: "the years 1 to 9999",
        })
}

/// Writes an instant in its own offset with milliseconds, `2026-11-24T14:30:00.000+07:00`.
pub fn date_time_text(moment: &DateTime<FixedOffset>) -> String {
    let local = moment.naive_local();
    let minutes = moment.offset().local_minus_utc() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.abs();
    format!(
        "{}T{}{sign}{:02}:{:02}",
        date_text(local.date()),
        time_text(local.time()),
        minutes / 60,
        minutes % 60
    )
}

/// Reads a position: latitude, longitude, then altitude and accuracy in metres where known.
///
/// A plain `0` for altitude or accuracy means "not given", as ODK clients write it; a measured zero is `0.0`.
/// Digits beyond 1e-7 degrees and millimetres are rounded off.
pub fn parse_geopoint(text: &str) -> Result<Geopoint, ValueError> {
    let malformed = ValueError::Malformed { expected: GEOPOINT };
    let mut parts = text.split_ascii_whitespace();
    let lat = fixed_point(parts.next().ok_or(malformed)?, 7).ok_or(malformed)?;
    let lon = fixed_point(parts.next().ok_or(malformed)?, 7).ok_or(malformed)?;
    let optional = |part: Option<&str>| match part {
        None | Some("0") => Ok(None),
        Some(part) => fixed_point(part, 3).map(Some).ok_or(malformed),
    };
    let altitude = optional(parts.next())?;
    let accuracy = optional(parts.next())?;
    if parts.next().is_some() {
        return Err(malformed);
    }
    if lat.abs() > 900_000_000 || lon.abs() > 1_800_000_000 {
        return Err(ValueError::OutOfRange {
            expected: "latitude is -90 to 90 and comes first, longitude is -180 to 180",
        });
    }
    let out_of_range = ValueError::OutOfRange {
        expected: "altitude and accuracy are metres",
    };
    Ok(Geopoint {
        lat_e7: i32::try_from(lat).map_err(|_| out_of_range)?,
        lon_e7: i32::try_from(lon).map_err(|_| out_of_range)?,
        altitude_mm: altitude
            .map(i32::try_from)
            .transpose()
            .map_err(|_| out_of_range)?,
        accuracy_mm: accuracy
            .map(u32::try_from)
            .transpose()
            .map_err(|_| out_of_range)?,
    })
}

/// Writes a position as four numbers, `11.5563740 104.9282070 12.0 0`; see [`parse_geopoint`] for the zeros.
pub fn geopoint_text(point: &Geopoint) -> String {
    let optional = |millimetres: Option<i64>| match millimetres {
        None => "0".to_owned(),
        Some(mm) if mm % 100 == 0 => fixed_text(mm / 100, 1),
        Some(mm) => fixed_text(mm, 3).trim_end_matches('0').to_owned(),
    };
    format!(
        "{} {} {} {}",
        fixed_text(i64::from(point.lat_e7), 7),
        fixed_text(i64::from(point.lon_e7), 7),
        optional(point.altitude_mm.map(i64::from)),
        optional(point.accuracy_mm.map(i64::from))
    )
}

fn folded_digit(letter: char) -> Option<char> {
    let zero = match letter {
        '\u{17E0}'..='\u{17E9}' => 0x17E0,
        '\u{1040}'..='\u{1049}' => 0x1040,
        '\u{1090}'..='\u{1099}' => 0x1090,
        '\u{0E50}'..='\u{0E59}' => 0x0E50,
        _ => return None,
    };
    char::from_digit(u32::from(letter) - zero, 10)
}

fn parse_integer(text: &str) -> Result<i64, ValueError> {
    let number = Decimal::parse(text)?;
    if number.scale() != 0 {
        return Err(ValueError::Malformed { expected: INTEGER });
    }
    Ok(number.mantissa())
}

fn parse_line(text: &str) -> Result<Vec<Geopoint>, ValueError> {
    let text = text.trim_end().trim_end_matches(';');
    text.split(';')
        .map(|point| parse_geopoint(point.trim()))
        .collect()
}

fn parse_choices(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in text.split_whitespace() {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

fn parse_clock(text: &str) -> Result<NaiveTime, ValueError> {
    let malformed = ValueError::Malformed { expected: TIME };
    let mut parts = text.split(':');
    let hour = fixed_digits(parts.next().unwrap_or(""), 1, 2).ok_or(malformed)?;
    let minute = fixed_digits(parts.next().ok_or(malformed)?, 2, 2).ok_or(malformed)?;
    let seconds = parts.next().unwrap_or("00");
    if parts.next().is_some() {
        return Err(malformed);
    }
    let (second, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let second = fixed_digits(second, 2, 2).ok_or(malformed)?;
    let digits = fixed_digits(fraction, 1, 9).ok_or(malformed)?;
    let missing_places = 9u32.saturating_sub(u32::try_from(fraction.len()).unwrap_or(9));
    let nanos = digits.saturating_mul(10u32.pow(missing_places));
    NaiveTime::from_hms_nano_opt(hour, minute, second, nanos).ok_or(ValueError::OutOfRange {
        expected: "there is no such time of day",
    })
}

/// Splits `14:30:00+07:00` into clock and offset; None if the offset is malformed.
fn split_offset(text: &str) -> Option<(&str, Option<FixedOffset>)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock, FixedOffset::east_opt(0)));
    }
    let Some(at) = text.rfind(['+', '-']) else {
        return Some((text, None));
    };
    let (clock, offset) = text.split_at_checked(at)?;
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let offset = offset.get(1..)?;
    let (hours, minutes) = match offset.split_once(':') {
        Some(parts) => parts,
        None if offset.len() == 4 => offset.split_at_checked(2)?,
        None => (offset, "00"),
    };
    let hours = i32::try_from(fixed_digits(hours, 1, 2)?).ok()?;
    let minutes = i32::try_from(fixed_digits(minutes, 2, 2)?).ok()?;
    if minutes > 59 {
        return None;
    }
    Some((
        clock,
        Some(FixedOffset::east_opt(sign * (hours * 3600 + minutes * 60))?),
    ))
}

/// A number of `min` to `max` (at most 9) ASCII digits and nothing else.
fn fixed_digits(text: &str, min: usize, max: usize) -> Option<u32> {
    let right_length = (min..=max).contains(&text.len());
    let only_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if right_length && only_digits {
        text.parse().ok()
    } else {
        None
    }
}

/// A decimal text in units of `10^-places`, rounded half away from zero; None if malformed or beyond i64.
fn fixed_point(text: &str, places: usize) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    if !whole
        .bytes()
        .chain(fraction.bytes())
        .all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let mut number: i64 = 0;
    let padded = fraction.bytes().chain(std::iter::repeat(b'0')).take(places);
    for byte in whole.bytes().chain(padded) {
        number = number.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
    }
    if fraction
        .as_bytes()
        .get(places)
        .copied()
        .is_some_and(|byte| byte >= b'5')
    {
        number = number.checked_add(1)?;
    }
    Some(if negative { -number } else { number })
}

/// The text of a number in units of `10^-places`, with all its places.
fn fixed_text(number: i64, places: usize) -> String {
    let unit = 10u64.saturating_pow(u32::try_from(places).unwrap_or(u32::MAX));
    let sign = if number < 0 { "-" } else { "" };
    let digits = number.unsigned_abs();
    format!("{sign}{}.{:0places$}", digits / unit, digits % unit)
}

#[cfg(test)]
mod tests;
