//! `sampan status`, `forms`, `list` and `show`: what lies on this device.

use sampan_client_core::api::{
    AnswerView, CommentView, HeadingView, InterviewView, RecordRef, RecordView, ShownAnswer, WrittenView,
};

use crate::device::Device;
use crate::failure::{Failure, Outcome};
use crate::terminal::{Terminal, harmless};
use crate::words;

const STATES: [&str; 7] = [
    "draft",
    "submitted",
    "returned",
    "resubmitted",
    "approved",
    "changed_since_approval",
    "rejected",
];

/// Who this device belongs to, and what is not sent yet.
pub fn status(terminal: &mut Terminal, device: &Device) -> Result<Outcome, Failure> {
    let status = device.client.status()?;
    if terminal.json {
        terminal.result(&status)?;
        return Ok(Outcome::Done);
    }
    if !status.is_enrolled {
        terminal.line("This device is not enrolled yet.")?;
        terminal.line("Ask your supervisor for a link, then: sampan enroll 'sampan:enroll?…'")?;
        return Ok(Outcome::Done);
    }
    let now = device.now();
    let person = status.person_name.as_deref().unwrap_or_default();
    let login = status.person_login.as_deref().unwrap_or_default();
    terminal.line(harmless(&format!(
        "{} of {person} ({login}), at the office {}",
        status.device_name.as_deref().unwrap_or("Device"),
        status.server_url.as_deref().unwrap_or_default(),
    )))?;
    terminal.line(format!(
        "{} to interview with",
        words::count(status.n_forms, "form", "forms")
    ))?;
    terminal.line(format!(
        "{} not finished",
        words::count(status.n_open, "interview", "interviews")
    ))?;
    if status.n_returned > 0 {
        let text = format!(
            "{} returned by a supervisor; `sampan list --state returned` names them",
            words::count(status.n_returned, "interview", "interviews")
        );
        terminal.line(terminal.warning(&text))?;
    }
    terminal.line(match status.n_unsent {
        0 => "Everything saved is at the office".to_owned(),
        n => format!("{} not at the office yet", words::count(n, "change", "changes")),
    })?;
    if status.n_quarantined > 0 {
        let text = format!(
            "{} kept apart by the office; `sampan log` says why",
            words::count(status.n_quarantined, "change", "changes")
        );
        terminal.line(terminal.warning(&text))?;
    }
    if status.is_disk_full {
        terminal.line(terminal.warning(words::DISK_FULL))?;
    }
    terminal.line(match status.last_sync_at_ms {
        Some(at_ms) => format!("Last sync {}", words::ago(at_ms, now)),
        None => "Never synced".to_owned(),
    })?;
    if let Some(waiting) = &status.waiting {
        let text = format!(
            "The last try did not come to its end: {} {}",
            words::sentence(&harmless(&waiting.error.sentence)),
            if waiting.needs_person {
                harmless(&waiting.error.advice)
            } else {
                words::next_try(waiting.left_ms)
            }
        );
        terminal.line(terminal.warning(&text))?;
    }
    Ok(Outcome::Done)
}

/// The forms on this device.
pub fn forms(terminal: &mut Terminal, device: &Device) -> Result<Outcome, Failure> {
    let forms = device.client.forms()?;
    if terminal.json {
        terminal.result(&forms)?;
        return Ok(Outcome::Done);
    }
    if forms.is_empty() {
        let is_enrolled = device.client.status()?.is_enrolled;
        terminal.line(if is_enrolled {
            "There is no form here yet. `sampan sync` brings what the office offers."
        } else {
            "There is no form here: this device is not enrolled yet. Begin with `sampan enroll`."
        })?;
    }
    for form in &forms {
        let name = terminal.strong(&form.form_id);
        terminal.line(format!(
            "{name}  {} (version {})",
            harmless(&form.title),
            harmless(&form.label)
        ))?;
        let mut notes = Vec::new();
        if !form.is_offered {
            notes.push("only for interviews that were begun with it".to_owned());
        } else if !form.is_ready {
            notes.push(format!("not ready, missing: {}; sync again", form.missing));
        }
        if form.languages.iter().any(|language| language != "default") {
            notes.push(form.languages.join(", "));
        }
        if !notes.is_empty() {
            terminal.line(terminal.faint(&format!("    {}", harmless(&notes.join(" · ")))))?;
        }
    }
    Ok(Outcome::Done)
}

/// The interviews on this device.
pub fn interviews(terminal: &mut Terminal, device: &Device, state: Option<&str>) -> Result<Outcome, Failure> {
    if let Some(wanted) = state
        && !STATES.contains(&wanted)
    {
        return Err(Failure::Usage {
            sentence: format!("there is no state {wanted}"),
            advice: format!("Use one of {}.", STATES.join(", ")),
        });
    }
    let mut interviews = device.client.interviews()?;
    interviews.retain(|interview| state.is_none_or(|wanted| interview.state == wanted));
    if terminal.json {
        terminal.result(&interviews)?;
        return Ok(Outcome::Done);
    }
    if interviews.is_empty() {
        terminal.line(match state {
            Some(state) => format!("No interview here is {}.", words::state(state)),
            None => "There is no interview here yet. `sampan interview FORM` begins one.".to_owned(),
        })?;
    }
    let now = device.now();
    for interview in &interviews {
        terminal.line(one_interview(terminal, interview))?;
        let notes = notes(
            interview,
            words::ago(interview.changed_at_ms.max(interview.begun_at_ms), now),
        );
        terminal.line(terminal.faint(&format!("    {notes}")))?;
    }
    Ok(Outcome::Done)
}

/// Id, state, form and title of an interview on one line.
pub fn one_interview(terminal: &Terminal, interview: &InterviewView) -> String {
    let state = words::state(&interview.state);
    let state = match interview.state.as_str() {
        "returned" | "rejected" => terminal.warning(state),
        "approved" => terminal.good(state),
        _ => state.to_owned(),
    };
    let name = if interview.title.is_empty() {
        &interview.form_title
    } else {
        &interview.title
    };
    format!(
        "{}  {state}  {} · {}",
        terminal.strong(words::short(&interview.record.0)),
        interview.form_id,
        harmless(name)
    )
}

fn notes(interview: &InterviewView, changed: String) -> String {
    let mut notes = vec![format!("changed {changed}")];
    if interview.n_unsaved > 0 {
        notes.push("interrupted".into());
    }
    if interview.n_unsent > 0 {
        notes.push(format!(
            "{} not sent",
            words::count(interview.n_unsent, "change", "changes")
        ));
    }
    if interview.n_quarantined > 0 {
        let n = words::count(interview.n_quarantined, "change", "changes");
        notes.push(format!("{n} kept apart by the office"));
    }
    if interview.n_conflicts > 0 {
        notes.push(words::count(interview.n_conflicts, "conflict", "conflicts"));
    }
    if interview.n_open_comments > 0 {
        notes.push(words::count(
            interview.n_open_comments,
            "open comment",
            "open comments",
        ));
    }
    if let Some(version) = &interview.newer_version {
        notes.push(format!(
            "version {} of its form is here: sampan move",
            harmless(version)
        ));
    }
    if !interview.can_open {
        notes.push("only to be read".into());
    }
    notes.join(" · ")
}

/// One interview.
pub fn show(
    terminal: &mut Terminal,
    device: &Device,
    record: &str,
    language: Option<&str>,
) -> Result<Outcome, Failure> {
    let record = device.client.show(&RecordRef(record.to_owned()), language)?;
    if terminal.json {
        terminal.result(&record)?;
        return Ok(Outcome::Done);
    }
    terminal.line(one_interview(terminal, &record.interview))?;
    terminal.line(terminal.faint(&format!("    record {}", record.interview.record)))?;
    if !record.decision_note.is_empty() {
        let note = format!("The reviewer says: {}", harmless(&record.decision_note));
        terminal.line(terminal.warning(&note))?;
    }
    for comment in &record.comments {
        terminal.line(comment_line(terminal, device, comment))?;
    }
    answers(terminal, device, &record)?;
    if !record.history.is_empty() {
        terminal.line("")?;
        terminal.line(terminal.strong("History"))?;
    }
    for entry in &record.history {
        let time = words::time(entry.at_ms, device.now());
        terminal.line(harmless(&format!("  {time}  {}: {}", entry.who, entry.sentence)))?;
    }
    Ok(Outcome::Done)
}

fn answers(terminal: &mut Terminal, device: &Device, record: &RecordView) -> Result<(), Failure> {
    let mut last = String::from("\n");
    for answer in &record.answers {
        let heading = headings(&answer.headings);
        if heading != last {
            terminal.line("")?;
            if !heading.is_empty() {
                terminal.line(terminal.strong(&heading))?;
            }
            last = heading;
        }
        one_answer(terminal, device, answer)?;
    }
    if record.answers.is_empty() {
        terminal.line("There is no answer in it yet.")?;
    }
    Ok(())
}

fn one_answer(terminal: &mut Terminal, device: &Device, answer: &ShownAnswer) -> Result<(), Failure> {
    let label = harmless(&answer.label).replace('\n', " ");
    let label = if label.is_empty() {
        answer.at.0.clone()
    } else {
        label
    };
    let shown = answer.answer.as_ref().map(shown).unwrap_or_default();
    terminal.line(format!("  {label}: {}", terminal.strong(&shown)))?;
    conflict_lines(terminal, device, &answer.conflict)?;
    for comment in &answer.comments {
        terminal.line(comment_line(terminal, device, comment))?;
    }
    Ok(())
}

/// An answer for people.
pub fn shown(answer: &AnswerView) -> String {
    match answer.missing {
        Some(_) => format!("({})", answer.shown),
        None => harmless(&answer.shown),
    }
}

/// Who wrote what, where people did not know of each other.
pub fn conflict_lines(
    terminal: &mut Terminal,
    device: &Device,
    conflict: &[WrittenView],
) -> Result<(), Failure> {
    if conflict.is_empty() {
        return Ok(());
    }
    terminal.line(
        terminal.warning("    Different answers stand here; the first counts until somebody answers again:"),
    )?;
    for written in conflict {
        let answer = written.answer.as_ref().map_or("(cleared)".to_owned(), shown);
        let time = words::time(written.at_ms, device.now());
        terminal.line(format!("      {answer}  by {}, {time}", harmless(&written.who)))?;
    }
    Ok(())
}

/// A comment on one line.
pub fn comment_line(terminal: &Terminal, device: &Device, comment: &CommentView) -> String {
    let time = words::time(comment.at_ms, device.now());
    let done = if comment.is_resolved { ", dealt with" } else { "" };
    let line = format!(
        "    Comment by {} ({time}{done}): {}",
        harmless(&comment.who),
        harmless(&comment.text)
    );
    if comment.is_resolved {
        terminal.faint(&line)
    } else {
        terminal.warning(&line)
    }
}

/// `D. Products › Product 2 of 3`.
pub fn headings(headings: &[HeadingView]) -> String {
    let parts: Vec<String> = headings
        .iter()
        .map(|heading| {
            let label = harmless(&heading.label).replace('\n', " ");
            match (heading.row_number, heading.n_rows) {
                (Some(number), Some(of)) if label.is_empty() => format!("{number} of {of}"),
                (Some(number), Some(of)) => format!("{label} {number} of {of}"),
                (Some(_) | None, _) => label,
            }
        })
        .filter(|part| !part.is_empty())
        .collect();
    parts.join(" › ")
}
