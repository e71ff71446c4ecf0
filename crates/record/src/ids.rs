//! Names of things, each a type of its own so that no two can be mixed up.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map($name)
            }
        }
    };
}

uuid_id!(
    /// One installation, given at enrolment (UUIDv4). The office writes as a device of its own.
    DeviceId
);
uuid_id!(
    /// One interview (UUIDv7).
    RecordId
);
uuid_id!(
    /// One person with an account: enumerator, supervisor or admin.
    PersonId
);
uuid_id!(
    /// One comment at a question or at the record.
    CommentId
);

macro_rules! hash_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(pub [u8; 32]);

        impl $name {
            /// Lower-case hexadecimal, 64 characters.
            pub fn to_hex(self) -> String {
                self.0.iter().map(|byte| format!("{byte:02x}")).collect()
            }

            /// The hash that 64 hexadecimal characters name; None for anything else.
            pub fn from_hex(text: &str) -> Option<Self> {
                if text.len() != 64 || !text.is_ascii() {
                    return None;
                }
                let mut bytes = [0u8; 32];
                for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
                    *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
                }
                Some($name(bytes))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({}…)", stringify!($name), self.to_hex().get(..8).unwrap_or_default())
            }
        }
    };
}

hash_id!(
    /// BLAKE3 over a change's header in its canonical encoding.
    ChangeHash
);
hash_id!(
    /// BLAKE3 of content that is fetched by name: a form version, an attachment, a media file.
    ContentHash
);

/// The version of a form a change was written under: the content hash of the form's canonical bytes.
pub type FormVersionId = ContentHash;

/// A writer: one life of one device. A restored or cloned installation starts a new incarnation, so that two
/// copies of the same phone never write under one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Replica {
    /// The installation.
    pub device: DeviceId,
    /// Random, made when the database is created and again at each suspicion of a copy.
    pub incarnation: u64,
}

/// The position of a change: the writer and its gapless number, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Dot {
    /// Who wrote.
    pub replica: Replica,
    /// Which of its changes, from 1 without gaps.
    pub seq: u64,
}

/// A repeat row. Rows that a count calls into being are numbered from 0 and so have the same id on every device;
/// rows that a person adds have a random id with the highest bit set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RowId(pub u64);

impl RowId {
    const ADDED: u64 = 1 << 63;

    /// The row at `index` (from 0) of a repeat whose number of rows is given by the form.
    pub fn counted(index: u32) -> RowId {
        RowId(u64::from(index))
    }

    /// A row that a person added, from 64 random bits.
    pub fn added(random: u64) -> RowId {
        RowId(random | RowId::ADDED)
    }

    /// The index of a counted row; None for an added one.
    pub fn counted_index(self) -> Option<u32> {
        u32::try_from(self.0).ok()
    }
}
