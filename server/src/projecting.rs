//! From a record to its line in the list and its words in the search, always from changes alone.
