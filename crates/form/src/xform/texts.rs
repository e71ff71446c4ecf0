//! Translated texts: the block itext, and the texts of labels and hints.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::def::FormDef;
use crate::xform::element::Element;
use crate::xform::references::{self, Piece};
use crate::xform::tree::{Node, Text, Tree};

/// All texts that are referred to by id.
pub(super) struct Texts<'a> {
    languages: Vec<&'a str>,
    entries: Vec<Entry<'a>>,
    by_id: HashMap<String, usize>,
    /// Lists whose choices have texts here.
    translated_lists: HashMap<&'a str, bool>,
}

struct Entry<'a> {
    id: String,
    context: Option<usize>,
    /// `long`, `guidance`, or the name of a medium; and the text by language.
    forms: Vec<(&'a str, Vec<(&'a str, &'a str)>)>,
}

/// How many elements are around a text: html, head, model, itext, translation.
const TEXT_DEPTH: usize = 5;

impl<'a> Texts<'a> {
    pub(super) fn new(form: &'a FormDef, tree: &Tree<'a>) -> Texts<'a> {
        let mut texts = Texts {
            languages: Vec::new(),
            entries: Vec::new(),
            by_id: HashMap::new(),
            translated_lists: HashMap::new(),
        };
        for (name, list) in &form.choice_lists {
            let is_translated = list.choices.iter().any(|choice| {
                !choice.media.is_empty()
                    || match tree.text("choices.label", &choice.label) {
                        Text::None => false,
                        Text::Plain(label) => references::has(label),
                        Text::Languages(_) => true,
                    }
            });
            texts.translated_lists.insert(name, is_translated);
        }
        for (name, list) in super::choices::in_order(form) {
            if !texts.is_translated(name) {
                continue;
            }
            for (place, choice) in list.choices.iter().enumerate() {
                let id = format!("{name}-{place}");
                let label = tree.text("choices.label", &choice.label);
                texts.add(tree, &id, "long", &label, None);
                for (medium, files) in tree.media("choices", &choice.media) {
                    texts.add(tree, &id, medium, &files, None);
                }
            }
        }
        for (place, node) in tree.nodes.iter().enumerate() {
            texts.node(tree, place, node);
        }
        for (place, node) in tree.nodes.iter().enumerate() {
            for (medium, files) in &node.media {
                texts.add(tree, &id(node, "label"), medium, files, Some(place));
            }
        }
        let order = |language: &str| form.languages.iter().position(|own| own == language);
        texts
            .languages
            .sort_by_key(|language| order(language).unwrap_or(usize::MAX));
        texts
    }

    fn node(&mut self, tree: &Tree<'a>, place: usize, node: &Node<'a>) {
        for (name, message) in [
            ("jr:constraintMsg", &node.constraint_message),
            ("sampan:softConstraintMsg", &node.soft_constraint_message),
            ("jr:requiredMsg", &node.required_message),
            ("jr:noAppErrorString", &node.no_app_message),
        ] {
            if by_id(name, message) {
                self.add(tree, &id(node, name), "long", message, Some(place));
            }
        }
        if label_by_id(node) {
            self.add(tree, &id(node, "label"), "long", &node.label, Some(place));
        }
        if hint_by_id(node) {
            self.add(tree, &id(node, "hint"), "long", &node.hint, Some(place));
            self.add(tree, &id(node, "hint"), "guidance", &node.guidance, Some(place));
        }
    }

    /// Whether the labels of a list's choices are referred to by id.
    pub(super) fn is_translated(&self, list: &str) -> bool {
        self.translated_lists.get(list).copied().unwrap_or(false)
    }

    fn add(&mut self, tree: &Tree<'a>, id: &str, form: &'a str, text: &Text<'a>, context: Option<usize>) {
        match text {
            Text::None => {}
            Text::Plain(text) => self.insert(id, form, tree.default_language(), text, context),
            Text::Languages(texts) => {
                for (language, text) in *texts {
                    self.insert(id, form, language, text, context);
                }
            }
        }
    }

    fn insert(&mut self, id: &str, form: &'a str, language: &'a str, text: &'a str, context: Option<usize>) {
        if !self.languages.contains(&language) {
            self.languages.push(language);
        }
        let place = match self.by_id.get(id) {
            Some(place) => *place,
            None => {
                self.entries.push(Entry {
                    id: id.to_string(),
                    context,
                    forms: Vec::new(),
                });
                self.by_id.insert(id.to_string(), self.entries.len() - 1);
                self.entries.len() - 1
            }
        };
        let Some(entry) = self.entries.get_mut(place) else {
            return;
        };
        match entry.forms.iter_mut().find(|(own, _)| *own == form) {
            Some((_, texts)) => match texts.iter_mut().find(|(own, _)| *own == language) {
                Some((_, own)) => *own = text,
                None => texts.push((language, text)),
            },
            None => entry.forms.push((form, vec![(language, text)])),
        }
    }

    /// The block itext; None when no text is translated. A text that a language lacks is `-` there.
    pub(super) fn itext(&self, tree: &Tree<'_>) -> Option<Element> {
        if self.languages.is_empty() {
            return None;
        }
        let default = tree.default_language();
        let mut itext = Element::new("itext");
        for language in &self.languages {
            let mut translation = Element::new("translation").attribute("lang", language);
            if *language == default {
                translation.set("default", "true()");
            }
            for entry in &self.entries {
                let mut text = Element::new("text").attribute("id", &entry.id);
                for (form, texts) in &entry.forms {
                    let found = texts
                        .iter()
                        .find(|(own, _)| own == language)
                        .map_or("-", |(_, text)| text);
                    let folder = media_folder(form);
                    if !is_text(form) && found == "-" {
                        continue;
                    }
                    let mut value = Element::new("value");
                    if *form != "long" {
                        value.set("form", form);
                    }
                    let found = match folder {
                        Some(folder) => Cow::Owned(format!("jr://{folder}/{found}")),
                        None => Cow::Borrowed(found),
                    };
                    text.push(filled(tree, value, &found, entry.context));
                }
                translation.push_written(&text, TEXT_DEPTH);
            }
            itext.push(translation);
        }
        Some(itext)
    }
}

/// Whether a form of a text is read, not shown or played.
pub(super) fn is_text(form: &str) -> bool {
    matches!(form, "long" | "short" | "guidance")
}

/// The folder that the files of a medium lie in: a file is written as `jr://folder/file`. None for texts, and for what
/// cannot be a folder: what is written there is kept as it is.
pub(super) fn media_folder(form: &str) -> Option<&str> {
    match form {
        text if is_text(text) => None,
        "image" | "big-image" => Some("images"),
        medium => {
            let is_word = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
            (!medium.is_empty() && medium.chars().all(is_word)).then_some(medium)
        }
    }
}

fn id(node: &Node<'_>, what: &str) -> String {
    format!("{}:{what}", node.path)
}

/// Whether a message is referred to by id: it is translated, or holds an answer.
pub(super) fn by_id(name: &str, message: &Text<'_>) -> bool {
    match message {
        Text::None => false,
        Text::Plain(text) => name != "jr:noAppErrorString" && references::has(text),
        Text::Languages(_) => true,
    }
}

fn label_by_id(node: &Node<'_>) -> bool {
    match &node.label {
        Text::None => !node.media.is_empty(),
        Text::Plain(_) => !node.media.is_empty(),
        Text::Languages(_) => true,
    }
}

fn hint_by_id(node: &Node<'_>) -> bool {
    !matches!(node.guidance, Text::None) || matches!(node.hint, Text::Languages(_))
}

/// An element with a text, answers in it as outputs.
pub(super) fn filled(tree: &Tree<'_>, mut element: Element, text: &str, context: Option<usize>) -> Element {
    if text == "-" || !(text.contains("${") || text.contains("instance(")) {
        return element.with_text(text);
    }
    for piece in references::pieces(tree, text, context) {
        match piece {
            Piece::Text(text) => element.push_text(&text),
            Piece::Output(value) => element.push(Element::new("output").attribute("value", &value)),
        }
    }
    element
}

/// The label of a control; empty when there is none.
pub(super) fn label(tree: &Tree<'_>, place: usize) -> Element {
    let node = tree.get(place);
    let element = Element::new("label");
    match &node.label {
        _ if label_by_id(node) => element.attribute("ref", &format!("jr:itext('{}')", id(node, "label"))),
        Text::Plain(text) => filled(tree, element, text, Some(place)),
        Text::None | Text::Languages(_) => element,
    }
}

/// Label and hint of a question.
pub(super) fn label_and_hint(tree: &Tree<'_>, place: usize) -> Vec<Element> {
    let node = tree.get(place);
    let has_hint = !matches!((&node.hint, &node.guidance), (Text::None, Text::None));
    let mut elements = Vec::new();
    if has_hint || !matches!(node.label, Text::None) || !node.media.is_empty() {
        elements.push(label(tree, place));
    }
    if has_hint {
        let element = Element::new("hint");
        elements.push(match &node.hint {
            _ if hint_by_id(node) => element.attribute("ref", &format!("jr:itext('{}')", id(node, "hint"))),
            Text::Plain(text) => filled(tree, element, text, Some(place)),
            Text::None | Text::Languages(_) => element,
        });
    }
    elements
}
