//! Where answers lie while an interview runs: one frame for the interview and one for each repeat row, with a cell for
//! each item in it.

use std::collections::{BTreeMap, HashMap};

use sampan_form::compiled::{Form, What};
use sampan_record::ids::RowId;
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_value::answer::Answer;
use sampan_xpath::resolve::NodeId;

use crate::facts::{PLACES, ROWS};
use crate::plan::{Layout, Plan};

/// The interview itself (0) or one row of a repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FrameId(pub(crate) u32);

impl FrameId {
    pub(crate) const INTERVIEW: FrameId = FrameId(0);
}

/// An item at one place: in one row of each repeat around it. For a repeat, in the frame of one of its rows, it is that
/// row; in the frame around, it is the repeat as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Spot {
    pub(crate) node: NodeId,
    pub(crate) frame: FrameId,
}

/// What stands at one item of one frame.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    /// What the item's own relevance says; groups around it have their own cells.
    pub(crate) relevant: bool,
    /// Given, kept or computed.
    pub(crate) answer: Option<Answer>,
}

/// The interview itself or one row.
#[derive(Debug)]
pub(crate) struct Frame {
    /// Whose row it is; the root for the interview itself.
    pub(crate) repeat: NodeId,
    /// Which row.
    pub(crate) row: RowId,
    /// Where a row stands among its siblings, as the record has it.
    pub(crate) position: u64,
    /// The frame around; None for the interview itself and for removed rows.
    pub(crate) around: Option<FrameId>,
    cells: Vec<Cell>,
    ranges: BTreeMap<NodeId, Range>,
}

/// The rows of one repeat in one frame.
#[derive(Debug, Default)]
pub(crate) struct Range {
    /// In order, hidden ones of a counted repeat among them (behind the shown ones).
    pub(crate) rows: Vec<FrameId>,
    /// How many rows the form's count gives; None when people add rows.
    pub(crate) count: Option<usize>,
    /// Whether the form asks for more rows than fit.
    pub(crate) is_cut: bool,
}

/// Why no frame can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

/// What a row counts for among [`PLACES`]: an empty one takes room too.
fn cost(layout: &Layout) -> usize {
    layout.cells.len() + 1
}

/// All frames.
#[derive(Debug)]
pub(crate) struct Places {
    frames: Vec<Frame>,
    by_row: HashMap<(FrameId, NodeId, RowId), FrameId>,
    n_cells: usize,
}

impl Places {
    pub(crate) fn new(plan: &Plan) -> Places {
        let mut places = Places {
            frames: Vec::new(),
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
        around: Option<FrameId>,
    ) -> FrameId {
        let id = FrameId(u32::try_from(self.frames.len()).expect("frames are far fewer than PLACES"));
        let layout = plan.layout(repeat);
        self.n_cells = self.n_cells.saturating_add(cost(layout));
        self.frames.push(Frame {
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

    pub(crate) fn frame(&self, id: FrameId) -> &Frame {
        self.frames
            .get(id.0 as usize)
            .expect("frames are never taken out of the list")
    }

    pub(crate) fn range(&self, frame: FrameId, repeat: NodeId) -> Option<&Range> {
        self.frame(frame).ranges.get(&repeat)
    }

    fn range_mut(&mut self, frame: FrameId, repeat: NodeId) -> Option<&mut Range> {
        self.frames.get_mut(frame.0 as usize)?.ranges.get_mut(&repeat)
    }

    pub(crate) fn cell(&self, plan: &Plan, spot: Spot) -> Option<&Cell> {
        self.frame(spot.frame).cells.get(plan.slot(spot.node))
    }

    pub(crate) fn cell_mut(&mut self, plan: &Plan, spot: Spot) -> Option<&mut Cell> {
        self.frames
            .get_mut(spot.frame.0 as usize)?
            .cells
            .get_mut(plan.slot(spot.node))
    }

    /// The row of that id, hidden ones included.
    pub(crate) fn row(&self, around: FrameId, repeat: NodeId, row: RowId) -> Option<FrameId> {
        self.by_row.get(&(around, repeat, row)).copied()
    }

    /// The rows shown now, in order.
    pub(crate) fn shown(&self, around: FrameId, repeat: NodeId) -> &[FrameId] {
        let Some(range) = self.range(around, repeat) else {
            return &[];
        };
        let n_shown = range.count.unwrap_or(range.rows.len());
        range.rows.get(..n_shown).unwrap_or(&range.rows)
    }

    /// All rows, hidden ones included.
    pub(crate) fn rows(&self, around: FrameId, repeat: NodeId) -> &[FrameId] {
        self.range(around, repeat)
            .map(|range| range.rows.as_slice())
            .unwrap_or(&[])
    }

    /// Whether a row is shown, as far as its own repeat's count goes.
    pub(crate) fn is_shown(&self, row: FrameId) -> bool {
        let frame = self.frame(row);
        let Some(around) = frame.around else {
            return row == FrameId::INTERVIEW;
        };
        match self.range(around, frame.repeat).and_then(|range| range.count) {
            Some(count) => frame
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
        around: FrameId,
        repeat: NodeId,
        row: RowId,
        position: u64,
    ) -> Result<FrameId, Full> {
        let n_rows = self.rows(around, repeat).len();
        if n_rows >= ROWS || self.n_cells.saturating_add(cost(plan.layout(repeat))) > PLACES {
            return Err(Full);
        }
        let id = self.push(plan, repeat, row, position, Some(around));
        let before = self.n_before(around, repeat, (position, row));
        if let Some(range) = self.range_mut(around, repeat) {
            range.rows.insert(before, id);
        }
        self.by_row.insert((around, repeat, row), id);
        Ok(id)
    }

    /// How many rows stand before a place among them.
    fn n_before(&self, around: FrameId, repeat: NodeId, place: (u64, RowId)) -> usize {
        let place_of = |id: &FrameId| (self.frame(*id).position, self.frame(*id).row);
        self.rows(around, repeat)
            .partition_point(|other| place_of(other) < place)
    }

    /// The number of a row among its siblings, from 1.
    pub(crate) fn number(&self, row: FrameId) -> usize {
        let frame = self.frame(row);
        let before = frame
            .around
            .map(|around| self.n_before(around, frame.repeat, (frame.position, frame.row)));
        before.map_or(1, |n_before| n_before + 1)
    }

    /// Takes a row out, with all that stands in it. Returns the frames that are gone.
    pub(crate) fn remove_row(&mut self, row: FrameId) -> Vec<FrameId> {
        let frame = self.frame(row);
        let Some(around) = frame.around else {
            return Vec::new();
        };
        let (repeat, row_id) = (frame.repeat, frame.row);
        if let Some(range) = self.range_mut(around, repeat) {
            range.rows.retain(|other| *other != row);
        }
        self.by_row.remove(&(around, repeat, row_id));
        let mut gone = vec![row];
        let mut done = 0;
        while let Some(id) = gone.get(done).copied() {
            done += 1;
            let Some(frame) = self.frames.get_mut(id.0 as usize) else {
                continue;
            };
            frame.around = None;
            self.n_cells = self.n_cells.saturating_sub(frame.cells.len() + 1);
            frame.cells = Vec::new();
            for range in std::mem::take(&mut frame.ranges).into_values() {
                gone.extend(range.rows);
            }
        }
        gone
    }

    /// Sets how many rows a counted repeat shows; the rows must be there.
    pub(crate) fn set_count(&mut self, around: FrameId, repeat: NodeId, count: usize, is_cut: bool) {
        if let Some(range) = self.range_mut(around, repeat) {
            range.count = Some(count);
            range.is_cut = is_cut;
        }
    }

    /// A frame and those around it, outermost (the interview) first.
    pub(crate) fn chain(&self, frame: FrameId) -> Vec<FrameId> {
        let mut chain: Vec<FrameId> =
            std::iter::successors(Some(frame), |id| self.frame(*id).around).collect();
        chain.reverse();
        chain
    }

    /// Whether a frame is a row of a repeat, or lies in one.
    pub(crate) fn is_in(&self, frame: FrameId, repeat: NodeId) -> bool {
        std::iter::successors(Some(frame), |id| self.frame(*id).around)
            .any(|id| self.frame(id).repeat == repeat)
    }

    /// The innermost frame around (or at) `from` that also lies around the repeats of `repeats` (outermost first), and
    /// how many of these repeats it is in.
    pub(crate) fn common(&self, from: FrameId, repeats: &[NodeId]) -> (FrameId, usize) {
        let depth = std::iter::successors(self.frame(from).around, |id| self.frame(*id).around).count();
        let mut at = from;
        let mut at_depth = depth;
        let mut common = (FrameId::INTERVIEW, 0);
        // From the inside out: the first frame whose repeat stands at its own depth in `repeats` is the innermost
        // common one, since repeats nest the same way for all.
        loop {
            let frame = self.frame(at);
            if at_depth > 0 && repeats.get(at_depth - 1) == Some(&frame.repeat) {
                common = (at, at_depth);
                break;
            }
            match frame.around {
                Some(around) => at = around,
                None => break,
            }
            at_depth = at_depth.saturating_sub(1);
        }
        common
    }

    /// Calls `visit` with every frame of the innermost of `repeats` below `base` (which lies in the first `depth` of
    /// them), hidden rows included.
    pub(crate) fn each_below(&self, base: FrameId, repeats: &[NodeId], visit: &mut dyn FnMut(FrameId)) {
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
            let frame = self.frame(spot.frame);
            if node.what == What::Repeat && frame.repeat == spot.node {
                // One row: is it shown? Then on to the repeat as a whole.
                if !self.is_shown(spot.frame) {
                    return false;
                }
                match frame.around {
                    Some(around) => spot.frame = around,
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
                .chain(spot.frame)
                .iter()
                .skip(1)
                .map(|id| self.frame(*id).row)
                .collect(),
        }
    }

    /// The place of a path, hidden and irrelevant ones included; None when the form has no such item or there is no
    /// such row. `AnswerPath` of a repeat with its own row is the row, without it the repeat as a whole.
    pub(crate) fn find(&self, plan: &Plan, at: &AnswerPath) -> Option<Spot> {
        let id = plan.form().find(at.question.as_str())?;
        let node = plan.form().get(id)?;
        let mut frame = FrameId::INTERVIEW;
        let mut rows = at.rows.iter();
        for repeat in &node.repeats {
            frame = self.row(frame, *repeat, *rows.next()?)?;
        }
        if let Some(own) = rows.next() {
            if node.what != What::Repeat {
                return None;
            }
            frame = self.row(frame, id, *own)?;
        }
        rows.next().is_none().then_some(Spot { node: id, frame })
    }

    /// Every place that is asked or computed now, in the order of the form: questions, notes and computed values.
    pub(crate) fn each_relevant(&self, plan: &Plan, visit: &mut dyn FnMut(Spot)) {
        self.each_relevant_in(
            plan,
            Spot {
                node: NodeId(0),
                frame: FrameId::INTERVIEW,
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
                frame: spot.frame,
            };
            if !self.cell(plan, child).is_some_and(|cell| cell.relevant) {
                continue;
            }
            match plan.form().get(child.node).map(|node| node.what) {
                Some(What::Question { .. }) => visit(child),
                Some(What::Group | What::Root) => self.each_relevant_in(plan, child, visit),
                Some(What::Repeat) => {
                    for row in self.shown(child.frame, child.node) {
                        self.each_relevant_in(
                            plan,
                            Spot {
                                node: child.node,
                                frame: *row,
                            },
                            visit,
                        );
                    }
                }
                None => {}
            }
        }
    }

    /// Every place, whether asked or not, with its cell, frame by frame.
    pub(crate) fn each_cell(&self, plan: &Plan, visit: &mut dyn FnMut(Spot, &Cell)) {
        for (number, frame) in self.frames.iter().enumerate() {
            let id = FrameId(u32::try_from(number).unwrap_or(u32::MAX));
            for (node, cell) in plan.layout(frame.repeat).cells.iter().zip(&frame.cells) {
                visit(
                    Spot {
                        node: *node,
                        frame: id,
                    },
                    cell,
                );
            }
        }
    }

    /// Whether a frame has not been removed.
    pub(crate) fn is_there(&self, id: FrameId) -> bool {
        id == FrameId::INTERVIEW || self.frame(id).around.is_some()
    }

    /// All frames there are, removed ones left out.
    pub(crate) fn frames(&self) -> impl Iterator<Item = FrameId> {
        self.frames.iter().enumerate().filter_map(|(number, frame)| {
            let id = FrameId(u32::try_from(number).ok()?);
            (frame.around.is_some() || id == FrameId::INTERVIEW).then_some(id)
        })
    }
}
