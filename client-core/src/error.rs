//! What can go wrong for a field app: a stable code, what happened, and what to do.

use sampan_store::error::StoreError;

use crate::api::ErrorView;
use crate::transport::LineError;

/// Everything the core reports. [`ClientError::code`] is stable, [`std::fmt::Display`] is the sentence,
/// [`ClientError::advice`] says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The device's own database or files.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The line to the office.
    #[error(transparent)]
    Line(#[from] LineError),
    /// Something answered, and it is not the office: a sign-in page of a public network, another program.
    #[error("something answered that is not the office ({found})")]
    NotTheOffice {
        /// What came.
        found: String,
    },
    /// The office refused.
    #[error("{message}")]
    Office {
        /// HTTP status.
        status: u16,
        /// The office's own code.
        code: String,
        /// The office's sentence.
        message: String,
        /// The office's advice.
        advice: String,
        /// When to come again, in seconds, if it says so.
        retry_after_s: Option<u64>,
    },
    /// What the office sent does not make sense.
    #[error("the office's answer could not be understood ({reason})")]
    BadAnswer {
        /// What is wrong with it.
        reason: String,
    },
    /// The sync stopped before its end, without a reason from outside.
    #[error("the sync did not come to its end within {n_requests} requests")]
    NoEnd {
        /// How many were made.
        n_requests: u64,
    },
    /// Not an enrolment link.
    #[error("this is no enrolment link ({reason})")]
    BadLink {
        /// What is wrong with it.
        reason: String,
    },
    /// The device belongs to an office already.
    #[error("this device is enrolled already, at {server_url}")]
    AlreadyEnrolled {
        /// Where.
        server_url: String,
    },
    /// The device belongs to no office yet.
    #[error("this device is not enrolled yet")]
    NotEnrolled,
    /// There is nothing to recover from.
    #[error("there are no sealed interviews in {}", folder.display())]
    NothingSealed {
        /// Where they were looked for.
        folder: std::path::PathBuf,
    },
    /// There is no such form.
    #[error("there is no form {form_id} on this device")]
    NoForm {
        /// The name asked for.
        form_id: String,
    },
    /// The form is known but not whole.
    #[error("the form {form_id} is not here yet: {missing}")]
    FormNotReady {
        /// The name asked for.
        form_id: String,
        /// What is missing.
        missing: String,
    },
    /// The form does not run on this version of the program.
    #[error("the form {form_id} cannot be used: {reason}")]
    FormFault {
        /// The form.
        form_id: String,
        /// What is wrong.
        reason: String,
    },
    /// There is no such record.
    #[error("there is no interview {name} on this device")]
    NoRecord {
        /// The name asked for.
        name: String,
    },
    /// Several records begin with that name.
    #[error("several interviews begin with {name}")]
    AmbiguousRecord {
        /// The name asked for.
        name: String,
    },
    /// The interview is open already, elsewhere in this program.
    #[error("this interview is open already")]
    AlreadyOpen,
    /// The interview was finished, paused or given up; it must be opened again.
    #[error("this interview is closed")]
    Closed,
    /// The interview is finished; it is opened again knowingly or not at all.
    #[error("this interview is finished")]
    Finished,
    /// The interview is under the version that the office offers.
    #[error("this interview is under the newest version of its form already")]
    NoNewerVersion,
    /// The interview may not be worked on any more.
    #[error("this interview cannot be opened: {reason}")]
    CannotOpen {
        /// Why.
        reason: String,
    },
    /// The text names no place of this form.
    #[error("{place} names no place in this form")]
    NoPlace {
        /// The text.
        place: String,
    },
    /// The answer, row or comment was not taken; nothing was changed.
    #[error("{message}")]
    Refused {
        /// A stable word for the reason: `constraint`, `wrong_kind`, `not_a_choice` …
        reason: String,
        /// For people.
        message: String,
    },
    /// The answers cannot be written down as a change.
    #[error("the answers could not be saved ({reason})")]
    NotWritable {
        /// Why.
        reason: String,
    },
    /// The system gave no random bytes.
    #[error("the system gives no random numbers ({reason})")]
    NoRandomness {
        /// Why.
        reason: String,
    },
}

impl ClientError {
    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            ClientError::Store(StoreError::InUse { .. }) => "in_use",
            ClientError::Store(StoreError::Newer { .. }) => "newer_database",
            ClientError::Store(StoreError::Foreign { .. }) => "foreign_database",
            ClientError::Store(StoreError::Damaged { .. } | StoreError::SetAside { .. }) => {
                "damaged_database"
            }
            ClientError::Store(StoreError::Full { .. }) => "disk_full",
            ClientError::Store(StoreError::NotDurable { .. } | StoreError::OldSqlite { .. }) => "not_durable",
            ClientError::Store(_) => "store",
            ClientError::Line(LineError::NoConnection(_)) => "no_connection",
            ClientError::Line(LineError::Timeout) => "timeout",
            ClientError::Line(LineError::Cut(_)) => "line_cut",
            ClientError::Line(LineError::Tls(_)) => "insecure",
            ClientError::Line(LineError::BadAddress(_)) => "bad_address",
            ClientError::Line(LineError::TooLong(_)) => "answer_too_long",
            ClientError::Line(LineError::Redirect) => "captive_portal",
            ClientError::NotTheOffice { .. } => "captive_portal",
            ClientError::Office { .. } => "office_refused",
            ClientError::BadAnswer { .. } => "bad_answer",
            ClientError::NoEnd { .. } => "no_end",
            ClientError::BadLink { .. } => "bad_link",
            ClientError::AlreadyEnrolled { .. } => "already_enrolled",
            ClientError::NotEnrolled => "not_enrolled",
            ClientError::NothingSealed { .. } => "nothing_sealed",
            ClientError::NoForm { .. } => "no_form",
            ClientError::FormNotReady { .. } => "form_not_ready",
            ClientError::FormFault { .. } => "form_fault",
            ClientError::NoRecord { .. } => "no_record",
            ClientError::AmbiguousRecord { .. } => "ambiguous_record",
            ClientError::AlreadyOpen => "already_open",
            ClientError::Closed => "closed",
            ClientError::Finished => "finished",
            ClientError::NoNewerVersion => "no_newer_version",
            ClientError::CannotOpen { .. } => "cannot_open",
            ClientError::NoPlace { .. } => "no_place",
            ClientError::Refused { .. } => "refused",
            ClientError::NotWritable { .. } => "not_writable",
            ClientError::NoRandomness { .. } => "no_randomness",
        }
    }

    /// What to do, for people. Collecting goes on whatever a sync reports.
    pub fn advice(&self) -> String {
        let text = match self {
            ClientError::Store(StoreError::InUse { .. }) => {
                "Close the other program that works on this folder."
            }
            ClientError::Store(StoreError::Newer { .. }) => "Install the newer version of the app.",
            ClientError::Store(StoreError::Foreign { .. }) => "Choose another folder.",
            ClientError::Store(StoreError::Damaged { .. } | StoreError::SetAside { .. }) => {
                "Keep the moved file and ask your support: what was sent is safe at the office, the rest can be read out of the file."
            }
            ClientError::Store(StoreError::Full { .. }) => {
                "Free some space on the device and repeat the last answer; everything before it is saved."
            }
            ClientError::Store(_) => "Try again; if it stays, ask your support and keep the folder.",
            ClientError::Line(LineError::BadAddress(_)) => "Ask for a new enrolment link.",
            ClientError::Line(LineError::Tls(_)) => {
                "Check the device's date and time and try another network; if it stays, tell your supervisor. Your interviews are safe here."
            }
            ClientError::Line(LineError::Redirect) | ClientError::NotTheOffice { .. } => {
                "Open a browser and sign in to this network, or try another one. Your interviews are safe here."
            }
            ClientError::Line(_) => {
                "Go on with your work; sync again when there is a better line. Nothing is lost."
            }
            ClientError::Office { advice, .. } => advice,
            ClientError::BadAnswer { .. } | ClientError::NoEnd { .. } => {
                "Sync again; if it stays, update the app or tell your supervisor. Your interviews are safe here."
            }
            ClientError::BadLink { .. } => {
                "Copy the whole link or scan the code again; it begins with sampan:enroll."
            }
            ClientError::AlreadyEnrolled { .. } => {
                "Go on with this enrolment, or use another folder for another office."
            }
            ClientError::NotEnrolled => "Enrol the device with the link or code from your supervisor.",
            ClientError::NothingSealed { .. } => {
                "Name the folder of the lost device, or the folder `sealed` of it."
            }
            ClientError::NoForm { .. } => "Look at the list of forms; sync to get new ones.",
            ClientError::FormNotReady { .. } => "Sync once more to get the rest of the form.",
            ClientError::FormFault { .. } => {
                "Tell the author of the form; interviews with other forms go on."
            }
            ClientError::NoRecord { .. } => "Look at the list of interviews.",
            ClientError::AmbiguousRecord { .. } => "Write more of its name.",
            ClientError::AlreadyOpen => "Close it where it is open.",
            ClientError::Closed => "Open the interview again; everything answered is there.",
            ClientError::Finished => {
                "If something in it is wrong, open it again with `reopen`; it then waits to be finished again."
            }
            ClientError::NoNewerVersion => "Sync first if the office says there is a newer one.",
            ClientError::CannotOpen { .. } => {
                "It can still be read; ask your supervisor if it should be opened again."
            }
            ClientError::NoPlace { .. } => "Check the question's name and its rows.",
            ClientError::Refused { .. } => "Correct the answer.",
            ClientError::NotWritable { .. } => "Shorten very long answers, then save again.",
            ClientError::NoRandomness { .. } => "Restart the device.",
        };
        text.to_owned()
    }

    /// As plain data.
    pub fn view(&self) -> ErrorView {
        ErrorView {
            code: self.code().to_owned(),
            sentence: self.to_string(),
            advice: self.advice(),
        }
    }
}
