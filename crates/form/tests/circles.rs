//! The order of computing, on forms of every size.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::sync::Arc;

use sampan_form::compiled::Form;
use sampan_form::def::{Expression, FormDef, Group, Item, Origin, Question, Repeat, Role};
use sampan_value::answer::Kind;

fn calculation(name: &str, source: &str) -> Item {
    Item::Question(Question {
        calculation: Some(Expression {
            source: source.into(),
            origin: Origin::default(),
        }),
        ..Question::new(name, Role::Calculate, Kind::Text)
    })
}

fn compile(items: Vec<Item>) -> Result<Form, Vec<String>> {
    let def = FormDef {
        form_id: "f".into(),
        title: "F".into(),
        languages: vec!["default".into()],
        items,
        ..FormDef::default()
    };
    Form::compile(Arc::new(def))
        .map_err(|problems| problems.into_iter().map(|problem| problem.message).collect())
}

fn repeat(name: &str, items: Vec<Item>) -> Item {
    Item::Repeat(Repeat {
        items,
        ..Repeat::new(name)
    })
}

#[test]
fn what_is_read_comes_first_else_the_order_of_the_form() {
    let form = compile(vec![
        calculation("a", "${c} + 1"),
        calculation("b", "1"),
        calculation("c", "${d} + 1"),
        calculation("d", "1"),
    ])
    .unwrap();
    let names: Vec<&str> = form
        .calculation_order()
        .iter()
        .map(|id| form.node(*id).name.as_str())
        .collect();
    assert_eq!(names, ["data", "b", "d", "c", "a"]);
}

#[test]
fn a_chain_of_ten_thousand_is_ordered_and_its_circle_is_found() {
    let chain = |last: &str| -> Vec<Item> {
        (0..10_000)
            .map(|number| match number {
                9_999 => calculation("q9999", last),
                _ => calculation(&format!("q{number}"), &format!("${{q{}}} + 1", number + 1)),
            })
            .collect()
    };
    let form = compile(chain("1")).unwrap();
    assert_eq!(form.calculation_order().last(), form.find("q0").as_ref());
    let problems = compile(chain("${q0}")).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].starts_with("a circle: "));
}

#[test]
fn each_circle_is_reported_once_and_what_hangs_on_it_is_not() {
    let problems = compile(vec![
        calculation("before", "1"),
        calculation("a", "${b} + ${before}"),
        calculation("b", "${a}"),
        calculation("after", "${a} + ${c}"),
        calculation("c", "${d}"),
        calculation("d", "${e}"),
        calculation("e", "${c}"),
        calculation("self", "${self} + 1"),
    ])
    .unwrap_err();
    assert_eq!(problems.len(), 3, "{problems:?}");
    let all = problems.join("\n");
    assert!(all.contains("b reads a") && all.contains("a reads b"), "{all}");
    assert!(
        all.contains("c reads d") && all.contains("d reads e") && all.contains("e reads c"),
        "{all}"
    );
    assert!(!all.contains("after") && !all.contains("before"), "{all}");
}

#[test]
fn a_row_may_read_the_row_before_it() {
    let running = "indexed-repeat(${total}, ${row}, position(..) - 1) + 1";
    assert!(compile(vec![repeat("row", vec![calculation("total", running)])]).is_ok());
}

#[test]
fn a_hundred_thousand_slips_are_told_of_in_few_words() {
    // As a loop makes them: the same names again and again, each reading one that could be any of them, and one that is
    // not there. The time is in proportion to the form, or this test does not end.
    let items = (0..20_000)
        .map(|number| {
            Item::Group(Group {
                items: vec![
                    calculation("a", "${a} + ${bb}"),
                    calculation("b", "${nothing_like_it}"),
                ],
                ..Group::new(&format!("g{number}"))
            })
        })
        .collect();
    let problems = compile(items).unwrap_err();
    assert!(problems.len() <= 501, "{}", problems.len());
    assert!(
        problems.iter().any(|problem| problem.contains("g0/a, g1/a")),
        "{problems:.3?}"
    );
    assert!(
        problems.iter().any(|problem| problem.contains("19992 more")),
        "{problems:.3?}"
    );
    let more = problems.last().unwrap();
    assert!(
        more.starts_with("there are ") && more.ends_with(" more problems"),
        "{more}"
    );
}

#[test]
fn thousands_of_circles_are_looked_at_a_few_times_only() {
    let items = (0..3_000).map(|number| {
        Item::Group(Group {
            relevant: Some(Expression {
                source: format!("${{q{number}}} = 1 and ${{s{number}}} = 1"),
                origin: Origin::default(),
            }),
            items: vec![
                calculation(&format!("q{number}"), "1"),
                calculation(&format!("s{number}"), &format!("${{s{number}}} + 1")),
            ],
            ..Group::new(&format!("g{number}"))
        })
    });
    let def = FormDef {
        items: items.collect(),
        ..FormDef::default()
    };
    let problems = Form::compile_leniently(Arc::new(def)).unwrap_err();
    assert!(problems.len() < 500, "{}", problems.len());
    assert!(problems.iter().any(|problem| problem.is_error()));
}
