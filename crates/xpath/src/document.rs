//! An XML document as a world: expressions evaluated outside of forms, for tests and tools.

mod parse;
mod world;

use std::cell::Cell;
use std::collections::HashMap;

use chrono::{DateTime, FixedOffset};

use crate::eval::{At, EvalError, XValue};
use crate::program::Program;
use crate::resolve::{Named, Names, Namespace, NodeId, Place, Problem};
use crate::world::NodeKind;

/// The longest document that is read, in bytes.
pub const MAX_XML_BYTES: usize = 16 * 1024 * 1024;

/// The most nodes that a document may have, attributes included.
pub const MAX_NODES: usize = 1_000_000;

/// The deepest nesting of elements that is read.
pub const MAX_DEPTH: usize = 256;

/// The most attributes of one element, and the most prefixes declared around one.
pub const MAX_ATTRIBUTES: usize = 1000;

/// Prefixes that need no declaration, as in the clients of ODK.
const KNOWN_PREFIXES: &[(&str, &str)] = &[
    ("ev", "http://www.w3.org/2001/xml-events"),
    ("h", XHTML),
    ("jr", "http://openrosa.org/javarosa"),
    ("odk", "http://www.opendatakit.org/xforms"),
    ("orx", "http://openrosa.org/xforms"),
    ("xf", XFORMS),
    ("xforms", XFORMS),
    ("xhtml", XHTML),
    ("xml", "http://www.w3.org/XML/1998/namespace"),
    ("xsd", "http://www.w3.org/2001/XMLSchema"),
];

/// The namespace of a form's own elements.
const XFORMS: &str = "http://www.w3.org/2002/xforms";

/// The namespace of what is around a form.
const XHTML: &str = "http://www.w3.org/1999/xhtml";

/// One node of a document, counted in document order from the document itself, which is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentNode(u32);

/// A document with what an expression may ask besides: the clock, chance, a language.
#[derive(Debug, Clone)]
pub struct Document {
    nodes: Vec<Node>,
    ids: HashMap<String, DocumentNode>,
    instances: HashMap<String, DocumentNode>,
    translations: Vec<Translation>,
    namespaces: Vec<(String, String)>,
    top: DocumentNode,
    now: DateTime<FixedOffset>,
    seed: u64,
    chance: Cell<u64>,
    language: Option<String>,
}

/// A `translation` element and the texts in it, by id.
#[derive(Debug, Clone)]
struct Translation {
    element: DocumentNode,
    texts: HashMap<String, DocumentNode>,
}

/// A node as it was written.
#[derive(Debug, Clone)]
struct Node {
    kind: NodeKind,
    parent: Option<DocumentNode>,
    /// With its prefix; the prefix of a namespace; the target of an instruction.
    name: String,
    namespace: String,
    /// The text of anything but an element and the document.
    value: String,
    attributes: Vec<DocumentNode>,
    declarations: Vec<DocumentNode>,
    children: Vec<DocumentNode>,
    /// The place among siblings of the same kind and name, from 1.
    position: usize,
    /// The node after the last one inside.
    end: u32,
}

/// What an expression is worth, as each type, each time with the same chance.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// In its own type.
    pub value: XValue,
    /// As text.
    pub text: String,
    /// As a number.
    pub number: f64,
    /// As a condition.
    pub boolean: bool,
    /// If it is nodes: path and text of each, in order.
    pub nodes: Vec<(String, String)>,
}

/// Why a document or an expression in it cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DocumentError {
    /// It is no well-formed XML.
    #[error("the document is no well-formed XML at byte {at}: {reason}")]
    Malformed {
        /// Where.
        at: u64,
        /// What is wrong.
        reason: String,
    },
    /// It declares entities or refers to another file.
    #[error("the document type declares entities or names another file; remove the DOCTYPE")]
    UnsafeDocumentType,
    /// It is larger than is read.
    #[error("the document has more than {limit} {what}; make it smaller")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// The most that is read.
        limit: usize,
    },
    /// There is no node of that path.
    #[error("there is no node {path}; write it like /data[1]/group[1]/@id")]
    NoNode {
        /// The path.
        path: String,
    },
    /// The expression cannot be read.
    #[error("the expression cannot be read: {}", .0.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>().join("; "))]
    Expression(Vec<Problem>),
    /// The expression has no value.
    #[error(transparent)]
    Evaluation(#[from] EvalError),
}

/// Evaluates an expression at the node of a path in XML, with further prefixes: the whole in one call, for drivers of
/// tests.
pub fn eval(
    expression: &str,
    xml: &str,
    context: &str,
    namespaces: &[(String, String)],
) -> Result<Outcome, DocumentError> {
    let mut document = Document::parse(xml)?;
    for (prefix, namespace) in namespaces {
        document.declare(prefix, namespace);
    }
    document.eval(expression, context)
}

impl Document {
    /// Reads XML. Entities other than the five of XML are refused, and so are document types with content.
    pub fn parse(xml: &str) -> Result<Document, DocumentError> {
        parse::document(xml)
    }

    /// Declares a prefix for expressions, before those that need no declaration.
    pub fn declare(&mut self, prefix: &str, namespace: &str) {
        self.namespaces.push((prefix.to_owned(), namespace.to_owned()));
    }

    /// Makes `/` mean a node, such as the `instance` element of a form.
    pub fn set_root(&mut self, root: DocumentNode) {
        self.top = root;
    }

    /// Sets the moment that `now()` gives; its offset is that of the place.
    pub fn set_now(&mut self, now: DateTime<FixedOffset>) {
        self.now = now;
    }

    /// Sets what chance begins with.
    pub fn set_seed(&mut self, seed: u64) {
        self.seed = seed;
        self.chance.set(seed);
    }

    /// Sets the language of `jr:itext()`; None = the form's default.
    pub fn set_language(&mut self, language: Option<&str>) {
        self.language = language.map(str::to_owned);
    }

    /// Resolves an expression for this document.
    pub fn compile(&self, expression: &str) -> Result<Program, DocumentError> {
        let place = Place {
            node: NodeId(0),
            is_choice_filter: false,
        };
        Program::compile(expression, &OpenNames(self), place).map_err(DocumentError::Expression)
    }

    /// Evaluates an expression at the node of a path such as `/data[1]/row[2]/@id`.
    pub fn eval(&self, expression: &str, context: &str) -> Result<Outcome, DocumentError> {
        let node = self.find(context).ok_or_else(|| DocumentError::NoNode {
            path: context.to_owned(),
        })?;
        let program = self.compile(expression)?;
        let at = At::node(node);
        let again = || self.chance.set(self.seed);
        again();
        let value = program.eval(self, &at)?;
        again();
        let text = program.eval_string(self, &at)?;
        again();
        let number = program.eval_number(self, &at)?;
        again();
        let boolean = program.eval_bool(self, &at)?;
        again();
        let nodes = program.eval_nodes(self, &at)?;
        Ok(Outcome {
            value,
            text,
            number,
            boolean,
            nodes: nodes
                .into_iter()
                .map(|node| (self.path(node), self.string_value(node).into_owned()))
                .collect(),
        })
    }

    /// The node of a path as [`Document::path`] writes it, from the outermost element whatever the root is.
    pub fn find(&self, path: &str) -> Option<DocumentNode> {
        let mut at = DocumentNode(0);
        for step in path.split('/').filter(|step| !step.is_empty()) {
            let node = self.node(at)?;
            at = match step.strip_prefix('@') {
                Some(name) => *node
                    .attributes
                    .iter()
                    .chain(&node.declarations)
                    .find(|attribute| self.step(**attribute) == format!("@{name}"))?,
                None => *node.children.iter().find(|child| self.step(**child) == step)?,
            };
        }
        Some(at)
    }

    /// The path of a node from the outermost element, with the place of each among its like: `/html[1]/p[2]/text()[1]`.
    pub fn path(&self, node: DocumentNode) -> String {
        let mut steps = Vec::new();
        let mut next = Some(node);
        while let Some(node) = next {
            let parent = self.node(node).and_then(|node| node.parent);
            if parent.is_some() {
                steps.push(self.step(node));
            }
            next = parent;
        }
        steps.reverse();
        format!("/{}", steps.join("/"))
    }

    fn step(&self, node: DocumentNode) -> String {
        let Some(node) = self.node(node) else {
            return String::new();
        };
        let (name, place) = (&node.name, node.position);
        match node.kind {
            NodeKind::Document => String::new(),
            NodeKind::Element => format!("{name}[{place}]"),
            NodeKind::Attribute => format!("@{name}"),
            NodeKind::Namespace if name.is_empty() => "@xmlns".to_owned(),
            NodeKind::Namespace => format!("@xmlns:{name}"),
            NodeKind::Text => format!("text()[{place}]"),
            NodeKind::Comment => format!("comment()[{place}]"),
            NodeKind::Instruction => format!("processing-instruction()[{place}]"),
            NodeKind::DocumentType => format!("document-type()[{place}]"),
        }
    }

    fn node(&self, node: DocumentNode) -> Option<&Node> {
        self.nodes.get(node.0 as usize)
    }
}

/// The names that an expression in a document may use: any, and the prefixes that were declared.
struct OpenNames<'a>(&'a Document);

impl Names for OpenNames<'_> {
    fn named(&self, _: &str) -> Named {
        Named::Unknown { similar: None }
    }
    fn root(&self) -> NodeId {
        NodeId(0)
    }
    fn parent(&self, _: NodeId) -> Option<NodeId> {
        None
    }
    fn child(&self, _: NodeId, _: &str) -> Option<NodeId> {
        None
    }
    fn children(&self, _: NodeId) -> Vec<NodeId> {
        Vec::new()
    }
    fn name(&self, _: NodeId) -> &str {
        ""
    }
    fn is_repeat(&self, _: NodeId) -> bool {
        false
    }
    fn has_instance(&self, id: &str) -> bool {
        crate::world::World::instance_node(self.0, id).is_some()
    }
    fn namespace(&self, prefix: &str) -> Option<Namespace> {
        let declared = self.0.namespaces.iter().rev();
        let declared = declared.map(|(prefix, namespace)| (prefix.as_str(), namespace.as_str()));
        let found = declared
            .chain(self.0.declared_at_root())
            .chain(KNOWN_PREFIXES.iter().copied())
            .find(|(known, _)| *known == prefix);
        Some(found.map_or(Namespace::Unknown, |(_, namespace)| {
            Namespace::Is(namespace.to_owned())
        }))
    }
    fn is_open(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests;
