//! Each text becomes the tree that XPath 1.0 gives it, or a message that says what to do.

use super::{Expr, ExprKind, MAX_DEPTH, NodeTest, Path, Start, parse};
use proptest::prelude::proptest;

/// The tree as text, with every operation in round brackets.
fn shown(expr: &Expr) -> String {
    let list = |parts: &[Expr], between: &str| parts.iter().map(shown).collect::<Vec<_>>().join(between);
    match &expr.what {
        ExprKind::Or(parts) => format!("({})", list(parts, " or ")),
        ExprKind::And(parts) => format!("({})", list(parts, " and ")),
        ExprKind::Chain(first, rest) => rest.iter().fold(shown(first), |left, (operator, right)| {
            format!("({left} {} {})", operator.sign(), shown(right))
        }),
        ExprKind::Negate(inside) => format!("-{}", shown(inside)),
        ExprKind::Union(parts) => format!("({})", list(parts, " | ")),
        ExprKind::Number(number) => number.to_string(),
        ExprKind::Text(text) => format!("{text:?}"),
        ExprKind::Reference(name) => format!("${{{name}}}"),
        ExprKind::LastSaved(name) => format!("${{last-saved#{name}}}"),
        ExprKind::Call(name, arguments) => format!("{name}({})", list(arguments, ", ")),
        ExprKind::Path(path) => shown_path(path),
    }
}

fn shown_path(path: &Path) -> String {
    let mut text = match &path.start {
        Start::Here => String::new(),
        Start::Document => "/".to_owned(),
        Start::Expr(expr, predicates) => {
            let predicates: String = predicates
                .iter()
                .map(|predicate| format!("[{}]", shown(predicate)))
                .collect();
            format!("{}{predicates}/", shown(expr))
        }
    };
    let steps: Vec<String> = path
        .steps
        .iter()
        .map(|step| {
            let test = match &step.test {
                NodeTest::Name(name) => name.clone(),
                NodeTest::AnyName => "*".to_owned(),
                NodeTest::AnyNameOf(prefix) => format!("{prefix}:*"),
                NodeTest::Node => "node()".to_owned(),
                NodeTest::Text => "text()".to_owned(),
                NodeTest::Comment => "comment()".to_owned(),
                NodeTest::Instruction(target) => format!("instruction({target:?})"),
            };
            let predicates: String = step
                .predicates
                .iter()
                .map(|predicate| format!("[{}]", shown(predicate)))
                .collect();
            format!("{:?}::{test}{predicates}", step.axis)
        })
        .collect();
    text.push_str(&steps.join("/"));
    text
}

#[track_caller]
fn check(source: &str, tree: &str) {
    match parse(source) {
        Ok(expr) => assert_eq!(shown(&expr), tree, "{source}"),
        Err(error) => panic!("{source}: {error}"),
    }
}

#[test]
fn operators_bind_as_in_xpath() {
    check("1+2*3-4", "((1 + (2 * 3)) - 4)");
    check("1 = 2 or 3 < 4 and 5 != 6", "((1 = 2) or ((3 < 4) and (5 != 6)))");
    check("3 < 4 < 5", "((3 < 4) < 5)");
    check("1 = 2 != 3", "((1 = 2) != 3)");
    check("-2 * -3", "(-2 * -3)");
    check("- - 2", "--2");
    check("---2", "-2");
    check("-a|b", "-(Child::a | Child::b)");
    check("(1 + 2) * 3", "((1 + 2) * 3)");
    check("8 div 4 div 2 mod 3", "(((8 div 4) div 2) mod 3)");
    check("1 or 2 or 3", "(1 or 2 or 3)");
}

#[test]
fn a_name_is_an_operator_only_where_one_can_stand() {
    check("div div div", "(Child::div div Child::div)");
    check("* * *", "(Child::* * Child::*)");
    check("and and or or div", "((Child::and and Child::or) or Child::div)");
    check("mod/or", "Child::mod/Child::or");
    check("${a}*${b}", "(${a} * ${b})");
    check("a-b - c", "(Child::a-b - Child::c)");
    check("${a}-1", "(${a} - 1)");
    check("a.b", "Child::a.b");
    check("1div2 and3.5", "((1 div 2) and 3.5)");
}

#[test]
fn numbers_and_texts_are_taken_as_written() {
    check("12", "12");
    check("1.50", "1.5");
    check(".5 + 3.", "(0.5 + 3)");
    check("'it says \"x\"'", "\"it says \\\"x\\\"\"");
    check("\"it's\"", "\"it's\"");
    check("''", "\"\"");
    check("'ไทย'", "\"ไทย\"");
}

#[test]
fn paths_know_all_axes_tests_and_predicates() {
    check("/", "/");
    check("/ = 1", "(/ = 1)");
    check(".", "SelfAxis::node()");
    check("../x", "Parent::node()/Child::x");
    check(
        "/data/*[2]//b",
        "/Child::data/Child::*[2]/DescendantOrSelf::node()/Child::b",
    );
    check("//a", "/DescendantOrSelf::node()/Child::a");
    check("@id", "Attribute::id");
    check("jr:itext", "Child::jr:itext");
    check("h:*", "Child::h:*");
    check("preceding-sibling::x[last()]", "PrecedingSibling::x[last()]");
    check("namespace::*", "Namespace::*");
    check("self::node()[1][2]", "SelfAxis::node()[1][2]");
    check("text()", "Child::text()");
    check("processing-instruction('a')", "Child::instruction(Some(\"a\"))");
    check(
        "instance('x')/root/item[a=${b}]/c",
        "instance(\"x\")/Child::root/Child::item[(Child::a = ${b})]/Child::c",
    );
    check("(a | b)[1]", "(Child::a | Child::b)[1]/");
    check("${r}[position() = 1]/x", "${r}[(position() = 1)]/Child::x");
    check("current()/../x", "current()/Parent::node()/Child::x");
    check("child :: a", "Child::a");
}

#[test]
fn references_are_part_of_the_grammar() {
    check("${ name }", "${name}");
    check("${last-saved#name}", "${last-saved#name}");
    check("selected('a b', ${x})", "selected(\"a b\", ${x})");
    check("if(${a} > 0, ${a}, 0)", "if((${a} > 0), ${a}, 0)");
    check(
        "(. >= 0 and . <= 5000) or . = -88",
        "(((SelfAxis::node() >= 0) and (SelfAxis::node() <= 5000)) or (SelfAxis::node() = -88))",
    );
    check("jr:choice-name(${q}, '${q}')", "jr:choice-name(${q}, \"${q}\")");
}

#[test]
fn what_is_no_expression_gets_advice_and_its_place() {
    for (source, at, word) in [
        ("", 0, "empty"),
        ("1 +", 3, "too early"),
        ("1 2", 2, "operator"),
        ("(1", 2, "closing )"),
        ("1)", 1, "closes nothing"),
        ("a[1", 3, "closing ]"),
        ("f(1,", 4, "too early"),
        ("f(1 2)", 4, "comma"),
        ("'abc", 0, "closing quote"),
        ("“abc”", 0, "plain quotes"),
        ("${abc", 0, "closing }"),
        ("${}", 0, "does not name"),
        ("${a b}", 0, "does not name"),
        ("$abc", 0, "variables"),
        ("1 == 2", 2, "instead of =="),
        ("1 && 2", 2, "write and"),
        ("1 || 2", 2, "write or"),
        ("!${a}", 0, "not("),
        ("1 <> 2", 2, "!="),
        ("a AND b", 2, "small letters"),
        ("foo::a", 0, "axis"),
        ("a/f(1)", 2, "cannot be a step"),
        ("1e3", 1, "operator"),
        ("a#b", 1, "no meaning"),
        ("jr:", 0, "name must follow"),
        (",", 0, "must stand here"),
    ] {
        let error = parse(source).expect_err(source);
        assert!(error.message.contains(word), "{source}: {error}");
        assert_eq!(error.at, at, "{source}: {error}");
    }
}

#[test]
fn nesting_and_length_have_limits_and_long_chains_have_none() {
    let nested = |n: usize| format!("{}1{}", "(".repeat(n), ")".repeat(n));
    assert!(parse(&nested(MAX_DEPTH - 1)).is_ok());
    assert!(parse(&nested(MAX_DEPTH)).unwrap_err().message.contains("nested"));
    assert!(parse(&nested(30_000)).unwrap_err().message.contains("nested"));
    assert!(
        parse(&"a[".repeat(30_000))
            .unwrap_err()
            .message
            .contains("nested")
    );
    assert!(
        parse(&"f(".repeat(30_000))
            .unwrap_err()
            .message
            .contains("nested")
    );
    assert!(parse(&format!("1{}", "+1".repeat(30_000))).is_ok());
    assert!(parse(&format!("1{}", "=1+1".repeat(10_000))).is_ok());
    assert!(parse(&format!("{}1", "-".repeat(60_000))).is_ok());
    assert!(parse(&format!("a{}", "/a".repeat(30_000))).is_ok());
    assert!(parse(&" ".repeat(70_000)).unwrap_err().message.contains("longer"));
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,40}", likely in "[-+*/.|=<>!a-c1()\\[\\]{}$,:@' ]{0,40}") {
        let _ = parse(&text);
        let _ = parse(&likely);
    }
}
