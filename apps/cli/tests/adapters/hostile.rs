//! Requests that nobody should send.

use serde_json::{Value, json};

use crate::driver::Driver;

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

const FORM: &str = "| survey |\n| | type | name | label |\n| | integer | n | N |\n| | begin_repeat | r | R |\n\
    | | text | t | T |\n| | select_multiple c | m | M |\n| | begin_repeat | s | S |\n| | geopoint | g | G |\n\
    | | end_repeat | | |\n| | end_repeat | | |\n| | date | d | D |\n| choices |\n| | list_name | name | label |\n\
    | | c | a | A |\n| | c | b | B |";

#[test]
fn a_place_that_is_not_there_names_the_nearest_and_the_rows_that_are() {
    let mut driver = Driver::start(&["form", "run", "--rpc"]);
    driver.ask(&json!({"op": "load", "text": FORM}));
    for (at, nearest) in [
        ("/data/r[99]/t", json!("/data/r[1]")),
        ("/data/r/tt", json!("/data/r[1]/t")),
        ("/data/r[18446744073709551616]", json!("/data/r[1]")),
        ("/dat/d", json!("/data/d")),
        ("", Value::Null),
        ("/data/something_else", Value::Null),
    ] {
        let reply = driver.ask(&json!({"op": "set", "at": at, "value": "x", "id": at}));
        assert_eq!(reply["error"]["code"], "no_such_place", "{at}: {reply}");
        assert_eq!(reply["error"]["nearest"], nearest, "{at}: {reply}");
        assert_eq!(reply["id"], at, "the id comes back");
    }
    let own = driver.ask(&json!({"op": "set", "at": "/data/meta/instanceID", "value": "x"}));
    let said = own["error"]["message"].as_str().unwrap_or_default();
    assert!(said.contains("nobody answers"), "{own}");
    driver.end();
}

#[test]
fn thousands_of_requests_by_chance_are_all_answered() {
    let mut driver = Driver::start(&["form", "run", "--rpc"]);
    driver.ask(&json!({"op": "load", "text": FORM}));
    let ops = [
        "set", "add", "remove", "state", "choices", "language", "clock", "position", "validate", "finish",
        "instance", "edit", "reset", "set", "set", "add", "remove",
    ];
    let places = [
        "/data/n",
        "/data/r",
        "/data/r[1]",
        "/data/r[2]",
        "/data/r[3]/t",
        "/data/r[1]/m",
        "/data/r[1]/s",
        "/data/r[2]/s[1]/g",
        "/data/d",
        "/data/zz",
        "data",
        "/data/r[0]/t",
        "/data/meta",
        "/data/r[-1]",
    ];
    let values = [
        json!(""),
        json!(null),
        json!("5"),
        json!("a b"),
        json!("2024-02-30"),
        json!("2024-02-29"),
        json!(5),
        json!(2.5),
        json!(true),
        json!(["a"]),
        json!("13 104 0 0"),
        json!("\u{0}"),
        json!("-88"),
        json!("<data/>"),
        json!(-9_000_000_000_000_000_000_i64),
        json!({"a": []}),
        json!([[1]]),
        json!("x".repeat(70_000)),
    ];
    let fields = [
        "now",
        "tz",
        "seed",
        "language",
        "xml",
        "missing",
        "instance_id",
        "diff",
        "manner",
        "foo",
    ];
    let mut chance: u64 = 7;
    let mut draw = |n: usize| {
        chance = chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(chance >> 33).expect("31 bits") % n
    };
    for number in 0..3000 {
        let mut request = json!({
            "id": number,
            "op": ops[draw(ops.len())],
            "at": places[draw(places.len())],
            "value": values[draw(values.len())],
        });
        if draw(10) == 0 {
            request[fields[draw(fields.len())]] = values[draw(values.len())].clone();
        }
        let mut line = request.to_string().into_bytes();
        let is_broken = draw(20) == 0;
        if is_broken {
            let at = draw(line.len());
            line[at] = b"{}[]\"\\\xff,:0"[draw(10)];
        }
        let reply = driver.line(&line);
        assert_ne!(reply["error"]["code"], "internal", "{request}: {reply}");
        assert!(is_broken || reply["id"] == json!(number), "{request}: {reply}");
    }
    driver.end();
}
