//! Recorded scenarios through `form run --rpc`: each event is one request.
//!
//! Compared of each item after each step: that it is there; relevance; and where it is relevant, value, requirement,
//! whether it can be changed by hand, violation, label and choices. Not compared: moments of the recording, what is drawn
//! by chance, random identifiers beyond their form, labels of rows, what only the other engine shows of `meta`. Lengths
//! and areas are compared to a hundred-thousandth: positions are kept to a centimetre here.

use serde_json::{Map, Value, json};

use crate::driver::{Driver, recorded};
use crate::state::{means_the_same, merge};

/// How many scenarios passed through the adapter on 2026-11-25; may only rise.
const N_PASSED: usize = 413;

#[test]
fn recorded_scenarios_go_the_same_way_through_the_adapter() {
    let (Some(traces), Some(forms)) = (recorded("scenario_traces.jsonl"), recorded("scenario_forms.json"))
    else {
        return;
    };
    let forms: Value = serde_json::from_str(&forms).expect("JSON");
    let mut driver = Driver::start(&["form", "run", "--rpc"]);
    let (mut n_passed, mut n_all) = (0, 0);
    for line in traces.lines() {
        let scenario: Value = serde_json::from_str(line).expect("JSON");
        if scenario["status"] != "passed" || scenario["expected_fail"] != json!(false) {
            continue;
        }
        n_all += 1;
        match differing(&mut driver, &forms, &scenario) {
            None => n_passed += 1,
            Some(what) => eprintln!("scenario {}: {what}", scenario["id"]),
        }
    }
    driver.end();
    eprintln!(
        "scenarios through form run --rpc: {n_passed} passed, 0 known different, {} failed",
        n_all - n_passed
    );
    assert!(
        n_passed >= N_PASSED,
        "{n_passed} scenarios passed, {N_PASSED} did before"
    );
}

fn differing(driver: &mut Driver, forms: &Value, scenario: &Value) -> Option<String> {
    let files = scenario["files"].as_array().into_iter().flatten().map(|file| {
        let name = file["url"].as_str().unwrap_or_default().rsplit('/').next();
        json!({"name": name, "text": file["text"].as_str().unwrap_or_default()})
    });
    let mut request = json!({
        "op": "load", "name": "form.xml", "text": forms[scenario["form"].as_str()?], "max_choices": 100_000,
        "now": "2026-11-23T16:56:30-07:00",
        "attachments": files.collect::<Vec<_>>(), "instance": scenario["edit"],
    });
    for (theirs, ours) in [
        ("deviceID", "deviceid"),
        ("username", "username"),
        ("email", "email"),
        ("phoneNumber", "phonenumber"),
    ] {
        request[ours] = scenario["preload"][theirs].clone();
    }
    let mut loaded = driver.ask(&request);
    if loaded["ok"] != json!(true) && scenario["loaded"] == json!(true) {
        request["lenient"] = json!(true);
        loaded = driver.ask(&request);
    }
    if loaded["ok"] != scenario["loaded"] {
        return Some(format!(
            "loaded there: {}, here: {}",
            scenario["loaded"], loaded["error"]["message"]
        ));
    }
    let xml = request["text"].as_str().unwrap_or_default().to_string();
    let excused = Excused::of(&xml);
    let mut asks = loaded["asks"].clone();
    let (mut there, mut here) = (Map::new(), Map::new());
    merge(&mut here, &loaded["state"]);
    for (number, event) in scenario["events"].as_array().into_iter().flatten().enumerate() {
        if event.get("error").is_some() && event.get("diff").is_none() {
            continue;
        }
        if let Some(step) = request_of(event) {
            let reply = driver.ask(&step);
            if reply["ok"] != json!(true) {
                return Some(format!("event {number}: {}", reply["error"]["message"]));
            }
            merge(&mut here, &reply["diff"]);
            asks = reply["asks"].clone();
        }
        merge(&mut there, &event["diff"]);
        // Where the recorded device was is told by nothing but the answers.
        let mut asked = asks.as_array().into_iter().flatten();
        let position = asked.find_map(|ask| {
            let value = event["diff"][ask["at"].as_str()?]["value"].as_str()?;
            (!value.is_empty()).then(|| value.to_string())
        });
        if let Some(position) = position {
            for value in [json!(position), Value::Null] {
                let reply = driver.ask(&json!({"op": "position", "value": value}));
                merge(&mut here, &reply["diff"]);
                asks = reply["asks"].clone();
            }
        }
        if event.get("diff").is_some()
            && let Some(what) = first_difference(&there, &here, &excused)
        {
            return Some(format!("event {number}: {what}"));
        }
    }
    None
}

/// The request that does what an event did; None for events that change nothing.
fn request_of(event: &Value) -> Option<Value> {
    let arguments = event["args"].as_array().cloned().unwrap_or_default();
    let first = arguments.first().cloned().unwrap_or_default();
    let place = &event["at"];
    match event["ev"].as_str()? {
        "answer" => {
            let said = if arguments.len() > 1 {
                &arguments[1..]
            } else {
                &arguments[..]
            };
            let recorded = &event["diff"][place.as_str()?]["value"];
            let is_object = |said: &Value| said.as_str().is_some_and(|text| text.starts_with("(object "));
            let value = match said {
                // Objects were not recorded, so they are what they became.
                [one] if is_object(one) => recorded.clone(),
                [one] => one.clone(),
                several => json!(several),
            };
            Some(json!({"op": "set", "at": place, "value": value}))
        }
        "createNewRepeat" => Some(json!({"op": "add", "at": if first.is_null() { place } else { &first }})),
        "removeRepeat" => Some(json!({"op": "remove", "at": if first.is_null() { place } else { &first }})),
        "setLanguage" => Some(json!({"op": "language", "language": first})),
        _ => None,
    }
}

/// Whose values agree only more or less.
struct Excused {
    drawn: Vec<String>,
    measured: Vec<String>,
}

impl Excused {
    fn of(xml: &str) -> Excused {
        let computed = |functions: &[&str]| {
            let binds = xml
                .split("<bind ")
                .skip(1)
                .filter_map(|bind| bind.split_once('>'));
            let attribute = |bind: &str, name: &str| {
                let (_, value) = bind.split_once(&format!("{name}=\""))?;
                value.split_once('"').map(|(value, _)| value.to_string())
            };
            binds
                .filter_map(|(bind, _)| Some((attribute(bind, "nodeset")?, attribute(bind, "calculate")?)))
                .filter(|(_, calculation)| functions.iter().any(|function| calculation.contains(function)))
                .map(|(path, _)| path)
                .collect()
        };
        Excused {
            drawn: computed(&["random()"]),
            measured: computed(&["distance(", "area("]),
        }
    }

    /// Whether a value at a place, without the numbers of rows, agrees as well as it can.
    fn holds(&self, place: &str, wanted: &Value, found: &Value) -> bool {
        let bare: String = place
            .split('/')
            .map(|step| step.split('[').next().unwrap_or_default())
            .collect::<Vec<_>>()
            .join("/");
        let number = |value: &Value| value.as_str().and_then(|text| text.parse::<f64>().ok());
        match (number(wanted), number(found)) {
            (Some(_), Some(_)) if self.drawn.contains(&bare) => true,
            (Some(wanted), Some(found)) if self.measured.contains(&bare) => {
                (wanted - found).abs() <= 1e-5 * wanted.abs()
            }
            _ => false,
        }
    }
}

fn first_difference(
    there: &Map<String, Value>,
    here: &Map<String, Value>,
    excused: &Excused,
) -> Option<String> {
    for (place, wanted) in there {
        let bare = place.strip_prefix("range:").unwrap_or(place);
        if bare.contains("meta") && !bare.ends_with("instanceName") {
            continue;
        }
        let is_relevant = wanted["relevant"] == json!(true);
        let Some(found) = here.get(bare) else {
            match is_relevant {
                true => return Some(format!("{place} is missing")),
                false => continue,
            }
        };
        let fields: &[&str] = match is_relevant {
            true => &[
                "relevant",
                "required",
                "readonly",
                "violation",
                "value",
                "label",
                "choices",
            ],
            false => &["relevant"],
        };
        for field in fields {
            let (Some(wanted), found) = (wanted.get(*field), &found[*field]) else {
                continue;
            };
            let is_excused = *field == "value" && excused.holds(bare, wanted, found);
            let is_same = wanted == found || same(field, wanted, found) || is_excused;
            if !(is_same || (*field == "label" && bare.ends_with(']'))) {
                return Some(format!("{place} {field}: {wanted} there, {found} here"));
            }
        }
    }
    None
}

fn same(field: &str, wanted: &Value, found: &Value) -> bool {
    let text = |value: &Value| value.as_str().unwrap_or_default().trim().to_string();
    match field {
        "label" => text(wanted) == text(found),
        "value" => {
            let (wanted, found) = (text(wanted), text(found));
            let is_moment = |text: &str| {
                ["2026-11-23", "2026-11-24"]
                    .iter()
                    .any(|day| text.starts_with(day))
            };
            let is_random = |text: &str| text.trim_start_matches("uuid:").split('-').count() == 5;
            means_the_same(Some(&wanted), Some(&found))
                || (is_moment(&wanted) && is_moment(&found))
                || (is_random(&wanted) && is_random(&found))
                || (is_near(&wanted, &found))
        }
        "choices" => {
            let pairs = |value: &Value| -> Vec<(String, String)> {
                let pairs = value.as_array().into_iter().flatten();
                pairs.map(|pair| (text(&pair[0]), text(&pair[1]))).collect()
            };
            pairs(wanted) == pairs(found)
        }
        _ => false,
    }
}

/// Positions to a centimetre.
fn is_near(wanted: &str, found: &str) -> bool {
    let numbers = |text: &str| -> Option<Vec<f64>> {
        let parts = text.split([' ', ';']).filter(|part| !part.is_empty());
        parts.map(|part| part.parse().ok()).collect()
    };
    match (numbers(wanted), numbers(found)) {
        (Some(wanted), Some(found)) => {
            let near = |(one, other): (&f64, &f64)| (one - other).abs() < 1e-7;
            wanted.len() > 1 && wanted.len() == found.len() && wanted.iter().zip(&found).all(near)
        }
        _ => false,
    }
}
