//! `sampan form check`: everything that is wrong with a form, by cell.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sampan_form::compiled::Form;
use sampan_form::def::{FormDef, Origin};
use sampan_form::external::{Table, Tables};
use sampan_form::problem::{Problem, Severity};
use sampan_form::xform;
use sampan_xlsform::reading::{self, Options, Reading};
use serde_json::json;

use crate::failure::{Failure, Outcome};
use crate::terminal::{Terminal, harmless};
use crate::words;

/// Largest form file, in bytes.
const FORM_BYTES: u64 = 64 * 1024 * 1024;

/// Checks a form file with the files that it reads.
pub fn check(
    terminal: &mut Terminal,
    file: &Path,
    attach: &[PathBuf],
    lenient: bool,
) -> Result<Outcome, Failure> {
    let bytes = read(file)?;
    let attachments = attach
        .iter()
        .map(|path| Ok((path.as_path(), read(path)?)))
        .collect::<Result<Vec<_>, Failure>>()?;
    let name = file_name(file);
    let options = Options {
        lenient,
        ..Options::default()
    };
    let reading = any(&bytes, &name, &options);
    let (form, problems) = match reading {
        Ok(Reading { form, warnings }) => {
            let mut problems = warnings;
            if !attachments.is_empty() {
                problems.extend(with_files(&form, &attachments));
            }
            (Some(form), problems)
        }
        Err(problems) => (None, problems),
    };
    let n_errors = problems.iter().filter(|problem| problem.is_error()).count();
    if terminal.json {
        let missing: Vec<&str> = form.iter().flat_map(|form| missing_files(form, attach)).collect();
        terminal.result(&json!({
            "file": file.display().to_string(),
            "form_id": form.as_ref().map(|form| form.form_id.as_str()),
            "title": form.as_ref().map(|form| form.title.as_str()),
            "version": form.as_ref().map(|form| form.version.as_str()),
            "n_errors": n_errors,
            "n_warnings": problems.len() - n_errors,
            "files_not_checked": missing,
            "problems": problems,
        }))?;
    } else {
        for problem in &problems {
            terminal.line(line(file, problem))?;
        }
        if let Some(form) = form.as_ref().filter(|_| n_errors == 0) {
            summary(terminal, form, attach)?;
        }
        if !problems.is_empty() {
            let n_warnings = as_count(problems.len() - n_errors);
            terminal.line(format!(
                "{}, {}",
                words::count(as_count(n_errors), "error", "errors"),
                words::count(n_warnings, "warning", "warnings"),
            ))?;
        }
    }
    Ok(if n_errors == 0 {
        Outcome::Done
    } else {
        Outcome::NotAccepted
    })
}

/// Reads a form of any kind: an XLSForm, or ODK's XML. With `is_outline` in the options expressions stay unchecked.
pub fn any(bytes: &[u8], name: &str, options: &Options) -> Result<Reading, Vec<Problem>> {
    let text = std::str::from_utf8(bytes)
        .map(|text| text.trim_start_matches('\u{feff}').trim_start())
        .unwrap_or_default();
    if !text.starts_with('<') {
        return reading::read_file(bytes, name, options);
    }
    let xform::read::Reading { form, mut warnings } = xform::read::read(text)?;
    if !options.is_outline {
        let compiled = match options.lenient {
            true => Form::compile_leniently(Arc::new(form.clone())),
            false => Form::compile(Arc::new(form.clone())),
        };
        match compiled {
            Ok(compiled) => warnings.extend(compiled.warnings().iter().cloned()),
            Err(problems) => {
                warnings.extend(problems);
                return Err(warnings);
            }
        }
    }
    Ok(Reading { form, warnings })
}

fn summary(terminal: &mut Terminal, form: &FormDef, attach: &[PathBuf]) -> Result<(), Failure> {
    terminal.line(harmless(&format!(
        "{} ({}, version {}) is a form without errors.",
        form.title, form.form_id, form.version
    )))?;
    if form.languages.iter().any(|language| language != "default") {
        terminal.line(harmless(&format!("Languages: {}", form.languages.join(", "))))?;
    }
    let missing = missing_files(form, attach);
    if !missing.is_empty() {
        terminal.line(format!(
            "It reads {}; check {} too with --attach FILE.",
            missing.join(", "),
            if missing.len() == 1 {
                "that file"
            } else {
                "those files"
            }
        ))?;
    }
    Ok(())
}

/// What is wrong with the files, or with the form because of them.
fn with_files(form: &FormDef, attachments: &[(&Path, Vec<u8>)]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut tables = Tables::new();
    let mut known = Vec::new();
    for (path, bytes) in attachments {
        let name = file_name(path);
        let at_file = Origin {
            sheet: name.clone(),
            ..Origin::default()
        };
        let Some(file) = form
            .external
            .iter()
            .find(|file| file.file_name.eq_ignore_ascii_case(&name))
        else {
            problems.push(Problem::warning(
                &at_file,
                "",
                "the form reads no file of this name",
                "Give it the name that the form uses, or leave it out",
            ));
            continue;
        };
        known.push(file.id.as_str());
        match Table::read(&name, bytes) {
            Ok(table) => tables.insert(&file.id, Arc::new(table)),
            Err(error) => problems.push(Problem::error(
                &at_file,
                "",
                error.to_string(),
                "Correct the file and check again",
            )),
        }
    }
    // Files that were not given are named at the end; only those that are here can be wrong.
    let here: Vec<_> = form
        .external
        .iter()
        .filter(|file| tables.get(&file.id).is_some())
        .collect();
    if here.len() == form.external.len()
        && let Ok(compiled) = Form::compile(Arc::new(form.clone()))
    {
        problems.extend(compiled.check_tables(&tables));
    }
    problems
}

/// Files that the form reads and that were not given.
fn missing_files<'a>(form: &'a FormDef, attach: &[PathBuf]) -> Vec<&'a str> {
    form.external
        .iter()
        .map(|file| file.file_name.as_str())
        .filter(|name| {
            !attach
                .iter()
                .any(|path| file_name(path).eq_ignore_ascii_case(name))
        })
        .collect()
}

/// `sme_vc.xlsx:survey!F12: error: …`, as editors jump to.
pub fn line(file: &Path, problem: &Problem) -> String {
    let origin = &problem.origin;
    let mut place = file.display().to_string();
    if !origin.sheet.is_empty() {
        place.push(':');
        place.push_str(&origin.sheet);
        if origin.row > 0 {
            let letter = origin.letter.as_deref().unwrap_or("");
            place.push_str(&format!("!{letter}{}", origin.row));
        }
    }
    if origin.sheet.is_empty() && origin.row > 0 {
        place.push_str(&format!(":{}", origin.row));
    }
    let severity = match problem.severity {
        Severity::Error => "error",
        Severity::Mended => "mended",
        Severity::Warning => "warning",
    };
    let mut bare = problem.clone();
    bare.origin = Origin::default();
    harmless(&format!("{place}: {severity}: {bare}")).replace('\n', " ")
}

/// The bytes of a form file or of a table beside it.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |source| Failure::File {
        path: path.to_path_buf(),
        source,
    };
    let size_bytes = std::fs::metadata(path).map_err(failed)?.len();
    if size_bytes > FORM_BYTES {
        return Err(Failure::Usage {
            sentence: format!("{} has more than 64 MB", path.display()),
            advice: "Forms and their tables are smaller; check the file's name.".into(),
        });
    }
    std::fs::read(path).map_err(failed)
}

/// The name of a file without its folder.
pub fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn as_count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
