//! Plain data that a field app shows and sends: nothing here does anything.

use serde::{Deserialize, Serialize};

/// Names a record: its whole id, or as much of its beginning as is not shared by another record here (at least four
/// characters).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordRef(pub String);

/// Names a place in an interview: `d_products/products[0]/prod`. The number in brackets is the row's id: 0, 1, 2 …
/// for rows that a count made, `x` and 16 hexadecimal digits for rows that a person added. A repeat row itself is
/// named by its repeat with the row: `d_products/products[0]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlaceRef(pub String);

/// Names a comment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommentRef(pub String);

macro_rules! text_name {
    ($name:ident) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> $name {
                $name(text.to_owned())
            }
        }
    };
}

text_name!(RecordRef);
text_name!(PlaceRef);
text_name!(CommentRef);

/// What was recovered from sealed files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveredView {
    /// The interviews.
    pub records: Vec<RecordRef>,
    /// Their changes.
    pub n_changes: u64,
    /// Files that could not be read; nothing was done to them.
    pub damaged: Vec<DamagedFileView>,
    /// Who collected them: what these people sign in with.
    pub people: Vec<String>,
    /// The addresses of their offices.
    pub offices: Vec<String>,
}

/// A file that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DamagedFileView {
    /// Where it is.
    pub path: std::path::PathBuf,
    /// Why.
    pub reason: String,
}

/// What the device is, and what lies on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusView {
    /// Whether an office knows this device. Until then there are no forms to interview with.
    pub is_enrolled: bool,
    /// The office's address.
    pub server_url: Option<String>,
    /// The device's id.
    pub device: Option<String>,
    /// What the device is called in the office's list.
    pub device_name: Option<String>,
    /// The enumerator's name.
    pub person_name: Option<String>,
    /// What the enumerator signs in with.
    pub person_login: Option<String>,
    /// Forms that an interview can be begun with.
    pub n_forms: u64,
    /// Interviews that are begun and not finished.
    pub n_open: u64,
    /// Interviews that a supervisor sent back.
    pub n_returned: u64,
    /// Changes the office has not confirmed yet.
    pub n_unsent: u64,
    /// Changes the office keeps apart because it cannot accept them.
    pub n_quarantined: u64,
    /// When a sync last came to its end, milliseconds since 1970 UTC by this device's clock; None = never.
    pub last_sync_at_ms: Option<i64>,
    /// Whether the device's storage is full: what is answered in an open interview was saved in the space held back for
    /// it, which is gone now. Space has to be made before work goes on.
    #[serde(default)]
    pub is_disk_full: bool,
    /// Why the last sync did not come to its end and when to try again; None when it did.
    #[serde(default)]
    pub waiting: Option<WaitView>,
}

/// A device whose last sync did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitView {
    /// Syncs in a row that did not.
    pub n_failures: u64,
    /// How long to wait until the next try, in milliseconds; 0 = the time has come.
    pub left_ms: u64,
    /// When that is, milliseconds since 1970 UTC by this device's clock.
    pub next_try_at_ms: i64,
    /// Whether waiting alone does not help: somebody has to follow the advice.
    pub needs_person: bool,
    /// The error, as it was shown.
    pub error: ErrorView,
}

/// A form on this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormView {
    /// The author's name for it; what [`crate::client::Client::start`] takes.
    pub form_id: String,
    /// The content hash of this version, 64 hexadecimal digits.
    pub version: String,
    /// The author's label for this version.
    pub label: String,
    /// Title for people.
    pub title: String,
    /// Languages as authors write them, the default first; empty until the form is here.
    pub languages: Vec<String>,
    /// Whether new interviews may begin with it (the office offers it, and it and its files are all here).
    pub is_ready: bool,
    /// Whether the office still offers it for new interviews.
    pub is_offered: bool,
    /// What is still missing, for people; empty when nothing is.
    pub missing: String,
}

/// One interview in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterviewView {
    /// Which record.
    pub record: RecordRef,
    /// The author's name for its form.
    pub form_id: String,
    /// The form's title.
    pub form_title: String,
    /// The form version, 64 hexadecimal digits.
    pub version: String,
    /// What names the interview for people (the form's instance name), or empty.
    pub title: String,
    /// `draft`, `submitted`, `returned`, `resubmitted`, `approved`, `changed_since_approval` or `rejected`.
    pub state: String,
    /// When it was begun, milliseconds since 1970 UTC by the clock of the device that began it.
    pub begun_at_ms: i64,
    /// When it was last changed here or by what came in, by the clock of whoever changed it.
    pub changed_at_ms: i64,
    /// Answers on this device that are not part of a change yet (an interview that was interrupted).
    pub n_unsaved: u64,
    /// Changes of it that the office has not confirmed.
    pub n_unsent: u64,
    /// Changes of it that the office keeps apart.
    pub n_quarantined: u64,
    /// Places where different people wrote different answers.
    pub n_conflicts: u64,
    /// Comments nobody has dealt with.
    pub n_open_comments: u64,
    /// Whether it can be worked on here: its form is here, and it was not rejected or erased. When it is finished, only
    /// knowingly ([`Client::reopen`](crate::client::Client::reopen)).
    pub can_open: bool,
    /// The label of another version of its form that the office offers now and that it can be moved to; None = there is
    /// none, or it is finished.
    pub newer_version: Option<String>,
}

/// What a move to another version of the form does, or did, to an interview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveView {
    /// Which.
    pub record: RecordRef,
    /// What names it for people, or empty.
    pub title: String,
    /// The version's label before.
    pub from_version: String,
    /// The version's label afterwards.
    pub to_version: String,
    /// Whether it was moved.
    pub is_moved: bool,
    /// Answers that stand as they stood.
    pub n_carried: u64,
    /// Everything else, in the order of the form.
    pub lines: Vec<MoveLineView>,
}

/// What became of one answer, or what is to be done at one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveLineView {
    /// `converted moved kept not_asked choice_gone constraint_broken required too_many_rows form_fault new_question`.
    pub what: String,
    /// Where; for answers that have no place any more, under the version before.
    pub at: PlaceRef,
    /// What is asked there; may be empty.
    pub label: String,
    /// What stood there; None = nothing.
    pub answer: Option<String>,
    /// What stands there now, or at its new place; None = the same, or nothing.
    pub becomes: Option<String>,
    /// The new place, where it has moved.
    pub to: Option<PlaceRef>,
    /// For people.
    pub sentence: String,
}

/// Where in an interview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// At questions.
    Questions,
    /// At the question whether there is another row; [`OpenInterview::add_row`](crate::interviewing::OpenInterview::add_row)
    /// with [`ScreenView::add_row_at`], or on with `next`.
    AddRow,
    /// Behind the last question: finish or go back.
    End,
}

/// What stands on one screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreenView {
    /// What kind of stop it is.
    pub stop: Stop,
    /// Groups and repeat rows around it, outermost first.
    pub headings: Vec<HeadingView>,
    /// What is asked or told here, in order; empty unless the stop is [`Stop::Questions`].
    pub questions: Vec<QuestionView>,
    /// Whether the questions make one table with shared choices.
    pub is_table: bool,
    /// At [`Stop::AddRow`]: the repeat that a row may be added to.
    pub add_row_at: Option<PlaceRef>,
    /// At [`Stop::AddRow`]: what one row is called.
    pub add_row_label: String,
    /// Questions asked now that have an answer.
    pub n_answered: u64,
    /// Questions asked now.
    pub n_asked: u64,
}

/// A group or repeat row around what is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadingView {
    /// The group, or the repeat row.
    pub at: PlaceRef,
    /// Its label; may be empty.
    pub label: String,
    /// For a repeat row: which one, from 1.
    pub row_number: Option<u64>,
    /// For a repeat row: of how many.
    pub n_rows: Option<u64>,
}

/// One question as it stands now. Texts are in the chosen language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionView {
    /// Where.
    pub at: PlaceRef,
    /// Its name in the form.
    pub name: String,
    /// `ask`, `note` or `hidden`.
    pub role: String,
    /// `text integer decimal date time date_time geopoint geotrace geoshape choice choices media acknowledge`.
    pub kind: String,
    /// What is asked.
    pub label: String,
    /// Short help; empty = none.
    pub hint: String,
    /// Long help; empty = none.
    pub guidance: String,
    /// Whether an answer is needed.
    pub required: bool,
    /// Whether it cannot be changed by hand.
    pub read_only: bool,
    /// Whether it is asked now.
    pub relevant: bool,
    /// Whether the answer that stands meets the form's conditions.
    pub valid: bool,
    /// What is doubtful about the answer, though it was taken; empty = nothing.
    #[serde(default)]
    pub doubt: String,
    /// Whether somebody said that the doubtful answer is so all the same.
    #[serde(default)]
    pub confirmed: bool,
    /// Files to show with it.
    #[serde(default)]
    pub media: Vec<MediaView>,
    /// What stands there; None = nothing.
    pub answer: Option<AnswerView>,
    /// The choices offered now; empty for questions without choices.
    pub choices: Vec<ChoiceView>,
    /// Appearance words of the form.
    pub appearance: Vec<String>,
    /// Different answers of different people to this question; empty = no conflict. The first is shown.
    pub conflict: Vec<WrittenView>,
    /// What was said about it.
    pub comments: Vec<CommentView>,
}

/// What stands at a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerView {
    /// The value in ODK's text form (choice names, not labels); empty when missing.
    pub text: String,
    /// For people: choice labels instead of names.
    pub shown: String,
    /// `dont_know`, `refused`, `not_applicable` or `skipped`; None for a value.
    pub missing: Option<String>,
}

/// One choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChoiceView {
    /// What is stored.
    pub name: String,
    /// What is shown.
    pub label: String,
    /// Whether it goes with no other choice.
    #[serde(default)]
    pub exclusive: bool,
    /// Files to show with it.
    #[serde(default)]
    pub media: Vec<MediaView>,
}

/// A file of the form that is shown with a question or choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaView {
    /// `image`, `big-image`, `audio` or `video`.
    pub medium: String,
    /// What the form calls the file.
    pub name: String,
    /// BLAKE3 of its bytes, in hexadecimal digits; empty when the form came without it.
    pub hash: String,
    /// Whether the whole file is on this device.
    pub is_here: bool,
}

/// One of several answers to one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenView {
    /// What was written; None = cleared.
    pub answer: Option<AnswerView>,
    /// Who wrote it, for people.
    pub who: String,
    /// When, milliseconds since 1970 UTC by the writer's clock.
    pub at_ms: i64,
}

/// One comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommentView {
    /// Which.
    pub comment: CommentRef,
    /// The question it hangs on; None = the whole interview.
    pub at: Option<PlaceRef>,
    /// The comment it answers.
    pub reply_to: Option<CommentRef>,
    /// The words.
    pub text: String,
    /// Who, for people.
    pub who: String,
    /// When, milliseconds since 1970 UTC by the writer's clock.
    pub at_ms: i64,
    /// Whether it was dealt with.
    pub is_resolved: bool,
}

/// What a person answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerInput {
    /// In ODK's text form for the question's kind: `12`, `2.5`, `2026-11-24`, `11.55 104.91 0 5`, a choice name,
    /// choice names with blanks between them. Digits of Khmer, Burmese and Thai are understood.
    Text(String),
    /// `dont_know`, `refused`, `not_applicable` or `skipped`.
    Missing(String),
    /// Takes the answer away.
    Clear,
}

/// Something that only the device can find out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskView {
    /// The question that it is for.
    pub at: PlaceRef,
    /// `position` or `sound`.
    pub what: String,
}

/// Something that stands between an interview and its finishing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemView {
    /// Where.
    pub at: PlaceRef,
    /// What is asked there.
    pub label: String,
    /// What is wrong, for people.
    pub message: String,
    /// Whether the interview cannot be finished with it.
    pub blocks: bool,
}

/// How finishing went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinishView {
    /// Whether the interview is finished and saved.
    pub is_finished: bool,
    /// What stood in the way, or was doubtful.
    pub problems: Vec<ProblemView>,
}

/// One interview, to be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordView {
    /// As in the list.
    pub interview: InterviewView,
    /// All answers that count, in the form's order.
    pub answers: Vec<ShownAnswer>,
    /// Comments at the whole interview.
    pub comments: Vec<CommentView>,
    /// The reviewer's last word; empty = none.
    pub decision_note: String,
    /// What happened, oldest first.
    pub history: Vec<HistoryView>,
}

/// One answer, to be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownAnswer {
    /// Where.
    pub at: PlaceRef,
    /// Groups and repeat rows around it, outermost first.
    #[serde(default)]
    pub headings: Vec<HeadingView>,
    /// What was asked.
    pub label: String,
    /// What was answered.
    pub answer: Option<AnswerView>,
    /// Different answers of different people; empty = no conflict.
    pub conflict: Vec<WrittenView>,
    /// What was said about it.
    pub comments: Vec<CommentView>,
}

/// One thing that happened to an interview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryView {
    /// When, milliseconds since 1970 UTC by the writer's clock.
    pub at_ms: i64,
    /// The writer's offset from UTC in minutes.
    pub utc_offset_min: i16,
    /// Who, for people.
    pub who: String,
    /// One sentence.
    pub sentence: String,
}

/// How far a sync may go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncOptions {
    /// Most bytes to receive in one answer; a bad line wants less. At least 16 KiB are asked for.
    pub budget_bytes: u32,
    /// Most requests in this call.
    pub max_requests: u32,
}

impl Default for SyncOptions {
    fn default() -> SyncOptions {
        SyncOptions {
            budget_bytes: 1024 * 1024,
            max_requests: 10_000,
        }
    }
}

/// Told between two requests of a sync, so that an app can show where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncProgress {
    /// Requests answered so far.
    pub n_requests: u64,
    /// Changes the office has not confirmed yet.
    pub n_unsent: u64,
    /// Changes received so far.
    pub n_received: u64,
    /// Bytes received so far, bodies only.
    pub received_bytes: u64,
}

/// What a sync did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncReport {
    /// Requests that were answered.
    pub n_requests: u64,
    /// Changes that the office has confirmed in this call.
    pub n_sent: u64,
    /// Changes that came from the office.
    pub n_received: u64,
    /// Forms and files that came in whole.
    pub n_contents: u64,
    /// Changes that the office keeps apart, with its reason, in this call.
    pub quarantined: Vec<QuarantineView>,
    /// Changes still to be sent (0 unless the call ended early).
    pub n_unsent: u64,
    /// Whether this device turned out to be a copy of another and took a new incarnation.
    pub took_new_incarnation: bool,
    /// Whether the office was restored from a backup and was offered everything again.
    pub office_was_restored: bool,
    /// Bytes sent, bodies only.
    pub sent_bytes: u64,
    /// Bytes received, bodies only.
    pub received_bytes: u64,
    /// By how much the office's clock is ahead of this device's, in milliseconds; None when nothing was answered.
    pub office_clock_ahead_ms: Option<i64>,
}

/// A change that the office keeps apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineView {
    /// The interview.
    pub record: RecordRef,
    /// Its title for people, or its id.
    pub title: String,
    /// The change's number on this device.
    pub seq: u64,
    /// The office's reason.
    pub reason: String,
}

/// One line of the sync log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogView {
    /// When, milliseconds since 1970 UTC by this device's clock.
    pub at_ms: i64,
    /// `enrolled sync quarantined erased copy restored recovered form failed full unsealed`.
    pub what: String,
    /// One sentence for people.
    pub sentence: String,
}

/// An error for an app: show the sentence and the advice, decide by the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorView {
    /// Stable, for programs: `no_connection`, `disk_full` …
    pub code: String,
    /// What happened.
    pub sentence: String,
    /// What to do.
    pub advice: String,
}
