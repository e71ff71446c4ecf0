//! What the reference converter's own tests assert of its XForms, asserted of ours and counted.
//!
//! The cases are no part of this repository; without their folder the test says that it is skipped. `SHOW_FAILURES=1`
//! lists what fails and why.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test may panic and tells what it counted"
)]

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use sampan_form::xform;
use sampan_xlsform::markdown;
use sampan_xlsform::reading::{Options, read_with};
use sampan_xlsform::workbook::{Row, Sheet, Workbook};
use serde_json::Value;

use crate::xml::Xml;

mod xml;
mod xpath;

/// Cases that pass at least; may only rise.
const PASSED: usize = 840;

/// Cases that are meant to differ, one a line: the test's name, a bar, the reason.
const DIFFERENT: &str = include_str!("different.txt");

#[test]
fn forms_are_converted_as_the_reference_converter_converts_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    let Ok(cases) = std::fs::read_to_string(folder.join("pyxform_cases.jsonl")) else {
        eprintln!("skipped: there is no folder shared/conformance with the cases beside the repository");
        return;
    };
    let different: HashMap<&str, &str> = DIFFERENT
        .lines()
        .filter_map(|line| line.split_once('|'))
        .collect();
    let (mut passed, mut known, mut failed) = (0, 0, Vec::new());
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let name = case["test"].as_str().unwrap_or_default();
        match judge(&case) {
            Ok(()) => passed += 1,
            Err(_) if different.contains_key(name) => known += 1,
            Err(reason) => failed.push((name.to_string(), reason)),
        }
    }
    let total = passed + known + failed.len();
    eprintln!(
        "XLSForm cases: {passed} of {total} passed, {known} known different, {} failed",
        failed.len()
    );
    if std::env::var_os("SHOW_FAILURES").is_some() {
        for (name, reason) in &failed {
            eprintln!("{name}: {reason}");
        }
    }
    assert!(passed >= PASSED, "{passed} cases pass, fewer than {PASSED}");
    assert!(known * 50 <= total, "{known} known differences are more than 2 %");
}

fn judge(case: &Value) -> Result<(), String> {
    let workbook = match case["md"].as_str() {
        Some(table) => markdown::workbook(table),
        None => structure(&case["ss_structure"]),
    };
    let options = Options {
        root: Some(case["name"].as_str().unwrap_or("test_name").to_string()),
        is_outline: true,
        ..Options::default()
    };
    let is_refused = case["errored"].as_bool().unwrap_or(false);
    let reading = match (read_with(&workbook, "data.md", &options), is_refused) {
        (Err(_), true) => return Ok(()),
        (Ok(_), true) => return Err(format!("was accepted, refused: {}", case["error__contains"])),
        (Err(problems), false) => {
            let first = problems.iter().find(|problem| problem.is_error());
            return Err(format!(
                "was refused: {}",
                first.map(ToString::to_string).unwrap_or_default()
            ));
        }
        (Ok(reading), false) => reading,
    };
    let text = xform::write(&reading.form);
    let xml = Xml::parse(&text).map_err(|error| format!("no XML: {error}"))?;
    let assertions = Assertions {
        text: &text,
        xml: &xml,
    };
    assertions.all(case)
}

struct Assertions<'a> {
    text: &'a str,
    xml: &'a Xml,
}

impl Assertions<'_> {
    fn all(&self, case: &Value) -> Result<(), String> {
        for expression in texts(&case["xml__xpath_match"]) {
            let found = self.found(expression)?;
            if found.is_empty() {
                return Err(format!("matches nothing: {}", one_line(expression)));
            }
        }
        for pair in case["xml__xpath_count"].as_array().into_iter().flatten() {
            let (expression, count) = (pair[0].as_str().unwrap(), pair[1].as_u64().unwrap());
            let found = self.found(expression)?.len();
            if found as u64 != count {
                return Err(format!("{found} instead of {count}: {}", one_line(expression)));
            }
        }
        for pair in case["xml__xpath_exact"].as_array().into_iter().flatten() {
            let expression = pair[0].as_str().unwrap();
            let found: BTreeSet<String> = self
                .found(expression)?
                .into_iter()
                .map(|text| squeezed(&text))
                .collect();
            let expected: BTreeSet<String> = texts(&pair[1]).map(squeezed).collect();
            if found != expected {
                return Err(format!(
                    "{found:?} instead of {expected:?}: {}",
                    one_line(expression)
                ));
            }
        }
        let part = |tag: &str| -> &str {
            let start = self.text.find(&format!("<{tag}")).unwrap_or(0);
            let end = self.text.find(&format!("</{tag}>")).unwrap_or(self.text.len());
            self.text.get(start..end).unwrap_or_default()
        };
        for (kind, text) in [
            ("xml", self.text),
            ("model", part("model")),
            ("instance", part("instance")),
            ("itext", part("itext")),
        ] {
            for expected in texts(&case[format!("{kind}__contains")]) {
                let is_namespace = expected.starts_with("xmlns:") && self.text.contains(expected);
                if !text.contains(expected) && !is_namespace {
                    return Err(format!("{kind} does not contain {expected:?}"));
                }
            }
            for excluded in texts(&case[format!("{kind}__excludes")]) {
                if text.contains(excluded) {
                    return Err(format!("{kind} contains {excluded:?}"));
                }
            }
        }
        Ok(())
    }

    fn found(&self, expression: &str) -> Result<Vec<String>, String> {
        match xpath::evaluate(self.xml, expression)? {
            xpath::Value::Nodes(nodes) => Ok(nodes.iter().map(|node| self.xml.written(*node)).collect()),
            xpath::Value::Bool(false) => Ok(Vec::new()),
            xpath::Value::Bool(true) => Ok(vec!["true".into()]),
            xpath::Value::Text(text) => Ok(vec![text]),
            xpath::Value::Number(number) => Ok(vec![number.to_string()]),
        }
    }
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let many = value.as_array().into_iter().flatten();
    value.as_str().into_iter().chain(many.filter_map(Value::as_str))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Without blanks between elements.
fn squeezed(text: &str) -> String {
    let mut made = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('>') {
        made.push_str(before);
        made.push('>');
        let trimmed = after.trim_start();
        rest = if trimmed.starts_with('<') { trimmed } else { after };
    }
    made + rest
}

/// A workbook from rows as objects.
fn structure(sheets: &Value) -> Workbook {
    let mut workbook = Workbook::default();
    for (name, rows) in sheets.as_object().unwrap() {
        let rows: Vec<&serde_json::Map<String, Value>> = rows
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_object)
            .collect();
        let mut headings: Vec<&String> = Vec::new();
        for row in &rows {
            for key in row.keys() {
                if !headings.contains(&key) {
                    headings.push(key);
                }
            }
        }
        let mut sheet = Sheet {
            name: name.clone(),
            rows: vec![Row {
                number: 1,
                cells: (0_u32..)
                    .zip(headings.iter().map(|heading| heading.to_string()))
                    .collect(),
            }],
        };
        for (number, row) in (2_u32..).zip(rows) {
            let cells = (0_u32..).zip(&headings).filter_map(|(column, heading)| {
                let text = row.get(*heading)?.as_str()?;
                Some((column, text.to_string()))
            });
            sheet.rows.push(Row {
                number,
                cells: cells.collect(),
            });
        }
        workbook.sheets.push(sheet);
    }
    workbook
}
