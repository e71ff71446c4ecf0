//! The office database.
