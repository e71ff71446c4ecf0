//! What a handler gets and what it gives: a request whose caller is known, and a reply or a trouble.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Bytes;

use crate::access::Principal;
use crate::devices::DeviceCaller;
use crate::error::OfficeError;
use crate::http::Site;

/// A request, past the gate.
pub struct Ask {
    /// What all requests share.
    pub site: Arc<Site>,
    /// Who asks.
    pub who: Who,
    /// The parts of the path that the route names.
    pub path: Vec<(String, String)>,
    /// What stands after the question mark.
    pub query: Vec<(String, String)>,
    /// The fields of a form.
    pub fields: Vec<(String, String)>,
    /// The files of a form.
    pub files: Vec<Sent>,
    /// The body of a request that is no form.
    pub body: Bytes,
    /// The visitor's token before sign-in; empty on other routes.
    pub visit: String,
    /// From where.
    pub address: Option<IpAddr>,
    /// Path and query as asked for.
    pub target: String,
}

/// Who asks.
#[derive(Debug, Clone)]
pub enum Who {
    /// Nobody that is known.
    Nobody,
    /// A person in a browser.
    Person {
        /// Who.
        principal: Principal,
        /// The session's token.
        token: String,
    },
    /// A device with a good token.
    Device(Box<DeviceCaller>),
}

/// One file of a form.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The field's name.
    pub field: String,
    /// The file's name on the sender's machine; data only.
    pub name: String,
    /// Its content.
    pub bytes: Bytes,
}

/// What a handler gives.
#[derive(Debug)]
pub struct Reply {
    /// What comes back.
    pub content: Content,
    /// Values for `Set-Cookie`.
    pub cookies: Vec<String>,
}

/// What comes back.
#[derive(Debug)]
pub enum Content {
    /// A page, with its status.
    Page(u16, String),
    /// "See there", after something was done.
    See(String),
    /// JSON for a program.
    Json(u16, serde_json::Value),
    /// The answer to a sync request.
    Sync(Vec<u8>),
    /// A file to keep.
    Download {
        /// Its name.
        file_name: String,
        /// Its media type.
        media_type: String,
        /// Its content.
        bytes: Vec<u8>,
    },
    /// A part of the pages that never changes under its name.
    Asset(&'static str, &'static [u8]),
    /// A few words.
    Text(&'static str),
}

/// Why a request was not done.
#[derive(Debug)]
pub enum Trouble {
    /// The office said no.
    Office(OfficeError),
    /// No such page.
    NoPage,
    /// The page is there, but not for this.
    NoMethod,
    /// Somebody must sign in first. The text is where they wanted to go.
    SignIn(String),
    /// A form came after its session ended.
    SessionOver,
    /// A form that did not come from a page of ours.
    NotOurPage,
    /// What was sent cannot be read.
    Unreadable(&'static str),
    /// More than this route takes.
    TooLarge {
        /// The limit.
        limit_bytes: usize,
    },
    /// The body did not move.
    TooSlow,
    /// Too much at once.
    Busy {
        /// Seconds to wait.
        retry_after_s: u32,
    },
    /// A device must show a good token.
    NoToken {
        /// To be signed for a new one, when it is known which device asks.
        challenge: Option<String>,
    },
    /// A device that was shut out.
    Revoked,
    /// Our own mistake; the text is for the log.
    Broken(String),
}

impl From<OfficeError> for Trouble {
    fn from(error: OfficeError) -> Trouble {
        Trouble::Office(error)
    }
}

impl Reply {
    /// A page.
    pub fn page(html: String) -> Reply {
        Reply::of(Content::Page(200, html))
    }

    /// "See there."
    pub fn see(target: impl Into<String>) -> Reply {
        Reply::of(Content::See(target.into()))
    }

    /// JSON.
    pub fn json(value: serde_json::Value) -> Reply {
        Reply::of(Content::Json(200, value))
    }

    /// Content without cookies.
    pub fn of(content: Content) -> Reply {
        Reply {
            content,
            cookies: Vec::new(),
        }
    }
}

impl Ask {
    /// The person who asks; routes for persons only are called with one.
    pub fn person(&self) -> Result<&Principal, Trouble> {
        match &self.who {
            Who::Person { principal, .. } => Ok(principal),
            Who::Nobody | Who::Device(_) => Err(Trouble::SignIn(self.target.clone())),
        }
    }

    /// The device that asks; routes for devices only are called with one.
    pub fn device(&self) -> Result<&DeviceCaller, Trouble> {
        match &self.who {
            Who::Device(caller) => Ok(caller),
            Who::Nobody | Who::Person { .. } => Err(Trouble::NoToken { challenge: None }),
        }
    }

    /// A part of the path; what cannot be one of ours is absent like what is not there.
    pub fn id<T: std::str::FromStr>(&self, name: &str) -> Result<T, Trouble> {
        self.part(name)?
            .parse()
            .map_err(|_| Trouble::Office(OfficeError::Absent))
    }

    /// A part of the path as text.
    pub fn part(&self, name: &str) -> Result<&str, Trouble> {
        find(&self.path, name).ok_or(Trouble::Office(OfficeError::Absent))
    }

    /// A value after the question mark, without blanks around it; empty when it is not there.
    pub fn wanted(&self, name: &str) -> &str {
        find(&self.query, name).unwrap_or_default().trim()
    }

    /// A field of the form, without blanks around it; empty when it is not there.
    pub fn field(&self, name: &str) -> &str {
        find(&self.fields, name).unwrap_or_default().trim()
    }

    /// Names this act, so that a repeated request does it once: the form's own key together with what was filled in.
    /// A form that is sent again with other words is another act.
    pub fn key(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for (name, value) in self.fields.iter().filter(|(name, _)| name != "csrf") {
            for text in [name, value] {
                hasher.update(&(text.len() as u64).to_be_bytes());
                hasher.update(text.as_bytes());
            }
        }
        hasher.update(self.target.as_bytes());
        hasher.finalize().to_hex().to_string()
    }
}

fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}
