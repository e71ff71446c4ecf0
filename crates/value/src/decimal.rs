//! An exact decimal number: what was typed is what is kept, sent and exported.

use serde::{Deserialize, Serialize};

/// `mantissa * 10^-scale`, normalised: no trailing zeros after the point, scale 0 to 15.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Decimal {
    mantissa: i64,
    scale: u8,
}
