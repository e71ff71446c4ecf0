//! What each person's devices are to get, in commit order.

use rusqlite::params;

use sampan_record::change::Change;
use sampan_record::ids::{PersonId, RecordId};
use sampan_sync::receipt::{Cursor, Position};

use crate::error::StoreError;
use crate::office::session::{Reading, Writing, count, decode, person_at, position, record_at};

impl Reading<'_> {
    /// Whose devices have a record.
    pub fn seers(&self, record: RecordId) -> Result<Vec<PersonId>, StoreError> {
        self.all(
            "read who has a record",
            "SELECT person FROM sight WHERE record = ?1 ORDER BY person",
            params![record.0.as_bytes()],
            |row| person_at(row, 0),
        )
    }

    /// Which records a person's devices have.
    pub fn seen_by(&self, person: PersonId) -> Result<Vec<RecordId>, StoreError> {
        self.all(
            "read what a person has",
            "SELECT record FROM sight WHERE person = ?1 ORDER BY record",
            params![person.0.as_bytes()],
            |row| record_at(row, 0),
        )
    }

    /// Entries of a person's feed after a place, in order, at most `limit`.
    pub fn feed(
        &self,
        person: PersonId,
        after: Cursor,
        limit: u32,
    ) -> Result<Vec<(Cursor, Change)>, StoreError> {
        self.all(
            "read a feed",
            "SELECT f.place, c.bytes FROM feed AS f JOIN change AS c ON c.position = f.position
             WHERE f.person = ?1 AND f.place > ?2 ORDER BY f.place LIMIT ?3",
            params![person.0.as_bytes(), position(after.0), limit],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)),
        )?
        .into_iter()
        .map(|(place, bytes)| Ok((Cursor(count(place)), decode(&bytes)?)))
        .collect()
    }

    /// Whether content is named by a record that a person's devices have.
    pub fn has_media_in_sight(&self, person: PersonId, hash: &[u8; 32]) -> Result<bool, StoreError> {
        self.number(
            "read who may have content",
            "SELECT EXISTS (SELECT 1 FROM record_media AS m JOIN sight AS s ON s.record = m.record
                            WHERE m.hash = ?1 AND s.person = ?2)",
            params![hash, person.0.as_bytes()],
        )
        .map(|found| found == 1)
    }

    /// The size that answers name content with; None when none names it.
    pub fn media_size(&self, hash: &[u8; 32]) -> Result<Option<u64>, StoreError> {
        self.first(
            "read which content is named",
            "SELECT size_bytes FROM record_media WHERE hash = ?1 LIMIT 1",
            params![hash],
            |row| row.get::<_, i64>(0).map(count),
        )
    }
}

impl Writing<'_> {
    /// Brings a record into a person's view: all its changes that are in force are appended to the feed.
    pub fn bring_into_sight(&self, person: PersonId, record: RecordId) -> Result<(), StoreError> {
        let is_new = self.run(
            "bring a record into view",
            "INSERT OR IGNORE INTO sight (person, record) VALUES (?1, ?2)",
            params![person.0.as_bytes(), record.0.as_bytes()],
        )?;
        if is_new == 1 {
            self.run(
                "append a record to a feed",
                "INSERT INTO feed (person, position, record)
                 SELECT ?1, position, record FROM change WHERE record = ?2 AND is_in_force = 1 ORDER BY position",
                params![person.0.as_bytes(), record.0.as_bytes()],
            )?;
            self.meet_participants(person, record)?;
        }
        Ok(())
    }

    /// Takes a record out of a person's view.
    pub fn take_out_of_sight(&self, person: PersonId, record: RecordId) -> Result<(), StoreError> {
        self.run(
            "take a record out of view",
            "DELETE FROM sight WHERE person = ?1 AND record = ?2",
            params![person.0.as_bytes(), record.0.as_bytes()],
        )?;
        self.run(
            "take a record out of a feed",
            "DELETE FROM feed WHERE record = ?2 AND person = ?1",
            params![person.0.as_bytes(), record.0.as_bytes()],
        )?;
        self.part_from_participants(person, record)
    }

    /// Appends a change to the feeds of all who have its record in view.
    pub fn append_to_feeds(&self, record: RecordId, at: Position) -> Result<(), StoreError> {
        self.run(
            "append to the feeds",
            "INSERT INTO feed (person, position, record)
             SELECT person, ?2, record FROM sight WHERE record = ?1 ORDER BY person",
            params![record.0.as_bytes(), position(at.0)],
        )?;
        Ok(())
    }
}
