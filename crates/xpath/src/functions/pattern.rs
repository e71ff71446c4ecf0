//! Patterns of `regex()`, with the meaning that Java gives them.

use regex::{Regex, RegexBuilder};

/// The most memory that a compiled pattern may take, in bytes.
const PATTERN_BYTES: usize = 2 * 1024 * 1024;

/// A pattern that must match a whole text; the error says what is wrong with it.
pub fn whole_match(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(&format!("^(?:{})$", ascii_classes(pattern)))
        .size_limit(PATTERN_BYTES)
        .nest_limit(100)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "it is too large; use smaller counts in {…}".to_owned(),
            other => other
                .to_string()
                .lines()
                .last()
                .unwrap_or("it cannot be read")
                .trim()
                .to_owned(),
        })
}

/// In Java `\d`, `\w` and `\s` mean ASCII only: a telephone number in Khmer digits does not match `[0-9]` or `\d`.
fn ascii_classes(pattern: &str) -> String {
    let mut plain = String::with_capacity(pattern.len() + 16);
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            plain.push(letter);
            continue;
        }
        match letters.next() {
            Some('d') => plain.push_str("[0-9]"),
            Some('D') => plain.push_str("[^0-9]"),
            Some('w') => plain.push_str("[0-9A-Za-z_]"),
            Some('W') => plain.push_str("[^0-9A-Za-z_]"),
            Some('s') => plain.push_str("[ \\t\\n\\x0B\\f\\r]"),
            Some('S') => plain.push_str("[^ \\t\\n\\x0B\\f\\r]"),
            Some(other) => {
                plain.push('\\');
                plain.push(other);
            }
            None => plain.push('\\'),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::whole_match;

    #[test]
    fn the_whole_text_must_match() {
        for (pattern, text, matches) in [
            ("[0-9]{3}", "123", true),
            ("[0-9]{3}", "1234", false),
            ("a|bc", "bc", true),
            ("a|bc", "abc", false),
            ("^[+]?[0-9]{8,15}$", "+85512345678", true),
            ("\\d+", "០១២", false),
            ("[\\d\\s]+", "1 2", true),
            ("[^\\d]+", "ab", true),
            ("\\w+\\.\\w+", "a.b", true),
            (".*", "ភាសា", true),
            ("a", "a\n", false),
        ] {
            assert_eq!(
                whole_match(pattern).unwrap().is_match(text),
                matches,
                "{pattern} on {text}"
            );
        }
    }

    #[test]
    fn a_bad_or_huge_pattern_is_an_error() {
        assert!(whole_match("(").is_err());
        assert!(whole_match("((a{1000}){1000}){1000}").is_err());
        assert!(whole_match(&"(".repeat(5000)).is_err());
        assert!(whole_match("\\").is_err());
    }
}
