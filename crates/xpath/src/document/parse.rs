//! Reading XML into nodes, with limits on everything.

use std::cell::Cell;
use std::collections::HashMap;

use chrono::DateTime;
use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

use crate::document::{
    Document, DocumentError, DocumentNode, MAX_ATTRIBUTES, MAX_DEPTH, MAX_NODES, MAX_XML_BYTES, Node,
};
use crate::world::NodeKind;

/// The namespace of the prefix `xml`.
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// A document while it is read.
struct Builder {
    nodes: Vec<Node>,
    ids: HashMap<String, DocumentNode>,
    /// The elements that are open, outermost first, with how many namespaces were in scope before each.
    open: Vec<(DocumentNode, usize)>,
    /// The namespaces in scope: prefix and address, inner ones last.
    scope: Vec<(String, String)>,
    /// How often each kind and name was seen in the open elements.
    seen: Vec<HashMap<(NodeKind, String), usize>>,
    text: String,
}

/// Reads a whole document.
pub(super) fn document(xml: &str) -> Result<Document, DocumentError> {
    if xml.len() > MAX_XML_BYTES {
        return Err(too_large("bytes", MAX_XML_BYTES));
    }
    let mut builder = Builder::new();
    let mut reader = Reader::from_str(xml.strip_prefix('\u{FEFF}').unwrap_or(xml));
    loop {
        let event = reader
            .read_event()
            .map_err(|error| malformed(reader.error_position(), &error))?;
        let at = reader.buffer_position();
        match event {
            Event::Start(tag) => builder.begin(&tag, at)?,
            Event::Empty(tag) => {
                builder.begin(&tag, at)?;
                builder.finish()?;
            }
            Event::End(_) => builder.finish()?,
            Event::Text(text) => builder.text.push_str(&text.xml10_content()),
            Event::CData(text) => {
                builder.end_text()?;
                builder.text.push_str(&text.xml10_content());
                builder.end_text()?;
            }
            Event::GeneralRef(reference) => {
                let name = reference.xml10_content();
                let plain = unescape(&format!("&{name};")).map(std::borrow::Cow::into_owned);
                builder
                    .text
                    .push_str(&plain.or_else(|_| known_entity(&name)).map_err(|()| {
                        DocumentError::Malformed {
                            at,
                            reason: format!("the entity &{name}; is not declared"),
                        }
                    })?);
            }
            Event::Comment(comment) => builder.leaf(NodeKind::Comment, "", &comment.xml10_content())?,
            Event::PI(instruction) => {
                let content = instruction.content().trim_start();
                builder.leaf(NodeKind::Instruction, instruction.target(), content)?;
            }
            Event::DocType(kind) => {
                let kind = kind.xml10_content();
                let name = kind.trim();
                if name.contains(|sign: char| sign.is_whitespace() || sign == '[') {
                    return Err(DocumentError::UnsafeDocumentType);
                }
                builder.leaf(NodeKind::DocumentType, name, "")?;
            }
            Event::Decl(_) => {}
            Event::Eof => break,
        }
    }
    builder.whole(reader.buffer_position())
}

impl Builder {
    fn new() -> Builder {
        Builder {
            nodes: vec![node(NodeKind::Document, None)],
            ids: HashMap::new(),
            open: vec![(DocumentNode(0), 0)],
            scope: vec![("xml".to_owned(), XML.to_owned())],
            seen: vec![HashMap::new()],
            text: String::new(),
        }
    }

    fn begin(&mut self, tag: &BytesStart<'_>, at: u64) -> Result<(), DocumentError> {
        self.end_text()?;
        if self.open.len() > MAX_DEPTH {
            return Err(too_large("levels of elements", MAX_DEPTH));
        }
        let n_scope = self.scope.len();
        let mut attributes: Vec<(String, String)> = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|error| malformed(at, &error))?;
            if attributes.len() + self.scope.len() > MAX_ATTRIBUTES {
                return Err(too_large("attributes at one element", MAX_ATTRIBUTES));
            }
            let value = unescape(&attribute.value).map_err(|error| malformed(at, &error))?;
            let name = attribute.key.as_ref().to_owned();
            match name.strip_prefix("xmlns") {
                Some("") => self.scope.push((String::new(), value.into_owned())),
                Some(prefix) if prefix.starts_with(':') => {
                    let prefix = prefix.trim_start_matches(':');
                    self.scope.push((prefix.to_owned(), value.into_owned()));
                }
                Some(_) | None => attributes.push((name, value.into_owned())),
            }
        }
        let element = self.add(NodeKind::Element, tag.name().as_ref(), "", at)?;
        let declarations: Vec<(String, String)> = self.scope.get(n_scope..).unwrap_or_default().to_vec();
        for (prefix, address) in declarations {
            let declaration = self.add_beside(element, NodeKind::Namespace, &prefix, &address, at)?;
            if let Some(element) = self.nodes.get_mut(element.0 as usize) {
                element.declarations.push(declaration);
            }
        }
        for (name, value) in attributes {
            let attribute = self.add_beside(element, NodeKind::Attribute, &name, &value, at)?;
            if name == "id" {
                self.ids.entry(value).or_insert(element);
            }
            if let Some(element) = self.nodes.get_mut(element.0 as usize) {
                element.attributes.push(attribute);
            }
        }
        self.open.push((element, n_scope));
        self.seen.push(HashMap::new());
        Ok(())
    }

    fn finish(&mut self) -> Result<(), DocumentError> {
        self.end_text()?;
        let end = self.nodes.len() as u32;
        if let Some((element, n_scope)) = self.open.pop() {
            self.seen.pop();
            self.scope.truncate(n_scope);
            if let Some(element) = self.nodes.get_mut(element.0 as usize) {
                element.end = end;
            }
        }
        Ok(())
    }

    fn leaf(&mut self, kind: NodeKind, name: &str, value: &str) -> Result<(), DocumentError> {
        self.end_text()?;
        self.add(kind, name, value, 0).map(|_| ())
    }

    /// Keeps the text before a tag or a CDATA section as one node; browsers keep these apart.
    fn end_text(&mut self) -> Result<(), DocumentError> {
        if self.text.is_empty() {
            return Ok(());
        }
        let text = std::mem::take(&mut self.text);
        // Around the outermost element there is only space.
        if self.open.len() == 1 {
            return Ok(());
        }
        self.add(NodeKind::Text, "", &text, 0).map(|_| ())
    }

    fn add(
        &mut self,
        kind: NodeKind,
        name: &str,
        value: &str,
        at: u64,
    ) -> Result<DocumentNode, DocumentError> {
        let parent = self.open.last().map(|(parent, _)| *parent);
        let namespace = self.namespace(kind, name, at)?;
        // Texts, comments and instructions are counted by kind alone.
        let counted = if kind == NodeKind::Element { name } else { "" };
        let position = match self.seen.last_mut() {
            Some(seen) => {
                let n_seen = seen.entry((kind, counted.to_owned())).or_insert(0);
                *n_seen += 1;
                *n_seen
            }
            None => 1,
        };
        let index = self.push(Node {
            name: name.to_owned(),
            value: value.to_owned(),
            namespace,
            position,
            ..node(kind, parent)
        })?;
        if let Some(parent) = parent.and_then(|parent| self.nodes.get_mut(parent.0 as usize)) {
            parent.children.push(index);
        }
        Ok(index)
    }

    fn add_beside(
        &mut self,
        element: DocumentNode,
        kind: NodeKind,
        name: &str,
        value: &str,
        at: u64,
    ) -> Result<DocumentNode, DocumentError> {
        let namespace = self.namespace(kind, name, at)?;
        self.push(Node {
            name: name.to_owned(),
            value: value.to_owned(),
            namespace,
            ..node(kind, Some(element))
        })
    }

    fn push(&mut self, node: Node) -> Result<DocumentNode, DocumentError> {
        if self.nodes.len() >= MAX_NODES {
            return Err(too_large("nodes", MAX_NODES));
        }
        let index = self.nodes.len() as u32;
        self.nodes.push(Node {
            end: index + 1,
            ..node
        });
        Ok(DocumentNode(index))
    }

    /// The namespace of a name as written here.
    fn namespace(&self, kind: NodeKind, name: &str, at: u64) -> Result<String, DocumentError> {
        let prefix = match (kind, name.split_once(':')) {
            (NodeKind::Element | NodeKind::Attribute, Some((prefix, _))) => prefix,
            (NodeKind::Element, None) => "",
            _ => return Ok(String::new()),
        };
        let found = self.scope.iter().rev().find(|(known, _)| known == prefix);
        match found {
            Some((_, namespace)) => Ok(namespace.clone()),
            None if prefix.is_empty() => Ok(String::new()),
            None => Err(DocumentError::Malformed {
                at,
                reason: format!("the prefix {prefix} is not declared"),
            }),
        }
    }

    fn whole(mut self, at: u64) -> Result<Document, DocumentError> {
        self.end_text()?;
        let n_elements = self.nodes.first().map_or(0, |document| {
            let children = document.children.iter();
            children
                .filter(|child| {
                    self.nodes
                        .get(child.0 as usize)
                        .is_some_and(|node| node.kind == NodeKind::Element)
                })
                .count()
        });
        if self.open.len() != 1 || n_elements != 1 {
            return Err(DocumentError::Malformed {
                at,
                reason: "it must be one element, closed at the end".to_owned(),
            });
        }
        let end = self.nodes.len() as u32;
        if let Some(document) = self.nodes.first_mut() {
            document.end = end;
        }
        let mut document = Document {
            nodes: self.nodes,
            ids: self.ids,
            instances: HashMap::new(),
            translations: Vec::new(),
            namespaces: Vec::new(),
            top: DocumentNode(0),
            now: DateTime::default(),
            seed: 1,
            chance: Cell::new(1),
            language: None,
        };
        document.index();
        Ok(document)
    }
}

/// An entity of HTML that hand-written documents use without declaring it.
fn known_entity(name: &str) -> Result<String, ()> {
    match name {
        "nbsp" => Ok('\u{A0}'.to_string()),
        _ => Err(()),
    }
}

fn node(kind: NodeKind, parent: Option<DocumentNode>) -> Node {
    Node {
        kind,
        parent,
        name: String::new(),
        namespace: String::new(),
        value: String::new(),
        attributes: Vec::new(),
        declarations: Vec::new(),
        children: Vec::new(),
        position: 1,
        end: 0,
    }
}

fn malformed(at: u64, error: &impl std::fmt::Display) -> DocumentError {
    DocumentError::Malformed {
        at,
        reason: error.to_string(),
    }
}

fn too_large(what: &'static str, limit: usize) -> DocumentError {
    DocumentError::TooLarge { what, limit }
}
