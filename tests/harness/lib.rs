//! What journeys, demo and benchmarks share: a real office, real devices, a line that is cut, people who answer.
//!
//! Modules in reading order: [`office`] (the server's process), [`line`] (the cutting proxy), [`desk`] (a person at
//! the office's pages), [`chance`] and [`words`] (seeded answers in four scripts), and
//! later the enumerator.

pub mod chance;
pub mod desk;
pub mod line;
pub mod office;
pub mod words;
