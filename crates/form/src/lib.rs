//! What is asked: questions, groups, repeats, choices, languages and versions of a form.
//!
//! [`def::FormDef`] is a form as its author wrote it, with the cell each part came from. [`compiled::Form`] is the
//! same form with every expression parsed and every reference resolved, ready to run. This crate runs nothing, and
//! knows neither spreadsheets nor interviews.
//!
//! Modules in reading order: [`def`], [`types`] (the words for question types), [`problem`] (what is wrong, and
//! where), [`compiled`], [`external`] (files that choices read), [`package`] (canonical bytes and version id), [`difference`]
//! (between two versions), [`wording`] (expressions in words), [`codebook`] (a form as a page for people), [`xform`] (the form
//! as ODK's XML).
//!
//! ```
//! use std::sync::Arc;
//! use sampan_form::{compiled::Form, package};
//!
//! let bytes = concat!(
//!     "sampan-form 1\n",
//!     r#"{"form_id":"f","title":"F","version":"1","languages":["default"],"items":["#,
//!     r#"{"question":{"name":"age","role":"ask","kind":"integer","label":{"default":"Age?"},"origin":{"r":2}}},"#,
//!     r#"{"question":{"name":"old","role":"note","kind":"text","label":{"default":"${age} years!"},"#,
//!     r#""relevant":{"source":"${age} > 60","origin":{"r":3}},"origin":{"r":3}}}]}"#,
//! );
//! let def = package::from_bytes(bytes.as_bytes()).expect("a package");
//! let form = Form::compile(Arc::new(def)).expect("a form without fault");
//! let age = form.find("age").expect("a question");
//! let old = form.find("old").expect("a note");
//! assert_eq!(form.dependents(age), [old]);
//! assert!(form.rank(age) < form.rank(old));
//! ```

pub mod codebook;
pub mod compiled;
pub mod def;
pub mod difference;
pub mod entries;
pub mod external;
pub mod package;
pub mod problem;
pub mod types;
pub mod wording;
pub mod xform;
