//! What waits to be computed: tasks in the order of the plan, in rows that may read each other.

use std::collections::{BTreeMap, VecDeque};

use crate::places::{FrameId, Spot};
use crate::plan::Rank;

/// What is to be computed, in order; the flag says whether something that it reads has changed.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    due: BTreeMap<(Rank, FrameId), bool>,
    /// Answers that have changed and make other items get a value, in order.
    pub(crate) events: VecDeque<Spot>,
    /// Whether all that can be due is due already, so that changes need not be followed.
    pub(crate) is_complete: bool,
    /// The task for whose rows something is remembered, as long as nothing that it reads has changed.
    pub(crate) remembering: Option<Rank>,
    sweep: Option<Sweep>,
}

/// One pass over the rows of a task whose rows read each other, such as a running total.
///
/// The passes go from the first row to the last and back in turn, so that a value that runs through all rows takes two
/// of them. If each change began with the first row again, it would take as many as there are rows.
#[derive(Debug)]
struct Sweep {
    rank: Rank,
    is_backwards: bool,
    /// The rows computed in this pass.
    done: Vec<FrameId>,
    /// How many of these came before the last change, so that they are to be computed again.
    n_again: usize,
    /// Rows behind that were made due.
    again: BTreeMap<FrameId, bool>,
    /// Whether a change was already told to all rows: those ahead are due then.
    is_told: bool,
}

impl Queue {
    /// A queue in which everything will be made due, so that changes need not be followed.
    pub(crate) fn complete() -> Queue {
        Queue {
            is_complete: true,
            ..Queue::default()
        }
    }

    /// Makes a task due in a row.
    pub(crate) fn push(&mut self, rank: Rank, frame: FrameId, changed: bool) {
        let behind = self
            .sweep
            .as_mut()
            .filter(|sweep| sweep.rank == rank && sweep.has_passed(frame));
        let flag = match behind {
            Some(sweep) => sweep.again.entry(frame).or_insert(false),
            None => self.due.entry((rank, frame)).or_insert(false),
        };
        *flag = *flag || changed;
    }

    /// Something changed that these tasks read, in ascending order.
    pub(crate) fn forget(&mut self, readers: &[Rank]) {
        if self
            .remembering
            .is_some_and(|rank| readers.binary_search(&rank).is_ok())
        {
            self.remembering = None;
        }
    }

    /// A change is about to be told to all rows of a task. True: they know already.
    pub(crate) fn is_told(&mut self, rank: Rank) -> bool {
        let Some(sweep) = self.sweep.as_mut().filter(|sweep| sweep.rank == rank) else {
            return false;
        };
        if sweep.is_told {
            sweep.n_again = sweep.done.len();
        }
        std::mem::replace(&mut sweep.is_told, true)
    }

    /// Takes out what is to be computed next. `is_swept`: whether the rows of a task read each other, all of them.
    pub(crate) fn pop(&mut self, is_swept: impl Fn(Rank) -> bool) -> Option<(Rank, FrameId, bool)> {
        let next = self.due.first_key_value().map(|((rank, _), _)| *rank);
        if let Some(sweep) = &self.sweep
            && next.is_none_or(|next| next > sweep.rank || (next < sweep.rank && is_swept(next)))
        {
            self.turn();
        }
        let (rank, frame) = *self.due.first_key_value()?.0;
        if !is_swept(rank) {
            return self
                .due
                .remove(&(rank, frame))
                .map(|changed| (rank, frame, changed));
        }
        let sweep = match &mut self.sweep {
            Some(sweep) if sweep.rank == rank => sweep,
            other => other.insert(Sweep::new(rank, false)),
        };
        let frame = match sweep.is_backwards {
            false => frame,
            true => {
                let rows = (rank, FrameId(0))..=(rank, FrameId(u32::MAX));
                self.due
                    .range(rows)
                    .next_back()
                    .map_or(frame, |((_, frame), _)| *frame)
            }
        };
        sweep.done.push(frame);
        self.due
            .remove(&(rank, frame))
            .map(|changed| (rank, frame, changed))
    }

    /// Ends a pass: the rows that are due again are passed over in the other direction.
    fn turn(&mut self) {
        let Some(sweep) = self.sweep.take() else { return };
        let n_before = self.due.len();
        let passed = sweep.done.iter().take(sweep.n_again).map(|frame| (*frame, true));
        for (frame, changed) in sweep.again.into_iter().chain(passed) {
            self.push(sweep.rank, frame, changed);
        }
        if self.due.len() > n_before {
            self.sweep = Some(Sweep::new(sweep.rank, !sweep.is_backwards));
        }
    }
}

impl Sweep {
    fn new(rank: Rank, is_backwards: bool) -> Sweep {
        Sweep {
            rank,
            is_backwards,
            done: Vec::new(),
            n_again: 0,
            again: BTreeMap::new(),
            is_told: false,
        }
    }

    fn has_passed(&self, frame: FrameId) -> bool {
        self.done.last().is_some_and(|at| match self.is_backwards {
            false => frame <= *at,
            true => frame >= *at,
        })
    }
}
