//! One answer in bytes: a missing state, or a value with or without its kind.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveTime, Timelike};
use sampan_value::answer::{Answer, Kind, MediaRef, Missing, Value};
use sampan_value::decimal::Decimal;
use sampan_value::geo::Geopoint;

use crate::codec::primitive::{Reader, put_bytes, put_varint, put_zigzag};
use crate::codec::{CodecError, MAX_CHOICES, MAX_POSITIONS, MAX_TEXT_BYTES};

/// Cleared.
const NONE: u8 = 0;
/// A value of the kind that the schema names.
const EXPECTED_KIND: u8 = 5;
/// A value whose kind follows: this plus the kind's number.
const NAMED_KIND: u8 = 16;

/// Writes an answer. `expected` is the kind the schema names for the question.
pub fn put_answer(out: &mut Vec<u8>, answer: Option<&Answer>, expected: Option<Kind>) {
    match answer {
        None => out.push(NONE),
        Some(Answer::Missing(missing)) => out.push(*missing as u8 + 1),
        Some(Answer::Value(value)) => {
            if expected == Some(value.kind()) {
                out.push(EXPECTED_KIND);
            } else {
                out.push(NAMED_KIND + value.kind() as u8);
            }
            put_value(out, value);
        }
    }
}

/// Reads an answer.
pub fn take_answer(reader: &mut Reader<'_>, expected: Option<Kind>) -> Result<Option<Answer>, CodecError> {
    let kind = match reader.byte()? {
        NONE => return Ok(None),
        1 => return Ok(Some(Answer::Missing(Missing::DontKnow))),
        2 => return Ok(Some(Answer::Missing(Missing::Refused))),
        3 => return Ok(Some(Answer::Missing(Missing::NotApplicable))),
        4 => return Ok(Some(Answer::Missing(Missing::Skipped))),
        EXPECTED_KIND => expected.ok_or(CodecError::Invalid {
            what: "an answer without a kind",
        })?,
        tag => tag
            .checked_sub(NAMED_KIND)
            .and_then(kind_of)
            .ok_or(CodecError::Invalid {
                what: "the kind of an answer",
            })?,
    };
    Ok(Some(Answer::Value(take_value(reader, kind)?)))
}

fn kind_of(number: u8) -> Option<Kind> {
    const KINDS: [Kind; 13] = [
        Kind::Text,
        Kind::Integer,
        Kind::Decimal,
        Kind::Date,
        Kind::Time,
        Kind::DateTime,
        Kind::Geopoint,
        Kind::Geotrace,
        Kind::Geoshape,
        Kind::Choice,
        Kind::Choices,
        Kind::Media,
        Kind::Acknowledge,
    ];
    KINDS.get(usize::from(number)).copied()
}

fn put_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Text(text) | Value::Choice(text) => put_bytes(out, text.as_bytes()),
        Value::Integer(number) => put_zigzag(out, *number),
        Value::Decimal(number) => {
            put_zigzag(out, number.mantissa());
            out.push(number.scale());
        }
        Value::Date(date) => put_zigzag(out, i64::from(date.num_days_from_ce())),
        Value::Time(time) => {
            put_varint(out, u64::from(time.num_seconds_from_midnight()));
            put_varint(out, u64::from(time.nanosecond()));
        }
        Value::DateTime(instant) => {
            put_zigzag(out, instant.timestamp());
            put_varint(out, u64::from(instant.timestamp_subsec_nanos()));
            put_zigzag(out, i64::from(instant.offset().local_minus_utc()));
        }
        Value::Geopoint(point) => put_point(out, point),
        Value::Geotrace(points) | Value::Geoshape(points) => {
            put_varint(out, points.len() as u64);
            for point in points {
                put_point(out, point);
            }
        }
        Value::Choices(names) => {
            put_varint(out, names.len() as u64);
            for name in names {
                put_bytes(out, name.as_bytes());
            }
        }
        Value::Media(media) => {
            out.extend_from_slice(&media.hash);
            put_varint(out, media.size_bytes);
            put_bytes(out, media.name.as_bytes());
        }
        Value::Acknowledge => {}
    }
}

fn take_value(reader: &mut Reader<'_>, kind: Kind) -> Result<Value, CodecError> {
    Ok(match kind {
        Kind::Text => Value::Text(reader.text(MAX_TEXT_BYTES, "a text")?.to_owned()),
        Kind::Integer => Value::Integer(reader.zigzag()?),
        Kind::Decimal => {
            let mantissa = reader.zigzag()?;
            let scale = reader.byte()?;
            let number = Decimal::new(mantissa, scale)
                .filter(|number| number.mantissa() == mantissa && number.scale() == scale)
                .ok_or(CodecError::NotCanonical {
                    what: "a decimal number",
                })?;
            Value::Decimal(number)
        }
        Kind::Date => {
            let days = reader.small_zigzag::<i32>("a date")?;
            let date = NaiveDate::from_num_days_from_ce_opt(days);
            Value::Date(date.ok_or(CodecError::Invalid { what: "a date" })?)
        }
        Kind::Time => {
            let seconds = reader.small::<u32>("a time of day")?;
            let nanos = reader.small::<u32>("a time of day")?;
            let time = NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanos);
            Value::Time(time.ok_or(CodecError::Invalid {
                what: "a time of day",
            })?)
        }
        Kind::DateTime => Value::DateTime(take_instant(reader)?),
        Kind::Geopoint => Value::Geopoint(take_point(reader)?),
        Kind::Geotrace => Value::Geotrace(take_points(reader)?),
        Kind::Geoshape => Value::Geoshape(take_points(reader)?),
        Kind::Choice => Value::Choice(reader.text(MAX_TEXT_BYTES, "a choice")?.to_owned()),
        Kind::Choices => {
            let count = reader.count(MAX_CHOICES, "the choices of one answer")?;
            let mut names = Vec::with_capacity(count);
            for _ in 0..count {
                names.push(reader.text(MAX_TEXT_BYTES, "a choice")?.to_owned());
            }
            Value::Choices(names)
        }
        Kind::Media => Value::Media(MediaRef {
            hash: reader.array()?,
            size_bytes: reader.varint()?,
            name: reader.text(MAX_TEXT_BYTES, "a file name")?.to_owned(),
        }),
        Kind::Acknowledge => Value::Acknowledge,
    })
}

fn take_instant(reader: &mut Reader<'_>) -> Result<DateTime<FixedOffset>, CodecError> {
    let invalid = CodecError::Invalid { what: "an instant" };
    let seconds = reader.zigzag()?;
    let nanos = reader.small::<u32>("an instant")?;
    let offset = FixedOffset::east_opt(reader.small_zigzag::<i32>("an instant")?).ok_or(invalid.clone())?;
    let instant = DateTime::from_timestamp(seconds, nanos).ok_or(invalid.clone())?;
    // An instant at the edge of the calendar has no local time, and asking for it later would panic.
    instant.naive_utc().checked_add_offset(offset).ok_or(invalid)?;
    Ok(instant.with_timezone(&offset))
}

fn put_point(out: &mut Vec<u8>, point: &Geopoint) {
    out.push(u8::from(point.altitude_mm.is_some()) | u8::from(point.accuracy_mm.is_some()) << 1);
    put_zigzag(out, i64::from(point.lat_e7));
    put_zigzag(out, i64::from(point.lon_e7));
    if let Some(altitude_mm) = point.altitude_mm {
        put_zigzag(out, i64::from(altitude_mm));
    }
    if let Some(accuracy_mm) = point.accuracy_mm {
        put_varint(out, u64::from(accuracy_mm));
    }
}

fn take_point(reader: &mut Reader<'_>) -> Result<Geopoint, CodecError> {
    let flags = reader.byte()?;
    if flags > 3 {
        return Err(CodecError::Invalid { what: "a position" });
    }
    let lat_e7 = reader.small_zigzag::<i32>("a latitude")?;
    let lon_e7 = reader.small_zigzag::<i32>("a longitude")?;
    if !(-900_000_000..=900_000_000).contains(&lat_e7) || !(-1_800_000_000..=1_800_000_000).contains(&lon_e7)
    {
        return Err(CodecError::Invalid { what: "a position" });
    }
    let altitude_mm = if flags & 1 == 0 {
        None
    } else {
        Some(reader.small_zigzag("an altitude")?)
    };
    let accuracy_mm = if flags & 2 == 0 {
        None
    } else {
        Some(reader.small("an accuracy")?)
    };
    Ok(Geopoint {
        lat_e7,
        lon_e7,
        altitude_mm,
        accuracy_mm,
    })
}

fn take_points(reader: &mut Reader<'_>) -> Result<Vec<Geopoint>, CodecError> {
    let count = reader.count(MAX_POSITIONS, "a line or area")?;
    let mut points = Vec::with_capacity(count);
    for _ in 0..count {
        points.push(take_point(reader)?);
    }
    Ok(points)
}
