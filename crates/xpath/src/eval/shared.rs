//! Results that are the same in all rows of a repeat: totals of them, and columns of them to count in.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::eval::EvalError;
use crate::eval::memory::{Column, Shared};
use crate::eval::run::{Frame, Run, Value, outermost};
use crate::eval::val::Val;
use crate::program::op::{CountOp, SharedOp};
use crate::syntax::Operator;
use crate::world::World;

impl<'a, W: World> Run<'a, W> {
    /// A total, added up once for all rows that have the same node around them.
    pub(super) fn shared(&self, shared: &'a SharedOp) -> Value<'a, W> {
        let Some(memory) = self.world.memory() else {
            return self.eval(&shared.op, &outermost());
        };
        let operation = std::ptr::from_ref(shared).addr();
        let base = self.base(shared.levels);
        if let Some(value) = memory.value(operation, &base) {
            return Ok(match value {
                Shared::Number(number) => Val::Number(number),
                Shared::Text(text) => Val::Text(Cow::Owned(text)),
            });
        }
        let value = self.eval(&shared.op, &outermost())?;
        match &value {
            Val::Number(number) => memory.keep_value(operation, base, Shared::Number(*number)),
            Val::Text(text) => memory.keep_value(operation, base, Shared::Text(text.to_string())),
            Val::Boolean(_) | Val::Day(_) | Val::Moment(_) | Val::Item(_) | Val::Items(_) => {}
        }
        Ok(value)
    }

    /// How many rows have a value in a column that is equal to, less or more than one of the own row.
    pub(super) fn count_rows(&self, count: &'a CountOp) -> Value<'a, W> {
        let Some(memory) = self.world.memory() else {
            return self.eval(&count.whole, &outermost());
        };
        let value = self.eval(&count.value, &outermost())?;
        let is_equality = count.operator == Operator::Equal;
        let text = match &value {
            _ if !is_equality => None,
            Val::Text(_) | Val::Item(_) if self.missing(&value).is_none() => Some(self.to_text(&value)),
            // Numbers are equal when they are nearly so, a missing answer when it has the code.
            _ => return self.eval(&count.whole, &outermost()),
        };
        if matches!(value, Val::Items(_)) {
            return self.eval(&count.whole, &outermost());
        }
        let number = match is_equality {
            true => f64::NAN,
            false => self.to_number(&value),
        };
        let ask = |column: &Column| -> Option<usize> {
            let numbers = column.numbers.as_ref()?;
            Some(match (&text, count.operator) {
                (Some(text), _) => column.texts.as_ref()?.get(&**text).copied().unwrap_or(0),
                (None, _) if number.is_nan() => 0,
                (None, Operator::Less) => numbers.partition_point(|other| *other < number),
                (None, Operator::LessOrEqual) => numbers.partition_point(|other| *other <= number),
                (None, Operator::Greater) => {
                    numbers.len() - numbers.partition_point(|other| *other <= number)
                }
                (None, Operator::GreaterOrEqual) => {
                    numbers.len() - numbers.partition_point(|other| *other < number)
                }
                (None, _) => return None,
            })
        };
        let operation = std::ptr::from_ref(count).addr();
        let base = self.base(count.levels);
        let found = match memory.in_column(operation, &base, ask) {
            Some(found) => found,
            None => {
                let column = self.column(count)?;
                let found = ask(&column);
                memory.keep_column(operation, base, column);
                found
            }
        };
        match found {
            Some(n_rows) => Ok(Val::Number(n_rows as f64)),
            None => self.eval(&count.whole, &outermost()),
        }
    }

    /// The values of all rows in a column.
    fn column(&self, count: &'a CountOp) -> Result<Column, EvalError> {
        let rows = self.items(&count.rows, &outermost())?;
        self.charge(rows.len())?;
        let (mut numbers, mut texts) = (Vec::new(), HashMap::new());
        for (at, row) in rows.iter().enumerate() {
            let frame = Frame {
                item: Some(row),
                position: at + 1,
                size: rows.len(),
            };
            let mut cells = self.items(&count.column, &frame)?;
            // A row with several values counts if any of them does.
            if cells.len() > 1 {
                return Ok(Column::default());
            }
            // No value compares like a blank one.
            let cell: Val<'a, W::Node> = cells.pop().map_or(Val::Text(Cow::Borrowed("")), Val::Item);
            if count.operator != Operator::Equal {
                let number = self.to_number(&cell);
                if !number.is_nan() {
                    numbers.push(number);
                }
            } else if self.missing(&cell).is_some() {
                return Ok(Column::default());
            } else {
                *texts.entry(self.to_text(&cell).into_owned()).or_default() += 1;
            }
        }
        numbers.sort_unstable_by(f64::total_cmp);
        Ok(Column {
            numbers: Some(numbers),
            texts: Some(texts),
        })
    }

    /// The node so many levels above the own one; None = there are not so many.
    fn base(&self, levels: usize) -> Option<W::Node> {
        if levels == usize::MAX {
            return None;
        }
        let mut node = self.at.node.clone();
        for _ in 0..levels {
            node = self.world.parent(&node)?;
        }
        Some(node)
    }
}
