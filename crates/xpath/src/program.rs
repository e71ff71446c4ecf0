//! An expression that was resolved against a form and is ready to run.

mod compile;
mod condition;
pub(crate) mod op;
mod share;

use std::cell::Cell;

use crate::eval::run::Run;
use crate::eval::{At, EvalError, XValue};
use crate::program::compile::Compiler;
use crate::program::op::Op;
use crate::resolve::{Names, NodeId, Place, Problem};
use crate::syntax;
use crate::world::{Table, World};

/// A compiled expression. Compiling finds unknown functions, references and instances; evaluating looks up no names.
#[derive(Debug, Clone)]
pub struct Program {
    op: Op,
    dependencies: Vec<NodeId>,
    columns: Vec<String>,
    reads_self: bool,
    reads_clock: bool,
    reads_chance: bool,
    reads_language: bool,
    looks_around: bool,
    reads_own_rows: bool,
    index_keys: Box<[IndexKey]>,
}

/// A part `column = value` that all rows chosen by a filter must meet, so that an index can find them.
///
/// The value is compared as text: look up its [`Program::eval_text`], then judge the found rows by the whole filter.
/// If that text is blank the index does not help (a missing state may meet its code): judge all rows.
#[derive(Debug, Clone)]
pub struct IndexKey {
    /// Name of the column.
    pub column: String,
    /// The value it must have; reads no columns, so it is evaluated at the node without a row.
    pub value: Program,
}

impl Program {
    /// Parses and resolves an expression; on failure says everything that is wrong with it.
    pub fn compile(source: &str, names: &dyn Names, place: Place) -> Result<Program, Vec<Problem>> {
        let expr = syntax::parse(source).map_err(|error| {
            vec![Problem {
                at: error.at,
                message: error.message,
                advice: String::new(),
            }]
        })?;
        let mut compiler = Compiler::new(names, place);
        let op = compiler.whole(&expr);
        let compiled = compiler.finish()?;
        let program = Program {
            op,
            dependencies: compiled.dependencies,
            columns: compiled.columns,
            reads_self: compiled.reads_self,
            reads_clock: compiled.reads_clock,
            reads_chance: compiled.reads_chance,
            reads_language: compiled.reads_language,
            looks_around: compiled.looks_around,
            reads_own_rows: compiled.reads_own_rows,
            index_keys: Box::default(),
        };
        let key = |(column, value): (usize, &Op)| {
            let column = program.columns.get(column)?.clone();
            let value = Program {
                op: value.clone(),
                columns: Vec::new(),
                ..program.clone()
            };
            Some(IndexKey { column, value })
        };
        let index_keys: Box<[IndexKey]> = condition::index_keys(&program.op)
            .into_iter()
            .filter_map(key)
            .collect();
        let around = share::Around::new(names, place);
        Ok(Program {
            index_keys,
            op: around.share(program.op),
            ..program
        })
    }

    /// The items whose answer, row count or relevance it reads, ascending, each once; its own item is not among
    /// them (see [`Program::reads_self`]).
    pub fn dependencies(&self) -> &[NodeId] {
        &self.dependencies
    }

    /// Whether it reads the answer of the item it belongs to (`.`).
    pub fn reads_self(&self) -> bool {
        self.reads_self
    }

    /// Whether its value changes with the time (`now()`, `today()`).
    pub fn reads_clock(&self) -> bool {
        self.reads_clock
    }

    /// Whether its value is drawn (`random()`, `uuid()`), or comes from the interview saved before: computed later, or
    /// elsewhere, it would be another.
    pub fn reads_chance(&self) -> bool {
        self.reads_chance
    }

    /// Whether its value is a text of the form, which changes with the language shown (`jr:choice-name()`, `jr:itext()`).
    pub fn reads_language(&self) -> bool {
        self.reads_language
    }

    /// Whether it may read the answers to its own item in other rows, as a running total does.
    pub fn reads_own_rows(&self) -> bool {
        self.reads_own_rows
    }

    /// Whether it may read other rows of a repeat that its own item stands in (by a path through the answers, or
    /// `indexed-repeat()`). If not, all it reads shares with it the rows of all repeats around both.
    pub fn looks_around(&self) -> bool {
        self.looks_around
    }

    /// The columns that a choice filter reads, in the order of [`Program::bind`]; `.` reads `name`.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Where a table has the columns that a choice filter reads; do it once, then evaluate row by row.
    pub fn bind(&self, table: &dyn Table) -> Vec<Option<usize>> {
        self.columns.iter().map(|column| table.column(column)).collect()
    }

    /// For a choice filter that is, or contains as a necessary part, `column = <expression without columns>`.
    pub fn index_key(&self) -> Option<&IndexKey> {
        self.index_keys.first()
    }

    /// All such parts; each alone finds all rows that the filter can choose, so take the one that finds fewest.
    pub fn index_keys(&self) -> &[IndexKey] {
        &self.index_keys
    }

    /// The item, if the whole expression is one reference to it (`${name}`), such as a repeat count is.
    pub fn sole_reference(&self) -> Option<NodeId> {
        match &self.op {
            Op::One(node) | Op::All(node) => Some(*node),
            _ => None,
        }
    }

    /// The value, of whatever type the expression has.
    pub fn eval<W: World>(&self, world: &W, at: &At<'_, W::Node>) -> Result<XValue, EvalError> {
        Run::new(world, at).value(&self.op)
    }

    /// The value as text, as a calculation keeps it: a number that is none becomes blank.
    pub fn eval_text<W: World>(&self, world: &W, at: &At<'_, W::Node>) -> Result<String, EvalError> {
        Run::new(world, at).result_text(&self.op)
    }

    /// The value as `string()` gives it; a number that is none is `NaN`.
    pub fn eval_string<W: World>(&self, world: &W, at: &At<'_, W::Node>) -> Result<String, EvalError> {
        Run::new(world, at).result_string(&self.op)
    }

    /// The value as a condition.
    pub fn eval_bool<W: World>(&self, world: &W, at: &At<'_, W::Node>) -> Result<bool, EvalError> {
        Run::new(world, at).result_bool(&self.op)
    }

    /// The value as a condition, for one of many rows that are judged one after the other: `spent` is what judging the
    /// rows before has taken beyond what each row may take anyway, so that many rows do not multiply [`MAX_WORK`].
    ///
    /// [`MAX_WORK`]: crate::eval::MAX_WORK
    pub fn judge<W: World>(
        &self,
        world: &W,
        at: &At<'_, W::Node>,
        spent: &Cell<u64>,
    ) -> Result<bool, EvalError> {
        let run = Run::new(world, at);
        run.judge(&self.op, spent)
    }

    /// The value as a number; NaN if it is none.
    pub fn eval_number<W: World>(&self, world: &W, at: &At<'_, W::Node>) -> Result<f64, EvalError> {
        Run::new(world, at).result_number(&self.op)
    }

    /// The nodes it names, in document order; empty if its value is something else.
    pub fn eval_nodes<W: World>(&self, world: &W, at: &At<'_, W::Node>) -> Result<Vec<W::Node>, EvalError> {
        Run::new(world, at).result_nodes(&self.op)
    }
}
