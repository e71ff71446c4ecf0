//! Groups, repeats and entities, from the places of the answer document.

use std::collections::BTreeMap;

use crate::def::{Entity, Expression, FormDef, Group, Item, Repeat, Translated};
use crate::xform::read::data::is_meta;
use crate::xform::read::xml::Node;
use crate::xform::read::{NO_ADD_REMOVE, Source};
use crate::xform::references;

/// What groups and repeats say of themselves.
#[derive(Default)]
struct Heading {
    label: Translated,
    hint: Translated,
    media: BTreeMap<String, Translated>,
    appearance: Vec<String>,
    extra: BTreeMap<String, String>,
}

impl Source<'_> {
    /// What stands in a place, in order.
    pub(super) fn items(&mut self, place: usize) -> Vec<Item> {
        let children = self
            .data
            .get(place)
            .map(|place| place.children.clone())
            .unwrap_or_default();
        let mut items = Vec::with_capacity(children.len());
        for child in self.body.in_order(children) {
            let Some(own) = self.data.get(child) else { continue };
            let (name, node, has_children) = (own.name, own.node, !own.children.is_empty());
            let has_control = self.body.controls.contains_key(&child);
            if is_meta(name) && !has_control && has_children {
                continue;
            }
            if self.body.repeats.contains_key(&child) {
                let mut repeat = self.repeat(child);
                let is_taken = self.take_count(&mut repeat, &mut items);
                let count = repeat.count.as_ref().map(|count| count.source.as_str());
                if !is_taken && count.is_some_and(|count| references::only(count).is_none()) {
                    repeat.extra.insert("count".into(), "inline".into());
                }
                if let Some(kept) = self.kept(Some(child), std::iter::empty()) {
                    repeat.extra.insert("xml".into(), kept);
                }
                items.push(Item::Repeat(repeat));
            } else if has_children {
                items.push(Item::Group(self.group(child)));
            } else if has_control
                && self
                    .body
                    .controls
                    .get(&child)
                    .is_some_and(|control| control.name == "group")
            {
                let heading = self.heading(child, &["group"]);
                let mut group = Group::new(name);
                group.origin = node.origin();
                fill(&mut group, heading);
                items.push(Item::Group(group));
            } else {
                items.push(Item::Question(self.question(child)));
            }
        }
        items
    }

    fn group(&mut self, place: usize) -> Group {
        let heading = self.heading(place, &["group"]);
        let (name, origin) = self
            .data
            .get(place)
            .map(|place| (place.name, place.node.origin()))
            .unwrap_or_default();
        let mut group = Group::new(name);
        group.origin = origin;
        group.relevant = self.bound(place, "relevant");
        group.read_only = self.bound(place, "readonly");
        fill(&mut group, heading);
        if !self.body.controls.contains_key(&place) {
            group.extra.insert("shown".into(), "no".into());
        }
        group.items = self.items(place);
        as_table(&mut group);
        group
    }

    fn repeat(&mut self, place: usize) -> Repeat {
        let heading = self.heading(place, &["around", "repeat"]);
        let (name, origin) = self
            .data
            .get(place)
            .map(|place| (place.name, place.node.origin()))
            .unwrap_or_default();
        let mut repeat = Repeat::new(name);
        repeat.origin = origin;
        repeat.relevant = self.bound(place, "relevant");
        repeat.read_only = self.bound(place, "readonly");
        repeat.label = heading.label;
        repeat.hint = heading.hint;
        repeat.media = heading.media;
        repeat.appearance = heading.appearance;
        repeat.extra = heading.extra;
        if let Some(node) = self.body.repeats.get(&place).copied()
            && let Some(count) = node.get("jr:count")
        {
            repeat.count = self.expression(count, node.line, "jr:count", Some(place));
        }
        repeat.first_rows = self.first_rows(place);
        let is_fixed = repeat
            .extra
            .get(NO_ADD_REMOVE)
            .is_some_and(|value| value.trim() == "true()");
        if is_fixed && repeat.count.is_none() {
            repeat.count = Some(Expression {
                source: super::rows::fixed(repeat.first_rows.as_ref()).to_string(),
                origin: repeat.origin.clone(),
            });
        }
        repeat.items = self.items(place);
        repeat
    }

    /// A count that a converter moved into a question of its own comes back.
    fn take_count(&self, repeat: &mut Repeat, items: &mut Vec<Item>) -> bool {
        let name = format!("{}_count", repeat.name);
        let Some(count) = &mut repeat.count else {
            return false;
        };
        if count.source != format!("${{{name}}}") {
            return false;
        }
        let Some(Item::Question(question)) = items.last() else {
            return false;
        };
        let is_generated = question.name == name
            && question.label.is_empty()
            && question.type_name == "calculate"
            && question
                .read_only
                .as_ref()
                .is_some_and(|read_only| read_only.source == "true()");
        // A converter moves nothing that is one reference.
        let source = question.calculation.clone();
        let source = source.filter(|source| is_generated && references::only(&source.source).is_none());
        match source {
            None => false,
            Some(source) => {
                *count = source;
                items.pop();
                true
            }
        }
    }

    fn heading(&mut self, place: usize, parts: &[&str]) -> Heading {
        let mut heading = Heading::default();
        for part in parts {
            let node: Option<&Node> = match *part {
                "group" => self.body.controls.get(&place).copied(),
                "around" => self.body.around.get(&place).copied(),
                _ => self.body.repeats.get(&place).copied(),
            };
            let Some(node) = node else { continue };
            let is_around = *part == "around";
            // As in JavaRosa the heading of a repeat is that of the group around it.
            if let Some(label) = node.child("label").filter(|_| *part != "repeat") {
                let (mut forms, is_plain) = self.texts.of(label, &self.data, Some(place), &mut self.warnings);
                if let Some(label) = forms.remove("long") {
                    if is_plain {
                        self.untranslated("survey.label");
                    }
                    heading.label = label;
                }
                heading.media = forms;
            }
            if let Some(hint) = node.child("hint") {
                let (mut forms, _) = self.texts.of(hint, &self.data, Some(place), &mut self.warnings);
                heading.hint = forms.remove("long").unwrap_or_default();
            }
            for (name, value) in &node.attributes {
                match name.as_str() {
                    "appearance" => {
                        if heading.appearance.is_empty() {
                            heading.appearance = super::question::words(value);
                        }
                    }
                    "ref" | "nodeset" | "jr:count" => {}
                    _ if is_around => {}
                    other => {
                        heading.extra.insert(format!("control::{other}"), value.clone());
                    }
                }
            }
        }
        for (name, value) in self
            .binds
            .get(&place)
            .into_iter()
            .flat_map(|bind| &bind.attributes)
        {
            if !matches!(name.as_str(), "nodeset" | "ref" | "relevant" | "readonly") {
                heading.extra.insert(
                    format!("bind::{name}"),
                    self.data.named(value, Some(place), false).trim().to_string(),
                );
            }
        }
        if let Some(own) = self.data.get(place) {
            for (name, value) in &own.node.attributes {
                if name != "jr:template" {
                    heading.extra.insert(format!("instance::{name}"), value.clone());
                }
            }
        }
        heading
    }

    /// An entity of a meta block.
    pub(super) fn entity(&mut self, form: &mut FormDef, meta: usize, place: usize) {
        let Some(own) = self.data.get(place) else { return };
        let path = own.path.clone();
        let node = own.node;
        let label = own
            .children
            .iter()
            .copied()
            .find(|child| self.data.get(*child).is_some_and(|child| child.name == "label"))
            .and_then(|label| self.bound(label, "calculate"));
        let condition = |attribute: &str| {
            let wanted = format!("{path}/@{attribute}");
            let bind = self.body.attribute_binds.get(&wanted)?;
            self.expression(bind.get("calculate")?, bind.line, attribute, Some(place))
        };
        let mut inside: Vec<String> =
            std::iter::successors(self.data.get(meta).and_then(|meta| meta.parent), |place| {
                self.data.get(*place).and_then(|place| place.parent)
            })
            .filter_map(|place| self.data.get(place).map(|place| place.name.to_string()))
            .collect();
        inside.pop();
        inside.reverse();
        form.entities.push(Entity {
            list: node.get("dataset").unwrap_or_default().to_string(),
            id: node.get("update").and_then(|_| condition("id")),
            create_if: condition("create"),
            update_if: condition("update"),
            label,
            inside,
            origin: node.origin(),
        });
    }
}

fn fill(group: &mut Group, heading: Heading) {
    group.label = heading.label;
    group.hint = heading.hint;
    group.media = heading.media;
    group.appearance = heading.appearance;
    group.extra = heading.extra;
}

/// A table of selects that a converter spelled out becomes one again.
fn as_table(group: &mut Group) {
    let is_heading = |item: &Item| item.name().starts_with("reserved_name_for_field_list_labels_");
    if !group.items.iter().any(is_heading) {
        return;
    }
    let mut items = Vec::with_capacity(group.items.len());
    for item in std::mem::take(&mut group.items) {
        match item {
            item if is_heading(&item) => {}
            Item::Question(question) if question.name.starts_with("generated_table_list_label_") => {
                group.label = question.label;
                group.hint = question.hint;
            }
            Item::Question(mut question) => {
                if question.appearance == ["list-nolabel"] {
                    question.appearance.clear();
                }
                items.push(Item::Question(question));
            }
            other => items.push(other),
        }
    }
    group.items = items;
    for word in &mut group.appearance {
        if word == "field-list" {
            *word = "table-list".into();
        }
    }
}
