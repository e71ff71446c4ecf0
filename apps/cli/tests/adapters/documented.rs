//! What docs/form-adapters.md says.

use std::path::Path;

use serde_json::{Value, json};

use crate::driver::Driver;

#[test]
fn the_documented_sessions_run_as_they_are_written() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/form-adapters.md");
    let docs = std::fs::read_to_string(docs).expect("the page");
    let mut n_replies = 0;
    for session in docs.split("```session ").skip(1) {
        let (command, rest) = session.split_once('\n').expect("a command");
        let (lines, _) = rest.split_once("```").expect("an end");
        let arguments: Vec<&str> = command.split_whitespace().collect();
        let mut driver = Driver::start(&arguments);
        let mut reply = Value::Null;
        for line in lines.lines() {
            if let Some(request) = line.strip_prefix("→ ") {
                reply = driver.line(request.as_bytes());
            } else if let Some(expected) = line.strip_prefix("← ") {
                let expected: Value = serde_json::from_str(expected).expect("JSON");
                assert!(is_in(&expected, &reply), "expected {expected}\nfound    {reply}");
                n_replies += 1;
            }
        }
        driver.end();
    }
    assert!(n_replies > 35, "{n_replies} replies");
}

#[test]
fn a_form_asks_the_device_for_its_position_and_is_told() {
    let form =
        "| survey | | | |\n| | type | name | label |\n| | text | q | Q |\n| | start-geopoint | here | |";
    let mut driver = Driver::start(&["form", "run", "--rpc"]);
    let loaded = driver.ask(&json!({"op": "load", "text": form, "tz": "Asia/Phnom_Penh"}));
    assert_eq!(loaded["ok"], json!(true), "{loaded}");
    let asked = driver.ask(&json!({"op": "state"}));
    assert_eq!(
        asked["asks"],
        json!([{"at": "/data/here", "what": "position"}]),
        "{asked}"
    );
    assert_eq!(asked["now"], json!("2026-01-01T07:00:00+07:00"));
    let told = driver.ask(&json!({"op": "position", "value": "13.36 103.86 0 5"}));
    assert_eq!(
        told["diff"]["/data/here"]["value"],
        json!("13.36 103.86 0.0 5.0"),
        "{told}"
    );
    driver.end();
}

/// Whether everything in `part` is in `whole` too; lists must be the same.
fn is_in(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => {
            let both =
                |(name, value): (&String, &Value)| whole.get(name).is_some_and(|other| is_in(value, other));
            // An empty object says that there is nothing.
            part.iter().all(both) && (!part.is_empty() || whole.is_empty())
        }
        (Value::Array(part), Value::Array(whole)) => {
            part.len() == whole.len() && part.iter().zip(whole).all(|(part, whole)| is_in(part, whole))
        }
        (part, whole) => part == whole,
    }
}
