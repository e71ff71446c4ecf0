//! What is asked: questions, groups, repeats, choices, languages and versions of a form.
//!
//! [`def::FormDef`] is a form as its author wrote it, with the cell each part came from. [`compiled::Form`] is the
//! same form with every expression parsed and every reference resolved, ready to run. This crate runs nothing.
//!
//! Modules in reading order: [`def`], [`compiled`], [`package`] (canonical bytes and version id), [`external`].

pub mod def;
