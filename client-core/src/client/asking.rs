//! One request to the office, and what its answer means.

use sampan_sync::version::Range;
use serde::Deserialize;
use serde_json::Value;

use crate::client::Inner;
use crate::error::{ClientError, Stranger};
use crate::transport::{Reply, Request};

/// Most bytes of a JSON answer.
const JSON_BYTES: u64 = 64 * 1024;

/// The office's way to say no.
#[derive(Debug, Deserialize)]
pub(super) struct Refusal {
    code: String,
    message: String,
    #[serde(default)]
    advice: String,
    /// With 401: what to sign.
    pub(super) challenge: Option<String>,
    /// With 426: the versions of the protocol that the office speaks.
    oldest: Option<u16>,
    newest: Option<u16>,
}

impl Refusal {
    /// The versions of the protocol that the office speaks, if it says so.
    pub(super) fn versions(&self) -> Option<Range> {
        let (oldest, newest) = (self.oldest?, self.newest?);
        (oldest <= newest).then_some(Range { oldest, newest })
    }
}

/// Sends JSON and gives the JSON that came back with status 200.
pub(super) fn json(inner: &Inner, url: &str, body: &Value) -> Result<Value, ClientError> {
    let reply = inner.transport.post(Request {
        url,
        content_type: "application/json",
        bearer: None,
        body: body.to_string().as_bytes(),
        max_reply_bytes: JSON_BYTES,
    })?;
    if reply.content_type != "application/json" {
        return Err(not_the_office(&reply));
    }
    if reply.status != 200 {
        return Err(refused(&reply));
    }
    serde_json::from_slice(&reply.body).map_err(|error| ClientError::BadAnswer {
        reason: error.to_string(),
    })
}

/// The office's refusal in an answer; None when it is none.
pub(super) fn refusal(reply: &Reply) -> Option<Refusal> {
    if reply.content_type != "application/json" {
        return None;
    }
    serde_json::from_slice(&reply.body).ok()
}

/// An answer with another status than 200, as an error.
pub(super) fn refused(reply: &Reply) -> ClientError {
    match refusal(reply) {
        Some(refusal) => ClientError::Office {
            status: reply.status,
            code: refusal.code,
            message: refusal.message,
            advice: if refusal.advice.is_empty() {
                "Try again later; your interviews are safe here.".into()
            } else {
                refusal.advice
            },
            retry_after_s: reply.retry_after_s,
        },
        None => not_the_office(reply),
    }
}

/// Something answered that does not speak as the office does.
pub(super) fn not_the_office(reply: &Reply) -> ClientError {
    let is_page = matches!(reply.content_type.as_str(), "text/html" | "application/xhtml+xml");
    let kind = match reply.content_type.as_str() {
        "" => "an answer without a type",
        _ if is_page => "a web page",
        other => other,
    };
    let stranger = match reply.status {
        500 | 502..=504 => Stranger::Gateway,
        // "Network authentication required".
        511 => Stranger::Portal,
        200..=299 | 401 | 403 if is_page => Stranger::Portal,
        _ => Stranger::Other,
    };
    ClientError::NotTheOffice {
        stranger,
        found: format!("{kind}, status {}", reply.status),
        retry_after_s: reply.retry_after_s,
    }
}

/// A text in a JSON answer.
pub(super) fn text<'a>(value: &'a Value, path: &str) -> Result<&'a str, ClientError> {
    value
        .pointer(path)
        .and_then(Value::as_str)
        .ok_or_else(|| ClientError::BadAnswer {
            reason: format!("{path} is missing"),
        })
}
