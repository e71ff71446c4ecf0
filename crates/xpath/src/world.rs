//! What an expression sees when it runs: answers, rows of lists, the clock and chance.

use std::borrow::Cow;

use chrono::{DateTime, FixedOffset};
use sampan_value::answer::Missing;

use crate::eval::memory::Memory;
use crate::resolve::NodeId;

/// Sorts of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodeKind {
    /// What is around the outermost element.
    Document,
    /// An element: a question, a group, a row.
    Element,
    /// An attribute of an element.
    Attribute,
    /// A declaration of a namespace.
    Namespace,
    /// A piece of text between tags.
    Text,
    /// A comment.
    Comment,
    /// A processing instruction.
    Instruction,
    /// The document type, which browsers keep as a node.
    DocumentType,
}

/// The answers of one interview (and what else an expression may read), given by whoever runs it.
///
/// A node is an item at one place: inside repeats there are as many nodes of an item as there are rows.
/// Irrelevant items have empty text, and irrelevant rows do not appear in [`World::nodes`] and [`World::children`].
pub trait World {
    /// Names one place in the answers.
    type Node: Clone + PartialEq;

    /// The outermost node.
    fn root(&self) -> Self::Node;

    /// All nodes of an item that share with `from` the rows of all repeats that are around both, in document
    /// order: from inside a row the row's own node, from outside the nodes of all rows.
    fn nodes(&self, target: NodeId, from: &Self::Node) -> Vec<Self::Node>;

    /// The node of an item that has exactly one node seen from `from`; called instead of [`World::nodes`] where
    /// that is known beforehand. Worth implementing without allocation.
    fn node(&self, target: NodeId, from: &Self::Node) -> Option<Self::Node> {
        self.nodes(target, from).into_iter().next()
    }

    /// The node at a place, from 0, among [`World::nodes`]. Worth implementing where it is cheaper than all of them.
    fn nth(&self, target: NodeId, from: &Self::Node, place: usize) -> Option<Self::Node> {
        self.nodes(target, from).into_iter().nth(place)
    }

    /// The answer in ODK's text form; empty if there is none, if it is missing, or if the item is irrelevant.
    fn text<'a>(&'a self, node: &Self::Node) -> Cow<'a, str>;

    /// How many nodes are looked at to tell the text of a node, where it is not kept as a whole.
    fn text_work(&self, node: &Self::Node) -> u64 {
        let _ = node;
        0
    }

    /// The answer as a number where it is kept as one; None = read the text instead.
    fn number(&self, node: &Self::Node) -> Option<f64> {
        let _ = node;
        None
    }

    /// Why a relevant node has no value, if that was answered.
    fn missing(&self, node: &Self::Node) -> Option<Missing>;

    /// The name of the item, without its path.
    fn name<'a>(&'a self, node: &Self::Node) -> Cow<'a, str>;

    /// The node around a node; None for the root.
    fn parent(&self, node: &Self::Node) -> Option<Self::Node>;

    /// The nodes directly inside a node in document order, each row of a repeat by itself.
    fn children(&self, node: &Self::Node) -> Vec<Self::Node>;

    /// The place of a node among its siblings of the same name, from 1: the row number of a repeat's row.
    fn position(&self, node: &Self::Node) -> usize;

    /// Names and values of a node's attributes; forms have next to none.
    fn attributes(&self, node: &Self::Node) -> Vec<(String, String)> {
        let _ = node;
        Vec::new()
    }

    /// What sort of node it is; answers are all elements.
    fn kind(&self, node: &Self::Node) -> NodeKind {
        let _ = node;
        NodeKind::Element
    }

    /// The namespace that the name of a node belongs to; empty if none.
    fn namespace<'a>(&'a self, node: &Self::Node) -> Cow<'a, str> {
        let _ = node;
        Cow::Borrowed("")
    }

    /// Whether a name without a prefix means the node.
    fn is_named(&self, node: &Self::Node, name: &str) -> bool {
        self.name(node) == name
    }

    /// The node around the root, if the world has one and its nodes may be texts and comments too; in other worlds the
    /// text of an element is all that it holds.
    fn document(&self) -> Option<Self::Node> {
        None
    }

    /// The attributes of a node as nodes; None = they are only known by [`World::attributes`].
    fn attribute_nodes(&self, node: &Self::Node) -> Option<Vec<Self::Node>> {
        let _ = node;
        None
    }

    /// The namespaces declared at an element, as nodes.
    fn namespace_nodes(&self, element: &Self::Node) -> Vec<Self::Node> {
        let _ = element;
        Vec::new()
    }

    /// The place of a node in document order, where it is cheap to tell; all nodes of a world have one or none has.
    fn document_order(&self, node: &Self::Node) -> Option<u64> {
        let _ = node;
        None
    }

    /// The element with an `id` attribute of that value.
    fn by_id(&self, id: &str) -> Option<Self::Node> {
        let _ = id;
        None
    }

    /// The `instance` element of an id, where instances are nodes and no tables.
    fn instance_node(&self, id: &str) -> Option<Self::Node> {
        let _ = id;
        None
    }

    /// Whether a set without nodes equals nothing, and a node counts as true even if it is blank, as XPath 1.0 has it.
    /// JavaRosa, and so a form, reads both as a blank text.
    fn is_strict(&self) -> bool {
        false
    }

    /// The nodes of the translation `id` in the language shown, where translations are nodes.
    fn itext_nodes(&self, id: &str) -> Vec<Self::Node> {
        let _ = id;
        Vec::new()
    }

    /// The translation `id` in the language shown; None if there is none.
    fn itext(&self, id: &str) -> Option<String> {
        let _ = id;
        None
    }

    /// A property of the device (`deviceid`, `username`, `email` …); None if it is not known.
    fn property(&self, name: &str) -> Option<String> {
        let _ = name;
        None
    }

    /// The version of the form, as its author wrote it; empty if there is none.
    fn form_version(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    /// The short name of a month (from 1) in the language of the form; None = English.
    fn month_name(&self, month: u32) -> Option<String> {
        let _ = month;
        None
    }

    /// The short name of a day of the week (Sunday = 0) in the language of the form; None = English.
    fn day_name(&self, day: u32) -> Option<String> {
        let _ = day;
        None
    }

    /// The choice list or attached file of an instance id.
    fn table(&self, id: &str) -> Option<&dyn Table>;

    /// What an item was answered in the interview saved before this one; empty if there is none.
    fn last_saved(&self, target: NodeId) -> Cow<'_, str> {
        let _ = target;
        Cow::Borrowed("")
    }

    /// The label, in the language shown, of a choice of the select question `target` seen from `from`.
    fn choice_label(&self, target: NodeId, from: &Self::Node, value: &str) -> Option<String>;

    /// What evaluations of this program at other nodes found and share with this one; None = nothing is kept.
    fn memory(&self) -> Option<&Memory<Self::Node>> {
        None
    }

    /// The moment it is, with the zone of the place.
    fn now(&self) -> DateTime<FixedOffset>;

    /// 64 fresh random bits.
    fn random(&self) -> u64;
}

/// Rows and columns of text: a choice list or an attached file.
pub trait Table {
    /// How many rows there are.
    fn n_rows(&self) -> usize;
    /// The names of the columns, in order.
    fn columns(&self) -> &[String];
    /// The text of a cell; empty outside the table.
    fn cell(&self, row: usize, column: usize) -> &str;
    /// The rows whose cell in that column is exactly `value`, ascending; None if the table keeps no index for it.
    fn rows_where(&self, column: usize, value: &str) -> Option<Vec<usize>> {
        let _ = (column, value);
        None
    }
    /// Its elements, where it is a document of any shape; rows are then the elements inside the outermost. None: it has
    /// the shape `root/item/column`.
    fn tree(&self) -> Option<&dyn Tree> {
        None
    }
    /// The index of a column of that name.
    fn column(&self, name: &str) -> Option<usize> {
        self.columns().iter().position(|column| column == name)
    }
}

/// A document of any shape: elements, numbered from 0 (the outermost) in document order.
pub trait Tree {
    /// The name of an element as written; empty outside the document.
    fn name(&self, element: usize) -> &str;
    /// All text inside an element, as far as it is kept; empty for one that holds elements.
    fn text(&self, element: usize) -> &str;
    /// The element around an element; None for the outermost.
    fn parent(&self, element: usize) -> Option<usize>;
    /// The elements directly inside an element, in order.
    fn children(&self, element: usize) -> Vec<usize>;
    /// The attributes of an element, numbered among the elements.
    fn attributes(&self, element: usize) -> Vec<usize>;
    /// Whether a number is that of an attribute.
    fn is_attribute(&self, element: usize) -> bool;
    /// The element of a row of the table that the document is as well.
    fn row(&self, row: usize) -> Option<usize>;
}
