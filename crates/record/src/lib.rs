//! What was answered: changes, merge, review and history of a record; a record as a CRDT, and its binary codec.
//!
//! A record is the set of its changes. Its state is always computed from them and never stored as truth.
//! This crate knows no form (it takes a small [`schema::Schema`]), no database, no clock and no randomness.
//!
//! Modules in reading order: [`ids`], [`path`], [`op`], [`change`], [`context`], [`schema`], [`codec`], [`mod@write`] (a new
//! change, and checks of somebody else's), then what is computed: [`record`] (merge), [`review`], [`history`],
//! [`erasure`].
//!
//! Two people write different answers to one question without knowing of each other; nothing is lost:
//!
//! ```
//! use sampan_record::change::{Change, RecordKey};
//! use sampan_record::ids::{ChangeHash, ContentHash, DeviceId, PersonId, RecordId, Replica};
//! use sampan_record::op::Op;
//! use sampan_record::path::{AnswerPath, QuestionPath};
//! use sampan_record::record::Record;
//! use sampan_record::schema::NoSchema;
//! use sampan_record::write::{self, Draft};
//! use sampan_value::answer::{Answer, Value};
//! use uuid::Uuid;
//!
//! let age = AnswerPath { question: QuestionPath::new("age"), rows: Vec::new() };
//! let set = |years| Op::Set { at: age.clone(), answer: Some(Answer::Value(Value::Integer(years))) };
//! let id = RecordId(Uuid::from_u128(1));
//! let save = |device: u128, ops: &[Op], record: &Record| -> Change {
//!     let draft = Draft {
//!         replica: Replica { device: DeviceId(Uuid::from_u128(device)), incarnation: 1 },
//!         seq: 1,
//!         prev: ChangeHash([0; 32]),
//!         record: id,
//!         context: record.context(),
//!         lamport: record.next_lamport(),
//!         author: PersonId(Uuid::from_u128(device)),
//!         form: ContentHash([7; 32]),
//!         wall_time_ms: 0,
//!         utc_offset_min: 420,
//!         record_key: RecordKey([device as u8; 16]),
//!         is_first: true,
//!     };
//!     write::change(draft, ops, &NoSchema).expect("within the limits")
//! };
//!
//! let mut record = Record::new(id);
//! let dara = save(1, &[set(30)], &record);
//! let mai = save(2, &[set(31)], &record);
//! record.insert(&mai, vec![set(31)]);
//! record.insert(&dara, vec![set(30)]);
//! record.insert(&mai, vec![set(31)]); // a repeated delivery changes nothing
//!
//! let conflicts = record.conflicts();
//! assert_eq!(conflicts.len(), 1);
//! assert_eq!(conflicts[0].1.values.len(), 2);
//! ```

pub mod change;
pub mod codec;
pub mod context;
pub mod erasure;
pub mod history;
pub mod ids;
pub mod op;
pub mod path;
pub mod record;
pub mod review;
pub mod schema;
pub mod write;
