//! ODK's dialect of XPath: parse once, resolve against a form, evaluate over the answers.
//!
//! This crate owns the expression language of forms: its grammar, its functions, what an expression depends on and
//! what it is worth. It knows no form and no interview; it asks [`resolve::Names`] what a name means when an
//! expression is loaded, and [`world::World`] what stands there when it is evaluated.
//!
//! Modules in reading order: [`syntax`] (text to tree), [`resolve`] (names to items of a form), [`functions`] (what
//! can be called), [`program`] (an expression that is ready to run), [`world`] (the answers), [`eval`] (running it).

pub mod eval;
pub mod functions;
pub mod program;
pub mod resolve;
pub mod syntax;
pub mod world;
