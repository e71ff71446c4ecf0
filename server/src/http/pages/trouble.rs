//! What went wrong, told to people as a page and to devices as JSON: what it is and what to do, never its causes.

use askama::Template;
use sampan_sync::error::SyncError;
use serde_json::{Value, json};

use crate::access::Principal;
use crate::error::OfficeError;
use crate::http::Site;
use crate::http::ask::{Content, Reply, Trouble};
use crate::http::pages::Frame;
use crate::http::routes::Speaks;
use crate::http::words;
use crate::people;

#[derive(Template)]
#[template(path = "trouble.html")]
struct Page<'a> {
    frame: &'a Frame,
    status: u16,
    message: &'a str,
    advice: &'a str,
}

/// What is said about a trouble.
struct Said {
    status: u16,
    code: &'static str,
    title: &'static str,
    message: String,
    advice: String,
}

/// The answer to a request that was not done.
pub fn explain(site: &Site, speaks: Speaks, session: Option<&str>, trouble: &Trouble) -> Reply {
    let said = say(trouble);
    if speaks == Speaks::Json {
        let mut body = json!({"code": said.code, "message": said.message, "advice": said.advice});
        if let (
            Trouble::NoToken {
                challenge: Some(challenge),
            },
            Some(fields),
        ) = (trouble, body.as_object_mut())
        {
            fields.insert("challenge".into(), Value::String(challenge.clone()));
        }
        // A device of a later version writes again in a version this office reads.
        if let (Trouble::Office(OfficeError::Sync(SyncError::Version { ours, .. })), Some(fields)) =
            (trouble, body.as_object_mut())
        {
            fields.insert("oldest".into(), Value::from(ours.oldest));
            fields.insert("newest".into(), Value::from(ours.newest));
        }
        return Reply::of(Content::Json(said.status, body));
    }
    if let Trouble::SignIn(target) = trouble {
        let next = if target == "/interviews" { "" } else { target };
        return Reply::see(words::link("/sign-in", &[("next", &next.to_string())]));
    }
    // A page for somebody who has signed in keeps its way back; a session that cannot be read now is no reason to fail.
    let who: Option<Principal> =
        session.and_then(|token| people::session(&site.office, token).ok().flatten());
    let frame = match &who {
        Some(who) => Frame::of(site, who, "", said.title),
        None => Frame::bare(site, said.title),
    };
    let page = Page {
        frame: &frame,
        status: said.status,
        message: &said.message,
        advice: &said.advice,
    };
    match page.render() {
        Ok(html) => Reply::of(Content::Page(said.status, html)),
        Err(_) => Reply::of(Content::Text("The office could not make this page. Try again.")),
    }
}

/// Seconds for `Retry-After`, where waiting helps.
pub fn retry_after_s(trouble: &Trouble) -> Option<u32> {
    match trouble {
        Trouble::Busy { retry_after_s } | Trouble::Office(OfficeError::Busy { retry_after_s }) => {
            Some(*retry_after_s)
        }
        Trouble::Office(OfficeError::DiskFull | OfficeError::Sync(SyncError::StoreFull(_))) => Some(300),
        Trouble::Office(OfficeError::Sync(SyncError::StoreBusy(_))) => Some(5),
        _ => None,
    }
}

fn say(trouble: &Trouble) -> Said {
    let said = |status, code, title, message: &str, advice: &str| Said {
        status,
        code,
        title,
        message: message.into(),
        advice: advice.into(),
    };
    match trouble {
        Trouble::Office(error) => say_office(error),
        Trouble::NoPage => said(
            404,
            "absent",
            "Nothing here",
            "There is nothing at this address, or it is not in your part of the study.",
            "Check the address, or go to the interviews.",
        ),
        Trouble::NoMethod => said(
            405,
            "method",
            "Not like this",
            "This address is there, but not for this kind of request.",
            "Go back to the page with the form and use its button.",
        ),
        Trouble::SignIn(_) => said(
            401,
            "sign_in",
            "Sign in",
            "Sign in first.",
            "Go to the sign-in page.",
        ),
        Trouble::SessionOver => said(
            401,
            "session_over",
            "Your session is over",
            "You were signed out after a while without activity. What you sent was not taken in, and it is not lost: it still stands in the form.",
            "Sign in again in another tab, then come back here, go one page back and press the button again.",
        ),
        Trouble::NotOurPage => said(
            403,
            "not_our_page",
            "This form is out of date",
            "The form did not come from a fresh page of this office, so nothing was done.",
            "Go back, load the page again, and send the form once more. If it stays, allow cookies for this address.",
        ),
        Trouble::Unreadable(what) => said(
            400,
            "unreadable",
            "Not readable",
            what,
            "Go back and try again; if an app sent it, update the app.",
        ),
        Trouble::TooLarge { limit_bytes } => Said {
            status: 413,
            code: "too_large",
            title: "Too large",
            message: format!(
                "This is more than the office takes at once: at most {}.",
                words::size(&u64::try_from(*limit_bytes).unwrap_or(u64::MAX))
            ),
            advice: "Make it smaller, or send it in parts.".into(),
        },
        Trouble::TooSlow => said(
            408,
            "too_slow",
            "The line stood still",
            "Nothing arrived for half a minute, so the office stopped waiting.",
            "Nothing is lost. Try again where the signal is better.",
        ),
        Trouble::Busy { retry_after_s } => Said {
            status: 503,
            code: "busy",
            title: "A moment, please",
            message: "The office has too much to do at once.".into(),
            advice: format!("Nothing is lost. Try again in {retry_after_s} seconds."),
        },
        Trouble::NoToken { .. } => said(
            401,
            "token",
            "No token",
            "The office needs a fresh proof of which device this is.",
            "The app renews it by itself: sign the challenge and send it to /v1/devices/token. What is on the device is safe.",
        ),
        Trouble::Revoked => said(
            403,
            "revoked",
            "Shut out",
            "This device was shut out by the office.",
            "What is on the device is kept. Ask your supervisor to let it in again, or for a new enrolment code.",
        ),
        Trouble::Broken(_) => broken(),
    }
}

fn say_office(error: &OfficeError) -> Said {
    let title = match error {
        OfficeError::Sync(sync) => return say_sync(error, sync),
        OfficeError::SignInRefused => "Not signed in",
        OfficeError::Absent => "Nothing here",
        OfficeError::Denied(_) => "Not yours to do",
        OfficeError::Invalid { .. } => "Not like this",
        OfficeError::Conflict { .. } => "Something changed",
        OfficeError::Busy { .. } => "A moment, please",
        OfficeError::DiskFull => "The office's disk is full",
        OfficeError::Store(_) | OfficeError::File { .. } | OfficeError::Damaged(_) => return broken(),
    };
    Said {
        status: error.status(),
        code: error.code(),
        title,
        message: error.to_string(),
        advice: error.advice(),
    }
}

/// A message of the protocol says itself what to do, after its semicolon; a failing store keeps its causes.
fn say_sync(error: &OfficeError, sync: &SyncError) -> Said {
    match sync {
        SyncError::StoreFull(_) => return say_office(&OfficeError::DiskFull),
        SyncError::Store { .. } => return broken(),
        SyncError::Malformed { .. }
        | SyncError::TooLarge { .. }
        | SyncError::Version { .. }
        | SyncError::Foreign
        | SyncError::Stuck { .. }
        | SyncError::OutOfTurn
        | SyncError::StoreBusy(_) => {}
    }
    let text = sync.to_string();
    let (message, advice) = text.split_once("; ").unwrap_or((text.as_str(), "try again"));
    Said {
        status: error.status(),
        code: error.code(),
        title: "Not like this",
        message: message.to_string(),
        advice: advice.to_string(),
    }
}

fn broken() -> Said {
    Said {
        status: 500,
        code: "office_failed",
        title: "The office made a mistake",
        message: "Something went wrong here, not with you. What was kept before is kept.".into(),
        advice: "Try again. If it stays, tell an admin the time: the cause stands in the server's log."
            .into(),
    }
}
