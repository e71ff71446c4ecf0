//! Any XForm as a form: from ODK's XML back to what an author would have written.
//!
//! Paths to places of one name become `${name}`; all others stay, and mean the same. What a form cannot hold (a group
//! on the screen without a place in the data) is named among the warnings.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use crate::def::{Expression, ExternalFile, FormDef, Origin};
use crate::problem::Problem;
use crate::xform::choices;
use crate::xform::raw;
use crate::xform::read::body::Body;
use crate::xform::read::data::{Data, PATH_BYTES, is_meta, local};
use crate::xform::read::lists::Lists;
use crate::xform::read::texts::Texts;
use crate::xform::read::xml::Node;

mod body;
mod data;
mod events;
mod items;
mod lists;
mod question;
mod rows;
mod texts;
pub(super) mod xml;

/// Says of a repeat that nobody adds rows.
pub(super) const NO_ADD_REMOVE: &str = "control::jr:noAddRemove";

/// A form that was read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The form. Its origins are lines of the document.
    pub form: FormDef,
    /// What is doubtful in it, or could not be kept.
    pub warnings: Vec<Problem>,
}

/// All that is known while the items are built.
struct Source<'x> {
    data: Data<'x>,
    texts: Texts<'x>,
    binds: BTreeMap<usize, Rc<Node>>,
    body: Body<'x>,
    lists: Lists<'x>,
    warnings: Vec<Problem>,
    untranslated: std::collections::BTreeSet<String>,
    /// Prefixes that the form declares for all.
    declared: HashSet<&'x str>,
}

/// Reads an XForm. A document type, entities beside the five of XML, and more than the named limits are refused. The
/// expressions are not compiled: that is for [`Form::compile`](crate::compiled::Form::compile).
pub fn read(xml: &str) -> Result<Reading, Vec<Problem>> {
    let html = xml::parse(xml).map_err(|problem| vec![problem])?;
    let refused = |node: &Node, message: &str, advice: &str| {
        vec![Problem::error(&node.origin(), &node.name, message, advice)]
    };
    let Some(head) = html.child("h:head").or_else(|| html.child("head")) else {
        return Err(refused(
            &html,
            "this is XML but no XForm: it has no h:head",
            "Give the file that an XLSForm was converted to, or the XLSForm itself",
        ));
    };
    let Some(model) = head.child("model") else {
        return Err(refused(
            head,
            "the form has no model",
            "Put the element model into h:head",
        ));
    };
    let Some(root) = model
        .elements()
        .find(|node| node.name == "instance")
        .and_then(|instance| instance.elements().next())
    else {
        return Err(refused(
            model,
            "the model has no instance to fill in",
            "Put an instance with the questions of the form first in the model",
        ));
    };
    let refusals = unusable(model, html.child("h:body").or_else(|| html.child("body")));
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let mut data = Data::new(root);
    if data.is_cut() {
        return Err(refused(
            root,
            &format!(
                "the paths of all questions have more than {} MB",
                PATH_BYTES / 1024 / 1024
            ),
            "Use shorter names and fewer questions",
        ));
    }
    let texts = Texts::new(model);
    let mut warnings = Vec::new();
    let mut binds: BTreeMap<usize, Rc<Node>> = BTreeMap::new();
    for bind in model.elements().filter(|node| node.name == "bind") {
        let path = bind
            .get("nodeset")
            .or_else(|| bind.get("ref"))
            .unwrap_or_default();
        match data.find(path, Some(0)) {
            Some(place) => {
                let merged = match binds.get(&place) {
                    Some(before) => before.with_attributes_of(bind),
                    None => Node::default().with_attributes_of(bind),
                };
                binds.insert(place, Rc::new(merged));
            }
            None => {
                let is_attribute = path.contains('@');
                if !is_attribute {
                    warnings.push(Problem::warning(
                        &bind.origin(),
                        path,
                        "a bind is for a place that the instance has not",
                        "Correct its nodeset, or remove it",
                    ));
                }
            }
        }
    }
    let none = Node::default();
    let body = html
        .child("h:body")
        .or_else(|| html.child("body"))
        .unwrap_or(&none);
    let body_class = body.get("class").map(str::to_string);
    data.note_repeats(body);
    let body = Body::new(body, model, &data, &mut warnings);
    for (place, name) in &data.doubled {
        let Some(around) = data.get(*place) else { continue };
        let is_repeat = data
            .find(name, Some(*place))
            .is_some_and(|place| body.repeats.contains_key(&place));
        if !is_repeat {
            warnings.push(Problem::warning(
                &around.node.origin(),
                name,
                "it stands several times in the same place, and only the first is taken",
                "Put it into a repeat, or give each a name of its own",
            ));
        }
    }
    let mut source = Source {
        lists: Lists::new(model, &body),
        data,
        texts,
        binds,
        body,
        warnings,
        untranslated: std::collections::BTreeSet::new(),
        declared: html
            .namespaces
            .iter()
            .map(|(prefix, _)| prefix.as_str())
            .collect(),
    };
    let items = source.items(0);
    let mut form = FormDef {
        form_id: root
            .get("id")
            .map(str::to_string)
            .or_else(|| root.get("xmlns").map(str::to_string))
            .unwrap_or_else(|| local(&root.name).to_string()),
        title: head
            .child("h:title")
            .or_else(|| head.child("title"))
            .map(|title| title.text().trim().to_string())
            .unwrap_or_default(),
        version: root.get("version").unwrap_or_default().to_string(),
        languages: match source.texts.languages.is_empty() {
            true => vec!["default".into()],
            false => source.texts.languages.clone(),
        },
        items,
        ..FormDef::default()
    };
    if form.title.is_empty() {
        form.title.clone_from(&form.form_id);
    }
    if local(&root.name) != "data" {
        form.root = local(&root.name).to_string();
    }
    settings(&mut form, root, model, &html, &source);
    if let Some(class) = body_class {
        form.settings.insert("style".into(), class);
    }
    let unknown = model.elements().filter(|node| {
        !matches!(
            node.name.as_str(),
            "instance" | "itext" | "bind" | "submission" | "setvalue" | "odk:setgeopoint" | "odk:recordaudio"
        )
    });
    if let Some(kept) = source.kept(None, unknown) {
        form.settings.insert("xml".into(), kept);
    }
    source.meta(&mut form);
    source.put_lists(&mut form);
    form.untranslated = std::mem::take(&mut source.untranslated);
    let mut warnings = source.warnings;
    warnings.sort();
    warnings.dedup();
    Ok(Reading { form, warnings })
}

/// What makes a form unusable for ODK's programs, so that it was hardly ever meant.
fn unusable(model: &Node, body: Option<&Node>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let submission = model.child("submission");
    if let Some((submission, method)) = submission.and_then(|own| Some((own, own.get("method")?)))
        && !["post", "form-data-post", "multipart-post"].contains(&method.trim())
    {
        problems.push(Problem::error(
            &submission.origin(),
            method,
            "answers cannot be sent by this method",
            "Write method=\"post\", or leave the method out",
        ));
    }
    for action in model.elements().filter(|node| node.name == "setvalue") {
        if events::events(action).0.contains(&crate::def::Event::NewRow) {
            problems.push(Problem::error(
                &action.origin(),
                action.get("ref").unwrap_or_default(),
                "in the model, no row is ever new",
                "Put the setvalue into the repeat whose new rows it is for",
            ));
        }
    }
    let mut waiting: Vec<&Node> = body.into_iter().collect();
    while let Some(node) = waiting.pop() {
        waiting.extend(node.elements());
        let Some(media) = node.get("mediatype").filter(|_| node.name == "upload") else {
            continue;
        };
        let is_type = |media: &str| {
            media
                .split_once('/')
                .is_some_and(|(kind, own)| !kind.trim().is_empty() && !own.trim().is_empty())
        };
        if !media.trim().is_empty() && !media.split(',').all(is_type) {
            problems.push(Problem::error(
                &node.origin(),
                media,
                "this is no media type",
                "Write a type such as image/* or application/pdf",
            ));
        }
    }
    problems
}

fn settings(form: &mut FormDef, root: &Node, model: &Node, html: &Node, source: &Source<'_>) {
    let mut is_without_method = false;
    let mut set = |name: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            form.settings.insert(name.to_string(), value.to_string());
        }
    };
    for (name, value) in &root.attributes {
        match name.as_str() {
            "id" | "version" => {}
            "odk:prefix" => set("prefix", Some(value)),
            "odk:delimiter" => set("delimiter", Some(value)),
            other => set(&format!("attribute::{other}"), Some(value)),
        }
    }
    if let Some(submission) = model.child("submission") {
        for (setting, attribute) in [
            ("submission_url", "action"),
            ("public_key", "base64RsaPublicKey"),
            ("auto_send", "orx:auto-send"),
            ("auto_delete", "orx:auto-delete"),
        ] {
            set(setting, submission.get(attribute));
        }
        if submission.get("odk:client-editable") == Some("true") {
            set("client_editable", Some("yes"));
        }
        let has_address = submission
            .get("action")
            .is_some_and(|address| !address.is_empty());
        for (name, value) in &submission.attributes {
            let is_usual = match name.as_str() {
                "action" | "base64RsaPublicKey" | "orx:auto-send" | "orx:auto-delete" => true,
                "odk:client-editable" => value == "true",
                "method" => has_address && value == "post",
                _ => false,
            };
            if !is_usual {
                set(&format!("submission::{name}"), Some(value));
            }
        }
        if has_address && submission.get("method").is_none_or(str::is_empty) {
            is_without_method = true;
        }
    }
    if !source.texts.languages.is_empty() && source.texts.default_language() != "default" {
        set("default_language", Some(source.texts.default_language()));
    }
    set("namespaces", Some(&xml::own_namespaces(html)));
    if is_without_method {
        form.settings.insert("submission::method".into(), String::new());
    }
    for instance in model.elements().filter(|node| node.name == "instance") {
        let (Some(id), Some(address)) = (instance.get("id"), instance.get("src")) else {
            continue;
        };
        let file_name = address.rsplit_once('/').map_or(address, |(_, name)| name);
        let is_usual = match address {
            "jr://instance/last-saved" => id == "__last-saved",
            address => address == choices::address(file_name),
        };
        if !is_usual {
            form.settings.insert(format!("src::{id}"), address.to_string());
        }
        if address != "jr://instance/last-saved" && !form.external.iter().any(|file| file.id == id) {
            form.external.push(ExternalFile {
                id: id.to_string(),
                file_name: file_name.to_string(),
                content_hash: None,
            });
        }
    }
}

impl<'x> Source<'x> {
    fn expression(
        &self,
        source: &str,
        line: u32,
        column: &str,
        context: Option<usize>,
    ) -> Option<Expression> {
        let named = self.data.named(source, context, false);
        let named = named.trim();
        (!named.is_empty()).then(|| Expression {
            source: named.to_string(),
            origin: Origin {
                row: line,
                column: Some(column.to_string()),
                ..Origin::default()
            },
        })
    }

    /// An attribute of a place's bind as an expression.
    fn bound(&self, place: usize, attribute: &str) -> Option<Expression> {
        let bind = self.binds.get(&place)?;
        let value = bind.get(attribute)?;
        let expression = self.expression(value, bind.line, attribute, Some(place))?;
        let is_nothing = match attribute {
            "relevant" => expression.source == "true()",
            "required" | "readonly" => expression.source == "false()",
            _ => false,
        };
        (!is_nothing).then_some(expression)
    }

    /// Elements that mean nothing here, those of a place among them, as text; None = there are none.
    fn kept<'n>(&mut self, place: Option<usize>, unknown: impl Iterator<Item = &'n Node>) -> Option<String>
    where
        'x: 'n,
    {
        let strays = self.body.strays.iter().filter(|(own, _)| *own == place);
        let strays: Vec<&'n Node> = strays.map(|(_, node)| *node).collect();
        let mut made = String::new();
        for node in unknown.chain(strays) {
            match raw::kept(node, &self.declared) {
                Some(kept) => made.push_str(&kept),
                None => self.warnings.push(Problem::warning(
                    &node.origin(),
                    &node.name,
                    "the element is of no known kind, and its prefix is not declared at the outermost element; it is left out",
                    "Declare the prefix at h:html",
                )),
            }
        }
        (!made.is_empty()).then_some(made)
    }

    /// An element of the meta block that is not as usual.
    fn own_way(&self, form: &mut FormDef, place: usize) {
        let Some(own) = self.data.get(place) else { return };
        let attributes: Vec<(&str, String)> = self
            .binds
            .get(&place)
            .into_iter()
            .flat_map(|bind| &bind.attributes)
            .filter(|(name, _)| !matches!(name.as_str(), "nodeset" | "ref" | "id"))
            .map(|(name, value)| {
                let value = self.data.named(value, Some(place), false);
                (name.as_str(), value.trim().to_string())
            })
            .collect();
        let value = own.node.text().trim().to_string();
        let has = |name: &str, value: Option<&str>| {
            attributes
                .iter()
                .any(|(own, found)| *own == name && value.is_none_or(|value| value == found))
        };
        let n_usual = 2 + usize::from(has("type", Some("string")));
        let is_usual = own.name == "instanceID"
            && value.is_empty()
            && has("jr:preload", None)
            && has("readonly", Some("true()"))
            && attributes.len() == n_usual;
        if is_usual || !own.children.is_empty() {
            return;
        }
        let key = format!("meta::{}", own.name);
        for (name, value) in attributes {
            form.settings.insert(format!("{key}::bind::{name}"), value);
        }
        if !value.is_empty() {
            form.settings.insert(format!("{key}::value"), value);
        }
        form.settings.insert(key, String::new());
    }

    /// What documents carry beside answers.
    fn meta(&mut self, form: &mut FormDef) {
        let metas: Vec<usize> = (0..self.data.places.len())
            .filter(|index| {
                self.data.get(*index).is_some_and(|place| is_meta(place.name))
                    && !self.body.controls.contains_key(index)
            })
            .collect();
        let mut has_id = false;
        for meta in metas {
            let children = self
                .data
                .get(meta)
                .map(|place| place.children.clone())
                .unwrap_or_default();
            for child in children {
                let name = self.data.get(child).map_or("", |place| place.name);
                match name {
                    "instanceID" => {
                        has_id = true;
                        let preload = self.binds.get(&child).and_then(|bind| bind.get("jr:preload"));
                        if let Some(preload) = preload.filter(|preload| *preload != "uid") {
                            form.settings.insert("instance_id".into(), preload.to_string());
                        }
                    }
                    "instanceName" => form.instance_name = self.bound(child, "calculate"),
                    "audit" => {
                        let own = self
                            .binds
                            .get(&child)
                            .into_iter()
                            .flat_map(|bind| &bind.attributes);
                        form.audit = Some(
                            own.filter(|(name, _)| name.starts_with("odk:") || name == "identify-user")
                                .cloned()
                                .collect(),
                        );
                    }
                    "entity" => self.entity(form, meta, child),
                    _ => {}
                }
                let is_outermost = self.data.get(meta).is_some_and(|meta| meta.parent == Some(0));
                if is_outermost && !matches!(name, "instanceName" | "audit" | "entity") {
                    self.own_way(form, child);
                }
            }
        }
        if has_id {
            form.settings.remove("omit_instanceid");
        } else {
            form.settings.insert("omit_instanceid".into(), "yes".into());
        }
    }
}
