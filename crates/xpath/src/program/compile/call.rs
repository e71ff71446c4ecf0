//! Resolving calls: names, numbers of arguments, and functions whose arguments are names rather than values.

use std::borrow::Cow;

use crate::functions::{self, Function, Signature, geo, pattern};
use crate::program::compile::{Compiler, Scope};
use crate::program::op::Op;
use crate::resolve::Namespace;
use crate::syntax::{self, Expr, ExprKind};

/// The namespace of functions that begin with `jr:`.
const JAVAROSA: &str = "http://openrosa.org/javarosa";

/// What to use instead of functions that other programs have.
fn relative(name: &str) -> Option<&'static str> {
    Some(match name.to_lowercase().as_str() {
        "trim" | "strip" => "Use normalize-space(), which removes blanks around a text.",
        "time" => {
            "Use format-date-time(${q}, '%H:%M') for a time of day, or decimal-time() for a part of the day."
        }
        "len" | "length" => "Use string-length() for a text, count-selected() for choices, count() for rows.",
        "lower" | "upper" | "lowercase" | "uppercase" | "lower-case" | "upper-case" => {
            "Use translate(${q}, 'ABC…', 'abc…')."
        }
        "isnull" | "is-null" | "isblank" | "is-blank" | "empty" => "Write ${q} = '' to ask for no answer.",
        "iif" | "ifs" | "switch" | "case" => "Use if(condition, then, otherwise), one in another.",
        "average" | "avg" | "mean" => "Use sum(${q}) div count(${q}).",
        "year" | "month" | "day" => "Use format-date(${q}, '%Y'), '%m' or '%d'.",
        "datediff" | "date-diff" | "age" => "Take one day from another: int((today() - ${q}) div 365.25).",
        "matches" | "regexp" | "regex-match" => "Use regex(${q}, 'pattern').",
        "vlookup" | "lookup" => "Use pulldata('file', 'column', 'key', ${q}).",
        _ => return None,
    })
}

impl Compiler<'_> {
    pub(super) fn call(&mut self, at: usize, name: &str, arguments: &[Expr], scope: &Scope) -> Op {
        let known = self.own_name(name);
        let Some(signature) = known.as_deref().and_then(functions::named) else {
            let advice = match functions::similar(name) {
                _ if relative(name).is_some() => relative(name).unwrap_or_default().to_owned(),
                Some(similar) => format!("Did you mean {similar}()?"),
                None => "Use one of the functions of ODK XForms.".to_owned(),
            };
            self.problem(at, format!("there is no function {name}()"), advice);
            // What is wrong in the arguments is said in the same pass.
            self.all(arguments, scope);
            return Op::Text("".into());
        };
        if let Some((message, advice)) = wrong_arity(signature, arguments.len()) {
            self.all(arguments, scope);
            if self.names.is_open() {
                return Op::Wrong(message.into());
            }
            self.problem(at, message, advice.to_owned());
            return Op::Text("".into());
        }
        self.note_sources(signature.function, arguments.len());
        match (signature.function, arguments) {
            (Function::True, _) => Op::Boolean(true),
            (Function::False, _) => Op::Boolean(false),
            (Function::Current, _) => {
                self.reads_self = true;
                Op::Own
            }
            (Function::Instance, [id]) => self.instance(id),
            (Function::Pulldata, [id, ..]) => {
                self.check_instance(id);
                Op::Call(Function::Pulldata, self.all(arguments, scope))
            }
            (Function::ChoiceName, [value, question]) => self.choice_name(value, question, scope),
            (Function::IndexedRepeat, [field, rows @ ..]) if !self.names.is_open() => {
                self.indexed_repeat(at, field, rows, scope)
            }
            (
                Function::Regex,
                [
                    text,
                    Expr {
                        at,
                        what: ExprKind::Text(written),
                    },
                ],
            ) => {
                let text = self.expr(text, scope);
                match pattern::whole_match(written) {
                    Ok(pattern) => Op::Matches(Box::new(text), Box::new(pattern)),
                    Err(reason) => {
                        let advice = "Correct the pattern; [0-9]{3} means three digits.".to_owned();
                        self.problem(
                            *at,
                            format!("the pattern {written:?} cannot be read: {reason}"),
                            advice,
                        );
                        Op::Boolean(false)
                    }
                }
            }
            // The number of the own row, also where its repeat is named.
            (Function::Position, [node]) => match self.named_item(node, scope) {
                Some(item) => Op::Call(Function::Position, vec![self.target(item)]),
                None => Op::Call(Function::Position, vec![self.expr(node, scope)]),
            },
            (Function::Distance, _) => {
                self.check_positions(name, arguments);
                Op::Call(signature.function, self.all(arguments, scope))
            }
            // Only its first argument counts; the others say what it depends on.
            (Function::Depend, [value, others @ ..]) => {
                self.all(others, scope);
                self.expr(value, scope)
            }
            (function, _) => Op::Call(function, self.all(arguments, scope)),
        }
    }

    /// The name of a function with the prefix that [`functions::TABLE`] knows; None if its prefix means something else.
    fn own_name<'n>(&self, name: &'n str) -> Option<Cow<'n, str>> {
        let Some((prefix, local)) = name.split_once(':') else {
            return Some(Cow::Borrowed(name));
        };
        match self.names.namespace(prefix) {
            Some(Namespace::Is(namespace)) if namespace == JAVAROSA => {
                Some(Cow::Owned(format!("jr:{local}")))
            }
            Some(Namespace::Is(_) | Namespace::Unknown) => None,
            None => Some(Cow::Borrowed(name)),
        }
    }

    fn note_sources(&mut self, function: Function, n_given: usize) {
        match function {
            Function::Now | Function::Today => self.reads_clock = true,
            Function::Random | Function::Uuid => self.reads_chance = true,
            Function::Randomize if n_given == 1 => self.reads_chance = true,
            Function::Once => self.reads_self = true,
            Function::ChoiceName | Function::Itext => self.reads_language = true,
            _ => {}
        }
    }

    /// What is written out as positions must be some.
    fn check_positions(&mut self, name: &str, arguments: &[Expr]) {
        for argument in arguments {
            let ExprKind::Text(written) = &argument.what else {
                continue;
            };
            if !written.trim().is_empty() && geo::points(written).is_none() {
                self.problem(
                    argument.at,
                    format!("{name}() measures between positions, and {written:?} is none"),
                    "Write ${name of a position, line or area}, or positions such as '13.36 103.86; 13.37 103.86'."
                        .to_owned(),
                );
            }
        }
    }

    fn instance(&mut self, id: &Expr) -> Op {
        match &id.what {
            ExprKind::Text(written) => {
                self.check_instance(id);
                Op::Instance(written.as_str().into())
            }
            _ => {
                let message = "instance() needs the name of a list or file between quotes".to_owned();
                self.problem(id.at, message, "Write it like instance('adm2').".to_owned());
                Op::Text("".into())
            }
        }
    }

    fn check_instance(&mut self, id: &Expr) {
        let ExprKind::Text(written) = &id.what else {
            return;
        };
        if !self.names.has_instance(written) {
            let message = format!("there is no choice list or attached file {written:?}");
            self.problem(
                id.at,
                message,
                format!("Attach {written}.csv to the form, or correct the name."),
            );
        }
    }

    /// `jr:choice-name(value, '${question}')`: the second argument is a text that holds a reference.
    fn choice_name(&mut self, value: &Expr, question: &Expr, scope: &Scope) -> Op {
        let value = self.expr(value, scope);
        let inner = match &question.what {
            ExprKind::Text(written) => syntax::parse(written).ok(),
            _ => Some(question.clone()),
        };
        let target = inner
            .as_ref()
            .and_then(|inner| self.named_item(inner, &Scope::Own));
        if let Some(target) = target {
            self.target(target);
            return Op::ChoiceName(Box::new(value), target);
        }
        let n_problems = self.problems.len();
        if let Some(inner) = inner {
            // An unknown name says so itself.
            self.expr(
                &Expr {
                    at: question.at,
                    ..inner
                },
                &Scope::Own,
            );
        }
        if self.problems.len() == n_problems {
            let message = "jr:choice-name() needs the select question as its second argument".to_owned();
            self.problem(
                question.at,
                message,
                "Write it like jr:choice-name(${q}, '${q}').".to_owned(),
            );
        }
        Op::Text("".into())
    }

    fn indexed_repeat(&mut self, at: usize, field: &Expr, rows: &[Expr], scope: &Scope) -> Op {
        self.expr(field, scope);
        let field_target = self.named_item(field, scope);
        if field_target.is_none() {
            let message = "the first argument of indexed-repeat() must be a question".to_owned();
            self.problem(field.at, message, "Write it like ${name}.".to_owned());
        }
        let mut pairs = Vec::new();
        let mut rest = rows.iter();
        while let Some(repeat) = rest.next() {
            self.expr(repeat, scope);
            let target = self
                .named_item(repeat, scope)
                .filter(|target| self.names.is_repeat(*target));
            let Some(row) = rest.next() else {
                let message = "indexed-repeat() needs a row number after each repeat".to_owned();
                self.problem(at, message, "Add the number of the row.".to_owned());
                break;
            };
            let row = self.expr(row, scope);
            match target {
                Some(target) => pairs.push((target, row)),
                None => {
                    let message = "this argument of indexed-repeat() must be a repeat".to_owned();
                    self.problem(
                        repeat.at,
                        message,
                        "Write it like ${name of the repeat}.".to_owned(),
                    );
                }
            }
        }
        // The rows of the outer repeat are chosen first, however they are written.
        let names = self.names;
        pairs.sort_by_key(|(repeat, _)| {
            std::iter::successors(Some(*repeat), |item| names.parent(*item)).count()
        });
        match field_target {
            Some(target) => {
                self.looks_around = true;
                self.reads_own_rows |= target == self.place.node;
                Op::Indexed(target, pairs)
            }
            None => Op::Text("".into()),
        }
    }
}

/// What is wrong with a number of arguments and what to do; None if it is right.
fn wrong_arity(signature: &Signature, n_given: usize) -> Option<(String, &'static str)> {
    let too_many = signature.max.is_some_and(|max| n_given > max);
    if n_given >= signature.min && !too_many {
        return None;
    }
    let message = format!(
        "{}() takes {}, {n_given} given",
        signature.name,
        signature.arity()
    );
    Some(match too_many {
        true => (message, "Remove what is too much."),
        false => (message, "Add what is missing."),
    })
}
