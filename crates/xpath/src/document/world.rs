//! What expressions see of a document.

use std::borrow::Cow;
use std::collections::HashMap;

use chrono::{DateTime, FixedOffset};
use sampan_value::answer::Missing;

use crate::document::{Document, DocumentNode, Translation, XFORMS};
use crate::resolve::NodeId;
use crate::world::{NodeKind, Table, World};

impl Document {
    /// The text of a node: its own, or that of all text inside.
    pub(super) fn string_value(&self, node: DocumentNode) -> Cow<'_, str> {
        let Some(found) = self.node(node) else {
            return Cow::Borrowed("");
        };
        match found.kind {
            NodeKind::Document | NodeKind::Element => {}
            NodeKind::Attribute
            | NodeKind::Namespace
            | NodeKind::Text
            | NodeKind::Comment
            | NodeKind::Instruction
            | NodeKind::DocumentType => return Cow::Borrowed(&found.value),
        }
        let inside = self
            .nodes
            .get(node.0 as usize..found.end as usize)
            .unwrap_or_default();
        let mut texts = inside.iter().filter(|node| node.kind == NodeKind::Text);
        match (texts.next(), texts.next()) {
            (None, _) => Cow::Borrowed(""),
            (Some(only), None) => Cow::Borrowed(&only.value),
            (Some(first), Some(second)) => {
                let mut whole = format!("{}{}", first.value, second.value);
                for text in texts {
                    whole.push_str(&text.value);
                }
                Cow::Owned(whole)
            }
        }
    }

    /// The prefixes that the elements from the root outwards declare.
    pub(super) fn declared_at_root(&self) -> impl Iterator<Item = (&str, &str)> {
        let outermost = self.elements().next();
        let mut next = if self.top.0 == 0 {
            outermost
        } else {
            Some(self.top)
        };
        let chain = std::iter::from_fn(move || {
            let node = next?;
            next = self.node(node)?.parent;
            self.node(node)
        });
        chain
            .flat_map(|node| &node.declarations)
            .filter_map(|declaration| self.node(*declaration))
            .filter(|declaration| !declaration.name.is_empty())
            .map(|declaration| (declaration.name.as_str(), declaration.value.as_str()))
    }

    fn elements(&self) -> impl Iterator<Item = DocumentNode> {
        let all = self.nodes.iter().zip(0u32..);
        all.filter(|(node, _)| node.kind == NodeKind::Element)
            .map(|(_, index)| DocumentNode(index))
    }

    fn attribute(&self, node: DocumentNode, name: &str) -> Option<&str> {
        let attributes = self.node(node)?.attributes.iter();
        let mut attributes = attributes.filter_map(|attribute| self.node(*attribute));
        attributes
            .find(|attribute| attribute.name == name)
            .map(|attribute| attribute.value.as_str())
    }

    fn children_named<'a>(
        &'a self,
        node: DocumentNode,
        name: &'a str,
    ) -> impl Iterator<Item = DocumentNode> + 'a {
        let children = self
            .node(node)
            .map(|node| node.children.as_slice())
            .unwrap_or_default();
        children
            .iter()
            .copied()
            .filter(move |child| self.node(*child).is_some_and(|child| child.name == name))
    }

    /// Notes the instances and translations, so that they are found at once.
    pub(super) fn index(&mut self) {
        let mut instances = HashMap::new();
        let mut translations = Vec::new();
        for element in self.elements() {
            match self.node(element).map(|node| node.name.as_str()) {
                Some("instance") => {
                    if let Some(id) = self.attribute(element, "id") {
                        instances.entry(id.to_owned()).or_insert(element);
                    }
                }
                Some("translation") => {
                    let texts = self.children_named(element, "text");
                    let texts = texts.filter_map(|text| Some((self.attribute(text, "id")?.to_owned(), text)));
                    translations.push(Translation {
                        element,
                        texts: texts.collect(),
                    });
                }
                _ => {}
            }
        }
        self.instances = instances;
        self.translations = translations;
    }

    /// The translation in the language shown, or else in the one marked as default, or else the first.
    fn translation(&self) -> Option<&Translation> {
        let language = self.language.as_deref();
        let is_shown =
            |one: &&Translation| language.is_some() && self.attribute(one.element, "lang") == language;
        let is_default = |one: &&Translation| self.attribute(one.element, "default").is_some();
        let all = &self.translations;
        all.iter()
            .find(is_shown)
            .or_else(|| all.iter().find(is_default))
            .or(all.first())
    }
}

impl World for Document {
    type Node = DocumentNode;

    fn root(&self) -> DocumentNode {
        self.top
    }
    fn nodes(&self, _: NodeId, _: &DocumentNode) -> Vec<DocumentNode> {
        Vec::new()
    }
    fn text<'a>(&'a self, node: &DocumentNode) -> Cow<'a, str> {
        self.string_value(*node)
    }
    fn text_work(&self, node: &DocumentNode) -> u64 {
        self.node(*node)
            .map_or(0, |found| u64::from(found.end.saturating_sub(node.0)))
    }
    fn missing(&self, _: &DocumentNode) -> Option<Missing> {
        None
    }
    fn name<'a>(&'a self, node: &DocumentNode) -> Cow<'a, str> {
        Cow::Borrowed(self.node(*node).map_or("", |node| &node.name))
    }
    fn parent(&self, node: &DocumentNode) -> Option<DocumentNode> {
        if *node == self.top {
            return None;
        }
        self.node(*node)?.parent
    }
    fn children(&self, node: &DocumentNode) -> Vec<DocumentNode> {
        self.node(*node)
            .map(|node| node.children.clone())
            .unwrap_or_default()
    }
    fn position(&self, node: &DocumentNode) -> usize {
        self.node(*node).map_or(1, |node| node.position)
    }
    fn kind(&self, node: &DocumentNode) -> NodeKind {
        if *node == self.top {
            return NodeKind::Document;
        }
        self.node(*node).map_or(NodeKind::Document, |node| node.kind)
    }
    fn namespace<'a>(&'a self, node: &DocumentNode) -> Cow<'a, str> {
        Cow::Borrowed(self.node(*node).map_or("", |node| &node.namespace))
    }
    fn is_named(&self, node: &DocumentNode, name: &str) -> bool {
        let Some(node) = self.node(*node) else {
            return false;
        };
        // The names of a form need no prefix, and neither do those in the instance that is the root.
        let needs_no_prefix = node.namespace.is_empty() || node.namespace == XFORMS || self.top.0 != 0;
        node.name == name && needs_no_prefix
    }
    fn document(&self) -> Option<DocumentNode> {
        Some(self.top)
    }
    fn attribute_nodes(&self, node: &DocumentNode) -> Option<Vec<DocumentNode>> {
        Some(
            self.node(*node)
                .map(|node| node.attributes.clone())
                .unwrap_or_default(),
        )
    }
    fn namespace_nodes(&self, element: &DocumentNode) -> Vec<DocumentNode> {
        self.node(*element)
            .map(|node| node.declarations.clone())
            .unwrap_or_default()
    }
    fn document_order(&self, node: &DocumentNode) -> Option<u64> {
        Some(u64::from(node.0))
    }
    fn by_id(&self, id: &str) -> Option<DocumentNode> {
        self.ids.get(id).copied()
    }
    fn instance_node(&self, id: &str) -> Option<DocumentNode> {
        self.instances.get(id).copied()
    }
    fn is_strict(&self) -> bool {
        true
    }
    fn itext_nodes(&self, id: &str) -> Vec<DocumentNode> {
        let Some(translation) = self.translation() else {
            return Vec::new();
        };
        match translation.texts.get(id) {
            Some(text) => self.children_named(*text, "value").collect(),
            None => Vec::new(),
        }
    }
    fn itext(&self, id: &str) -> Option<String> {
        let values = self.itext_nodes(id);
        let plain = values
            .iter()
            .find(|value| self.attribute(**value, "form").is_none());
        Some(self.string_value(*plain.or(values.first())?).into_owned())
    }
    fn table(&self, _: &str) -> Option<&dyn Table> {
        None
    }
    fn choice_label(&self, _: NodeId, _: &DocumentNode, _: &str) -> Option<String> {
        None
    }
    fn now(&self) -> DateTime<FixedOffset> {
        self.now
    }
    fn random(&self) -> u64 {
        // The finaliser of splitmix64.
        let state = self.chance.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.chance.set(state);
        let bits = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }
}
