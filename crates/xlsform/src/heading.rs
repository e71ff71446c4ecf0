//! What the columns of a sheet mean: headings in all their spellings, and the cells below them.

use std::collections::{BTreeMap, HashMap};

use sampan_form::def::{Expression, Origin, Translated};
use sampan_form::entries::Entries;
use sampan_form::problem::{Problem, similar};

use crate::cell;
use crate::workbook::{Row, Sheet};

/// Columns of the survey sheet: the name used here, then other spellings. Case and blanks make no difference.
pub const SURVEY: &[(&str, &[&str])] = &[
    ("type", &["question_type", "command"]),
    ("name", &["value", "tag"]),
    ("label", &["caption"]),
    ("hint", &[]),
    ("guidance_hint", &[]),
    ("required", &["bind::required"]),
    (
        "required_message",
        &["requiredmsg", "bind::jr:requiredmsg", "bind:jr:requiredmsg"],
    ),
    ("relevant", &["relevance", "bind::relevant", "bind::relevance"]),
    ("constraint", &["bind::constraint"]),
    (
        "constraint_message",
        &[
            "constraintmsg",
            "constraining_message",
            "bind::jr:constraintmsg",
            "bind:jr:constraintmsg",
        ],
    ),
    (
        "no_app_error_string",
        &["noapperrorstring", "bind::jr:noapperrorstring"],
    ),
    (
        "calculation",
        &["calculate", "bind::calculate", "bind::calculation"],
    ),
    ("default", &[]),
    ("read_only", &["readonly", "bind::readonly", "bind::read_only"]),
    (
        "appearance",
        &["body::appearance", "control::appearance", "body:appearance"],
    ),
    ("choice_filter", &[]),
    ("parameters", &[]),
    (
        "repeat_count",
        &[
            "count",
            "jr:count",
            "body::jr:count",
            "control::jr:count",
            "body:jr:count",
        ],
    ),
    ("trigger", &[]),
    ("disabled", &[]),
    ("image", &["media::image", "media:image"]),
    ("big_image", &["media::big_image", "media:big_image"]),
    ("audio", &["media::audio", "media:audio"]),
    ("video", &["media::video", "media:video"]),
    ("autoplay", &["body::autoplay", "control::autoplay"]),
    ("rows", &["body::rows", "control::rows"]),
    ("intent", &[]),
    ("compact_tag", &["instance::odk:tag"]),
    ("save_to", &["bind::entities:saveto"]),
    ("soft_constraint", &["bind::sampan:softconstraint"]),
    ("soft_constraint_message", &["bind::sampan:softconstraintmsg"]),
];

/// Columns of the choices sheet.
pub const CHOICES: &[(&str, &[&str])] = &[
    ("list_name", &["listname"]),
    ("name", &["value"]),
    ("label", &["caption"]),
    ("image", &["media::image", "media:image"]),
    ("big_image", &["media::big_image", "media:big_image"]),
    ("audio", &["media::audio", "media:audio"]),
    ("video", &["media::video", "media:video"]),
];

/// Columns of the settings sheet.
pub const SETTINGS: &[(&str, &[&str])] = &[
    ("form_title", &["title", "set_form_title"]),
    ("form_id", &["set_form_id"]),
    ("id_string", &[]),
    ("version", &[]),
    ("default_language", &[]),
    ("instance_name", &[]),
    ("allow_choice_duplicates", &["allow_duplicate_choices"]),
    ("clean_text_values", &[]),
    ("omit_instanceid", &[]),
    ("namespaces", &[]),
    ("style", &[]),
    ("name", &[]),
    ("public_key", &[]),
    ("submission_url", &[]),
    ("auto_send", &[]),
    ("auto_delete", &[]),
    ("client_editable", &[]),
    ("instance_xmlns", &[]),
    ("instance_id", &[]),
    ("prefix", &[]),
    ("delimiter", &[]),
];

/// Columns of the entities sheet.
pub const ENTITIES: &[(&str, &[&str])] = &[
    ("list_name", &["dataset"]),
    ("entity_id", &[]),
    ("create_if", &[]),
    ("update_if", &[]),
    ("label", &[]),
    ("repeat", &[]),
];

/// Columns that may be written once per language (`label::English (en)`).
const TRANSLATED: &[&str] = &[
    "label",
    "hint",
    "guidance_hint",
    "required_message",
    "constraint_message",
    "soft_constraint_message",
    "no_app_error_string",
    "image",
    "big_image",
    "audio",
    "video",
];

/// Columns that name files to show, and what they are called outside.
pub const MEDIA: &[(&str, &str)] = &[
    ("image", "image"),
    ("big_image", "big-image"),
    ("audio", "audio"),
    ("video", "video"),
];

/// The headings of a sheet.
#[derive(Debug)]
pub struct Headings<'a> {
    sheet: &'a Sheet,
    columns: Vec<Heading>,
    /// Known columns by what they mean: places in `columns`.
    by_means: HashMap<String, Vec<usize>>,
    /// Whether runs of blanks in cells are left as they are.
    pub keeps_blanks: bool,
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
    pub fn read(
        sheet: &'a Sheet,
        known: &[(&str, &[&str])],
        lenient: bool,
        problems: &mut Vec<Problem>,
    ) -> Headings<'a> {
        let mut columns: Vec<Heading> = Vec::new();
        if let Some(row) = sheet.rows.first() {
            let has_double = row.cells.iter().any(|(_, written)| written.contains("::"));
            for (column, written) in &row.cells {
                let mut heading = heading(*column, written, known, has_double);
                let origin = sheet.origin(row.number, *column, written.trim());
                if lenient
                    && !heading.is_known
                    && let meant = self::heading(*column, &written.replace('-', "_"), known, false)
                    && meant.is_known
                {
                    problems.push(Problem::mended(
                        &origin,
                        written,
                        format!("there is no such column; read as {}", meant.means),
                        format!("Write {}", meant.means),
                    ));
                    heading = Heading {
                        written: heading.written,
                        ..meant
                    };
                }
                let same =
                    |other: &&Heading| other.means == heading.means && other.language == heading.language;
                if let Some(first) = columns.iter().find(same) {
                    problems.push(match lenient && first.column < *column {
                        true => Problem::mended(
                            &origin,
                            written,
                            format!(
                                "this column stands twice, first as \"{}\", and is not read",
                                first.written
                            ),
                            "Delete one of them or rename it",
                        ),
                        false => Problem::error(
                            &origin,
                            written,
                            format!("this column stands twice, first as \"{}\"", first.written),
                            "Delete one of them or rename it",
                        ),
                    });
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
        let mut by_means: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, heading) in columns.iter().enumerate().filter(|(_, heading)| heading.is_known) {
            by_means.entry(heading.means.clone()).or_default().push(place);
        }
        Headings {
            sheet,
            columns,
            by_means,
            keeps_blanks: false,
        }
    }

    /// The known columns of one meaning, in all languages.
    fn meaning(&self, means: &str) -> impl Iterator<Item = &Heading> {
        self.by_means
            .get(means)
            .into_iter()
            .flatten()
            .filter_map(|place| self.columns.get(*place))
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

    /// The cell of a heading itself.
    pub fn heading_origin(&self, heading: &Heading) -> Origin {
        let row = self.sheet.rows.first().map_or(1, |row| row.number);
        self.sheet.origin(row, heading.column, &heading.written)
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

impl Heading {
    /// Whether the column may be written once per language.
    pub fn is_translated(&self) -> bool {
        TRANSLATED.contains(&self.means.as_str())
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
        let heading = self.headings.meaning(means).next()?;
        self.cell(heading)
    }

    /// The place of a cell, blank or not; the whole row when there is no such column.
    pub fn place(&self, means: &str) -> Origin {
        match self.headings.meaning(means).next() {
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
            source: match self.headings.keeps_blanks {
                true => cell::as_written(cell.text),
                false => cell::expression(cell.text),
            },
            origin: cell.origin,
        })
    }

    /// A text in all its languages; `default` is the language of a column without one.
    pub fn translated(&self, means: &str, default: &str) -> Translated {
        let mut texts = Entries::new();
        for heading in self.headings.meaning(means) {
            if let Some(text) = self.row.get(heading.column) {
                let language = heading.language.as_deref().unwrap_or(default);
                texts.insert(
                    language.to_string(),
                    match self.headings.keeps_blanks {
                        true => cell::kept_text(text),
                        false => cell::text(text),
                    },
                );
            }
        }
        Translated(texts)
    }

    /// Files to show, by what they are.
    pub fn media(&self, default: &str) -> BTreeMap<String, Translated> {
        MEDIA
            .iter()
            .map(|(means, name)| ((*name).to_string(), self.translated(means, default)))
            .filter(|(_, files)| !files.is_empty())
            .collect()
    }

    /// Attributes for other tools: cells under `bind::NAME`, `control::NAME` and `instance::NAME`.
    pub fn attributes(&self) -> BTreeMap<String, String> {
        self.headings
            .columns
            .iter()
            .filter(|heading| heading.is_known && heading.means.contains("::"))
            .filter_map(|heading| Some((heading.means.clone(), cell::plain(self.row.get(heading.column)?))))
            .collect()
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

/// What a heading means. `has_double`: languages stand after `::` in this sheet, so a single colon is a part of a name.
fn heading(column: u32, written: &str, known: &[(&str, &[&str])], has_double: bool) -> Heading {
    let written = cell::text(written);
    let make = |means: &str, language: Option<&str>, is_known: bool| Heading {
        column,
        written: written.clone(),
        means: means.to_string(),
        language: language.map(str::to_string),
        is_known,
    };
    let is_single = has_double && written.contains(':') && !written.contains("::");
    if is_single && !written.to_lowercase().starts_with("jr:") {
        return make(&written, None, false);
    }
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
    if let Some(means) = attribute(&written) {
        return make(&means, None, true);
    }
    make(&written, None, false)
}

/// `bind::NAME`, `control::NAME`, `instance::NAME` or `attribute::NAME`, however it is spelt.
fn attribute(written: &str) -> Option<String> {
    let (prefix, name) = written.split_once("::").or_else(|| written.split_once(':'))?;
    let prefix = match prefix.trim().to_lowercase().as_str() {
        "bind" => "bind",
        "body" | "control" => "control",
        "instance" => "instance",
        "attribute" => "attribute",
        _ => return None,
    };
    let name = name.trim();
    (!name.is_empty()).then(|| format!("{prefix}::{name}"))
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
        .map(|part| {
            let words: Vec<&str> = part.split_whitespace().collect();
            words.join("_").to_lowercase().replace("big-image", "big_image")
        })
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
            let heading = heading(0, written, SURVEY, false);
            assert!(heading.is_known, "{written}");
            assert_eq!(
                (heading.means.as_str(), heading.language.as_deref()),
                (means, language),
                "{written}"
            );
        }
        for written in ["my notes", "relevant::English", "choice-filter"] {
            assert!(!heading(0, written, SURVEY, false).is_known, "{written}");
        }
        for (written, is_known) in [("label:en", false), ("label::en", true), ("jr:count", true)] {
            assert_eq!(heading(0, written, SURVEY, true).is_known, is_known, "{written}");
        }
    }
}
