//! Choices: secondary instances, and where the choices of a control come from.

use std::collections::{HashMap, HashSet};

use crate::def::{ChoiceList, FormDef, ListRef};
use crate::xform::element::Element;
use crate::xform::references::{self, Style};
use crate::xform::texts::{self, Texts};
use crate::xform::tree::{Node, Text, Tree};
use crate::xform::{BLANK_CHOICES, DOCUMENT, raw};

/// How many elements are around a row of a list: html, head, model, instance, root.
const ITEM_DEPTH: usize = 5;

/// The lists in the order of the sheet.
pub(super) fn in_order(form: &FormDef) -> Vec<(&str, &ChoiceList)> {
    let mut lists: Vec<(&str, &ChoiceList)> = form
        .choice_lists
        .iter()
        .map(|(name, list)| (name.as_str(), list))
        .collect();
    lists.sort_by_key(|(_, list)| list.choices.first().map(|choice| choice.origin.row));
    lists
}

/// Whether the choices stand in the control: the form has them there, or programs put those of a file in their place.
fn is_inline(node: &Node<'_>) -> bool {
    is_search(node) || (node.choices.is_some() && node.own_way("items").is_some())
}

/// The column that a question stores or shows instead of the usual one.
fn other_column<'a>(node: &Node<'a>, list: &ChoiceList, parameter: &str, usual: &str) -> Option<&'a str> {
    let column = node.parameters?.get(parameter)?;
    let has_column = list
        .choices
        .iter()
        .any(|choice| choice.columns.contains_key(column));
    (column != usual && has_column).then_some(column.as_str())
}

/// Whether the choices come from a file that the appearance `search()` names.
fn is_search(node: &Node<'_>) -> bool {
    node.choices.is_some()
        && node
            .control
            .get("appearance")
            .and_then(|appearance| appearance.split_once("search("))
            .is_some_and(|(_, rest)| rest.contains(')'))
}

fn list_name<'a>(node: &Node<'a>) -> Option<&'a str> {
    match &node.choices?.list {
        ListRef::Internal(name) => Some(name),
        ListRef::Answers(_) | ListRef::External(_) => None,
    }
}

/// The rows of a secondary instance.
pub(super) fn items(id: &str) -> String {
    ["instance('", id, "')", "/root", "/item"].concat()
}

/// The address of a file beside the form.
pub(super) fn address(file_name: &str) -> String {
    match file_name.ends_with(".csv") {
        true => format!("jr://file-csv/{file_name}"),
        false => format!("jr://file/{file_name}"),
    }
}

/// Adds the secondary instances: files, the last saved document, lists.
pub(super) fn instances(form: &FormDef, tree: &Tree<'_>, texts: &Texts<'_>, model: &mut Element) {
    let mut ids: HashSet<&str> = HashSet::new();
    let instance = |id: &str| Element::new("instance").attribute("id", id);
    let is_of_itemsets = |node: &Node<'_>| {
        node.type_name == "select_one_external" && node.choices.is_some() && list_name(node).is_none()
    };
    let has_itemsets = tree.nodes.iter().any(is_of_itemsets);
    for file in &form.external {
        // Programs of ODK find this file by its name.
        if has_itemsets && file.file_name == "itemsets.csv" {
            continue;
        }
        if ids.insert(&file.id) {
            let own = form.settings.get(&format!("src::{}", file.id)).cloned();
            let address = own.unwrap_or_else(|| address(&file.file_name));
            model.push(instance(&file.id).attribute("src", &address));
        }
    }
    for (key, address) in &form.settings {
        if let Some(id) = key.strip_prefix("src::")
            && ids.insert(id)
        {
            model.push(instance(id).attribute("src", address));
        }
    }
    if reads_last_saved(tree) {
        model.push(instance("__last-saved").attribute("src", "jr://instance/last-saved"));
    }
    let searched: HashSet<&str> = tree
        .nodes
        .iter()
        .filter(|node| is_inline(node))
        .filter_map(list_name)
        .collect();
    let mut shown: HashMap<&str, (bool, bool)> = HashMap::new();
    for node in &tree.nodes {
        if let Some(name) = list_name(node)
            && let Some(list) = form.choice_lists.get(name)
        {
            let own = shown.entry(name).or_default();
            own.0 |= other_column(node, list, "value", "name").is_some();
            own.1 |= other_column(node, list, "label", "label").is_some();
        }
    }
    for (name, list) in in_order(form) {
        if searched.contains(name) || !ids.insert(name) {
            continue;
        }
        if let Some(document) = form.settings.get(&format!("{DOCUMENT}{name}")) {
            let mut own = instance(name);
            raw::put(Some(document), &mut own);
            model.push(own);
            continue;
        }
        let is_translated = texts.is_translated(name);
        let (has_value, has_label) = shown.get(name).copied().unwrap_or_default();
        let mut root = Element::new("root");
        for (place, choice) in list.choices.iter().enumerate() {
            let mut item = Element::new("item");
            if is_translated {
                item.push(Element::new("itextId").with_text(&format!("{name}-{place}")));
            }
            if !choice.name.is_empty() && !has_value {
                item.push(Element::new("name").with_text(&choice.name));
            }
            if let (false, Text::Plain(label)) = (
                is_translated || has_label,
                tree.text("choices.label", &choice.label),
            ) {
                item.push(Element::new("label").with_text(label));
            }
            for (column, value) in &choice.columns {
                match column.strip_prefix('@') {
                    Some(attribute) if is_tag(attribute) => item.set(attribute, value),
                    None if is_tag(column)
                        && (has_value || column != "name")
                        && (has_label || column != "label") =>
                    {
                        item.push(Element::new(column).with_text(value));
                    }
                    Some(_) | None => {}
                }
            }
            root.push_written(&item, ITEM_DEPTH);
        }
        model.push(instance(name).with(root));
    }
}

/// Whether an element or attribute can have this name; columns with others are remarks.
pub(super) fn is_tag(column: &str) -> bool {
    column
        .chars()
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_')
        && column
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'))
        && !column.contains("::")
        && !column.ends_with(':')
}

fn reads_last_saved(tree: &Tree<'_>) -> bool {
    const MARK: &str = "${last-saved#";
    tree.nodes.iter().any(|node| {
        let binds = node.bind.iter().filter(|(name, _)| {
            ["calculate", "constraint", "readonly", "required", "relevant"].contains(&name.as_str())
        });
        binds.map(|(_, value)| value).any(|value| value.contains(MARK))
            || node
                .actions
                .iter()
                .filter_map(|action| action.value.as_ref())
                .any(|value| value.contains(MARK))
            || node.value.contains(MARK)
            || node
                .choices
                .and_then(|choices| choices.filter.as_ref())
                .is_some_and(|filter| filter.source.contains(MARK))
    })
}

/// What a control offers.
struct Offer {
    nodeset: String,
    value: String,
    label: String,
    filter: Option<String>,
}

impl Offer {
    fn of_list(name: &str, texts: &Texts<'_>) -> Offer {
        Offer {
            nodeset: items(name),
            value: "name".into(),
            label: match texts.is_translated(name) {
                true => "jr:itext(itextId)".into(),
                false => "label".into(),
            },
            filter: None,
        }
    }

    fn of_file(form: &FormDef, node: &Node<'_>, id: &str) -> Offer {
        let is_map = form
            .external
            .iter()
            .any(|file| file.id == id && file.file_name.ends_with(".geojson"));
        let (value, label) = if is_map {
            ("id", "title")
        } else {
            ("name", "label")
        };
        let parameter = |name: &str, usual: &str| {
            node.parameters
                .and_then(|parameters| parameters.get(name))
                .map_or(usual, String::as_str)
                .to_string()
        };
        Offer {
            nodeset: items(id),
            value: parameter("value", value),
            label: parameter("label", label),
            filter: None,
        }
    }

    fn itemset(self) -> Element {
        Element::new("itemset")
            .attribute("nodeset", &self.nodeset)
            .with(Element::new("value").attribute("ref", &self.value))
            .with(Element::new("label").attribute("ref", &self.label))
    }
}

/// Adds the choices of a control.
pub(super) fn offered(
    form: &FormDef,
    tree: &Tree<'_>,
    texts: &Texts<'_>,
    place: usize,
    control: &mut Element,
) {
    let node = tree.get(place);
    let parameter = |name: &str| node.parameters.and_then(|parameters| parameters.get(name));
    if let Some(name) = parameter("tick_labelset").filter(|_| node.type_name == "range") {
        return control.push(Offer::of_list(name, texts).itemset());
    }
    if let Some(source) = parameter("reference-geometry").filter(|_| node.type_name.starts_with("geo")) {
        let mut offer = match references::only(source) {
            Some(_) => Offer {
                nodeset: rows(tree, source, place),
                value: "geometry".into(),
                label: "geometry".into(),
                filter: Some("./geometry != ''".into()),
            },
            None => match source.rsplit_once('.') {
                Some((id, "csv" | "xml" | "geojson")) => Offer::of_file(form, node, id),
                _ if form.external.iter().any(|file| file.id == *source)
                    && !form.choice_lists.contains_key(source) =>
                {
                    Offer {
                        nodeset: items(source),
                        value: "name".into(),
                        label: "label".into(),
                        filter: None,
                    }
                }
                _ => Offer::of_list(source, texts),
            },
        };
        let is_rows = references::only(source).is_some();
        if let Some(filter) = node
            .parameters
            .and_then(|parameters| parameters.get("choice_filter"))
        {
            offer.filter = Some(filtered(tree, filter, place, is_rows, &offer.nodeset));
        }
        if let Some(filter) = offer.filter.take() {
            offer.nodeset.push_str(&format!("[{filter}]"));
        }
        return control.push(offer.itemset());
    }
    let Some(choices) = node.choices else { return };
    if node.type_name == "select_one_external" {
        let own = choices.filter.as_ref().map(|filter| filter.source.as_str());
        let (list, filter) = match (list_name(node), own) {
            (Some(list), filter) => (list, filter),
            (None, filter) => of_itemsets(filter.unwrap_or_default()).unwrap_or_default(),
        };
        let filter = filter.map(|filter| {
            let style = Style {
                from_current: true,
                from_parent: false,
            };
            references::paths(tree, filter, Some(place), style)
        });
        let query = match filter {
            Some(filter) => format!("{}[{filter}]", items(list)),
            None => items(list),
        };
        return control.set("query", &query);
    }
    if is_inline(node) {
        return inline(form, tree, texts, node, control);
    }
    let (mut offer, is_answers) = match &choices.list {
        ListRef::Internal(name) => {
            let mut offer = Offer::of_list(name, texts);
            if let Some(list) = form.choice_lists.get(name) {
                if let Some(column) = other_column(node, list, "value", "name") {
                    offer.value = column.to_string();
                }
                if let Some(column) = other_column(node, list, "label", "label") {
                    offer.label = column.to_string();
                }
            }
            (offer, false)
        }
        ListRef::External(id) => (Offer::of_file(form, node, id), false),
        ListRef::Answers(name) => {
            let path = rows(tree, &format!("${{{name}}}"), place);
            let (nodeset, leaf) = path.rsplit_once('/').unwrap_or((&path, name));
            let offer = Offer {
                nodeset: nodeset.to_string(),
                value: leaf.to_string(),
                label: parameter("label").map_or(leaf, String::as_str).to_string(),
                filter: node
                    .own_way(BLANK_CHOICES)
                    .is_none()
                    .then(|| format!("./{leaf} != ''")),
            };
            (offer, true)
        }
    };
    if let Some(filter) = &choices.filter {
        offer.filter = Some(filtered(tree, &filter.source, place, is_answers, &offer.nodeset));
    }
    if let Some(filter) = offer.filter.take() {
        offer.nodeset.push_str(&format!("[{filter}]"));
    }
    if parameter("randomize").is_some_and(|randomize| randomize == "true") {
        offer.nodeset = match parameter("seed") {
            Some(seed) => {
                let seed = references::paths(tree, seed, Some(place), Style::default());
                format!("randomize({}, {})", offer.nodeset, seed.trim())
            }
            None => format!("randomize({})", offer.nodeset),
        };
    }
    control.push(offer.itemset());
}

/// The list and the rest of a filter `list_name = 'list' and (rest)` on the rows of `itemsets.csv`.
fn of_itemsets(filter: &str) -> Option<(&str, Option<&str>)> {
    let after = filter.trim().strip_prefix("list_name")?.trim_start();
    let after = after.strip_prefix('=')?.trim_start();
    let quote = after.chars().next().filter(|mark| matches!(mark, '\'' | '"'))?;
    let (list, rest) = after.strip_prefix(quote)?.split_once(quote)?;
    let rest = rest.trim_start().strip_prefix("and").map(str::trim);
    let inner = rest.map(|rest| {
        rest.strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'))
            .unwrap_or(rest)
    });
    Some((list, inner))
}

/// A choice filter; `is_rows`: it judges rows of a repeat at `nodeset`.
fn filtered(tree: &Tree<'_>, filter: &str, place: usize, is_rows: bool, nodeset: &str) -> String {
    let style = Style {
        from_current: true,
        from_parent: is_rows,
    };
    let filter = references::paths(tree, filter, Some(place), style);
    match is_rows {
        true => filter
            .replace(&format!("current()/{nodeset}"), ".")
            .replace(nodeset, "."),
        false => filter,
    }
}

/// The path to the rows of a repeat, or to a question in them.
fn rows(tree: &Tree<'_>, reference: &str, place: usize) -> String {
    let style = Style {
        from_current: false,
        from_parent: true,
    };
    references::paths(tree, reference, Some(place), style)
        .trim()
        .to_string()
}

/// The choices themselves, for `search()`.
fn inline(form: &FormDef, tree: &Tree<'_>, texts: &Texts<'_>, node: &Node<'_>, control: &mut Element) {
    let Some((name, list)) = list_name(node).and_then(|name| Some((name, form.choice_lists.get(name)?)))
    else {
        return;
    };
    let is_translated = texts.is_translated(name);
    for (place, choice) in list.choices.iter().enumerate() {
        let label = Element::new("label");
        let label = match (is_translated, tree.text("choices.label", &choice.label)) {
            (true, _) => label.attribute("ref", &format!("jr:itext('{name}-{place}')")),
            (false, Text::Plain(text)) => texts::filled(tree, label, text, None),
            (false, Text::None | Text::Languages(_)) => label,
        };
        let value = Element::new("value").with_text(&choice.name);
        control.push(Element::new("item").with(label).with(value));
    }
}
