//! Where an interview is, as text that survives a kill.

use sampan_form::compiled::Form;
use sampan_interview::view::Position;
use sampan_record::ids::RowId;
use sampan_record::path::{AnswerPath, QuestionPath};

/// The position as text: what kind, the rows, the path.
pub(super) fn text(position: &Position) -> String {
    let (kind, at) = match position {
        Position::Question(at) => ("question", at),
        Position::Together(at) => ("together", at),
        Position::AddRow(at) => ("add_row", at),
        Position::End => return "end".into(),
    };
    let rows: Vec<String> = at.rows.iter().map(|row| format!("{:x}", row.0)).collect();
    format!("{kind} [{}] {}", rows.join(","), at.question)
}

/// The position in a text; None when it names no place of this form.
pub(super) fn read(text: &str, form: &Form) -> Option<Position> {
    if text == "end" {
        return Some(Position::End);
    }
    let (kind, rest) = text.split_once(" [")?;
    let (rows, path) = rest.split_once("] ")?;
    form.find(path)?;
    let rows = rows
        .split(',')
        .filter(|row| !row.is_empty())
        .map(|row| u64::from_str_radix(row, 16).map(RowId))
        .collect::<Result<Vec<RowId>, _>>()
        .ok()?;
    let at = AnswerPath {
        question: QuestionPath::new(path),
        rows,
    };
    match kind {
        "question" => Some(Position::Question(at)),
        "together" => Some(Position::Together(at)),
        "add_row" => Some(Position::AddRow(at)),
        _ => None,
    }
}
