//! A copied device: its changes that the office does not have are issued again under a new incarnation.

use std::collections::BTreeMap;

use sampan_record::change::{Change, Payload};
use sampan_record::context::Context;
use sampan_record::ids::{ChangeHash, Dot, RecordId, Replica};
use sampan_record::write;

/// How names change when changes are issued again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renaming {
    /// The name shared by two copies.
    pub old: Replica,
    /// The name of this copy from now on.
    pub new: Replica,
    /// The first change of the old name that is issued again; it becomes number 1 of the new one.
    pub first_seq: u64,
}

impl Renaming {
    /// The number under the new name; None when the change keeps its old name.
    pub fn number(&self, seq: u64) -> Option<u64> {
        seq.checked_sub(self.first_seq).and_then(|n| n.checked_add(1))
    }

    /// The context in new names, for one record. `kept` = the highest number below `first_seq` that the old name
    /// wrote to that record; None when it wrote nothing there.
    pub fn context(&self, context: &Context, kept: Option<u64>) -> Context {
        let mut renamed = context.clone();
        let number = context.0.get(&self.old).and_then(|seq| self.number(*seq));
        if let Some(number) = number {
            renamed.0.remove(&self.old);
            if let Some(kept) = kept {
                renamed.0.insert(self.old, kept);
            }
            renamed.0.insert(self.new, number);
        }
        renamed
    }
}

/// The incarnation to take after a fork, from the first change that is issued again (as it was under the old name).
/// It follows from that change, so two copies that both hold it issue it again as one and the same change, not as two.
/// With no change to issue again, or when another change is held as its first, take a random one: a copy that went on
/// under the same name has written it.
pub fn incarnation(first: &Change) -> u64 {
    incarnation_of(first.hash())
}

/// As [`incarnation`], when only the hash of that change is at hand.
pub fn incarnation_of(first: ChangeHash) -> u64 {
    let mut hasher = blake3::Hasher::new_derive_key("sampan 2026-11-24 incarnation after a fork");
    hasher.update(&first.0);
    let mut bytes = [0u8; 8];
    hasher.finalize_xof().fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// A payload with contexts inside it renamed, and its new hash.
pub type RenamedPayload = (Vec<u8>, [u8; 32]);

/// Issues changes again: all that `old` wrote from `first_seq` on, in order and without gaps. `kept` gives, per record,
/// the highest number below `first_seq` that the old name wrote to it. `payload` is asked for each change with its
/// context already renamed: it returns the payload with contexts inside it renamed too (what a decision covers), or
/// None when there is none (then it stays as it is). Give each change its record's key where it had one.
pub fn reissue(
    changes: &[Change],
    renaming: &Renaming,
    kept: &BTreeMap<RecordId, u64>,
    payload: &mut dyn FnMut(&Change) -> Option<RenamedPayload>,
) -> Vec<Change> {
    let mut prev = ChangeHash([0; 32]);
    let mut issued = Vec::new();
    for old in changes {
        let Some(seq) = renaming.number(old.header.seq) else {
            continue;
        };
        let kept = kept.get(&old.header.record).copied();
        let context = renaming.context(&old.header.context, kept);
        let mut change = write::reissue(old, renaming.new, seq, prev, context);
        if let Some((bytes, hash)) = payload(&change) {
            change.payload = Payload::Full(bytes);
            change.header.payload_hash = hash;
        }
        prev = change.hash();
        issued.push(change);
    }
    issued
}

/// The inverse of [`Renaming::context`]: a context with the name `new` taken back, of which number 1 was `first`.
pub fn context_before(context: &Context, new: Replica, first: Dot) -> Context {
    let mut before = context.clone();
    if let Some(number) = before.0.remove(&new) {
        let seq = first.seq.saturating_add(number.saturating_sub(1));
        before.0.insert(first.replica, seq);
    }
    before
}

/// The inverse of [`reissue`]: gives all changes of an incarnation that a fork made (in order from seq 1) the names
/// back that they had, beginning with `first` for the first one; `prev` is the hash of the change before `first`, zeros
/// before number 1. None when this incarnation does not follow from that change.
pub fn take_back(changes: &[Change], first: Dot, prev: ChangeHash) -> Option<Vec<Change>> {
    let new = changes.first()?.header.replica;
    let mut prev = prev;
    let mut issued = Vec::new();
    for (at, change) in changes.iter().enumerate() {
        let seq_before = |number: u64| first.seq.checked_add(number.checked_sub(1)?);
        let context = context_before(&change.header.context, new, first);
        let seq = seq_before(change.header.seq)?;
        let before = write::reissue(change, first.replica, seq, prev, context);
        prev = before.hash();
        if at == 0 && incarnation_of(prev) != new.incarnation {
            return None;
        }
        issued.push(before);
    }
    Some(issued)
}
