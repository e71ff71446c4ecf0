//! A whole sync: session, line, tokens, and what has to be looked at afterwards.

use std::sync::PoisonError;

use sampan_record::ids::RecordId;
use sampan_store::device::identity::Identity;
use sampan_store::error::StoreError;
use sampan_sync::limits;
use sampan_sync::session::{Clock, Options, Session, Step};

use crate::api::{QuarantineView, SyncOptions, SyncProgress, SyncReport};
use crate::client::{Inner, asking, enrolling, forms, from_sync, records, showing, waiting};
use crate::error::ClientError;
use crate::transport::{LineError, Reply, Request};

/// How often in a row the line may be cut before the sync gives up; each time the batch gets smaller.
const MOST_CUTS: u32 = 3;

/// How often in a row a token may be renewed without the office taking it.
const MOST_RENEWALS: u32 = 2;

const CONTENT_TYPE: &str = "application/x-sampan-sync";

/// Exchanges everything, until there is nothing left.
pub(super) fn sync(
    inner: &Inner,
    options: &SyncOptions,
    progress: &dyn Fn(&SyncProgress),
) -> Result<SyncReport, ClientError> {
    let _one_at_a_time = inner.syncing.lock().unwrap_or_else(PoisonError::into_inner);
    let identity = inner.store().identity()?.ok_or(ClientError::NotEnrolled)?;
    save_interrupted(inner)?;
    let before = inner.store().counts()?;
    let known = showing::quarantined(inner)?;
    let mut run = Run {
        inner,
        options,
        progress,
        identity,
        report: SyncReport::default(),
        again: Vec::new(),
    };
    let outcome = run.until_done();
    let (mut report, mut again) = (run.report, run.again);
    settle(inner)?;
    if report.took_new_incarnation {
        again = inner.store().interviews()?.iter().map(|row| row.record).collect();
    }
    {
        let mut store = inner.store();
        store.tend_sealed(&again)?;
        store.refill_reserve();
    }
    let after = inner.store().counts()?;
    report.n_unsent = after.n_unsent;
    report.n_contents = after.n_contents.saturating_sub(before.n_contents);
    report.quarantined = showing::quarantined(inner)?
        .into_iter()
        .filter(|now| !known.iter().any(|then| is_same(then, now)))
        .collect();
    let mut store = inner.store();
    report.office_clock_ahead_ms = store.last_sync()?.1.filter(|_| report.n_requests > 0);
    match outcome {
        Ok(()) => {
            store.set_last_sync()?;
            store.set_wait(None)?;
            store.add_line("sync", &sentence(&report))?;
            Ok(report)
        }
        Err(error) => {
            drop(store);
            waiting::begin(inner, &error)?;
            let mut store = inner.store();
            store.add_line(
                "failed",
                &format!(
                    "The sync stopped: {error}. {} changes sent before, {} still to be sent.",
                    report.n_sent, report.n_unsent
                ),
            )?;
            Err(error)
        }
    }
}

/// Interviews that were interrupted, not paused, become changes first, so that nothing waits on this device alone.
fn save_interrupted(inner: &Inner) -> Result<(), ClientError> {
    let records = inner.store().with_journal()?;
    for record in records {
        let _turn = inner.turn();
        let is_open = inner.open_records().contains(&record);
        if !is_open {
            match records::save(inner, record, Vec::new(), None) {
                Ok(()) => {}
                Err(ClientError::Store(error)) => return Err(ClientError::Store(error)),
                // Its form does not run here: the journal stays as it is, and the rest is sent.
                Err(_) => {}
            }
        }
    }
    Ok(())
}

/// Computes anew what the sync has changed.
fn settle(inner: &Inner) -> Result<(), ClientError> {
    forms::read_new(inner)?;
    let stale = inner.store().stale()?;
    for record in stale {
        records::refresh(inner, record)?;
    }
    Ok(())
}

struct Run<'a> {
    inner: &'a Inner,
    options: &'a SyncOptions,
    progress: &'a dyn Fn(&SyncProgress),
    identity: Identity,
    report: SyncReport,
    /// Interviews whose changes have other names now.
    again: Vec<RecordId>,
}

impl Run<'_> {
    /// Sessions, until one has left nothing to ask for.
    fn until_done(&mut self) -> Result<(), ClientError> {
        loop {
            self.session()?;
            let issued = {
                let _turn = self.inner.turn();
                self.inner.store().issue_recovered()?
            };
            let is_done = issued.is_empty();
            self.again.extend(issued);
            if forms::read_new(self.inner)? == 0 && is_done {
                return Ok(());
            }
        }
    }

    fn session(&mut self) -> Result<(), ClientError> {
        let mut session = Session::new(Options {
            batch_bytes: self.batch_bytes()?,
            budget_bytes: self.options.budget_bytes.max(16 * 1024),
            ..Options::default()
        });
        let mut n_cuts = 0;
        let mut n_renewals = 0;
        let mut pause_s = 0;
        let mut is_renegotiated = false;
        loop {
            if self.report.n_requests >= u64::from(self.options.max_requests) {
                return Err(ClientError::NoEnd {
                    n_requests: self.report.n_requests,
                });
            }
            let now = self.inner.platform.clock.now();
            let clock = Clock {
                wall_time_ms: now.wall_time_ms,
                utc_offset_min: now.utc_offset_min,
            };
            let request = session
                .next_request(&mut *self.inner.store(), clock)
                .map_err(from_sync)?;
            let Some(request) = request else {
                break;
            };
            if pause_s > 0 {
                return Err(ClientError::Paused {
                    retry_after_s: pause_s,
                });
            }
            let began_ms = self.inner.platform.clock.steady_ms();
            let reply = match self.post(&request) {
                Ok(reply) => reply,
                Err(error) => {
                    n_cuts += 1;
                    session.on_cut();
                    self.remember(&session)?;
                    match error {
                        LineError::Cut(_) | LineError::Timeout if n_cuts <= MOST_CUTS => continue,
                        other => return Err(other.into()),
                    }
                }
            };
            match reply.status {
                200 if reply.content_type == CONTENT_TYPE => {}
                200 => return Err(asking::not_the_office(&reply)),
                401 if n_renewals < MOST_RENEWALS => {
                    let Some(refusal) = asking::refusal(&reply) else {
                        return Err(asking::not_the_office(&reply));
                    };
                    n_renewals += 1;
                    self.identity = enrolling::renew(self.inner, refusal.challenge)?;
                    continue;
                }
                426 if !is_renegotiated => {
                    let refusal = asking::refusal(&reply).ok_or_else(|| asking::not_the_office(&reply))?;
                    let theirs = refusal.versions().ok_or_else(|| asking::refused(&reply))?;
                    session.on_versions(theirs).map_err(from_sync)?;
                    is_renegotiated = true;
                    continue;
                }
                413 if n_cuts <= MOST_CUTS => {
                    n_cuts += 1;
                    session.on_cut();
                    continue;
                }
                _ => return Err(asking::refused(&reply)),
            }
            let now_ms = self.inner.platform.clock.steady_ms();
            session.took(now_ms.saturating_sub(began_ms));
            let step = {
                let _turn = self.inner.turn();
                session
                    .on_response(&mut *self.inner.store(), &reply.body)
                    .map_err(from_sync)?
            };
            n_cuts = 0;
            n_renewals = 0;
            self.note(&step);
            self.remember(&session)?;
            pause_s = u64::from(step.retry_after_s);
        }
        Ok(())
    }

    fn post(&mut self, request: &[u8]) -> Result<Reply, LineError> {
        let url = format!("{}/v1/sync", self.identity.server_url);
        let reply = self.inner.transport.post(Request {
            url: &url,
            content_type: CONTENT_TYPE,
            bearer: self.identity.token.as_deref(),
            body: request,
            max_reply_bytes: u64::try_from(limits::MESSAGE_BYTES).unwrap_or(u64::MAX),
        })?;
        self.report.sent_bytes += u64::try_from(request.len()).unwrap_or(0);
        self.report.received_bytes += u64::try_from(reply.body.len()).unwrap_or(0);
        Ok(reply)
    }

    fn note(&mut self, step: &Step) {
        let report = &mut self.report;
        report.n_requests += 1;
        report.n_sent = report.n_sent.saturating_add(step.n_acked);
        report.n_received = report.n_received.saturating_add(step.n_received);
        report.took_new_incarnation |= step.forked;
        report.office_was_restored |= step.office_restored;
        report.n_unsent = step.n_unsent;
        (self.progress)(&SyncProgress {
            n_requests: report.n_requests,
            n_unsent: step.n_unsent,
            n_received: report.n_received,
            received_bytes: report.received_bytes,
        });
    }

    /// The size of batch that went well last.
    fn batch_bytes(&self) -> Result<usize, ClientError> {
        let kept = self.inner.store().batch_bytes()?;
        Ok(kept
            .and_then(|bytes| usize::try_from(bytes).ok())
            .unwrap_or(limits::BATCH_BYTES)
            .clamp(limits::BATCH_BYTES_LEAST, limits::BATCH_BYTES_MOST))
    }

    /// Keeps the size of batch that works on this line, also for the next time the app is started.
    fn remember(&self, session: &Session) -> Result<(), ClientError> {
        let bytes = session.batch_bytes();
        if bytes == self.batch_bytes()? {
            return Ok(());
        }
        match self
            .inner
            .store()
            .set_batch_bytes(u64::try_from(bytes).unwrap_or(0))
        {
            // A full disk forgets how good the line is; nothing else hangs on it.
            Ok(()) | Err(StoreError::Full { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn is_same(one: &QuarantineView, other: &QuarantineView) -> bool {
    one.record == other.record && one.seq == other.seq
}

fn sentence(report: &SyncReport) -> String {
    let mut sentence = format!(
        "Synced: {} changes sent, {} received, {} forms and files fetched.",
        report.n_sent, report.n_received, report.n_contents
    );
    if report.n_unsent > 0 {
        sentence.push_str(&format!(" {} changes are still to be sent.", report.n_unsent));
    }
    sentence
}
