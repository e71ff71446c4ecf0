//! Parameters: what each type allows, and what their values must be.

use std::collections::BTreeMap;

use sampan_form::def::{Origin, Question};
use sampan_form::problem::{Problem, similar};
use sampan_form::types;

use crate::cell;
use crate::heading::Line;
use crate::references;
use crate::survey::Rows;

const SELECT: &[&str] = &["randomize", "seed"];
const SELECT_FROM_FILE: &[&str] = &["label", "randomize", "seed", "value"];
const RANGE: &[&str] = &[
    "end",
    "placeholder",
    "start",
    "step",
    "tick_interval",
    "tick_labelset",
];
const GEOPOINT: &[&str] = &[
    "allow-mock-accuracy",
    "capture-accuracy",
    "reference-geometry",
    "warning-accuracy",
];
const GEO: &[&str] = &["allow-mock-accuracy", "incremental", "reference-geometry"];
const AUDIT: &[&str] = &[
    "identify-user",
    "location-max-age",
    "location-min-interval",
    "location-priority",
    "track-changes",
    "track-changes-reasons",
];
const QUALITIES: &[&str] = &["voice-only", "low", "normal", "external"];

/// The parameters of a row, whatever its type; one that is no pair is a problem.
pub(super) fn read(rows: &mut Rows<'_>, line: Line<'_>) -> BTreeMap<String, String> {
    let Some(found) = line.get("parameters") else {
        return BTreeMap::new();
    };
    cell::parameters(found.text).unwrap_or_else(|part| {
        rows.problems.push(Problem::error(
            &found.origin,
            &part,
            "a parameter is written key=value",
            "Write for example start=1 end=10 step=1",
        ));
        BTreeMap::new()
    })
}

/// Judges the parameters of a question by its type.
pub(super) fn check(rows: &mut Rows<'_>, line: Line<'_>, question: &mut Question) {
    let at = line.place("parameters");
    let accepted = match question.type_name.as_str() {
        "text" => &["rows"][..],
        "image" => &["app", "max-pixels"],
        "audio" | "background_audio" => &["quality"],
        "geopoint" => GEOPOINT,
        "geotrace" | "geoshape" => GEO,
        "range" => RANGE,
        "select_one_from_file" | "select_multiple_from_file" => SELECT_FROM_FILE,
        "select_one" | "select_multiple" | "select_one_external" | "rank" => SELECT,
        _ => return,
    };
    if !accept(rows, &at, &question.parameters, accepted) {
        return;
    }
    let mut refuse = |found: &str, message: String, advice: &str| {
        rows.problems.push(Problem::error(&at, found, message, advice));
    };
    for (key, value) in &question.parameters {
        let value = value.as_str();
        match key.as_str() {
            "rows" | "max-pixels" if value.parse::<i64>().is_err() => {
                refuse(value, format!("{key} is a whole number"), "Write a whole number");
            }
            "capture-accuracy" | "warning-accuracy" if value.parse::<f64>().is_err() => {
                refuse(value, format!("{key} is a number of metres"), "Write a number");
            }
            "allow-mock-accuracy" | "randomize" if !["true", "false"].contains(&value) => {
                refuse(value, format!("{key} is true or false"), "Write true or false");
            }
            "incremental" if cell::yes_or_no(value) != Some(true) => {
                refuse(
                    value,
                    format!("{key} can only be true"),
                    "Write true, or delete it",
                );
            }
            "quality"
                if !QUALITIES.contains(&value)
                    || (value == "external" && question.type_name == "background_audio") =>
            {
                refuse(
                    value,
                    format!("there is no quality {value}"),
                    "Write one of voice-only, low, normal, external",
                );
            }
            "value" | "label" if !cell::is_tag(value) => {
                refuse(
                    value,
                    format!("{key} names a column of the file"),
                    "Write the name of a column",
                );
            }
            "seed" if references::only(value).is_none() && value.parse::<f64>().is_err() => {
                refuse(
                    value,
                    "a seed is a number or ${name}".into(),
                    "Write a number or ${name}",
                );
            }
            "seed" if !question.parameters.contains_key("randomize") => {
                refuse(value, "a seed needs randomize".into(), "Add randomize=true");
            }
            "app" if question.appearance.is_empty() || question.appearance == ["annotate"] => {
                if let Some(fault) = package_fault(value) {
                    refuse(
                        value,
                        format!("app names no Android package: {fault}"),
                        "Write a package such as org.example.camera",
                    );
                }
            }
            _ => {}
        }
    }
    if question.type_name == "range" {
        range(rows, &at, question);
    }
}

/// Whether there are only parameters that the type knows; else problems.
fn accept(
    rows: &mut Rows<'_>,
    at: &Origin,
    parameters: &BTreeMap<String, String>,
    accepted: &[&str],
) -> bool {
    let mut is_accepted = true;
    for key in parameters.keys().filter(|key| !accepted.contains(&key.as_str())) {
        let advice = match similar(key, accepted.iter().copied()) {
            Some(known) => format!("Did you mean {known}?"),
            None => format!("Write one of {}, or delete it", accepted.join(", ")),
        };
        let message = format!("this type has no parameter {key}");
        rows.problems.push(match rows.lenient {
            true => Problem::mended(at, key, format!("{message}; read without it"), advice),
            false => Problem::error(at, key, message, advice),
        });
        is_accepted &= rows.lenient;
    }
    is_accepted
}

fn package_fault(name: &str) -> Option<&'static str> {
    let is_word = |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !name.contains('.') {
        return Some("it has no point");
    }
    for part in name.split('.') {
        match part.chars().next() {
            None => return Some("a part between points is empty"),
            Some('_') => return Some("a part begins with _"),
            Some(first) if first.is_ascii_digit() => return Some("a part begins with a digit"),
            Some(_) if !is_word(part) => {
                return Some("it has other signs than letters, digits, points and _");
            }
            Some(_) => {}
        }
    }
    None
}

/// Numbers with up to nine digits after the point, as whole billionths; None for what is no such number.
fn exact(text: &str) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    if (whole.is_empty() && part.is_empty()) || !is_number(whole) || !is_number(part) || part.len() > 9 {
        return None;
    }
    let padded = format!("{whole}{part:0<9}");
    (padded.len() < 30)
        .then(|| padded.parse::<i128>().ok())
        .flatten()
        .map(|number| sign * number)
}

const ONE: i128 = 1_000_000_000;

/// A range is a number between two ends, with marks.
fn range(rows: &mut Rows<'_>, at: &Origin, question: &mut Question) {
    let mut numbers: BTreeMap<&str, i128> = BTreeMap::new();
    for (key, otherwise) in [
        ("start", Some("1")),
        ("end", Some("10")),
        ("step", Some("1")),
        ("tick_interval", None),
        ("placeholder", None),
    ] {
        let Some(text) = question.parameters.get(key).map(String::as_str).or(otherwise) else {
            continue;
        };
        match exact(text) {
            Some(number) => {
                numbers.insert(key, number);
            }
            None => {
                rows.problems.push(Problem::error(
                    at,
                    text,
                    "the ends and the step of a range are numbers",
                    "Write for example start=1 end=10 step=1",
                ));
                return;
            }
        }
    }
    let get = |key: &str| numbers.get(key).copied();
    let (start, end, step) = (
        get("start").unwrap_or_default(),
        get("end").unwrap_or_default(),
        get("step").unwrap_or_default(),
    );
    let (low, high) = (start.min(end), start.max(end));
    let is_inside = |number: i128| (low..=high).contains(&number);
    let falls_on = |number: i128, step: i128| step != 0 && (number - start) % step == 0;
    let looks = |word: &str| question.appearance.iter().any(|own| own.contains(word));
    let mut refuse = |message: &str, advice: &str| {
        rows.problems.push(Problem::error(at, "", message, advice));
    };
    let has_marks = ["tick_interval", "placeholder", "tick_labelset"]
        .iter()
        .any(|key| question.parameters.contains_key(*key));
    if has_marks && !question.appearance.is_empty() && !looks("vertical") && !looks("no-ticks") {
        refuse(
            "marks are shown only with the appearances vertical and no-ticks, or without one",
            "Clear the appearance or the marks",
        );
    }
    for (name, size) in [("step", Some(step)), ("tick_interval", get("tick_interval"))] {
        let Some(size) = size else { continue };
        if size == 0 {
            refuse(&format!("{name} is 0"), "Write a number above 0");
        } else if size > high - low {
            refuse(
                &format!("{name} is wider than the range"),
                "Write a smaller number",
            );
        }
    }
    if let Some(interval) = get("tick_interval")
        && step != 0
        && interval % step != 0
    {
        refuse("tick_interval is no multiple of step", "Write a multiple of step");
    }
    if let Some(placeholder) = get("placeholder") {
        if step != 0 && !falls_on(placeholder, step) {
            refuse(
                "placeholder is no value of the range",
                "Write a value that steps lead to",
            );
        }
        if !is_inside(placeholder) {
            refuse(
                "placeholder lies outside the range",
                "Write a value between start and end",
            );
        }
    }
    if let Some(name) = question.parameters.get("tick_labelset") {
        match rows.survey.lists.get(name) {
            None => refuse(
                "tick_labelset names no choice list",
                "Add rows with this list_name to the sheet choices",
            ),
            Some(list) => {
                let mut values = Vec::new();
                for choice in &list.choices {
                    match exact(&choice.name) {
                        None => refuse(
                            "a label of the marks has a name that is no number",
                            "Name it by its value",
                        ),
                        Some(value) if !is_inside(value) => {
                            refuse(
                                "a label of the marks lies outside the range",
                                "Name it by a value of the range",
                            );
                        }
                        Some(value) if !falls_on(value, get("tick_interval").unwrap_or(step)) => {
                            refuse(
                                "a label of the marks stands at no mark",
                                "Name it by the value of a mark",
                            );
                        }
                        Some(value) => values.push(value),
                    }
                }
                values.sort_unstable();
                values.dedup();
                if looks("no-ticks") && values != [low, high] {
                    refuse(
                        "with no-ticks only the two ends can have labels",
                        "Give the list two choices, named start and end of the range",
                    );
                }
            }
        }
    }
    question.kind = types::range_kind(numbers.values().all(|number| number % ONE == 0));
}

/// What an audit row asks for.
pub(super) fn audit(rows: &mut Rows<'_>, line: Line<'_>) {
    let at = line.place("parameters");
    if let Some(name) = line.get("name")
        && cell::plain(name.text) != "audit"
    {
        rows.problems.push(Problem::error(
            &name.origin,
            name.text,
            "an audit is always named audit",
            "Clear the name",
        ));
    }
    let parameters = read(rows, line);
    if rows.survey.audit.is_some() {
        rows.problems.push(Problem::error(
            &line.place("type"),
            "audit",
            "an audit is asked for twice",
            "Delete one of the rows",
        ));
    }
    if !accept(rows, &at, &parameters, AUDIT) {
        return;
    }
    let mut refuse = |found: &str, message: String, advice: &str| {
        rows.problems.push(Problem::error(&at, found, message, advice));
    };
    let mut attributes = BTreeMap::new();
    for (key, value) in &parameters {
        match key.as_str() {
            "track-changes" | "identify-user" if !["true", "false"].contains(&value.as_str()) => {
                refuse(value, format!("{key} is true or false"), "Write true or false");
            }
            "track-changes-reasons" if value != "on-form-edit" => {
                refuse(value, format!("{key} is on-form-edit"), "Write on-form-edit");
            }
            "location-priority"
                if !["no-power", "low-power", "balanced", "high-accuracy"].contains(&value.as_str()) =>
            {
                refuse(
                    value,
                    format!("there is no {key} {value}"),
                    "Write one of no-power, low-power, balanced, high-accuracy",
                );
            }
            "location-min-interval" | "location-max-age" if value.parse::<u32>().is_err() => {
                refuse(
                    value,
                    format!("{key} is a whole number of seconds"),
                    "Write a whole number",
                );
            }
            _ => {}
        }
        attributes.insert(format!("odk:{key}"), value.clone());
    }
    let places = ["location-priority", "location-min-interval", "location-max-age"];
    let n_places = places.iter().filter(|key| parameters.contains_key(**key)).count();
    if n_places > 0 && n_places < places.len() {
        refuse(
            "",
            format!("positions need all of {}", places.join(", ")),
            "Add the missing ones, or delete the others",
        );
    }
    let seconds = |key: &str| parameters.get(key).and_then(|value| value.parse::<u32>().ok());
    if let (Some(interval), Some(age)) = (seconds("location-min-interval"), seconds("location-max-age"))
        && age < interval
    {
        refuse(
            "",
            "location-max-age is shorter than location-min-interval".into(),
            "Write a longer one",
        );
    }
    rows.survey.audit = Some(attributes);
}
