//! Changes that wait: why, for what, and until when.

use rusqlite::{Row, params};

use sampan_record::ids::{DeviceId, Dot, FormVersionId, PersonId, RecordId};
use sampan_sync::receipt::{Position, Reason};

use crate::error::StoreError;
use crate::office::changes::dot_at;
use crate::office::session::{
    Reading, Writing, content_at, count, device_at, person_at, position, record_at,
};

/// A change that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineRow {
    /// Where it stands in the log.
    pub position: Position,
    /// Its name and number.
    pub dot: Dot,
    /// The record it writes to.
    pub record: RecordId,
    /// The device that brought it.
    pub device: DeviceId,
    /// Who wrote it.
    pub author: PersonId,
    /// The form version it needs.
    pub form: FormVersionId,
    /// Why, as the protocol says it.
    pub cause: Reason,
    /// Why, in words.
    pub reason: String,
    /// When it came.
    pub kept_at_ms: i64,
    /// Size of the change.
    pub size_bytes: u64,
}

/// Why a change is to wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Where it stands in the log.
    pub position: Position,
    /// The device that brought it.
    pub device: DeviceId,
    /// Who wrote it.
    pub author: PersonId,
    /// The form version it needs.
    pub form: FormVersionId,
    /// Why, as the protocol says it.
    pub cause: Reason,
    /// Why, in words.
    pub reason: String,
}

const WAITING: &str =
    "SELECT q.position, c.device, c.incarnation, c.seq, c.record, q.device, q.author, q.form, q.cause,
    q.reason, q.kept_at_ms, length(c.bytes)
    FROM quarantine AS q JOIN change AS c ON c.position = q.position WHERE q.released_at_ms IS NULL";

fn quarantine_row(row: &Row<'_>) -> rusqlite::Result<QuarantineRow> {
    Ok(QuarantineRow {
        position: Position(count(row.get(0)?)),
        dot: dot_at(row, 1)?,
        record: record_at(row, 4)?,
        device: device_at(row, 5)?,
        author: person_at(row, 6)?,
        form: content_at(row, 7)?,
        cause: Reason::from_code(row.get(8)?),
        reason: row.get(9)?,
        kept_at_ms: row.get(10)?,
        size_bytes: count(row.get(11)?),
    })
}

impl Reading<'_> {
    /// All that wait, in the order they came.
    pub fn quarantined(&self) -> Result<Vec<QuarantineRow>, StoreError> {
        self.all(
            "read the quarantine",
            &format!("{WAITING} ORDER BY q.position"),
            [],
            quarantine_row,
        )
    }

    /// Those of one record that wait, in the order they came.
    pub fn quarantined_of(&self, record: RecordId) -> Result<Vec<QuarantineRow>, StoreError> {
        self.all(
            "read the quarantine",
            &format!("{WAITING} AND c.record = ?1 ORDER BY q.position"),
            params![record.0.as_bytes()],
            quarantine_row,
        )
    }

    /// Those that wait and were written under a form version, in the order they came.
    pub fn quarantined_under(&self, form: FormVersionId) -> Result<Vec<QuarantineRow>, StoreError> {
        self.all(
            "read the quarantine",
            &format!("{WAITING} AND q.form = ?1 ORDER BY q.position"),
            params![form.0],
            quarantine_row,
        )
    }

    /// Form versions that changes brought by a device wait for because the office lacks them.
    pub fn forms_missed_from(&self, device: DeviceId, limit: u32) -> Result<Vec<FormVersionId>, StoreError> {
        self.all(
            "read which forms are missed",
            "SELECT DISTINCT form FROM quarantine
             WHERE released_at_ms IS NULL AND device = ?1 AND cause = ?2
               AND NOT EXISTS (SELECT 1 FROM form_version WHERE version = quarantine.form) ORDER BY form LIMIT ?3",
            params![device.0.as_bytes(), Reason::UnknownForm.code(), limit],
            |row| content_at(row, 0),
        )
    }

    /// Whether a change waits for this form version.
    pub fn is_form_missed(&self, form: FormVersionId) -> Result<bool, StoreError> {
        self.number(
            "read which forms are missed",
            "SELECT EXISTS (SELECT 1 FROM quarantine WHERE released_at_ms IS NULL AND form = ?1 AND cause = ?2)",
            params![form.0, Reason::UnknownForm.code()],
        )
        .map(|found| found == 1)
    }
}

impl Writing<'_> {
    /// Notes why a change waits.
    pub fn quarantine(&self, waiting: &Waiting, now_ms: i64) -> Result<(), StoreError> {
        self.run(
            "note why a change waits",
            "INSERT INTO quarantine (position, device, author, form, cause, reason, kept_at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (position) DO UPDATE SET cause = excluded.cause, reason = excluded.reason",
            params![
                position(waiting.position.0),
                waiting.device.0.as_bytes(),
                waiting.author.0.as_bytes(),
                waiting.form.0,
                waiting.cause.code(),
                waiting.reason,
                now_ms
            ],
        )?;
        Ok(())
    }

    /// Ends the waiting of a change.
    pub fn release(&self, at: Position, now_ms: i64) -> Result<(), StoreError> {
        self.run(
            "release a change",
            "UPDATE quarantine SET released_at_ms = ?2 WHERE position = ?1",
            params![position(at.0), now_ms],
        )?;
        Ok(())
    }
}
