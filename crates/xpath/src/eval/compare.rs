//! Equality and order, node-sets and missing states included.

use sampan_value::answer::Missing;

use crate::eval::EvalError;
use crate::eval::run::Run;
use crate::eval::val::{Item, Val};
use crate::functions::date::{self, Instant};
use crate::functions::number;
use crate::syntax::Operator;
use crate::world::World;

impl<'a, W: World> Run<'a, W> {
    /// Whether a comparison holds; of node-sets, whether it holds for any of their nodes.
    pub(super) fn compare(
        &self,
        operator: Operator,
        left: &Val<'a, W::Node>,
        right: &Val<'a, W::Node>,
    ) -> Result<bool, EvalError> {
        let is_equality = matches!(operator, Operator::Equal | Operator::NotEqual);
        match (left, right) {
            // Whether a node-set equals true or false is judged by its having nodes.
            (Val::Items(items), Val::Boolean(_)) if is_equality => {
                Ok(self.compare_one(operator, &Val::Boolean(!items.is_empty()), right))
            }
            (Val::Boolean(_), Val::Items(items)) if is_equality => {
                Ok(self.compare_one(operator, left, &Val::Boolean(!items.is_empty())))
            }
            (Val::Items(items), _) => {
                // No node compares like a blank one, as in JavaRosa.
                if items.is_empty() {
                    if self.world.is_strict() {
                        return Ok(false);
                    }
                    return self.compare(operator, &Val::Text("".into()), right);
                }
                for item in items {
                    self.charge(1)?;
                    if self.compare(operator, &Val::Item(item.clone()), right)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            (_, Val::Items(items)) => {
                if items.is_empty() {
                    if self.world.is_strict() {
                        return Ok(false);
                    }
                    return Ok(self.compare_one(operator, left, &Val::Text("".into())));
                }
                for item in items {
                    self.charge(1)?;
                    if self.compare_one(operator, left, &Val::Item(item.clone())) {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            _ => Ok(self.compare_one(operator, left, right)),
        }
    }

    fn compare_one(&self, operator: Operator, left: &Val<'a, W::Node>, right: &Val<'a, W::Node>) -> bool {
        let numbers = || (self.to_number(left), self.to_number(right));
        match operator {
            Operator::Equal => self.equal(left, right),
            Operator::NotEqual => !self.equal(left, right),
            Operator::Less => {
                let (left, right) = numbers();
                left < right
            }
            Operator::LessOrEqual => {
                let (left, right) = numbers();
                left <= right
            }
            Operator::Greater => {
                let (left, right) = numbers();
                left > right
            }
            Operator::GreaterOrEqual => {
                let (left, right) = numbers();
                left >= right
            }
            Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Modulo => {
                false
            }
        }
    }

    fn equal(&self, left: &Val<'a, W::Node>, right: &Val<'a, W::Node>) -> bool {
        if let (Val::Boolean(_), _) | (_, Val::Boolean(_)) = (left, right) {
            return self.to_boolean(left) == self.to_boolean(right);
        }
        if let Some(missing) = self.missing(left) {
            return self.is_code(missing, left, right);
        }
        if let Some(missing) = self.missing(right) {
            return self.is_code(missing, right, left);
        }
        match (left, right) {
            (Val::Number(_), _) | (_, Val::Number(_)) => {
                number::equal(self.to_number(left), self.to_number(right))
            }
            // A day and a moment are the same if the day begins at that moment.
            (Val::Day(day), Val::Moment(moment)) | (Val::Moment(moment), Val::Day(day)) => {
                let local = *self.world.now().offset();
                date::exact_number(Instant::Day(*day), local) == date::number(Instant::Moment(*moment))
            }
            (Val::Day(_) | Val::Moment(_), other) | (other, Val::Day(_) | Val::Moment(_)) => {
                let is_date = !self.to_number(other).is_nan();
                if is_date {
                    number::equal(self.to_number(left), self.to_number(right))
                } else {
                    self.to_text(left) == self.to_text(right)
                }
            }
            _ => self.to_text(left) == self.to_text(right),
        }
    }

    /// Why the node that a value is has no answer, if that was answered.
    pub(super) fn missing(&self, value: &Val<'a, W::Node>) -> Option<Missing> {
        match value {
            Val::Item(Item::Own(node)) => self.world.missing(node),
            Val::Item(Item::Node(node)) => self.world.missing(node),
            Val::Item(_)
            | Val::Items(_)
            | Val::Text(_)
            | Val::Number(_)
            | Val::Boolean(_)
            | Val::Day(_)
            | Val::Moment(_) => None,
        }
    }

    /// A missing answer equals its code, a blank text, and an answer missing for the same reason.
    fn is_code(&self, missing: Missing, value: &Val<'a, W::Node>, other: &Val<'a, W::Node>) -> bool {
        if let Some(reason) = self.missing(other) {
            return reason == missing;
        }
        let is_code = number::equal(self.to_number(other), missing.code() as f64);
        is_code || self.to_text(value) == self.to_text(other)
    }
}
