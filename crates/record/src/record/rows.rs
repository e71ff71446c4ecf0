//! Rows of repeats: what a removal hides, and what brings a row back.

use std::collections::{BTreeMap, BTreeSet};

use crate::context::Context;
use crate::ids::{Dot, RowId};
use crate::path::{AnswerPath, QuestionPath};
use crate::record::state::RowFacts;
use crate::record::{Record, Row, RowState};

/// The rows that are removed, and with them everything in them: by the rows around and their own, the paths of the
/// repeats with a slash behind.
#[derive(Debug, Clone, Default)]
pub struct RemovedRows(BTreeMap<Vec<RowId>, Vec<String>>);

impl RemovedRows {
    /// Whether a place is in one of them.
    pub fn hold(&self, at: &AnswerPath) -> bool {
        if self.0.is_empty() {
            return false;
        }
        (1..=at.rows.len()).any(|depth| {
            let repeats = at.rows.get(..depth).and_then(|rows| self.0.get(rows));
            repeats.is_some_and(|repeats| {
                repeats
                    .iter()
                    .any(|repeat| at.question.as_str().starts_with(repeat))
            })
        })
    }
}

impl Record {
    /// The rows of a repeat that have an answer or were added, sorted by position, removed ones included.
    pub fn rows(&self, repeat: &AnswerPath) -> Vec<Row> {
        let facts = self.state.rows.get(repeat);
        let mut ids: BTreeSet<RowId> = facts.into_iter().flat_map(|rows| rows.keys().copied()).collect();
        let registers = within(&self.state.registers, repeat);
        for (row, _) in registers.filter(|(_, slot)| {
            slot.register
                .values
                .iter()
                .any(|written| written.answer.is_some())
        }) {
            ids.insert(row);
        }
        let states = self.states_of_removed(repeat);
        let mut rows: Vec<Row> = ids
            .into_iter()
            .map(|row| {
                let facts = facts.and_then(|rows| rows.get(&row));
                let given = facts.and_then(|facts| facts.adds.last_key_value());
                let position = match given {
                    Some((_, (position, _))) => *position,
                    None => row.counted_index().map_or(u64::MAX, u64::from),
                };
                let state = states.get(&row).copied().unwrap_or(RowState::Present);
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

    pub(super) fn removed_rows(&self) -> RemovedRows {
        let mut removed = RemovedRows::default();
        for repeat in self.state.rows.keys() {
            for (row, state) in self.states_of_removed(repeat) {
                if state == RowState::Removed {
                    let mut rows = repeat.rows.clone();
                    rows.push(row);
                    removed
                        .0
                        .entry(rows)
                        .or_default()
                        .push(format!("{}/", repeat.question));
                }
            }
        }
        removed
    }

    /// The states of the rows of a repeat whose removal stands. It stands until somebody who knows of it adds the row
    /// again. While it stands it hides the row, unless there is an answer or an addition in it that it did not know.
    fn states_of_removed(&self, repeat: &AnswerPath) -> BTreeMap<RowId, RowState> {
        let mut states = BTreeMap::new();
        let Some(rows) = self.state.rows.get(repeat) else {
            return states;
        };
        let removed: BTreeMap<RowId, Context> = rows
            .iter()
            .filter_map(|(row, facts)| Some((*row, known_to_removals(facts)?)))
            .collect();
        if removed.is_empty() {
            return states;
        }
        states.extend(removed.keys().map(|row| (*row, RowState::Removed)));
        let mut touch = |row: RowId, dot: &Dot| {
            if removed.get(&row).is_some_and(|knew| !knew.covers(dot)) {
                states.insert(row, RowState::BroughtBack);
            }
        };
        for (row, facts) in rows {
            facts.adds.keys().for_each(|stamp| touch(*row, &stamp.dot));
        }
        for (row, slot) in within(&self.state.registers, repeat) {
            let answered = slot
                .register
                .values
                .iter()
                .filter(|written| written.answer.is_some());
            answered.for_each(|written| touch(row, &written.stamp.dot));
        }
        for (row, inner_rows) in within(&self.state.rows, repeat) {
            for facts in inner_rows.values() {
                let knew = known_to_removals(facts).unwrap_or_default();
                let standing = facts.adds.keys().filter(|stamp| !knew.covers(&stamp.dot));
                standing.for_each(|stamp| touch(row, &stamp.dot));
            }
        }
        states
    }
}

/// What the standing removals of a row knew of, themselves included; None where none stands.
fn known_to_removals(facts: &RowFacts) -> Option<Context> {
    let mut settled = Context::default();
    if !facts.removes.is_empty() {
        facts
            .adds
            .values()
            .for_each(|(_, add)| settled.merge(&add.context));
    }
    let mut knew = None;
    for remove in facts.removes.values() {
        if !settled.covers(&remove.dot()) {
            let knew = knew.get_or_insert_with(Context::default);
            knew.merge(&remove.context);
            // What the same change wrote into the row was known to it.
            knew.add(&remove.dot());
        }
    }
    knew
}

/// What stands at places within a repeat, each with the row of the repeat it is in.
fn within<'a, T>(
    places: &'a BTreeMap<AnswerPath, T>,
    repeat: &'a AnswerPath,
) -> impl Iterator<Item = (RowId, &'a T)> {
    let prefix = format!("{}/", repeat.question);
    let from = AnswerPath {
        question: QuestionPath::new(&prefix),
        rows: Vec::new(),
    };
    places
        .range(from..)
        .take_while(move |(at, _)| at.question.as_str().starts_with(&prefix))
        .filter(|(at, _)| at.rows.starts_with(&repeat.rows))
        .filter_map(|(at, found)| Some((*at.rows.get(repeat.rows.len())?, found)))
}
