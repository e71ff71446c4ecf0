//! The protocol's promises, each on the smallest world that shows it.

mod convergence;
mod document;
mod faults;
mod golden;
mod hostile;
mod names;
mod restore;
mod steps;
mod versions;
mod world;
