//! Calling functions: arguments are evaluated here, the work is done in [`crate::functions`].

mod dates;
mod texts;

use std::borrow::Cow;

use crate::eval::EvalError;
use crate::eval::nodes::local_name;
use crate::eval::run::{Frame, Run, Value};
use crate::eval::val::{Item, Val};
use crate::functions::date::{self, Instant};
use crate::functions::geo::{self, Point};
use crate::functions::{Function, number};
use crate::program::op::Op;
use crate::world::World;

impl<'a, W: World> Run<'a, W> {
    pub(super) fn call(
        &self,
        function: Function,
        arguments: &'a [Op],
        frame: &Frame<'_, 'a, W::Node>,
    ) -> Value<'a, W> {
        match function {
            Function::If
            | Function::Coalesce
            | Function::Once
            | Function::Not
            | Function::Boolean
            | Function::BooleanFromString
            | Function::True
            | Function::False
            | Function::Checklist
            | Function::WeightedChecklist
            | Function::Lang
            | Function::Geofence
            | Function::Intersects
            | Function::Depend
            | Function::Regex => self.call_logic(function, arguments, frame),
            Function::Concat
            | Function::Contains
            | Function::EndsWith
            | Function::Join
            | Function::NormalizeSpace
            | Function::StartsWith
            | Function::String
            | Function::StringLength
            | Function::Substr
            | Function::Substring
            | Function::SubstringAfter
            | Function::SubstringBefore
            | Function::Translate
            | Function::Uuid
            | Function::Selected
            | Function::SelectedAt
            | Function::CountSelected
            | Function::Base64Decode
            | Function::Digest
            | Function::ExtractSigned
            | Function::Itext
            | Function::Property
            | Function::Version
            | Function::ChoiceName => self.call_text(function, arguments, frame),
            Function::Count
            | Function::CountNonEmpty
            | Function::Current
            | Function::Id
            | Function::IndexedRepeat
            | Function::Instance
            | Function::Last
            | Function::LocalName
            | Function::Name
            | Function::NamespaceUri
            | Function::Position
            | Function::Pulldata
            | Function::Randomize => self.call_nodes(function, arguments, frame),
            Function::AddDate
            | Function::Date
            | Function::DateTime
            | Function::DecimalDateTime
            | Function::DecimalTime
            | Function::DifferenceInMonths
            | Function::FormatDate
            | Function::FormatDateTime
            | Function::Now
            | Function::Today => self.call_date(function, arguments, frame),
            Function::Max | Function::Min | Function::Sum | Function::Area | Function::Distance => {
                self.call_many(function, arguments, frame)
            }
            Function::Abs
            | Function::Acos
            | Function::Asin
            | Function::Atan
            | Function::Atan2
            | Function::Ceiling
            | Function::Cos
            | Function::Exp
            | Function::Exp10
            | Function::Floor
            | Function::Int
            | Function::Log
            | Function::Log10
            | Function::Number
            | Function::Pi
            | Function::Pow
            | Function::Random
            | Function::Round
            | Function::Sin
            | Function::Sqrt
            | Function::Tan => self.call_number(function, arguments, frame),
        }
    }

    fn call_logic(
        &self,
        function: Function,
        arguments: &'a [Op],
        frame: &Frame<'_, 'a, W::Node>,
    ) -> Value<'a, W> {
        let truth = match (function, arguments) {
            (Function::If, [condition, then, otherwise]) => {
                let chosen = if self.boolean(condition, frame)? {
                    then
                } else {
                    otherwise
                };
                return self.eval(chosen, frame);
            }
            (Function::Coalesce, values) => {
                for value in values {
                    let value = self.eval(value, frame)?;
                    // What is no number counts as blank too.
                    let is_nan = matches!(value, Val::Number(number) if number.is_nan());
                    if !is_nan && !self.to_text(&value).is_empty() {
                        return Ok(value);
                    }
                }
                return Ok(blank());
            }
            (Function::Once, [value]) => {
                let own = self.world.text(&self.at.node);
                if !own.is_empty() {
                    return Ok(Val::Text(own));
                }
                return Ok(match self.eval(value, frame)? {
                    Val::Number(number) if number.is_nan() => blank(),
                    value => value,
                });
            }
            (Function::Not, [value]) => !self.boolean(value, frame)?,
            (Function::Boolean, [value]) => self.boolean(value, frame)?,
            (Function::BooleanFromString, [value]) => {
                let text = self.text(value, frame)?;
                text == "true" || text == "1"
            }
            (Function::Regex, [text, written]) => {
                let text = self.text(text, frame)?;
                let written = self.text(written, frame)?;
                self.pattern(&written)?.is_match(&text)
            }
            (Function::Lang, [wanted]) => {
                let wanted = self.text(wanted, frame)?.to_lowercase();
                let found = self
                    .language(&self.context(frame))?
                    .unwrap_or_default()
                    .to_lowercase();
                let rest = found.strip_prefix(&wanted);
                !wanted.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            }
            (Function::Geofence, [point, fence]) => {
                let (point, fence) = (self.text(point, frame)?, self.text(fence, frame)?);
                let fence = geo::points(&fence).filter(|fence| fence.len() > 2);
                let fence =
                    fence.ok_or_else(|| bad("geofence", "give it a position and an area that is drawn"))?;
                let point = geo::points(&point).and_then(|points| points.first().copied());
                point.is_some_and(|point| geo::is_inside(point, &fence))
            }
            (Function::Intersects, [line]) => {
                let line = geo::points(&self.text(line, frame)?).unwrap_or_default();
                geo::crosses_itself(&line, |n_pieces| self.charge(n_pieces))?
            }
            (Function::Checklist, [min, max, values @ ..]) => {
                let mut n_true = 0.0;
                for value in values {
                    let n_ticked = self
                        .ticks(value, frame)?
                        .into_iter()
                        .filter(|ticked| *ticked)
                        .count();
                    n_true += n_ticked as f64;
                }
                within(n_true, self.number(min, frame)?, self.number(max, frame)?)
            }
            (Function::WeightedChecklist, [min, max, pairs @ ..]) => {
                let mut total = 0.0;
                let mut rest = pairs.iter();
                while let (Some(value), Some(weight)) = (rest.next(), rest.next()) {
                    let weights = self.texts(weight, frame)?;
                    for (ticked, weight) in self.ticks(value, frame)?.into_iter().zip(weights) {
                        total += if ticked { self.text_number(&weight) } else { 0.0 };
                    }
                }
                within(total, self.number(min, frame)?, self.number(max, frame)?)
            }
            _ => function == Function::True,
        };
        Ok(Val::Boolean(truth))
    }

    /// The truth of an argument of a checklist: one for each node of a node-set.
    fn ticks(&self, op: &'a Op, frame: &Frame<'_, 'a, W::Node>) -> Result<Vec<bool>, EvalError> {
        Ok(match self.eval(op, frame)? {
            Val::Items(items) => items
                .iter()
                .map(|item| !self.item_text(item).is_empty())
                .collect(),
            Val::Item(item) => vec![!self.item_text(&item).is_empty()],
            value => vec![self.to_boolean(&value)],
        })
    }

    fn call_nodes(
        &self,
        function: Function,
        arguments: &'a [Op],
        frame: &Frame<'_, 'a, W::Node>,
    ) -> Value<'a, W> {
        Ok(match (function, arguments) {
            (Function::Count, [nodes]) => count(self.node_set("count", nodes, frame)?.len()),
            (Function::CountNonEmpty, [nodes]) => {
                let items = self.node_set("count-non-empty", nodes, frame)?;
                count(
                    items
                        .iter()
                        .filter(|item| !self.item_text(item).is_empty())
                        .count(),
                )
            }
            (Function::Last, _) => count(frame.size),
            (Function::Position, []) => count(frame.position),
            (Function::Position, [node]) => match self.node_set("position", node, frame)?.first() {
                Some(item) => count(self.position(item)),
                None => Val::Number(f64::NAN),
            },
            (Function::Name | Function::LocalName | Function::NamespaceUri, arguments) => {
                let item = match arguments.first() {
                    Some(nodes) => self.node_set("name", nodes, frame)?.into_iter().next(),
                    None => Some(self.context(frame)),
                };
                let text = item.map(|item| match function {
                    Function::NamespaceUri => self.namespace(&item).into_owned(),
                    Function::LocalName => local_name(&self.name(&item)).to_owned(),
                    _ => self.name(&item).into_owned(),
                });
                Val::Text(Cow::Owned(text.unwrap_or_default()))
            }
            (Function::Id, [ids]) => {
                let mut found = Vec::new();
                for text in self.texts(ids, frame)? {
                    for id in text.split_ascii_whitespace() {
                        self.charge(1)?;
                        found.extend(self.world.by_id(id).map(Item::Node));
                    }
                }
                Val::Items(self.in_document_order(found)?)
            }
            (Function::Pulldata, [id, wanted, key, value]) => {
                let id = self.text(id, frame)?;
                let (wanted, key) = (self.text(wanted, frame)?, self.text(key, frame)?);
                let value = self.text(value, frame)?;
                match self.world.instance_node(&id) {
                    Some(instance) => self.pulldata_among(instance, &wanted, &key, &value)?,
                    None => Val::Text(Cow::Borrowed(self.pulldata(&id, &wanted, &key, &value)?)),
                }
            }
            (Function::Randomize, [nodes, seed @ ..]) => {
                let items = self.node_set("randomize", nodes, frame)?;
                let seed = match seed.first() {
                    Some(seed) => number::seed(&self.text(seed, frame)?),
                    None => (self.world.random() >> 1) as i64,
                };
                let order = number::shuffled(items.len(), seed);
                Val::Items(
                    order
                        .into_iter()
                        .filter_map(|place| items.get(place).cloned())
                        .collect(),
                )
            }
            (Function::IndexedRepeat, [field, rows @ ..]) => self.indexed_among(field, rows, frame)?,
            _ => blank(),
        })
    }

    /// `indexed-repeat()` where no form says what is a repeat: the first node of the field inside the chosen rows.
    fn indexed_among(&self, field: &'a Op, rows: &'a [Op], frame: &Frame<'_, 'a, W::Node>) -> Value<'a, W> {
        let mut chosen: Option<Item<'a, W::Node>> = None;
        let mut rest = rows.iter();
        while let Some(repeat) = rest.next() {
            let Some(row) = rest.next() else {
                return Err(bad(
                    "indexed-repeat",
                    "add the number of the row after each repeat",
                ));
            };
            let row = match self.eval(row, frame)? {
                // A path to nowhere, unlike a blank answer, is no row.
                Val::Items(items) if items.is_empty() => return Ok(blank()),
                value => self.to_number(&value),
            };
            let place = if row >= 1.0 {
                (row as usize).saturating_sub(1)
            } else {
                0
            };
            let mut nodes = self.node_set("indexed-repeat", repeat, frame)?;
            if let Some(chosen) = &chosen {
                self.charge(nodes.len())?;
                nodes.retain(|node| self.is_inside(node, chosen));
            }
            match nodes.into_iter().nth(place) {
                Some(node) => chosen = Some(node),
                None => return Ok(blank()),
            }
        }
        let fields = self.node_set("indexed-repeat", field, frame)?;
        self.charge(fields.len())?;
        let mut fields = fields.into_iter();
        let found = fields.find(|field| chosen.as_ref().is_none_or(|chosen| self.is_inside(field, chosen)));
        Ok(found.map_or_else(blank, Val::Item))
    }

    fn is_inside(&self, item: &Item<'a, W::Node>, around: &Item<'a, W::Node>) -> bool {
        self.with_ancestors(item).iter().any(|place| place.is(around))
    }

    /// `pulldata()` where an instance is nodes: what stands beside the first `key` that is `value`.
    fn pulldata_among(&self, instance: W::Node, wanted: &str, key: &str, value: &str) -> Value<'a, W> {
        for root in self.world.children(&instance) {
            for item in self.world.children(&root) {
                let cells = self.world.children(&item);
                self.charge(cells.len().saturating_add(1))?;
                let named = |name: &str| cells.iter().find(|cell| self.world.name(cell) == name);
                if named(key).is_some_and(|cell| self.world.text(cell) == value) {
                    let cell = named(wanted).cloned();
                    return Ok(cell.map_or_else(blank, |cell| Val::Item(Item::Node(cell))));
                }
            }
        }
        Ok(blank())
    }

    fn pulldata(&self, id: &str, wanted: &str, key: &str, value: &str) -> Result<&'a str, EvalError> {
        let table = self
            .world
            .table(id)
            .ok_or_else(|| EvalError::NoInstance { id: id.to_owned() })?;
        let (Some(wanted), Some(key)) = (table.column(wanted), table.column(key)) else {
            return Ok("");
        };
        let row = match table.rows_where(key, value) {
            Some(rows) => rows.first().copied(),
            None => {
                self.charge(table.n_rows())?;
                (0..table.n_rows()).find(|row| table.cell(*row, key) == value)
            }
        };
        Ok(row.map_or("", |row| table.cell(row, wanted)))
    }

    fn call_many(
        &self,
        function: Function,
        arguments: &'a [Op],
        frame: &Frame<'_, 'a, W::Node>,
    ) -> Value<'a, W> {
        let mut texts = Vec::new();
        for argument in arguments {
            texts.extend(self.texts(argument, frame)?);
        }
        let given = texts
            .iter()
            .filter(|text| !text.trim().is_empty())
            .map(|text| self.text_number(text));
        Ok(Val::Number(match function {
            Function::Sum => given.filter(|number| !number.is_nan()).sum::<f64>() + 0.0,
            Function::Max => extreme(given, |a, b| a > b),
            Function::Min => extreme(given, |a, b| a < b),
            Function::Area => geo::area_m2(&line(&texts)),
            Function::Distance => geo::length_m(&line(&texts)),
            _ => f64::NAN,
        }))
    }

    fn call_number(
        &self,
        function: Function,
        arguments: &'a [Op],
        frame: &Frame<'_, 'a, W::Node>,
    ) -> Value<'a, W> {
        let first = match (arguments.first(), function) {
            (Some(argument), Function::Number) => {
                let value = self.eval(argument, frame)?;
                self.whole_days(&value).unwrap_or_else(|| self.to_number(&value))
            }
            (Some(argument), _) => self.number(argument, frame)?,
            (None, Function::Number) => self.to_number(&Val::Item(self.context(frame))),
            (None, _) => f64::NAN,
        };
        let second = arguments
            .get(1)
            .map(|argument| self.number(argument, frame))
            .transpose()?;
        Ok(Val::Number(match function {
            Function::Abs => first.abs(),
            Function::Acos => first.acos(),
            Function::Asin => first.asin(),
            Function::Atan => first.atan(),
            Function::Atan2 => first.atan2(second.unwrap_or(f64::NAN)),
            Function::Ceiling => first.ceil(),
            Function::Cos => first.cos(),
            Function::Exp => first.exp(),
            Function::Exp10 => 10f64.powf(first),
            Function::Floor => first.floor(),
            Function::Int => first.trunc(),
            Function::Log => first.ln(),
            Function::Log10 => first.log10(),
            Function::Pi => std::f64::consts::PI,
            Function::Pow => first.powf(second.unwrap_or(f64::NAN)),
            Function::Random => number::unit_interval(self.world.random()),
            Function::Round => number::round(first, second.unwrap_or(0.0)),
            Function::Sin => first.sin(),
            Function::Sqrt => first.sqrt(),
            Function::Tan => first.tan(),
            _ => first,
        }))
    }

    /// Of a moment the number of its day as it was written, which is what `number()` counts; None of anything else.
    fn whole_days(&self, value: &Val<'a, W::Node>) -> Option<f64> {
        let moment = match value {
            Val::Moment(moment) => *moment,
            Val::Text(_) | Val::Item(_) | Val::Items(_) => {
                match date::parse(&self.to_text(value), *self.world.now().offset())? {
                    Instant::Moment(moment) => moment,
                    Instant::Day(_) => return None,
                }
            }
            Val::Number(_) | Val::Boolean(_) | Val::Day(_) => return None,
        };
        Some(date::day_number(moment.date_naive()))
    }

    /// The nodes of an argument that must be nodes; a blank (an item that is not there) is no node.
    fn node_set(
        &self,
        function: &'static str,
        op: &'a Op,
        frame: &Frame<'_, 'a, W::Node>,
    ) -> Result<Vec<Item<'a, W::Node>>, EvalError> {
        // A constraint's answer that is only a candidate still stands at its node.
        if matches!(op, Op::Own) {
            return Ok(vec![Item::Own(&self.at.node)]);
        }
        match self.eval(op, frame)? {
            Val::Item(item) => Ok(vec![item]),
            Val::Items(items) => Ok(items),
            Val::Text(text) if text.is_empty() && matches!(op, Op::One(_)) => Ok(Vec::new()),
            _ => Err(bad(function, "give it questions or groups of the form")),
        }
    }
}

fn blank<'a, N>() -> Val<'a, N> {
    Val::Text(Cow::Borrowed(""))
}

fn count<'a, N>(n: usize) -> Val<'a, N> {
    Val::Number(n as f64)
}

fn bad(function: &'static str, advice: &'static str) -> EvalError {
    EvalError::BadArgument { function, advice }
}

/// Between two bounds, of which a negative one means none.
fn within(number: f64, min: f64, max: f64) -> bool {
    (min < 0.0 || number >= min) && (max < 0.0 || number <= max)
}

/// The most extreme number; NaN if there is none, or one is no number.
fn extreme(numbers: impl Iterator<Item = f64>, is_better: fn(f64, f64) -> bool) -> f64 {
    let mut best: Option<f64> = None;
    for number in numbers {
        if number.is_nan() {
            return f64::NAN;
        }
        best = match best {
            Some(best) if !is_better(number, best) => Some(best),
            _ => Some(number),
        };
    }
    best.unwrap_or(f64::NAN)
}

/// The positions of all texts as one line; empty if any is no position.
fn line(texts: &[Cow<'_, str>]) -> Vec<Point> {
    let lines: Option<Vec<Vec<Point>>> = texts.iter().map(|text| geo::points(text)).collect();
    lines.unwrap_or_default().into_iter().flatten().collect()
}
