//! Places as text: `d_products/products[0]/prod` and back.

use sampan_form::compiled::Form;
use sampan_record::ids::RowId;
use sampan_record::path::{AnswerPath, QuestionPath};

use crate::api::PlaceRef;
use crate::error::ClientError;

/// The text of a place: each row in brackets behind its repeat. Rows for which the form has no repeat stand at the end.
pub(crate) fn name(form: &Form, at: &AnswerPath) -> PlaceRef {
    let path = at.question.as_str();
    let mut repeats: Vec<&str> = Vec::new();
    if let Some(node) = form.find(path).map(|id| form.node(id)) {
        repeats.extend(node.repeats.iter().map(|id| form.node(*id).path.as_ref()));
        if at.rows.len() > repeats.len() {
            repeats.push(node.path.as_ref());
        }
    }
    let mut text = String::with_capacity(path.len() + 8);
    let mut rows = at.rows.iter();
    let mut begun = 0usize;
    for part in path.split('/') {
        if begun > 0 {
            text.push('/');
        }
        text.push_str(part);
        let end = begun + part.len();
        if path.get(..end).is_some_and(|whole| repeats.contains(&whole))
            && let Some(row) = rows.next()
        {
            push_row(&mut text, *row);
        }
        begun = end + 1;
    }
    rows.for_each(|row| push_row(&mut text, *row));
    PlaceRef(text)
}

/// The place that a text names. A name alone, without its groups, is enough where the form has it once.
pub(crate) fn find(form: &Form, place: &PlaceRef) -> Result<AnswerPath, ClientError> {
    let absent = || ClientError::NoPlace {
        place: place.0.clone(),
    };
    let mut names = Vec::new();
    let mut rows = Vec::new();
    for part in place.0.trim().split('/') {
        let (name, brackets) = part.split_at(part.find('[').unwrap_or(part.len()));
        names.push(name);
        for row in brackets.split_terminator(']') {
            let row = row.strip_prefix('[').ok_or_else(absent)?;
            rows.push(row_id(row).ok_or_else(absent)?);
        }
    }
    let path = names.join("/");
    let id = form
        .find(&path)
        .filter(|_| !path.is_empty())
        .or_else(|| match names.as_slice() {
            [name] => form.find_named(name),
            _ => None,
        })
        .ok_or_else(absent)?;
    Ok(AnswerPath {
        question: QuestionPath(form.node(id).path.clone()),
        rows,
    })
}

fn push_row(text: &mut String, row: RowId) {
    text.push('[');
    match row.counted_index() {
        Some(index) => text.push_str(&index.to_string()),
        None => text.push_str(&format!("x{:016x}", row.0)),
    }
    text.push(']');
}

fn row_id(text: &str) -> Option<RowId> {
    match text.strip_prefix('x') {
        Some(hex) => u64::from_str_radix(hex, 16).ok().map(RowId),
        None => text.parse().ok().map(RowId::counted),
    }
}
