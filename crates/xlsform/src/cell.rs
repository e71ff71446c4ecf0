//! What a cell says: blanks, quotes, yes and no, names, parameters.

use std::collections::BTreeMap;

/// A text for people: blank ends cut, runs of blanks made one, the usual typographic quotes made plain as the reference
/// converter does; line breaks stay as written.
pub fn text(cell: &str) -> String {
    let trimmed = cell.trim();
    if is_usual(trimmed) {
        return trimmed.to_string();
    }
    one_blank(&kept_text(cell))
}

/// Whether a text has neither quotes and blanks that are made plain nor runs of blanks; most have not.
fn is_usual(text: &str) -> bool {
    // The first bytes of all of them in UTF-8.
    !text.bytes().any(|byte| matches!(byte, 0xC2 | 0xE2)) && !text.contains("  ")
}

/// A text for people whose blanks are left as they are, but for the ends.
pub fn kept_text(cell: &str) -> String {
    cell.trim()
        .chars()
        .map(|letter| match letter {
            '\u{201c}' | '\u{201d}' => '"',
            '\u{2018}' | '\u{2019}' => '\'',
            other => other,
        })
        .collect()
}

/// A text for machines: typographic quotes and fixed blanks made plain, blank ends cut, runs of blanks made one.
pub fn plain(cell: &str) -> String {
    let trimmed = cell.trim();
    if is_usual(trimmed) {
        return trimmed.to_string();
    }
    one_blank(&as_written(cell))
}

/// A text for machines whose blanks are left as they are, but for the ends and fixed ones.
pub fn as_written(cell: &str) -> String {
    cell.chars()
        .map(|letter| match letter {
            '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' => '"',
            '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' => '\'',
            '\u{a0}' | '\u{202f}' => ' ',
            other => other,
        })
        .collect::<String>()
        .trim()
        .to_string()
}

fn one_blank(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter != ' ' || !made.ends_with(' ') {
            made.push(letter);
        }
    }
    made
}

/// An expression: plain, and the words yes, no, true and false (any case) made `true()` and `false()`.
pub fn expression(cell: &str) -> String {
    let plain = plain(cell);
    match yes_or_no(&plain) {
        Some(true) => "true()".into(),
        Some(false) => "false()".into(),
        None => plain,
    }
}

/// What a cell with yes, no, true or false means; None for anything else.
pub fn yes_or_no(cell: &str) -> Option<bool> {
    match cell.trim().to_lowercase().as_str() {
        "yes" | "true" | "true()" => Some(true),
        "no" | "false" | "false()" => Some(false),
        _ => None,
    }
}

/// Whether a text can name a question, a group or a repeat.
pub fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_')
        && letters
            .all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.') || is_mark(letter))
}

/// Whether a text can name an element: a name, with a prefix and a colon before it or not.
pub fn is_tag(text: &str) -> bool {
    match text.split_once(':') {
        Some((prefix, name)) => is_name(prefix) && is_name(name),
        None => is_name(text),
    }
}

/// A name close to a text that is none.
pub fn nearest_name(text: &str) -> String {
    let name: String = text
        .chars()
        .map(|letter| match is_name(&format!("_{letter}")) {
            true => letter,
            false => '_',
        })
        .collect();
    match is_name(&name) {
        true => name,
        false => format!("_{name}"),
    }
}

/// Vowel signs and tone marks of Khmer, Burmese and Thai, which belong to words though they are no letters.
fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}' | '\u{e31}'..='\u{e4e}' | '\u{102b}'..='\u{103e}' | '\u{17b4}'..='\u{17d3}')
}

/// Parameters `key=value`, apart by blanks, commas or semicolons. Err = the part that is none. Values are lower case,
/// but for names of columns, questions and programs.
pub fn parameters(cell: &str) -> Result<BTreeMap<String, String>, String> {
    const AS_WRITTEN: &[&str] = &[
        "label",
        "value",
        "seed",
        "app",
        "reference-geometry",
        "tick_labelset",
    ];
    let mut parameters = BTreeMap::new();
    let plain = plain(cell);
    let is_gap = |c: char| c.is_whitespace() || matches!(c, ',' | ';');
    let mut rest = plain.trim_matches(is_gap);
    while !rest.is_empty() {
        let refused = || rest.split(is_gap).next().unwrap_or(rest).to_string();
        let (key, after) = rest.split_once('=').ok_or_else(refused)?;
        let after = after.trim_start_matches(is_gap);
        let end = after.find(|c: char| is_gap(c) || c == '=').unwrap_or(after.len());
        let (value, left) = after.split_at(end);
        let key = key.trim_matches(is_gap).to_lowercase();
        if key.is_empty() || key.contains(is_gap) || value.is_empty() || left.starts_with('=') {
            return Err(refused());
        }
        let value = match AS_WRITTEN.contains(&key.as_str()) {
            true => value.to_string(),
            false => value.to_lowercase(),
        };
        parameters.insert(key, value);
        rest = left.trim_matches(is_gap);
    }
    Ok(parameters)
}

#[cfg(test)]
mod tests {
    use super::{expression, is_name, nearest_name, parameters, text};

    #[test]
    fn typographic_quotes_are_plain_in_expressions_and_texts() {
        assert_eq!(expression(" ${a} = \u{2018}x\u{2019}\u{a0}"), "${a} = 'x'");
        assert_eq!(
            text(" \u{201c}Hello\u{201d}   you \n  there "),
            "\"Hello\" you \n there"
        );
    }

    #[test]
    fn yes_and_no_are_expressions() {
        for (cell, expected) in [
            ("yes", "true()"),
            ("TRUE", "true()"),
            ("No", "false()"),
            ("yes and no", "yes and no"),
        ] {
            assert_eq!(expression(cell), expected);
        }
    }

    #[test]
    fn names_are_what_a_reference_can_hold() {
        for name in ["a", "_a1", "a-b.c", "អាយុ", "อายุ", "tuổi"] {
            assert!(is_name(name), "{name}");
        }
        for (text, nearest) in [("1a", "_1a"), ("a b", "a_b"), ("a/b", "a_b"), ("", "_")] {
            assert!(!is_name(text), "{text}");
            assert_eq!(nearest_name(text), nearest);
        }
    }

    #[test]
    fn parameters_are_pairs() {
        let pairs = parameters("start = 1, end=10;step=0.5").unwrap();
        assert_eq!(
            pairs.into_iter().collect::<Vec<_>>(),
            [
                ("end".to_string(), "10".to_string()),
                ("start".into(), "1".into()),
                ("step".into(), "0.5".into()),
            ]
        );
        assert_eq!(parameters("start 1"), Err("start".into()));
    }
}
