//! What the names in this form's expressions mean.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use sampan_xpath::resolve::{Named, Names, NodeId};

use crate::compiled::{Node, What};
use crate::problem::similar;

/// How many of the items that a name could mean are named.
const AMBIGUOUS: usize = 8;

/// The items and instances of a form while its expressions are compiled.
pub(super) struct FormNames<'a> {
    pub(super) nodes: &'a [Node],
    pub(super) by_name: &'a HashMap<String, Vec<NodeId>>,
    pub(super) by_path: &'a HashMap<Arc<str>, NodeId>,
    pub(super) instances: &'a BTreeSet<&'a str>,
    /// Every name once, in the order of the form, for guesses at what was meant.
    pub(super) words: &'a [&'a str],
    /// How many more comparisons of names guesses may take: that is slow, and nobody reads thousands.
    pub(super) comparisons: &'a Cell<usize>,
    /// Whether what is not there is empty instead of a mistake.
    pub(super) is_open: bool,
}

impl FormNames<'_> {
    fn get(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0 as usize)
    }

    /// What an unknown name most likely means; None also when there were too many of them.
    fn similar(&self, name: &str) -> Option<&str> {
        if self.is_open {
            return None;
        }
        let n_left = self.comparisons.get().checked_sub(self.words.len())?;
        self.comparisons.set(n_left);
        similar(name, self.words.iter().copied())
    }
}

impl Names for FormNames<'_> {
    fn named(&self, name: &str) -> Named {
        match self.by_name.get(name).map(Vec::as_slice) {
            Some([id]) => Named::One(*id),
            Some(ids) if !ids.is_empty() => {
                let named = ids.iter().take(AMBIGUOUS).filter_map(|id| self.get(*id));
                let mut paths: Vec<String> = named.map(|node| node.path.to_string()).collect();
                let n_more = ids.len().saturating_sub(AMBIGUOUS);
                if n_more > 0 {
                    paths.push(format!("{n_more} more"));
                }
                Named::Ambiguous(paths)
            }
            _ => Named::Unknown {
                similar: self.similar(name).map(str::to_string),
            },
        }
    }

    fn root(&self) -> NodeId {
        NodeId(0)
    }

    fn parent(&self, node: NodeId) -> Option<NodeId> {
        self.get(node)?.parent
    }

    fn child(&self, node: NodeId, name: &str) -> Option<NodeId> {
        let parent = self.get(node)?;
        if parent.path.is_empty() {
            return self.by_path.get(name).copied();
        }
        self.by_path
            .get(format!("{}/{name}", parent.path).as_str())
            .copied()
    }

    fn children(&self, node: NodeId) -> Vec<NodeId> {
        self.get(node)
            .map(|node| node.children.clone())
            .unwrap_or_default()
    }

    fn name(&self, node: NodeId) -> &str {
        self.get(node).map(|node| node.name.as_str()).unwrap_or_default()
    }

    fn is_repeat(&self, node: NodeId) -> bool {
        self.get(node).is_some_and(|node| node.what == What::Repeat)
    }

    fn has_instance(&self, id: &str) -> bool {
        self.is_open || self.instances.contains(id)
    }

    fn is_open(&self) -> bool {
        self.is_open
    }
}
