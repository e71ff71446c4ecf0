//! Everything a field app needs, as one object: [`client::Client`] on a folder.
//!
//! It joins forms, interviews, records, the device database and sync; it knows no screen and no command line. Clock,
//! chance and the line to the office are passed in. Only blocking calls and std threads.
//!
//! Modules in reading order: [`api`] (plain data), [`error`], [`platform`], [`transport`] and [`http`], [`pace`], [`client`],
//! [`interviewing`].
//!
//! ```
//! use sampan_client_core::client::Client;
//! use sampan_client_core::platform::Platform;
//!
//! # let folder = tempfile::tempdir()?;
//! let client = Client::open(folder.path(), Platform::system())?;
//! assert!(!client.status()?.is_enrolled);
//!
//! // Without an office there are no forms, and each error says what to do.
//! let error = client.start("household").unwrap_err();
//! assert_eq!(error.code(), "no_form");
//! assert!(error.advice().contains("sync"));
//!
//! // With one: `enroll` by its link, `sync` for its forms, `start`, `open_interview`, `answer`, `finish`, `sync`.
//! assert_eq!(client.enroll("https://office.example", "my phone").unwrap_err().code(), "bad_link");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod api;
pub mod client;
pub mod error;
pub mod http;
pub mod interviewing;
pub mod pace;
mod place;
pub mod platform;
pub mod transport;
