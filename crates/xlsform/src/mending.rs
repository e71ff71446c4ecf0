//! What a lenient reading mends before anything else: references that can only mean one thing.

use std::collections::HashMap;

use sampan_form::problem::Problem;

use crate::cell;
use crate::heading::{Headings, SURVEY};
use crate::workbook::Workbook;

/// A workbook whose references are spelt as the names they mean, and a problem for each cell that was not.
pub fn mend(workbook: &Workbook, problems: &mut Vec<Problem>) -> Workbook {
    let mut mended = workbook.clone();
    let Some(survey) = workbook.sheet("survey") else {
        return mended;
    };
    let headings = Headings::read(survey, SURVEY, true, &mut Vec::new());
    let mut names: HashMap<String, Vec<String>> = HashMap::new();
    for line in headings.lines() {
        if let Some(name) = line.get("name") {
            let name = cell::plain(name.text);
            let same = names.entry(name.to_lowercase()).or_default();
            if !same.contains(&name) {
                same.push(name);
            }
        }
    }
    for (sheet, before) in mended.sheets.iter_mut().zip(&workbook.sheets) {
        let mut written = before.rows.first();
        for row in &mut sheet.rows {
            for (column, text) in &mut row.cells {
                let heading = written.as_mut().and_then(|row| row.get(*column)).unwrap_or("");
                let is_expression = EXPRESSIONS.contains(&heading.trim().to_lowercase().as_str());
                if is_expression && text.contains("trim") {
                    let known = functions(text);
                    if known != *text {
                        problems.push(Problem::mended(
                            &before.origin(row.number, *column, heading),
                            text,
                            "trim() is no function of ODK; read as normalize-space()",
                            "Write normalize-space(), which removes blanks around a text and doubled ones in it",
                        ));
                        *text = known;
                    }
                }
                if !text.contains("${") {
                    continue;
                }
                let spelt = references(text, &names);
                if spelt != *text {
                    problems.push(Problem::mended(
                        &before.origin(row.number, *column, heading),
                        text,
                        format!("read as {spelt}"),
                        "Spell references as the names they mean, without blanks",
                    ));
                    *text = spelt;
                }
            }
        }
    }
    mended
}

/// Headings of expressions.
const EXPRESSIONS: &[&str] = &[
    "calculation",
    "calculate",
    "relevant",
    "relevance",
    "constraint",
    "required",
    "default",
    "choice_filter",
];

/// The function `trim` of other programs by the name that it has here, outside quotes.
fn functions(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    let mut quote: Option<char> = None;
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let is_inside_name = made
            .chars()
            .next_back()
            .is_some_and(|last| last.is_alphanumeric() || matches!(last, '_' | '-' | '.' | ':' | '{'));
        let after = rest
            .strip_prefix("trim")
            .filter(|_| quote.is_none() && !is_inside_name);
        if let Some(after) = after.filter(|after| after.trim_start().starts_with('(')) {
            made.push_str("normalize-space");
            rest = after;
            continue;
        }
        quote = match (quote, letter) {
            (None, '\'' | '"') => Some(letter),
            (Some(open), letter) if open == letter => None,
            (quote, _) => quote,
        };
        made.push(letter);
        rest = rest.get(letter.len_utf8()..).unwrap_or_default();
    }
    made
}

/// Blanks inside `${ }` cut, and letters in the case of the one name they can mean.
fn references(text: &str, names: &HashMap<String, Vec<String>>) -> String {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        made.push_str(before);
        let Some((inner, after)) = after.split_once('}') else {
            made.push_str("${");
            rest = after;
            continue;
        };
        let (prefix, name) = match inner.trim().strip_prefix("last-saved#") {
            Some(name) => ("last-saved#", name.trim()),
            None => ("", inner.trim()),
        };
        let spelt = match names.get(&name.to_lowercase()).map(Vec::as_slice) {
            Some([only]) => only.as_str(),
            _ => name,
        };
        made.push_str("${");
        match cell::is_name(spelt) {
            true => {
                made.push_str(prefix);
                made.push_str(spelt);
            }
            false => made.push_str(inner),
        }
        made.push('}');
        rest = after;
    }
    made.push_str(rest);
    made
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{functions, references};

    #[test]
    fn trim_is_read_as_the_function_that_odk_has() {
        for (text, expected) in [
            ("trim(${a})", "normalize-space(${a})"),
            (
                "concat('trim(', trim (${trim}))",
                "concat('trim(', normalize-space (${trim}))",
            ),
            ("my-trim(1) + trimmed(2)", "my-trim(1) + trimmed(2)"),
        ] {
            assert_eq!(functions(text), expected, "{text}");
        }
    }

    #[test]
    fn a_reference_is_spelt_as_the_one_name_it_can_mean() {
        let names = HashMap::from([
            ("age".to_string(), vec!["Age".to_string()]),
            ("x".into(), vec!["x".into(), "X".into()]),
        ]);
        for (text, expected) in [
            ("${ Age } > 3", "${Age} > 3"),
            ("${age}", "${Age}"),
            ("${X} ${x}", "${X} ${x}"),
            ("${last-saved# age}", "${last-saved#Age}"),
            ("${a b}", "${a b}"),
            ("${open", "${open"),
        ] {
            assert_eq!(references(text, &names), expected, "{text}");
        }
    }
}
