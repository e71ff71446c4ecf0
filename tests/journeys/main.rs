//! Journeys: the real server in a process of its own, real devices with their own files, faults where they hurt.

mod cloned;
mod concurrent;
mod erased;
mod full_disk;
mod hostile;
mod killed;
mod lost_response;
mod ninety_days;
mod poison;
mod recovered;
mod restored;
mod versions;
mod world;
