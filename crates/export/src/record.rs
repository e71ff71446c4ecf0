//! One record as it is given out: what is known of it, its answers, its rows.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};
use sampan_record::ids::{DeviceId, FormVersionId, RecordId, RowId};
use sampan_record::path::AnswerPath;
use sampan_record::review::ReviewState;
use sampan_value::answer::Answer;

/// One record to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportRecord {
    /// The record.
    pub record: RecordId,
    /// The form version it is worked on under.
    pub form_version: FormVersionId,
    /// Where it stands.
    pub review_state: ReviewState,
    /// The person who interviewed, as the office names them.
    pub enumerator: String,
    /// The device it began on; None where the office made it.
    pub device: Option<DeviceId>,
    /// When the interview began; None where nothing says so.
    pub started: Option<DateTime<FixedOffset>>,
    /// When it was finished; None while it is not.
    pub finished: Option<DateTime<FixedOffset>>,
    /// Country of the record, empty where unknown.
    pub country: String,
    /// Province (admin-1) of the record, empty where unknown.
    pub province: String,
    /// Number of places where different answers stand; the shown ones are exported.
    pub n_conflicts: u32,
    /// Whether something was written that the approver had not seen.
    pub has_changed_since_approval: bool,
    /// The answers shown, computed ones among them.
    pub answers: BTreeMap<AnswerPath, Answer>,
    /// The rows of each repeat, in their order. Rows that are not named here but have an answer follow after them.
    pub rows: BTreeMap<AnswerPath, Vec<RowId>>,
}
