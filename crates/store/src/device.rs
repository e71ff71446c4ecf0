//! The device database: who the device is, its changes, its forms, its journal, and what sync told it.
//!
//! Modules in reading order: [`identity`], [`interviews`] (list and journal), [`changes`], [`content`] (forms and
//! files), [`lines`] (the sync log), [`syncing`] (what a sync session needs), [`waiting`] (when to
//! try again), [`sealing`] and [`recovering`] (interviews as
//! files of their own).

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use crate::blob::BlobFolder;
use crate::error::StoreError;
use crate::migrate::{Migration, Schema};
use crate::open::{self, FolderLock};
use crate::reserve::Reserve;

pub mod changes;
mod columns;
pub mod content;
pub mod identity;
pub mod interviews;
pub mod lines;
pub mod people;
pub mod recovering;
pub mod sealing;
pub mod syncing;
pub mod waiting;

/// The device database's schema.
pub const SCHEMA: Schema = Schema {
    what: "device",
    application_id: 0x536d_7044,
    migrations: &[Migration {
        number: 1,
        name: "first",
        sql: include_str!("../../../migrations/device/0001-first.sql"),
    }],
};

/// The database's name in the device's folder.
pub const FILE_NAME: &str = "device.db";

/// What the store takes from the world around it.
pub struct Surroundings {
    /// Milliseconds since 1970 UTC. Only written down, never decided by.
    pub now_ms: Box<dyn Fn() -> i64 + Send>,
    /// 64 random bits, for incarnations; None when the system gives none.
    pub random: Box<dyn FnMut() -> Option<u64> + Send>,
}

/// One device's folder, open for this process alone.
pub struct DeviceStore {
    connection: Connection,
    blobs: BlobFolder,
    surroundings: Surroundings,
    folder: PathBuf,
    reserve: Reserve,
    _lock: FolderLock,
}

impl DeviceStore {
    /// Opens a device's folder, made if absent. See [`crate::open::open`] for what it refuses.
    pub fn open(folder: &Path, surroundings: Surroundings) -> Result<DeviceStore, StoreError> {
        let lock = FolderLock::take(folder)?;
        let now_ms = (surroundings.now_ms)();
        let connection = open::open(&folder.join(FILE_NAME), &SCHEMA, now_ms)?;
        let failed = StoreError::sql("set the database up");
        connection
            .pragma_update(None, "secure_delete", true)
            .map_err(&failed)?;
        let mut store = DeviceStore {
            connection,
            blobs: BlobFolder::open(&folder.join("content"))?,
            surroundings,
            folder: folder.to_path_buf(),
            reserve: Reserve::of(folder),
            _lock: lock,
        };
        store.be_someone()?;
        store.reserve.fill();
        Ok(store)
    }

    /// Where it lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Bounds the database file to a size in bytes; a write beyond it is [`StoreError::Full`]. Never below what it
    /// has. The bound ends with this object.
    pub fn limit_size(&mut self, size_bytes: u64) -> Result<(), StoreError> {
        let failed = StoreError::sql("bound the database");
        let page_bytes: i64 = self
            .connection
            .pragma_query_value(None, "page_size", |row| row.get(0))
            .map_err(&failed)?;
        let n_pages = i64::try_from(size_bytes).unwrap_or(i64::MAX) / page_bytes.max(1);
        self.connection
            .pragma_update_and_check(None, "max_page_count", n_pages.max(1), |_| Ok(()))
            .map_err(&failed)
    }

    /// Whether the disk is so full that the space held back for interviews was given up and cannot be held again.
    pub fn is_disk_full(&self) -> bool {
        !self.reserve.is_there()
    }

    /// Holds space back again if there is some.
    pub fn refill_reserve(&mut self) {
        self.reserve.fill();
    }

    /// Saves a part of an interview; on a full disk once more, in the space that was held back for that.
    fn saving<T>(
        &mut self,
        work: impl Fn(&mut DeviceStore) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match work(self) {
            Err(StoreError::Full { what }) => {
                if !self.reserve.free()? {
                    return Err(StoreError::Full { what });
                }
                let saved = work(self)?;
                // The status says it too, so this line is not worth a failure.
                let _ = self.add_line(
                    "full",
                    "The storage of this device is full. What was answered is saved, in the space held back for it.",
                );
                Ok(saved)
            }
            other => other,
        }
    }

    fn random(&mut self) -> Result<u64, StoreError> {
        (self.surroundings.random)().ok_or(StoreError::NoRandomness)
    }

    fn now_ms(&self) -> i64 {
        (self.surroundings.now_ms)()
    }

    /// Runs `work` as one transaction; all of it is on the disk when this returns.
    fn transaction<T>(
        &mut self,
        what: &'static str,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let failed = StoreError::sql(what);
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(&failed)?;
        let done = work(&transaction)?;
        transaction.commit().map_err(&failed)?;
        Ok(done)
    }

    /// Gives a new database its incarnation and its state.
    fn be_someone(&mut self) -> Result<(), StoreError> {
        let failed = StoreError::sql("give the device its incarnation");
        let known = self
            .connection
            .query_row("SELECT 1 FROM identity", [], |_| Ok(()))
            .optional()
            .map_err(&failed)?;
        if known.is_some() {
            return Ok(());
        }
        let incarnation = columns::bits(self.random()?);
        self.transaction("give the device its incarnation", |transaction| {
            transaction
                .execute(
                    "INSERT INTO identity (id, incarnation) VALUES (1, ?1)",
                    [incarnation],
                )
                .map_err(&failed)?;
            transaction
                .execute("INSERT INTO sync_state (id) VALUES (1)", [])
                .map_err(&failed)?;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests;
