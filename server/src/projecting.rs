//! From a record to its line in the list and its words in the search, always from changes alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use sampan_form::def::ListRef;
use sampan_interview::interview::{Interview, Row};
use sampan_record::change::Payload;
use sampan_record::codec;
use sampan_record::ids::{ContentHash, PersonId, RecordId};
use sampan_record::op::Op;
use sampan_record::path::AnswerPath;
use sampan_record::record::{Record, Register, RowState};
use sampan_record::review::review;
use sampan_record::schema::NoSchema;
use sampan_store::office::changes::{RecordHome, StoredChange};
use sampan_store::office::rows::ListRow;
use sampan_store::office::session::Reading;
use sampan_sync::receipt::Position;
use sampan_value::answer::{Answer, Value};
use sampan_value::text;

use crate::access::RecordPlace;
use crate::error::OfficeError;
use crate::shelf::ShelfForm;
use crate::state::Office;

/// Longest label of a record, in characters.
const LABEL_CHARS: usize = 120;
/// Longest single answer in the search, in characters.
const SEARCH_CHARS: usize = 400;

/// A record with the changes it came from.
#[derive(Debug)]
pub struct Loaded {
    /// The merged record.
    pub record: Record,
    /// Its changes in force, in the order of their positions.
    pub changes: Vec<StoredChange>,
}

/// Reads a record's changes and merges them; None when no change of it is in force.
pub fn load(office: &Office, reading: &Reading<'_>, record: RecordId) -> Result<Option<Loaded>, OfficeError> {
    let changes = reading.changes_of(record)?;
    if changes.is_empty() {
        return Ok(None);
    }
    let mut merged = Record::new(record);
    for stored in &changes {
        let ops = ops_of(office, stored)?;
        merged.insert(&stored.change, ops);
    }
    // What waits in quarantine must not keep what came after it from being reviewed.
    for waiting in reading.waiting_of(record)? {
        merged.pass_over(&waiting.change.header);
    }
    Ok(Some(Loaded {
        record: merged,
        changes,
    }))
}

/// The ops of a kept change. A change that cannot be read although it is in force is damage, not a fault of its writer.
pub fn ops_of(office: &Office, stored: &StoredChange) -> Result<Vec<Op>, OfficeError> {
    let bytes = match &stored.change.payload {
        Payload::Full(bytes) | Payload::Redacted(bytes) => bytes,
        Payload::Erased => return Ok(Vec::new()),
    };
    let decoded = match office.form(stored.change.header.form)? {
        Some(form) => codec::decode_ops(bytes, &form.schema),
        None => codec::decode_ops(bytes, &NoSchema),
    };
    decoded.map_err(|error| {
        OfficeError::Damaged(format!("the change at position {}: {error}", stored.position.0))
    })
}

/// A record's line. The same changes and the same forms give the same line, today and at any rebuild.
pub fn row(office: &Office, reading: &Reading<'_>, record: RecordId) -> Result<Option<ListRow>, OfficeError> {
    let Some(loaded) = load(office, reading, record)? else {
        return Ok(None);
    };
    let Some(home) = reading.home(record)? else {
        return Err(OfficeError::Damaged(format!("record {record} has no home")));
    };
    row_of(office, &loaded, &home).map(Some)
}

/// The line of a record that is loaded already.
pub fn row_of(office: &Office, loaded: &Loaded, home: &RecordHome) -> Result<ListRow, OfficeError> {
    let record = &loaded.record;
    let version = record.form().unwrap_or(ContentHash([0; 32]));
    let form = office.form(version)?;
    let review = review(record);
    let label = label(form.as_ref(), record);
    let place = place(record, home);
    let last = loaded.changes.last();
    let mut media: Vec<([u8; 32], u64)> = record
        .answers()
        .filter_map(|(_, answer)| media_of(answer))
        .collect();
    media.sort_unstable();
    media.dedup_by_key(|(hash, _)| *hash);
    Ok(ListRow {
        record: record.id(),
        form_id: form
            .as_ref()
            .map(|form| form.form().form_id().to_string())
            .unwrap_or_default(),
        form: version,
        state: review.state.word().to_string(),
        search: search(form.as_ref(), record, &label),
        label,
        project: place.project,
        country: place.country,
        province_label: province_label(form.as_ref(), &place.province),
        province: place.province,
        team: place.team,
        owner: home.owner,
        assignee: record.assignee(),
        n_conflicts: number(conflicts(form.as_ref(), record).len()),
        n_open_comments: number(review.open_comments.len()),
        n_changes: number(loaded.changes.len()),
        updated_at_ms: last.map_or(0, |stored| stored.kept_at_ms),
        last_position: last.map_or(Position(0), |stored| stored.position),
        media,
    })
}

/// The places where people wrote different things. What devices write by themselves (when it began and ended, by whom,
/// on what) differs as a matter of course and is nobody's to decide.
pub fn conflicts(form: Option<&ShelfForm>, record: &Record) -> Vec<(AnswerPath, Register)> {
    let mut conflicts = record.conflicts();
    conflicts.retain(|(at, _)| !is_metadata(form, at));
    conflicts
}

/// Whether devices answer this by themselves.
pub fn is_metadata(form: Option<&ShelfForm>, at: &AnswerPath) -> bool {
    form.is_some_and(|form| form.form().is_metadata(at.question.as_str()))
}

/// Where a record belongs: what its answers say, else where its owner worked when it began.
pub fn place(record: &Record, home: &RecordHome) -> RecordPlace {
    let mut place = home_place(home);
    let mut said_country = None;
    for (at, answer) in record.answers() {
        if !at.rows.is_empty() {
            continue;
        }
        let Answer::Value(Value::Choice(code) | Value::Text(code)) = answer else {
            continue;
        };
        match at.question.as_str().rsplit('/').next() {
            Some("country") => said_country = Some(code.clone()),
            Some("adm1") => place.province = code.clone(),
            _ => {}
        }
    }
    if let Some(country) = said_country {
        // Another country than the owner's: the owner's province says nothing about it.
        if country != home.country && place.province == home.province {
            place.province = String::new();
        }
        place.country = country;
    }
    place.assignee = record.assignee();
    place
}

/// A province's name: the label of the choice with its code at the question `adm1`, in the form's first language. Empty
/// when the form does not say.
fn province_label(form: Option<&ShelfForm>, code: &str) -> String {
    let words = || {
        let shelf = form?;
        let form = shelf.form();
        let choices = form.node(form.find_named("adm1")?).choices.as_ref()?;
        match &choices.list {
            ListRef::Internal(list) => {
                let list = form.list(list)?;
                let language = form.languages().first().map(String::as_str).unwrap_or_default();
                list.plain_label(list.place(code)?, language).map(str::to_string)
            }
            ListRef::External(file) => {
                let table = shelf.plan.tables().get(file)?;
                let row = *table
                    .rows_where(table.column(&choices.value_column)?, code)
                    .first()?;
                let row = usize::try_from(row).ok()?;
                table.get(row, &choices.label_column).map(str::to_string)
            }
            ListRef::Answers(_) => None,
        }
    };
    words().unwrap_or_default()
}

/// Where a record belongs before it has answers.
pub fn home_place(home: &RecordHome) -> RecordPlace {
    RecordPlace {
        project: home.project.clone(),
        country: home.country.clone(),
        province: home.province.clone(),
        team: home.team.clone(),
        owner: Some(home.owner),
        assignee: None,
    }
}

/// Where a record in the list belongs.
pub fn row_place(row: &ListRow) -> RecordPlace {
    RecordPlace {
        project: row.project.clone(),
        country: row.country.clone(),
        province: row.province.clone(),
        team: row.team.clone(),
        owner: Some(row.owner),
        assignee: row.assignee,
    }
}

/// Who wrote in a record or was given it.
pub fn participants(record: &Record) -> BTreeSet<PersonId> {
    let mut people = BTreeSet::new();
    for (header, ops) in record.changes() {
        people.insert(header.author);
        for op in ops {
            if let Op::Assign { person } = op {
                people.insert(*person);
            }
        }
    }
    people
}

/// The record as a running form, for texts, relevance and computed values.
pub fn interview(form: &ShelfForm, record: &Record) -> Interview {
    let answers: Vec<_> = record
        .answers()
        .map(|(at, answer)| (at.clone(), answer.clone()))
        .collect();
    Interview::from_answers(Arc::clone(&form.plan), answers, rows_of(record))
}

/// The rows people added, in their order, without removed ones.
pub fn rows_of(record: &Record) -> Vec<Row> {
    let mut repeats = record.repeats();
    repeats.sort_by_key(|repeat| repeat.rows.len());
    let mut rows = Vec::new();
    for repeat in repeats {
        for row in record.rows(&repeat) {
            if row.state != RowState::Removed {
                rows.push(Row {
                    repeat: repeat.clone(),
                    row: row.row,
                    position: row.position,
                });
            }
        }
    }
    rows
}

fn label(form: Option<&ShelfForm>, record: &Record) -> String {
    let named = form
        .filter(|form| form.form().instance_name().is_some())
        .and_then(|form| interview(form, record).name());
    let label = named.unwrap_or_else(|| first_words(form, record));
    let label: String = label
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LABEL_CHARS)
        .collect();
    if label.trim().is_empty() {
        let id = record.id().to_string();
        format!("interview {}", id.rsplit('-').next().unwrap_or(&id))
    } else {
        label.trim().to_string()
    }
}

/// What a person would know a record by when its form does not name it: the first text whose question is called a
/// name (`ent_name`), else the first text at all.
fn first_words(form: Option<&ShelfForm>, record: &Record) -> String {
    let mut texts: Vec<(u32, bool, &str)> = Vec::new();
    for (at, answer) in record.answers() {
        let Answer::Value(Value::Text(text)) = answer else {
            continue;
        };
        if !at.rows.is_empty() || is_metadata(form, at) {
            continue;
        }
        let path = at.question.as_str();
        let order = form
            .and_then(|form| form.form().find(path))
            .map_or(u32::MAX, |id| id.0);
        let name = path.rsplit('/').next().unwrap_or_default();
        texts.push((order, name == "name" || name.ends_with("_name"), text.as_str()));
    }
    let first = texts.iter().min_by_key(|(order, is_name, _)| (!is_name, *order));
    first.map(|(_, _, text)| (*text).to_string()).unwrap_or_default()
}

fn search(form: Option<&ShelfForm>, record: &Record, label: &str) -> String {
    let mut lines = vec![label.to_lowercase(), record.id().to_string()];
    for (at, answer) in record.answers() {
        let Answer::Value(value) = answer else { continue };
        match value {
            Value::Text(text) => {
                lines.push(text.chars().take(SEARCH_CHARS).collect::<String>().to_lowercase())
            }
            Value::Integer(_) | Value::Decimal(_) | Value::Date(_) => lines.push(text::to_odk_text(value)),
            Value::Choice(name) => lines.extend(choice_words(form, at.question.as_str(), name)),
            Value::Choices(names) => {
                for name in names {
                    lines.extend(choice_words(form, at.question.as_str(), name));
                }
            }
            Value::Media(media) => lines.push(media.name.to_lowercase()),
            Value::Time(_)
            | Value::DateTime(_)
            | Value::Geopoint(_)
            | Value::Geotrace(_)
            | Value::Geoshape(_)
            | Value::Acknowledge => {}
        }
    }
    lines.dedup();
    lines.join("\n")
}

fn choice_words(form: Option<&ShelfForm>, question: &str, name: &str) -> Option<String> {
    let form = form?.form();
    let choices = form.node(form.find(question)?).choices.as_ref()?;
    let ListRef::Internal(list) = &choices.list else {
        return Some(name.to_lowercase());
    };
    let list = form.list(list)?;
    let language = form.languages().first().map(String::as_str).unwrap_or_default();
    let label = list.plain_label(list.place(name)?, language)?;
    Some(format!("{name} {label}").to_lowercase())
}

fn media_of(answer: &Answer) -> Option<([u8; 32], u64)> {
    match answer {
        Answer::Value(Value::Media(media)) => Some((media.hash, media.size_bytes)),
        Answer::Value(_) | Answer::Missing(_) => None,
    }
}

fn number(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
