//! `sampan form run`: a form previewed, by a person or by another program; nothing is kept.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sampan_client_core::interviewing::OpenInterview;
use sampan_client_core::platform::Contact;
use sampan_interview::plan::Plan;
use sampan_interview::standing::{QuestionStanding, Standing};
use sampan_interview::view::Problem;
use serde_json::{Map, Value, json};

use crate::device::Device;
use crate::failure::{Failure, Outcome};
use crate::interviewing::asking::{Asker, End};
use crate::interviewing::{answers_file, filling};
use crate::rehearsing::source::Loaded;
use crate::terminal::{Terminal, harmless};
use crate::{checking, words};

mod adapter;
mod meta;
mod nearest;
mod setting;
mod shape;
pub mod source;

/// What is to be previewed.
#[derive(Debug, clap::Args)]
pub struct Asked {
    /// The form: .xlsx, .xls, .ods, .csv, tables of text in a .md file, or an XForm (.xml).
    #[arg(value_name = "FORM", required_unless_present = "rpc")]
    file: Option<PathBuf>,
    /// Answers to fill in first, as for `sampan interview`; without a terminal nothing else is asked.
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// Language of the questions (`English (en)`, `English` or `en`).
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<String>,
    /// A file that the form reads (`adm2.csv`); may be repeated. Files beside the form are found by themselves.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    attach: Vec<PathBuf>,
    /// Mends what can only mean one thing, and lists each mending.
    #[arg(long)]
    lenient: bool,
    /// The address that a question `email` writes down.
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// The number that a question `phonenumber` writes down.
    #[arg(long, value_name = "NUMBER")]
    phone_number: Option<String>,
    /// Answers requests of another program: one JSON object a line in, one a line out.
    #[arg(long, conflicts_with_all = ["file", "answers", "language", "attach", "lenient", "email", "phone_number"])]
    rpc: bool,
}

/// Asks the form, or fills it in from a file, and says at the end what was answered and what is missing.
pub fn run(terminal: &mut Terminal, asked: &Asked) -> Result<Outcome, Failure> {
    let Some(file) = asked.file.as_deref().filter(|_| !asked.rpc) else {
        return adapter::serve(terminal);
    };
    if terminal.json && asked.answers.is_none() {
        return Err(Failure::Usage {
            sentence: "a preview that asks has no JSON to write".into(),
            advice: "Leave out --json, or give the answers with --answers FILE.".into(),
        });
    }
    let Some(loaded) = load(terminal, file, asked)? else {
        return Ok(Outcome::NotAccepted);
    };
    let plan = Arc::new(Plan::new(loaded.form.clone(), loaded.tables.clone()));
    let folder = Folder::new()?;
    let contact = Contact {
        email: asked.email.clone().unwrap_or_default(),
        phone_number: asked.phone_number.clone().unwrap_or_default(),
    };
    let device = Device::open_for(Some(&folder.path), contact)?;
    let mut open = device.client.try_plan(plan)?;
    if let Some(language) = &asked.language
        && !open.set_language(language)
    {
        return Err(Failure::Usage {
            sentence: format!("the form is not written in {language}"),
            advice: format!("It has: {}.", open.languages().join(", ")),
        });
    }
    if let Some(path) = &asked.answers {
        filling::rehearse(&mut open, &answers_file::read(path)?)?;
        open.goto_first_open()?;
    }
    if asked.answers.is_some() && (terminal.json || !terminal.asks_a_person) {
        return summary(terminal, &open, true);
    }
    let title = harmless(&loaded.form.def().title);
    terminal.line(terminal.strong(&format!("{title} (preview, nothing is kept)")))?;
    terminal
        .line(terminal.faint("Enter passes on, < goes back, :save ends the preview, :help tells more."))?;
    let (end, open) = Asker::new(terminal, &device, open, asked.answers.is_some()).run()?;
    terminal.line("")?;
    let is_finished = match end {
        End::Finished(_) => true,
        End::Saved { .. } => false,
    };
    summary(terminal, &open, is_finished)
}

/// Reads the form and its files; what is doubtful is said. None when it has errors, which are said.
fn load(terminal: &mut Terminal, file: &Path, asked: &Asked) -> Result<Option<Loaded>, Failure> {
    let bytes = checking::read(file)?;
    let name = checking::file_name(file);
    let mut files = Vec::new();
    for path in &asked.attach {
        files.push((checking::file_name(path), checking::read(path)?));
    }
    files.extend(checking::files_beside(file, &bytes, &name, asked.lenient, &files));
    match source::form(&bytes, &name, asked.lenient, None, &files) {
        Ok(loaded) => {
            for problem in &loaded.warnings {
                terminal.error_line(checking::line(file, problem))?;
            }
            Ok(Some(loaded))
        }
        Err(problems) => {
            for problem in &problems {
                terminal.error_line(checking::line(file, problem))?;
            }
            Ok(None)
        }
    }
}

/// What was answered, and what is missing.
fn summary(terminal: &mut Terminal, open: &OpenInterview, is_finished: bool) -> Result<Outcome, Failure> {
    let interview = open.look()?;
    let standing = interview.standing(false);
    let answered: Vec<(&Standing, &QuestionStanding)> = standing
        .iter()
        .filter(|item| item.relevant)
        .filter_map(|item| Some((item, item.question.as_ref()?)))
        .filter(|(_, question)| !question.text.is_empty() || question.missing.is_some())
        .collect();
    let problems = interview.problems();
    let is_complete = !problems.iter().any(|problem| problem.kind.blocks());
    let place_of = |problem: &Problem| {
        let item = standing.iter().find(|item| item.at == problem.at);
        item.map(|item| item.place.as_str())
    };
    if terminal.json {
        let answers: Map<String, Value> = answered
            .iter()
            .map(|(item, question)| {
                let value = match question.missing {
                    Some(missing) => json!({"missing": missing.word()}),
                    None => json!(question.text),
                };
                (item.place.clone(), value)
            })
            .collect();
        terminal.result(&json!({
            "form_id": interview.form().form_id(),
            "is_complete": is_complete,
            "answers": answers,
            "problems": problems.iter().map(|problem| json!({
                "at": place_of(problem),
                "kind": problem.kind,
                "message": problem.message,
                "blocks": problem.kind.blocks(),
            })).collect::<Vec<_>>(),
        }))?;
        return Ok(done(is_complete, is_finished));
    }
    terminal.line(terminal.strong("Answers"))?;
    for (item, _) in &answered {
        let words = harmless(&interview.answer_text(&item.at)).replace('\n', " ");
        let label = item.label.as_deref().map(harmless).unwrap_or_default();
        let label = label.split('\n').next().unwrap_or_default();
        let beside = match label {
            "" => String::new(),
            label => format!("  {}", terminal.faint(label)),
        };
        terminal.line(format!("  {} = {words}{beside}", item.place))?;
    }
    if answered.is_empty() {
        terminal.line("  none")?;
    }
    if problems.is_empty() {
        terminal.line(terminal.good("Nothing is missing; it could be finished."))?;
    } else {
        terminal.line(terminal.strong("Missing or wrong"))?;
    }
    for problem in problems.iter() {
        let place = place_of(problem).unwrap_or_default();
        let message = words::sentence(&harmless(&problem.message));
        terminal.line(format!("  {place}: {}", message.replace('\n', " ")))?;
    }
    Ok(done(is_complete, is_finished))
}

fn done(is_complete: bool, is_finished: bool) -> Outcome {
    match is_complete && is_finished {
        true => Outcome::Done,
        false => Outcome::NotDone,
    }
}

/// A folder for the time of a preview, so that no device is touched.
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn new() -> Result<Folder, Failure> {
        let nanos = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| since.subsec_nanos());
        let name = format!("sampan-preview-{}-{nanos}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).map_err(|source| Failure::Unwritten {
            path: path.clone(),
            source,
        })?;
        let gone = path.clone();
        // Without a handler Ctrl-C ends the program just the same, and leaves an empty preview behind.
        let _ = ctrlc::set_handler(move || {
            let _ = std::fs::remove_dir_all(&gone);
            std::process::exit(130);
        });
        Ok(Folder { path })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // It lies among temporary files; what cannot be removed now goes with them.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
