//! Rows that are there when an interview begins: what stands in the primary instance beside a template.

use crate::def::FirstRow;
use crate::xform::read::Source;
use crate::xform::read::data::local;
use crate::xform::read::xml::Node;

impl Source<'_> {
    /// The rows of a repeat that are there at first; None = as converters write every repeat: a template, and one row
    /// that is as the template.
    pub(super) fn first_rows(&self, place: usize) -> Option<Vec<FirstRow>> {
        let own = self.data.get(place)?;
        let around = own.parent.and_then(|parent| self.data.get(parent))?;
        let (templates, rows): (Vec<&Node>, Vec<&Node>) = around
            .node
            .elements()
            .filter(|node| node.name == own.node.name)
            .partition(|node| node.get("jr:template").is_some());
        let rows: Vec<FirstRow> = rows.into_iter().map(|row| self.first_row(place, row)).collect();
        let is_in_template = std::iter::successors(own.parent, |place| self.data.get(*place)?.parent)
            .filter_map(|place| self.data.get(place))
            .any(|place| place.node.get("jr:template").is_some());
        // A new row of a repeat without a template has no rows of the repeats in it; only the first one has them.
        let around = std::iter::successors(own.parent, |place| self.data.get(*place)?.parent)
            .find(|place| self.body.repeats.contains_key(place))
            .and_then(|place| self.data.get(place));
        if around.is_some_and(|around| around.node.get("jr:template").is_none()) && !is_in_template {
            return Some(Vec::new());
        }
        match (templates.is_empty(), rows.as_slice()) {
            (false, [row]) if is_usual(row) => None,
            (false, []) if is_in_template && self.is_usual_around(place) => None,
            _ => Some(rows),
        }
    }

    /// Whether the repeat around a repeat has at first what converters write; else its new rows have what its template
    /// has, and that is no row of the repeats in it.
    fn is_usual_around(&self, place: usize) -> bool {
        let parent = |place: &usize| self.data.get(*place)?.parent;
        std::iter::successors(parent(&place), parent)
            .find(|place| self.body.repeats.contains_key(place))
            .is_none_or(|around| self.first_rows(around).is_none())
    }

    fn first_row(&self, place: usize, row: &Node) -> FirstRow {
        let mut made = FirstRow::default();
        self.compare(place, row, "", &mut made);
        made
    }

    /// Notes where what stands in a place differs from what the place says.
    fn compare(&self, place: usize, found: &Node, path: &str, row: &mut FirstRow) {
        let children = self.data.get(place).map(|place| place.children.as_slice());
        for child in children.unwrap_or_default() {
            let Some(own) = self.data.get(*child) else {
                continue;
            };
            let path = match path {
                "" => own.name.to_string(),
                path => format!("{path}/{}", own.name),
            };
            let mut same = found.elements().filter(|node| local(&node.name) == own.name);
            if self.body.repeats.contains_key(child) {
                let rows = same.filter(|node| node.get("jr:template").is_none());
                let rows: Vec<FirstRow> = rows.map(|node| self.first_row(*child, node)).collect();
                if !rows.is_empty() {
                    row.rows.insert(path, rows);
                }
                continue;
            }
            let Some(node) = same.next() else { continue };
            let (value, usual) = (node.text(), own.node.text());
            if own.children.is_empty() && value.trim() != usual.trim() {
                row.values.insert(path.clone(), value.trim().to_string());
            }
            self.compare(*child, node, &path, row);
        }
    }
}

/// Whether a row is as new ones, with one such row of each repeat inside.
fn is_usual(row: &FirstRow) -> bool {
    row.values.is_empty()
        && row
            .rows
            .values()
            .all(|rows| matches!(rows.as_slice(), [row] if is_usual(row)))
}

/// How many rows a repeat has that nobody may add rows to; at least one.
pub(super) fn fixed(rows: Option<&Vec<FirstRow>>) -> usize {
    rows.map_or(1, |rows| rows.len().max(1))
}
