//! `sampan form run --rpc`: a form driven by another program, step by step.

use std::sync::Arc;

use sampan_interview::instance::Envelope;
use sampan_interview::plan::Plan;
use sampan_interview::refusal::Refused;
use sampan_interview::session::{Said, Session};
use serde_json::{Map, Value, json};

use crate::failure::{Failure, Outcome};
use crate::lines::{self, Fields, Trouble};
use crate::rehearsing::meta::{self, Names};
use crate::rehearsing::nearest::nearest;
use crate::rehearsing::setting::Setting;
use crate::rehearsing::shape::{self, Shown, State, Widgets};
use crate::rehearsing::source::{self, Loaded};
use crate::terminal::Terminal;

/// The longest list of choices in a state when nothing else is said.
const CHOICES: u64 = 500;

/// All that a request may say.
const KNOWN: &[&str] = &[
    "id",
    "op",
    "path",
    "name",
    "text",
    "base64",
    "attachments",
    "lenient",
    "form_name",
    "language",
    "now",
    "tz",
    "seed",
    "username",
    "deviceid",
    "email",
    "phonenumber",
    "position",
    "manner",
    "max_choices",
    "texts",
    "instance",
    "instance_id",
    "at",
    "value",
    "missing",
    "set",
    "add",
    "remove",
    "diff",
    "xml",
];

const OPS: &str = "hello, load, set, add, remove, state, choices, language, clock, position, validate, finish, instance, \
                   edit, reset, quit";

/// Answers requests until there are no more.
pub fn serve(terminal: &mut Terminal) -> Result<Outcome, Failure> {
    let mut driven: Option<Driven> = None;
    lines::serve(terminal, |request| {
        let mut reply = answer(&mut driven, request)?;
        let ignored: Vec<&String> = request
            .0
            .keys()
            .filter(|field| !KNOWN.contains(&field.as_str()))
            .collect();
        if !ignored.is_empty() {
            reply.insert("ignored".into(), json!(ignored));
        }
        Ok(reply)
    })
}

/// A form that is driven.
struct Driven {
    plan: Arc<Plan>,
    session: Session,
    widgets: Widgets,
    shown: Shown,
    last: State,
    setting: Setting,
    names: Names,
}

fn answer(driven: &mut Option<Driven>, request: &Fields<'_>) -> Result<Map<String, Value>, Trouble> {
    let op = match request.text("op")? {
        Some(op) => op,
        None => ["set", "add", "remove"]
            .into_iter()
            .find(|op| request.any(op).is_some())
            .ok_or_else(|| Trouble::request(format!("the request has no op; there are {OPS}")))?,
    };
    match op {
        "hello" => {
            return Ok(lines::fields(json!({
                "program": "sampan form run",
                "protocol": 1,
                "version": env!("CARGO_PKG_VERSION"),
                "ops": OPS.split(", ").collect::<Vec<_>>(),
            })));
        }
        "load" => {
            // A form that cannot be loaded leaves none behind, so that nothing is said about the wrong one.
            *driven = None;
            let (loaded, reply) = load(request)?;
            *driven = Some(loaded);
            return Ok(reply);
        }
        _ => {}
    }
    let driven = driven.as_mut().ok_or_else(|| {
        Trouble::new(
            "not_loaded",
            "no form is loaded",
            "Load one first: {\"op\":\"load\",\"path\":…}",
        )
    })?;
    driven.setting.tell_time(request)?;
    match op {
        "set" => driven.set(request),
        "add" => driven.add(request),
        "remove" => driven.remove(request),
        "state" => driven.state(request),
        "choices" => driven.choices(request),
        "language" => driven.language(request),
        "clock" => driven.stepped(Map::new(), request),
        "position" => driven.locate(request),
        "validate" => Ok(driven.validate()),
        "finish" => driven.finish(request),
        "instance" => Ok(lines::fields(json!({"xml": driven.xml(request)?}))),
        "edit" => driven.edit(request),
        "reset" => driven.reset(request),
        other => Err(Trouble::request(format!(
            "there is no op {other:?}; there are {OPS}"
        ))),
    }
}

fn load(request: &Fields<'_>) -> Result<(Driven, Map<String, Value>), Trouble> {
    let loaded = source::requested(request)?;
    let plan = Arc::new(Plan::new(loaded.form.clone(), loaded.tables.clone()));
    let setting = Setting::usual()?.with(request)?;
    let shown = Shown {
        max_choices: usize::try_from(request.number("max_choices")?.unwrap_or(CHOICES)).unwrap_or(usize::MAX),
        texts: request.choice("texts")?.unwrap_or(true),
    };
    let session = Session::begin(plan.clone(), &setting.facts(), setting.manner);
    let mut driven = Driven {
        widgets: shape::widgets(&loaded.form),
        plan,
        session,
        shown,
        last: State::new(),
        names: Names {
            instance_id: setting.new_id(),
            deprecated_id: None,
        },
        setting,
    };
    driven.begin()?;
    let mut aside = Vec::new();
    if let Some(xml) = request.text("instance")? {
        aside = driven.open(xml)?;
    }
    driven.last = driven.now_standing();
    let reply = lines::fields(json!({
        "form": about(&loaded),
        "warnings": source::said(&loaded.warnings, &loaded.name),
        "language": driven.session.interview().language(),
        "set_aside": aside,
        "asks": driven.asks(),
        "state": driven.last,
    }));
    Ok((driven, reply))
}

fn about(loaded: &Loaded) -> Value {
    let def = loaded.form.def();
    let version: String = loaded
        .form
        .version()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    json!({
        "id": def.form_id,
        "title": def.title,
        "version": def.version,
        "version_hash": version,
        "root": if def.root.is_empty() { "data" } else { &def.root },
        "languages": def.languages,
        "files": def.external.iter().map(|file| &file.file_name).collect::<Vec<_>>(),
        "n_questions": loaded.form.questions().count(),
    })
}

impl Driven {
    /// What a session is told at its beginning: language and position.
    fn begin(&mut self) -> Result<(), Trouble> {
        self.speak()?;
        let position = self.setting.position.as_deref();
        match position.is_none() || self.session.locate(position, self.setting.now) {
            true => Ok(()),
            false => Err(no_position()),
        }
    }

    fn locate(&mut self, request: &Fields<'_>) -> Result<Map<String, Value>, Trouble> {
        let position = request.text("value")?.or(request.text("position")?);
        if !self.session.locate(position, self.setting.now) {
            return Err(no_position());
        }
        self.setting.position = position.map(str::to_string);
        self.stepped(Map::new(), request)
    }

    fn speak(&mut self) -> Result<(), Trouble> {
        let Some(language) = self.setting.language.clone() else {
            return Ok(());
        };
        match self.session.set_language(&language, self.setting.now) {
            true => Ok(()),
            false => Err(Trouble::new(
                "no_language",
                format!("the form is not written in {language}"),
                "Take one of the languages",
            )
            .with("languages", json!(self.plan.form().languages()))),
        }
    }

    fn asks(&self) -> Value {
        let asks = self.session.asks().iter();
        asks.map(|ask| json!({"at": self.session.path(&ask.at), "what": ask.what}))
            .collect()
    }

    fn now_standing(&self) -> State {
        let mut state = shape::state(&self.session, &self.widgets, self.shown);
        meta::add(self.session.interview(), &self.names, self.shown, &mut state);
        state
    }

    /// The reply of a step: with what became different.
    fn stepped(
        &mut self,
        mut reply: Map<String, Value>,
        request: &Fields<'_>,
    ) -> Result<Map<String, Value>, Trouble> {
        if !self.session.asks().is_empty() {
            reply.insert("asks".into(), self.asks());
        }
        if request.choice("diff")?.unwrap_or(true) {
            let after = self.now_standing();
            reply.insert("diff".into(), Value::Object(shape::diff(&self.last, &after)));
            self.last = after;
        }
        Ok(reply)
    }

    fn place_text<'a>(&self, request: &Fields<'a>, short: &str) -> Result<&'a str, Trouble> {
        match request.text("at")? {
            Some(at) => Ok(at),
            None => request
                .text(short)?
                .ok_or_else(|| Trouble::request("the request has no at")),
        }
    }

    fn unknown(&self, path: &str) -> Trouble {
        if self.last.contains_key(path) {
            let advice = "An id is told by instance_id with load, edit and reset; the rest computes itself";
            return Trouble::new("no_such_place", format!("nobody answers at {path}"), advice)
                .with("path", json!(path));
        }
        let places = self.session.standing(false).into_iter().map(|item| item.place);
        let found = nearest(path, &places.collect::<Vec<_>>());
        let advice = match &found.nearest {
            Some(place) => format!("Did you mean {place}?"),
            None => "Write places as the state does: /data/person[2]/age, rows counted from 1".into(),
        };
        let trouble = Trouble::new("no_such_place", found.message, advice).with("path", json!(path));
        match found.nearest {
            Some(place) => trouble.with("nearest", json!(place)),
            None => trouble,
        }
    }

    fn set(&mut self, request: &Fields<'_>) -> Result<Map<String, Value>, Trouble> {
        let path = self.place_text(request, "set")?;
        let at = self
            .session
            .interview()
            .place(path)
            .ok_or_else(|| self.unknown(path))?;
        let value = text_of(request.any("value"))?;
        let said = match (request.text("missing")?, request.any("value")) {
            (Some(missing), _) => Said::Missing(missing),
            (None, Some(Value::Bool(flag))) => Said::Condition(*flag),
            (None, _) => Said::Text(&value),
        };
        let mut reply = Map::new();
        match self.session.set(&at, said, self.setting.now) {
            Ok(problem) => {
                reply.insert("accepted".into(), json!(true));
                let word = problem.as_ref().map(|problem| shape::violation(problem.kind));
                reply.insert("violation".into(), json!(word));
                if let Some(problem) = problem {
                    reply.insert("message".into(), json!(problem.message));
                }
            }
            Err(refused) => refuse(&refused, &mut reply),
        }
        self.stepped(reply, request)
    }

    fn add(&mut self, request: &Fields<'_>) -> Result<Map<String, Value>, Trouble> {
        let path = self.place_text(request, "add")?;
        let at = self
            .session
            .interview()
            .place(path)
            .ok_or_else(|| self.unknown(path))?;
        let mut reply = Map::new();
        match self.session.add(&at, self.setting.now) {
            Ok(row) => {
                reply.insert("accepted".into(), json!(true));
                reply.insert("row".into(), json!(self.session.path(&row)));
            }
            Err(refused) => refuse(&refused, &mut reply),
        }
        self.stepped(reply, request)
    }

    fn remove(&mut self, request: &Fields<'_>) -> Result<Map<String, Value>, Trouble> {
        let path = self.place_text(request, "remove")?;
        let at = self
            .session
            .interview()
            .place(path)
            .ok_or_else(|| self.unknown(path))?;
        let mut reply = Map::new();
        match self.session.remove(&at, self.setting.now) {
            Ok(()) => {
                reply.insert("accepted".into(), json!(true));
            }
            Err(refused) => refuse(&refused, &mut reply),
        }
        self.stepped(reply, request)
    }

    fn state(&mut self, request: &Fields<'_>) -> Result<Map<String, Value>, Trouble> {
        let all = self.now_standing();
        let state: State = match request.text("at")? {
            None => all.clone(),
            Some(path) => {
                let inside = |place: &String| {
                    place
                        .strip_prefix(path)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '[']))
                };
                let part: State = all
                    .iter()
                    .filter(|(place, _)| inside(place))
                    .map(|(place, state)| (place.clone(), state.clone()))
                    .collect();
                if part.is_empty() {
                    return Err(self.unknown(path));
                }
                part
            }
        };
        let reply = json!({
            "language": self.session.interview().language(),
            "now": self.setting.now.to_rfc3339(),
            "asks": self.asks(),
            "state": state,
        });
        self.last = all;
        Ok(lines::fields(reply))
    }

    fn choices(&mut self, request: &Fields<'_>) -> Result<Map<String, Value>, Trouble> {
        let path = request.needed("at")?;
        let at = self
            .session
            .interview()
            .place(path)
            .ok_or_else(|| self.unknown(path))?;
        let choices = self.session.interview().choices(&at);
        let pairs: Vec<Value> = choices.iter().map(shape::pair).collect();
        Ok(lines::fields(json!({"choices": pairs})))
    }

    fn language(&mut self, request: &Fields<'_>) -> Result<Map<String, Value>, Trouble> {
        self.setting.language = Some(request.needed("language")?.to_string());
        self.speak()?;
        let language = self.session.interview().language().to_string();
        self.stepped(lines::fields(json!({"language": language})), request)
    }

    fn problems(&self) -> Vec<Value> {
        let problems = self.session.interview().problems();
        problems
            .iter()
            .map(|problem| shape::problem(&self.session, problem))
            .collect()
    }

    fn validate(&self) -> Map<String, Value> {
        let problems = self.problems();
        let blocks = |problem: &&Value| problem.get("blocks") == Some(&json!(true));
        let first = problems.iter().find(blocks).cloned();
        lines::fields(json!({"valid": first.is_none(), "first": first, "problems": problems}))
    }

    fn finish(&mut self, request: &Fields<'_>) -> Result<Map<String, Value>, Trouble> {
        let is_finished = self.session.finish(self.setting.now).is_ok();
        let mut reply = self.validate();
        reply.insert("finished".into(), json!(is_finished));
        if is_finished {
            reply.insert("xml".into(), json!(self.xml(request)?));
        }
        self.stepped(reply, request)
    }

    fn xml(&self, request: &Fields<'_>) -> Result<String, Trouble> {
        let id = request.text("instance_id")?.unwrap_or(&self.names.instance_id);
        Ok(self.session.interview().instance(&Envelope {
            instance_id: Some(id.to_string()),
            deprecated_id: self.names.deprecated_id.clone(),
        }))
    }

    /// Opens a document to edit it.
    fn open(&mut self, xml: &str) -> Result<Vec<String>, Trouble> {
        let facts = self.setting.facts();
        let (session, contents) = Session::edit(self.plan.clone(), &facts, self.setting.manner, xml)
            .map_err(|error| {
                let advice = "Give the XML of an interview of this form, as instance gives it";
                Trouble::new("bad_instance", error.to_string(), advice)
            })?;
        self.session = session;
        self.begin()?;
        let instance_id = self.setting.new_id();
        self.names = Names {
            deprecated_id: contents.instance_id.filter(|id| *id != instance_id),
            instance_id,
        };
        Ok(contents.set_aside)
    }

    fn edit(&mut self, request: &Fields<'_>) -> Result<Map<String, Value>, Trouble> {
        let xml = match request.text("xml")? {
            Some(xml) => xml,
            None => request.needed("instance")?,
        };
        self.setting = self.setting.clone().with(request)?;
        let aside = self.open(xml)?;
        self.last = self.now_standing();
        Ok(lines::fields(
            json!({"set_aside": aside, "asks": self.asks(), "state": self.last}),
        ))
    }

    fn reset(&mut self, request: &Fields<'_>) -> Result<Map<String, Value>, Trouble> {
        self.setting = self.setting.clone().with(request)?;
        self.session = Session::begin(self.plan.clone(), &self.setting.facts(), self.setting.manner);
        self.begin()?;
        self.names = Names {
            instance_id: self.setting.new_id(),
            deprecated_id: None,
        };
        self.last = self.now_standing();
        Ok(lines::fields(json!({"asks": self.asks(), "state": self.last})))
    }
}

fn no_position() -> Trouble {
    Trouble::request(
        "a position is latitude and longitude, and if known altitude and accuracy: 13.36 103.86 0 5",
    )
}

fn refuse(refused: &Refused, reply: &mut Map<String, Value>) {
    reply.insert("accepted".into(), json!(false));
    reply.insert("reason".into(), json!(refused.reason));
    reply.insert("message".into(), json!(refused.message));
}

/// What is said at a question, as text: numbers and conditions may be JSON, several choices a list.
fn text_of(value: Option<&Value>) -> Result<String, Trouble> {
    match value {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(Value::Bool(flag)) => Ok(flag.to_string()),
        Some(Value::Array(parts)) => {
            let parts: Result<Vec<String>, Trouble> = parts
                .iter()
                .map(|part| match part {
                    Value::Array(_) | Value::Object(_) => Err(no_value()),
                    part => text_of(Some(part)),
                })
                .collect();
            Ok(parts?.join(" "))
        }
        Some(Value::Object(_)) => Err(no_value()),
    }
}

fn no_value() -> Trouble {
    Trouble::request("value is a text, number, condition, list of these, or null")
}
