//! What must hold after a season, whatever happened in it.
//!
//! The oracle knows what each phone showed as saved and what each writer had seen; it never asks the code under test
//! what should be there. Its rules, by the names used in reports:
//!
//! - *saved*: what a phone in use showed as saved is at the office, exactly once;
//! - *acked*: what the office acknowledged in its present life it has;
//! - *same*: whoever may see a record has it to the byte as the office has it;
//! - *stands*: at a question stand exactly the values that no later writer had seen;
//! - *decision*: an approval covers what its author had seen and nothing else;
//! - *scope*: a phone holds no record that its person may not see;
//! - *rights*: what a barred person wrote while barred is not in force without a decision;
//! - *quiet*: soon after the faults stop everybody is done, and a further sync has nothing to do;
//! - *again*: what was acknowledged is not sent again unasked;
//! - *photos*: a photo that an answer in force names is at the office.

use std::collections::{BTreeMap, BTreeSet};

use sampan_record::ids::{PersonId, RecordId};
use sampan_record::op::{Decision, Op};
use sampan_record::review::{self, ReviewState};
use sampan_sync::log::DeviceLog;
use sampan_sync::receipt::Verdict;

use crate::states::State;
use crate::world::{World, person, text_of};

/// The most rounds over all phones until nobody has news.
const ROUNDS: usize = 8;

/// The most requests of one phone in one of these rounds.
const REQUESTS: usize = 600;

impl World {
    /// The faults stop, everybody syncs until nobody has news, and all rules are checked.
    pub fn settle_and_check(&mut self) {
        self.heal();
        for _ in 0..ROUNDS {
            let n_before = self.desk.office.data.log.len();
            let mut n_requests = 0;
            for n in 0..self.phones.len() {
                n_requests += self.sync_whole(n);
            }
            if self.violation.is_some() {
                return;
            }
            if n_requests == self.phones.len() && self.desk.office.data.log.len() == n_before {
                self.check();
                return;
            }
        }
        self.break_off(format!(
            "quiet: after {ROUNDS} rounds without faults there is still news"
        ));
    }

    fn heal(&mut self) {
        for n in 0..self.phones.len() {
            if let Some(phone) = self.phones.get_mut(n) {
                phone.commit();
                phone.crash();
                // Small on some phones, so that photos still go up in pieces.
                phone.options.batch_bytes = phone.options.batch_bytes.clamp(2_000, 64 * 1024);
                phone.options.budget_bytes = 512 * 1024;
            }
        }
        self.requests.clear();
        self.responses.clear();
        for (viewer, record) in self.shown.clone() {
            self.desk.office.show(viewer, record);
        }
        self.tell_healed();
    }

    /// One phone syncs without faults; how many requests that took.
    fn sync_whole(&mut self, n: usize) -> usize {
        for n_requests in 0..REQUESTS {
            self.call(n);
            if self.violation.is_some() || self.requests.is_empty() {
                return n_requests;
            }
            self.arrive(0, false);
            self.answer(0);
        }
        self.break_off(format!("quiet: phone {n} is not done after {REQUESTS} requests"));
        REQUESTS
    }

    /// All rules.
    fn check(&mut self) {
        let tainted = self.tainted();
        self.check_acked();
        self.check_saved();
        self.check_same(&tainted);
        self.check_stands(&tainted);
        self.check_decisions(&tainted);
        self.check_photos();
        self.check_rights();
        for n in 0..self.phones.len() {
            self.check_scope(n);
        }
    }

    /// Records of which something waits in quarantine: nobody can have them whole yet.
    fn tainted(&self) -> BTreeSet<RecordId> {
        let data = &self.desk.office.data;
        let waits = data
            .receipts
            .values()
            .filter(|kept| matches!(kept.verdict, Verdict::Quarantined(_)));
        let entries = waits.filter_map(|kept| data.log.get((kept.position.0 as usize).checked_sub(1)?));
        entries.map(|(change, _)| change.header.record).collect()
    }

    fn check_saved(&mut self) {
        let data = &self.desk.office.data;
        let mut in_force: BTreeMap<u32, u64> = BTreeMap::new();
        for (change, verdict) in &data.log {
            if *verdict == Verdict::Kept {
                for text in World::texts(change) {
                    *in_force.entry(text).or_default() += 1;
                }
            }
        }
        let waits: BTreeSet<u32> = data
            .log
            .iter()
            .filter(|(_, verdict)| matches!(verdict, Verdict::Quarantined(_)))
            .flat_map(|(change, _)| World::texts(change))
            .collect();
        let poison_kept: BTreeSet<[u8; 32]> = data
            .log
            .iter()
            .filter(|(_, verdict)| matches!(verdict, Verdict::Quarantined(_)))
            .map(|(change, _)| change.hash().0)
            .collect();
        let mut broken = Vec::new();
        for (text, n) in &in_force {
            if *n > 1 {
                broken.push(format!("saved: answer {text} is at the office {n} times"));
            }
        }
        let mut poison = BTreeSet::new();
        for phone in &self.phones {
            for text in &phone.saved {
                let is_poison = self.facts.get(*text as usize).is_some_and(|fact| fact.is_poison);
                if is_poison {
                    poison.insert(*text);
                } else if !in_force.contains_key(text) && !waits.contains(text) {
                    broken.push(format!(
                        "saved: answer {text} was shown as saved and is not at the office"
                    ));
                }
            }
        }
        if poison.len() > poison_kept.len() {
            broken.push("saved: an answer that cannot be read was not kept in quarantine".to_owned());
        }
        if let Some(sentence) = broken.into_iter().next() {
            self.break_off(sentence);
        }
    }

    fn check_same(&mut self, tainted: &BTreeSet<RecordId>) {
        let office = &self.desk.office;
        let mut broken = None;
        for (n, phone) in self.phones.iter().enumerate() {
            for id in phone.store.records().difference(tainted) {
                if phone.store.record(*id).state_bytes() != office.record(*id).state_bytes() {
                    broken.get_or_insert(format!(
                        "same: {} on phone {n} is not as at the office",
                        crate::world::short_name(*id)
                    ));
                }
            }
            if phone.store.person == person(0) {
                let here: BTreeSet<RecordId> = phone.store.records();
                let mut lacking = office.records().into_iter().filter(|id| !here.contains(id));
                if let Some(id) = lacking.next() {
                    broken.get_or_insert(format!(
                        "same: {} never came to the phone that sees all",
                        crate::world::short_name(id)
                    ));
                }
            }
        }
        if let Some(sentence) = broken {
            self.break_off(sentence);
        }
    }

    fn check_stands(&mut self, tainted: &BTreeSet<RecordId>) {
        let mut by_place: BTreeMap<_, BTreeSet<u32>> = BTreeMap::new();
        for (change, verdict) in &self.desk.office.data.log {
            if *verdict != Verdict::Kept || tainted.contains(&change.header.record) {
                continue;
            }
            for text in World::texts(change) {
                if let Some(fact) = self.facts.get(text as usize) {
                    by_place
                        .entry((fact.record, fact.at.clone()))
                        .or_default()
                        .insert(text);
                }
            }
        }
        let mut broken = None;
        let mut states = Vec::new();
        for ((id, at), texts) in &by_place {
            let replaced: BTreeSet<u32> = texts
                .iter()
                .filter_map(|text| self.facts.get(*text as usize))
                .flat_map(|fact| fact.replaces.iter().copied())
                .collect();
            let expected: BTreeSet<u32> = texts.difference(&replaced).copied().collect();
            let record = self.desk.office.record(*id);
            let found: BTreeSet<u32> = record
                .register(at)
                .map(|register| {
                    let set = |value: &sampan_record::record::Written| {
                        text_of(&Op::Set {
                            at: at.clone(),
                            answer: value.answer.clone(),
                        })
                    };
                    register.values.iter().filter_map(set).collect()
                })
                .unwrap_or_default();
            if found.len() > 1 {
                states.push(State::Conflict);
            }
            if found.len() > 2 {
                states.push(State::ThreeValues);
            }
            // Who saw a change behind one that waits claims to have seen neither: that shows one value too many.
            let is_cautious = self.waited.contains(id) && found.is_superset(&expected);
            if found != expected && !is_cautious {
                broken.get_or_insert(format!(
                    "stands: at {} of {} stand {found:?}, not {expected:?}",
                    at.question.as_str(),
                    crate::world::short_name(*id)
                ));
            }
        }
        for state in states {
            self.reached.reach(state);
        }
        if let Some(sentence) = broken {
            self.break_off(sentence);
        }
    }

    fn check_decisions(&mut self, tainted: &BTreeSet<RecordId>) {
        let mut broken = None;
        let mut states = Vec::new();
        for id in self.desk.office.records().difference(tainted) {
            let record = self.desk.office.record(*id);
            let review = review::review(&record);
            if !review.concurrent.is_empty() {
                states.push(State::DecidedAtOnce);
            }
            let Some(decided) = &review.decision else {
                continue;
            };
            let number: Option<usize> = decided.note.as_ref().and_then(|note| note.parse().ok());
            let Some(known) = number.and_then(|number| self.decisions.get(number)) else {
                continue;
            };
            let texts = record
                .changes()
                .flat_map(|(_, ops)| ops.iter().filter_map(text_of));
            let unseen: BTreeSet<u32> = texts.filter(|text| !known.knew.contains(text)).collect();
            if decided.decision == Decision::Approve {
                let expected = if unseen.is_empty() {
                    ReviewState::Approved
                } else {
                    states.push(State::ChangedSinceApproval);
                    ReviewState::ChangedSinceApproval
                };
                let is_cautious =
                    known.life != self.n_lives && review.state == ReviewState::ChangedSinceApproval;
                if review.state != expected && !is_cautious {
                    broken.get_or_insert(format!(
                        "decision: {} reads {}, and its reviewer had not seen {unseen:?}",
                        crate::world::short_name(*id),
                        review.state.word()
                    ));
                }
            }
        }
        for state in states {
            self.reached.reach(state);
        }
        if let Some(sentence) = broken {
            self.break_off(sentence);
        }
    }

    fn check_photos(&mut self) {
        let office = &self.desk.office;
        let is_held = |hash: &sampan_record::ids::ContentHash| {
            self.phones
                .iter()
                .any(|phone| phone.store.contents.contains_key(hash))
        };
        let missing = self.desk.office.data.log.iter().find_map(|(change, verdict)| {
            let texts = (*verdict == Verdict::Kept).then(|| World::texts(change))?;
            let facts = texts.iter().filter_map(|text| self.facts.get(*text as usize));
            let mut photos = facts.filter_map(|fact| fact.photo);
            photos.find(|photo| !office.contents.contains_key(photo) && is_held(photo))
        });
        if missing.is_some() {
            self.break_off("photos: a photo that a phone holds did not come to the office".to_owned());
        }
    }

    /// What somebody wrote who may not write is not in force. (Everybody keeps or loses the right for whole seasons of
    /// requests; what came while barred must wait.)
    fn check_rights(&mut self) {
        let wrong = self.kept_while_barred;
        if wrong {
            self.break_off("rights: a change of a barred person came into force".to_owned());
        }
    }

    /// A phone holds only what its person may see.
    pub fn check_scope(&mut self, n: usize) {
        let Some(phone) = self.phones.get(n) else {
            return;
        };
        let viewer = phone.store.person;
        if viewer == person(0) {
            return;
        }
        let mut writers: BTreeMap<RecordId, BTreeSet<PersonId>> = BTreeMap::new();
        for change in phone.store.changes.values() {
            let header = &change.header;
            writers.entry(header.record).or_default().insert(header.author);
        }
        let foreign = writers
            .iter()
            .find(|(id, authors)| !authors.contains(&viewer) && !self.shown.contains(&(viewer, **id)));
        if let Some((id, _)) = foreign {
            let name = crate::world::short_name(*id);
            self.break_off(format!(
                "scope: phone {n} holds {name}, which its person may not see"
            ));
        }
    }

    /// A digest of all that is there, to compare two runs of one seed.
    pub fn digest(&mut self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        for (change, verdict) in &self.desk.office.data.log {
            hasher.update(&change.hash().0);
            hasher.update(format!("{verdict:?}").as_bytes());
        }
        for phone in &mut self.phones {
            for change in phone.store.changes.values() {
                hasher.update(&change.hash().0);
            }
            if let Ok(state) = phone.store.state() {
                hasher.update(format!("{state:?}").as_bytes());
            }
        }
        *hasher.finalize().as_bytes()
    }
}
