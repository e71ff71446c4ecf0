//! The office: intake, review, publishing and export, with one object that holds everything.
//!
//! This crate owns what the office *does*: who may do what ([`access`]), how changes come in ([`intake`]), how a
//! reviewer acts on them ([`reviewing`]), how forms are published ([`publishing`]) and how records go out
//! ([`exporting`]). It must not know SQL (that is `sampan-store`) nor how a record merges (that is `sampan-record`).
//! Everything here is synchronous; `async` begins in the HTTP layer.
//!
//! Modules in reading order: [`config`], [`state`] (the [`state::Office`]), [`error`], [`views`], [`access`],
//! [`hashing`], [`people`], [`devices`], [`shelf`] (forms ready to use), [`wording`], [`publishing`], [`intake`],
//! [`projecting`], [`reviewing`], [`exporting`], [`office_commands`], then [`tokens`] and [`http`].
//!
//! ```
//! use std::sync::Arc;
//! use sampan_server::access::{Grant, Role, Scope};
//! use sampan_server::config::Config;
//! use sampan_server::office_commands::add_person;
//! use sampan_server::people::{PersonRequest, sign_in};
//! use sampan_server::reviewing;
//! use sampan_server::state::{Office, SystemChance, SystemClock};
//!
//! let folder = tempfile::tempdir()?;
//! let config = Config::new(folder.path().join("office"), "http://127.0.0.1:8420".into());
//! let office = Office::open(config, Arc::new(SystemClock), Arc::new(SystemChance))?;
//! let supervisor = PersonRequest {
//!     login: "sokha".into(),
//!     name: "Sokha".into(),
//!     grants: vec![Grant {
//!         role: Role::Supervisor,
//!         scope: Scope { country: Some("KH".into()), ..Scope::default() },
//!     }],
//!     password: Some("several words are easiest".into()),
//! };
//! add_person(&office, &supervisor)?;
//! let signed_in = sign_in(&office, "sokha", "several words are easiest")?;
//! let list = reviewing::list(&office, &signed_in.principal, &Default::default())?;
//! assert_eq!(list.n_matching, 0);
//! assert!(sign_in(&office, "sokha", "a guess").is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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
