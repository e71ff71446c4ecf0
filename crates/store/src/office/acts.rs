//! What was done in the office: idempotency keys and the audit.

use rusqlite::params;

use sampan_record::ids::PersonId;

use crate::error::StoreError;
use crate::office::session::{Reading, Writing};

/// One line of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// When.
    pub at_ms: i64,
    /// Who; None = the command line.
    pub person: Option<PersonId>,
    /// What, in words, without answers.
    pub what: String,
}

impl Reading<'_> {
    /// What came of an act under this key; None when it was not done yet.
    pub fn act(&self, person: PersonId, key: &str) -> Result<Option<String>, StoreError> {
        self.first(
            "read an act",
            "SELECT result FROM act WHERE person = ?1 AND key = ?2",
            params![person.0.as_bytes(), key],
            |row| row.get(0),
        )
    }

    /// The last lines of the audit, newest first.
    pub fn audit(&self, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        self.all(
            "read the audit",
            "SELECT at_ms, person, what FROM audit ORDER BY id DESC LIMIT ?1",
            params![limit],
            |row| {
                Ok(AuditRow {
                    at_ms: row.get(0)?,
                    person: row
                        .get::<_, Option<[u8; 16]>>(1)?
                        .map(|bytes| PersonId(uuid::Uuid::from_bytes(bytes))),
                    what: row.get(2)?,
                })
            },
        )
    }
}

impl Writing<'_> {
    /// Notes what came of an act, in the act's own transaction.
    pub fn note_act(&self, person: PersonId, key: &str, result: &str, now_ms: i64) -> Result<(), StoreError> {
        self.run(
            "note an act",
            "INSERT INTO act (person, key, result, done_at_ms) VALUES (?1, ?2, ?3, ?4)",
            params![person.0.as_bytes(), key, result, now_ms],
        )?;
        Ok(())
    }

    /// Adds a line to the audit.
    pub fn note_audit(&self, at_ms: i64, person: Option<PersonId>, what: &str) -> Result<(), StoreError> {
        self.run(
            "add to the audit",
            "INSERT INTO audit (at_ms, person, what) VALUES (?1, ?2, ?3)",
            params![at_ms, person.map(|person| *person.0.as_bytes()), what],
        )?;
        Ok(())
    }
}
