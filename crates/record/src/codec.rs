//! The binary form of ops, headers and changes: canonical, versioned, bounded, and safe against any bytes.
//!
//! A payload is `version, number of ops, ops`; an op is `tag, length, body`, so that an op of a later version can be
//! carried on unread. Integers are LEB128 varints in their shortest form, signed ones zigzag.

pub mod change;
pub mod ops;
pub mod primitive;
pub mod value;

use thiserror::Error;

use crate::change::{Change, Header, RecordKey};
use crate::codec::change::take_version;
use crate::codec::primitive::{Reader, put_bytes, put_varint};
use crate::ids::ChangeHash;
use crate::op::Op;
use crate::schema::Schema;

/// Version 1, 2026-11-24: the first. Spoken by everything.
pub const VERSION: u8 = 1;
/// Longest payload of one change, in bytes.
pub const MAX_PAYLOAD_BYTES: usize = 2 * 1024 * 1024;
/// Most ops in one change.
pub const MAX_OPS: usize = 50_000;
/// Longest text, note, comment or choice name, in bytes of UTF-8.
pub const MAX_TEXT_BYTES: usize = 1024 * 1024;
/// Longest path spelled out, in bytes.
pub const MAX_PATH_BYTES: usize = 4096;
/// Deepest nesting of repeats.
pub const MAX_NESTED_ROWS: usize = 16;
/// Most positions in a line or an area.
pub const MAX_POSITIONS: usize = 50_000;
/// Most choices in one answer.
pub const MAX_CHOICES: usize = 10_000;
/// Most replicas in one context.
pub const MAX_CONTEXT: usize = 10_000;
/// Most paths in one erasure.
pub const MAX_ERASED_PATHS: usize = 10_000;

/// Why bytes are no ops, header or change.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[allow(missing_docs, reason = "each variant's sentence names its fields")]
pub enum CodecError {
    /// The bytes end too early.
    #[error("the bytes end in the middle of {what}; fetch the change again")]
    Truncated { what: &'static str },
    /// Bytes remain after the end.
    #[error("{n_bytes} bytes remain after the end of {what}; fetch the change again")]
    Trailing { what: &'static str, n_bytes: usize },
    /// Written by a later version of Sampan.
    #[error(
        "written in version {version} of the {what} format, this program reads up to {VERSION}; update it"
    )]
    Version { what: &'static str, version: u8 },
    /// There is exactly one way to write each thing, and this is another.
    #[error("{what} is not written in its canonical form; the sender's program is at fault")]
    NotCanonical { what: &'static str },
    /// More or longer than is allowed.
    #[error("{what} has {found}, the limit is {limit}; divide it into several changes")]
    TooMuch {
        what: &'static str,
        found: u64,
        limit: u64,
    },
    /// A number, tag or text outside its range.
    #[error("{what} holds something that cannot be; the sender's program is at fault")]
    Invalid { what: &'static str },
    /// The schema has no such number: it is the schema of another form version.
    #[error("question number {id} is not in this form version; decode with the version the change names")]
    UnknownQuestion { id: u32 },
}

/// The payload of ops under a form version. Ops beyond the limits are written too, and refused by [`decode_ops`]:
/// [`crate::write::change`] reads back what it writes.
pub fn encode_ops(ops: &[Op], schema: &dyn Schema) -> Vec<u8> {
    let mut out = vec![VERSION];
    put_varint(&mut out, ops.len() as u64);
    let mut body = Vec::new();
    for op in ops {
        body.clear();
        let tag = ops::put_body(&mut body, op, schema);
        out.push(tag);
        put_bytes(&mut out, &body);
    }
    out
}

/// The ops in a payload. `schema` is that of the header's form version.
pub fn decode_ops(bytes: &[u8], schema: &dyn Schema) -> Result<Vec<Op>, CodecError> {
    if bytes.len() > MAX_PAYLOAD_BYTES {
        let found = bytes.len() as u64;
        return Err(CodecError::TooMuch {
            what: "a payload (bytes)",
            found,
            limit: MAX_PAYLOAD_BYTES as u64,
        });
    }
    let mut reader = Reader::new(bytes, "a payload");
    take_version(&mut reader, "payload")?;
    let count = reader.count(MAX_OPS, "a payload (ops)")?;
    let mut ops = Vec::with_capacity(count);
    for _ in 0..count {
        let tag = reader.byte()?;
        let body = reader.bytes(MAX_PAYLOAD_BYTES, "an op")?;
        ops.push(ops::take_body(tag, body, schema)?);
    }
    reader.end()?;
    Ok(ops)
}

/// The canonical bytes of a header; BLAKE3 over them is the change's hash.
pub fn encode_header(header: &Header) -> Vec<u8> {
    let mut out = vec![VERSION];
    change::put_header(&mut out, header);
    out
}

/// The header in canonical bytes.
pub fn decode_header(bytes: &[u8]) -> Result<Header, CodecError> {
    let mut reader = Reader::new(bytes, "a header");
    take_version(&mut reader, "header")?;
    let header = change::take_header(&mut reader)?;
    reader.end()?;
    Ok(header)
}

/// The bytes of a whole change, payload and key included. Needs no schema: the payload stays as its writer wrote it.
pub fn encode_change(change: &Change) -> Vec<u8> {
    let mut out = vec![VERSION];
    change::put_change(&mut out, change);
    out
}

/// The change in bytes. Its payload is not looked into; see [`decode_ops`].
pub fn decode_change(bytes: &[u8]) -> Result<Change, CodecError> {
    let mut reader = Reader::new(bytes, "a change");
    take_version(&mut reader, "change")?;
    let change = change::take_change(&mut reader)?;
    reader.end()?;
    Ok(change)
}

/// BLAKE3 of payload bytes, keyed with a key derived from the record's. Without the key nobody can find out by trial
/// whether a phone number stood in a payload that has been emptied.
pub fn payload_hash(key: &RecordKey, payload: &[u8]) -> [u8; 32] {
    let derived = blake3::derive_key("sampan 2026-11-24 payload hash v1", &key.0);
    *blake3::keyed_hash(&derived, payload).as_bytes()
}

impl Header {
    /// The name of the change: BLAKE3 over its header's canonical bytes.
    pub fn hash(&self) -> ChangeHash {
        ChangeHash(*blake3::hash(&encode_header(self)).as_bytes())
    }
}

impl Change {
    /// The name of the change: BLAKE3 over its header's canonical bytes. An erasure does not change it.
    pub fn hash(&self) -> ChangeHash {
        self.header.hash()
    }
}
