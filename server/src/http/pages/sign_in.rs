//! Signing in and out.

use askama::Template;

use crate::error::OfficeError;
use crate::http::Site;
use crate::http::ask::{Ask, Content, Reply, Trouble, Who};
use crate::http::pages::Frame;
use crate::http::session::{SESSION, VISIT, set_cookie};
use crate::http::words;
use crate::people;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct Page<'a> {
    frame: &'a Frame,
    next: &'a str,
    login: &'a str,
    problem: &'a str,
}

/// `GET /sign-in`.
pub fn show(ask: &Ask) -> Result<Reply, Trouble> {
    let visit = match ask.visit.is_empty() {
        true => ask.site.office.new_key(),
        false => ask.visit.clone(),
    };
    form(&ask.site, &visit, 200, own_path(ask.wanted("next")), "", "")
}

/// The sign-in form; the visit's cookie is (re)set with it.
pub fn form(
    site: &Site,
    visit: &str,
    status: u16,
    next: &str,
    login: &str,
    problem: &str,
) -> Result<Reply, Trouble> {
    let mut frame = Frame::bare(site, "Sign in");
    frame.csrf = site.tokens.seal_text("visit", visit);
    let html = Page {
        frame: &frame,
        next,
        login,
        problem,
    }
    .render()
    .map_err(|error| Trouble::Broken(error.to_string()))?;
    let mut reply = Reply::of(Content::Page(status, html));
    reply.cookies.push(set_cookie(VISIT, visit));
    Ok(reply)
}

/// `POST /sign-in`.
pub fn sign_in(ask: &Ask) -> Result<Reply, Trouble> {
    let office = &ask.site.office;
    let (login, password) = (ask.field("login"), raw(ask, "password"));
    let next = own_path(ask.field("next"));
    let again = |status: u16, problem: &str| form(&ask.site, &ask.visit, status, next, login, problem);
    if let Some(wait_s) = ask.site.throttle.wait_s(ask.address, office.now_ms()) {
        return again(
            429,
            &format!("Too many attempts from this place. Try again in {wait_s} seconds."),
        );
    }
    match people::sign_in(office, login, password) {
        Ok(signed_in) => {
            let mut reply = Reply::see(if next.is_empty() { "/interviews" } else { next });
            reply.cookies.push(set_cookie(SESSION, &signed_in.token));
            reply.cookies.push(set_cookie(VISIT, ""));
            Ok(reply)
        }
        Err(OfficeError::SignInRefused) => {
            ask.site.throttle.failed(ask.address, office.now_ms());
            again(
                401,
                "The login or the password is not right. Check both; an admin can set a new password.",
            )
        }
        Err(OfficeError::Busy { retry_after_s }) => again(
            429,
            &format!("Too many attempts. Try again in {retry_after_s} seconds."),
        ),
        Err(error) => Err(error.into()),
    }
}

/// `POST /sign-out`.
pub fn sign_out(ask: &Ask) -> Result<Reply, Trouble> {
    if let Who::Person { token, .. } = &ask.who {
        people::sign_out(&ask.site.office, token)?;
    }
    let mut reply = Reply::see("/sign-in");
    reply.cookies.push(set_cookie(SESSION, ""));
    Ok(reply)
}

/// A password as typed: blanks at its ends are part of it.
fn raw<'a>(ask: &'a Ask, name: &str) -> &'a str {
    ask.fields
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
        .unwrap_or_default()
}

/// A path of this site, or empty: nobody is sent elsewhere after signing in.
fn own_path(next: &str) -> &str {
    let is_own = next.starts_with('/')
        && !next.starts_with("//")
        && !next.starts_with("/\\")
        && next.len() <= 500
        && next.bytes().all(|byte| byte.is_ascii_graphic());
    if is_own { next } else { "" }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn nobody_is_sent_to_another_site_after_signing_in() {
        for good in ["/interviews", "/interviews?state=submitted&page=2"] {
            assert_eq!(own_path(good), good);
        }
        for bad in [
            "",
            "https://evil",
            "//evil",
            "/\\evil",
            "interviews",
            "/a\r\nSet-Cookie: x",
            "/a b",
        ] {
            assert_eq!(own_path(bad), "", "{bad:?}");
        }
    }
}
