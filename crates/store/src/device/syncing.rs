//! What a sync session needs of the device database: every method one transaction.

use rusqlite::{Transaction, params};
use sampan_record::change::{Change, Header, Payload, RecordKey};
use sampan_record::ids::{ContentHash, DeviceId, Dot, Replica};
use sampan_sync::blob::{Offer, Part, Want};
use sampan_sync::error::SyncError;
use sampan_sync::log::{Applied, DeviceLog, DeviceState};
use sampan_sync::push::Held;
use sampan_sync::receipt::{Cursor, Generation};

use crate::blob::Progress;
use crate::device::DeviceStore;
use crate::device::columns::{Bytes, bits, number, unbits, unnumber};
use crate::device::interviews::change_from;
use crate::error::StoreError;

mod applying;
mod renewing;

/// A store's error as sync's.
pub(crate) fn sync_error(doing: &'static str) -> impl Fn(StoreError) -> SyncError {
    move |error| match error {
        StoreError::Full { .. } => SyncError::StoreFull(Box::new(error)),
        other => SyncError::Store {
            doing,
            source: Box::new(other),
        },
    }
}

impl DeviceLog for DeviceStore {
    fn state(&mut self) -> Result<DeviceState, SyncError> {
        self.sync_state()
            .map_err(sync_error("read where the device stands"))
    }

    fn own_changes(
        &mut self,
        from_seq: u64,
        budget_bytes: usize,
        limit: usize,
    ) -> Result<Vec<Change>, SyncError> {
        let doing = sync_error("read its own changes");
        let replica = self.replica().map_err(&doing)?;
        self.bounded(
            "SELECT bytes FROM changes WHERE device = ?1 AND incarnation = ?2 AND is_own = 1 AND seq >= ?3 ORDER BY seq",
            params![
                replica.device.0.as_bytes(),
                bits(replica.incarnation),
                number(from_seq)
            ],
            budget_bytes,
            limit,
        )
        .map_err(doing)
    }

    fn quarantined(&mut self, limit: usize) -> Result<Vec<u64>, SyncError> {
        let doing = sync_error("read what is in quarantine");
        let replica = self.replica().map_err(&doing)?;
        self.connection
            .prepare_cached(
                "SELECT seq FROM changes WHERE device = ?1 AND incarnation = ?2 AND is_own = 1 AND verdict = 2
                 ORDER BY seq DESC LIMIT ?3",
            )
            .and_then(|mut statement| {
                statement
                    .query_map(
                        params![replica.device.0.as_bytes(), bits(replica.incarnation), count(limit)],
                        |row| row.get(0).map(unnumber),
                    )?
                    .collect()
            })
            .map_err(StoreError::sql("read what is in quarantine"))
            .map_err(doing)
    }

    fn record_key(&mut self, header: &Header) -> Result<Option<RecordKey>, SyncError> {
        self.key_for(header).map_err(sync_error("read a record's key"))
    }

    fn holds(&mut self, after: Option<Dot>, limit: usize) -> Result<Vec<Held>, SyncError> {
        let doing = sync_error("read what it holds");
        let replica = self.replica().map_err(&doing)?;
        // Incarnations are unsigned; a column holds them signed, so negative ones come last.
        let (device, incarnation, seq) = match after {
            Some(dot) => (
                dot.replica.device.0.as_bytes().to_vec(),
                bits(dot.replica.incarnation),
                number(dot.seq),
            ),
            None => (Vec::new(), 0, 0),
        };
        self.connection
            .prepare_cached(
                "SELECT device, incarnation, seq, hash FROM changes
                 WHERE (device, incarnation < 0, incarnation, seq) > (?1, ?2 < 0, ?2, ?3)
                   AND NOT (device = ?4 AND incarnation = ?5)
                 ORDER BY device, incarnation < 0, incarnation, seq LIMIT ?6",
            )
            .and_then(|mut statement| {
                statement
                    .query_map(
                        params![
                            device,
                            incarnation,
                            seq,
                            replica.device.0.as_bytes(),
                            bits(replica.incarnation),
                            count(limit)
                        ],
                        |row| {
                            Ok(Held {
                                dot: dot(row.get::<_, Bytes<16>>(0)?, row.get(1)?, row.get(2)?),
                                hash: sampan_record::ids::ChangeHash(row.get::<_, Bytes<32>>(3)?.0),
                            })
                        },
                    )?
                    .collect()
            })
            .map_err(StoreError::sql("read what it holds"))
            .map_err(doing)
    }

    fn to_relay(&mut self, budget_bytes: usize, limit: usize) -> Result<Vec<Change>, SyncError> {
        self.bounded(
            "SELECT bytes FROM changes c WHERE relay = 1
             ORDER BY NOT EXISTS (SELECT 1 FROM keys k WHERE k.change_hash = c.hash), n",
            params![],
            budget_bytes,
            limit,
        )
        .map_err(sync_error("read what is to be relayed"))
    }

    fn wanted(&mut self, limit: usize) -> Result<Vec<Want>, SyncError> {
        let doing = sync_error("read what is wanted");
        let hashes: Vec<ContentHash> = self
            .connection
            .prepare_cached("SELECT hash FROM contents WHERE is_whole = 0 ORDER BY purpose, hash")
            .and_then(|mut statement| {
                statement
                    .query_map([], |row| Ok(ContentHash(row.get::<_, Bytes<32>>(0)?.0)))?
                    .collect()
            })
            .map_err(StoreError::sql("read what is wanted"))
            .map_err(&doing)?;
        let mut wants = Vec::new();
        for hash in hashes {
            match self.blobs.progress(hash).map_err(&doing)? {
                Progress::Wanted { offset } => wants.push(Want { hash, offset }),
                Progress::Whole => self.note_whole(hash).map_err(&doing)?,
            }
            if wants.len() >= limit {
                break;
            }
        }
        Ok(wants)
    }

    fn offers(&mut self, skip: usize, limit: usize) -> Result<Vec<Offer>, SyncError> {
        let doing = sync_error("read which files are to be sent");
        let hashes: Vec<ContentHash> = self
            .connection
            .prepare_cached(
                "SELECT hash FROM contents WHERE is_own = 1 AND is_safe = 0 AND is_whole = 1
                 ORDER BY hash LIMIT ?1 OFFSET ?2",
            )
            .and_then(|mut statement| {
                statement
                    .query_map(params![count(limit), count(skip)], |row| {
                        Ok(ContentHash(row.get::<_, Bytes<32>>(0)?.0))
                    })?
                    .collect()
            })
            .map_err(StoreError::sql("read which files are to be sent"))
            .map_err(&doing)?;
        let mut offers = Vec::new();
        for hash in hashes {
            if let Some(total_bytes) = self.blobs.size_bytes(hash).map_err(&doing)? {
                offers.push(Offer { hash, total_bytes });
            }
        }
        Ok(offers)
    }

    fn read_content(
        &mut self,
        hash: ContentHash,
        offset: u64,
        limit_bytes: usize,
    ) -> Result<Option<Part>, SyncError> {
        let doing = sync_error("read a file");
        let Some(total_bytes) = self.blobs.size_bytes(hash).map_err(&doing)? else {
            return Ok(None);
        };
        let bytes = self.blobs.read_part(hash, offset, limit_bytes).map_err(&doing)?;
        Ok(bytes.map(|bytes| Part {
            hash,
            total_bytes,
            offset,
            bytes,
        }))
    }

    fn n_open(&mut self) -> Result<u64, SyncError> {
        self.counts()
            .map(|counts| counts.n_open)
            .map_err(sync_error("count the open interviews"))
    }

    fn apply(&mut self, applied: &Applied) -> Result<(), SyncError> {
        self.apply_all(applied)
            .map_err(sync_error("save what the office answered"))
    }

    fn reincarnate(&mut self, first_seq: u64) -> Result<(), SyncError> {
        self.take_new_incarnation(first_seq)
            .map_err(sync_error("take a new incarnation"))
    }

    fn rejoin(&mut self, first: Dot) -> Result<bool, SyncError> {
        self.take_incarnation_back(first)
            .map_err(sync_error("take an incarnation back"))
    }
}

impl DeviceStore {
    fn replica(&self) -> Result<Replica, StoreError> {
        self.identity()?
            .map(|identity| identity.replica())
            .ok_or(StoreError::Absent {
                what: "enrolment",
                name: "of this device".into(),
            })
    }

    fn sync_state(&self) -> Result<DeviceState, StoreError> {
        let failed = StoreError::sql("read where the device stands");
        let replica = self.replica()?;
        let written_through = self.next_change()?.map_or(0, |next| next.seq.saturating_sub(1));
        self.connection
            .prepare_cached(
                "SELECT acked_through, generation, cursor, forms_digest, office_was_restored, offering,
                   offering_device, offering_incarnation, offering_seq, names_through FROM sync_state",
            )
            .and_then(|mut statement| {
                statement.query_row([], |row| {
                    let after = match row.get::<_, Option<Bytes<16>>>(6)? {
                        Some(device) => Some(dot(device, row.get(7)?, row.get(8)?)),
                        None => None,
                    };
                    Ok(DeviceState {
                        replica,
                        written_through,
                        held_from: 1,
                        acked_through: unnumber(row.get(0)?),
                        generation: Generation(unbits(row.get(1)?)),
                        cursor: Cursor(unnumber(row.get(2)?)),
                        forms_digest: row.get::<_, Bytes<8>>(3)?.0,
                        names_through: unnumber(row.get(9)?),
                        office_was_restored: row.get(4)?,
                        offering: (row.get::<_, i64>(5)? != 0).then_some(after),
                    })
                })
            })
            .map_err(&failed)
    }

    /// Changes up to a budget of payload bytes, at least one.
    fn bounded(
        &self,
        sql: &str,
        parameters: &[&dyn rusqlite::ToSql],
        budget_bytes: usize,
        limit: usize,
    ) -> Result<Vec<Change>, StoreError> {
        let failed = StoreError::sql("read changes");
        let mut statement = self.connection.prepare_cached(sql).map_err(&failed)?;
        let mut rows = statement.query(parameters).map_err(&failed)?;
        let mut changes = Vec::new();
        let mut n_bytes = 0usize;
        while let Some(row) = rows.next().map_err(&failed)? {
            let change = change_from(&row.get::<_, Vec<u8>>(0).map_err(&failed)?)?;
            n_bytes = n_bytes.saturating_add(match &change.payload {
                Payload::Full(bytes) | Payload::Redacted(bytes) => bytes.len(),
                Payload::Erased => 0,
            });
            if changes.len() >= limit || (n_bytes > budget_bytes && !changes.is_empty()) {
                break;
            }
            changes.push(change);
        }
        Ok(changes)
    }

    fn note_whole(&mut self, hash: ContentHash) -> Result<(), StoreError> {
        self.connection
            .execute("UPDATE contents SET is_whole = 1 WHERE hash = ?1", [hash.0])
            .map(|_| ())
            .map_err(StoreError::sql("note that a file is whole"))
    }
}

pub(super) fn line(
    transaction: &Transaction<'_>,
    at_ms: i64,
    what: &str,
    sentence: &str,
) -> Result<(), StoreError> {
    transaction
        .execute(
            "INSERT INTO log (at_ms, what, sentence) VALUES (?1, ?2, ?3)",
            params![at_ms, what, sentence],
        )
        .map(|_| ())
        .map_err(StoreError::sql("write the sync log"))
}

fn dot(device: Bytes<16>, incarnation: i64, seq: i64) -> Dot {
    Dot {
        replica: Replica {
            device: DeviceId(device.uuid()),
            incarnation: unbits(incarnation),
        },
        seq: unnumber(seq),
    }
}

fn count(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
