//! A real server on a real port: who may come where, what is refused and how, and that stopping cuts nobody off.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use crate::access::{Grant, Role, Scope};
use crate::config::Config;
use crate::http::Site;
use crate::http::listen::{self, Limits};
use crate::http::routes::{Access, ROUTES, Speaks, Takes, Verb, router};
use crate::office_commands;
use crate::people::PersonRequest;
use crate::state::{Office, SystemChance, SystemClock};

mod browsers;
mod devices;
mod lines;
mod pictures;
mod reviews;

/// A running office in a folder of its own.
struct House {
    address: SocketAddr,
    site: Arc<Site>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<bool>>,
    _folder: tempfile::TempDir,
}

impl House {
    fn new() -> House {
        House::with(Limits::default())
    }

    fn with(limits: Limits) -> House {
        let folder = tempfile::tempdir().unwrap();
        let config = Config {
            argon2_memory_kib: 64,
            ..Config::new(folder.path().join("office"), "http://office.test".into())
        };
        let office = Office::open(config, Arc::new(SystemClock), Arc::new(SystemChance)).unwrap();
        let site = Arc::new(Site::new(Arc::new(office), limits).unwrap());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let of_thread = Arc::clone(&site);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let limits = of_thread.limits.clone();
                listen::serve(listener, router(&of_thread), limits, async {
                    let _ = stopped.await;
                })
                .await
            })
        });
        House {
            address,
            site,
            stop: Some(stop),
            thread: Some(thread),
            _folder: folder,
        }
    }

    /// An account; its password is `correct horse <login>`.
    fn person(&self, login: &str, role: Role, country: Option<&str>) {
        let request = PersonRequest {
            login: login.into(),
            name: format!("Name of {login}"),
            grants: vec![Grant {
                role,
                scope: Scope {
                    country: country.map(str::to_string),
                    ..Scope::default()
                },
            }],
            password: Some(password(login)),
        };
        office_commands::add_person(&self.site.office, &request).unwrap();
    }

    /// Sends bytes as they are and gives back everything that comes until the other side closes.
    fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(bytes).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn stop(&mut self) -> bool {
        let _ = self.stop.take().unwrap().send(());
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

fn password(login: &str) -> String {
    format!("correct horse {login}")
}

/// A browser (or a device's HTTP client) with cookies.
struct Visitor {
    agent: ureq::Agent,
    url: String,
    cookies: std::collections::BTreeMap<String, String>,
}

/// An answer.
#[derive(Debug)]
struct Got {
    status: u16,
    headers: ureq::http::HeaderMap,
    text: String,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }

    /// The value of a hidden field, the first of that name.
    fn hidden(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let at = self.text.find(&start).map(|at| at + start.len());
        let rest = at.map(|at| &self.text[at..]).unwrap_or_default();
        rest.split('"').next().unwrap_or_default().to_string()
    }
}

impl Visitor {
    fn new(house: &House) -> Visitor {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .build();
        Visitor {
            agent: config.into(),
            url: format!("http://{}", house.address),
            cookies: Default::default(),
        }
    }

    fn signed_in(house: &House, login: &str) -> Visitor {
        let mut visitor = Visitor::new(house);
        let csrf = visitor.get("/sign-in").hidden("csrf");
        let got = visitor.post(
            "/sign-in",
            &[("csrf", &csrf), ("login", login), ("password", &password(login))],
        );
        assert_eq!(got.status, 303, "{}", got.text);
        visitor
    }

    fn get(&mut self, path: &str) -> Got {
        let request = self
            .agent
            .get(format!("{}{path}", self.url))
            .header("cookie", self.cookie());
        let response = request.call().unwrap();
        self.take(response)
    }

    fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Got {
        self.post_from(path, fields, &[("sec-fetch-site", "same-origin")])
    }

    fn post_from(&mut self, path: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Got {
        let mut request = self
            .agent
            .post(format!("{}{path}", self.url))
            .header("cookie", self.cookie());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send_form(fields.iter().copied()).unwrap();
        self.take(response)
    }

    fn call(&mut self, path: &str, token: Option<&str>, body: &[u8]) -> Got {
        let mut request = self
            .agent
            .post(format!("{}{path}", self.url))
            .header("content-type", "application/json");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let response = request.send(body).unwrap();
        self.take(response)
    }

    fn cookie(&self) -> String {
        self.cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("; ")
    }

    fn take(&mut self, response: ureq::http::Response<ureq::Body>) -> Got {
        let (parts, mut body) = response.into_parts();
        for cookie in parts.headers.get_all("set-cookie") {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.into(), value.into());
            }
        }
        Got {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8_lossy(&body.read_to_vec().unwrap()).into_owned(),
        }
    }
}

/// A path with something in place of its names.
fn filled(path: &str) -> String {
    path.replace("{record}", "0190a1b2-0000-7000-8000-000000000000")
        .replace("{device}", "0190a1b2-0000-4000-8000-000000000000")
        .replace("{person}", "0190a1b2-0000-4000-8000-000000000000")
        .replace("{version}", &"0".repeat(64))
        .replace("{form}", "sme")
        .replace("{file}", "nothing.css")
}

#[test]
fn every_route_without_a_principal_answers_as_the_table_says() {
    let house = House::new();
    let mut nobody = Visitor::new(&house);
    for route in ROUTES {
        let path = filled(route.path);
        let got = match route.verb {
            Verb::Get => nobody.get(&path),
            Verb::Post => nobody.post(&path, &[]),
        };
        let what = format!("{:?} {path}: {} {}", route.verb, got.status, got.text);
        match (route.access, route.verb) {
            (Access::Person | Access::Reviewer | Access::Admin, Verb::Get) => {
                assert_eq!(got.status, 303, "{what}");
                assert!(got.header("location").starts_with("/sign-in"), "{what}");
            }
            (Access::Person | Access::Reviewer | Access::Admin, Verb::Post) => {
                assert_eq!(got.status, 401, "{what}");
            }
            (Access::Device, _) => {
                assert_eq!(got.status, 401, "{what}");
                assert!(got.text.contains("\"code\":\"token\""), "{what}");
            }
            (Access::Anyone, Verb::Get) => assert!([200, 303, 404].contains(&got.status), "{what}"),
            (Access::Anyone, Verb::Post) => assert!([400, 403].contains(&got.status), "{what}"),
        }
    }
}

#[test]
fn every_route_of_a_role_is_closed_to_the_roles_below() {
    let house = House::new();
    house.person("enumerator", Role::Enumerator, Some("KH"));
    house.person("supervisor", Role::Supervisor, Some("KH"));
    for (login, role) in [("enumerator", Role::Enumerator), ("supervisor", Role::Supervisor)] {
        let mut visitor = Visitor::signed_in(&house, login);
        let csrf = visitor.get("/interviews").hidden("csrf");
        for route in ROUTES.iter().filter(|route| route.path != "/sign-out") {
            let least = match route.access {
                Access::Anyone | Access::Device | Access::Person => continue,
                Access::Reviewer => Role::Supervisor,
                Access::Admin => Role::Admin,
            };
            let path = filled(route.path);
            let got = match route.verb {
                Verb::Get => visitor.get(&path),
                Verb::Post => visitor.post(&path, &[("csrf", &csrf)]),
            };
            let what = format!("{login} {:?} {path}: {} {}", route.verb, got.status, got.text);
            if role < least {
                assert_eq!(got.status, 403, "{what}");
            } else {
                assert!(![401, 500].contains(&got.status), "{what}");
            }
        }
    }
}

#[test]
fn the_table_names_each_route_once_and_bounds_every_body() {
    let mut seen = std::collections::BTreeSet::new();
    for route in ROUTES {
        let verb = format!("{:?}", route.verb);
        assert!(seen.insert((verb, route.path)), "{} stands twice", route.path);
        assert!(route.takes.limit_bytes() <= 32 * 1024 * 1024);
        if route.verb == Verb::Get {
            assert_eq!(route.takes, Takes::Nothing, "{}", route.path);
        }
        if route.speaks == Speaks::Json {
            assert!(route.path.starts_with("/v1/"), "{}", route.path);
        }
    }
}
