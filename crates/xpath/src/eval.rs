//! Running a program over the answers.

use chrono::{DateTime, FixedOffset, NaiveDate};

use crate::world::Table;

mod call;
mod compare;
pub mod memory;
mod nodes;
mod path;
pub(crate) mod run;
mod shared;
mod val;

/// The most nodes that one evaluation may look at; one that is walked past counts as several that are read.
pub const MAX_WORK: u64 = 2_000_000;

/// The longest text that joining others may give, in bytes.
pub const MAX_TEXT_BYTES: usize = 4 * 1024 * 1024;

/// Where an expression is evaluated.
#[derive(Clone)]
pub struct At<'a, N> {
    /// The node it belongs to; `.` unless it is a choice filter.
    pub node: N,
    /// An answer that was not accepted yet, which `.` then is (for constraints), in ODK's text form.
    pub candidate: Option<&'a str>,
    /// The row that a choice filter judges.
    pub row: Option<RowAt<'a>>,
}

/// One row of a table, with the columns of a filter already found by [`crate::program::Program::bind`].
#[derive(Clone, Copy)]
pub struct RowAt<'a> {
    /// The list or file.
    pub table: &'a dyn Table,
    /// Index of the row, from 0.
    pub row: usize,
    /// What [`crate::program::Program::bind`] gave for this table and program.
    pub columns: &'a [Option<usize>],
}

impl<'a, N> At<'a, N> {
    /// At a node, with the answers as they are.
    pub fn node(node: N) -> At<'a, N> {
        At {
            node,
            candidate: None,
            row: None,
        }
    }

    /// At a node, with an answer that is to be judged.
    pub fn candidate(node: N, candidate: &'a str) -> At<'a, N> {
        At {
            node,
            candidate: Some(candidate),
            row: None,
        }
    }

    /// At a node, judging one row of a table.
    pub fn row(node: N, row: RowAt<'a>) -> At<'a, N> {
        At {
            node,
            candidate: None,
            row: Some(row),
        }
    }
}

/// What an expression is worth.
#[derive(Debug, Clone, PartialEq)]
pub enum XValue {
    /// Text.
    Text(String),
    /// A number, NaN included.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// A calendar day.
    Day(NaiveDate),
    /// An instant with its offset.
    Moment(DateTime<FixedOffset>),
    /// The texts of the nodes, in document order.
    Nodes(Vec<String>),
}

/// Why an expression has no value. Wrong references cannot be among the reasons: they fail when it is compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// Looked at too many nodes.
    #[error("the expression looks at more than {limit} nodes; make its paths more exact")]
    TooMuchWork {
        /// The most that is allowed.
        limit: u64,
    },
    /// Put together a text that is too long.
    #[error("the expression makes a text of more than {limit} bytes; join fewer or shorter answers")]
    TooLong {
        /// The most that is allowed, in bytes.
        limit: usize,
    },
    /// A function was given something it cannot work with. What it was is not repeated: it may be an answer.
    #[error("{function}() cannot work with what it was given; {advice}")]
    BadArgument {
        /// Name of the function.
        function: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// A function was called with too few or too many arguments, where that could not be said before.
    #[error("{message}")]
    WrongCall {
        /// What is wrong, as a sentence.
        message: String,
    },
    /// There is no such choice list or file at hand.
    #[error("there is no list or file {id:?} here; attach it to the form")]
    NoInstance {
        /// Its instance id.
        id: String,
    },
}

#[cfg(test)]
mod tests;
