//! The places of an answer document, and paths to them as `${name}`.

use std::collections::{HashMap, HashSet};

use crate::xform::read::xml::Node;

/// A place in the primary instance.
pub(super) struct Place<'x> {
    pub(super) name: &'x str,
    pub(super) parent: Option<usize>,
    pub(super) children: Vec<usize>,
    pub(super) path: String,
    pub(super) node: &'x Node,
}

/// All places; the first is the root.
pub(super) struct Data<'x> {
    pub(super) places: Vec<Place<'x>>,
    by_path: HashMap<String, usize>,
    /// None = several places have the name.
    by_name: HashMap<&'x str, Option<usize>>,
    /// Places and the names that stand several times in them, beside a template.
    pub(super) doubled: Vec<(usize, &'x str)>,
    path_bytes: usize,
    /// Places that are asked several times.
    repeats: HashSet<usize>,
}

/// Most bytes of all paths together.
pub(super) const PATH_BYTES: usize = 64 * 1024 * 1024;

impl<'x> Data<'x> {
    pub(super) fn new(root: &'x Node) -> Data<'x> {
        let mut data = Data {
            places: Vec::new(),
            by_path: HashMap::new(),
            by_name: HashMap::new(),
            doubled: Vec::new(),
            path_bytes: 0,
            repeats: HashSet::new(),
        };
        data.add(root, None);
        for (index, place) in data.places.iter().enumerate().skip(1) {
            let in_meta = std::iter::successors(Some(index), |index| {
                data.places.get(*index).and_then(|place| place.parent)
            })
            .any(|index| data.places.get(index).is_some_and(|place| is_meta(place.name)));
            if !in_meta {
                data.by_name
                    .entry(place.name)
                    .and_modify(|index| *index = None)
                    .or_insert(Some(index));
            }
        }
        data
    }

    fn add(&mut self, node: &'x Node, parent: Option<usize>) {
        let name = local(&node.name);
        let index = self.places.len();
        let above = parent.and_then(|parent| self.places.get(parent));
        let path = format!("{}/{name}", above.map_or("", |above| &above.path));
        self.path_bytes = self.path_bytes.saturating_add(path.len());
        if self.path_bytes > PATH_BYTES {
            return;
        }
        self.by_path.insert(path.clone(), index);
        self.places.push(Place {
            name,
            parent,
            children: Vec::new(),
            path,
            node,
        });
        if let Some(above) = parent.and_then(|parent| self.places.get_mut(parent)) {
            above.children.push(index);
        }
        // A template stands for all rows beside it.
        let templates: HashSet<&str> = node
            .elements()
            .filter(|child| child.get("jr:template").is_some())
            .map(|child| child.name.as_str())
            .collect();
        let mut seen: HashMap<&str, (usize, bool)> = HashMap::new();
        for child in node.elements() {
            let is_template = child.get("jr:template").is_some();
            if templates.contains(child.name.as_str()) && !is_template {
                let rows = seen.entry(child.name.as_str()).or_insert((0, true));
                rows.0 += 1;
                if rows.0 == 2 {
                    self.doubled.push((index, local(&child.name)));
                }
                continue;
            }
            if seen.contains_key(child.name.as_str()) {
                self.doubled.push((index, local(&child.name)));
                continue;
            }
            seen.insert(&child.name, (0, is_template));
            self.add(child, Some(index));
        }
    }

    /// Notes which places the body asks several times.
    pub(super) fn note_repeats(&mut self, body: &Node) {
        for child in body.elements() {
            if child.name == "repeat"
                && let Some(place) = child
                    .get("nodeset")
                    .or_else(|| child.get("ref"))
                    .and_then(|path| self.find(path, Some(0)))
            {
                self.repeats.insert(place);
            }
            self.note_repeats(child);
        }
    }

    /// A place and what it stands in, from the inside out.
    fn with_ancestors(&self, place: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(place), |place| self.get(*place)?.parent)
    }

    /// Whether a relative path leaves a row and comes back into the same repeat: it then means all rows, or the row
    /// itself among them, which a name does not say.
    fn means_rows(&self, path: &str, context: Option<usize>) -> bool {
        let Some(context) = context.filter(|_| !path.starts_with('/')) else {
            return false;
        };
        let n_up = path.split('/').take_while(|step| step.trim() == "..").count();
        let Some(top) = self.with_ancestors(context).nth(n_up) else {
            return false;
        };
        let Some(target) = self.find(path, Some(context)) else {
            return false;
        };
        if target == top {
            return self.repeats.contains(&target);
        }
        let around: HashSet<usize> = self.with_ancestors(context).collect();
        self.with_ancestors(target)
            .take_while(|place| *place != top)
            .any(|place| self.repeats.contains(&place) && around.contains(&place))
    }

    /// Whether places were left out because their names are too long or too many.
    pub(super) fn is_cut(&self) -> bool {
        self.path_bytes > PATH_BYTES
    }

    pub(super) fn get(&self, index: usize) -> Option<&Place<'x>> {
        self.places.get(index)
    }

    /// The place of a path, from another place when it is relative.
    pub(super) fn find(&self, path: &str, from: Option<usize>) -> Option<usize> {
        let path = path.trim();
        let path = path.strip_prefix("current()/").unwrap_or(path);
        if let Some(rest) = path.strip_prefix('/') {
            let plain: Vec<&str> = rest.split('/').map(|step| local(step.trim())).collect();
            return self.by_path.get(&format!("/{}", plain.join("/"))).copied();
        }
        let mut at = from?;
        for step in path.split('/') {
            at = match step.trim() {
                ".." => self.get(at)?.parent?,
                "." => at,
                name => {
                    let below = format!("{}/{}", self.get(at)?.path, local(name));
                    *self.by_path.get(&below)?
                }
            };
        }
        Some(at)
    }

    /// An expression with the paths to places of one name as `${name}`. Relative paths are taken from `context`; in a
    /// filter only those that begin with `current()`.
    pub(super) fn named(&self, text: &str, context: Option<usize>, is_filter: bool) -> String {
        let mut made = String::with_capacity(text.len());
        let mut depth = 0_usize;
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let first = rest.chars().next().unwrap_or(' ');
            let after_name = made
                .chars()
                .next_back()
                .is_some_and(|last| is_name_char(last) || matches!(last, ')' | ']' | '*' | '/' | '}'));
            match first {
                '\'' | '"' => {
                    let inner = rest.get(1..).unwrap_or_default();
                    let Some(end) = inner.find(first) else {
                        made.push_str(rest);
                        break;
                    };
                    let inner = inner.get(..end).unwrap_or_default();
                    let is_padded = inner.len() > 2 && inner.starts_with(' ') && inner.ends_with(' ');
                    let target = is_padded
                        .then(|| self.reference(inner.trim(), context, is_filter))
                        .flatten();
                    made.push(first);
                    made.push_str(target.as_deref().unwrap_or(inner));
                    made.push(first);
                    at += end + 2;
                }
                '[' => {
                    depth += 1;
                    made.push('[');
                    at += 1;
                }
                ']' => {
                    depth = depth.saturating_sub(1);
                    made.push(']');
                    at += 1;
                }
                _ if !after_name
                    && (first == '/'
                        || rest.starts_with("..")
                        || rest.starts_with("current()/")
                        || rest.starts_with(LAST_SAVED)) =>
                {
                    let prefix = match rest {
                        _ if rest.starts_with("current()/") => "current()/".len(),
                        _ if rest.starts_with(LAST_SAVED) => LAST_SAVED.len(),
                        _ => 0,
                    };
                    let length =
                        path_length(rest.get(prefix..).unwrap_or_default()).max(usize::from(prefix == 0));
                    let token = rest.get(..prefix + length).unwrap_or(rest);
                    let after = rest.get(prefix + length..).unwrap_or_default();
                    let follows = after.chars().next();
                    let relative_here = prefix == 0 && first == '.' && (is_filter || depth > 0);
                    let target = match follows {
                        Some('[' | '(' | '*' | '@') if !after.starts_with("* ") => None,
                        _ if relative_here || token.ends_with('/') => None,
                        _ => self.reference(token, context, is_filter),
                    };
                    at += token.len();
                    match target {
                        None => made.push_str(token),
                        Some(reference) => {
                            unpad(&mut made);
                            made.push_str(&reference);
                            let next = after.strip_prefix(' ').map(|after| after.chars().next());
                            if next.is_some_and(|next| next.is_none_or(|next| !is_name_char(next))) {
                                at += 1;
                            }
                        }
                    }
                }
                _ if is_name_char(first) && !after_name => {
                    let length = rest.find(|c: char| !is_name_char(c)).unwrap_or(rest.len());
                    made.push_str(rest.get(..length).unwrap_or(rest));
                    at += length;
                }
                _ => {
                    made.push(first);
                    at += first.len_utf8();
                }
            }
        }
        made
    }

    fn reference(&self, path: &str, context: Option<usize>, _is_filter: bool) -> Option<String> {
        let (path, mark) = match path.strip_prefix(LAST_SAVED) {
            Some(path) => (path, "last-saved#"),
            None => (path.strip_prefix("current()/").unwrap_or(path), ""),
        };
        let target = self.find(path, context)?;
        if self.means_rows(path, context) {
            return None;
        }
        let name = self.get(target)?.name;
        (self.by_name.get(name).copied().flatten() == Some(target)).then(|| format!("${{{mark}{name}}}"))
    }
}

const LAST_SAVED: &str = "instance('__last-saved')";

/// Takes away the blank that a converter put before a path.
fn unpad(made: &mut String) {
    if made.ends_with(' ')
        && made
            .chars()
            .rev()
            .nth(1)
            .is_none_or(|before| !is_name_char(before))
    {
        made.pop();
    }
}

fn path_length(text: &str) -> usize {
    text.find(|c: char| !(is_name_char(c) || matches!(c, '/' | ':')))
        .unwrap_or(text.len())
}

fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// Whether an element holds what documents carry beside answers.
pub(super) fn is_meta(name: &str) -> bool {
    name == "meta"
}

/// A name without its prefix.
pub(super) fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}
