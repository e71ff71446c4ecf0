//! What can go wrong for a field app: a stable code, what happened, and what to do.

use sampan_store::error::StoreError;

use crate::api::ErrorView;
use crate::transport::{BadCertificate, LineError};

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
    /// Something answered, and it is not the office.
    #[error("{stranger} ({found})")]
    NotTheOffice {
        /// What it is most likely.
        stranger: Stranger,
        /// What came.
        found: String,
        /// When to come again, in seconds, if it says so.
        retry_after_s: Option<u64>,
    },
    /// The office asks to be left alone for a while before the rest is exchanged.
    #[error("the office has much to do and asks to come again later")]
    Paused {
        /// How long, in seconds.
        retry_after_s: u64,
    },
    /// This app and the office have no version of the protocol in common.
    #[error("{reason}")]
    NoSharedVersion {
        /// Which of them is older.
        older: Older,
        /// In words.
        reason: String,
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

/// Who answers in the office's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stranger {
    /// The sign-in page of a public network.
    Portal,
    /// What stands before the office while the office does not answer.
    Gateway,
    /// Another program.
    Other,
}

impl std::fmt::Display for Stranger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Stranger::Portal => "this network answers in the office's place, as a sign-in page does",
            Stranger::Gateway => "the office does not answer; what stands before it says so",
            Stranger::Other => "something answered that is not the office",
        })
    }
}

/// Which side has to be updated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Older {
    /// This device.
    Device,
    /// The office.
    Office,
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
            ClientError::Line(LineError::NoName(_)) => "name_not_found",
            ClientError::Line(LineError::Certificate(reason)) => match reason {
                BadCertificate::Ended { .. } => "certificate_ended",
                BadCertificate::NotYet { .. } => "certificate_not_yet",
                BadCertificate::UnknownIssuer => "certificate_unknown",
                BadCertificate::OtherName { .. } => "certificate_of_another",
                BadCertificate::Other(_) => "certificate_wrong",
            },
            ClientError::Line(LineError::Redirect { .. }) => "captive_portal",
            ClientError::Line(LineError::Moved { .. }) => "office_moved",
            ClientError::NotTheOffice { stranger, .. } => match stranger {
                Stranger::Portal => "captive_portal",
                Stranger::Gateway => "office_unavailable",
                Stranger::Other => "not_the_office",
            },
            ClientError::Paused { .. } => "office_busy",
            ClientError::NoSharedVersion { older, .. } => match older {
                Older::Device => "update_app",
                Older::Office => "update_office",
            },
            ClientError::Office {
                status: 429 | 503, ..
            } => "office_busy",
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
            ClientError::Line(LineError::NoName(_)) => {
                "Check that mobile data or Wi-Fi is on and other pages open. If they do and this stays, the office's address may be wrong: ask your supervisor. Your interviews are safe here."
            }
            ClientError::Line(LineError::Certificate(reason)) => match reason {
                BadCertificate::Ended { .. } | BadCertificate::NotYet { .. } => {
                    "Look at this device's date and time and set them right if they are wrong; then sync again. If they are right, tell your supervisor that the office's certificate needs renewing. Nothing was sent; your interviews are safe here."
                }
                BadCertificate::UnknownIssuer | BadCertificate::Other(_) => {
                    "Somebody in this network may be looking in. Try another network, mobile data instead of Wi-Fi; if it stays everywhere, tell your supervisor. Nothing was sent; your interviews are safe here."
                }
                BadCertificate::OtherName { .. } => {
                    "Open a browser and sign in to this network, or try another one; if it stays everywhere, the office's address may be wrong: ask your supervisor. Nothing was sent; your interviews are safe here."
                }
            },
            ClientError::Line(LineError::Tls(_)) => {
                "Open a browser and sign in to this network, or try another one; if it stays everywhere, tell your supervisor. Your interviews are safe here."
            }
            ClientError::Line(LineError::Moved { .. }) => {
                "Ask your supervisor for a new enrolment link, and enrol again with it. Nothing was sent there; your interviews are safe here."
            }
            ClientError::Line(LineError::Redirect { .. })
            | ClientError::NotTheOffice {
                stranger: Stranger::Portal,
                ..
            } => {
                "Open a browser and sign in to this network, or try another one. Nothing counts as sent; your interviews are safe here."
            }
            ClientError::NotTheOffice {
                stranger: Stranger::Gateway,
                ..
            }
            | ClientError::Paused { .. } => {
                "Go on with your work and sync again in a while. Nothing is lost."
            }
            ClientError::NotTheOffice {
                stranger: Stranger::Other,
                ..
            } => {
                "Try another network; if it stays, the office's address may be wrong: ask your supervisor. Your interviews are safe here."
            }
            ClientError::NoSharedVersion { older, .. } => match older {
                Older::Device => {
                    "Install the newer app over this one: everything on this device stays, and is sent then. Until then go on with your work."
                }
                Older::Office => {
                    "Tell your supervisor that the office's program is older than this app and needs an update. Go on with your work; everything is kept and is sent then."
                }
            },
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
