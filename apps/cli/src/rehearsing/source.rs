//! A form and its files, from paths or from the request itself.

use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sampan_form::compiled::Form;
use sampan_form::external::{Table, Tables};
use sampan_form::problem::{Problem, Severity};
use sampan_xlsform::reading::Options;
use serde_json::{Map, Value, json};

use crate::checking;
use crate::lines::{Fields, Trouble};

/// A form ready to run.
#[derive(Debug)]
pub struct Loaded {
    /// The form.
    pub form: Arc<Form>,
    /// Its files.
    pub tables: Arc<Tables>,
    /// What is doubtful, what was mended, and which files are missing.
    pub warnings: Vec<Problem>,
    /// The name of its file.
    pub name: String,
}

/// Reads a form, mending it if that is wanted. Err: everything that is wrong.
pub fn form(
    bytes: &[u8],
    name: &str,
    lenient: bool,
    root: Option<&str>,
    files: &[(String, Vec<u8>)],
) -> Result<Loaded, Vec<Problem>> {
    let options = Options {
        lenient,
        root: root.map(str::to_string),
        is_outline: false,
    };
    let reading = checking::any(bytes, name, &options)?;
    let (mut warnings, def) = (reading.warnings, Arc::new(reading.form));
    let form = match lenient {
        true => Form::compile_leniently(def),
        false => Form::compile(def),
    }?;
    let mut tables = Tables::new();
    for (file, bytes) in files {
        let place = sampan_form::def::Origin {
            sheet: file.clone(),
            ..sampan_form::def::Origin::default()
        };
        let wanted = form
            .def()
            .external
            .iter()
            .find(|own| own.file_name.eq_ignore_ascii_case(file));
        let Some(wanted) = wanted else {
            let message = "the form reads no file of this name";
            warnings.push(Problem::warning(&place, "", message, "Leave it out"));
            continue;
        };
        match Table::read(file, bytes) {
            Ok(table) => tables.insert(&wanted.id, Arc::new(table)),
            Err(error) => {
                let problem = Problem::error(&place, "", error.to_string(), "Correct the file");
                return Err(warnings.into_iter().chain([problem]).collect());
            }
        }
    }
    // What is missing in a file that was given; files that were not given are named below.
    let is_given = |problem: &Problem| {
        let own = form
            .def()
            .external
            .iter()
            .find(|file| file.file_name == problem.found);
        own.is_none_or(|file| tables.get(&file.id).is_some())
    };
    let lacking: Vec<Problem> = form.check_tables(&tables).into_iter().filter(is_given).collect();
    match lenient || lacking.is_empty() {
        true => warnings.extend(lacking.into_iter().map(|mut problem| {
            problem.severity = Severity::Warning;
            problem
        })),
        false => return Err(warnings.into_iter().chain(lacking).collect()),
    }
    for file in &form.def().external {
        if tables.get(&file.id).is_none() {
            warnings.push(Problem::warning(
                &sampan_form::def::Origin::default(),
                &file.file_name,
                "the form reads a file that was not given",
                "Give it among the attachments",
            ));
        }
    }
    Ok(Loaded {
        form: Arc::new(form),
        tables: Arc::new(tables),
        warnings,
        name: name.to_string(),
    })
}

/// Reads what a request gives as a form.
pub fn requested(request: &Fields<'_>) -> Result<Loaded, Trouble> {
    let (name, bytes) = content(request.0)?;
    let mut files = Vec::new();
    for given in request.list("attachments")? {
        match given {
            Value::String(path) => files.push(from_path(path)?),
            Value::Object(fields) => files.push(content(fields)?),
            _ => {
                return Err(Trouble::request(
                    "attachments are paths, or objects with path, or with name and text or base64",
                ));
            }
        }
    }
    let lenient = request.flag("lenient")?;
    let root = request.text("form_name")?;
    form(&bytes, &name, lenient, root, &files).map_err(|problems| {
        let n_errors = problems.iter().filter(|problem| problem.is_error()).count();
        let first = problems.iter().find(|problem| problem.is_error());
        let advice = match lenient {
            true => "Correct the cells named among the problems",
            false => "Correct the cells named among the problems, or load it with \"lenient\":true",
        };
        let message = match first {
            Some(first) => format!(
                "the form has {n_errors} errors; the first: {}",
                checking::line(Path::new(&name), first)
            ),
            None => "the form cannot be read".into(),
        };
        Trouble::new("form", message, advice).with("problems", said(&problems, &name))
    })
}

/// Problems as JSON, each also as the line that editors jump to.
pub fn said(problems: &[Problem], name: &str) -> Value {
    problems
        .iter()
        .map(|problem| {
            json!({
                "severity": problem.severity,
                "sheet": problem.origin.sheet,
                "row": problem.origin.row,
                "column": problem.origin.column,
                "letter": problem.origin.letter,
                "found": problem.found,
                "message": problem.message,
                "advice": problem.advice,
                "line": checking::line(Path::new(name), problem),
            })
        })
        .collect()
}

/// A file by its path, or by name with its text or bytes.
fn content(given: &Map<String, Value>) -> Result<(String, Vec<u8>), Trouble> {
    let given = Fields(given);
    let name = given.text("name")?;
    if let Some(path) = given.text("path")? {
        let (own, bytes) = from_path(path)?;
        return Ok((name.map_or(own, str::to_string), bytes));
    }
    let bytes = match (given.text("text")?, given.text("base64")?) {
        (Some(text), _) => text.as_bytes().to_vec(),
        (None, Some(coded)) => STANDARD
            .decode(coded.trim())
            .map_err(|error| Trouble::request(format!("base64 is none: {error}")))?,
        (None, None) => {
            return Err(Trouble::request(
                "there is no content: give path, or name with text or base64",
            ));
        }
    };
    let guessed = match bytes.trim_ascii_start() {
        [b'<', ..] => "form.xml",
        [b'|', ..] => "form.md",
        [b'P', b'K', ..] => "form.xlsx",
        _ => "form.csv",
    };
    Ok((name.unwrap_or(guessed).to_string(), bytes))
}

fn from_path(path: &str) -> Result<(String, Vec<u8>), Trouble> {
    let path = Path::new(path);
    match checking::read(path) {
        Ok(bytes) => Ok((checking::file_name(path), bytes)),
        Err(failure) => {
            let view = failure.view();
            Err(Trouble::new("unreadable_file", view.sentence, view.advice)
                .with("path", json!(path.display().to_string())))
        }
    }
}
