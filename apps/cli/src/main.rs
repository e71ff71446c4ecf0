//! `sampan`: interviews in a terminal, offline first.

use std::process::ExitCode;

mod arguments;
mod checking;
mod comparing;
mod converting;
mod device;
mod documenting;
mod evaluating;
mod failure;
mod interviewing;
mod lines;
mod listing;
mod moving;
mod recovering;
mod rehearsing;
mod running;
mod syncing;
mod terminal;
mod words;
mod zone;

fn main() -> ExitCode {
    running::run()
}
