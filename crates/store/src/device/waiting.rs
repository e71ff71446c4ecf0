//! Why the last sync did not come to its end, and when to try again; and what batch fits this device's line.

use rusqlite::{OptionalExtension, params};

use crate::device::DeviceStore;
use crate::device::columns::{number, unnumber};
use crate::error::StoreError;

/// A device that waits before it tries again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// Syncs in a row that did not come to their end.
    pub n_failures: u32,
    /// When the last one ended, milliseconds since 1970 UTC by the device's clock.
    pub since_ms: i64,
    /// How long to wait from then on, in milliseconds.
    pub wait_ms: u64,
    /// Whether waiting alone does not help.
    pub needs_person: bool,
    /// A word for programs.
    pub code: String,
    /// What happened, for people.
    pub sentence: String,
    /// What to do, for people.
    pub advice: String,
}

impl DeviceStore {
    /// Whether the device waits before it tries again; None when its last sync came to its end.
    pub fn wait(&self) -> Result<Option<Wait>, StoreError> {
        self.connection
            .query_row(
                "SELECT n_failures, since_ms, wait_ms, needs_person, code, sentence, advice FROM waiting",
                [],
                |row| {
                    Ok(Wait {
                        n_failures: row.get(0)?,
                        since_ms: row.get(1)?,
                        wait_ms: unnumber(row.get(2)?),
                        needs_person: row.get(3)?,
                        code: row.get(4)?,
                        sentence: row.get(5)?,
                        advice: row.get(6)?,
                    })
                },
            )
            .optional()
            .map_err(StoreError::sql("read when to try again"))
    }

    /// Keeps when to try again; None = a sync came to its end.
    pub fn set_wait(&mut self, wait: Option<&Wait>) -> Result<(), StoreError> {
        let failed = StoreError::sql("keep when to try again");
        match wait {
            None => self.connection.execute("DELETE FROM waiting", []),
            Some(wait) => self.connection.execute(
                "INSERT OR REPLACE INTO waiting
                 (id, n_failures, since_ms, wait_ms, needs_person, code, sentence, advice)
                 VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    wait.n_failures,
                    wait.since_ms,
                    number(wait.wait_ms),
                    wait.needs_person,
                    wait.code,
                    wait.sentence,
                    wait.advice
                ],
            ),
        }
        .map(|_| ())
        .map_err(&failed)
    }

    /// The size of batch that went well on this device's line, in bytes; None before the first.
    pub fn batch_bytes(&self) -> Result<Option<u64>, StoreError> {
        self.connection
            .query_row("SELECT batch_bytes FROM sync_state", [], |row| {
                row.get::<_, Option<i64>>(0)
            })
            .optional()
            .map(|bytes| bytes.flatten().map(unnumber))
            .map_err(StoreError::sql("read what fits the line"))
    }

    /// Keeps the size of batch that goes well.
    pub fn set_batch_bytes(&mut self, batch_bytes: u64) -> Result<(), StoreError> {
        self.connection
            .execute("UPDATE sync_state SET batch_bytes = ?1", [number(batch_bytes)])
            .map(|_| ())
            .map_err(StoreError::sql("keep what fits the line"))
    }
}
