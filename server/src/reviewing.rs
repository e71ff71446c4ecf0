//! A reviewer's work: see records, decide, comment, resolve, choose, assign, erase.

use sampan_record::ids::{CommentId, PersonId, RecordId};
use sampan_record::op::Decision;

use crate::access::Principal;
use crate::error::OfficeError;
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    _office: &Office,
    _who: &Principal,
    _filter: &InterviewFilter,
) -> Result<InterviewList, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// One record, in a language of its form (None = the first).
pub fn view(
    _office: &Office,
    _who: &Principal,
    _record: RecordId,
    _language: Option<&str>,
) -> Result<InterviewView, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// Approves, returns, rejects or reopens.
pub fn decide(
    _office: &Office,
    _who: &Principal,
    _request: &DecideRequest,
) -> Result<DecideOutcome, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// Comments at a question or at the record.
pub fn comment(_office: &Office, _who: &Principal, _request: &CommentRequest) -> Result<(), OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// Marks a comment as dealt with.
pub fn resolve(
    _office: &Office,
    _who: &Principal,
    _record: RecordId,
    _comment: CommentId,
    _key: &str,
) -> Result<(), OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// Resolves a conflict, or corrects an answer.
pub fn choose(_office: &Office, _who: &Principal, _request: &ChooseRequest) -> Result<(), OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// Says who is to work on the record.
pub fn assign(
    _office: &Office,
    _who: &Principal,
    _record: RecordId,
    _person: PersonId,
    _key: &str,
) -> Result<(), OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// Empties answers because the law demands it.
pub fn erase(_office: &Office, _who: &Principal, _request: &EraseRequest) -> Result<(), OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// Changes the office could not accept, within the person's scope, newest first.
pub fn quarantine(_office: &Office, _who: &Principal) -> Result<Vec<QuarantineView>, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// The last acts in the office, newest first; admins only.
pub fn audit(_office: &Office, _who: &Principal) -> Result<Vec<AuditView>, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}
