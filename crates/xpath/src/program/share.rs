//! Finding, in an expression of rows, what is the same in all of them, so that it is worked out once.

use crate::functions::Function;
use crate::program::condition::{column_name, equality_or_order};
use crate::program::op::{CountOp, Op, PathOp, SharedOp, StartOp, StepOp, Test};
use crate::resolve::{Names, NodeId, Place};
use crate::syntax::{Axis, Operator};

/// Where the expression belongs.
pub(super) struct Around<'a> {
    names: &'a dyn Names,
    node: NodeId,
    /// How many levels above it its row is; None = it stands in no row, so nothing is shared.
    own_row: Option<usize>,
}

impl<'a> Around<'a> {
    pub(super) fn new(names: &'a dyn Names, place: Place) -> Around<'a> {
        let mut around = Around {
            names,
            node: place.node,
            own_row: None,
        };
        if !place.is_choice_filter && !names.is_open() {
            around.own_row = around.levels_to(|node| names.is_repeat(node));
        }
        around
    }

    /// The same expression with what rows share marked.
    pub(super) fn share(&self, op: Op) -> Op {
        if self.own_row.is_none() {
            return op;
        }
        match op {
            Op::Call(function, arguments) if is_total(function) => {
                let whole = Op::Call(function, arguments);
                match self.outside_row(self.levels(&whole, false)) {
                    Some(levels) => Op::Shared(Box::new(SharedOp { levels, op: whole })),
                    None => match self.count_rows(&whole) {
                        Some(count) => Op::CountRows(Box::new(count)),
                        None => whole,
                    },
                }
            }
            Op::Call(function, arguments) => Op::Call(function, self.each(arguments)),
            Op::And(parts) => Op::And(self.each(parts)),
            Op::Or(parts) => Op::Or(self.each(parts)),
            Op::Negate(inside) => Op::Negate(Box::new(self.share(*inside))),
            Op::Chain(first, rest) => {
                let rest = rest.into_iter().map(|(operator, op)| (operator, self.share(op)));
                Op::Chain(Box::new(self.share(*first)), rest.collect())
            }
            Op::Matches(text, pattern) => Op::Matches(Box::new(self.share(*text)), pattern),
            Op::Number(_)
            | Op::Text(_)
            | Op::Boolean(_)
            | Op::Own
            | Op::Context
            | Op::One(_)
            | Op::All(_)
            | Op::LastSaved(_)
            | Op::Column(_)
            | Op::Instance(_)
            | Op::Path(_)
            | Op::Union(_)
            | Op::ChoiceName(..)
            | Op::Wrong(_)
            | Op::Indexed(..)
            | Op::Shared(_)
            | Op::CountRows(_) => op,
        }
    }

    fn each(&self, parts: Vec<Op>) -> Vec<Op> {
        parts.into_iter().map(|part| self.share(part)).collect()
    }

    fn outside_row(&self, levels: Option<usize>) -> Option<usize> {
        levels.filter(|levels| self.own_row.is_some_and(|own_row| *levels > own_row))
    }

    /// `count(rows[column < value])`, of which the rows are the same for all and the value is not.
    fn count_rows(&self, whole: &Op) -> Option<CountOp> {
        let Op::Call(Function::Count, arguments) = whole else {
            return None;
        };
        let [Op::Path(path)] = arguments.as_slice() else {
            return None;
        };
        let mut rows = PathOp::clone(path);
        let last = rows.steps.last_mut()?;
        last.key = None;
        let predicate = match std::mem::take(&mut last.predicates).as_slice() {
            [predicate] => predicate.clone(),
            _ => return None,
        };
        let (left, operator, right) = equality_or_order(&predicate)?;
        let (column, operator, value) = match (column_name(left), column_name(right)) {
            (Some(_), None) => (left, operator, right),
            (None, Some(_)) => (right, turned(operator)?, left),
            _ => return None,
        };
        // The value is evaluated outside the predicate, so it must mean the same there.
        if reads_context(value) || matches!(value, Op::Boolean(_)) {
            return None;
        }
        self.levels(value, false)?;
        let rows = Op::Path(Box::new(rows));
        Some(CountOp {
            levels: self.outside_row(self.levels(&rows, false))?,
            rows,
            column: column.clone(),
            operator,
            value: value.clone(),
            whole: whole.clone(),
        })
    }

    /// How many levels above the own node stands what the value depends on; None = on more than that. `inside`: whether
    /// it stands in a predicate, whose context comes from the nodes that are judged.
    fn levels(&self, op: &Op, inside: bool) -> Option<usize> {
        match op {
            Op::Number(_) | Op::Text(_) | Op::Boolean(_) | Op::LastSaved(_) => Some(usize::MAX),
            Op::Context => inside.then_some(usize::MAX),
            Op::Own => Some(0),
            Op::One(target) => Some(self.levels_of(*target)),
            // In a predicate it is seen from the node that is judged.
            Op::All(target) => (!inside).then(|| self.levels_of(*target)),
            Op::Negate(op) => self.levels(op, inside),
            Op::And(parts) | Op::Or(parts) => self.least(parts, inside),
            Op::Chain(first, rest) => {
                let rest = rest.iter().map(|(_, op)| self.levels(op, inside));
                rest.fold(self.levels(first, inside), |least, levels| {
                    Some(least?.min(levels?))
                })
            }
            // Without arguments functions are about the context.
            Op::Call(function, arguments) if arguments.is_empty() => {
                (inside && is_settled(*function)).then_some(usize::MAX)
            }
            Op::Call(function, arguments) if is_settled(*function) => self.least(arguments, inside),
            Op::Path(path) => self.levels_of_path(path, inside),
            Op::Column(_)
            | Op::Instance(_)
            | Op::Union(_)
            | Op::Call(..)
            | Op::Matches(..)
            | Op::ChoiceName(..)
            | Op::Wrong(_)
            | Op::Indexed(..)
            | Op::Shared(_)
            | Op::CountRows(_) => None,
        }
    }

    fn least(&self, parts: &[Op], inside: bool) -> Option<usize> {
        let mut parts = parts.iter();
        parts.try_fold(usize::MAX, |least, part| {
            Some(least.min(self.levels(part, inside)?))
        })
    }

    fn levels_of_path(&self, path: &PathOp, inside: bool) -> Option<usize> {
        let mut least = match &path.start {
            StartOp::Own => path.steps.iter().take_while(|step| is_up(step)).count(),
            StartOp::Context => return inside.then(|| self.of_predicates(&path.steps)).flatten(),
            StartOp::Document => usize::MAX,
            StartOp::Op(op, predicates) => {
                let start = self.levels(op, inside)?;
                predicates.iter().try_fold(start, |least, predicate| {
                    Some(least.min(self.levels(predicate, true)?))
                })?
            }
        };
        least = least.min(self.of_predicates(&path.steps)?);
        Some(least)
    }

    fn of_predicates(&self, steps: &[StepOp]) -> Option<usize> {
        let mut predicates = steps.iter().flat_map(|step| &step.predicates);
        predicates.try_fold(usize::MAX, |least, predicate| {
            Some(least.min(self.levels(predicate, true)?))
        })
    }

    /// How far up the innermost row is that the own node and another item have in common.
    fn levels_of(&self, target: NodeId) -> usize {
        let mut repeats = Vec::new();
        let mut next = Some(target);
        while let Some(node) = next {
            if self.names.is_repeat(node) {
                repeats.push(node);
            }
            next = self.names.parent(node);
        }
        self.levels_to(|node| repeats.contains(&node))
            .unwrap_or(usize::MAX)
    }

    fn levels_to(&self, is_it: impl Fn(NodeId) -> bool) -> Option<usize> {
        let mut node = self.node;
        let mut levels = 0;
        while !is_it(node) {
            node = self.names.parent(node)?;
            levels += 1;
        }
        Some(levels)
    }
}

/// `..`
fn is_up(step: &StepOp) -> bool {
    step.axis == Axis::Parent && step.test == Test::Node && step.predicates.is_empty()
}

/// Whether a value depends on the node that a predicate judges.
fn reads_context(op: &Op) -> bool {
    match op {
        Op::Number(_) | Op::Text(_) | Op::Boolean(_) | Op::LastSaved(_) | Op::Own | Op::One(_) => false,
        Op::Negate(op) => reads_context(op),
        Op::Chain(first, rest) => reads_context(first) || rest.iter().any(|(_, op)| reads_context(op)),
        Op::Call(_, arguments) => arguments.is_empty() || arguments.iter().any(reads_context),
        Op::Path(path) => {
            !matches!(path.start, StartOp::Own) || path.steps.iter().any(|step| !step.predicates.is_empty())
        }
        _ => true,
    }
}

/// The comparison with its sides exchanged.
fn turned(operator: Operator) -> Option<Operator> {
    Some(match operator {
        Operator::Equal => Operator::Equal,
        Operator::Less => Operator::Greater,
        Operator::LessOrEqual => Operator::GreaterOrEqual,
        Operator::Greater => Operator::Less,
        Operator::GreaterOrEqual => Operator::LessOrEqual,
        Operator::NotEqual
        | Operator::Add
        | Operator::Subtract
        | Operator::Multiply
        | Operator::Divide
        | Operator::Modulo => return None,
    })
}

/// Functions that make one number or text of many nodes.
fn is_total(function: Function) -> bool {
    matches!(
        function,
        Function::Count
            | Function::CountNonEmpty
            | Function::Join
            | Function::Max
            | Function::Min
            | Function::Sum
    )
}

/// Functions whose value depends on their arguments and on nothing else.
fn is_settled(function: Function) -> bool {
    is_total(function)
        || matches!(
            function,
            Function::Abs
                | Function::Coalesce
                | Function::Concat
                | Function::Contains
                | Function::CountSelected
                | Function::Date
                | Function::If
                | Function::Int
                | Function::Not
                | Function::Number
                | Function::Position
                | Function::Round
                | Function::Selected
                | Function::StartsWith
                | Function::String
                | Function::StringLength
        )
}
