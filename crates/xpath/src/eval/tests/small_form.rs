//! A form and its answers in memory, written as an indented list.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};
use sampan_value::answer::Missing;

use crate::resolve::{Named, Names, NodeId};
use crate::world::{Table, World};

/// A line is `name`, `name = answer`, `name ? dont_know`, or `name *` for a row of a repeat.
pub struct SmallForm {
    items: Vec<Item>,
    pub nodes: Vec<Answered>,
    pub tables: BTreeMap<String, SmallTable>,
    chance: Cell<u64>,
}

struct Item {
    name: String,
    parent: Option<NodeId>,
    is_repeat: bool,
}

pub struct Answered {
    item: NodeId,
    parent: Option<usize>,
    children: Vec<usize>,
    text: String,
    missing: Option<Missing>,
}

pub struct SmallTable {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
    has_index: bool,
    pub n_lookups: Cell<usize>,
}

impl SmallForm {
    pub fn new(lines: &str) -> SmallForm {
        let mut form = SmallForm {
            items: Vec::new(),
            nodes: Vec::new(),
            tables: BTreeMap::new(),
            chance: Cell::new(0),
        };
        let mut around: Vec<(usize, usize)> = Vec::new();
        for line in lines.lines().filter(|line| !line.trim().is_empty()) {
            let depth = line.len() - line.trim_start().len();
            around.retain(|(outer, _)| *outer < depth);
            let parent = around.last().map(|(_, node)| *node);
            let node = form.add(line.trim(), parent);
            around.push((depth, node));
        }
        form
    }

    pub fn with_table(mut self, id: &str, has_index: bool, csv: &str) -> SmallForm {
        let cells = |line: &str| {
            line.split(',')
                .map(|cell| cell.trim().to_owned())
                .collect::<Vec<_>>()
        };
        let mut lines = csv.lines().filter(|line| !line.trim().is_empty());
        let columns = cells(lines.next().unwrap());
        let rows = lines.map(cells).collect();
        self.tables.insert(
            id.to_owned(),
            SmallTable {
                columns,
                rows,
                has_index,
                n_lookups: Cell::new(0),
            },
        );
        self
    }

    fn add(&mut self, line: &str, parent: Option<usize>) -> usize {
        let mut words = line.splitn(3, ' ');
        let name = words.next().unwrap();
        let sign = words.next().unwrap_or("");
        let rest = words.next().unwrap_or("");
        let parent_item = parent.map(|parent| self.nodes[parent].item);
        let known = self
            .items
            .iter()
            .position(|item| item.name == name && item.parent == parent_item);
        let item = known.unwrap_or_else(|| {
            self.items.push(Item {
                name: name.to_owned(),
                parent: parent_item,
                is_repeat: sign == "*",
            });
            self.items.len() - 1
        });
        let node = self.nodes.len();
        self.nodes.push(Answered {
            item: NodeId(item as u32),
            parent,
            children: Vec::new(),
            text: if sign == "=" {
                rest.to_owned()
            } else {
                String::new()
            },
            missing: if sign == "?" {
                Some(Missing::from_word(rest).unwrap())
            } else {
                None
            },
        });
        if let Some(parent) = parent {
            self.nodes[parent].children.push(node);
        }
        node
    }

    /// The node at a path such as `products[2]/share`, and its item.
    pub fn at(&self, path: &str) -> (usize, NodeId) {
        let mut node = 0;
        for step in path.split('/').filter(|step| !step.is_empty()) {
            let (name, place) = match step.trim_end_matches(']').split_once('[') {
                Some((name, place)) => (name, place.parse::<usize>().unwrap()),
                None => (step, 1),
            };
            let children = self.nodes[node].children.iter();
            let named = children.filter(|child| World::name(self, child) == name);
            node = *named
                .clone()
                .nth(place - 1)
                .unwrap_or_else(|| panic!("no {path}"));
        }
        (node, self.nodes[node].item)
    }

    fn rows_of(&self, node: usize) -> Vec<usize> {
        let mut rows = Vec::new();
        let mut next = Some(node);
        while let Some(node) = next {
            if self.items[self.nodes[node].item.0 as usize].is_repeat {
                rows.push(node);
            }
            next = self.nodes[node].parent;
        }
        rows
    }
}

impl Names for SmallForm {
    fn named(&self, name: &str) -> Named {
        let ids = |wanted: &str| -> Vec<usize> {
            (0..self.items.len())
                .filter(|id| self.items[*id].name == wanted)
                .collect()
        };
        match ids(name).as_slice() {
            [only] => Named::One(NodeId(*only as u32)),
            [] => Named::Unknown {
                similar: ids(&name.to_lowercase()).first().map(|_| name.to_lowercase()),
            },
            several => Named::Ambiguous(several.iter().map(|id| format!("{name} ({id})")).collect()),
        }
    }
    fn root(&self) -> NodeId {
        NodeId(0)
    }
    fn parent(&self, node: NodeId) -> Option<NodeId> {
        self.items[node.0 as usize].parent
    }
    fn child(&self, node: NodeId, name: &str) -> Option<NodeId> {
        Names::children(self, node)
            .into_iter()
            .find(|child| Names::name(self, *child) == name)
    }
    fn children(&self, node: NodeId) -> Vec<NodeId> {
        let all = 0..self.items.len();
        all.filter(|id| self.items[*id].parent == Some(node))
            .map(|id| NodeId(id as u32))
            .collect()
    }
    fn name(&self, node: NodeId) -> &str {
        &self.items[node.0 as usize].name
    }
    fn is_repeat(&self, node: NodeId) -> bool {
        self.items[node.0 as usize].is_repeat
    }
    fn has_instance(&self, id: &str) -> bool {
        self.tables.contains_key(id)
    }
}

impl World for SmallForm {
    type Node = usize;

    fn root(&self) -> usize {
        0
    }
    fn nodes(&self, target: NodeId, from: &usize) -> Vec<usize> {
        let ours = self.rows_of(*from);
        let is_repeat_of_ours = |row: &usize| {
            ours.iter()
                .any(|our| self.nodes[*our].item == self.nodes[*row].item)
        };
        (0..self.nodes.len())
            .filter(|node| self.nodes[*node].item == target)
            .filter(|node| {
                // Rows of repeats around both must be the same; deeper ones only count below the same row.
                self.rows_of(*node)
                    .iter()
                    .all(|row| ours.contains(row) || !is_repeat_of_ours(row))
            })
            .collect()
    }
    fn text<'a>(&'a self, node: &usize) -> Cow<'a, str> {
        Cow::Borrowed(&self.nodes[*node].text)
    }
    fn missing(&self, node: &usize) -> Option<Missing> {
        self.nodes[*node].missing
    }
    fn name<'a>(&'a self, node: &usize) -> Cow<'a, str> {
        Cow::Borrowed(&self.items[self.nodes[*node].item.0 as usize].name)
    }
    fn parent(&self, node: &usize) -> Option<usize> {
        self.nodes[*node].parent
    }
    fn children(&self, node: &usize) -> Vec<usize> {
        self.nodes[*node].children.clone()
    }
    fn position(&self, node: &usize) -> usize {
        let Some(parent) = self.nodes[*node].parent else {
            return 1;
        };
        let siblings = self.nodes[parent].children.iter();
        siblings
            .filter(|sibling| self.nodes[**sibling].item == self.nodes[*node].item && *sibling <= node)
            .count()
    }
    fn table(&self, id: &str) -> Option<&dyn Table> {
        self.tables.get(id).map(|table| table as &dyn Table)
    }
    fn last_saved(&self, target: NodeId) -> Cow<'_, str> {
        Cow::Owned(format!("last {}", Names::name(self, target)))
    }
    fn choice_label(&self, target: NodeId, _: &usize, value: &str) -> Option<String> {
        (value != "unknown").then(|| format!("label of {value} in {}", Names::name(self, target)))
    }
    fn now(&self) -> DateTime<FixedOffset> {
        DateTime::parse_from_rfc3339("2026-11-24T05:30:00+07:00").unwrap()
    }
    fn random(&self) -> u64 {
        self.chance
            .set(self.chance.get().wrapping_add(0x9E37_79B9_7F4A_7C15));
        self.chance.get()
    }
}

impl Table for SmallTable {
    fn n_rows(&self) -> usize {
        self.rows.len()
    }
    fn columns(&self) -> &[String] {
        &self.columns
    }
    fn cell(&self, row: usize, column: usize) -> &str {
        self.rows
            .get(row)
            .and_then(|row| row.get(column))
            .map_or("", String::as_str)
    }
    fn rows_where(&self, column: usize, value: &str) -> Option<Vec<usize>> {
        if !self.has_index {
            return None;
        }
        self.n_lookups.set(self.n_lookups.get() + 1);
        Some(
            (0..self.rows.len())
                .filter(|row| self.cell(*row, column) == value)
                .collect(),
        )
    }
}
