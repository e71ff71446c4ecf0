//! The office's promises, each on a real database with devices that speak the real protocol.

mod commands;
mod gaps;
mod hostile;
mod intake;
mod lists;
mod people;
mod publishing;
mod reviewing;
mod scopes;
mod world;
