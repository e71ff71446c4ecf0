//! An answer of the office, applied as a whole.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Transaction, params};
use sampan_record::change::Payload;
use sampan_record::ids::ContentHash;
use sampan_sync::blob::Part;
use sampan_sync::forms::FormState;
use sampan_sync::log::Applied;
use sampan_sync::receipt::Verdict;

use crate::blob::Progress;
use crate::device::DeviceStore;
use crate::device::changes::{empty, insert_change, remove_contradicted};
use crate::device::columns::{bits, number};
use crate::device::content::Purpose;
use crate::device::interviews::change_from;
use crate::device::syncing::{count, line};
use crate::error::StoreError;

impl DeviceStore {
    /// Puts pieces of content into the blob folder and gives those that are whole now.
    pub(super) fn take_parts(&mut self, parts: &[Part]) -> Result<Vec<ContentHash>, StoreError> {
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

    pub(super) fn apply_all(&mut self, applied: &Applied) -> Result<(), StoreError> {
        let whole = self.take_parts(&applied.parts)?;
        let now_ms = self.now_ms();
        let own = self.replica()?;
        let is_current = own == applied.replica;
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
            for receipt in applied.relay_receipts.iter().filter(|one| one.is_contradicted()) {
                if receipt.dot.replica != own {
                    remove_contradicted(transaction, receipt.dot)?;
                    line(
                        transaction,
                        now_ms,
                        "contradicted",
                        &format!(
                            "The office, restored from a backup, knows another change than the one held here as number \
                             {} of a device; it keeps the one from here apart, and a supervisor will decide.",
                            receipt.dot.seq
                        ),
                    )?;
                }
            }
            for change in &applied.changes {
                if !insert_change(transaction, change, false)? {
                    transaction
                        .prepare_cached("UPDATE changes SET relay = 0 WHERE hash = ?1 AND relay = 3")
                        .and_then(|mut statement| statement.execute([change.hash().0]))
                        .map_err(&failed)?;
                }
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
            take_names(transaction, applied)?;
            take_relays(transaction, applied)?;
            take_place(transaction, applied, now_ms)
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
        .execute("UPDATE changes SET relay = 0 WHERE relay IN (1, 2)", [])
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

fn take_names(transaction: &Transaction<'_>, applied: &Applied) -> Result<(), StoreError> {
    let failed = StoreError::sql("save names of people");
    let through = applied.names.as_ref().map_or(0, |names| names.through);
    for name in applied.names.iter().flat_map(|names| &names.names) {
        transaction
            .execute(
                "INSERT INTO people (person, name, standing) VALUES (?1, ?2, ?3)
                 ON CONFLICT (person) DO UPDATE SET name = excluded.name, standing = excluded.standing",
                params![name.person.0.as_bytes(), name.name, number(name.standing.code())],
            )
            .map_err(&failed)?;
    }
    if through == 0 && !applied.restored {
        return Ok(());
    }
    transaction
        .execute(
            "UPDATE sync_state SET names_through = CASE WHEN ?2 THEN ?1 ELSE max(names_through, ?1) END",
            params![number(through), applied.restored],
        )
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
