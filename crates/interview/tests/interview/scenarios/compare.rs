//! The state after a step, as recorded and as it is here.
//!
//! Compared of each item: that it is there, and in as many rows; relevance; and where it is relevant, value,
//! requirement, whether it can be changed by hand, violation, label and choices. Not compared: what stands in `meta`
//! (a document's own identity is the client's business) beside the name of the interview; moments of the day of the
//! recording, what is drawn by chance, and random identifiers beyond their form. Lengths and areas are compared to a
//! hundred-thousandth.

use std::collections::BTreeMap;

use sampan_form::compiled::What;
use sampan_form::def::{Item, Role};
use sampan_interview::interview::Interview;
use sampan_interview::view::{ProblemKind, QuestionState};
use sampan_record::path::AnswerPath;
use sampan_value::answer::Kind;
use sampan_value::text;
use serde_json::Value as Json;

use super::replay::place_of;
use crate::support::in_text;
use crate::traces::in_order;

/// The day of the recording, there and in Greenwich.
const DAYS: [&str; 2] = ["2026-11-23", "2026-11-24"];

/// Appends what differs.
pub fn states(
    interview: &Interview,
    expected: &BTreeMap<String, Json>,
    step: &str,
    differing: &mut Vec<String>,
) {
    let mut seen: BTreeMap<AnswerPath, usize> = BTreeMap::new();
    for (place, state) in expected {
        let kind = state["type"].as_str().unwrap_or_default();
        let bare = place.strip_prefix("range:").unwrap_or(place);
        let mut differ = |what: &str, there: &str, here: &str| {
            if there != here {
                differing.push(format!("{step} {place} {what}: {there:?} there, {here:?} here"));
            }
        };
        let is_meta = |step: &str| step.rsplit(':').next() == Some("meta");
        if bare.split('/').any(is_meta) {
            if bare.ends_with("instanceName") && interview.form().instance_name().is_some() {
                let name = interview.name().unwrap_or_default();
                differ("name", state["value"].as_str().unwrap_or_default(), &name);
            }
            continue;
        }
        if kind == "root" {
            continue;
        }
        let found = place_of(interview, bare).and_then(|at| {
            let id = interview.form().find(at.question.as_str())?;
            Some((at, interview.form().node(id)))
        });
        let Some((at, node)) = found else {
            let is_relevant = state["relevant"] == true;
            // Rows that are not asked are not told of here.
            if is_relevant {
                differ("item", "there", "missing");
            }
            continue;
        };
        let label = interview.label(&at, interview.language());
        if kind.starts_with("repeat-range") {
            differ(
                "counted",
                &(kind == "repeat-range:controlled").to_string(),
                &node.count.is_some().to_string(),
            );
            if state["relevant"] == true {
                seen.entry(at.clone()).or_insert(0);
            }
        }
        if kind == "repeat-instance" && state["relevant"] == true {
            let mut repeat = at.clone();
            repeat.rows.pop();
            *seen.entry(repeat).or_insert(0) += 1;
        }
        if node.what == What::Group {
            let relevant = interview.is_relevant(&at);
            differ(
                "relevance",
                &(state["relevant"] == true).to_string(),
                &relevant.to_string(),
            );
        }
        let is_told = matches!(
            kind,
            "group" | "input" | "select" | "note" | "trigger" | "range" | "rank" | "upload"
        );
        if state["relevant"] == true && is_told {
            differ(
                "label",
                state["label"].as_str().unwrap_or_default().trim(),
                label.trim(),
            );
        }
        if let Some(own) = interview.question(&at) {
            let value = own.answer.as_ref().map(in_text).unwrap_or_default();
            question(interview, &own, state, &value, node, &mut differ);
        }
    }
    for (repeat, n_rows) in seen {
        let here = interview.rows(&repeat).len();
        if n_rows != here {
            let name = repeat.question.as_str();
            differing.push(format!("{step} {name} rows: {n_rows} there, {here} here"));
        }
    }
}

fn question(
    interview: &Interview,
    own: &QuestionState,
    state: &Json,
    value: &str,
    node: &sampan_form::compiled::Node,
    differ: &mut dyn FnMut(&str, &str, &str),
) {
    let relevant = state["relevant"] == true;
    differ("relevance", &relevant.to_string(), &own.relevant.to_string());
    if !relevant || !own.relevant {
        return;
    }
    let there = state["value"].as_str().unwrap_or_default();
    let is_drawn = node
        .calculation
        .as_ref()
        .is_some_and(|program| program.reads_chance());
    let is_measured = is_measured(&interview.form().def().items, own.at.question.as_str());
    let is_near = match (there.parse::<f64>(), value.parse::<f64>()) {
        (Ok(there), Ok(here)) => (there - here).abs() <= 1e-5 * there.abs(),
        _ => false,
    };
    let is_excused = is_drawn || (is_measured && is_near);
    if !is_excused && !same(there, value, own.kind) {
        differ("value", there, value);
    }
    let is_asked = node.question().is_some_and(|(role, _)| role == Role::Ask);
    differ(
        "asked",
        &(state["type"] != "model-value").to_string(),
        &(is_asked || node.question().is_some_and(|(role, _)| role == Role::Note)).to_string(),
    );
    if !is_asked {
        return;
    }
    differ(
        "required",
        &(state["required"] == true).to_string(),
        &own.required.to_string(),
    );
    // A computed answer is not changed by hand here.
    if node.calculation.is_none() {
        differ(
            "read only",
            &(state["readonly"] == true).to_string(),
            &own.read_only.to_string(),
        );
    }
    let problem = interview
        .problems()
        .into_iter()
        .find(|problem| problem.at == own.at && problem.kind.blocks())
        .map(|problem| match problem.kind {
            ProblemKind::RequiredMissing => "required".to_string(),
            ProblemKind::ConstraintBroken => "constraint".to_string(),
            other => format!("{other:?}"),
        })
        .unwrap_or_default();
    differ(
        "violation",
        state["violation"].as_str().unwrap_or_default(),
        &problem,
    );
    if let Some(choices) = state["choices"].as_array() {
        let in_short = |choices: Vec<(String, String)>| {
            let choices = choices.into_iter().map(|(name, label)| format!("{name}={label}"));
            choices.collect::<Vec<_>>().join("|")
        };
        let there = choices
            .iter()
            .map(|choice| {
                let part = |at: usize| choice[at].as_str().unwrap_or_default().trim().to_string();
                (part(0), part(1))
            })
            .collect();
        let here = interview.choices(&own.at);
        let here = here.into_iter().map(|choice| {
            (
                choice.name,
                if choice.has_label { choice.label.trim() } else { "" }.to_string(),
            )
        });
        differ("choices", &in_short(there), &in_short(here.collect()));
    }
}

/// Whether two values mean the same: numbers and positions by size (positions to a centimetre, which is what is kept
/// here), moments as moments, times of day without their zone.
fn same(there: &str, here: &str, kind: Kind) -> bool {
    let numbers = || match (there.parse::<f64>(), here.parse::<f64>()) {
        (Ok(left), Ok(right)) => (left - right).abs() < 1e-9,
        _ => false,
    };
    let is_moment = |text: &str| DAYS.iter().any(|day| text.starts_with(day));
    let is_random = |text: &str| {
        let text = text.strip_prefix("uuid:").unwrap_or(text);
        text.len() == 36 && text.split('-').count() == 5
    };
    let is_same = match kind {
        _ if there == here => true,
        Kind::Integer | Kind::Decimal => numbers(),
        Kind::Geopoint | Kind::Geotrace | Kind::Geoshape => {
            let (there, here) = (points(there), points(here));
            there.is_some() && there == here
        }
        Kind::DateTime => {
            let there = text::parse_local_date_time(there).ok();
            let here = text::parse_local_date_time(here).ok();
            match (there, here) {
                (Some((there, Some(zone))), Some((here, Some(own)))) => there - zone == here - own,
                // Without a zone it is the device's.
                (Some((there, None)), Some((here, _))) => there == here,
                _ => false,
            }
        }
        Kind::Time => match (text::parse_time(there), text::parse_time(here)) {
            (Ok(there), Ok(here)) => there == here,
            _ => false,
        },
        // A position in a text is written as positions are here.
        Kind::Text if there.contains(';') || there.split(' ').count() == 4 => {
            points(there).is_some() && points(there) == points(here)
        }
        // The other engine puts what was ticked into the order of the list.
        Kind::Choices => in_order(there) == in_order(here),
        Kind::Text | Kind::Date | Kind::Choice | Kind::Media | Kind::Acknowledge => false,
    };
    is_same || (is_moment(there) && is_moment(here)) || (is_random(there) && is_random(here))
}

/// Whether an item is a length or an area: these come from positions that are kept to a centimetre here.
fn is_measured(items: &[Item], path: &str) -> bool {
    let (name, below) = path.split_once('/').unwrap_or((path, ""));
    items.iter().any(|item| match item {
        Item::Question(question) if question.name == name => question
            .calculation
            .as_ref()
            .is_some_and(|own| own.source.contains("distance(") || own.source.contains("area(")),
        Item::Group(group) if group.name == name => is_measured(&group.items, below),
        Item::Repeat(repeat) if repeat.name == name => is_measured(&repeat.items, below),
        Item::Question(_) | Item::Group(_) | Item::Repeat(_) => false,
    })
}

/// Latitude and longitude in ten-millionths of a degree, altitude and accuracy in millimetres.
fn points(text: &str) -> Option<Vec<[i64; 4]>> {
    let point = |point: &str| {
        let mut parts = [0; 4];
        for (at, part) in point.split_whitespace().enumerate() {
            let unit = if at < 2 { 1e7 } else { 1e3 };
            *parts.get_mut(at)? = (part.parse::<f64>().ok()? * unit).round() as i64;
        }
        Some(parts)
    };
    let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
    parts.map(point).collect()
}
