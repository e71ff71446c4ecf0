//! What the columns of a sheet mean: headings in all their spellings, and the cells below them.

use std::collections::BTreeMap;

use sampan_form::def::{Expression, Origin, Translated};
use sampan_form::problem::{Problem, similar};

use crate::cell;
use crate::workbook::{Row, Sheet};

/// Columns of the survey sheet: the name used here, then other spellings. Case, blanks and dashes make no difference.
pub const SURVEY: &[(&str, &[&str])] = &[
    ("type", &["question_type"]),
    ("name", &["value", "tag"]),
    ("label", &["caption"]),
    ("hint", &[]),
    ("guidance_hint", &[]),
    ("required", &["bind::required"]),
    ("required_message", &["requiredmsg", "bind::jr:requiredmsg"]),
    ("relevant", &["relevance", "bind::relevant", "bind::relevance"]),
    ("constraint", &["bind::constraint"]),
    ("constraint_message", &["constraintmsg", "bind::jr:constraintmsg"]),
    (
        "calculation",
        &["calculate", "bind::calculate", "bind::calculation"],
    ),
    ("default", &[]),
    ("read_only", &["readonly", "bind::readonly", "bind::read_only"]),
    ("appearance", &["body::appearance", "control::appearance"]),
    ("choice_filter", &[]),
    ("parameters", &[]),
    (
        "repeat_count",
        &["count", "jr:count", "body::jr:count", "control::jr:count"],
    ),
    ("trigger", &[]),
    ("disabled", &[]),
    ("image", &["media::image"]),
    ("big_image", &["media::big_image"]),
    ("audio", &["media::audio"]),
    ("video", &["media::video"]),
];

/// Columns of the choices sheet.
pub const CHOICES: &[(&str, &[&str])] = &[
    ("list_name", &["listname", "list"]),
    ("name", &["value"]),
    ("label", &["caption"]),
    ("image", &["media::image"]),
    ("big_image", &["media::big_image"]),
    ("audio", &["media::audio"]),
    ("video", &["media::video"]),
];

/// Columns of the settings sheet.
pub const SETTINGS: &[(&str, &[&str])] = &[
    ("form_title", &["title", "set_form_title"]),
    ("form_id", &["id_string", "set_form_id"]),
    ("version", &[]),
    ("default_language", &[]),
    ("instance_name", &[]),
    ("allow_choice_duplicates", &["allow_duplicate_choices"]),
    ("namespaces", &[]),
    ("style", &[]),
    ("name", &[]),
    ("public_key", &[]),
    ("submission_url", &[]),
    ("auto_send", &[]),
    ("auto_delete", &[]),
];

/// Columns that may be written once per language (`label::English (en)`).
const TRANSLATED: &[&str] = &[
    "label",
    "hint",
    "guidance_hint",
    "required_message",
    "constraint_message",
    "image",
    "big_image",
    "audio",
    "video",
];

/// Columns that name files to show; `image` and `media::image` side by side do no harm.
const MEDIA: &[&str] = &["image", "big_image", "audio", "video"];

/// The headings of a sheet.
#[derive(Debug)]
pub struct Headings<'a> {
    sheet: &'a Sheet,
    columns: Vec<Heading>,
}

/// One heading.
#[derive(Debug, PartialEq, Eq)]
pub struct Heading {
    /// Column from 0.
    pub column: u32,
    /// As written.
    pub written: String,
    /// What it means: a known column, else as written.
    pub means: String,
    /// The language after `::`.
    pub language: Option<String>,
    /// Whether it is a known column.
    pub is_known: bool,
}

/// A row below the headings.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    headings: &'a Headings<'a>,
    row: &'a Row,
}

/// A cell that is not blank.
#[derive(Debug, Clone)]
pub struct Cell<'a> {
    /// As written.
    pub text: &'a str,
    /// Where it is.
    pub origin: Origin,
}

impl<'a> Headings<'a> {
    /// Reads the first row with text of a sheet. Problems: a column that stands twice, and a heading that is probably
    /// misspelt.
    pub fn read(sheet: &'a Sheet, known: &[(&str, &[&str])], problems: &mut Vec<Problem>) -> Headings<'a> {
        let mut columns: Vec<Heading> = Vec::new();
        if let Some(row) = sheet.rows.first() {
            for (column, written) in &row.cells {
                let heading = heading(*column, written, known);
                let origin = sheet.origin(row.number, *column, written.trim());
                let same =
                    |other: &&Heading| other.means == heading.means && other.language == heading.language;
                if let Some(first) = columns.iter().find(same) {
                    if MEDIA.contains(&heading.means.as_str()) {
                        continue;
                    }
                    problems.push(Problem::error(
                        &origin,
                        written,
                        format!("this column stands twice, first as \"{}\"", first.written),
                        "Delete one of them or rename it",
                    ));
                    continue;
                }
                if !heading.is_known
                    && let Some(intended) = similar(&normal(written), known.iter().map(|(name, _)| *name))
                {
                    problems.push(Problem::warning(
                        &origin,
                        written,
                        "this column is not known and is not read",
                        format!("Did you mean {intended}?"),
                    ));
                }
                columns.push(heading);
            }
        }
        Headings { sheet, columns }
    }

    /// The rows below the headings.
    pub fn lines(&'a self) -> impl Iterator<Item = Line<'a>> {
        self.sheet
            .rows
            .iter()
            .skip(1)
            .map(|row| Line { headings: self, row })
    }

    /// All headings in order.
    pub fn columns(&self) -> &[Heading] {
        &self.columns
    }

    /// Whether a column is there, in whatever language.
    pub fn has(&self, means: &str) -> bool {
        self.columns.iter().any(|heading| heading.means == means)
    }

    /// Languages of texts for people, in the order of their columns.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.columns
            .iter()
            .filter(|heading| heading.is_known)
            .filter_map(|heading| heading.language.as_deref())
    }

    /// Gives a place that only knows what its column means (`label::English (en)`) the heading as written, and its
    /// letter. `default` is the language of columns without one.
    pub fn locate(&self, origin: &mut Origin, default: &str) {
        let Some(column) = &origin.column else { return };
        let (means, language) = match column.split_once("::") {
            Some((means, language)) => (means, language),
            None => (column.as_str(), default),
        };
        let heading = self.columns.iter().find(|heading| {
            heading.means == means && heading.language.as_deref().unwrap_or(default) == language
        });
        if let Some(heading) = heading {
            origin.column = Some(heading.written.clone());
            origin.letter = Some(crate::workbook::letter(heading.column));
        }
    }
}

impl<'a> Line<'a> {
    /// The row's number.
    pub fn row(&self) -> u32 {
        self.row.number
    }

    /// The whole row as a place.
    pub fn origin(&self) -> Origin {
        self.headings.sheet.row_origin(self.row.number)
    }

    /// A cell, if it is not blank.
    pub fn get(&self, means: &str) -> Option<Cell<'a>> {
        let heading = self
            .headings
            .columns
            .iter()
            .find(|heading| heading.means == means && heading.is_known)?;
        self.cell(heading)
    }

    /// The place of a cell, blank or not; the whole row when there is no such column.
    pub fn place(&self, means: &str) -> Origin {
        match self
            .headings
            .columns
            .iter()
            .find(|heading| heading.means == means && heading.is_known)
        {
            Some(heading) => self
                .headings
                .sheet
                .origin(self.row.number, heading.column, &heading.written),
            None => self.origin(),
        }
    }

    /// The cell below a heading, if it is not blank.
    pub fn cell(&self, heading: &Heading) -> Option<Cell<'a>> {
        Some(Cell {
            text: self.row.get(heading.column)?,
            origin: self
                .headings
                .sheet
                .origin(self.row.number, heading.column, &heading.written),
        })
    }

    /// All headings of the sheet.
    pub fn columns(&self) -> &'a [Heading] {
        &self.headings.columns
    }

    /// An expression, if the cell is not blank.
    pub fn expression(&self, means: &str) -> Option<Expression> {
        let cell = self.get(means)?;
        Some(Expression {
            source: cell::expression(cell.text),
            origin: cell.origin,
        })
    }

    /// A text in all its languages; `default` is the language of a column without one.
    pub fn translated(&self, means: &str, default: &str) -> Translated {
        let mut texts = BTreeMap::new();
        for heading in self
            .headings
            .columns
            .iter()
            .filter(|heading| heading.means == means && heading.is_known)
        {
            if let Some(text) = self.row.get(heading.column) {
                let language = heading.language.as_deref().unwrap_or(default);
                texts.insert(language.to_string(), cell::text(text));
            }
        }
        Translated(texts)
    }

    /// Whether the row has no text under any heading.
    pub fn row_is_blank(&self) -> bool {
        !self
            .headings
            .columns
            .iter()
            .any(|heading| self.row.get(heading.column).is_some())
    }

    /// Whether the row has no text under any known column.
    pub fn is_blank(&self) -> bool {
        !self
            .headings
            .columns
            .iter()
            .any(|heading| heading.is_known && self.row.get(heading.column).is_some())
    }
}

/// What a heading means.
fn heading(column: u32, written: &str, known: &[(&str, &[&str])]) -> Heading {
    let written = cell::text(written);
    let make = |means: &str, language: Option<&str>, is_known: bool| Heading {
        column,
        written: written.clone(),
        means: means.to_string(),
        language: language.map(str::to_string),
        is_known,
    };
    if let Some(means) = known_column(&written, known) {
        return make(means, None, true);
    }
    for mark in ["::", ":"] {
        for (at, _) in written.match_indices(mark) {
            let base = written.get(..at).unwrap_or_default();
            let language = written.get(at + mark.len()..).unwrap_or_default().trim();
            if let Some(means) = known_column(base, known)
                && TRANSLATED.contains(&means)
                && !language.is_empty()
                && !language.starts_with(':')
            {
                return make(means, Some(language), true);
            }
        }
    }
    make(&written, None, false)
}

fn known_column<'k>(written: &str, known: &[(&'k str, &[&str])]) -> Option<&'k str> {
    let normal = normal(written);
    known
        .iter()
        .find(|(name, others)| *name == normal || others.contains(&normal.as_str()))
        .map(|(name, _)| *name)
}

fn normal(written: &str) -> String {
    let parts: Vec<String> = written
        .split("::")
        .map(|part| part.trim().to_lowercase().replace([' ', '-'], "_"))
        .collect();
    parts.join("::")
}

#[cfg(test)]
mod tests {
    use super::{SURVEY, heading};

    #[test]
    fn a_heading_is_known_in_every_spelling() {
        for (written, means, language) in [
            ("label", "label", None),
            ("Label :: English (en)", "label", Some("English (en)")),
            ("label:English", "label", Some("English")),
            ("guidance hint::ខ្មែរ (km)", "guidance_hint", Some("ខ្មែរ (km)")),
            ("media::image::English", "image", Some("English")),
            ("readonly", "read_only", None),
            ("relevance", "relevant", None),
            ("jr:count", "repeat_count", None),
            ("bind::jr:constraintMsg", "constraint_message", None),
            ("constraint message", "constraint_message", None),
        ] {
            let heading = heading(0, written, SURVEY);
            assert!(heading.is_known, "{written}");
            assert_eq!(
                (heading.means.as_str(), heading.language.as_deref()),
                (means, language),
                "{written}"
            );
        }
        for written in ["bind::sec:pii", "my notes", "relevant::English"] {
            assert!(!heading(0, written, SURVEY).is_known, "{written}");
        }
    }
}
