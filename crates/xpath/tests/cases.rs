//! Our own cases of every function and construct: one a line, evaluated in a small document.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has said what it wanted to say"
)]

use chrono::DateTime;
use sampan_xpath::document::{Document, DocumentError};
use sampan_xpath::eval::XValue;

const XML: &str = include_str!("cases/household.xml");
const CASES: &str = include_str!("cases/cases.tsv");

/// Each line: context, expression, expected value (`true`, `12`, `'text'`, `error`, or paths of nodes after `->`).
#[test]
fn every_case_has_the_value_written_beside_it() {
    let mut document = Document::parse(XML).unwrap();
    document.set_now(DateTime::parse_from_rfc3339("2026-11-24T08:30:00.250+07:00").unwrap());
    document.set_root(document.find("/h:html[1]/model[1]/instance[1]").unwrap());
    document.declare("s", "urn:sampan:study");
    let mut wrong = Vec::new();
    let mut n_cases = 0;
    for line in CASES
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let mut parts = line.split('\t');
        let (context, expression) = (parts.next().unwrap(), parts.next().unwrap());
        let expected = parts.next().unwrap_or_else(|| panic!("no value: {line}"));
        let context = format!("/h:html[1]/model[1]/instance[1]{}", context.trim_end_matches('/'));
        let found = written(document.eval(expression, &context));
        n_cases += 1;
        let found = match (expected.strip_prefix("->"), &found) {
            (Some(_), Ok((_, paths))) => format!("->{paths}"),
            (None, Ok((value, _))) => value.clone(),
            (_, Err(_)) if expected == "error" => "error".to_owned(),
            (_, Err(error)) => error.clone(),
        };
        if found != expected {
            wrong.push(format!("{expression}: {found} instead of {expected}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {n_cases} cases are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(n_cases > 300, "only {n_cases} cases");
}

/// The value as the cases write it, and the paths of the nodes.
fn written(
    outcome: Result<sampan_xpath::document::Outcome, DocumentError>,
) -> Result<(String, String), String> {
    let outcome = outcome.map_err(|error| error.to_string())?;
    let value = match outcome.value {
        XValue::Text(_) | XValue::Day(_) | XValue::Moment(_) | XValue::Nodes(_) => {
            format!("'{}'", outcome.text)
        }
        XValue::Number(_) | XValue::Boolean(_) => outcome.text,
    };
    let inside = |path: &str| {
        path.replace("/h:html[1]/model[1]/instance[1]", "")
            .replace("[1]", "")
    };
    let paths: Vec<String> = outcome.nodes.iter().map(|(path, _)| inside(path)).collect();
    Ok((value, paths.join(" ")))
}

#[test]
fn an_unknown_function_names_its_nearest_relative() {
    let document = Document::parse("<a/>").unwrap();
    for (expression, relative) in [
        ("count-select(1)", "count-selected"),
        ("geo-fence(1, 2)", "geofence"),
        ("sha256(1)", "no relative"),
        ("digests(1)", "digest"),
        ("itext('x')", "jr:itext"),
        ("base64decode('x')", "base64-decode"),
    ] {
        let Err(DocumentError::Expression(problems)) = document.compile(expression) else {
            panic!("{expression} is known");
        };
        let advice = &problems[0].advice;
        let is_said = advice.contains(&format!("Did you mean {relative}()?"));
        assert!(is_said || relative == "no relative", "{expression}: {advice}");
    }
}

#[test]
fn work_is_bounded_whatever_the_expression() {
    let rows = "<r>x</r>".repeat(4000);
    let document = Document::parse(&format!("<a>{rows}</a>")).unwrap();
    for expression in [
        "count(//r[count(//r[. = current()]) > 0])",
        "count(//r[string-length(string(/)) > 0])",
        "count(//r/preceding-sibling::r/following-sibling::r)",
        "count(/a/r[. = /a/r][../r = 'y'])",
    ] {
        let found = document.eval(expression, "/");
        let message = found
            .map(|outcome| outcome.text)
            .map_err(|error| error.to_string());
        assert!(
            matches!(&message, Err(error) if error.contains("2000000")),
            "{expression}: {message:?}"
        );
    }
    let long = format!("string-length(join('{}', //r))", "-".repeat(60_000));
    assert!(document.eval(&long, "/").is_err());
    let zigzag: Vec<String> = (0..4000).map(|at| format!("{} {}", at % 2, at % 7)).collect();
    let zigzag = format!("<a>{}</a>", zigzag.join(";"));
    assert!(
        Document::parse(&zigzag)
            .unwrap()
            .eval("intersects(/a)", "/")
            .is_ok()
    );
    let comb: Vec<String> = (0..4000)
        .map(|at| format!("{}.{at:04} {}", at % 2, at % 2))
        .collect();
    let comb = format!("<a>{}</a>", comb.join(";"));
    assert!(
        Document::parse(&comb)
            .unwrap()
            .eval("intersects(/a)", "/")
            .is_err()
    );
}

/// Words of the language in any order: most make no sense, and none may bring anything down.
const WORDS: &[&str] = &[
    "/",
    "//",
    "..",
    ".",
    "@id",
    "*",
    "person",
    "age",
    "[",
    "]",
    "(",
    ")",
    ",",
    "=",
    "<",
    "+",
    "-",
    "div",
    "and",
    "|",
    "'a'",
    "2",
    "0",
    "count(",
    "sum(",
    "position(",
    "string(",
    "date(",
    "date-time(",
    "format-date(",
    "regex(",
    "'[a'",
    "if(",
    "indexed-repeat(",
    "randomize(",
    "digest(",
    "substr(",
    "round(",
    "ancestor::",
    "preceding::",
    "node()",
    "text()",
    "instance('adm')",
    "current()",
    "geofence(",
    "intersects(",
    "'0 0;1 1'",
    "concat(",
    "id(",
    "lang(",
    "pulldata(",
    "decimal-time(",
    "99999999999999999999",
    "''",
    "jr:itext(",
    "join(",
    "selected-at(",
    "last()",
];

proptest::proptest! {
    #[test]
    fn no_words_in_any_order_bring_it_down(picks in proptest::collection::vec(0..WORDS.len(), 1..14)) {
        let document = Document::parse(XML).unwrap();
        let mut expression = String::new();
        let mut n_open = 0usize;
        for pick in picks {
            n_open += WORDS[pick].matches('(').count();
            n_open = n_open.saturating_sub(WORDS[pick].matches(')').count());
            expression.push_str(WORDS[pick]);
            expression.push(' ');
        }
        expression.push_str(&")".repeat(n_open));
        let _ = document.eval(&expression, "/h:html[1]/model[1]/instance[1]/data[1]");
    }

    #[test]
    fn no_text_brings_the_reader_of_documents_down(xml in "[<>/a-c!\\[\\]?&;='\" x:-]{0,60}") {
        if let Ok(document) = Document::parse(&xml) {
            let _ = document.eval("//node()", "/");
        }
    }
}
