//! A form as ODK's XML: what Collect, Enketo and ODK's web engine load.
//!
//! The structure is that of pyxform 4.5, the reference converter: model with texts, primary instance, secondary
//! instances, binds and actions in the order of the survey; body with controls. Attributes stand in the order of
//! canonical XML, so equal forms have equal documents.

use crate::def::FormDef;
use crate::xform::tree::Tree;

/// Says of a question whose choices are answers that blank ones are offered too.
pub(crate) const BLANK_CHOICES: &str = "blank_choices";
/// Before the id of a secondary instance that is no list of rows: its XML.
pub(crate) const DOCUMENT: &str = "document::";

mod body;
mod choices;
mod element;
mod model;
mod raw;
pub mod read;
pub(crate) mod references;
mod texts;
mod tree;

/// The XML of a form. It is given for every form; references to names that the form has not stay as written, so check
/// the form before.
pub fn write(form: &FormDef) -> String {
    let tree = Tree::new(form);
    let texts = texts::Texts::new(form, &tree);
    let head = element::Element::new("h:head")
        .with(element::Element::new("h:title").with_text(&form.title))
        .with(model::model(form, &tree, &texts));
    let mut html = element::Element::new("h:html");
    for (name, uri) in model::namespaces(form, &tree) {
        html = html.attribute(&name, &uri);
    }
    html.with(head).with(body::body(form, &tree, &texts)).document()
}

/// The rows of a list or file, as a path.
pub(crate) fn rows(list: &str) -> String {
    choices::items(list)
}

/// Whether a default is computed: it reads an answer, calls a function, or adds, multiplies or divides. In days, moments
/// and positions a minus is a sign or part of the value. What is no expression is a text. `type_name` is in the spelling of
/// [`Question::type_name`](crate::def::Question::type_name).
pub fn is_dynamic(default: &str, type_name: &str) -> bool {
    looks_dynamic(default, type_name) && sampan_xpath::syntax::parse(default).is_ok()
}

fn looks_dynamic(default: &str, type_name: &str) -> bool {
    let has_minus = matches!(
        type_name,
        "date" | "datetime" | "geopoint" | "geotrace" | "geoshape"
    );
    let mut at = 0;
    while let Some(rest) = default.get(at..).filter(|rest| !rest.is_empty()) {
        let (length, what) = token(rest);
        match what {
            Token::Minus if has_minus => return false,
            Token::Minus | Token::Dynamic => return true,
            Token::Other => at += length.max(1),
        }
    }
    false
}

enum Token {
    Minus,
    Dynamic,
    Other,
}

/// The first token of a text, as far as it matters for defaults, and its length in bytes.
fn token(rest: &str) -> (usize, Token) {
    let first = rest.chars().next().unwrap_or(' ');
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    if let Some(length) = number(rest) {
        return (length, Token::Other);
    }
    if rest.starts_with(" mod ") || rest.starts_with(" div ") {
        return (5, Token::Dynamic);
    }
    match first {
        '-' => (1, Token::Minus),
        '*' | '+' | '|' => (1, Token::Dynamic),
        '"' | '\'' => {
            let length = rest
                .get(1..)
                .and_then(|inner| inner.find(first))
                .map_or(1, |end| end + 2);
            (length, Token::Other)
        }
        '$' if rest.starts_with("${") => {
            let is_reference = references::first(rest).is_some_and(|found| found.start == 0);
            match is_reference {
                true => (2, Token::Dynamic),
                false => (1, Token::Other),
            }
        }
        first if first.is_alphabetic() || first == '_' => {
            let length = rest
                .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':')))
                .unwrap_or(rest.len());
            match rest.get(length..).is_some_and(|after| after.starts_with('(')) {
                true => (length, Token::Dynamic),
                false => (length, Token::Other),
            }
        }
        first => {
            debug_assert!(digits(rest) == 0, "numbers are taken before");
            (first.len_utf8(), Token::Other)
        }
    }
}

/// The length of a number or a day at the beginning of a text.
fn number(rest: &str) -> Option<usize> {
    let (sign, body) = match rest.strip_prefix('-') {
        Some(body) => (1, body),
        None => (0, rest),
    };
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let bytes = body.as_bytes();
    let is_day = bytes.len() >= 10
        && bytes.iter().take(10).enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if is_day {
        let time = body
            .get(10..)
            .and_then(|rest| rest.strip_prefix('T'))
            .and_then(time);
        return Some(sign + 10 + time.map_or(0, |length| length + 1));
    }
    if let (0, Some(length)) = (sign, time(body)) {
        return Some(length);
    }
    let whole = digits(body);
    let part = body
        .get(whole..)
        .and_then(|after| after.strip_prefix('.'))
        .map(digits);
    match (whole, part) {
        (0, None | Some(0)) => None,
        (whole, None) => Some(sign + whole),
        (whole, Some(part)) => Some(sign + whole + 1 + part),
    }
}

/// The length of a time of day at the beginning of a text, with its zone.
fn time(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let fits = |part: &[u8], pattern: &[u8]| {
        part.len() == pattern.len()
            && part.iter().zip(pattern).all(|(byte, pattern)| match pattern {
                b'0' => byte.is_ascii_digit(),
                b'+' => matches!(byte, b'+' | b'-'),
                other => byte == other,
            })
    };
    if !fits(bytes.get(..8)?, b"00:00:00") {
        return None;
    }
    let part = text
        .get(8..)
        .and_then(|rest| rest.strip_prefix('.'))
        .map_or(0, |rest| 1 + rest.bytes().take_while(u8::is_ascii_digit).count());
    let zone = bytes
        .get(8 + part..14 + part)
        .is_some_and(|zone| fits(zone, b"+00:00"));
    Some(8 + part + if zone { 6 } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::is_dynamic;

    #[test]
    fn defaults_are_computed_when_they_look_so() {
        for (default, type_name, expected) in [
            ("now()", "date", true),
            ("2020-01-31", "date", false),
            ("2020-01-31", "text", false),
            ("a-b", "text", false),
            ("a - b", "text", true),
            ("a - b", "geopoint", false),
            ("2022-03-14T01:02:55+00:00", "datetime", false),
            ("01:02:55.5-07:00", "time", false),
            ("-3", "integer", false),
            ("1 + 2", "integer", true),
            ("${a}", "text", true),
            ("${a", "text", false),
            ("'a + b'", "text", false),
            ("7 div 2", "integer", true),
            ("999-", "text", false),
            ("divide", "text", false),
            ("(x)", "text", false),
            ("jr:choice-name(1)", "text", true),
            ("ខ្មែរ", "text", false),
        ] {
            assert_eq!(is_dynamic(default, type_name), expected, "{default}");
        }
    }
}
