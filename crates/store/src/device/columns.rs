//! How our types stand in columns.

use std::collections::BTreeMap;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use sampan_record::context::Context;
use sampan_record::ids::{DeviceId, Replica};
use uuid::Uuid;

/// 64 bits as SQLite's signed integer.
pub(super) fn bits(value: u64) -> i64 {
    i64::from_ne_bytes(value.to_ne_bytes())
}

/// The 64 bits of SQLite's signed integer.
pub(super) fn unbits(value: i64) -> u64 {
    u64::from_ne_bytes(value.to_ne_bytes())
}

/// A count or number that is never negative.
pub(super) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The number in a column; what is negative reads as 0.
pub(super) fn unnumber(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// A column of exactly `N` bytes.
pub(super) struct Bytes<const N: usize>(pub [u8; N]);

impl<const N: usize> FromSql for Bytes<N> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let bytes = value.as_blob()?;
        let found = bytes.len();
        bytes
            .try_into()
            .map(Bytes)
            .map_err(|_| FromSqlError::InvalidBlobSize {
                expected_size: N,
                blob_size: found,
            })
    }
}

impl Bytes<16> {
    /// As a UUID.
    pub(super) fn uuid(&self) -> Uuid {
        Uuid::from_bytes(self.0)
    }
}

/// A context as bytes: for each replica 16 bytes of device, 8 of incarnation, 8 of seq, big-endian, in order.
pub(super) fn context_bytes(context: &Context) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(context.0.len().saturating_mul(32));
    for (replica, seq) in &context.0 {
        bytes.extend(replica.device.0.as_bytes());
        bytes.extend(replica.incarnation.to_be_bytes());
        bytes.extend(seq.to_be_bytes());
    }
    bytes
}

/// The context in bytes; None when they are none.
pub(super) fn context_from(bytes: &[u8]) -> Option<Context> {
    let mut context = BTreeMap::new();
    let entries = bytes.chunks_exact(32);
    if !entries.remainder().is_empty() {
        return None;
    }
    for entry in entries {
        let (device, numbers) = entry.split_first_chunk::<16>()?;
        let (incarnation, seq) = numbers.split_first_chunk::<8>()?;
        let replica = Replica {
            device: DeviceId(Uuid::from_bytes(*device)),
            incarnation: u64::from_be_bytes(*incarnation),
        };
        context.insert(replica, u64::from_be_bytes(seq.try_into().ok()?));
    }
    Some(Context(context))
}
