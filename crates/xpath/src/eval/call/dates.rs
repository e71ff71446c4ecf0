//! Functions of days and moments.

use std::borrow::Cow;

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
                number::parse(&text).ok_or_else(|| bad(function, "give it a date such as 2026-11-24"))?
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
