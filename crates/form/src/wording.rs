//! Expressions in words, with the labels of questions and choices instead of names.

use std::cell::Cell;
use std::collections::HashMap;

use sampan_xpath::syntax::{self, Axis, Expr, ExprKind, NodeTest, Operator, Path, Start};

use crate::def::{FormDef, Item, ListRef, Question, Translated};

/// The longest label that stands in a sentence, in letters.
const LABEL_LETTERS: usize = 70;

/// A form's words in one language.
pub struct Wording<'a> {
    form: &'a FormDef,
    language: &'a str,
    items: HashMap<&'a str, &'a Item>,
    /// Whether bare names are columns of the list that is filtered.
    is_filter: Cell<bool>,
}

impl<'a> Wording<'a> {
    /// Words in a language of the form; texts that it lacks come from the default language.
    pub fn new(form: &'a FormDef, language: &'a str) -> Wording<'a> {
        let mut items = HashMap::new();
        note(&form.items, &mut items);
        Wording {
            form,
            language,
            items,
            is_filter: Cell::new(false),
        }
    }

    /// As [`Wording::clause`], for the filter of a list: bare names are columns of its rows.
    pub fn filter(&self, expression: &str) -> Option<String> {
        self.is_filter.set(true);
        let clause = self.clause(expression);
        self.is_filter.set(false);
        clause
    }

    /// The column that a bare name is in a filter.
    fn column<'e>(&self, path: &'e Path) -> Option<&'e str> {
        match (&path.start, path.steps.as_slice()) {
            (Start::Here, [only]) if only.axis == Axis::Child && self.is_filter.get() => last_name(path),
            _ => None,
        }
    }

    /// An expression as a clause without a full stop (`“Age” is more than 17`). None when it cannot be read.
    pub fn clause(&self, expression: &str) -> Option<String> {
        let parsed = syntax::parse(expression).ok()?;
        Some(self.said(&parsed, false))
    }

    /// The label of an item by its name, in quotes; the name itself where it has no label.
    pub fn item(&self, name: &str) -> String {
        let label = self.items.get(name).and_then(|item| match item {
            Item::Question(question) => self.plain(&question.label),
            Item::Group(group) => self.plain(&group.label),
            Item::Repeat(repeat) => self.plain(&repeat.label),
        });
        match label {
            Some(label) => format!("“{label}”"),
            None => name.to_string(),
        }
    }

    /// A text with `${name}` replaced by what it stands for, in brackets.
    pub fn readable(&self, text: &str) -> String {
        let mut readable = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, behind)) = after.split_once('}') else {
                break;
            };
            readable.push_str(before);
            let short = name.rsplit('#').next().unwrap_or(name).trim();
            let label = match self.items.get(short) {
                Some(Item::Question(question)) => self.plain(&question.label),
                Some(Item::Group(_) | Item::Repeat(_)) | None => None,
            };
            // A text that stands in itself would never end.
            let label = label
                .filter(|label| !label.contains("${"))
                .unwrap_or(short.to_string());
            readable.push_str(&format!("[{label}]"));
            rest = behind;
        }
        readable.push_str(rest);
        readable
    }

    /// A text on one line, without marks, shortened.
    fn plain(&self, text: &Translated) -> Option<String> {
        let text = text.in_language(self.language, &self.form.languages)?;
        let mut inside_tag = false;
        let bare: String = text
            .chars()
            .filter(|letter| {
                let was_inside = inside_tag;
                match letter {
                    '<' => inside_tag = true,
                    '>' => inside_tag = false,
                    _ => {}
                }
                !was_inside && *letter != '<' && !matches!(letter, '*' | '#')
            })
            .collect();
        let line = bare.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.is_empty() {
            return None;
        }
        let short: String = line.chars().take(LABEL_LETTERS).collect();
        Some(match short.len() == line.len() {
            true => line,
            false => format!("{}…", short.trim_end()),
        })
    }

    fn said(&self, expr: &Expr, inside: bool) -> String {
        let bracketed = |text: String| if inside { format!("({text})") } else { text };
        match &expr.what {
            ExprKind::Or(parts) => bracketed(self.joined(parts, " or ")),
            ExprKind::And(parts) => bracketed(self.joined(parts, " and ")),
            ExprKind::Union(parts) => self.joined(parts, " together with "),
            ExprKind::Chain(first, rest) => match rest.as_slice() {
                [(operator, right)] if comparison(*operator).is_some() => {
                    self.compared(first, *operator, right)
                }
                rest => {
                    let is_sum = rest
                        .iter()
                        .all(|(operator, _)| matches!(operator, Operator::Add | Operator::Subtract));
                    let mut text = self.said(first, !(is_sum && is_product(first)));
                    for (operator, part) in rest {
                        let word = comparison(*operator).unwrap_or(match operator {
                            Operator::Add => "plus",
                            Operator::Subtract => "minus",
                            Operator::Multiply => "times",
                            Operator::Divide => "divided by",
                            _ => "modulo",
                        });
                        let part = self.said(part, !(is_sum && is_product(part)));
                        text.push_str(&format!(" {word} {part}"));
                    }
                    bracketed(text)
                }
            },
            ExprKind::Negate(part) => format!("minus {}", self.said(part, true)),
            ExprKind::Number(number) => number.to_string(),
            ExprKind::Text(text) if text.is_empty() => "nothing".to_string(),
            ExprKind::Text(text) => format!("“{text}”"),
            ExprKind::Reference(name) => self.item(name),
            ExprKind::LastSaved(name) => format!("{} of the interview before", self.item(name)),
            ExprKind::Call(name, arguments) => self.called(name, arguments, inside),
            ExprKind::Path(path) => self.path(path),
        }
    }

    fn joined(&self, parts: &[Expr], word: &str) -> String {
        let parts: Vec<String> = parts.iter().map(|part| self.said(part, true)).collect();
        parts.join(word)
    }

    /// A comparison; choices by their labels, blanks as blanks.
    fn compared(&self, left: &Expr, operator: Operator, right: &Expr) -> String {
        let is_blank = |expr: &Expr| matches!(&expr.what, ExprKind::Text(text) if text.is_empty());
        match operator {
            Operator::Equal if is_blank(right) => return format!("{} has no answer", self.said(left, true)),
            Operator::NotEqual if is_blank(right) => return format!("{} is answered", self.said(left, true)),
            _ => {}
        }
        let word = comparison(operator).unwrap_or("is");
        let right = match (self.question_of(left), &right.what) {
            (Some(question), ExprKind::Text(name)) => self.choice(question, name),
            (Some(question), ExprKind::Number(number)) => {
                let name = number.to_string();
                match self.label_of(question, &name) {
                    Some(label) => format!("“{label}” ({name})"),
                    None => name,
                }
            }
            _ => self.said(right, true),
        };
        format!("{} {word} {right}", self.said(left, true))
    }

    fn choice(&self, question: &Question, name: &str) -> String {
        match self.label_of(question, name) {
            Some(label) => format!("“{label}”"),
            None => format!("“{name}”"),
        }
    }

    fn label_of(&self, question: &Question, name: &str) -> Option<String> {
        let Some(ListRef::Internal(list)) = question.choices.as_ref().map(|choices| &choices.list) else {
            return None;
        };
        let choices = &self.form.choice_lists.get(list)?.choices;
        let choice = choices.iter().find(|choice| choice.name == name)?;
        self.plain(&choice.label)
    }

    /// The question that an expression is the answer of.
    fn question_of(&self, expr: &Expr) -> Option<&'a Question> {
        let name = match &expr.what {
            ExprKind::Reference(name) => name.as_str(),
            ExprKind::Path(path) if self.column(path).is_some() => return None,
            ExprKind::Path(path) => last_name(path)?,
            _ => return None,
        };
        match self.items.get(name)? {
            Item::Question(question) => Some(question),
            Item::Group(_) | Item::Repeat(_) => None,
        }
    }

    fn path(&self, path: &Path) -> String {
        if let (Start::Here, [only]) = (&path.start, path.steps.as_slice())
            && only.axis == Axis::SelfAxis
        {
            return "the answer".to_string();
        }
        if let Some(column) = self.column(path) {
            return format!("its {column}");
        }
        if let Start::Expr(inner, predicates) = &path.start {
            let inside = self.said(inner, true);
            let last = last_name(path).map(|name| format!("the column {name} of "));
            let which = path
                .steps
                .iter()
                .flat_map(|step| &step.predicates)
                .chain(predicates);
            let which: Vec<String> = which.map(|predicate| self.said(predicate, false)).collect();
            let which = match which.as_slice() {
                [] => String::new(),
                which => format!(", where {}", which.join(" and ")),
            };
            return format!("{}{inside}{which}", last.unwrap_or_default());
        }
        match last_name(path) {
            Some(name) => self.item(name),
            None => "the row around".to_string(),
        }
    }

    fn called(&self, name: &str, arguments: &[Expr], inside: bool) -> String {
        let say = |index: usize| {
            arguments
                .get(index)
                .map(|part| self.said(part, true))
                .unwrap_or_default()
        };
        match (name, arguments) {
            ("selected", [of, choice]) => {
                let choice = match (self.question_of(of), &choice.what) {
                    (Some(question), ExprKind::Text(name)) => self.choice(question, name),
                    _ => self.said(choice, true),
                };
                format!("{} includes {choice}", self.said(of, true))
            }
            ("not", [inner]) => match &inner.what {
                ExprKind::Call(own, arguments) if own == "selected" => self
                    .called(own, arguments, true)
                    .replacen(" includes ", " does not include ", 1),
                _ => format!("it is not so that {}", self.said(inner, true)),
            },
            ("if", [condition, then, otherwise]) => {
                let text = format!(
                    "{} if {}, otherwise {}",
                    self.said(then, true),
                    self.said(condition, false),
                    self.said(otherwise, true)
                );
                if inside { format!("({text})") } else { text }
            }
            ("true", []) => "always".to_string(),
            ("false", []) => "never".to_string(),
            ("today", []) => "today".to_string(),
            ("now", []) => "this moment".to_string(),
            ("random", []) => "a random number".to_string(),
            ("uuid", _) => "a new random id".to_string(),
            ("once", [_]) => format!("{}, computed once", say(0)),
            ("current", []) => "this question".to_string(),
            ("position", _) => "the number of the row".to_string(),
            ("count", [_]) => format!("the number of {}", say(0)),
            ("sum", [_]) => format!("the sum of {}", say(0)),
            ("min", _) => format!("the smallest of {}", self.joined(arguments, ", ")),
            ("max", _) => format!("the largest of {}", self.joined(arguments, ", ")),
            ("count-selected", [_]) => format!("the number of choices in {}", say(0)),
            ("selected-at", [_, _]) => format!("choice number {} (from 0) of {}", say(1), say(0)),
            ("string-length", [_]) => format!("the length of {}", say(0)),
            ("regex", [_, _]) => format!("{} matches the pattern {}", say(0), say(1)),
            ("concat", _) => self.joined(arguments, " followed by "),
            ("join", [separator, rest @ ..]) => {
                format!(
                    "{}, separated by {}",
                    self.joined(rest, ", "),
                    self.said(separator, true)
                )
            }
            ("coalesce", [_, _]) => format!("{}, or if that has no answer {}", say(0), say(1)),
            ("round", [_, _]) => format!("{} rounded to {} places", say(0), say(1)),
            ("int" | "number" | "string" | "boolean" | "date" | "decimal-date-time", [_]) => say(0),
            ("format-date" | "format-date-time", [_, _]) => format!("{} written as {}", say(0), say(1)),
            ("jr:choice-name", [_, _]) => format!("the label of {}", say(0)),
            ("indexed-repeat", [_, ..]) => {
                let rows: Vec<String> = arguments
                    .get(1..)
                    .unwrap_or_default()
                    .chunks(2)
                    .filter_map(|pair| match pair {
                        [repeat, number] => Some(format!(
                            "row {} of {}",
                            self.said(number, true),
                            self.said(repeat, true)
                        )),
                        _ => None,
                    })
                    .collect();
                format!("{} in {}", say(0), rows.join(", "))
            }
            ("pulldata", [file, column, key, value]) => format!(
                "the column {} of the file {}, where {} is {}",
                self.said(column, true),
                self.said(file, true),
                self.said(key, true),
                self.said(value, true)
            ),
            ("instance", [_]) => format!("the list {}", say(0)),
            (name, arguments) => format!("{name}({})", self.joined(arguments, ", ")),
        }
    }
}

fn comparison(operator: Operator) -> Option<&'static str> {
    match operator {
        Operator::Equal => Some("is"),
        Operator::NotEqual => Some("is not"),
        Operator::Less => Some("is less than"),
        Operator::LessOrEqual => Some("is at most"),
        Operator::Greater => Some("is more than"),
        Operator::GreaterOrEqual => Some("is at least"),
        Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Modulo => None,
    }
}

/// Whether it is computed before what it is added to, with or without brackets.
fn is_product(expr: &Expr) -> bool {
    matches!(&expr.what, ExprKind::Chain(_, rest)
    if rest.iter().all(|(operator, _)| {
        matches!(operator, Operator::Multiply | Operator::Divide | Operator::Modulo)
    }))
}

fn last_name(path: &Path) -> Option<&str> {
    path.steps.iter().rev().find_map(|step| match &step.test {
        NodeTest::Name(name) => Some(name.as_str()),
        _ => None,
    })
}

fn note<'a>(items: &'a [Item], known: &mut HashMap<&'a str, &'a Item>) {
    for item in items {
        known.entry(item.name()).or_insert(item);
        match item {
            Item::Question(_) => {}
            Item::Group(group) => note(&group.items, known),
            Item::Repeat(repeat) => note(&repeat.items, known),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::def::{
        Choice, ChoiceList, ChoiceSource, FormDef, Item, ListRef, Origin, Question, Role, Translated,
    };
    use sampan_value::answer::Kind;

    use super::Wording;

    fn text(text: &str) -> Translated {
        Translated([("default".to_string(), text.to_string())].into())
    }

    #[test]
    fn conditions_are_said_with_labels() {
        let mut age = Question::new("age", Role::Ask, Kind::Integer);
        age.label = text("How <b>old</b>?");
        let mut country = Question::new("country", Role::Ask, Kind::Choice);
        country.label = text("Country");
        country.choices = Some(ChoiceSource {
            list: ListRef::Internal("c".into()),
            filter: None,
            origin: Origin::default(),
        });
        let choice = Choice {
            name: "kh".into(),
            label: text("Cambodia"),
            columns: Default::default(),
            media: Default::default(),
            origin: Origin::default(),
        };
        let form = FormDef {
            languages: vec!["default".into()],
            items: vec![Item::Question(age), Item::Question(country)],
            choice_lists: [(
                "c".to_string(),
                ChoiceList {
                    choices: vec![choice],
                },
            )]
            .into(),
            ..FormDef::default()
        };
        let wording = Wording::new(&form, "default");
        for (expression, expected) in [
            ("${age} > 17", Some("“How old?” is more than 17")),
            (
                "${country} = 'kh' and ${age} != ''",
                Some("“Country” is “Cambodia” and “How old?” is answered"),
            ),
            (
                ". >= 0 and . <= 120",
                Some("the answer is at least 0 and the answer is at most 120"),
            ),
            (
                "not(selected(${country}, 'kh'))",
                Some("“Country” does not include “Cambodia”"),
            ),
            (
                "if(${age} > 17, 'a', 'b')",
                Some("“a” if “How old?” is more than 17, otherwise “b”"),
            ),
            ("/data/age * 2 + 1", Some("“How old?” times 2 plus 1")),
            ("a(", None),
        ] {
            assert_eq!(wording.clause(expression).as_deref(), expected, "{expression}");
        }
        assert_eq!(
            wording.filter("country = ${country}").as_deref(),
            Some("its country is “Country”")
        );
        assert_eq!(
            wording.readable("Is ${age} right, ${other}?"),
            "Is [How old?] right, [other]?"
        );
    }
}
