//! Choice lists: secondary instances, and choices that stand in their control.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::def::{Choice, ChoiceList, ExternalFile, FormDef, Translated};
use crate::entries::Entries;
use crate::problem::Problem;
use crate::xform::read::Source;
use crate::xform::read::body::Body;
use crate::xform::read::xml::Node;
use crate::xform::{DOCUMENT, raw};

/// What is known of lists before they are read.
pub(super) struct Lists<'x> {
    /// Instances with content, in order.
    instances: Vec<(&'x str, &'x Node)>,
    /// What a list's controls store and show.
    shown: HashMap<String, (String, String)>,
    /// Lists that stood in controls.
    pub(super) inline: BTreeMap<String, ChoiceList>,
    /// Whether a question reads the lists in `itemsets.csv`.
    pub(super) reads_itemsets: bool,
}

/// An itemset taken apart.
pub(super) struct Offer<'t> {
    /// Without filter.
    pub(super) nodeset: &'t str,
    pub(super) filter: Option<&'t str>,
    /// None = in order; the inner: from what the chance starts.
    pub(super) randomize: Option<Option<&'t str>>,
}

impl<'x> Lists<'x> {
    pub(super) fn new(model: &'x Node, body: &Body<'x>) -> Lists<'x> {
        let mut shown = HashMap::new();
        let mut controls: Vec<(&usize, &&Node)> = body.controls.iter().collect();
        controls.sort_by_key(|(place, _)| **place);
        for (_, control) in controls {
            if let Some(itemset) = control.child("itemset") {
                let offer = offer(itemset.get("nodeset").unwrap_or_default());
                if let Some(id) = instance_id(offer.nodeset) {
                    let part = |name: &str| {
                        itemset
                            .child(name)
                            .and_then(|part| part.get("ref"))
                            .unwrap_or_default()
                            .trim()
                            .to_string()
                    };
                    shown
                        .entry(id.to_string())
                        .or_insert((part("value"), part("label")));
                }
            }
        }
        let instances = model
            .elements()
            .filter(|node| node.name == "instance" && node.get("src").is_none())
            .skip(1)
            .filter_map(|node| Some((node.get("id")?, node)))
            .collect();
        Lists {
            instances,
            shown,
            inline: BTreeMap::new(),
            reads_itemsets: false,
        }
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.instances.iter().any(|(own, _)| *own == id)
    }

    /// Whether rows of a list have a column.
    pub(super) fn has_column(&self, id: &str, column: &str) -> bool {
        let own = self.instances.iter().find(|(own, _)| *own == id);
        let rows = own.and_then(|(_, instance)| instance.elements().next());
        let mut rows = rows.into_iter().flat_map(Node::elements);
        rows.any(|row| row.child(column).is_some())
    }
}

/// Takes `randomize(nodeset[filter], seed)` apart.
pub(super) fn offer(nodeset: &str) -> Offer<'_> {
    let mut nodeset = nodeset.trim();
    let mut randomize = None;
    if let Some(inner) = nodeset
        .strip_prefix("randomize(")
        .and_then(|inner| inner.strip_suffix(')'))
    {
        let mut depth = 0_usize;
        let comma = inner.char_indices().find(|(_, letter)| {
            match letter {
                '(' | '[' => depth += 1,
                ')' | ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            *letter == ',' && depth == 0
        });
        let (first, seed) = match comma {
            Some((at, _)) => (inner.get(..at).unwrap_or(inner), inner.get(at + 1..)),
            None => (inner, None),
        };
        nodeset = first.trim();
        randomize = Some(seed.map(str::trim));
    }
    let (nodeset, filter) = match (nodeset.find('['), nodeset.strip_suffix(']')) {
        (Some(open), Some(inner)) => (nodeset.get(..open).unwrap_or(nodeset), inner.get(open + 1..)),
        _ => (nodeset, None),
    };
    Offer {
        nodeset,
        filter,
        randomize,
    }
}

/// The id in `instance('id')/…`.
pub(super) fn instance_id(nodeset: &str) -> Option<&str> {
    let inner = nodeset.trim().strip_prefix("instance(")?.trim_start();
    let quote = inner.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    inner.strip_prefix(quote)?.split_once(quote).map(|(id, _)| id)
}

impl Source<'_> {
    /// Puts all lists into the form.
    pub(super) fn put_lists(&mut self, form: &mut FormDef) {
        for (id, instance) in self.lists.instances.clone() {
            let is_offered = self.lists.shown.contains_key(id);
            let (value, label) = self.lists.shown.get(id).cloned().unwrap_or_default();
            let value = if value.is_empty() {
                "name".to_string()
            } else {
                value
            };
            let text_id = label
                .strip_prefix("jr:itext(")
                .and_then(|inner| inner.strip_suffix(')'))
                .map(|column| column.trim().to_string());
            let label = if label.is_empty() {
                "label".to_string()
            } else {
                label
            };
            let mut list = ChoiceList::default();
            for item in instance.elements().next().into_iter().flat_map(Node::elements) {
                let mut choice = Choice {
                    name: String::new(),
                    label: Translated::default(),
                    columns: Entries::new(),
                    media: BTreeMap::new(),
                    origin: item.origin(),
                };
                for (name, text) in &item.attributes {
                    choice.columns.insert(format!("@{name}"), text.clone());
                }
                for column in item.elements() {
                    let text = column.text().trim().to_string();
                    let (is_value, is_label) = (column.name == value, column.name == label);
                    if is_value {
                        choice.name.clone_from(&text);
                    }
                    if text_id.as_deref() == Some(&column.name)
                        || (text_id.is_none() && column.name == "itextId" && label == "label")
                    {
                        let mut forms = self.texts.by_id(&text, &self.data, None, &mut self.warnings);
                        choice.label = forms.remove("long").unwrap_or_default();
                        choice.media = forms;
                        // What is stored may be the id of the text too.
                        if is_value && value != "name" {
                            choice.columns.insert_missing(column.name.clone(), text);
                        }
                        continue;
                    }
                    if is_label {
                        choice.label = self.texts.plain(&text).remove("long").unwrap_or_default();
                        self.untranslated("choices.label");
                    }
                    // Expressions read it by the name that it has here.
                    let is_usual = (is_value && value == "name") || (is_label && label == "label");
                    if !is_usual {
                        choice.columns.insert_missing(column.name.clone(), text);
                    }
                }
                if choice.name.is_empty() && is_offered {
                    self.warnings.push(Problem::warning(
                        &item.origin(),
                        "",
                        format!("a row of the list {id} has no {value} and is left out"),
                        "Give the row a name, or remove it",
                    ));
                    continue;
                }
                list.choices.push(choice);
            }
            form.choice_lists.insert(id.to_string(), list);
            let root = instance.elements().next();
            if let Some(root) = root.filter(|root| !is_list(root)) {
                self.keep_document(form, id, root);
            }
        }
        form.choice_lists.append(&mut self.lists.inline);
        if self.lists.reads_itemsets && !form.external.iter().any(|file| file.id == "itemsets") {
            form.external.push(ExternalFile {
                id: "itemsets".into(),
                file_name: "itemsets.csv".into(),
                content_hash: None,
            });
        }
    }

    /// Keeps a secondary instance that is no list of rows as it is: paths lead into it.
    fn keep_document(&mut self, form: &mut FormDef, id: &str, root: &Node) {
        match raw::kept(root, &self.declared) {
            Some(kept) => {
                form.settings.insert(format!("{DOCUMENT}{id}"), kept);
            }
            None => self.warnings.push(Problem::warning(
                &root.origin(),
                id,
                "the instance has names whose prefix is not declared at the outermost element; only its rows are read",
                "Declare the prefix at h:html",
            )),
        }
    }

    /// The list of choices that stand in a control; None when there are none.
    pub(super) fn inline_list(&mut self, control: &Node, name: &str) -> Option<String> {
        let mut list = ChoiceList::default();
        let mut from_id = None;
        for item in control.elements().filter(|node| node.name == "item") {
            let Some(value) = item.child("value").map(|value| value.text().trim().to_string()) else {
                continue;
            };
            let mut choice = Choice {
                name: value,
                label: Translated::default(),
                columns: Entries::new(),
                media: BTreeMap::new(),
                origin: item.origin(),
            };
            if let Some(label) = item.child("label") {
                let (mut forms, is_plain) = self.texts.of(label, &self.data, None, &mut self.warnings);
                if is_plain {
                    self.untranslated("choices.label");
                }
                choice.label = forms.remove("long").unwrap_or_default();
                choice.media = forms;
                let id = label
                    .get("ref")
                    .and_then(super::texts::id)
                    .and_then(|id| id.rsplit_once('-'));
                from_id = from_id.or_else(|| {
                    id.map(|(list, _)| list.to_string())
                        .filter(|list| !list.contains('/'))
                });
            }
            list.choices.push(choice);
        }
        if list.choices.is_empty() {
            return None;
        }
        let wanted = from_id.unwrap_or_else(|| name.to_string());
        let same = |own: &ChoiceList| {
            own.choices.len() == list.choices.len()
                && own.choices.iter().zip(&list.choices).all(|(own, other)| {
                    own.name == other.name && own.label == other.label && own.media == other.media
                })
        };
        let mut free = wanted.clone();
        let mut number = 1_u32;
        loop {
            match self.lists.inline.get(&free) {
                Some(own) if same(own) => return Some(free),
                None if !self.lists.has(&free) => break,
                Some(_) | None => {
                    number = number.saturating_add(1);
                    free = format!("{wanted}_{number}");
                }
            }
        }
        self.lists.inline.insert(free.clone(), list);
        Some(free)
    }

    /// Notes that a column is written in no language of its own.
    pub(super) fn untranslated(&mut self, column: &str) {
        if !self.texts.languages.is_empty() && self.texts.default_language() != "default" {
            self.untranslated.insert(column.to_string());
        }
    }
}

/// Whether an instance is rows `item` of columns inside a `root`, as converters write lists.
fn is_list(root: &Node) -> bool {
    let is_cell = |cell: &Node| cell.attributes.is_empty() && cell.elements().next().is_none();
    let is_row = |row: &Node| {
        let mut seen = HashSet::new();
        row.name == "item"
            && row
                .elements()
                .all(|cell| is_cell(cell) && seen.insert(cell.name.as_str()))
            && row.text().trim().is_empty()
    };
    root.name == "root" && root.attributes.is_empty() && root.elements().all(is_row)
}
