//! What can be called in an expression.
