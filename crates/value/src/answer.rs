//! What stands at a question: a value of some kind, or the reason why there is none.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};

use crate::decimal::Decimal;
use crate::geo::Geopoint;

/// The data type of a question. The discriminants are part of the stored and sent format: never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Kind {
    /// Free text, any script.
    Text = 0,
    /// A whole number, 64 bit signed.
    Integer = 1,
    /// An exact decimal number.
    Decimal = 2,
    /// A calendar day, Gregorian.
    Date = 3,
    /// A time of day.
    Time = 4,
    /// An instant with the offset it was written in.
    DateTime = 5,
    /// One position.
    Geopoint = 6,
    /// An open line of positions.
    Geotrace = 7,
    /// A closed line of positions.
    Geoshape = 8,
    /// One choice name.
    Choice = 9,
    /// Several choice names, in the order they were ticked.
    Choices = 10,
    /// A file, by its content hash.
    Media = 11,
    /// A tick that says "seen".
    Acknowledge = 12,
}

/// One value. Equality is exact: two decimals are equal when they are the same number.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// See [`Kind::Text`]; never empty (an empty text is no answer).
    Text(String),
    /// See [`Kind::Integer`].
    Integer(i64),
    /// See [`Kind::Decimal`].
    Decimal(Decimal),
    /// See [`Kind::Date`].
    Date(NaiveDate),
    /// See [`Kind::Time`].
    Time(NaiveTime),
    /// See [`Kind::DateTime`].
    DateTime(DateTime<FixedOffset>),
    /// See [`Kind::Geopoint`].
    Geopoint(Geopoint),
    /// See [`Kind::Geotrace`].
    Geotrace(Vec<Geopoint>),
    /// See [`Kind::Geoshape`].
    Geoshape(Vec<Geopoint>),
    /// See [`Kind::Choice`].
    Choice(String),
    /// See [`Kind::Choices`]; never empty.
    Choices(Vec<String>),
    /// See [`Kind::Media`].
    Media(MediaRef),
    /// See [`Kind::Acknowledge`].
    Acknowledge,
}

/// A file that belongs to an answer: its bytes travel apart from the answers, named by their hash.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MediaRef {
    /// BLAKE3 of the file's bytes.
    pub hash: [u8; 32],
    /// Length of the file in bytes.
    pub size_bytes: u64,
    /// The name a person sees; data only, never a path.
    pub name: String,
}

/// Why a question has no value. A state beside the values, never a number among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Missing {
    /// The respondent does not know (-88 in forms and on export).
    DontKnow = 0,
    /// The respondent does not want to say (-99 in forms and on export).
    Refused = 1,
    /// The question does not fit this respondent (-77 on export).
    NotApplicable = 2,
    /// The enumerator passed the question by (-66 on export).
    Skipped = 3,
}

/// What stands at a question that has been touched. `None` of an `Option<Answer>` means untouched or cleared.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A value was given.
    Value(Value),
    /// No value, and the reason.
    Missing(Missing),
}

impl Kind {
    /// How ODK's engines call what asks for it: `select`, `upload`, `trigger`, or `input` for all that is typed.
    pub fn widget(self) -> &'static str {
        match self {
            Kind::Choice | Kind::Choices => "select",
            Kind::Media => "upload",
            Kind::Acknowledge => "trigger",
            Kind::Text
            | Kind::Integer
            | Kind::Decimal
            | Kind::Date
            | Kind::Time
            | Kind::DateTime
            | Kind::Geopoint
            | Kind::Geotrace
            | Kind::Geoshape => "input",
        }
    }
}

impl Missing {
    /// The number that stands for this state in forms (`. = -88`) and in exported tables.
    pub fn code(self) -> i64 {
        match self {
            Missing::DontKnow => -88,
            Missing::Refused => -99,
            Missing::NotApplicable => -77,
            Missing::Skipped => -66,
        }
    }

    /// The state that a number stands for, if it is one of the codes.
    pub fn from_code(code: i64) -> Option<Missing> {
        match code {
            -88 => Some(Missing::DontKnow),
            -99 => Some(Missing::Refused),
            -77 => Some(Missing::NotApplicable),
            -66 => Some(Missing::Skipped),
            _ => None,
        }
    }

    /// The word used in answer files, JSON and the terminal: `dont_know`, `refused`, `not_applicable`, `skipped`.
    pub fn word(self) -> &'static str {
        match self {
            Missing::DontKnow => "dont_know",
            Missing::Refused => "refused",
            Missing::NotApplicable => "not_applicable",
            Missing::Skipped => "skipped",
        }
    }

    /// The state that a word of [`Missing::word`] names.
    pub fn from_word(word: &str) -> Option<Missing> {
        [
            Missing::DontKnow,
            Missing::Refused,
            Missing::NotApplicable,
            Missing::Skipped,
        ]
        .into_iter()
        .find(|missing| missing.word() == word)
    }
}

impl Value {
    /// The kind this value is of.
    pub fn kind(&self) -> Kind {
        match self {
            Value::Text(_) => Kind::Text,
            Value::Integer(_) => Kind::Integer,
            Value::Decimal(_) => Kind::Decimal,
            Value::Date(_) => Kind::Date,
            Value::Time(_) => Kind::Time,
            Value::DateTime(_) => Kind::DateTime,
            Value::Geopoint(_) => Kind::Geopoint,
            Value::Geotrace(_) => Kind::Geotrace,
            Value::Geoshape(_) => Kind::Geoshape,
            Value::Choice(_) => Kind::Choice,
            Value::Choices(_) => Kind::Choices,
            Value::Media(_) => Kind::Media,
            Value::Acknowledge => Kind::Acknowledge,
        }
    }
}
