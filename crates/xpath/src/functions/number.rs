//! Numbers in text, rounding, and the order that chance gives.

use crate::functions::digest;

/// The number that a text is for XPath: sign, digits, one point, space around it; None for anything else. Some
/// keyboards give a decimal comma, which JavaRosa reads as a point.
pub fn parse(text: &str) -> Option<f64> {
    let text = text.trim();
    let mut has_comma = false;
    // Up to 15 digits are exact, and most answers are that.
    let mut is_whole = !text.is_empty() && text.len() <= 15;
    let mut whole = 0u64;
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => whole = whole.wrapping_mul(10).wrapping_add(u64::from(byte - b'0')),
            b'.' | b'-' => is_whole = false,
            b',' => {
                is_whole = false;
                has_comma = true;
            }
            _ => return None,
        }
    }
    if is_whole {
        return Some(whole as f64);
    }
    if has_comma {
        text.replace(',', ".").parse().ok()
    } else {
        text.parse().ok()
    }
}

/// A number as XPath writes it: no exponent, no `.0`, `NaN`, `Infinity`.
pub fn text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if number == 0.0 {
        return "0".to_owned();
    }
    number.to_string()
}

/// Equality of JavaRosa: numbers nearer than 1e-12 are the same.
pub fn equal(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() < 1e-12
}

/// `round(x, digits)`: half goes up (`round(-2.5)` is -2, as in XPath 1.0), judged by the decimal digits as written
/// (`round(1.005, 2)` is 1.01).
pub fn round(number: f64, digits: f64) -> f64 {
    if !number.is_finite() || digits.is_nan() {
        return number;
    }
    let digits = digits.trunc();
    if digits > 0.0 {
        return round_written(number, digits.min(40.0) as usize);
    }
    let half_up = |number: f64| {
        let rounded = number.round();
        let is_half_below = number < 0.0 && number - rounded == 0.5;
        if is_half_below { rounded + 1.0 } else { rounded }
    };
    if digits == 0.0 {
        return half_up(number);
    }
    let unit = 10f64.powf((-digits).min(400.0));
    half_up(number / unit) * unit
}

/// Rounds the shortest decimal form of a number, half up.
fn round_written(number: f64, digits: usize) -> f64 {
    let written = number.abs().to_string();
    let Some((whole, fraction)) = written.split_once('.') else {
        return number;
    };
    if fraction.len() <= digits {
        return number;
    }
    let kept = fraction.get(..digits).unwrap_or("");
    let rest = fraction.as_bytes().get(digits..).unwrap_or_default();
    let goes_up = match rest {
        // Exactly half of a negative number goes up, which is towards zero.
        [b'5'] => number > 0.0,
        [first, ..] => *first >= b'5',
        [] => false,
    };
    let mut figures: Vec<u8> = whole.bytes().chain(kept.bytes()).collect();
    let mut carry = goes_up;
    for figure in figures.iter_mut().rev() {
        if !carry {
            break;
        }
        carry = *figure == b'9';
        *figure = if carry { b'0' } else { *figure + 1 };
    }
    let mut text = String::with_capacity(figures.len() + 3);
    if carry {
        text.push('1');
    }
    let n_whole = whole.len();
    for (at, figure) in figures.iter().enumerate() {
        if at == n_whole {
            text.push('.');
        }
        text.push(char::from(*figure));
    }
    let rounded: f64 = text.parse().unwrap_or(number.abs());
    if number < 0.0 { -rounded } else { rounded }
}

/// An order of `n` things drawn from a seed: inside-out shuffle with the Park-Miller generator, as ODK clients do it.
pub fn shuffled(n: usize, seed: i64) -> Vec<usize> {
    const MODULUS: i64 = 2_147_483_647;
    let mut state = seed % MODULUS;
    if state <= 0 {
        state += MODULUS - 1;
    }
    let mut order: Vec<usize> = Vec::with_capacity(n);
    for i in 0..n {
        state = state * 16_807 % MODULUS;
        let chance = (state - 1) as f64 / (MODULUS - 1) as f64;
        let place = ((chance * (i as f64 + 1.0)) as usize).min(i);
        order.push(i);
        order.swap(place, i);
    }
    order
}

/// A seed for [`shuffled`] from any text, as Collect and the web forms make it: a number is its whole part, a blank is
/// 0, and any other text counts by its fingerprint.
pub fn seed(text: &str) -> i64 {
    match parse(text) {
        Some(number) => number as i64,
        None if text.is_empty() || text == "NaN" => 0,
        None => digest::seed_of(text),
    }
}

/// 64 random bits as a number from 0 up to but not including 1.
pub fn unit_interval(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::{equal, parse, round, seed, shuffled, text, unit_interval};

    #[test]
    fn only_plain_digits_are_numbers() {
        for (written, number) in [
            ("12", 12.0),
            ("999999999999999", 999_999_999_999_999.0),
            ("12345678901234567890", 12_345_678_901_234_567_890.0),
            (" -1.50 ", -1.5),
            (".5", 0.5),
            ("3.", 3.0),
            ("1,5", 1.5),
        ] {
            assert_eq!(parse(written), Some(number), "{written}");
        }
        for written in ["", "-", ".", "1e3", "+1", "1-2", "a", "NaN", "inf", "1,5,0"] {
            assert_eq!(parse(written), None, "{written}");
        }
    }

    #[test]
    fn numbers_are_written_without_exponent() {
        for (number, written) in [
            (1.0, "1"),
            (-0.0, "0"),
            (1e21, "1000000000000000000000"),
            (0.00000001, "0.00000001"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(text(number), written);
        }
        assert!(equal(6.1 - 7.8, -1.7) && !equal(f64::NAN, f64::NAN) && equal(f64::INFINITY, f64::INFINITY));
    }

    #[test]
    fn rounding_is_that_of_the_written_digits() {
        for (number, digits, rounded) in [
            (2.5, 0.0, 3.0),
            (-2.5, 0.0, -2.0),
            (-2.6, 0.0, -3.0),
            (-0.5, 0.0, -0.0),
            (1.005, 2.0, 1.01),
            (-1.055, 2.0, -1.05),
            (-1.0551, 2.0, -1.06),
            (-15.0, -1.0, -10.0),
            (9.995, 2.0, 10.0),
            (12345.6, -2.0, 12300.0),
            (1.5, 99.0, 1.5),
            (15.0, -1.0, 20.0),
        ] {
            assert_eq!(round(number, digits), rounded, "{number} {digits}");
        }
        assert!(round(f64::NAN, 1.0).is_nan());
    }

    #[test]
    fn the_same_seed_gives_the_same_order_of_all() {
        for n in [0, 1, 2, 7, 100] {
            let mut order = shuffled(n, 42);
            assert_eq!(order, shuffled(n, 42));
            order.sort_unstable();
            assert!(order.into_iter().eq(0..n));
        }
        assert_ne!(seed("a"), seed("b"));
        assert_eq!((seed("12.9"), seed("")), (12, 0));
        assert!(unit_interval(u64::MAX) < 1.0);
        let _ = shuffled(3, i64::MIN);
    }
}
