//! What people and phones do.

use super::*;

/// What a change is written with besides its ops.
struct Knowledge {
    context: Context,
    lamport: u64,
}

impl World {
    /// An answer is saved. `kind` of the number 0 is an ordinary one.
    pub fn write(&mut self, n: usize, what: u32, how: u32, special: Special) {
        let text = self.facts.len() as u32;
        let question = how % 3;
        let at = AnswerPath {
            question: QuestionPath::new(&format!("q{question}")),
            rows: Vec::new(),
        };
        let id = self.record_for(n, what);
        let Some(phone) = self.phones.get_mut(n) else {
            return;
        };
        let record = phone.store.record(id);
        let replaces: BTreeSet<u32> = record
            .register(&at)
            .map(|register| {
                register
                    .values
                    .iter()
                    .filter_map(|value| number(value.answer.as_ref()))
            })
            .into_iter()
            .flatten()
            .collect();
        if replaces.len() > 1 {
            self.reached.reach(State::ConflictResolved);
        }
        let mut words = format!("{text} saved by person {n}");
        let mut photo = None;
        if special == Special::Photo {
            let length = 40 + how as usize % 9_000;
            let bytes = (0..length)
                .map(|at| (at as u32).wrapping_mul(31).wrapping_add(text) as u8)
                .collect();
            photo = Some(phone.store.keep_media(bytes));
            words.push_str(" with a photo");
        }
        let mut form = phone.store.forms.last().map(|listing| listing.version);
        if special == Special::OwnForm {
            let bytes = format!("a form that only phone {n} has, for {text}").into_bytes();
            form = Some(phone.store.keep_media(bytes));
        }
        let form = record.form().filter(|_| special != Special::OwnForm).or(form);
        let form = form.unwrap_or_else(|| content_hash(b"form version 1"));
        self.facts.push(Fact {
            record: id,
            at: at.clone(),
            replaces,
            photo,
            is_poison: special == Special::Poison,
        });
        let set = Op::Set {
            at,
            answer: Some(Answer::Value(Value::Text(words))),
        };
        self.save(n, id, form, &[set]);
        if let Some(phone) = self.phones.get_mut(n) {
            phone.saved.insert(text);
            if special == Special::Poison {
                spoil(&mut phone.store);
            }
        }
        self.tell(|| {
            format!(
                "phone {n} saves answer {text} to q{question} of {}",
                short_name(id)
            )
        });
    }

    /// A record the phone holds, or a new one.
    fn record_for(&mut self, n: usize, what: u32) -> RecordId {
        let held: Vec<RecordId> = match self.phones.get(n) {
            Some(phone) => phone.store.records().into_iter().collect(),
            None => Vec::new(),
        };
        match held.get(what as usize % (held.len() + 1)) {
            Some(id) => *id,
            None => {
                self.n_records += 1;
                RecordId(Uuid::from_u128(0xabcd << 96 | u128::from(self.n_records)))
            }
        }
    }

    /// One change on a phone, durable.
    fn save(&mut self, n: usize, id: RecordId, form: ContentHash, ops: &[Op]) {
        let office_record = (self.bug == Some(Bug::LastWriterWins)).then(|| self.desk.office.record(id));
        let bug = self.bug;
        let Some(phone) = self.phones.get_mut(n) else {
            return;
        };
        let record = phone.store.record(id);
        let mut knows = Knowledge {
            context: record.context(),
            lamport: record.next_lamport(),
        };
        if let Some(other) = office_record {
            knows.context.merge(&other.context());
            knows.lamport = knows.lamport.max(other.next_lamport());
        }
        if bug == Some(Bug::ContextDropped) {
            knows = Knowledge {
                context: Context::default(),
                lamport: 1,
            };
        }
        let written_through = phone
            .store
            .state()
            .map(|state| state.written_through)
            .unwrap_or(0);
        let key = record.key();
        let draft = Draft {
            replica: phone.store.replica,
            seq: written_through + 1,
            prev: phone.store.hash_of(written_through),
            record: id,
            context: knows.context,
            lamport: knows.lamport,
            author: phone.store.person,
            form,
            wall_time_ms: phone.clock_ms,
            utc_offset_min: 420,
            record_key: key.unwrap_or(RecordKey(*id.0.as_bytes())),
            is_first: key.is_none(),
        };
        if phone.clock_ms < 0 {
            self.reached.reach(State::ClockInThePast);
        }
        if phone.clock_ms > 4_000_000_000_000 {
            self.reached.reach(State::ClockInTheFuture);
        }
        if phone.last_write_ms.is_some_and(|last| last > phone.clock_ms) {
            self.reached.reach(State::ClockWentBack);
        }
        phone.last_write_ms = Some(phone.clock_ms);
        phone.clock_ms += 60_000;
        match write::change(draft, ops, &NoSchema) {
            Ok(change) => phone.store.push_own(change),
            Err(error) => self.break_off(format!("a phone could not save: {error}")),
        }
    }

    /// A record that the phone holds; None when it holds none.
    fn held(&self, n: usize, what: u32) -> Option<(RecordId, Record)> {
        let store = &self.phones.get(n)?.store;
        let held: Vec<RecordId> = store.records().into_iter().collect();
        let id = *held.get(what as usize % held.len().max(1))?;
        Some((id, store.record(id)))
    }

    /// An act on a record that the phone holds, under the form the record began with.
    fn act(&mut self, n: usize, record: &Record, op: Op) {
        let form = record.form().unwrap_or_else(|| content_hash(b"form version 1"));
        self.save(n, record.id(), form, &[op]);
    }

    /// An interview is finished.
    pub fn submit(&mut self, n: usize, what: u32) {
        let Some((id, record)) = self.held(n, what) else {
            return;
        };
        let review = sampan_record::review::review(&record);
        if review.state == sampan_record::review::ReviewState::Returned {
            self.reached.reach(State::Resubmitted);
        }
        self.act(n, &record, Op::Submit);
        self.tell(|| format!("phone {n} finishes {}", short_name(id)));
    }

    /// A reviewer opens a record at the office.
    pub fn look(&mut self, what: u32) {
        let records: Vec<RecordId> = self.desk.office.records().into_iter().collect();
        let Some(id) = records.get(what as usize % records.len().max(1)) else {
            return;
        };
        let record = self.desk.office.record(*id);
        let knew = record
            .changes()
            .flat_map(|(_, ops)| ops.iter().filter_map(text_of));
        self.pages.push(Page {
            record: *id,
            context: record.context(),
            knew: knew.collect(),
            life: self.n_lives,
        });
        self.tell(|| format!("a reviewer opens {}", short_name(*id)));
    }

    /// A reviewer decides on what an opened page shows, which may be an old one.
    pub fn decide(&mut self, what: u32, how: u32) {
        if self.pages.is_empty() {
            return;
        }
        let page = self.pages.remove(what as usize % self.pages.len());
        let decision = match how % 4 {
            0 | 1 => Decision::Approve,
            2 => Decision::Return,
            _ => Decision::Reject,
        };
        let id = page.record;
        let office = &mut self.desk.office;
        if office.record(id).is_empty() {
            // The office was restored to a time before this record; nobody decides on what is not there.
            return;
        }
        let covers = match self.bug {
            Some(Bug::DecisionCoversAll) => office.record(id).context(),
            _ => page.context,
        };
        let op = Op::Decide {
            decision,
            note: Some(self.decisions.len().to_string()),
            covers,
        };
        self.decisions.push(Decided {
            knew: page.knew,
            life: page.life,
        });
        let replica = Replica {
            incarnation: self.n_lives,
            ..office_replica()
        };
        office.write_as(replica, person(0), id, RecordKey(*id.0.as_bytes()), &[op]);
        self.tell(|| format!("a reviewer decides {decision:?} on {}", short_name(id)));
    }

    /// A record is given to another person.
    pub fn assign(&mut self, n: usize, what: u32, how: u32) {
        let Some((id, record)) = self.held(n, what) else {
            return;
        };
        let to = person((how % u32::from(N_PEOPLE)) as u8);
        self.act(n, &record, Op::Assign { person: to });
        self.tell(|| format!("phone {n} gives {} to another person", short_name(id)));
    }

    /// A record comes into a person's view.
    pub fn show(&mut self, what: u32, how: u32) {
        let records: Vec<RecordId> = self.desk.office.records().into_iter().collect();
        let Some(id) = records.get(what as usize % records.len().max(1)) else {
            return;
        };
        let viewer = person((how % u32::from(N_PEOPLE)) as u8);
        if self.desk.office.data.in_force(*id).count() > 1 && self.shown.insert((viewer, *id)) {
            self.reached.reach(State::RecordCameWhole);
        }
        self.shown.insert((viewer, *id));
        self.desk.office.show(viewer, *id);
        self.tell(|| {
            format!(
                "{} is shown to person {}",
                short_name(*id),
                how % u32::from(N_PEOPLE)
            )
        });
    }

    /// A person loses or gets back the right to write.
    pub fn bar(&mut self, how: u32) {
        // The first person is the one who decides at the office.
        let n = 1 + how % (u32::from(N_PEOPLE) - 1);
        let barred = person(n as u8);
        let office = &mut self.desk.office;
        if !office.barred.remove(&barred) {
            office.barred.insert(barred);
        }
        self.tell(|| format!("person {n}'s right to write changes"));
    }

    /// A form is published.
    pub fn publish_next(&mut self) {
        self.publish();
        self.tell(|| "a form version is published".to_owned());
    }

    /// A person is named anew.
    pub fn rename(&mut self, how: u32) {
        let n = (how % u32::from(N_PEOPLE)) as u8;
        let name = format!("person {n}, name {how}");
        self.desk.office.call(person(n), &name, Standing::Enumerator);
        self.tell(|| format!("person {n} gets another name"));
    }

    /// A phone's clock jumps.
    pub fn set_clock(&mut self, n: usize, how: u32) {
        if let Some(phone) = self.phones.get_mut(n) {
            phone.clock_ms = match how % 4 {
                0 => -1_000_000,
                1 => 4_080_000_000_000,
                2 => phone.clock_ms - 86_400_000,
                _ => 1_790_000_000_000,
            };
        }
        self.tell(|| format!("the clock of phone {n} jumps"));
    }

    /// A phone's folder is copied to another phone.
    pub fn copy_phone(&mut self, n: usize) {
        if self.phones.len() >= N_PHONES {
            return;
        }
        let Some(phone) = self.phones.get_mut(n) else {
            return;
        };
        phone.commit();
        let mut twin = Phone::new(phone.store.clone(), phone.options);
        twin.saved.clone_from(&phone.saved);
        twin.n_copies = phone.n_copies + 1;
        if twin.n_copies > 1 {
            self.reached.reach(State::CopyOfCopy);
        }
        self.phones.push(twin);
        let last = self.phones.len() - 1;
        self.give_incarnations(last);
        self.tell(|| format!("phone {n} is copied: the copy is phone {last}"));
    }

    /// A phone's folder is put aside.
    pub fn keep_phone(&mut self, n: usize) {
        if let Some(phone) = self.phones.get_mut(n) {
            phone.commit();
            phone.kept.push((phone.store.clone(), phone.saved.clone()));
        }
        self.tell(|| format!("a backup of phone {n} is made"));
    }

    /// A phone is set back to a folder that was put aside.
    pub fn restore_phone(&mut self, n: usize, what: u32) {
        let acked = self.acked.clone();
        let Some(phone) = self.phones.get_mut(n) else {
            return;
        };
        let Some((store, saved)) = phone.kept.get(what as usize % phone.kept.len().max(1)).cloned() else {
            return;
        };
        let through = |store: &MemoryDevice| store.clone().state().map_or(0, |state| state.written_through);
        let (now, then) = (through(&phone.store), through(&store));
        let known = acked.get(&store.replica).copied().unwrap_or(0);
        if then < known {
            self.reached.reach(State::PhoneSetBackBehindAck);
        }
        if now > known.max(then) {
            self.reached.reach(State::PhoneSetBackUnsent);
        }
        phone.crash();
        phone.store = store;
        phone.saved = saved;
        phone.heard = None;
        self.give_incarnations(n);
        self.tell(|| format!("phone {n} is set back to a backup of its own"));
    }

    /// The office is backed up.
    pub fn backup(&mut self) {
        self.backups.push((self.desk.office.clone(), self.acked.clone()));
        self.tell(|| "the office is backed up".to_owned());
    }

    /// The office is restored from a backup.
    pub fn restore(&mut self, what: u32) {
        let count = self.backups.len().max(1);
        let Some((backup, acked)) = self.backups.get(what as usize % count).cloned() else {
            return;
        };
        self.reached.reach(State::OfficeRestored);
        if self.n_lives > 1 {
            self.reached.reach(State::OfficeRestoredTwice);
        }
        if self.phones.iter().any(|phone| phone.session.is_some()) {
            self.reached.reach(State::GenerationChangedMidSync);
        }
        if !self.requests.is_empty() {
            self.reached.reach(State::GenerationChangedWithRequestOut);
        }
        self.n_lives += 1;
        self.desk.restore(backup, Generation(self.n_lives));
        // Who sees what is set again by whoever runs the office; what was shown stays allowed.
        self.acked = acked;
        self.n_seen = 0;
        self.look_at_log(true);
        self.tell(|| "the office is restored from a backup".to_owned());
    }
}

/// What is special about an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Special {
    /// Nothing.
    Plain,
    /// It comes with a photo.
    Photo,
    /// The office cannot read it.
    Poison,
    /// It is written under a form version that only this phone has.
    OwnForm,
}

/// The number of a text.
fn number(answer: Option<&Answer>) -> Option<u32> {
    match answer {
        Some(Answer::Value(Value::Text(text))) => text.split(' ').next()?.parse().ok(),
        _ => None,
    }
}

/// Makes the last change one that cannot be read, with the hash that belongs to it.
fn spoil(store: &mut MemoryDevice) {
    let last = store.state().map_or(0, |state| state.written_through);
    let dot = Dot {
        replica: store.replica,
        seq: last,
    };
    let Some(mut change) = store.changes.remove(&dot) else {
        return;
    };
    let key = change
        .record_key
        .or_else(|| store.record(change.header.record).key())
        .unwrap_or(RecordKey([0; 16]));
    let bytes = vec![0xff; 9];
    change.header.payload_hash = codec::payload_hash(&key, &bytes);
    change.payload = Payload::Full(bytes);
    store.push_own(change);
}
