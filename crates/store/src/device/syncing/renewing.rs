//! A copied device takes a new incarnation and issues again what the office does not have.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Transaction, params};
use sampan_record::change::Change;
use sampan_record::codec;
use sampan_record::context::Context;
use sampan_record::ids::{ChangeHash, Dot, RecordId, Replica};
use sampan_sync::fork::{self, Renaming};

use crate::device::DeviceStore;
use crate::device::changes::remove_contradicted;
use crate::device::columns::{Bytes, bits, context_bytes, context_from, number};
use crate::device::interviews::change_from;
use crate::device::syncing::line;
use crate::error::StoreError;

impl DeviceStore {
    pub(super) fn take_new_incarnation(&mut self, first_seq: u64) -> Result<(), StoreError> {
        let old = self.replica()?;
        let random = self.random()?;
        let now_ms = self.now_ms();
        self.transaction("take a new incarnation", |transaction| {
            let own = own_changes(transaction, old)?;
            let mut kept: BTreeMap<RecordId, u64> = BTreeMap::new();
            for change in own.iter().filter(|change| change.header.seq < first_seq) {
                kept.insert(change.header.record, change.header.seq);
            }
            let (_, again): (Vec<Change>, Vec<Change>) =
                own.into_iter().partition(|change| change.header.seq < first_seq);
            // Copies that share a change issue it again under the same name, so that it is not doubled.
            let issue_as = |incarnation: u64| {
                let new = Replica {
                    device: old.device,
                    incarnation,
                };
                let renaming = Renaming { old, new, first_seq };
                // Devices write no decisions, and nothing else in a payload names a context.
                let issued = fork::reissue(&again, &renaming, &kept, &mut |_| None);
                (renaming, issued)
            };
            let (renaming, issued) = match again.first().map(fork::incarnation) {
                Some(follows) => {
                    let (renaming, issued) = issue_as(follows);
                    if may_take(transaction, renaming.new, &issued)? {
                        (renaming, issued)
                    } else {
                        issue_as(random)
                    }
                }
                None => issue_as(random),
            };
            let new = renaming.new;
            if issued.len() != again.len() {
                return Err(StoreError::Unreadable {
                    what: "the chain of changes",
                    reason: "not every change could be issued again".into(),
                });
            }
            go_on_as(transaction, new, &again, &issued)?;
            let rename = |record: RecordId, context: &Context| {
                renaming.context(context, kept.get(&record).copied())
            };
            rename_journals(transaction, &rename)?;
            line(
                transaction,
                now_ms,
                "copy",
                &format!(
                    "This device is a copy of another one, or was restored from a copy. It goes on under a new \
                     incarnation; {} changes are sent again under it, nothing is lost.",
                    issued.len()
                ),
            )
        })
    }

    /// See [`sampan_sync::log::DeviceLog::rejoin`].
    pub(super) fn take_incarnation_back(&mut self, first: Dot) -> Result<bool, StoreError> {
        let new = self.replica()?;
        let now_ms = self.now_ms();
        self.transaction("take an incarnation back", |transaction| {
            let own = own_changes(transaction, new)?;
            let before = first.seq.checked_sub(1).filter(|seq| *seq > 0);
            let prev = match before {
                Some(seq) => held_hash(transaction, Dot { seq, ..first })?,
                None => None,
            };
            let prev = prev.unwrap_or(ChangeHash([0; 32]));
            if first.replica.device != new.device {
                return Ok(false);
            }
            let Some(issued) = fork::take_back(&own, first, prev) else {
                return Ok(false);
            };
            go_on_as(transaction, first.replica, &own, &issued)?;
            let rename = |_: RecordId, context: &Context| fork::context_before(context, new, first);
            rename_journals(transaction, &rename)?;
            line(
                transaction,
                now_ms,
                "copy",
                &format!(
                    "A copy of this device has brought the same work to the restored office. This device takes its \
                     earlier name back and sends {} changes again under it; nothing is lost or doubled.",
                    issued.len()
                ),
            )?;
            Ok(true)
        })
    }
}

/// Replaces own changes by what they are issued as, under the name that the device has from now on.
fn go_on_as(
    transaction: &Transaction<'_>,
    new: Replica,
    own: &[Change],
    issued: &[Change],
) -> Result<(), StoreError> {
    let failed = StoreError::sql("issue its changes under another name");
    for (before, after) in own.iter().zip(issued) {
        match held_hash(transaction, after.header.dot())? {
            // A copy issued it again before, and the office has passed it on: one of the two lines stays.
            Some(held) if held == after.hash() => remove_contradicted(transaction, after.header.dot())?,
            // A copy went on under this name from here; what it wrote comes again from the office, which will
            // find this fork too.
            Some(_) => {
                remove_contradicted(transaction, after.header.dot())?;
                transaction
                    .execute("UPDATE sync_state SET cursor = 0", [])
                    .map_err(&failed)?;
            }
            None => {}
        }
        transaction
            .execute(
                "UPDATE changes SET hash = ?2, incarnation = ?3, seq = ?4, bytes = ?5, verdict = NULL,
                   reason = NULL, position = NULL WHERE hash = ?1",
                params![
                    before.hash().0,
                    after.hash().0,
                    bits(new.incarnation),
                    number(after.header.seq),
                    codec::encode_change(after)
                ],
            )
            .map_err(&failed)?;
        transaction
            .execute(
                "UPDATE interviews SET is_stale = 1 WHERE record = ?1",
                [after.header.record.0.as_bytes()],
            )
            .map_err(&failed)?;
    }
    transaction
        .execute("UPDATE identity SET incarnation = ?1", [bits(new.incarnation)])
        .map_err(&failed)?;
    transaction
        .execute("UPDATE sync_state SET acked_through = 0", [])
        .map_err(&failed)?;
    Ok(())
}

/// Whether a name may be taken: nothing is held under it, or exactly the first of these changes, which a copy issued
/// again before and the office has passed on.
fn may_take(transaction: &Transaction<'_>, new: Replica, issued: &[Change]) -> Result<bool, StoreError> {
    let is_held: bool = transaction
        .query_row(
            "SELECT EXISTS (SELECT 1 FROM changes WHERE device = ?1 AND incarnation = ?2)",
            params![new.device.0.as_bytes(), bits(new.incarnation)],
            |row| row.get(0),
        )
        .map_err(StoreError::sql("look for an incarnation"))?;
    if !is_held {
        return Ok(true);
    }
    let Some(first) = issued.first() else {
        return Ok(false);
    };
    Ok(held_hash(transaction, first.header.dot())? == Some(first.hash()))
}

/// The hash of the change that is held under a name.
fn held_hash(transaction: &Transaction<'_>, dot: Dot) -> Result<Option<ChangeHash>, StoreError> {
    transaction
        .query_row(
            "SELECT hash FROM changes WHERE device = ?1 AND incarnation = ?2 AND seq = ?3",
            params![
                dot.replica.device.0.as_bytes(),
                bits(dot.replica.incarnation),
                number(dot.seq)
            ],
            |row| Ok(ChangeHash(row.get::<_, Bytes<32>>(0)?.0)),
        )
        .optional()
        .map_err(StoreError::sql("look for a change"))
}

fn own_changes(transaction: &Transaction<'_>, replica: Replica) -> Result<Vec<Change>, StoreError> {
    let failed = StoreError::sql("read its own changes");
    let mut statement = transaction
        .prepare(
            "SELECT bytes FROM changes WHERE device = ?1 AND incarnation = ?2 AND is_own = 1 ORDER BY seq",
        )
        .map_err(&failed)?;
    let mut rows = statement
        .query(params![replica.device.0.as_bytes(), bits(replica.incarnation)])
        .map_err(&failed)?;
    let mut changes = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        changes.push(change_from(&row.get::<_, Vec<u8>>(0).map_err(&failed)?)?);
    }
    Ok(changes)
}

/// Gives the contexts of open journals their new names.
fn rename_journals(
    transaction: &Transaction<'_>,
    rename: &dyn Fn(RecordId, &Context) -> Context,
) -> Result<(), StoreError> {
    let failed = StoreError::sql("rename what a journal had seen");
    let mut statement = transaction
        .prepare("SELECT record, journal_context FROM interviews WHERE journal_context IS NOT NULL")
        .map_err(&failed)?;
    let journals = statement
        .query_map([], |row| {
            Ok((
                RecordId(row.get::<_, Bytes<16>>(0)?.uuid()),
                row.get::<_, Vec<u8>>(1)?,
            ))
        })
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(&failed)?;
    for (record, bytes) in journals {
        let Some(context) = context_from(&bytes) else {
            continue;
        };
        let renamed = rename(record, &context);
        transaction
            .execute(
                "UPDATE interviews SET journal_context = ?2 WHERE record = ?1",
                params![record.0.as_bytes(), context_bytes(&renamed)],
            )
            .map_err(&failed)?;
    }
    Ok(())
}
