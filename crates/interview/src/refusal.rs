//! Why an answer or a row was not taken.

use sampan_record::path::AnswerPath;
use serde::Serialize;

/// An answer or a row that was not taken; the interview is as it was before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("{message}")]
pub struct Refused {
    /// The place that was meant.
    pub at: AnswerPath,
    /// Why.
    pub reason: Reason,
    /// One or two sentences for the enumerator: what is expected. The form's own words, in the interview's language,
    /// where the form has them (constraint messages).
    pub message: String,
}

/// Why something was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The form has no such question or repeat, or there is no such row.
    NoSuchPlace,
    /// The question is not relevant now.
    NotAsked,
    /// A note, a group or a computed value: it takes no answer by hand.
    TakesNoAnswer,
    /// The form says that it may not be changed by hand.
    ReadOnly,
    /// The text or value is not of the question's kind.
    WrongKind,
    /// Not among the choices that are offered now.
    NotAChoice,
    /// The form's constraint does not hold.
    Constraint,
    /// This missing state is not allowed here.
    MissingNotAllowed,
    /// More rows, or a longer answer, than fits.
    TooMuch,
    /// The form says how many rows there are, so none is added or removed by hand.
    CountedRows,
}
