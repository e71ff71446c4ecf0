//! Tests of the device database.
