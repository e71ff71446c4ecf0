//! One scenario, done again with this engine in the manner of ODK's clients.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use sampan_form::compiled::Form;
use sampan_form::external::{Table, Tables};
use sampan_interview::facts::Facts;
use sampan_interview::interview::Interview;
use sampan_interview::plan::Plan;
use sampan_interview::session::{Manner, Said, Session};
use sampan_record::path::{AnswerPath, QuestionPath};
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
        Ok(plan) => plan,
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
    let session = match scenario["edit"].as_str() {
        None => Session::begin(plan, &facts, Manner::Odk),
        Some(document) => match Session::edit(plan, &facts, Manner::Odk, document) {
            Ok((session, _)) => session,
            Err(error) => return vec![format!("the document is refused here: {error}")],
        },
    };
    if !is_loaded {
        return vec!["the form is refused there, and taken here".into()];
    }
    let mut replay = Replay {
        session,
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
    session: Session,
    /// The whole state as recorded, by place.
    expected: BTreeMap<String, Json>,
    differing: Vec<String>,
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
        let first = arguments.first().and_then(|first| first.as_str());
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
                match place_of(self.session.interview(), repeat) {
                    Some(at) => {
                        if let Err(refused) = self.session.add(&at, now()) {
                            self.differing
                                .push(format!("{number}: no row of {repeat}: {refused}"));
                        }
                    }
                    None => self.differing.push(format!("{number}: there is no {repeat}")),
                }
            }
            "removeRepeat" => {
                let place = first.unwrap_or(place);
                match place_of(self.session.interview(), place) {
                    Some(at) => {
                        if let Err(refused) = self.session.remove(&at, now()) {
                            self.differing.push(format!("{number}: {place} stays: {refused}"));
                        }
                    }
                    None => self.differing.push(format!("{number}: there is no {place}")),
                }
            }
            "setLanguage" => {
                let language = first.unwrap_or_default();
                if !self.session.set_language(language, now()) {
                    self.differing
                        .push(format!("{number}: there is no language {language}"));
                }
            }
            "read" => {
                if let (Some(result), Some("countRepeatInstancesOf")) =
                    (event["result"].as_u64(), event["what"].as_str())
                {
                    let repeat = first.unwrap_or_default();
                    let interview = self.session.interview();
                    let found = place_of(interview, repeat).map(|at| interview.rows(&at).len());
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
        self.tell(&event["diff"]);
        if event.get("diff").is_some() {
            compare::states(
                self.session.interview(),
                &self.expected,
                number,
                &mut self.differing,
            );
        }
    }

    fn answer(&mut self, place: &str, said: &[&Json], diff: &Json, number: &str) {
        let Some(at) = place_of(self.session.interview(), place) else {
            return self.differing.push(format!("{number}: there is no {place}"));
        };
        let recorded = diff[place]["value"].as_str().unwrap_or_default();
        // What is refused there without a trace is refused here with words.
        let _ = match said {
            [Json::Bool(holds)] => self.session.set(&at, Said::Condition(*holds), now()),
            said => self.session.set(&at, Said::Text(&typed(said, recorded)), now()),
        };
    }

    /// Tells the positions that the other engine was told by its test.
    fn tell(&mut self, diff: &Json) {
        let recorded = diff.as_object().into_iter().flatten().find_map(|(place, state)| {
            let at = place_of(self.session.interview(), place)?;
            let is_asked = self.session.asks().iter().any(|ask| ask.at == at);
            state["value"]
                .as_str()
                .filter(|value| is_asked && !value.is_empty())
        });
        if recorded.is_some() {
            self.session.locate(recorded, now());
            self.session.locate(None, now());
        }
    }
}

/// What was typed, as text; objects were not recorded, so they are what they became.
fn typed(said: &[&Json], recorded: &str) -> String {
    let words = said.iter().map(|said| match said {
        Json::String(text) if text.starts_with("(object ") => recorded.to_string(),
        Json::String(text) => text.clone(),
        Json::Number(number) => number.to_string(),
        Json::Bool(holds) => holds.to_string(),
        Json::Null | Json::Array(_) | Json::Object(_) => String::new(),
    });
    words.collect::<Vec<String>>().join(" ")
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
