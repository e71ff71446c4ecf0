//! What the names in this form's expressions mean.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use sampan_xpath::resolve::{Named, Names, NodeId};

use crate::compiled::{Node, What};
use crate::problem::similar;

/// The items and instances of a form while its expressions are compiled.
pub(super) struct FormNames<'a> {
    pub(super) nodes: &'a [Node],
    pub(super) by_name: &'a HashMap<String, Vec<NodeId>>,
    pub(super) by_path: &'a HashMap<Arc<str>, NodeId>,
    pub(super) instances: &'a BTreeSet<&'a str>,
    /// How many more unknown names are compared with all others: that is slow, and nobody reads thousands.
    pub(super) guesses: Cell<u32>,
    /// Whether what is not there is empty instead of a mistake.
    pub(super) is_open: bool,
}

impl FormNames<'_> {
    fn get(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0 as usize)
    }
}

impl Names for FormNames<'_> {
    fn named(&self, name: &str) -> Named {
        match self.by_name.get(name).map(Vec::as_slice) {
            Some([id]) => Named::One(*id),
            Some(ids) if !ids.is_empty() => Named::Ambiguous(
                ids.iter()
                    .filter_map(|id| self.get(*id))
                    .map(|node| node.path.to_string())
                    .collect(),
            ),
            _ if self.guesses.replace(self.guesses.get().saturating_sub(1)) == 0 => {
                Named::Unknown { similar: None }
            }
            _ => Named::Unknown {
                similar: similar(name, self.nodes.iter().skip(1).map(|node| node.name.as_str()))
                    .map(str::to_string),
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
