//! Values while an expression runs; what can be borrowed from the answers is borrowed.

use std::borrow::Cow;

use chrono::{DateTime, FixedOffset, NaiveDate};

use crate::world::Table;

/// A value.
#[derive(Clone)]
pub(super) enum Val<'a, N> {
    Text(Cow<'a, str>),
    Number(f64),
    Boolean(bool),
    Day(NaiveDate),
    Moment(DateTime<FixedOffset>),
    /// One node, without a list around it.
    Item(Item<'a, N>),
    /// A node-set.
    Items(Vec<Item<'a, N>>),
}

/// A node of the answers or of a table.
#[derive(Clone)]
pub(super) enum Item<'a, N> {
    /// What is around the root.
    Document,
    Node(N),
    /// The own node, borrowed.
    Own(&'a N),
    Attribute(N, usize),
    /// What `instance()` gives: around the `root` of a table.
    Instance(&'a dyn Table),
    /// The `root` of a table.
    Rows(&'a dyn Table),
    /// An `item` of a table.
    Row(&'a dyn Table, usize),
    Cell(&'a dyn Table, usize, usize),
    /// An element of a table that is a document of any shape.
    Element(&'a dyn Table, usize),
}

impl<'a, N: PartialEq> Item<'a, N> {
    /// The node of the answers, if it is one.
    pub(super) fn node(&self) -> Option<&N> {
        match self {
            Item::Node(node) => Some(node),
            Item::Own(node) => Some(node),
            Item::Document
            | Item::Attribute(..)
            | Item::Instance(_)
            | Item::Rows(_)
            | Item::Row(..)
            | Item::Cell(..)
            | Item::Element(..) => None,
        }
    }

    /// Whether both are the same node, not only equal in text.
    pub(super) fn is(&self, other: &Item<'a, N>) -> bool {
        if let (Some(ours), Some(theirs)) = (self.node(), other.node()) {
            return ours == theirs;
        }
        match (self, other) {
            (Item::Document, Item::Document) => true,
            (Item::Attribute(a, i), Item::Attribute(b, j)) => i == j && a == b,
            (Item::Instance(a), Item::Instance(b)) | (Item::Rows(a), Item::Rows(b)) => same_table(*a, *b),
            (Item::Row(a, i), Item::Row(b, j)) | (Item::Element(a, i), Item::Element(b, j)) => {
                i == j && same_table(*a, *b)
            }
            (Item::Cell(a, i, k), Item::Cell(b, j, l)) => i == j && k == l && same_table(*a, *b),
            _ => false,
        }
    }
}

/// Where a table lies in memory; tables have no order of their own.
pub(super) fn table_address(table: &dyn Table) -> usize {
    std::ptr::from_ref(table).cast::<()>().addr()
}

fn same_table(a: &dyn Table, b: &dyn Table) -> bool {
    table_address(a) == table_address(b)
}
