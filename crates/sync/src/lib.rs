//! The protocol that moves changes, forms and media between a device and the office.
//!
//! This crate owns the messages, their bytes, the decisions of both sides and their order. It does no input or
//! output: a device drives a [`session::Session`] over any transport, the office answers with [`office::answer`], and
//! both keep what they have behind the traits of [`log`]. It must not know any form, database, clock or network.
//!
//! Modules in reading order: [`version`], [`limits`], [`error`], [`receipt`], [`log`] (what sync needs from a store),
//! the steps [`hello`], [`push`], [`pull`], [`forms`], [`blob`] (each with both halves), [`fork`], [`wire`] (the
//! bytes), [`session`] (device), [`office`], and [`memory`] (both stores without a disk).

pub mod blob;
pub mod error;
pub mod fork;
pub mod forms;
pub mod hello;
pub mod limits;
pub mod log;
pub mod memory;
pub mod office;
pub mod pull;
pub mod push;
pub mod receipt;
pub mod session;
pub mod version;
pub mod wire;

#[cfg(test)]
mod tests;
