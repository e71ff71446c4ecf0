//! A device's store in memory.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use sampan_record::change::{Change, Header, Payload, RecordKey};
use sampan_record::ids::{ChangeHash, ContentHash, Dot, FormVersionId, PersonId, RecordId, Replica};
use sampan_record::op::Op;
use sampan_record::record::Record;
use sampan_record::schema::NoSchema;
use sampan_record::write::{self, Draft};

use crate::blob::{Offer, Part, Want};
use crate::error::SyncError;
use crate::fork::{self, Renaming};
use crate::forms::FormListing;
use crate::log::{Applied, DeviceLog, DeviceState};
use crate::memory::{content_hash, cut, merge};
use crate::names::PersonName;
use crate::push::Held;
use crate::receipt::{Cursor, Generation, Position, Receipt, Verdict};

/// A device without a disk. `Clone` is the copy of its folder.
#[derive(Debug, Clone)]
pub struct MemoryDevice {
    /// Who works with it.
    pub person: PersonId,
    /// The name it writes under.
    pub replica: Replica,
    /// Incarnations to take where [`fork::incarnation`] does not give one (its randomness).
    pub incarnations: VecDeque<u64>,
    /// All changes held, by name.
    pub changes: BTreeMap<Dot, Change>,
    /// Receipts of the current replica's changes.
    pub receipts: BTreeMap<u64, Receipt>,
    /// How far the office's backup reaches.
    pub backed_up_through: Position,
    /// The form listing.
    pub forms: Vec<FormListing>,
    /// Names of people, as the office told them.
    pub names: BTreeMap<PersonId, PersonName>,
    /// Complete content.
    pub contents: BTreeMap<ContentHash, Vec<u8>>,
    /// Content of which the beginning is there: total bytes and what is there.
    pub partial: BTreeMap<ContentHash, (u64, Vec<u8>)>,
    /// Media taken here.
    pub media: Vec<ContentHash>,
    /// Content safe at the office.
    pub safe: BTreeSet<ContentHash>,
    /// Attachments and media wanted besides listed forms.
    pub also_wanted: BTreeSet<ContentHash>,
    written_through: u64,
    acked_through: u64,
    generation: Generation,
    cursor: Cursor,
    forms_digest: [u8; 8],
    names_through: u64,
    office_was_restored: bool,
    offering: Option<Option<Dot>>,
    to_relay: BTreeSet<Dot>,
}

impl MemoryDevice {
    /// A device just enrolled.
    pub fn new(replica: Replica, person: PersonId, generation: Generation) -> MemoryDevice {
        MemoryDevice {
            person,
            replica,
            incarnations: VecDeque::new(),
            changes: BTreeMap::new(),
            receipts: BTreeMap::new(),
            backed_up_through: Position(0),
            forms: Vec::new(),
            names: BTreeMap::new(),
            contents: BTreeMap::new(),
            partial: BTreeMap::new(),
            media: Vec::new(),
            safe: BTreeSet::new(),
            also_wanted: BTreeSet::new(),
            written_through: 0,
            acked_through: 0,
            generation,
            cursor: Cursor(0),
            forms_digest: [0; 8],
            names_through: 0,
            office_was_restored: false,
            offering: None,
            to_relay: BTreeSet::new(),
        }
    }

    /// A record as this device sees it.
    pub fn record(&self, id: RecordId) -> Record {
        merge(id, self.changes.values())
    }

    /// The records of which a change is held.
    pub fn records(&self) -> BTreeSet<RecordId> {
        self.changes.values().map(|change| change.header.record).collect()
    }

    /// Writes one change, as saving an interview would. `new_key` is used where the record has no key yet. None when
    /// the ops cannot be written.
    pub fn write(
        &mut self,
        id: RecordId,
        form: FormVersionId,
        new_key: RecordKey,
        wall_time_ms: i64,
        ops: &[Op],
    ) -> Option<Dot> {
        let record = self.record(id);
        let key = record.key();
        let draft = Draft {
            replica: self.replica,
            seq: self.written_through + 1,
            prev: self.hash_of(self.written_through),
            record: id,
            context: record.context(),
            lamport: record.next_lamport(),
            author: self.person,
            form,
            wall_time_ms,
            utc_offset_min: 420,
            record_key: key.unwrap_or(new_key),
            is_first: key.is_none(),
        };
        let change = write::change(draft, ops, &NoSchema).ok()?;
        let dot = change.header.dot();
        self.push_own(change);
        Some(dot)
    }

    /// Takes a change of the current replica as it is, sound or not (tests make poison with it).
    pub fn push_own(&mut self, change: Change) {
        self.written_through = change.header.seq;
        self.changes.insert(change.header.dot(), change);
    }

    /// Keeps a media file.
    pub fn keep_media(&mut self, bytes: Vec<u8>) -> ContentHash {
        let hash = content_hash(&bytes);
        self.contents.insert(hash, bytes);
        self.media.push(hash);
        hash
    }

    /// The hash of an own change; zeros before the first.
    pub fn hash_of(&self, seq: u64) -> ChangeHash {
        let dot = Dot {
            replica: self.replica,
            seq,
        };
        self.changes.get(&dot).map_or(ChangeHash([0; 32]), Change::hash)
    }

    fn own(&self, from_seq: u64) -> impl Iterator<Item = &Change> {
        let from = Dot {
            replica: self.replica,
            seq: from_seq,
        };
        let replica = self.replica;
        self.changes
            .range(from..)
            .map(|(_, change)| change)
            .take_while(move |change| change.header.replica == replica)
    }

    fn take_part(&mut self, part: &Part) {
        let held = self.partial.entry(part.hash).or_default();
        if held.1.len() as u64 != part.offset {
            return;
        }
        held.0 = part.total_bytes;
        held.1.extend_from_slice(&part.bytes);
        if held.1.len() as u64 >= part.total_bytes {
            let whole = self.partial.remove(&part.hash).map(|(_, bytes)| bytes);
            if let Some(whole) = whole.filter(|whole| content_hash(whole) == part.hash) {
                self.contents.insert(part.hash, whole);
            }
        }
    }
}

impl DeviceLog for MemoryDevice {
    fn state(&mut self) -> Result<DeviceState, SyncError> {
        Ok(DeviceState {
            replica: self.replica,
            written_through: self.written_through,
            held_from: 1,
            acked_through: self.acked_through,
            generation: self.generation,
            cursor: self.cursor,
            forms_digest: self.forms_digest,
            names_through: self.names_through,
            office_was_restored: self.office_was_restored,
            offering: self.offering,
        })
    }

    fn own_changes(
        &mut self,
        from_seq: u64,
        budget_bytes: usize,
        limit: usize,
    ) -> Result<Vec<Change>, SyncError> {
        let mut left_bytes = budget_bytes;
        let mut changes = Vec::new();
        for change in self.own(from_seq).take(limit) {
            let n_bytes = match &change.payload {
                Payload::Full(bytes) | Payload::Redacted(bytes) => bytes.len(),
                Payload::Erased => 0,
            };
            if n_bytes > left_bytes && !changes.is_empty() {
                break;
            }
            left_bytes = left_bytes.saturating_sub(n_bytes);
            changes.push(change.clone());
        }
        Ok(changes)
    }

    fn quarantined(&mut self, limit: usize) -> Result<Vec<u64>, SyncError> {
        let receipts = self.receipts.values().rev();
        let waiting = receipts.filter(|receipt| matches!(receipt.verdict, Verdict::Quarantined(_)));
        Ok(waiting.map(|receipt| receipt.seq).take(limit).collect())
    }

    fn record_key(&mut self, header: &Header) -> Result<Option<RecordKey>, SyncError> {
        Ok(self.record(header.record).key_for(header))
    }

    fn holds(&mut self, after: Option<Dot>, limit: usize) -> Result<Vec<Held>, SyncError> {
        let foreign = self.changes.iter().filter(|(dot, change)| {
            dot.replica != self.replica
                && after.is_none_or(|after| **dot > after)
                && matches!(change.payload, Payload::Full(_))
        });
        Ok(foreign
            .take(limit)
            .map(|(dot, change)| Held {
                dot: *dot,
                hash: change.hash(),
            })
            .collect())
    }

    fn to_relay(&mut self, _budget_bytes: usize, limit: usize) -> Result<Vec<Change>, SyncError> {
        let mut changes: Vec<Change> = self
            .to_relay
            .iter()
            .filter_map(|dot| self.changes.get(dot).cloned())
            .collect();
        changes.sort_by_key(|change| (change.header.record, change.header.lamport));
        changes.truncate(limit);
        Ok(changes)
    }

    fn wanted(&mut self, limit: usize) -> Result<Vec<Want>, SyncError> {
        let listed = self.forms.iter().map(|listing| listing.version);
        let named = listed.chain(self.also_wanted.iter().copied());
        let missing = named.filter(|hash| !self.contents.contains_key(hash));
        Ok(missing
            .map(|hash| Want {
                hash,
                offset: self.partial.get(&hash).map_or(0, |(_, bytes)| bytes.len() as u64),
            })
            .take(limit)
            .collect())
    }

    fn offers(&mut self, skip: usize, limit: usize) -> Result<Vec<Offer>, SyncError> {
        let unsafe_media = self.media.iter().filter(|hash| !self.safe.contains(hash));
        Ok(unsafe_media
            .filter_map(|hash| {
                let bytes = self.contents.get(hash)?;
                Some(Offer {
                    hash: *hash,
                    total_bytes: bytes.len() as u64,
                })
            })
            .skip(skip)
            .take(limit)
            .collect())
    }

    fn read_content(
        &mut self,
        hash: ContentHash,
        offset: u64,
        limit_bytes: usize,
    ) -> Result<Option<Part>, SyncError> {
        let whole = self.contents.get(&hash);
        Ok(whole.and_then(|whole| cut(hash, whole, offset, limit_bytes)))
    }

    fn n_open(&mut self) -> Result<u64, SyncError> {
        Ok(0)
    }

    fn apply(&mut self, applied: &Applied) -> Result<(), SyncError> {
        self.generation = applied.generation;
        self.backed_up_through = applied.backed_up_through;
        if applied.restored {
            self.office_was_restored = true;
            self.safe.clear();
            self.to_relay.clear();
        }
        if applied.replica == self.replica {
            if applied.restored {
                self.acked_through = applied.acked_through.min(self.written_through);
                self.receipts.split_off(&(self.acked_through + 1));
            } else {
                let acked = applied.acked_through.min(self.written_through);
                self.acked_through = self.acked_through.max(acked);
            }
            for receipt in &applied.receipts {
                self.receipts.insert(receipt.seq, *receipt);
                let dot = Dot {
                    replica: self.replica,
                    seq: receipt.seq,
                };
                if let Some(change) = self.changes.get_mut(&dot)
                    && receipt.verdict == Verdict::Erased
                {
                    change.payload = Payload::Erased;
                    change.record_key = None;
                }
            }
        }
        for receipt in &applied.relay_receipts {
            self.to_relay.remove(&receipt.dot);
            if receipt.is_contradicted() && receipt.dot.replica != self.replica {
                self.changes.remove(&receipt.dot);
            }
        }
        for change in &applied.changes {
            self.changes
                .entry(change.header.dot())
                .or_insert_with(|| change.clone());
        }
        if applied.restored || self.cursor == applied.cursor_from {
            self.cursor = applied.cursor_to;
        }
        if let Some((listings, digest)) = &applied.forms {
            self.forms = listings.clone();
            self.forms_digest = *digest;
        }
        if applied.restored {
            self.names_through = 0;
        }
        if let Some(names) = &applied.names {
            self.names_through = self.names_through.max(names.through);
            for name in &names.names {
                self.names.insert(name.person, name.clone());
            }
        }
        for part in &applied.parts {
            self.take_part(part);
        }
        self.safe.extend(applied.safe.iter().copied());
        self.to_relay.extend(applied.lacks.iter().copied());
        if let Some(offering) = applied.offering {
            self.offering = offering;
        }
        Ok(())
    }

    fn reincarnate(&mut self, first_seq: u64) -> Result<(), SyncError> {
        let old = self.replica;
        let unknown: Vec<Change> = self.own(first_seq).cloned().collect();
        let mut kept = BTreeMap::new();
        for change in self.own(1).take_while(|change| change.header.seq < first_seq) {
            kept.insert(change.header.record, change.header.seq);
        }
        let issue_as = |incarnation: u64| {
            let new = Replica {
                device: old.device,
                incarnation,
            };
            let renaming = Renaming { old, new, first_seq };
            fork::reissue(&unknown, &renaming, &kept, &mut |_| None)
        };
        let holders = self.changes.keys().map(|dot| dot.replica);
        let taken: BTreeSet<Replica> = holders.filter(|replica| replica.device == old.device).collect();
        let is_free = |incarnation: u64, issued: &[Change]| {
            let new = Replica {
                device: old.device,
                incarnation,
            };
            // What a copy issued again before, and the office has passed on, is the same change, not another one.
            !taken.contains(&new)
                || issued.first().is_some_and(|first| {
                    let held = self.changes.get(&first.header.dot());
                    held.is_some_and(|held| held.hash() == first.hash())
                })
        };
        let follows = unknown.first().map(fork::incarnation);
        let again = follows.map(|incarnation| (incarnation, issue_as(incarnation)));
        let (incarnation, issued) = match again.filter(|(incarnation, issued)| is_free(*incarnation, issued))
        {
            Some(again) => again,
            None => {
                let next = self.incarnations.pop_front();
                let incarnation = next.unwrap_or(old.incarnation.wrapping_add(1));
                (incarnation, issue_as(incarnation))
            }
        };
        let new = Replica {
            device: old.device,
            incarnation,
        };
        self.go_on_as(new, &unknown, issued);
        Ok(())
    }

    fn rejoin(&mut self, first: Dot) -> Result<bool, SyncError> {
        let own: Vec<Change> = self.own(1).cloned().collect();
        let before = first.seq.checked_sub(1).filter(|seq| *seq > 0);
        let prev = before.and_then(|seq| self.changes.get(&Dot { seq, ..first }));
        let prev = prev.map_or(ChangeHash([0; 32]), Change::hash);
        if first.replica.device != self.replica.device {
            return Ok(false);
        }
        let Some(issued) = fork::take_back(&own, first, prev) else {
            return Ok(false);
        };
        self.go_on_as(first.replica, &own, issued);
        Ok(true)
    }
}

impl MemoryDevice {
    /// Replaces changes by what they are issued as, under the name the device has from now on.
    fn go_on_as(&mut self, new: Replica, before: &[Change], issued: Vec<Change>) {
        for change in before {
            self.changes.remove(&change.header.dot());
        }
        self.replica = new;
        self.receipts.clear();
        self.acked_through = 0;
        self.written_through = 0;
        for change in issued {
            let held = self.changes.get(&change.header.dot());
            if held.is_some_and(|held| held.hash() != change.hash()) {
                // A copy went on under this name from here; what it wrote comes again from the office, which will find
                // this fork too.
                self.cursor = Cursor(0);
            }
            self.push_own(change);
        }
    }
}
