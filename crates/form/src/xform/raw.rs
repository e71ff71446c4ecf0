//! Elements that mean nothing here: kept as text, and written again where they stood.

use std::collections::HashSet;

use crate::xform::element::Element;
use crate::xform::read::xml::{Child, Node, parse};

/// Puts elements that were kept as text into another; what is no XML is left out.
pub(super) fn put(kept: Option<&str>, into: &mut Element) {
    let Some(kept) = kept else { return };
    let Ok(around) = parse(&format!("<kept>{kept}</kept>")) else {
        return;
    };
    for node in around.elements() {
        into.push(element(node));
    }
}

/// An element as text. None when it has a prefix that the form does not declare for all.
pub(super) fn kept(node: &Node, declared: &HashSet<&str>) -> Option<String> {
    is_declared(node, declared).then(|| element(node).text())
}

fn element(node: &Node) -> Element {
    let mut made = Element::new(&node.name);
    for (name, value) in &node.attributes {
        made.set(name, value);
    }
    for child in &node.children {
        match child {
            Child::Text(text) => made.push_text(text.trim()),
            Child::Element(child) => made.push(element(child)),
        }
    }
    made
}

fn is_declared(node: &Node, declared: &HashSet<&str>) -> bool {
    let is_known = |name: &str| {
        name.split_once(':').is_none_or(|(prefix, _)| {
            ["h", "ev", "xsd", "jr", "orx", "odk", "xml"].contains(&prefix) || declared.contains(prefix)
        })
    };
    is_known(&node.name)
        && node.attributes.iter().all(|(name, _)| is_known(name))
        && node.elements().all(|child| is_declared(child, declared))
}
