//! The grammar: the text of an expression to a tree, nothing looked up yet.
//!
//! This is the whole expression grammar of XPath 1.0, with `${name}` and `${last-saved#name}` as further primary
//! expressions. Variables (`$name`) have no meaning in a form and are refused.

mod lexer;
mod parser;

/// The longest expression that is read, in bytes; the longest of 287 public forms has about 10,000.
pub const MAX_SOURCE_BYTES: usize = 64 * 1024;

/// The deepest nesting of brackets of any kind that is read.
pub const MAX_DEPTH: usize = 200;

/// Why a text is no expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at byte {at})")]
pub struct SyntaxError {
    /// Byte offset in the text.
    pub at: usize,
    /// What is wrong and what to do, as a sentence.
    pub message: String,
}

/// An expression and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// Byte offset of its first sign.
    pub at: usize,
    /// What it is.
    pub what: ExprKind,
}

/// The sorts of expressions. Chains are flat, so that a long sum does not nest deeply.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// Two or more conditions of which one must hold.
    Or(Vec<Expr>),
    /// Two or more conditions that must all hold.
    And(Vec<Expr>),
    /// Operators of one precedence, applied from left to right.
    Chain(Box<Expr>, Vec<(Operator, Expr)>),
    /// A minus before an expression.
    Negate(Box<Expr>),
    /// Two or more node-sets put together.
    Union(Vec<Expr>),
    /// A number as written.
    Number(f64),
    /// A text between quotes.
    Text(String),
    /// `${name}`.
    Reference(String),
    /// `${last-saved#name}`.
    LastSaved(String),
    /// A function and its arguments.
    Call(String, Vec<Expr>),
    /// A location path, or an expression with predicates or steps after it.
    Path(Path),
}

/// Operators between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `div`
    Divide,
    /// `mod`
    Modulo,
}

/// Where to begin and how to walk.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// Where the path begins.
    pub start: Start,
    /// The steps from there.
    pub steps: Vec<Step>,
}

/// The beginning of a path.
#[derive(Debug, Clone, PartialEq)]
pub enum Start {
    /// The context node.
    Here,
    /// The document (`/`).
    Document,
    /// What an expression gives, after the predicates.
    Expr(Box<Expr>, Vec<Expr>),
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Byte offset of the step.
    pub at: usize,
    /// In which direction.
    pub axis: Axis,
    /// Which nodes there.
    pub test: NodeTest,
    /// Which of these.
    pub predicates: Vec<Expr>,
}

/// Directions of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// `ancestor::`
    Ancestor,
    /// `ancestor-or-self::`
    AncestorOrSelf,
    /// `attribute::` or `@`
    Attribute,
    /// `child::` or nothing
    Child,
    /// `descendant::`
    Descendant,
    /// `descendant-or-self::`; `//` is one with the test `node()`
    DescendantOrSelf,
    /// `following::`
    Following,
    /// `following-sibling::`
    FollowingSibling,
    /// `namespace::`
    Namespace,
    /// `parent::`; `..` is one with the test `node()`
    Parent,
    /// `preceding::`
    Preceding,
    /// `preceding-sibling::`
    PrecedingSibling,
    /// `self::`; `.` is one with the test `node()`
    SelfAxis,
}

/// Which nodes a step takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeTest {
    /// Those of this name, prefix included.
    Name(String),
    /// `*`
    AnyName,
    /// `prefix:*`
    AnyNameOf(String),
    /// `node()`
    Node,
    /// `text()`
    Text,
    /// `comment()`
    Comment,
    /// `processing-instruction()`, of a name if one is given
    Instruction(Option<String>),
}

/// Reads an expression.
pub fn parse(source: &str) -> Result<Expr, SyntaxError> {
    if source.len() > MAX_SOURCE_BYTES {
        return Err(SyntaxError {
            at: MAX_SOURCE_BYTES,
            message: format!(
                "the expression is longer than {MAX_SOURCE_BYTES} bytes; split it into several calculations"
            ),
        });
    }
    let tokens = lexer::tokens(source)?;
    parser::Parser::new(source, &tokens).whole()
}

impl Operator {
    /// As it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Operator::Equal => "=",
            Operator::NotEqual => "!=",
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "div",
            Operator::Modulo => "mod",
        }
    }
}

impl Axis {
    /// The axis of that name.
    pub fn named(name: &str) -> Option<Axis> {
        Some(match name {
            "ancestor" => Axis::Ancestor,
            "ancestor-or-self" => Axis::AncestorOrSelf,
            "attribute" => Axis::Attribute,
            "child" => Axis::Child,
            "descendant" => Axis::Descendant,
            "descendant-or-self" => Axis::DescendantOrSelf,
            "following" => Axis::Following,
            "following-sibling" => Axis::FollowingSibling,
            "namespace" => Axis::Namespace,
            "parent" => Axis::Parent,
            "preceding" => Axis::Preceding,
            "preceding-sibling" => Axis::PrecedingSibling,
            "self" => Axis::SelfAxis,
            _ => return None,
        })
    }

    /// Whether nodes nearer to the context node, so later in the document, count first.
    pub fn is_reverse(self) -> bool {
        matches!(
            self,
            Axis::Ancestor | Axis::AncestorOrSelf | Axis::Preceding | Axis::PrecedingSibling | Axis::Parent
        )
    }
}

#[cfg(test)]
mod tests;
