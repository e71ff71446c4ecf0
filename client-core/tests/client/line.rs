//! The real line against real sockets that behave badly.

use std::io::{Read, Write};
use std::net::TcpListener;

use std::sync::atomic::Ordering;

use sampan_client_core::error::ClientError;
use sampan_client_core::http::Http;
use sampan_client_core::transport::{BadCertificate, LineError, Reply, Request, Transport};

use crate::certificates::{Authority, Says};

/// Posts to a socket that answers one request with these bytes and hangs up.
fn post(scheme: &str, answer: &'static [u8]) -> Result<Reply, LineError> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("{scheme}://{}/v1/sync", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut received = Vec::new();
        let mut buffer = [0u8; 4096];
        while !received.ends_with(b"what is sent") && !received.starts_with(&[0x16]) {
            let n_read = stream.read(&mut buffer).unwrap();
            if n_read == 0 {
                break;
            }
            received.extend_from_slice(&buffer[..n_read]);
        }
        stream.write_all(answer).unwrap();
        received
    });
    let reply = Http::new().post(Request {
        url: &url,
        content_type: "application/x-sampan-sync",
        bearer: Some("the-token"),
        body: b"what is sent",
        max_reply_bytes: 100,
    });
    let received = String::from_utf8_lossy(&server.join().unwrap()).to_lowercase();
    if scheme == "http" {
        assert!(received.starts_with("post /v1/sync http/1.1\r\n"));
        assert!(received.contains("authorization: bearer the-token\r\n"));
        assert!(received.contains("content-type: application/x-sampan-sync\r\n"));
    }
    reply
}

#[test]
fn an_answer_comes_back_whatever_its_status() {
    let reply = post(
        "http",
        b"HTTP/1.1 503 Busy\r\nContent-Type: Application/JSON; charset=utf-8\r\nRetry-After: 17\r\nContent-Length: 2\r\n\r\n{}",
    )
    .unwrap();
    let expected = Reply {
        status: 503,
        content_type: "application/json".into(),
        retry_after_s: Some(17),
        body: b"{}".to_vec(),
    };
    assert_eq!(reply, expected);
}

#[test]
fn a_redirect_is_never_followed() {
    let trap = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    trap.set_nonblocking(true).unwrap();
    let there = trap.local_addr().unwrap();
    for (status, location, expected) in [
        (302, format!("http://localhost:{}/login", there.port()), None),
        (307, format!("http://localhost:{}/v1/sync", there.port()), None),
        (308, "https://127.0.0.1/v1/sync".into(), Some("https://127.0.0.1")),
        (303, "/login".into(), None),
        (301, String::new(), None),
    ] {
        let answer = format!(
            "HTTP/1.1 {status} There\r\nLocation: {location}\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n"
        );
        let error = post("http", answer.into_bytes().leak()).unwrap_err();
        match expected {
            Some(to) => assert_eq!(error, LineError::Moved { to: to.into() }),
            None => assert!(
                matches!(error, LineError::Redirect { .. }),
                "{location}: {error:?}"
            ),
        }
    }
    assert!(trap.accept().is_err(), "somebody followed");
}

#[test]
fn half_an_answer_is_a_cut() {
    for answer in [
        b"".as_slice(),
        b"HTTP/1.1 200 OK\r\nContent-",
        b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n14\r\nhalf",
    ] {
        let reply = post("http", answer);
        assert!(matches!(reply, Err(LineError::Cut(_))), "{reply:?}");
    }
}

#[test]
fn more_than_was_asked_for_is_not_taken() {
    let mut answer = b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n".to_vec();
    answer.extend([b'x'; 101]);
    assert_eq!(post("http", answer.leak()), Err(LineError::TooLong(100)));
}

#[test]
fn a_plain_answer_on_a_secure_line_is_no_answer() {
    let reply = post("https", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assert!(matches!(reply, Err(LineError::Tls(_))), "{reply:?}");
}

fn error_at(url: &str) -> LineError {
    Http::new()
        .post(Request {
            url,
            content_type: "application/json",
            bearer: None,
            body: b"",
            max_reply_bytes: 100,
        })
        .unwrap_err()
}

#[test]
fn nobody_there_is_no_connection() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = error_at(&url);
    assert!(matches!(error, LineError::NoConnection(_)), "{error:?}");
    let error = error_at("no address at all");
    assert!(matches!(error, LineError::BadAddress(_)), "{error:?}");
}

#[test]
fn a_name_that_leads_nowhere_is_said_to_lead_nowhere() {
    let error = error_at("https://office.invalid/v1/sync");
    assert_eq!(error, LineError::NoName("office.invalid".into()));
}

/// Posts over TLS to a server with this certificate, trusting one authority.
fn over_tls(shown_by: &Authority, says: &Says, trusted: &Authority) -> Result<Reply, LineError> {
    let (address, n_requests) = shown_by.serve(
        says,
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi",
    );
    let reply = Http::trusting(&[&trusted.der]).post(Request {
        url: &format!("https://localhost:{}/v1/sync", address.port()),
        content_type: "application/x-sampan-sync",
        bearer: Some("the-token"),
        body: b"what is sent",
        max_reply_bytes: 100,
    });
    let n_sent = n_requests.load(Ordering::SeqCst);
    assert_eq!(n_sent, usize::from(reply.is_ok()), "{reply:?}");
    reply
}

#[test]
fn whoever_does_not_prove_to_be_the_office_is_sent_nothing_and_it_is_said_why() {
    let (own, foreign) = (Authority::new(1), Authority::new(2));
    let office = |years| Says {
        names: &["localhost"],
        years,
    };
    assert_eq!(over_tls(&own, &office((2000, 2100)), &own).unwrap().body, b"hi");

    let error = |result: Result<Reply, LineError>| ClientError::Line(result.unwrap_err());
    let ended = error(over_tls(&own, &office((2000, 2001)), &own));
    assert_eq!(ended.code(), "certificate_ended");
    let sentence = ended.to_string();
    assert!(
        sentence.contains("it ended on 2001-01-01, the clock shows 2"),
        "{sentence}"
    );
    assert!(ended.advice().contains("date and time"));

    let early = error(over_tls(&own, &office((2098, 2099)), &own));
    assert_eq!(early.code(), "certificate_not_yet");
    assert!(early.to_string().contains("it begins on 2098-01-01"), "{early}");

    let unknown = error(over_tls(&foreign, &office((2000, 2100)), &own));
    assert_eq!(unknown.code(), "certificate_unknown");
    let portal = Says {
        names: &["login.cafe.example"],
        years: (2000, 2100),
    };
    let other = error(over_tls(&own, &portal, &own));
    assert_eq!(other.code(), "certificate_of_another");
    assert!(other.to_string().contains("login.cafe.example"), "{other}");
    assert!(matches!(
        over_tls(&own, &portal, &own),
        Err(LineError::Certificate(BadCertificate::OtherName { .. }))
    ));
}
