//! `sampan interview`: an interview in a terminal, begun or gone on with.

use std::path::Path;

use sampan_client_core::api::{FinishView, FormView, InterviewView, ProblemView, RecordRef};
use sampan_client_core::error::ClientError;
use sampan_client_core::interviewing::OpenInterview;
use serde_json::json;

use crate::device::Device;
use crate::failure::{Failure, Outcome};
use crate::interviewing::asking::{Asker, End};
use crate::interviewing::filling::Step;
use crate::listing;
use crate::terminal::{Terminal, harmless};
use crate::words;

pub mod answers_file;
pub mod asking;
mod choosing;
pub mod filling;
mod page;
mod typed;

/// What the command line asks for.
pub struct Asked<'a> {
    /// A form or a record.
    pub what: &'a str,
    /// Answers to fill in first.
    pub answers: Option<&'a Path>,
    /// Language of the questions.
    pub language: Option<&'a str>,
    /// Whether a finished interview is opened again; then only a record is meant.
    pub reopens: bool,
    /// Where the device is, as it was typed.
    pub position: Option<&'a str>,
}

/// Begins an interview or goes on with one, fills in answers, asks the rest.
pub fn interview(terminal: &mut Terminal, device: &Device, asked: &Asked<'_>) -> Result<Outcome, Failure> {
    if terminal.json && asked.answers.is_none() {
        return Err(Failure::Usage {
            sentence: "an interview that asks has no JSON to write".into(),
            advice: "Leave out --json, or give the answers with --answers FILE.".into(),
        });
    }
    let target = if asked.reopens {
        Some(Target::Record(RecordRef(asked.what.to_owned())))
    } else {
        target(terminal, device, asked.what)?
    };
    let Some(target) = target else {
        return Ok(Outcome::Done);
    };
    // Everything that can be wrong with the request shows here, before anything is written.
    let mut trial = match &target {
        Target::New(form) => device.client.try_form(&form.form_id)?,
        Target::Record(record) => device.client.try_interview(record)?,
    };
    if let Some(position) = asked.position {
        trial.tell_position(position)?;
    }
    speak(&mut trial, asked.language)?;
    let steps = match asked.answers {
        Some(path) => filling::rehearse(&mut trial, &answers_file::read(path)?)?,
        None => Vec::new(),
    };
    drop(trial);
    let record = match &target {
        Target::New(form) => device.client.start_at(&form.form_id, asked.position)?,
        Target::Record(record) => record.clone(),
    };
    let mut open = if asked.reopens {
        device.client.reopen(&record)?
    } else {
        device.client.open_interview(&record)?
    };
    if let Some(position) = asked.position {
        open.tell_position(position)?;
    }
    let record = open.record();
    speak(&mut open, asked.language)?;
    say_on_interrupt(&record);
    let is_filled = asked.answers.is_some();
    filling::apply(&mut open, &steps)?;
    if is_filled && (terminal.json || !terminal.asks_a_person) {
        return without_a_person(terminal, open, &steps);
    }
    let begins_at_open = greet(terminal, device, &mut open, &target, &steps)?;
    let end = Asker::new(terminal, device, open, begins_at_open)
        .run()
        .map(|(end, _)| end);
    match end {
        Ok(end) => farewell(terminal, &record, &end),
        Err(failure) => {
            if !failure.is_closed_pipe() {
                // The reason itself is said by whoever gets the error.
                let _ = terminal.error_line(format!(
                    "Go on later with: sampan interview {}",
                    words::short(&record.0)
                ));
            }
            Err(failure)
        }
    }
}

/// What the interview is to be about.
enum Target {
    /// A new interview with a form.
    New(FormView),
    /// One that exists.
    Record(RecordRef),
}

/// Finds out whether a form or a record is meant. None: the person at the terminal changed their mind.
fn target(terminal: &mut Terminal, device: &Device, what: &str) -> Result<Option<Target>, Failure> {
    let forms = device.client.forms()?;
    let of_name = || forms.iter().filter(|form| form.form_id == what);
    let Some(form) = of_name().find(|form| form.is_ready).or_else(|| of_name().next()) else {
        let interviews = device.client.interviews()?;
        if interviews.is_empty() && !device.client.status()?.is_enrolled {
            return Err(ClientError::NotEnrolled.into());
        }
        let looks_like_a_record = what.len() >= 4
            && what
                .chars()
                .all(|letter| letter.is_ascii_hexdigit() || letter == '-');
        return if looks_like_a_record {
            Ok(Some(Target::Record(RecordRef(what.to_owned()))))
        } else {
            Err(ClientError::NoForm {
                form_id: what.to_owned(),
            }
            .into())
        };
    };
    let interviews = device.client.interviews()?;
    let interrupted: Vec<&InterviewView> = interviews
        .iter()
        .filter(|interview| interview.form_id == what && interview.n_unsaved > 0 && interview.can_open)
        .collect();
    let Some(latest) = interrupted.first() else {
        return Ok(Some(Target::New(form.clone())));
    };
    if !terminal.asks_a_person || terminal.json {
        if !terminal.json {
            terminal.error_line(format!(
                "An interview with {what} was interrupted and is safe; go on with it: sampan interview {}",
                words::short(&latest.record.0)
            ))?;
        }
        return Ok(Some(Target::New(form.clone())));
    }
    terminal.line("An interview with this form was interrupted. Everything answered in it is safe:")?;
    let line = listing::one_interview(terminal, latest);
    terminal.line(format!(
        "  {line}, begun {}",
        words::ago(latest.begun_at_ms, device.now())
    ))?;
    loop {
        terminal.part("Enter = go on with it, n = begin a new one, q = neither: ")?;
        let Some(typed) = terminal.read()? else {
            return Ok(None);
        };
        match typed.trim().to_lowercase().as_str() {
            "" | "g" | "y" | "r" => return Ok(Some(Target::Record(latest.record.clone()))),
            "n" | "new" => return Ok(Some(Target::New(form.clone()))),
            "q" => return Ok(None),
            _ => {}
        }
    }
}

/// Chooses the language that was asked for.
fn speak(open: &mut OpenInterview, language: Option<&str>) -> Result<(), Failure> {
    match language {
        Some(language) if !open.set_language(language) => Err(Failure::Usage {
            sentence: format!("the form is not written in {language}"),
            advice: format!("It has: {}.", open.languages().join(", ")),
        }),
        Some(_) | None => Ok(()),
    }
}

/// Ctrl-C loses nothing; says so, and how to go on.
fn say_on_interrupt(record: &RecordRef) {
    let record = words::short(&record.0).to_owned();
    // Without a handler Ctrl-C ends the program just the same, only silently.
    let _ = ctrlc::set_handler(move || {
        let _ = Terminal::system(false).error_line(format!(
            "\nStopped. Everything answered is saved. Go on with: sampan interview {record}"
        ));
        std::process::exit(130);
    });
}

/// Says what is opened, and puts the interview where it is to go on. True = at the first question of the screen that
/// has no answer.
fn greet(
    terminal: &mut Terminal,
    device: &Device,
    open: &mut OpenInterview,
    target: &Target,
    steps: &[Step],
) -> Result<bool, Failure> {
    let form = open.form()?;
    let mut title = harmless(&form.def().title);
    if open.languages().len() > 1 {
        title = format!("{title} — {}", open.language());
    }
    terminal.line(terminal.strong(&title))?;
    if !steps.is_empty() {
        open.goto_first_open()?;
    }
    let mut was_interrupted = false;
    if let Target::Record(_) = target {
        let record = open.record();
        let interviews = device.client.interviews()?;
        let view = interviews.iter().find(|interview| interview.record == record);
        if let Some(view) = view {
            was_interrupted = view.n_unsaved > 0 && view.state != "returned";
            resume(terminal, device, open, view)?;
        }
    }
    let short = words::short(&open.record().0).to_owned();
    terminal.line(terminal.faint(&format!("Record {short}. Each answer is saved at once.")))?;
    terminal.line(terminal.faint("Enter passes on, < goes back, :save leaves, :help tells more."))?;
    Ok(was_interrupted || !steps.is_empty())
}

fn resume(
    terminal: &mut Terminal,
    device: &Device,
    open: &mut OpenInterview,
    view: &InterviewView,
) -> Result<(), Failure> {
    if let Some(version) = &view.newer_version {
        let short = words::short(&view.record.0);
        terminal.line(terminal.faint(&harmless(&format!(
            "Version {version} of this form is here; `sampan move {short} --dry-run` says what would fit."
        ))))?;
    }
    if is_finished(&view.state) {
        terminal.line(terminal.warning(
            "It is finished. From the first changed answer on it waits to be finished again (:end).",
        ))?;
    } else if view.state == "returned" {
        let shown = device.client.show(&view.record, None)?;
        let note = if shown.decision_note.is_empty() {
            "A supervisor returned this interview.".to_owned()
        } else {
            format!(
                "A supervisor returned this interview: {}",
                harmless(&shown.decision_note)
            )
        };
        terminal.line(terminal.warning(&note))?;
        for comment in shown.comments.iter().filter(|comment| !comment.is_resolved) {
            terminal.line(listing::comment_line(terminal, device, comment))?;
        }
        if view.n_open_comments > 0 {
            terminal.line(format!(
                "{} in it; :comments lists them, :end goes to the end to finish it again.",
                words::count(view.n_open_comments, "open comment is", "open comments are")
            ))?;
        }
    } else {
        let word = if view.n_unsaved > 0 {
            "It was interrupted"
        } else {
            "It was left"
        };
        terminal.line(format!(
            "{word} {}; it goes on where it was.",
            words::ago(view.changed_at_ms.max(view.begun_at_ms), device.now())
        ))?;
    }
    if view.n_unsaved > 0 && view.state != "returned" {
        // The place that is known after an interruption is that of the last answer; go on behind it.
        let screen = open.screen()?;
        let is_answered = !screen.questions.is_empty()
            && screen
                .questions
                .iter()
                .all(|question| question.role != "ask" || question.answer.is_some());
        if is_answered {
            match open.next() {
                Ok(_) | Err(ClientError::Refused { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

fn is_finished(state: &str) -> bool {
    ["submitted", "resubmitted", "approved", "changed_since_approval"].contains(&state)
}

/// Finishes what an answers file filled in, or says what is missing.
fn without_a_person(
    terminal: &mut Terminal,
    mut open: OpenInterview,
    steps: &[Step],
) -> Result<Outcome, Failure> {
    let record = open.record();
    let finish = open.finish()?;
    if !finish.is_finished {
        open.pause()?;
    }
    let n_taken = steps
        .iter()
        .filter(|step| matches!(step, Step::Answer { .. }))
        .count();
    if terminal.json {
        terminal.result(&json!({
            "record": record,
            "is_finished": finish.is_finished,
            "n_taken": n_taken,
            "problems": finish.problems,
        }))?;
    } else if finish.is_finished {
        finished(terminal, &record, &finish)?;
    } else {
        let n_taken = u64::try_from(n_taken).unwrap_or(u64::MAX);
        terminal.error_line(format!(
            "{} taken and saved, but the interview is not complete:",
            words::count(n_taken, "answer was", "answers were")
        ))?;
        for problem in &finish.problems {
            terminal.error_line(problem_line(problem))?;
        }
        terminal.error_line(format!(
            "Add them to a file and run: sampan interview {record} --answers FILE, or go on at a terminal: sampan interview {}",
            words::short(&record.0)
        ))?;
        terminal.line(&record)?;
    }
    Ok(if finish.is_finished {
        Outcome::Done
    } else {
        Outcome::NotDone
    })
}

/// What stands in the way, with its place.
fn problem_line(problem: &ProblemView) -> String {
    let label = harmless(&problem.label).replace('\n', " ");
    let message = words::sentence(&harmless(&problem.message));
    format!("  {} · {label} · {message}", problem.at)
}

fn farewell(terminal: &mut Terminal, record: &RecordRef, end: &End) -> Result<Outcome, Failure> {
    match end {
        End::Finished(finish) => finished(terminal, record, finish)?,
        End::Saved { input_ended } => {
            if *input_ended {
                terminal.line("The input ended here.")?;
            }
            terminal.line(format!(
                "Saved, not finished. Go on with: sampan interview {}",
                words::short(&record.0)
            ))?;
        }
    }
    Ok(Outcome::Done)
}

fn finished(terminal: &mut Terminal, record: &RecordRef, finish: &FinishView) -> Result<(), Failure> {
    for problem in &finish.problems {
        terminal.line(terminal.warning(&problem_line(problem)))?;
    }
    terminal.line(terminal.good(&format!("Finished: {record}")))?;
    terminal.line("`sampan sync` sends it to the office.")?;
    Ok(())
}
