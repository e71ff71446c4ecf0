//! Requests of another program: one JSON object a line in, one a line out, whatever comes in.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::{Map, Value, json};

use crate::failure::{Failure, Outcome};
use crate::terminal::{Request, Terminal};

/// Longest request, in bytes.
pub const REQUEST_BYTES: u64 = 128 * 1024 * 1024;

/// Why a request was not done.
#[derive(Debug, Clone, PartialEq)]
pub struct Trouble {
    /// Stable word for programs.
    code: &'static str,
    /// What is wrong, a sentence.
    message: String,
    /// What to do, a sentence.
    advice: String,
    /// Further fields: where it is wrong.
    fields: Map<String, Value>,
}

impl Trouble {
    /// An error with its code, what is wrong and what to do.
    pub fn new(code: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Trouble {
        Trouble {
            code,
            message: message.into(),
            advice: advice.into(),
            fields: Map::new(),
        }
    }

    /// A request that lacks something, or has something of the wrong type.
    pub fn request(message: impl Into<String>) -> Trouble {
        Trouble::new(
            "bad_request",
            message,
            "Send it as docs/form-adapters.md describes it",
        )
    }

    /// With a further field.
    pub fn with(mut self, field: &str, value: Value) -> Trouble {
        self.fields.insert(field.to_string(), value);
        self
    }

    fn json(self) -> Value {
        let mut object = self.fields;
        object.insert("code".into(), json!(self.code));
        object.insert("message".into(), json!(self.message));
        object.insert("advice".into(), json!(self.advice));
        Value::Object(object)
    }
}

/// A request as an object, with reading that says what is wrong.
pub struct Fields<'a>(pub &'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// A field that is there and not null.
    pub fn any(&self, field: &str) -> Option<&'a Value> {
        self.0.get(field).filter(|value| !value.is_null())
    }

    /// A text.
    pub fn text(&self, field: &str) -> Result<Option<&'a str>, Trouble> {
        match self.any(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Trouble::request(format!("{field} must be a text"))),
        }
    }

    /// A text that must be there.
    pub fn needed(&self, field: &str) -> Result<&'a str, Trouble> {
        self.text(field)?
            .ok_or_else(|| Trouble::request(format!("the request has no {field}")))
    }

    /// A condition; false when it is not there.
    pub fn flag(&self, field: &str) -> Result<bool, Trouble> {
        Ok(self.choice(field)?.unwrap_or(false))
    }

    /// A condition that may be left open.
    pub fn choice(&self, field: &str) -> Result<Option<bool>, Trouble> {
        match self.any(field) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(Trouble::request(format!("{field} must be true or false"))),
        }
    }

    /// A whole number from 0.
    pub fn number(&self, field: &str) -> Result<Option<u64>, Trouble> {
        match self.any(field) {
            None => Ok(None),
            Some(value) => value
                .as_u64()
                .or_else(|| value.as_i64().map(i64::cast_unsigned))
                .map(Some)
                .ok_or_else(|| Trouble::request(format!("{field} must be a whole number"))),
        }
    }

    /// Several values.
    pub fn list(&self, field: &str) -> Result<&'a [Value], Trouble> {
        match self.any(field) {
            None => Ok(&[]),
            Some(Value::Array(values)) => Ok(values),
            Some(_) => Err(Trouble::request(format!("{field} must be a list"))),
        }
    }
}

/// Answers each request until there are no more, or one says `quit`.
pub fn serve(
    terminal: &mut Terminal,
    mut answer: impl FnMut(&Fields<'_>) -> Result<Map<String, Value>, Trouble>,
) -> Result<Outcome, Failure> {
    while let Some(request) = terminal.request(REQUEST_BYTES)? {
        let (id, outcome) = match object(request) {
            Ok(None) => continue,
            Err(trouble) => (None, Err(trouble)),
            Ok(Some(object)) => {
                let id = object.get("id").cloned();
                if object.get("op").and_then(Value::as_str) == Some("quit") {
                    terminal.line(Value::Object(reply(id, Ok(Map::new()))))?;
                    return Ok(Outcome::Done);
                }
                // A mistake in this program costs one request, not the driver's whole run.
                let done = catch_unwind(AssertUnwindSafe(|| answer(&Fields(&object))));
                let failed = |_| {
                    Err(Trouble::new(
                        "internal",
                        "this program made a mistake",
                        "Report the request; the state may be damaged, so load anew",
                    ))
                };
                (id, done.unwrap_or_else(failed))
            }
        };
        terminal.line(Value::Object(reply(id, outcome)))?;
    }
    Ok(Outcome::Done)
}

fn object(request: Request) -> Result<Option<Map<String, Value>>, Trouble> {
    let line = match request {
        Request::Line(line) => line,
        Request::NoText => {
            return Err(Trouble::new(
                "bad_json",
                "the line is not UTF-8 text",
                "Send JSON in UTF-8",
            ));
        }
        Request::TooLong => {
            return Err(Trouble::new(
                "too_large",
                format!("the line has more than {REQUEST_BYTES} bytes"),
                "Give large files by their path",
            ));
        }
    };
    if line.trim().is_empty() {
        return Ok(None);
    }
    match serde_json::from_str(line.trim_start_matches('\u{feff}')) {
        Ok(Value::Object(object)) => Ok(Some(object)),
        Ok(_) => Err(Trouble::new(
            "bad_json",
            "the line is JSON but no object",
            "Send one object a line, such as {\"op\":\"state\"}",
        )),
        Err(error) => Err(Trouble::new(
            "bad_json",
            format!("the line is no JSON: {error}"),
            "Send one object a line, without line breaks in it",
        )
        .with("column", json!(error.column()))),
    }
}

fn reply(id: Option<Value>, outcome: Result<Map<String, Value>, Trouble>) -> Map<String, Value> {
    let mut reply = Map::new();
    if let Some(id) = id {
        reply.insert("id".into(), id);
    }
    reply.insert("ok".into(), json!(outcome.is_ok()));
    match outcome {
        Ok(fields) => reply.extend(fields),
        Err(trouble) => {
            reply.insert("error".into(), trouble.json());
        }
    }
    reply
}

/// The fields of an object that was made with `json!`.
pub fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
