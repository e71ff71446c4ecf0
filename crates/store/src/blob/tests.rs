//! Tests of the blob folder.
