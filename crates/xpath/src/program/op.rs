//! The resolved tree that is evaluated: names have become numbers.

use regex::Regex;

use crate::functions::Function;
use crate::resolve::NodeId;
use crate::syntax::{Axis, Operator};

/// One operation.
#[derive(Debug, Clone)]
pub(crate) enum Op {
    Number(f64),
    Text(Box<str>),
    Boolean(bool),
    /// The item that the expression belongs to, or the answer that a constraint judges.
    Own,
    /// The context node of a predicate.
    Context,
    /// An item that stands once, seen from the own item.
    One(NodeId),
    /// An item that may stand several times.
    All(NodeId),
    LastSaved(NodeId),
    /// A cell of the row that a choice filter judges, by its place in the program's columns.
    Column(usize),
    /// The document of a choice list or file.
    Instance(Box<str>),
    Path(Box<PathOp>),
    Union(Vec<Op>),
    Negate(Box<Op>),
    And(Vec<Op>),
    Or(Vec<Op>),
    Chain(Box<Op>, Vec<(Operator, Op)>),
    Call(Function, Vec<Op>),
    /// `regex()` with a pattern that is known.
    Matches(Box<Op>, Box<Regex>),
    /// `jr:choice-name()` of a value of a select question.
    ChoiceName(Box<Op>, NodeId),
    /// A call that is wrong, in a world where that shows only when it is evaluated.
    Wrong(Box<str>),
    /// `indexed-repeat()`: the field, and for each repeat from outside to inside which row.
    Indexed(NodeId, Vec<(NodeId, Op)>),
    /// What is the same in all rows.
    Shared(Box<SharedOp>),
    /// `count(rows[column < value])`.
    CountRows(Box<CountOp>),
}

/// A number or text that depends on the own node only by what is around it.
#[derive(Debug, Clone)]
pub(crate) struct SharedOp {
    /// So many levels above the own node stands what it depends on; `usize::MAX` = on the whole interview only.
    pub levels: usize,
    pub op: Op,
}

/// How many rows have a value that compares with one of the own row.
#[derive(Debug, Clone)]
pub(crate) struct CountOp {
    /// As of [`SharedOp`], for the rows.
    pub levels: usize,
    /// All rows.
    pub rows: Op,
    /// The value of a row, seen from it.
    pub column: Op,
    /// How it is to compare.
    pub operator: Operator,
    /// The value of the own row.
    pub value: Op,
    /// The whole as written.
    pub whole: Op,
}

/// A location path.
#[derive(Debug, Clone)]
pub(crate) struct PathOp {
    pub start: StartOp,
    pub steps: Vec<StepOp>,
}

/// Where a path begins.
#[derive(Debug, Clone)]
pub(crate) enum StartOp {
    /// The own node.
    Own,
    /// The context node of a predicate.
    Context,
    Document,
    Op(Op, Vec<Op>),
}

/// Which nodes a step takes; prefixes are resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Test {
    /// A name as written.
    Name(Box<str>),
    /// A name in a namespace.
    NameIn {
        namespace: Box<str>,
        local: Box<str>,
    },
    AnyName,
    /// Any name with a prefix as written.
    AnyWithPrefix(Box<str>),
    AnyIn(Box<str>),
    Node,
    Text,
    Comment,
    Instruction(Option<Box<str>>),
}

/// One step of a location path.
#[derive(Debug, Clone)]
pub(crate) struct StepOp {
    pub axis: Axis,
    pub test: Test,
    pub predicates: Vec<Op>,
    /// From a first predicate `column = value` whose value does not depend on the row: rows of a table that have
    /// an index for the column need not be searched.
    pub key: Option<(Box<str>, Op)>,
}

impl Op {
    /// Whether its value is certainly compared as text: an index of texts finds the same rows then.
    pub(crate) fn is_text(&self) -> bool {
        matches!(
            self,
            Op::Text(_) | Op::Own | Op::One(_) | Op::LastSaved(_) | Op::Column(_)
        )
    }
}
