//! What is asked: questions, groups, repeats, choices, languages and versions of a form.
//!
//! [`def::FormDef`] is a form as its author wrote it, with the cell each part came from. [`compiled::Form`] is the
//! same form with every expression parsed and every reference resolved, ready to run. This crate runs nothing, and
//! knows neither spreadsheets nor interviews.
//!
//! Modules in reading order: [`def`], [`types`] (the words for question types), [`problem`] (what is wrong, and
//! where), [`compiled`], [`external`] (files that choices read), [`package`] (canonical bytes and version id).

pub mod compiled;
pub mod def;
pub mod external;
pub mod package;
pub mod problem;
pub mod types;
