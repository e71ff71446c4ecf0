//! Functions of days and moments.

use std::borrow::Cow;

use chrono::NaiveDate;

use crate::eval::EvalError;
use crate::eval::call::{bad, blank};
use crate::eval::run::{Frame, Run, Value};
use crate::eval::val::Val;
use crate::functions::date::{self, Instant};
use crate::functions::{Function, number};
use crate::program::op::Op;
use crate::world::World;

impl<'a, W: World> Run<'a, W> {
    pub(super) fn call_date(
        &self,
        function: Function,
        arguments: &'a [Op],
        frame: &Frame<'_, 'a, W::Node>,
    ) -> Value<'a, W> {
        Ok(match (function, arguments) {
            (Function::Now, _) => Val::Moment(self.world.now()),
            (Function::Today, _) => Val::Day(self.world.now().date_naive()),
            (Function::Date, [value]) => {
                let value = self.eval(value, frame)?;
                // Of a number of days only the whole ones count.
                let value = match value {
                    Val::Number(days) => Val::Number(days.trunc()),
                    value => value,
                };
                match self.instant("date", &value)? {
                    Some(Instant::Day(day)) => Val::Day(day),
                    // The day that was written, wherever the device is now.
                    Some(Instant::Moment(moment)) => Val::Day(moment.date_naive()),
                    None => blank(),
                }
            }
            (Function::DateTime, [value]) => {
                let value = self.eval_dated(value, frame)?;
                if let Val::Number(days) = value {
                    return if days.is_nan() {
                        Ok(blank())
                    } else {
                        date::moment_from_number(days, self.local())
                            .map(Val::Moment)
                            .ok_or_else(|| bad("date-time", "give it a number of days within the calendar"))
                    };
                }
                match self.instant("date-time", &value)? {
                    Some(Instant::Moment(moment)) => Val::Moment(moment),
                    Some(Instant::Day(day)) => Val::Day(day),
                    None => blank(),
                }
            }
            (Function::DecimalDateTime, [value]) => {
                let value = self.eval_dated(value, frame)?;
                if let Val::Number(days) = value {
                    return Ok(Val::Number(days));
                }
                let instant = self.instant("decimal-date-time", &value)?;
                Val::Number(instant.map_or(f64::NAN, |instant| date::exact_number(instant, self.local())))
            }
            (Function::DecimalTime, [value]) => {
                let value = self.eval_dated(value, frame)?;
                Val::Number(match &value {
                    Val::Number(days) => days.rem_euclid(1.0),
                    Val::Day(_) => 0.0,
                    Val::Moment(moment) => {
                        date::day_fraction(date::wall_clock(Instant::Moment(*moment), self.local()))
                    }
                    Val::Text(_) | Val::Boolean(_) | Val::Item(_) | Val::Items(_) => {
                        let text = self.to_text(&value);
                        match date::parse(&text, self.local()) {
                            Some(instant) => date::day_fraction(date::wall_clock(instant, self.local())),
                            None => date::time_fraction(&text, self.local()).unwrap_or(f64::NAN),
                        }
                    }
                })
            }
            (Function::DifferenceInMonths, [from, to]) => {
                let (from, to) = (self.eval(from, frame)?, self.eval(to, frame)?);
                let from = self.instant("difference-in-months", &from)?;
                let to = self.instant("difference-in-months", &to)?;
                match (from, to) {
                    (Some(from), Some(to)) => {
                        let day = |instant| date::wall_clock(instant, self.local()).date();
                        Val::Number(date::whole_months(day(from), day(to)))
                    }
                    _ => blank(),
                }
            }
            (Function::AddDate, [day, years, rest @ ..]) => {
                let day = self.eval(day, frame)?;
                let Some(day) = self.instant("add-date", &day)? else {
                    return Ok(blank());
                };
                let day = date::wall_clock(day, self.local()).date();
                let years = self.number(years, frame)?;
                let months = rest.first().map_or(Ok(0.0), |op| self.number(op, frame))?;
                let days = rest.get(1).map_or(Ok(0.0), |op| self.number(op, frame))?;
                date::moved(day, years * 12.0 + months, days)
                    .map(Val::Day)
                    .ok_or_else(|| bad("add-date", "give it numbers that stay within the calendar"))?
            }
            (Function::FormatDate | Function::FormatDateTime, [value, pattern]) => {
                let value = self.eval_dated(value, frame)?;
                let Ok(Some(instant)) = self.instant("format-date", &value) else {
                    return Ok(blank());
                };
                let pattern = self.text(pattern, frame)?;
                Val::Text(Cow::Owned(date::format(
                    date::wall_clock(instant, self.local()),
                    &pattern,
                    &Names(self.world),
                )))
            }
            _ => blank(),
        })
    }

    /// A value that is asked for its time of day: `date()` of a text with a time keeps that, though it reads as a day.
    fn eval_dated(&self, op: &'a Op, frame: &Frame<'_, 'a, W::Node>) -> Value<'a, W> {
        if let Op::Call(Function::Date, arguments) = op
            && let [inner] = arguments.as_slice()
        {
            let value = self.eval(inner, frame)?;
            if !matches!(value, Val::Text(_) | Val::Item(_) | Val::Items(_)) {
                return self.eval(op, frame);
            }
            return Ok(match self.instant("date", &value)? {
                Some(Instant::Day(day)) => Val::Day(day),
                Some(Instant::Moment(moment)) => Val::Moment(moment),
                None => blank(),
            });
        }
        self.eval(op, frame)
    }

    fn local(&self) -> chrono::FixedOffset {
        *self.world.now().offset()
    }

    /// The moment at which a day begins here; the day itself at the ends of the calendar.
    pub(in crate::eval) fn midnight(&self, day: NaiveDate) -> Val<'a, W::Node> {
        let midnight = date::wall_clock(Instant::Day(day), self.local());
        match sampan_value::text::at_offset(midnight, self.local()) {
            Ok(moment) => Val::Moment(moment),
            Err(_) => Val::Day(day),
        }
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
                // An answer may be a number of days; a text between quotes must be a date.
                let is_node = matches!(value, Val::Item(_) | Val::Items(_));
                let days = number::parse(&text).filter(|_| is_node);
                days.ok_or_else(|| bad(function, "give it a date such as 2026-11-24"))?
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
            None => Err(bad(function, "give it a number of days within the calendar")),
        }
    }
}

/// The names of months and days that a world has.
struct Names<'w, W>(&'w W);

impl<W: World> date::CalendarNames for Names<'_, W> {
    fn month(&self, month: u32) -> Option<String> {
        self.0.month_name(month)
    }
    fn day(&self, day: u32) -> Option<String> {
        self.0.day_name(day)
    }
}
