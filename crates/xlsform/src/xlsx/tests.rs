//! Files that are no spreadsheets.
