//! A phone: a store that outlives it, a session that does not, and the bugs that can be planted in it.

use std::collections::BTreeSet;

use sampan_record::change::{Change, Header, RecordKey};
use sampan_record::ids::{ContentHash, Dot};
use sampan_sync::blob::{Offer, Part, Want};
use sampan_sync::error::SyncError;
use sampan_sync::log::{Applied, Caller, DeviceLog, DeviceState};
use sampan_sync::memory::device::MemoryDevice;
use sampan_sync::push::Held;
use sampan_sync::session::{Options, Session};

use crate::bugs::Bug;

/// A phone in the field.
#[derive(Debug)]
pub struct Phone {
    /// What is durable on it.
    pub store: MemoryDevice,
    /// The texts that were shown as saved on it, by number.
    pub saved: BTreeSet<u32>,
    /// The sync that runs, if one does.
    pub session: Option<Session>,
    /// The request whose response it waits for.
    pub waiting: Option<u64>,
    /// How it syncs.
    pub options: Options,
    /// Its clock, milliseconds since 1970 UTC.
    pub clock_ms: i64,
    /// What the clock said at its last change.
    pub last_write_ms: Option<i64>,
    /// Folders put aside.
    pub kept: Vec<(MemoryDevice, BTreeSet<u32>)>,
    /// How many copies lie between it and the first phone of its name.
    pub n_copies: u32,
    /// How often it forked.
    pub n_forks: u32,
    /// How far its replica is acknowledged by a response that arrived: name, generation and number.
    pub heard: Option<Heard>,
    /// Changes that are not committed yet ([`Bug::CursorFirst`]).
    pub uncommitted: Vec<Change>,
}

/// What a phone has heard from the office.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// The name it sends under.
    pub replica: sampan_record::ids::Replica,
    /// The office's life.
    pub generation: sampan_sync::receipt::Generation,
    /// Acknowledged through.
    pub acked_through: u64,
    /// The office asked for changes from here on again.
    pub resend_from: Option<u64>,
}

impl Phone {
    /// A phone just enrolled.
    pub fn new(store: MemoryDevice, options: Options) -> Phone {
        Phone {
            store,
            saved: BTreeSet::new(),
            session: None,
            waiting: None,
            options,
            clock_ms: 1_790_000_000_000,
            last_write_ms: None,
            kept: Vec::new(),
            n_copies: 0,
            n_forks: 0,
            heard: None,
            uncommitted: Vec::new(),
        }
    }

    /// Who asks, as its token says.
    pub fn caller(&self) -> Caller {
        Caller {
            device: self.store.replica.device,
            person: self.store.person,
        }
    }

    /// The process ends: what is not durable is gone.
    pub fn crash(&mut self) {
        self.session = None;
        self.waiting = None;
        self.uncommitted.clear();
    }

    /// What was only in memory becomes durable.
    pub fn commit(&mut self) {
        for change in self.uncommitted.drain(..) {
            self.store.changes.entry(change.header.dot()).or_insert(change);
        }
    }
}

/// A phone's store, as its session sees it, with a bug or without.
pub struct Log<'a> {
    /// The store.
    pub store: &'a mut MemoryDevice,
    /// Where changes wait that are not committed yet.
    pub uncommitted: &'a mut Vec<Change>,
    /// The bug.
    pub bug: Option<Bug>,
}

impl DeviceLog for Log<'_> {
    fn state(&mut self) -> Result<DeviceState, SyncError> {
        self.store.state()
    }

    fn own_changes(
        &mut self,
        from_seq: u64,
        budget_bytes: usize,
        limit: usize,
    ) -> Result<Vec<Change>, SyncError> {
        self.store.own_changes(from_seq, budget_bytes, limit)
    }

    fn quarantined(&mut self, limit: usize) -> Result<Vec<u64>, SyncError> {
        self.store.quarantined(limit)
    }

    fn record_key(&mut self, header: &Header) -> Result<Option<RecordKey>, SyncError> {
        self.store.record_key(header)
    }

    fn holds(&mut self, after: Option<Dot>, limit: usize) -> Result<Vec<Held>, SyncError> {
        self.store.holds(after, limit)
    }

    fn to_relay(&mut self, budget_bytes: usize, limit: usize) -> Result<Vec<Change>, SyncError> {
        self.store.to_relay(budget_bytes, limit)
    }

    fn wanted(&mut self, limit: usize) -> Result<Vec<Want>, SyncError> {
        self.store.wanted(limit)
    }

    fn offers(&mut self, skip: usize, limit: usize) -> Result<Vec<Offer>, SyncError> {
        self.store.offers(skip, limit)
    }

    fn read_content(
        &mut self,
        hash: ContentHash,
        offset: u64,
        limit_bytes: usize,
    ) -> Result<Option<Part>, SyncError> {
        if self.bug == Some(Bug::ChunkOffByOne) && offset > 0 {
            let part = self.store.read_content(hash, offset + 1, limit_bytes)?;
            return Ok(part.map(|part| Part { offset, ..part }));
        }
        self.store.read_content(hash, offset, limit_bytes)
    }

    fn n_open(&mut self) -> Result<u64, SyncError> {
        self.store.n_open()
    }

    fn apply(&mut self, applied: &Applied) -> Result<(), SyncError> {
        let mut applied = applied.clone();
        match self.bug {
            Some(Bug::CursorFirst) => self.uncommitted.append(&mut applied.changes),
            Some(Bug::GenerationIgnored) if applied.restored => {
                applied.restored = false;
                applied.offering = None;
            }
            _ => {}
        }
        self.store.apply(&applied)
    }

    fn reincarnate(&mut self, first_seq: u64) -> Result<(), SyncError> {
        if self.bug == Some(Bug::ForkIgnored) {
            return Ok(());
        }
        self.store.reincarnate(first_seq)
    }

    fn rejoin(&mut self, first: Dot) -> Result<bool, SyncError> {
        self.store.rejoin(first)
    }
}
