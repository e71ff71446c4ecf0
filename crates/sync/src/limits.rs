//! Every size the protocol bounds, with its unit. A peer that exceeds one is refused before memory is taken.

use sampan_record::codec;

/// How many bytes of changes a device puts into its first request (before compression).
pub const BATCH_BYTES: usize = 256 * 1024;

/// A cut connection halves the batch, down to this many bytes.
pub const BATCH_BYTES_LEAST: usize = 4 * 1024;

/// Success doubles the batch, up to this many bytes.
pub const BATCH_BYTES_MOST: usize = 2 * 1024 * 1024;

/// How long a request may take before the next one is made smaller, in milliseconds: what a cut can cost at most, and
/// how long a person waits for the next sign of life.
pub const REQUEST_MS: u64 = 20_000;

/// Longest whole message in either direction, in bytes as sent; the office answers 413 above it.
pub const MESSAGE_BYTES: usize = 8 * 1024 * 1024;

/// Longest message after decompression of all its parts, in bytes.
pub const INFLATED_BYTES: usize = 16 * 1024 * 1024;

/// Longest payload of one change, in bytes: what a record's codec can write.
pub const PAYLOAD_BYTES: usize = codec::MAX_PAYLOAD_BYTES;

/// Most changes in one message, pushed, relayed or pulled.
pub const CHANGES: usize = 4_096;

/// Most replicas in one context.
pub const CONTEXT_REPLICAS: usize = codec::MAX_CONTEXT;

/// Most context entries in one batch, over all its changes: bounds the memory that repeated contexts can take.
pub const CONTEXT_ENTRIES: usize = 262_144;

/// Most names (replicas, records, persons, forms) in one batch's dictionary, each.
pub const DICTIONARY: usize = 16_384;

/// Most held changes offered by name in one request after a restore of the office.
pub const HOLDS: usize = 2_048;

/// Most content named in one message (wants, offers, safe), each.
pub const CONTENT_NAMES: usize = 256;

/// Most content parts in one message.
pub const PARTS: usize = 64;

/// Longest content part, in bytes.
pub const PART_BYTES: usize = 1024 * 1024;

/// Largest content (form package, attachment, media file), in bytes.
pub const CONTENT_BYTES: u64 = 256 * 1024 * 1024;

/// Most form versions in one listing.
pub const FORMS: usize = 1_024;

/// Most names of people in one response; more follow in the next.
pub const NAMES: usize = 256;

/// Longest text on the wire (a title, a form id, a version label), in bytes.
pub const TEXT_BYTES: usize = 4_096;

/// Most quarantined changes a device asks about again in one request.
pub const ASKS: usize = 256;

/// How far a lamport may stand above what the office can check, when the context names changes it does not have.
pub const LAMPORT_SLACK: u64 = 1_000_000;

/// How many rounds one session may take without getting anywhere before it stops with an error.
pub const IDLE_ROUNDS: u32 = 64;
