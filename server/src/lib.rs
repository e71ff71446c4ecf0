//! The office: intake, review, publishing and export, with one object that holds everything.
//!
//! This crate owns what the office *does*: who may do what ([`access`]), how changes come in ([`intake`]), how a
//! reviewer acts on them ([`reviewing`]), how forms are published ([`publishing`]) and how records go out
//! ([`exporting`]). It must not know SQL (that is `sampan-store`) nor how a record merges (that is `sampan-record`).
//! Everything here is synchronous; `async` begins in the HTTP layer.
//!
//! Modules in reading order: [`config`], [`state`] (the [`state::Office`]), [`error`], [`views`], [`access`], [`hashing`],
//! [`people`], [`devices`], [`shelf`] (forms ready to use), [`wording`], [`publishing`], [`intake`], [`projecting`], [`reviewing`], [`exporting`], [`office_commands`], then [`tokens`] and [`http`].

pub mod access;
pub mod config;
pub mod devices;
pub mod error;
pub mod exporting;
pub mod hashing;
pub mod http;
pub mod intake;
pub mod office_commands;
pub mod people;
pub mod projecting;
pub mod publishing;
pub mod reviewing;
pub mod shelf;
pub mod state;
pub mod tokens;
pub mod views;
pub mod wording;

#[cfg(test)]
mod tests;
