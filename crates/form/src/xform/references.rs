//! `${name}` as paths: absolute, or relative when both places lie in the same repeat.

use std::ops::Range;

use crate::xform::tree::{NodeKind, Tree};

/// A reference in a text.
pub(super) struct Reference<'t> {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) name: &'t str,
    pub(super) is_last_saved: bool,
}

/// How references are written.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Style {
    /// Relative paths begin with `current()/`: the expression is judged at rows of a list.
    pub(super) from_current: bool,
    /// Paths from the repeat's parent, so that a choice can be made among all its rows.
    pub(super) from_parent: bool,
}

/// The first reference of a text.
pub(super) fn first(text: &str) -> Option<Reference<'_>> {
    let mut from = 0;
    while let Some(found) = text.get(from..)?.find("${") {
        let start = from + found;
        from = start + 2;
        let Some(inner) = text
            .get(from..)
            .and_then(|rest| rest.split_once('}'))
            .map(|(inner, _)| inner)
        else {
            continue;
        };
        let (is_last_saved, name) = match inner.strip_prefix("last-saved#") {
            Some(name) => (true, name),
            None => (false, inner),
        };
        if is_name(name) {
            return Some(Reference {
                start,
                end: from + inner.len() + 1,
                name,
                is_last_saved,
            });
        }
    }
    None
}

/// Whether a text has a reference, or something else to compute.
pub(super) fn has(text: &str) -> bool {
    text.contains("${") && (first(text).is_some() || computed(text).is_some())
}

/// The first `${= expression}` of a text for people, and the expression: what XForms may show and sheets have no way to
/// write.
pub(crate) fn computed(text: &str) -> Option<(Range<usize>, &str)> {
    const OPEN: &str = "${=";
    let start = text.find(OPEN)?;
    let inner = text.get(start + OPEN.len()..)?;
    let mut depth = 0_usize;
    let mut quote: Option<char> = None;
    for (at, letter) in inner.char_indices() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(letter),
            (None, '{') => depth += 1,
            (None, '}') if depth > 0 => depth -= 1,
            (None, '}') => {
                let end = start + OPEN.len() + at + 1;
                return Some((start..end, inner.get(..at)?.trim()));
            }
            (None, _) => {}
        }
    }
    None
}

/// The first expression of a text for people that is more than a reference, and its source: one that is marked as
/// such, or that reads a secondary instance.
pub(crate) fn expression(text: &str) -> Option<(Range<usize>, &str)> {
    let marked = text.contains("${=").then(|| computed(text)).flatten();
    let reading = instance_expression(text).and_then(|range| Some((range.clone(), text.get(range)?)));
    match (marked, reading) {
        (Some(marked), Some(reading)) if reading.0.start < marked.0.start => Some(reading),
        (Some(marked), _) => Some(marked),
        (None, reading) => reading,
    }
}

/// The name, when a text is one reference and nothing else.
pub(super) fn only(text: &str) -> Option<&str> {
    first(text)
        .filter(|found| found.start == 0 && found.end == text.len())
        .map(|found| found.name)
}

fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_')
        && !text.contains(|c: char| c.is_whitespace() || "${}[]()'\"/=<>!*+,;:#&|".contains(c))
}

/// A text with all references as paths. `context` is the node the text belongs to; None = only absolute paths.
pub(super) fn paths(tree: &Tree<'_>, text: &str, context: Option<usize>, style: Style) -> String {
    if !text.contains("${") {
        return text.to_string();
    }
    let places = Places::of(text);
    let mut made = String::with_capacity(text.len() + 32);
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(first) {
        made.push_str(text.get(at..at + found.start).unwrap_or_default());
        let range = at + found.start..at + found.end;
        match path(tree, &found, &range, &places, context, style) {
            Some(path) => made.push_str(&path),
            None => made.push_str(text.get(range.clone()).unwrap_or_default()),
        }
        at = range.end;
    }
    made.push_str(text.get(at..).unwrap_or_default());
    made
}

/// Parts of an expression in which references are written in a way of their own.
struct Places<'t> {
    text: &'t str,
    /// Calls of `indexed-repeat`.
    indexed: Vec<Range<usize>>,
    /// Predicates, when the expression reads a secondary instance.
    predicates: Vec<Range<usize>>,
}

impl<'t> Places<'t> {
    fn of(text: &'t str) -> Places<'t> {
        let until = |open: &str, close: char| {
            text.match_indices(open)
                .filter_map(|(start, _)| {
                    let inner = start + open.len();
                    let length = text.get(inner..)?.find(close)?;
                    Some(start..inner + length + close.len_utf8())
                })
                .collect::<Vec<Range<usize>>>()
        };
        Places {
            text,
            indexed: until("indexed-repeat(", ')'),
            predicates: match text.contains("instance(") {
                true => until("[", ']'),
                false => Vec::new(),
            },
        }
    }

    /// Arguments of `indexed-repeat` that name what it looks in are paths from the root.
    fn is_absolute(&self, range: &Range<usize>) -> bool {
        let Some(call) = self
            .indexed
            .iter()
            .find(|call| call.start <= range.start && range.end <= call.end)
        else {
            return false;
        };
        let before = self.text.get(call.start..range.start).unwrap_or_default();
        matches!(before.matches(',').count(), 0 | 1 | 3 | 5)
    }

    fn is_in_predicate(&self, range: &Range<usize>) -> bool {
        self.predicates
            .iter()
            .any(|predicate| predicate.start <= range.start && range.end <= predicate.end)
    }
}

fn path(
    tree: &Tree<'_>,
    found: &Reference<'_>,
    range: &Range<usize>,
    places: &Places<'_>,
    context: Option<usize>,
    style: Style,
) -> Option<String> {
    let target = tree.named(found.name)?;
    if let Some(context) = context
        && !found.is_last_saved
        && !places.is_absolute(range)
    {
        let from_current = style.from_current || places.is_in_predicate(range);
        if let Some((steps, down)) = relative(tree, context, target, style.from_parent) {
            let up = vec![".."; steps].join("/");
            let current = if from_current { "current()/" } else { "" };
            return Some(format!(" {current}{up}{down} "));
        }
    }
    let absolute = tree.path(target);
    Some(match found.is_last_saved {
        true => format!(" instance('__last-saved'){absolute} "),
        false => format!(" {absolute} "),
    })
}

/// Steps up from a node and the path down from there to another, when both lie in the same repeat.
fn relative(tree: &Tree<'_>, source: usize, target: usize, from_parent: bool) -> Option<(usize, String)> {
    let shared_repeat = common(tree, source, target, |kind| kind == NodeKind::Repeat)?;
    if from_parent {
        let nearest = |node: usize| tree.ancestors(node).find(|around| tree.is_repeat(*around));
        let is_outermost = nearest(shared_repeat).is_none();
        if nearest(target) == Some(shared_repeat) && (is_outermost || nearest(source) != Some(shared_repeat))
        {
            let steps = distance(tree, source, shared_repeat)? + 1;
            let parent = tree.parent(shared_repeat)?;
            return Some((steps, tree.path_below(target, parent)));
        }
    }
    let shared = common(tree, source, target, |kind| {
        matches!(kind, NodeKind::Repeat | NodeKind::Group)
    })?;
    Some((distance(tree, source, shared)?, tree.path_below(target, shared)))
}

/// The nearest node of a kind that both stand in.
fn common(
    tree: &Tree<'_>,
    source: usize,
    target: usize,
    is_wanted: impl Fn(NodeKind) -> bool,
) -> Option<usize> {
    let around_target: Vec<usize> = tree.ancestors(target).collect();
    tree.ancestors(source)
        .find(|around| is_wanted(tree.kind(*around)) && around_target.contains(around))
}

fn distance(tree: &Tree<'_>, from: usize, to: usize) -> Option<usize> {
    tree.ancestors(from)
        .position(|around| around == to)
        .map(|steps| steps + 1)
}

/// A part of a text for people.
pub(super) enum Piece {
    Text(String),
    /// The value of an expression.
    Output(String),
}

/// A text for people with what is computed in it: references and expressions.
pub(super) fn pieces(tree: &Tree<'_>, text: &str, context: Option<usize>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let expression = expression(rest);
        let end = expression.as_ref().map_or(rest.len(), |(found, _)| found.start);
        simple(tree, rest.get(..end).unwrap_or_default(), context, &mut pieces);
        match expression {
            None => break,
            Some((found, source)) => {
                pieces.push(Piece::Output(paths(tree, source, context, Style::default())));
                at += found.end;
            }
        }
    }
    pieces
}

fn simple(tree: &Tree<'_>, text: &str, context: Option<usize>, pieces: &mut Vec<Piece>) {
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(first) {
        if found.start > 0 {
            pieces.push(Piece::Text(
                text.get(at..at + found.start).unwrap_or_default().to_string(),
            ));
        }
        let source = text.get(at + found.start..at + found.end).unwrap_or_default();
        pieces.push(Piece::Output(paths(tree, source, context, Style::default())));
        at += found.end;
    }
    if let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        pieces.push(Piece::Text(rest.to_string()));
    }
}

/// The first expression `instance('id')/path…` of a text: its path ends at a blank outside brackets.
fn instance_expression(text: &str) -> Option<Range<usize>> {
    let mut from = 0;
    loop {
        let start = from + text.get(from..)?.find("instance(")?;
        from = start + "instance(".len();
        let is_word = text
            .get(..start)
            .and_then(|before| before.chars().next_back())
            .is_none_or(|before| !(before.is_alphanumeric() || matches!(before, '_' | '-' | '.')));
        if !is_word {
            continue;
        }
        let rest = text.get(from..)?;
        let quote = rest.chars().next()?;
        if !matches!(quote, '\'' | '"') {
            continue;
        }
        let Some(id_end) = rest.get(1..)?.find(quote).map(|end| end + 2) else {
            continue;
        };
        if !rest.get(id_end..)?.starts_with(")/") {
            continue;
        }
        let path_start = from + id_end + 1;
        return Some(start..path_start + path_length(text.get(path_start..)?));
    }
}

fn path_length(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut quote: Option<char> = None;
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') if depth > 0 => quote = Some(letter),
            (None, '[') => depth += 1,
            (None, ']') if depth > 0 => depth -= 1,
            (None, letter) if letter.is_whitespace() && depth == 0 => return at,
            (None, _) => {}
        }
    }
    text.len()
}
