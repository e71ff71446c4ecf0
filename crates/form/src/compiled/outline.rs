//! The items of a form as a numbered tree, before any expression is compiled.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use sampan_xpath::resolve::NodeId;

use crate::compiled::label::Label;
use crate::compiled::{Node, What};
use crate::def::{Item, Origin};
use crate::package;
use crate::problem::{Problem, Problems};

/// The items of a form without their expressions.
#[derive(Default)]
pub(super) struct Outline<'a> {
    pub(super) nodes: Vec<Node>,
    pub(super) items: Vec<(NodeId, &'a Item)>,
    pub(super) by_path: HashMap<Arc<str>, NodeId>,
    pub(super) by_name: HashMap<String, Vec<NodeId>>,
    pub(super) problems: Problems,
}

impl<'a> Outline<'a> {
    /// The root; an empty name = `data`.
    pub(super) fn add_root(&mut self, name: &str) {
        self.nodes.push(node(
            NodeId(0),
            None,
            if name.is_empty() { "data" } else { name },
            "".into(),
            What::Root,
            Vec::new(),
            Origin::default(),
        ));
    }

    pub(super) fn add_items(&mut self, items: &'a [Item], parent: NodeId, repeats: &mut Vec<NodeId>) {
        if repeats.len() > package::NESTING || self.depth(parent) > package::NESTING {
            return self.problems.push(Problem::error(
                items.first().map(Item::origin).unwrap_or(&Origin::default()),
                "",
                format!("groups stand more than {} deep in each other", package::NESTING),
                "Flatten the form",
            ));
        }
        for item in items {
            let id = NodeId(
                u32::try_from(self.nodes.len()).expect("a form of 32 bytes an item fits PACKAGE_BYTES"),
            );
            let (what, inside): (What, &[Item]) = match item {
                Item::Question(question) => (
                    What::Question {
                        role: question.role,
                        kind: question.kind,
                    },
                    &[],
                ),
                Item::Group(group) => (What::Group, &group.items),
                Item::Repeat(repeat) => (What::Repeat, &repeat.items),
            };
            let path = match self.nodes.get(parent.0 as usize) {
                Some(around) if !around.path.is_empty() => format!("{}/{}", around.path, item.name()),
                _ => item.name().to_string(),
            };
            let path: Arc<str> = path.into();
            if let Some(first) = self.by_path.get(&path) {
                let first = self
                    .nodes
                    .get(first.0 as usize)
                    .map(|node| node.origin.to_string());
                self.problems.push(Problem::error(
                    item.origin(),
                    item.name(),
                    format!(
                        "the name stands twice in the same group, first in {}",
                        first.unwrap_or_default()
                    ),
                    "Give one of them another name",
                ));
            } else {
                self.by_path.insert(path.clone(), id);
                self.by_name.entry(item.name().to_string()).or_default().push(id);
            }
            if let Some(parent) = self.nodes.get_mut(parent.0 as usize) {
                parent.children.push(id);
            }
            self.nodes.push(node(
                id,
                Some(parent),
                item.name(),
                path,
                what,
                repeats.clone(),
                item.origin().clone(),
            ));
            self.items.push((id, item));
            if what == What::Repeat {
                repeats.push(id);
            }
            self.add_items(inside, id, repeats);
            if what == What::Repeat {
                repeats.pop();
            }
        }
    }

    fn depth(&self, id: NodeId) -> usize {
        let mut depth = 0;
        let mut at = self.nodes.get(id.0 as usize);
        while let Some(parent) = at.and_then(|node| node.parent) {
            depth += 1;
            at = self.nodes.get(parent.0 as usize);
        }
        depth
    }
}

fn node(
    id: NodeId,
    parent: Option<NodeId>,
    name: &str,
    path: Arc<str>,
    what: What,
    repeats: Vec<NodeId>,
    origin: Origin,
) -> Node {
    Node {
        id,
        parent,
        name: name.to_string(),
        path,
        what,
        repeats,
        children: Vec::new(),
        relevant: None,
        required: None,
        constraint: None,
        calculation: None,
        actions: Vec::new(),
        trigger: Vec::new(),
        default: None,
        read_only: None,
        count: None,
        first_rows: None,
        choices: None,
        label: Label::default(),
        hint: Label::default(),
        guidance: Label::default(),
        required_message: Label::default(),
        constraint_message: Label::default(),
        soft_constraint: None,
        soft_constraint_message: Label::default(),
        type_name: String::new(),
        appearance: Vec::new(),
        parameters: BTreeMap::new(),
        media: BTreeMap::new(),
        attributes: Vec::new(),
        sensitivity: None,
        origin,
    }
}
