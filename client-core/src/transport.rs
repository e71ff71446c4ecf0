//! The line to the office, as small as it can be, so that a test can cut it.

/// One request. Nothing else is ever sent.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Where to.
    pub url: &'a str,
    /// What the body is.
    pub content_type: &'a str,
    /// The token, where one is needed.
    pub bearer: Option<&'a str>,
    /// What is sent.
    pub body: &'a [u8],
    /// Most bytes to receive; more is [`LineError::TooLong`].
    pub max_reply_bytes: u64,
}

/// What came back, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Media type in lower case without parameters; empty when the sender named none.
    pub content_type: String,
    /// When to come again, in seconds, if the sender says so.
    pub retry_after_s: Option<u64>,
    /// What was received.
    pub body: Vec<u8>,
}

/// Why nothing (whole) came back. The request may or may not have arrived.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Refused, unreachable, no network.
    #[error("the office could not be reached ({0})")]
    NoConnection(String),
    /// The office's name leads nowhere: no network, or a wrong address. The name.
    #[error("the name {0} was not found")]
    NoName(String),
    /// Too slow.
    #[error("the office did not answer in time")]
    Timeout,
    /// The line was cut within a request or an answer.
    #[error("the line was cut ({0})")]
    Cut(String),
    /// Whoever answers does not prove to be the office. Nothing was sent.
    #[error(transparent)]
    Certificate(#[from] BadCertificate),
    /// What answers does not speak securely, or breaks off while the secure connection is made. Nothing was sent.
    #[error("the secure connection failed ({0})")]
    Tls(String),
    /// The address is none.
    #[error("the address is not usable ({0})")]
    BadAddress(String),
    /// More came back than was asked for.
    #[error("the answer was longer than {0} bytes")]
    TooLong(u64),
    /// The answer leads to another host, as the sign-in page of a public network does. It was not followed.
    #[error("the answer leads to another address ({to})")]
    Redirect {
        /// The host it leads to, or all that was said.
        to: String,
    },
    /// The answer leads to another address of the same host. It was not followed.
    #[error("the office says that its address is {to} now")]
    Moved {
        /// Scheme and host with port.
        to: String,
    },
}

/// What is wrong with the certificate of whoever answers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCertificate {
    /// By this device's clock its time is over.
    #[error("by this device's clock the office's certificate is out of date{}", dates("it ended on", *ended_at_ms, *clock_ms))]
    Ended {
        /// When it ended, milliseconds since 1970 UTC.
        ended_at_ms: Option<i64>,
        /// What this device's clock says, the same way.
        clock_ms: Option<i64>,
    },
    /// By this device's clock its time has not begun.
    #[error("by this device's clock the office's certificate is not valid yet{}", dates("it begins on", *begins_at_ms, *clock_ms))]
    NotYet {
        /// When it begins, milliseconds since 1970 UTC.
        begins_at_ms: Option<i64>,
        /// What this device's clock says, the same way.
        clock_ms: Option<i64>,
    },
    /// Nobody this device trusts vouches for it.
    #[error("what answers at the office's address has a certificate that nobody known vouches for")]
    UnknownIssuer,
    /// It is for another name.
    #[error("what answers at the office's address has the certificate of another name{}", others(.names))]
    OtherName {
        /// The names it is for, as far as they are known.
        names: Vec<String>,
    },
    /// Something else.
    #[error("the certificate of what answers at the office's address is not in order ({0})")]
    Other(String),
}

fn dates(what: &str, at_ms: Option<i64>, clock_ms: Option<i64>) -> String {
    let day = |ms: Option<i64>| {
        ms.and_then(chrono::DateTime::from_timestamp_millis)
            .map(|time| time.format("%Y-%m-%d").to_string())
    };
    match (day(at_ms), day(clock_ms)) {
        (Some(at), Some(clock)) => format!(" ({what} {at}, the clock shows {clock})"),
        (Some(at), None) => format!(" ({what} {at})"),
        (None, _) => String::new(),
    }
}

fn others(names: &[String]) -> String {
    match names.first() {
        Some(name) => format!(" ({name})"),
        None => String::new(),
    }
}

/// Sends a request and waits for the answer. Never follows a redirect, never repeats by itself.
pub trait Transport: Send + Sync {
    /// One POST.
    fn post(&self, request: Request<'_>) -> Result<Reply, LineError>;
}
