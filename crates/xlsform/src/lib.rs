//! Spreadsheets to forms: an XLSForm workbook becomes a form, or a list of everything that is wrong with it by cell.
//!
//! This crate owns the meaning of sheets, columns and type words. It knows no interview, and leaves references and
//! expressions to the form's own compiler. It reads bytes, never files, and survives hostile ones.
//!
//! Modules in reading order: [`reading`] (the entrance), [`workbook`] (sheets as rows of text), [`spreadsheet`],
//! [`table`] and [`markdown`] (where they come from), [`mending`] (what a lenient reading mends first), [`heading`] (what
//! a column means), [`cell`] (what a cell says), [`survey`], [`choices`], [`settings`] and [`entities`] (the sheets),
//! [`references`] (what `${name}` means).
//!
//! ```
//! let reading = sampan_xlsform::reading::read_markdown(
//!     "| survey |         |      |              |
//!      |        | type    | name | label        |
//!      |        | integer | age  | How old?     |
//!      |        | note    | old  | ${age} years |",
//! )
//! .expect("a small form");
//! assert_eq!(reading.form.items.len(), 2);
//!
//! let problems = sampan_xlsform::reading::read_markdown(
//!     "| survey |        |      |       |
//!      |        | type   | name | label |
//!      |        | integr | age  | Age   |",
//! )
//! .expect_err("a misspelt type");
//! assert_eq!(
//!     problems[0].to_string(),
//!     "survey A2 (type): there is no question type integr; found \"integr\". Did you mean integer?",
//! );
//! ```

pub mod cell;
pub mod choices;
pub mod entities;
pub mod heading;
pub mod markdown;
pub mod mending;
pub mod reading;
pub mod references;
pub mod settings;
pub mod spreadsheet;
pub mod survey;
pub mod table;
pub mod workbook;
