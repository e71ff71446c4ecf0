//! Keeps changes and content on disk: the device database and the office database. The only crate with SQL.
//!
//! It knows what a change is and what sync needs; it knows no form, no clock, no randomness and no network: moments
//! and random bits are arguments.
//!
//! Modules in reading order: [`error`], [`open`] (a database that keeps its word, or a refusal), [`migrate`] (schema
//! steps), [`blob`] (content by hash), [`device`] and [`office`] (the two databases).

pub mod blob;
pub mod device;
pub mod error;
pub mod migrate;
pub mod office;
pub mod open;
