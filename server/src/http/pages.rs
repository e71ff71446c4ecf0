//! What people see: pages made on the server that work without scripts, all text escaped by the templates.
//!
//! Modules in reading order: [`sign_in`], [`interviews`] (the list), [`interview`] (one), [`forms`], [`devices`],
//! [`people`], [`trouble`] (pages for what went wrong).

use askama::Template;

use crate::access::{Principal, Role};
use crate::http::Site;
use crate::http::ask::{Ask, Reply, Trouble};
use crate::http::assets;

pub mod devices;
pub mod forms;
pub mod interview;
pub mod interviews;
pub mod people;
pub mod sign_in;
pub mod trouble;

/// What stands around every page.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    /// The page's title.
    pub title: String,
    /// Which part of the office is open: `interviews forms devices people`, or empty.
    pub part: &'static str,
    /// The name of the one signed in; None before.
    pub name: Option<String>,
    /// May review.
    pub is_reviewer: bool,
    /// May manage forms and people.
    pub is_admin: bool,
    /// The seal for forms.
    pub csrf: String,
    /// What was just done, as a sentence; empty when nothing.
    pub done: &'static str,
    /// Path of the style sheet.
    pub style: &'static str,
    /// Path of the boat.
    pub boat: &'static str,
    /// Now, ms since 1970 UTC.
    pub now_ms: i64,
}

impl Frame {
    /// The frame for nobody in particular.
    pub fn bare(site: &Site, title: &str) -> Frame {
        Frame {
            title: title.to_string(),
            style: &assets::STYLE_PATH,
            boat: &assets::BOAT_PATH,
            now_ms: site.office.now_ms(),
            ..Frame::default()
        }
    }

    /// The frame for somebody who has signed in.
    pub fn of(site: &Site, who: &Principal, part: &'static str, title: &str) -> Frame {
        Frame {
            part,
            name: Some(who.name.clone()),
            is_reviewer: who.role() >= Some(Role::Supervisor),
            is_admin: who.role() >= Some(Role::Admin),
            csrf: site.tokens.seal_text("form", &who.person.to_string()),
            ..Frame::bare(site, title)
        }
    }

    /// The frame for the one who asks, with the sentence for what was just done.
    pub fn for_ask(ask: &Ask, part: &'static str, title: &str) -> Result<Frame, Trouble> {
        Ok(Frame {
            done: done(ask.wanted("done")),
            ..Frame::of(&ask.site, ask.person()?, part, title)
        })
    }

    /// A key for one form on the page, so that sending it twice does it once.
    pub fn key(&self, site: &Site) -> String {
        site.office.new_key()
    }
}

/// A page from its template.
pub fn page(template: &impl Template) -> Result<Reply, Trouble> {
    template
        .render()
        .map(Reply::page)
        .map_err(|error| Trouble::Broken(format!("a page could not be made: {error}")))
}

/// The sentence for a word in the address; other words say nothing.
fn done(word: &str) -> &'static str {
    match word {
        "approved" => "Approved. It covers exactly what you saw on this page.",
        "returned" => "Returned. The enumerator gets it with your comments at the next sync.",
        "rejected" => "Rejected. It stays here, and is left out of exports of approved interviews.",
        "reopened" => "Reopened. The earlier decision no longer stands.",
        "meanwhile" => {
            "Your decision is kept, and something arrived while you were reading: look at what changed, then decide again."
        }
        "commented" => "Your comment is kept.",
        "resolved" => "The comment is marked as dealt with.",
        "chosen" => "The value is set. The others stay in the history.",
        "assigned" => "Assigned. The interview reaches their device at the next sync.",
        "erased" => "Erased here, and on every device at its next sync.",
        "nothing-waits" => "Nothing waits for you. Well done.",
        "mended" => {
            "The form is read leniently and kept as a draft; its remarks say what was mended. Look at the preview, then publish it."
        }
        "uploaded" => "The form is read and kept as a draft. Look at the preview, then publish it.",
        "attached" => "The file belongs to the form now.",
        "published" => "Published. Devices get it at their next sync.",
        "closed" => "Closed for new interviews. Interviews under way go on.",
        "revoked" => "Shut out. The device can no longer send or receive.",
        "readmitted" => "Let in again. The device can sync.",
        "roles-set" => "The roles are set, and hold from now on.",
        "account-closed" => "The account is closed. What the person wrote stays.",
        "account-reopened" => "The account is open again.",
        _ => "",
    }
}

#[cfg(test)]
mod tests;
