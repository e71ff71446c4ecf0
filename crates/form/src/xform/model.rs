//! The model: texts, instances, binds and actions.

use crate::def::{FirstRow, FormDef};
use crate::xform::choices;
use crate::xform::element::Element;
use crate::xform::references::{self, Style};
use crate::xform::texts::{self, Texts};
use crate::xform::tree::{Action, NEW_REPEAT, NodeKind, Text, Tree};

/// Namespaces of every form.
pub(super) const NAMESPACES: &[(&str, &str)] = &[
    ("xmlns", "http://www.w3.org/2002/xforms"),
    ("xmlns:h", "http://www.w3.org/1999/xhtml"),
    ("xmlns:ev", "http://www.w3.org/2001/xml-events"),
    ("xmlns:xsd", "http://www.w3.org/2001/XMLSchema"),
    ("xmlns:jr", "http://openrosa.org/javarosa"),
    ("xmlns:orx", "http://openrosa.org/xforms"),
    ("xmlns:odk", "http://www.opendatakit.org/xforms"),
    ("xmlns:entities", "http://www.opendatakit.org/xforms/entities"),
    ("xmlns:sampan", "urn:sampan:forms"),
];

/// All namespaces of a form, its own among them.
pub(super) fn namespaces(form: &FormDef, tree: &Tree<'_>) -> Vec<(String, String)> {
    let is_own = |name: &String| name.starts_with("sampan:");
    let has_own = tree.nodes.iter().any(|node| node.bind.keys().any(is_own));
    let mut namespaces: Vec<(String, String)> = NAMESPACES
        .iter()
        .filter(|(name, _)| *name != "xmlns:entities" || !form.entities.is_empty())
        .filter(|(name, _)| *name != "xmlns:sampan" || has_own)
        .map(|(name, uri)| ((*name).to_string(), (*uri).to_string()))
        .collect();
    for word in form
        .settings
        .get("namespaces")
        .map(String::as_str)
        .unwrap_or_default()
        .split_whitespace()
    {
        if let Some((prefix, uri)) = word.split_once('=')
            && choices::is_tag(prefix)
            && !prefix.contains(':')
            && !uri.contains('=')
        {
            let name = format!("xmlns:{prefix}");
            if !namespaces.iter().any(|(own, _)| *own == name) {
                namespaces.push((name, uri.replace(['"', '\''], "")));
            }
        }
    }
    namespaces
}

pub(super) fn model(form: &FormDef, tree: &Tree<'_>, texts: &Texts<'_>) -> Element {
    let mut model = Element::new("model").attribute("odk:xforms-version", "1.0.0");
    if !form.entities.is_empty() {
        let is_plain = match form.entities.as_slice() {
            [only] => !is_repeated(tree, &only.inside),
            _ => false,
        };
        let version = if is_plain { "2024.1.0" } else { "2025.1.0" };
        model.set("entities:entities-version", version);
    }
    if let Some(submission) = submission(form) {
        model.push(submission);
    }
    if let Some(itext) = texts.itext(tree) {
        model.push(itext);
    }
    let mut root = instance(tree, 0, false);
    for (key, value) in &form.settings {
        if let Some(name) = key
            .strip_prefix("attribute::")
            .filter(|name| choices::is_tag(name))
        {
            root.set(name, value);
        }
    }
    root.set("id", form.settings.get("form_id").unwrap_or(&form.form_id));
    for (setting, attribute) in [
        ("instance_xmlns", "xmlns"),
        ("prefix", "odk:prefix"),
        ("delimiter", "odk:delimiter"),
    ] {
        if let Some(value) = form.settings.get(setting) {
            root.set(attribute, value);
        }
    }
    if !form.version.is_empty() {
        root.set("version", &form.version);
    }
    model.push(Element::new("instance").with(root));
    choices::instances(form, tree, texts, &mut model);
    for (place, node) in tree.nodes.iter().enumerate() {
        if let Some(bind) = bind(tree, place) {
            model.push(bind);
        }
        for action in node.actions.iter().filter(|action| action.event != NEW_REPEAT) {
            model.push(self::action(tree, place, action, place));
        }
    }
    super::raw::put(form.settings.get("xml").map(String::as_str), &mut model);
    model
}

fn is_repeated(tree: &Tree<'_>, inside: &[String]) -> bool {
    let mut at = 0;
    for name in inside {
        let Some(child) = tree
            .get(at)
            .children
            .iter()
            .copied()
            .find(|child| tree.get(*child).name == *name)
        else {
            return false;
        };
        if tree.is_repeat(child) {
            return true;
        }
        at = child;
    }
    false
}

fn submission(form: &FormDef) -> Option<Element> {
    let setting = |name: &str| form.settings.get(name).filter(|value| !value.is_empty());
    let mut submission = Element::new("submission");
    let mut is_needed = false;
    for (name, attribute) in [
        ("submission_url", "action"),
        ("public_key", "base64RsaPublicKey"),
        ("auto_send", "orx:auto-send"),
        ("auto_delete", "orx:auto-delete"),
    ] {
        if let Some(value) = setting(name) {
            is_needed = true;
            submission.set(attribute, value);
            if name == "submission_url" {
                submission.set("method", "post");
            }
        }
    }
    if setting("client_editable")
        .is_some_and(|value| ["yes", "true", "true()"].contains(&value.to_lowercase().as_str()))
    {
        is_needed = true;
        submission.set("odk:client-editable", "true");
    }
    for (key, value) in &form.settings {
        match key.strip_prefix("submission::") {
            Some(name) if value.is_empty() => submission.unset(name),
            Some(name) if choices::is_tag(name) => {
                is_needed = true;
                submission.set(name, value);
            }
            Some(_) | None => {}
        }
    }
    is_needed.then_some(submission)
}

/// A node of the primary instance. `is_row`: inside a row that stands beside its template, so without further ones.
fn instance(tree: &Tree<'_>, place: usize, is_row: bool) -> Element {
    let node = tree.get(place);
    let mut element = Element::new(&node.name).with_text(&node.value);
    for (name, value) in &node.instance {
        element.set(
            name,
            &references::paths(tree, value, Some(place), Style::default()),
        );
    }
    for child in &node.children {
        match tree.kind(*child) {
            NodeKind::Attribute => {
                let child = tree.get(*child);
                element.set(&child.name, &child.value);
            }
            NodeKind::Repeat if !is_row => rows(tree, *child, &mut element),
            NodeKind::Root
            | NodeKind::Group
            | NodeKind::Repeat
            | NodeKind::Question
            | NodeKind::Meta
            | NodeKind::Entity
            | NodeKind::EntityLabel => element.push(instance(tree, *child, is_row)),
        }
    }
    element
}

/// What each new row of a repeat is made from.
fn template(tree: &Tree<'_>, place: usize) -> Element {
    let node = tree.get(place);
    let mut element = Element::new(&node.name).attribute("jr:template", "");
    for child in &node.children {
        match (tree.is_repeat(*child), tree.get(*child).first_rows) {
            (true, Some(_)) => rows(tree, *child, &mut element),
            (true, None) => element.push(template(tree, *child)),
            (false, _) => element.push(instance(tree, *child, false)),
        }
    }
    element
}

/// The rows of a repeat that are there at first, and what new ones are made from.
fn rows(tree: &Tree<'_>, place: usize, around: &mut Element) {
    let Some(rows) = tree.get(place).first_rows else {
        around.push(template(tree, place));
        return around.push(instance(tree, place, true));
    };
    // A first row that is as new ones are stands for them.
    if rows.first().is_none_or(|row| !row.values.is_empty()) {
        around.push(template(tree, place));
    }
    for row in rows {
        around.push(first_row(tree, place, row, ""));
    }
}

/// A row, or something in it at `path`, with its own first values and rows.
fn first_row(tree: &Tree<'_>, place: usize, row: &FirstRow, path: &str) -> Element {
    let node = tree.get(place);
    let value = row.values.get(path).unwrap_or(&node.value);
    let mut element = Element::new(&node.name).with_text(value);
    for (name, value) in &node.instance {
        let value = references::paths(tree, value, Some(place), Style::default());
        element.set(name, &value);
    }
    for child in &node.children {
        let own = tree.get(*child);
        let path = match path {
            "" => own.name.clone(),
            path => format!("{path}/{}", own.name),
        };
        match tree.kind(*child) {
            NodeKind::Attribute => element.set(&own.name, &own.value),
            NodeKind::Repeat => {
                for inner in row.rows.get(&path).into_iter().flatten() {
                    element.push(first_row(tree, *child, inner, ""));
                }
            }
            NodeKind::Root
            | NodeKind::Group
            | NodeKind::Question
            | NodeKind::Meta
            | NodeKind::Entity
            | NodeKind::EntityLabel => element.push(first_row(tree, *child, row, &path)),
        }
    }
    element
}

fn bind(tree: &Tree<'_>, place: usize) -> Option<Element> {
    let node = tree.get(place);
    let messages = [
        ("jr:constraintMsg", &node.constraint_message),
        ("sampan:softConstraintMsg", &node.soft_constraint_message),
        ("jr:requiredMsg", &node.required_message),
        ("jr:noAppErrorString", &node.no_app_message),
    ];
    let has_message = messages.iter().any(|(_, message)| !matches!(message, Text::None));
    if node.bind.is_empty() && !has_message {
        return None;
    }
    let mut bind = Element::new("bind").attribute("nodeset", &node.path);
    for (name, value) in &node.bind {
        if name == "calculate" && !node.trigger.is_empty() {
            continue;
        }
        bind.set(
            name,
            &references::paths(tree, value, Some(place), Style::default()),
        );
    }
    for (name, message) in messages {
        match message {
            Text::None => {}
            message if texts::by_id(name, message) => {
                bind.set(name, &format!("jr:itext('{}:{name}')", node.path));
            }
            Text::Plain(text) => {
                bind.set(
                    name,
                    &references::paths(tree, text, Some(place), Style::default()),
                );
            }
            Text::Languages(_) => {}
        }
    }
    Some(bind)
}

/// What happens to a node at an event; its value is read at `context`.
pub(super) fn action(tree: &Tree<'_>, place: usize, action: &Action, context: usize) -> Element {
    let target = action.at.as_ref().map(|at| {
        let path = references::paths(tree, at, Some(context), Style::default());
        path.trim().to_string()
    });
    let mut element = Element::new(action.tag)
        .attribute("event", action.event)
        .attribute("ref", target.as_deref().unwrap_or(tree.path(place)));
    if let Some(value) = action.value.as_ref().filter(|value| !value.is_empty()) {
        element.set(
            "value",
            &references::paths(tree, value, Some(context), Style::default()),
        );
    }
    for (name, value) in &action.attributes {
        element.set(name, value);
    }
    element
}
