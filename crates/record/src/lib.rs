//! What was answered: changes, merge, review and history of a record; a record as a CRDT, and its binary codec.
//!
//! A record is the set of its changes. Its state is always computed from them and never stored as truth.
//! This crate knows no form (it takes a small [`schema::Schema`]), no database, no clock and no randomness.
//!
//! Modules in reading order: [`ids`], [`path`], [`op`], [`change`], [`context`], [`schema`], [`codec`], then what is
//! computed: [`record`] (merge), [`review`], [`history`], [`erasure`].

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
