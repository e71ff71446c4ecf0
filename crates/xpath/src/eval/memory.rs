//! What evaluations of one expression in many rows share, so that a total of all rows is not added up for each row.

use std::cell::RefCell;
use std::collections::HashMap;

/// How many results are kept; rows in one outer row share one, so few are wanted at a time.
const MAX_KEPT: usize = 16;

/// Results that hold for all rows of a repeat, kept while one expression is evaluated in them.
///
/// Whoever evaluates makes one, gives it by [`crate::world::World::memory`] to evaluations of one program at
/// answers that stay as they are, and calls [`Memory::clear`] before another program, or other answers.
#[derive(Debug)]
pub struct Memory<N> {
    kept: RefCell<Vec<Kept<N>>>,
}

/// One result.
#[derive(Debug)]
struct Kept<N> {
    /// Where the operation lies in memory.
    operation: usize,
    /// The node around the rows that it holds for; None = all.
    base: Option<N>,
    what: Found,
}

/// What is kept of an operation.
#[derive(Debug, Clone)]
pub(super) enum Shared {
    Number(f64),
    Text(String),
}

#[derive(Debug)]
enum Found {
    Value(Shared),
    Column(Column),
}

/// The values that the rows of a set have in one column.
#[derive(Debug, Default)]
pub(super) struct Column {
    /// Those that are numbers, ascending; None = the rows have to be looked at one by one.
    pub(super) numbers: Option<Vec<f64>>,
    /// How many rows have a text; None likewise.
    pub(super) texts: Option<HashMap<String, usize>>,
}

impl<N> Default for Memory<N> {
    fn default() -> Memory<N> {
        Memory {
            kept: RefCell::new(Vec::new()),
        }
    }
}

impl<N: PartialEq> Memory<N> {
    /// Forgets everything.
    pub fn clear(&self) {
        self.kept.borrow_mut().clear();
    }

    pub(super) fn value(&self, operation: usize, base: &Option<N>) -> Option<Shared> {
        let kept = self.kept.borrow();
        let found = kept.iter().find(|kept| kept.is(operation, base));
        match found.map(|kept| &kept.what) {
            Some(Found::Value(value)) => Some(value.clone()),
            Some(Found::Column(_)) | None => None,
        }
    }

    pub(super) fn keep_value(&self, operation: usize, base: Option<N>, value: Shared) {
        self.keep(operation, base, Found::Value(value));
    }

    /// What `ask` finds in a column, if it is kept.
    pub(super) fn in_column<T>(
        &self,
        operation: usize,
        base: &Option<N>,
        ask: impl FnOnce(&Column) -> T,
    ) -> Option<T> {
        let kept = self.kept.borrow();
        let found = kept.iter().find(|kept| kept.is(operation, base));
        match found.map(|kept| &kept.what) {
            Some(Found::Column(column)) => Some(ask(column)),
            Some(Found::Value(_)) | None => None,
        }
    }

    pub(super) fn keep_column(&self, operation: usize, base: Option<N>, column: Column) {
        self.keep(operation, base, Found::Column(column));
    }

    fn keep(&self, operation: usize, base: Option<N>, what: Found) {
        let mut kept = self.kept.borrow_mut();
        if kept.len() >= MAX_KEPT {
            kept.remove(0);
        }
        kept.push(Kept {
            operation,
            base,
            what,
        });
    }
}

impl<N: PartialEq> Kept<N> {
    fn is(&self, operation: usize, base: &Option<N>) -> bool {
        self.operation == operation && self.base == *base
    }
}
