//! The asking: a running form, from the first question to the last.
//!
//! This crate owns what happens while a form is filled in: which questions are relevant, what is computed, which
//! answers are taken and what refuses them, rows of repeats, the choices on offer, screens and their order. The same
//! engine runs on the device and in the office. It knows no database, no clock and no randomness: the moment and
//! random bits are arguments, and what is to be kept comes out as record ops.
//!
//! Modules in reading order: [`plan`] (a form version with its tables and its order of computing, shared by all
//! interviews), [`facts`], [`interview`] (the running form: begin, resume, look), [`answering`] (answers and rows in,
//! ops out), [`questions`] (how a question stands, its texts and choices), [`screens`], [`checking`] (problems,
//! finishing, values), [`view`] and [`refusal`] (plain data that comes out), [`schema`] (question numbers for the
//! record codec).

pub mod answering;
pub mod checking;
pub mod facts;
pub mod interview;
mod offers;
mod places;
pub mod plan;
pub mod questions;
pub mod refusal;
mod running;
pub mod schema;
pub mod screens;
mod sight;
pub mod view;
