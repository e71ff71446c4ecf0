//! Where an answer stands: the question's path in the form, and the row of each repeat around it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::RowId;

/// Names from the form's root to a question, group or repeat, joined by `/`, without the root: `d_products/products/prod`.
/// Answers carry over between form versions by this path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct QuestionPath(pub Arc<str>);

/// One place an answer can stand: a question, in one row of each repeat around it (outermost first).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AnswerPath {
    /// The question (or, in row ops, the repeat).
    pub question: QuestionPath,
    /// The row of each enclosing repeat, outermost first; empty outside repeats. In row ops: the rows around the
    /// repeat, without the row concerned.
    pub rows: Vec<RowId>,
}

impl QuestionPath {
    /// A path from its text.
    pub fn new(text: &str) -> QuestionPath {
        QuestionPath(Arc::from(text))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for QuestionPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
