//! The two messages; their bytes are in the modules below.

pub mod batch;
pub mod bytes;
pub mod request;
pub mod response;

use crate::blob::{Offer, Part, Want};
use crate::forms::FormListing;
use crate::hello::Contact;
use crate::names::Names;
use crate::push::{PushRequest, PushResponse};
use crate::receipt::{Cursor, Generation, Position};
use crate::version::Range;
use sampan_record::change::Change;
use sampan_record::ids::ContentHash;

/// What a device sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncRequest {
    /// The versions it speaks.
    pub protocol: Range,
    /// The version it is written in.
    pub written_in: u16,
    /// Counts and clock.
    pub contact: Contact,
    /// The office's generation as it knows it.
    pub generation: Generation,
    /// How far it has read its feed.
    pub cursor: Cursor,
    /// How many bytes of changes and content it wants in the response, before compression.
    pub budget_bytes: u32,
    /// Digest of the form listing it has; zeros = none.
    pub forms_digest: [u8; 8],
    /// How far it knows the names of people; 0 = none.
    pub names_through: u64,
    /// Its changes.
    pub push: PushRequest,
    /// Content it wants.
    pub wants: Vec<Want>,
    /// Content it has and does not know to be safe.
    pub offers: Vec<Offer>,
    /// Content the office asked for.
    pub parts: Vec<Part>,
}

/// What the office answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncResponse {
    /// The version it is written in.
    pub protocol: u16,
    /// The office's generation.
    pub generation: Generation,
    /// Changes at positions up to this one are in a backup.
    pub backed_up_through: Position,
    /// The office's wall clock, milliseconds since 1970 UTC.
    pub office_time_ms: i64,
    /// Whether names of held changes are wanted (the office was restored).
    pub asks_holds: bool,
    /// Verdicts.
    pub push: PushResponse,
    /// Changes from the feed.
    pub changes: Vec<Change>,
    /// Where the feed was read up to.
    pub cursor: Cursor,
    /// Whether the feed goes on: ask again at once.
    pub more: bool,
    /// The whole form listing, when it differs from the request's digest.
    pub forms: Option<Vec<FormListing>>,
    /// Names of people that are new to the device or changed.
    pub names: Option<Names>,
    /// Pieces of wanted content.
    pub parts: Vec<Part>,
    /// Content the office wants from this device.
    pub wants: Vec<Want>,
    /// Offered or sent content that is complete and durable at the office.
    pub safe: Vec<ContentHash>,
    /// The device should not ask again before this many seconds have passed; 0 = at will.
    pub retry_after_s: u32,
}
