//! Whole field seasons in one thread: devices, an office and a bad line under one seeded scheduler, checked in the end.
//!
//! The protocol's real state machines run here (`Session` on the device's side, `office::answer` on the other) over
//! stores in memory; chance decides what happens next, and the same seed gives the same season to the byte. After each
//! season the faults stop, all devices sync, and the [`oracle`] compares what is there with what was written.
//!
//! Modules in reading order: [`chance`], [`event`] (what can happen), [`states`] (rare states that a run must reach),
//! [`bugs`] (planted ones, which the oracle must find), [`phone`], [`desk`] (both ends with the planted bugs),
//! [`world`] (one season), [`oracle`] (what must hold), [`run`] (seeds, shrinking, the story).
//!
//! ```
//! let season = sampan_simulation::run::season(7, None);
//! assert_eq!(season.violation, None);
//! assert_eq!(season.digest, sampan_simulation::run::season(7, None).digest);
//! ```

pub mod bugs;
pub mod chance;
pub mod desk;
pub mod event;
pub mod oracle;
pub mod phone;
pub mod run;
pub mod states;
pub mod world;
