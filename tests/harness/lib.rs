//! What journeys, demo and benchmarks share: a real office, real devices, a line that is cut, people who answer.
//!
//! Modules in reading order: [`office`] (the server's process), [`mod@line`] (the cutting proxy), [`desk`] (a person at
//! the office's pages), [`acts`] (what people do there), [`chance`], [`words`], [`answers`] (seeded answers in four scripts),
//! [`enumerator`] (a device and the person who uses it), [`sheet`] (spreadsheets made on the spot).

pub mod acts;
pub mod answers;
#[path = "../simulation/chance.rs"]
pub mod chance;
pub mod desk;
pub mod enumerator;
pub mod line;
pub mod office;
pub mod sheet;
pub mod words;
