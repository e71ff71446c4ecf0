//! An exact decimal number: what was typed is what is kept, sent and exported.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

/// The most digits after the point.
pub const MAX_SCALE: u8 = 15;

/// `mantissa * 10^-scale`, normalised: no trailing zeros after the point, scale 0 to 15.
///
/// Two decimals are equal exactly when they are the same number, and they are ordered as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Decimal {
    mantissa: i64,
    scale: u8,
}

/// Why a text is no decimal number that can be kept exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// Not digits with at most one point.
    #[error("is not a number; write digits with at most one decimal point, such as 12.5")]
    Malformed,
    /// More than about 18 digits, or more than 15 after the point.
    #[error("has too many digits; at most 18 digits, of these 15 after the point, can be kept exactly")]
    TooLong,
}

impl Decimal {
    /// The number `mantissa * 10^-scale`; None if it needs more than 15 digits after the point.
    pub fn new(mantissa: i64, scale: u8) -> Option<Decimal> {
        let mut mantissa = mantissa;
        let mut scale = scale;
        if mantissa == 0 {
            return Some(Decimal {
                mantissa: 0,
                scale: 0,
            });
        }
        while scale > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        (scale <= MAX_SCALE).then_some(Decimal { mantissa, scale })
    }

    /// The number that a text shows: sign, digits, one point (`-12.50`, `.5`, `3.`); no exponent, no separators.
    pub fn parse(text: &str) -> Result<Decimal, DecimalError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && fraction.is_empty() {
            return Err(DecimalError::Malformed);
        }
        if !whole
            .bytes()
            .chain(fraction.bytes())
            .all(|byte| byte.is_ascii_digit())
        {
            return Err(DecimalError::Malformed);
        }
        let fraction = fraction.trim_end_matches('0');
        let mut mantissa: i64 = 0;
        for byte in whole.bytes().chain(fraction.bytes()) {
            let digit = i64::from(byte - b'0');
            let digit = if negative { -digit } else { digit };
            mantissa = mantissa
                .checked_mul(10)
                .and_then(|shifted| shifted.checked_add(digit))
                .ok_or(DecimalError::TooLong)?;
        }
        let scale = u8::try_from(fraction.len()).map_err(|_| DecimalError::TooLong)?;
        Decimal::new(mantissa, scale).ok_or(DecimalError::TooLong)
    }

    /// All digits without the point; negative for negative numbers.
    pub fn mantissa(self) -> i64 {
        self.mantissa
    }

    /// How many of the digits stand after the point, 0 to 15.
    pub fn scale(self) -> u8 {
        self.scale
    }

    /// The nearest double.
    pub fn to_f64(self) -> f64 {
        if self.scale == 0 {
            return self.mantissa as f64;
        }
        // Up to 2^53 both operands are exact, so one division rounds once; beyond it the text decides.
        if self.mantissa.unsigned_abs() <= 1 << 53 {
            return self.mantissa as f64 / 10f64.powi(i32::from(self.scale));
        }
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// The shortest decimal that reads back as this double; None for NaN, infinities and numbers out of range.
    pub fn from_f64(number: f64) -> Option<Decimal> {
        if !number.is_finite() {
            return None;
        }
        if let Ok(decimal) = Decimal::parse(&number.to_string()) {
            return Some(decimal);
        }
        // Too many digits after the point (1e-7 / 3): round to as many as can be kept.
        Decimal::parse(&format!("{number:.15}"))
            .or_else(|_| {
                let n_whole = format!("{:.0}", number.trunc().abs()).len();
                let n_fraction = 17usize.saturating_sub(n_whole);
                Decimal::parse(&format!("{number:.n_fraction$}"))
            })
            .ok()
    }
}

impl From<i64> for Decimal {
    fn from(number: i64) -> Decimal {
        Decimal {
            mantissa: number,
            scale: 0,
        }
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Decimal, DecimalError> {
        Decimal::parse(text)
    }
}

impl fmt::Display for Decimal {
    /// Plain digits with a point, never an exponent: `12.5`, `-0.001`, `7`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.scale == 0 {
            return write!(out, "{}", self.mantissa);
        }
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let scale = usize::from(self.scale);
        let unit = 10u64.pow(u32::from(self.scale));
        let digits = self.mantissa.unsigned_abs();
        write!(out, "{sign}{}.{:0scale$}", digits / unit, digits % unit)
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        // 2^63 * 10^15 < 2^113, so both sides fit.
        let ours = i128::from(self.mantissa) * 10i128.pow(u32::from(other.scale));
        let theirs = i128::from(other.mantissa) * 10i128.pow(u32::from(self.scale));
        ours.cmp(&theirs)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    /// Accepts any mantissa and scale and normalises them, so that equality stays exact for foreign input.
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Decimal, D::Error> {
        #[derive(Deserialize)]
        struct Parts {
            mantissa: i64,
            scale: u8,
        }
        let parts = Parts::deserialize(source)?;
        Decimal::new(parts.mantissa, parts.scale)
            .ok_or_else(|| serde::de::Error::custom("a decimal with more than 15 digits after the point"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Decimal, DecimalError};
    use proptest::prelude::{any, prop_assert_eq, proptest};

    #[test]
    fn text_is_read_exactly_and_written_plainly() {
        for (text, shown) in [
            ("12.50", "12.5"),
            ("-0.001", "-0.001"),
            (".5", "0.5"),
            ("3.", "3"),
            ("+7", "7"),
            ("-0", "0"),
            ("000.10", "0.1"),
            ("100", "100"),
            ("9223372036854775807", "9223372036854775807"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("0.000000000000001", "0.000000000000001"),
            ("1.0000000000000000000000", "1"),
        ] {
            assert_eq!(Decimal::parse(text).unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_kept_exactly_is_refused() {
        for text in ["", ".", "-", "1e3", "1,5", "1.2.3", "12 ", "NaN", "--1", "1_0"] {
            assert_eq!(Decimal::parse(text), Err(DecimalError::Malformed), "{text}");
        }
        for text in [
            "9223372036854775808",
            "0.0000000000000001",
            "1.00000000000000000001",
        ] {
            assert_eq!(Decimal::parse(text), Err(DecimalError::TooLong), "{text}");
        }
    }

    #[test]
    fn order_is_by_number_not_by_digits() {
        let sorted: Vec<Decimal> = [
            "-9223372036854775808",
            "-1.5",
            "-1.4",
            "0",
            "0.000000000000001",
            "0.9",
            "1",
        ]
        .iter()
        .map(|text| Decimal::parse(text).unwrap())
        .collect();
        assert!(sorted.is_sorted());
        assert_eq!(Decimal::new(150, 2), Decimal::new(15, 1));
        assert_eq!(Decimal::new(1, 16), None);
        assert_eq!(Decimal::new(10, 16), Decimal::new(1, 15));
    }

    #[test]
    fn doubles_come_as_the_shortest_decimal() {
        for (number, shown) in [
            (0.1, "0.1"),
            (1.0 / 3.0, "0.333333333333333"),
            (1e15, "1000000000000000"),
        ] {
            assert_eq!(Decimal::from_f64(number).unwrap().to_string(), shown);
        }
        assert_eq!(Decimal::from_f64(f64::NAN), None);
        assert_eq!(Decimal::from_f64(1e300), None);
    }

    #[test]
    fn foreign_json_is_normalised() {
        let read: Decimal = serde_json::from_str(r#"{"mantissa":1500,"scale":3}"#).unwrap();
        assert_eq!(read, Decimal::new(15, 1).unwrap());
        assert!(serde_json::from_str::<Decimal>(r#"{"mantissa":1,"scale":200}"#).is_err());
    }

    proptest! {
        #[test]
        fn every_decimal_survives_its_text(mantissa in any::<i64>(), scale in 0u8..=15) {
            let decimal = Decimal::new(mantissa, scale).unwrap();
            prop_assert_eq!(Decimal::parse(&decimal.to_string()).unwrap(), decimal);
        }

        #[test]
        fn order_agrees_with_equality(a in any::<i64>(), b in any::<i64>(), sa in 0u8..=15, sb in 0u8..=15) {
            let (a, b) = (Decimal::new(a, sa).unwrap(), Decimal::new(b, sb).unwrap());
            prop_assert_eq!(a == b, a.cmp(&b).is_eq());
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        }
    }
}
