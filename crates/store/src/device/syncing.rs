//! What a sync session needs of the device database: every method one transaction.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Transaction, params};
use sampan_record::change::{Change, Header, Payload, RecordKey};
use sampan_record::codec;
use sampan_record::ids::{ContentHash, DeviceId, Dot, RecordId, Replica};
use sampan_sync::blob::{Offer, Part, Want};
use sampan_sync::error::SyncError;
use sampan_sync::fork::{self, Renaming};
use sampan_sync::forms::FormState;
use sampan_sync::log::{Applied, DeviceLog, DeviceState};
use sampan_sync::push::Held;
use sampan_sync::receipt::{Cursor, Generation, Verdict};

use crate::blob::Progress;
use crate::device::DeviceStore;
use crate::device::changes::{empty, insert_change};
use crate::device::columns::{Bytes, bits, context_bytes, context_from, number, unbits, unnumber};
use crate::device::content::Purpose;
use crate::device::interviews::change_from;
use crate::error::StoreError;

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
                   offering_device, offering_incarnation, offering_seq FROM sync_state",
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

    /// Puts pieces of content into the blob folder and gives those that are whole now.
    fn take_parts(&mut self, parts: &[Part]) -> Result<Vec<ContentHash>, StoreError> {
        let mut whole = Vec::new();
        for part in parts {
            let is_wanted = self
                .connection
                .prepare_cached("SELECT 1 FROM contents WHERE hash = ?1 AND is_whole = 0")
                .and_then(|mut statement| statement.query_row([part.hash.0], |_| Ok(())).optional())
                .map_err(StoreError::sql("read what is wanted"))?;
            if is_wanted.is_none() {
                continue;
            }
            match self
                .blobs
                .add_part(part.hash, part.total_bytes, part.offset, &part.bytes)
            {
                Ok(Progress::Whole) => whole.push(part.hash),
                Ok(Progress::Wanted { .. }) => {}
                Err(StoreError::WrongContent { .. } | StoreError::TooLarge { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(whole)
    }

    fn apply_all(&mut self, applied: &Applied) -> Result<(), StoreError> {
        let whole = self.take_parts(&applied.parts)?;
        let now_ms = self.now_ms();
        let is_current = self.replica()? == applied.replica;
        let mut form_is_here = BTreeMap::new();
        if let Some((listings, _)) = &applied.forms {
            for listing in listings {
                form_is_here.insert(listing.version, self.blobs.size_bytes(listing.version)?.is_some());
            }
        }
        let what = "save what the office answered";
        let failed = StoreError::sql(what);
        self.transaction(what, |transaction| {
            if applied.restored {
                begin_again(transaction, applied, is_current, now_ms)?;
            }
            if is_current {
                take_receipts(transaction, applied, now_ms)?;
            }
            for change in &applied.changes {
                insert_change(transaction, change, false)?;
            }
            for hash in &whole {
                transaction
                    .execute("UPDATE contents SET is_whole = 1 WHERE hash = ?1", [hash.0])
                    .map_err(&failed)?;
            }
            for hash in &applied.safe {
                transaction
                    .execute("UPDATE contents SET is_safe = 1 WHERE hash = ?1", [hash.0])
                    .map_err(&failed)?;
            }
            if applied.forms.is_some() {
                take_listing(transaction, applied, &form_is_here)?;
            }
            take_relays(transaction, applied)?;
            take_place(transaction, applied, now_ms)
        })
    }

    fn take_new_incarnation(&mut self, first_seq: u64) -> Result<(), StoreError> {
        let old = self.replica()?;
        let random = self.random()?;
        let now_ms = self.now_ms();
        let what = "take a new incarnation";
        let failed = StoreError::sql(what);
        self.transaction(what, |transaction| {
            let own = own_changes(transaction, old)?;
            let mut kept: BTreeMap<RecordId, u64> = BTreeMap::new();
            for change in own.iter().filter(|change| change.header.seq < first_seq) {
                kept.insert(change.header.record, change.header.seq);
            }
            let (_, again): (Vec<Change>, Vec<Change>) =
                own.into_iter().partition(|change| change.header.seq < first_seq);
            // Copies that share a change issue it again under the same name, so that it is not doubled.
            let follows = again.first().map(fork::incarnation);
            let incarnation = match follows {
                Some(incarnation) if !holds_incarnation(transaction, old, incarnation)? => incarnation,
                Some(_) | None => random,
            };
            let new = Replica {
                device: old.device,
                incarnation,
            };
            let renaming = Renaming { old, new, first_seq };
            // Devices write no decisions, and nothing else in a payload names a context.
            let issued = fork::reissue(&again, &renaming, &kept, &mut |_| None);
            if issued.len() != again.len() {
                return Err(StoreError::Unreadable {
                    what: "the chain of changes",
                    reason: "not every change could be issued again".into(),
                });
            }
            for (before, after) in again.iter().zip(&issued) {
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
            rename_journals(transaction, &renaming, &kept)?;
            transaction
                .execute("UPDATE identity SET incarnation = ?1", [bits(new.incarnation)])
                .map_err(&failed)?;
            transaction
                .execute("UPDATE sync_state SET acked_through = 0", [])
                .map_err(&failed)?;
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
}

/// The office went back in time.
fn begin_again(
    transaction: &Transaction<'_>,
    applied: &Applied,
    is_current: bool,
    now_ms: i64,
) -> Result<(), StoreError> {
    let failed = StoreError::sql("save that the office was restored");
    if is_current {
        transaction
            .execute(
                "UPDATE changes SET verdict = NULL, reason = NULL, position = NULL
                 WHERE device = ?1 AND incarnation = ?2 AND is_own = 1 AND seq > ?3",
                params![
                    applied.replica.device.0.as_bytes(),
                    bits(applied.replica.incarnation),
                    number(applied.acked_through)
                ],
            )
            .map_err(&failed)?;
        transaction
            .execute(
                "UPDATE sync_state SET acked_through = ?1",
                [number(applied.acked_through)],
            )
            .map_err(&failed)?;
    }
    transaction
        .execute("UPDATE contents SET is_safe = 0 WHERE is_own = 1", [])
        .map_err(&failed)?;
    transaction
        .execute("UPDATE changes SET relay = 0 WHERE relay <> 0", [])
        .map_err(&failed)?;
    transaction
        .execute(
            "UPDATE sync_state SET office_was_restored = 1, offering = 1, offering_device = NULL,
               offering_incarnation = NULL, offering_seq = NULL, backed_up_through = 0",
            [],
        )
        .map_err(&failed)?;
    line(
        transaction,
        now_ms,
        "restored",
        "The office was restored from a backup. Everything on this device is offered to it again.",
    )
}

fn take_receipts(transaction: &Transaction<'_>, applied: &Applied, now_ms: i64) -> Result<(), StoreError> {
    let failed = StoreError::sql("save receipts");
    for receipt in &applied.receipts {
        let (verdict, reason) = match receipt.verdict {
            Verdict::Kept => (0, None),
            Verdict::Duplicate => (1, None),
            Verdict::Quarantined(reason) => (2, Some(reason)),
            Verdict::Erased => (3, None),
        };
        let dot = params![
            applied.replica.device.0.as_bytes(),
            bits(applied.replica.incarnation),
            number(receipt.seq)
        ];
        let before = transaction
            .prepare_cached(
                "SELECT verdict, bytes FROM changes WHERE device = ?1 AND incarnation = ?2 AND seq = ?3 AND is_own = 1",
            )
            .and_then(|mut statement| {
                statement
                    .query_row(dot, |row| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Vec<u8>>(1)?)))
                    .optional()
            })
            .map_err(&failed)?;
        let Some((before, bytes)) = before else {
            continue;
        };
        transaction
            .prepare_cached(
                "UPDATE changes SET verdict = ?4, reason = ?5, position = ?6
                 WHERE device = ?1 AND incarnation = ?2 AND seq = ?3 AND is_own = 1",
            )
            .and_then(|mut statement| {
                statement.execute(params![
                    applied.replica.device.0.as_bytes(),
                    bits(applied.replica.incarnation),
                    number(receipt.seq),
                    verdict,
                    reason.map(|reason| reason.code()),
                    number(receipt.position.0)
                ])
            })
            .map_err(&failed)?;
        match receipt.verdict {
            Verdict::Erased => {
                let mut change = change_from(&bytes)?;
                if !matches!(change.payload, Payload::Erased) {
                    change.payload = Payload::Erased;
                    empty(transaction, &change)?;
                    line(
                        transaction,
                        now_ms,
                        "erased",
                        &format!(
                            "The answers of change {} were erased at the office, and so here.",
                            receipt.seq
                        ),
                    )?;
                }
            }
            Verdict::Quarantined(reason) if before != Some(2) => line(
                transaction,
                now_ms,
                "quarantined",
                &format!(
                    "The office keeps change {} apart: {reason}. It is safe there; a supervisor will decide.",
                    receipt.seq
                ),
            )?,
            Verdict::Kept if before == Some(2) => line(
                transaction,
                now_ms,
                "released",
                &format!("The office has taken change {} out of quarantine.", receipt.seq),
            )?,
            Verdict::Quarantined(_) | Verdict::Kept | Verdict::Duplicate => {}
        }
    }
    transaction
        .execute(
            "UPDATE sync_state SET acked_through = max(acked_through, ?1)",
            [number(applied.acked_through)],
        )
        .map(|_| ())
        .map_err(&failed)
}

fn take_listing(
    transaction: &Transaction<'_>,
    applied: &Applied,
    form_is_here: &BTreeMap<ContentHash, bool>,
) -> Result<(), StoreError> {
    let failed = StoreError::sql("save the list of forms");
    let Some((listings, digest)) = &applied.forms else {
        return Ok(());
    };
    transaction
        .execute("UPDATE forms SET listed = 0", [])
        .map_err(&failed)?;
    for (place, listing) in listings.iter().enumerate() {
        let listed = match listing.state {
            FormState::Published => 1,
            FormState::Closed => 2,
        };
        transaction
            .execute(
                "INSERT INTO forms (version, form_id, title, label, listed, place) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (version) DO UPDATE SET form_id = excluded.form_id, title = excluded.title,
                   label = excluded.label, listed = excluded.listed, place = excluded.place",
                params![
                    listing.version.0,
                    listing.form_id,
                    listing.title,
                    listing.label,
                    listed,
                    count(place)
                ],
            )
            .map_err(&failed)?;
        let is_here = form_is_here.get(&listing.version).copied().unwrap_or(false);
        transaction
            .execute(
                "INSERT INTO contents (hash, purpose, is_whole) VALUES (?1, ?2, ?3) ON CONFLICT (hash) DO NOTHING",
                params![listing.version.0, Purpose::Form as u8, is_here],
            )
            .map_err(&failed)?;
    }
    transaction
        .execute("UPDATE sync_state SET forms_digest = ?1", [digest])
        .map(|_| ())
        .map_err(&failed)
}

fn take_relays(transaction: &Transaction<'_>, applied: &Applied) -> Result<(), StoreError> {
    let failed = StoreError::sql("save what is to be relayed");
    for lacking in &applied.lacks {
        transaction
            .execute(
                "UPDATE changes SET relay = 1
                 WHERE device = ?1 AND incarnation = ?2 AND seq = ?3 AND relay <> 2",
                params![
                    lacking.replica.device.0.as_bytes(),
                    bits(lacking.replica.incarnation),
                    number(lacking.seq)
                ],
            )
            .map_err(&failed)?;
    }
    for receipt in &applied.relay_receipts {
        transaction
            .execute(
                "UPDATE changes SET relay = 2, position = ?4 WHERE device = ?1 AND incarnation = ?2 AND seq = ?3",
                params![
                    receipt.dot.replica.device.0.as_bytes(),
                    bits(receipt.dot.replica.incarnation),
                    number(receipt.dot.seq),
                    number(receipt.position.0)
                ],
            )
            .map_err(&failed)?;
    }
    Ok(())
}

fn take_place(transaction: &Transaction<'_>, applied: &Applied, now_ms: i64) -> Result<(), StoreError> {
    let failed = StoreError::sql("save where the device stands");
    transaction
        .execute(
            "UPDATE sync_state SET generation = ?1, office_ahead_ms = ?2,
               backed_up_through = max(backed_up_through, ?3),
               cursor = CASE WHEN cursor = ?4 OR ?6 THEN ?5 ELSE cursor END",
            params![
                bits(applied.generation.0),
                applied.office_time_ms.saturating_sub(now_ms),
                number(applied.backed_up_through.0),
                number(applied.cursor_from.0),
                number(applied.cursor_to.0),
                applied.restored
            ],
        )
        .map_err(&failed)?;
    let Some(offering) = &applied.offering else {
        return Ok(());
    };
    let (state, after) = match offering {
        None => (0, None),
        Some(None) => (1, None),
        Some(Some(dot)) => (2, Some(dot)),
    };
    transaction
        .execute(
            "UPDATE sync_state SET offering = ?1, offering_device = ?2, offering_incarnation = ?3, offering_seq = ?4",
            params![
                state,
                after.map(|dot| dot.replica.device.0.as_bytes().to_vec()),
                after.map(|dot| bits(dot.replica.incarnation)),
                after.map(|dot| number(dot.seq))
            ],
        )
        .map(|_| ())
        .map_err(&failed)
}

/// Whether a change of this device in that incarnation is held.
fn holds_incarnation(
    transaction: &Transaction<'_>,
    old: Replica,
    incarnation: u64,
) -> Result<bool, StoreError> {
    transaction
        .query_row(
            "SELECT EXISTS (SELECT 1 FROM changes WHERE device = ?1 AND incarnation = ?2)",
            params![old.device.0.as_bytes(), bits(incarnation)],
            |row| row.get(0),
        )
        .map_err(StoreError::sql("look for an incarnation"))
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
    renaming: &Renaming,
    kept: &BTreeMap<RecordId, u64>,
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
        let renamed = renaming.context(&context, kept.get(&record).copied());
        transaction
            .execute(
                "UPDATE interviews SET journal_context = ?2 WHERE record = ?1",
                params![record.0.as_bytes(), context_bytes(&renamed)],
            )
            .map_err(&failed)?;
    }
    Ok(())
}

fn line(transaction: &Transaction<'_>, at_ms: i64, what: &str, sentence: &str) -> Result<(), StoreError> {
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
