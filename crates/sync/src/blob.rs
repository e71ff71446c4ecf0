//! Step: content by its hash (media up, forms and attachments down), in parts that resume where they were cut.

use sampan_record::ids::ContentHash;

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
