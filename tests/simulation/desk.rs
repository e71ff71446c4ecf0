//! The office, with the bugs that can be planted in it.

use sampan_record::change::{Change, Header};
use sampan_record::ids::{ChangeHash, ContentHash, Dot, PersonId, RecordId, Replica};
use sampan_sync::blob::{ContentState, Part};
use sampan_sync::error::SyncError;
use sampan_sync::forms::FormListing;
use sampan_sync::hello::{Contact, OfficeFacts};
use sampan_sync::log::{Caller, Chain, Decided, Judgement, KeptReceipt, KeyState};
use sampan_sync::log::{OfficeLog, OfficeTransaction, OfficeWork, Route};
use sampan_sync::memory::office::MemoryOffice;
use sampan_sync::names::NameEntry;
use sampan_sync::office;
use sampan_sync::pull::FeedEntry;
use sampan_sync::push::PushResponse;
use sampan_sync::receipt::{Cursor, Generation, Position, Reason, Verdict};
use sampan_sync::wire::{SyncRequest, SyncResponse};

use crate::bugs::Bug;

/// The office's database and process.
#[derive(Debug)]
pub struct Desk {
    /// What it knows now.
    pub office: MemoryOffice,
    /// What would be there after a power cut, where that is not the same ([`Bug::AckBeforeCommit`]).
    durable: Option<MemoryOffice>,
    /// Who sees every record ([`Bug::ScopeOpen`] gives everybody this feed).
    overseer: PersonId,
    bug: Option<Bug>,
}

impl Desk {
    /// An office that opens.
    pub fn new(office: MemoryOffice, overseer: PersonId, bug: Option<Bug>) -> Desk {
        let durable = (bug == Some(Bug::AckBeforeCommit)).then(|| office.clone());
        Desk {
            office,
            durable,
            overseer,
            bug,
        }
    }

    /// Answers one request.
    ///
    /// # Errors
    /// What the protocol refuses.
    pub fn answer(&mut self, caller: &Caller, request: &[u8]) -> Result<Vec<u8>, SyncError> {
        if let Some(durable) = &mut self.durable {
            durable.clone_from(&self.office);
        }
        let mut log = Log {
            office: &mut self.office,
            overseer: self.overseer,
            bug: self.bug,
        };
        let response = office::answer(&mut log, caller, 0, request)?;
        if self.bug == Some(Bug::AckUnseen) {
            let mut response = SyncResponse::decode(&response)?;
            let request = SyncRequest::decode(request)?;
            if response.push.fork_first_seq.is_none() && response.push.resend_from.is_none() {
                response.push.acked_through = request.push.written_through;
            }
            return Ok(response.encode());
        }
        Ok(response)
    }

    /// The process dies and comes back.
    pub fn crash(&mut self) {
        if let Some(durable) = &self.durable {
            self.office.clone_from(durable);
        }
    }

    /// The office begins a new life from a backup.
    pub fn restore(&mut self, backup: MemoryOffice, generation: Generation) {
        self.office = backup.restore(generation);
        if let Some(durable) = &mut self.durable {
            durable.clone_from(&self.office);
        }
    }
}

struct Log<'a> {
    office: &'a mut MemoryOffice,
    overseer: PersonId,
    bug: Option<Bug>,
}

impl OfficeLog for Log<'_> {
    fn write(&mut self, work: OfficeWork) -> Result<PushResponse, SyncError> {
        let bug = self.bug;
        self.office.write(Box::new(move |transaction| {
            work(&mut Transaction {
                inner: transaction,
                bug,
            })
        }))
    }

    fn facts(&mut self) -> Result<OfficeFacts, SyncError> {
        self.office.facts()
    }

    fn shared_cursor(&mut self, caller: &Caller, earlier: Generation) -> Result<Cursor, SyncError> {
        self.office.shared_cursor(caller, earlier)
    }

    fn feed(&mut self, caller: &Caller, after: Cursor, limit: usize) -> Result<Vec<FeedEntry>, SyncError> {
        let mut caller = *caller;
        if self.bug == Some(Bug::ScopeOpen) {
            caller.person = self.overseer;
        }
        let mut entries = self.office.feed(&caller, after, limit)?;
        if self.bug == Some(Bug::FeedSkips) && entries.len() > 2 {
            entries.remove(1);
        }
        Ok(entries)
    }

    fn forms(&mut self, caller: &Caller) -> Result<Vec<FormListing>, SyncError> {
        self.office.forms(caller)
    }

    fn names(&mut self, caller: &Caller, after: u64, limit: usize) -> Result<Vec<NameEntry>, SyncError> {
        self.office.names(caller, after, limit)
    }

    fn read_content(
        &mut self,
        caller: &Caller,
        hash: ContentHash,
        offset: u64,
        limit_bytes: usize,
    ) -> Result<Option<Part>, SyncError> {
        self.office.read_content(caller, hash, offset, limit_bytes)
    }

    fn content_state(&mut self, caller: &Caller, hash: ContentHash) -> Result<ContentState, SyncError> {
        let state = self.office.content_state(caller, hash)?;
        Ok(match (self.bug, state) {
            (Some(Bug::PhotoForgotten), ContentState::Wanted { bytes }) if bytes > 0 => {
                ContentState::Complete
            }
            _ => state,
        })
    }

    fn missing_forms(&mut self, caller: &Caller, limit: usize) -> Result<Vec<ContentHash>, SyncError> {
        self.office.missing_forms(caller, limit)
    }

    fn put_part(&mut self, caller: &Caller, part: &Part) -> Result<ContentState, SyncError> {
        let state = self.office.put_part(caller, part)?;
        Ok(match (self.bug, state) {
            (Some(Bug::PhotoForgotten), ContentState::Wanted { .. }) => ContentState::Complete,
            _ => state,
        })
    }

    fn contact(&mut self, caller: &Caller, replica: Replica, contact: &Contact) -> Result<(), SyncError> {
        self.office.contact(caller, replica, contact)
    }
}

struct Transaction<'a> {
    inner: &'a mut dyn OfficeTransaction,
    bug: Option<Bug>,
}

impl OfficeTransaction for Transaction<'_> {
    fn chain(&mut self, replica: Replica) -> Result<Chain, SyncError> {
        self.inner.chain(replica)
    }

    fn advance(&mut self, replica: Replica, chain: Chain) -> Result<(), SyncError> {
        self.inner.advance(replica, chain)
    }

    fn receipt(&mut self, dot: Dot) -> Result<Option<KeptReceipt>, SyncError> {
        if self.bug == Some(Bug::InsertTwice) {
            return Ok(None);
        }
        self.inner.receipt(dot)
    }

    fn record_key(&mut self, header: &Header) -> Result<KeyState, SyncError> {
        self.inner.record_key(header)
    }

    fn lamport_of(&mut self, record: RecordId, dot: Dot) -> Result<Option<u64>, SyncError> {
        self.inner.lamport_of(record, dot)
    }

    fn judge(&mut self, caller: &Caller, change: &Change, route: Route) -> Result<Judgement, SyncError> {
        let judgement = self.inner.judge(caller, change, route)?;
        Ok(match (self.bug, judgement) {
            (Some(Bug::RightsUnchecked), Judgement::Quarantine(Reason::NotAllowed)) => Judgement::Keep,
            _ => judgement,
        })
    }

    fn keep(&mut self, caller: &Caller, decided: Decided<'_>) -> Result<Position, SyncError> {
        if self.bug == Some(Bug::QuarantineBlocks) && matches!(decided.verdict, Verdict::Quarantined(_)) {
            return Err(SyncError::Store {
                doing: "keep a change it cannot accept",
                source: "planted".into(),
            });
        }
        self.inner.keep(caller, decided)
    }

    fn forked_from(&mut self, replica: Replica) -> Result<Option<Dot>, SyncError> {
        self.inner.forked_from(replica)
    }

    fn contradicted(&mut self, hash: ChangeHash) -> Result<Option<Position>, SyncError> {
        self.inner.contradicted(hash)
    }

    fn keep_contradicted(
        &mut self,
        caller: &Caller,
        change: &Change,
        hash: ChangeHash,
    ) -> Result<Position, SyncError> {
        self.inner.keep_contradicted(caller, change, hash)
    }
}
