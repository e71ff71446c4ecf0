//! Resolving a tree: names become items of the form, functions are checked, dependencies are collected.

mod call;
mod path;

use std::collections::BTreeSet;

use crate::program::op::{Op, PathOp, StartOp, StepOp, Test};
use crate::resolve::{Named, Names, NodeId, Place, Problem};
use crate::syntax::{Axis, Expr, ExprKind};

/// Resolves one expression.
pub(super) struct Compiler<'a> {
    names: &'a dyn Names,
    place: Place,
    /// The repeats around the own item, itself included.
    own_repeats: BTreeSet<NodeId>,
    dependencies: BTreeSet<NodeId>,
    columns: Vec<String>,
    problems: Vec<Problem>,
    reads_self: bool,
    reads_clock: bool,
    reads_chance: bool,
    reads_language: bool,
    looks_around: bool,
    reads_own_rows: bool,
}

/// What was found out about an expression besides its operations.
pub(super) struct Compiled {
    pub dependencies: Vec<NodeId>,
    pub columns: Vec<String>,
    pub reads_self: bool,
    pub reads_clock: bool,
    pub reads_chance: bool,
    pub reads_language: bool,
    pub looks_around: bool,
    pub reads_own_rows: bool,
}

/// What bare names and `.` mean at some place of an expression.
#[derive(Debug, Clone)]
enum Scope {
    /// The item that the expression belongs to.
    Own,
    /// The row that a choice filter judges.
    Row,
    /// Inside a predicate: one of these items, or something outside the form (None).
    Nodes(Option<Vec<NodeId>>),
}

impl<'a> Compiler<'a> {
    pub(super) fn new(names: &'a dyn Names, place: Place) -> Compiler<'a> {
        let mut compiler = Compiler {
            names,
            place,
            own_repeats: BTreeSet::new(),
            dependencies: BTreeSet::new(),
            columns: Vec::new(),
            problems: Vec::new(),
            reads_self: false,
            reads_clock: false,
            reads_chance: false,
            reads_language: false,
            looks_around: false,
            reads_own_rows: false,
        };
        compiler.own_repeats = compiler.repeats_around(place.node).into_iter().collect();
        compiler
    }

    /// Resolves the whole expression.
    pub(super) fn whole(&mut self, expr: &Expr) -> Op {
        let scope = if self.place.is_choice_filter {
            Scope::Row
        } else {
            Scope::Own
        };
        self.expr(expr, &scope)
    }

    /// What was found out, or everything that is wrong.
    pub(super) fn finish(mut self) -> Result<Compiled, Vec<Problem>> {
        if !self.problems.is_empty() {
            return Err(self.problems);
        }
        self.dependencies.remove(&self.place.node);
        Ok(Compiled {
            dependencies: self.dependencies.into_iter().collect(),
            columns: self.columns,
            reads_self: self.reads_self,
            reads_clock: self.reads_clock,
            reads_chance: self.reads_chance,
            reads_language: self.reads_language,
            looks_around: self.looks_around,
            reads_own_rows: self.reads_own_rows,
        })
    }

    fn expr(&mut self, expr: &Expr, scope: &Scope) -> Op {
        match &expr.what {
            ExprKind::Or(parts) => Op::Or(self.all(parts, scope)),
            ExprKind::And(parts) => Op::And(self.all(parts, scope)),
            ExprKind::Union(parts) => Op::Union(self.all(parts, scope)),
            ExprKind::Chain(first, rest) => {
                let first = self.expr(first, scope);
                let rest = rest
                    .iter()
                    .map(|(operator, right)| (*operator, self.expr(right, scope)))
                    .collect();
                Op::Chain(Box::new(first), rest)
            }
            ExprKind::Negate(inside) => match self.expr(inside, scope) {
                Op::Number(number) => Op::Number(-number),
                op => Op::Negate(Box::new(op)),
            },
            ExprKind::Number(number) => Op::Number(*number),
            ExprKind::Text(text) => Op::Text(text.as_str().into()),
            ExprKind::Reference(name) => match self.reference(name, expr.at) {
                Some(target) => self.all_rows(target).unwrap_or_else(|| self.target(target)),
                None => Op::Text("".into()),
            },
            ExprKind::LastSaved(name) => match self.reference(name, expr.at) {
                Some(target) => {
                    self.reads_chance = true;
                    Op::LastSaved(target)
                }
                None => Op::Text("".into()),
            },
            ExprKind::Call(name, arguments) => self.call(expr.at, name, arguments, scope),
            ExprKind::Path(path) => self.path(path, expr.at, scope),
        }
    }

    fn all(&mut self, parts: &[Expr], scope: &Scope) -> Vec<Op> {
        parts.iter().map(|part| self.expr(part, scope)).collect()
    }

    /// The item that `${name}` means, or a problem.
    fn reference(&mut self, name: &str, at: usize) -> Option<NodeId> {
        match self.names.named(name) {
            Named::One(target) => Some(target),
            Named::Ambiguous(paths) => {
                self.problem(
                    at,
                    format!("${{{name}}} could mean any of {}", paths.join(", ")),
                    "Give these questions different names.".to_owned(),
                );
                None
            }
            Named::Unknown { similar } => {
                let advice = match similar {
                    Some(similar) => format!("Did you mean ${{{similar}}}?"),
                    None => "Write the name of a question of this form.".to_owned(),
                };
                self.problem(at, format!("no question is named {name}"), advice);
                None
            }
        }
    }

    /// The operation that reads an item.
    fn target(&mut self, target: NodeId) -> Op {
        if target == self.place.node {
            self.reads_self = true;
            return Op::Own;
        }
        self.depend(target);
        if self.is_single(target) {
            Op::One(target)
        } else {
            Op::All(target)
        }
    }

    /// A repeat that the own item stands in, named from inside: as in JavaRosa all its rows are meant, and not the own one.
    /// None for anything else.
    fn all_rows(&mut self, repeat: NodeId) -> Option<Op> {
        let is_around = self.names.is_repeat(repeat) && self.own_repeats.contains(&repeat);
        if !is_around || repeat == self.place.node || self.names.is_open() {
            return None;
        }
        let parent = self.names.parent(repeat)?;
        self.dependencies.insert(repeat);
        let step = StepOp {
            axis: Axis::Child,
            test: Test::Name(self.names.name(repeat).into()),
            predicates: Vec::new(),
            key: None,
        };
        Some(Op::Path(Box::new(PathOp {
            start: StartOp::Op(Op::One(parent), Vec::new()),
            steps: vec![step],
        })))
    }

    /// Notes that the value depends on an item, and on the rows of repeats that stand between.
    fn depend(&mut self, target: NodeId) {
        self.dependencies.insert(target);
        let outside: Vec<NodeId> = self.repeats_around(target);
        self.dependencies.extend(
            outside
                .into_iter()
                .filter(|repeat| !self.own_repeats.contains(repeat)),
        );
    }

    /// Whether the own item sees exactly one node of an item.
    fn is_single(&self, target: NodeId) -> bool {
        self.repeats_around(target)
            .iter()
            .all(|repeat| self.own_repeats.contains(repeat))
    }

    /// The repeats that an item is inside of, itself included, from inside to outside.
    fn repeats_around(&self, node: NodeId) -> Vec<NodeId> {
        let mut repeats = Vec::new();
        let mut next = Some(node);
        while let Some(node) = next {
            if self.names.is_repeat(node) {
                repeats.push(node);
            }
            next = self.names.parent(node);
        }
        repeats
    }

    /// The place of a column among those that a choice filter reads.
    fn column(&mut self, name: &str) -> Op {
        let known = self.columns.iter().position(|column| column == name);
        Op::Column(known.unwrap_or_else(|| {
            self.columns.push(name.to_owned());
            self.columns.len() - 1
        }))
    }

    fn problem(&mut self, at: usize, message: String, advice: String) {
        self.problems.push(Problem { at, message, advice });
    }
}
