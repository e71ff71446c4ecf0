//! Tests of the office database with real files.
