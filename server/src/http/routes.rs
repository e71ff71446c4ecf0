//! The table of all routes: method, path, who may come, what they may bring, and what is done. The router is made of it.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::routing::{MethodFilter, on};

use crate::http::ask::{Ask, Reply, Trouble};
use crate::http::pages::{devices, forms, interview, interviews, people, sign_in};
use crate::http::{Site, assets, device, gate};

/// One route.
pub struct Route {
    /// Method.
    pub verb: Verb,
    /// Path with `{names}`.
    pub path: &'static str,
    /// Who may come.
    pub access: Access,
    /// What they may bring.
    pub takes: Takes,
    /// What they get when something is wrong.
    pub speaks: Speaks,
    /// What is done, on a thread that may wait for the disk.
    pub act: fn(&Ask) -> Result<Reply, Trouble>,
}

/// A method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Reads; changes nothing.
    Get,
    /// Changes something.
    Post,
}

/// Who may come to a route at all. What they may see and do there is the office's policy (`access::authorize`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody. Nobody is asked who they are.
    Anyone,
    /// Everybody who has signed in.
    Person,
    /// Supervisors and admins who have signed in.
    Reviewer,
    /// Admins who have signed in.
    Admin,
    /// Devices with a good token.
    Device,
}

/// What a request may bring, in bytes; more is refused before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// Fields, and files where a page asks for them.
    Form(usize),
    /// Bytes for the handler.
    Raw(usize),
}

/// What is spoken on a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    /// Pages, for people.
    Html,
    /// JSON problems, for programs.
    Json,
}

impl Takes {
    /// The most it takes.
    pub fn limit_bytes(self) -> usize {
        match self {
            Takes::Nothing => 0,
            Takes::Form(limit_bytes) | Takes::Raw(limit_bytes) => limit_bytes,
        }
    }
}

const KIB: usize = 1024;
/// A plain form.
const FORM: Takes = Takes::Form(64 * KIB);
/// The review form: comments at many questions, in scripts that take nine bytes a letter on the way.
const REVIEW: Takes = Takes::Form(512 * KIB);
/// A spreadsheet with its files.
const UPLOAD: Takes = Takes::Form(32 * KIB * KIB);
/// A device's words about itself.
const DEVICE: Takes = Takes::Raw(8 * KIB);
/// A batch of changes.
const SYNC: Takes = Takes::Raw(16 * KIB * KIB);

const fn page(path: &'static str, access: Access, act: fn(&Ask) -> Result<Reply, Trouble>) -> Route {
    Route {
        verb: Verb::Get,
        path,
        access,
        takes: Takes::Nothing,
        speaks: Speaks::Html,
        act,
    }
}

const fn form(
    path: &'static str,
    access: Access,
    takes: Takes,
    act: fn(&Ask) -> Result<Reply, Trouble>,
) -> Route {
    Route {
        verb: Verb::Post,
        path,
        access,
        takes,
        speaks: Speaks::Html,
        act,
    }
}

const fn call(
    path: &'static str,
    access: Access,
    takes: Takes,
    act: fn(&Ask) -> Result<Reply, Trouble>,
) -> Route {
    Route {
        verb: Verb::Post,
        path,
        access,
        takes,
        speaks: Speaks::Json,
        act,
    }
}

/// All routes.
pub static ROUTES: &[Route] = &[
    page("/", Access::Anyone, interviews::home),
    page("/health", Access::Anyone, assets::health),
    page("/assets/{file}", Access::Anyone, assets::asset),
    page("/sign-in", Access::Anyone, sign_in::show),
    form("/sign-in", Access::Anyone, FORM, sign_in::sign_in),
    form("/sign-out", Access::Person, FORM, sign_in::sign_out),
    page("/interviews", Access::Person, interviews::list),
    page("/interviews.csv", Access::Reviewer, interviews::csv),
    page("/interviews/next", Access::Reviewer, interviews::next),
    page("/interviews/{record}", Access::Person, interview::show),
    form(
        "/interviews/{record}/decide",
        Access::Reviewer,
        REVIEW,
        interview::decide,
    ),
    form(
        "/interviews/{record}/comment",
        Access::Reviewer,
        REVIEW,
        interview::comment,
    ),
    form(
        "/interviews/{record}/resolve",
        Access::Reviewer,
        FORM,
        interview::resolve,
    ),
    form(
        "/interviews/{record}/choose",
        Access::Reviewer,
        FORM,
        interview::choose,
    ),
    form(
        "/interviews/{record}/assign",
        Access::Reviewer,
        FORM,
        interview::assign,
    ),
    form(
        "/interviews/{record}/erase",
        Access::Admin,
        FORM,
        interview::erase,
    ),
    page("/quarantine", Access::Reviewer, interviews::quarantine),
    page("/audit", Access::Admin, people::audit),
    page("/forms", Access::Person, forms::list),
    page("/forms/upload", Access::Admin, forms::show_upload),
    form("/forms/upload", Access::Admin, UPLOAD, forms::upload),
    page("/forms/{form}", Access::Person, forms::show),
    page("/forms/{form}/{version}/preview", Access::Person, forms::preview),
    page("/forms/{form}/{version}/file", Access::Person, forms::file),
    form(
        "/forms/{form}/{version}/attach",
        Access::Admin,
        UPLOAD,
        forms::attach,
    ),
    form(
        "/forms/{form}/{version}/publish",
        Access::Admin,
        FORM,
        forms::publish,
    ),
    form("/forms/{form}/{version}/close", Access::Admin, FORM, forms::close),
    page("/devices", Access::Reviewer, devices::list),
    form("/devices/codes", Access::Reviewer, FORM, devices::new_code),
    form(
        "/devices/{device}/revoke",
        Access::Reviewer,
        FORM,
        devices::revoke,
    ),
    form(
        "/devices/{device}/readmit",
        Access::Reviewer,
        FORM,
        devices::readmit,
    ),
    page("/people", Access::Reviewer, people::list),
    form("/people", Access::Admin, FORM, people::add),
    form("/people/{person}/password", Access::Admin, FORM, people::password),
    form("/people/{person}/roles", Access::Admin, FORM, people::roles),
    form("/people/{person}/close", Access::Admin, FORM, people::close),
    form("/people/{person}/reopen", Access::Admin, FORM, people::reopen),
    call("/v1/devices/enrol", Access::Anyone, DEVICE, device::enrol),
    call("/v1/devices/challenge", Access::Anyone, DEVICE, device::challenge),
    call("/v1/devices/token", Access::Anyone, DEVICE, device::token),
    call("/v1/sync", Access::Device, SYNC, device::sync),
];

/// The router, made of the table and nothing else.
pub fn router(site: &Arc<Site>) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let filter = match route.verb {
            Verb::Get => MethodFilter::GET,
            Verb::Post => MethodFilter::POST,
        };
        let site = Arc::clone(site);
        let handler = move |request: Request| gate::pass(Arc::clone(&site), route, request);
        router = router.route(route.path, on(filter, handler));
    }
    let (no_page, no_method) = (Arc::clone(site), Arc::clone(site));
    router
        .fallback(move |request: Request| gate::lost(Arc::clone(&no_page), false, request))
        .method_not_allowed_fallback(move |request: Request| {
            gate::lost(Arc::clone(&no_method), true, request)
        })
}
