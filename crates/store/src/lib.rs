//! Keeps changes and content on disk: the device database and the office database. The only crate with SQL.
//!
//! It knows what a change is and what sync needs; it knows no form, no clock, no randomness and no network: moments
//! and random bits are arguments.
//!
//! Modules in reading order: [`error`], [`open`] (a database that keeps its word, or a refusal), [`migrate`] (schema
//! steps), [`blob`] (content by hash), [`sealed`] (an interview as a file), [`reserve`] (space held back), [`device`] and [`office`] (the two databases).
//!
//! ```
//! use sampan_record::change::RecordKey;
//! use sampan_record::ids::{ContentHash, RecordId};
//! use sampan_store::device::{DeviceStore, Surroundings};
//! use sampan_store::error::StoreError;
//! use uuid::Uuid;
//!
//! # let folder = tempfile::tempdir().expect("a folder");
//! let surroundings = || Surroundings { now_ms: Box::new(|| 0), random: Box::new(|| Some(7)) };
//! let record = RecordId(Uuid::from_u128(1));
//! let mut store = DeviceStore::open(folder.path(), surroundings())?;
//! store.begin_interview(record, ContentHash([0; 32]), RecordKey([0; 16]), 0, b"ops")?;
//!
//! // One folder, one program.
//! let refused = DeviceStore::open(folder.path(), surroundings());
//! assert!(matches!(refused, Err(StoreError::InUse { .. })));
//!
//! // What a call returned from is on the disk, however the program ends.
//! drop(store);
//! let store = DeviceStore::open(folder.path(), surroundings())?;
//! assert_eq!(store.journal(record)?.expect("it was begun").entries, [b"ops".to_vec()]);
//! # Ok::<(), StoreError>(())
//! ```

pub mod blob;
pub mod device;
pub mod error;
pub mod migrate;
pub mod office;
pub mod open;
pub mod reserve;
pub mod sealed;
