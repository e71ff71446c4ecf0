//! The state of a form as it was recorded, beside the state as it is here.

use serde_json::{Map, Value, json};

/// What is compared of each item.
const FIELDS: &[&str] = &["type", "relevant", "value", "required", "readonly", "violation"];

/// How many fields agree.
#[derive(Default)]
pub struct Count {
    /// Agree.
    pub n_same: usize,
    /// Do not.
    pub n_other: usize,
}

/// Makes a state what it is after a step.
pub fn merge(state: &mut Map<String, Value>, diff: &Value) {
    for (place, item) in diff.as_object().into_iter().flatten() {
        match item {
            Value::Null => state.remove(place),
            item => state.insert(place.clone(), item.clone()),
        };
    }
}

/// Counts what agrees.
pub fn compare(expected: &Map<String, Value>, found: &Map<String, Value>, count: &mut Count) {
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
pub fn means_the_same(left: Option<&str>, right: Option<&str>) -> bool {
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
