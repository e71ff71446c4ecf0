//! Texts for people: inline, or by id in several languages.

use std::collections::{BTreeMap, HashMap};

use crate::def::Translated;
use crate::entries::Entries;
use crate::problem::Problem;
use crate::xform::read::data::Data;
use crate::xform::read::xml::{Child, Node, at};
use crate::xform::references;
use crate::xform::texts::media_folder;

/// A text by form (`long`, `guidance`, `image` …).
pub(super) type Forms = BTreeMap<String, Translated>;

/// The block itext.
pub(super) struct Texts<'x> {
    pub(super) languages: Vec<String>,
    by_id: HashMap<&'x str, Vec<(usize, &'x Node)>>,
}

impl<'x> Texts<'x> {
    /// Languages with the default one first.
    pub(super) fn new(model: &'x Node) -> Texts<'x> {
        let mut texts = Texts {
            languages: Vec::new(),
            by_id: HashMap::new(),
        };
        let Some(itext) = model.child("itext") else {
            return texts;
        };
        let mut translations: Vec<&Node> = itext
            .elements()
            .filter(|node| node.name == "translation")
            .collect();
        translations.sort_by_key(|node| node.get("default").is_none_or(|value| value == "false()"));
        for translation in translations {
            let language = translation.get("lang").unwrap_or("default").to_string();
            let place = texts.languages.len();
            texts.languages.push(language);
            for text in translation.elements().filter(|node| node.name == "text") {
                if let Some(id) = text.get("id") {
                    texts.by_id.entry(id).or_default().push((place, text));
                }
            }
        }
        texts
    }

    pub(super) fn default_language(&self) -> &str {
        self.languages.first().map_or("default", String::as_str)
    }

    /// All forms of a text of this id.
    pub(super) fn by_id(
        &self,
        id: &str,
        data: &Data<'_>,
        context: Option<usize>,
        warnings: &mut Vec<Problem>,
    ) -> Forms {
        let mut forms = Forms::new();
        for (place, text) in self.by_id.get(id).into_iter().flatten() {
            let Some(language) = self.languages.get(*place) else {
                continue;
            };
            for value in text.elements().filter(|node| node.name == "value") {
                let form = value.get("form").unwrap_or("long");
                let written = filled(value, data, context, warnings);
                if written == "-" || written.is_empty() {
                    continue;
                }
                let written = match media_folder(form) {
                    None => written,
                    // Whatever folder it is in, the medium says which.
                    Some(_) => match written
                        .strip_prefix("jr://")
                        .and_then(|rest| rest.split_once('/'))
                    {
                        Some((_, file)) => file.to_string(),
                        None => written,
                    },
                };
                let form = if form == "short" { "long" } else { form };
                forms
                    .entry(form.to_string())
                    .or_default()
                    .0
                    .insert_missing(language.clone(), written);
            }
        }
        forms
    }

    /// The text of an element: by the id in its `ref`, else what stands in it, in the default language.
    pub(super) fn of(
        &self,
        node: &Node,
        data: &Data<'_>,
        context: Option<usize>,
        warnings: &mut Vec<Problem>,
    ) -> (Forms, bool) {
        if let Some(id) = node.get("ref").and_then(id) {
            return (self.by_id(id, data, context, warnings), false);
        }
        (self.plain(&filled(node, data, context, warnings)), true)
    }

    /// A text in the default language.
    pub(super) fn plain(&self, text: &str) -> Forms {
        match text.is_empty() {
            true => Forms::new(),
            false => Forms::from([(
                "long".to_string(),
                Translated(Entries::from([(
                    self.default_language().to_string(),
                    text.to_string(),
                )])),
            )]),
        }
    }
}

/// The id in `jr:itext('id')`.
pub(super) fn id(reference: &str) -> Option<&str> {
    let inner = reference
        .trim()
        .strip_prefix("jr:itext(")?
        .strip_suffix(')')?
        .trim();
    let quote = inner.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    inner.strip_prefix(quote)?.strip_suffix(quote)
}

/// A text with its outputs as `${name}`.
fn filled(node: &Node, data: &Data<'_>, context: Option<usize>, warnings: &mut Vec<Problem>) -> String {
    let mut made = String::new();
    for child in &node.children {
        match child {
            Child::Text(text) => made.push_str(text),
            Child::Element(output) if output.name == "output" => {
                let source = output
                    .get("value")
                    .or_else(|| output.get("ref"))
                    .unwrap_or_default();
                let named = data.named(source, context, false);
                let named = named.trim();
                let marked = format!("${{= {named}}}");
                let is_whole = |text: &str| {
                    references::expression(text)
                        .is_some_and(|(range, source)| range == (0..text.len()) && source == named)
                };
                match named {
                    _ if references::only(named).is_some() || is_whole(named) => made.push_str(named),
                    _ if is_whole(&marked) => made.push_str(&marked),
                    _ => {
                        warnings.push(Problem::warning(
                            &at(output.line),
                            source,
                            "this is no expression; it stands in the text as it is written",
                            "Close its brackets and quotes",
                        ));
                        made.push_str(named);
                    }
                }
            }
            Child::Element(other) => made.push_str(&filled(other, data, context, warnings)),
        }
    }
    made.trim().to_string()
}
