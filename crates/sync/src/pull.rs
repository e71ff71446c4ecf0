//! Step: changes for this device, from its person's feed.

use sampan_record::change::Change;

use crate::error::SyncError;
use crate::limits;
use crate::log::{Caller, OfficeLog};
use crate::push::{PushRequest, PushResponse};
use crate::receipt::{Cursor, Generation};
use crate::wire::batch;

/// One entry of a person's feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedEntry {
    /// Its place in the feed.
    pub cursor: Cursor,
    /// The change, with the record's key when it is the first of its record.
    pub change: Change,
}

/// What the feed gives to one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pulled {
    /// Changes the device may lack, in commit order.
    pub changes: Vec<Change>,
    /// Where it stands afterwards.
    pub cursor: Cursor,
    /// Whether the feed goes on.
    pub more: bool,
    /// About how many bytes the changes take.
    pub n_bytes: usize,
}

/// How many entries are read from the store at once.
const PAGE: usize = 256;

/// Office half: reads on from where the device stands, leaving out what it surely has.
///
/// # Errors
/// The store's.
pub fn answer(
    log: &mut dyn OfficeLog,
    caller: &Caller,
    from: (Generation, Cursor),
    here: Generation,
    push: (&PushRequest, &PushResponse),
    budget_bytes: usize,
) -> Result<Pulled, SyncError> {
    let (generation, asked) = from;
    let (request, response) = push;
    let mut cursor = asked;
    if generation != here {
        cursor = cursor.min(log.shared_cursor(caller, generation)?);
    }
    let mut pulled = Pulled {
        cursor,
        ..Pulled::default()
    };
    let is_behind = request.written_through > response.acked_through;
    if generation != here || is_behind || response.fork_first_seq.is_some() || response.resend_from.is_some()
    {
        // Until all that the device wrote is compared, it is not clear which copy asks, nor what it has.
        pulled.more = true;
        return Ok(pulled);
    }
    let mut n_entries = 0usize;
    loop {
        let page = log.feed(caller, pulled.cursor, PAGE)?;
        let is_last = page.len() < PAGE;
        for entry in page {
            let header = &entry.change.header;
            let is_own = header.replica == request.replica && header.seq <= response.acked_through;
            if !is_own {
                let n_bytes = pulled.n_bytes.saturating_add(batch::weight(&entry.change));
                n_entries = n_entries.saturating_add(header.context.0.len());
                let fits = n_bytes <= budget_bytes && n_entries <= limits::CONTEXT_ENTRIES;
                if !pulled.changes.is_empty() && (!fits || pulled.changes.len() >= limits::CHANGES) {
                    pulled.more = true;
                    return Ok(pulled);
                }
                pulled.n_bytes = n_bytes;
                pulled.changes.push(entry.change);
            }
            pulled.cursor = entry.cursor;
        }
        if is_last {
            return Ok(pulled);
        }
    }
}
