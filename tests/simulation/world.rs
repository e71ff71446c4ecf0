//! One season: phones, an office and what is on the line between them.

use std::collections::{BTreeMap, BTreeSet};

use sampan_record::change::{Change, Payload, RecordKey};
use sampan_record::codec;
use sampan_record::context::Context;
use sampan_record::ids::{ChangeHash, ContentHash, DeviceId, Dot, PersonId, RecordId, Replica};
use sampan_record::op::{Decision, Op};
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_record::record::Record;
use sampan_record::schema::NoSchema;
use sampan_record::write::{self, Draft};
use sampan_sync::forms::{FormListing, FormState};
use sampan_sync::log::{Caller, DeviceLog};
use sampan_sync::memory::content_hash;
use sampan_sync::memory::device::MemoryDevice;
use sampan_sync::memory::office::MemoryOffice;
use sampan_sync::names::Standing;
use sampan_sync::receipt::{Generation, Reason, Verdict};
use sampan_sync::session::Options;
use sampan_value::answer::{Answer, Value};
use uuid::Uuid;

use crate::bugs::Bug;
use crate::chance::Chance;
use crate::desk::Desk;
use crate::phone::Phone;
use crate::states::{Reached, State};

mod field;
mod line;

pub use field::Special;

/// How many people work in the field.
const N_PEOPLE: u8 = 4;

/// The most phones, copies included.
const N_PHONES: usize = 7;

/// A season as it stands.
#[derive(Debug)]
pub struct World {
    /// The office.
    pub desk: Desk,
    /// The phones in use.
    pub phones: Vec<Phone>,
    /// Requests on their way.
    pub requests: Vec<Letter>,
    /// Responses on their way.
    pub responses: Vec<Letter>,
    /// What was written, by number.
    pub facts: Vec<Fact>,
    /// What reviewers have on their screens.
    pub pages: Vec<Page>,
    /// What was decided, by number.
    pub decisions: Vec<Decided>,
    /// What the office has said it keeps, in its present life: how far, by name.
    pub acked: BTreeMap<Replica, u64>,
    /// Backups of the office, with what it had acknowledged by then.
    pub backups: Vec<(MemoryOffice, BTreeMap<Replica, u64>)>,
    /// Who may see which record, besides those who wrote in it.
    pub shown: BTreeSet<(PersonId, RecordId)>,
    /// Rare states.
    pub reached: Reached,
    /// What was broken on the way.
    pub violation: Option<String>,
    /// What happened, in sentences, when somebody wants to read it.
    pub story: Option<Vec<String>>,
    /// Records of which something waited in quarantine, in any life of the office.
    pub waited: BTreeSet<RecordId>,
    /// A change of a barred person came into force.
    pub kept_while_barred: bool,
    bug: Option<Bug>,
    n_letters: u64,
    /// In which life the office is.
    pub n_lives: u64,
    n_records: u64,
    n_forms: u64,
    n_phones_ever: u64,
    /// How much of the office's log was looked at.
    n_seen: usize,
    /// Highest letter of each phone that was answered.
    answered: BTreeMap<usize, u64>,
}

/// A request or a response.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Which request, or the response to which.
    pub id: u64,
    /// Whose.
    pub phone: usize,
    /// Who asks, as the token says.
    pub caller: Caller,
    /// The message.
    pub bytes: Vec<u8>,
}

/// One answer that was saved.
#[derive(Debug, Clone)]
pub struct Fact {
    /// In which record.
    pub record: RecordId,
    /// At which question.
    pub at: AnswerPath,
    /// Which answers to the same question its writer saw.
    pub replaces: BTreeSet<u32>,
    /// The photo it names.
    pub photo: Option<ContentHash>,
    /// The office cannot read it.
    pub is_poison: bool,
}

/// One decision that was made.
#[derive(Debug, Clone)]
pub struct Decided {
    /// Which answers its author saw.
    pub knew: BTreeSet<u32>,
    /// In which life of the office its page was opened: after a restore, what the office forgot comes back under other
    /// names and may read as unseen.
    pub life: u64,
}

/// A record as a reviewer has it on the screen.
#[derive(Debug, Clone)]
pub struct Page {
    /// Which record.
    pub record: RecordId,
    /// All that is in it.
    pub context: Context,
    /// Which answers are in it.
    pub knew: BTreeSet<u32>,
    /// In which life of the office it was opened.
    pub life: u64,
}

/// A person by number; the first one oversees all.
pub fn person(n: u8) -> PersonId {
    PersonId(Uuid::from_bytes([0x10 + n; 16]))
}

/// The office's own name as a writer.
pub fn office_replica() -> Replica {
    Replica {
        device: DeviceId(Uuid::from_bytes([0xee; 16])),
        incarnation: 1,
    }
}

impl World {
    /// Before the season.
    pub fn new(chance: &mut Chance, bug: Option<Bug>, tells: bool) -> World {
        let mut office = MemoryOffice::new(Generation(1));
        office.overseers.insert(person(0));
        office.known_forms = Some(BTreeSet::new());
        for n in 0..N_PEOPLE {
            office.call(person(n), &format!("person {n}"), Standing::Enumerator);
        }
        let phones = (0..N_PEOPLE).map(|n| {
            let replica = Replica {
                device: DeviceId(Uuid::from_bytes([0x40 + n; 16])),
                incarnation: 1_000 + u64::from(n),
            };
            let options = Options {
                batch_bytes: *chance.pick(&[60, 400, 8_192, 256 * 1024]),
                budget_bytes: *chance.pick(&[60, 600, 512 * 1024]),
                send_media: true,
            };
            Phone::new(MemoryDevice::new(replica, person(n), Generation(1)), options)
        });
        let phones = phones.collect();
        let mut world = World {
            desk: Desk::new(office, person(0), bug),
            phones,
            requests: Vec::new(),
            responses: Vec::new(),
            facts: Vec::new(),
            pages: Vec::new(),
            decisions: Vec::new(),
            acked: BTreeMap::new(),
            backups: Vec::new(),
            shown: BTreeSet::new(),
            reached: Reached::default(),
            violation: None,
            kept_while_barred: false,
            waited: BTreeSet::new(),
            story: tells.then(Vec::new),
            bug,
            n_letters: 0,
            n_lives: 1,
            n_records: 0,
            n_forms: 0,
            n_phones_ever: 0,
            n_seen: 0,
            answered: BTreeMap::new(),
        };
        for n in 0..world.phones.len() {
            world.give_incarnations(n);
        }
        world.publish();
        world
    }

    /// One sentence more in the story.
    fn tell(&mut self, sentence: impl FnOnce() -> String) {
        if let Some(story) = &mut self.story {
            story.push(sentence());
        }
    }

    /// The faults stop here.
    pub fn tell_healed(&mut self) {
        self.tell(|| "the line is good again, everybody syncs".to_owned());
    }

    /// Something that must hold does not.
    pub fn break_off(&mut self, sentence: String) {
        self.tell(|| format!("BROKEN: {sentence}"));
        self.violation.get_or_insert(sentence);
    }

    /// Randomness for a phone's later lives, unlike any other's.
    fn give_incarnations(&mut self, n: usize) {
        self.n_phones_ever += 1;
        let from = self.n_phones_ever * 1_000_000;
        if let Some(phone) = self.phones.get_mut(n) {
            phone.store.incarnations = (from..from + 50).collect();
        }
    }

    /// A form version that the office has.
    fn publish(&mut self) {
        self.n_forms += 1;
        let bytes = format!("form version {}", self.n_forms).into_bytes();
        let version = content_hash(&bytes);
        let office = &mut self.desk.office;
        office.contents.insert(version, bytes);
        office.known_forms.get_or_insert_default().insert(version);
        for listing in &mut office.forms {
            listing.state = FormState::Closed;
        }
        office.forms.push(FormListing {
            form_id: "season".into(),
            version,
            title: "A season".into(),
            label: self.n_forms.to_string(),
            state: FormState::Published,
        });
    }

    /// The texts that a change writes, by number.
    pub fn texts(change: &Change) -> Vec<u32> {
        let (Payload::Full(bytes) | Payload::Redacted(bytes)) = &change.payload else {
            return Vec::new();
        };
        let ops = codec::decode_ops(bytes, &NoSchema).unwrap_or_default();
        ops.iter().filter_map(text_of).collect()
    }

    /// What the office's log has gained since the last look.
    fn look_at_log(&mut self, restored: bool) {
        let mut rights = 0u64;
        let log = &self.desk.office.data.log;
        let mut wanted = Vec::new();
        let mut states = Vec::new();
        for (change, verdict) in log.iter().skip(self.n_seen) {
            if matches!(verdict, Verdict::Quarantined(_)) {
                self.waited.insert(change.header.record);
            }
            match verdict {
                Verdict::Quarantined(Reason::NotAllowed) => rights += 1,
                Verdict::Quarantined(Reason::UnknownForm) => states.push(State::QuarantinedForm),
                Verdict::Quarantined(Reason::UndecodablePayload) => {
                    states.push(State::QuarantinedUnreadable);
                }
                Verdict::Quarantined(Reason::KeyMissing) => states.push(State::KeyMissed),
                _ => {}
            }
            if *verdict == Verdict::Kept && self.desk.office.barred.contains(&change.header.author) {
                // What waited for its form since before the bar was judged then.
                let waited = log.iter().take(self.n_seen).any(|(old, _)| old == change);
                self.kept_while_barred |= !restored && !waited;
            }
            if *verdict == Verdict::Kept {
                let facts = World::texts(change);
                let photos = facts
                    .iter()
                    .filter_map(|text| self.facts.get(*text as usize)?.photo);
                wanted.extend(photos);
            }
        }
        self.n_seen = log.len();
        self.desk.office.wanted.extend(wanted);
        for state in states {
            self.reached.reach(state);
        }
        if rights > 0 {
            self.reached.reach(State::QuarantinedRight);
        }
    }

    /// What the office said it keeps is there.
    pub fn check_acked(&mut self) {
        let receipts = &self.desk.office.data.receipts;
        let lost = self.acked.iter().find_map(|(replica, through)| {
            let dots = (1..=*through).map(|seq| Dot {
                replica: *replica,
                seq,
            });
            dots.into_iter().find(|dot| !receipts.contains_key(dot))
        });
        if let Some(dot) = lost {
            self.break_off(format!(
                "the office acknowledged change {} of incarnation {}, and does not have it",
                dot.seq, dot.replica.incarnation
            ));
        }
    }
}

/// A record's name in sentences.
pub fn short_name(id: RecordId) -> String {
    format!("record {}", id.0.as_u128() & 0xffff_ffff)
}

/// The number of the text that an op writes.
pub fn text_of(op: &Op) -> Option<u32> {
    match op {
        Op::Set {
            answer: Some(Answer::Value(Value::Text(text))),
            ..
        } => text.split(' ').next()?.parse().ok(),
        _ => None,
    }
}
