//! One typed answer, its missing states and its ODK text form.
//!
//! This crate owns what a single answer *is*: its type, its exact value and how ODK writes it as text.
//! It knows no form, no record and no interview.
//!
//! Modules in reading order: [`answer`] (what stands at a question), [`decimal`] and [`geo`] (exact numbers and
//! positions), [`text`] (ODK's text form in and out).
//!
//! ```
//! use sampan_value::{answer::{Kind, Value}, text};
//! let price = text::parse_value("12.50", Kind::Decimal).expect("a decimal");
//! assert_eq!(text::to_odk_text(&price), "12.5");
//! ```

pub mod answer;
pub mod decimal;
pub mod geo;
pub mod text;
