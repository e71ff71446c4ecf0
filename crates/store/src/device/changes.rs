//! The changes on this device: kept, read, counted; emptied only by an erasure.

use rusqlite::{OptionalExtension, Transaction, params};
use sampan_record::change::{Change, Header, Payload, RecordKey};
use sampan_record::codec;
use sampan_record::ids::{ChangeHash, Dot, RecordId};
use sampan_sync::receipt::Reason;

use crate::device::DeviceStore;
use crate::device::columns::{Bytes, bits, number, unnumber};
use crate::device::interviews::{change_from, know_record};
use crate::error::StoreError;

/// A change in quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// The interview.
    pub record: RecordId,
    /// Its title, or empty.
    pub title: String,
    /// The change's number.
    pub seq: u64,
    /// The office's reason.
    pub reason: Reason,
}

/// How much lies here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Changes of any writer.
    pub n_changes: u64,
    /// Own changes of the current incarnation without the office's word.
    pub n_unsent: u64,
    /// Own changes in quarantine.
    pub n_quarantined: u64,
    /// Interviews that are not submitted.
    pub n_open: u64,
    /// Interviews that were returned.
    pub n_returned: u64,
    /// Forms and files that are here whole.
    pub n_contents: u64,
}

impl DeviceStore {
    /// All changes of a record, in the order they came.
    pub fn record_changes(&self, record: RecordId) -> Result<Vec<Change>, StoreError> {
        let failed = StoreError::sql("read the changes of an interview");
        let mut statement = self
            .connection
            .prepare_cached("SELECT bytes FROM changes WHERE record = ?1 ORDER BY n")
            .map_err(&failed)?;
        let mut rows = statement.query([record.0.as_bytes()]).map_err(&failed)?;
        let mut changes = Vec::new();
        while let Some(row) = rows.next().map_err(&failed)? {
            let bytes: Vec<u8> = row.get(0).map_err(&failed)?;
            changes.push(change_from(&bytes)?);
        }
        Ok(changes)
    }

    /// Puts what an erasure left of a change in the place of the change, and drops the keys of its record.
    pub fn erase(&mut self, redacted: &Change) -> Result<(), StoreError> {
        self.transaction("empty erased answers", |transaction| empty(transaction, redacted))
    }

    /// Makes sure that what was emptied is not in the write-ahead log any more either.
    pub fn forget_erased(&mut self) -> Result<(), StoreError> {
        self.connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .map_err(StoreError::sql("empty the write-ahead log"))
    }

    /// How much lies here.
    pub fn counts(&self) -> Result<Counts, StoreError> {
        self.connection
            .query_row(
                "SELECT (SELECT count(*) FROM changes),
                   (SELECT count(*) FROM changes c, identity d, sync_state s WHERE c.is_own = 1
                      AND c.incarnation = d.incarnation AND c.seq > s.acked_through)
                     + (SELECT count(*) FROM changes WHERE relay = 3),
                   (SELECT count(*) FROM changes WHERE is_own = 1 AND verdict = 2),
                   (SELECT count(*) FROM interviews WHERE state = 'draft' AND is_erased = 0),
                   (SELECT count(*) FROM interviews WHERE state = 'returned'),
                   (SELECT count(*) FROM contents WHERE is_whole = 1)",
                [],
                |row| {
                    Ok(Counts {
                        n_changes: unnumber(row.get(0)?),
                        n_unsent: unnumber(row.get(1)?),
                        n_quarantined: unnumber(row.get(2)?),
                        n_open: unnumber(row.get(3)?),
                        n_returned: unnumber(row.get(4)?),
                        n_contents: unnumber(row.get(5)?),
                    })
                },
            )
            .map_err(StoreError::sql("count the changes"))
    }

    /// Own changes in quarantine, oldest first.
    pub fn quarantine(&self) -> Result<Vec<Quarantined>, StoreError> {
        let failed = StoreError::sql("read what is in quarantine");
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT c.record, i.title, c.seq, c.reason FROM changes c JOIN interviews i ON i.record = c.record
                 WHERE c.is_own = 1 AND c.verdict = 2 ORDER BY c.n",
            )
            .map_err(&failed)?;
        statement
            .query_map([], |row| {
                Ok(Quarantined {
                    record: RecordId(row.get::<_, Bytes<16>>(0)?.uuid()),
                    title: row.get(1)?,
                    seq: unnumber(row.get(2)?),
                    reason: Reason::from_code(row.get::<_, Option<u8>>(3)?.unwrap_or(0)),
                })
            })
            .and_then(Iterator::collect)
            .map_err(&failed)
    }

    /// The key that a change's payload hash was made with; None when it is not here or was dropped.
    pub(super) fn key_for(&self, header: &Header) -> Result<Option<RecordKey>, StoreError> {
        let failed = StoreError::sql("read a record's key");
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT k.record_key, c.device, c.incarnation, c.seq FROM keys k JOIN changes c ON c.hash = k.change_hash
                 WHERE k.record = ?1 ORDER BY c.n DESC",
            )
            .map_err(&failed)?;
        let keys = statement
            .query_map([header.record.0.as_bytes()], |row| {
                Ok(RecordKey(row.get::<_, Bytes<16>>(0)?.0))
            })
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(&failed)?;
        let held = self
            .connection
            .prepare_cached("SELECT bytes FROM changes WHERE hash = ?1")
            .and_then(|mut statement| {
                statement
                    .query_row([header.hash().0], |row| row.get::<_, Vec<u8>>(0))
                    .optional()
            })
            .map_err(&failed)?;
        let Some(held) = held else {
            return Ok(None);
        };
        let Payload::Full(payload) = change_from(&held)?.payload else {
            return Ok(None);
        };
        Ok(keys
            .into_iter()
            .find(|key| codec::payload_hash(key, &payload) == header.payload_hash))
    }
}

/// Puts a change in, unless it is there. A copy that an erasure emptied empties the one that is there.
/// Returns whether it was new.
pub(super) fn insert_change(
    transaction: &Transaction<'_>,
    change: &Change,
    is_own: bool,
) -> Result<bool, StoreError> {
    let failed = StoreError::sql("save a change");
    let header = &change.header;
    let hash = change.hash();
    let held = transaction
        .prepare_cached("SELECT bytes FROM changes WHERE hash = ?1")
        .and_then(|mut statement| {
            statement
                .query_row([hash.0], |row| row.get::<_, Vec<u8>>(0))
                .optional()
        })
        .map_err(&failed)?;
    if let Some(held) = held {
        let held_is_full = matches!(change_from(&held)?.payload, Payload::Full(_));
        match change.payload {
            Payload::Redacted(_) | Payload::Erased if held_is_full => empty(transaction, change)?,
            Payload::Full(_) | Payload::Redacted(_) | Payload::Erased => {}
        }
        keep_key(transaction, change, hash)?;
        return Ok(false);
    }
    know_record(transaction, change)?;
    transaction
        .prepare_cached(
            "INSERT INTO changes (hash, record, device, incarnation, seq, is_own, bytes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                hash.0,
                header.record.0.as_bytes(),
                header.replica.device.0.as_bytes(),
                bits(header.replica.incarnation),
                number(header.seq),
                is_own,
                codec::encode_change(change)
            ])
        })
        .map_err(&failed)?;
    keep_key(transaction, change, hash)?;
    transaction
        .prepare_cached("INSERT INTO contents (hash, purpose) VALUES (?1, 0) ON CONFLICT (hash) DO NOTHING")
        .and_then(|mut statement| statement.execute([header.form.0]))
        .map_err(&failed)?;
    Ok(true)
}

/// Removes a change of another writer that the office keeps apart because it knows another one under its name, and which
/// this device will get in its place.
pub(super) fn remove_contradicted(transaction: &Transaction<'_>, dot: Dot) -> Result<(), StoreError> {
    let failed = StoreError::sql("remove a contradicted change");
    let name = params![
        dot.replica.device.0.as_bytes(),
        bits(dot.replica.incarnation),
        number(dot.seq)
    ];
    for sql in [
        "DELETE FROM keys WHERE change_hash IN
           (SELECT hash FROM changes WHERE device = ?1 AND incarnation = ?2 AND seq = ?3)",
        "UPDATE interviews SET is_stale = 1 WHERE record IN
           (SELECT record FROM changes WHERE device = ?1 AND incarnation = ?2 AND seq = ?3)",
        "DELETE FROM changes WHERE device = ?1 AND incarnation = ?2 AND seq = ?3",
    ] {
        transaction.execute(sql, name).map_err(&failed)?;
    }
    Ok(())
}

/// Keeps the key that a change travels with, unless the held copy of the change has been emptied.
fn keep_key(transaction: &Transaction<'_>, change: &Change, hash: ChangeHash) -> Result<(), StoreError> {
    let (Some(key), Payload::Full(_)) = (change.record_key, &change.payload) else {
        return Ok(());
    };
    let failed = StoreError::sql("save a record's key");
    let held = transaction
        .prepare_cached("SELECT bytes FROM changes WHERE hash = ?1")
        .and_then(|mut statement| statement.query_row([hash.0], |row| row.get::<_, Vec<u8>>(0)))
        .map_err(&failed)?;
    if !matches!(change_from(&held)?.payload, Payload::Full(_)) {
        return Ok(());
    }
    transaction
        .prepare_cached(
            "INSERT INTO keys (change_hash, record, record_key) VALUES (?1, ?2, ?3)
             ON CONFLICT (change_hash) DO NOTHING",
        )
        .and_then(|mut statement| {
            statement.execute(params![hash.0, change.header.record.0.as_bytes(), key.0])
        })
        .map(|_| ())
        .map_err(&failed)
}

/// Replaces a change by what an erasure left of it, and drops the key it was hashed with.
pub(super) fn empty(transaction: &Transaction<'_>, redacted: &Change) -> Result<(), StoreError> {
    let failed = StoreError::sql("empty erased answers");
    let hash = redacted.hash();
    let held = transaction
        .query_row("SELECT bytes FROM changes WHERE hash = ?1", [hash.0], |row| {
            row.get::<_, Vec<u8>>(0)
        })
        .optional()
        .map_err(&failed)?;
    let Some(held) = held else {
        return Ok(());
    };
    if let Payload::Full(payload) = change_from(&held)?.payload {
        let mut statement = transaction
            .prepare("SELECT change_hash, record_key FROM keys WHERE record = ?1")
            .map_err(&failed)?;
        let keys = statement
            .query_map([redacted.header.record.0.as_bytes()], |row| {
                Ok((
                    row.get::<_, Bytes<32>>(0)?.0,
                    RecordKey(row.get::<_, Bytes<16>>(1)?.0),
                ))
            })
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(&failed)?;
        for (change_hash, key) in keys {
            if codec::payload_hash(&key, &payload) == redacted.header.payload_hash {
                transaction
                    .execute("DELETE FROM keys WHERE change_hash = ?1", [change_hash])
                    .map_err(&failed)?;
            }
        }
    }
    let mut redacted = redacted.clone();
    redacted.record_key = None;
    transaction
        .execute(
            "UPDATE changes SET bytes = ?2 WHERE hash = ?1",
            params![hash.0, codec::encode_change(&redacted)],
        )
        .map_err(&failed)?;
    transaction
        .execute(
            "UPDATE interviews SET is_stale = 1 WHERE record = ?1",
            [redacted.header.record.0.as_bytes()],
        )
        .map(|_| ())
        .map_err(&failed)
}
