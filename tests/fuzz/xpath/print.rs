//! Trees of expressions as text, with brackets wherever they could be needed.

use sampan_xpath::syntax::{Axis, Expr, ExprKind, NodeTest, Path, Start, Step};

/// An expression as text.
pub fn expression(expr: &Expr) -> String {
    match &expr.what {
        ExprKind::Or(parts) => joined(parts, " or "),
        ExprKind::And(parts) => joined(parts, " and "),
        ExprKind::Union(parts) => joined(parts, " | "),
        ExprKind::Chain(first, rest) => {
            let mut text = bracketed(first);
            for (operator, right) in rest {
                text.push_str(&format!(" {} {}", operator.sign(), bracketed(right)));
            }
            text
        }
        ExprKind::Negate(inside) => format!("-{}", bracketed(inside)),
        ExprKind::Number(number) => number.to_string(),
        ExprKind::Text(text) => quoted(text),
        ExprKind::Reference(name) => format!("${{{name}}}"),
        ExprKind::LastSaved(name) => format!("${{last-saved#{name}}}"),
        ExprKind::Call(name, arguments) => {
            let arguments: Vec<String> = arguments.iter().map(expression).collect();
            format!("{name}({})", arguments.join(", "))
        }
        ExprKind::Path(path) => walked(path),
    }
}

/// How deep brackets nest in a text.
pub fn depth(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut deepest = 0;
    for letter in text.chars() {
        match letter {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

fn joined(parts: &[Expr], between: &str) -> String {
    let parts: Vec<String> = parts.iter().map(bracketed).collect();
    parts.join(between)
}

fn bracketed(expr: &Expr) -> String {
    match &expr.what {
        ExprKind::Number(_)
        | ExprKind::Text(_)
        | ExprKind::Reference(_)
        | ExprKind::LastSaved(_)
        | ExprKind::Call(..) => expression(expr),
        ExprKind::Or(_)
        | ExprKind::And(_)
        | ExprKind::Union(_)
        | ExprKind::Chain(..)
        | ExprKind::Negate(_) => format!("({})", expression(expr)),
        ExprKind::Path(_) => expression(expr),
    }
}

fn quoted(text: &str) -> String {
    match text.contains('\'') {
        true => format!("\"{text}\""),
        false => format!("'{text}'"),
    }
}

fn walked(path: &Path) -> String {
    let mut text = match &path.start {
        Start::Here => String::new(),
        Start::Document => "/".to_owned(),
        Start::Expr(expr, predicates) => {
            let mut text = bracketed(expr);
            if matches!(expr.what, ExprKind::Path(_)) {
                text = format!("({text})");
            }
            text.push_str(&judged(predicates));
            text
        }
    };
    for (number, step) in path.steps.iter().enumerate() {
        let begins = number == 0 && matches!(path.start, Start::Here | Start::Document);
        if !begins {
            text.push('/');
        }
        text.push_str(&stepped(step));
    }
    text
}

fn judged(predicates: &[Expr]) -> String {
    predicates
        .iter()
        .map(|predicate| format!("[{}]", expression(predicate)))
        .collect()
}

fn stepped(step: &Step) -> String {
    let axis = match step.axis {
        Axis::Ancestor => "ancestor",
        Axis::AncestorOrSelf => "ancestor-or-self",
        Axis::Attribute => "attribute",
        Axis::Child => "child",
        Axis::Descendant => "descendant",
        Axis::DescendantOrSelf => "descendant-or-self",
        Axis::Following => "following",
        Axis::FollowingSibling => "following-sibling",
        Axis::Namespace => "namespace",
        Axis::Parent => "parent",
        Axis::Preceding => "preceding",
        Axis::PrecedingSibling => "preceding-sibling",
        Axis::SelfAxis => "self",
    };
    let test = match &step.test {
        NodeTest::Name(name) => name.clone(),
        NodeTest::AnyName => "*".into(),
        NodeTest::AnyNameOf(prefix) => format!("{prefix}:*"),
        NodeTest::Node => "node()".into(),
        NodeTest::Text => "text()".into(),
        NodeTest::Comment => "comment()".into(),
        NodeTest::Instruction(None) => "processing-instruction()".into(),
        NodeTest::Instruction(Some(name)) => format!("processing-instruction({})", quoted(name)),
    };
    format!("{axis}::{test}{}", judged(&step.predicates))
}
