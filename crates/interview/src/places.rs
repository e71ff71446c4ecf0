//! Where answers lie while an interview runs: one scope for the interview and one for each repeat row, with a cell for
//! each item in it.

use std::collections::{BTreeMap, HashMap};

use sampan_form::compiled::{Form, What};
use sampan_record::ids::RowId;
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_value::answer::Answer;
use sampan_xpath::resolve::NodeId;

use crate::facts::{PLACES, ROWS};
use crate::plan::Plan;

/// The interview itself (0) or one row of a repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ScopeId(pub(crate) u32);

impl ScopeId {
    pub(crate) const INTERVIEW: ScopeId = ScopeId(0);
}

/// An item at one place: in one row of each repeat around it. For a repeat, in the scope of one of its rows, it is that
/// row; in the scope around, it is the repeat as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Spot {
    pub(crate) node: NodeId,
    pub(crate) scope: ScopeId,
}

/// What stands at one item of one scope.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    /// What the item's own relevance says; groups around it have their own cells.
    pub(crate) relevant: bool,
    /// Given, kept or computed.
    pub(crate) answer: Option<Answer>,
}

/// The interview itself or one row.
#[derive(Debug)]
pub(crate) struct Scope {
    /// Whose row it is; the root for the interview itself.
    pub(crate) repeat: NodeId,
    /// Which row.
    pub(crate) row: RowId,
    /// Where a row stands among its siblings, as the record has it.
    pub(crate) position: u64,
    /// The scope around; None for the interview itself and for removed rows.
    pub(crate) around: Option<ScopeId>,
    cells: Vec<Cell>,
    ranges: BTreeMap<NodeId, Range>,
}

/// The rows of one repeat in one scope.
#[derive(Debug, Default)]
pub(crate) struct Range {
    /// In order, hidden ones of a counted repeat among them (behind the shown ones).
    pub(crate) rows: Vec<ScopeId>,
    /// How many rows the form's count gives; None when people add rows.
    pub(crate) count: Option<usize>,
    /// Whether the form asks for more rows than fit.
    pub(crate) is_cut: bool,
}

/// Why no scope can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

/// All scopes.
#[derive(Debug)]
pub(crate) struct Places {
    scopes: Vec<Scope>,
    by_row: HashMap<(ScopeId, NodeId, RowId), ScopeId>,
    n_cells: usize,
}

impl Places {
    pub(crate) fn new(plan: &Plan) -> Places {
        let mut places = Places {
            scopes: Vec::new(),
            by_row: HashMap::new(),
            n_cells: 0,
        };
        places.push(plan, NodeId(0), RowId(0), 0, None);
        places
    }

    fn push(
        &mut self,
        plan: &Plan,
        repeat: NodeId,
        row: RowId,
        position: u64,
        around: Option<ScopeId>,
    ) -> ScopeId {
        let id = ScopeId(u32::try_from(self.scopes.len()).expect("scopes are far fewer than PLACES"));
        let layout = plan.layout(repeat);
        self.n_cells = self.n_cells.saturating_add(layout.cells.len());
        self.scopes.push(Scope {
            repeat,
            row,
            position,
            around,
            cells: vec![
                Cell {
                    relevant: true,
                    answer: None
                };
                layout.cells.len()
            ],
            ranges: layout
                .repeats
                .iter()
                .map(|repeat| {
                    let is_counted = plan.form().get(*repeat).is_some_and(|node| node.count.is_some());
                    (
                        *repeat,
                        Range {
                            count: is_counted.then_some(0),
                            ..Range::default()
                        },
                    )
                })
                .collect(),
        });
        id
    }

    pub(crate) fn scope(&self, id: ScopeId) -> &Scope {
        self.scopes
            .get(id.0 as usize)
            .expect("scopes are never taken out of the list")
    }

    pub(crate) fn range(&self, scope: ScopeId, repeat: NodeId) -> Option<&Range> {
        self.scope(scope).ranges.get(&repeat)
    }

    fn range_mut(&mut self, scope: ScopeId, repeat: NodeId) -> Option<&mut Range> {
        self.scopes.get_mut(scope.0 as usize)?.ranges.get_mut(&repeat)
    }

    pub(crate) fn cell(&self, plan: &Plan, spot: Spot) -> Option<&Cell> {
        self.scope(spot.scope).cells.get(plan.slot(spot.node))
    }

    pub(crate) fn cell_mut(&mut self, plan: &Plan, spot: Spot) -> Option<&mut Cell> {
        self.scopes
            .get_mut(spot.scope.0 as usize)?
            .cells
            .get_mut(plan.slot(spot.node))
    }

    /// The row of that id, hidden ones included.
    pub(crate) fn row(&self, around: ScopeId, repeat: NodeId, row: RowId) -> Option<ScopeId> {
        self.by_row.get(&(around, repeat, row)).copied()
    }

    /// The rows shown now, in order.
    pub(crate) fn shown(&self, around: ScopeId, repeat: NodeId) -> &[ScopeId] {
        let Some(range) = self.range(around, repeat) else {
            return &[];
        };
        let n_shown = range.count.unwrap_or(range.rows.len());
        range.rows.get(..n_shown).unwrap_or(&range.rows)
    }

    /// All rows, hidden ones included.
    pub(crate) fn rows(&self, around: ScopeId, repeat: NodeId) -> &[ScopeId] {
        self.range(around, repeat)
            .map(|range| range.rows.as_slice())
            .unwrap_or(&[])
    }

    /// Whether a row is shown, as far as its own repeat's count goes.
    pub(crate) fn is_shown(&self, row: ScopeId) -> bool {
        let scope = self.scope(row);
        let Some(around) = scope.around else {
            return row == ScopeId::INTERVIEW;
        };
        match self.range(around, scope.repeat).and_then(|range| range.count) {
            Some(count) => scope
                .row
                .counted_index()
                .is_some_and(|index| (index as usize) < count),
            None => true,
        }
    }

    /// Makes a row. Counted rows stand in the order of their numbers, others behind the last one of their position.
    pub(crate) fn make_row(
        &mut self,
        plan: &Plan,
        around: ScopeId,
        repeat: NodeId,
        row: RowId,
        position: u64,
    ) -> Result<ScopeId, Full> {
        let n_rows = self.rows(around, repeat).len();
        if n_rows >= ROWS || self.n_cells.saturating_add(plan.layout(repeat).cells.len()) > PLACES {
            return Err(Full);
        }
        let id = self.push(plan, repeat, row, position, Some(around));
        let place = |places: &Places, id: &ScopeId| (places.scope(*id).position, places.scope(*id).row);
        let before = self
            .rows(around, repeat)
            .partition_point(|other| place(self, other) < (position, row));
        if let Some(range) = self.range_mut(around, repeat) {
            range.rows.insert(before, id);
        }
        self.by_row.insert((around, repeat, row), id);
        Ok(id)
    }

    /// Takes a row out, with all that stands in it. Returns the scopes that are gone.
    pub(crate) fn remove_row(&mut self, row: ScopeId) -> Vec<ScopeId> {
        let scope = self.scope(row);
        let Some(around) = scope.around else {
            return Vec::new();
        };
        let (repeat, row_id) = (scope.repeat, scope.row);
        if let Some(range) = self.range_mut(around, repeat) {
            range.rows.retain(|other| *other != row);
        }
        self.by_row.remove(&(around, repeat, row_id));
        let mut gone = vec![row];
        let mut done = 0;
        while let Some(id) = gone.get(done).copied() {
            done += 1;
            let Some(scope) = self.scopes.get_mut(id.0 as usize) else {
                continue;
            };
            scope.around = None;
            self.n_cells = self.n_cells.saturating_sub(scope.cells.len());
            scope.cells = Vec::new();
            for range in std::mem::take(&mut scope.ranges).into_values() {
                gone.extend(range.rows);
            }
        }
        gone
    }

    /// Sets how many rows a counted repeat shows; the rows must be there.
    pub(crate) fn set_count(&mut self, around: ScopeId, repeat: NodeId, count: usize, is_cut: bool) {
        if let Some(range) = self.range_mut(around, repeat) {
            range.count = Some(count);
            range.is_cut = is_cut;
        }
    }

    /// A scope and those around it, outermost (the interview) first.
    pub(crate) fn chain(&self, scope: ScopeId) -> Vec<ScopeId> {
        let mut chain: Vec<ScopeId> =
            std::iter::successors(Some(scope), |id| self.scope(*id).around).collect();
        chain.reverse();
        chain
    }

    /// The innermost scope around (or at) `from` that also lies around the repeats of `repeats` (outermost first), and
    /// how many of these repeats it is in.
    pub(crate) fn common(&self, from: ScopeId, repeats: &[NodeId]) -> (ScopeId, usize) {
        let depth = std::iter::successors(self.scope(from).around, |id| self.scope(*id).around).count();
        let mut at = from;
        let mut at_depth = depth;
        let mut common = (ScopeId::INTERVIEW, 0);
        // From the inside out: the first scope whose repeat stands at its own depth in `repeats` is the innermost
        // common one, since repeats nest the same way for all.
        loop {
            let scope = self.scope(at);
            if at_depth > 0 && repeats.get(at_depth - 1) == Some(&scope.repeat) {
                common = (at, at_depth);
                break;
            }
            match scope.around {
                Some(around) => at = around,
                None => break,
            }
            at_depth = at_depth.saturating_sub(1);
        }
        common
    }

    /// Calls `visit` with every scope of the innermost of `repeats` below `base` (which lies in the first `depth` of
    /// them), hidden rows included.
    pub(crate) fn each_below(&self, base: ScopeId, repeats: &[NodeId], visit: &mut dyn FnMut(ScopeId)) {
        match repeats.split_first() {
            None => visit(base),
            Some((repeat, inner)) => {
                for row in self.rows(base, *repeat) {
                    self.each_below(*row, inner, visit);
                }
            }
        }
    }

    /// Whether a place is asked: its item, all groups around it, and all rows it stands in.
    pub(crate) fn is_relevant(&self, plan: &Plan, spot: Spot) -> bool {
        let form: &Form = plan.form();
        let mut spot = spot;
        loop {
            let Some(node) = form.get(spot.node) else {
                return false;
            };
            let scope = self.scope(spot.scope);
            if node.what == What::Repeat && scope.repeat == spot.node {
                // One row: is it shown? Then on to the repeat as a whole.
                if !self.is_shown(spot.scope) {
                    return false;
                }
                match scope.around {
                    Some(around) => spot.scope = around,
                    None => return false,
                }
            }
            if !self.cell(plan, spot).is_some_and(|cell| cell.relevant) {
                return false;
            }
            match node.parent {
                Some(parent) => spot.node = parent,
                None => return true,
            }
        }
    }

    /// The path of a place; for a repeat as a whole and in row ops, the rows around it.
    pub(crate) fn path(&self, plan: &Plan, spot: Spot) -> AnswerPath {
        let path = plan
            .form()
            .get(spot.node)
            .map(|node| node.path.clone())
            .unwrap_or_default();
        AnswerPath {
            question: QuestionPath(path),
            rows: self
                .chain(spot.scope)
                .iter()
                .skip(1)
                .map(|id| self.scope(*id).row)
                .collect(),
        }
    }

    /// The place of a path, hidden and irrelevant ones included; None when the form has no such item or there is no
    /// such row. `AnswerPath` of a repeat with its own row is the row, without it the repeat as a whole.
    pub(crate) fn find(&self, plan: &Plan, at: &AnswerPath) -> Option<Spot> {
        let id = plan.form().find(at.question.as_str())?;
        let node = plan.form().get(id)?;
        let mut scope = ScopeId::INTERVIEW;
        let mut rows = at.rows.iter();
        for repeat in &node.repeats {
            scope = self.row(scope, *repeat, *rows.next()?)?;
        }
        if let Some(own) = rows.next() {
            if node.what != What::Repeat {
                return None;
            }
            scope = self.row(scope, id, *own)?;
        }
        rows.next().is_none().then_some(Spot { node: id, scope })
    }

    /// Every place that is asked or computed now, in the order of the form: questions, notes and computed values.
    pub(crate) fn each_relevant(&self, plan: &Plan, visit: &mut dyn FnMut(Spot)) {
        self.each_relevant_in(
            plan,
            Spot {
                node: NodeId(0),
                scope: ScopeId::INTERVIEW,
            },
            visit,
        );
    }

    fn each_relevant_in(&self, plan: &Plan, spot: Spot, visit: &mut dyn FnMut(Spot)) {
        let Some(node) = plan.form().get(spot.node) else {
            return;
        };
        for child in &node.children {
            let child = Spot {
                node: *child,
                scope: spot.scope,
            };
            if !self.cell(plan, child).is_some_and(|cell| cell.relevant) {
                continue;
            }
            match plan.form().get(child.node).map(|node| node.what) {
                Some(What::Question { .. }) => visit(child),
                Some(What::Group | What::Root) => self.each_relevant_in(plan, child, visit),
                Some(What::Repeat) => {
                    for row in self.shown(child.scope, child.node) {
                        self.each_relevant_in(
                            plan,
                            Spot {
                                node: child.node,
                                scope: *row,
                            },
                            visit,
                        );
                    }
                }
                None => {}
            }
        }
    }

    /// Every place, whether asked or not, with its cell, scope by scope.
    pub(crate) fn each_cell(&self, plan: &Plan, visit: &mut dyn FnMut(Spot, &Cell)) {
        for (number, scope) in self.scopes.iter().enumerate() {
            let id = ScopeId(u32::try_from(number).unwrap_or(u32::MAX));
            for (node, cell) in plan.layout(scope.repeat).cells.iter().zip(&scope.cells) {
                visit(
                    Spot {
                        node: *node,
                        scope: id,
                    },
                    cell,
                );
            }
        }
    }

    /// All scopes there are, removed ones left out.
    pub(crate) fn scopes(&self) -> impl Iterator<Item = ScopeId> {
        self.scopes.iter().enumerate().filter_map(|(number, scope)| {
            let id = ScopeId(u32::try_from(number).ok()?);
            (scope.around.is_some() || id == ScopeId::INTERVIEW).then_some(id)
        })
    }
}
