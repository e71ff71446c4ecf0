//! What the type of a question asks of its answer: the marks of a range, all items of a ranking, choices that go with no
//! other, enough positions for a line.

use sampan_form::compiled::Node;
use sampan_value::answer::Value;
use sampan_value::decimal::Decimal;
use sampan_value::geo::Geopoint;

use crate::interview::Interview;
use crate::offers;
use crate::places::Spot;

impl Interview {
    /// Why a value does not fit the type of its question, for people; None when it does.
    pub(crate) fn misfit(&self, spot: Spot, node: &Node, value: &Value) -> Option<String> {
        match value {
            Value::Integer(number) => off_range(node, Decimal::new(*number, 0)?),
            Value::Decimal(number) => off_range(node, *number),
            Value::Choices(names) if node.type_name == "rank" => self.unranked(spot, names),
            Value::Choices(names) => self.not_alone(spot, names),
            Value::Geotrace(_)
            | Value::Geoshape(_)
            | Value::Text(_)
            | Value::Date(_)
            | Value::Time(_)
            | Value::DateTime(_)
            | Value::Geopoint(_)
            | Value::Choice(_)
            | Value::Media(_)
            | Value::Acknowledge => None,
        }
    }

    /// Not every item on offer has its place in a ranking.
    fn unranked(&self, spot: Spot, names: &[String]) -> Option<String> {
        let offers = offers::offered(&self.sight(spot), spot);
        let left: Vec<&str> = offers
            .iter()
            .filter(|offer| !names.contains(&offer.name))
            .map(|offer| offer.name.as_str())
            .take(12)
            .collect();
        (!left.is_empty()).then(|| {
            format!(
                "All items have to be ranked, the first before the last. Still without a place: {}.",
                left.join(", ")
            )
        })
    }

    /// A choice that goes with no other has company.
    fn not_alone(&self, spot: Spot, names: &[String]) -> Option<String> {
        if names.len() < 2 {
            return None;
        }
        let sight = self.sight(spot);
        let alone = names
            .iter()
            .find(|name| offers::is_exclusive(&sight, spot, name))?;
        Some(format!(
            "“{alone}” goes with no other choice. Choose it alone, or leave it out."
        ))
    }

    /// What is ticked after one more tick: a name that is ticked already is no longer; one that goes with no other
    /// takes the place of all, and any other takes the place of that.
    pub fn tick(&self, at: &sampan_record::path::AnswerPath, ticked: &[String], name: &str) -> Vec<String> {
        if ticked.iter().any(|own| own == name) {
            return ticked.iter().filter(|own| *own != name).cloned().collect();
        }
        let Some(spot) = self.places.find(&self.plan, at) else {
            return ticked.to_vec();
        };
        let sight = self.sight(spot);
        if offers::is_exclusive(&sight, spot, name) {
            return vec![name.to_string()];
        }
        let stays = ticked
            .iter()
            .filter(|own| !offers::is_exclusive(&sight, spot, own));
        stays.cloned().chain([name.to_string()]).collect()
    }
}

/// Why a value is not whole yet: a line that is still being drawn is kept, and doubted.
pub(crate) fn unfinished(value: &Value) -> Option<String> {
    match value {
        Value::Geotrace(line) => too_short(line, 2),
        Value::Geoshape(line) => too_short(line, 3),
        Value::Text(_)
        | Value::Integer(_)
        | Value::Decimal(_)
        | Value::Date(_)
        | Value::Time(_)
        | Value::DateTime(_)
        | Value::Geopoint(_)
        | Value::Choice(_)
        | Value::Choices(_)
        | Value::Media(_)
        | Value::Acknowledge => None,
    }
}

/// Why a number is no mark of a range question, or lies outside the `start` and `end` of another.
fn off_range(node: &Node, number: Decimal) -> Option<String> {
    let is_range = node.type_name == "range";
    let mark = |name: &str, usual: i64| match node.parameters.get(name) {
        Some(text) => Decimal::parse(text.trim()).ok(),
        None => is_range.then(|| Decimal::new(usual, 0)).flatten(),
    };
    let (start, end) = (mark("start", 1)?, mark("end", 10)?);
    let (low, high) = (start.min(end), start.max(end));
    if number < low || number > high {
        return Some(format!("The number must lie between {low} and {high}."));
    }
    let step = mark("step", 1).filter(|_| is_range)?;
    let scale = start.scale().max(step.scale()).max(number.scale());
    let (step, start, number) = (
        scaled(step, scale)?,
        scaled(start, scale)?,
        scaled(number, scale)?,
    );
    let off = number.checked_sub(start)?.checked_rem(step)?;
    (off != 0).then(|| {
        let step = node.parameters.get("step").map_or("1", |step| step.trim());
        format!("The number must be {low} or some steps of {step} from it.")
    })
}

/// A number in units of the given scale; None when it has too many digits for that.
fn scaled(number: Decimal, scale: u8) -> Option<i128> {
    let factor = 10_i128.checked_pow(u32::from(scale.checked_sub(number.scale())?))?;
    i128::from(number.mantissa()).checked_mul(factor)
}

/// A line with too few different positions.
fn too_short(line: &[Geopoint], least: usize) -> Option<String> {
    let mut different: Vec<&Geopoint> = Vec::new();
    for point in line {
        if !different.contains(&point) {
            different.push(point);
        }
        if different.len() >= least {
            return None;
        }
    }
    Some(format!("At least {least} different positions are needed here."))
}
