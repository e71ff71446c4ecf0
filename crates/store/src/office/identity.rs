//! What this office is: its generation, the device it writes as, and how far it is backed up.

use rusqlite::params;

use sampan_record::ids::{DeviceId, Replica};
use sampan_sync::receipt::{Cursor, Generation, Position};

use crate::error::StoreError;
use crate::office::session::{Reading, Writing, count, device_at, position, signed, unsigned};

/// What a new office database is, drawn by chance.
#[derive(Debug, Clone, Copy)]
pub struct Birth {
    /// Its generation.
    pub generation: Generation,
    /// The device it writes as.
    pub device: DeviceId,
    /// The incarnation of that device.
    pub incarnation: u64,
}

/// What the office is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// One life of the database.
    pub generation: Generation,
    /// The name the office writes under.
    pub replica: Replica,
    /// Changes up to here are in a backup.
    pub backed_up_through: Position,
    /// Whether this generation began with a restore.
    pub is_restored: bool,
}

impl Reading<'_> {
    /// What the office is.
    pub fn identity(&self) -> Result<Identity, StoreError> {
        let identity = self.first(
            "read what this office is",
            "SELECT generation, device, incarnation, backed_up_through,
                    EXISTS (SELECT 1 FROM ancestor) FROM office WHERE id = 1",
            [],
            |row| {
                Ok(Identity {
                    generation: Generation(unsigned(row.get(0)?)),
                    replica: Replica {
                        device: device_at(row, 1)?,
                        incarnation: unsigned(row.get(2)?),
                    },
                    backed_up_through: Position(count(row.get(3)?)),
                    is_restored: row.get(4)?,
                })
            },
        )?;
        identity.ok_or_else(|| StoreError::Unreadable {
            what: "the office's own line",
            reason: "it is not there".into(),
        })
    }

    /// Where the feed stood in the backup that an earlier generation was restored from; 0 when it is no ancestor.
    pub fn shared_cursor(&self, earlier: Generation) -> Result<Cursor, StoreError> {
        let place = self.number(
            "read the office's ancestors",
            "SELECT feed_place FROM ancestor WHERE generation = ?1",
            params![signed(earlier.0)],
        )?;
        Ok(Cursor(count(place)))
    }
}

impl Writing<'_> {
    /// Gives a new database its identity; nothing when it has one.
    pub(crate) fn be_born(&self, birth: &Birth, now_ms: i64) -> Result<(), StoreError> {
        self.run(
            "found the office",
            "INSERT OR IGNORE INTO office (id, generation, device, incarnation, created_at_ms)
             VALUES (1, ?1, ?2, ?3, ?4)",
            params![
                signed(birth.generation.0),
                birth.device.0.as_bytes(),
                signed(birth.incarnation),
                now_ms
            ],
        )?;
        Ok(())
    }

    /// Begins another life after a restore: another generation and incarnation; the old generation becomes an
    /// ancestor whose cursors hold up to where the feed stands now. Nobody is signed in any more.
    pub fn be_restored(&self, generation: Generation, incarnation: u64) -> Result<(), StoreError> {
        let feed_place = self.number("read the feed", "SELECT max(place) FROM feed", [])?;
        let before = self.identity()?;
        self.run(
            "note the office's ancestor",
            "UPDATE ancestor SET feed_place = min(feed_place, ?1)",
            params![feed_place],
        )?;
        self.run(
            "note the office's ancestor",
            "INSERT INTO ancestor (generation, feed_place) VALUES (?1, ?2)",
            params![signed(before.generation.0), feed_place],
        )?;
        self.run("end sessions", "DELETE FROM session", [])?;
        self.run(
            "begin another generation",
            "UPDATE office SET generation = ?1, incarnation = ?2,
                    backed_up_through = (SELECT coalesce(max(position), 0) FROM change)",
            params![signed(generation.0), signed(incarnation)],
        )?;
        Ok(())
    }

    /// Notes that changes up to here are in a backup; never lowered.
    pub fn set_backed_up_through(&self, through: Position) -> Result<(), StoreError> {
        self.run(
            "note the backup",
            "UPDATE office SET backed_up_through = max(backed_up_through, ?1)",
            params![position(through.0)],
        )?;
        Ok(())
    }
}
