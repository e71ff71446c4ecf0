//! The form as the tree of its answer document, with everything that ODK's XML spells out and a form implies.

use std::collections::{BTreeMap, HashMap};

use crate::def::{
    ChoiceSource, Does, Event, Expression, FirstRow, FormDef, Group, Item, Question, Repeat, Translated,
};
use crate::entries::Entries;
use crate::types;
use crate::xform::read::NO_ADD_REMOVE;
use crate::xform::{choices, is_dynamic, references};

mod meta;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NodeKind {
    Root,
    Group,
    Repeat,
    Question,
    /// A group without a place on the screen.
    Meta,
    Entity,
    Attribute,
    /// The label of an entity.
    EntityLabel,
}

/// A text for people.
#[derive(Debug, Clone, Default)]
pub(super) enum Text<'a> {
    #[default]
    None,
    /// In no language of its own.
    Plain(&'a str),
    Languages(&'a Entries<String>),
}

/// Something that happens at an event.
#[derive(Debug, Clone)]
pub(super) struct Action {
    pub(super) tag: &'static str,
    pub(super) event: &'static str,
    pub(super) value: Option<String>,
    /// Which places of the node it is for, where not for all.
    pub(super) at: Option<String>,
    pub(super) attributes: Vec<(&'static str, String)>,
}

/// A node of the answer document.
#[derive(Debug, Clone)]
pub(super) struct Node<'a> {
    pub(super) parent: Option<usize>,
    pub(super) children: Vec<usize>,
    pub(super) name: String,
    pub(super) kind: NodeKind,
    pub(super) path: String,
    pub(super) type_name: &'a str,
    pub(super) label: Text<'a>,
    pub(super) hint: Text<'a>,
    pub(super) guidance: Text<'a>,
    pub(super) constraint_message: Text<'a>,
    pub(super) soft_constraint_message: Text<'a>,
    pub(super) required_message: Text<'a>,
    pub(super) no_app_message: Text<'a>,
    pub(super) media: Vec<(&'a str, Text<'a>)>,
    pub(super) bind: BTreeMap<String, String>,
    pub(super) control: BTreeMap<String, String>,
    pub(super) instance: BTreeMap<String, String>,
    /// What stands in the document at first.
    pub(super) value: String,
    pub(super) actions: Vec<Action>,
    pub(super) trigger: &'a [String],
    pub(super) calculation: Option<&'a str>,
    pub(super) choices: Option<&'a ChoiceSource>,
    /// Rows of a repeat that are there at first, where they are not the usual one.
    pub(super) first_rows: Option<&'a [FirstRow]>,
    pub(super) parameters: Option<&'a BTreeMap<String, String>>,
    /// What a form says in a way of its own.
    extra: Option<&'a BTreeMap<String, String>>,
}

impl Node<'_> {
    /// How the form said it where it did not say it as usual.
    pub(super) fn own_way(&self, of: &str) -> Option<&str> {
        self.extra?.get(of).map(String::as_str)
    }
}

/// All nodes; the first is the root.
pub(super) struct Tree<'a> {
    form: &'a FormDef,
    pub(super) nodes: Vec<Node<'a>>,
    /// None = several nodes have the name.
    by_name: HashMap<String, Option<usize>>,
    /// Elements that a change of the node of this name runs: the node changed, and the value.
    pub(super) triggered: HashMap<&'a str, Vec<usize>>,
    /// What else a change of the node of this name runs: the node changed, and what happens to it.
    pub(super) changes: HashMap<&'a str, Vec<(usize, Action)>>,
}

pub(super) const FIRST_LOAD: &str = "odk-instance-first-load";
pub(super) const NEW_REPEAT: &str = "odk-new-repeat";

impl<'a> Tree<'a> {
    pub(super) fn new(form: &'a FormDef) -> Tree<'a> {
        let root = match form.root.is_empty() {
            true => "data",
            false => form.root.as_str(),
        };
        let mut tree = Tree {
            form,
            nodes: Vec::new(),
            by_name: HashMap::new(),
            triggered: HashMap::new(),
            changes: HashMap::new(),
        };
        let root = tree.add(None, root.to_string(), NodeKind::Root);
        tree.items(root, &form.items, &mut Vec::new());
        tree.meta(root);
        for (place, node) in tree.nodes.iter().enumerate() {
            if matches!(
                node.kind,
                NodeKind::Attribute | NodeKind::EntityLabel | NodeKind::Entity
            ) {
                continue;
            }
            tree.by_name
                .entry(node.name.clone())
                .and_modify(|place| *place = None)
                .or_insert(Some(place));
        }
        // A question may have the name of the form: no expression means the form itself.
        if let Some(place) = tree.by_name.get_mut(
            &tree
                .nodes
                .first()
                .map(|root| root.name.clone())
                .unwrap_or_default(),
        ) && place.is_none()
        {
            let mut named = tree
                .nodes
                .iter()
                .enumerate()
                .skip(1)
                .filter(|(_, node)| Some(&node.name) == tree.nodes.first().map(|root| &root.name));
            *place = match (named.next(), named.next()) {
                (Some((only, _)), None) => Some(only),
                _ => None,
            };
        }
        tree
    }

    pub(super) fn get(&self, place: usize) -> &Node<'a> {
        self.nodes
            .get(place)
            .expect("places come from this tree, which only grows")
    }

    pub(super) fn named(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied().flatten()
    }

    pub(super) fn path(&self, place: usize) -> &str {
        &self.get(place).path
    }

    pub(super) fn parent(&self, place: usize) -> Option<usize> {
        self.get(place).parent
    }

    pub(super) fn kind(&self, place: usize) -> NodeKind {
        self.get(place).kind
    }

    pub(super) fn is_repeat(&self, place: usize) -> bool {
        self.kind(place) == NodeKind::Repeat
    }

    /// What a node stands in, from the inside out.
    pub(super) fn ancestors(&self, place: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.parent(place), |around| self.parent(*around))
    }

    /// The path of a node from another that it stands in: `/group/name`.
    pub(super) fn path_below(&self, place: usize, around: usize) -> String {
        let path = self.path(place);
        path.strip_prefix(self.path(around)).unwrap_or(path).to_string()
    }

    fn add(&mut self, parent: Option<usize>, name: String, kind: NodeKind) -> usize {
        let place = self.nodes.len();
        let at = if kind == NodeKind::Attribute { "@" } else { "" };
        let path = match parent {
            Some(parent) => format!("{}/{at}{name}", self.path(parent)),
            None => format!("/{name}"),
        };
        self.nodes.push(Node {
            parent,
            children: Vec::new(),
            name,
            kind,
            path,
            type_name: "",
            label: Text::None,
            hint: Text::None,
            guidance: Text::None,
            constraint_message: Text::None,
            soft_constraint_message: Text::None,
            required_message: Text::None,
            no_app_message: Text::None,
            media: Vec::new(),
            bind: BTreeMap::new(),
            control: BTreeMap::new(),
            instance: BTreeMap::new(),
            value: String::new(),
            actions: Vec::new(),
            trigger: &[],
            calculation: None,
            choices: None,
            first_rows: None,
            parameters: None,
            extra: None,
        });
        if let Some(parent) = parent {
            self.edit(parent).children.push(place);
        }
        place
    }

    fn edit(&mut self, place: usize) -> &mut Node<'a> {
        self.nodes
            .get_mut(place)
            .expect("places come from this tree, which only grows")
    }

    /// `inside` are the names of the groups and repeats around.
    fn items(&mut self, parent: usize, items: &'a [Item], inside: &mut Vec<&'a str>) {
        let is_table = self.get(parent).kind == NodeKind::Group && self.get(parent).type_name == "table-list";
        let mut has_heading = !is_table;
        let mut is_in_table = is_table;
        for item in items {
            match item {
                Item::Question(question) => {
                    let is_select = question.choices.is_some();
                    if is_select && !has_heading && is_in_table {
                        has_heading = true;
                        self.table_heading(parent, question);
                    }
                    let place = self.question(parent, question);
                    if is_select && is_in_table {
                        self.edit(place)
                            .control
                            .insert("appearance".into(), "list-nolabel".into());
                    }
                }
                Item::Group(group) => {
                    let place = self.group(parent, group);
                    inside.push(&group.name);
                    self.items(place, &group.items, inside);
                    self.entities(place, inside);
                    inside.pop();
                    is_in_table = false;
                }
                Item::Repeat(repeat) => {
                    let place = self.repeat(parent, repeat);
                    inside.push(&repeat.name);
                    self.items(place, &repeat.items, inside);
                    self.entities(place, inside);
                    inside.pop();
                    is_in_table = false;
                }
            }
        }
    }

    fn group(&mut self, parent: usize, group: &'a Group) -> usize {
        let place = self.add(Some(parent), group.name.clone(), NodeKind::Group);
        let label = self.text("survey.label", &group.label);
        let hint = self.text("survey.hint", &group.hint);
        let media = self.media("survey", &group.media);
        let is_table = group.appearance.iter().any(|word| word == "table-list");
        let node = self.edit(place);
        node.extra = Some(&group.extra);
        section(node, &group.relevant, &group.read_only, &group.extra);
        node.media = media;
        if is_table {
            let words: Vec<&str> = std::iter::once("field-list")
                .chain(
                    group
                        .appearance
                        .iter()
                        .map(String::as_str)
                        .filter(|word| *word != "table-list"),
                )
                .collect();
            node.control.insert("appearance".into(), words.join(" "));
            node.type_name = "table-list";
            if !matches!((&label, &hint), (Text::None, Text::None)) {
                let name = format!("generated_table_list_label_{}", group.origin.row);
                let note = self.add(Some(place), name, NodeKind::Question);
                let note = self.edit(note);
                note.type_name = "note";
                note.label = label;
                note.hint = hint;
                note.bind = typed("note");
            }
        } else {
            if !group.appearance.is_empty() {
                node.control
                    .insert("appearance".into(), group.appearance.join(" "));
            }
            node.label = label;
            node.hint = hint;
        }
        place
    }

    fn repeat(&mut self, parent: usize, repeat: &'a Repeat) -> usize {
        let is_fixed = repeat
            .extra
            .get(NO_ADD_REMOVE)
            .is_some_and(|value| value.trim() == "true()");
        let is_inline = repeat.extra.contains_key("count");
        let count = repeat.count.as_ref().filter(|_| !is_fixed);
        let mut count = count.map(|count| count.source.clone());
        let is_computed = |source: &&mut String| !is_inline && references::only(source).is_none();
        if let Some(source) = count.as_mut().filter(is_computed) {
            let name = format!("{}_count", repeat.name);
            let place = self.add(Some(parent), name.clone(), NodeKind::Question);
            let node = self.edit(place);
            node.type_name = "calculate";
            node.bind = typed("calculate");
            node.bind.insert("readonly".into(), "true()".into());
            node.bind.insert(
                "calculate".into(),
                std::mem::replace(source, format!("${{{name}}}")),
            );
        }
        let place = self.add(Some(parent), repeat.name.clone(), NodeKind::Repeat);
        let label = self.text("survey.label", &repeat.label);
        let hint = self.text("survey.hint", &repeat.hint);
        let media = self.media("survey", &repeat.media);
        let node = self.edit(place);
        node.extra = Some(&repeat.extra);
        section(node, &repeat.relevant, &repeat.read_only, &repeat.extra);
        node.label = label;
        node.hint = hint;
        node.media = media;
        node.first_rows = repeat.first_rows.as_deref();
        if let Some(count) = count {
            node.control.insert("jr:count".into(), count);
        }
        if !repeat.appearance.is_empty() {
            node.control
                .insert("appearance".into(), repeat.appearance.join(" "));
        }
        place
    }

    /// The row of choices above a table of selects.
    fn table_heading(&mut self, parent: usize, first: &'a Question) {
        let name = format!("reserved_name_for_field_list_labels_{}", first.origin.row);
        let place = self.add(Some(parent), name, NodeKind::Question);
        let node = self.edit(place);
        node.type_name = question_type(first);
        node.bind = typed(node.type_name);
        node.control.insert("appearance".into(), "label".into());
        node.label = Text::Plain(" ");
        node.choices = first.choices.as_ref();
    }

    fn question(&mut self, parent: usize, question: &'a Question) -> usize {
        let place = self.add(Some(parent), question.name.clone(), NodeKind::Question);
        let in_repeat = self.ancestors(place).any(|around| self.is_repeat(around));
        let type_name = question_type(question);
        let label = self.text("survey.label", &question.label);
        let hint = self.text("survey.hint", &question.hint);
        let guidance = self.text("survey.guidance_hint", &question.guidance);
        let constraint_message = self.text("survey.constraint_message", &question.constraint_message);
        let doubt = self.text(
            "survey.soft_constraint_message",
            &question.soft_constraint_message,
        );
        let required_message = self.text("survey.required_message", &question.required_message);
        let no_app_message = self.text("survey.no_app_error_string", &question.no_app_message);
        let media = self.media("survey", &question.media);
        let node = self.edit(place);
        node.type_name = type_name;
        node.label = label;
        node.hint = hint;
        node.guidance = guidance;
        node.constraint_message = constraint_message;
        node.soft_constraint_message = doubt;
        node.required_message = required_message;
        node.no_app_message = no_app_message;
        node.media = media;
        node.trigger = &question.trigger;
        node.extra = Some(&question.extra);
        node.calculation = question
            .calculation
            .as_ref()
            .map(|calculation| calculation.source.as_str());
        node.choices = question.choices.as_ref();
        node.parameters = Some(&question.parameters);
        node.bind = typed(type_name);
        if type_name == "range" {
            let kind = question.kind == sampan_value::answer::Kind::Decimal;
            node.bind
                .insert("type".into(), if kind { "decimal" } else { "int" }.into());
        }
        for (attribute, expression) in [
            ("relevant", &question.relevant),
            ("required", &question.required),
            ("constraint", &question.constraint),
            ("sampan:softConstraint", &question.soft_constraint),
            ("readonly", &question.read_only),
            ("calculate", &question.calculation),
        ] {
            if let Some(Expression { source, .. }) = expression {
                node.bind.insert(attribute.into(), source.clone());
            }
        }
        if let Some(property) = &question.save_to {
            let property = property
                .rsplit_once('#')
                .map_or(property.as_str(), |(_, property)| property);
            node.bind.insert("entities:saveto".into(), property.to_string());
        }
        if !question.appearance.is_empty() {
            node.control
                .insert("appearance".into(), question.appearance.join(" "));
            if question.appearance == ["label"] && matches!(node.label, Text::None) {
                node.label = Text::Plain(" ");
            }
        }
        parameters(node, question);
        attributes(node, &question.extra);
        first_value(node, question, in_repeat);
        for name in &question.trigger {
            self.triggered.entry(name).or_default().push(place);
        }
        self.actions(place, question);
        place
    }

    /// What is done at events beyond what the columns of a sheet say.
    fn actions(&mut self, place: usize, question: &'a Question) {
        for own in &question.actions {
            let (tag, value) = match &own.does {
                Does::Set(value) => ("setvalue", value.as_ref().map(|value| value.source.clone())),
                Does::Locate => ("odk:setgeopoint", None),
                Does::Record => ("odk:recordaudio", None),
            };
            for event in &own.events {
                let action = Action {
                    tag,
                    event: event.name(),
                    value: value.clone(),
                    at: own.at.as_ref().map(|at| at.source.clone()),
                    attributes: Vec::new(),
                };
                match (event, &own.of) {
                    (Event::ValueChanged, Some(of)) => {
                        self.changes.entry(of).or_default().push((place, action));
                    }
                    (Event::ValueChanged, None) => {}
                    (Event::FirstLoad | Event::Load | Event::NewRow, _) => {
                        self.edit(place).actions.push(action);
                    }
                }
            }
        }
    }

    /// The language of texts without one.
    pub(super) fn default_language(&self) -> &'a str {
        self.form
            .settings
            .get("default_language")
            .map_or("default", String::as_str)
    }

    /// A text, plain when it has no language of its own.
    pub(super) fn text(&self, column: &str, texts: &'a Translated) -> Text<'a> {
        let mut entries = texts.0.iter();
        match (entries.next(), entries.next()) {
            (None, _) => Text::None,
            (Some((language, text)), None)
                if language == "default"
                    || (language == self.default_language() && self.form.untranslated.contains(column)) =>
            {
                Text::Plain(text)
            }
            _ => Text::Languages(&texts.0),
        }
    }

    pub(super) fn media(
        &self,
        sheet: &str,
        media: &'a BTreeMap<String, Translated>,
    ) -> Vec<(&'a str, Text<'a>)> {
        media
            .iter()
            .map(|(name, files)| {
                let column = format!("{sheet}.{}", name.replace('-', "_"));
                (name.as_str(), self.text(&column, files))
            })
            .filter(|(_, files)| !matches!(files, Text::None))
            .collect()
    }
}

fn section(
    node: &mut Node<'_>,
    relevant: &Option<Expression>,
    read_only: &Option<Expression>,
    extra: &BTreeMap<String, String>,
) {
    for (attribute, expression) in [("relevant", relevant), ("readonly", read_only)] {
        if let Some(Expression { source, .. }) = expression {
            node.bind.insert(attribute.into(), source.clone());
        }
    }
    attributes(node, extra);
}

fn attributes(node: &mut Node<'_>, extra: &BTreeMap<String, String>) {
    for (key, value) in extra {
        let Some((what, name)) = key.split_once("::") else {
            continue;
        };
        if !choices::is_tag(name) {
            continue;
        }
        let own = match what {
            "bind" => &mut node.bind,
            "control" => &mut node.control,
            "instance" => &mut node.instance,
            _ => continue,
        };
        own.insert(name.to_string(), value.clone());
    }
}

fn question_type(question: &Question) -> &str {
    match question.type_name.is_empty() {
        true => types::canonical(question.role, question.kind),
        false => &question.type_name,
    }
}

/// The attributes of a bind that follow from the type.
pub(super) fn typed(type_name: &str) -> BTreeMap<String, String> {
    let preload = |kind: &str, parameter: &str, bind_type: &str| {
        vec![
            ("jr:preload", kind.to_string()),
            ("jr:preloadParams", parameter.to_string()),
            ("type", bind_type.to_string()),
        ]
    };
    let plain = |bind_type: &str| vec![("type", bind_type.to_string())];
    let attributes = match type_name {
        "integer" | "percentage" => plain("int"),
        "decimal" => plain("decimal"),
        "date" => plain("date"),
        "time" => plain("time"),
        "datetime" => plain("dateTime"),
        "geopoint" | "gps" | "location" | "start_geopoint" | "background_geopoint" => plain("geopoint"),
        "geotrace" => plain("geotrace"),
        "geoshape" => plain("geoshape"),
        "image" | "audio" | "video" | "file" | "osm" | "audit" | "background_audio" => plain("binary"),
        "barcode" => plain("barcode"),
        "rank" => plain("odk:rank"),
        "trigger" => Vec::new(),
        "note" => vec![("readonly", "true()".to_string()), ("type", "string".to_string())],
        "start" => preload("timestamp", "start", "dateTime"),
        "end" => preload("timestamp", "end", "dateTime"),
        "today" => preload("date", "today", "date"),
        "deviceid" | "username" | "email" | "phonenumber" | "subscriberid" | "simserial" => {
            preload("property", type_name, "string")
        }
        uri if uri.starts_with("uri:") => preload("property", uri, "string"),
        days if days.starts_with("number_of_days") => plain("int"),
        _ => plain("string"),
    };
    attributes
        .into_iter()
        .map(|(name, value)| (name.to_string(), value))
        .collect()
}

/// What parameters mean for bind and control.
fn parameters(node: &mut Node<'_>, question: &Question) {
    let type_name = node.type_name;
    if type_name == "range" {
        for (name, usual) in [("start", "1"), ("end", "10"), ("step", "1")] {
            node.control.insert(name.into(), usual.into());
        }
    }
    for (key, value) in &question.parameters {
        let (is_bind, name) = match (type_name, key.as_str()) {
            ("text", "rows") => (false, "rows"),
            ("image", "max-pixels") => (true, "orx:max-pixels"),
            ("image", "app") if question.appearance.is_empty() || question.appearance == ["annotate"] => {
                (false, "intent")
            }
            ("audio", "quality") => (true, "odk:quality"),
            ("geopoint" | "geotrace" | "geoshape", "allow-mock-accuracy") => {
                (true, "odk:allow-mock-accuracy")
            }
            ("geopoint", "capture-accuracy") => (false, "accuracyThreshold"),
            ("geopoint", "warning-accuracy") => (false, "unacceptableAccuracyThreshold"),
            ("geotrace" | "geoshape", "incremental") => {
                node.control.insert("incremental".into(), "true".into());
                continue;
            }
            ("range", "start" | "end" | "step") => (false, key.as_str()),
            ("range", "tick_interval") => (false, "odk:tick-interval"),
            ("range", "placeholder") => (false, "odk:placeholder"),
            _ => continue,
        };
        match is_bind {
            true => node.bind.insert(name.into(), value.clone()),
            false => node.control.insert(name.into(), value.clone()),
        };
    }
}

/// What a question holds at first, and what sets it.
fn first_value(node: &mut Node<'_>, question: &Question, in_repeat: bool) {
    let set = |tag, event, value: Option<&str>| Action {
        tag,
        event,
        value: value.map(str::to_string),
        at: None,
        attributes: Vec::new(),
    };
    // What draws an id says so itself; its first value says the same in other words.
    let is_preloaded = question
        .extra
        .get("bind::jr:preload")
        .is_some_and(|preload| preload == "uid");
    if let Some(Expression { source, .. }) = question.default.as_ref().filter(|_| !is_preloaded) {
        if is_dynamic(source, node.type_name) {
            node.actions.push(set("setvalue", FIRST_LOAD, Some(source)));
            if in_repeat {
                node.actions.push(set("setvalue", NEW_REPEAT, Some(source)));
            }
        } else if node.type_name == "image" && !source.contains("jr://images/") {
            node.value = format!("jr://images/{source}");
        } else {
            node.value = source.clone();
        }
    }
    match node.type_name {
        "start_geopoint" => node.actions.push(set("odk:setgeopoint", FIRST_LOAD, None)),
        "background_audio" => {
            let quality = question.parameters.get("quality");
            node.actions.push(Action {
                attributes: quality
                    .map(|quality| ("odk:quality", quality.clone()))
                    .into_iter()
                    .collect(),
                ..set("odk:recordaudio", "odk-instance-load", None)
            });
        }
        _ => {}
    }
}
