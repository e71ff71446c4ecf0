//! Everything a field app needs, as one object: [`client::Client`] on a folder.
//!
//! It joins forms, interviews, records, the device database and sync; it knows no screen and no command line. Clock,
//! chance and the line to the office are passed in. Only blocking calls and std threads.
//!
//! Modules in reading order: [`api`] (plain data), [`error`], [`platform`], [`transport`] and [`http`], [`client`],
//! [`interviewing`].

pub mod api;
pub mod client;
pub mod error;
pub mod http;
pub mod interviewing;
mod place;
pub mod platform;
pub mod transport;
