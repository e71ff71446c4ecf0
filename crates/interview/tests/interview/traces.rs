//! Interviews recorded from another engine (getodk's) on real forms, walked again here and compared step by step.
//!
//! What differs is counted, and the count may only fall. The recordings are no part of this repository; without them
//! the test says that it is skipped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sampan_form::compiled::{Form, What};
use sampan_form::def::Role;
use sampan_form::external::Tables;
use sampan_interview::interview::Interview;
use sampan_interview::plan::Plan;
use sampan_interview::view::ProblemKind;
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_value::answer::{Answer, Kind};
use sampan_value::text;
use sampan_xlsform::reading::{Options, Reading, read_file};
use serde_json::Value as Json;

use crate::support::{facts, in_text, now};

/// What differs on purpose, and why.
const KNOWN_DIFFERENCES: &str = include_str!("known_differences.tsv");

/// How many node states were the same on 2026-11-25; may only rise.
const N_SAME: usize = 436_000;

#[derive(Debug, Default)]
struct Count {
    forms: usize,
    compared: usize,
    differing: BTreeMap<String, usize>,
}

#[test]
fn recorded_interviews_go_the_same_way_here() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    let Ok(traces) = std::fs::read_to_string(folder.join("interview_traces.jsonl")) else {
        eprintln!("skipped: there are no recorded interviews beside this repository");
        return;
    };
    let mut count = Count::default();
    for line in traces.lines() {
        let trace: Json = serde_json::from_str(line).unwrap();
        let Some(reading) = read(&folder, trace["form"].as_str().unwrap()) else {
            continue;
        };
        // The other engine takes any text where a list of the sheet external_choices is offered, and has empty
        // documents where XML files are missing.
        let external = &reading.form.external;
        let has_documents = external.iter().any(|file| !file.file_name.ends_with(".csv"));
        if has_documents || !reading.form.external_choices.is_empty() {
            continue;
        }
        let def = Arc::new(reading.form);
        let Ok(form) = Form::compile(def.clone()).or_else(|_| Form::compile_leniently(def)) else {
            continue;
        };
        if trace["steps"].is_array() {
            let name = trace["form"].as_str().unwrap();
            count.forms += 1;
            walk(Arc::new(form), &trace, name, &mut count);
        }
    }
    let known: BTreeMap<&str, &str> = KNOWN_DIFFERENCES
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
        .collect();
    let (mut n_known, mut n_failed) = (0, 0);
    for (what, times) in &count.differing {
        if known.contains_key(what.as_str()) {
            n_known += times;
        } else {
            n_failed += times;
            eprintln!("{times} {what}");
        }
    }
    let n_same = count.compared - n_known - n_failed;
    eprintln!(
        "node states in {} recorded interviews: {n_same} passed, {n_known} known different, {n_failed} failed",
        count.forms
    );
    let stale: Vec<_> = known
        .keys()
        .filter(|key| !count.differing.contains_key(**key))
        .collect();
    assert!(
        stale.is_empty(),
        "no longer different, remove from known_differences.tsv: {stale:?}"
    );
    assert!(
        n_same >= N_SAME,
        "{n_same} node states are the same, {N_SAME} were before"
    );
    assert!(
        n_known * 50 <= count.compared,
        "more than 2 % are known differences"
    );
    assert!(
        n_failed * 100 <= count.compared,
        "{n_failed} of {} differ",
        count.compared
    );
}

/// The form of a recording; mended where it is not read strictly.
pub fn read(folder: &Path, name: &str) -> Option<Reading> {
    let found = ["xlsx", "xls"].into_iter().find_map(|ending| {
        let name = Path::new(name).with_extension(ending);
        let bytes = std::fs::read(folder.join("forms").join(&name)).ok()?;
        Some((name.to_string_lossy().into_owned(), bytes))
    });
    let (name, bytes) = found?;
    let read = |lenient: bool| {
        let options = Options {
            lenient,
            ..Options::default()
        };
        read_file(&bytes, &name, &options).ok()
    };
    read(false).or_else(|| read(true))
}

fn walk(form: Arc<Form>, trace: &Json, name: &str, count: &mut Count) {
    let plan = Arc::new(Plan::new(form, Arc::new(Tables::new())));
    let mut interview = Interview::begin(plan, &facts()).interview;
    let mut expected: BTreeMap<String, Json> = BTreeMap::new();
    take(&mut interview, &mut expected, &trace["init"]);
    compare(&interview, &expected, name, "init", count);
    for (number, step) in trace["steps"].as_array().unwrap().iter().enumerate() {
        if let Some(place) = step["set"].as_str() {
            let Some(at) = place_of(&interview, place) else {
                return;
            };
            let typed = step["value"].as_str().unwrap_or_default();
            let Some(id) = interview.form().find(at.question.as_str()) else {
                return;
            };
            let Some((_, kind)) = interview.form().node(id).question() else {
                return;
            };
            let answer = match typed {
                "" => None,
                typed => match text::parse_value(typed, kind) {
                    Ok(value) => Some(Answer::Value(value)),
                    // The other engine takes what is no value of the kind.
                    Err(_) => return,
                },
            };
            if interview.answer(&at, answer.clone(), now()).is_err() {
                // The other engine takes what this one refuses, and calls it invalid.
                let answers = interview
                    .answers()
                    .into_iter()
                    .filter(|(own, _)| *own != at)
                    .chain(answer.map(|answer| (at.clone(), answer)));
                let answers: Vec<(AnswerPath, Answer)> = answers.collect();
                interview = Interview::resume(
                    interview.plan().clone(),
                    &facts(),
                    answers,
                    interview.added_rows(),
                )
                .interview;
            }
        }
        take(&mut interview, &mut expected, &step["diff"]);
        forget_impossible_choices(&mut interview);
        compare(&interview, &expected, name, &format!("step {number}"), count);
    }
}

/// The other engine deletes choices that are not on offer any more; this one keeps and reports them.
pub fn forget_impossible_choices(interview: &mut Interview) {
    loop {
        let gone: Vec<AnswerPath> = interview
            .problems()
            .into_iter()
            .filter(|problem| problem.kind == ProblemKind::InvalidChoice)
            .map(|problem| problem.at)
            .collect();
        let gone: Vec<AnswerPath> = gone
            .into_iter()
            .filter(|at| interview.answer(at, None, now()).is_ok())
            .collect();
        if gone.is_empty() {
            return;
        }
    }
}

/// Takes over what the recording says, and makes the rows that it has and this engine leaves to people.
fn take(interview: &mut Interview, expected: &mut BTreeMap<String, Json>, diff: &Json) {
    for (place, state) in diff.as_object().into_iter().flatten() {
        if state.is_null() {
            expected.remove(place);
            continue;
        }
        expected.insert(place.clone(), state.clone());
        if state["type"] == "repeat-instance" && place_of(interview, place).is_none() {
            let (repeat, _) = place.rsplit_once('[').unwrap();
            if let Some(repeat) = place_of(interview, repeat) {
                let _ = interview.add_row(&repeat, 1, now());
            }
        }
    }
}

/// The place that `/data/F[2]/HH` means.
fn place_of(interview: &Interview, place: &str) -> Option<AnswerPath> {
    let mut path = String::new();
    let mut rows = Vec::new();
    for step in place.split('/').skip(2) {
        let (name, row) = step.split_once('[').unwrap_or((step, ""));
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(name);
        if !row.is_empty() {
            let number: usize = row.trim_end_matches(']').parse().ok()?;
            let repeat = AnswerPath {
                question: QuestionPath::new(&path),
                rows: rows.clone(),
            };
            rows.push(*interview.rows(&repeat).get(number.checked_sub(1)?)?);
        }
    }
    Some(AnswerPath {
        question: QuestionPath::new(&path),
        rows,
    })
}

fn compare(
    interview: &Interview,
    expected: &BTreeMap<String, Json>,
    form: &str,
    step: &str,
    count: &mut Count,
) {
    let values: BTreeMap<AnswerPath, String> = interview
        .values()
        .into_iter()
        .map(|(at, answer)| (at, in_text(&answer)))
        .collect();
    let problems: BTreeMap<AnswerPath, ProblemKind> = interview
        .problems()
        .into_iter()
        .map(|problem| (problem.at, problem.kind))
        .collect();
    for (place, state) in expected {
        let Some(at) = place_of(interview, place) else {
            continue;
        };
        let Some(id) = interview.form().find(at.question.as_str()) else {
            continue;
        };
        let node = interview.form().node(id);
        let Some((role, kind)) = node.question() else {
            continue;
        };
        if matches!(
            role,
            Role::Start | Role::End | Role::Today | Role::DeviceId | Role::Username
        ) {
            continue;
        }
        let reads_moment =
            |program: &sampan_xpath::program::Program| program.reads_clock() || program.reads_chance();
        if node.calculation.as_ref().is_some_and(reads_moment) || kind == Kind::Media {
            continue;
        }
        let Some(found) = interview.question(&at) else {
            continue;
        };
        let mut differ = |what: &str, theirs: String, ours: String| {
            count.compared += 1;
            if theirs != ours {
                let key = format!("{what} {} {}", &form[form.len().saturating_sub(30)..], node.path);
                let times = count.differing.entry(key).or_insert(0);
                *times += 1;
                if *times == 1 {
                    eprintln!("{form} {step} {place} {what}: {theirs:?} there, {ours:?} here");
                }
            }
        };
        let relevant = state["relevant"] == true;
        differ("relevance", relevant.to_string(), found.relevant.to_string());
        if !relevant || !found.relevant || state["value"].is_null() {
            continue;
        }
        let ours = values.get(&at).cloned().unwrap_or_default();
        let theirs = state["value"].as_str().unwrap_or_default().to_string();
        if role != Role::Note {
            match (theirs.parse::<f64>(), ours.parse::<f64>()) {
                (Ok(left), Ok(right)) if (left - right).abs() < 1e-9 => {
                    differ("value", String::new(), String::new())
                }
                _ if kind == Kind::Geopoint => {}
                // The other engine puts what was ticked into the order of the list.
                _ if kind == Kind::Choices => differ("value", in_order(&theirs), in_order(&ours)),
                // The other engine takes no number outside a range and no choice with a blank in its name.
                _ if node.parameters.contains_key("start")
                    || (kind == Kind::Choice && ours.contains(' ')) => {}
                _ => differ("value", theirs.clone(), ours.clone()),
            }
        }
        if role == Role::Ask && matches!(node.what, What::Question { .. }) {
            differ(
                "required",
                (state["required"] == true).to_string(),
                found.required.to_string(),
            );
            if theirs.is_empty() == ours.is_empty() && !found.read_only {
                let violation = state["violation"].as_str().unwrap_or("none").to_string();
                let own = match problems.get(&at) {
                    Some(ProblemKind::RequiredMissing) => "required",
                    Some(ProblemKind::ConstraintBroken) => "constraint",
                    Some(ProblemKind::InvalidChoice | ProblemKind::TooManyRows | ProblemKind::FormFault)
                    | None => "none",
                };
                differ("violation", violation, own.to_string());
            }
        }
    }
}

fn in_order(names: &str) -> String {
    let mut names: Vec<&str> = names.split(' ').collect();
    names.sort_unstable();
    names.join(" ")
}
