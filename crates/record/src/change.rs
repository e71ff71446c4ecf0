//! A change: what one save wrote to one record, atomic, chained to its writer's previous change.

use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::ids::{ChangeHash, Dot, FormVersionId, PersonId, RecordId, Replica};

/// The part of a change that is never emptied. A change's hash is BLAKE3 over its canonical encoding.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Header {
    /// Who wrote: device and incarnation.
    pub replica: Replica,
    /// Which of its changes, from 1 without gaps, over all its records.
    pub seq: u64,
    /// Hash of this replica's previous change; all zeros at seq 1.
    pub prev: ChangeHash,
    /// The record written to.
    pub record: RecordId,
    /// What the writer had seen of this record before this change, its own earlier changes included.
    pub context: Context,
    /// 1 + the highest lamport among the changes in the context; 1 for the first.
    pub lamport: u64,
    /// The person who acted.
    pub author: PersonId,
    /// The form version under which the ops are encoded.
    pub form: FormVersionId,
    /// The writer's wall clock, milliseconds since 1970 UTC. Evidence only: no merge reads it.
    pub wall_time_ms: i64,
    /// The writer's offset from UTC in minutes, -1440 to 1440. Evidence only.
    pub utc_offset_min: i16,
    /// BLAKE3 of the payload bytes, keyed with the record's key.
    pub payload_hash: [u8; 32],
}

/// The ops of a change, or what an erasure left of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Payload {
    /// The ops as their writer encoded them, against the schema of the header's form version.
    Full(Vec<u8>),
    /// Re-encoded by the office without what an erasure names; no longer matches the header's payload hash.
    Redacted(Vec<u8>),
    /// Emptied by an erasure.
    Erased,
}

/// The key of a record's payload hashes: 16 random bytes, made with the record, dropped by an erasure.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RecordKey(pub [u8; 16]);

impl std::fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecordKey(***)")
    }
}

/// One change as it is stored and sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Change {
    /// What is never emptied.
    pub header: Header,
    /// What an erasure can empty.
    pub payload: Payload,
    /// Travels with the record's first change (and with the first after an erasure of questions) only.
    pub record_key: Option<RecordKey>,
}

impl Header {
    /// Writer and number.
    pub fn dot(&self) -> Dot {
        Dot {
            replica: self.replica,
            seq: self.seq,
        }
    }
}
