//! Browsers: the session cookie, where a form comes from, and how often a password may be tried from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

use axum::http::HeaderMap;
use axum::http::header::{COOKIE, HOST, ORIGIN};

/// The session of a signed-in person.
pub const SESSION: &str = "__Host-sampan";
/// A visitor before sign-in; ties the sign-in form to the browser it was shown in.
pub const VISIT: &str = "__Host-sampan-visit";

const WINDOW_MS: i64 = 10 * 60 * 1000;
/// Failures from one address in [`WINDOW_MS`]: generous, a field office sits behind one address.
const MAX_FAILURES: u32 = 40;
const MAX_ADDRESSES: usize = 20_000;

/// The value of a cookie, if the browser sent it once.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut found = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value.to_string());
    let value = found.next()?;
    // The same name twice means that somebody planted one.
    found.next().is_none().then_some(value)
}

/// A `Set-Cookie` header that keeps a value until the browser closes, or removes it when empty.
pub fn set_cookie(name: &str, value: &str) -> String {
    let age = if value.is_empty() { "; Max-Age=0" } else { "" };
    format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{age}")
}

/// Whether a state-changing request comes from a page of ours, as the browser itself says.
pub fn is_own_page(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    let host = text(HOST.as_str()).unwrap_or_default();
    let origin = text(ORIGIN.as_str()).unwrap_or_default();
    let authority = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"));
    !host.is_empty() && authority == Some(host)
}

/// Failed sign-ins by address. What is counted per account is the office's own matter.
#[derive(Debug, Default)]
pub struct Throttle {
    failures: Mutex<HashMap<IpAddr, (i64, u32)>>,
}

impl Throttle {
    /// Seconds to wait before another try from this address; None = go on.
    pub fn wait_s(&self, address: Option<IpAddr>, now_ms: i64) -> Option<u32> {
        let failures = self
            .failures
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let (since_ms, n_failures) = failures.get(&address?)?;
        let left_ms = since_ms.saturating_add(WINDOW_MS).saturating_sub(now_ms);
        (*n_failures >= MAX_FAILURES && left_ms > 0)
            .then(|| u32::try_from(left_ms / 1000 + 1).unwrap_or(u32::MAX))
    }

    /// One more failure from this address.
    pub fn failed(&self, address: Option<IpAddr>, now_ms: i64) {
        let Some(address) = address else { return };
        let mut failures = self
            .failures
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if failures.len() >= MAX_ADDRESSES {
            failures.retain(|_, (since_ms, _)| now_ms.saturating_sub(*since_ms) < WINDOW_MS);
            if failures.len() >= MAX_ADDRESSES {
                failures.clear();
            }
        }
        let entry = failures.entry(address).or_insert((now_ms, 0));
        if now_ms.saturating_sub(entry.0) >= WINDOW_MS {
            *entry = (now_ms, 0);
        }
        entry.1 = entry.1.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_the_browsers_own_word_makes_a_page_ours() {
        let table: &[(&[(&str, &str)], bool)] = &[
            (&[("sec-fetch-site", "same-origin"), ("host", "a")], true),
            (
                &[
                    ("sec-fetch-site", "same-site"),
                    ("host", "a"),
                    ("origin", "http://a"),
                ],
                false,
            ),
            (
                &[
                    ("sec-fetch-site", "cross-site"),
                    ("host", "a"),
                    ("origin", "http://a"),
                ],
                false,
            ),
            (&[("sec-fetch-site", "none"), ("host", "a")], false),
            (&[("host", "office:8420"), ("origin", "http://office:8420")], true),
            (&[("host", "office"), ("origin", "https://office")], true),
            (&[("host", "office"), ("origin", "https://office.evil")], false),
            (&[("host", "office"), ("origin", "null")], false),
            (&[("host", "office")], false),
            (&[], false),
        ];
        for (pairs, expected) in table {
            let pairs: Vec<(&'static str, &'static str)> = pairs.to_vec();
            assert_eq!(is_own_page(&headers(&pairs)), *expected, "{pairs:?}");
        }
    }

    #[test]
    fn a_cookie_that_comes_twice_is_no_cookie() {
        let once = headers(&[("cookie", "a=1; __Host-sampan=x; b=2")]);
        assert_eq!(cookie(&once, SESSION), Some("x".into()));
        let twice = headers(&[("cookie", "__Host-sampan=x; __Host-sampan=y")]);
        assert_eq!(cookie(&twice, SESSION), None);
    }

    #[test]
    fn many_failures_from_one_address_wait_and_others_do_not() {
        let throttle = Throttle::default();
        let here: Option<IpAddr> = "10.0.0.1".parse().ok();
        let there: Option<IpAddr> = "10.0.0.2".parse().ok();
        for _ in 0..MAX_FAILURES {
            assert_eq!(throttle.wait_s(here, 1000), None);
            throttle.failed(here, 1000);
        }
        assert!(throttle.wait_s(here, 1000).is_some());
        assert_eq!(throttle.wait_s(there, 1000), None);
        assert_eq!(throttle.wait_s(here, 1000 + WINDOW_MS), None);
    }
}
