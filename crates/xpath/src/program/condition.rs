//! Finding, in a condition on rows, a part that an index can answer.

use crate::program::op::{Op, PathOp, StartOp, Test};
use crate::syntax::{Axis, Operator};

/// In a choice filter: a column and the value it must have, which reads no row.
pub(super) fn index_keys(filter: &Op) -> Vec<(usize, &Op)> {
    let keys = conjuncts(filter).into_iter().filter_map(|part| {
        let (left, right) = equality(part)?;
        let row_free = |op: &Op| op.is_text() && !matches!(op, Op::Column(_));
        match (left, right) {
            (Op::Column(column), value) | (value, Op::Column(column)) if row_free(value) => {
                Some((*column, value))
            }
            _ => None,
        }
    });
    keys.collect()
}

/// In a predicate on the rows of an instance: the name of a column and the value it must have.
pub(super) fn predicate_key(predicate: &Op) -> Option<(Box<str>, Op)> {
    conjuncts(predicate).into_iter().find_map(|part| {
        let (left, right) = equality(part)?;
        match (column_name(left), column_name(right)) {
            (Some(column), None) if right.is_text() => Some((column.into(), right.clone())),
            (None, Some(column)) if left.is_text() => Some((column.into(), left.clone())),
            _ => None,
        }
    })
}

/// The parts that must all hold.
fn conjuncts(condition: &Op) -> Vec<&Op> {
    let mut found = Vec::new();
    let mut waiting = vec![condition];
    while let Some(part) = waiting.pop() {
        match part {
            Op::And(parts) => waiting.extend(parts.iter().rev()),
            other => found.push(other),
        }
    }
    found
}

fn equality(op: &Op) -> Option<(&Op, &Op)> {
    match op {
        Op::Chain(left, rest) => match rest.as_slice() {
            [(Operator::Equal, right)] => Some((left, right)),
            _ => None,
        },
        _ => None,
    }
}

/// The sides of an equality or of a comparison by size.
pub(super) fn equality_or_order(op: &Op) -> Option<(&Op, Operator, &Op)> {
    let Op::Chain(left, rest) = op else {
        return None;
    };
    let [(operator, right)] = rest.as_slice() else {
        return None;
    };
    let is_wanted = match operator {
        Operator::Equal
        | Operator::Less
        | Operator::LessOrEqual
        | Operator::Greater
        | Operator::GreaterOrEqual => true,
        Operator::NotEqual
        | Operator::Add
        | Operator::Subtract
        | Operator::Multiply
        | Operator::Divide
        | Operator::Modulo => false,
    };
    is_wanted.then_some((left.as_ref(), *operator, right))
}

/// The name, if the operation is a plain `name` or `./name` from the context node.
pub(super) fn column_name(op: &Op) -> Option<&str> {
    let Op::Path(path) = op else {
        return None;
    };
    let PathOp {
        start: StartOp::Context,
        steps,
    } = path.as_ref()
    else {
        return None;
    };
    let step = match steps.as_slice() {
        [step] => step,
        [first, step]
            if first.axis == Axis::SelfAxis && first.test == Test::Node && first.predicates.is_empty() =>
        {
            step
        }
        _ => return None,
    };
    match &step.test {
        Test::Name(name) if step.axis == Axis::Child && step.predicates.is_empty() => Some(name),
        _ => None,
    }
}
