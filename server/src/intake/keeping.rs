//! Changes into the log, and what follows from them in the same transaction: erasures, lists, feeds, second chances.

use std::collections::{BTreeMap, BTreeSet};

use sampan_record::change::{Change, Header, Payload};
use sampan_record::erasure;
use sampan_record::ids::{ChangeHash, FormVersionId, PersonId, RecordId};
use sampan_record::op::Op;
use sampan_record::record::Record;
use sampan_record::schema::NoSchema;
use sampan_record::write;
use sampan_store::office::quarantine::{QuarantineRow, Waiting};
use sampan_store::office::session::Writing;
use sampan_sync::log::{Chain, Judgement, KeyState};
use sampan_sync::receipt::{Position, Reason, Verdict};

use crate::access::{Action, Decision, Principal, RecordPlace, Resource, authorize};
use crate::error::OfficeError;
use crate::intake::rights;
use crate::people;
use crate::projecting;
use crate::state::Office;
use sampan_record::ids::DeviceId;

/// How often changes that waited for each other's rights are tried in one transaction.
const ROUNDS: usize = 8;

/// One write transaction's worth of keeping. [`Keeping::finish`] must be called before it ends.
pub struct Keeping<'a> {
    office: &'a Office,
    writing: &'a Writing<'a>,
    now_ms: i64,
    people: BTreeMap<PersonId, Option<Principal>>,
    /// Positions that came into force, by record.
    fresh: BTreeMap<RecordId, Vec<Position>>,
    with_devices: Option<Vec<PersonId>>,
    has_erased: bool,
}

impl<'a> Keeping<'a> {
    /// Begins.
    pub fn new(office: &'a Office, writing: &'a Writing<'a>, now_ms: i64) -> Keeping<'a> {
        Keeping {
            office,
            writing,
            now_ms,
            people: BTreeMap::new(),
            fresh: BTreeMap::new(),
            with_devices: None,
            has_erased: false,
        }
    }

    /// Whether something was emptied: then the database's log is to be emptied too, after the commit.
    pub fn has_erased(&self) -> bool {
        self.has_erased
    }

    /// The transaction.
    pub fn writing(&self) -> &'a Writing<'a> {
        self.writing
    }

    /// The moment of the transaction.
    pub fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// A person with the rights of this moment.
    pub fn person(&mut self, person: PersonId) -> Result<Option<Principal>, OfficeError> {
        if let Some(known) = self.people.get(&person) {
            return Ok(known.clone());
        }
        let found = people::principal(self.writing, person)?;
        self.people.insert(person, found.clone());
        Ok(found)
    }

    /// The office's judgement on a change, with words.
    pub fn judge(&mut self, change: &Change) -> Result<(Judgement, String), OfficeError> {
        let author = self.person(change.header.author)?;
        rights::judge(self.office, self.writing, change, author.as_ref())
    }

    /// What is known of the key that a change's payload hash was made with.
    pub fn key_state(&self, header: &Header) -> Result<KeyState, OfficeError> {
        let keys = self.writing.keys_of(header.record)?;
        match keys.as_slice() {
            [] => Ok(KeyState::Unknown),
            [Some(only)] => Ok(KeyState::Known(*only)),
            several => {
                let of_record = projecting::load(self.office, self.writing, header.record)?
                    .and_then(|loaded| loaded.record.key_for(header));
                let newest = several.iter().rev().find_map(|key| *key);
                match (of_record, newest) {
                    (Some(key), _) => Ok(KeyState::Known(key)),
                    // Only changes in quarantine brought keys, and none was dropped.
                    (None, Some(key)) if !several.contains(&None) => Ok(KeyState::Known(key)),
                    (None, _) => Ok(KeyState::Dropped),
                }
            }
        }
    }

    /// Puts a change into the log with its verdict; one that waits already gets the better verdict at its place.
    /// `words`: why it waits, when it waits.
    pub fn keep(
        &mut self,
        change: &Change,
        hash: ChangeHash,
        verdict: Verdict,
        brought_by: DeviceId,
        words: &str,
    ) -> Result<Position, OfficeError> {
        let header_only;
        let change = match verdict {
            Verdict::Erased => {
                header_only = emptied(change);
                &header_only
            }
            Verdict::Kept | Verdict::Duplicate | Verdict::Quarantined(_) => change,
        };
        let waiting = self
            .writing
            .receipt(change.header.dot())?
            .map(|receipt| receipt.position);
        let at = match waiting {
            Some(at) => {
                self.writing.keep_again(at, change)?;
                self.writing.set_verdict(at, verdict)?;
                at
            }
            None => self.writing.keep_change(change, hash, verdict, self.now_ms)?,
        };
        match verdict {
            Verdict::Quarantined(cause) => {
                if self.writing.keys_of(change.header.record)?.contains(&None) {
                    self.fresh.entry(change.header.record).or_default();
                }
                let reason = if words.is_empty() {
                    cause.to_string()
                } else {
                    words.to_string()
                };
                self.writing.quarantine(
                    &Waiting {
                        position: at,
                        device: brought_by,
                        author: change.header.author,
                        form: change.header.form,
                        cause,
                        reason,
                    },
                    self.now_ms,
                )?;
            }
            Verdict::Kept | Verdict::Duplicate | Verdict::Erased => {
                if waiting.is_some() {
                    self.writing.enter_force(at, verdict)?;
                    self.writing.release(at, self.now_ms)?;
                }
                self.in_force(change, at)?;
            }
        }
        Ok(at)
    }

    /// Where a change stands that another one's name kept from a receipt.
    pub fn contradicted(&self, hash: ChangeHash) -> Result<Option<Position>, OfficeError> {
        Ok(self.writing.contradicted(hash)?)
    }

    /// Puts a change into quarantine whose name and number another one has.
    pub fn keep_contradicted(
        &mut self,
        change: &Change,
        hash: ChangeHash,
        brought_by: DeviceId,
    ) -> Result<Position, OfficeError> {
        let at = self.writing.keep_contradicted(change, hash, self.now_ms)?;
        if self.writing.keys_of(change.header.record)?.contains(&None) {
            self.fresh.entry(change.header.record).or_default();
        }
        self.writing.quarantine(
            &Waiting {
                position: at,
                device: brought_by,
                author: change.header.author,
                form: change.header.form,
                cause: Reason::Contradicted,
                reason:
                    "the office was restored and had forgotten it, and a copy of the phone wrote another \
                         change of the same number"
                        .into(),
            },
            self.now_ms,
        )?;
        Ok(at)
    }

    /// Tries changes again that waited for their form.
    pub fn retry_form(&mut self, form: FormVersionId) -> Result<(), OfficeError> {
        for row in self.writing.quarantined_under(form)? {
            self.retry(&row)?;
        }
        Ok(())
    }

    /// Tries changes again that waited for a right of their author.
    pub fn retry_author(&mut self, author: PersonId) -> Result<(), OfficeError> {
        for row in self.writing.quarantined()? {
            if row.author == author && row.cause == Reason::NotAllowed {
                self.retry(&row)?;
            }
        }
        Ok(())
    }

    /// Does what follows from the changes that came into force: other changes that waited for them, erasures, lists,
    /// feeds.
    pub fn finish(&mut self) -> Result<(), OfficeError> {
        for record in self.fresh.keys().copied().collect::<Vec<_>>() {
            self.retry_record(record, Reason::KeyMissing)?;
        }
        // An assignment that came into force may give the right that another change waited for, and so on.
        for _ in 0..ROUNDS {
            let fresh = std::mem::take(&mut self.fresh);
            if fresh.is_empty() {
                return Ok(());
            }
            for (record, positions) in fresh {
                self.finish_record(record, &positions)?;
                self.retry_record(record, Reason::NotAllowed)?;
            }
        }
        for (record, positions) in std::mem::take(&mut self.fresh) {
            self.finish_record(record, &positions)?;
        }
        Ok(())
    }

    fn retry_record(&mut self, record: RecordId, cause: Reason) -> Result<(), OfficeError> {
        for row in self.writing.quarantined_of(record)? {
            if row.cause == cause {
                self.retry(&row)?;
            }
        }
        Ok(())
    }

    /// Brings a person's view in step with the person's rights of this moment.
    pub fn look_again(&mut self, person: PersonId) -> Result<(), OfficeError> {
        self.people.remove(&person);
        let has_device = self.writing.people_with_devices()?.contains(&person);
        let principal = self.person(person)?.filter(|_| has_device);
        let seen: BTreeSet<RecordId> = self.writing.seen_by(person)?.into_iter().collect();
        for record in self.writing.records()? {
            let place = rights::place(self.writing, record)?.unwrap_or_default();
            let may_see = principal
                .as_ref()
                .is_some_and(|principal| sees(principal, &place));
            match (may_see, seen.contains(&record)) {
                (true, false) => self.writing.bring_into_sight(person, record)?,
                (false, true) => self.writing.take_out_of_sight(person, record)?,
                (true, true) | (false, false) => {}
            }
        }
        Ok(())
    }

    fn retry(&mut self, row: &QuarantineRow) -> Result<(), OfficeError> {
        if row.cause == Reason::Contradicted {
            return Ok(());
        }
        let Some(stored) = self.writing.change_at(row.position)? else {
            return Ok(());
        };
        let header = &stored.change.header;
        if !self.is_by_its_devices_owner(row, header)? {
            return Ok(());
        }
        let key = match self.key_state(header)? {
            KeyState::Known(key) => Some(key),
            KeyState::Unknown | KeyState::Dropped => None,
        };
        let verdict = match write::verify(&stored.change, key.as_ref()) {
            Ok(write::Checked::Matches | write::Checked::Emptied) => match self.judge(&stored.change)? {
                (Judgement::Keep, _) => Verdict::Kept,
                (Judgement::Erased, _) => Verdict::Erased,
                (Judgement::Quarantine(cause), words) => return self.wait_on(row, cause, words),
            },
            Ok(write::Checked::NoKey) => return Ok(()),
            Err(error) => return self.wait_on(row, Reason::PayloadHashMismatch, error.to_string()),
        };
        let is_taken_for_seen = self.is_taken_for_seen(header)?;
        self.writing.enter_force(row.position, verdict)?;
        self.writing.release(row.position, self.now_ms)?;
        self.in_force(&stored.change, row.position)?;
        if is_taken_for_seen && verdict == Verdict::Kept {
            self.issue_again(&stored.change)?;
        }
        Ok(())
    }

    /// Whether a change came from the device that wrote it in the name of that device's owner. What other devices
    /// relayed is not asked that.
    fn is_by_its_devices_owner(&self, row: &QuarantineRow, header: &Header) -> Result<bool, OfficeError> {
        if header.replica.device != row.device {
            return Ok(true);
        }
        let device = self.writing.device(row.device)?;
        Ok(device.is_some_and(|device| device.person == header.author))
    }

    /// Whether the office wrote to the record with a context that reaches behind this change while it was kept apart.
    fn is_taken_for_seen(&self, header: &Header) -> Result<bool, OfficeError> {
        let office = self.writing.identity()?.replica.device;
        let loaded = projecting::load(self.office, self.writing, header.record)?;
        Ok(loaded.is_some_and(|loaded| {
            loaded
                .record
                .changes()
                .any(|(later, _)| later.replica.device == office && later.context.covers(&header.dot()))
        }))
    }

    /// Issues a released change again under the office's name, which no earlier context reaches: so no decision covers
    /// it, and no answer replaces it, that was written without having seen it.
    fn issue_again(&mut self, released: &Change) -> Result<(), OfficeError> {
        let replica = self.writing.identity()?.replica;
        let chain = self.writing.chain(replica)?;
        let seq = chain.through.saturating_add(1);
        let context = released.header.context.clone();
        let again = write::reissue(released, replica, seq, chain.hash, context);
        let hash = again.hash();
        self.keep(&again, hash, Verdict::Kept, replica.device, "")?;
        let chain = Chain { through: seq, hash };
        self.writing.advance(replica, chain, self.now_ms)?;
        Ok(())
    }

    fn wait_on(&mut self, row: &QuarantineRow, cause: Reason, reason: String) -> Result<(), OfficeError> {
        self.writing
            .set_verdict(row.position, Verdict::Quarantined(cause))?;
        self.writing.quarantine(
            &Waiting {
                position: row.position,
                device: row.device,
                author: row.author,
                form: row.form,
                cause,
                reason,
            },
            row.kept_at_ms,
        )?;
        Ok(())
    }

    fn in_force(&mut self, change: &Change, at: Position) -> Result<(), OfficeError> {
        let record = change.header.record;
        if self.writing.home(record)?.is_none() {
            let home = match self.person(change.header.author)? {
                Some(author) => rights::home_for(self.office, &author, record),
                None => sampan_store::office::changes::RecordHome {
                    record,
                    owner: change.header.author,
                    project: self.office.config().project.clone(),
                    country: String::new(),
                    province: String::new(),
                    team: String::new(),
                },
            };
            self.writing.settle_home(&home)?;
        }
        self.fresh.entry(record).or_default().push(at);
        Ok(())
    }

    fn finish_record(&mut self, record: RecordId, positions: &[Position]) -> Result<(), OfficeError> {
        let Some(mut loaded) = projecting::load(self.office, self.writing, record)? else {
            return Ok(());
        };
        if loaded.record.erased() || !loaded.record.erased_questions().is_empty() {
            self.redact(&mut loaded)?;
        }
        let Some(home) = self.writing.home(record)? else {
            return Err(OfficeError::Damaged(format!("record {record} has no home")));
        };
        let row = projecting::row_of(self.office, &loaded, &home)?;
        self.writing.put_row(&row)?;
        for person in projecting::participants(&loaded.record) {
            self.writing.note_participant(record, person)?;
        }
        // First those who have the record already get the new changes; who comes into view now gets all of them.
        for at in positions {
            self.writing.append_to_feeds(record, *at)?;
        }
        let place = projecting::row_place(&row);
        let seers = self.writing.seers(record)?;
        for person in self.with_devices()? {
            let may_see = self
                .person(person)?
                .is_some_and(|principal| sees(&principal, &place));
            match (may_see, seers.contains(&person)) {
                (true, false) => self.writing.bring_into_sight(person, record)?,
                (false, true) => self.writing.take_out_of_sight(person, record)?,
                (true, true) | (false, false) => {}
            }
        }
        Ok(())
    }

    /// Empties what the record's erasures name, in every change that is kept, in force or waiting.
    fn redact(&mut self, loaded: &mut projecting::Loaded) -> Result<(), OfficeError> {
        for stored in &mut loaded.changes {
            let ops = projecting::ops_of(self.office, stored)?;
            if let Some(redacted) = self.redacted(&loaded.record, &stored.change, &ops)? {
                self.has_erased = true;
                self.writing.empty_change(stored.position, &redacted)?;
                if loaded.record.is_erased(&stored.change.header) {
                    self.writing.set_verdict(stored.position, Verdict::Erased)?;
                }
                stored.change = redacted;
            }
        }
        for row in self.writing.quarantined_of(loaded.record.id())? {
            let Some(stored) = self.writing.change_at(row.position)? else {
                continue;
            };
            let redacted = match projecting::ops_of(self.office, &stored) {
                Ok(ops) => self.redacted(&loaded.record, &stored.change, &ops)?,
                // It cannot be read, so nobody can say that what was erased is not in it.
                Err(_) => Some(emptied(&stored.change)),
            };
            let Some(redacted) = redacted else { continue };
            self.has_erased = true;
            self.writing.empty_change(row.position, &redacted)?;
            if redacted.payload == Payload::Erased && row.cause == Reason::Contradicted {
                self.writing.release(row.position, self.now_ms)?;
            } else if redacted.payload == Payload::Erased {
                self.writing.enter_force(row.position, Verdict::Erased)?;
                self.writing.release(row.position, self.now_ms)?;
            }
        }
        Ok(())
    }

    fn redacted(&self, record: &Record, change: &Change, ops: &[Op]) -> Result<Option<Change>, OfficeError> {
        Ok(match self.office.form(change.header.form)? {
            Some(form) => erasure::redact(record, change, ops, &form.schema),
            None => erasure::redact(record, change, ops, &NoSchema),
        })
    }

    fn with_devices(&mut self) -> Result<Vec<PersonId>, OfficeError> {
        if let Some(people) = &self.with_devices {
            return Ok(people.clone());
        }
        let people = self.writing.people_with_devices()?;
        self.with_devices = Some(people.clone());
        Ok(people)
    }
}

fn sees(principal: &Principal, place: &RecordPlace) -> bool {
    authorize(principal, Action::SeeRecord, &Resource::Record(place)) == Decision::Allowed
}

/// A change without its content.
fn emptied(change: &Change) -> Change {
    Change {
        header: change.header.clone(),
        payload: Payload::Erased,
        record_key: None,
    }
}
