//! What a person sees, by the place it is about.

use std::collections::{BTreeMap, HashMap};

use crate::problem::Problem;
use crate::xform::read::data::Data;
use crate::xform::read::xml::Node;

/// The parts of the body and the actions of a form.
pub(super) struct Body<'x> {
    /// Controls of questions, and groups.
    pub(super) controls: HashMap<usize, &'x Node>,
    /// The element `repeat`.
    pub(super) repeats: HashMap<usize, &'x Node>,
    /// The group around a repeat.
    pub(super) around: HashMap<usize, &'x Node>,
    /// In which order the body comes to places, and to something inside them.
    order: HashMap<usize, usize>,
    /// Actions by the place they change, with the question whose control they stand in.
    pub(super) actions: BTreeMap<usize, Vec<(Option<usize>, &'x Node)>>,
    /// Binds of attributes, by path.
    pub(super) attribute_binds: HashMap<String, &'x Node>,
    /// The places of binds with an id, which old forms point to.
    bind_ids: HashMap<&'x str, &'x str>,
    /// Actions on what is no place of the answer document, by the place whose element they stand in.
    pub(super) strays: Vec<(Option<usize>, &'x Node)>,
    /// An element that stands for none.
    pub(super) none: &'x Node,
}

const CONTROLS: &[&str] = &[
    "input", "select", "select1", "upload", "trigger", "range", "odk:rank", "rank", "secret",
];

impl<'x> Body<'x> {
    pub(super) fn new(
        body: &'x Node,
        model: &'x Node,
        data: &Data<'_>,
        warnings: &mut Vec<Problem>,
    ) -> Body<'x> {
        let mut made = Body {
            controls: HashMap::new(),
            repeats: HashMap::new(),
            around: HashMap::new(),
            order: HashMap::new(),
            actions: BTreeMap::new(),
            attribute_binds: HashMap::new(),
            bind_ids: model
                .elements()
                .filter(|node| node.name == "bind")
                .filter_map(|bind| Some((bind.get("id")?, bind.get("nodeset")?)))
                .collect(),
            strays: Vec::new(),
            none: body,
        };
        for node in model.elements() {
            made.action(node, None, None, data);
            if let Some(path) = node
                .get("nodeset")
                .filter(|path| node.name == "bind" && path.contains('@'))
            {
                made.attribute_binds.insert(path.trim().to_string(), node);
            }
        }
        made.walk(body, data, None, 0, warnings);
        made
    }

    fn walk(
        &mut self,
        node: &'x Node,
        data: &Data<'_>,
        group: Option<&'x Node>,
        context: usize,
        warnings: &mut Vec<Problem>,
    ) {
        for child in node.elements() {
            let path = child.get("ref").or_else(|| child.get("nodeset"));
            let bound = child.get("bind");
            // A relative path starts from the group or repeat around the control.
            let place = path.and_then(|path| data.find(path, Some(context)));
            let name = child.name.as_str();
            if place.is_none() && (bound.is_some() || (path.is_some() && CONTROLS.contains(&name))) {
                warnings.push(Problem::warning(
                    &child.origin(),
                    path.or(bound).unwrap_or_default(),
                    "a control is for a place that the instance has not, and is left out",
                    "Correct its ref, or remove it",
                ));
                continue;
            }
            if let Some(place) =
                place.filter(|_| ["group", "repeat"].contains(&name) || CONTROLS.contains(&name))
            {
                self.comes_to(place, data);
            }
            match (name, place) {
                ("group", _) => {
                    let has_repeat = child.child("repeat").is_some();
                    match place {
                        Some(place) => {
                            self.controls.insert(place, child);
                        }
                        None if !has_repeat
                            && (child.get("appearance").is_some() || child.child("label").is_some()) =>
                        {
                            warnings.push(Problem::warning(
                                &child.origin(),
                                &child.child("label").map(Node::text).unwrap_or_default(),
                                "a group on the screen has no place in the data; its questions are asked without it",
                                "Give the group a ref",
                            ));
                        }
                        None => {}
                    }
                    self.walk(child, data, Some(child), place.unwrap_or(context), warnings);
                }
                ("repeat", Some(place)) => {
                    self.repeats.insert(place, child);
                    if let Some(group) = group {
                        self.around.insert(place, group);
                    }
                    for action in child.elements() {
                        self.action(action, None, Some(place), data);
                    }
                    self.walk(child, data, None, place, warnings);
                }
                (name, Some(place)) if CONTROLS.contains(&name) => {
                    self.controls.entry(place).or_insert(child);
                    for action in child.elements() {
                        self.action(action, Some(place), Some(place), data);
                    }
                }
                _ => {}
            }
        }
    }

    fn comes_to(&mut self, place: usize, data: &Data<'_>) {
        let next = self.order.len();
        let mut at = Some(place);
        while let Some(place) = at.filter(|place| !self.order.contains_key(place)) {
            self.order.insert(place, next);
            at = data.get(place).and_then(|place| place.parent);
        }
    }

    /// Siblings in the order in which the body asks them; what it does not show follows what stands before it in the data.
    pub(super) fn in_order(&self, siblings: Vec<usize>) -> Vec<usize> {
        let mut before = 0;
        let mut keyed: Vec<(usize, usize)> = siblings
            .into_iter()
            .map(|place| {
                before = self.order.get(&place).copied().unwrap_or(before);
                (before, place)
            })
            .collect();
        keyed.sort_by_key(|(key, _)| *key);
        keyed.into_iter().map(|(_, place)| place).collect()
    }

    /// `inside` is the question whose change is meant, `around` the place whose element the action stands in.
    fn action(&mut self, node: &'x Node, inside: Option<usize>, around: Option<usize>, data: &Data<'_>) {
        if !matches!(
            node.name.as_str(),
            "setvalue" | "odk:setgeopoint" | "odk:recordaudio"
        ) {
            return;
        }
        let bound = || self.bind_ids.get(node.get("bind")?).copied();
        let path = node.get("ref").or_else(bound);
        let target = path.map(without_predicates);
        match target.and_then(|path| data.find(&path, Some(0))) {
            Some(place) => self.actions.entry(place).or_default().push((inside, node)),
            // What an entity says of itself is read with it.
            None if path.is_some_and(|path| path.contains("entity/@")) => {}
            None => self.strays.push((around, node)),
        }
    }
}

/// A path without what chooses among its nodes.
fn without_predicates(path: &str) -> String {
    let mut plain = String::with_capacity(path.len());
    let mut depth = 0_usize;
    let mut quote = None;
    for letter in path.chars() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') if depth > 0 => quote = Some(letter),
            (None, '[') => depth += 1,
            (None, ']') => depth = depth.saturating_sub(1),
            (None, letter) if depth == 0 => plain.push(letter),
            (None, _) => {}
        }
    }
    plain
}
