//! What the line does: requests and responses go, are lost, doubled, late or cut.

use sampan_sync::session::{Clock, Session};
use sampan_sync::wire::{SyncRequest, SyncResponse};

use super::*;
use crate::phone::{Heard, Log};

/// The most requests that stay on their way at once.
const LETTERS: usize = 24;

impl World {
    /// A phone begins to sync, or asks on.
    pub fn call(&mut self, n: usize) {
        let bug = self.bug;
        let Some(phone) = self.phones.get_mut(n) else {
            return;
        };
        if phone.waiting.is_some() {
            return;
        }
        phone.commit();
        let options = phone.options;
        let mut session = phone.session.take().unwrap_or_else(|| Session::new(options));
        let clock = Clock {
            wall_time_ms: phone.clock_ms,
            utc_offset_min: 420,
        };
        let mut log = Log {
            store: &mut phone.store,
            uncommitted: &mut phone.uncommitted,
            bug,
        };
        match session.next_request(&mut log, clock) {
            Ok(Some(bytes)) => {
                self.n_letters += 1;
                phone.session = Some(session);
                phone.waiting = Some(self.n_letters);
                let letter = Letter {
                    id: self.n_letters,
                    phone: n,
                    caller: phone.caller(),
                    bytes,
                };
                self.after_call(n, &letter);
                self.requests.push(letter);
                if self.requests.len() > LETTERS {
                    self.requests.remove(0);
                }
            }
            Ok(None) => phone.options.batch_bytes = session.batch_bytes().min(256 * 1024),
            Err(error) => self.break_off(format!("phone {n} cannot sync: {error}")),
        }
    }

    fn after_call(&mut self, n: usize, letter: &Letter) {
        let in_sync = |phone: &&Phone| phone.waiting.is_some();
        let busy: Vec<&Phone> = self.phones.iter().filter(in_sync).collect();
        if busy.len() >= 3 {
            self.reached.reach(State::PhonesInterleaved);
        }
        let twins = busy.iter().filter(|phone| phone.caller() == letter.caller);
        if twins.count() > 1 {
            self.reached.reach(State::TwinsInterleaved);
        }
        let Ok(request) = SyncRequest::decode(&letter.bytes) else {
            self.break_off(format!("phone {n} wrote a request that cannot be read"));
            return;
        };
        if !request.push.holds.is_empty() {
            self.reached.reach(State::HoldsOffered);
        }
        let first = request.push.changes.first().map(|change| change.header.seq);
        let heard = self.phones.get(n).and_then(|phone| phone.heard);
        if let (Some(first), Some(heard)) = (first, heard)
            && heard.replica == request.push.replica
            && heard.generation == request.generation
            && first <= heard.acked_through
            && heard.resend_from.is_none_or(|from| first < from)
        {
            self.break_off(format!(
                "phone {n} sends change {first} again, which was acknowledged through {}",
                heard.acked_through
            ));
        }
        let n_changes = request.push.changes.len();
        if let Some(phone) = self.phones.get_mut(n) {
            let state = phone.store.state();
            let unsent = state.map_or(0, |state| state.written_through - state.acked_through);
            if n_changes > 0 && (n_changes as u64) < unsent {
                self.reached.reach(State::BatchSplit);
            }
            if self.bug == Some(Bug::SentIsSafe)
                && let Some(last) = request.push.changes.last()
            {
                mark_sent(&mut phone.store, last.header.seq);
            }
        }
        self.tell(|| format!("phone {n} sends request {} with {n_changes} changes", letter.id));
    }

    /// A request arrives; with `again`, its copy stays on the way.
    pub fn arrive(&mut self, what: u32, again: bool) {
        let index = what as usize % self.requests.len().max(1);
        let Some(letter) = self.requests.get(index).cloned() else {
            return;
        };
        if again {
            self.reached.reach(State::RequestDoubled);
        } else {
            self.requests.remove(index);
        }
        if self.answered.get(&letter.phone).copied().unwrap_or(0) > letter.id {
            self.reached.reach(State::RequestStale);
        }
        let waits = self
            .phones
            .get(letter.phone)
            .is_some_and(|phone| phone.waiting == Some(letter.id));
        let n_kept = self.desk.office.data.log.len();
        match self.desk.answer(&letter.caller, &letter.bytes) {
            Ok(bytes) => {
                self.after_answer(&letter, &bytes, n_kept);
                if waits && !self.responses.iter().any(|out| out.id == letter.id) {
                    self.responses.push(Letter { bytes, ..letter });
                }
            }
            Err(error) => self.break_off(format!("the office refuses request {}: {error}", letter.id)),
        }
    }

    fn after_answer(&mut self, letter: &Letter, response: &[u8], n_kept: usize) {
        let (Ok(request), Ok(response)) =
            (SyncRequest::decode(&letter.bytes), SyncResponse::decode(response))
        else {
            self.break_off("the office wrote a response that cannot be read".to_owned());
            return;
        };
        let through = self.acked.entry(request.push.replica).or_default();
        *through = (*through).max(response.push.acked_through);
        let verdicts: Vec<Verdict> = response.push.receipts.iter().map(|one| one.verdict).collect();
        let waits = verdicts
            .iter()
            .position(|one| matches!(one, Verdict::Quarantined(_)));
        if let Some(at) = waits
            && verdicts.iter().skip(at).any(|one| *one == Verdict::Kept)
        {
            self.reached.reach(State::QuarantinePassed);
        }
        if !response.push.lacks.is_empty() {
            self.reached.reach(State::RelayAsked);
        }
        if response
            .push
            .relay_receipts
            .iter()
            .any(|one| one.verdict == Verdict::Kept)
        {
            self.reached.reach(State::RelayKept);
        }
        for receipt in response
            .push
            .relay_receipts
            .iter()
            .filter(|one| one.is_contradicted())
        {
            let was_sent = request
                .push
                .relayed
                .iter()
                .any(|change| change.header.dot() == receipt.dot);
            self.reached.reach(if was_sent {
                State::RelayContradicted
            } else {
                State::ContradictionKnown
            });
        }
        if response.push.resend_from.is_some() {
            self.reached.reach(State::ResendAsked);
        }
        if response.more {
            self.reached.reach(State::PullPaged);
        }
        for part in &request.parts {
            if (part.bytes.len() as u64) < part.total_bytes {
                self.reached.reach(State::PhotoInPieces);
            }
            let is_form = self.desk.office.known_forms.as_ref();
            if is_form.is_some_and(|known| known.contains(&part.hash)) {
                self.reached.reach(State::FormFetched);
            }
        }
        let log = &self.desk.office.data.log;
        let was_there = |hash: &ChangeHash| log.iter().take(n_kept).any(|(old, _)| old.hash() == *hash);
        let has_ended = log
            .iter()
            .skip(n_kept)
            .any(|(change, verdict)| *verdict == Verdict::Kept && n_kept > 0 && was_there(&change.hash()));
        if has_ended && self.bug != Some(Bug::InsertTwice) {
            self.reached.reach(State::QuarantineEnded);
        }
        self.look_at_log(false);
        let n_changes = response.changes.len();
        self.tell(|| {
            format!(
                "request {} arrives; the office has {} of it and sends {n_changes} changes",
                letter.id, response.push.acked_through
            )
        });
    }

    /// A response arrives.
    pub fn answer(&mut self, what: u32) {
        let index = what as usize % self.responses.len().max(1);
        if self.responses.is_empty() {
            return;
        }
        let letter = self.responses.remove(index);
        let n = letter.phone;
        let bug = self.bug;
        let Some(phone) = self.phones.get_mut(n) else {
            return;
        };
        if phone.waiting != Some(letter.id) {
            return;
        }
        let Some(mut session) = phone.session.take() else {
            return;
        };
        phone.waiting = None;
        let before = session.batch_bytes();
        let replica = phone.store.replica;
        let acked = phone.store.state().map_or(0, |state| state.acked_through);
        let mut log = Log {
            store: &mut phone.store,
            uncommitted: &mut phone.uncommitted,
            bug,
        };
        let step = match session.on_response(&mut log, &letter.bytes) {
            Ok(step) => step,
            Err(error) => {
                self.break_off(format!("phone {n} cannot take a response: {error}"));
                return;
            }
        };
        if session.batch_bytes() > before {
            self.reached.reach(State::BatchGrew);
        }
        phone.session = Some(session);
        if step.forked {
            phone.n_forks += 1;
            self.reached.reach(State::Forked);
            if phone.n_forks > 1 {
                self.reached.reach(State::ForkedTwice);
            }
        }
        if let Ok(response) = SyncResponse::decode(&letter.bytes) {
            if response.push.fork_first_seq == Some(1) {
                self.reached.reach(State::ForkedAtFirst);
            }
            if step.office_restored && response.push.acked_through < acked {
                self.reached.reach(State::AcksTakenBack);
            }
            if !response.parts.is_empty() {
                self.reached.reach(State::FormCame);
            }
            if response.names.is_some_and(|names| names.through > 1) {
                self.reached.reach(State::NamesCame);
            }
            if response.wants.iter().any(|want| want.offset > 0) {
                self.reached.reach(State::PhotoResumed);
            }
            let is_forked = response.push.fork_first_seq.is_some();
            phone.heard = (!is_forked && !step.office_restored).then_some(Heard {
                replica,
                generation: response.generation,
                acked_through: response.push.acked_through,
                resend_from: response.push.resend_from,
            });
        }
        let last = self.answered.entry(n).or_default();
        *last = (*last).max(letter.id);
        self.tell(|| {
            format!(
                "the response to request {} arrives at phone {n}: {step:?}",
                letter.id
            )
        });
        self.check_scope(n);
    }

    /// A request is lost.
    pub fn lose_request(&mut self, what: u32) {
        let index = what as usize % self.requests.len().max(1);
        if self.requests.is_empty() {
            return;
        }
        let letter = self.requests.remove(index);
        self.reached.reach(State::RequestLost);
        self.tell(|| format!("request {} is lost", letter.id));
        self.cut(&letter);
    }

    /// A response is lost.
    pub fn lose_response(&mut self, what: u32) {
        let index = what as usize % self.responses.len().max(1);
        if self.responses.is_empty() {
            return;
        }
        let letter = self.responses.remove(index);
        self.reached.reach(State::ResponseLostAfterCommit);
        self.tell(|| format!("the response to request {} is lost", letter.id));
        self.cut(&letter);
    }

    /// The phone sees that its connection broke.
    fn cut(&mut self, letter: &Letter) {
        let Some(phone) = self.phones.get_mut(letter.phone) else {
            return;
        };
        if phone.waiting != Some(letter.id) {
            return;
        }
        phone.waiting = None;
        if let Some(session) = &mut phone.session {
            let before = session.batch_bytes();
            session.on_cut();
            if session.batch_bytes() < before {
                self.reached.reach(State::BatchHalved);
            }
        }
    }

    /// A phone stops waiting; its request is still on the way.
    pub fn give_up(&mut self, n: usize) {
        let Some(id) = self.phones.get(n).and_then(|phone| phone.waiting) else {
            return;
        };
        if let Some(letter) = self.requests.iter().find(|letter| letter.id == id).cloned() {
            self.reached.reach(State::GaveUpWaiting);
            self.tell(|| format!("phone {n} stops waiting for request {id}"));
            self.cut(&letter);
        }
    }

    /// A request arrives without its end.
    pub fn cut_request(&mut self, what: u32, how: u32) {
        let index = what as usize % self.requests.len().max(1);
        if self.requests.is_empty() {
            return;
        }
        let letter = self.requests.remove(index);
        let at = how as usize % letter.bytes.len().max(1);
        let part = letter.bytes.get(..at).unwrap_or_default();
        let before = self.desk.office.data.log.len();
        if self.desk.answer(&letter.caller, part).is_ok() {
            self.break_off(format!("the office took request {} without its end", letter.id));
        }
        if self.desk.office.data.log.len() != before {
            self.break_off(format!("half of request {} was kept", letter.id));
        }
        self.reached.reach(State::RequestCut);
        self.tell(|| format!("request {} arrives cut at byte {at}", letter.id));
        self.cut(&letter);
    }

    /// A response arrives without its end.
    pub fn cut_response(&mut self, what: u32, how: u32) {
        let index = what as usize % self.responses.len().max(1);
        if self.responses.is_empty() {
            return;
        }
        let letter = self.responses.remove(index);
        let at = how as usize % letter.bytes.len().max(1);
        let part = letter.bytes.get(..at).unwrap_or_default().to_vec();
        let bug = self.bug;
        if let Some(phone) = self.phones.get_mut(letter.phone)
            && phone.waiting == Some(letter.id)
            && let Some(session) = &mut phone.session
        {
            let mut log = Log {
                store: &mut phone.store,
                uncommitted: &mut phone.uncommitted,
                bug,
            };
            if session.on_response(&mut log, &part).is_ok() {
                self.break_off(format!("a phone took response {} without its end", letter.id));
            }
        }
        self.reached.reach(State::ResponseCut);
        self.tell(|| format!("the response to request {} arrives cut at byte {at}", letter.id));
        self.cut(&letter);
    }

    /// A phone's process dies.
    pub fn crash_phone(&mut self, n: usize) {
        let Some(phone) = self.phones.get_mut(n) else {
            return;
        };
        if phone.waiting.is_some() {
            self.reached.reach(State::PhoneCrashedWaiting);
        } else if phone.session.is_some() {
            self.reached.reach(State::PhoneCrashedBetweenRounds);
        }
        phone.crash();
        self.tell(|| format!("phone {n} dies and starts again"));
    }

    /// The office's process dies: connections break, what was committed stays.
    pub fn crash_office(&mut self) {
        if !self.responses.is_empty() {
            self.reached.reach(State::OfficeCrashedWithResponsesOut);
        }
        self.tell(|| "the office dies and starts again".to_owned());
        self.desk.crash();
        for letter in std::mem::take(&mut self.responses) {
            self.cut(&letter);
        }
        self.n_seen = self.n_seen.min(self.desk.office.data.log.len());
        self.check_acked();
    }
}

/// What [`Bug::SentIsSafe`] does.
fn mark_sent(store: &mut MemoryDevice, through: u64) {
    let Ok(state) = store.state() else {
        return;
    };
    let applied = sampan_sync::log::Applied {
        replica: state.replica,
        generation: state.generation,
        restored: false,
        acked_through: through,
        receipts: Vec::new(),
        backed_up_through: store.backed_up_through,
        changes: Vec::new(),
        cursor_from: state.cursor,
        cursor_to: state.cursor,
        forms: None,
        names: None,
        parts: Vec::new(),
        safe: Vec::new(),
        lacks: Vec::new(),
        relay_receipts: Vec::new(),
        offering: None,
        office_time_ms: 0,
    };
    let _ = store.apply(&applied);
}
