//! Step: content by its hash (media up, forms and attachments down), in parts that resume where they were cut.

use std::collections::BTreeSet;

use sampan_record::ids::ContentHash;

use crate::error::SyncError;
use crate::limits;
use crate::log::{Caller, DeviceLog, OfficeLog};

/// Content one side wants from the other, from `offset` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Want {
    /// BLAKE3 of the whole content.
    pub hash: ContentHash,
    /// How many bytes the asking side already has.
    pub offset: u64,
}

/// Content a device holds and does not know to be safe at the office.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Offer {
    /// BLAKE3 of the whole content.
    pub hash: ContentHash,
    /// Its whole size in bytes.
    pub total_bytes: u64,
}

/// A piece of content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// BLAKE3 of the whole content.
    pub hash: ContentHash,
    /// Size of the whole content, in bytes.
    pub total_bytes: u64,
    /// Where the piece begins, in bytes.
    pub offset: u64,
    /// The piece; with offset 0 and total 0 it may be empty.
    pub bytes: Vec<u8>,
}

/// What the office has of one content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContentState {
    /// All of it, verified by BLAKE3 and durable.
    Complete,
    /// The first `bytes` of it (0 = nothing), and it wants the rest.
    Wanted {
        /// How many bytes from the beginning are there.
        bytes: u64,
    },
    /// Nothing the office keeps refers to it (yet); it does not want it now.
    Unwanted,
}

/// Device half: pieces of what the office wants and this device has, in about `budget_bytes`; at least one byte of the
/// first, so that a small budget still moves.
///
/// # Errors
/// The store's.
pub fn send(log: &mut dyn DeviceLog, wanted: &[Want], budget_bytes: usize) -> Result<Vec<Part>, SyncError> {
    let mut parts = Vec::new();
    let mut left_bytes = budget_bytes;
    for want in wanted {
        if left_bytes == 0 || parts.len() >= limits::PARTS {
            break;
        }
        let limit_bytes = left_bytes.min(limits::PART_BYTES);
        if let Some(part) = log.read_content(want.hash, want.offset, limit_bytes)? {
            left_bytes = left_bytes.saturating_sub(part.bytes.len().max(1));
            parts.push(part);
        }
    }
    Ok(parts)
}

/// What the office says about content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// Content that is complete and durable.
    pub safe: Vec<ContentHash>,
    /// Content it wants, from where.
    pub wants: Vec<Want>,
}

/// Office half: takes pieces, then says of each piece and offer, and of missing forms, what it has and wants.
///
/// # Errors
/// The store's.
pub fn take(
    log: &mut dyn OfficeLog,
    caller: &Caller,
    parts: &[Part],
    offers: &[Offer],
) -> Result<Taken, SyncError> {
    let mut taken = Taken::default();
    let mut said = BTreeSet::new();
    for part in parts {
        log.put_part(caller, part)?;
    }
    let named = parts
        .iter()
        .map(|part| part.hash)
        .chain(offers.iter().map(|offer| offer.hash))
        .chain(log.missing_forms(caller, limits::CONTENT_NAMES)?);
    for hash in named {
        if said.len() >= limits::CONTENT_NAMES || !said.insert(hash) {
            continue;
        }
        match log.content_state(caller, hash)? {
            ContentState::Complete => taken.safe.push(hash),
            ContentState::Wanted { bytes } => taken.wants.push(Want { hash, offset: bytes }),
            ContentState::Unwanted => {}
        }
    }
    Ok(taken)
}

/// Office half: pieces of what the device wants, in about `budget_bytes`.
///
/// # Errors
/// The store's.
pub fn serve(
    log: &mut dyn OfficeLog,
    caller: &Caller,
    wanted: &[Want],
    budget_bytes: usize,
) -> Result<Vec<Part>, SyncError> {
    let mut parts = Vec::new();
    let mut left_bytes = budget_bytes;
    for want in wanted {
        if left_bytes == 0 || parts.len() >= limits::PARTS {
            break;
        }
        let limit_bytes = left_bytes.min(limits::PART_BYTES);
        if let Some(part) = log.read_content(caller, want.hash, want.offset, limit_bytes)? {
            left_bytes = left_bytes.saturating_sub(part.bytes.len().max(1));
            parts.push(part);
        }
    }
    Ok(parts)
}
