//! `sampan form check`: everything that is wrong with a form, by cell.

use std::collections::BTreeMap;
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

/// How many problems that say the same are printed.
const ALIKE: usize = 5;

/// The deepest folder that is looked into.
const FOLDERS: usize = 16;

/// Largest form file, in bytes.
const FORM_BYTES: u64 = 64 * 1024 * 1024;

/// What is to be checked.
#[derive(Debug, clap::Args)]
pub struct Asked {
    /// The forms: .xlsx, .xls, .ods, .csv, tables of text in a .md file, XForms (.xml); a folder stands for all
    /// workbooks and XForms in it.
    #[arg(value_name = "FORM", required = true)]
    files: Vec<PathBuf>,
    /// A file that the form reads (`adm2.csv`); may be repeated. Files beside a form, and in the folder FORM-media, are
    /// found by themselves.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    attach: Vec<PathBuf>,
    /// Mends what can only mean one thing, and lists each mending.
    #[arg(long)]
    lenient: bool,
    /// Where the same is wrong in many rows, prints the first few and how many more there are.
    #[arg(long)]
    brief: bool,
}

/// What was found in one form.
struct Checked {
    file: PathBuf,
    form: Option<FormDef>,
    problems: Vec<Problem>,
    /// Files that it reads and that were not found.
    missing: Vec<String>,
}

impl Checked {
    fn n(&self, severity: Severity) -> usize {
        let found = self.problems.iter();
        found.filter(|problem| problem.severity == severity).count()
    }

    fn json(&self) -> serde_json::Value {
        let form = self.form.as_ref();
        let problems: Vec<_> = self
            .problems
            .iter()
            .map(|problem| {
                let mut all = json!(problem);
                if let Some(fields) = all.as_object_mut() {
                    let origin = &problem.origin;
                    fields.insert("line".into(), json!(line(&self.file, problem)));
                    fields.insert("sheet".into(), json!(origin.sheet));
                    fields.insert("row".into(), json!(origin.row));
                    fields.insert("column".into(), json!(origin.column));
                    fields.insert("letter".into(), json!(origin.letter));
                }
                all
            })
            .collect();
        let n_errors = self.n(Severity::Error);
        json!({
            "file": self.file.display().to_string(),
            "form_id": form.map(|form| form.form_id.as_str()),
            "title": form.map(|form| form.title.as_str()),
            "version": form.map(|form| form.version.as_str()),
            "n_errors": n_errors,
            "n_mended": self.n(Severity::Mended),
            "n_warnings": self.problems.len() - n_errors,
            "files_not_checked": self.missing,
            "problems": problems,
        })
    }
}

/// Checks forms with the files that they read.
pub fn check(terminal: &mut Terminal, asked: &Asked) -> Result<Outcome, Failure> {
    let (forms, is_one) = forms_in(&asked.files)?;
    let attachments = asked
        .attach
        .iter()
        .map(|path| Ok((file_name(path), read(path)?)))
        .collect::<Result<Vec<_>, Failure>>()?;
    let mut all = Vec::new();
    for file in &forms {
        let checked = one(file, &attachments, asked.lenient)?;
        if !terminal.json {
            tell(terminal, file, &checked.problems, asked.brief)?;
            let is_good = checked.n(Severity::Error) == 0;
            if let Some(form) = checked.form.as_ref().filter(|_| is_good) {
                summary(terminal, file, form, &checked.missing, is_one)?;
            }
        }
        all.push(checked);
    }
    let sum = |severity: Severity| all.iter().map(|checked| checked.n(severity)).sum::<usize>();
    let n_errors = sum(Severity::Error);
    let n_bad = all
        .iter()
        .filter(|checked| checked.n(Severity::Error) > 0)
        .count();
    if terminal.json {
        match all.as_slice() {
            [only] if is_one => terminal.result(&only.json())?,
            all => terminal.result(&json!({
                "n_forms": all.len(),
                "n_forms_with_errors": n_bad,
                "n_errors": n_errors,
                "n_mended": sum(Severity::Mended),
                "n_warnings": sum(Severity::Warning),
                "files": all.iter().map(Checked::json).collect::<Vec<_>>(),
            }))?,
        }
    } else if !is_one || all.iter().any(|checked| !checked.problems.is_empty()) {
        let mut parts = Vec::new();
        if !is_one {
            let n_forms = words::count(as_count(all.len()), "form", "forms");
            parts.push(format!("{n_forms}, {n_bad} with errors"));
        }
        parts.push(words::count(as_count(n_errors), "error", "errors"));
        if sum(Severity::Mended) > 0 {
            parts.push(format!("{} mended", sum(Severity::Mended)));
        }
        parts.push(words::count(
            as_count(sum(Severity::Warning)),
            "warning",
            "warnings",
        ));
        terminal.line(parts.join(", "))?;
    }
    Ok(if n_errors == 0 {
        Outcome::Done
    } else {
        Outcome::NotAccepted
    })
}

/// Prints the problems of a form; briefly: of those that say the same the first few, and how many more there are.
fn tell(terminal: &mut Terminal, file: &Path, problems: &[Problem], is_brief: bool) -> Result<(), Failure> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for problem in problems {
        let place = (&problem.origin.sheet, &problem.origin.column);
        // Which row, and which row it repeats, makes no other problem.
        let words: String = problem
            .message
            .chars()
            .filter(|letter| !letter.is_ascii_digit())
            .collect();
        let key = format!("{place:?} {words} {}", problem.advice);
        let n = seen.entry(key).or_insert(0);
        *n += 1;
        if !is_brief || *n <= ALIKE {
            terminal.line(line(file, problem))?;
        }
        if is_brief && *n == ALIKE + 1 {
            let n_all = problems
                .iter()
                .filter(|other| {
                    let own: String = other
                        .message
                        .chars()
                        .filter(|letter| !letter.is_ascii_digit())
                        .collect();
                    own == words
                        && (&other.origin.sheet, &other.origin.column) == place
                        && other.advice == problem.advice
                })
                .count();
            let sheet = &problem.origin.sheet;
            let more = n_all.saturating_sub(ALIKE);
            terminal.line(harmless(&format!(
                "{}:{sheet}: note: {more} more like this; they show without --brief",
                file.display()
            )))?;
        }
    }
    Ok(())
}

fn one(file: &Path, given: &[(String, Vec<u8>)], lenient: bool) -> Result<Checked, Failure> {
    let bytes = read(file)?;
    let name = file_name(file);
    let options = Options {
        lenient,
        ..Options::default()
    };
    let (form, mut problems) = match any(&bytes, &name, &options) {
        Ok(Reading { form, warnings }) => (Some(form), warnings),
        Err(problems) => (None, problems),
    };
    let mut missing = Vec::new();
    if let Some(form) = &form {
        let mut files = given.to_vec();
        files.extend(beside(file, form, &files));
        if !files.is_empty() {
            problems.extend(with_files(form, &files));
        }
        let is_here = |name: &str| files.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        let wanted = form.external.iter().map(|own| own.file_name.clone());
        missing = wanted.filter(|name| !is_here(name)).collect();
    }
    Ok(Checked {
        file: file.to_path_buf(),
        form,
        problems,
        missing,
    })
}

/// Files that a form reads and that lie beside it or in the folder `NAME-media`, unless they were given.
pub fn files_beside(
    file: &Path,
    bytes: &[u8],
    name: &str,
    lenient: bool,
    given: &[(String, Vec<u8>)],
) -> Vec<(String, Vec<u8>)> {
    let options = Options {
        lenient,
        is_outline: true,
        ..Options::default()
    };
    match any(bytes, name, &options) {
        Ok(reading) => beside(file, &reading.form, given),
        // What is wrong is said when it is read to run.
        Err(_) => Vec::new(),
    }
}

fn beside(file: &Path, form: &FormDef, given: &[(String, Vec<u8>)]) -> Vec<(String, Vec<u8>)> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let stem = file
        .file_stem()
        .map(|stem| stem.to_string_lossy())
        .unwrap_or_default();
    let media = folder.join(format!("{stem}-media"));
    let mut found = Vec::new();
    for own in &form.external {
        let name = &own.file_name;
        // A form is no reason to look anywhere else.
        let is_plain = file_name(Path::new(name)) == *name;
        if !is_plain || given.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
            continue;
        }
        let bytes = [media.join(name), folder.join(name)]
            .iter()
            .filter(|path| path.is_file())
            .find_map(|path| read(path).ok());
        found.extend(bytes.map(|bytes| (name.clone(), bytes)));
    }
    found
}

/// The forms that paths name, folders opened; and whether it was one file.
fn forms_in(paths: &[PathBuf]) -> Result<(Vec<PathBuf>, bool), Failure> {
    let mut forms = Vec::new();
    for path in paths {
        match path.is_dir() {
            true => walk(path, 0, &mut forms)?,
            false => forms.push(path.clone()),
        }
    }
    if forms.is_empty() {
        return Err(Failure::Usage {
            sentence: "there is no form in these folders".into(),
            advice: "Forms in folders are .xlsx, .xls and .ods files and XForms; name others one by one."
                .into(),
        });
    }
    let is_one = matches!(paths, [only] if !only.is_dir());
    Ok((forms, is_one))
}

fn walk(folder: &Path, depth: usize, forms: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |source| Failure::File {
        path: folder.to_path_buf(),
        source,
    };
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(failed)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    paths.sort();
    for path in paths {
        let name = file_name(&path).to_lowercase();
        if name.starts_with(['.', '~']) || path.is_symlink() {
            continue;
        }
        let is_form = match name.rsplit_once('.') {
            Some((_, "xlsx" | "xls" | "ods")) => true,
            // Other XML is common beside forms.
            Some((_, "xml")) => read(&path).is_ok_and(|bytes| {
                let head = bytes.get(..4096).unwrap_or(&bytes);
                String::from_utf8_lossy(head).contains("http://www.w3.org/2002/xforms")
            }),
            _ => false,
        };
        if path.is_dir() && depth < FOLDERS {
            walk(&path, depth + 1, forms)?;
        } else if path.is_file() && is_form {
            forms.push(path);
        }
    }
    Ok(())
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

fn summary(
    terminal: &mut Terminal,
    file: &Path,
    form: &FormDef,
    missing: &[String],
    is_one: bool,
) -> Result<(), Failure> {
    let version = match form.version.as_str() {
        "" => String::new(),
        version => format!(", version {version}"),
    };
    let about = format!(
        "{} ({}{version}) is a form without errors.",
        form.title, form.form_id
    );
    terminal.line(harmless(&match is_one {
        true => about,
        false => format!("{}: {about}", file.display()),
    }))?;
    if is_one && form.languages.iter().any(|language| language != "default") {
        terminal.line(harmless(&format!("Languages: {}", form.languages.join(", "))))?;
    }
    if !missing.is_empty() {
        let those = match missing {
            [_] => "that file",
            _ => "those files",
        };
        let read = format!(
            "It reads {}; check {those} too with --attach FILE.",
            missing.join(", ")
        );
        terminal.line(harmless(&read))?;
    }
    Ok(())
}

/// What is wrong with the files, or with the form because of them.
fn with_files(form: &FormDef, attachments: &[(String, Vec<u8>)]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut tables = Tables::new();
    let mut known = Vec::new();
    for (name, bytes) in attachments {
        let at_file = Origin {
            sheet: name.clone(),
            ..Origin::default()
        };
        let Some(file) = form
            .external
            .iter()
            .find(|file| file.file_name.eq_ignore_ascii_case(name))
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
        match Table::read(name, bytes) {
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
