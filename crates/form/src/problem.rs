//! What is wrong with a form: where, what was found, and what to do about it.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::def::Origin;

/// One thing that is wrong or doubtful in a form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// The cell or row; empty sheet = the file as a whole.
    pub origin: Origin,
    /// Whether the form can be used all the same.
    pub severity: Severity,
    /// What stands there, as written; empty when nothing does.
    pub found: String,
    /// What is wrong, one sentence without a full stop.
    pub message: String,
    /// What to do next, one sentence without a full stop; never empty.
    pub advice: String,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The form cannot be used.
    Error,
    /// Something was wrong and was read as what it must mean; said, so that the author can mend it.
    Mended,
    /// The form works, perhaps not as its author thinks.
    Warning,
}

impl Problem {
    /// An error.
    pub fn error(
        origin: &Origin,
        found: &str,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) -> Problem {
        Problem {
            origin: origin.clone(),
            severity: Severity::Error,
            found: found.to_string(),
            message: message.into(),
            advice: advice.into(),
        }
    }

    /// A warning.
    pub fn warning(
        origin: &Origin,
        found: &str,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) -> Problem {
        Problem {
            severity: Severity::Warning,
            ..Problem::error(origin, found, message, advice)
        }
    }

    /// Something wrong that was read as something else: `found` is what stands there, `message` what it was read as.
    pub fn mended(
        origin: &Origin,
        found: &str,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) -> Problem {
        Problem {
            severity: Severity::Mended,
            ..Problem::error(origin, found, message, advice)
        }
    }

    /// Whether the form cannot be used because of it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Problem {
    /// `survey F12 (relevant): unknown question ${ag}; found "${ag} > 3". Did you mean ${age}?`, on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.origin.to_string();
        if !place.is_empty() {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.message)?;
        if !self.found.is_empty() {
            write!(f, "; found \"{}\"", self.found.replace('\n', " "))?;
        }
        write!(f, ". {}", self.advice)?;
        match self.advice.ends_with(['.', '?', '!']) {
            true => Ok(()),
            false => f.write_str("."),
        }
    }
}

/// Most problems of one severity that are told of one form.
pub const PROBLEMS: usize = 500;

/// Problems while they are found. Beyond [`PROBLEMS`] of a severity they are only counted: a loop makes a hundred
/// thousand of one slip, and nobody reads them.
#[derive(Debug, Default)]
pub struct Problems {
    found: Vec<Problem>,
    n_by_severity: BTreeMap<Severity, usize>,
}

impl Problems {
    /// Takes one more.
    pub fn push(&mut self, problem: Problem) {
        let n = self.n_by_severity.entry(problem.severity).or_default();
        *n = n.saturating_add(1);
        if *n <= PROBLEMS {
            self.found.push(problem);
        }
    }

    /// All that were kept in the order of the form, each once; then how many more there are.
    pub fn into_sorted(self) -> Vec<Problem> {
        let mut problems = self.found;
        problems.sort();
        problems.dedup();
        for (severity, n) in self.n_by_severity {
            if let Some(n_more @ 1..) = n.checked_sub(PROBLEMS) {
                let what = match severity {
                    Severity::Error => "problems",
                    Severity::Mended => "mendings",
                    Severity::Warning => "warnings",
                };
                problems.push(Problem {
                    severity,
                    ..Problem::error(
                        &Origin::default(),
                        "",
                        format!("there are {n_more} more {what}"),
                        "Mend those above first",
                    )
                });
            }
        }
        problems
    }
}

/// The word of `known` that a misspelt word most likely means, if one is close enough.
pub fn similar<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let longest = (word.chars().count() / 3).clamp(1, 3);
    let length = word.chars().count();
    known
        .into_iter()
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= longest)
        .map(|candidate| (distance(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= longest)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edits (insert, remove, replace, swap of neighbours) between two words.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    let mut left_before = None;
    for (i, l) in left.chars().enumerate() {
        let mut row = vec![i + 1];
        let mut right_before = None;
        for (j, r) in right.iter().enumerate() {
            let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX / 2);
            let mut best = (at(&last, j) + usize::from(l != *r))
                .min(at(&last, j + 1) + 1)
                .min(at(&row, j) + 1);
            if left_before == Some(*r) && right_before == Some(l) && j > 0 {
                best = best.min(at(&before_last, j - 1) + 1);
            }
            row.push(best);
            right_before = Some(*r);
        }
        left_before = Some(l);
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Problem, similar};
    use crate::def::Origin;

    #[test]
    fn a_problem_reads_as_one_line_with_its_cell() {
        let origin = Origin {
            sheet: "survey".into(),
            row: 12,
            column: Some("relevant".into()),
            letter: Some("F".into()),
        };
        let problem = Problem::error(
            &origin,
            "${ag} > 3",
            "there is no question ${ag}",
            "Did you mean ${age}?",
        );
        assert_eq!(
            problem.to_string(),
            "survey F12 (relevant): there is no question ${ag}; found \"${ag} > 3\". Did you mean ${age}?"
        );
    }

    #[test]
    fn a_misspelt_word_finds_its_neighbour_and_a_strange_one_none() {
        let known = ["integer", "decimal", "select_one"];
        for (word, expected) in [
            ("integr", Some("integer")),
            ("Integer", Some("integer")),
            ("inetger", Some("integer")),
            ("selct_one", Some("select_one")),
            ("banana", None),
        ] {
            assert_eq!(similar(word, known), expected, "{word}");
        }
    }
}
