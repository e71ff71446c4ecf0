//! The sync log: what happened between this device and its office, in words.

use rusqlite::params;

use crate::device::DeviceStore;
use crate::error::StoreError;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Milliseconds since 1970 UTC by the device's clock.
    pub at_ms: i64,
    /// A word for programs.
    pub what: String,
    /// A sentence for people.
    pub sentence: String,
}

/// Lines kept; older ones go.
const MOST_LINES: i64 = 2_000;

impl DeviceStore {
    /// Adds a line.
    pub fn add_line(&mut self, what: &str, sentence: &str) -> Result<(), StoreError> {
        let at_ms = self.now_ms();
        let doing = "write the sync log";
        let failed = StoreError::sql(doing);
        self.transaction(doing, |transaction| {
            transaction
                .execute(
                    "INSERT INTO log (at_ms, what, sentence) VALUES (?1, ?2, ?3)",
                    params![at_ms, what, sentence],
                )
                .map_err(&failed)?;
            transaction
                .execute(
                    "DELETE FROM log WHERE n <= (SELECT max(n) FROM log) - ?1",
                    [MOST_LINES],
                )
                .map(|_| ())
                .map_err(&failed)
        })
    }

    /// The newest lines, newest first.
    pub fn lines(&self, limit: u32) -> Result<Vec<Line>, StoreError> {
        let failed = StoreError::sql("read the sync log");
        let mut statement = self
            .connection
            .prepare_cached("SELECT at_ms, what, sentence FROM log ORDER BY n DESC LIMIT ?1")
            .map_err(&failed)?;
        statement
            .query_map([limit], |row| {
                Ok(Line {
                    at_ms: row.get(0)?,
                    what: row.get(1)?,
                    sentence: row.get(2)?,
                })
            })
            .and_then(Iterator::collect)
            .map_err(&failed)
    }

    /// Notes that a sync came to its end.
    pub fn set_last_sync(&mut self) -> Result<(), StoreError> {
        let at_ms = self.now_ms();
        self.connection
            .execute("UPDATE sync_state SET last_sync_at_ms = ?1", [at_ms])
            .map(|_| ())
            .map_err(StoreError::sql("note the end of the sync"))
    }

    /// When a sync last came to its end (milliseconds since 1970 UTC by the device's clock), and by how much the
    /// office's clock was ahead then.
    pub fn last_sync(&self) -> Result<(Option<i64>, Option<i64>), StoreError> {
        self.connection
            .query_row(
                "SELECT last_sync_at_ms, office_ahead_ms FROM sync_state",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .map_err(StoreError::sql("read the last sync"))
    }
}
