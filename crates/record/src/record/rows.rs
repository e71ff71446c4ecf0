//! Rows of repeats: what a removal hides, and what brings a row back.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::change::Header;
use crate::context::Context;
use crate::ids::{Dot, RowId};
use crate::path::{AnswerPath, QuestionPath};
use crate::record::state::RowFacts;
use crate::record::{Record, Row, RowState};

/// A row that is removed, and with it everything in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovedRow {
    prefix: String,
    rows: Vec<RowId>,
}

impl RemovedRow {
    fn new(repeat: &AnswerPath, row: RowId) -> RemovedRow {
        let mut rows = repeat.rows.clone();
        rows.push(row);
        RemovedRow {
            prefix: format!("{}/", repeat.question),
            rows,
        }
    }

    /// Whether a place is in the row.
    pub fn holds(&self, at: &AnswerPath) -> bool {
        at.rows.starts_with(&self.rows) && at.question.as_str().starts_with(&self.prefix)
    }
}

impl Record {
    /// The rows of a repeat that have an answer or were added, sorted by position, removed ones included.
    pub fn rows(&self, repeat: &AnswerPath) -> Vec<Row> {
        let facts = self.state.rows.get(repeat);
        let mut ids: BTreeSet<RowId> = facts.into_iter().flat_map(|rows| rows.keys().copied()).collect();
        for (at, _) in self.answered_within(repeat) {
            ids.extend(at.rows.get(repeat.rows.len()));
        }
        let mut rows: Vec<Row> = ids
            .into_iter()
            .map(|row| {
                let facts = facts.and_then(|rows| rows.get(&row));
                let given = facts.and_then(|facts| facts.adds.last_key_value());
                let position = match given {
                    Some((_, (position, _))) => *position,
                    None => row.counted_index().map_or(u64::MAX, u64::from),
                };
                let state = facts.map_or(RowState::Present, |facts| self.row_state(repeat, row, facts));
                Row { row, position, state }
            })
            .collect();
        rows.sort_by_key(|row| (row.position, row.row));
        rows
    }

    /// The repeats, each in its rows around, in which rows were added or removed.
    pub fn repeats(&self) -> Vec<AnswerPath> {
        self.state.rows.keys().cloned().collect()
    }

    pub(super) fn removed_rows(&self) -> Vec<RemovedRow> {
        let mut removed = Vec::new();
        for (repeat, rows) in &self.state.rows {
            for (row, facts) in rows {
                if self.row_state(repeat, *row, facts) == RowState::Removed {
                    removed.push(RemovedRow::new(repeat, *row));
                }
            }
        }
        removed
    }

    /// A removal stands until somebody who knows of it adds the row again. While it stands it hides the row, unless
    /// there is an answer or an addition in it that no standing removal knew.
    pub(super) fn row_state(&self, repeat: &AnswerPath, row: RowId, facts: &RowFacts) -> RowState {
        let mut is_removed = false;
        let mut knew = Context::default();
        for remove in facts.removes.values() {
            let is_settled = facts
                .adds
                .values()
                .any(|(_, add)| add.context.covers(&remove.dot()));
            if !is_settled {
                is_removed = true;
                knew.merge(&remove.context);
                // What the same change wrote into the row was known to it.
                knew.add(&remove.dot());
            }
        }
        if !is_removed {
            return RowState::Present;
        }
        let is_unknown = |dot: &Dot| !knew.covers(dot);
        let own_adds = facts.adds.keys().any(|stamp| is_unknown(&stamp.dot));
        if own_adds || self.is_written_within(&RemovedRow::new(repeat, row), is_unknown) {
            RowState::BroughtBack
        } else {
            RowState::Removed
        }
    }

    fn is_written_within(&self, row: &RemovedRow, is_unknown: impl Fn(&Dot) -> bool) -> bool {
        let from = AnswerPath {
            question: QuestionPath::new(&row.prefix),
            rows: Vec::new(),
        };
        let is_in_prefix = |at: &AnswerPath| at.question.as_str().starts_with(&row.prefix);
        let registers = self.state.registers.range(from.clone()..);
        let mut in_row = registers
            .take_while(|(at, _)| is_in_prefix(at))
            .filter(|(at, _)| row.holds(at));
        let is_answered = in_row.any(|(_, slot)| {
            let answered = slot
                .register
                .values
                .iter()
                .filter(|written| written.answer.is_some());
            answered.into_iter().any(|written| is_unknown(&written.stamp.dot))
        });
        if is_answered {
            return true;
        }
        let inner = self
            .state
            .rows
            .range(from..)
            .take_while(|(at, _)| is_in_prefix(at));
        let mut in_row = inner
            .filter(|(at, _)| row.holds(at))
            .flat_map(|(_, rows)| rows.values());
        in_row.any(|facts| {
            let is_standing = |add: &Dot| !facts.removes.values().any(|remove| knows(remove, add));
            facts
                .adds
                .keys()
                .any(|stamp| is_unknown(&stamp.dot) && is_standing(&stamp.dot))
        })
    }

    /// The places within a repeat, in any row, where an answer stands.
    fn answered_within(&self, repeat: &AnswerPath) -> impl Iterator<Item = (&AnswerPath, ())> {
        let prefix = format!("{}/", repeat.question);
        let from = AnswerPath {
            question: QuestionPath::new(&prefix),
            rows: Vec::new(),
        };
        let registers = self.state.registers.range(from..);
        let depth = repeat.rows.len();
        let around = repeat.rows.clone();
        registers
            .take_while(move |(at, _)| at.question.as_str().starts_with(&prefix))
            .filter(move |(at, _)| at.rows.len() > depth && at.rows.starts_with(&around))
            .filter(|(_, slot)| {
                slot.register
                    .values
                    .iter()
                    .any(|written| written.answer.is_some())
            })
            .map(|(at, _)| (at, ()))
    }
}

fn knows(header: &Arc<Header>, dot: &Dot) -> bool {
    header.context.covers(dot)
}
