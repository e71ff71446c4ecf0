//! What can go wrong at the office, each with a stable code and what to do next.

use sampan_store::error::StoreError;
use sampan_sync::error::SyncError;
use thiserror::Error;

/// Why the office did not do what was asked.
#[derive(Debug, Error)]
pub enum OfficeError {
    /// Login or password is wrong; deliberately says no more.
    #[error("The login or the password is not right.")]
    SignInRefused,
    /// Not there, or outside the person's scope: the two are not told apart.
    #[error("There is nothing here, or it is not in your part of the study.")]
    Absent,
    /// There, but this person may not do this.
    #[error("You may not do this: {0}")]
    Denied(&'static str),
    /// What was sent cannot be used; says what to do.
    #[error("{message}")]
    Invalid {
        /// What is wrong.
        message: String,
        /// What to do next.
        advice: String,
    },
    /// The state has moved on since the page was made.
    #[error("{message}")]
    Conflict {
        /// What is in the way.
        message: String,
        /// What to do next.
        advice: String,
    },
    /// Too many attempts or too much at once.
    #[error("Too many attempts at once. Try again in {retry_after_s} s.")]
    Busy {
        /// Seconds to wait.
        retry_after_s: u32,
    },
    /// The disk is full; nothing of this request was kept.
    #[error("The office's disk is full; nothing was taken in. Free space, then try again.")]
    DiskFull,
    /// A sync request that cannot be answered; nothing of it was acknowledged.
    #[error(transparent)]
    Sync(SyncError),
    /// The database or a file could not be read or written.
    #[error("The office's store failed.")]
    Store(#[source] StoreError),
    /// A file of the office could not be read or written.
    #[error("A file of the office could not be used: {what}")]
    File {
        /// Which file, in words.
        what: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Something that the office itself wrote cannot be read back.
    #[error("The office cannot read what it kept: {0}. Run `sampan-server verify`.")]
    Damaged(String),
}

impl OfficeError {
    /// A refusal with advice.
    pub fn invalid(message: impl Into<String>, advice: impl Into<String>) -> OfficeError {
        OfficeError::Invalid {
            message: message.into(),
            advice: advice.into(),
        }
    }

    /// A stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            OfficeError::SignInRefused => "sign_in_refused",
            OfficeError::Absent => "absent",
            OfficeError::Denied(_) => "denied",
            OfficeError::Invalid { .. } => "invalid",
            OfficeError::Conflict { .. } => "conflict",
            OfficeError::Busy { .. } => "busy",
            OfficeError::DiskFull => "disk_full",
            OfficeError::Sync(error) => sync_code(error).0,
            OfficeError::Store(_) | OfficeError::File { .. } | OfficeError::Damaged(_) => "office_failed",
        }
    }

    /// The HTTP status this becomes.
    pub fn status(&self) -> u16 {
        match self {
            OfficeError::SignInRefused => 401,
            OfficeError::Absent => 404,
            OfficeError::Denied(_) => 403,
            OfficeError::Invalid { .. } => 422,
            OfficeError::Conflict { .. } => 409,
            OfficeError::Busy { .. } => 429,
            OfficeError::DiskFull => 507,
            OfficeError::Sync(error) => sync_code(error).1,
            OfficeError::Store(_) | OfficeError::File { .. } | OfficeError::Damaged(_) => 500,
        }
    }

    /// What the person can do; the message of a 5xx must not be shown, this may.
    pub fn advice(&self) -> String {
        match self {
            OfficeError::SignInRefused => "Check both and try again; an admin can set a new password.".into(),
            OfficeError::Absent => "Check the address, or ask an admin for the right.".into(),
            OfficeError::Denied(_) => "Ask an admin for the right.".into(),
            OfficeError::Invalid { advice, .. } | OfficeError::Conflict { advice, .. } => advice.clone(),
            OfficeError::Busy { retry_after_s } => format!("Wait {retry_after_s} s and try again."),
            OfficeError::DiskFull => "Free space on the office's disk, then try again.".into(),
            OfficeError::Sync(_) => "Nothing is lost; sync again.".into(),
            OfficeError::Store(_) | OfficeError::File { .. } | OfficeError::Damaged(_) => {
                "Try again; if it stays, an admin finds the cause in the server's log.".into()
            }
        }
    }
}

/// Code and HTTP status of a sync error.
fn sync_code(error: &SyncError) -> (&'static str, u16) {
    match error {
        SyncError::Malformed { .. } => ("malformed", 400),
        SyncError::Stuck { .. } | SyncError::OutOfTurn => ("out_of_turn", 400),
        SyncError::TooLarge { .. } => ("too_large", 413),
        SyncError::Version { .. } => ("version", 426),
        SyncError::Foreign => ("foreign", 403),
        SyncError::StoreFull(_) => ("disk_full", 507),
        SyncError::StoreBusy(_) => ("busy", 503),
        SyncError::Store { .. } => ("office_failed", 500),
    }
}

impl From<StoreError> for OfficeError {
    fn from(error: StoreError) -> OfficeError {
        match error {
            StoreError::Full { .. } => OfficeError::DiskFull,
            // What whoever starts a command can put right; the message says it all.
            told @ (StoreError::InUse { .. }
            | StoreError::NotEmpty { .. }
            | StoreError::Newer { .. }
            | StoreError::Foreign { .. }
            | StoreError::Damaged { .. }
            | StoreError::SetAside { .. }) => OfficeError::Conflict {
                message: format!("The office's folder cannot be used: {told}."),
                advice: "Put that right and start again.".into(),
            },
            other => OfficeError::Store(other),
        }
    }
}
