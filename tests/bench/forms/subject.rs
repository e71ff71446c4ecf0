//! Which forms are measured: the largest of the collected real ones where they are, the study's, and a made one.

use std::path::{Path, PathBuf};

use sampan_acceptance::acts;
use serde::Deserialize;

use crate::forms::made;

/// Real forms that are measured.
const N_REAL: usize = 10;

/// A form on the disk.
#[derive(Debug)]
pub struct Subject {
    /// As it stands in the tables.
    pub name: String,
    /// The spreadsheet.
    pub path: PathBuf,
    /// Rows of its survey and its choices.
    pub n_rows: usize,
}

/// All forms that are measured.
#[derive(Debug)]
pub struct Subjects {
    /// In the order of the tables.
    pub list: Vec<Subject>,
    /// A sentence on where they are from.
    pub note: String,
}

/// What is known of a collected form.
#[derive(Debug, Deserialize)]
struct Collected {
    form: String,
    rows: usize,
    choices: usize,
    pyxform_refuses: bool,
}

/// Finds the forms; the made one is written into `folder`.
pub fn find(folder: &Path) -> Result<Subjects, String> {
    let (mut list, note) = match collected() {
        Some(list) if !list.is_empty() => {
            let note = format!(
                "The {} real forms with the most rows that both convert, the forms of the study, and a made one.",
                list.len()
            );
            (list, note)
        }
        Some(_) | None => (
            Vec::new(),
            "The collected real forms (a folder `shared/conformance` beside the repository) are absent, so only the forms of the study \
             and a made one are measured."
                .to_string(),
        ),
    };
    for name in acts::STUDY_FORMS {
        list.push(subject(
            name,
            acts::study_folder().join(format!("forms/{name}.xlsx")),
        )?);
    }
    let path = folder.join("made_large.xlsx");
    std::fs::write(&path, made::large()).map_err(|error| format!("{}: {error}", path.display()))?;
    list.push(subject("made: 3,000 questions", path)?);
    Ok(Subjects { list, note })
}

fn collected() -> Option<Vec<Subject>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/conformance");
    let lines = std::fs::read_to_string(folder.join("forms.jsonl")).ok()?;
    let mut all: Vec<Collected> = lines
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|form: &Collected| !form.pyxform_refuses)
        .collect();
    all.sort_by_key(|form| std::cmp::Reverse(form.rows + form.choices));
    let list = all.into_iter().map(|form| Subject {
        name: short(&form.form),
        path: folder.join("forms").join(&form.form),
        n_rows: form.rows + form.choices,
    });
    Some(list.filter(is_read).take(N_REAL).collect())
}

/// Whether a form is there and is read strictly, its expressions checked too.
fn is_read(subject: &Subject) -> bool {
    let Ok(bytes) = std::fs::read(&subject.path) else {
        return false;
    };
    sampan_xlsform::reading::read_file(&bytes, &subject.name, &Default::default()).is_ok()
}

/// The last words of a long file name, without the digits that make it unique.
fn short(file_name: &str) -> String {
    let stem = file_name.rsplit_once('.').map_or(file_name, |(stem, _)| stem);
    let last = stem.rsplit("__").next().unwrap_or(stem);
    last.rsplit_once('_').map_or(last, |(name, _)| name).to_string()
}

fn subject(name: &str, path: PathBuf) -> Result<Subject, String> {
    let bytes = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let workbook = sampan_xlsform::spreadsheet::workbook(&bytes, name)
        .map_err(|problems| format!("{}: {:?}", path.display(), problems.first()))?;
    let n_rows = ["survey", "choices"]
        .iter()
        .filter_map(|wanted| workbook.sheets.iter().find(|sheet| sheet.name == *wanted))
        .map(|sheet| sheet.rows.len().saturating_sub(1))
        .sum();
    Ok(Subject {
        name: name.to_string(),
        path,
        n_rows,
    })
}
