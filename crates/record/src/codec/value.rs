//! One answer in bytes: a missing state, or a value with or without its kind.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveTime, Timelike};
use sampan_value::answer::{Answer, Kind, MediaRef, Missing, Value};
use sampan_value::decimal::Decimal;
use sampan_value::geo::Geopoint;

use crate::codec::primitive::{Reader, put_bytes, put_varint, put_zigzag};
use crate::codec::{CodecError, MAX_CHOICES, MAX_POSITIONS, MAX_TEXT_BYTES};
use crate::schema::Schema;

/// Cleared.
const NONE: u8 = 0;
/// A value of the kind that the schema names.
const EXPECTED_KIND: u8 = 5;
/// Choices of the kind that the schema names, each as its number there.
const NUMBERED_CHOICES: u8 = 6;
/// A value whose kind follows: this plus the kind's number.
const NAMED_KIND: u8 = 16;

/// A question as a schema knows it.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// Its number.
    pub id: u32,
    /// Whose number.
    pub schema: &'a dyn Schema,
}

impl Known<'_> {
    fn kind(&self) -> Option<Kind> {
        self.schema.kind(self.id)
    }

    /// The numbers of the choices in a value; None for what is no choice, or when one has no number that leads back.
    fn numbers(&self, value: &Value) -> Option<Vec<u32>> {
        let names = match value {
            Value::Choice(name) => std::slice::from_ref(name),
            Value::Choices(names) if !names.is_empty() => names.as_slice(),
            Value::Choices(_)
            | Value::Text(_)
            | Value::Integer(_)
            | Value::Decimal(_)
            | Value::Date(_)
            | Value::Time(_)
            | Value::DateTime(_)
            | Value::Geopoint(_)
            | Value::Geotrace(_)
            | Value::Geoshape(_)
            | Value::Media(_)
            | Value::Acknowledge => return None,
        };
        names
            .iter()
            .map(|name| {
                let number = self.schema.choice_number(self.id, name)?;
                (self.schema.choice_name(self.id, number)? == *name).then_some(number)
            })
            .collect()
    }

    fn choice(&self, reader: &mut Reader<'_>) -> Result<String, CodecError> {
        let number = reader.small::<u32>("a choice's number")?;
        self.schema
            .choice_name(self.id, number)
            .ok_or(CodecError::Invalid {
                what: "a choice's number",
            })
    }
}

/// Writes an answer. `at` is its question, None where no schema knows it.
pub fn put_answer(out: &mut Vec<u8>, answer: Option<&Answer>, at: Option<Known<'_>>) {
    match answer {
        None => out.push(NONE),
        Some(Answer::Missing(missing)) => out.push(*missing as u8 + 1),
        Some(Answer::Value(value)) => {
            let is_expected = at.and_then(|at| at.kind()) == Some(value.kind());
            let numbers = at.filter(|_| is_expected).and_then(|at| at.numbers(value));
            if let Some(numbers) = numbers {
                out.push(NUMBERED_CHOICES);
                if value.kind() == Kind::Choices {
                    put_varint(out, numbers.len() as u64);
                }
                for number in numbers {
                    put_varint(out, u64::from(number));
                }
                return;
            }
            if is_expected {
                out.push(EXPECTED_KIND);
            } else {
                out.push(NAMED_KIND + value.kind() as u8);
            }
            put_value(out, value);
        }
    }
}

/// Reads an answer.
pub fn take_answer(reader: &mut Reader<'_>, at: Option<Known<'_>>) -> Result<Option<Answer>, CodecError> {
    let expected = at.and_then(|at| at.kind());
    let kind = match reader.byte()? {
        NONE => return Ok(None),
        1 => return Ok(Some(Answer::Missing(Missing::DontKnow))),
        2 => return Ok(Some(Answer::Missing(Missing::Refused))),
        3 => return Ok(Some(Answer::Missing(Missing::NotApplicable))),
        4 => return Ok(Some(Answer::Missing(Missing::Skipped))),
        EXPECTED_KIND => expected.ok_or(CodecError::Invalid {
            what: "an answer without a kind",
        })?,
        NUMBERED_CHOICES => {
            let value = at.map(|at| take_numbered(reader, at)).transpose()?.flatten();
            return value
                .map(|value| Some(Answer::Value(value)))
                .ok_or(CodecError::Invalid {
                    what: "an answer with a choice's number",
                });
        }
        tag => tag
            .checked_sub(NAMED_KIND)
            .and_then(kind_of)
            .ok_or(CodecError::Invalid {
                what: "the kind of an answer",
            })?,
    };
    Ok(Some(Answer::Value(take_value(reader, kind)?)))
}

/// Choices by number; None where the question takes no choices.
fn take_numbered(reader: &mut Reader<'_>, at: Known<'_>) -> Result<Option<Value>, CodecError> {
    match at.kind() {
        Some(Kind::Choice) => Ok(Some(Value::Choice(at.choice(reader)?))),
        Some(Kind::Choices) => {
            let count = reader.count(MAX_CHOICES, "the choices of one answer")?;
            let names: Result<Vec<String>, CodecError> = (0..count).map(|_| at.choice(reader)).collect();
            Ok(Some(Value::Choices(names?)))
        }
        Some(
            Kind::Text
            | Kind::Integer
            | Kind::Decimal
            | Kind::Date
            | Kind::Time
            | Kind::DateTime
            | Kind::Geopoint
            | Kind::Geotrace
            | Kind::Geoshape
            | Kind::Media
            | Kind::Acknowledge,
        )
        | None => Ok(None),
    }
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
