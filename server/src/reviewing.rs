//! A reviewer's work: see records, decide, comment, resolve, choose, assign, erase.

pub mod acting;
mod history;
pub mod listing;
pub mod page;

use sampan_record::ids::{CommentId, PersonId, RecordId};
use sampan_record::op::Decision;

use crate::access::{Action, Decision as Allowed, Principal, Resource, Role, authorize};
use crate::devices;
use crate::error::OfficeError;
use crate::people::may;
use crate::projecting;
use crate::state::Office;
use crate::views::{AuditView, InterviewFilter, InterviewList, InterviewView, QuarantineView};

/// A decision. It covers what the page showed (`seen`) and nothing that came after.
#[derive(Debug, Clone)]
pub struct DecideRequest {
    /// The record.
    pub record: RecordId,
    /// What was decided.
    pub decision: Decision,
    /// Words with it.
    pub note: Option<String>,
    /// Comments at questions written in the same form: place (as in `AnswerView::at`) and text.
    pub comments: Vec<(String, String)>,
    /// [`InterviewView::seen`] of the page the decision was made on.
    pub seen: String,
    /// Idempotency key of the form.
    pub key: String,
}

/// What came of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum DecideOutcome {
    /// It covers all that the office has.
    Covered,
    /// Something arrived after the page was made: the record stays in the queue as changed since.
    ChangedMeanwhile,
}

/// A comment from the office.
#[derive(Debug, Clone)]
pub struct CommentRequest {
    /// The record.
    pub record: RecordId,
    /// The place, as in `AnswerView::at`; None = the record.
    pub at: Option<String>,
    /// The comment answered.
    pub reply_to: Option<CommentId>,
    /// What to say; not empty.
    pub text: String,
    /// Idempotency key of the form.
    pub key: String,
}

/// What shall stand at a place.
#[derive(Debug, Clone)]
pub struct ChooseRequest {
    /// The record.
    pub record: RecordId,
    /// The place, as in `AnswerView::at`.
    pub at: String,
    /// What to put there.
    pub pick: Pick,
    /// [`InterviewView::seen`]: only values that were shown are replaced.
    pub seen: String,
    /// Idempotency key of the form.
    pub key: String,
}

/// What to put at a place.
#[derive(Debug, Clone)]
pub enum Pick {
    /// One of the values there, by `ConflictValueView::token`.
    Value(String),
    /// A typed value, in ODK's text form.
    Typed(String),
}

/// What to empty.
#[derive(Debug, Clone)]
pub struct EraseRequest {
    /// The record.
    pub record: RecordId,
    /// Question paths; empty = the whole record.
    pub questions: Vec<String>,
    /// Why; not empty.
    pub reason: String,
    /// Idempotency key of the form.
    pub key: String,
}

/// Records within the person's scope.
pub fn list(
    office: &Office,
    who: &Principal,
    filter: &InterviewFilter,
) -> Result<InterviewList, OfficeError> {
    listing::list(office, who, filter)
}

/// One record, in a language of its form (None = the first).
pub fn view(
    office: &Office,
    who: &Principal,
    record: RecordId,
    language: Option<&str>,
) -> Result<InterviewView, OfficeError> {
    page::view(office, who, record, language)
}

/// Approves, returns, rejects or reopens.
pub fn decide(
    office: &Office,
    who: &Principal,
    request: &DecideRequest,
) -> Result<DecideOutcome, OfficeError> {
    acting::decide(office, who, request)
}

/// Comments at a question or at the record.
pub fn comment(office: &Office, who: &Principal, request: &CommentRequest) -> Result<(), OfficeError> {
    acting::comment(office, who, request)
}

/// Marks a comment as dealt with.
pub fn resolve(
    office: &Office,
    who: &Principal,
    record: RecordId,
    comment: CommentId,
    key: &str,
) -> Result<(), OfficeError> {
    acting::resolve(office, who, record, comment, key)
}

/// Resolves a conflict, or corrects an answer.
pub fn choose(office: &Office, who: &Principal, request: &ChooseRequest) -> Result<(), OfficeError> {
    acting::choose(office, who, request)
}

/// Says who is to work on the record.
pub fn assign(
    office: &Office,
    who: &Principal,
    record: RecordId,
    person: PersonId,
    key: &str,
) -> Result<(), OfficeError> {
    acting::assign(office, who, record, person, key)
}

/// Empties answers because the law demands it.
pub fn erase(office: &Office, who: &Principal, request: &EraseRequest) -> Result<(), OfficeError> {
    acting::erase(office, who, request)
}

/// Changes the office could not accept, within the person's scope, newest first.
pub fn quarantine(office: &Office, who: &Principal) -> Result<Vec<QuarantineView>, OfficeError> {
    may(who, Action::SeeDevices, &Resource::Office)?;
    office.store().read(|reading| {
        let mut views = Vec::new();
        for row in reading.quarantined()?.into_iter().rev() {
            // By the record where it is known, else by the person whose device brought it.
            let device = reading.device(row.device)?;
            let is_visible = match reading.row(row.record)? {
                Some(list_row) => {
                    let place = projecting::row_place(&list_row);
                    authorize(who, Action::SeeRecord, &Resource::Record(&place)) == Allowed::Allowed
                }
                None => match &device {
                    Some(device) => devices::visible_person(reading, who, device.person)?.is_some(),
                    None => who.role() == Some(Role::Admin),
                },
            };
            if !is_visible {
                continue;
            }
            let author = reading.person(row.author)?;
            views.push(QuarantineView {
                id: i64::try_from(row.position.0).unwrap_or(i64::MAX),
                record: row.record,
                device: row.device,
                device_name: device.map_or_else(|| "unknown device".into(), |device| device.name),
                who: author.map_or_else(|| "somebody without an account".into(), |person| person.name),
                reason: row.reason,
                kept_at_ms: row.kept_at_ms,
                size_bytes: row.size_bytes,
            });
        }
        Ok(views)
    })
}

/// The last acts in the office, newest first; admins only.
pub fn audit(office: &Office, who: &Principal) -> Result<Vec<AuditView>, OfficeError> {
    may(who, Action::ManagePeople, &Resource::Office)?;
    office.store().read(|reading| {
        let mut views = Vec::new();
        for row in reading.audit(200)? {
            let person = match row.person {
                Some(person) => reading.person(person)?.map(|person| person.name),
                None => Some("the command line".into()),
            };
            views.push(AuditView {
                at_ms: row.at_ms,
                who: person.unwrap_or_else(|| "somebody".into()),
                what: row.what,
            });
        }
        Ok(views)
    })
}
