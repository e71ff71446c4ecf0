//! The real line against real sockets that behave badly.

use std::io::{Read, Write};
use std::net::TcpListener;

use sampan_client_core::http::Http;
use sampan_client_core::transport::{LineError, Reply, Request, Transport};

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
    let reply = post(
        "http",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/login\r\nContent-Length: 0\r\n\r\n",
    );
    assert_eq!(reply, Err(LineError::Redirect));
    let reply = post(
        "http",
        b"HTTP/1.1 307 Found\r\nLocation: http://127.0.0.1:1/login\r\nContent-Length: 0\r\n\r\n",
    );
    assert_eq!(reply, Err(LineError::Redirect));
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
