//! What is shown: questions, choices, screens and problems as plain data.

use std::collections::BTreeMap;

use sampan_record::ids::RowId;
use sampan_record::op::Op;
use sampan_record::path::AnswerPath;
use sampan_value::answer::{Answer, Kind};
use serde::Serialize;

/// An answer or a row was taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accepted {
    /// What to keep, in order: the answer itself, the defaults of new rows, and once-only values that it brought about.
    pub ops: Vec<Op>,
    /// The row that was added, if one was.
    pub row: Option<RowId>,
    /// What the form now wants of the device.
    pub asks: Vec<Ask>,
}

/// Something that only the device can find out; answered by
/// [`Interview::fill`](crate::interview::Interview::fill), or not at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ask {
    /// The question that it is for.
    pub at: AnswerPath,
    /// What.
    pub what: Wanted,
}

/// What a form wants of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// Where it is now.
    Position,
    /// A recording of what is said from now on to the end of the interview.
    Sound,
}

/// One question at one place, as it stands now. Texts are in the interview's language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QuestionState {
    /// Where.
    pub at: AnswerPath,
    /// Asks, tells or computes.
    pub role: Part,
    /// What kind of value it takes.
    pub kind: Kind,
    /// Whether it is asked now, all groups and repeats around it included.
    pub relevant: bool,
    /// Whether an answer is needed.
    pub required: bool,
    /// Whether it cannot be changed by hand.
    pub read_only: bool,
    /// The answer (or computed value); kept, but without effect, while the question is not relevant.
    pub answer: Option<Answer>,
    /// Whether the form's constraint holds for the answer; true where there is nothing to check.
    pub valid: bool,
    /// Whether the answer is no longer among the choices offered, because an answer that they depend on was changed.
    pub invalid_choice: bool,
    /// What is doubtful about the answer, though it is taken; None = nothing.
    pub doubt: Option<String>,
    /// Whether somebody said that the doubtful answer is so all the same.
    pub confirmed: bool,
    /// The question, with `${}` filled in.
    pub label: String,
    /// Short help; empty = none.
    pub hint: String,
    /// Long help; empty = none.
    pub guidance: String,
    /// Files to show with the question: `image`, `big-image`, `audio` or `video` -> file name.
    pub media: BTreeMap<String, String>,
    /// Appearance words, unknown ones kept.
    pub appearance: Vec<String>,
    /// Whether it has choices to pick from ([`crate::interview::Interview::choices`]).
    pub has_choices: bool,
}

/// What a question does on a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Asks for an answer.
    Ask,
    /// Tells something; has no answer.
    Note,
    /// Is computed or written by the program; on no screen.
    Hidden,
}

/// One choice that is offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChoiceView {
    /// What is stored.
    pub name: String,
    /// What is shown, in the interview's language: its label, else its name.
    pub label: String,
    /// Whether it has a label of its own.
    #[serde(skip)]
    pub has_label: bool,
    /// Files to show with it: `image`, `big-image`, `audio` or `video` -> file name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub media: BTreeMap<String, String>,
    /// Whether it goes with no other choice (column `exclusive` of its list).
    pub exclusive: bool,
}

/// A place in the course of an interview. Survives changes of the interview: `next` and `previous` go on from where it
/// was, even when what stood there is not asked any more.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// One question or note.
    Question(AnswerPath),
    /// A group whose questions stand on one screen (`field-list`, `table-list`); for a repeat with that appearance, one
    /// row of it (then the path's last row is that row).
    Together(AnswerPath),
    /// The question whether to add another row to a repeat.
    AddRow(AnswerPath),
    /// Behind the last question.
    End,
}

/// What stands on one screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Screen {
    /// Where in the interview.
    pub position: Position,
    /// The groups and repeat rows around it, outermost first.
    pub headings: Vec<Heading>,
    /// What is asked or told here, in order; empty for [`Position::AddRow`] and [`Position::End`].
    pub questions: Vec<AnswerPath>,
    /// At [`Position::AddRow`]: the repeat's label.
    pub add_row_label: Option<String>,
    /// Whether to lay the questions out as one table with shared choices (`table-list`).
    pub is_table: bool,
}

/// A group or repeat row around what is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Heading {
    /// The group or repeat; for a repeat row the path's last row is that row.
    pub at: AnswerPath,
    /// Its label, in the interview's language; may be empty.
    pub label: String,
    /// Which row this is (from 1) and of how many, for a repeat.
    pub row: Option<(usize, usize)>,
}

/// Something that stands between an interview and its finishing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The place.
    pub at: AnswerPath,
    /// What kind of problem.
    pub kind: ProblemKind,
    /// For the enumerator, in the form's own words where it has them.
    pub message: String,
}

/// What kind of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// An answer is needed.
    RequiredMissing,
    /// The answer does not meet the form's constraint (any more).
    ConstraintBroken,
    /// The answer is not among the choices offered (any more).
    InvalidChoice,
    /// The form asks for more rows than fit.
    TooManyRows,
    /// The answer does not meet the form's soft constraint; does not stand in the way of finishing.
    Doubtful,
    /// An expression of the form failed; does not stand in the way of finishing.
    FormFault,
}

impl ProblemKind {
    /// Whether an interview with this problem cannot be finished.
    pub fn blocks(self) -> bool {
        match self {
            ProblemKind::RequiredMissing
            | ProblemKind::ConstraintBroken
            | ProblemKind::InvalidChoice
            | ProblemKind::TooManyRows => true,
            ProblemKind::Doubtful | ProblemKind::FormFault => false,
        }
    }
}

/// An answer of a record that this form version has no place for; it stays in the record and is shown, not used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetAside {
    /// Where it stands in the record.
    pub at: AnswerPath,
    /// The answer; None for a row.
    pub answer: Option<Answer>,
    /// Why it has no place.
    pub why: NoPlace,
    /// The same in one sentence.
    pub reason: String,
}

/// Why an answer or a row of a record has no place in a form version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum NoPlace {
    /// Nothing stands at its path.
    #[error("this form version has no such question")]
    NoQuestion,
    /// A group or repeat stands there.
    #[error("this is a group in this form version")]
    Group,
    /// Its value is computed.
    #[error("this is computed in this form version")]
    Computed,
    /// A note stands there.
    #[error("this takes no answer in this form version")]
    TakesNone,
    /// Other repeats are around it.
    #[error("this stands in other repeats in this form version")]
    OtherRepeats,
    /// The answer does not read as the question's type.
    #[error("this has another type in this form version")]
    OtherType,
    /// Its row does not fit.
    #[error("there are more rows than fit")]
    TooManyRows,
    /// Nothing stands at the row's path.
    #[error("this form version has no such repeat")]
    NoRepeat,
    /// A group or question stands at the row's path, or other repeats are around it.
    #[error("this is no repeat in this form version")]
    NotARepeat,
    /// A person added the row, and the form says how many there are.
    #[error("this form version counts the rows of this repeat")]
    CountedRows,
}
