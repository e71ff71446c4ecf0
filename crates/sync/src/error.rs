//! What can go wrong in a sync, for either side.

use crate::version::Range;

/// Whatever a store's error was, kept as the cause.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a message could not be read, answered or applied. Nothing is lost by any of them: the request may be repeated.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The bytes are no message of this protocol, or a damaged one.
    #[error("the message cannot be read at byte {at}: {what}; send the request again")]
    Malformed {
        /// Where reading stopped, in bytes from the beginning of the part that was read.
        at: usize,
        /// What was found wrong.
        what: &'static str,
    },
    /// A limit of [`crate::limits`] is exceeded.
    #[error("{what} is over the limit of {limit}; send less at once")]
    TooLarge {
        /// What was counted.
        what: &'static str,
        /// The limit, in the unit of `what`.
        limit: u64,
    },
    /// The two sides share no version.
    #[error(
        "this side speaks protocol {} to {}, the other {} to {}; update the {}",
        ours.oldest, ours.newest, theirs.oldest, theirs.newest,
        if theirs.newest < ours.oldest { "other side" } else { "program on this side" }
    )]
    Version {
        /// What this side speaks.
        ours: Range,
        /// What the other side speaks.
        theirs: Range,
    },
    /// The request writes under another device than its token was given to.
    #[error("this token belongs to another device; enrol this device again")]
    Foreign,
    /// The same round came again and again.
    #[error("the sync got nowhere in {rounds} rounds; nothing is lost, report this and try again later")]
    Stuck {
        /// How many rounds without any progress.
        rounds: u32,
    },
    /// A response came that no request waited for.
    #[error("a response came without a request; begin the sync again")]
    OutOfTurn,
    /// No room is left on the disk of the store.
    #[error("the disk is full; free some space and sync again")]
    StoreFull(#[source] Cause),
    /// The store is occupied for the moment.
    #[error("the store is busy; try again in a moment")]
    StoreBusy(#[source] Cause),
    /// The store failed otherwise.
    #[error("the store failed while it tried to {doing}; try again, and report it if it comes again")]
    Store {
        /// What was attempted, as a verb phrase.
        doing: &'static str,
        /// The store's own error.
        #[source]
        source: Cause,
    },
}
