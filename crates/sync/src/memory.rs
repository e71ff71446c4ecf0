//! Both stores without a disk: what the traits of [`crate::log`] mean, in the fewest words, for tests and as a model
//! that real stores are compared with.

pub mod device;
pub mod line;
pub mod office;

use sampan_record::change::{Change, Payload};
use sampan_record::codec;
use sampan_record::ids::{ContentHash, RecordId};
use sampan_record::record::Record;
use sampan_record::schema::NoSchema;

use crate::blob::Part;

/// One record as merged from the changes given; those of other records, and those that cannot be read, are left out.
pub fn merge<'a>(id: RecordId, changes: impl IntoIterator<Item = &'a Change>) -> Record {
    let mut record = Record::new(id);
    for change in changes {
        if change.header.record != id {
            continue;
        }
        let ops = match &change.payload {
            Payload::Full(bytes) | Payload::Redacted(bytes) => codec::decode_ops(bytes, &NoSchema),
            Payload::Erased => Ok(Vec::new()),
        };
        if let Ok(ops) = ops {
            record.insert(change, ops);
        }
    }
    record
}

/// The name of content.
pub fn content_hash(bytes: &[u8]) -> ContentHash {
    ContentHash(*blake3::hash(bytes).as_bytes())
}

/// A piece of content.
fn cut(hash: ContentHash, whole: &[u8], offset: u64, limit_bytes: usize) -> Option<Part> {
    let start = usize::try_from(offset).ok()?;
    let end = start.saturating_add(limit_bytes).min(whole.len());
    Some(Part {
        hash,
        total_bytes: whole.len() as u64,
        offset,
        bytes: whole.get(start..end)?.to_vec(),
    })
}
