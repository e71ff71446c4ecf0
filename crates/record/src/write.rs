//! Making a change, and checking one that somebody else made.

use thiserror::Error;

use crate::change::{Change, Header, Payload, RecordKey};
use crate::codec::{self, CodecError};
use crate::context::Context;
use crate::ids::{ChangeHash, Dot, FormVersionId, PersonId, RecordId, Replica};
use crate::op::Op;
use crate::schema::Schema;

/// All that a new change needs besides its ops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Who writes.
    pub replica: Replica,
    /// 1 + the replica's last number, over all its records.
    pub seq: u64,
    /// Hash of the replica's previous change; all zeros at seq 1.
    pub prev: ChangeHash,
    /// The record written to.
    pub record: RecordId,
    /// What the writer has seen of the record: [`crate::record::Record::context`].
    pub context: Context,
    /// [`crate::record::Record::next_lamport`].
    pub lamport: u64,
    /// The person who acts.
    pub author: PersonId,
    /// The form version the ops are encoded under.
    pub form: FormVersionId,
    /// The writer's wall clock, milliseconds since 1970 UTC.
    pub wall_time_ms: i64,
    /// The writer's offset from UTC in minutes.
    pub utc_offset_min: i16,
    /// The record's key: [`crate::record::Record::key`], or a new one where that is None.
    pub record_key: RecordKey,
    /// Whether the key is new and so travels with this change.
    pub is_first: bool,
}

/// What a check could say of a change's payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// The payload is the one its header names.
    Matches,
    /// The record's key is not here (an erasure dropped it, or its first change has not come): not compared.
    NoKey,
    /// Emptied in part or whole, so there is nothing to compare. Only an office that holds the erasure may send it.
    Emptied,
}

/// Why a change is not what it claims to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[allow(missing_docs, reason = "each variant's sentence names its fields")]
pub enum VerifyError {
    /// Numbers begin at 1.
    #[error("a change has number 0; numbers begin at 1, the writer's program is at fault")]
    SeqZero,
    /// Zeros name no change, so only number 1 may have them as its previous, and must.
    #[error("change {seq} and its previous hash do not belong together; the writer's chain is broken")]
    ChainStart { seq: u64 },
    /// Another previous change than the one known.
    #[error(
        "change {seq} does not follow the change before it; the device was copied or its database is damaged"
    )]
    ChainBroken { seq: u64 },
    /// A change cannot have seen itself or what its writer wrote after it.
    #[error("change {seq} says it had seen itself; the writer's program is at fault")]
    ContextHoldsItself { seq: u64 },
    /// The lamport is not 1 + the highest in the context.
    #[error(
        "change {seq} has lamport {found}, its context gives {expected}; the writer's program is at fault"
    )]
    Lamport { seq: u64, found: u64, expected: u64 },
    /// The offset from UTC is beyond a day.
    #[error("change {seq} has an offset of {offset_min} minutes from UTC; the writer's program is at fault")]
    UtcOffset { seq: u64, offset_min: i16 },
    /// The payload is not the one that was hashed.
    #[error("the answers of change {seq} are not the ones its header names; fetch it again from its writer")]
    PayloadHash { seq: u64 },
}

/// Makes the change. Err when the ops are beyond the codec's limits, so that nothing is written that cannot be read.
pub fn change(draft: Draft, ops: &[Op], schema: &dyn Schema) -> Result<Change, CodecError> {
    let payload = codec::encode_ops(ops, schema);
    let read_back = codec::decode_ops(&payload, schema)?;
    if read_back != ops {
        return Err(CodecError::Invalid { what: "an op" });
    }
    let header = Header {
        replica: draft.replica,
        seq: draft.seq,
        prev: draft.prev,
        record: draft.record,
        context: draft.context,
        lamport: draft.lamport,
        author: draft.author,
        form: draft.form,
        wall_time_ms: draft.wall_time_ms,
        utc_offset_min: draft.utc_offset_min,
        payload_hash: codec::payload_hash(&draft.record_key, &payload),
    };
    Ok(Change {
        header,
        payload: Payload::Full(payload),
        record_key: draft.is_first.then_some(draft.record_key),
    })
}

/// The same answers under another name: how a copied device issues again what the office does not have.
/// `context` is the old one with the dots of changes issued again before replaced by their new ones.
pub fn reissue(old: &Change, replica: Replica, seq: u64, prev: ChangeHash, context: Context) -> Change {
    let mut change = old.clone();
    change.header.replica = replica;
    change.header.seq = seq;
    change.header.prev = prev;
    change.header.context = context;
    change
}

/// Checks what a change says about itself, and its payload against its header where the record's key is known
/// (`key` None: [`crate::record::Record::key_for`] had none; a key that travels with the change is used first).
pub fn verify(change: &Change, key: Option<&RecordKey>) -> Result<Checked, VerifyError> {
    let header = &change.header;
    let seq = header.seq;
    if seq == 0 {
        return Err(VerifyError::SeqZero);
    }
    if (seq == 1) != (header.prev == ChangeHash([0; 32])) {
        return Err(VerifyError::ChainStart { seq });
    }
    if header.context.covers(&header.dot()) {
        return Err(VerifyError::ContextHoldsItself { seq });
    }
    if header.lamport == 0 || (header.context.0.is_empty() && header.lamport != 1) {
        return Err(VerifyError::Lamport {
            seq,
            found: header.lamport,
            expected: 1,
        });
    }
    if !(-1440..=1440).contains(&header.utc_offset_min) {
        return Err(VerifyError::UtcOffset {
            seq,
            offset_min: header.utc_offset_min,
        });
    }
    let Payload::Full(payload) = &change.payload else {
        return Ok(Checked::Emptied);
    };
    match change.record_key.as_ref().or(key) {
        None => Ok(Checked::NoKey),
        Some(key) if codec::payload_hash(key, payload) == header.payload_hash => Ok(Checked::Matches),
        Some(_) => Err(VerifyError::PayloadHash { seq }),
    }
}

/// Checks that a change follows its replica's previous one. `prev` is that change's hash, zeros before number 1.
pub fn verify_chain(header: &Header, prev: &ChangeHash) -> Result<(), VerifyError> {
    if header.prev == *prev {
        Ok(())
    } else {
        Err(VerifyError::ChainBroken { seq: header.seq })
    }
}

/// Checks the lamport against the changes that the context names. `lamport_of` gives the lamport of a change of the
/// same record, None where it is not here. Ok(false) means that one is not here and the rule could only be checked
/// from below.
pub fn verify_lamport(
    header: &Header,
    mut lamport_of: impl FnMut(&Dot) -> Option<u64>,
) -> Result<bool, VerifyError> {
    let mut highest = 0;
    let mut is_complete = true;
    for (replica, seq) in &header.context.0 {
        match lamport_of(&Dot {
            replica: *replica,
            seq: *seq,
        }) {
            Some(lamport) => highest = highest.max(lamport),
            None => is_complete = false,
        }
    }
    let expected = highest.saturating_add(1);
    if header.lamport < expected || (is_complete && header.lamport != expected) {
        return Err(VerifyError::Lamport {
            seq: header.seq,
            found: header.lamport,
            expected,
        });
    }
    Ok(is_complete)
}
