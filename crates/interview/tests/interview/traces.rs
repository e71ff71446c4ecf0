//! Interviews recorded from another engine (getodk's) on real forms, walked again here and compared step by step.
//!
//! What differs is counted, and the count may only fall. The recordings are no part of this repository; without them
//! the test says that it is skipped.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sampan_form::compiled::{Form, What};
use sampan_form::def::Role;
use sampan_form::external::{Table, Tables};
use sampan_form::problem::{Problem, Severity};
use sampan_interview::facts::Facts;
use sampan_interview::interview::Interview;
use sampan_interview::plan::Plan;
use sampan_interview::view::ProblemKind;
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_value::answer::{Answer, Kind};
use sampan_value::text;
use sampan_xlsform::reading::{Options, read_file};
use serde_json::Value as Json;

use crate::support::{facts, in_text, now};

/// What differs on purpose, and why.
const KNOWN_DIFFERENCES: &str = include_str!("known_differences.tsv");

/// How many node states were the same on 2026-11-25; may only rise.
const N_SAME: usize = 1_222_000;

#[derive(Debug, Default)]
struct Count {
    forms: usize,
    compared: usize,
    differing: BTreeMap<String, usize>,
    /// Why what was recorded could not be compared -> how many node states of how many forms.
    left_out: BTreeMap<&'static str, usize>,
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
        let name = trace["form"].as_str().unwrap();
        if let Some(error) = trace["error"].as_str() {
            eprintln!("not recorded: {name}: {error}");
            continue;
        }
        match read(&folder, name) {
            Ok(form) => {
                count.forms += 1;
                walk(Arc::new(form), &trace, name, &mut count);
            }
            Err(reason) => {
                eprintln!("not read: {name}: {reason}");
                let n_states = trace["init"].as_object().map_or(0, |init| init.len());
                let n_states = n_states * (1 + trace["steps"].as_array().map_or(0, Vec::len));
                *count.left_out.entry("their form is not read").or_default() += n_states;
            }
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
    for (reason, times) in &count.left_out {
        eprintln!("{times} left out: {reason}");
    }
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

/// The form of a recording: from its sheet, else from its sheet mended, else from the XForm that was recorded.
pub fn read(folder: &Path, name: &str) -> Result<Form, String> {
    let sheet = ["xlsx", "xls"].into_iter().find_map(|ending| {
        let name = Path::new(name).with_extension(ending);
        let bytes = std::fs::read(folder.join("forms").join(&name)).ok()?;
        Some((name.to_string_lossy().into_owned(), bytes))
    });
    let mut reason = "it is not there".to_string();
    let mut tell = |problems: Vec<Problem>| {
        let problem = problems
            .into_iter()
            .find(|problem| problem.severity == Severity::Error);
        reason = problem.map(|problem| problem.to_string()).unwrap_or_default();
    };
    for lenient in [false, true] {
        let Some((name, bytes)) = &sheet else { continue };
        let options = Options {
            lenient,
            ..Options::default()
        };
        let compile = match lenient {
            true => Form::compile_leniently,
            false => Form::compile,
        };
        match read_file(bytes, name, &options).and_then(|reading| compile(Arc::new(reading.form))) {
            Ok(form) => return Ok(form),
            Err(problems) => tell(problems),
        }
    }
    if let Ok(xml) = std::fs::read_to_string(folder.join("forms").join(name)) {
        for compile in [Form::compile, Form::compile_leniently] {
            let form =
                sampan_form::xform::read::read(&xml).and_then(|reading| compile(Arc::new(reading.form)));
            match form {
                Ok(form) => return Ok(form),
                Err(problems) => tell(problems),
            }
        }
    }
    Err(reason)
}

fn walk(form: Arc<Form>, trace: &Json, name: &str, count: &mut Count) {
    let mut tables = Tables::new();
    for file in &form.def().external {
        // The recordings have no files, and an empty document in place of each.
        if file.file_name.ends_with(".xml") {
            tables.insert(&file.id, Arc::new(Table::from_xml(b"<data/>").unwrap()));
        }
    }
    let plan = Arc::new(Plan::new(form, Arc::new(tables)));
    let mut interview = Interview::begin(plan, &unknown()).interview;
    let mut expected: BTreeMap<String, Json> = BTreeMap::new();
    take(&mut interview, &mut expected, &trace["init"]);
    compare(&interview, &expected, name, "init", count);
    let steps = trace["steps"].as_array().unwrap();
    for (number, step) in steps.iter().enumerate() {
        if let Some(place) = step["set"].as_str() {
            let typed = step["value"].as_str().unwrap_or_default();
            let is_taken = !step["diff"][place].is_null();
            if let (Err(reason), true) = (set(&mut interview, place, typed), is_taken) {
                let n_states = expected.len() * (steps.len() - number);
                *count.left_out.entry(reason).or_default() += n_states;
                eprintln!("{name} step {number} {place} {typed:?}: {reason}");
                return;
            }
        }
        take(&mut interview, &mut expected, &step["diff"]);
        // The other engine takes any text where the choices come from the sheet external_choices.
        let texts = expected
            .iter()
            .filter(|(_, state)| state["type"] == "input")
            .filter_map(|(place, _)| place_of(&interview, place))
            .collect();
        forget_impossible(&mut interview, &texts);
        compare(&interview, &expected, name, &format!("step {number}"), count);
    }
}

/// The recordings know neither device nor enumerator.
fn unknown() -> Facts {
    Facts {
        device: String::new(),
        username: String::new(),
        email: String::new(),
        phone_number: String::new(),
        ..facts()
    }
}

/// Types an answer, as it was typed in the recording.
fn set(interview: &mut Interview, place: &str, typed: &str) -> Result<(), &'static str> {
    if place.contains("list_label") {
        // The heading of a table is a question there that nobody reads.
        return Ok(());
    }
    let at = place_of(interview, place).ok_or("after an answer in a row that is not there")?;
    let id = interview.form().find(at.question.as_str());
    let question = id.and_then(|id| interview.form().node(id).question());
    let (_, kind) = question.ok_or("after an answer to no question")?;
    let answer = match typed {
        "" => None,
        typed => match text::parse_value(typed, kind) {
            Ok(value) => Some(Answer::Value(value)),
            // The other engine takes what is no value of the kind.
            Err(_) => return Err("after an answer that is no value of the question's kind"),
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
        let (plan, rows) = (interview.plan().clone(), interview.added_rows());
        *interview = Interview::resume(plan, &unknown(), answers, rows).interview;
    }
    Ok(())
}

/// The other engine deletes choices that are not on offer any more; this one keeps and reports them. Not at some questions.
fn forget_impossible(interview: &mut Interview, texts: &BTreeSet<AnswerPath>) {
    loop {
        let gone: Vec<AnswerPath> = interview
            .problems()
            .into_iter()
            .filter(|problem| problem.kind == ProblemKind::InvalidChoice && !texts.contains(&problem.at))
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
        .filter(|problem| problem.kind.blocks())
        .map(|problem| (problem.at, problem.kind))
        .collect();
    for (place, state) in expected {
        let relevant = state["relevant"] == true;
        let at = place_of(interview, place);
        let find = |at: &AnswerPath| match at.question.as_str() {
            "" => Some(interview.form().root().id),
            path => interview.form().find(path),
        };
        let found = at.as_ref().and_then(find);
        let (Some(at), Some(id)) = (at, found) else {
            if place.ends_with("/meta/instanceName") {
                let name = interview.name().unwrap_or_default();
                let is_drawn = interview
                    .form()
                    .instance_name()
                    .is_some_and(|name| name.reads_chance());
                if is_drawn || name.contains(&facts().started_at.date_naive().to_string()) {
                    let reason = "names of interviews that hold the day or chance";
                    *count.left_out.entry(reason).or_default() += 1;
                    continue;
                }
                count.compared += 1;
                if state["value"].as_str().unwrap_or_default().trim() != name.trim() {
                    let times = count
                        .differing
                        .entry(format!("value {form} {place}"))
                        .or_default();
                    *times += 1;
                    if *times == 1 {
                        eprintln!("{form} {step} {place}: {:?} there, {name:?} here", state["value"]);
                    }
                }
                continue;
            }
            let reason = match place.contains("/meta") {
                true => "what this engine keeps elsewhere (the name and number of the interview)",
                // Rows of a repeat that is not asked are not there at all.
                false if place.contains("list_label") => "headings of tables, which the converter puts there",
                false if !relevant => "what is not relevant and not there",
                false => "what is not there",
            };
            *count.left_out.entry(reason).or_default() += 1;
            if reason == "what is not there" && step == "init" {
                eprintln!("{form} {step} {place}: not there");
            }
            continue;
        };
        let node = interview.form().node(id);
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
        let is_relevant = node.what == What::Root || interview.is_relevant(&at);
        differ("relevance", relevant.to_string(), is_relevant.to_string());
        let (Some((role, kind)), Some(found)) = (node.question(), interview.question(&at)) else {
            continue;
        };
        if !relevant || !is_relevant || state["value"].is_null() {
            continue;
        }
        let reads_moment =
            |program: &sampan_xpath::program::Program| program.reads_clock() || program.reads_chance();
        let is_of_moment = matches!(
            role,
            Role::Start | Role::End | Role::Today | Role::DeviceId | Role::Username
        ) || node.calculation.as_ref().is_some_and(reads_moment);
        let ours = values.get(&at).cloned().unwrap_or_default();
        let theirs = state["value"].as_str().unwrap_or_default().to_string();
        if role != Role::Note && !is_of_moment {
            match (theirs.parse::<f64>(), ours.parse::<f64>()) {
                (Ok(left), Ok(right)) if (left - right).abs() < 1e-9 => {
                    differ("value", String::new(), String::new())
                }
                _ if kind == Kind::Geopoint => {}
                // The other engine puts what was ticked into the order of the list.
                _ if kind == Kind::Choices => differ("value", in_order(&theirs), in_order(&ours)),
                // The other engine adds the zone to a time.
                _ if kind == Kind::Time && !ours.is_empty() && theirs.starts_with(&ours) => {
                    differ("value", String::new(), String::new());
                }
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
                    | Some(ProblemKind::Doubtful)
                    | None => "none",
                };
                differ("violation", violation, own.to_string());
            }
        }
    }
}

pub fn in_order(names: &str) -> String {
    let mut names: Vec<&str> = names.split(' ').collect();
    names.sort_unstable();
    names.join(" ")
}
