//! Headers and whole changes in bytes.

use crate::change::{Change, Header, Payload, RecordKey};
use crate::codec::primitive::{Reader, put_bytes, put_context, put_replica, put_varint, put_zigzag};
use crate::codec::{CodecError, MAX_PAYLOAD_BYTES, VERSION};
use crate::ids::{ChangeHash, ContentHash, PersonId, RecordId};

const FULL: u8 = 0;
const REDACTED: u8 = 1;
const ERASED: u8 = 2;

/// Writes a header's fields, without a version.
pub fn put_header(out: &mut Vec<u8>, header: &Header) {
    put_replica(out, &header.replica);
    put_varint(out, header.seq);
    out.extend_from_slice(&header.prev.0);
    out.extend_from_slice(header.record.0.as_bytes());
    put_context(out, &header.context);
    put_varint(out, header.lamport);
    out.extend_from_slice(header.author.0.as_bytes());
    out.extend_from_slice(&header.form.0);
    put_zigzag(out, header.wall_time_ms);
    put_zigzag(out, i64::from(header.utc_offset_min));
    out.extend_from_slice(&header.payload_hash);
}

/// Reads a header's fields, without a version.
pub fn take_header(reader: &mut Reader<'_>) -> Result<Header, CodecError> {
    Ok(Header {
        replica: reader.replica()?,
        seq: reader.varint()?,
        prev: ChangeHash(reader.array()?),
        record: RecordId(reader.uuid()?),
        context: reader.context()?,
        lamport: reader.varint()?,
        author: PersonId(reader.uuid()?),
        form: ContentHash(reader.array()?),
        wall_time_ms: reader.zigzag()?,
        utc_offset_min: reader.small_zigzag("an offset from UTC")?,
        payload_hash: reader.array()?,
    })
}

/// Writes a change, without a version.
pub fn put_change(out: &mut Vec<u8>, change: &Change) {
    put_header(out, &change.header);
    match &change.record_key {
        None => out.push(0),
        Some(key) => {
            out.push(1);
            out.extend_from_slice(&key.0);
        }
    }
    match &change.payload {
        Payload::Full(bytes) => {
            out.push(FULL);
            put_bytes(out, bytes);
        }
        Payload::Redacted(bytes) => {
            out.push(REDACTED);
            put_bytes(out, bytes);
        }
        Payload::Erased => out.push(ERASED),
    }
}

/// Reads a change, without a version.
pub fn take_change(reader: &mut Reader<'_>) -> Result<Change, CodecError> {
    let header = take_header(reader)?;
    let record_key = match reader.byte()? {
        0 => None,
        1 => Some(RecordKey(reader.array()?)),
        _ => {
            return Err(CodecError::Invalid {
                what: "a change's key",
            });
        }
    };
    let payload = match reader.byte()? {
        FULL => Payload::Full(reader.bytes(MAX_PAYLOAD_BYTES, "a payload")?.to_vec()),
        REDACTED => Payload::Redacted(reader.bytes(MAX_PAYLOAD_BYTES, "a payload")?.to_vec()),
        ERASED => Payload::Erased,
        _ => return Err(CodecError::Invalid { what: "a payload" }),
    };
    Ok(Change {
        header,
        payload,
        record_key,
    })
}

/// Reads a version byte and refuses others than this one.
pub fn take_version(reader: &mut Reader<'_>, what: &'static str) -> Result<(), CodecError> {
    match reader.byte()? {
        VERSION => Ok(()),
        version => Err(CodecError::Version { what, version }),
    }
}
