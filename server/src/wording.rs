//! How answers and moments read in words.
