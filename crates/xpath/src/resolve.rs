//! What names mean: the questions an expression asks of a form when it is loaded.

use serde::{Deserialize, Serialize};

/// The index of an item of one form version, in the order of the form; the root is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub u32);

/// What a `${name}` stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// Exactly one item has that name.
    One(NodeId),
    /// Several items have it; their paths, for the message.
    Ambiguous(Vec<String>),
    /// No item has it.
    Unknown {
        /// A name that looks like it, if there is one.
        similar: Option<String>,
    },
}

/// What a prefix stands for where prefixes are declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Namespace {
    /// The namespace of this address.
    Is(String),
    /// The prefix is not declared.
    Unknown,
}

/// What an expression has to know about the form it is written in.
pub trait Names {
    /// The item that `${name}` means.
    fn named(&self, name: &str) -> Named;
    /// The form itself, the outermost item.
    fn root(&self) -> NodeId;
    /// The item around an item; None for the root.
    fn parent(&self, node: NodeId) -> Option<NodeId>;
    /// The item of that name directly inside an item.
    fn child(&self, node: NodeId, name: &str) -> Option<NodeId>;
    /// All items directly inside an item, in order.
    fn children(&self, node: NodeId) -> Vec<NodeId>;
    /// The name of an item, without its path.
    fn name(&self, node: NodeId) -> &str;
    /// Whether an item is a repeat: it may stand several times at its place.
    fn is_repeat(&self, node: NodeId) -> bool;
    /// Whether there is a choice list or attached file of that instance id.
    fn has_instance(&self, id: &str) -> bool;
    /// The namespace that a prefix stands for; None = no prefixes are known here, so names are compared as written.
    fn namespace(&self, prefix: &str) -> Option<Namespace> {
        let _ = prefix;
        None
    }
    /// Whether the tree may hold items that these names do not know, so that paths are followed only when the
    /// expression is evaluated and an unknown path is empty instead of a mistake. Forms are closed.
    fn is_open(&self) -> bool {
        false
    }
}

/// Where an expression is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The item it belongs to; `.` in the expression.
    pub node: NodeId,
    /// Whether it chooses rows of a choice list: bare names are then columns, and `.` is the row's `name`.
    pub is_choice_filter: bool,
}

/// One thing that is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Byte offset in the expression.
    pub at: usize,
    /// What is wrong, as a sentence.
    pub message: String,
    /// What to do about it, as a sentence; may be empty.
    pub advice: String,
}
