//! People: who has an account, with which role and for what, and what was done in the office.

use askama::Template;
use sampan_record::ids::PersonId;

use crate::access::{Grant, Role, Scope};
use crate::error::OfficeError;
use crate::http::ask::{Ask, Reply, Trouble};
use crate::http::pages::{Frame, page};
use crate::http::words;
use crate::people::{self, PersonRequest};
use crate::reviewing;
use crate::views::{AuditView, PersonView};

#[derive(Template)]
#[template(path = "people.html")]
struct ListPage<'a> {
    frame: &'a Frame,
    people: &'a [PersonView],
    key: String,
}

#[derive(Template)]
#[template(path = "person_password.html")]
struct PasswordPage<'a> {
    frame: &'a Frame,
    name: &'a str,
    login: &'a str,
    password: &'a str,
    is_new: bool,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage<'a> {
    frame: &'a Frame,
    rows: &'a [AuditView],
}

/// `GET /people`.
pub fn list(ask: &Ask) -> Result<Reply, Trouble> {
    let people = people::list(&ask.site.office, ask.person()?)?;
    let frame = Frame::for_ask(ask, "people", "People")?;
    page(&ListPage {
        key: frame.key(&ask.site),
        frame: &frame,
        people: &people,
    })
}

/// `POST /people`: a new account; its password is shown once.
pub fn add(ask: &Ask) -> Result<Reply, Trouble> {
    let role: Role = ask.field("role").parse().map_err(|_| no_role())?;
    let bound = |name: &str| Some(ask.field(name).to_string()).filter(|text| !text.is_empty());
    let scope = Scope {
        project: None,
        country: bound("country"),
        province: bound("province"),
        team: bound("team"),
    };
    let (login, name) = (ask.field("login"), ask.field("name"));
    let request = PersonRequest {
        login: login.to_string(),
        name: name.to_string(),
        grants: vec![Grant { role, scope }],
        password: None,
    };
    let (_, password) = people::add(&ask.site.office, ask.person()?, &request, &ask.key())?;
    password_page(ask, name, login, password.as_deref(), true)
}

/// `POST /people/{person}/roles`: the roles a person has from now on; lines without a role are left out.
pub fn roles(ask: &Ask) -> Result<Reply, Trouble> {
    let person: PersonId = ask.id("person")?;
    let mut grants = Vec::new();
    for n in 0..words::ROLE_LINES {
        let field = |name: &str| ask.field(&format!("{name}-{n}")).trim().to_string();
        let word = field("role");
        if word.is_empty() {
            continue;
        }
        let role: Role = word.parse().map_err(|_| no_role())?;
        let bound = |name: &str| Some(field(name)).filter(|text| !text.is_empty());
        let scope = Scope {
            project: bound("project"),
            country: bound("country"),
            province: bound("province"),
            team: bound("team"),
        };
        grants.push(Grant { role, scope });
    }
    people::set_grants(&ask.site.office, ask.person()?, person, &grants, &ask.key())?;
    Ok(Reply::see("/people?done=roles-set"))
}

fn no_role() -> OfficeError {
    OfficeError::invalid(
        "No role was chosen.",
        "Go back and choose enumerator, supervisor or admin.",
    )
}

/// `POST /people/{person}/password`: a new password, made here and shown once.
pub fn password(ask: &Ask) -> Result<Reply, Trouble> {
    let person: PersonId = ask.id("person")?;
    let who = ask.person()?;
    let password = people::set_password(&ask.site.office, who, person, None, &ask.key())?;
    let all = people::list(&ask.site.office, who)?;
    let (name, login) = all
        .iter()
        .find(|one| one.person == person)
        .map(|one| (one.name.as_str(), one.login.as_str()))
        .ok_or(OfficeError::Absent)?;
    password_page(ask, name, login, password.as_deref(), false)
}

fn password_page(
    ask: &Ask,
    name: &str,
    login: &str,
    password: Option<&str>,
    is_new: bool,
) -> Result<Reply, Trouble> {
    page(&PasswordPage {
        frame: &Frame::for_ask(ask, "people", if is_new { "New account" } else { "New password" })?,
        name,
        login,
        password: password.unwrap_or_default(),
        is_new,
    })
}

/// `POST /people/{person}/close`.
pub fn close(ask: &Ask) -> Result<Reply, Trouble> {
    set_closed(ask, true, "account-closed")
}

/// `POST /people/{person}/reopen`.
pub fn reopen(ask: &Ask) -> Result<Reply, Trouble> {
    set_closed(ask, false, "account-reopened")
}

fn set_closed(ask: &Ask, is_closed: bool, done: &str) -> Result<Reply, Trouble> {
    let person: PersonId = ask.id("person")?;
    people::set_closed(&ask.site.office, ask.person()?, person, is_closed, &ask.key())?;
    Ok(Reply::see(format!("/people?done={done}")))
}

/// `GET /audit`: what was done in the office.
pub fn audit(ask: &Ask) -> Result<Reply, Trouble> {
    let rows = reviewing::audit(&ask.site.office, ask.person()?)?;
    page(&AuditPage {
        frame: &Frame::for_ask(ask, "people", "What was done")?,
        rows: &rows,
    })
}
