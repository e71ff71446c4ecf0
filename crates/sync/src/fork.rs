//! A copied device: its changes that the office does not have are issued again under a new incarnation.

use std::collections::BTreeMap;

use sampan_record::change::Change;
use sampan_record::context::Context;
use sampan_record::ids::Replica;

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
    /// The context in new names, for one record. `kept` = the highest number below `first_seq` that the old name
    /// wrote to that record; None when it wrote nothing there.
    pub fn context(&self, context: &Context, kept: Option<u64>) -> Context {
        let mut renamed = context.clone();
        if let Some(seq) = context.0.get(&self.old).copied()
            && seq >= self.first_seq
        {
            renamed.0.remove(&self.old);
            if let Some(kept) = kept {
                renamed.0.insert(self.old, kept);
            }
            renamed.0.insert(self.new, seq - self.first_seq + 1);
        }
        renamed
    }
}

/// Issues changes again: all that `old` wrote from `first_seq` on, in order. `kept` gives, per record, the highest
/// number below `first_seq` that the old name wrote to it. Payloads are passed through `payload`, which returns the
/// change's payload with contexts inside it (what a decision covers) renamed and its hash, or None when it holds no
/// context (then it stays as it is).
pub fn reissue(
    _changes: &[Change],
    _renaming: &Renaming,
    _kept: &BTreeMap<sampan_record::ids::RecordId, u64>,
    _payload: &mut dyn FnMut(&Change) -> Option<(Vec<u8>, [u8; 32])>,
) -> Vec<Change> {
    Vec::new()
}
