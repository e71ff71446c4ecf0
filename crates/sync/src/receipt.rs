//! The office's word for each change, and the numbers it counts by.

use std::fmt;
use std::str::FromStr;

/// Where a change stands in the office's log: from 1, in commit order, never used twice in one generation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position(pub u64);

/// How far a device has read its person's feed: the place of the last entry it has, 0 = nothing yet. Entries are
/// numbered in commit order, so nothing can appear below a cursor that was given out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cursor(pub u64);

/// One life of the office's database: random, drawn when it is created and again by each restore. As text: 16
/// hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Generation(pub u64);

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Generation {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Generation)
    }
}

/// What became of a change at the office. All four mean that the office has durably decided; none is ever lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Stored and in force.
    Kept,
    /// A relayed change that the office already had from its writer or from another device.
    Duplicate,
    /// Stored, but not in force until somebody decides.
    Quarantined(Reason),
    /// Its content is erased by law; the office keeps the header, the device empties the payload.
    Erased,
}

/// Why a change waits in quarantine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The payload cannot be read under its form.
    UndecodablePayload,
    /// The office does not have this form version; it asks the device for it.
    UnknownForm,
    /// The author may not do this.
    NotAllowed,
    /// The context is impossible: it names the change itself, or a number 0.
    MalformedContext,
    /// The lamport is not one above the highest in the context.
    WrongLamport,
    /// The payload is not the one the header was made for.
    PayloadHashMismatch,
    /// The record's key is unknown, so the payload cannot be checked.
    KeyMissing,
    /// The payload is larger than the office takes.
    TooLarge,
    /// The writer's own chain is broken: the change does not follow the one before it, and both came from it.
    BrokenChain,
    /// The header is impossible: a number 0, a chain that begins wrongly, an offset of more than a day.
    MalformedHeader,
    /// The payload was emptied; such a change is only taken from its writer. It was not stored.
    Emptied,
    /// Another change is known under this name and number. One that is relayed is stored apart, under its hash; one of
    /// its writer is not, for the writer is told of a fork and issues it again.
    Contradicted,
    /// A reason of a later version, by its number.
    Other(u8),
}

impl Reason {
    /// Its number on the wire and in stores.
    pub fn code(self) -> u8 {
        match self {
            Reason::UndecodablePayload => 1,
            Reason::UnknownForm => 2,
            Reason::NotAllowed => 3,
            Reason::MalformedContext => 4,
            Reason::WrongLamport => 5,
            Reason::PayloadHashMismatch => 6,
            Reason::KeyMissing => 7,
            Reason::TooLarge => 8,
            Reason::BrokenChain => 9,
            Reason::MalformedHeader => 10,
            Reason::Emptied => 11,
            Reason::Contradicted => 12,
            Reason::Other(code) => code,
        }
    }

    /// The reason with this number.
    pub fn from_code(code: u8) -> Reason {
        match code {
            1 => Reason::UndecodablePayload,
            2 => Reason::UnknownForm,
            3 => Reason::NotAllowed,
            4 => Reason::MalformedContext,
            5 => Reason::WrongLamport,
            6 => Reason::PayloadHashMismatch,
            7 => Reason::KeyMissing,
            8 => Reason::TooLarge,
            9 => Reason::BrokenChain,
            10 => Reason::MalformedHeader,
            11 => Reason::Emptied,
            12 => Reason::Contradicted,
            other => Reason::Other(other),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::UndecodablePayload => "its content cannot be read under its form",
            Reason::UnknownForm => "the office does not have this version of the form yet",
            Reason::NotAllowed => "its author may not do this",
            Reason::MalformedContext => "it names what it knew in an impossible way",
            Reason::WrongLamport => "its order number does not follow from what it knew",
            Reason::PayloadHashMismatch => "its content is not what it was written with",
            Reason::KeyMissing => "the beginning of this interview has not arrived yet",
            Reason::TooLarge => "it is too large",
            Reason::BrokenChain => "it does not follow the change before it",
            Reason::MalformedHeader => "its header is impossible",
            Reason::Emptied => "it was emptied, and only its writer may bring it",
            Reason::Contradicted => "another change is known under its name",
            Reason::Other(_) => "the office gave a reason that this version does not know",
        })
    }
}

/// What became of one change of the device that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Receipt {
    /// Which of the replica's changes.
    pub seq: u64,
    /// What became of it. Re-sending the change gives the same again, unless a quarantine ended or an erasure came.
    pub verdict: Verdict,
    /// Where it stands in the office's log; compare with `backed_up_through`.
    pub position: Position,
}
