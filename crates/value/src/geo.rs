//! A position as a phone gives it, in fixed units so that it is equal everywhere.

use serde::{Deserialize, Serialize};

/// One position (WGS 84).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Geopoint {
    /// Latitude in 1e-7 degrees, -900_000_000 to 900_000_000.
    pub lat_e7: i32,
    /// Longitude in 1e-7 degrees, -1_800_000_000 to 1_800_000_000.
    pub lon_e7: i32,
    /// Altitude in millimetres above the ellipsoid; None where the phone gave none.
    pub altitude_mm: Option<i32>,
    /// Accuracy radius in millimetres; None where the phone gave none.
    pub accuracy_mm: Option<u32>,
}
