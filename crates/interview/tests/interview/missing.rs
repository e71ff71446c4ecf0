//! A missing state is no number: whatever is computed of it is what is computed of a blank.

use proptest::prelude::{BoxedStrategy, Just, ProptestConfig, Strategy, prop, prop_oneof, proptest};
use sampan_interview::interview::Interview;

use crate::support::{add, begin, say, value};

/// Expressions of three numbers and the rows of a repeat. Equality asks only for texts and numbers that are no codes;
/// a code itself is what a missing state answers to.
fn expression() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        Just("${a}".to_string()),
        Just("${b}".to_string()),
        Just("${c}".to_string()),
        (0_u32..200).prop_map(|number| number.to_string()),
        Just("sum(${x})".to_string()),
        Just("max(${x})".to_string()),
        Just("min(${x}, ${a})".to_string()),
        Just("count-non-empty(${x})".to_string()),
        Just("string-length(${b})".to_string()),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let two = (inner.clone(), inner.clone());
        prop_oneof![
            (
                two.clone(),
                prop::sample::select(vec!["+", "-", "*", "div", "mod", "<", ">", "<=", ">="])
            )
                .prop_map(|((left, right), sign)| format!("({left} {sign} {right})")),
            (two.clone(), inner.clone())
                .prop_map(|((condition, yes), no)| format!("if({condition}, {yes}, {no})")),
            two.clone()
                .prop_map(|(left, right)| format!("coalesce({left}, {right})")),
            two.prop_map(|(left, right)| format!("concat({left}, '-', {right})")),
            inner.clone().prop_map(|inner| format!("number({inner})")),
            inner.clone().prop_map(|inner| format!("(0 - {inner})")),
            inner.clone().prop_map(|inner| format!("round({inner}, 1)")),
            inner.clone().prop_map(|inner| format!("boolean({inner})")),
            inner.prop_map(|inner| format!("({inner} = '')")),
        ]
    })
    .boxed()
}

fn interview(expressions: &[String]) -> Interview {
    let mut form = "| survey |
         | | type         | name | label | calculation |
         | | integer      | a    | A     |             |
         | | decimal      | b    | B     |             |
         | | integer      | c    | C     |             |
         | | begin_repeat | r    | R     |             |
         | | integer      | x    | X     |             |
         | | end_repeat   |      |       |             |\n"
        .to_string();
    for (number, expression) in expressions.iter().enumerate() {
        form.push_str(&format!("| | calculate | e{number} | | {expression} |\n"));
    }
    let mut interview = begin(&form);
    add(&mut interview, "r", 1);
    add(&mut interview, "r", 2);
    interview
}

const STATES: [&str; 4] = ["dont_know", "refused", "not_applicable", "skipped"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_computed_of_a_missing_state_is_what_is_computed_of_a_blank(
        expressions in prop::collection::vec(expression(), 1..8),
        answers in prop::collection::vec((0_u32..100, 0_usize..4, prop::bool::ANY), 5),
    ) {
        let mut with_states = interview(&expressions);
        let mut with_blanks = interview(&expressions);
        for (place, (number, state, is_missing)) in ["a", "b", "c", "r[1]/x", "r[2]/x"].iter().zip(&answers) {
            let number = number.to_string();
            // The blank was answered before, so that taking an answer away is met too.
            say(&mut with_blanks, place, &number);
            say(&mut with_states, place, if *is_missing { STATES[*state] } else { &number });
            if *is_missing {
                say(&mut with_blanks, place, "");
            }
        }
        for (number, expression) in expressions.iter().enumerate() {
            let place = format!("e{number}");
            assert_eq!(value(&with_states, &place), value(&with_blanks, &place), "{expression} {answers:?}");
        }
    }
}
