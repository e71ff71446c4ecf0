//! Step: the device's changes go to the office and get a verdict each.

use std::collections::BTreeMap;

use sampan_record::change::{Change, Payload};
use sampan_record::ids::{ChangeHash, Dot, Replica};
use sampan_record::write::{self, Checked, VerifyError};

use crate::error::SyncError;
use crate::fork;
use crate::limits;
use crate::log::{Caller, Chain, Decided, DeviceLog, DeviceState, Judgement, KeptReceipt, KeyState};
use crate::log::{OfficeTransaction, Route};
use crate::receipt::{Position, Reason, Receipt, Verdict};
use crate::wire::batch;

/// What a device sends of its changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushRequest {
    /// The replica that asks, and that wrote `changes`.
    pub replica: Replica,
    /// The last change it has written; 0 = none.
    pub written_through: u64,
    /// The first of its own changes that it still holds; 1 unless it dropped what was backed up.
    pub held_from: u64,
    /// Its changes in order, without gaps.
    pub changes: Vec<Change>,
    /// Changes of other replicas that the office said it lacks, the beginning of each record first.
    pub relayed: Vec<Change>,
    /// Names of changes of other replicas that it holds, offered after a restore of the office.
    pub holds: Vec<Held>,
    /// Its own changes that it believes to be in quarantine, to hear whether that has changed.
    pub asks: Vec<u64>,
}

/// What the office decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PushResponse {
    /// All of the replica's changes up to this one are durably decided; 0 = none.
    pub acked_through: u64,
    /// The hash of the change at `acked_through`, told where the device may have written another one under that number
    /// and not sent it in this request: after a restore of the office, or when the office knows less than the device
    /// remembers.
    pub acked_hash: Option<ChangeHash>,
    /// A receipt for each change of the request that was decided now or before, and for each `ask` that is known.
    pub receipts: Vec<Receipt>,
    /// Two copies write under one name: the device re-issues its changes from this one on under a new incarnation.
    pub fork_first_seq: Option<u64>,
    /// The chain does not continue at what was sent: the device sends again from this change on.
    pub resend_from: Option<u64>,
    /// The fork that this incarnation began with is void: its first change is here under the name it had before.
    pub rejoin: Option<Dot>,
    /// Which of the held changes the office wants.
    pub lacks: Vec<Dot>,
    /// What became of relayed changes.
    pub relay_receipts: Vec<RelayReceipt>,
}

/// A change by name and hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Held {
    /// Writer and number.
    pub dot: Dot,
    /// The change's hash.
    pub hash: ChangeHash,
}

/// What became of one relayed change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RelayReceipt {
    /// Which change.
    pub dot: Dot,
    /// What became of it.
    pub verdict: Verdict,
    /// Where it stands in the office's log.
    pub position: Position,
}

impl RelayReceipt {
    /// Whether the office keeps the change apart because it knows another one under this name.
    pub fn is_contradicted(&self) -> bool {
        self.verdict == Verdict::Quarantined(Reason::Contradicted) && self.position > Position(0)
    }
}

/// Device half: what to send of the changes, from `from_seq` on, in about `budget_bytes`. Own changes go first; what
/// others wrote, and names of it, only when the own ones are all sent.
///
/// # Errors
/// The store's.
pub fn offer(
    log: &mut dyn DeviceLog,
    state: &DeviceState,
    from_seq: u64,
    budget_bytes: usize,
) -> Result<PushRequest, SyncError> {
    let from_seq = from_seq.max(state.held_from);
    let mut changes = Vec::new();
    if from_seq <= state.written_through {
        changes = log.own_changes(from_seq, budget_bytes, limits::CHANGES)?;
        shorten(&mut changes, budget_bytes);
    }
    let all_sent = changes.last().map_or(from_seq > state.written_through, |change| {
        change.header.seq >= state.written_through
    });
    let mut relayed = Vec::new();
    let mut holds = Vec::new();
    if state.office_was_restored {
        if all_sent {
            relayed = log.to_relay(budget_bytes, limits::CHANGES)?;
            shorten(&mut relayed, budget_bytes);
            if let Some(after) = state.offering {
                holds = log.holds(after, limits::HOLDS)?;
            }
        }
        for change in changes.iter_mut().chain(relayed.iter_mut()) {
            if change.record_key.is_none() {
                change.record_key = log.record_key(&change.header)?;
            }
        }
    }
    Ok(PushRequest {
        replica: state.replica,
        written_through: state.written_through,
        held_from: state.held_from,
        changes,
        relayed,
        holds,
        asks: Vec::new(),
    })
}

/// Cuts a batch so that it fits the budget and the limits of a message; one change always stays.
fn shorten(changes: &mut Vec<Change>, budget_bytes: usize) {
    let mut n_bytes = 0usize;
    let mut n_entries = 0usize;
    let mut n_fit = 0usize;
    for change in changes.iter() {
        n_bytes = n_bytes.saturating_add(batch::weight(change));
        n_entries = n_entries.saturating_add(change.header.context.0.len());
        let fits = n_bytes <= budget_bytes && n_entries <= limits::CONTEXT_ENTRIES;
        if n_fit > 0 && (!fits || n_fit >= limits::CHANGES) {
            break;
        }
        n_fit += 1;
    }
    changes.truncate(n_fit);
}

/// Office half: decides on each change in one transaction. `restored` = this generation began with a restore.
///
/// # Errors
/// The store's; then nothing of it is kept.
pub fn take(
    transaction: &mut dyn OfficeTransaction,
    caller: &Caller,
    push: &PushRequest,
    restored: bool,
) -> Result<PushResponse, SyncError> {
    let mut response = take_own(transaction, caller, push, restored)?;
    for seq in &push.asks {
        let dot = Dot {
            replica: push.replica,
            seq: *seq,
        };
        if let Some(kept) = transaction.receipt(dot)? {
            response.receipts.push(kept.of(*seq));
        }
    }
    let mut forks = Forks::default();
    for change in &push.relayed {
        let receipt = take_relayed(transaction, caller, change, restored, &mut forks)?;
        response.relay_receipts.push(receipt);
    }
    if restored {
        for held in &push.holds {
            if held.dot.replica == push.replica {
                continue;
            }
            match transaction.receipt(held.dot)? {
                Some(kept) if kept.hash == held.hash => {}
                // The office forgot this one, and a copy wrote another under its name.
                Some(_) => match transaction.contradicted(held.hash)? {
                    Some(position) => response.relay_receipts.push(contradicted(held.dot, position)),
                    None => response.lacks.push(held.dot),
                },
                None => response.lacks.push(held.dot),
            }
        }
    }
    Ok(response)
}

fn take_own(
    transaction: &mut dyn OfficeTransaction,
    caller: &Caller,
    push: &PushRequest,
    restored: bool,
) -> Result<PushResponse, SyncError> {
    let replica = push.replica;
    let mut response = PushResponse::default();
    let mut chain = transaction.chain(replica)?;
    if restored && chain.through == 0 && push.held_from <= 1 && push.written_through > 0 {
        response.rejoin = transaction.forked_from(replica)?;
        if response.rejoin.is_some() {
            return Ok(response);
        }
    }
    let first_seq = push.changes.first().map_or(0, |change| change.header.seq);
    let last_seq = push.changes.last().map(|change| change.header.seq);
    let mut previous: Option<ChangeHash> = None;
    for change in &push.changes {
        let seq = change.header.seq;
        let hash = change.hash();
        let kept = transaction.receipt(change.header.dot())?;
        if seq <= chain.through {
            match kept {
                Some(kept) if kept.hash == hash => {
                    let kept = again(transaction, caller, change, kept)?;
                    response.receipts.push(kept.of(seq));
                }
                Some(_) => {
                    if seq <= push.held_from || agrees_before(transaction, change)? {
                        response.fork_first_seq = Some(seq);
                    } else {
                        response.resend_from = Some((seq / 2).max(1).max(push.held_from));
                    }
                    break;
                }
                // A gap from before the device's first held change: filled now.
                None => response
                    .receipts
                    .push(decide_and_keep(transaction, caller, change, hash, false)?),
            }
        } else {
            let follows = chain.through.checked_add(1) == Some(seq);
            let jumps = !follows && seq == first_seq && push.held_from == seq;
            if !follows && !jumps {
                response.resend_from = Some(chain.through.saturating_add(1));
                break;
            }
            let continues = jumps || change.header.prev == chain.hash;
            if !continues && previous != Some(chain.hash) && chain.through > 0 {
                // Either the device's last acked change is another than ours (a fork, found when it sends that one),
                // or this change is broken: seen when both came together.
                response.resend_from = Some(chain.through.max(push.held_from).min(seq));
                if push.held_from < seq {
                    break;
                }
            }
            match kept {
                Some(kept) if kept.hash == hash => {
                    let kept = again(transaction, caller, change, kept)?;
                    response.receipts.push(kept.of(seq));
                }
                Some(_) => {
                    response.fork_first_seq = Some(seq);
                    break;
                }
                None if restored && is_issued_again(transaction, change, hash)? => {
                    response.fork_first_seq = Some(seq);
                    break;
                }
                None => {
                    response.resend_from = None;
                    let receipt = decide_and_keep(transaction, caller, change, hash, !continues)?;
                    response.receipts.push(receipt);
                }
            }
            chain = Chain { through: seq, hash };
            transaction.advance(replica, chain)?;
        }
        previous = Some(hash);
    }
    if response.fork_first_seq.is_none()
        && response.resend_from.is_none()
        && chain.through > push.written_through
        && last_seq.is_none_or(|last| last >= push.written_through)
    {
        // The device's store is older than what it sent once: it was restored from a backup.
        response.fork_first_seq = push.written_through.checked_add(1);
    }
    response.acked_through = match (response.fork_first_seq, response.resend_from) {
        (Some(fork), _) => chain.through.min(fork.saturating_sub(1)),
        (None, Some(_)) if first_seq > 0 && first_seq <= chain.through.saturating_add(1) => {
            let last = response.receipts.last().map(|receipt| receipt.seq);
            last.unwrap_or(first_seq.saturating_sub(1))
        }
        // Behind the last one that came the device may have written others than those that are here.
        (None, None) => last_seq.map_or(chain.through, |last| chain.through.min(last)),
        (None, Some(_)) => chain.through,
    };
    response.acked_hash = if response.acked_through == chain.through {
        Some(chain.hash).filter(|_| chain.through > 0)
    } else {
        let dot = Dot {
            replica,
            seq: response.acked_through,
        };
        transaction.receipt(dot)?.map(|kept| kept.hash)
    };
    Ok(response)
}

/// Whether a copy has issued this change again after a fork that this office no longer knows of, and brought it so.
fn is_issued_again(
    transaction: &mut dyn OfficeTransaction,
    change: &Change,
    hash: ChangeHash,
) -> Result<bool, SyncError> {
    let replica = Replica {
        device: change.header.replica.device,
        incarnation: fork::incarnation_of(hash),
    };
    Ok(transaction.receipt(Dot { replica, seq: 1 })?.is_some())
}

/// Whether the change before this one is the same on both sides, so that a difference here is the first.
fn agrees_before(transaction: &mut dyn OfficeTransaction, change: &Change) -> Result<bool, SyncError> {
    let header = &change.header;
    let Some(before) = header.seq.checked_sub(1).filter(|seq| *seq > 0) else {
        return Ok(true);
    };
    let dot = Dot {
        replica: header.replica,
        seq: before,
    };
    // Without a receipt (a gap that was jumped) there is nothing earlier to compare with.
    Ok(transaction
        .receipt(dot)?
        .is_none_or(|kept| kept.hash == header.prev))
}

/// A change that is known already: its receipt, and another chance if only its record's key was missing.
fn again(
    transaction: &mut dyn OfficeTransaction,
    caller: &Caller,
    change: &Change,
    kept: KeptReceipt,
) -> Result<KeptReceipt, SyncError> {
    if kept.verdict != Verdict::Quarantined(Reason::KeyMissing) {
        return Ok(kept);
    }
    let verdict = decide(transaction, caller, change, Route::Own, false)?;
    if verdict == kept.verdict {
        return Ok(kept);
    }
    let decided = Decided {
        change,
        hash: kept.hash,
        route: Route::Own,
        verdict,
    };
    let position = transaction.keep(caller, decided)?;
    Ok(KeptReceipt {
        verdict,
        position,
        ..kept
    })
}

fn decide_and_keep(
    transaction: &mut dyn OfficeTransaction,
    caller: &Caller,
    change: &Change,
    hash: ChangeHash,
    chain_is_broken: bool,
) -> Result<Receipt, SyncError> {
    let verdict = decide(transaction, caller, change, Route::Own, chain_is_broken)?;
    let decided = Decided {
        change,
        hash,
        route: Route::Own,
        verdict,
    };
    let position = transaction.keep(caller, decided)?;
    Ok(Receipt {
        seq: change.header.seq,
        verdict,
        position,
    })
}

fn take_relayed(
    transaction: &mut dyn OfficeTransaction,
    caller: &Caller,
    change: &Change,
    restored: bool,
    forks: &mut Forks,
) -> Result<RelayReceipt, SyncError> {
    let dot = change.header.dot();
    let hash = change.hash();
    let refused = |reason| RelayReceipt {
        dot,
        verdict: Verdict::Quarantined(reason),
        position: Position(0),
    };
    let known = transaction.receipt(dot)?;
    if let Some(kept) = known
        && kept.hash == hash
    {
        return Ok(RelayReceipt {
            dot,
            verdict: Verdict::Duplicate,
            position: kept.position,
        });
    }
    if !restored {
        return Ok(refused(Reason::NotAllowed));
    }
    if !matches!(change.payload, Payload::Full(_)) {
        return Ok(refused(Reason::Emptied));
    }
    let stands_elsewhere = known.is_some()
        || is_issued_again(transaction, change, hash)?
        || forks.of(transaction, dot.replica)?.is_some();
    if stands_elsewhere {
        let position = match transaction.contradicted(hash)? {
            Some(position) => position,
            None => transaction.keep_contradicted(caller, change, hash)?,
        };
        return Ok(contradicted(dot, position));
    }
    let verdict = decide(transaction, caller, change, Route::Relayed, false)?;
    let decided = Decided {
        change,
        hash,
        route: Route::Relayed,
        verdict,
    };
    let position = transaction.keep(caller, decided)?;
    Ok(RelayReceipt {
        dot,
        verdict,
        position,
    })
}

/// Where the incarnations of relayed changes forked off, each looked up once.
#[derive(Default)]
struct Forks(BTreeMap<Replica, Option<Dot>>);

impl Forks {
    fn of(
        &mut self,
        transaction: &mut dyn OfficeTransaction,
        replica: Replica,
    ) -> Result<Option<Dot>, SyncError> {
        if let Some(known) = self.0.get(&replica) {
            return Ok(*known);
        }
        let found = transaction.forked_from(replica)?;
        self.0.insert(replica, found);
        Ok(found)
    }
}

fn contradicted(dot: Dot, position: Position) -> RelayReceipt {
    RelayReceipt {
        dot,
        verdict: Verdict::Quarantined(Reason::Contradicted),
        position,
    }
}

/// All checks on one change: what sync can see, then the server's rules.
fn decide(
    transaction: &mut dyn OfficeTransaction,
    caller: &Caller,
    change: &Change,
    route: Route,
    chain_is_broken: bool,
) -> Result<Verdict, SyncError> {
    if chain_is_broken {
        return Ok(Verdict::Quarantined(Reason::BrokenChain));
    }
    let header = &change.header;
    if header.context.0.values().any(|seq| *seq == 0) {
        return Ok(Verdict::Quarantined(Reason::MalformedContext));
    }
    let key_state = transaction.record_key(header)?;
    let key = match &key_state {
        KeyState::Known(key) => Some(key),
        KeyState::Unknown | KeyState::Dropped => None,
    };
    match write::verify(change, key) {
        Ok(Checked::Matches | Checked::Emptied) => {}
        Ok(Checked::NoKey) if key_state == KeyState::Dropped => {}
        Ok(Checked::NoKey) => return Ok(Verdict::Quarantined(Reason::KeyMissing)),
        Err(error) => return Ok(Verdict::Quarantined(reason_of(&error))),
    }
    if !lamport_follows(transaction, change)? {
        return Ok(Verdict::Quarantined(Reason::WrongLamport));
    }
    Ok(match transaction.judge(caller, change, route)? {
        Judgement::Keep => Verdict::Kept,
        Judgement::Quarantine(reason) => Verdict::Quarantined(reason),
        Judgement::Erased => Verdict::Erased,
    })
}

fn reason_of(error: &VerifyError) -> Reason {
    match error {
        VerifyError::SeqZero | VerifyError::ChainStart { .. } | VerifyError::UtcOffset { .. } => {
            Reason::MalformedHeader
        }
        VerifyError::ChainBroken { .. } => Reason::BrokenChain,
        VerifyError::ContextHoldsItself { .. } => Reason::MalformedContext,
        VerifyError::Lamport { .. } => Reason::WrongLamport,
        VerifyError::PayloadHash { .. } => Reason::PayloadHashMismatch,
    }
}

/// The lamport is exactly one above the highest the context names; where the office lacks some of those, it is above
/// those it has, and not further than a device could get honestly.
fn lamport_follows(transaction: &mut dyn OfficeTransaction, change: &Change) -> Result<bool, SyncError> {
    let header = &change.header;
    let mut highest = 0u64;
    let mut is_complete = true;
    for (replica, seq) in &header.context.0 {
        let dot = Dot {
            replica: *replica,
            seq: *seq,
        };
        match transaction.lamport_of(header.record, dot)? {
            Some(lamport) => highest = highest.max(lamport),
            None => is_complete = false,
        }
    }
    let least = highest.saturating_add(1);
    let most = if is_complete {
        least
    } else {
        least.saturating_add(limits::LAMPORT_SLACK)
    };
    Ok((least..=most).contains(&header.lamport))
}
