//! Tokens to a tree, by precedence: or, and, equality, order, sum, product, minus, union, path.

use crate::syntax::lexer::{Sign, Token};
use crate::syntax::{Axis, Expr, ExprKind, MAX_DEPTH, NodeTest, Operator, Path, Start, Step, SyntaxError};

/// Reads one expression.
pub(super) struct Parser<'a> {
    source: &'a str,
    tokens: &'a [Token<'a>],
    next: usize,
    depth: usize,
}

/// An operator between expressions, with its precedence.
#[derive(Clone, Copy)]
enum Infix {
    Or,
    And,
    Operator(Operator),
}

impl Infix {
    fn of(sign: Sign<'_>) -> Option<Infix> {
        match sign {
            Sign::Or => Some(Infix::Or),
            Sign::And => Some(Infix::And),
            Sign::Operator(operator) => Some(Infix::Operator(operator)),
            _ => None,
        }
    }

    fn precedence(self) -> u8 {
        match self {
            Infix::Or => 1,
            Infix::And => 2,
            Infix::Operator(operator) => precedence(operator),
        }
    }
}

fn precedence(operator: Operator) -> u8 {
    match operator {
        Operator::Equal | Operator::NotEqual => 3,
        Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => 4,
        Operator::Add | Operator::Subtract => 5,
        Operator::Multiply | Operator::Divide | Operator::Modulo => 6,
    }
}

impl<'a> Parser<'a> {
    pub(super) fn new(source: &'a str, tokens: &'a [Token<'a>]) -> Parser<'a> {
        Parser {
            source,
            tokens,
            next: 0,
            depth: 0,
        }
    }

    /// The expression that all tokens together are.
    pub(super) fn whole(mut self) -> Result<Expr, SyntaxError> {
        if self.peek() == Sign::End {
            return Err(self.error("the expression is empty; write one or clear the cell"));
        }
        let expr = self.expression()?;
        if self.peek() == Sign::End {
            return Ok(expr);
        }
        Err(match self.peek() {
            Sign::CloseRound => self.error("this ) closes nothing; remove it or add a ( before"),
            Sign::CloseSquare => self.error("this ] closes nothing; remove it or add a [ before"),
            Sign::Comma => self.error("a comma can only stand between the arguments of a function"),
            _ => self.error("an operator such as and, or, =, + must stand before this"),
        })
    }

    fn expression(&mut self) -> Result<Expr, SyntaxError> {
        if self.depth >= MAX_DEPTH {
            return Err(self.error(&format!(
                "brackets are nested more than {MAX_DEPTH} deep; split this into several calculations"
            )));
        }
        self.depth += 1;
        let expr = self.infix(1);
        self.depth -= 1;
        expr
    }

    /// An expression whose operators all have at least this precedence.
    fn infix(&mut self, lowest: u8) -> Result<Expr, SyntaxError> {
        let mut left = self.unary()?;
        while let Some(infix) = Infix::of(self.peek()) {
            let precedence = infix.precedence();
            if precedence < lowest {
                break;
            }
            self.next += 1;
            let right = self.infix(precedence + 1)?;
            left = join(left, infix, right);
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, SyntaxError> {
        let at = self.at();
        let mut n_minus = 0usize;
        while self.peek() == Sign::Operator(Operator::Subtract) {
            self.next += 1;
            n_minus += 1;
        }
        let mut expr = self.union()?;
        // An even number of minuses still makes a number of it, so two remain.
        let n_kept = if n_minus == 0 { 0 } else { 2 - n_minus % 2 };
        for _ in 0..n_kept {
            expr = Expr {
                at,
                what: ExprKind::Negate(Box::new(expr)),
            };
        }
        Ok(expr)
    }

    fn union(&mut self) -> Result<Expr, SyntaxError> {
        let first = self.path()?;
        if self.peek() != Sign::Union {
            return Ok(first);
        }
        let at = first.at;
        let mut parts = vec![first];
        while self.peek() == Sign::Union {
            self.next += 1;
            parts.push(self.path()?);
        }
        Ok(Expr {
            at,
            what: ExprKind::Union(parts),
        })
    }

    fn path(&mut self) -> Result<Expr, SyntaxError> {
        let at = self.at();
        match self.peek() {
            Sign::Slash => {
                self.next += 1;
                let steps = if self.starts_step() {
                    self.steps()?
                } else {
                    Vec::new()
                };
                Ok(Expr {
                    at,
                    what: ExprKind::Path(Path {
                        start: Start::Document,
                        steps,
                    }),
                })
            }
            Sign::DoubleSlash => {
                self.next += 1;
                let mut steps = vec![any_depth(at)];
                steps.append(&mut self.steps()?);
                Ok(Expr {
                    at,
                    what: ExprKind::Path(Path {
                        start: Start::Document,
                        steps,
                    }),
                })
            }
            _ if self.starts_primary() => self.filter(),
            _ => {
                let steps = self.steps()?;
                Ok(Expr {
                    at,
                    what: ExprKind::Path(Path {
                        start: Start::Here,
                        steps,
                    }),
                })
            }
        }
    }

    /// A primary expression with its predicates and the steps after it.
    fn filter(&mut self) -> Result<Expr, SyntaxError> {
        let primary = self.primary()?;
        let predicates = self.predicates()?;
        let at = primary.at;
        let steps = match self.peek() {
            Sign::Slash => {
                self.next += 1;
                self.steps()?
            }
            Sign::DoubleSlash => {
                let mut steps = vec![any_depth(self.at())];
                self.next += 1;
                steps.append(&mut self.steps()?);
                steps
            }
            _ if predicates.is_empty() => return Ok(primary),
            _ => Vec::new(),
        };
        let start = Start::Expr(Box::new(primary), predicates);
        Ok(Expr {
            at,
            what: ExprKind::Path(Path { start, steps }),
        })
    }

    fn primary(&mut self) -> Result<Expr, SyntaxError> {
        let at = self.at();
        let sign = self.peek();
        self.next += 1;
        let what = match sign {
            Sign::Number(number) => ExprKind::Number(number),
            Sign::Text(text) => ExprKind::Text(text.to_owned()),
            Sign::Reference(name) => reference(at, name)?,
            Sign::OpenRound => {
                let mut inside = self.expression()?;
                self.expect(Sign::CloseRound, "the ( before has no closing ); add it")?;
                inside.at = at;
                return Ok(inside);
            }
            Sign::Name(name) => ExprKind::Call(name.to_owned(), self.arguments()?),
            _ => {
                self.next -= 1;
                return Err(self.error("a value must stand here"));
            }
        };
        Ok(Expr { at, what })
    }

    fn arguments(&mut self) -> Result<Vec<Expr>, SyntaxError> {
        self.expect(Sign::OpenRound, "a ( must follow the name of a function")?;
        let mut arguments = Vec::new();
        if self.peek() == Sign::CloseRound {
            self.next += 1;
            return Ok(arguments);
        }
        loop {
            arguments.push(self.expression()?);
            if self.peek() != Sign::Comma {
                break;
            }
            self.next += 1;
        }
        self.expect(
            Sign::CloseRound,
            "a comma or a ) must follow the argument of a function",
        )?;
        Ok(arguments)
    }

    fn steps(&mut self) -> Result<Vec<Step>, SyntaxError> {
        let mut steps = vec![self.step()?];
        loop {
            match self.peek() {
                Sign::Slash => self.next += 1,
                Sign::DoubleSlash => {
                    steps.push(any_depth(self.at()));
                    self.next += 1;
                }
                _ => return Ok(steps),
            }
            steps.push(self.step()?);
        }
    }

    fn step(&mut self) -> Result<Step, SyntaxError> {
        let at = self.at();
        let abbreviated = match self.peek() {
            Sign::Dot => Some(Axis::SelfAxis),
            Sign::DoubleDot => Some(Axis::Parent),
            _ => None,
        };
        if let Some(axis) = abbreviated {
            self.next += 1;
            // The grammar has no predicates here, but forms use `..[…]`, and the meaning is plain.
            let predicates = self.predicates()?;
            return Ok(Step {
                at,
                axis,
                test: NodeTest::Node,
                predicates,
            });
        }
        let axis = self.axis()?;
        let test = self.node_test()?;
        let predicates = self.predicates()?;
        Ok(Step {
            at,
            axis,
            test,
            predicates,
        })
    }

    fn axis(&mut self) -> Result<Axis, SyntaxError> {
        if self.peek() == Sign::At {
            self.next += 1;
            return Ok(Axis::Attribute);
        }
        let Sign::Name(name) = self.peek() else {
            return Ok(Axis::Child);
        };
        if self.peek_second() != Sign::DoubleColon {
            return Ok(Axis::Child);
        }
        let axis = Axis::named(name).ok_or_else(|| {
            self.error(&format!(
                "{name} is not an axis; child, parent, self are the common ones"
            ))
        })?;
        self.next += 2;
        Ok(axis)
    }

    fn node_test(&mut self) -> Result<NodeTest, SyntaxError> {
        let sign = self.peek();
        let test = match sign {
            Sign::AnyName => NodeTest::AnyName,
            Sign::AnyNameOf(prefix) => NodeTest::AnyNameOf(prefix.to_owned()),
            Sign::Name(name) if self.peek_second() == Sign::OpenRound => return self.node_type(name),
            Sign::Name(name) => NodeTest::Name(name.to_owned()),
            Sign::End => return Err(self.error("the expression ends too early; a value must follow")),
            _ => return Err(self.error("a value or a name must stand here")),
        };
        self.next += 1;
        Ok(test)
    }

    fn node_type(&mut self, name: &str) -> Result<NodeTest, SyntaxError> {
        let at = self.at();
        self.next += 2;
        let test = match name {
            "node" => NodeTest::Node,
            "text" => NodeTest::Text,
            "comment" => NodeTest::Comment,
            "processing-instruction" => match self.peek() {
                Sign::Text(target) => {
                    self.next += 1;
                    NodeTest::Instruction(Some(target.to_owned()))
                }
                _ => NodeTest::Instruction(None),
            },
            _ => {
                let message =
                    format!("the function {name}() cannot be a step of a path; put it around the path");
                return Err(SyntaxError { at, message });
            }
        };
        self.expect(Sign::CloseRound, "a ) must follow here")?;
        Ok(test)
    }

    fn predicates(&mut self) -> Result<Vec<Expr>, SyntaxError> {
        let mut predicates = Vec::new();
        while self.peek() == Sign::OpenSquare {
            self.next += 1;
            predicates.push(self.expression()?);
            self.expect(Sign::CloseSquare, "the [ before has no closing ]; add it")?;
        }
        Ok(predicates)
    }

    fn starts_primary(&self) -> bool {
        match self.peek() {
            Sign::Number(_) | Sign::Text(_) | Sign::Reference(_) | Sign::OpenRound => true,
            Sign::Name(name) => self.peek_second() == Sign::OpenRound && !is_node_type(name),
            _ => false,
        }
    }

    fn starts_step(&self) -> bool {
        matches!(
            self.peek(),
            Sign::Name(_) | Sign::AnyName | Sign::AnyNameOf(_) | Sign::At | Sign::Dot | Sign::DoubleDot
        )
    }

    fn peek(&self) -> Sign<'a> {
        self.tokens.get(self.next).map_or(Sign::End, |token| token.what)
    }

    fn peek_second(&self) -> Sign<'a> {
        self.tokens
            .get(self.next + 1)
            .map_or(Sign::End, |token| token.what)
    }

    fn at(&self) -> usize {
        self.tokens
            .get(self.next)
            .map_or(self.source.len(), |token| token.at)
    }

    fn expect(&mut self, sign: Sign<'_>, otherwise: &str) -> Result<(), SyntaxError> {
        if self.peek() != sign {
            return Err(self.error(otherwise));
        }
        self.next += 1;
        Ok(())
    }

    fn error(&self, message: &str) -> SyntaxError {
        SyntaxError {
            at: self.at(),
            message: message.to_owned(),
        }
    }
}

fn join(left: Expr, infix: Infix, right: Expr) -> Expr {
    let at = left.at;
    let what = match (infix, left.what) {
        (Infix::Or, ExprKind::Or(mut parts)) => {
            parts.push(right);
            ExprKind::Or(parts)
        }
        (Infix::And, ExprKind::And(mut parts)) => {
            parts.push(right);
            ExprKind::And(parts)
        }
        (Infix::Or, what) => ExprKind::Or(vec![Expr { at, what }, right]),
        (Infix::And, what) => ExprKind::And(vec![Expr { at, what }, right]),
        (Infix::Operator(operator), ExprKind::Chain(first, mut rest))
            if rest
                .last()
                .is_some_and(|(last, _)| precedence(*last) == precedence(operator)) =>
        {
            rest.push((operator, right));
            ExprKind::Chain(first, rest)
        }
        (Infix::Operator(operator), what) => {
            ExprKind::Chain(Box::new(Expr { at, what }), vec![(operator, right)])
        }
    };
    Expr { at, what }
}

fn any_depth(at: usize) -> Step {
    Step {
        at,
        axis: Axis::DescendantOrSelf,
        test: NodeTest::Node,
        predicates: Vec::new(),
    }
}

fn is_node_type(name: &str) -> bool {
    matches!(name, "node" | "text" | "comment" | "processing-instruction")
}

fn reference(at: usize, inside: &str) -> Result<ExprKind, SyntaxError> {
    let (last_saved, name) = match inside.strip_prefix("last-saved#") {
        Some(name) => (true, name.trim()),
        None => (false, inside),
    };
    let is_name = !name.is_empty()
        && !name.contains(|letter: char| letter.is_whitespace() || "${}#'\"".contains(letter));
    if !is_name {
        return Err(SyntaxError {
            at,
            message: format!("${{{inside}}} does not name a question; write one name between ${{ and }}"),
        });
    }
    let name = name.to_owned();
    Ok(if last_saved {
        ExprKind::LastSaved(name)
    } else {
        ExprKind::Reference(name)
    })
}
