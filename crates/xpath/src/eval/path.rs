//! Following a location path.

use crate::eval::EvalError;
use crate::eval::run::{Frame, Run};
use crate::eval::val::{Item, Val};
use crate::program::op::{Op, PathOp, StartOp, StepOp};
use crate::syntax::Axis;
use crate::world::World;

impl<'a, W: World> Run<'a, W> {
    /// The nodes that a path leads to, in document order.
    pub(super) fn walk(
        &self,
        path: &'a PathOp,
        frame: &Frame<'_, 'a, W::Node>,
    ) -> Result<Vec<Item<'a, W::Node>>, EvalError> {
        let mut items = match &path.start {
            StartOp::Own => vec![Item::Own(&self.at.node)],
            StartOp::Context => vec![self.context(frame)],
            StartOp::Document => vec![self.world.document().map_or(Item::Document, Item::Node)],
            StartOp::Op(op, predicates) => {
                let mut items = self.items(op, frame)?;
                for predicate in predicates {
                    items = self.chosen(items, predicate)?;
                }
                items
            }
        };
        // Steps from nodes inside each other can reach nodes out of order or twice.
        let mut may_be_nested = items.len() > 1;
        for step in &path.steps {
            let n_from = items.len();
            let mut reached = Vec::new();
            for item in &items {
                self.charge(0)?;
                reached.extend(self.step(item, step, frame)?);
            }
            let keeps_order = match step.axis {
                Axis::SelfAxis | Axis::Attribute => true,
                Axis::Child => n_from == 1 || !may_be_nested,
                Axis::Descendant | Axis::DescendantOrSelf | Axis::FollowingSibling | Axis::Following => {
                    n_from <= 1
                }
                Axis::Parent => n_from <= 1,
                Axis::Ancestor
                | Axis::AncestorOrSelf
                | Axis::Preceding
                | Axis::PrecedingSibling
                | Axis::Namespace => false,
            };
            if !keeps_order {
                reached = self.in_document_order(reached)?;
            }
            may_be_nested |= !matches!(
                step.axis,
                Axis::SelfAxis | Axis::Child | Axis::Attribute | Axis::Parent
            );
            items = reached;
        }
        Ok(items)
    }

    fn step(
        &self,
        item: &Item<'a, W::Node>,
        step: &'a StepOp,
        frame: &Frame<'_, 'a, W::Node>,
    ) -> Result<Vec<Item<'a, W::Node>>, EvalError> {
        let mut found = match self.rows_by_index(item, step, frame)? {
            Some(rows) => rows,
            None => self.along(item, step.axis)?,
        };
        found.retain(|candidate| self.meets(candidate, step.axis, &step.test));
        for predicate in &step.predicates {
            found = self.chosen(found, predicate)?;
        }
        Ok(found)
    }

    /// Those nodes for which a predicate holds; a number means the place.
    fn chosen(
        &self,
        items: Vec<Item<'a, W::Node>>,
        predicate: &'a Op,
    ) -> Result<Vec<Item<'a, W::Node>>, EvalError> {
        let size = items.len();
        self.charge(size)?;
        let mut kept = Vec::new();
        for (at, item) in items.into_iter().enumerate() {
            let position = at + 1;
            // What the texts before have cost.
            self.charge(0)?;
            let frame = Frame {
                item: Some(&item),
                position,
                size,
            };
            let holds = match self.eval(predicate, &frame)? {
                Val::Number(place) => place == position as f64,
                value => self.to_boolean(&value),
            };
            if holds {
                kept.push(item);
            }
        }
        Ok(kept)
    }

    /// The rows of a table that an index finds for the first predicate; None = look at all of them.
    fn rows_by_index(
        &self,
        item: &Item<'a, W::Node>,
        step: &'a StepOp,
        frame: &Frame<'_, 'a, W::Node>,
    ) -> Result<Option<Vec<Item<'a, W::Node>>>, EvalError> {
        let (Item::Rows(table) | Item::Element(table, 0), Axis::Child, Some((column, value))) =
            (item, step.axis, &step.key)
        else {
            return Ok(None);
        };
        let table = *table;
        let value = self.text(value, frame)?;
        // A missing state has no text but may meet its code in a cell.
        if value.is_empty() {
            return Ok(None);
        }
        let rows = table
            .column(column)
            .and_then(|column| table.rows_where(column, &value));
        let tree = table.tree();
        Ok(rows.map(|rows| {
            rows.into_iter()
                .filter_map(|row| match tree {
                    Some(tree) => Some(Item::Element(table, tree.row(row)?)),
                    None => Some(Item::Row(table, row)),
                })
                .collect()
        }))
    }
}
