//! The grammar: the text of an expression to a tree, nothing looked up yet.

/// Why a text is no expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at byte {at})")]
pub struct SyntaxError {
    /// Byte offset in the text.
    pub at: usize,
    /// What is wrong and what to do, as a sentence.
    pub message: String,
}
