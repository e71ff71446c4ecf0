//! Whose names a person's devices are to know: of everybody who wrote in, or was given, a record in sight.

use rusqlite::params;

use sampan_record::ids::{PersonId, RecordId};
use sampan_sync::names::{NameEntry, PersonName, Standing};

use crate::error::StoreError;
use crate::office::session::{Reading, Writing, count, person_at, position};

impl Reading<'_> {
    /// Names after a revision, in the order of their revisions. Without people whose account is not here.
    pub fn names_for(&self, viewer: PersonId, after: u64, limit: u32) -> Result<Vec<NameEntry>, StoreError> {
        self.all(
            "read names",
            "SELECT revision, person, name,
               (SELECT max(CASE role WHEN 'admin' THEN 3 WHEN 'supervisor' THEN 2 WHEN 'enumerator' THEN 1 END)
                FROM role WHERE role.person = person.person AND person.is_closed = 0)
             FROM acquaintance JOIN person USING (person)
             WHERE viewer = ?1 AND revision > ?2 ORDER BY revision LIMIT ?3",
            params![viewer.0.as_bytes(), position(after), limit],
            |row| {
                Ok(NameEntry {
                    revision: count(row.get(0)?),
                    name: PersonName {
                        person: person_at(row, 1)?,
                        name: row.get(2)?,
                        standing: Standing::from_code(count(row.get::<_, Option<i64>>(3)?.unwrap_or(0))),
                    },
                })
            },
        )
    }
}

impl Writing<'_> {
    /// Notes that a person wrote in a record or was given it: whoever has the record in sight learns the name.
    pub fn note_participant(&self, record: RecordId, person: PersonId) -> Result<(), StoreError> {
        let is_new = self.run(
            "note who takes part in a record",
            "INSERT OR IGNORE INTO participant (record, person) VALUES (?1, ?2)",
            params![record.0.as_bytes(), person.0.as_bytes()],
        )?;
        if is_new == 1 {
            self.run(
                "make a name known",
                "INSERT OR IGNORE INTO acquaintance (viewer, person)
                 SELECT person, ?2 FROM sight WHERE record = ?1 ORDER BY person",
                params![record.0.as_bytes(), person.0.as_bytes()],
            )?;
        }
        Ok(())
    }

    /// A person's name or roles changed: all who know the person learn it again.
    pub(crate) fn name_changed(&self, person: PersonId) -> Result<(), StoreError> {
        // A row put in the place of an older one gets a new revision.
        self.run(
            "make a name known again",
            "INSERT OR REPLACE INTO acquaintance (viewer, person)
             SELECT viewer, person FROM acquaintance WHERE person = ?1 ORDER BY viewer",
            params![person.0.as_bytes()],
        )?;
        Ok(())
    }

    /// A record came into a person's sight: so do those who take part in it.
    pub(crate) fn meet_participants(&self, viewer: PersonId, record: RecordId) -> Result<(), StoreError> {
        self.run(
            "make names known",
            "INSERT OR IGNORE INTO acquaintance (viewer, person)
             SELECT ?1, person FROM participant WHERE record = ?2 ORDER BY person",
            params![viewer.0.as_bytes(), record.0.as_bytes()],
        )?;
        Ok(())
    }

    /// A record left a person's sight: its people are given out no more, unless another record in sight has them.
    pub(crate) fn part_from_participants(
        &self,
        viewer: PersonId,
        record: RecordId,
    ) -> Result<(), StoreError> {
        self.run(
            "keep names back",
            "DELETE FROM acquaintance WHERE viewer = ?1
               AND person IN (SELECT person FROM participant WHERE record = ?2)
               AND NOT EXISTS (SELECT 1 FROM participant AS other JOIN sight USING (record)
                 WHERE other.person = acquaintance.person AND sight.person = ?1)",
            params![viewer.0.as_bytes(), record.0.as_bytes()],
        )?;
        Ok(())
    }
}
