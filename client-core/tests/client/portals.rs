//! A device in the networks of cafés, hotels and broken offices: real sockets that answer in the office's place.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

use sampan_client_core::api::SyncOptions;
use sampan_client_core::client::Client;
use sampan_client_core::http::Http;
use sampan_client_core::transport::{LineError, Reply, Request, Transport};

use crate::office::{World, interviewed};

/// A line to the office in memory, or over real sockets to whoever stands in its place.
#[derive(Clone)]
struct Line {
    world: World,
    instead: Arc<Mutex<Option<String>>>,
}

impl Transport for Line {
    fn post(&self, request: Request<'_>) -> Result<Reply, LineError> {
        let instead = self.instead.lock().unwrap().clone();
        let Some(base) = instead else {
            return self.world.post(request);
        };
        let url = request.url.replace("https://office.example", &base);
        Http::new().post(Request { url: &url, ..request })
    }
}

fn device(folder: &Path) -> (World, Line, Client) {
    let (world, client) = World::with_device(folder);
    drop(client);
    let line = Line {
        world: world.clone(),
        instead: Arc::default(),
    };
    let client = world.open_over(folder, line.clone()).unwrap();
    (world, line, client)
}

/// Answers every request with these bytes; gives its base address.
fn answering(answer: String) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = [0u8; 65536];
            let _ = stream.read(&mut buffer);
            let _ = stream.write_all(answer.as_bytes());
            let _ = stream.shutdown(std::net::Shutdown::Write);
            while matches!(stream.read(&mut buffer), Ok(n_read) if n_read > 0) {}
        }
    });
    base
}

fn http(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn nothing_counts_as_sent_whoever_answers_in_the_offices_place_and_the_person_is_told_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let (world, line, client) = device(folder.path());
    interviewed(&client, "Sok");
    interviewed(&client, "Sao");
    let page = "Content-Type: text/html; charset=utf-8\r\n";
    let html = "<html>Welcome to Airport WiFi</html>";
    let login = "Location: http://login.cafe.example/\r\n";
    for (status, headers, body, code, word) in [
        ("200 OK", page, html, "captive_portal", "sign-in page"),
        (
            "511 Network Authentication Required",
            page,
            html,
            "captive_portal",
            "sign-in page",
        ),
        ("302 Found", login, "", "captive_portal", "login.cafe.example"),
        (
            "200 OK",
            "Content-Type: text/plain\r\n",
            "hello",
            "not_the_office",
            "text/plain",
        ),
        ("200 OK", "", "hello", "not_the_office", "without a type"),
        ("404 Not Found", page, html, "not_the_office", "404"),
        ("401 Unauthorized", page, html, "captive_portal", "401"),
        ("502 Bad Gateway", page, html, "office_unavailable", "502"),
        ("503 Service Unavailable", page, html, "office_unavailable", "503"),
        // The right type, and no answer of an office.
        (
            "200 OK",
            "Content-Type: application/x-sampan-sync\r\n",
            "A",
            "bad_answer",
            "understood",
        ),
        (
            "200 OK",
            "Content-Type: application/x-sampan-sync\r\n",
            "",
            "bad_answer",
            "understood",
        ),
    ] {
        *line.instead.lock().unwrap() = Some(answering(http(status, headers, body)));
        let error = client.sync(&SyncOptions::default()).unwrap_err();
        assert_eq!(error.code(), code, "{status} {headers}: {error}");
        assert!(error.to_string().contains(word), "{status}: {error}");
        assert!(!error.advice().is_empty());
        assert_eq!(client.status().unwrap().n_unsent, 2, "{status}");
        let said = &client.log(1).unwrap()[0];
        assert!(said.sentence.contains(word), "{}", said.sentence);
    }
    *line.instead.lock().unwrap() = None;
    assert_eq!(world.n_changes(), 0);
    assert_eq!(world.sync(&client).n_sent, 2);
    assert_eq!(world.n_changes(), 2);
}

#[test]
fn without_a_network_it_is_said_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let (world, line, client) = device(folder.path());
    interviewed(&client, "Sok");
    let nobody = {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let plain_on_secure = answering("HTTP/1.1 400 Bad Request\r\n\r\n".into()).replace("http:", "https:");
    for (base, code, word) in [
        (nobody, "no_connection", "reached"),
        (
            "https://office.invalid".into(),
            "name_not_found",
            "office.invalid",
        ),
        (plain_on_secure, "insecure", "speak securely"),
    ] {
        *line.instead.lock().unwrap() = Some(base);
        let error = client.sync(&SyncOptions::default()).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(word), "{error}");
        assert_eq!(client.status().unwrap().n_unsent, 1);
    }
    *line.instead.lock().unwrap() = None;
    assert_eq!(world.sync(&client).n_sent, 1);
}
