//! The office database: people, devices, forms and all changes; one writer with group commit, many readers.
//!
//! Reading order: [`schema`], [`writer`] (group commit), [`session`] ([`session::Reading`] and [`session::Writing`],
//! which all that follows adds methods to), [`identity`], [`people`], [`devices`], [`forms`], [`changes`] (the log,
//! receipts, chains), [`quarantine`], [`feed`], [`rows`] (lists and search), [`acts`], [`backup`], [`check`].

pub mod acts;
pub mod backup;
pub mod changes;
pub mod check;
pub mod devices;
pub mod feed;
pub mod forms;
pub mod identity;
pub mod names;
pub mod people;
pub mod quarantine;
pub mod rows;
pub mod schema;
pub mod session;
pub mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use crate::blob::BlobFolder;
use crate::error::StoreError;
use crate::office::identity::Birth;
use crate::office::session::{Reading, Writing};
use crate::office::writer::{Executor, Writer};
use crate::open::{self, FolderLock};

/// The database's file in the office's folder.
pub const FILE_NAME: &str = "office.sqlite";
/// The folder of content in the office's folder.
pub const BLOBS: &str = "blobs";
/// Readers that are kept open while nobody reads.
const IDLE_READERS: usize = 8;

/// For what the office's folder is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// To serve: the folder is taken, a second server is refused.
    Serve,
    /// For one command beside a running server: SQLite keeps the two apart, transaction by transaction.
    Command,
}

/// The office's database and content. Shared by all threads.
#[derive(Debug)]
pub struct OfficeStore {
    path: PathBuf,
    writer: Writer,
    readers: Mutex<Vec<Connection>>,
    blobs: BlobFolder,
    _lock: Option<FolderLock>,
}

impl OfficeStore {
    /// Opens the folder; makes database and folders where there are none, `birth` being what a new one is.
    /// `now_ms`: milliseconds since 1970 UTC.
    pub fn open(
        folder: &Path,
        access: Access,
        executor: Executor,
        birth: &Birth,
        now_ms: i64,
    ) -> Result<OfficeStore, StoreError> {
        let lock = match access {
            Access::Serve => Some(FolderLock::take(folder)?),
            Access::Command => None,
        };
        let path = folder.join(FILE_NAME);
        let connection = open::open(&path, &schema::OFFICE, now_ms)?;
        // What an erasure empties must not linger in free pages.
        connection
            .pragma_update(None, "secure_delete", true)
            .map_err(StoreError::sql("set the database up"))?;
        let store = OfficeStore {
            path,
            writer: Writer::new(connection, executor),
            readers: Mutex::new(Vec::new()),
            blobs: BlobFolder::open(&folder.join(BLOBS))?,
            _lock: lock,
        };
        store.write(|writing| writing.be_born(birth, now_ms))?;
        Ok(store)
    }

    /// Runs `work` in one write transaction that may share its commit with others, in a savepoint of its own. Returns
    /// only after the COMMIT is on the disk; an error of `work` rolls back what it did.
    pub fn write<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Writing<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.writer.run(|connection| work(&Writing::new(connection)))
    }

    /// Runs `work` on one state of the database, beside the writer.
    pub fn read<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Reading<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open::open_reader(&self.path)?,
        };
        let outcome = {
            let snapshot = connection
                .unchecked_transaction()
                .map_err(StoreError::sql("begin to read"))?;
            let outcome = work(&Reading::new(&snapshot));
            snapshot.finish().map_err(StoreError::sql("finish reading"))?;
            outcome
        };
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < IDLE_READERS {
            readers.push(connection);
        }
        outcome
    }

    /// After an erasure: moves the write-ahead log into the database and empties it, so that what was erased stands in
    /// no file any more. False when readers of an older state were in the way; then the next one does it.
    pub fn empty_log(&self) -> Result<bool, StoreError> {
        self.readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        self.writer.alone(|connection| {
            connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))
                .map(|busy| busy == 0)
                .map_err(StoreError::sql("empty the write-ahead log"))
        })
    }

    /// Content by hash: form packages, their files, media.
    pub fn blobs(&self) -> &BlobFolder {
        &self.blobs
    }

    /// How many commits there were, for measuring how well they are shared.
    pub fn n_commits(&self) -> u64 {
        self.writer.n_commits()
    }
}

#[cfg(test)]
mod tests;
