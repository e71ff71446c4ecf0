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
            matches!(&message, Err(error) if error.contains("5000000")),
            "{expression}: {message:?}"
        );
    }
    let zigzag: Vec<String> = (0..6000)
        .map(|at| format!("{} {}", at % 2, f64::from(at % 7) / 9.0))
        .collect();
    let expression = format!("intersects('{}')", zigzag.join(";"));
    assert!(
        document
            .eval(&expression[..expression.len().min(60_000)], "/")
            .is_err()
            || expression.len() > 64_000
    );
}
