//! One scenario, done again with this engine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use sampan_form::compiled::Form;
use sampan_form::def::Event;
use sampan_form::external::{Table, Tables};
use sampan_interview::facts::Facts;
use sampan_interview::interview::{Interview, Row};
use sampan_interview::plan::Plan;
use sampan_interview::view::{Ask, ProblemKind};
use sampan_record::ids::RowId;
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_value::answer::{Answer, Kind, MediaRef, Value};
use sampan_value::text;
use serde_json::Value as Json;

use super::compare;

/// The moment at which the recordings were made, more or less.
fn now() -> DateTime<FixedOffset> {
    "2026-11-23T16:56:30-07:00".parse().expect("a moment")
}

/// What differs, one line each; none when the scenario goes the same way here.
pub fn differing(xml: &str, scenario: &Json) -> Vec<String> {
    let is_loaded = scenario["loaded"] == true;
    let plan = match plan(xml, &scenario["files"]) {
        Ok(plan) if is_loaded => plan,
        Ok(_) => return vec!["the form is refused there, and taken here".into()],
        Err(_) if !is_loaded => return Vec::new(),
        Err(reason) => return vec![format!("the form is taken there, and refused here: {reason}")],
    };
    let told = |name: &str, usual: &str| scenario["preload"][name].as_str().unwrap_or(usual).to_string();
    let facts = Facts {
        device: told("deviceID", ""),
        username: told("username", ""),
        email: told("email", ""),
        phone_number: told("phoneNumber", ""),
        started_at: now(),
        seed: 7,
    };
    let opened = match scenario["edit"].as_str() {
        None => Interview::begin(plan, &facts),
        Some(document) => {
            let (answers, rows) = document_of(plan.form(), document);
            Interview::resume(plan, &facts, answers, rows)
        }
    };
    // The row that each repeat of a sheet has at first in ODK's programs; an XForm says it of itself.
    let mut known = BTreeSet::new();
    let mut interview = opened.interview;
    interview.add_first_rows(&mut known, Event::FirstLoad, now());
    let mut replay = Replay {
        interview,
        known,
        asks: opened.asks,
        expected: BTreeMap::new(),
        differing: Vec::new(),
    };
    for (number, event) in scenario["events"].as_array().into_iter().flatten().enumerate() {
        replay.event(event, &format!("event {number}"));
    }
    replay.differing
}

fn plan(xml: &str, files: &Json) -> Result<Arc<Plan>, String> {
    let said = |problems: Vec<sampan_form::problem::Problem>| {
        problems
            .iter()
            .filter(|problem| problem.severity == sampan_form::problem::Severity::Error)
            .map(|problem| format!("{problem}; "))
            .collect::<String>()
    };
    let reading = sampan_form::xform::read::read(xml).map_err(said)?;
    let def = Arc::new(reading.form);
    let form = Form::compile(def.clone())
        .or_else(|_| Form::compile_leniently(def))
        .map_err(said)?;
    let mut tables = Tables::new();
    for file in files.as_array().into_iter().flatten() {
        let address = file["url"].as_str().unwrap_or_default();
        let name = address.rsplit('/').next().unwrap_or_default();
        let bytes = file["text"].as_str().unwrap_or_default().as_bytes();
        let table = Arc::new(Table::read(name, bytes).map_err(|error| error.to_string())?);
        for external in form.def().external.iter().filter(|own| own.file_name == name) {
            tables.insert(&external.id, table.clone());
        }
    }
    match form.check_tables(&tables) {
        problems if problems.is_empty() || files.as_array().is_none_or(Vec::is_empty) => {}
        problems => return Err(said(problems)),
    }
    Ok(Arc::new(Plan::new(Arc::new(form), Arc::new(tables))))
}

struct Replay {
    interview: Interview,
    /// Repeats that had their first row.
    known: BTreeSet<AnswerPath>,
    /// The whole state as recorded, by place.
    expected: BTreeMap<String, Json>,
    differing: Vec<String>,
    /// What the form wants to know of the device.
    asks: Vec<Ask>,
}

impl Replay {
    fn event(&mut self, event: &Json, number: &str) {
        let verb = event["ev"].as_str().unwrap_or_default();
        let arguments: Vec<&Json> = event["args"].as_array().into_iter().flatten().collect();
        // What the other engine failed at has no state after it.
        if event.get("error").is_some() && event.get("diff").is_none() {
            return;
        }
        let place = event["at"].as_str().unwrap_or_default();
        match verb {
            "answer" => {
                let said = match arguments.len() {
                    1 => arguments.as_slice(),
                    _ => arguments.get(1..).unwrap_or_default(),
                };
                self.answer(place, said, &event["diff"], number);
            }
            "createNewRepeat" => {
                let repeat = place.rsplit_once('[').map_or(place, |(repeat, _)| repeat);
                match place_of(&self.interview, repeat) {
                    Some(at) => {
                        if let Err(refused) = self.interview.add_row(&at, 1, now()) {
                            self.differing
                                .push(format!("{number}: no row of {repeat}: {refused}"));
                        }
                    }
                    None => self.differing.push(format!("{number}: there is no {repeat}")),
                }
            }
            "removeRepeat" => {
                let place = arguments
                    .first()
                    .and_then(|place| place.as_str())
                    .unwrap_or(place);
                let at = place_of(&self.interview, place);
                match at.and_then(|mut at| at.rows.pop().map(|row| (at, row))) {
                    Some((repeat, row)) => {
                        if let Err(refused) = self.interview.remove_row(&repeat, row, now()) {
                            self.differing.push(format!("{number}: {place} stays: {refused}"));
                        }
                    }
                    None => self.differing.push(format!("{number}: there is no {place}")),
                }
            }
            "setLanguage" => {
                let language = arguments
                    .first()
                    .and_then(|name| name.as_str())
                    .unwrap_or_default();
                if !self.interview.set_language(language) {
                    self.differing
                        .push(format!("{number}: there is no language {language}"));
                }
            }
            "read" => {
                if let (Some(result), Some("countRepeatInstancesOf")) =
                    (event["result"].as_u64(), event["what"].as_str())
                {
                    let repeat = arguments
                        .first()
                        .and_then(|place| place.as_str())
                        .unwrap_or_default();
                    let found = place_of(&self.interview, repeat).map(|at| self.interview.rows(&at).len());
                    if found != usize::try_from(result).ok() {
                        self.differing.push(format!(
                            "{number}: {result} rows of {repeat} there, {found:?} here"
                        ));
                    }
                }
            }
            // Going on changes nothing.
            "loaded" | "next" => {}
            other => self.differing.push(format!("{number}: an unknown event {other}")),
        }
        for (place, state) in event["diff"].as_object().into_iter().flatten() {
            match state.is_null() {
                true => self.expected.remove(place),
                false => self.expected.insert(place.clone(), state.clone()),
            };
        }
        self.interview
            .add_first_rows(&mut self.known, Event::NewRow, now());
        self.tell(&event["diff"]);
        self.forget();
        if event.get("diff").is_some() {
            compare::states(&self.interview, &self.expected, number, &mut self.differing);
        }
    }

    fn answer(&mut self, place: &str, said: &[&Json], diff: &Json, number: &str) {
        let recorded = diff[place]["value"].as_str().unwrap_or_default();
        let found = place_of(&self.interview, place).and_then(|at| {
            let id = self.interview.form().find(at.question.as_str())?;
            Some((at, self.interview.form().node(id).question()?.1))
        });
        let Some((at, kind)) = found else {
            return self.differing.push(format!("{number}: there is no {place}"));
        };
        let typed = typed(said, recorded);
        let answer = match typed.as_str() {
            "" => Ok(None),
            name if kind == Kind::Media => Ok(Some(Answer::Value(Value::Media(MediaRef {
                hash: [0; 32],
                size_bytes: 1,
                name: name.to_string(),
            })))),
            typed => self.interview.parse_input(&at, typed).map(Some),
        };
        // What is no value of the kind is blank there; here it is refused.
        let answer = answer.unwrap_or_default();
        match self.interview.answer(&at, answer.clone(), now()) {
            Ok(accepted) => self.asks.extend(accepted.asks),
            Err(_) if answer.is_some() => self.force(&at, answer, recorded),
            Err(_) => {}
        }
    }

    /// Tells the positions that the other engine was told by its test.
    fn tell(&mut self, diff: &Json) {
        for ask in std::mem::take(&mut self.asks) {
            let recorded = diff
                .as_object()
                .into_iter()
                .flatten()
                .find(|(place, _)| place_of(&self.interview, place).is_some_and(|at| at == ask.at));
            let recorded = recorded
                .and_then(|(_, state)| state["value"].as_str())
                .unwrap_or_default();
            match text::parse_value(recorded, Kind::Geopoint) {
                Ok(position) => {
                    if let Ok(accepted) = self.interview.fill(&ask.at, position, now()) {
                        self.asks.extend(accepted.asks);
                    }
                }
                // It comes later.
                Err(_) => self.asks.push(ask),
            }
        }
    }

    /// The other engine takes away choices that are not on offer any more; this one keeps and reports them.
    fn forget(&mut self) {
        for _ in 0..10 {
            let problems = self.interview.problems();
            let mut n_gone = 0;
            for problem in problems
                .iter()
                .filter(|own| own.kind == ProblemKind::InvalidChoice)
            {
                let offered = self.interview.choices(&problem.at);
                let answer = self
                    .interview
                    .question(&problem.at)
                    .and_then(|question| question.answer);
                let rest = match answer {
                    Some(Answer::Value(Value::Choices(mut names))) => {
                        names.retain(|name| offered.iter().any(|choice| choice.name == *name));
                        (!names.is_empty()).then_some(Answer::Value(Value::Choices(names)))
                    }
                    _ => None,
                };
                n_gone += usize::from(self.interview.answer(&problem.at, rest, now()).is_ok());
            }
            if n_gone == 0 {
                return;
            }
        }
    }

    /// The other engine takes what this one refuses, and calls it invalid; or it takes nothing.
    fn force(&mut self, at: &AnswerPath, answer: Option<Answer>, recorded: &str) {
        if recorded.is_empty() {
            return;
        }
        let facts = Facts {
            device: String::new(),
            username: String::new(),
            email: String::new(),
            phone_number: String::new(),
            started_at: now(),
            seed: 7,
        };
        let answers = self.interview.answers();
        let answers = answers.into_iter().filter(|(own, _)| own != at);
        let answers = answers.chain(answer.map(|answer| (at.clone(), answer)));
        let answers: Vec<(AnswerPath, Answer)> = answers.collect();
        let rows = self.interview.added_rows();
        let language = self.interview.language().to_string();
        self.interview = Interview::resume(self.interview.plan().clone(), &facts, answers, rows).interview;
        self.interview.set_language(&language);
    }
}

/// What was typed, as text; objects were not recorded, so they are what they became.
fn typed(said: &[&Json], recorded: &str) -> String {
    let words: Vec<String> = said
        .iter()
        .map(|said| match said {
            Json::Bool(true) => match recorded {
                "OK" => "OK".to_string(),
                _ => "1".to_string(),
            },
            Json::Bool(false) => match recorded {
                "" => String::new(),
                _ => "0".to_string(),
            },
            Json::String(text) if text.starts_with("(object ") => recorded.to_string(),
            Json::String(text) => text.clone(),
            Json::Number(number) => number.to_string(),
            Json::Null | Json::Array(_) | Json::Object(_) => String::new(),
        })
        .collect();
    words.join(" ")
}

/// The place that `/data/F[2]/HH` means.
pub fn place_of(interview: &Interview, place: &str) -> Option<AnswerPath> {
    let mut path = String::new();
    let mut rows = Vec::new();
    for step in place.split('/').skip(2) {
        let (name, row) = step.split_once('[').unwrap_or((step, ""));
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(name.rsplit(':').next().unwrap_or(name));
        if !row.is_empty() {
            let number: usize = row.trim_end_matches(']').parse().ok()?;
            let repeat = AnswerPath {
                question: QuestionPath::new(&path),
                rows: rows.clone(),
            };
            let id = interview.form().find(&path)?;
            if interview.form().node(id).what == sampan_form::compiled::What::Repeat {
                rows.push(*interview.rows(&repeat).get(number.checked_sub(1)?)?);
            }
        }
    }
    Some(AnswerPath {
        question: QuestionPath::new(&path),
        rows,
    })
}

/// Answers and rows of an answer document.
fn document_of(form: &Form, document: &str) -> (Vec<(AnswerPath, Answer)>, Vec<Row>) {
    let (mut answers, mut rows) = (Vec::new(), Vec::new());
    let mut path: Vec<String> = Vec::new();
    let mut above: Vec<RowId> = Vec::new();
    let mut seen: BTreeMap<(Vec<RowId>, String), u64> = BTreeMap::new();
    // A document of a test: no comments, no entities, no attributes that matter.
    for part in document.split('<').skip(1) {
        let (tag, content) = part.split_once('>').unwrap_or((part, ""));
        let is_repeat = |path: &[String]| {
            let id = form.find(&path.get(1..).unwrap_or_default().join("/"));
            id.is_some_and(|id| form.node(id).what == sampan_form::compiled::What::Repeat)
        };
        if tag.starts_with('/') {
            if is_repeat(&path) {
                above.pop();
            }
            path.pop();
            continue;
        }
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        path.push(name.to_string());
        let question = QuestionPath::new(&path.get(1..).unwrap_or_default().join("/"));
        if is_repeat(&path) {
            let position = seen
                .entry((above.clone(), question.as_str().to_string()))
                .or_insert(0);
            let is_counted = form
                .find(question.as_str())
                .is_some_and(|id| form.node(id).count.is_some());
            let number = u32::try_from(*position).expect("few rows");
            let row = match is_counted {
                true => RowId::counted(number),
                false => RowId::added(*position + 1),
            };
            rows.push(Row {
                repeat: AnswerPath {
                    question: question.clone(),
                    rows: above.clone(),
                },
                row,
                position: *position,
            });
            *position += 1;
            above.push(row);
        }
        if let Some((_, kind)) = form
            .find(question.as_str())
            .and_then(|id| form.node(id).question())
            && let Ok(value) = text::parse_value(content.trim(), kind)
        {
            let rows = above.clone();
            answers.push((AnswerPath { question, rows }, Answer::Value(value)));
        }
        if tag.ends_with('/') {
            path.pop();
        }
    }
    (answers, rows)
}
