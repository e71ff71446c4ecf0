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
//! finishing, values), [`doubts`] (what is confirmed), [`entities`] (things that it creates and updates), [`audit`] (the
//! log of its course), [`moving`] (on to another form version, with a report), [`standing`] (everything at once, by
//! place), [`instance`] (as ODK's XML), [`session`] (driven by another program), [`view`] and [`refusal`] (plain data
//! that comes out), [`schema`] (question numbers for the record codec).
//!
//! ```
//! use std::sync::Arc;
//! use sampan_form::{compiled::Form, external::Tables};
//! use sampan_interview::{facts::Facts, interview::Interview, plan::Plan, view::Position};
//!
//! let reading = sampan_xlsform::reading::read_markdown(
//!     "| survey |         |        |                        |            |
//!      |        | type    | name   | label                  | relevant   |
//!      |        | integer | staff  | How many work here?    |            |
//!      |        | integer | women  | How many are women?    | ${staff} > 0 |
//!      |        | note    | thanks | ${women} of ${staff}.  |            |",
//! )
//! .expect("a small form");
//! let form = Form::compile(Arc::new(reading.form)).expect("its references are right");
//! let plan = Arc::new(Plan::new(Arc::new(form), Arc::new(Tables::new())));
//! let now = "2026-11-24T08:30:00+07:00".parse().expect("a moment");
//! let facts = Facts {
//!     device: "phone 7".into(),
//!     username: "sokha".into(),
//!     email: String::new(),
//!     phone_number: String::new(),
//!     started_at: now,
//!     seed: 1,
//! };
//! let mut interview = Interview::begin(plan, &facts).interview;
//!
//! // The first screen asks how many work here; the next question depends on the answer.
//! let screen = interview.first();
//! let staff = screen.questions.first().expect("a question").clone();
//! let answer = interview.parse_input(&staff, "១២").expect("Khmer digits are digits");
//! let accepted = interview.answer(&staff, Some(answer), now).expect("there is no constraint");
//! assert_eq!(accepted.ops.len(), 1); // to be kept before the next question shows
//!
//! let women = interview.next(&screen.position).questions.first().expect("it is asked now").clone();
//! let refused = interview.parse_input(&women, "many").expect_err("no number");
//! assert!(refused.message.contains("such as 12"));
//! let answer = interview.parse_input(&women, "5").expect("a number");
//! interview.answer(&women, Some(answer), now).expect("a number");
//! let thanks = interview.next(&Position::Question(women));
//! let told = interview.question(thanks.questions.first().expect("a note")).expect("it is there");
//! assert_eq!(told.label, "5 of 12.");
//! assert!(interview.problems().is_empty());
//! ```

pub mod answering;
pub mod audit;
mod calendar;
pub mod checking;
pub mod doubts;
pub mod entities;
pub mod facts;
mod fitting;
mod furnishing;
pub mod instance;
pub mod interview;
pub mod moving;
mod offers;
mod places;
pub mod plan;
pub mod questions;
mod queue;
pub mod refusal;
mod running;
pub mod schema;
pub mod screens;
pub mod session;
mod sight;
pub mod standing;
mod texts;
pub mod view;
mod written;
