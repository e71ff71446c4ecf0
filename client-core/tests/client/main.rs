//! A device's whole life against an office in memory: enrolled, offline, killed, copied, full, cut off.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod certificates;
mod collecting;
mod committed;
mod device;
mod disk;
mod enrolling;
mod line;
mod office;
mod portals;
mod recovering;
mod reviewing;
mod syncing;
mod versions;
mod waiting;
