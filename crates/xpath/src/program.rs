//! An expression that was resolved against a form and is ready to run.

use crate::eval::{At, EvalError, XValue};
use crate::resolve::{Names, NodeId, Place, Problem};
use crate::world::{Table, World};

/// A compiled expression. Compiling finds unknown functions, references and instances; evaluating looks up no names.
#[derive(Debug, Clone)]
pub struct Program {
    dependencies: Vec<NodeId>,
    columns: Vec<String>,
}

/// A part `column = value` that all rows chosen by a filter must meet, so that an index can find them.
#[derive(Debug, Clone)]
pub struct IndexKey {
    /// Name of the column.
    pub column: String,
    /// The value it must have; reads no columns.
    pub value: Program,
}

impl Program {
    /// Parses and resolves an expression; on failure says everything that is wrong with it.
    pub fn compile(source: &str, names: &dyn Names, place: Place) -> Result<Program, Vec<Problem>> {
        let _ = (source, names, place);
        Ok(Program {
            dependencies: Vec::new(),
            columns: Vec::new(),
        })
    }

    /// The items whose answer, row count or relevance it reads, ascending, each once; its own item is not among
    /// them (see [`Program::reads_self`]).
    pub fn dependencies(&self) -> &[NodeId] {
        &self.dependencies
    }

    /// Whether it reads the answer of the item it belongs to (`.`).
    pub fn reads_self(&self) -> bool {
        false
    }

    /// Whether its value changes with the time (`now()`, `today()`).
    pub fn reads_clock(&self) -> bool {
        false
    }

    /// Whether its value is drawn (`random()`, `uuid()`).
    pub fn reads_chance(&self) -> bool {
        false
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
        None
    }

    /// The value, of whatever type the expression has.
    pub fn eval<W: World>(&self, world: &W, at: &At<'_, W::Node>) -> Result<XValue, EvalError> {
        let _ = (world, at);
        Ok(XValue::Text(String::new()))
    }

    /// The value as text, as a calculation keeps it: a number that is none becomes blank.
    pub fn eval_text<W: World>(&self, world: &W, at: &At<'_, W::Node>) -> Result<String, EvalError> {
        let _ = (world, at);
        Ok(String::new())
    }

    /// The value as a condition.
    pub fn eval_bool<W: World>(&self, world: &W, at: &At<'_, W::Node>) -> Result<bool, EvalError> {
        let _ = (world, at);
        Ok(true)
    }

    /// The value as a number; NaN if it is none.
    pub fn eval_number<W: World>(&self, world: &W, at: &At<'_, W::Node>) -> Result<f64, EvalError> {
        let _ = (world, at);
        Ok(f64::NAN)
    }

    /// The nodes it names, in document order; empty if its value is something else.
    pub fn eval_nodes<W: World>(&self, world: &W, at: &At<'_, W::Node>) -> Result<Vec<W::Node>, EvalError> {
        let _ = (world, at);
        Ok(Vec::new())
    }
}
