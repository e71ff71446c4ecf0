//! The device's side of a whole sync, without input or output: it says what to send and takes what came.

use std::collections::{BTreeMap, BTreeSet};

use sampan_record::change::Change;
use sampan_record::ids::ContentHash;

use crate::blob::{self, Offer, Want};
use crate::error::SyncError;
use crate::forms;
use crate::hello::Contact;
use crate::limits;
use crate::log::{Applied, DeviceLog, DeviceState};
use crate::push;
use crate::receipt::Verdict;
use crate::version::{self, Range};
use crate::wire::{SyncRequest, SyncResponse};

/// How a session works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How many bytes of changes to begin with; see [`Session::batch_bytes`].
    pub batch_bytes: usize,
    /// How many bytes of changes and content to take in one response.
    pub budget_bytes: u32,
    /// Whether media goes up (false on a line that is paid by the byte).
    pub send_media: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            batch_bytes: limits::BATCH_BYTES,
            budget_bytes: 512 * 1024,
            send_media: true,
        }
    }
}

/// The clock of the device at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// Milliseconds since 1970 UTC.
    pub wall_time_ms: i64,
    /// Offset from UTC in minutes.
    pub utc_offset_min: i16,
}

/// What one response brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Step {
    /// Own changes that got a receipt for the first time.
    pub n_acked: u64,
    /// Of those, how many stand in quarantine.
    pub n_quarantined: u64,
    /// Changes that came from the feed.
    pub n_received: u64,
    /// Own changes without a receipt afterwards.
    pub n_unsent: u64,
    /// Bytes of content that went up.
    pub media_bytes: u64,
    /// Bytes of content that came down.
    pub content_bytes: u64,
    /// Content that is now known to be safe at the office.
    pub n_safe: u64,
    /// Whether a fork was found and the own changes were issued again.
    pub forked: bool,
    /// Whether the office was found to have been restored.
    pub office_restored: bool,
    /// The office asks not to be called again for so many seconds; 0 = at will.
    pub retry_after_s: u32,
}

/// How far a restored office has the changes of this device, and not those that a copy of it wrote under the same
/// numbers: as far as it says when it names the same last change, otherwise nothing is taken for granted.
fn shared_through(
    log: &mut dyn DeviceLog,
    state: &DeviceState,
    push: &push::PushResponse,
) -> Result<u64, SyncError> {
    let dropped_through = state.held_from.saturating_sub(1);
    if push.acked_through <= dropped_through {
        return Ok(push.acked_through);
    }
    let own = log.own_changes(push.acked_through, 0, 1)?;
    let is_same = own.first().is_some_and(|change| {
        change.header.seq == push.acked_through && push.acked_hash == Some(change.hash())
    });
    Ok(if is_same {
        push.acked_through
    } else {
        dropped_through
    })
}

/// Whether one of these changes has the name of this device, and is not one that it wrote.
fn collides(log: &mut dyn DeviceLog, state: &DeviceState, changes: &[Change]) -> Result<bool, SyncError> {
    for change in changes
        .iter()
        .filter(|change| change.header.replica == state.replica)
    {
        let own = log.own_changes(change.header.seq, 0, 1)?;
        if own.first().is_none_or(|own| own.hash() != change.hash()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How often the same piece of content is asked for or sent before a session leaves it for another day.
const TRIES: u32 = 4;

/// How many contents are asked for or offered at once.
const CONTENT_AT_ONCE: usize = 64;

/// One sync of one device. Only one session may run on a store at a time.
#[derive(Debug)]
pub struct Session {
    options: Options,
    /// The version requests are written in.
    written_in: u16,
    /// The request that waits for its response.
    waiting: Option<Waiting>,
    began: bool,
    /// The office said so: the feed goes on.
    more: bool,
    /// The office said so: from here on again.
    resend_from: Option<u64>,
    /// Something changed that the office must hear before the session may end.
    again: bool,
    /// What the office wants of content, as last said.
    office_wants: Vec<Want>,
    /// Content not to be asked for again in this session: the office does not give it.
    not_served: BTreeSet<ContentHash>,
    /// Content not to be offered again in this session: the office does not want it, or does not take it.
    not_taken: BTreeSet<ContentHash>,
    tries: BTreeMap<(ContentHash, u64), u32>,
    idle_rounds: u32,
    /// How long the request took whose response comes next, in milliseconds, if somebody looked.
    took_ms: Option<u64>,
}

/// What a request said, as far as its response is read against it.
#[derive(Debug)]
struct Waiting {
    state: DeviceState,
    n_changes: usize,
    last_held: Option<Option<sampan_record::ids::Dot>>,
    wants: Vec<Want>,
    offers: Vec<Offer>,
    sent: Vec<(Want, u64)>,
}

impl Session {
    /// A session that has not begun.
    pub fn new(options: Options) -> Session {
        Session {
            options,
            written_in: version::NEWEST,
            waiting: None,
            began: false,
            more: false,
            resend_from: None,
            again: false,
            office_wants: Vec::new(),
            not_served: BTreeSet::new(),
            not_taken: BTreeSet::new(),
            tries: BTreeMap::new(),
            idle_rounds: 0,
            took_ms: None,
        }
    }

    /// The next request; None when there is nothing left to do. The first call always gives one.
    /// Calling it again without a response in between (after a cut) gives a request for the same again.
    ///
    /// # Errors
    /// The store's, and `Stuck`.
    pub fn next_request(
        &mut self,
        log: &mut dyn DeviceLog,
        clock: Clock,
    ) -> Result<Option<Vec<u8>>, SyncError> {
        if self.idle_rounds > limits::IDLE_ROUNDS {
            return Err(SyncError::Stuck {
                rounds: self.idle_rounds,
            });
        }
        let state = log.state()?;
        let from_seq = self.resend_from.unwrap_or(state.acked_through.saturating_add(1));
        let mut push = push::offer(log, &state, from_seq, self.options.batch_bytes)?;
        if !self.began {
            push.asks = log.quarantined(limits::ASKS)?;
        }
        let last_sent = push.changes.last().map(|change| change.header.seq);
        let all_sent = last_sent.unwrap_or(state.acked_through) >= state.written_through;

        let mut wants = log.wanted(CONTENT_AT_ONCE)?;
        wants.retain(|want| !self.not_served.contains(&want.hash));
        let mut offers = Vec::new();
        let mut parts = Vec::new();
        if all_sent && !self.more && self.resend_from.is_none() {
            let weight: usize = push.changes.iter().map(crate::wire::batch::weight).sum();
            let room_bytes = self.options.batch_bytes.saturating_sub(weight);
            if room_bytes > 0 {
                parts = blob::send(log, &self.office_wants, room_bytes)?;
            }
            if self.options.send_media {
                offers = self.new_offers(log)?;
            }
        }

        let has_work = !push.changes.is_empty()
            || !push.relayed.is_empty()
            || !push.holds.is_empty()
            || (state.office_was_restored && state.offering.is_some())
            || !wants.is_empty()
            || !offers.is_empty()
            || !parts.is_empty();
        if self.began && !has_work && !self.more && !self.again && self.waiting.is_none() {
            return Ok(None);
        }

        let n_unsent = state.written_through.saturating_sub(state.acked_through);
        let last_held = (state.offering.is_some() && all_sent && state.office_was_restored).then(|| {
            let is_last = push.holds.len() < limits::HOLDS;
            push.holds.last().map(|held| held.dot).filter(|_| !is_last)
        });
        self.waiting = Some(Waiting {
            n_changes: push.changes.len(),
            last_held,
            wants: wants.clone(),
            offers: offers.clone(),
            sent: parts
                .iter()
                .map(|part| {
                    let want = Want {
                        hash: part.hash,
                        offset: part.offset,
                    };
                    (want, part.bytes.len() as u64)
                })
                .collect(),
            state: state.clone(),
        });
        self.began = true;
        let request = SyncRequest {
            protocol: version::OURS,
            written_in: self.written_in,
            contact: Contact {
                wall_time_ms: clock.wall_time_ms,
                utc_offset_min: clock.utc_offset_min,
                n_open: log.n_open()?,
                n_unsent,
            },
            generation: state.generation,
            cursor: state.cursor,
            budget_bytes: self.options.budget_bytes,
            forms_digest: state.forms_digest,
            names_through: state.names_through,
            push,
            wants,
            offers,
            parts,
        };
        Ok(Some(request.encode()))
    }

    /// Takes the response to the last request and applies it durably.
    ///
    /// # Errors
    /// The store's; `Malformed` or `Version` for bytes that are no response: nothing was applied then, ask again.
    pub fn on_response(&mut self, log: &mut dyn DeviceLog, response: &[u8]) -> Result<Step, SyncError> {
        if self.waiting.is_none() {
            return Err(SyncError::OutOfTurn);
        }
        let response = SyncResponse::decode(response)?;
        let Some(waiting) = self.waiting.take() else {
            return Err(SyncError::OutOfTurn);
        };
        let before = &waiting.state;
        let lost_acks = response.push.acked_through < before.acked_through;
        let restored = response.generation != before.generation || lost_acks;
        let acked_through = if restored {
            shared_through(log, before, &response.push)?
        } else {
            response.push.acked_through
        };

        let offering = if restored {
            Some(response.asks_holds.then_some(None))
        } else {
            waiting.last_held.map(|last| last.map(Some))
        };
        // What a copy wrote under this name stands in the way of what was and will be written here, until this device
        // has another name. The feed comes when all that was written is compared: so the copy went on behind it.
        let collides = collides(log, before, &response.changes)?;
        let fork_first_seq = response
            .push
            .fork_first_seq
            .or(before.written_through.checked_add(1).filter(|_| collides));
        let is_contradicted = response
            .push
            .relay_receipts
            .iter()
            .any(|one| one.is_contradicted());
        let applied = Applied {
            replica: before.replica,
            generation: response.generation,
            restored,
            acked_through,
            receipts: response.push.receipts.clone(),
            backed_up_through: response.backed_up_through,
            changes: if collides { Vec::new() } else { response.changes },
            cursor_from: before.cursor,
            cursor_to: if collides {
                before.cursor
            } else if is_contradicted || (lost_acks && response.generation == before.generation) {
                // What the office has in the place of what it lost may stand anywhere in the feed.
                crate::receipt::Cursor(0)
            } else {
                response.cursor
            },
            forms: response.forms.map(|listings| {
                let digest = forms::digest(&listings);
                (listings, digest)
            }),
            names: response.names,
            parts: response.parts,
            safe: response.safe,
            lacks: response.push.lacks,
            relay_receipts: response.push.relay_receipts,
            offering,
            office_time_ms: response.office_time_ms,
        };
        if let Err(error) = log.apply(&applied) {
            self.waiting = Some(waiting);
            return Err(error);
        }

        let mut step = Step {
            n_received: applied.changes.len() as u64,
            n_safe: applied.safe.len() as u64,
            office_restored: restored,
            retry_after_s: response.retry_after_s,
            content_bytes: applied.parts.iter().map(|part| part.bytes.len() as u64).sum(),
            media_bytes: waiting.sent.iter().map(|(_, bytes)| *bytes).sum(),
            ..Step::default()
        };
        for receipt in &applied.receipts {
            if receipt.seq > before.acked_through {
                step.n_acked += 1;
                if matches!(receipt.verdict, Verdict::Quarantined(_)) {
                    step.n_quarantined += 1;
                }
            }
        }

        let mut after = log.state()?;
        if let Some(first_seq) = fork_first_seq
            && after.replica == before.replica
            && first_seq > after.acked_through
            // Otherwise the changes before are to be compared first: the fork may lie further back.
            && (!restored || acked_through.saturating_add(1) >= first_seq)
            // A store that looked older than its office may only have been asked while something was saved: what was
            // saved since then is compared first too, for a copy may have brought it.
            && (first_seq <= before.written_through || after.written_through == before.written_through)
        {
            log.reincarnate(first_seq)?;
            step.forked = true;
            after = log.state()?;
        }
        if let Some(first) = response.push.rejoin.filter(|_| !step.forked)
            && after.replica == before.replica
        {
            if !log.rejoin(first)? {
                log.reincarnate(1)?;
            }
            step.forked = true;
            after = log.state()?;
        }
        step.n_unsent = after.written_through.saturating_sub(after.acked_through);

        let wanted_more = self.note_content(&waiting, &applied, response.more, &response.wants);
        let progress = step.n_acked > 0
            || step.forked
            || restored
            || after.cursor != before.cursor
            || after.acked_through > before.acked_through
            || applied.forms.is_some()
            || after.names_through != before.names_through
            || !applied.relay_receipts.is_empty()
            || !applied.lacks.is_empty()
            || after.offering != before.offering
            || step.n_safe > 0
            || wanted_more;
        self.idle_rounds = if progress {
            0
        } else {
            self.idle_rounds.saturating_add(1)
        };
        self.more = response.more;
        self.resend_from = response.push.resend_from.filter(|_| !step.forked);
        self.again = step.forked || restored || is_contradicted || collides;
        let took_ms = self.took_ms.take();
        let waits = (waiting.n_changes > 0 && step.n_acked > 0 && step.n_unsent > 0)
            // Without a look at the time it is not known whether more media at once would be good.
            || (took_ms.is_some() && !waiting.sent.is_empty() && !self.office_wants.is_empty());
        self.fit(took_ms, waits);
        Ok(step)
    }

    /// How long the request took whose response is given to [`Session::on_response`] next, from its first byte to the
    /// response's last, in milliseconds by a clock that does not jump. Without it, batches grow with success alone.
    pub fn took(&mut self, took_ms: u64) {
        self.took_ms = Some(took_ms);
    }

    /// Fits the next batch to the line: smaller after a request that took too long, larger when more `waits` and twice
    /// as much would still not take too long.
    fn fit(&mut self, took_ms: Option<u64>, waits: bool) {
        let batch_bytes = self.options.batch_bytes;
        let took_ms = took_ms.unwrap_or(0);
        let fitting = if took_ms > limits::REQUEST_MS {
            let share = u128::from(limits::REQUEST_MS) * batch_bytes as u128 / u128::from(took_ms);
            usize::try_from(share).unwrap_or(batch_bytes).max(batch_bytes / 4)
        } else if waits && took_ms.saturating_mul(2) <= limits::REQUEST_MS {
            batch_bytes.saturating_mul(2)
        } else {
            return;
        };
        let least = limits::BATCH_BYTES_LEAST.min(batch_bytes);
        self.options.batch_bytes = fitting.clamp(least, limits::BATCH_BYTES_MOST.max(least));
    }

    /// The connection broke or the office said 413: the next request is smaller.
    pub fn on_cut(&mut self) {
        self.took_ms = None;
        self.options.batch_bytes = (self.options.batch_bytes / 2).max(limits::BATCH_BYTES_LEAST);
    }

    /// The office said 426: it speaks `theirs`. The next request is written in a version both speak.
    ///
    /// # Errors
    /// `Version` when there is none: the message says which side to update.
    pub fn on_versions(&mut self, theirs: Range) -> Result<(), SyncError> {
        self.written_in = version::negotiate(version::OURS, theirs)?;
        Ok(())
    }

    /// The size of batch that works on this line, in bytes; worth keeping for the next session.
    pub fn batch_bytes(&self) -> usize {
        self.options.batch_bytes
    }

    /// Content that the office has not been told of in this session.
    fn new_offers(&self, log: &mut dyn DeviceLog) -> Result<Vec<Offer>, SyncError> {
        let mut skip = 0;
        loop {
            let page = log.offers(skip, CONTENT_AT_ONCE)?;
            let n_page = page.len();
            let new: Vec<Offer> = page
                .into_iter()
                .filter(|offer| !self.not_taken.contains(&offer.hash))
                .filter(|offer| self.office_wants.iter().all(|want| want.hash != offer.hash))
                .collect();
            if !new.is_empty() || n_page < CONTENT_AT_ONCE {
                return Ok(new);
            }
            skip += n_page;
        }
    }

    /// Remembers what the office gave, took and wants. Whether content moved in either direction.
    fn note_content(
        &mut self,
        waiting: &Waiting,
        applied: &Applied,
        office_has_more: bool,
        office_wants: &[Want],
    ) -> bool {
        // Asked for and not given: not now, unless the answer was full.
        let is_served = |want: &Want| applied.parts.iter().any(|part| part.hash == want.hash);
        let last_served = waiting.wants.iter().rposition(is_served);
        for (index, want) in waiting.wants.iter().enumerate() {
            let was_passed_over = match last_served {
                Some(last) => index < last && !is_served(want),
                None => !office_has_more,
            };
            if was_passed_over || (is_served(want) && self.is_tired_of(*want)) {
                self.not_served.insert(want.hash);
            }
        }
        // Offered and neither safe nor wanted: not in this session.
        for offer in &waiting.offers {
            let is_wanted = office_wants.iter().any(|want| want.hash == offer.hash);
            if !is_wanted && !applied.safe.contains(&offer.hash) {
                self.not_taken.insert(offer.hash);
            }
        }
        let mut moved = !applied.parts.is_empty();
        for (sent, _) in &waiting.sent {
            if office_wants.contains(sent) && self.is_tired_of(*sent) {
                self.not_taken.insert(sent.hash);
            }
            moved |= !office_wants.contains(sent);
        }
        // What it wanted before and has not been sent yet is still wanted.
        let mut wants: Vec<Want> = office_wants.to_vec();
        for want in &self.office_wants {
            let was_sent = waiting.sent.iter().any(|(sent, _)| sent.hash == want.hash);
            let is_known = wants.iter().any(|known| known.hash == want.hash);
            if !was_sent && !is_known && !applied.safe.contains(&want.hash) {
                wants.push(*want);
            }
        }
        wants.retain(|want| !self.not_taken.contains(&want.hash));
        let has_new = wants.iter().any(|want| !self.office_wants.contains(want));
        self.office_wants = wants;
        moved || has_new
    }

    fn is_tired_of(&mut self, want: Want) -> bool {
        let tries = self.tries.entry((want.hash, want.offset)).or_insert(0);
        *tries += 1;
        *tries >= TRIES
    }
}
