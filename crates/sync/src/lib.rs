//! The protocol that moves changes, forms and media between a device and the office.
//!
//! This crate owns the messages, their bytes, the decisions of both sides and their order. It does no input or
//! output: a device drives a [`session::Session`] over any transport, the office answers with [`office::answer`], and
//! both keep what they have behind the traits of [`log`]. It must not know any form, database, clock or network.
//!
//! Modules in reading order: [`version`], [`limits`], [`error`], [`receipt`], [`log`] (what sync needs from a store),
//! the steps [`hello`], [`push`], [`pull`], [`forms`], [`names`], [`blob`] (each with both halves), [`fork`], [`wire`] (the
//! bytes), [`session`] (device), [`office`], and [`memory`] (both stores without a disk).
//!
//! The normative text is docs/sync-protocol.md. Two devices and an office, with a line that loses an answer:
//!
//! ```
//! use sampan_record::change::RecordKey;
//! use sampan_record::ids::{ContentHash, DeviceId, PersonId, RecordId, Replica};
//! use sampan_record::op::Op;
//! use sampan_record::path::{AnswerPath, QuestionPath};
//! use sampan_sync::log::Caller;
//! use sampan_sync::memory::device::MemoryDevice;
//! use sampan_sync::memory::line::{self, Fault};
//! use sampan_sync::memory::office::MemoryOffice;
//! use sampan_sync::receipt::Generation;
//! use sampan_sync::session::Options;
//! use sampan_value::answer::{Answer, Value};
//! use uuid::Uuid;
//!
//! let device = |n: u8| {
//!     let replica = Replica { device: DeviceId(Uuid::from_bytes([n; 16])), incarnation: 1 };
//!     MemoryDevice::new(replica, PersonId(Uuid::from_bytes([n; 16])), Generation(1))
//! };
//! let (mut sophea, mut dara, mut office) = (device(1), device(2), MemoryOffice::new(Generation(1)));
//! let record = RecordId(Uuid::from_bytes([9; 16]));
//! let form = ContentHash([7; 32]);
//! let named = |name: &str| Op::Set {
//!     at: AnswerPath { question: QuestionPath::new("name"), rows: vec![] },
//!     answer: Some(Answer::Value(Value::Text(name.into()))),
//! };
//! let sync = |device: &mut MemoryDevice, office: &mut MemoryOffice, first: Fault| {
//!     let caller = Caller { device: device.replica.device, person: device.person };
//!     let mut faults = |round| if round == 0 { first } else { Fault::None };
//!     line::sync(device, office, &caller, Options::default(), &mut faults).unwrap()
//! };
//!
//! // Sophea interviews without a line, then syncs; the office commits, and its answer is lost. She syncs on.
//! sophea.write(record, form, RecordKey([3; 16]), 0, &[named("ស្រីមុំ")]).unwrap();
//! sync(&mut sophea, &mut office, Fault::ResponseLost);
//! assert_eq!(office.data.log.len(), 1);
//!
//! // The record comes into Dara's view; both change the name without knowing of each other.
//! office.show(dara.person, record);
//! sync(&mut dara, &mut office, Fault::None);
//! dara.write(record, form, RecordKey([0; 16]), 0, &[named("ស្រី មុំ")]).unwrap();
//! sophea.write(record, form, RecordKey([0; 16]), 0, &[named("ស្រីមុំ ២")]).unwrap();
//! sync(&mut dara, &mut office, Fault::RequestLost);
//! sync(&mut sophea, &mut office, Fault::Twice);
//! sync(&mut dara, &mut office, Fault::None);
//!
//! // All three have the same record to the byte, with both names as a visible conflict.
//! let state = office.record(record);
//! assert_eq!(state.conflicts().len(), 1);
//! assert_eq!(state.state_bytes(), sophea.record(record).state_bytes());
//! assert_eq!(state.state_bytes(), dara.record(record).state_bytes());
//! ```

pub mod blob;
pub mod error;
pub mod fork;
pub mod forms;
pub mod hello;
pub mod limits;
pub mod log;
pub mod memory;
pub mod names;
pub mod office;
pub mod pull;
pub mod push;
pub mod receipt;
pub mod session;
pub mod version;
pub mod wire;

#[cfg(test)]
mod tests;
