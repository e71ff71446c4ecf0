//! What the HTTP and TLS layers report, as what it means for a device and its office.

use std::io::ErrorKind;

use rustls::CertificateError;
use ureq::http::Uri;

use crate::transport::{BadCertificate, LineError, Request};

/// What went wrong with a request.
pub(super) fn of(error: ureq::Error, request: &Request<'_>) -> LineError {
    match error {
        ureq::Error::HostNotFound | ureq::Error::Timeout(ureq::Timeout::Resolve) => {
            LineError::NoName(host(request.url))
        }
        ureq::Error::ConnectionFailed => LineError::NoConnection("no connection".into()),
        ureq::Error::Timeout(ureq::Timeout::Connect) => LineError::NoConnection("nothing answered".into()),
        ureq::Error::Timeout(_) => LineError::Timeout,
        ureq::Error::BodyExceedsLimit(_) => LineError::TooLong(request.max_reply_bytes),
        ureq::Error::Tls(reason) => LineError::Tls(reason.to_owned()),
        ureq::Error::Rustls(reason) => of_tls(&reason),
        ureq::Error::BadUri(reason) | ureq::Error::RequireHttpsOnly(reason) => LineError::BadAddress(reason),
        ureq::Error::Http(reason) => LineError::BadAddress(reason.to_string()),
        ureq::Error::RedirectFailed | ureq::Error::TooManyRedirects => led_to(request.url, ""),
        ureq::Error::Io(error) => of_socket(&error, request),
        other => LineError::Cut(other.to_string()),
    }
}

fn of_socket(error: &std::io::Error, request: &Request<'_>) -> LineError {
    // The secure layer's own errors travel inside those of the socket.
    let inner = error.get_ref();
    if let Some(reason) = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return of_tls(reason);
    }
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
        // The system's resolver has no kind of its own for a name that leads nowhere.
        _ if text.starts_with("failed to lookup address") || error.raw_os_error() == Some(11_001) => {
            LineError::NoName(host(request.url))
        }
        _ => LineError::Cut(text),
    }
}

fn of_tls(error: &rustls::Error) -> LineError {
    let rustls::Error::InvalidCertificate(reason) = error else {
        return LineError::Tls(match error {
            rustls::Error::InvalidMessage(_) => "what answers does not speak securely".into(),
            other => other.to_string(),
        });
    };
    let ms = |time: &rustls::pki_types::UnixTime| i64::try_from(time.as_secs()).ok()?.checked_mul(1000);
    LineError::Certificate(match reason {
        CertificateError::Expired => BadCertificate::Ended {
            ended_at_ms: None,
            clock_ms: None,
        },
        CertificateError::ExpiredContext { time, not_after } => BadCertificate::Ended {
            ended_at_ms: ms(not_after),
            clock_ms: ms(time),
        },
        CertificateError::NotValidYet => BadCertificate::NotYet {
            begins_at_ms: None,
            clock_ms: None,
        },
        CertificateError::NotValidYetContext { time, not_before } => BadCertificate::NotYet {
            begins_at_ms: ms(not_before),
            clock_ms: ms(time),
        },
        CertificateError::UnknownIssuer => BadCertificate::UnknownIssuer,
        CertificateError::NotValidForName => BadCertificate::OtherName { names: Vec::new() },
        CertificateError::NotValidForNameContext { presented, .. } => BadCertificate::OtherName {
            names: presented.iter().map(|name| plain_name(name)).collect(),
        },
        other => BadCertificate::Other(other.to_string()),
    })
}

/// `DnsName("office.example")` without what is around the name.
fn plain_name(name: &str) -> String {
    name.split('"').nth(1).unwrap_or(name).to_owned()
}

/// A redirect: to another host, or to another address of the same one. `location` is what the answer names.
pub(super) fn led_to(from: &str, location: &str) -> LineError {
    let there: Option<Uri> = location.parse().ok();
    let scheme = there.as_ref().and_then(Uri::scheme_str).unwrap_or("https");
    match there.as_ref().and_then(Uri::authority) {
        Some(authority) if authority.host().eq_ignore_ascii_case(&host(from)) => LineError::Moved {
            to: format!("{scheme}://{authority}"),
        },
        Some(authority) => LineError::Redirect {
            to: authority.to_string(),
        },
        // A path on the host that answers: nobody but a portal leads a sync to a page.
        None => LineError::Redirect {
            to: location.chars().take(60).collect(),
        },
    }
}

fn host(url: &str) -> String {
    let uri: Option<Uri> = url.parse().ok();
    uri.as_ref().and_then(Uri::host).unwrap_or(url).to_owned()
}
