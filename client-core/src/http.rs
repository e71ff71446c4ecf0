//! The line as HTTP over TCP or TLS.

use std::io::ErrorKind;
use std::time::Duration;

use ureq::Agent;

use crate::transport::{LineError, Reply, Request, Transport};

/// The line that apps use.
pub struct Http {
    agent: Agent,
}

impl Http {
    /// A line with times that fit a bad mobile network: what moves may take minutes, what does not move is given up.
    pub fn new() -> Http {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_resolve(Some(Duration::from_secs(20)))
            .timeout_connect(Some(Duration::from_secs(20)))
            .timeout_per_read(Some(Duration::from_secs(60)))
            .timeout_per_write(Some(Duration::from_secs(60)))
            .timeout_send_body(Some(Duration::from_secs(600)))
            .timeout_recv_response(Some(Duration::from_secs(120)))
            .timeout_recv_body(Some(Duration::from_secs(600)))
            .user_agent(concat!("sampan/", env!("CARGO_PKG_VERSION")))
            .build();
        Http {
            agent: config.new_agent(),
        }
    }
}

impl Default for Http {
    fn default() -> Http {
        Http::new()
    }
}

impl Transport for Http {
    fn post(&self, request: Request<'_>) -> Result<Reply, LineError> {
        let mut builder = self
            .agent
            .post(request.url)
            .header("content-type", request.content_type);
        if let Some(token) = request.bearer {
            builder = builder.header("authorization", format!("Bearer {token}"));
        }
        let mut response = builder
            .send(request.body)
            .map_err(|error| line_error(error, request.max_reply_bytes))?;
        let status = response.status().as_u16();
        if (300..400).contains(&status) {
            return Err(LineError::Redirect);
        }
        let retry_after_s = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.trim().parse().ok());
        let content_type = response
            .body()
            .mime_type()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let body = response
            .body_mut()
            .with_config()
            .limit(request.max_reply_bytes)
            .read_to_vec()
            .map_err(|error| line_error(error, request.max_reply_bytes))?;
        Ok(Reply {
            status,
            content_type,
            retry_after_s,
            body,
        })
    }
}

fn line_error(error: ureq::Error, max_reply_bytes: u64) -> LineError {
    match error {
        ureq::Error::HostNotFound => LineError::NoConnection("its name was not found".into()),
        ureq::Error::ConnectionFailed => LineError::NoConnection("no connection".into()),
        ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => {
            LineError::NoConnection("nothing answered".into())
        }
        ureq::Error::Timeout(_) => LineError::Timeout,
        ureq::Error::BodyExceedsLimit(_) => LineError::TooLong(max_reply_bytes),
        ureq::Error::Tls(reason) => LineError::Tls(reason.to_owned()),
        ureq::Error::Rustls(reason) => LineError::Tls(reason.to_string()),
        ureq::Error::BadUri(reason) | ureq::Error::RequireHttpsOnly(reason) => LineError::BadAddress(reason),
        ureq::Error::Http(reason) => LineError::BadAddress(reason.to_string()),
        ureq::Error::RedirectFailed | ureq::Error::TooManyRedirects => LineError::Redirect,
        ureq::Error::Io(error) => io_error(&error),
        other => LineError::Cut(other.to_string()),
    }
}

fn io_error(error: &std::io::Error) -> LineError {
    let text = error.to_string();
    match error.kind() {
        ErrorKind::ConnectionRefused
        | ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable
        | ErrorKind::NetworkDown
        | ErrorKind::AddrNotAvailable
        | ErrorKind::NotFound => LineError::NoConnection(text),
        ErrorKind::TimedOut | ErrorKind::WouldBlock => LineError::Timeout,
        // What the secure layer finds wrong comes as invalid data; a plain socket knows no such thing.
        ErrorKind::InvalidData => LineError::Tls(text),
        _ => LineError::Cut(text),
    }
}
