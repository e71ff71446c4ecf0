//! A document of any shape, as elements in one list and all text in one string.

use std::collections::HashMap;

use sampan_xpath::world::Tree;

use crate::external::TableError;

/// Most elements and attributes of one document.
pub(super) const ELEMENTS: usize = 4_000_000;

/// No element.
const NONE: u32 = u32::MAX;

/// Elements in document order, the outermost first.
#[derive(Debug)]
pub(super) struct Document {
    names: Vec<Box<str>>,
    elements: Vec<Element>,
    text: String,
    /// The elements inside the outermost.
    rows: Vec<u32>,
}

#[derive(Debug)]
struct Element {
    name: u32,
    parent: u32,
    first: u32,
    next: u32,
    start: u32,
    end: u32,
}

/// A document while it is read.
#[derive(Debug, Default)]
pub(super) struct Builder {
    names: Vec<Box<str>>,
    numbers: HashMap<Box<str>, u32>,
    elements: Vec<Element>,
    text: String,
    open: Vec<Open>,
}

/// An element that is not closed yet.
#[derive(Debug)]
struct Open {
    id: u32,
    /// The last element or attribute inside it.
    last: u32,
    /// Whether it holds elements; then it has no text of its own.
    holds_elements: bool,
}

impl Builder {
    /// Begins an element, or an attribute, whose name begins with `@`; attributes come before text and elements.
    pub(super) fn open(&mut self, name: &str) -> Result<(), TableError> {
        let too_large = || TableError::TooLarge {
            what: "elements",
            limit: ELEMENTS,
        };
        if self.elements.len() >= ELEMENTS {
            return Err(too_large());
        }
        let id = number(self.elements.len()).ok_or_else(too_large)?;
        let mut parent = NONE;
        if let Some(around) = self.open.last_mut() {
            parent = around.id;
            let before = (around.last != NONE).then_some(around.last as usize);
            if let Some(before) = before.and_then(|before| self.elements.get_mut(before)) {
                before.next = id;
            }
            around.last = id;
            if let Some(element) = self.elements.get_mut(parent as usize) {
                if element.first == NONE {
                    element.first = id;
                }
                if !name.starts_with('@') && !around.holds_elements {
                    around.holds_elements = true;
                    // Blanks between tags were taken for its text.
                    if element.end > element.start {
                        self.text.truncate(element.start as usize);
                        element.end = element.start;
                    }
                }
            }
        }
        let name = match self.numbers.get(name) {
            Some(number) => *number,
            None => {
                let number = number(self.names.len()).ok_or_else(too_large)?;
                self.names.push(name.into());
                self.numbers.insert(name.into(), number);
                number
            }
        };
        let at = number(self.text.len()).ok_or_else(too_large)?;
        self.elements.push(Element {
            name,
            parent,
            first: NONE,
            next: NONE,
            start: at,
            end: at,
        });
        self.open.push(Open {
            id,
            last: NONE,
            holds_elements: false,
        });
        Ok(())
    }

    /// Text inside the innermost open element; left out where that holds elements.
    pub(super) fn text(&mut self, text: &str) {
        let Some(open) = self.open.last() else { return };
        let Some(element) = self.elements.get_mut(open.id as usize) else {
            return;
        };
        let (Some(start), Some(end)) = (
            number(self.text.len()),
            number(self.text.len().saturating_add(text.len())),
        ) else {
            return;
        };
        if open.holds_elements {
            return;
        }
        if element.start == element.end {
            element.start = start;
        }
        self.text.push_str(text);
        element.end = end;
    }

    /// Ends the innermost open element; blanks around its text are cut.
    pub(super) fn close(&mut self) {
        let Some(open) = self.open.pop() else { return };
        let Some(element) = self.elements.get_mut(open.id as usize) else {
            return;
        };
        let own = self
            .text
            .get(element.start as usize..element.end as usize)
            .unwrap_or_default();
        let cut = own.trim_start();
        let before = number(own.len().saturating_sub(cut.len())).unwrap_or(0);
        let length = number(cut.trim_end().len()).unwrap_or(0);
        element.start = element.start.saturating_add(before);
        element.end = element.start.saturating_add(length);
    }

    /// A whole element with text.
    pub(super) fn leaf(&mut self, name: &str, text: &str) -> Result<(), TableError> {
        self.open(name)?;
        self.text(text);
        self.close();
        Ok(())
    }

    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    pub(super) fn finish(mut self) -> Document {
        self.elements.shrink_to_fit();
        self.text.shrink_to_fit();
        let mut document = Document {
            names: self.names,
            elements: self.elements,
            text: self.text,
            rows: Vec::new(),
        };
        document.rows = document
            .inside(0)
            .filter(|child| !document.is_attribute(*child as usize))
            .collect();
        document
    }
}

fn number(length: usize) -> Option<u32> {
    u32::try_from(length).ok().filter(|number| *number != NONE)
}

impl Document {
    /// How many elements are directly inside the outermost.
    pub(super) fn n_rows(&self) -> usize {
        self.rows.len()
    }

    /// The names of what stands as text inside any row, in order of their first appearance.
    pub(super) fn columns(&self) -> Vec<String> {
        let mut is_seen = vec![false; self.names.len()];
        let mut columns = Vec::new();
        for row in &self.rows {
            for child in self.inside(*row) {
                let Some(element) = self.elements.get(child as usize) else {
                    continue;
                };
                let holds_elements = self.inside(child).any(|inner| !self.is_attribute(inner as usize));
                if let (Some(seen), false) = (is_seen.get_mut(element.name as usize), holds_elements)
                    && !*seen
                {
                    *seen = true;
                    columns.extend(self.names.get(element.name as usize).map(ToString::to_string));
                }
            }
        }
        columns
    }

    /// The text of the first element of a name inside a row.
    pub(super) fn cell(&self, row: usize, column: &str) -> &str {
        let Some(row) = self.rows.get(row) else { return "" };
        self.inside(*row)
            .find(|child| self.full_name(*child as usize) == column)
            .map(|child| Tree::text(self, child as usize))
            .unwrap_or_default()
    }

    /// What is directly inside an element, attributes first.
    fn inside(&self, element: u32) -> impl Iterator<Item = u32> {
        let first = self.elements.get(element as usize).map(|element| element.first);
        std::iter::successors(first.filter(|first| *first != NONE), |at| {
            let next = self.elements.get(*at as usize)?.next;
            (next != NONE).then_some(next)
        })
    }

    fn full_name(&self, element: usize) -> &str {
        self.elements
            .get(element)
            .and_then(|element| self.names.get(element.name as usize))
            .map(AsRef::as_ref)
            .unwrap_or_default()
    }
}

impl Tree for Document {
    fn name(&self, element: usize) -> &str {
        self.full_name(element).trim_start_matches('@')
    }

    fn text(&self, element: usize) -> &str {
        self.elements
            .get(element)
            .and_then(|element| self.text.get(element.start as usize..element.end as usize))
            .unwrap_or_default()
    }

    fn parent(&self, element: usize) -> Option<usize> {
        let parent = self.elements.get(element)?.parent;
        (parent != NONE).then_some(parent as usize)
    }

    fn children(&self, element: usize) -> Vec<usize> {
        let Some(element) = number(element) else {
            return Vec::new();
        };
        self.inside(element)
            .map(|child| child as usize)
            .filter(|child| !self.is_attribute(*child))
            .collect()
    }

    fn attributes(&self, element: usize) -> Vec<usize> {
        let Some(element) = number(element) else {
            return Vec::new();
        };
        self.inside(element)
            .map(|child| child as usize)
            .take_while(|child| self.is_attribute(*child))
            .collect()
    }

    fn is_attribute(&self, element: usize) -> bool {
        self.full_name(element).starts_with('@')
    }

    fn row(&self, row: usize) -> Option<usize> {
        self.rows.get(row).map(|row| *row as usize)
    }
}
