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
    /// Name not found, refused, unreachable.
    #[error("the office could not be reached ({0})")]
    NoConnection(String),
    /// Too slow.
    #[error("the office did not answer in time")]
    Timeout,
    /// The line was cut within a request or an answer.
    #[error("the line was cut ({0})")]
    Cut(String),
    /// The secure connection was refused: a wrong clock, a foreign certificate, somebody in between.
    #[error("the secure connection failed ({0})")]
    Tls(String),
    /// The address is none.
    #[error("the address is not usable ({0})")]
    BadAddress(String),
    /// More came back than was asked for.
    #[error("the answer was longer than {0} bytes")]
    TooLong(u64),
    /// The answer leads elsewhere, as the sign-in page of a public network does.
    #[error("the answer leads to another address")]
    Redirect,
}

/// Sends a request and waits for the answer. Never follows a redirect, never repeats by itself.
pub trait Transport: Send + Sync {
    /// One POST.
    fn post(&self, request: Request<'_>) -> Result<Reply, LineError>;
}
