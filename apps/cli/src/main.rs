//! `sampan`: interviews in a terminal, offline first.

use std::process::ExitCode;

mod arguments;
mod checking;
mod comparing;
mod converting;
mod device;
mod failure;
mod interviewing;
mod listing;
mod running;
mod syncing;
mod terminal;
mod words;

fn main() -> ExitCode {
    running::run()
}
