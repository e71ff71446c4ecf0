//! The office's side: one request in, one response out, verdicts only after the commit.

use crate::blob;
use crate::error::SyncError;
use crate::forms;
use crate::limits;
use crate::log::{Caller, OfficeLog};
use crate::names;
use crate::pull;
use crate::push;
use crate::version;
use crate::wire::{SyncRequest, SyncResponse};

/// The most a response holds of changes and content, in bytes, whatever the device would take.
pub const BUDGET_BYTES_MOST: usize = 4 * 1024 * 1024;

/// Answers one request. What it acknowledges is committed before it returns. `now_ms`: the office's wall clock,
/// milliseconds since 1970 UTC.
///
/// # Errors
/// `Malformed` (400), `TooLarge` (413), `Version` (426), `Foreign` (403), `StoreFull` (507), `StoreBusy` (503),
/// `Store` (500); see docs/sync-protocol.md. Nothing of the request is acknowledged then.
pub fn answer(
    log: &mut dyn OfficeLog,
    caller: &Caller,
    now_ms: i64,
    request: &[u8],
) -> Result<Vec<u8>, SyncError> {
    let request = SyncRequest::decode(request)?;
    Ok(respond(log, caller, now_ms, request)?.encode())
}

/// Answers a request that is already read; see [`answer`].
///
/// # Errors
/// As [`answer`].
pub fn respond(
    log: &mut dyn OfficeLog,
    caller: &Caller,
    now_ms: i64,
    request: SyncRequest,
) -> Result<SyncResponse, SyncError> {
    if request.push.replica.device != caller.device {
        return Err(SyncError::Foreign);
    }
    let protocol = version::negotiate(version::OURS, request.protocol)?;
    let facts = log.facts()?;
    log.contact(caller, request.push.replica, &request.contact)?;

    let SyncRequest {
        generation,
        cursor,
        budget_bytes,
        forms_digest,
        names_through,
        push: mut offered,
        wants,
        offers,
        parts,
        ..
    } = request;
    let is_of_here = generation == facts.generation;
    if !is_of_here {
        // The device does not know yet that the office was restored. It is told first, so that what it sends comes
        // with the record keys that this office may have lost.
        offered.changes.clear();
        offered.relayed.clear();
        offered.holds.clear();
    }
    let (decider, sent) = (*caller, offered.clone());
    let restored = facts.restored;
    let mut decided = log.write(Box::new(move |transaction| {
        push::take(transaction, &decider, &sent, restored)
    }))?;
    let is_behind = offered.changes.is_empty() && offered.written_through > decided.acked_through;
    if is_of_here && decided.resend_from.is_none() && !is_behind {
        // The device sent, or sent before, what is acknowledged, and it was compared by hash then.
        decided.acked_hash = None;
    }

    let budget_bytes = usize::try_from(budget_bytes)
        .unwrap_or(BUDGET_BYTES_MOST)
        .min(BUDGET_BYTES_MOST);
    let pulled = pull::answer(
        log,
        caller,
        (generation, cursor),
        facts.generation,
        (&offered, &decided),
        budget_bytes,
    )?;
    let forms = forms::answer(log, caller, forms_digest)?;
    // Revisions of another generation mean nothing here.
    let names = names::answer(log, caller, if is_of_here { names_through } else { 0 })?;
    let has_all_names = names
        .as_ref()
        .is_none_or(|names| names.names.len() < limits::NAMES);
    let taken = blob::take(log, caller, &parts, &offers)?;
    let parts = if pulled.more {
        Vec::new()
    } else {
        blob::serve(
            log,
            caller,
            &wants,
            budget_bytes.saturating_sub(pulled.n_bytes).max(1),
        )?
    };
    Ok(SyncResponse {
        protocol,
        generation: facts.generation,
        backed_up_through: facts.backed_up_through,
        office_time_ms: now_ms,
        asks_holds: facts.restored,
        push: decided,
        changes: pulled.changes,
        cursor: pulled.cursor,
        more: pulled.more || !has_all_names,
        forms,
        names,
        parts,
        wants: taken.wants,
        safe: taken.safe,
        retry_after_s: 0,
    })
}
