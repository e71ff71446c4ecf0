//! Problems of forms as pages show them.

use sampan_form::problem::{Problem, Severity};

use crate::views::FormProblemView;

/// A problem at its cell.
pub fn problem_view(problem: &Problem) -> FormProblemView {
    let origin = &problem.origin;
    FormProblemView {
        is_error: problem.is_error(),
        is_mended: problem.severity == Severity::Mended,
        sheet: origin.sheet.clone(),
        row: origin.row,
        cell: match &origin.letter {
            Some(letter) if origin.row > 0 => format!("{letter}{}", origin.row),
            Some(_) | None => String::new(),
        },
        column: origin.column.clone().unwrap_or_default(),
        found: problem.found.clone(),
        message: problem.message.clone(),
        advice: problem.advice.clone(),
    }
}

/// A problem with a file as a whole.
pub fn file_problem(file_name: &str, message: String, advice: String, is_error: bool) -> FormProblemView {
    FormProblemView {
        is_error,
        is_mended: false,
        sheet: file_name.to_string(),
        row: 0,
        cell: String::new(),
        column: String::new(),
        found: String::new(),
        message,
        advice,
    }
}
