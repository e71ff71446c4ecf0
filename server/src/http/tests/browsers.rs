//! Sessions, forms from elsewhere, and what every answer carries.

use super::{House, Visitor, password};
use crate::access::Role;
use crate::http::routes::{ROUTES, Verb};
use crate::http::session::{SESSION, VISIT};

type Pairs<'a> = &'a [(&'a str, &'a str)];

#[test]
fn a_session_lives_in_a_host_cookie_until_sign_out() {
    let house = House::new();
    house.person("dara", Role::Supervisor, Some("KH"));
    let mut visitor = Visitor::new(&house);
    let got = visitor.get("/interviews?state=submitted");
    assert_eq!(
        got.header("location"),
        "/sign-in?next=%2Finterviews%3Fstate%3Dsubmitted"
    );
    let page = visitor.get(got.header("location"));
    let got = visitor.post(
        "/sign-in",
        &[
            ("csrf", &page.hidden("csrf")),
            ("next", &page.hidden("next")),
            ("login", "dara"),
            ("password", &password("dara")),
        ],
    );
    assert_eq!(
        (got.status, got.header("location")),
        (303, "/interviews?state=submitted")
    );
    let cookie = got.headers.get("set-cookie").unwrap().to_str().unwrap();
    assert!(cookie.starts_with("__Host-sampan="), "{cookie}");
    for part in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!visitor.cookies.contains_key(VISIT));
    let page = visitor.get("/interviews");
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Name of dara"));
    let stolen = visitor.cookies.clone();
    let got = visitor.post("/sign-out", &[("csrf", &page.hidden("csrf"))]);
    assert_eq!(got.header("location"), "/sign-in");
    assert!(!visitor.cookies.contains_key(SESSION));
    visitor.cookies = stolen;
    assert_eq!(
        visitor.get("/interviews").status,
        303,
        "the session is over at the office too"
    );
}

#[test]
fn a_wrong_password_and_an_unknown_login_are_told_apart_by_nothing() {
    let house = House::new();
    house.person("dara", Role::Supervisor, Some("KH"));
    let mut texts = Vec::new();
    for login in ["dara", "nobody"] {
        let mut visitor = Visitor::new(&house);
        let csrf = visitor.get("/sign-in").hidden("csrf");
        let got = visitor.post(
            "/sign-in",
            &[("csrf", &csrf), ("login", login), ("password", "wrong")],
        );
        assert_eq!(got.status, 401);
        assert!(!visitor.cookies.contains_key(SESSION));
        texts.push(got.text.replace(&csrf, "").replace(login, ""));
    }
    assert_eq!(texts[0], texts[1]);
}

#[test]
fn a_form_from_another_site_or_without_its_seal_does_nothing() {
    let house = House::new();
    house.person("boss", Role::Admin, None);
    house.person("other", Role::Admin, None);
    let mut visitor = Visitor::signed_in(&house, "boss");
    let csrf = visitor.get("/people").hidden("csrf");
    let foreign = Visitor::signed_in(&house, "other").get("/people").hidden("csrf");
    let fields = |seal: &'static str| {
        [
            ("csrf", seal),
            ("login", "evil"),
            ("name", "Evil"),
            ("role", "admin"),
        ]
    };
    let csrf: &'static str = csrf.leak();
    let foreign: &'static str = foreign.leak();
    let host = house.address.to_string();
    let own_origin: &'static str = format!("http://{host}").leak();
    let refused: &[(&str, Pairs<'_>, Pairs<'_>)] = &[
        ("another site", &fields(csrf), &[("sec-fetch-site", "cross-site")]),
        (
            "a sister site",
            &fields(csrf),
            &[("sec-fetch-site", "same-site"), ("origin", own_origin)],
        ),
        (
            "another origin",
            &fields(csrf),
            &[("origin", "https://evil.test")],
        ),
        ("no word of the browser", &fields(csrf), &[]),
        ("no seal", &fields(""), &[("sec-fetch-site", "same-origin")]),
        (
            "somebody else's seal",
            &fields(foreign),
            &[("sec-fetch-site", "same-origin")],
        ),
    ];
    for (what, fields, headers) in refused {
        let got = visitor.post_from("/people", fields, headers);
        assert_eq!(got.status, 403, "{what}: {}", got.text);
    }
    assert!(!visitor.get("/people").text.contains("evil"));
    let got = visitor.post_from("/people", &fields(csrf), &[("origin", own_origin)]);
    assert_eq!(
        got.status, 200,
        "an old browser with the right origin: {}",
        got.text
    );
    assert!(visitor.get("/people").text.contains("evil"));
}

#[test]
fn a_form_that_is_sent_twice_acts_once() {
    let house = House::new();
    house.person("boss", Role::Admin, None);
    let mut visitor = Visitor::signed_in(&house, "boss");
    let page = visitor.get("/people");
    let (csrf, key) = (page.hidden("csrf"), page.hidden("key"));
    let fields = [
        ("csrf", csrf.as_str()),
        ("key", key.as_str()),
        ("login", "sokha"),
        ("name", "សុខា"),
        ("role", "enumerator"),
        ("country", "KH"),
    ];
    let first = visitor.post("/people", &fields);
    assert_eq!(first.status, 200, "{}", first.text);
    let again = visitor.post("/people", &fields);
    assert_eq!(again.status, 200, "{}", again.text);
    assert!(again.text.contains("was done before"), "{}", again.text);
    assert_eq!(visitor.get("/people").text.matches(">sokha<").count(), 1);
}

#[test]
fn every_answer_forbids_scripts_frames_and_keeping() {
    let house = House::new();
    house.person("boss", Role::Admin, None);
    let mut visitor = Visitor::signed_in(&house, "boss");
    for route in ROUTES.iter().filter(|route| route.verb == Verb::Get) {
        let got = visitor.get(&super::filled(route.path));
        let policy = got.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{}", route.path);
        assert!(
            policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(got.header("x-content-type-options"), "nosniff", "{}", route.path);
        assert_eq!(got.header("referrer-policy"), "same-origin", "{}", route.path);
        assert_eq!(got.header("cache-control"), "no-store", "{}", route.path);
        assert!(
            !got.text.contains("<script") && !got.text.contains(" style=\""),
            "{}",
            route.path
        );
        assert!(!got.text.contains(" onclick"), "{}", route.path);
    }
    let style = crate::http::assets::STYLE_PATH.as_str();
    let got = visitor.get(style);
    assert_eq!(
        (got.status, got.header("content-type")),
        (200, "text/css; charset=utf-8")
    );
    assert!(got.header("cache-control").contains("immutable"));
}

#[test]
fn what_is_not_there_and_how_it_cannot_be_asked_say_what_to_do() {
    let house = House::new();
    let mut visitor = Visitor::new(&house);
    for (got, status, words) in [
        (visitor.get("/nowhere"), 404, "Check the address"),
        (visitor.post("/interviews", &[]), 405, "use its button"),
    ] {
        assert_eq!(got.status, status);
        assert!(got.text.contains(words), "{}", got.text);
    }
    let got = visitor.call("/v1/nothing", None, b"{}");
    assert!(
        got.status == 404 && got.text.contains("\"code\":\"absent\""),
        "{}",
        got.text
    );
}

#[test]
fn an_admin_changes_the_roles_of_a_person_on_the_page() {
    let house = House::new();
    house.person("boss", Role::Admin, None);
    house.person("sokha", Role::Enumerator, Some("KH"));
    let mut boss = Visitor::signed_in(&house, "boss");
    let page = boss.get("/people");
    let at = page.text.find("/roles").expect("roles can be changed");
    assert!(page.text[..at].contains("sokha") || page.text.contains(">sokha<"));
    let row = page.text.find(">sokha<").unwrap();
    let action = page.text[row..].split("action=\"").nth(1).unwrap();
    let action = action.split('"').next().unwrap().to_string();
    assert!(action.ends_with("/roles"), "{action}");
    let (csrf, key) = (page.hidden("csrf"), page.hidden("key"));
    let got = boss.post(
        &action,
        &[
            ("csrf", &csrf),
            ("key", &key),
            ("role-0", "enumerator"),
            ("country-0", "KH"),
            ("role-1", "supervisor"),
            ("country-1", "TH"),
            ("team-1", "B"),
            ("role-2", ""),
        ],
    );
    assert!(got.status == 303 || got.status == 200, "{}", got.text);
    let page = boss.get("/people").text;
    assert!(page.contains("enumerator for Cambodia"), "{page}");
    assert!(page.contains("supervisor for Thailand, team B"), "{page}");
}
