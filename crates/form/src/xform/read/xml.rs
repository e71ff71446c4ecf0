//! An XML document as a tree of elements with their lines.

use std::collections::HashMap;

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::def::Origin;
use crate::problem::Problem;
use crate::xform::model::NAMESPACES;

/// Largest document, in bytes.
pub const BYTES: usize = 32 * 1024 * 1024;
/// Most elements.
pub const ELEMENTS: usize = 1_000_000;
/// Deepest nesting.
pub const DEPTH: usize = 100;
/// Most attributes of one element.
pub const ATTRIBUTES: usize = 200;

/// An element. Names have the usual prefix of their namespace (`h:body`, `jr:template`), and none in that of XForms.
#[derive(Debug, Default)]
pub(in crate::xform) struct Node {
    pub(in crate::xform) name: String,
    pub(in crate::xform) attributes: Vec<(String, String)>,
    pub(in crate::xform) children: Vec<Child>,
    pub(in crate::xform) line: u32,
    /// Prefixes declared here, but for the usual ones.
    pub(in crate::xform) namespaces: Vec<(String, String)>,
}

#[derive(Debug)]
pub(in crate::xform) enum Child {
    Text(String),
    Element(Node),
}

impl Node {
    pub(in crate::xform) fn get(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }

    /// The same with the attributes of another element, which count where both have one. The line is the other's.
    pub(in crate::xform) fn with_attributes_of(&self, other: &Node) -> Node {
        let mut merged = other.attributes.clone();
        let own = self
            .attributes
            .iter()
            .filter(|(name, _)| other.get(name).is_none());
        merged.extend(own.cloned());
        Node {
            name: other.name.clone(),
            attributes: merged,
            line: other.line,
            ..Node::default()
        }
    }

    pub(in crate::xform) fn elements(&self) -> impl Iterator<Item = &Node> {
        self.children.iter().filter_map(|child| match child {
            Child::Element(node) => Some(node),
            Child::Text(_) => None,
        })
    }

    pub(in crate::xform) fn child(&self, name: &str) -> Option<&Node> {
        self.elements().find(|node| node.name == name)
    }

    /// The text directly inside.
    pub(in crate::xform) fn text(&self) -> String {
        self.children
            .iter()
            .filter_map(|child| match child {
                Child::Text(text) => Some(text.as_str()),
                Child::Element(_) => None,
            })
            .collect()
    }

    pub(in crate::xform) fn origin(&self) -> Origin {
        at(self.line)
    }
}

/// A line of the document.
pub(in crate::xform) fn at(line: u32) -> Origin {
    Origin {
        row: line,
        ..Origin::default()
    }
}

/// Parses a document.
#[expect(clippy::result_large_err, reason = "it is made once for a document")]
pub(in crate::xform) fn parse(xml: &str) -> Result<Node, Problem> {
    let whole = |message: String, advice: &str| Problem::error(&Origin::default(), "", message, advice);
    if xml.len() > BYTES {
        return Err(whole(
            format!("the document has more than {} MB", BYTES / 1024 / 1024),
            "Move long lists into CSV files beside the form",
        ));
    }
    let mut reader = Reader::from_str(xml);
    let mut lines = Lines { xml, at: 0, line: 1 };
    let mut open: Vec<Node> = Vec::new();
    let mut scopes: Vec<(usize, String, String)> = Vec::new();
    let mut root = None;
    let mut n_elements = 0_usize;
    loop {
        let line = lines.of(usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX));
        let refused = |message: String, advice: &str| Problem::error(&at(line), "", message, advice);
        let event = reader.read_event().map_err(|error| {
            let line = lines.of(usize::try_from(reader.error_position()).unwrap_or(usize::MAX));
            Problem::error(
                &at(line),
                "",
                format!("this is no well-formed XML ({error})"),
                "Correct the document, or save it again with the program that made it",
            )
        })?;
        match event {
            Event::Start(_) | Event::Empty(_) => {
                let (start, is_empty) = match &event {
                    Event::Start(start) => (start, false),
                    Event::Empty(start) => (start, true),
                    _ => continue,
                };
                n_elements += 1;
                if n_elements > ELEMENTS {
                    return Err(refused(
                        format!("the document has more than {ELEMENTS} elements"),
                        "Move long lists into CSV files beside the form",
                    ));
                }
                if open.len() >= DEPTH {
                    return Err(refused(
                        format!("elements are nested more than {DEPTH} deep"),
                        "Use fewer groups inside groups",
                    ));
                }
                if root.is_some() && open.is_empty() {
                    return Err(refused(
                        "the document has two outermost elements".into(),
                        "Keep one form in a file",
                    ));
                }
                let mut raw: Vec<(String, String)> = Vec::new();
                for attribute in start.attributes().with_checks(false) {
                    let broken = || {
                        refused(
                            "an attribute cannot be read".into(),
                            "Write attributes as name=\"value\", with &lt; for < and &amp; for &; entities of other names \
                             are not read",
                        )
                    };
                    let attribute = attribute.map_err(|_| broken())?;
                    if raw.len() >= ATTRIBUTES {
                        return Err(refused(
                            format!("an element has more than {ATTRIBUTES} attributes"),
                            "Remove those that nothing reads",
                        ));
                    }
                    // As XML has it, line breaks in attributes are blanks unless they are written as numbers.
                    let value = attribute.value.replace(['\n', '\r', '\t'], " ");
                    let value = quick_xml::escape::unescape(&value)
                        .map_err(|_| broken())?
                        .into_owned();
                    raw.push((attribute.key.as_ref().to_string(), value));
                }
                let depth = open.len();
                let mut node = Node {
                    line,
                    ..Node::default()
                };
                let mut attributes = Vec::new();
                for (key, value) in raw {
                    let prefix = match key.strip_prefix("xmlns") {
                        Some("") => "",
                        Some(rest) if rest.starts_with(':') => rest.trim_start_matches(':'),
                        _ => {
                            attributes.push((key, value));
                            continue;
                        }
                    };
                    if !prefix.is_empty() && usual(&value).is_none() {
                        node.namespaces.push((prefix.to_string(), value.clone()));
                    }
                    scopes.push((depth, prefix.to_string(), value));
                }
                if scopes.len() > ATTRIBUTES {
                    return Err(refused(
                        format!("more than {ATTRIBUTES} namespaces are declared"),
                        "Declare each once, at the outermost element",
                    ));
                }
                node.name = named(start.name().as_ref(), &scopes, true);
                node.attributes = attributes
                    .into_iter()
                    .map(|(key, value)| (named(&key, &scopes, false), value))
                    .collect();
                match is_empty {
                    true => close(node, &mut open, &mut root),
                    false => open.push(node),
                }
                if is_empty {
                    scopes.retain(|(own, _, _)| *own < depth);
                }
            }
            Event::End(_) => {
                if let Some(node) = open.pop() {
                    close(node, &mut open, &mut root);
                    let depth = open.len();
                    scopes.retain(|(own, _, _)| *own < depth);
                }
            }
            Event::Text(text) => push(&mut open, &text.xml10_content()),
            Event::CData(text) => push(&mut open, &text.xml10_content()),
            Event::GeneralRef(reference) => {
                let name: &str = &reference;
                let text = match reference.resolve_char_ref() {
                    Ok(Some(letter)) => letter.to_string(),
                    _ => quick_xml::escape::resolve_predefined_entity(name)
                        .map(str::to_string)
                        .ok_or_else(|| {
                            refused(
                                format!("the entity &{name}; is not read"),
                                "Write the letter itself; only &lt; &gt; &amp; &quot; &apos; and numbers are known",
                            )
                        })?,
                };
                push(&mut open, &text);
            }
            Event::DocType(_) => {
                return Err(refused(
                    "a document type (DOCTYPE) is not read".into(),
                    "Remove the line that begins with <!DOCTYPE",
                ));
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    match root {
        Some(root) if open.is_empty() => Ok(root),
        _ => Err(whole(
            "the document ends before its last element is closed".into(),
            "Copy the file again; a part of it is missing",
        )),
    }
}

fn push(open: &mut [Node], text: &str) {
    let Some(node) = open.last_mut() else { return };
    match node.children.last_mut() {
        Some(Child::Text(own)) => own.push_str(text),
        _ => node.children.push(Child::Text(text.to_string())),
    }
}

fn close(node: Node, open: &mut [Node], root: &mut Option<Node>) {
    match open.last_mut() {
        Some(parent) => parent.children.push(Child::Element(node)),
        None => *root = Some(node),
    }
}

/// The usual prefix of a namespace.
fn usual(uri: &str) -> Option<&'static str> {
    NAMESPACES
        .iter()
        .find(|(_, own)| *own == uri)
        .map(|(name, _)| name.strip_prefix("xmlns:").unwrap_or(""))
}

fn named(name: &str, scopes: &[(usize, String, String)], is_element: bool) -> String {
    let (prefix, local) = name.split_once(':').unwrap_or(("", name));
    if prefix.is_empty() && !is_element {
        return local.to_string();
    }
    let uri = scopes
        .iter()
        .rev()
        .find(|(_, own, _)| own == prefix)
        .map(|(_, _, uri)| uri.as_str());
    match uri.and_then(usual) {
        Some("") => local.to_string(),
        Some(usual) => format!("{usual}:{local}"),
        None if prefix.is_empty() => local.to_string(),
        None => name.to_string(),
    }
}

/// Line numbers of growing positions, in one pass.
struct Lines<'a> {
    xml: &'a str,
    at: usize,
    line: u32,
}

impl Lines<'_> {
    fn of(&mut self, position: usize) -> u32 {
        let position = position.min(self.xml.len());
        if let Some(between) = self.xml.as_bytes().get(self.at..position) {
            let n = between.iter().filter(|byte| **byte == b'\n').count();
            self.line = self.line.saturating_add(u32::try_from(n).unwrap_or(u32::MAX));
            self.at = position;
        }
        self.line
    }
}

/// Whether prefixes are declared in the document beside the usual ones: `prefix="uri" …`.
pub(in crate::xform) fn own_namespaces(root: &Node) -> String {
    let mut found: HashMap<&str, &str> = HashMap::new();
    let mut words = Vec::new();
    for (prefix, uri) in &root.namespaces {
        if found.insert(prefix, uri).is_none() {
            words.push(format!("{prefix}=\"{uri}\""));
        }
    }
    words.join(" ")
}
