//! What pages need besides themselves: one style sheet and the sign of the boat, under names made of their content.

use std::sync::LazyLock;

use crate::http::ask::{Ask, Content, Reply, Trouble};

const STYLE: &str = include_str!("../../assets/sampan.css");
const BOAT: &str = include_str!("../../assets/boat.svg");

/// The style sheet's path; another style sheet has another path, so browsers may keep it for ever.
pub static STYLE_PATH: LazyLock<String> = LazyLock::new(|| named(STYLE, "css"));
/// The path of the boat, for the browser's tab.
pub static BOAT_PATH: LazyLock<String> = LazyLock::new(|| named(BOAT, "svg"));

fn named(content: &str, ending: &str) -> String {
    let hash: String = blake3::hash(content.as_bytes())
        .to_hex()
        .chars()
        .take(16)
        .collect();
    format!("/assets/{hash}.{ending}")
}

/// `GET /assets/{file}`.
pub fn asset(ask: &Ask) -> Result<Reply, Trouble> {
    let path = format!("/assets/{}", ask.part("file")?);
    let content = if path == *STYLE_PATH {
        Content::Asset("text/css; charset=utf-8", STYLE.as_bytes())
    } else if path == *BOAT_PATH {
        Content::Asset("image/svg+xml", BOAT.as_bytes())
    } else {
        return Err(Trouble::NoPage);
    };
    Ok(Reply::of(content))
}

/// `GET /health`: whether the office can read its database.
pub fn health(ask: &Ask) -> Result<Reply, Trouble> {
    if ask.site.office.is_healthy() {
        Ok(Reply::of(Content::Text("ok")))
    } else {
        Err(Trouble::Broken("the database cannot be read".into()))
    }
}
