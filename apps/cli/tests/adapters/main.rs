//! The line-based adapters, driven as another program drives them.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that panics has said what it wanted to say"
)]

mod documented;
mod driver;
mod expressions;
mod hostile;
mod interviews;
mod scenarios;
mod state;
