//! Cases recorded from the reference engine: how many of them come out the same is counted, and may only rise.
#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that panics has said what it wanted to say"
)]

#[path = "reference/dom.rs"]
mod dom;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sampan_xpath::eval::At;
use sampan_xpath::program::Program;
use sampan_xpath::resolve::{Names, Place};
use serde_json::Value;

use dom::Dom;

/// How many cases came out the same on 2026-11-24.
const N_SAME: usize = 1564;

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
    let mut n_cases = 0;
    let mut n_same = 0;
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        if text(&case, "expr").contains("explode") {
            continue;
        }
        n_cases += 1;
        let mut dom = Dom::new(&docs[text(&case, "doc")]);
        match outcome(&case, &mut dom) {
            Ok(()) => n_same += 1,
            Err(found) if shows_failures => {
                let (kind, expr) = (text(&case, "kind"), text(&case, "expr"));
                let expected = case["expected"].to_string().chars().take(100).collect::<String>();
                println!(
                    "{} {kind}: {expr} at {} is {expected}, found {found}",
                    text(&case, "mode"),
                    text(&case, "context")
                );
            }
            Err(_) => {}
        }
    }
    println!("{n_same} of {n_cases} cases come out the same");
    assert!(
        n_same >= N_SAME,
        "only {n_same} of {n_cases} cases come out the same, {N_SAME} did before"
    );
}

fn text<'a>(case: &'a Value, field: &str) -> &'a str {
    case[field].as_str().unwrap_or("")
}

fn outcome(case: &Value, dom: &mut Dom) -> Result<(), String> {
    let is_error = text(case, "kind") == "error";
    dom.top = dom.find(text(case, "root")).ok_or("root is no element")?;
    let Some(context) = dom.find(text(case, "context")) else {
        return if is_error {
            Ok(())
        } else {
            Err("context is no element".to_owned())
        };
    };
    // Only a form says what is a repeat, and without that indexed-repeat() has no meaning.
    if text(case, "expr").contains("indexed-repeat") {
        dom.declare();
    }
    let place = Place {
        node: dom.item(context).unwrap_or(Names::root(dom)),
        is_choice_filter: false,
    };
    let program = match Program::compile(text(case, "expr"), dom, place) {
        Ok(program) => program,
        Err(_) if is_error => return Ok(()),
        Err(problems) => return Err(problems[0].message.clone()),
    };
    let at = At::node(context);
    let failed = |error: sampan_xpath::eval::EvalError| error.to_string();
    let expected = &case["expected"];
    match text(case, "kind") {
        "error" => program
            .eval(dom, &at)
            .err()
            .map(|_| ())
            .ok_or("a value".to_owned()),
        "boolean" => same(
            &program.eval_bool(dom, &at).map_err(failed)?,
            &expected.as_bool().unwrap(),
        ),
        "number" | "number-rounded" => {
            let found = program.eval_number(dom, &at).map_err(failed)?;
            let wanted = match expected {
                Value::String(word) => word.parse().unwrap(),
                other => other.as_f64().unwrap_or(f64::NAN),
            };
            let tolerance = match case["factor"].as_f64() {
                Some(factor) => 1.0 / factor,
                None => case["tolerance"].as_f64().unwrap_or(1e-9).max(1e-9),
            };
            let is_same =
                found == wanted || (found.is_nan() && wanted.is_nan()) || (found - wanted).abs() <= tolerance;
            if is_same { Ok(()) } else { Err(found.to_string()) }
        }
        "string-length" => {
            let n_letters = program.eval_text(dom, &at).map_err(failed)?.chars().count();
            same(&(n_letters as f64), &expected.as_f64().unwrap())
        }
        "string-matches" => {
            let found = program.eval_text(dom, &at).map_err(failed)?;
            let pattern = regex::Regex::new(expected.as_str().unwrap()).unwrap();
            if pattern.is_match(&found) {
                Ok(())
            } else {
                Err(found)
            }
        }
        "nodeset" | "single-node" => {
            let nodes = program.eval_nodes(dom, &at).map_err(failed)?;
            let found: Vec<String> = nodes.into_iter().map(|node| dom.path(node)).collect();
            let wanted: Vec<String> = match expected {
                Value::Array(nodes) => nodes.iter().map(|node| text(node, "path").to_owned()).collect(),
                node => vec![text(node, "path").to_owned()],
            };
            same(&found, &wanted)
        }
        _ => {
            let found = program.eval(dom, &at).map_err(failed)?;
            let found = match found {
                sampan_xpath::eval::XValue::Number(number) if number.is_nan() => "NaN".to_owned(),
                _ => program.eval_text(dom, &at).map_err(failed)?,
            };
            same(&found.as_str(), &expected.as_str().unwrap_or(""))
        }
    }
}

fn same<T: PartialEq + std::fmt::Debug>(found: &T, wanted: &T) -> Result<(), String> {
    if found == wanted {
        Ok(())
    } else {
        Err(format!("{found:?}").chars().take(200).collect())
    }
}
