//! Calling functions: arguments are evaluated here, the work is done in [`crate::functions`].

use std::borrow::Cow;

use crate::eval::EvalError;
use crate::eval::run::{Frame, Run, Value};
use crate::eval::val::{Item, Val};
use crate::functions::date::{self, Instant};
use crate::functions::geo::{self, Point};
use crate::functions::{Function, number, pattern, text};
use crate::program::op::Op;
use crate::world::World;

/// The most random signs that `uuid(n)` gives.
const MAX_UUID_SIGNS: f64 = 1024.0;

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
            | Function::ChoiceName => self.call_text(function, arguments, frame),
            Function::Count
            | Function::CountNonEmpty
            | Function::Current
            | Function::IndexedRepeat
            | Function::Instance
            | Function::Last
            | Function::LocalName
            | Function::Name
            | Function::NamespaceUri
            | Function::Position
            | Function::Pulldata
            | Function::Randomize => self.call_nodes(function, arguments, frame),
            Function::Date
            | Function::DateTime
            | Function::DecimalDateTime
            | Function::DecimalTime
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
                    if !self.to_text(&value).is_empty() {
                        return Ok(value);
                    }
                }
                return Ok(blank());
            }
            (Function::Once, [value]) => {
                let own = self.world.text(&self.at.node);
                return if own.is_empty() {
                    self.eval(value, frame)
                } else {
                    Ok(Val::Text(own))
                };
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
                pattern::whole_match(&written)
                    .map_err(|_| bad("regex", &written, "correct the pattern"))?
                    .is_match(&text)
            }
            (Function::Checklist, [min, max, values @ ..]) => {
                let mut n_true = 0.0;
                for value in values {
                    for text in self.texts(value, frame)? {
                        n_true += f64::from(u8::from(is_ticked(&text)));
                    }
                }
                within(n_true, self.number(min, frame)?, self.number(max, frame)?)
            }
            (Function::WeightedChecklist, [min, max, pairs @ ..]) => {
                let mut total = 0.0;
                let mut rest = pairs.iter();
                while let (Some(value), Some(weight)) = (rest.next(), rest.next()) {
                    let weights = self.texts(weight, frame)?;
                    for (text, weight) in self.texts(value, frame)?.iter().zip(weights) {
                        total += if is_ticked(text) {
                            self.text_number(&weight)
                        } else {
                            0.0
                        };
                    }
                }
                within(total, self.number(min, frame)?, self.number(max, frame)?)
            }
            _ => function == Function::True,
        };
        Ok(Val::Boolean(truth))
    }

    fn call_text(
        &self,
        function: Function,
        arguments: &'a [Op],
        frame: &Frame<'_, 'a, W::Node>,
    ) -> Value<'a, W> {
        let of_context = || Ok::<Cow<'a, str>, EvalError>(self.into_text(Val::Item(self.context(frame))));
        let result = match (function, arguments) {
            (Function::Concat, parts) => {
                let mut whole = String::new();
                for part in parts {
                    for text in self.texts(part, frame)? {
                        whole.push_str(&text);
                    }
                }
                Cow::Owned(whole)
            }
            (Function::Join, [between, parts @ ..]) => {
                let between = self.text(between, frame)?;
                let mut texts = Vec::new();
                for part in parts {
                    texts.extend(self.texts(part, frame)?);
                }
                Cow::Owned(texts.join(&*between))
            }
            (Function::Contains, [whole, part]) => {
                let (whole, part) = (self.text(whole, frame)?, self.text(part, frame)?);
                return Ok(Val::Boolean(whole.contains(&*part)));
            }
            (Function::StartsWith, [whole, part]) => {
                let (whole, part) = (self.text(whole, frame)?, self.text(part, frame)?);
                return Ok(Val::Boolean(whole.starts_with(&*part)));
            }
            (Function::EndsWith, [whole, part]) => {
                let (whole, part) = (self.text(whole, frame)?, self.text(part, frame)?);
                return Ok(Val::Boolean(whole.ends_with(&*part)));
            }
            (Function::NormalizeSpace, []) => Cow::Owned(text::normalize_space(&of_context()?)),
            (Function::NormalizeSpace, [whole]) => {
                Cow::Owned(text::normalize_space(&self.text(whole, frame)?))
            }
            (Function::String, []) => of_context()?,
            (Function::String, [value]) => self.text(value, frame)?,
            (Function::StringLength, []) => return Ok(count(of_context()?.chars().count())),
            (Function::StringLength, [whole]) => return Ok(count(self.text(whole, frame)?.chars().count())),
            (Function::Substr, [whole, start, rest @ ..]) => {
                let end = rest.first().map(|end| self.number(end, frame)).transpose()?;
                Cow::Owned(text::substr(
                    &self.text(whole, frame)?,
                    self.number(start, frame)?,
                    end,
                ))
            }
            (Function::Substring, [whole, start, rest @ ..]) => {
                let length = rest
                    .first()
                    .map(|length| self.number(length, frame))
                    .transpose()?;
                Cow::Owned(text::substring(
                    &self.text(whole, frame)?,
                    self.number(start, frame)?,
                    length,
                ))
            }
            (Function::SubstringBefore, [whole, part]) => {
                let (whole, part) = (self.text(whole, frame)?, self.text(part, frame)?);
                Cow::Owned(
                    whole
                        .split_once(&*part)
                        .map_or("", |(before, _)| before)
                        .to_owned(),
                )
            }
            (Function::SubstringAfter, [whole, part]) => {
                let (whole, part) = (self.text(whole, frame)?, self.text(part, frame)?);
                Cow::Owned(whole.split_once(&*part).map_or("", |(_, after)| after).to_owned())
            }
            (Function::Translate, [whole, from, to]) => {
                let (from, to) = (self.text(from, frame)?, self.text(to, frame)?);
                Cow::Owned(text::translate(&self.text(whole, frame)?, &from, &to))
            }
            (Function::Uuid, []) => Cow::Owned(text::uuid(self.world.random(), self.world.random())),
            (Function::Uuid, [n_signs]) => {
                let n_signs = self.number(n_signs, frame)?.clamp(0.0, MAX_UUID_SIGNS) as usize;
                Cow::Owned((0..n_signs).map(|_| random_sign(self.world.random())).collect())
            }
            (Function::Selected, [list, name]) => {
                let (list, name) = (self.text(list, frame)?, self.text(name, frame)?);
                return Ok(Val::Boolean(text::selected(&list, &name)));
            }
            (Function::SelectedAt, [list, place]) => {
                let place = self.number(place, frame)?;
                Cow::Owned(text::selected_at(&self.text(list, frame)?, place).to_owned())
            }
            (Function::CountSelected, [list]) => {
                return Ok(count(self.text(list, frame)?.split_ascii_whitespace().count()));
            }
            _ => Cow::Borrowed(""),
        };
        Ok(Val::Text(result))
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
                        .filter(|item| !self.item_text(item).trim().is_empty())
                        .count(),
                )
            }
            (Function::Last, _) => count(frame.size),
            (Function::Position, []) => count(frame.position),
            (Function::Position, [node]) => match self.node_set("position", node, frame)?.first() {
                Some(item) => count(self.position(item)),
                None => Val::Number(f64::NAN),
            },
            (Function::Name | Function::LocalName, arguments) => {
                let item = match arguments.first() {
                    Some(nodes) => self.node_set("name", nodes, frame)?.into_iter().next(),
                    None => Some(self.context(frame)),
                };
                let name = item.map(|item| self.name(&item).into_owned()).unwrap_or_default();
                let local = name
                    .split_once(':')
                    .map_or(name.as_str(), |(_, local)| local)
                    .to_owned();
                Val::Text(Cow::Owned(if function == Function::Name { name } else { local }))
            }
            (Function::Pulldata, [id, wanted, key, value]) => {
                let id = self.text(id, frame)?;
                let (wanted, key) = (self.text(wanted, frame)?, self.text(key, frame)?);
                let value = self.text(value, frame)?;
                Val::Text(Cow::Borrowed(self.pulldata(&id, &wanted, &key, &value)?))
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
            (Function::IndexedRepeat, _) => {
                return Err(bad(
                    "indexed-repeat",
                    "a path",
                    "name the question and the repeats as ${name}",
                ));
            }
            _ => blank(),
        })
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

    fn call_date(
        &self,
        function: Function,
        arguments: &'a [Op],
        frame: &Frame<'_, 'a, W::Node>,
    ) -> Value<'a, W> {
        Ok(match (function, arguments) {
            (Function::Now, _) => Val::Moment(self.world.now()),
            (Function::Today, _) => Val::Day(self.world.now().date_naive()),
            (Function::Date, [value]) => match self.dated("date", value, frame)? {
                Some(Instant::Day(day)) => Val::Day(day),
                Some(moment) => Val::Day(date::wall_clock(moment, self.local()).date()),
                None => blank(),
            },
            (Function::DateTime, [value]) => match self.dated("date-time", value, frame)? {
                Some(Instant::Moment(moment)) => Val::Moment(moment),
                Some(Instant::Day(day)) => {
                    let midnight = date::wall_clock(Instant::Day(day), self.local());
                    match sampan_value::text::at_offset(midnight, self.local()) {
                        Ok(moment) => Val::Moment(moment),
                        Err(_) => blank(),
                    }
                }
                None => blank(),
            },
            (Function::DecimalDateTime, [value]) => {
                let value = self.eval(value, frame)?;
                Val::Number(self.to_number(&value))
            }
            (Function::DecimalTime, [value]) => {
                Val::Number(date::time_fraction(&self.text(value, frame)?).unwrap_or(f64::NAN))
            }
            (Function::FormatDate | Function::FormatDateTime, [value, pattern]) => {
                let value = self.eval(value, frame)?;
                let Ok(Some(instant)) = self.instant("format-date", &value) else {
                    return Ok(blank());
                };
                let pattern = self.text(pattern, frame)?;
                Val::Text(Cow::Owned(date::format(
                    date::wall_clock(instant, self.local()),
                    &pattern,
                )))
            }
            _ => blank(),
        })
    }

    fn local(&self) -> chrono::FixedOffset {
        *self.world.now().offset()
    }

    fn dated(
        &self,
        function: &'static str,
        value: &'a Op,
        frame: &Frame<'_, 'a, W::Node>,
    ) -> Result<Option<Instant>, EvalError> {
        let value = self.eval(value, frame)?;
        self.instant(function, &value)
    }

    /// A value as a day or moment; None for a blank, an error for what is neither.
    fn instant(
        &self,
        function: &'static str,
        value: &Val<'a, W::Node>,
    ) -> Result<Option<Instant>, EvalError> {
        let days = match value {
            Val::Day(day) => return Ok(Some(Instant::Day(*day))),
            Val::Moment(moment) => return Ok(Some(Instant::Moment(*moment))),
            Val::Number(days) => *days,
            Val::Text(_) | Val::Item(_) | Val::Items(_) | Val::Boolean(_) => {
                let text = self.to_text(value);
                if text.trim().is_empty() {
                    return Ok(None);
                }
                if let Some(instant) = date::parse(&text, self.local()) {
                    return Ok(Some(instant));
                }
                number::parse(&text)
                    .ok_or_else(|| bad(function, &text, "give it a date such as 2026-11-24"))?
            }
        };
        if days.is_nan() {
            return Ok(None);
        }
        let instant = if days.fract() == 0.0 {
            date::day_from_number(days).map(Instant::Day)
        } else {
            date::moment_from_number(days, self.local()).map(Instant::Moment)
        };
        match instant {
            Some(instant) => Ok(Some(instant)),
            None => Err(bad(
                function,
                &number::text(days),
                "give it a number of days within the calendar",
            )),
        }
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
            (Some(argument), Function::Round) => {
                let value = self.eval(argument, frame)?;
                let number = self.to_number(&value);
                // Some keyboards give a decimal comma, and JavaRosa understands it here.
                if number.is_nan() {
                    self.text_number(&self.to_text(&value).replace(',', "."))
                } else {
                    number
                }
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
            other => Err(bad(
                function,
                &self.to_text(&other),
                "give it questions or groups of the form",
            )),
        }
    }
}

fn blank<'a, N>() -> Val<'a, N> {
    Val::Text(Cow::Borrowed(""))
}

fn count<'a, N>(n: usize) -> Val<'a, N> {
    Val::Number(n as f64)
}

/// An error that shows no more than the beginning of what it is about.
fn bad(function: &'static str, found: &str, advice: &'static str) -> EvalError {
    EvalError::BadArgument {
        function,
        found: found.chars().take(40).collect(),
        advice,
    }
}

/// What counts as true in a checklist: everything but blank, `0`, `no`, `false`.
fn is_ticked(text: &str) -> bool {
    !matches!(text.trim().to_lowercase().as_str(), "" | "0" | "no" | "false")
}

/// Between two bounds, of which -1 means none.
fn within(number: f64, min: f64, max: f64) -> bool {
    (min == -1.0 || number >= min) && (max == -1.0 || number <= max)
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

fn random_sign(bits: u64) -> char {
    const SIGNS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let place = (number::unit_interval(bits) * SIGNS.len() as f64) as usize;
    SIGNS.get(place).copied().map_or('0', char::from)
}
