//! What an app shows: status, lists, one record, the log.

use std::collections::BTreeMap;

use sampan_interview::interview::Interview;
use sampan_interview::view::{Heading, Part};
use sampan_record::history::{self, Event};
use sampan_record::ids::{PersonId, RecordId};
use sampan_record::op::Decision;
use sampan_record::path::AnswerPath;
use sampan_record::record::{Comment, Record, Register, Stamp};
use sampan_record::review;
use sampan_store::device::identity::Identity;
use sampan_store::device::interviews::InterviewRow;
use sampan_store::error::StoreError;
use sampan_sync::names::{PersonName, Standing};
use sampan_value::answer::Answer;
use sampan_value::text;

use crate::api::{
    AnswerView, CommentRef, CommentView, HeadingView, HistoryView, InterviewView, LogView, PlaceRef,
    QuarantineView, RecordRef, RecordView, ShownAnswer, StatusView, WrittenView,
};
use crate::client::{Inner, forms, records, waiting};
use crate::error::ClientError;
use crate::place;

pub(super) fn status(inner: &Inner) -> Result<StatusView, ClientError> {
    let waiting = waiting::view(inner)?;
    let n_forms = forms::n_ready(inner)?;
    let store = inner.store();
    let identity = store.identity()?;
    let counts = store.counts()?;
    let (last_sync_at_ms, _) = store.last_sync()?;
    let identity = identity.as_ref();
    Ok(StatusView {
        is_enrolled: identity.is_some(),
        server_url: identity.map(|identity| identity.server_url.clone()),
        device: identity.map(|identity| identity.device.to_string()),
        device_name: identity.map(|identity| identity.device_name.clone()),
        person_name: identity.map(|identity| identity.person_name.clone()),
        person_login: identity.map(|identity| identity.person_login.clone()),
        n_forms: count(n_forms),
        n_open: counts.n_open,
        n_returned: counts.n_returned,
        n_unsent: counts.n_unsent,
        n_quarantined: counts.n_quarantined,
        last_sync_at_ms,
        is_disk_full: store.is_disk_full(),
        waiting,
    })
}

pub(super) fn interviews(inner: &Inner) -> Result<Vec<InterviewView>, ClientError> {
    let rows = inner.store().interviews()?;
    for row in &rows {
        if row.is_stale || row.n_unsaved > 0 {
            records::refresh(inner, row.record)?;
        }
    }
    let rows = inner.store().interviews()?;
    rows.iter().map(|row| interview(inner, row)).collect()
}

fn interview(inner: &Inner, row: &InterviewRow) -> Result<InterviewView, ClientError> {
    let has_form = match forms::plan(inner, row.form) {
        Ok(_) => true,
        Err(ClientError::Store(StoreError::Full { what })) => {
            return Err(ClientError::Store(StoreError::Full { what }));
        }
        Err(_) => false,
    };
    let summary = &row.summary;
    let newer_version = match summary.state.as_str() {
        "draft" | "returned" if has_form && !summary.is_erased => {
            forms::newer(inner, &row.form_id, row.form)?
        }
        _ => None,
    };
    Ok(InterviewView {
        newer_version: newer_version.map(|form| form.label),
        record: RecordRef(row.record.to_string()),
        form_id: row.form_id.clone(),
        form_title: row.form_title.clone(),
        version: row.form.to_hex(),
        title: summary.title.clone(),
        can_open: has_form && !summary.is_erased && summary.state != "rejected",
        state: summary.state.clone(),
        begun_at_ms: row.begun_at_ms,
        changed_at_ms: summary.changed_at_ms,
        n_unsaved: row.n_unsaved,
        n_unsent: row.n_unsent,
        n_quarantined: row.n_quarantined,
        n_conflicts: summary.n_conflicts,
        n_open_comments: summary.n_open_comments,
    })
}

pub(super) fn record(inner: &Inner, id: RecordId, language: Option<&str>) -> Result<RecordView, ClientError> {
    records::refresh(inner, id)?;
    let row = inner
        .store()
        .interview(id)?
        .ok_or_else(|| ClientError::NoRecord { name: id.to_string() })?;
    let loaded = records::load(inner, id)?;
    let plan = forms::plan(inner, loaded.form)?;
    let whole = loaded.with_journal(inner, &plan)?;
    let (answers, rows) = records::content(&whole);
    let mut running = Interview::from_answers(plan, answers, rows);
    if let Some(language) = language {
        running.set_language(language);
    }
    let people = People::of(inner)?;
    let mut shown = Vec::new();
    for (at, answer) in running.values() {
        let Some(state) = running.question(&at) else {
            continue;
        };
        match state.role {
            Part::Ask => shown.push(ShownAnswer {
                label: state.label,
                answer: Some(answer_view(&running, &at, &answer)),
                conflict: conflict(&running, &whole, &at, &people),
                comments: comments(&running, &whole, Some(&at), &people),
                headings: headings(&running, &running.screen(&running.position_of(&at)).headings),
                at: place::name(running.form(), &at),
            }),
            Part::Note | Part::Hidden => {}
        }
    }
    let review = review::review(&whole);
    let note = review.decision.and_then(|decided| decided.note);
    Ok(RecordView {
        interview: interview(inner, &row)?,
        answers: shown,
        comments: comments(&running, &whole, None, &people),
        decision_note: note.unwrap_or_default(),
        history: history_of(&running, &whole, &people),
    })
}

/// Groups and repeat rows as plain data.
pub(crate) fn headings(running: &Interview, headings: &[Heading]) -> Vec<HeadingView> {
    headings
        .iter()
        .map(|heading| HeadingView {
            at: place::name(running.form(), &heading.at),
            label: heading.label.clone(),
            row_number: heading.row.map(|(number, _)| count(number)),
            n_rows: heading.row.map(|(_, of)| count(of)),
        })
        .collect()
}

pub(super) fn log(inner: &Inner, limit: u32) -> Result<Vec<LogView>, ClientError> {
    let lines = inner.store().lines(limit)?;
    Ok(lines
        .into_iter()
        .map(|line| LogView {
            at_ms: line.at_ms,
            what: line.what,
            sentence: line.sentence,
        })
        .collect())
}

pub(super) fn quarantined(inner: &Inner) -> Result<Vec<QuarantineView>, ClientError> {
    let changes = inner.store().quarantine()?;
    Ok(changes
        .into_iter()
        .map(|change| QuarantineView {
            record: RecordRef(change.record.to_string()),
            title: if change.title.is_empty() {
                change.record.to_string()
            } else {
                change.title
            },
            seq: change.seq,
            reason: change.reason.to_string(),
        })
        .collect())
}

/// Names for the people that a record speaks of, as far as this device knows them.
pub(crate) struct People {
    identity: Option<Identity>,
    names: BTreeMap<PersonId, PersonName>,
}

impl People {
    pub(crate) fn of(inner: &Inner) -> Result<People, ClientError> {
        let store = inner.store();
        let people = store.people()?;
        Ok(People {
            identity: store.identity()?,
            names: people.into_iter().map(|name| (name.person, name)).collect(),
        })
    }

    fn name(&self, person: PersonId) -> String {
        if let Some(known) = self.names.get(&person) {
            return match known.standing {
                Standing::Supervisor | Standing::Admin => {
                    format!("{} ({})", known.name, known.standing.word())
                }
                Standing::Enumerator | Standing::None => known.name.clone(),
            };
        }
        match &self.identity {
            Some(identity) if identity.person == person => identity.person_name.clone(),
            Some(_) | None => {
                let id = person.to_string();
                format!("colleague {}", id.get(..8).unwrap_or_default())
            }
        }
    }

    fn of_stamp(&self, stamp: &Stamp) -> String {
        self.name(stamp.author)
    }
}

/// An answer with the labels of its choices.
pub(crate) fn answer_view(running: &Interview, at: &AnswerPath, answer: &Answer) -> AnswerView {
    match answer {
        Answer::Missing(missing) => AnswerView {
            text: String::new(),
            shown: running.words_for(at, answer),
            missing: Some(missing.word().to_owned()),
        },
        Answer::Value(value) => {
            let text = text::to_odk_text(value);
            let is_shown = running
                .question(at)
                .is_some_and(|state| state.answer.as_ref() == Some(answer));
            let shown = if is_shown {
                running.answer_text(at)
            } else {
                with_labels(running, at, &text)
            };
            AnswerView {
                shown,
                text,
                missing: None,
            }
        }
    }
}

/// Choice names replaced by the labels of the choices offered at a place.
fn with_labels(running: &Interview, at: &AnswerPath, text: &str) -> String {
    let choices = running.choices(at);
    if choices.is_empty() {
        return text.to_owned();
    }
    let labels: Vec<&str> = text
        .split(' ')
        .map(|name| {
            choices
                .iter()
                .find(|choice| choice.name == name)
                .map_or(name, |choice| choice.label.as_str())
        })
        .collect();
    labels.join(", ")
}

/// Different answers of different people at a place; empty = no conflict.
pub(crate) fn conflict(
    running: &Interview,
    record: &Record,
    at: &AnswerPath,
    people: &People,
) -> Vec<WrittenView> {
    if running.form().is_metadata(at.question.as_str()) {
        return Vec::new();
    }
    let Some(register) = record.register(at).filter(|register| register.is_conflict()) else {
        return Vec::new();
    };
    written(running, register, at, people)
}

fn written(running: &Interview, register: &Register, at: &AnswerPath, people: &People) -> Vec<WrittenView> {
    register
        .values
        .iter()
        .map(|written| WrittenView {
            answer: written
                .answer
                .as_ref()
                .map(|answer| answer_view(running, at, answer)),
            who: people.of_stamp(&written.stamp),
            at_ms: written.stamp.wall_time_ms,
        })
        .collect()
}

/// Comments at a place; at the record itself when `at` is None.
pub(crate) fn comments(
    running: &Interview,
    record: &Record,
    at: Option<&AnswerPath>,
    people: &People,
) -> Vec<CommentView> {
    record
        .comments()
        .iter()
        .filter(|comment| comment.at.as_ref() == at)
        .map(|comment| comment_view(running, comment, people))
        .collect()
}

/// All comments of a record.
pub(crate) fn all_comments(running: &Interview, record: &Record, people: &People) -> Vec<CommentView> {
    record
        .comments()
        .iter()
        .map(|comment| comment_view(running, comment, people))
        .collect()
}

fn comment_view(running: &Interview, comment: &Comment, people: &People) -> CommentView {
    CommentView {
        comment: CommentRef(comment.id.to_string()),
        at: comment.at.as_ref().map(|at| place::name(running.form(), at)),
        reply_to: comment.reply_to.map(|id| CommentRef(id.to_string())),
        text: if comment.is_erased {
            "(erased)".into()
        } else {
            comment.text.clone()
        },
        who: people.of_stamp(&comment.stamp),
        at_ms: comment.stamp.wall_time_ms,
        is_resolved: comment.resolved.is_some(),
    }
}

fn history_of(running: &Interview, record: &Record, people: &People) -> Vec<HistoryView> {
    let mut lines = Vec::new();
    let mut n_finished = 0usize;
    for entry in history::history(record) {
        let mut n_answers = 0usize;
        let mut sentences = Vec::new();
        for event in &entry.events {
            match event {
                Event::Answered { .. } => n_answers += 1,
                Event::Submitted => {
                    n_finished += 1;
                    sentences.push(match n_finished {
                        1 => sentence(running, event, people),
                        _ => "Finished the interview again.".into(),
                    });
                }
                other => sentences.push(sentence(running, other, people)),
            }
        }
        match n_answers {
            0 => {}
            1 => sentences.insert(0, "Answered 1 question.".into()),
            n => sentences.insert(0, format!("Answered {n} questions.")),
        }
        for sentence in sentences {
            lines.push(HistoryView {
                at_ms: entry.stamp.wall_time_ms,
                utc_offset_min: entry.stamp.utc_offset_min,
                who: people.of_stamp(&entry.stamp),
                sentence,
            });
        }
    }
    lines
}

fn sentence(running: &Interview, event: &Event, people: &People) -> String {
    let label = |at: &AnswerPath| {
        let label = running.label(at, running.language());
        if label.is_empty() {
            name(running, at).0
        } else {
            label
        }
    };
    match event {
        Event::Answered { at, .. } => format!("Answered {}.", label(at)),
        Event::RowAdded { repeat, .. } => format!("Added a row to {}.", label(repeat)),
        Event::RowRemoved { repeat, .. } => format!("Removed a row of {}.", label(repeat)),
        Event::Submitted => "Finished the interview.".into(),
        Event::Commented { at, text, .. } => match at {
            Some(at) => format!("Commented on {}: {text}", label(at)),
            None => format!("Commented: {text}"),
        },
        Event::CommentResolved { .. } => "Dealt with a comment.".into(),
        Event::Decided { decision, note } => {
            let done = match decision {
                Decision::Approve => "Approved the interview",
                Decision::Return => "Returned the interview",
                Decision::Reject => "Rejected the interview",
                Decision::Reopen => "Opened the interview again",
            };
            match note.as_deref().filter(|note| !note.is_empty()) {
                Some(note) => format!("{done}: {note}"),
                None => format!("{done}."),
            }
        }
        Event::Assigned { person } => format!("Gave the interview to {}.", people.name(*person)),
        Event::MovedToVersion { .. } => "Moved the interview to another version of its form.".into(),
        Event::Erased { reason, .. } => format!("Erased answers: {reason}"),
        Event::Unknown { .. } => "Did something that a newer version of this program knows.".into(),
        Event::Emptied => "What was done here has been erased.".into(),
    }
}

fn name(running: &Interview, at: &AnswerPath) -> PlaceRef {
    place::name(running.form(), at)
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
