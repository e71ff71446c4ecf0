//! The office's store in memory.

use std::collections::{BTreeMap, BTreeSet};

use sampan_record::change::{Change, Header, Payload, RecordKey};
use sampan_record::codec;
use sampan_record::ids::{
    ChangeHash, ContentHash, DeviceId, Dot, FormVersionId, PersonId, RecordId, Replica,
};
use sampan_record::op::Op;
use sampan_record::record::Record;
use sampan_record::schema::NoSchema;
use sampan_record::write::{self, Draft};

use crate::blob::{ContentState, Part};
use crate::error::SyncError;
use crate::fork;
use crate::forms::FormListing;
use crate::hello::{Contact, OfficeFacts};
use crate::log::{Caller, Chain, Decided, Judgement, KeptReceipt, KeyState, OfficeLog, OfficeTransaction};
use crate::log::{OfficeWork, Route};
use crate::memory::{content_hash, cut, merge};
use crate::names::{NameEntry, PersonName, Standing};
use crate::pull::FeedEntry;
use crate::push::PushResponse;
use crate::receipt::{Cursor, Generation, Position, Reason, Verdict};

/// The office without a disk. `Clone` is a backup.
#[derive(Debug, Clone)]
pub struct MemoryOffice {
    /// The committed database.
    pub data: Data,
    /// Persons who see every record.
    pub overseers: BTreeSet<PersonId>,
    /// Persons who may write nothing.
    pub barred: BTreeSet<PersonId>,
    /// Form versions the office has; None = it takes any.
    pub known_forms: Option<BTreeSet<FormVersionId>>,
    /// Whether payloads are taken without being read (they are written under a form this office does not know).
    pub takes_payloads_unread: bool,
    /// The listing.
    pub forms: Vec<FormListing>,
    /// Names of people; see [`MemoryOffice::call`].
    pub names: BTreeMap<PersonId, PersonName>,
    /// Records whose content is erased.
    pub erased: BTreeSet<RecordId>,
    /// Complete content.
    pub contents: BTreeMap<ContentHash, Vec<u8>>,
    /// Content of which the beginning is there.
    pub partial: BTreeMap<ContentHash, Vec<u8>>,
    /// Media that kept changes name.
    pub wanted: BTreeSet<ContentHash>,
    /// What devices said of themselves last.
    pub contacts: BTreeMap<DeviceId, Contact>,
    /// How far the last backup reaches.
    pub backed_up_through: Position,
    /// Revisions of names, by who sees them and whose they are.
    acquaintances: BTreeMap<(PersonId, PersonId), u64>,
    newest_revision: u64,
    generation: Generation,
    /// Earlier generations, and where each one's feeds stood when the next began.
    ancestors: Vec<(Generation, BTreeMap<PersonId, u64>)>,
}

/// What a transaction changes.
#[derive(Debug, Clone, Default)]
pub struct Data {
    /// All changes with their verdicts, by position (from 1).
    pub log: Vec<(Change, Verdict)>,
    /// Receipts, unique by name.
    pub receipts: BTreeMap<Dot, KeptReceipt>,
    /// Where changes stand whose names others have, by hash.
    contradicted: BTreeMap<ChangeHash, Position>,
    chains: BTreeMap<Replica, Chain>,
    feeds: BTreeMap<PersonId, Vec<Change>>,
    views: BTreeMap<RecordId, BTreeSet<PersonId>>,
}

impl Data {
    /// The changes of a record that are in force.
    pub fn in_force(&self, record: RecordId) -> impl Iterator<Item = &Change> {
        self.log
            .iter()
            .filter(move |(change, verdict)| {
                change.header.record == record && !matches!(verdict, Verdict::Quarantined(_))
            })
            .map(|(change, _)| change)
    }
}

impl MemoryOffice {
    /// An office just founded.
    pub fn new(generation: Generation) -> MemoryOffice {
        MemoryOffice {
            data: Data::default(),
            overseers: BTreeSet::new(),
            barred: BTreeSet::new(),
            known_forms: None,
            takes_payloads_unread: false,
            forms: Vec::new(),
            names: BTreeMap::new(),
            erased: BTreeSet::new(),
            contents: BTreeMap::new(),
            partial: BTreeMap::new(),
            wanted: BTreeSet::new(),
            contacts: BTreeMap::new(),
            backed_up_through: Position(0),
            acquaintances: BTreeMap::new(),
            newest_revision: 0,
            generation,
            ancestors: Vec::new(),
        }
    }

    /// The office begins a new life from this state, which was a backup.
    pub fn restore(mut self, generation: Generation) -> MemoryOffice {
        let feeds = self.data.feeds.iter();
        let ends = feeds.map(|(person, feed)| (*person, feed.len() as u64)).collect();
        self.ancestors.push((self.generation, ends));
        self.generation = generation;
        self
    }

    /// The life it is in.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// A record as the office sees it.
    pub fn record(&self, id: RecordId) -> Record {
        merge(id, self.data.in_force(id))
    }

    /// The records of which a change is in force.
    pub fn records(&self) -> BTreeSet<RecordId> {
        let in_force = self
            .data
            .log
            .iter()
            .filter(|(_, verdict)| *verdict == Verdict::Kept);
        in_force.map(|(change, _)| change.header.record).collect()
    }

    /// Lets a person see a record: all its changes come into the person's feed.
    pub fn show(&mut self, person: PersonId, record: RecordId) {
        self.data.show(person, record);
    }

    /// Names a person, or names one anew.
    pub fn call(&mut self, person: PersonId, name: &str, standing: Standing) {
        let name = PersonName {
            person,
            name: name.to_owned(),
            standing,
        };
        self.names.insert(person, name);
        for ((_, known), revision) in &mut self.acquaintances {
            if *known == person {
                self.newest_revision += 1;
                *revision = self.newest_revision;
            }
        }
    }

    /// The office writes as a device of its own. None when the ops cannot be written.
    pub fn write_as(
        &mut self,
        replica: Replica,
        author: PersonId,
        id: RecordId,
        new_key: RecordKey,
        ops: &[Op],
    ) -> Option<Dot> {
        let record = self.record(id);
        let chain = self.data.chain_of(replica);
        let key = record.key();
        let draft = Draft {
            replica,
            seq: chain.through + 1,
            prev: chain.hash,
            record: id,
            context: record.context(),
            lamport: record.next_lamport(),
            author,
            form: record.form().unwrap_or(ContentHash([0; 32])),
            wall_time_ms: 0,
            utc_offset_min: 0,
            record_key: key.unwrap_or(new_key),
            is_first: key.is_none(),
        };
        let change = write::change(draft, ops, &NoSchema).ok()?;
        let hash = change.hash();
        let dot = change.header.dot();
        self.data.keep(&change, hash, Verdict::Kept, &self.overseers);
        self.data.chains.insert(
            replica,
            Chain {
                through: dot.seq,
                hash,
            },
        );
        Some(dot)
    }
}

impl Data {
    fn chain_of(&self, replica: Replica) -> Chain {
        let none = Chain {
            through: 0,
            hash: ChangeHash([0; 32]),
        };
        self.chains.get(&replica).copied().unwrap_or(none)
    }

    fn show(&mut self, person: PersonId, record: RecordId) {
        if self.views.entry(record).or_default().insert(person) {
            let all: Vec<Change> = self.in_force(record).cloned().collect();
            self.feeds.entry(person).or_default().extend(all);
        }
    }

    fn keep(
        &mut self,
        change: &Change,
        hash: ChangeHash,
        verdict: Verdict,
        overseers: &BTreeSet<PersonId>,
    ) -> Position {
        let record = change.header.record;
        let mut stored = change.clone();
        if verdict == Verdict::Erased {
            stored.payload = Payload::Erased;
            stored.record_key = None;
        }
        let dot = change.header.dot();
        let viewers = self.views.entry(record).or_default().clone();
        self.log.push((stored.clone(), verdict));
        let position = Position(self.log.len() as u64);
        self.receipts.insert(
            dot,
            KeptReceipt {
                hash,
                verdict,
                position,
            },
        );
        if !matches!(verdict, Verdict::Quarantined(_)) {
            for viewer in viewers {
                self.feeds.entry(viewer).or_default().push(stored.clone());
            }
            self.show(change.header.author, record);
            for overseer in overseers {
                self.show(*overseer, record);
            }
        }
        position
    }
}

/// One write transaction: on an error the whole of it is forgotten.
struct Transaction<'a> {
    office: &'a mut MemoryOffice,
}

impl OfficeTransaction for Transaction<'_> {
    fn chain(&mut self, replica: Replica) -> Result<Chain, SyncError> {
        Ok(self.office.data.chain_of(replica))
    }

    fn advance(&mut self, replica: Replica, chain: Chain) -> Result<(), SyncError> {
        self.office.data.chains.insert(replica, chain);
        Ok(())
    }

    fn receipt(&mut self, dot: Dot) -> Result<Option<KeptReceipt>, SyncError> {
        Ok(self.office.data.receipts.get(&dot).copied())
    }

    fn record_key(&mut self, header: &Header) -> Result<KeyState, SyncError> {
        if self.office.erased.contains(&header.record) {
            return Ok(KeyState::Dropped);
        }
        let known = self.office.data.log.iter().find_map(|(change, _)| {
            let key = change.record_key?;
            (change.header.record == header.record).then_some(key)
        });
        Ok(known.map_or(KeyState::Unknown, KeyState::Known))
    }

    fn lamport_of(&mut self, record: RecordId, dot: Dot) -> Result<Option<u64>, SyncError> {
        let found = self
            .office
            .data
            .in_force(record)
            .find(|change| change.header.dot() == dot);
        Ok(found.map(|change| change.header.lamport))
    }

    fn judge(&mut self, caller: &Caller, change: &Change, route: Route) -> Result<Judgement, SyncError> {
        let is_foreign = route == Route::Own && change.header.author != caller.person;
        Ok(self.office.judgement(change, is_foreign))
    }

    fn keep(&mut self, _caller: &Caller, decided: Decided<'_>) -> Result<Position, SyncError> {
        let overseers = self.office.overseers.clone();
        Ok(self
            .office
            .data
            .keep(decided.change, decided.hash, decided.verdict, &overseers))
    }

    fn forked_from(&mut self, replica: Replica) -> Result<Option<Dot>, SyncError> {
        let of_device = |dot: &Dot| dot.replica.device == replica.device;
        let mut receipts = self.office.data.receipts.iter().filter(|(dot, _)| of_device(dot));
        let found = receipts.find(|(_, kept)| fork::incarnation_of(kept.hash) == replica.incarnation);
        Ok(found.map(|(dot, _)| *dot))
    }

    fn contradicted(&mut self, hash: ChangeHash) -> Result<Option<Position>, SyncError> {
        Ok(self.office.data.contradicted.get(&hash).copied())
    }

    fn keep_contradicted(
        &mut self,
        _caller: &Caller,
        change: &Change,
        hash: ChangeHash,
    ) -> Result<Position, SyncError> {
        let data = &mut self.office.data;
        data.log
            .push((change.clone(), Verdict::Quarantined(Reason::Contradicted)));
        let position = Position(data.log.len() as u64);
        data.contradicted.insert(hash, position);
        Ok(position)
    }
}

impl OfficeLog for MemoryOffice {
    fn write(&mut self, work: OfficeWork) -> Result<PushResponse, SyncError> {
        let before = self.data.clone();
        let result = work(&mut Transaction { office: self });
        if result.is_err() {
            self.data = before;
        }
        result
    }

    fn facts(&mut self) -> Result<OfficeFacts, SyncError> {
        Ok(OfficeFacts {
            generation: self.generation,
            backed_up_through: self.backed_up_through,
            restored: !self.ancestors.is_empty(),
        })
    }

    fn shared_cursor(&mut self, caller: &Caller, earlier: Generation) -> Result<Cursor, SyncError> {
        let since = self
            .ancestors
            .iter()
            .skip_while(|(generation, _)| *generation != earlier);
        let ends = since.map(|(_, ends)| ends.get(&caller.person).copied().unwrap_or(0));
        Ok(Cursor(ends.min().unwrap_or(0)))
    }

    fn feed(&mut self, caller: &Caller, after: Cursor, limit: usize) -> Result<Vec<FeedEntry>, SyncError> {
        let Some(feed) = self.data.feeds.get(&caller.person) else {
            return Ok(Vec::new());
        };
        let skip = usize::try_from(after.0).unwrap_or(usize::MAX);
        let entries = (after.0.saturating_add(1)..).zip(feed.iter().skip(skip).take(limit));
        Ok(entries
            .map(|(cursor, change)| FeedEntry {
                cursor: Cursor(cursor),
                change: change.clone(),
            })
            .collect())
    }

    fn forms(&mut self, _caller: &Caller) -> Result<Vec<FormListing>, SyncError> {
        Ok(self.forms.clone())
    }

    fn names(&mut self, caller: &Caller, after: u64, limit: usize) -> Result<Vec<NameEntry>, SyncError> {
        let feed = self.data.feeds.get(&caller.person).into_iter().flatten();
        let mut entries = Vec::new();
        for person in feed.map(|change| change.header.author).collect::<BTreeSet<_>>() {
            let Some(name) = self.names.get(&person).cloned() else {
                continue;
            };
            let next = self.newest_revision + 1;
            let revision = *self.acquaintances.entry((caller.person, person)).or_insert(next);
            self.newest_revision = self.newest_revision.max(revision);
            entries.push(NameEntry { revision, name });
        }
        entries.retain(|entry| entry.revision > after);
        entries.sort_by_key(|entry| entry.revision);
        entries.truncate(limit);
        Ok(entries)
    }

    fn read_content(
        &mut self,
        _caller: &Caller,
        hash: ContentHash,
        offset: u64,
        limit_bytes: usize,
    ) -> Result<Option<Part>, SyncError> {
        let whole = self.contents.get(&hash);
        Ok(whole.and_then(|whole| cut(hash, whole, offset, limit_bytes)))
    }

    fn content_state(&mut self, caller: &Caller, hash: ContentHash) -> Result<ContentState, SyncError> {
        if self.contents.contains_key(&hash) {
            return Ok(ContentState::Complete);
        }
        let is_wanted =
            self.wanted.contains(&hash) || self.missing_forms(caller, usize::MAX)?.contains(&hash);
        if !is_wanted {
            return Ok(ContentState::Unwanted);
        }
        let bytes = self.partial.get(&hash).map_or(0, |bytes| bytes.len() as u64);
        Ok(ContentState::Wanted { bytes })
    }

    fn missing_forms(&mut self, caller: &Caller, limit: usize) -> Result<Vec<ContentHash>, SyncError> {
        let mut missing = BTreeSet::new();
        for kept in self.data.receipts.values() {
            if kept.verdict == Verdict::Quarantined(Reason::UnknownForm) {
                let index = usize::try_from(kept.position.0)
                    .ok()
                    .and_then(|at| at.checked_sub(1));
                if let Some((change, _)) = index.and_then(|index| self.data.log.get(index))
                    && change.header.replica.device == caller.device
                {
                    missing.insert(change.header.form);
                }
            }
        }
        missing.retain(|hash| !self.contents.contains_key(hash));
        Ok(missing.into_iter().take(limit).collect())
    }

    fn put_part(&mut self, caller: &Caller, part: &Part) -> Result<ContentState, SyncError> {
        let state = self.content_state(caller, part.hash)?;
        let ContentState::Wanted { bytes } = state else {
            return Ok(state);
        };
        if bytes != part.offset {
            return Ok(state);
        }
        let held = self.partial.entry(part.hash).or_default();
        held.extend_from_slice(&part.bytes);
        if held.len() as u64 >= part.total_bytes
            && let Some(whole) = self.partial.remove(&part.hash)
            && content_hash(&whole) == part.hash
        {
            self.contents.insert(part.hash, whole);
            self.release(part.hash);
        }
        self.content_state(caller, part.hash)
    }

    fn contact(&mut self, caller: &Caller, _replica: Replica, contact: &Contact) -> Result<(), SyncError> {
        self.contacts.insert(caller.device, *contact);
        Ok(())
    }
}

impl MemoryOffice {
    /// The rules of this office. `is_foreign`: the change came from its device under another person's name.
    fn judgement(&self, change: &Change, is_foreign: bool) -> Judgement {
        let header = &change.header;
        if self.erased.contains(&header.record) {
            return Judgement::Erased;
        }
        let known = self.known_forms.as_ref();
        if known.is_some_and(|known| !known.contains(&header.form)) {
            return Judgement::Quarantine(Reason::UnknownForm);
        }
        if is_foreign || self.barred.contains(&header.author) {
            return Judgement::Quarantine(Reason::NotAllowed);
        }
        match &change.payload {
            Payload::Full(bytes) | Payload::Redacted(bytes)
                if !self.takes_payloads_unread && codec::decode_ops(bytes, &NoSchema).is_err() =>
            {
                Judgement::Quarantine(Reason::UndecodablePayload)
            }
            Payload::Full(_) | Payload::Redacted(_) | Payload::Erased => Judgement::Keep,
        }
    }

    /// A form has come: what waited for it comes into force.
    fn release(&mut self, form: FormVersionId) {
        if let Some(known) = &mut self.known_forms {
            known.insert(form);
        }
        let waiting: Vec<Change> = self
            .data
            .log
            .iter()
            .filter(|(change, verdict)| {
                change.header.form == form && *verdict == Verdict::Quarantined(Reason::UnknownForm)
            })
            .map(|(change, _)| change.clone())
            .collect();
        let overseers = self.overseers.clone();
        for change in waiting {
            let still_waits = self
                .data
                .receipts
                .get(&change.header.dot())
                .is_some_and(|kept| kept.verdict == Verdict::Quarantined(Reason::UnknownForm));
            if still_waits {
                let verdict = match self.judgement(&change, false) {
                    Judgement::Keep => Verdict::Kept,
                    Judgement::Quarantine(reason) => Verdict::Quarantined(reason),
                    Judgement::Erased => Verdict::Erased,
                };
                self.data.keep(&change, change.hash(), verdict, &overseers);
            }
        }
    }
}
