//! Interviews taken over from sealed files: shown at once, and sent once it is known what the office lacks of them.
//!
//! A recovered change stands under its old name with `relay` 3. The office sends this person's device all it has; a
//! change that comes from there, or a twin of it (the same answers under another name, after a fork or an earlier
//! recovery), needs nothing. What is left after a whole sync is issued again under this device's own name.

use std::collections::BTreeMap;

use rusqlite::params;
use sampan_record::change::Change;
use sampan_record::codec;
use sampan_record::context::Context;
use sampan_record::ids::{DeviceId, Dot, RecordId};
use sampan_record::write;

use crate::device::DeviceStore;
use crate::device::changes::insert_change;
use crate::device::columns::{bits, number};
use crate::device::interviews::change_from;
use crate::device::syncing::line;
use crate::error::StoreError;
use crate::sealed::Sealed;

impl DeviceStore {
    /// Takes a sealed interview over, and gives how many changes were new here. For a device that has not synced yet.
    pub fn take_recovered(&mut self, sealed: &Sealed) -> Result<u64, StoreError> {
        let what = "take a recovered interview over";
        let failed = StoreError::sql(what);
        self.transaction(what, |transaction| {
            let mut n_new = 0u64;
            for change in &sealed.changes {
                if !insert_change(transaction, change, false)? {
                    continue;
                }
                n_new = n_new.saturating_add(1);
                if change.header.replica.device == sealed.writer.device {
                    transaction
                        .execute("UPDATE changes SET relay = 3 WHERE hash = ?1", [change.hash().0])
                        .map_err(&failed)?;
                }
            }
            Ok(n_new)
        })
    }

    /// Whether it is not known yet what the office has of a recovered interview.
    pub fn is_recovering(&self, record: RecordId) -> Result<bool, StoreError> {
        self.connection
            .query_row(
                "SELECT EXISTS (SELECT 1 FROM changes WHERE record = ?1 AND relay = 3)",
                [record.0.as_bytes()],
                |row| row.get(0),
            )
            .map_err(StoreError::sql("read what was recovered"))
    }

    /// Issues under this device's own name what the office lacks of the recovered interviews, and gives their records.
    /// Only after a sync that came to its end: what the office has is here then. Changes of another person stay.
    pub fn issue_recovered(&mut self) -> Result<Vec<RecordId>, StoreError> {
        let (Some(next), Some(identity)) = (self.next_change()?, self.identity()?) else {
            return Ok(Vec::new());
        };
        let mut waiting = self.waiting()?;
        waiting.retain(|change| change.header.author == identity.person);
        if waiting.is_empty() {
            return Ok(Vec::new());
        }
        // A change comes after all that it knew, because its lamport is higher.
        waiting.sort_by_key(|change| {
            let header = &change.header;
            (header.lamport, header.replica.incarnation, header.seq)
        });
        let mut records = Vec::new();
        let mut held: BTreeMap<RecordId, Vec<Change>> = BTreeMap::new();
        for change in &waiting {
            let record = change.header.record;
            if let std::collections::btree_map::Entry::Vacant(place) = held.entry(record) {
                records.push(record);
                let mut changes = self.record_changes(record)?;
                changes.retain(|other| !waiting.contains(other));
                place.insert(changes);
            }
        }
        let now_ms = self.now_ms();
        let what = "issue recovered changes again";
        let failed = StoreError::sql(what);
        self.transaction(what, |transaction| {
            let mut renamed: BTreeMap<(RecordId, Dot), Dot> = BTreeMap::new();
            let (mut seq, mut prev, mut n_issued) = (next.seq, next.prev, 0u64);
            for old in &waiting {
                let header = &old.header;
                let others = held.get(&header.record).map_or(&[][..], Vec::as_slice);
                let hash = old.hash();
                if let Some(twin) = others.iter().find(|other| is_twin(old, other)) {
                    renamed.insert((header.record, header.dot()), twin.header.dot());
                    transaction
                        .execute("DELETE FROM keys WHERE change_hash = ?1", [hash.0])
                        .map_err(&failed)?;
                    transaction
                        .execute("DELETE FROM changes WHERE hash = ?1", [hash.0])
                        .map_err(&failed)?;
                } else {
                    let context = rename(&header.context, header.record, &renamed, others);
                    let new = write::reissue(old, next.replica, seq, prev, context);
                    transaction
                        .execute(
                            "UPDATE changes SET hash = ?2, device = ?3, incarnation = ?4, seq = ?5, bytes = ?6,
                               is_own = 1, relay = 0, verdict = NULL, reason = NULL, position = NULL
                             WHERE hash = ?1",
                            params![
                                hash.0,
                                new.hash().0,
                                next.replica.device.0.as_bytes(),
                                bits(next.replica.incarnation),
                                number(seq),
                                codec::encode_change(&new)
                            ],
                        )
                        .map_err(&failed)?;
                    renamed.insert((header.record, header.dot()), new.header.dot());
                    prev = new.hash();
                    seq = seq.saturating_add(1);
                    n_issued = n_issued.saturating_add(1);
                }
                transaction
                    .execute(
                        "UPDATE interviews SET is_stale = 1 WHERE record = ?1",
                        [header.record.0.as_bytes()],
                    )
                    .map_err(&failed)?;
            }
            line(
                transaction,
                now_ms,
                "recovered",
                &format!("{n_issued} recovered changes are sent that the office does not have."),
            )
        })?;
        Ok(records)
    }

    /// Recovered changes that the office was not heard to have.
    fn waiting(&self) -> Result<Vec<Change>, StoreError> {
        let failed = StoreError::sql("read what was recovered");
        let mut statement = self
            .connection
            .prepare_cached("SELECT bytes FROM changes WHERE relay = 3")
            .map_err(&failed)?;
        let mut rows = statement.query([]).map_err(&failed)?;
        let mut changes = Vec::new();
        while let Some(row) = rows.next().map_err(&failed)? {
            changes.push(change_from(&row.get::<_, Vec<u8>>(0).map_err(&failed)?)?);
        }
        Ok(changes)
    }
}

/// Whether two changes of one record are the same act under two names.
fn is_twin(one: &Change, other: &Change) -> bool {
    let (one, other) = (&one.header, &other.header);
    one.payload_hash == other.payload_hash
        && one.lamport == other.lamport
        && one.author == other.author
        && one.wall_time_ms == other.wall_time_ms
}

/// A context with the names of changes that got other ones. What keeps its name is in `kept`.
fn rename(
    context: &Context,
    record: RecordId,
    renamed: &BTreeMap<(RecordId, Dot), Dot>,
    kept: &[Change],
) -> Context {
    let mut result = context.clone();
    let first = Dot {
        replica: sampan_record::ids::Replica {
            device: DeviceId(uuid::Uuid::nil()),
            incarnation: 0,
        },
        seq: 0,
    };
    let of_record = renamed
        .range((record, first)..)
        .take_while(|((of, _), _)| *of == record)
        .filter(|((_, old), _)| context.covers(old));
    for ((_, old), _) in of_record.clone() {
        result.0.remove(&old.replica);
    }
    for ((_, old), new) in of_record {
        result.add(new);
        kept.iter()
            .map(|change| change.header.dot())
            .filter(|dot| dot.replica == old.replica && context.covers(dot))
            .for_each(|dot| result.add(&dot));
    }
    result
}
