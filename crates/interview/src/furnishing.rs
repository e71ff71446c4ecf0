//! What a new row (or the interview itself) holds from the start: first values, ids of
//! new things, and the rows of repeats in it.

use sampan_form::compiled::FirstRow;
use sampan_form::def::Event;
use sampan_record::ids::RowId;
use sampan_record::op::Op;
use sampan_xpath::resolve::NodeId;

use crate::interview::Interview;
use crate::places::{FrameId, Spot};
use crate::sight::mixed;

impl Interview {
    /// Sets first values in a frame and makes the rows that are there at first. `own`: what this row has of its own.
    /// Returns the frames made.
    pub(crate) fn furnish(
        &mut self,
        frame: FrameId,
        event: Event,
        own: Option<&FirstRow>,
        ops: &mut Vec<Op>,
    ) -> Vec<FrameId> {
        let plan = self.plan.clone();
        self.set_defaults(frame, event, own, ops);
        self.draw_entity_ids(frame, ops);
        let mut made = Vec::new();
        for repeat in &plan.layout(self.places.frame(frame).repeat).repeats {
            let Some(node) = plan.form().get(*repeat).filter(|node| node.count.is_none()) else {
                continue;
            };
            let rows = match own {
                Some(own) => own.rows.get(repeat),
                None => node.first_rows.as_ref(),
            };
            for (index, row) in rows.into_iter().flatten().enumerate() {
                let Some(inner) = self.make_first_row(frame, *repeat, index, ops) else {
                    break;
                };
                made.push(inner);
                made.extend(self.furnish(inner, event, Some(row), ops));
            }
        }
        made
    }

    fn make_first_row(
        &mut self,
        frame: FrameId,
        repeat: NodeId,
        index: usize,
        ops: &mut Vec<Op>,
    ) -> Option<FrameId> {
        let plan = self.plan.clone();
        let around = Spot { node: repeat, frame };
        let position = u64::try_from(index).unwrap_or(u64::MAX);
        let above = self.places.frame(frame).row.0;
        let mut row = RowId::added(mixed(mixed(self.seed ^ above ^ u64::from(repeat.0)) ^ position));
        while self.places.row(frame, repeat, row).is_some() {
            row = RowId::added(row.0.wrapping_add(1));
        }
        let made = self.places.make_row(&plan, frame, repeat, row, position).ok()?;
        ops.push(Op::AddRow {
            repeat: self.places.path(&plan, around),
            row,
            position,
        });
        Some(made)
    }
}
