//! What every request passes: who is it, may they come here, what did they bring, and how the answer leaves.

use std::io::Write;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Form, FromRequest, FromRequestParts, Multipart, Query, RawPathParams, Request};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::request::Parts;
use axum::response::Response;

use crate::access::Role;
use crate::devices;
use crate::error::OfficeError;
use crate::http::Site;
use crate::http::ask::{Ask, Content, Reply, Sent, Trouble, Who};
use crate::http::body::{self, BodyError};
use crate::http::listen::Caller;
use crate::http::pages::trouble;
use crate::http::routes::{Access, Route, Speaks, Takes, Verb};
use crate::http::session;
use crate::people;
use crate::tokens;

const MAX_FIELDS: usize = 4000;
const MAX_FILES: usize = 64;
const MAX_NAME_BYTES: usize = 255;

/// What each answer carries, so that no browser is led astray by what people write into interviews.
static HEADERS: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; \
         base-uri 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("strict-transport-security", "max-age=31536000"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
];

/// One request to one route, from its head to its answer.
pub async fn pass(site: Arc<Site>, route: &'static Route, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let outcome = conduct(&site, route, &mut parts, body).await;
    let cookie = session::cookie(&parts.headers, session::SESSION);
    finish(site, route.speaks, route.path, cookie, outcome).await
}

/// A request that no route is for.
pub async fn lost(site: Arc<Site>, is_method: bool, request: Request) -> Response {
    let speaks = match request.uri().path().starts_with("/v1/") {
        true => Speaks::Json,
        false => Speaks::Html,
    };
    let cookie = session::cookie(request.headers(), session::SESSION);
    let trouble = match is_method {
        true => Trouble::NoMethod,
        false => Trouble::NoPage,
    };
    body::drain(request.into_body(), &site.limits).await;
    finish(site, speaks, "(none)", cookie, Err(trouble)).await
}

async fn conduct(
    site: &Arc<Site>,
    route: &'static Route,
    parts: &mut Parts,
    body: Body,
) -> Result<Reply, Trouble> {
    let who = match identify(site, route, parts).await {
        Ok(who) => who,
        Err(trouble) => {
            // Read away, so that the refusal arrives and not a broken connection.
            body::drain(body, &site.limits).await;
            return Err(trouble);
        }
    };
    if route.verb == Verb::Post && route.speaks == Speaks::Html && !session::is_own_page(&parts.headers) {
        body::drain(body, &site.limits).await;
        return Err(Trouble::NotOurPage);
    }
    let declared_bytes = parts
        .headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse().ok());
    let held = body::read(
        body,
        declared_bytes,
        route.takes.limit_bytes(),
        &site.limits,
        &site.budget,
    )
    .await
    .map_err(|error| match error {
        BodyError::TooLarge => Trouble::TooLarge {
            limit_bytes: route.takes.limit_bytes(),
        },
        BodyError::TooSlow => Trouble::TooSlow,
        BodyError::Busy => Trouble::Busy {
            retry_after_s: site.turns.later_s(&site.office),
        },
        BodyError::Broken => Trouble::Unreadable("The request broke off."),
    })?;
    let mut ask = Ask {
        site: Arc::clone(site),
        who,
        path: path_parts(parts).await?,
        query: query(parts)?,
        fields: Vec::new(),
        files: Vec::new(),
        body: Bytes::new(),
        visit: session::cookie(&parts.headers, session::VISIT).unwrap_or_default(),
        address: parts.extensions.get::<Caller>().map(|caller| caller.0.ip()),
        target: parts
            .uri
            .path_and_query()
            .map(|target| target.as_str().to_string())
            .unwrap_or_default(),
    };
    match route.takes {
        Takes::Nothing => {}
        Takes::Raw(_) => ask.body = held.bytes.clone(),
        Takes::Form(_) => read_form(&mut ask, &parts.headers, held.bytes.clone()).await?,
    }
    if route.verb == Verb::Post && route.speaks == Speaks::Html {
        check_seal(&ask)?;
    }
    let act = route.act;
    tokio::task::spawn_blocking(move || {
        let reply = act(&ask);
        drop(held);
        reply
    })
    .await
    .unwrap_or_else(|error| Err(Trouble::Broken(format!("a handler stopped: {error}"))))
}

/// Who asks, as far as the route wants to know, and whether that is enough for it.
async fn identify(site: &Arc<Site>, route: &'static Route, parts: &Parts) -> Result<Who, Trouble> {
    let target = parts
        .uri
        .path_and_query()
        .map(|target| target.as_str().to_string())
        .unwrap_or_default();
    let least = match route.access {
        Access::Anyone => return Ok(Who::Nobody),
        Access::Device => return identify_device(site, &parts.headers).await,
        Access::Person => Role::Enumerator,
        Access::Reviewer => Role::Supervisor,
        Access::Admin => Role::Admin,
    };
    let missing = || match route.verb {
        Verb::Get => Trouble::SignIn(target.clone()),
        Verb::Post => Trouble::SessionOver,
    };
    let token = session::cookie(&parts.headers, session::SESSION).ok_or_else(missing)?;
    let found = {
        let site = Arc::clone(site);
        let token = token.clone();
        blocking(move || people::session(&site.office, &token).map_err(Trouble::from)).await?
    };
    let principal = found.ok_or_else(missing)?;
    if principal.role() >= Some(least) {
        Ok(Who::Person { principal, token })
    } else {
        Err(OfficeError::Denied("this part of the office is for others").into())
    }
}

async fn identify_device(site: &Arc<Site>, headers: &HeaderMap) -> Result<Who, Trouble> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or(Trouble::NoToken { challenge: None })?
        .to_string();
    let site = Arc::clone(site);
    blocking(move || {
        let now_ms = site.office.now_ms();
        let refused = || Trouble::NoToken {
            challenge: tokens::claimed_device(&token).map(|device| {
                let random = u128::from_be_bytes(site.office.random::<16>());
                site.tokens.challenge(device, random, now_ms)
            }),
        };
        let bearer = site.tokens.check(&token, now_ms).map_err(|_| refused())?;
        let caller = match devices::caller(&site.office, bearer.device) {
            Ok(caller) => caller,
            Err(OfficeError::Absent) => return Err(Trouble::NoToken { challenge: None }),
            Err(error) => return Err(error.into()),
        };
        if caller.is_revoked {
            return Err(Trouble::Revoked);
        }
        if caller.epoch != bearer.epoch {
            return Err(refused());
        }
        Ok(Who::Device(Box::new(caller)))
    })
    .await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Trouble> + Send + 'static,
) -> Result<T, Trouble> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(Trouble::Broken(format!("a look-up stopped: {error}"))))
}

async fn path_parts(parts: &mut Parts) -> Result<Vec<(String, String)>, Trouble> {
    let found = RawPathParams::from_request_parts(parts, &())
        .await
        .map_err(|_| Trouble::NoPage)?;
    Ok(found
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect())
}

fn query(parts: &Parts) -> Result<Vec<(String, String)>, Trouble> {
    Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
        .map(|query| query.0)
        .map_err(|_| {
            Trouble::Unreadable("The address has something after its question mark that cannot be read.")
        })
}

async fn read_form(ask: &mut Ask, headers: &HeaderMap, bytes: Bytes) -> Result<(), Trouble> {
    const UNREADABLE: Trouble = Trouble::Unreadable("The form did not arrive as forms do.");
    let kind = headers.get(header::CONTENT_TYPE).cloned().ok_or(UNREADABLE)?;
    let is_multipart = kind
        .to_str()
        .unwrap_or_default()
        .starts_with("multipart/form-data");
    let request = Request::post("/")
        .header(header::CONTENT_TYPE, kind)
        .body(Body::from(bytes))
        .map_err(|_| UNREADABLE)?;
    if !is_multipart {
        let fields = Form::<Vec<(String, String)>>::from_request(request, &())
            .await
            .map_err(|_| UNREADABLE)?;
        ask.fields = fields.0;
        return match ask.fields.len() <= MAX_FIELDS {
            true => Ok(()),
            false => Err(Trouble::Unreadable(
                "The form has more fields than any page of ours.",
            )),
        };
    }
    let mut request = request;
    axum::extract::DefaultBodyLimit::disable().apply(&mut request);
    let mut parts = Multipart::from_request(request, &())
        .await
        .map_err(|_| UNREADABLE)?;
    while let Some(part) = parts.next_field().await.map_err(|_| UNREADABLE)? {
        let field = part.name().unwrap_or_default().to_string();
        let file_name = part.file_name().map(str::to_string);
        let bytes = part.bytes().await.map_err(|_| UNREADABLE)?;
        match file_name {
            // A file field that was left empty.
            Some(name) if name.is_empty() && bytes.is_empty() => {}
            Some(name) => {
                if ask.files.len() >= MAX_FILES {
                    return Err(Trouble::Unreadable("These are more files than any form names."));
                }
                ask.files.push(Sent {
                    field,
                    name: file_name_of(&name)
                        .ok_or(Trouble::Unreadable("A file has a name that is no file name."))?,
                    bytes,
                });
            }
            None => {
                if ask.fields.len() >= MAX_FIELDS {
                    return Err(UNREADABLE);
                }
                let value = String::from_utf8(bytes.to_vec()).map_err(|_| UNREADABLE)?;
                ask.fields.push((field, value));
            }
        }
    }
    Ok(())
}

/// The last part of what a browser calls a file, if it can be a file's name.
fn file_name_of(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next()?.trim();
    let is_name = !last.is_empty()
        && last.len() <= MAX_NAME_BYTES
        && last != "."
        && last != ".."
        && !last.chars().any(char::is_control);
    is_name.then(|| last.to_string())
}

/// Forms carry a seal that only a page shown to the same person (before sign-in: the same browser) has.
fn check_seal(ask: &Ask) -> Result<(), Trouble> {
    let (purpose, text) = match &ask.who {
        Who::Person { principal, .. } => ("form", principal.person.to_string()),
        Who::Nobody => ("visit", ask.visit.clone()),
        Who::Device(_) => return Err(Trouble::NotOurPage),
    };
    let is_ours = !text.is_empty() && ask.site.tokens.is_sealed(purpose, &text, ask.field("csrf"));
    if is_ours { Ok(()) } else { Err(Trouble::NotOurPage) }
}

/// The answer as it leaves.
async fn finish(
    site: Arc<Site>,
    speaks: Speaks,
    path: &'static str,
    cookie: Option<String>,
    outcome: Result<Reply, Trouble>,
) -> Response {
    let reply = match outcome {
        Ok(reply) => reply,
        Err(trouble) => {
            log_if_ours(path, &trouble);
            let retry_after_s = trouble::retry_after_s(&trouble);
            let explained =
                blocking(move || Ok(trouble::explain(&site, speaks, cookie.as_deref(), &trouble))).await;
            let reply = explained
                .unwrap_or_else(|_| Reply::of(Content::Text("The office could not answer. Try again.")));
            let mut response = respond(reply);
            if let Some(seconds) = retry_after_s {
                response
                    .headers_mut()
                    .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            return response;
        }
    };
    respond(reply)
}

fn respond(reply: Reply) -> Response {
    let mut kept = "no-store";
    // No browser shows what a sync brings, and on a bad line each byte is waited for.
    let headers = match &reply.content {
        Content::Sync(_) => &[],
        _ => HEADERS,
    };
    let mut more: Vec<(HeaderName, String)> = Vec::new();
    let (status, media_type, body) = match reply.content {
        Content::Page(status, html) => (status, "text/html; charset=utf-8".to_string(), Body::from(html)),
        Content::See(target) => {
            more.push((header::LOCATION, target));
            (303, "text/plain; charset=utf-8".into(), Body::empty())
        }
        Content::Json(status, value) => (status, "application/json".into(), Body::from(value.to_string())),
        Content::Sync(bytes) => (200, "application/x-sampan-sync".into(), Body::from(bytes)),
        Content::Download {
            file_name,
            media_type,
            bytes,
        } => {
            more.push((header::CONTENT_DISPOSITION, attachment(&file_name)));
            (200, media_type, Body::from(bytes))
        }
        Content::Asset(media_type, bytes) => {
            kept = "public, max-age=31536000, immutable";
            (200, media_type.to_string(), Body::from(bytes))
        }
        Content::Text(text) => (200, "text/plain; charset=utf-8".into(), Body::from(text)),
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        axum::http::StatusCode::from_u16(status).unwrap_or(axum::http::StatusCode::INTERNAL_SERVER_ERROR);
    more.push((header::CONTENT_TYPE, media_type));
    more.push((header::CACHE_CONTROL, kept.into()));
    more.extend(
        headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.to_string())),
    );
    more.extend(
        reply
            .cookies
            .into_iter()
            .map(|cookie| (header::SET_COOKIE, cookie)),
    );
    for (name, value) in more {
        // What a header cannot say is left out; nothing that people wrote goes into one unencoded.
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// `Content-Disposition` for a name in any script (RFC 6266).
fn attachment(file_name: &str) -> String {
    let plain: String = file_name
        .chars()
        .map(|c| match c {
            c if c.is_ascii_alphanumeric() || "-_. ".contains(c) => c,
            _ => '_',
        })
        .collect();
    let encoded: String = file_name
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

/// Failures of the office itself go to the log with their causes; nobody else sees these. The route's pattern
/// stands for the path, so that no word of a search ends up there.
fn log_if_ours(path: &str, trouble: &Trouble) {
    let error: &dyn std::error::Error = match trouble {
        Trouble::Broken(cause) => {
            let _ = writeln!(std::io::stderr(), "{path}: {cause}");
            return;
        }
        Trouble::Office(error) if error.status() >= 500 => error,
        _ => return,
    };
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    let _ = writeln!(std::io::stderr(), "{path}: {text}");
}
