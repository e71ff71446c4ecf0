//! The tree around a node: the answers, and tables as `root/item/column`.

use std::borrow::Cow;

use crate::eval::EvalError;
use crate::eval::run::Run;
use crate::eval::val::{Item, table_address};
use crate::program::op::Test;
use crate::syntax::Axis;
use crate::world::{NodeKind, Table, World};

/// What a node that is walked past counts for, in nodes looked at: what is inside it is asked for, too.
const WALK_WORK: usize = 4;

/// Siblings before a node, nearest first, and after it.
type Siblings<'a, N> = (Vec<Item<'a, N>>, Vec<Item<'a, N>>);

impl<'a, W: World> Run<'a, W> {
    /// The nodes in a direction, nearest first.
    pub(super) fn along(
        &self,
        item: &Item<'a, W::Node>,
        axis: Axis,
    ) -> Result<Vec<Item<'a, W::Node>>, EvalError> {
        let found = match axis {
            Axis::SelfAxis => vec![item.clone()],
            Axis::Parent => self.above(item).into_iter().collect(),
            Axis::Child => self.below(item),
            Axis::Attribute => match item.node() {
                Some(node) => match self.world.attribute_nodes(node) {
                    Some(attributes) => attributes.into_iter().map(Item::Node).collect(),
                    None => (0..self.world.attributes(node).len())
                        .map(|at| Item::Attribute(node.clone(), at))
                        .collect(),
                },
                None => match item {
                    Item::Row(table, row) => (0..table.columns().len())
                        .filter(|column| is_attribute(*table, *column))
                        .map(|column| Item::Cell(*table, *row, column))
                        .collect(),
                    Item::Element(table, element) => {
                        let attributes = table.tree().map(|tree| tree.attributes(*element));
                        let attributes = attributes.unwrap_or_default().into_iter();
                        attributes
                            .map(|attribute| Item::Element(*table, attribute))
                            .collect()
                    }
                    _ => Vec::new(),
                },
            },
            Axis::Namespace => match item.node() {
                Some(node) => self
                    .world
                    .namespace_nodes(node)
                    .into_iter()
                    .map(Item::Node)
                    .collect(),
                None => Vec::new(),
            },
            Axis::Ancestor => self.ancestors(item),
            Axis::AncestorOrSelf => {
                let mut found = vec![item.clone()];
                found.extend(self.ancestors(item));
                found
            }
            Axis::Descendant => self.descendants(item)?,
            Axis::DescendantOrSelf => {
                let mut found = vec![item.clone()];
                found.extend(self.descendants(item)?);
                found
            }
            Axis::FollowingSibling => self.siblings(item)?.1,
            Axis::PrecedingSibling => self.siblings(item)?.0,
            Axis::Following => {
                let mut found = Vec::new();
                // What is inside an element stands after its attributes.
                if self.is_beside_children(item)
                    && let Some(owner) = self.above(item)
                {
                    found = self.descendants(&owner)?;
                }
                for place in self.with_ancestors(item) {
                    for sibling in self.siblings(&place)?.1 {
                        let inside = self.descendants(&sibling)?;
                        found.push(sibling);
                        found.extend(inside);
                    }
                }
                found
            }
            Axis::Preceding => {
                let mut found = Vec::new();
                for place in self.with_ancestors(item) {
                    for sibling in self.siblings(&place)?.0 {
                        found.extend(self.descendants(&sibling)?.into_iter().rev());
                        found.push(sibling);
                    }
                }
                found
            }
        };
        self.charge(found.len())?;
        Ok(found)
    }

    /// Whether a step along an axis takes a node.
    pub(super) fn meets(&self, item: &Item<'a, W::Node>, axis: Axis, test: &Test) -> bool {
        let is_principal = || {
            self.kind(item)
                == match axis {
                    Axis::Attribute => NodeKind::Attribute,
                    Axis::Namespace => NodeKind::Namespace,
                    Axis::Ancestor
                    | Axis::AncestorOrSelf
                    | Axis::Child
                    | Axis::Descendant
                    | Axis::DescendantOrSelf
                    | Axis::Following
                    | Axis::FollowingSibling
                    | Axis::Parent
                    | Axis::Preceding
                    | Axis::PrecedingSibling
                    | Axis::SelfAxis => NodeKind::Element,
                }
        };
        match test {
            Test::Node => true,
            Test::Name(name) => {
                is_principal()
                    && match item.node() {
                        Some(node) => self.world.is_named(node, name),
                        None => self.name(item) == **name,
                    }
            }
            Test::NameIn { namespace, local } => {
                is_principal()
                    && self.namespace(item) == **namespace
                    && local_name(&self.name(item)) == &**local
            }
            Test::AnyName => is_principal(),
            Test::AnyWithPrefix(prefix) => {
                is_principal()
                    && self
                        .name(item)
                        .split_once(':')
                        .is_some_and(|(found, _)| found == &**prefix)
            }
            Test::AnyIn(namespace) => is_principal() && self.namespace(item) == **namespace,
            // Answers have no text nodes of their own: the text of an answer is the answer.
            Test::Text if self.world.document().is_none() => {
                !self.item_text(item).is_empty() && self.below(item).is_empty()
            }
            Test::Text => self.kind(item) == NodeKind::Text,
            Test::Comment => self.kind(item) == NodeKind::Comment,
            Test::Instruction(target) => {
                self.kind(item) == NodeKind::Instruction
                    && target.as_deref().is_none_or(|target| self.name(item) == target)
            }
        }
    }

    fn kind(&self, item: &Item<'a, W::Node>) -> NodeKind {
        match item {
            Item::Document => NodeKind::Document,
            Item::Node(node) => self.world.kind(node),
            Item::Own(node) => self.world.kind(node),
            Item::Attribute(..) => NodeKind::Attribute,
            Item::Cell(table, _, column) if is_attribute(*table, *column) => NodeKind::Attribute,
            Item::Element(table, element) if table.tree().is_some_and(|tree| tree.is_attribute(*element)) => {
                NodeKind::Attribute
            }
            Item::Instance(_) | Item::Rows(_) | Item::Row(..) | Item::Cell(..) | Item::Element(..) => {
                NodeKind::Element
            }
        }
    }

    /// Whether a node belongs to an element without being inside it.
    fn is_beside_children(&self, item: &Item<'a, W::Node>) -> bool {
        matches!(self.kind(item), NodeKind::Attribute | NodeKind::Namespace)
    }

    /// The namespace of a node's name; empty if it has none.
    pub(super) fn namespace(&self, item: &Item<'a, W::Node>) -> Cow<'_, str> {
        match item.node() {
            Some(node) => Cow::Owned(self.world.namespace(node).into_owned()),
            None => Cow::Borrowed(""),
        }
    }

    /// The language that `xml:lang` gives a node, its own or the nearest around it.
    pub(super) fn language(&self, item: &Item<'a, W::Node>) -> Result<Option<String>, EvalError> {
        for place in self.with_ancestors(item) {
            for attribute in self.along(&place, Axis::Attribute)? {
                if self.name(&attribute) == "xml:lang" {
                    return Ok(Some(self.item_text(&attribute).into_owned()));
                }
            }
        }
        Ok(None)
    }

    /// The name of a node; empty for the document.
    pub(super) fn name(&self, item: &Item<'a, W::Node>) -> Cow<'_, str> {
        match item {
            Item::Document => Cow::Borrowed(""),
            Item::Node(node) => Cow::Owned(self.world.name(node).into_owned()),
            Item::Own(node) => Cow::Owned(self.world.name(node).into_owned()),
            Item::Attribute(node, at) => {
                let attribute = self.world.attributes(node).into_iter().nth(*at);
                Cow::Owned(attribute.map(|(name, _)| name).unwrap_or_default())
            }
            Item::Instance(_) => Cow::Borrowed("instance"),
            Item::Rows(_) => Cow::Borrowed("root"),
            Item::Row(..) => Cow::Borrowed("item"),
            Item::Cell(table, _, column) => {
                let name = table.columns().get(*column).map_or("", String::as_str);
                Cow::Borrowed(name.strip_prefix('@').unwrap_or(name))
            }
            Item::Element(table, element) => {
                Cow::Borrowed(table.tree().map_or("", |tree| tree.name(*element)))
            }
        }
    }

    /// The place among siblings of the same name, from 1.
    pub(super) fn position(&self, item: &Item<'a, W::Node>) -> usize {
        match item {
            Item::Node(node) => self.world.position(node),
            Item::Own(node) => self.world.position(node),
            Item::Row(_, row) => row + 1,
            Item::Element(table, element) => table
                .tree()
                .and_then(|tree| {
                    let siblings = tree.children(tree.parent(*element)?);
                    let name = tree.name(*element);
                    let same = siblings.into_iter().filter(|sibling| tree.name(*sibling) == name);
                    Some(same.take_while(|sibling| sibling <= element).count())
                })
                .unwrap_or(1),
            Item::Document | Item::Attribute(..) | Item::Instance(_) | Item::Rows(_) | Item::Cell(..) => 1,
        }
    }

    /// The same nodes in document order, each once.
    pub(super) fn in_document_order(
        &self,
        items: Vec<Item<'a, W::Node>>,
    ) -> Result<Vec<Item<'a, W::Node>>, EvalError> {
        if items.len() < 2 {
            return Ok(items);
        }
        let orders: Option<Vec<u64>> = items
            .iter()
            .map(|item| item.node().and_then(|node| self.world.document_order(node)))
            .collect();
        if let Some(orders) = orders {
            let mut keyed: Vec<_> = orders.into_iter().zip(items).collect();
            keyed.sort_by_key(|(order, _)| *order);
            keyed.dedup_by_key(|(order, _)| *order);
            return Ok(keyed.into_iter().map(|(_, item)| item).collect());
        }
        let mut keyed = Vec::with_capacity(items.len());
        for item in items {
            keyed.push((self.order(&item)?, item));
        }
        keyed.sort_by(|a, b| a.0.cmp(&b.0));
        keyed.dedup_by(|a, b| a.0 == b.0 && a.1.is(&b.1));
        Ok(keyed.into_iter().map(|(_, item)| item).collect())
    }

    /// The places of a node and of all around it among their siblings, outermost first.
    fn order(&self, item: &Item<'a, W::Node>) -> Result<Vec<usize>, EvalError> {
        let mut places = match item {
            Item::Instance(table) | Item::Rows(table) => return Ok(vec![1, table_address(*table)]),
            Item::Row(table, row) => return Ok(vec![1, table_address(*table), row + 1]),
            Item::Cell(table, row, column) => {
                return Ok(vec![1, table_address(*table), row + 1, column + 1]);
            }
            Item::Element(table, element) => return Ok(vec![1, table_address(*table), element + 1]),
            // Attributes stand before the children of their node.
            Item::Attribute(node, at) => {
                let mut places = self.order(&Item::Node(node.clone()))?;
                places.extend([0, *at]);
                return Ok(places);
            }
            Item::Document => return Ok(vec![0]),
            Item::Node(_) | Item::Own(_) => Vec::new(),
        };
        let mut inner = item.node().cloned();
        while let Some(node) = inner {
            let outer = self.world.parent(&node);
            let place = match &outer {
                Some(outer) => {
                    let siblings = self.world.children(outer);
                    self.charge(siblings.len())?;
                    siblings.iter().position(|sibling| *sibling == node).unwrap_or(0) + 1
                }
                None => 1,
            };
            places.push(place);
            inner = outer;
        }
        places.push(0);
        places.reverse();
        Ok(places)
    }

    fn above(&self, item: &Item<'a, W::Node>) -> Option<Item<'a, W::Node>> {
        match item {
            Item::Document | Item::Instance(_) => None,
            Item::Node(node) => self.around(node),
            Item::Own(node) => self.around(node),
            Item::Attribute(node, _) => Some(Item::Node(node.clone())),
            Item::Rows(table) => Some(Item::Instance(*table)),
            Item::Row(table, _) => Some(Item::Rows(*table)),
            Item::Cell(table, row, _) => Some(Item::Row(*table, *row)),
            Item::Element(table, element) => Some(match table.tree()?.parent(*element) {
                Some(parent) => Item::Element(*table, parent),
                None => Item::Instance(*table),
            }),
        }
    }

    fn around(&self, node: &W::Node) -> Option<Item<'a, W::Node>> {
        match self.world.parent(node) {
            Some(parent) => Some(Item::Node(parent)),
            // Where the document is a node itself, nothing is around it.
            None if self.world.document().is_some() => None,
            None => Some(Item::Document),
        }
    }

    fn below(&self, item: &Item<'a, W::Node>) -> Vec<Item<'a, W::Node>> {
        match item {
            Item::Document => vec![Item::Node(self.world.root())],
            Item::Node(node) => self.world.children(node).into_iter().map(Item::Node).collect(),
            Item::Own(node) => self.world.children(node).into_iter().map(Item::Node).collect(),
            Item::Instance(table) => vec![match table.tree() {
                Some(_) => Item::Element(*table, 0),
                None => Item::Rows(*table),
            }],
            Item::Rows(table) => (0..table.n_rows()).map(|row| Item::Row(*table, row)).collect(),
            Item::Row(table, row) => (0..table.columns().len())
                .filter(|column| !is_attribute(*table, *column))
                .map(|column| Item::Cell(*table, *row, column))
                .collect(),
            Item::Element(table, element) => table
                .tree()
                .map(|tree| tree.children(*element))
                .unwrap_or_default()
                .into_iter()
                .map(|child| Item::Element(*table, child))
                .collect(),
            Item::Attribute(..) | Item::Cell(..) => Vec::new(),
        }
    }

    fn ancestors(&self, item: &Item<'a, W::Node>) -> Vec<Item<'a, W::Node>> {
        let mut found = Vec::new();
        let mut next = self.above(item);
        while let Some(item) = next {
            next = self.above(&item);
            found.push(item);
        }
        found
    }

    pub(super) fn with_ancestors(&self, item: &Item<'a, W::Node>) -> Vec<Item<'a, W::Node>> {
        let mut all = vec![item.clone()];
        all.extend(self.ancestors(item));
        all
    }

    /// All nodes inside, in document order.
    fn descendants(&self, item: &Item<'a, W::Node>) -> Result<Vec<Item<'a, W::Node>>, EvalError> {
        let mut found = Vec::new();
        let mut waiting = self.below(item);
        waiting.reverse();
        while let Some(next) = waiting.pop() {
            self.charge(WALK_WORK)?;
            waiting.extend(self.below(&next).into_iter().rev());
            found.push(next);
        }
        Ok(found)
    }

    /// The siblings before (nearest first) and after a node.
    fn siblings(&self, item: &Item<'a, W::Node>) -> Result<Siblings<'a, W::Node>, EvalError> {
        let (false, Some(parent)) = (self.is_beside_children(item), self.above(item)) else {
            return Ok((Vec::new(), Vec::new()));
        };
        let mut before = self.below(&parent);
        // All of them are looked at, even where none is found.
        self.charge(before.len())?;
        let Some(place) = before.iter().position(|sibling| sibling.is(item)) else {
            return Ok((Vec::new(), Vec::new()));
        };
        let after = before.split_off((place + 1).min(before.len()));
        before.pop();
        before.reverse();
        Ok((before, after))
    }
}

/// Whether a column holds an attribute of the rows; its name says so.
fn is_attribute(table: &dyn Table, column: usize) -> bool {
    table
        .columns()
        .get(column)
        .is_some_and(|name| name.starts_with('@'))
}

/// A name without its prefix.
pub(super) fn local_name(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, local)| local)
}
