//! The body: what a person sees, in order.

use crate::def::FormDef;
use crate::xform::choices;
use crate::xform::element::Element;
use crate::xform::model::action;
use crate::xform::references::{self, Style};
use crate::xform::texts::{self, Texts};
use crate::xform::tree::{Action, NEW_REPEAT, Node, NodeKind, Text, Tree};

pub(super) fn body(form: &FormDef, tree: &Tree<'_>, texts: &Texts<'_>) -> Element {
    let mut body = Element::new("h:body");
    if let Some(style) = form.settings.get("style") {
        body.set("class", style);
    }
    let writer = Writer { form, tree, texts };
    writer.children(0, &mut body);
    body
}

struct Writer<'a> {
    form: &'a FormDef,
    tree: &'a Tree<'a>,
    texts: &'a Texts<'a>,
}

impl Writer<'_> {
    fn children(&self, place: usize, element: &mut Element) {
        for child in &self.tree.get(place).children {
            match self.tree.kind(*child) {
                NodeKind::Question => {
                    if let Some(control) = self.question(*child) {
                        element.push(control);
                    }
                }
                NodeKind::Group if self.tree.get(*child).own_way("shown") == Some("no") => {
                    self.children(*child, element);
                }
                NodeKind::Group => element.push(self.group(*child)),
                NodeKind::Repeat => element.push(self.repeat(*child)),
                NodeKind::Root
                | NodeKind::Meta
                | NodeKind::Entity
                | NodeKind::Attribute
                | NodeKind::EntityLabel => {}
            }
        }
    }

    fn attributes(&self, place: usize, element: &mut Element) {
        for (name, value) in &self.tree.get(place).control {
            element.set(
                name,
                &references::paths(self.tree, value, Some(place), Style::default()),
            );
        }
    }

    fn group(&self, place: usize) -> Element {
        let node = self.tree.get(place);
        let mut group = Element::new("group");
        self.attributes(place, &mut group);
        if let Some(appearance) = node.control.get("appearance") {
            group.set("appearance", appearance);
        }
        group.set("ref", &node.path);
        if !matches!(node.label, Text::None) {
            group.push(texts::label(self.tree, place));
        }
        self.children(place, &mut group);
        super::raw::put(node.own_way("xml"), &mut group);
        group
    }

    fn repeat(&self, place: usize) -> Element {
        let node = self.tree.get(place);
        let mut repeat = Element::new("repeat").attribute("nodeset", &node.path);
        self.attributes(place, &mut repeat);
        self.children(place, &mut repeat);
        self.new_rows(place, &mut repeat);
        super::raw::put(node.own_way("xml"), &mut repeat);
        Element::new("group")
            .attribute("ref", &node.path)
            .with(texts::label(self.tree, place))
            .with(repeat)
    }

    /// What is set when a row is added, but for repeats inside, which see to themselves.
    fn new_rows(&self, place: usize, element: &mut Element) {
        let node = self.tree.get(place);
        for new in node.actions.iter().filter(|action| action.event == NEW_REPEAT) {
            element.push(action(self.tree, place, new, place));
        }
        for child in &node.children {
            if !self.tree.is_repeat(*child) {
                self.new_rows(*child, element);
            }
        }
    }

    fn question(&self, place: usize) -> Option<Element> {
        let node = self.tree.get(place);
        if !is_shown(node) {
            return None;
        }
        let (tag, mediatype) = control(node.type_name)?;
        let mut element = Element::new(tag);
        for part in texts::label_and_hint(self.tree, place) {
            element.push(part);
        }
        element.set("ref", &node.path);
        if let Some(mediatype) = mediatype {
            element.set("mediatype", mediatype);
        }
        self.attributes(place, &mut element);
        if node.control.get("mediatype").is_some_and(String::is_empty) {
            element.unset("mediatype");
        }
        choices::offered(self.form, self.tree, self.texts, place, &mut element);
        self.tags(node, &mut element);
        let mut changed: Vec<usize> = self
            .tree
            .triggered
            .get(node.name.as_str())
            .cloned()
            .unwrap_or_default();
        let is_position = |place: usize| self.tree.get(place).type_name == "background_geopoint";
        changed.sort_by_key(|place| is_position(*place));
        for changed in changed {
            let triggered = self.tree.get(changed);
            let is_position = is_position(changed);
            let change = Action {
                tag: if is_position {
                    "odk:setgeopoint"
                } else {
                    "setvalue"
                },
                event: "xforms-value-changed",
                value: triggered.calculation.filter(|_| !is_position).map(str::to_string),
                at: None,
                attributes: Vec::new(),
            };
            element.push(action(self.tree, changed, &change, place));
        }
        let further = self.tree.changes.get(node.name.as_str());
        for (changed, change) in further.into_iter().flatten() {
            element.push(action(self.tree, *changed, change, place));
        }
        super::raw::put(node.own_way("xml"), &mut element);
        Some(element)
    }

    /// The tags that a map feature is asked for.
    fn tags(&self, node: &Node<'_>, element: &mut Element) {
        if node.type_name != "osm" {
            return;
        }
        let list = node
            .parameters
            .and_then(|parameters| parameters.get("tags"))
            .and_then(|name| self.form.osm.get(name));
        for tag in list.into_iter().flat_map(|list| &list.choices) {
            let label = Element::new("label");
            let label = match self.tree.text("choices.label", &tag.label) {
                Text::Plain(text) => label.with_text(text),
                Text::Languages(texts) => label.with_text(texts.values().next().map_or("", String::as_str)),
                Text::None => label,
            };
            element.push(Element::new("tag").attribute("key", &tag.name).with(label));
        }
    }
}

/// Whether there is anything to see: what is computed is shown only with a text.
fn is_shown(node: &Node<'_>) -> bool {
    let is_computed = node.bind.contains_key("calculate") || !node.trigger.is_empty();
    let has_text = !matches!((&node.label, &node.hint), (Text::None, Text::None));
    let is_asked = node.own_way("shown") == Some("yes");
    node.type_name != "calculate" && (!is_computed || has_text || is_asked)
}

/// The element of a type, and its kind of file; None for what is never shown.
fn control(type_name: &str) -> Option<(&'static str, Option<&'static str>)> {
    Some(match type_name {
        "hidden" | "calculate" | "start" | "end" | "today" | "deviceid" | "username" | "email"
        | "phonenumber" | "subscriberid" | "simserial" | "audit" | "start_geopoint" | "background_audio" => {
            return None;
        }
        uri if uri.starts_with("uri:") => return None,
        "image" => ("upload", Some("image/*")),
        "audio" => ("upload", Some("audio/*")),
        "video" => ("upload", Some("video/*")),
        "file" => ("upload", Some("application/*")),
        "osm" => ("upload", Some("osm/*")),
        "acknowledge" | "trigger" | "background_geopoint" => ("trigger", None),
        "range" => ("range", None),
        "rank" => ("odk:rank", None),
        "select_one" | "select_one_from_file" => ("select1", None),
        "select_multiple" | "select_multiple_from_file" => ("select", None),
        _ => ("input", None),
    })
}
