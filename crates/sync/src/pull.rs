//! Step: changes for this device, from its person's feed.

use sampan_record::change::Change;

use crate::receipt::Cursor;

/// One entry of a person's feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedEntry {
    /// Its place in the feed.
    pub cursor: Cursor,
    /// The change, with the record's key when it is the first of its record.
    pub change: Change,
}
