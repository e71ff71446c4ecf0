//! All that sync needs from a store: one trait for a device's, two for the office's (reading, and one transaction).

use sampan_record::change::{Change, Header, RecordKey};
use sampan_record::ids::{ChangeHash, ContentHash, DeviceId, Dot, PersonId, RecordId, Replica};

use crate::blob::{ContentState, Offer, Part, Want};
use crate::error::SyncError;
use crate::forms::FormListing;
use crate::hello::{Contact, OfficeFacts};
use crate::names::{NameEntry, Names};
use crate::pull::FeedEntry;
use crate::push::{Held, PushResponse, RelayReceipt};
use crate::receipt::{Cursor, Generation, Position, Reason, Receipt, Verdict};

/// Where a device's store stands with its office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceState {
    /// The name it writes under now.
    pub replica: Replica,
    /// The last change written under that name; 0 = none.
    pub written_through: u64,
    /// The first change of that name that is still held; 1 if none was ever dropped.
    pub held_from: u64,
    /// The last change of that name that the office has decided on; 0 = none.
    pub acked_through: u64,
    /// The office's generation as last heard (at first as enrolment told it).
    pub generation: Generation,
    /// How far the person's feed is read.
    pub cursor: Cursor,
    /// Digest of the form listing as last applied ([`crate::forms::digest`]); zeros before the first.
    pub forms_digest: [u8; 8],
    /// How far the names of people are known ([`Names::through`]); 0 before the first.
    pub names_through: u64,
    /// Set by the first [`Applied::restored`] and never cleared: record keys travel with every batch from then on.
    pub office_was_restored: bool,
    /// Whether names of held changes are still to be offered after a restore, and after which one to go on
    /// (None inside = from the beginning).
    pub offering: Option<Option<Dot>>,
}

/// A device's store, as a sync session needs it. Each method is one transaction (WAL, synchronous=FULL) of its own.
pub trait DeviceLog {
    /// Where the store stands.
    fn state(&mut self) -> Result<DeviceState, SyncError>;

    /// Own changes from `from_seq` on, in order without gaps, at most `limit` of them and about `budget_bytes` of
    /// payload; at least one if there is one.
    fn own_changes(
        &mut self,
        from_seq: u64,
        budget_bytes: usize,
        limit: usize,
    ) -> Result<Vec<Change>, SyncError>;

    /// Own changes of the current replica that stand in quarantine as far as is known, at most `limit`, newest first.
    fn quarantined(&mut self, limit: usize) -> Result<Vec<u64>, SyncError>;

    /// The key that a held change's payload hash was made with ([`sampan_record::record::Record::key_for`]); None when
    /// it is unknown or was dropped by an erasure.
    fn record_key(&mut self, header: &Header) -> Result<Option<RecordKey>, SyncError>;

    /// Names of held changes that other replicas wrote (former incarnations of this device included), in the order of
    /// their dots, after `after`, at most `limit`.
    fn holds(&mut self, after: Option<Dot>, limit: usize) -> Result<Vec<Held>, SyncError>;

    /// Changes that [`Applied::lacks`] named and that have no relay receipt yet, the first change of each record
    /// before its others, at most `limit` and about `budget_bytes`; at least one if there is one.
    fn to_relay(&mut self, budget_bytes: usize, limit: usize) -> Result<Vec<Change>, SyncError>;

    /// Content that is missing here: form versions of the listing and of records, their attachments, media to show;
    /// with how many verified-in-order bytes are there. Most urgent first, at most `limit`.
    fn wanted(&mut self, limit: usize) -> Result<Vec<Want>, SyncError>;

    /// Media (and forms that only this device has) that is not known to be safe at the office, oldest first, after
    /// leaving out the first `skip`, at most `limit`.
    fn offers(&mut self, skip: usize, limit: usize) -> Result<Vec<Offer>, SyncError>;

    /// A piece of content that is here, from `offset`, at most `limit_bytes`; None when it is not here.
    fn read_content(
        &mut self,
        hash: ContentHash,
        offset: u64,
        limit_bytes: usize,
    ) -> Result<Option<Part>, SyncError>;

    /// How many interviews are not submitted (for [`Contact::n_open`]).
    fn n_open(&mut self) -> Result<u64, SyncError>;

    /// Applies a whole response in ONE transaction; returns only after it is durable. Applying it twice is a no-op.
    fn apply(&mut self, applied: &Applied) -> Result<(), SyncError>;

    /// Two copies write under one name. In ONE transaction: takes a new incarnation (see [`crate::fork::incarnation`]),
    /// issues the own changes from `first_seq` on again under it, in order from seq 1 (see [`crate::fork::reissue`]),
    /// removes the old ones from the records they stand in, and sets `acked_through` to 0. The old name's changes
    /// below `first_seq` stay.
    fn reincarnate(&mut self, first_seq: u64) -> Result<(), SyncError>;

    /// The fork that this incarnation began with is void: a copy brought the first change of it to a restored office
    /// under the name it had, `first`. In ONE transaction: takes that name back for all own changes (see
    /// [`crate::fork::take_back`]) and for this device, and sets `acked_through` to 0. Returns false, with nothing
    /// changed, when this incarnation does not follow from that change.
    fn rejoin(&mut self, first: Dot) -> Result<bool, SyncError>;
}

/// What one response changes on a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The replica that asked. If it is no longer the current one, receipts and `acked_through` are left out.
    pub replica: Replica,
    /// The office's generation.
    pub generation: Generation,
    /// The office went back in time: `acked_through` may fall, receipts above it are forgotten, no media counts as
    /// safe, `office_was_restored` is set, and the offering of held changes begins from the start.
    pub restored: bool,
    /// Own changes up to this one are decided. Never lowered except with `restored`.
    pub acked_through: u64,
    /// Receipts, to be kept with their changes; a later one replaces an earlier. On `Erased` the payload is emptied.
    pub receipts: Vec<Receipt>,
    /// Changes at positions up to this one are in a backup of the office.
    pub backed_up_through: Position,
    /// Changes from the feed, to be inserted unless already there.
    pub changes: Vec<Change>,
    /// The cursor the request was made with; the cursor moves only if it still stands there (or with `restored`).
    pub cursor_from: Cursor,
    /// The cursor to stand at afterwards.
    pub cursor_to: Cursor,
    /// The whole new form listing and its digest; None = as before.
    pub forms: Option<(Vec<FormListing>, [u8; 8])>,
    /// Names that are new or changed; they replace what is known of these people. `names_through` rises to theirs;
    /// with `restored` it is set to theirs, or to 0 without any.
    pub names: Option<Names>,
    /// Pieces of wanted content; a piece that does not continue at what is there is left out. When the last byte is
    /// there the whole must match its BLAKE3, otherwise all of it is thrown away and wanted again.
    pub parts: Vec<Part>,
    /// Content that is complete and durable at the office.
    pub safe: Vec<ContentHash>,
    /// Held changes the office wants, to be relayed.
    pub lacks: Vec<Dot>,
    /// What became of relayed changes; they need not be relayed again. One that is [`contradicted`] is removed before
    /// `changes` are inserted: the office has it, and gives another change of that name.
    ///
    /// [`contradicted`]: RelayReceipt::is_contradicted
    pub relay_receipts: Vec<RelayReceipt>,
    /// The new state of `offering`; None = unchanged.
    pub offering: Option<Option<Option<Dot>>>,
    /// The office's wall clock, milliseconds since 1970 UTC (shown when it differs much; nothing else reads it).
    pub office_time_ms: i64,
}

/// Who asks, as the transport has authenticated it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Caller {
    /// The device its token was given to.
    pub device: DeviceId,
    /// The person the device is enrolled for.
    pub person: PersonId,
}

/// Work in one write transaction of the office's store.
pub type OfficeWork =
    Box<dyn FnOnce(&mut dyn OfficeTransaction) -> Result<PushResponse, SyncError> + Send + 'static>;

/// The office's store outside its write transaction.
pub trait OfficeLog {
    /// Runs `work` as a whole in one transaction (it may share a commit with others, in a savepoint of its own) and
    /// returns only after COMMIT is durable. An error of `work` rolls back what it did and is returned.
    fn write(&mut self, work: OfficeWork) -> Result<PushResponse, SyncError>;

    /// Generation and backup.
    fn facts(&mut self) -> Result<OfficeFacts, SyncError>;

    /// The highest cursor of the caller's feed in an earlier generation that still means the same here: where that feed
    /// stood in the backup this office was restored from. `Cursor(0)` for a generation that is not an ancestor.
    fn shared_cursor(&mut self, caller: &Caller, earlier: Generation) -> Result<Cursor, SyncError>;

    /// Up to `limit` entries of the caller's feed after `after`, in order.
    fn feed(&mut self, caller: &Caller, after: Cursor, limit: usize) -> Result<Vec<FeedEntry>, SyncError>;

    /// The forms this person may use, in a stable order.
    fn forms(&mut self, caller: &Caller) -> Result<Vec<FormListing>, SyncError>;

    /// Names after revision `after` of the people who wrote in, or were given, a record in this person's feed, the
    /// person's own among them, in the order of their revisions, at most `limit`.
    fn names(&mut self, caller: &Caller, after: u64, limit: usize) -> Result<Vec<NameEntry>, SyncError>;

    /// A piece of content this person may have, from `offset`, at most `limit_bytes`; None when absent or not allowed.
    fn read_content(
        &mut self,
        caller: &Caller,
        hash: ContentHash,
        offset: u64,
        limit_bytes: usize,
    ) -> Result<Option<Part>, SyncError>;

    /// What the office has of a content and whether it wants it: named by a change it keeps, or a form it misses.
    fn content_state(&mut self, caller: &Caller, hash: ContentHash) -> Result<ContentState, SyncError>;

    /// Form versions that this device's quarantined changes were written under and the office does not have.
    fn missing_forms(&mut self, caller: &Caller, limit: usize) -> Result<Vec<ContentHash>, SyncError>;

    /// Takes a piece of wanted content, durably; a piece that does not continue at what is there changes nothing.
    /// When the last byte is there the whole must match its BLAKE3, otherwise all is thrown away (`Wanted{bytes: 0}`).
    /// A form that arrives so releases the changes that waited for it.
    fn put_part(&mut self, caller: &Caller, part: &Part) -> Result<ContentState, SyncError>;

    /// Notes that the device was heard of. May be kept in memory for a while.
    fn contact(&mut self, caller: &Caller, replica: Replica, contact: &Contact) -> Result<(), SyncError>;
}

/// How a change came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Route {
    /// From the replica that wrote it.
    Own,
    /// From another device that held it, after a restore of the office.
    Relayed,
}

/// The gapless, verified beginning of one replica's chain at the office.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chain {
    /// The last change of it; 0 = none yet.
    pub through: u64,
    /// That change's hash; zeros when none.
    pub hash: ChangeHash,
}

/// A receipt as it is kept, unique by dot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeptReceipt {
    /// The hash of the change it is for.
    pub hash: ChangeHash,
    /// The verdict now: never `Duplicate`.
    pub verdict: Verdict,
    /// Where the change stands in the log.
    pub position: Position,
}

impl KeptReceipt {
    /// As the device is told.
    pub fn of(&self, seq: u64) -> Receipt {
        Receipt {
            seq,
            verdict: self.verdict,
            position: self.position,
        }
    }
}

/// What the office knows of the key that a change's payload hash was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// No change with a key has come for this record, neither in force nor in quarantine.
    Unknown,
    /// The key.
    Known(RecordKey),
    /// Dropped by an erasure: the payload cannot be checked, the judgement decides alone.
    Dropped,
}

/// What the server's rules say about a change that is sound as far as sync can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Judgement {
    /// Into force.
    Keep,
    /// Into quarantine.
    Quarantine(Reason),
    /// Its content is erased: only the header is kept.
    Erased,
}

/// A change and the decision on it, to be made durable.
#[derive(Debug, Clone, Copy)]
pub struct Decided<'a> {
    /// The change.
    pub change: &'a Change,
    /// Its hash.
    pub hash: ChangeHash,
    /// How it came.
    pub route: Route,
    /// `Kept`, `Quarantined` or `Erased`; never `Duplicate`.
    pub verdict: Verdict,
}

/// One write transaction of the office's store.
pub trait OfficeTransaction {
    /// The verified beginning of a replica's chain.
    fn chain(&mut self, replica: Replica) -> Result<Chain, SyncError>;

    /// Moves the chain to a change whose receipt is kept (just now or, relayed, before).
    fn advance(&mut self, replica: Replica, chain: Chain) -> Result<(), SyncError>;

    /// The receipt of a change; None when it never came.
    fn receipt(&mut self, dot: Dot) -> Result<Option<KeptReceipt>, SyncError>;

    /// The change that the office keeps under the name from whose fork this incarnation follows (see
    /// [`crate::fork::incarnation_of`]); None when there is none. Asked once per replica that the office does not know.
    fn forked_from(&mut self, replica: Replica) -> Result<Option<Dot>, SyncError>;

    /// What is known of the key that this change's payload hash was made with (changes in force or in quarantine).
    fn record_key(&mut self, header: &Header) -> Result<KeyState, SyncError>;

    /// The lamport of a change that is in force in this record; None when it is not here or in quarantine.
    fn lamport_of(&mut self, record: RecordId, dot: Dot) -> Result<Option<u64>, SyncError>;

    /// The server's rules: form known, payload readable, author allowed, not erased. Called after sync's own checks.
    fn judge(&mut self, caller: &Caller, change: &Change, route: Route) -> Result<Judgement, SyncError>;

    /// Stores the change with its receipt (unique by dot), at the next position; when in force also into the feeds and
    /// projections. `brought_by` of the receipt is the caller. Does not move the chain. A change whose receipt stands
    /// in quarantine can be kept again with a better verdict: it takes a new position.
    fn keep(&mut self, caller: &Caller, decided: Decided<'_>) -> Result<Position, SyncError>;

    /// Where a change stands that was kept by [`OfficeTransaction::keep_contradicted`]; None when it was not.
    fn contradicted(&mut self, hash: ChangeHash) -> Result<Option<Position>, SyncError>;

    /// Stores a relayed change whose name another one has at the next position, in quarantine for
    /// [`Reason::Contradicted`]: it gets no receipt of its own, is known by its hash, and comes into force only by a
    /// person's decision, under another name. The caller has asked for its hash before.
    fn keep_contradicted(
        &mut self,
        caller: &Caller,
        change: &Change,
        hash: ChangeHash,
    ) -> Result<Position, SyncError>;
}
