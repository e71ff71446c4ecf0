//! Walking the operations of a program.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use regex::Regex;

use crate::eval::val::{Item, Val};
use crate::eval::{At, EvalError, MAX_WORK, XValue};
use crate::functions::{Function, date, number, pattern};
use crate::program::op::Op;
use crate::resolve::NodeId;
use crate::syntax::Operator;
use crate::world::World;

/// How many patterns an evaluation keeps compiled.
const MAX_PATTERNS: usize = 32;

/// What judging one of many rows may take without counting for the others.
const ROW_WORK: u64 = 100;

/// What compiling a pattern counts for, in nodes looked at.
const PATTERN_WORK: usize = 20_000;

/// Patterns as they were written, and compiled.
type Patterns = Vec<(String, Rc<Regex>)>;

/// One evaluation.
pub(crate) struct Run<'a, W: World> {
    pub(super) world: &'a W,
    pub(super) at: &'a At<'a, W::Node>,
    work: Cell<u64>,
    /// Patterns that were written by the evaluation itself, compiled.
    patterns: RefCell<Option<Box<Patterns>>>,
}

/// The context of a predicate.
#[derive(Clone, Copy)]
pub(super) struct Frame<'f, 'a, N> {
    /// The context node; None outside of predicates, where it is the own node.
    pub item: Option<&'f Item<'a, N>>,
    /// Its place among those that the predicate judges, from 1.
    pub position: usize,
    /// How many these are.
    pub size: usize,
}

pub(super) type Value<'a, W> = Result<Val<'a, <W as World>::Node>, EvalError>;

impl<'a, W: World> Run<'a, W> {
    pub(crate) fn new(world: &'a W, at: &'a At<'a, W::Node>) -> Run<'a, W> {
        Run {
            world,
            at,
            work: Cell::new(0),
            patterns: RefCell::new(None),
        }
    }

    /// The value, owned.
    pub(crate) fn value(&self, op: &'a Op) -> Result<XValue, EvalError> {
        Ok(match self.eval(op, &outermost())? {
            Val::Text(text) => XValue::Text(text.into_owned()),
            Val::Number(number) => XValue::Number(number),
            Val::Boolean(truth) => XValue::Boolean(truth),
            Val::Day(day) => XValue::Day(day),
            Val::Moment(moment) => XValue::Moment(moment),
            Val::Item(item) => XValue::Nodes(vec![self.item_text(&item).into_owned()]),
            Val::Items(items) => XValue::Nodes(
                items
                    .iter()
                    .map(|item| self.item_text(item).into_owned())
                    .collect(),
            ),
        })
    }

    /// The value as a calculation keeps it.
    pub(crate) fn result_text(&self, op: &'a Op) -> Result<String, EvalError> {
        Ok(match self.eval(op, &outermost())? {
            Val::Number(number) if number.is_nan() => String::new(),
            // What date-time() makes is kept with its time, though a day is written as a day elsewhere.
            Val::Day(day) if matches!(op, Op::Call(Function::DateTime, _)) => {
                self.to_text(&self.midnight(day)).into_owned()
            }
            value => self.to_text(&value).into_owned(),
        })
    }

    pub(crate) fn result_string(&self, op: &'a Op) -> Result<String, EvalError> {
        let value = self.eval(op, &outermost())?;
        Ok(self.to_text(&value).into_owned())
    }

    pub(crate) fn result_bool(&self, op: &'a Op) -> Result<bool, EvalError> {
        self.boolean(op, &outermost())
    }

    pub(crate) fn result_number(&self, op: &'a Op) -> Result<f64, EvalError> {
        self.number(op, &outermost())
    }

    pub(crate) fn result_nodes(&self, op: &'a Op) -> Result<Vec<W::Node>, EvalError> {
        // As nodes a translation is all its forms, as text the plain one.
        if let Op::Call(Function::Itext, arguments) = op {
            let id = arguments
                .first()
                .map(|id| self.text(id, &outermost()))
                .transpose()?;
            return Ok(self.world.itext_nodes(&id.unwrap_or_default()));
        }
        let items = match self.eval(op, &outermost())? {
            Val::Item(item) => vec![item],
            Val::Items(items) => items,
            Val::Text(_) | Val::Number(_) | Val::Boolean(_) | Val::Day(_) | Val::Moment(_) => Vec::new(),
        };
        Ok(items.iter().filter_map(|item| item.node().cloned()).collect())
    }

    pub(super) fn eval(&self, op: &'a Op, frame: &Frame<'_, 'a, W::Node>) -> Value<'a, W> {
        Ok(match op {
            Op::Number(number) => Val::Number(*number),
            Op::Text(text) => Val::Text(Cow::Borrowed(text)),
            Op::Boolean(truth) => Val::Boolean(*truth),
            Op::Own => match self.at.candidate {
                Some(candidate) => Val::Text(Cow::Borrowed(candidate)),
                None => Val::Item(Item::Own(&self.at.node)),
            },
            Op::Context => Val::Item(self.context(frame)),
            Op::One(target) => match self.world.node(*target, &self.at.node) {
                Some(node) => Val::Item(Item::Node(node)),
                None => Val::Text(Cow::Borrowed("")),
            },
            Op::All(target) => Val::Items(self.all_nodes(*target, frame)?),
            Op::LastSaved(target) => Val::Text(self.world.last_saved(*target)),
            Op::Column(column) => Val::Text(Cow::Borrowed(self.cell(*column))),
            Op::Instance(id) => {
                if let Some(node) = self.world.instance_node(id) {
                    return Ok(Val::Item(Item::Node(node)));
                }
                let table = self
                    .world
                    .table(id)
                    .ok_or_else(|| EvalError::NoInstance { id: id.to_string() })?;
                Val::Item(Item::Instance(table))
            }
            Op::Path(path) => Val::Items(self.walk(path, frame)?),
            Op::Union(parts) => {
                let mut all = Vec::new();
                for part in parts {
                    all.extend(self.items(part, frame)?);
                }
                Val::Items(self.in_document_order(all)?)
            }
            Op::Negate(inside) => Val::Number(-self.number(inside, frame)?),
            Op::And(parts) => Val::Boolean(self.every(parts, frame)?),
            Op::Or(parts) => Val::Boolean(self.some(parts, frame)?),
            Op::Chain(first, rest) => self.chain(first, rest, frame)?,
            Op::Call(function, arguments) => self.call(*function, arguments, frame)?,
            Op::Matches(text, pattern) => Val::Boolean(pattern.is_match(&self.text(text, frame)?)),
            Op::ChoiceName(value, target) => {
                let value = self.text(value, frame)?;
                let label = self.world.choice_label(*target, &self.at.node, &value);
                Val::Text(Cow::Owned(label.unwrap_or_default()))
            }
            Op::Wrong(message) => {
                return Err(EvalError::WrongCall {
                    message: message.to_string(),
                });
            }
            Op::Indexed(target, rows) => self.indexed(*target, rows, frame)?,
            Op::Shared(shared) => self.shared(shared)?,
            Op::CountRows(count) => self.count_rows(count)?,
        })
    }

    fn every(&self, parts: &'a [Op], frame: &Frame<'_, 'a, W::Node>) -> Result<bool, EvalError> {
        for part in parts {
            if !self.boolean(part, frame)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn some(&self, parts: &'a [Op], frame: &Frame<'_, 'a, W::Node>) -> Result<bool, EvalError> {
        for part in parts {
            if self.boolean(part, frame)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn chain(
        &self,
        first: &'a Op,
        rest: &'a [(Operator, Op)],
        frame: &Frame<'_, 'a, W::Node>,
    ) -> Value<'a, W> {
        let mut left = self.eval(first, frame)?;
        for (operator, right) in rest {
            let right = self.eval(right, frame)?;
            left = match operator {
                Operator::Equal
                | Operator::NotEqual
                | Operator::Less
                | Operator::LessOrEqual
                | Operator::Greater
                | Operator::GreaterOrEqual => Val::Boolean(self.compare(*operator, &left, &right)?),
                Operator::Add => Val::Number(self.to_number(&left) + self.to_number(&right)),
                Operator::Subtract => Val::Number(self.to_number(&left) - self.to_number(&right)),
                Operator::Multiply => Val::Number(self.to_number(&left) * self.to_number(&right)),
                Operator::Divide => Val::Number(self.to_number(&left) / self.to_number(&right)),
                Operator::Modulo => Val::Number(self.to_number(&left) % self.to_number(&right)),
            };
        }
        Ok(left)
    }

    /// `indexed-repeat()`: the field in the rows of these numbers; a number below 1 means the first row.
    fn indexed(
        &self,
        target: NodeId,
        rows: &'a [(NodeId, Op)],
        frame: &Frame<'_, 'a, W::Node>,
    ) -> Value<'a, W> {
        let mut from = self.world.root();
        for (repeat, row) in rows {
            let row = self.number(row, frame)?;
            // Without a number no row is meant.
            if row.is_nan() {
                return Ok(Val::Text(Cow::Borrowed("")));
            }
            let place = if row >= 1.0 {
                (row as usize).saturating_sub(1)
            } else {
                0
            };
            self.charge(1)?;
            match self.world.nth(*repeat, &from, place) {
                Some(node) => from = node,
                None => return Ok(Val::Text(Cow::Borrowed(""))),
            }
        }
        Ok(match self.world.nth(target, &from, 0) {
            Some(node) => Val::Item(Item::Node(node)),
            None => Val::Text(Cow::Borrowed("")),
        })
    }

    /// All nodes of an item: seen from the row that a predicate judges, otherwise from the own node.
    fn all_nodes(
        &self,
        target: NodeId,
        frame: &Frame<'_, 'a, W::Node>,
    ) -> Result<Vec<Item<'a, W::Node>>, EvalError> {
        let from = frame.item.and_then(Item::node).unwrap_or(&self.at.node);
        let nodes = self.world.nodes(target, from);
        self.charge(nodes.len())?;
        Ok(nodes.into_iter().map(Item::Node).collect())
    }

    pub(super) fn context(&self, frame: &Frame<'_, 'a, W::Node>) -> Item<'a, W::Node> {
        frame.item.cloned().unwrap_or(Item::Own(&self.at.node))
    }

    fn cell(&self, column: usize) -> &'a str {
        let Some(row) = self.at.row else {
            return "";
        };
        match row.columns.get(column) {
            Some(Some(column)) => row.table.cell(row.row, *column),
            Some(None) | None => "",
        }
    }

    /// A pattern that is known only now; each is compiled once in an evaluation.
    pub(super) fn pattern(&self, written: &str) -> Result<Rc<Regex>, EvalError> {
        let mut patterns = self.patterns.borrow_mut();
        let patterns = patterns.get_or_insert_default();
        if let Some((_, pattern)) = patterns.iter().find(|(known, _)| known == written) {
            return Ok(Rc::clone(pattern));
        }
        self.charge(written.len().saturating_add(PATTERN_WORK))?;
        let pattern = pattern::whole_match(written).map_err(|_| EvalError::BadArgument {
            function: "regex",
            advice: "correct the pattern",
        })?;
        let pattern = Rc::new(pattern);
        if patterns.len() >= MAX_PATTERNS {
            patterns.remove(0);
        }
        patterns.push((written.to_owned(), Rc::clone(&pattern)));
        Ok(pattern)
    }

    /// Judges one of many rows; see [`crate::program::Program::judge`].
    pub(crate) fn judge(&self, op: &'a Op, spent: &Cell<u64>) -> Result<bool, EvalError> {
        self.work.set(spent.get());
        self.charge(0)?;
        let result = self.result_bool(op);
        let own = self.work.get().saturating_sub(spent.get());
        spent.set(spent.get().saturating_add(own.saturating_sub(ROW_WORK)));
        result
    }

    /// Counts nodes that were looked at, so that no expression runs for ever.
    pub(super) fn charge(&self, n_nodes: usize) -> Result<(), EvalError> {
        let work = self.work.get().saturating_add(n_nodes as u64);
        self.work.set(work);
        if work > MAX_WORK {
            Err(EvalError::TooMuchWork { limit: MAX_WORK })
        } else {
            Ok(())
        }
    }

    /// Counts what a text costs; the next [`Run::charge`] stops the evaluation if it was too much.
    fn note_text(&self, node: &W::Node) {
        let cost = self.world.text_work(node);
        if cost > 0 {
            self.work.set(self.work.get().saturating_add(cost));
        }
    }

    pub(super) fn text(&self, op: &'a Op, frame: &Frame<'_, 'a, W::Node>) -> Result<Cow<'a, str>, EvalError> {
        let value = self.eval(op, frame)?;
        Ok(self.text_of(value))
    }

    pub(super) fn number(&self, op: &'a Op, frame: &Frame<'_, 'a, W::Node>) -> Result<f64, EvalError> {
        let value = self.eval(op, frame)?;
        Ok(self.to_number(&value))
    }

    pub(super) fn boolean(&self, op: &'a Op, frame: &Frame<'_, 'a, W::Node>) -> Result<bool, EvalError> {
        let value = self.eval(op, frame)?;
        Ok(self.to_boolean(&value))
    }

    /// The nodes that an operation gives; none if it gives something else.
    pub(super) fn items(
        &self,
        op: &'a Op,
        frame: &Frame<'_, 'a, W::Node>,
    ) -> Result<Vec<Item<'a, W::Node>>, EvalError> {
        Ok(match self.eval(op, frame)? {
            Val::Item(item) => vec![item],
            Val::Items(items) => items,
            Val::Text(_) | Val::Number(_) | Val::Boolean(_) | Val::Day(_) | Val::Moment(_) => Vec::new(),
        })
    }

    /// One text per node of a node-set, and one text of anything else.
    pub(super) fn texts(
        &self,
        op: &'a Op,
        frame: &Frame<'_, 'a, W::Node>,
    ) -> Result<Vec<Cow<'a, str>>, EvalError> {
        Ok(match self.eval(op, frame)? {
            Val::Items(items) => items
                .iter()
                .map(|item| Cow::Owned(self.item_text(item).into_owned()))
                .collect(),
            value => vec![self.text_of(value)],
        })
    }

    pub(super) fn item_text<'t>(&'t self, item: &'t Item<'a, W::Node>) -> Cow<'t, str> {
        match item {
            Item::Node(node) => {
                self.note_text(node);
                self.world.text(node)
            }
            Item::Own(node) => {
                self.note_text(node);
                self.world.text(node)
            }
            Item::Attribute(node, place) => {
                let attribute = self.world.attributes(node).into_iter().nth(*place);
                Cow::Owned(attribute.map(|(_, value)| value).unwrap_or_default())
            }
            Item::Cell(table, row, column) => Cow::Borrowed(table.cell(*row, *column)),
            Item::Element(table, element) => {
                Cow::Borrowed(table.tree().map_or("", |tree| tree.text(*element)))
            }
            Item::Document => Cow::Owned(self.world.text(&self.world.root()).into_owned()),
            Item::Instance(_) | Item::Rows(_) | Item::Row(..) => Cow::Borrowed(""),
        }
    }

    pub(super) fn to_text<'t>(&'t self, value: &'t Val<'a, W::Node>) -> Cow<'t, str> {
        match value {
            Val::Text(text) => Cow::Borrowed(text),
            Val::Number(number) => Cow::Owned(number::text(*number)),
            Val::Boolean(truth) => Cow::Borrowed(if *truth { "true" } else { "false" }),
            Val::Day(day) => Cow::Owned(sampan_value::text::date_text(*day)),
            Val::Moment(moment) => Cow::Owned(sampan_value::text::date_time_text(moment)),
            Val::Item(item) => self.item_text(item),
            Val::Items(items) => items
                .first()
                .map_or(Cow::Borrowed(""), |item| self.item_text(item)),
        }
    }

    pub(super) fn text_of(&self, value: Val<'a, W::Node>) -> Cow<'a, str> {
        match value {
            Val::Text(text) => text,
            Val::Item(Item::Own(node)) => {
                self.note_text(node);
                self.world.text(node)
            }
            Val::Item(Item::Cell(table, row, column)) => Cow::Borrowed(table.cell(row, column)),
            Val::Item(Item::Node(node)) => {
                self.note_text(&node);
                self.world.text(&node)
            }
            other => Cow::Owned(self.to_text(&other).into_owned()),
        }
    }

    pub(super) fn to_number(&self, value: &Val<'a, W::Node>) -> f64 {
        match value {
            Val::Number(number) => *number,
            Val::Boolean(truth) => f64::from(u8::from(*truth)),
            Val::Day(day) => date::day_number(*day),
            Val::Moment(moment) => date::number(date::Instant::Moment(*moment)),
            Val::Item(item) => self.item_number(item),
            Val::Items(items) => items.first().map_or(f64::NAN, |item| self.item_number(item)),
            Val::Text(text) => self.text_number(text),
        }
    }

    fn item_number(&self, item: &Item<'a, W::Node>) -> f64 {
        match item.node().and_then(|node| self.world.number(node)) {
            Some(number) => number,
            None => self.text_number(&self.item_text(item)),
        }
    }

    /// The number that a text is; dates are days since 1970-01-01.
    pub(super) fn text_number(&self, text: &str) -> f64 {
        if let Some(number) = number::parse(text) {
            return number;
        }
        if !date::looks_like_date(text.trim_start()) {
            return f64::NAN;
        }
        date::parse(text, *self.world.now().offset()).map_or(f64::NAN, date::number)
    }

    pub(super) fn to_boolean(&self, value: &Val<'a, W::Node>) -> bool {
        match value {
            Val::Boolean(truth) => *truth,
            Val::Number(number) => *number != 0.0 && !number.is_nan(),
            Val::Text(text) => !text.is_empty(),
            Val::Day(_) | Val::Moment(_) => true,
            // A reference counts by its answer, a node-set by having nodes.
            Val::Item(_) if self.world.is_strict() => true,
            Val::Item(item) => !self.item_text(item).is_empty(),
            Val::Items(items) => !items.is_empty(),
        }
    }
}

/// The context outside of predicates.
pub(super) fn outermost<'f, 'a, N>() -> Frame<'f, 'a, N> {
    Frame {
        item: None,
        position: 1,
        size: 1,
    }
}
