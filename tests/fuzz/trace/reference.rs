//! The slow, simple evaluator: after every step everything is computed from nothing, again and again until nothing
//! changes. It shares no code with the engine but the types of answers.

use std::collections::BTreeMap;

use sampan_value::answer::{Answer, Missing, Value};

use crate::trace::model::{CHOICES, Exp, Model, Sign, What};

/// An item in one row of each repeat around it, rows by their number from 0. For a repeat as a whole, the rows around.
pub type Place = (usize, Vec<usize>);

/// One row, or the interview itself.
#[derive(Debug, Clone, Default)]
pub struct Row {
    pub id: u64,
    pub given: BTreeMap<usize, Answer>,
    pub rows: BTreeMap<usize, Vec<Row>>,
}

/// What is given, and what follows from it.
#[derive(Debug, Clone)]
pub struct Reference<'m> {
    pub model: &'m Model,
    pub top: Row,
    relevant: BTreeMap<Place, bool>,
    computed: BTreeMap<Place, String>,
    counts: BTreeMap<Place, usize>,
}

/// A value of an expression.
#[derive(Debug, Clone, PartialEq)]
enum Val {
    Text(String),
    Number(f64),
    Truth(bool),
    Node(String, Option<Missing>),
    Nodes(Vec<(String, Option<Missing>)>),
}

impl<'m> Reference<'m> {
    pub fn new(model: &'m Model) -> Reference<'m> {
        let mut reference = Reference {
            model,
            top: Row::default(),
            relevant: BTreeMap::new(),
            computed: BTreeMap::new(),
            counts: BTreeMap::new(),
        };
        reference.recompute();
        reference
    }

    /// Everything from nothing.
    pub fn recompute(&mut self) {
        (self.relevant, self.computed, self.counts) = Default::default();
        for _ in 0..200 {
            let (mut relevant, mut computed, mut counts) =
                (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
            for place in self.places() {
                let item = &self.model.items[place.0];
                if let Some(exp) = &item.relevant {
                    let holds = self.eval(exp, &place, None).truth();
                    relevant.insert(place.clone(), holds);
                }
                if let Some(exp) = &item.calculation {
                    let text = match self.eval(exp, &place, None) {
                        Val::Number(number) if number.is_nan() => String::new(),
                        value => value.text(),
                    };
                    computed.insert(place.clone(), text);
                }
                if let Some(exp) = &item.count {
                    let number = self.eval(exp, &place, None).number();
                    let count = if number >= 1.0 { number as usize } else { 0 };
                    counts.insert(place.clone(), count);
                    let around = self.row_of(&place);
                    let rows = around.rows.entry(place.0).or_default();
                    while rows.len() < count {
                        rows.push(Row {
                            id: rows.len() as u64,
                            ..Row::default()
                        });
                    }
                }
            }
            let is_same = (&relevant, &computed, &counts) == (&self.relevant, &self.computed, &self.counts);
            (self.relevant, self.computed, self.counts) = (relevant, computed, counts);
            if is_same {
                return;
            }
        }
        panic!("the reference does not come to rest: {:#?}", self.model);
    }

    /// Every place, rows that are not shown included.
    pub fn places(&self) -> Vec<Place> {
        let mut places = Vec::new();
        self.places_in(None, &self.top, &mut Vec::new(), &mut places);
        places
    }

    fn places_in(&self, parent: Option<usize>, row: &Row, rows: &mut Vec<usize>, places: &mut Vec<Place>) {
        for (number, item) in self.model.items.iter().enumerate() {
            if item.parent != parent {
                continue;
            }
            places.push((number, rows.clone()));
            match item.what {
                What::Group => self.places_in(Some(number), row, rows, places),
                What::Repeat => {
                    for (place, inner) in row.rows.get(&number).into_iter().flatten().enumerate() {
                        rows.push(place);
                        self.places_in(Some(number), inner, rows, places);
                        rows.pop();
                    }
                }
                What::Integer | What::Text | What::One | What::Many | What::Calculate => {}
            }
        }
    }

    /// The row that an item stands in.
    fn row(&self, item: usize, rows: &[usize]) -> &Row {
        let mut row = &self.top;
        for (repeat, number) in self.model.items[item].repeats.iter().zip(rows) {
            row = &row.rows[repeat][*number];
        }
        row
    }

    /// The row that an item stands in, to be changed.
    pub fn row_of(&mut self, place: &Place) -> &mut Row {
        let repeats = &self.model.items[place.0].repeats;
        let mut row = &mut self.top;
        for (repeat, number) in repeats.iter().zip(&place.1) {
            row = &mut row.rows.get_mut(repeat).expect("rows")[*number];
        }
        row
    }

    /// The ids of the rows around a place.
    pub fn ids(&self, place: &Place) -> Vec<u64> {
        let mut row = &self.top;
        let mut ids = Vec::new();
        for (repeat, number) in self.model.items[place.0].repeats.iter().zip(&place.1) {
            row = &row.rows[repeat][*number];
            ids.push(row.id);
        }
        ids
    }

    /// The answer that was given at a place.
    pub fn given(&self, place: &Place) -> Option<&Answer> {
        self.row(place.0, &place.1).given.get(&place.0)
    }

    /// What a calculation is worth.
    pub fn computed(&self, place: &Place) -> &str {
        self.computed.get(place).map(String::as_str).unwrap_or_default()
    }

    /// How many rows a repeat shows, relevant or not.
    pub fn n_rows(&self, place: &Place) -> usize {
        match self.model.items[place.0].count {
            Some(_) => self.counts.get(place).copied().unwrap_or(0),
            None => self.row(place.0, &place.1).rows.get(&place.0).map_or(0, Vec::len),
        }
    }

    /// Whether a place is asked, with all that is around it.
    pub fn is_relevant(&self, place: &Place) -> bool {
        let mut at = Some(place.0);
        let mut rows = place.1.clone();
        while let Some(item) = at {
            rows.truncate(self.model.items[item].repeats.len());
            if self.relevant.get(&(item, rows.clone())) == Some(&false) {
                return false;
            }
            at = self.model.items[item].parent;
            if let Some(parent) = at
                && self.model.items[parent].what == What::Repeat
            {
                let number = rows.pop().expect("a row around");
                if number >= self.n_rows(&(parent, rows.clone())) {
                    return false;
                }
            }
        }
        true
    }

    pub fn is_required(&self, place: &Place) -> bool {
        let required = &self.model.items[place.0].required;
        required
            .as_ref()
            .is_some_and(|exp| self.eval(exp, place, None).truth())
    }

    /// Whether a value may stand at a place, by the constraint.
    pub fn holds(&self, place: &Place, value: &str) -> bool {
        let constraint = &self.model.items[place.0].constraint;
        constraint
            .as_ref()
            .is_none_or(|exp| self.eval(exp, place, Some(value)).truth())
    }

    /// The choices on offer.
    pub fn offered(&self, place: &Place) -> Vec<&'static str> {
        let passes = |number: usize| match self.model.items[place.0].filter {
            None => true,
            Some(filter) => {
                let column = Val::Text(CHOICES[number / 2].to_owned());
                compare(Sign::Equal, &column, &self.eval(&Exp::Ref(filter), place, None))
            }
        };
        (0..CHOICES.len())
            .filter(|number| passes(*number))
            .map(|number| CHOICES[number])
            .collect()
    }

    /// The places of an item as an expression at another place means them.
    fn seen(&self, item: usize, from: &Place) -> Vec<Place> {
        let target = &self.model.items[item];
        let mut chain = target.repeats.clone();
        if target.what == What::Repeat {
            chain.push(item);
        }
        let mut own = self.model.items[from.0].repeats.clone();
        own.truncate(from.1.len());
        let n_common = chain.iter().zip(&own).take_while(|(a, b)| a == b).count();
        let mut found = vec![from.1[..n_common].to_vec()];
        for repeat in &chain[n_common..] {
            found = found
                .into_iter()
                .filter(|rows| self.is_relevant(&(*repeat, rows.clone())))
                .flat_map(|rows| {
                    (0..self.n_rows(&(*repeat, rows.clone()))).map(move |number| {
                        let mut rows = rows.clone();
                        rows.push(number);
                        rows
                    })
                })
                .collect();
        }
        let is_own = n_common == chain.len();
        let is_repeat = target.what == What::Repeat;
        found
            .into_iter()
            .map(|rows| (item, rows))
            .filter(|place| is_own || is_repeat || self.is_relevant(place))
            .collect()
    }

    fn node(&self, place: &Place) -> (String, Option<Missing>) {
        if !self.is_relevant(place) {
            return (String::new(), None);
        }
        if self.model.items[place.0].what == What::Calculate {
            return (self.computed(place).to_owned(), None);
        }
        match self.given(place) {
            None => (String::new(), None),
            Some(Answer::Missing(missing)) => (String::new(), Some(*missing)),
            Some(Answer::Value(value)) => (text(value), None),
        }
    }

    fn texts(&self, item: usize, from: &Place) -> Vec<String> {
        self.seen(item, from)
            .iter()
            .map(|place| self.node(place).0)
            .collect()
    }

    fn eval(&self, exp: &Exp, at: &Place, candidate: Option<&str>) -> Val {
        let sub = |exp: &Exp| self.eval(exp, at, candidate);
        match exp {
            Exp::Number(number) => Val::Number(*number as f64),
            Exp::Text(text) => Val::Text((*text).to_owned()),
            Exp::Own => Val::Text(candidate.unwrap_or_default().to_owned()),
            Exp::Ref(item) => {
                let around = &self.model.items[*item].repeats;
                let own = &self.model.items[at.0].repeats;
                let places = self.seen(*item, at);
                // A place that cannot have more than one row is one node, otherwise it is a set of them.
                match around.iter().all(|repeat| own.contains(repeat)) {
                    true => {
                        let (text, missing) = self.node(&places[0]);
                        Val::Node(text, missing)
                    }
                    false => Val::Nodes(places.iter().map(|place| self.node(place)).collect()),
                }
            }
            Exp::Binary(Sign::Add, left, right) => Val::Number(sub(left).number() + sub(right).number()),
            Exp::Binary(Sign::Subtract, left, right) => Val::Number(sub(left).number() - sub(right).number()),
            Exp::Binary(sign, left, right) => Val::Truth(compare(*sign, &sub(left), &sub(right))),
            Exp::If(condition, then, otherwise) => match sub(condition).truth() {
                true => sub(then),
                false => sub(otherwise),
            },
            Exp::Coalesce(left, right) => {
                let is_there = |value: &Val| {
                    let is_nan = matches!(value, Val::Number(number) if number.is_nan());
                    !is_nan && !value.text().is_empty()
                };
                let (left, right) = (sub(left), sub(right));
                match (is_there(&left), is_there(&right)) {
                    (true, _) => left,
                    (false, true) => right,
                    (false, false) => Val::Text(String::new()),
                }
            }
            Exp::Sum(item) => {
                let numbers = self.texts(*item, at);
                let numbers = numbers.iter().map(|text| number(text));
                Val::Number(numbers.filter(|number| !number.is_nan()).fold(0.0, |a, b| a + b))
            }
            Exp::Max(item) => {
                let mut largest = f64::NAN;
                for text in self
                    .texts(*item, at)
                    .iter()
                    .filter(|text| !text.trim().is_empty())
                {
                    let number = number(text);
                    if number.is_nan() {
                        return Val::Number(f64::NAN);
                    }
                    if largest.is_nan() || number > largest {
                        largest = number;
                    }
                }
                Val::Number(largest)
            }
            Exp::Count(item) => Val::Number(self.seen(*item, at).len() as f64),
            Exp::CountNonEmpty(item) => {
                let texts = self.texts(*item, at);
                Val::Number(texts.iter().filter(|text| !text.is_empty()).count() as f64)
            }
            Exp::Join(item) => Val::Text(self.texts(*item, at).join("-")),
            Exp::CountSelected(inside) => Val::Number(sub(inside).text().split_whitespace().count() as f64),
            Exp::StringLength(inside) => Val::Number(sub(inside).text().chars().count() as f64),
            Exp::Concat(left, right) => {
                let all = |exp: &Exp| match sub(exp) {
                    Val::Nodes(nodes) => nodes.into_iter().map(|(text, _)| text).collect(),
                    value => value.text(),
                };
                Val::Text(format!("{}{}", all(left), all(right)))
            }
            Exp::Selected(inside, choice) => {
                Val::Truth(sub(inside).text().split_whitespace().any(|word| word == *choice))
            }
            Exp::And(left, right) => Val::Truth(sub(left).truth() && sub(right).truth()),
            Exp::Or(left, right) => Val::Truth(sub(left).truth() || sub(right).truth()),
            Exp::Not(inside) => Val::Truth(!sub(inside).truth()),
            Exp::Position => Val::Number(at.1.last().map_or(f64::NAN, |number| *number as f64 + 1.0)),
        }
    }
}

/// A value as text.
pub fn text(value: &Value) -> String {
    match value {
        Value::Integer(number) => number.to_string(),
        Value::Text(text) | Value::Choice(text) => text.clone(),
        Value::Choices(names) => names.join(" "),
        other => panic!("the reference knows no {other:?}"),
    }
}

fn number(text: &str) -> f64 {
    match text.trim() {
        "Infinity" | "NaN" => f64::NAN,
        text => text.parse().unwrap_or(f64::NAN),
    }
}

fn compare(sign: Sign, left: &Val, right: &Val) -> bool {
    // Of several nodes one must fit; none are a blank.
    let each = |nodes: &[(String, Option<Missing>)]| -> Vec<Val> {
        match nodes {
            [] => vec![Val::Text(String::new())],
            nodes => nodes
                .iter()
                .map(|(text, missing)| Val::Node(text.clone(), *missing))
                .collect(),
        }
    };
    let is_equality = matches!(sign, Sign::Equal | Sign::NotEqual);
    let (left, right) = match (left, right) {
        (Val::Nodes(nodes), Val::Truth(_)) if is_equality => (&Val::Truth(!nodes.is_empty()), right),
        (Val::Truth(_), Val::Nodes(nodes)) if is_equality => (left, &Val::Truth(!nodes.is_empty())),
        _ => (left, right),
    };
    match (left, right) {
        (Val::Nodes(nodes), _) => each(nodes).iter().any(|left| compare(sign, left, right)),
        (_, Val::Nodes(nodes)) => each(nodes).iter().any(|right| compare(sign, left, right)),
        _ => match sign {
            Sign::Equal => equal(left, right),
            Sign::NotEqual => !equal(left, right),
            Sign::Less => left.number() < right.number(),
            Sign::LessOrEqual => left.number() <= right.number(),
            Sign::Greater => left.number() > right.number(),
            Sign::Add | Sign::Subtract => false,
        },
    }
}

fn equal(left: &Val, right: &Val) -> bool {
    let missing = |value: &Val| match value {
        Val::Node(_, missing) => *missing,
        _ => None,
    };
    if matches!(left, Val::Truth(_)) || matches!(right, Val::Truth(_)) {
        return left.truth() == right.truth();
    }
    match (missing(left), missing(right)) {
        (Some(left), Some(right)) => left == right,
        (Some(reason), None) => right.number() == reason.code() as f64 || right.text().is_empty(),
        (None, Some(reason)) => left.number() == reason.code() as f64 || left.text().is_empty(),
        (None, None) => match (left, right) {
            (Val::Number(_), _) | (_, Val::Number(_)) => left.number() == right.number(),
            _ => left.text() == right.text(),
        },
    }
}

impl Val {
    fn text(&self) -> String {
        match self {
            Val::Text(text) | Val::Node(text, _) => text.clone(),
            Val::Number(number) => format!("{}", number + 0.0),
            Val::Truth(truth) => truth.to_string(),
            Val::Nodes(nodes) => nodes.first().map(|(text, _)| text.clone()).unwrap_or_default(),
        }
    }

    fn number(&self) -> f64 {
        match self {
            Val::Number(number) => *number,
            Val::Truth(truth) => f64::from(u8::from(*truth)),
            other => number(&other.text()),
        }
    }

    fn truth(&self) -> bool {
        match self {
            Val::Truth(truth) => *truth,
            Val::Number(number) => *number != 0.0 && !number.is_nan(),
            Val::Text(text) | Val::Node(text, _) => !text.is_empty(),
            Val::Nodes(nodes) => !nodes.is_empty(),
        }
    }
}
