//! Functions of text, counted in letters (Unicode scalar values), not bytes.

use std::collections::HashMap;

/// `substr(s, start, end)`: from 0, a negative place counts from the end, `end` is not part of it.
pub fn substr(text: &str, start: f64, end: Option<f64>) -> String {
    let n_letters = text.chars().count();
    let place = |at: f64| -> usize {
        if at.is_nan() {
            return 0;
        }
        let at = if at < 0.0 {
            at.trunc() + n_letters as f64
        } else {
            at.trunc()
        };
        // Saturates: negative becomes 0, too large becomes the largest.
        (at as usize).min(n_letters)
    };
    let start = place(start);
    let end = end.map_or(n_letters, place);
    text.chars().take(end).skip(start).collect()
}

/// `substring(s, start, length)` of XPath 1.0: from 1, rounding both numbers.
pub fn substring(text: &str, start: f64, length: Option<f64>) -> String {
    let round = |number: f64| (number + 0.5).floor();
    let start = round(start);
    let end = length.map_or(f64::INFINITY, |length| start + round(length));
    text.chars()
        .enumerate()
        .filter(|(at, _)| {
            let place = *at as f64 + 1.0;
            place >= start && place < end
        })
        .map(|(_, letter)| letter)
        .collect()
}

/// `translate(s, from, to)`: each letter of `from` becomes the one at its place in `to`, or goes.
pub fn translate(text: &str, from: &str, to: &str) -> String {
    let mut becomes: HashMap<char, Option<char>> = HashMap::new();
    let mut to = to.chars();
    for letter in from.chars() {
        let replacement = to.next();
        // The first of equal letters counts.
        becomes.entry(letter).or_insert(replacement);
    }
    let replaced = text.chars().map(|letter| match becomes.get(&letter) {
        Some(replacement) => *replacement,
        None => Some(letter),
    });
    replaced.flatten().collect()
}

/// `normalize-space(s)`: no space at the ends, single spaces between words.
pub fn normalize_space(text: &str) -> String {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    words.join(" ")
}

/// `selected(list, name)`: whether a space separated list holds a name; space around the name is ignored.
pub fn selected(list: &str, name: &str) -> bool {
    let name = name.trim();
    if name.is_empty() {
        return list.trim().is_empty();
    }
    list.split_ascii_whitespace().any(|word| word == name)
}

/// `selected-at(list, place)`: the name at a place counted from 0; empty where there is none.
pub fn selected_at(list: &str, place: f64) -> &str {
    if !(place >= 0.0 && place.is_finite()) {
        return "";
    }
    list.split_ascii_whitespace().nth(place as usize).unwrap_or("")
}

/// The text of a UUID of version 4 made of 128 random bits.
pub fn uuid(high: u64, low: u64) -> String {
    let high = (high & 0xFFFF_FFFF_FFFF_0FFF) | 0x4000;
    let low = (low & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xFFFF,
        high & 0xFFFF,
        low >> 48,
        low & 0xFFFF_FFFF_FFFF
    )
}

#[cfg(test)]
mod tests {
    use super::{normalize_space, selected, selected_at, substr, substring, translate, uuid};

    #[test]
    fn places_count_letters_of_every_script() {
        for (start, end, expected) in [
            (0.0, None, "ราคา"),
            (1.0, None, "าคา"),
            (0.0, Some(-1.0), "ราค"),
            (-2.0, None, "คา"),
            (9.0, None, ""),
        ] {
            assert_eq!(substr("ราคา", start, end), expected);
        }
        assert_eq!(substr("0123456789", 5.0, Some(1.0)), "");
        assert_eq!(substr("0123456789", -5.0, Some(-1.0)), "5678");
        assert_eq!(substr("ab", f64::NEG_INFINITY, Some(f64::INFINITY)), "ab");
    }

    #[test]
    fn substring_rounds_as_xpath_says() {
        for (start, length, expected) in [
            (2.0, Some(3.0), "234"),
            (2.0, None, "2345"),
            (1.5, Some(2.6), "234"),
            (0.0, Some(3.0), "12"),
            (0.0, Some(f64::NAN), ""),
            (1.0, Some(f64::NAN), ""),
            (f64::NAN, Some(3.0), ""),
            (-42.0, Some(f64::INFINITY), "12345"),
            (f64::NEG_INFINITY, Some(f64::INFINITY), ""),
        ] {
            assert_eq!(substring("12345", start, length), expected, "{start} {length:?}");
        }
    }

    #[test]
    fn lists_are_words() {
        assert!(selected("a bc", "bc ") && !selected("a bc", "b") && !selected("", "a") && selected("", ""));
        assert_eq!(
            (
                selected_at("a b", 1.0),
                selected_at("a b", 2.0),
                selected_at("a b", -1.0)
            ),
            ("b", "", "")
        );
        assert_eq!(translate("bar-1", "abr-", "AB"), "BA1");
        assert_eq!(normalize_space("  a \n b "), "a b");
        assert_eq!(uuid(u64::MAX, u64::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
