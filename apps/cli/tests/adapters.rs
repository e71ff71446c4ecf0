//! The line-based adapters, driven as another program drives them.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that panics has said what it wanted to say"
)]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Map, Value, json};

/// The program with its lines.
struct Driver {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Driver {
    fn start(arguments: &[&str]) -> Driver {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sampan"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        Driver { child, input, output }
    }

    fn line(&mut self, line: &[u8]) -> Value {
        let input = self.input.as_mut().expect("it is open");
        input.write_all(line).expect("it reads");
        input.write_all(b"\n").expect("it reads");
        input.flush().expect("it reads");
        let mut reply = String::new();
        self.output.read_line(&mut reply).expect("it answers");
        serde_json::from_str(&reply)
            .unwrap_or_else(|error| panic!("{error}: {reply:?} to {}", String::from_utf8_lossy(line)))
    }

    fn ask(&mut self, request: &Value) -> Value {
        self.line(request.to_string().as_bytes())
    }

    fn end(mut self) {
        self.input.take();
        assert!(self.child.wait().expect("it ends").success());
    }
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
fn no_request_ends_the_adapters() {
    let strange: &[&[u8]] = &[
        b"{",
        b"nul",
        b"[1,2]",
        b"\xff\xfe{}",
        b"{\"op\":7}",
        b"{\"op\":\"dance\"}",
        b"{}",
        b"{\"expr\":\"(((((((((((\"}",
        b"{\"expr\":\"/data[\",\"xml\":\"<data>\"}",
        b"{\"expr\":\"1\",\"now\":\"soon\"}",
        b"{\"expr\":\"1\",\"namespaces\":[]}",
        b"{\"expr\":\"$x\"}",
        b"{\"expr\":\"a:b\",\"xml\":\"<a/>\"}",
        b"{\"op\":\"load\"}",
        b"{\"op\":\"load\",\"path\":\"/there/is/no/such.xlsx\"}",
        b"{\"op\":\"load\",\"base64\":\"!!\"}",
        b"{\"op\":\"load\",\"text\":\"<h:html/>\"}",
        b"{\"op\":\"load\",\"text\":\"\"}",
        b"{\"op\":\"load\",\"text\":\"| survey |\",\"attachments\":[1]}",
        b"{\"op\":\"load\",\"base64\":\"UEsDBAAA\"}",
        b"{\"op\":\"set\"}",
        b"{\"op\":\"finish\"}",
    ];
    for arguments in [["xpath", "eval", "--rpc"], ["form", "run", "--rpc"]] {
        let mut driver = Driver::start(&arguments);
        for request in strange {
            let reply = driver.line(request);
            let said = String::from_utf8_lossy(request);
            if reply["ok"] == json!(true) {
                continue;
            }
            let error = &reply["error"];
            for field in ["code", "message", "advice"] {
                let text = error[field].as_str().unwrap_or_default();
                assert!(!text.is_empty(), "{said}: {reply}");
            }
            assert_ne!(error["code"], "internal", "{said}");
        }
        let long = format!("{{\"expr\":\"'{}'\"}}", "a".repeat(3_000_000));
        assert_eq!(driver.line(long.as_bytes())["ok"], json!(false));
        assert_eq!(driver.ask(&json!({"op": "hello"}))["protocol"], json!(1));
        driver.end();
    }
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
        json!("13.3600000 103.8600000 0 5.0"),
        "{told}"
    );
    driver.end();
}

/// The folder of recorded cases beside the repository.
fn recorded(file: &str) -> Option<String> {
    let text = std::fs::read_to_string(folder().join(file));
    if text.is_err() {
        eprintln!("skipped: there is no {file} in a folder shared/conformance beside this repository");
    }
    text.ok()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance")
}

fn as_number(value: &Value) -> f64 {
    match value {
        Value::String(word) => word.parse().unwrap_or(f64::NAN),
        other => other.as_f64().unwrap_or(f64::NAN),
    }
}

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
    eprintln!("xpath eval --rpc: {n_same} of {n_cases} recorded cases come out the same");
    assert!(n_same * 100 >= n_cases * 96, "{n_same} of {n_cases}");
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

/// What is compared of each item.
const FIELDS: &[&str] = &["type", "relevant", "value", "required", "readonly", "violation"];

#[derive(Default)]
struct Count {
    n_same: usize,
    n_other: usize,
}

fn merge(state: &mut Map<String, Value>, diff: &Value) {
    for (place, item) in diff.as_object().into_iter().flatten() {
        match item {
            Value::Null => state.remove(place),
            item => state.insert(place.clone(), item.clone()),
        };
    }
}

fn compare(expected: &Map<String, Value>, found: &Map<String, Value>, count: &mut Count) {
    for (place, item) in expected {
        if place.contains("/meta") || item["type"] == json!("upload") {
            continue;
        }
        let own = found.get(place).unwrap_or(&Value::Null);
        let n_fields = if item["relevant"] == json!(true) {
            FIELDS.len()
        } else {
            2
        };
        for field in &FIELDS[..n_fields] {
            if item["value"].is_null() && !["type", "relevant"].contains(field) {
                continue;
            }
            let (wanted, own) = (&item[field], &own[field]);
            let is_same =
                wanted == own || (*field == "value" && means_the_same(wanted.as_str(), own.as_str()));
            match is_same {
                true => count.n_same += 1,
                false => count.n_other += 1,
            }
        }
    }
}

/// The same number, the same choices in another order, or two moments of one second.
fn means_the_same(left: Option<&str>, right: Option<&str>) -> bool {
    let (Some(left), Some(right)) = (left, right) else {
        return false;
    };
    if let (Ok(left), Ok(right)) = (left.parse::<f64>(), right.parse::<f64>()) {
        return (left - right).abs() < 1e-9;
    }
    let sorted = |text: &str| {
        let mut words: Vec<String> = text.split(' ').map(str::to_string).collect();
        words.sort();
        words
    };
    let is_one_second = left.len() > 20 && left.get(..19) == right.get(..19);
    is_one_second || sorted(left) == sorted(right)
}

#[test]
fn recorded_interviews_go_the_same_way_through_the_adapter() {
    let Some(traces) = recorded("interview_traces.jsonl") else {
        return;
    };
    let mut driver = Driver::start(&["form", "run", "--rpc"]);
    let mut count = Count::default();
    let mut n_forms = 0;
    for line in traces.lines() {
        let trace: Value = serde_json::from_str(line).expect("JSON");
        let Some(steps) = trace["steps"].as_array() else {
            continue;
        };
        let form = folder()
            .join("forms")
            .join(trace["form"].as_str().expect("a name"));
        let Some(path) = ["xlsx", "xls"]
            .into_iter()
            .map(|ending| form.with_extension(ending))
            .find(|path| path.exists())
        else {
            continue;
        };
        let began = trace["init"]
            .as_object()
            .into_iter()
            .flatten()
            .find_map(|(_, item)| {
                let value = item["value"].as_str()?;
                (item["type"] == json!("model-value") && value.starts_with("2026-11-24T")).then_some(value)
            });
        let load = |lenient: bool| {
            json!({
                "op": "load", "path": path, "lenient": lenient, "texts": false, "max_choices": 0,
                "now": began.unwrap_or("2026-11-24T00:05:00Z"),
            })
        };
        let mut loaded = driver.ask(&load(false));
        if loaded["ok"] != json!(true) {
            loaded = driver.ask(&load(true));
        }
        if loaded["ok"] != json!(true) {
            continue;
        }
        n_forms += 1;
        let (mut expected, mut found) = (Map::new(), Map::new());
        merge(&mut expected, &trace["init"]);
        merge(&mut found, &loaded["state"]);
        compare(&expected, &found, &mut count);
        for step in steps {
            // A step is a request as it stands, but for what the other engine answered.
            let mut request = step.clone();
            request.as_object_mut().expect("an object").remove("diff");
            let reply = driver.ask(&request);
            if reply["ok"] != json!(true) {
                break;
            }
            merge(&mut expected, &step["diff"]);
            merge(&mut found, &reply["diff"]);
            compare(&expected, &found, &mut count);
        }
    }
    driver.end();
    let n_all = count.n_same + count.n_other;
    eprintln!(
        "form run --rpc: {} of {n_all} fields in {n_forms} recorded interviews are the same",
        count.n_same
    );
    assert!(n_forms >= 70, "only {n_forms} forms");
    assert!(count.n_same * 1000 >= n_all * 985, "{} of {n_all}", count.n_same);
}
