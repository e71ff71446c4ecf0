//! Cases recorded from the clients of ODK: how many of them come out the same is counted, and may only rise.
#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that panics has said what it wanted to say"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use chrono::DateTime;
use sampan_xpath::document::Document;
use sampan_xpath::eval::XValue;
use serde_json::Value;

/// How many of the cases without chance came out the same on 2026-11-24.
const N_SAME: usize = 1729;

/// Where and why we differ on purpose: id of the case and the reason.
const KNOWN_DIFFERENCES: &str = include_str!("../known_differences.tsv");

#[derive(Default)]
struct Count {
    passed: usize,
    known: usize,
    failed: usize,
}

#[test]
fn recorded_cases_come_out_the_same_at_least_as_often_as_before() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    let cases = fs::read_to_string(folder.join("xpath_cases.jsonl"));
    let docs = fs::read_to_string(folder.join("xpath_docs.json"));
    let (Ok(cases), Ok(docs)) = (cases, docs) else {
        println!("skipped: the folder of recorded cases (shared/conformance beside the project) is absent");
        return;
    };
    let docs: BTreeMap<String, String> = serde_json::from_str(&docs).unwrap();
    let shows_failures = std::env::var_os("SHOW_FAILURES").is_some();
    let known: BTreeMap<&str, &str> = KNOWN_DIFFERENCES
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
        .collect();
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    let mut stale = Vec::new();
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        if is_left_out(&case) {
            continue;
        }
        let count = counts
            .entry(format!("{} {}", text(&case, "mode"), text(&case, "kind")))
            .or_default();
        let outcome = outcome(&case, &docs[text(&case, "doc")]);
        let is_known = known.contains_key(text(&case, "id"));
        match outcome {
            Ok(()) => {
                count.passed += 1;
                if is_known {
                    stale.push(text(&case, "id").to_owned());
                }
            }
            Err(_) if is_known => count.known += 1,
            Err(found) => {
                count.failed += 1;
                if shows_failures {
                    let expected = case["expected"].to_string().chars().take(160).collect::<String>();
                    println!(
                        "{}\t{} {}: {} at {} is {expected}, found {found}",
                        text(&case, "id"),
                        text(&case, "mode"),
                        text(&case, "kind"),
                        text(&case, "expr"),
                        text(&case, "context")
                    );
                }
            }
        }
    }
    for (kind, count) in &counts {
        println!(
            "{kind}: {} passed, {} known different, {} failed",
            count.passed, count.known, count.failed
        );
    }
    let sum = |of: fn(&Count) -> usize| counts.values().map(of).sum::<usize>();
    let (n_same, n_known, n_failed) = (sum(|one| one.passed), sum(|one| one.known), sum(|one| one.failed));
    let n_cases = n_same + n_known + n_failed;
    println!("xpath: {n_same} passed, {n_known} known different, {n_failed} failed of {n_cases}");
    assert!(
        stale.is_empty(),
        "no longer different, remove from known_differences.tsv: {stale:?}"
    );
    assert!(
        n_known * 50 <= n_cases,
        "{n_known} known differences are more than 2 % of {n_cases}"
    );
    assert!(
        n_same >= N_SAME,
        "only {n_same} of {n_cases} cases come out the same, {N_SAME} did before"
    );
}

/// A plug-in of the other engine's tests, what chance decides, and that JavaRosa lacks axes that we have.
fn is_left_out(case: &Value) -> bool {
    let expression = text(case, "expr");
    let is_by_chance = case["deterministic"] != true
        || (expression.starts_with("randomize(") && !expression.contains(',') && case["oracle"] == "actual");
    let is_about_axes =
        text(case, "kind") == "error" && (expression.contains("::") || expression.contains("//"));
    expression.contains("explode")
        || is_by_chance
        || (is_about_axes && text(case, "src").contains("javarosa"))
}

fn text<'a>(case: &'a Value, field: &str) -> &'a str {
    case[field].as_str().unwrap_or("")
}

fn outcome(case: &Value, xml: &str) -> Result<(), String> {
    let is_error = text(case, "kind") == "error";
    let mut document = Document::parse(xml).map_err(|error| error.to_string())?;
    let zone = if text(case, "tz") == "America/Phoenix" {
        "-07:00"
    } else {
        "+00:00"
    };
    document.set_now(DateTime::parse_from_rfc3339(&format!("2026-11-23T12:00:00{zone}")).unwrap());
    // The test's name tells which language was active.
    let language = text(case, "test")
        .rsplit_once("in language '")
        .map(|(_, after)| after.trim_end_matches('\''));
    document.set_language(language);
    if text(case, "test").ends_with("prefix resolves to another namespace URI") {
        document.declare("jr", "https://example.com/not-javarosa");
    }
    if text(case, "root") != "/" {
        let root = document.find(text(case, "root")).ok_or("there is no such root")?;
        document.set_root(root);
    }
    let found = match document.eval(text(case, "expr"), text(case, "context")) {
        Err(_) if is_error => return Ok(()),
        Ok(_) if is_error => return Err("a value".to_owned()),
        Err(error) => return Err(error.to_string()),
        Ok(found) => found,
    };
    let expected = &case["expected"];
    match text(case, "kind") {
        "boolean" => same(&found.boolean, &expected.as_bool().unwrap()),
        "number" | "number-rounded" => {
            let wanted = match expected {
                Value::String(word) => word.parse().unwrap(),
                other => other.as_f64().unwrap_or(f64::NAN),
            };
            let tolerance = match case["factor"].as_f64() {
                Some(factor) => 1.0 / factor,
                None => case["tolerance"].as_f64().unwrap_or(1e-9).max(1e-9),
            };
            let number = found.number;
            let is_same = number == wanted
                || (number.is_nan() && wanted.is_nan())
                || (number - wanted).abs() <= tolerance;
            if is_same { Ok(()) } else { Err(number.to_string()) }
        }
        "string-length" => same(&(found.text.chars().count() as f64), &expected.as_f64().unwrap()),
        "string-matches" => {
            let pattern = regex::Regex::new(expected.as_str().unwrap()).unwrap();
            if pattern.is_match(&found.text) {
                Ok(())
            } else {
                Err(found.text)
            }
        }
        "nodeset" | "single-node" => {
            let wanted: Vec<&str> = match expected {
                Value::Array(nodes) => nodes.iter().map(|node| text(node, "path")).collect(),
                Value::Null => Vec::new(),
                node => vec![text(node, "path")],
            };
            let found = found
                .nodes
                .iter()
                .map(|(path, _)| path.replace("document-type()", "?10"));
            same(
                &found.collect::<Vec<_>>(),
                &wanted.into_iter().map(str::to_owned).collect(),
            )
        }
        "date" => match found.value {
            XValue::Day(day) => same(&day.to_string(), &expected.as_str().unwrap_or("").to_owned()),
            other => Err(format!("{other:?}")),
        },
        _ => same(&found.text.as_str(), &expected.as_str().unwrap_or("")),
    }
}

fn same<T: PartialEq + std::fmt::Debug>(found: &T, wanted: &T) -> Result<(), String> {
    if found == wanted {
        Ok(())
    } else {
        Err(format!("{found:?}").chars().take(160).collect())
    }
}
