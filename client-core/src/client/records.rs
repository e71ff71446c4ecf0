//! Records on the device: begun, loaded from their changes, written as changes.

use std::collections::BTreeSet;
use std::sync::Arc;

use sampan_interview::facts::Facts;
use sampan_interview::interview::{Interview, Row};
use sampan_interview::plan::Plan;
use sampan_interview::schema::FormSchema;
use sampan_interview::view::Wanted;
use sampan_record::change::{Change, Payload, RecordKey};
use sampan_record::codec;
use sampan_record::erasure;
use sampan_record::ids::{FormVersionId, RecordId};
use sampan_record::op::Op;
use sampan_record::path::AnswerPath;
use sampan_record::record::{Record, RowState};
use sampan_record::review;
use sampan_record::schema::NoSchema;
use sampan_record::write::{self, Draft};
use sampan_store::device::interviews::{Journal, Summary};
use sampan_value::answer::{Answer, Value};

use crate::api::RecordRef;
use crate::client::{Inner, forms, instant, new_record_id, recovering};
use crate::error::ClientError;
use crate::platform::Moment;

/// A record as this device knows it.
pub(crate) struct Loaded {
    /// From its changes alone.
    pub(crate) record: Record,
    /// The form version it is worked on under.
    pub(crate) form: FormVersionId,
    /// Changes that cannot be read here yet, for want of their form.
    pub(crate) n_unread: u64,
    /// The key for the next change.
    pub(crate) key: RecordKey,
    /// Whether that key is new, so that it travels with the next change.
    pub(crate) key_is_new: bool,
    /// What was answered since the last change.
    pub(crate) journal: Option<Journal>,
}

/// The record that a text names.
pub(crate) fn find(inner: &Inner, name: &RecordRef) -> Result<RecordId, ClientError> {
    let absent = || ClientError::NoRecord { name: name.0.clone() };
    let text = name.0.trim().to_lowercase();
    let store = inner.store();
    if let Ok(record) = text.parse::<RecordId>() {
        return store.begun(record)?.map(|_| record).ok_or_else(absent);
    }
    if text.len() < 4 {
        return Err(absent());
    }
    let mut found = None;
    for row in store.interviews()? {
        if row.record.to_string().starts_with(&text) {
            if found.is_some() {
                return Err(ClientError::AmbiguousRecord { name: name.0.clone() });
            }
            found = Some(row.record);
        }
    }
    found.ok_or_else(absent)
}

/// Begins an interview.
pub(super) fn start(inner: &Inner, form_id: &str, position: Option<Value>) -> Result<RecordId, ClientError> {
    let version = forms::offered(inner, form_id)?;
    let plan = forms::plan(inner, version)?;
    let now = inner.platform.clock.now();
    let record = new_record_id(&inner.platform, now.wall_time_ms)?;
    let key = RecordKey(inner.platform.bytes()?);
    let last = match plan.form().reads_last_saved() {
        true => last_saved(inner, form_id)?,
        false => Vec::new(),
    };
    let mut opened = Interview::begin_after(Arc::clone(&plan), &facts(inner, now)?, &last);
    if let Some(position) = position {
        for ask in opened.asks.iter().filter(|ask| ask.what == Wanted::Position) {
            // What cannot be filled in stays open, as without a position.
            if let Ok(accepted) = opened.interview.fill(&ask.at, position.clone(), instant(now)) {
                opened.ops.extend(accepted.ops);
            }
        }
    }
    let ops = codec::encode_ops(&opened.ops, &NoSchema);
    inner
        .store()
        .begin_interview(record, version, key, now.wall_time_ms, &ops)?;
    refresh(inner, record)?;
    Ok(record)
}

/// What the finished interview of a form that was begun last on this device is worth; empty if there is none.
fn last_saved(inner: &Inner, form_id: &str) -> Result<Vec<(AnswerPath, Answer)>, ClientError> {
    let rows = inner.store().interviews()?;
    let finished = rows
        .iter()
        .filter(|row| row.form_id == form_id && row.summary.state != "draft" && !row.summary.is_erased);
    let Some(row) = finished.max_by_key(|row| row.begun_at_ms) else {
        return Ok(Vec::new());
    };
    let loaded = load(inner, row.record)?;
    let plan = forms::plan(inner, loaded.form)?;
    let (answers, rows) = content(&loaded.record);
    Ok(Interview::from_answers(plan, answers, rows).values())
}

/// What a running form is told about its world.
pub(crate) fn facts(inner: &Inner, now: Moment) -> Result<Facts, ClientError> {
    let identity = inner.store().identity()?.ok_or(ClientError::NotEnrolled)?;
    Ok(Facts {
        device: identity.device.to_string(),
        username: identity.person_login,
        email: inner.platform.contact.email.clone(),
        phone_number: inner.platform.contact.phone_number.clone(),
        started_at: instant(now),
        seed: u64::from_be_bytes(inner.platform.bytes()?),
    })
}

/// Loads a record from its changes.
pub(crate) fn load(inner: &Inner, id: RecordId) -> Result<Loaded, ClientError> {
    let (begun, changes, journal) = {
        let store = inner.store();
        (store.begun(id)?, store.record_changes(id)?, store.journal(id)?)
    };
    let begun = begun.ok_or_else(|| ClientError::NoRecord { name: id.to_string() })?;
    let mut record = Record::new(id);
    let mut n_unread = 0;
    for change in &changes {
        match ops_of(inner, change)? {
            Some(ops) => {
                record.insert(change, ops);
            }
            None => n_unread += 1,
        }
    }
    let known_key = record.key().or(begun.new_key);
    let key = match known_key {
        Some(key) => key,
        None => RecordKey(inner.platform.bytes()?),
    };
    Ok(Loaded {
        form: record.form().unwrap_or(begun.form),
        n_unread,
        key,
        key_is_new: record.key().is_none(),
        record,
        journal,
    })
}

/// The ops of a change; None when its form is not here (yet), so that it cannot be read.
pub(crate) fn ops_of(inner: &Inner, change: &Change) -> Result<Option<Vec<Op>>, ClientError> {
    let payload = match &change.payload {
        Payload::Full(bytes) | Payload::Redacted(bytes) => bytes,
        Payload::Erased => return Ok(Some(Vec::new())),
    };
    if let Ok(ops) = codec::decode_ops(payload, &NoSchema) {
        return Ok(Some(ops));
    }
    match forms::plan(inner, change.header.form) {
        Ok(plan) => Ok(codec::decode_ops(payload, &FormSchema(Arc::clone(plan.form()))).ok()),
        Err(ClientError::Store(error)) => Err(ClientError::Store(error)),
        Err(_) => Ok(None),
    }
}

impl Loaded {
    /// The record with its journal, as if that had been written.
    pub(crate) fn with_journal(&self, inner: &Inner, plan: &Plan) -> Result<Record, ClientError> {
        let Some(journal) = &self.journal else {
            return Ok(self.record.clone());
        };
        let mut record = self.record.clone();
        let ops = journal_ops(journal)?;
        let change = self.draft(inner, journal, ops.clone(), plan, None)?;
        record.insert(&change, ops);
        Ok(record)
    }

    /// The change that ops would be.
    pub(crate) fn draft(
        &self,
        inner: &Inner,
        journal: &Journal,
        ops: Vec<Op>,
        plan: &Plan,
        now: Option<Moment>,
    ) -> Result<Change, ClientError> {
        let (next, identity) = {
            let store = inner.store();
            (store.next_change()?, store.identity()?)
        };
        let (Some(next), Some(identity)) = (next, identity) else {
            return Err(ClientError::NotEnrolled);
        };
        let clock = inner.platform.clock.now();
        let draft = Draft {
            replica: next.replica,
            seq: next.seq,
            prev: next.prev,
            record: self.record.id(),
            context: journal.context.clone(),
            lamport: journal.lamport,
            author: identity.person,
            form: self.form,
            wall_time_ms: now.map_or(journal.last_at_ms, |now| now.wall_time_ms),
            utc_offset_min: now.unwrap_or(clock).utc_offset_min,
            record_key: self.key,
            is_first: self.key_is_new,
        };
        write::change(draft, &ops, &FormSchema(Arc::clone(plan.form()))).map_err(|error| {
            ClientError::NotWritable {
                reason: error.to_string(),
            }
        })
    }

    /// What the journal's writer has seen, for a journal that begins now.
    pub(crate) fn fresh_journal(&self) -> Journal {
        Journal {
            context: self.record.context(),
            lamport: self.record.next_lamport(),
            entries: Vec::new(),
            last_at_ms: 0,
        }
    }
}

/// The ops in a journal, in order. They are written without the numbers of a form version, because the record may be
/// moved to another one by somebody else before they are saved.
pub(crate) fn journal_ops(journal: &Journal) -> Result<Vec<Op>, ClientError> {
    let mut ops = Vec::new();
    for entry in &journal.entries {
        ops.extend(codec::decode_ops(entry, &NoSchema).map_err(|error| {
            ClientError::Store(sampan_store::error::StoreError::Unreadable {
                what: "an answer in the journal",
                reason: error.to_string(),
            })
        })?);
    }
    Ok(ops)
}

/// Makes one change of the journal and `more`, in one transaction. Writes nothing when there is nothing.
/// `now` None = the moment of the last answer.
pub(crate) fn save(
    inner: &Inner,
    id: RecordId,
    more: Vec<Op>,
    now: Option<Moment>,
) -> Result<(), ClientError> {
    let loaded = load(inner, id)?;
    let plan = forms::plan(inner, loaded.form)?;
    let journal = loaded.journal.clone().unwrap_or_else(|| loaded.fresh_journal());
    let mut ops = journal_ops(&journal)?;
    ops.extend(more);
    if ops.is_empty() {
        return Ok(());
    }
    let change = loaded.draft(inner, &journal, last_words(ops), &plan, now)?;
    inner.store().write_change(&change)?;
    recovering::seal(inner, id);
    refresh(inner, id)
}

/// Leaves out answers that were answered again later in the same change.
fn last_words(ops: Vec<Op>) -> Vec<Op> {
    let mut later: BTreeSet<AnswerPath> = BTreeSet::new();
    let mut kept: Vec<Op> = ops
        .into_iter()
        .rev()
        .filter(|op| match op {
            Op::Set { at, .. } => later.insert(at.clone()),
            Op::AddRow { .. }
            | Op::RemoveRow { .. }
            | Op::Submit
            | Op::Comment { .. }
            | Op::ResolveComment { .. }
            | Op::Decide { .. }
            | Op::Assign { .. }
            | Op::MoveToVersion { .. }
            | Op::Erase { .. }
            | Op::Unknown { .. } => true,
        })
        .collect();
    kept.reverse();
    kept
}

/// Answers and rows of a record, as a running form takes them.
pub(crate) fn content(record: &Record) -> (Vec<(AnswerPath, Answer)>, Vec<Row>) {
    let answers = record
        .answers()
        .map(|(at, answer)| (at.clone(), answer.clone()))
        .collect();
    let mut rows = Vec::new();
    for repeat in record.repeats() {
        for row in record.rows(&repeat) {
            let is_there = match row.state {
                RowState::Present | RowState::BroughtBack => true,
                RowState::Removed => false,
            };
            if is_there && row.row.counted_index().is_none() {
                rows.push(Row {
                    repeat: repeat.clone(),
                    row: row.row,
                    position: row.position,
                });
            }
        }
    }
    (answers, rows)
}

/// Computes anew what lists show of a record, after emptying what an erasure names.
pub(crate) fn refresh(inner: &Inner, id: RecordId) -> Result<(), ClientError> {
    let loaded = load(inner, id)?;
    apply_erasures(inner, &loaded)?;
    let plan = match forms::plan(inner, loaded.form) {
        Ok(plan) => Some(plan),
        Err(ClientError::Store(error)) => return Err(ClientError::Store(error)),
        Err(_) => None,
    };
    let whole = match &plan {
        Some(plan) => loaded.with_journal(inner, plan)?,
        None => loaded.record.clone(),
    };
    let n_conflicts = whole
        .conflicts()
        .iter()
        .filter(|(at, _)| {
            let path = at.question.as_str();
            !plan.as_ref().is_some_and(|plan| plan.form().is_metadata(path))
        })
        .count();
    let title = plan.and_then(|plan| {
        let (answers, rows) = content(&whole);
        Interview::from_answers(plan, answers, rows).name()
    });
    let review = review::review(&whole);
    let changed_at_ms = loaded
        .record
        .changes()
        .map(|(header, _)| header.wall_time_ms)
        .max()
        .unwrap_or(0);
    let summary = Summary {
        title: title.unwrap_or_default(),
        state: review.state.word().to_owned(),
        changed_at_ms,
        n_conflicts: count(n_conflicts),
        n_open_comments: count(review.open_comments.len()),
        is_erased: whole.erased(),
    };
    let mut store = inner.store();
    store.set_summary(id, loaded.form, &summary)?;
    if has_erasures(&loaded.record) {
        store.forget_erased()?;
        if store.is_sealed(id) {
            store.seal(id)?;
        }
    }
    Ok(())
}

fn has_erasures(record: &Record) -> bool {
    record.erased() || !record.erased_questions().is_empty()
}

/// Empties on this device what the record's erasures name.
fn apply_erasures(inner: &Inner, loaded: &Loaded) -> Result<(), ClientError> {
    let record = &loaded.record;
    if !has_erasures(record) {
        return Ok(());
    }
    let changes = inner.store().record_changes(record.id())?;
    for change in changes {
        let Payload::Full(_) = &change.payload else {
            continue;
        };
        let Some(ops) = ops_of(inner, &change)? else {
            continue;
        };
        let redacted = match forms::plan(inner, change.header.form) {
            Ok(plan) => erasure::redact(record, &change, &ops, &FormSchema(Arc::clone(plan.form()))),
            Err(_) => erasure::redact(record, &change, &ops, &NoSchema),
        };
        if let Some(redacted) = redacted {
            inner.store().erase(&redacted)?;
        }
    }
    if record.erased() {
        crate::interviewing::course::forget(inner, record.id());
    }
    if record.erased() && loaded.journal.is_some() {
        inner.store().erase_journal(record.id())?;
    }
    Ok(())
}

/// Whether the person of this device began a record or was given it.
pub(crate) fn is_own(inner: &Inner, record: &Record) -> Result<bool, ClientError> {
    let identity = inner.store().identity()?.ok_or(ClientError::NotEnrolled)?;
    let is_mine = |person| person == identity.person;
    Ok(record.assignee().is_some_and(is_mine) || record.first().is_some_and(|first| is_mine(first.author)))
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
