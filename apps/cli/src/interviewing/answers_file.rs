//! Reads an answers file: JSON, or a table with two columns. Knows no form.

use std::fmt;
use std::path::Path;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::failure::{Failure, Wrong};
use crate::interviewing::typed;

/// Largest answers file, in bytes.
const FILE_BYTES: usize = 16 * 1024 * 1024;

/// One answer as the file has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Where in the file: `answers.csv:12` or `answers.json: country`.
    pub place: String,
    /// The question, as written.
    pub question: String,
    /// What is answered.
    pub given: Given,
}

/// An answer as written, before a question is known for it.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// A text; of a table everything is one.
    Text(String),
    /// A JSON number, as written.
    Number(String),
    /// `true` or `false`.
    Truth(bool),
    /// Choice names.
    List(Vec<String>),
    /// No answer, and why.
    Missing(String),
    /// Takes the answer away.
    Nothing,
    /// Something that is no answer, in words.
    Strange(&'static str),
}

/// Reads a file. All that cannot be read at all comes back at once.
pub fn read(path: &Path) -> Result<Vec<Entry>, Failure> {
    let bytes = std::fs::read(path).map_err(|source| Failure::File {
        path: path.to_path_buf(),
        source,
    })?;
    let name = path.display().to_string();
    let refuse = |place: String, message: &str| {
        Failure::Answers(vec![Wrong {
            place,
            question: String::new(),
            message: message.to_owned(),
        }])
    };
    if bytes.len() > FILE_BYTES {
        return Err(refuse(name, "the file has more than 16 MB; is it the right one?"));
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(refuse(
            name,
            "the file is not UTF-8 text; save it as JSON or \"CSV UTF-8\"",
        ));
    };
    let entries = if text.trim_start().starts_with(['{', '[']) {
        json(text, &name)
    } else {
        table(text, &name)
    };
    let entries = entries.map_err(|(place, message)| refuse(place, &message))?;
    if entries.is_empty() {
        return Err(refuse(name, "there is no answer in the file"));
    }
    Ok(entries)
}

type Unreadable = (String, String);

fn json(text: &str, name: &str) -> Result<Vec<Entry>, Unreadable> {
    let pairs: Pairs = serde_json::from_str(text).map_err(|error| {
        (
            format!("{name}:{}:{}", error.line(), error.column()),
            format!("this is no JSON object of questions and answers ({error})"),
        )
    })?;
    Ok(pairs
        .0
        .into_iter()
        .map(|(question, value)| Entry {
            place: format!("{name}: {question}"),
            given: given(value),
            question,
        })
        .collect())
}

fn given(value: Value) -> Given {
    match value {
        Value::Null => Given::Nothing,
        Value::Bool(truth) => Given::Truth(truth),
        Value::Number(number) => Given::Number(number.to_string()),
        Value::String(text) => Given::Text(text),
        Value::Array(items) => {
            let names: Option<Vec<String>> = items
                .into_iter()
                .map(|item| match item {
                    Value::String(name) => Some(name),
                    Value::Number(number) => Some(number.to_string()),
                    Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
                })
                .collect();
            names.map_or(
                Given::Strange("a list of something else than choice names"),
                Given::List,
            )
        }
        Value::Object(fields) => match fields.get("missing") {
            Some(Value::String(word)) if fields.len() == 1 => Given::Missing(word.clone()),
            Some(_) | None => Given::Strange("an object that is no {\"missing\": …}"),
        },
    }
}

fn table(text: &str, name: &str) -> Result<Vec<Entry>, Unreadable> {
    let first = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let delimiter = [b'\t', b';', b',']
        .into_iter()
        .find(|mark| first.contains(char::from(*mark)))
        .unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let mut entries = Vec::new();
    for (index, record) in reader.records().enumerate() {
        let record = record.map_err(|error| (name.to_owned(), format!("this is no table ({error})")))?;
        let line = record
            .position()
            .map_or(0, |position| line_at(text, position.byte()));
        let place = format!("{name}:{line}");
        let cells: Vec<&str> = record.iter().collect();
        let (question, answer) = match cells.as_slice() {
            [question, answer] => (question.trim(), *answer),
            [question, answer, rest @ ..] if rest.iter().all(|cell| cell.trim().is_empty()) => {
                (question.trim(), *answer)
            }
            other => {
                return Err((
                    place,
                    format!(
                        "this line has {} columns; a question and an answer are expected, in quotes if they hold {:?}",
                        other.len(),
                        char::from(delimiter)
                    ),
                ));
            }
        };
        let is_heading = index == 0
            && ["question", "place", "name"].contains(&question.to_lowercase().as_str())
            && ["answer", "value"].contains(&answer.trim().to_lowercase().as_str());
        if is_heading || (question.is_empty() && answer.trim().is_empty()) {
            continue;
        }
        let trimmed = answer.trim();
        let given = match trimmed.strip_prefix(':') {
            Some(rest) if rest.starts_with(':') => Given::Text(rest.to_owned()),
            Some(word) => match typed::missing(word) {
                Some(word) => Given::Missing(word.to_owned()),
                None => Given::Strange("a word that begins with a colon and is none of :dk :ref :na :skip"),
            },
            None if trimmed.is_empty() => continue,
            None => Given::Text(answer.to_owned()),
        };
        entries.push(Entry {
            place,
            question: question.to_owned(),
            given,
        });
    }
    Ok(entries)
}

/// The line of a record that begins at a byte, or behind empty lines there.
fn line_at(text: &str, byte: u64) -> usize {
    let (before, rest) = usize::try_from(byte)
        .ok()
        .and_then(|byte| text.split_at_checked(byte))
        .unwrap_or((text, ""));
    let blank = rest.len() - rest.trim_start_matches(['\n', '\r']).len();
    let skipped = rest.get(..blank).unwrap_or_default();
    1 + before.matches('\n').count() + skipped.matches('\n').count()
}

/// The fields of a JSON object in order, with those that stand twice.
struct Pairs(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pairs, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with a question and an answer in each field")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

#[cfg(test)]
mod tests {
    use super::{Given, json, table};

    #[test]
    fn a_json_object_keeps_its_order_and_what_stands_twice() {
        let entries = json(
            r#"{"b": "x", "a": 2.50, "b": ["p", "q"], "c": {"missing": "refused"}, "d": true, "e": null, "f": {}}"#,
            "a.json",
        )
        .expect("JSON");
        let read: Vec<(&str, &Given)> = entries
            .iter()
            .map(|entry| (entry.question.as_str(), &entry.given))
            .collect();
        assert_eq!(
            read,
            [
                ("b", &Given::Text("x".into())),
                ("a", &Given::Number("2.5".into())),
                ("b", &Given::List(vec!["p".into(), "q".into()])),
                ("c", &Given::Missing("refused".into())),
                ("d", &Given::Truth(true)),
                ("e", &Given::Nothing),
                ("f", &Given::Strange("an object that is no {\"missing\": …}")),
            ]
        );
        assert_eq!(entries[1].place, "a.json: a");
        assert_eq!(json("{\"a\": }", "a.json").expect_err("broken").0, "a.json:1:7");
    }

    #[test]
    fn a_table_may_have_a_heading_quotes_tabs_and_commands() {
        for (text, expected) in [
            (
                "question,answer\ncountry,KH\n\nname,\"A, B\"\n",
                vec![("a:2", "KH"), ("a:4", "A, B")],
            ),
            ("country\tKH\nname\tA, B", vec![("a:1", "KH"), ("a:2", "A, B")]),
        ] {
            let entries = table(text, "a").expect("a table");
            let read: Vec<(&str, Given)> = entries
                .iter()
                .map(|entry| (entry.place.as_str(), entry.given.clone()))
                .collect();
            let expected: Vec<(&str, Given)> = expected
                .into_iter()
                .map(|(place, answer)| (place, Given::Text(answer.into())))
                .collect();
            assert_eq!(read, expected);
        }
        let entries = table("a,:dk\nb,::x\nc,:perhaps", "a").expect("a table");
        assert_eq!(entries[0].given, Given::Missing("dont_know".into()));
        assert_eq!(entries[1].given, Given::Text(":x".into()));
        assert!(matches!(entries[2].given, Given::Strange(_)));
        assert_eq!(table("a,b,c", "a").expect_err("three columns").0, "a:1");
    }
}
