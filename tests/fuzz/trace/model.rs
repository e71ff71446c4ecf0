//! Small random forms: items, and expressions that are written as XPath for the engine and kept as trees for the
//! reference.

use sampan_xlsform::workbook::Workbook;

use crate::bytes::Bytes;
use crate::xpath::sheet;

/// Names of choices; each is also what a filter compares with.
pub const CHOICES: &[&str] = &["p", "q", "s", "1"];

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Integer,
    Text,
    One,
    Many,
    Calculate,
    Group,
    Repeat,
}

/// One item, in document order.
#[derive(Debug, Clone)]
pub struct Item {
    pub what: What,
    pub parent: Option<usize>,
    /// The repeats around it, outermost first.
    pub repeats: Vec<usize>,
    pub relevant: Option<Exp>,
    pub required: Option<Exp>,
    pub constraint: Option<Exp>,
    pub calculation: Option<Exp>,
    pub count: Option<Exp>,
    /// The item whose answer the column `f` of a choice must equal.
    pub filter: Option<usize>,
}

/// Comparisons and arithmetic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    Add,
    Subtract,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
}

/// An expression.
#[derive(Debug, Clone)]
pub enum Exp {
    Number(i64),
    Text(&'static str),
    Own,
    Ref(usize),
    Binary(Sign, Box<Exp>, Box<Exp>),
    If(Box<Exp>, Box<Exp>, Box<Exp>),
    Coalesce(Box<Exp>, Box<Exp>),
    Sum(usize),
    Max(usize),
    Count(usize),
    CountNonEmpty(usize),
    CountSelected(Box<Exp>),
    StringLength(Box<Exp>),
    Join(usize),
    Concat(Box<Exp>, Box<Exp>),
    Selected(Box<Exp>, &'static str),
    And(Box<Exp>, Box<Exp>),
    Or(Box<Exp>, Box<Exp>),
    Not(Box<Exp>),
    Position,
}

/// A form.
#[derive(Debug, Clone)]
pub struct Model {
    pub items: Vec<Item>,
}

/// The name of an item.
pub fn name(item: usize) -> String {
    format!("i{item}")
}

impl Model {
    /// A form from choices.
    pub fn new(bytes: &mut Bytes<'_>) -> Model {
        let mut model = Model { items: Vec::new() };
        let mut open: Vec<usize> = Vec::new();
        let n_items = 2 + bytes.below(14);
        // Mostly an expression reads what stands before it; sometimes anything, and then there may be a circle.
        let reads_ahead = bytes.one_in(4);
        for number in 0..n_items {
            while !open.is_empty() && bytes.one_in(3) {
                open.pop();
            }
            let what = bytes.pick(&[
                What::Integer,
                What::Integer,
                What::Text,
                What::One,
                What::Many,
                What::Calculate,
                What::Calculate,
                What::Group,
                What::Repeat,
                What::Repeat,
            ]);
            let parent = open.last().copied();
            let repeats: Vec<usize> = open
                .iter()
                .copied()
                .filter(|item| model.items[*item].what == What::Repeat)
                .collect();
            model.items.push(Item {
                what,
                parent,
                repeats,
                relevant: None,
                required: None,
                constraint: None,
                calculation: None,
                count: None,
                filter: None,
            });
            if matches!(what, What::Group | What::Repeat) && open.len() < 3 {
                open.push(number);
            }
        }
        for number in 0..n_items {
            let top = if reads_ahead { n_items } else { number };
            let what = model.items[number].what;
            let mut one = |n: u8, depth| {
                bytes
                    .one_in(n)
                    .then(|| model.expression(bytes, number, top, depth))
            };
            let (relevant, required, constraint) = match what {
                What::Integer | What::Text | What::One | What::Many => (one(3, 2), one(3, 1), one(4, 1)),
                What::Group | What::Repeat => (one(3, 2), None, None),
                What::Calculate => (one(6, 1), None, None),
            };
            let constraint = constraint.map(|other| {
                let own = Box::new(Exp::Own);
                match bytes.below(4) {
                    0 => Exp::Binary(Sign::Greater, own, Box::new(other)),
                    1 => Exp::Binary(Sign::NotEqual, own, Box::new(other)),
                    2 => Exp::Binary(
                        Sign::LessOrEqual,
                        Box::new(Exp::CountSelected(own)),
                        Box::new(Exp::Number(2)),
                    ),
                    _ => Exp::Or(
                        Box::new(Exp::Selected(own, "p")),
                        Box::new(Exp::Binary(Sign::Less, Box::new(Exp::Number(1)), Box::new(other))),
                    ),
                }
            });
            let count = (what == What::Repeat && bytes.one_in(2)).then(|| {
                let wanted = model.expression(bytes, number, top, 1);
                let is_many = Exp::Binary(Sign::Greater, Box::new(wanted.clone()), Box::new(Exp::Number(3)));
                Exp::If(Box::new(is_many), Box::new(Exp::Number(3)), Box::new(wanted))
            });
            let calculation = (what == What::Calculate).then(|| model.expression(bytes, number, top, 3));
            let filter = (matches!(what, What::One | What::Many) && bytes.one_in(2))
                .then(|| model.question(bytes, number, top))
                .flatten();
            let item = &mut model.items[number];
            (item.relevant, item.required, item.constraint) = (relevant, required, constraint);
            (item.count, item.calculation, item.filter) = (count, calculation, filter);
        }
        model
    }

    /// An item with an answer that the item `at` may read.
    fn question(&self, bytes: &mut Bytes<'_>, at: usize, top: usize) -> Option<usize> {
        let candidates: Vec<usize> = (0..top)
            .filter(|item| *item != at && !matches!(self.items[*item].what, What::Group | What::Repeat))
            .collect();
        candidates.get(bytes.below(candidates.len())).copied()
    }

    fn repeat(&self, bytes: &mut Bytes<'_>, at: usize, top: usize) -> Option<usize> {
        let around = |item| self.items[at].repeats.contains(&item);
        let candidates: Vec<usize> = (0..top)
            .filter(|item| *item != at && self.items[*item].what == What::Repeat && !around(*item))
            .collect();
        candidates.get(bytes.below(candidates.len())).copied()
    }

    fn expression(&self, bytes: &mut Bytes<'_>, at: usize, top: usize, depth: usize) -> Exp {
        let leaf = |bytes: &mut Bytes<'_>| match bytes.below(5) {
            0 => Exp::Number(bytes.below(5) as i64),
            1 => Exp::Text(bytes.pick(&["", "p", "q", "1", "a"])),
            _ => match self.question(bytes, at, top) {
                Some(item) => Exp::Ref(item),
                None => Exp::Number(1),
            },
        };
        if depth == 0 {
            return leaf(bytes);
        }
        let sub = |bytes: &mut Bytes<'_>| Box::new(self.expression(bytes, at, top, depth - 1));
        let of_nodes = |found: Option<usize>, make: fn(usize) -> Exp| found.map_or(Exp::Number(2), make);
        match bytes.below(20) {
            0 | 1 => leaf(bytes),
            2 => Exp::Binary(Sign::Add, sub(bytes), sub(bytes)),
            3 => Exp::Binary(Sign::Subtract, sub(bytes), sub(bytes)),
            4 => Exp::Binary(Sign::Equal, sub(bytes), sub(bytes)),
            5 => Exp::Binary(Sign::NotEqual, sub(bytes), sub(bytes)),
            6 => Exp::Binary(
                bytes.pick(&[Sign::Less, Sign::LessOrEqual, Sign::Greater]),
                sub(bytes),
                sub(bytes),
            ),
            7 => Exp::If(sub(bytes), sub(bytes), sub(bytes)),
            8 => Exp::Coalesce(sub(bytes), sub(bytes)),
            9 => of_nodes(self.question(bytes, at, top), Exp::Sum),
            10 => of_nodes(self.repeat(bytes, at, top), Exp::Count),
            11 => of_nodes(self.question(bytes, at, top), Exp::CountNonEmpty),
            12 => Exp::CountSelected(sub(bytes)),
            13 => Exp::Concat(sub(bytes), sub(bytes)),
            14 => Exp::Selected(sub(bytes), bytes.pick(CHOICES)),
            15 => Exp::And(sub(bytes), sub(bytes)),
            16 => Exp::Or(sub(bytes), sub(bytes)),
            17 => Exp::Not(sub(bytes)),
            18 if !self.items[at].repeats.is_empty() => Exp::Position,
            18 => Exp::StringLength(sub(bytes)),
            _ => match bytes.below(2) {
                0 => of_nodes(self.question(bytes, at, top), Exp::Max),
                _ => of_nodes(self.question(bytes, at, top), Exp::Join),
            },
        }
    }

    /// The item's path of names.
    pub fn path(&self, item: usize) -> String {
        match self.items[item].parent {
            Some(parent) => format!("{}/{}", self.path(parent), name(item)),
            None => name(item),
        }
    }

    /// The form as a workbook.
    pub fn workbook(&self) -> Workbook {
        let head = [
            "type",
            "name",
            "label",
            "relevant",
            "required",
            "constraint",
            "calculation",
            "repeat_count",
            "choice_filter",
        ];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        let mut open: Vec<usize> = Vec::new();
        let close = |what: What, rows: &mut Vec<Vec<String>>| {
            let word = if what == What::Group {
                "end group"
            } else {
                "end repeat"
            };
            rows.push(vec![word.into()]);
        };
        for (number, item) in self.items.iter().enumerate() {
            while open.last().copied() != item.parent {
                let Some(last) = open.pop() else { break };
                close(self.items[last].what, &mut rows);
            }
            let word = match item.what {
                What::Integer => "integer",
                What::Text => "text",
                What::One => "select_one l",
                What::Many => "select_multiple l",
                What::Calculate => "calculate",
                What::Group => "begin group",
                What::Repeat => "begin repeat",
            };
            let written = |exp: &Option<Exp>| {
                exp.as_ref()
                    .map(|exp| self.written(number, exp))
                    .unwrap_or_default()
            };
            rows.push(vec![
                word.into(),
                name(number),
                "L".into(),
                written(&item.relevant),
                written(&item.required),
                written(&item.constraint),
                written(&item.calculation),
                written(&item.count),
                item.filter
                    .map(|filter| format!("f = ${{{}}}", name(filter)))
                    .unwrap_or_default(),
            ]);
            if matches!(item.what, What::Group | What::Repeat) {
                open.push(number);
            }
        }
        while let Some(last) = open.pop() {
            close(self.items[last].what, &mut rows);
        }
        let mut choices = vec![["list_name", "name", "label", "f"].map(str::to_owned).to_vec()];
        for (number, choice) in CHOICES.iter().enumerate() {
            choices.push(
                ["l", choice, choice, CHOICES[number / 2]]
                    .map(str::to_owned)
                    .to_vec(),
            );
        }
        Workbook {
            sheets: vec![
                sheet("survey", rows.into_iter()),
                sheet("choices", choices.into_iter()),
            ],
        }
    }

    /// An expression of an item as XPath.
    fn written(&self, at: usize, exp: &Exp) -> String {
        let sub = |exp: &Exp| match exp {
            Exp::Number(_) | Exp::Text(_) | Exp::Own | Exp::Ref(_) => self.written(at, exp),
            _ => format!("({})", self.written(at, exp)),
        };
        let reference = |item: &usize| format!("${{{}}}", name(*item));
        match exp {
            Exp::Number(number) => number.to_string(),
            Exp::Text(text) => format!("'{text}'"),
            Exp::Own => ".".into(),
            Exp::Ref(item) => reference(item),
            Exp::Binary(sign, left, right) => {
                let sign = match sign {
                    Sign::Add => "+",
                    Sign::Subtract => "-",
                    Sign::Equal => "=",
                    Sign::NotEqual => "!=",
                    Sign::Less => "<",
                    Sign::LessOrEqual => "<=",
                    Sign::Greater => ">",
                };
                format!("{} {sign} {}", sub(left), sub(right))
            }
            Exp::If(condition, then, otherwise) => format!(
                "if({}, {}, {})",
                self.written(at, condition),
                self.written(at, then),
                self.written(at, otherwise)
            ),
            Exp::Coalesce(left, right) => {
                format!(
                    "coalesce({}, {})",
                    self.written(at, left),
                    self.written(at, right)
                )
            }
            Exp::Sum(item) => format!("sum({})", reference(item)),
            Exp::Max(item) => format!("max({})", reference(item)),
            Exp::Count(item) => format!("count({})", reference(item)),
            Exp::CountNonEmpty(item) => format!("count-non-empty({})", reference(item)),
            Exp::Join(item) => format!("join('-', {})", reference(item)),
            Exp::CountSelected(inside) => format!("count-selected({})", self.written(at, inside)),
            Exp::StringLength(inside) => format!("string-length({})", self.written(at, inside)),
            Exp::Concat(left, right) => {
                format!("concat({}, {})", self.written(at, left), self.written(at, right))
            }
            Exp::Selected(inside, choice) => format!("selected({}, '{choice}')", self.written(at, inside)),
            Exp::And(left, right) => format!("{} and {}", sub(left), sub(right)),
            Exp::Or(left, right) => format!("{} or {}", sub(left), sub(right)),
            Exp::Not(inside) => format!("not({})", self.written(at, inside)),
            // From the item up to the row around it.
            Exp::Position => {
                let mut steps = Vec::new();
                let mut parent = self.items[at].parent;
                while let Some(item) = parent {
                    steps.push("..");
                    if self.items[item].what == What::Repeat {
                        break;
                    }
                    parent = self.items[item].parent;
                }
                format!("position({})", steps.join("/"))
            }
        }
    }
}
