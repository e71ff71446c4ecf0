//! The log of changes, the receipts for them, the chains of their writers, and the keys of records.

use rusqlite::{Row, params};

use sampan_record::change::{Change, RecordKey};
use sampan_record::codec;
use sampan_record::ids::{ChangeHash, Dot, RecordId, Replica};
use sampan_sync::fork;
use sampan_sync::log::{Chain, KeptReceipt};
use sampan_sync::receipt::{Position, Reason, Verdict};

use crate::error::StoreError;
use crate::office::session::{
    Reading, Writing, change_hash_at, count, decode, position, record_at, replica_at, signed, unsigned,
};

/// A change with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredChange {
    /// Its place in the order of commits.
    pub position: Position,
    /// When the office took it in.
    pub kept_at_ms: i64,
    /// False while it waits in quarantine.
    pub is_in_force: bool,
    /// The change.
    pub change: Change,
}

/// What settles a record when its first change comes into force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordHome {
    /// The record.
    pub record: RecordId,
    /// The author of its first change.
    pub owner: sampan_record::ids::PersonId,
    /// Project.
    pub project: String,
    /// The owner's country; empty = not bound to one.
    pub country: String,
    /// The owner's province; empty = not bound to one.
    pub province: String,
    /// The owner's team; empty = none.
    pub team: String,
}

const QUARANTINED: i64 = 16;

pub(crate) fn verdict_number(verdict: Verdict) -> i64 {
    match verdict {
        // The caller never keeps `Duplicate`: it says that another receipt is the one.
        Verdict::Kept | Verdict::Duplicate => 0,
        Verdict::Erased => 3,
        Verdict::Quarantined(reason) => QUARANTINED + i64::from(reason.code()),
    }
}

pub(crate) fn verdict_of(number: i64) -> Verdict {
    match number {
        0 => Verdict::Kept,
        3 => Verdict::Erased,
        other => Verdict::Quarantined(Reason::from_code(
            u8::try_from(other - QUARANTINED).unwrap_or(u8::MAX),
        )),
    }
}

type RawChange = (i64, i64, bool, Vec<u8>);

fn raw_change(row: &Row<'_>) -> rusqlite::Result<RawChange> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
}

fn stored((at, kept_at_ms, is_in_force, bytes): RawChange) -> Result<StoredChange, StoreError> {
    Ok(StoredChange {
        position: Position(count(at)),
        kept_at_ms,
        is_in_force,
        change: decode(&bytes)?,
    })
}

impl Reading<'_> {
    /// The verified beginning of a replica's chain; `through` 0 when it never wrote.
    pub fn chain(&self, replica: Replica) -> Result<Chain, StoreError> {
        let chain = self.first(
            "read a chain",
            "SELECT through, hash FROM chain WHERE device = ?1 AND incarnation = ?2",
            params![replica.device.0.as_bytes(), signed(replica.incarnation)],
            |row| {
                Ok(Chain {
                    through: count(row.get(0)?),
                    hash: change_hash_at(row, 1)?,
                })
            },
        )?;
        Ok(chain.unwrap_or(Chain {
            through: 0,
            hash: ChangeHash([0; 32]),
        }))
    }

    /// All chains.
    pub fn chains(&self) -> Result<Vec<(Replica, Chain)>, StoreError> {
        self.all(
            "read the chains",
            "SELECT device, incarnation, through, hash FROM chain ORDER BY device, incarnation",
            [],
            |row| {
                let chain = Chain {
                    through: count(row.get(2)?),
                    hash: change_hash_at(row, 3)?,
                };
                Ok((replica_at(row, 0)?, chain))
            },
        )
    }

    /// The receipt of a change; None when it never came.
    pub fn receipt(&self, dot: Dot) -> Result<Option<KeptReceipt>, StoreError> {
        self.first(
            "read a receipt",
            "SELECT hash, verdict, position FROM receipt WHERE device = ?1 AND incarnation = ?2 AND seq = ?3",
            params![
                dot.replica.device.0.as_bytes(),
                signed(dot.replica.incarnation),
                position(dot.seq)
            ],
            |row| {
                Ok(KeptReceipt {
                    hash: change_hash_at(row, 0)?,
                    verdict: verdict_of(row.get(1)?),
                    position: Position(count(row.get(2)?)),
                })
            },
        )
    }

    /// The change from whose fork an incarnation follows (`sampan_sync::fork`), if it is here under the name it had.
    pub fn forked_from(&self, replica: Replica) -> Result<Option<Dot>, StoreError> {
        let kept = self.all(
            "look for a fork",
            "SELECT incarnation, seq, hash FROM receipt WHERE device = ?1",
            params![replica.device.0.as_bytes()],
            |row| {
                let dot = Dot {
                    replica: Replica {
                        incarnation: unsigned(row.get(0)?),
                        ..replica
                    },
                    seq: count(row.get(1)?),
                };
                Ok((dot, change_hash_at(row, 2)?))
            },
        )?;
        let mut kept = kept.into_iter();
        let found = kept.find(|(_, hash)| fork::incarnation_of(*hash) == replica.incarnation);
        Ok(found.map(|(dot, _)| dot))
    }

    /// Where a change stands that another one's name kept from a receipt; None when it is not here.
    pub fn contradicted(&self, hash: ChangeHash) -> Result<Option<Position>, StoreError> {
        self.first(
            "look for a contradicted change",
            "SELECT position FROM contradicted WHERE hash = ?1",
            params![hash.0],
            |row| row.get::<_, i64>(0).map(|at| Position(count(at))),
        )
    }

    /// The receipts of a replica up to a number, in order.
    pub fn receipts_of(&self, replica: Replica, through: u64) -> Result<Vec<(u64, KeptReceipt)>, StoreError> {
        self.all(
            "read the receipts of a device",
            "SELECT seq, hash, verdict, position FROM receipt
             WHERE device = ?1 AND incarnation = ?2 AND seq <= ?3 ORDER BY seq",
            params![
                replica.device.0.as_bytes(),
                signed(replica.incarnation),
                position(through)
            ],
            |row| {
                let receipt = KeptReceipt {
                    hash: change_hash_at(row, 1)?,
                    verdict: verdict_of(row.get(2)?),
                    position: Position(count(row.get(3)?)),
                };
                Ok((count(row.get(0)?), receipt))
            },
        )
    }

    /// The keys that came for a record, in the order they came; None for one that an erasure dropped.
    pub fn keys_of(&self, record: RecordId) -> Result<Vec<Option<RecordKey>>, StoreError> {
        self.all(
            "read a record's keys",
            "SELECT key FROM record_key WHERE record = ?1 ORDER BY position",
            params![record.0.as_bytes()],
            |row| Ok(row.get::<_, Option<[u8; 16]>>(0)?.map(RecordKey)),
        )
    }

    /// The lamport of a change that is in force in a record; None when it is not here or waits.
    pub fn lamport_of(&self, record: RecordId, dot: Dot) -> Result<Option<u64>, StoreError> {
        self.first(
            "read what a change knew",
            "SELECT c.lamport FROM receipt AS r JOIN change AS c ON c.position = r.position
             WHERE r.device = ?1 AND r.incarnation = ?2 AND r.seq = ?3 AND c.record = ?4 AND c.is_in_force = 1",
            params![
                dot.replica.device.0.as_bytes(),
                signed(dot.replica.incarnation),
                position(dot.seq),
                record.0.as_bytes()
            ],
            |row| row.get::<_, i64>(0).map(count),
        )
    }

    /// The changes of a record that are in force, in the order of their positions.
    pub fn changes_of(&self, record: RecordId) -> Result<Vec<StoredChange>, StoreError> {
        self.all(
            "read a record's changes",
            "SELECT position, kept_at_ms, is_in_force, bytes FROM change
             WHERE record = ?1 AND is_in_force = 1 ORDER BY position",
            params![record.0.as_bytes()],
            raw_change,
        )?
        .into_iter()
        .map(stored)
        .collect()
    }

    /// The changes of a record that wait in quarantine, in the order of their positions; contradicted ones left out,
    /// for their names belong to others.
    pub fn waiting_of(&self, record: RecordId) -> Result<Vec<StoredChange>, StoreError> {
        self.all(
            "read a record's changes in quarantine",
            "SELECT position, kept_at_ms, is_in_force, bytes FROM change
             WHERE record = ?1 AND is_in_force = 0
               AND position NOT IN (SELECT position FROM contradicted) ORDER BY position",
            params![record.0.as_bytes()],
            raw_change,
        )?
        .into_iter()
        .map(stored)
        .collect()
    }

    /// The change at a position.
    pub fn change_at(&self, at: Position) -> Result<Option<StoredChange>, StoreError> {
        self.first(
            "read a change",
            "SELECT position, kept_at_ms, is_in_force, bytes FROM change WHERE position = ?1",
            params![position(at.0)],
            raw_change,
        )?
        .map(stored)
        .transpose()
    }

    /// Changes after a position, in order, at most `limit`.
    pub fn changes_after(&self, after: Position, limit: u32) -> Result<Vec<StoredChange>, StoreError> {
        self.all(
            "read the log",
            "SELECT position, kept_at_ms, is_in_force, bytes FROM change WHERE position > ?1
             ORDER BY position LIMIT ?2",
            params![position(after.0), limit],
            raw_change,
        )?
        .into_iter()
        .map(stored)
        .collect()
    }

    /// The highest position; 0 in an empty log.
    pub fn last_position(&self) -> Result<Position, StoreError> {
        self.number("read the log's end", "SELECT max(position) FROM change", [])
            .map(|number| Position(count(number)))
    }

    /// All records that have a change in force, in the order of their first ones.
    pub fn records(&self) -> Result<Vec<RecordId>, StoreError> {
        self.all(
            "read the records",
            "SELECT record FROM change WHERE is_in_force = 1 GROUP BY record ORDER BY min(position)",
            [],
            |row| record_at(row, 0),
        )
    }

    /// Where a record belongs until its answers say better; None while no change of it is in force.
    pub fn home(&self, record: RecordId) -> Result<Option<RecordHome>, StoreError> {
        self.first(
            "read a record's home",
            "SELECT record, owner, project, country, province, team FROM record WHERE record = ?1",
            params![record.0.as_bytes()],
            |row| {
                Ok(RecordHome {
                    record: record_at(row, 0)?,
                    owner: crate::office::session::person_at(row, 1)?,
                    project: row.get(2)?,
                    country: row.get(3)?,
                    province: row.get(4)?,
                    team: row.get(5)?,
                })
            },
        )
    }
}

impl Writing<'_> {
    /// Moves a replica's chain.
    pub fn advance(&self, replica: Replica, chain: Chain, now_ms: i64) -> Result<(), StoreError> {
        self.run(
            "move a chain",
            "INSERT INTO chain (device, incarnation, through, hash, first_seen_at_ms) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (device, incarnation) DO UPDATE SET through = excluded.through, hash = excluded.hash
             WHERE excluded.through > through",
            params![
                replica.device.0.as_bytes(),
                signed(replica.incarnation),
                position(chain.through),
                chain.hash.0,
                now_ms
            ],
        )?;
        Ok(())
    }

    /// Keeps a change at the next position together with its receipt. A second one under the same name and number is
    /// refused by the database itself.
    pub fn keep_change(
        &self,
        change: &Change,
        hash: ChangeHash,
        verdict: Verdict,
        now_ms: i64,
    ) -> Result<Position, StoreError> {
        let header = &change.header;
        let is_in_force = match verdict {
            Verdict::Kept | Verdict::Erased | Verdict::Duplicate => true,
            Verdict::Quarantined(_) => false,
        };
        let at = self.append_change(change, is_in_force, now_ms)?;
        self.run(
            "keep a receipt",
            "INSERT INTO receipt (device, incarnation, seq, hash, verdict, position) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                header.replica.device.0.as_bytes(),
                signed(header.replica.incarnation),
                position(header.seq),
                hash.0,
                verdict_number(verdict),
                at
            ],
        )?;
        Ok(Position(count(at)))
    }

    /// Keeps a change at the next position whose name and number another one has: it waits, without a receipt, and is
    /// known by its hash. A second one of that hash is refused by the database itself.
    pub fn keep_contradicted(
        &self,
        change: &Change,
        hash: ChangeHash,
        now_ms: i64,
    ) -> Result<Position, StoreError> {
        let at = self.append_change(change, false, now_ms)?;
        self.run(
            "note that a change is contradicted",
            "INSERT INTO contradicted (hash, position) VALUES (?1, ?2)",
            params![hash.0, at],
        )?;
        Ok(Position(count(at)))
    }

    /// A change at the next position, and the key that it brings.
    fn append_change(&self, change: &Change, is_in_force: bool, now_ms: i64) -> Result<i64, StoreError> {
        let header = &change.header;
        self.run(
            "keep a change",
            "INSERT INTO change (device, incarnation, seq, record, lamport, is_in_force, kept_at_ms, bytes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                header.replica.device.0.as_bytes(),
                signed(header.replica.incarnation),
                position(header.seq),
                header.record.0.as_bytes(),
                position(header.lamport),
                is_in_force,
                now_ms,
                codec::encode_change(change)
            ],
        )?;
        let at = self.connection().last_insert_rowid();
        if let Some(key) = change.record_key {
            self.run(
                "keep a record's key",
                "INSERT INTO record_key (record, position, key) VALUES (?1, ?2, ?3)",
                params![header.record.0.as_bytes(), at, key.0],
            )?;
        }
        Ok(at)
    }

    /// Keeps a change that waits once more, as it came now: perhaps with the record's key, which its name does not
    /// cover. It stays at its place.
    pub fn keep_again(&self, at: Position, change: &Change) -> Result<(), StoreError> {
        self.run(
            "keep a change again",
            "UPDATE change SET bytes = ?2 WHERE position = ?1 AND is_in_force = 0",
            params![position(at.0), codec::encode_change(change)],
        )?;
        if let Some(key) = change.record_key {
            self.run(
                "keep a record's key",
                "INSERT OR IGNORE INTO record_key (record, position, key) VALUES (?1, ?2, ?3)",
                params![change.header.record.0.as_bytes(), position(at.0), key.0],
            )?;
        }
        Ok(())
    }

    /// Puts a change that waited into force, with another verdict in its receipt.
    pub fn enter_force(&self, at: Position, verdict: Verdict) -> Result<(), StoreError> {
        self.run(
            "put a change into force",
            "UPDATE change SET is_in_force = 1 WHERE position = ?1",
            params![position(at.0)],
        )?;
        self.set_verdict(at, verdict)
    }

    /// Changes the verdict of the receipt of the change at a position.
    pub fn set_verdict(&self, at: Position, verdict: Verdict) -> Result<(), StoreError> {
        self.run(
            "change a receipt",
            "UPDATE receipt SET verdict = ?2
             WHERE (device, incarnation, seq) = (SELECT device, incarnation, seq FROM change WHERE position = ?1)
               AND position = ?1",
            params![position(at.0), verdict_number(verdict)],
        )?;
        Ok(())
    }

    /// Replaces a change by what an erasure left of it, and drops the key it brought. The receipt keeps its hash,
    /// which the header alone gives.
    pub fn empty_change(&self, at: Position, redacted: &Change) -> Result<(), StoreError> {
        self.run(
            "empty a change",
            "UPDATE change SET bytes = ?2 WHERE position = ?1",
            params![position(at.0), codec::encode_change(redacted)],
        )?;
        self.run(
            "drop a record's key",
            "UPDATE record_key SET key = NULL WHERE position = ?1",
            params![position(at.0)],
        )?;
        Ok(())
    }

    /// Settles where a record belongs; nothing when that was settled before.
    pub fn settle_home(&self, home: &RecordHome) -> Result<(), StoreError> {
        self.run(
            "settle a record's home",
            "INSERT OR IGNORE INTO record (record, owner, project, country, province, team)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                home.record.0.as_bytes(),
                home.owner.0.as_bytes(),
                home.project,
                home.country,
                home.province,
                home.team
            ],
        )?;
        Ok(())
    }
}

/// A dot from three columns that begin at `at`.
pub(crate) fn dot_at(row: &Row<'_>, at: usize) -> rusqlite::Result<Dot> {
    Ok(Dot {
        replica: Replica {
            device: crate::office::session::device_at(row, at)?,
            incarnation: unsigned(row.get(at + 1)?),
        },
        seq: count(row.get(at + 2)?),
    })
}
