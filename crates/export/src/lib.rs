//! Records out: tables with exactly what was collected, that a spreadsheet can open without harm.
//!
//! This crate owns which columns a form has, what stands in a cell, and how a cell that looks like a formula is made
//! harmless. It knows no store, no person's rights and no engine: calculated values come with the record.
//!
//! Modules in reading order: [`record`] (what is given), [`columns`] (what a table has), [`cell`] (one answer as text,
//! and back), [`csv`] (the tables).
//!
//! ```
//! use sampan_export::cell;
//! use sampan_value::answer::{Answer, Kind, Missing, Value};
//!
//! let refused = Answer::Missing(Missing::Refused);
//! assert_eq!(cell::text(&refused), "-99");
//! let hostile = Answer::Value(Value::Text("=HYPERLINK(\"http://x\")".to_owned()));
//! assert_eq!(cell::text(&hostile), "'=HYPERLINK(\"http://x\")");
//! assert_eq!(cell::parse(&cell::text(&hostile), Kind::Text), Ok(Some(hostile)));
//! ```

pub mod cell;
pub mod columns;
pub mod csv;
pub mod record;
