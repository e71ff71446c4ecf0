//! Running forms, as an enumerator, a device and the office see them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test may panic, and says what it found"
)]

mod answers;
mod branches;
mod choices;
mod driven;
mod entities;
mod events;
mod files;
mod finishing;
mod fitting;
mod happenings;
mod keeping;
mod last_saved;
mod law;
mod missing;
mod moving;
mod odd_records;
mod own_scenarios;
mod relevance;
mod repeats;
mod row_choices;
mod scenarios;
mod screens;
mod shared;
mod study;
mod support;
mod traces;
