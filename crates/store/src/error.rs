//! What can go wrong with a database or a blob folder, and what to do about it.

use std::path::{Path, PathBuf};

use sampan_record::ids::ContentHash;

/// Everything the store reports.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process (or another part of this one) has the folder open.
    #[error(
        "{} is in use by another program; close it and try again (two programs writing one folder would damage it)",
        folder.display()
    )]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The database was written by a later version of this program. Nothing was touched.
    #[error(
        "{} was written by a newer version (schema {found}, this program knows {known}); nothing was changed; install the newer version",
        path.display()
    )]
    Newer {
        /// The database file.
        path: PathBuf,
        /// Its schema number.
        found: u32,
        /// The highest schema number known here.
        known: u32,
    },
    /// The file is a sound database of something else. Nothing was touched.
    #[error("{} is not a {what} database; nothing was changed; name another folder", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What was expected there: `device` or `office`.
        what: &'static str,
    },
    /// The database is damaged and was moved aside, with everything that belongs to it.
    #[error(
        "{} is damaged ({reason}); it was moved to {} and nothing was deleted; restore a copy of it in its place, or send the moved file to your support: changes can be read out of it",
        path.display(),
        moved_to.display()
    )]
    Damaged {
        /// Where the database stood.
        path: PathBuf,
        /// Where it is now.
        moved_to: PathBuf,
        /// What SQLite says about it.
        reason: String,
    },
    /// There is no database, but a damaged one was moved aside here before: no empty one is put in its place unasked.
    #[error(
        "there is no database at {}, and a damaged one lies beside it at {}; restore a copy in its place, or, to begin with an empty one, first move the damaged file to another folder",
        path.display(),
        set_aside.display()
    )]
    SetAside {
        /// Where the database should be.
        path: PathBuf,
        /// The damaged one.
        set_aside: PathBuf,
    },
    /// The disk (or the database's own limit) is full. What was saved before is safe; this was not saved.
    #[error("there is no space left to {what}; what was saved before is safe; free some space and try again")]
    Full {
        /// What was to be written.
        what: &'static str,
    },
    /// The database cannot keep its promise on this disk.
    #[error(
        "the database cannot be made safe against a power cut here ({pragma} is {found}, needed is {needed}); put the folder on a local disk"
    )]
    NotDurable {
        /// The setting that was read back.
        pragma: &'static str,
        /// What it is.
        found: String,
        /// What it must be.
        needed: &'static str,
    },
    /// SQLite itself is too old to be safe.
    #[error("SQLite {found} is linked, but 3.51.3 or later is needed; rebuild with the bundled SQLite")]
    OldSqlite {
        /// The linked version.
        found: &'static str,
    },
    /// A step of the schema failed; the database is as it was before the step.
    #[error("the database could not be brought to schema {number} ({name}); it is as it was before")]
    Migration {
        /// The step's number.
        number: u32,
        /// The step's name.
        name: &'static str,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// A folder that must be empty is not.
    #[error("{} is not empty; name an empty or new folder (nothing in it was changed)", folder.display())]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
    },
    /// A commit failed: nothing in it was saved, nothing of it was acknowledged.
    #[error("the database could not commit ({reason}); nothing of this was saved; try again")]
    NotCommitted {
        /// What SQLite says.
        reason: String,
    },
    /// SQLite refused a statement.
    #[error("the database could not {what}")]
    Sql {
        /// What was attempted.
        what: &'static str,
        /// Why it failed.
        #[source]
        source: rusqlite::Error,
    },
    /// A file or folder could not be read or written.
    #[error("could not {what} {}", path.display())]
    File {
        /// What was attempted.
        what: &'static str,
        /// With what.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// What stands in the database does not have the form it should have.
    #[error(
        "{what} in the database cannot be read ({reason}); run the program's verify command or ask your support"
    )]
    Unreadable {
        /// What was read.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Content does not have the hash it is named by. What had arrived was dropped; it is fetched again from the start.
    #[error("the content {hash:?} arrived damaged; it will be fetched again")]
    WrongContent {
        /// The name it was to have.
        hash: ContentHash,
    },
    /// Content is larger than is taken.
    #[error("content of {size_bytes} bytes is larger than the {limit_bytes} bytes that are taken")]
    TooLarge {
        /// Its announced or real size.
        size_bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// A change does not continue this device's chain as it stands now. Nothing was written.
    #[error("the device has written something else meanwhile; nothing was changed; try again")]
    OutOfTurn,
    /// The system gave no random bits for a new incarnation.
    #[error("the system gives no random numbers; restart the device and try again")]
    NoRandomness,
    /// A thing that was asked for by name is not here.
    #[error("there is no {what} {name} here")]
    Absent {
        /// The kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
}

impl StoreError {
    /// Makes an SQLite error ours: a full disk is told apart from all else. For use in `map_err(StoreError::sql("…"))`.
    pub fn sql(what: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
        move |source| {
            if is_full(&source) {
                StoreError::Full { what }
            } else {
                StoreError::Sql { what, source }
            }
        }
    }

    /// Makes a file error ours: a full disk is told apart from all else.
    pub fn file(what: &'static str, path: &Path) -> impl Fn(std::io::Error) -> StoreError {
        let path = path.to_path_buf();
        move |source| {
            let is_full = matches!(
                source.kind(),
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
            );
            if is_full {
                StoreError::Full { what }
            } else {
                StoreError::File {
                    what,
                    path: path.clone(),
                    source,
                }
            }
        }
    }
}

/// Whether SQLite stopped because there is no space.
pub(crate) fn is_full(error: &rusqlite::Error) -> bool {
    // The index of the write-ahead log has a code of its own when it cannot be made as large as it must be.
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
        || error.sqlite_extended_error_code() == Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE)
}

/// Whether SQLite says that the file itself is broken.
pub(crate) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase)
    )
}
