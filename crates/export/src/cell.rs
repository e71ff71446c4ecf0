//! One answer as the text of a cell, and back without loss.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@` and the like for a formula, quoted or not. Texts and
//! names that begin so get an apostrophe in front; numbers, dates and positions that this crate writes itself do not.

use std::borrow::Cow;

use sampan_value::answer::{Answer, Kind, Missing, Value};
use sampan_value::decimal::Decimal;
use sampan_value::text::{ValueError, parse_value, to_odk_text};

/// What a cell holds for an answer: the ODK text form, or the code of a missing state (-88, -99, -77, -66).
pub fn text(answer: &Answer) -> String {
    match answer {
        Answer::Missing(missing) => missing.code().to_string(),
        Answer::Value(value) => {
            let text = to_odk_text(value);
            match value {
                Value::Integer(_)
                | Value::Decimal(_)
                | Value::Date(_)
                | Value::Time(_)
                | Value::DateTime(_)
                | Value::Geopoint(_)
                | Value::Geotrace(_)
                | Value::Geoshape(_)
                | Value::Acknowledge => text,
                // Forms name choices by number (-88 for "don't know"): a real number is no formula.
                Value::Choice(_) | Value::Choices(_) if Decimal::parse(&text).is_ok() => text,
                // A text is defused even when it is a number, so that a typed -99 is not taken for the code.
                Value::Text(_) | Value::Choice(_) | Value::Choices(_) | Value::Media(_) => {
                    defuse(&text).into_owned()
                }
            }
        }
    }
}

/// The answer that a cell of [`text`] holds; None for an empty one. A choice named like a code reads as the missing
/// state, which is what such choices mean. Files cannot be read back from their name: see the column of their hash.
pub fn parse(cell: &str, kind: Kind) -> Result<Option<Answer>, ValueError> {
    if cell.is_empty() {
        return Ok(None);
    }
    let missing = cell.parse().ok().and_then(Missing::from_code);
    if let Some(missing) = missing {
        return Ok(Some(Answer::Missing(missing)));
    }
    let value = parse_value(&restore(cell), kind)?;
    Ok(Some(Answer::Value(value)))
}

/// A text that no spreadsheet takes for a formula: with an apostrophe in front where it would be one, or where it
/// would otherwise read like a text that got one.
pub fn defuse(text: &str) -> Cow<'_, str> {
    if is_dangerous(text.trim_start_matches('\'')) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text that [`defuse`] was given.
pub fn restore(cell: &str) -> Cow<'_, str> {
    match cell.strip_prefix('\'') {
        Some(rest) if is_dangerous(rest.trim_start_matches('\'')) => Cow::Borrowed(rest),
        _ => Cow::Borrowed(cell),
    }
}

/// Whether some spreadsheet would compute this: by its first letter, blanks and invisible letters before it left out,
/// full-width and small forms of the letters included.
fn is_dangerous(text: &str) -> bool {
    let is_skipped = |letter: char| letter.is_whitespace() || is_invisible(letter);
    let starts_blank = text.starts_with(['\t', '\r', '\n']);
    let first = text.trim_start_matches(is_skipped).chars().next();
    starts_blank || first.is_some_and(|letter| "=+-@＝＋－＠﹦﹢﹣﹫−".contains(letter))
}

fn is_invisible(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::{defuse, parse, restore, text};
    use sampan_value::answer::{Answer, Kind, Missing, Value};

    #[test]
    fn what_a_spreadsheet_would_compute_gets_an_apostrophe() {
        for dangerous in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\tx",
            "\rx",
            "\nx",
            "  =1",
            "\u{feff}=1",
            "\u{a0}@x",
            "＝1",
            "＋1",
            "－1",
            "＠x",
            "'=1",
            "''+1",
            "-99",
        ] {
            let defused = defuse(dangerous);
            assert_eq!(defused, format!("'{dangerous}"));
            assert_eq!(restore(&defused), dangerous);
        }
    }

    #[test]
    fn other_texts_stay_as_they_are() {
        for harmless in [
            "",
            "1",
            "a=b",
            "ភ្នំពេញ",
            "ရန်ကုန်",
            "เชียงใหม่",
            "Cần Thơ",
            "'quoted'",
            "'",
            "it's",
            "x-1",
        ] {
            assert_eq!(defuse(harmless), harmless);
            assert_eq!(restore(harmless), harmless);
        }
    }

    #[test]
    fn a_missing_state_has_its_code_whatever_the_kind_and_a_typed_code_is_a_text() {
        for missing in [
            Missing::DontKnow,
            Missing::Refused,
            Missing::NotApplicable,
            Missing::Skipped,
        ] {
            let answer = Answer::Missing(missing);
            for kind in [
                Kind::Text,
                Kind::Integer,
                Kind::Date,
                Kind::Geopoint,
                Kind::Choices,
                Kind::Media,
            ] {
                assert_eq!(text(&answer), missing.code().to_string());
                assert_eq!(parse(&text(&answer), kind), Ok(Some(answer.clone())));
            }
        }
        let typed = Answer::Value(Value::Text("-99".to_owned()));
        assert_eq!(text(&typed), "'-99");
        assert_eq!(parse("'-99", Kind::Text), Ok(Some(typed)));
    }

    #[test]
    fn real_numbers_stay_numbers() {
        let numbers = [
            Answer::Value(Value::Integer(-5)),
            Answer::Value(Value::Choice("-88".to_owned())),
        ];
        assert_eq!(numbers.each_ref().map(text), ["-5", "-88"]);
        assert_eq!(text(&Answer::Value(Value::Choice("-x".to_owned()))), "'-x");
    }
}
