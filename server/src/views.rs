//! What pages and answers show: plain data, already cut to what the person may see.

use sampan_record::ids::{CommentId, DeviceId, FormVersionId, PersonId, RecordId};

use crate::access::{Grant, Role};

/// An option of a filter or a select field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OptionView {
    /// What is sent.
    pub value: String,
    /// What is shown.
    pub label: String,
    /// How many records it has, within the person's scope.
    pub n_records: u64,
}

/// One record in the list of interviews.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterviewRow {
    /// The record.
    pub record: RecordId,
    /// Its name for people (the form's instance name, or its first answers).
    pub label: String,
    /// The author's name of its form.
    pub form_id: String,
    /// The form's title.
    pub form_title: String,
    /// Review state: `draft submitted returned resubmitted approved changed_since_approval rejected`.
    pub state: String,
    /// Review state in words.
    pub state_label: String,
    /// Country code (`KH`), empty when unknown.
    pub country: String,
    /// Admin-1 code (`KH-12`), empty when unknown.
    pub province: String,
    /// The province's name in the form's first language, empty when unknown.
    pub province_label: String,
    /// Team, empty when none.
    pub team: String,
    /// Who interviews: name for people.
    pub enumerator: String,
    /// Places with more than one value.
    pub n_conflicts: u64,
    /// Comments not yet resolved.
    pub n_open_comments: u64,
    /// When the office last took in a change of it, ms since 1970 UTC.
    pub updated_at_ms: i64,
}

/// What to show in the list of interviews. Empty text = not filtered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InterviewFilter {
    /// Country code.
    pub country: String,
    /// Admin-1 code.
    pub province: String,
    /// Team.
    pub team: String,
    /// Enumerator's person id.
    pub enumerator: String,
    /// Review state word; `conflicts` = any state with a conflict.
    pub state: String,
    /// Form id.
    pub form: String,
    /// Words to look for in labels and answers.
    pub text: String,
    /// Page, from 1; 0 counts as 1.
    pub page: u32,
}

/// A page of the list of interviews.
#[derive(Debug, Clone, Default)]
pub struct InterviewList {
    /// The rows of this page, newest first.
    pub rows: Vec<InterviewRow>,
    /// How many match the filter.
    pub n_matching: u64,
    /// Page shown, from 1.
    pub page: u32,
    /// Number of pages, at least 1.
    pub n_pages: u32,
    /// Countries within the scope.
    pub countries: Vec<OptionView>,
    /// Provinces within the scope.
    pub provinces: Vec<OptionView>,
    /// Teams within the scope.
    pub teams: Vec<OptionView>,
    /// Enumerators within the scope.
    pub enumerators: Vec<OptionView>,
    /// Review states, all of them, with numbers.
    pub states: Vec<OptionView>,
    /// Forms that have records within the scope.
    pub forms: Vec<OptionView>,
    /// Changes waiting in quarantine within the scope.
    pub n_quarantined: u64,
}

/// One record, ready to show.
#[derive(Debug, Clone)]
pub struct InterviewView {
    /// The line of the list.
    pub row: InterviewRow,
    /// The version's label and the first characters of its hash.
    pub form_version: String,
    /// Language shown.
    pub language: String,
    /// Languages of the form.
    pub languages: Vec<String>,
    /// False when the office lacks the form version: then values are shown by question path.
    pub is_form_known: bool,
    /// True when the record was erased.
    pub is_erased: bool,
    /// Answers by group, in the form's order.
    pub groups: Vec<GroupView>,
    /// All places with more than one value.
    pub conflicts: Vec<ConflictView>,
    /// Comments at the record itself.
    pub comments: Vec<CommentView>,
    /// What happened, oldest first.
    pub history: Vec<HistoryView>,
    /// The decision that stands.
    pub decision: Option<DecisionView>,
    /// Questions changed since the decision, as labels.
    pub changed_since: Vec<ChangedView>,
    /// What this page was made from, as opaque text: a decision sends it back and covers exactly this.
    pub seen: String,
    /// What the person may do here.
    pub may: MayView,
    /// People it can be assigned to.
    pub assignable: Vec<OptionView>,
    /// Person id of the one it is assigned to, if any.
    pub assignee: Option<PersonId>,
}

/// What a person may do with a record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MayView {
    /// Approve, return, reject.
    pub decide: bool,
    /// Comment and resolve comments.
    pub comment: bool,
    /// Choose among conflicting values or type another.
    pub edit: bool,
    /// Assign to somebody.
    pub assign: bool,
    /// Erase.
    pub erase: bool,
}

/// A heading and the answers below it.
#[derive(Debug, Clone)]
pub struct GroupView {
    /// 1 for the outermost.
    pub depth: usize,
    /// Heading; for rows of a repeat with their number.
    pub heading: String,
    /// Path of the group, unique on the page (an HTML id can be made of it).
    pub at: String,
    /// Questions directly inside, those with something to show.
    pub answers: Vec<AnswerView>,
}

/// One question with what stands there.
#[derive(Debug, Clone)]
pub struct AnswerView {
    /// Opaque text that names the place in forms (comment, choose).
    pub at: String,
    /// Question name in the form.
    pub name: String,
    /// Question text in the chosen language.
    pub label: String,
    /// The value as people read it (choice labels, not codes); empty when there is none.
    pub text: String,
    /// The missing state in words, when there is one.
    pub missing: Option<String>,
    /// True for values the form computed.
    pub is_calculated: bool,
    /// True when it was changed after the decision that stands.
    pub is_changed_since: bool,
    /// True when the question is not asked in the present state but has an answer.
    pub is_irrelevant: bool,
    /// What the form finds doubtful about it, in its own words.
    pub doubt: Option<String>,
    /// Whether the enumerator said that the doubtful answer is so all the same.
    pub is_confirmed: bool,
    /// The other values, when people wrote different ones.
    pub conflict: Option<ConflictView>,
    /// Comments at this question.
    pub comments: Vec<CommentView>,
    /// Where the answer links to, for media and positions.
    pub link: Option<String>,
}

/// A place with more than one value.
#[derive(Debug, Clone)]
pub struct ConflictView {
    /// Names the place, as in [`AnswerView::at`].
    pub at: String,
    /// Question text.
    pub label: String,
    /// The values, the shown one first.
    pub values: Vec<ConflictValueView>,
}

/// One of several values.
#[derive(Debug, Clone)]
pub struct ConflictValueView {
    /// Opaque text that names this value when it is chosen.
    pub token: String,
    /// The value as people read it; `(cleared)` for a cleared answer.
    pub text: String,
    /// Who wrote it.
    pub who: String,
    /// On which device.
    pub device: String,
    /// When, by the writer's clock, ms since 1970 UTC.
    pub written_at_ms: i64,
    /// The writer's offset from UTC in minutes.
    pub utc_offset_min: i16,
    /// True for the one shown.
    pub is_shown: bool,
}

/// A comment with its answers.
#[derive(Debug, Clone)]
pub struct CommentView {
    /// Its id.
    pub id: CommentId,
    /// Names the place; None for the record.
    pub at: Option<String>,
    /// The question's text; empty for the record.
    pub label: String,
    /// What was said.
    pub text: String,
    /// Who said it.
    pub who: String,
    /// When, by the writer's clock.
    pub written_at_ms: i64,
    /// Dealt with.
    pub is_resolved: bool,
    /// Answers, oldest first.
    pub replies: Vec<CommentView>,
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub struct HistoryView {
    /// When, by the writer's clock, ms since 1970 UTC.
    pub written_at_ms: i64,
    /// The writer's offset from UTC in minutes.
    pub utc_offset_min: i16,
    /// Who.
    pub who: String,
    /// A sentence without its subject: `answered 12 questions`, `returned it with the words "…"`.
    pub what: String,
    /// Details, one line each: question and value.
    pub details: Vec<String>,
    /// When the office took it in, ms since 1970 UTC.
    pub kept_at_ms: i64,
}

/// The decision that stands.
#[derive(Debug, Clone)]
pub struct DecisionView {
    /// `approve return reject reopen`.
    pub decision: String,
    /// In words: `Approved`.
    pub label: String,
    /// Who decided.
    pub who: String,
    /// When, by the office's clock.
    pub written_at_ms: i64,
    /// What was said with it.
    pub note: Option<String>,
}

/// A question that was changed after the decision.
#[derive(Debug, Clone)]
pub struct ChangedView {
    /// Names the place.
    pub at: String,
    /// Question text.
    pub label: String,
}

/// One form with its versions.
#[derive(Debug, Clone)]
pub struct FormView {
    /// The author's name.
    pub form_id: String,
    /// Title of the newest version.
    pub title: String,
    /// Versions, newest first.
    pub versions: Vec<FormVersionView>,
    /// Records within the person's scope.
    pub n_records: u64,
}

/// One version of a form.
#[derive(Debug, Clone)]
pub struct FormVersionView {
    /// Its content hash. A draft whose attachments are still missing has the hash of its present state.
    pub version: FormVersionId,
    /// The author's label of the version.
    pub label: String,
    /// Title.
    pub title: String,
    /// `draft`, `published` or `closed`.
    pub state: String,
    /// When it was uploaded, ms since 1970 UTC.
    pub uploaded_at_ms: i64,
    /// When it was published.
    pub published_at_ms: Option<i64>,
    /// Number of questions a person is asked.
    pub n_questions: usize,
    /// Languages.
    pub languages: Vec<String>,
    /// Files it needs and whether they are here.
    pub attachments: Vec<AttachmentView>,
    /// Warnings from the check, and errors that forbid publishing (a missing file).
    pub problems: Vec<FormProblemView>,
    /// True when it can be published now.
    pub can_publish: bool,
}

/// A file a form needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachmentView {
    /// File name (`adm2.csv`).
    pub file_name: String,
    /// Size; None while it is missing.
    pub size_bytes: Option<u64>,
}

/// Something wrong in a form, at its cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormProblemView {
    /// True for an error, false for a warning or a mending.
    pub is_error: bool,
    /// True where something wrong was (or would be) read as what it must mean.
    pub is_mended: bool,
    /// Sheet (`survey`).
    pub sheet: String,
    /// Row as spreadsheets count; 0 = the sheet as a whole.
    pub row: u32,
    /// Cell as `F12`, or empty.
    pub cell: String,
    /// Column heading, or empty.
    pub column: String,
    /// What was found there.
    pub found: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub advice: String,
}

/// A spreadsheet's parts around what is wrong in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PictureView {
    /// Everything, in the order of the file; numbered from 1 by its place here.
    pub problems: Vec<FormProblemView>,
    /// The parts, in the order of the file.
    pub excerpts: Vec<ExcerptView>,
    /// Numbers of those that stand in no part: they concern the file as a whole, or there are too many.
    pub elsewhere: Vec<usize>,
}

/// A part of one sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExcerptView {
    /// The sheet's name.
    pub sheet: String,
    /// Its columns.
    pub columns: Vec<ExcerptColumnView>,
    /// The heading row, then the rows around.
    pub rows: Vec<ExcerptRowView>,
    /// Numbers of what is wrong here.
    pub problems: Vec<usize>,
}

/// One column of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExcerptColumnView {
    /// Its letters; empty where columns are left out.
    pub letter: String,
    /// Whether a narrow screen leaves it out: nothing is wrong in it, and it does not say which question it is.
    pub is_far: bool,
}

/// One row of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExcerptRowView {
    /// As spreadsheets count; 0 where rows are left out.
    pub number: u32,
    /// Whether it is the row of headings.
    pub is_heading: bool,
    /// Numbers of what is wrong with the row as a whole.
    pub marks: Vec<usize>,
    /// Its cells, one for each column.
    pub cells: Vec<ExcerptCellView>,
}

/// One cell of a part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExcerptCellView {
    /// What stands there, shortened.
    pub text: String,
    /// `bad`, `warn`, `river` (mended) or empty.
    pub tone: String,
    /// Numbers of what is wrong here.
    pub marks: Vec<usize>,
    /// As of its column.
    pub is_far: bool,
}

/// What came of an upload.
#[derive(Debug, Clone)]
pub enum UploadOutcome {
    /// A draft was made (or was there already with the same content).
    Draft {
        /// The form.
        form_id: String,
        /// Its version.
        version: FormVersionId,
        /// Warnings.
        problems: Vec<FormProblemView>,
    },
    /// Nothing was kept: the errors.
    Refused {
        /// All of them, in the order of the sheet.
        problems: Vec<FormProblemView>,
    },
}

/// A form as an enumerator would see it.
#[derive(Debug, Clone)]
pub struct PreviewView {
    /// Title.
    pub title: String,
    /// Form.
    pub form_id: String,
    /// Version.
    pub version: FormVersionId,
    /// Language shown.
    pub language: String,
    /// Languages.
    pub languages: Vec<String>,
    /// All questions by group, in order.
    pub groups: Vec<PreviewGroupView>,
}

/// A group in a preview.
#[derive(Debug, Clone)]
pub struct PreviewGroupView {
    /// 1 for the outermost.
    pub depth: usize,
    /// Heading.
    pub heading: String,
    /// `group` or `repeat`.
    pub kind: String,
    /// When it is asked, as written; empty = always.
    pub relevant: String,
    /// Questions directly inside.
    pub questions: Vec<PreviewQuestionView>,
}

/// A question in a preview.
#[derive(Debug, Clone)]
pub struct PreviewQuestionView {
    /// Name.
    pub name: String,
    /// Text.
    pub label: String,
    /// Help.
    pub hint: String,
    /// Kind of answer in words (`one choice`, `whole number`).
    pub kind: String,
    /// First choices (name, label), at most 12, as offered before anything is answered.
    pub choices: Vec<OptionView>,
    /// How many choices there are in all.
    pub n_choices: usize,
    /// When it is asked, as written; empty = always.
    pub relevant: String,
    /// Whether an answer is needed.
    pub required: bool,
    /// Its constraint as written; empty = none.
    pub constraint: String,
    /// Its calculation as written; empty = none.
    pub calculation: String,
}

/// A person with an account.
#[derive(Debug, Clone)]
pub struct PersonView {
    /// Id.
    pub person: PersonId,
    /// The name typed in at sign-in.
    pub login: String,
    /// Name for people.
    pub name: String,
    /// Roles with scopes.
    pub grants: Vec<Grant>,
    /// Highest role.
    pub role: Option<Role>,
    /// Account closed: no sign-in, no sync.
    pub is_closed: bool,
    /// Number of devices.
    pub n_devices: u64,
    /// When the account was made.
    pub created_at_ms: i64,
}

/// One device.
#[derive(Debug, Clone)]
pub struct DeviceView {
    /// Id.
    pub device: DeviceId,
    /// Its name, given at enrolment.
    pub name: String,
    /// Program and version.
    pub app: String,
    /// Whose.
    pub person: PersonId,
    /// Name for people.
    pub person_name: String,
    /// When it was enrolled.
    pub enrolled_at_ms: i64,
    /// When it last synced.
    pub last_sync_at_ms: Option<i64>,
    /// Changes it had still to send, when it last synced.
    pub n_unsent: u64,
    /// Interviews open on it, when it last synced.
    pub n_open: u64,
    /// How many lives it had; more than one hints at a copied phone.
    pub n_incarnations: u64,
    /// Its clock minus the office's at the last sync, seconds.
    pub clock_skew_s: Option<i64>,
    /// Shut out.
    pub is_revoked: bool,
    /// Changes of it in quarantine.
    pub n_quarantined: u64,
}

/// An enrolment code, shown once.
#[derive(Debug, Clone)]
pub struct EnrolmentCodeView {
    /// The code.
    pub code: String,
    /// `sampan:enroll?server=…&code=…`, the text of the QR.
    pub link: String,
    /// For whom.
    pub person_name: String,
    /// Until when.
    pub expires_at_ms: i64,
}

/// An open enrolment code in the list, without the code itself.
#[derive(Debug, Clone)]
pub struct OpenCodeView {
    /// For whom.
    pub person_name: String,
    /// Until when.
    pub expires_at_ms: i64,
}

/// A change that the office could not accept.
#[derive(Debug, Clone)]
pub struct QuarantineView {
    /// Its number in the quarantine.
    pub id: i64,
    /// Record concerned.
    pub record: RecordId,
    /// Device.
    pub device: DeviceId,
    /// Device's name.
    pub device_name: String,
    /// Who wrote it.
    pub who: String,
    /// Why, in words.
    pub reason: String,
    /// When it came.
    pub kept_at_ms: i64,
    /// Size of its payload.
    pub size_bytes: u64,
}

/// One line of the audit.
#[derive(Debug, Clone)]
pub struct AuditView {
    /// When.
    pub at_ms: i64,
    /// Who.
    pub who: String,
    /// What, in words.
    pub what: String,
}

/// A file to be downloaded.
#[derive(Debug, Clone)]
pub struct DownloadView {
    /// File name.
    pub file_name: String,
    /// Media type.
    pub media_type: String,
    /// Content.
    pub bytes: Vec<u8>,
}
