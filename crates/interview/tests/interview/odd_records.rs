//! Records that do not fit the form: nothing breaks, nothing is lost, everything that has no place is named.

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_oneof, proptest};
use sampan_interview::facts::ROWS;
use sampan_interview::interview::{Interview, Row};
use sampan_record::ids::RowId;
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_value::answer::{Answer, Missing, Value};

use crate::support::{facts, plan, value};

const FORM: &str = "
| survey |               |       |       |              |
|        | type          | name  | label | repeat_count |
|        | integer       | n     | N     |              |
|        | decimal       | d     | D     |              |
|        | begin_repeat  | row   | Row   | ${n}         |
|        | text          | t     | T     |              |
|        | begin_repeat  | inner | Inner |              |
|        | integer       | i     | I     |              |
|        | end_repeat    |       |       |              |
|        | end_repeat    |       |       |              |
|        | begin_repeat  | free  | Free  |              |
|        | select_one yn | yn    | YN    |              |
|        | end_repeat    |       |       |              |
|        | note          | told  | Told  |              |
| choices |           |      |       |
|         | list_name | name | label |
|         | yn        | yes  | Yes   |
";

fn path(question: &str, rows: &[u64]) -> AnswerPath {
    AnswerPath {
        question: QuestionPath::new(question),
        rows: rows.iter().map(|row| RowId(*row)).collect(),
    }
}

fn number(number: i64) -> Answer {
    Answer::Value(Value::Integer(number))
}

fn words(text: &str) -> Answer {
    Answer::Value(Value::Text(text.into()))
}

#[test]
fn what_has_no_place_is_set_aside_with_the_reason() {
    let added = RowId::added(5).0;
    for (at, answer, says) in [
        (path("nothing", &[]), words("x"), "no such question"),
        (path("row", &[]), words("x"), "group"),
        (path("told", &[]), words("x"), "no answer"),
        (path("n", &[]), words("many"), "another type"),
        (path("n", &[0]), number(1), "other repeats"),
        (path("row/t", &[]), words("x"), "other repeats"),
        (path("row/t", &[added]), words("x"), "counts the rows"),
        (path("row/t", &[5_000]), words("x"), "more rows than fit"),
    ] {
        let interview = Interview::from_answers(plan(FORM), [(at.clone(), answer.clone())], []);
        let aside = interview.set_aside();
        assert_eq!(aside.len(), 1, "{at:?}");
        assert!(aside[0].reason.contains(says), "{at:?}: {}", aside[0].reason);
        assert_eq!((&aside[0].at, &aside[0].answer), (&at, &Some(answer)));
    }
}

#[test]
fn answers_of_another_version_are_converted_where_nothing_is_lost() {
    let interview = Interview::from_answers(
        plan(FORM),
        [
            (path("d", &[]), number(4)),
            (path("n", &[]), words("2")),
            (path("row/t", &[1]), number(7)),
        ],
        [],
    );
    assert!(interview.set_aside().is_empty(), "{:?}", interview.set_aside());
    assert_eq!(value(&interview, "d"), "4");
    assert_eq!(value(&interview, "row[2]/t"), "7");
}

#[test]
fn a_row_that_only_its_answers_tell_of_is_there() {
    let row = RowId::added(3);
    let interview = Interview::from_answers(
        plan(FORM),
        [(
            path("free/yn", &[row.0]),
            Answer::Value(Value::Choice("no".into())),
        )],
        [],
    );
    assert_eq!(interview.rows(&path("free", &[])), [row]);
    assert_eq!(value(&interview, "free[1]/yn"), "no");
    assert_eq!(interview.problems().len(), 1, "no is no choice");
}

#[test]
fn ten_thousand_rows_are_cut_at_the_limit_and_named() {
    let answers = (0..10_000).map(|row| {
        (
            path("free/yn", &[RowId::added(row).0]),
            Answer::Missing(Missing::Refused),
        )
    });
    let rows = (0..10_000).map(|row| Row {
        repeat: path("free", &[]),
        row: RowId::added(row),
        position: row,
    });
    let interview = Interview::from_answers(plan(FORM), answers, rows);
    assert_eq!(interview.rows(&path("free", &[])).len(), ROWS);
    assert_eq!(interview.set_aside().len(), 2 * (10_000 - ROWS));
    assert_eq!(interview.values().len(), ROWS);
}

#[test]
fn rows_in_rows_do_not_multiply_beyond_the_limit() {
    let mut answers = vec![(path("n", &[]), number(1_000))];
    for outer in 0..500 {
        for inner in 0..500 {
            answers.push((path("row/inner/i", &[outer, RowId::added(inner).0]), number(1)));
        }
    }
    let interview = Interview::from_answers(plan(FORM), answers, []);
    assert!(interview.values().len() <= sampan_interview::facts::PLACES);
    assert!(!interview.set_aside().is_empty());
}

#[test]
fn a_row_in_a_row_that_the_count_hides_waits_for_the_count() {
    let row = Row {
        repeat: path("row/inner", &[1]),
        row: RowId::added(1),
        position: 0,
    };
    let count = (path("n", &[]), number(2));
    let hidden = Interview::from_answers(plan(FORM), [], [row.clone()]);
    assert!(hidden.set_aside().is_empty());
    assert!(hidden.rows(&path("row", &[])).is_empty());
    assert_eq!(hidden.added_rows(), std::slice::from_ref(&row));
    let shown = Interview::from_answers(plan(FORM), [count], [row.clone()]);
    assert_eq!(shown.rows(&row.repeat), [row.row]);
}

#[test]
fn empty_rows_count_towards_the_limit_too() {
    let plan = plan(
        "| survey |              |      |       |              |
         |        | type         | name | label | repeat_count |
         |        | begin_repeat | a    | A     | 1000         |
         |        | begin_repeat | b    | B     | 1000         |
         |        | begin_repeat | c    | C     | 1000         |
         |        | end_repeat   |      |       |              |
         |        | end_repeat   |      |       |              |
         |        | end_repeat   |      |       |              |",
    );
    let interview = Interview::begin(plan, &facts()).interview;
    let problems = interview.problems();
    assert!(
        problems
            .iter()
            .any(|problem| problem.message.contains("More rows are wanted than fit"))
    );
}

#[test]
fn rows_of_repeats_that_are_not_there_are_set_aside() {
    for repeat in [
        path("n", &[]),
        path("nothing", &[]),
        path("row/inner", &[]),
        path("row/inner", &[RowId::added(7).0]),
        path("row/inner", &[5_000]),
        path("free", &[1]),
    ] {
        let row = Row {
            repeat: repeat.clone(),
            row: RowId::added(1),
            position: 0,
        };
        let interview = Interview::from_answers(plan(FORM), [], [row]);
        assert_eq!(interview.set_aside().len(), 1, "{repeat:?}");
        assert_eq!(interview.set_aside()[0].answer, None);
    }
}

fn any_answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        any::<i64>().prop_map(number),
        (-3_i64..2_000).prop_map(number),
        ".{0,12}".prop_map(|text| Answer::Value(Value::Text(text))),
        "[a-z ]{0,5}".prop_map(|text| Answer::Value(Value::Choice(text))),
        prop::collection::vec("[a-z ]{0,3}", 0..3).prop_map(|names| Answer::Value(Value::Choices(names))),
        Just(Answer::Value(Value::Acknowledge)),
        (0_u8..4).prop_map(|which| {
            Answer::Missing(
                [
                    Missing::DontKnow,
                    Missing::Refused,
                    Missing::NotApplicable,
                    Missing::Skipped,
                ][usize::from(which)],
            )
        }),
    ]
}

fn any_path() -> impl Strategy<Value = AnswerPath> {
    let names = [
        "",
        "n",
        "d",
        "row",
        "row/t",
        "row/inner",
        "row/inner/i",
        "free",
        "free/yn",
        "told",
        "x",
        "row/",
        "/n",
    ];
    let row = prop_oneof![
        0_u64..4,
        any::<u64>(),
        (0_u64..4).prop_map(|row| RowId::added(row).0)
    ];
    (0..names.len(), prop::collection::vec(row, 0..4)).prop_map(move |(name, rows)| path(names[name], &rows))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_record_breaks_an_interview(
        answers in prop::collection::vec((any_path(), any_answer()), 0..40),
        rows in prop::collection::vec((any_path(), any::<u64>(), any::<u64>()), 0..10),
    ) {
        let rows: Vec<Row> =
            rows.into_iter().map(|(repeat, row, position)| Row { repeat, row: RowId(row), position }).collect();
        let n_distinct = answers.iter().map(|(at, _)| at).collect::<std::collections::BTreeSet<_>>().len();
        let mut interview = Interview::from_answers(plan(FORM), answers.clone(), rows.clone());
        assert!(interview.answers().len() + interview.set_aside().len() >= n_distinct);
        interview.problems();
        interview.screens();
        interview.first_unanswered();
        for (at, answer) in &answers {
            interview.question(at);
            interview.choices(at);
            interview.label(at, "en");
            let _ = interview.answer(at, Some(answer.clone()), crate::support::now());
            let _ = interview.add_row(at, 1, crate::support::now());
            let _ = interview.remove_row(at, RowId::added(1), crate::support::now());
            interview.screen(&sampan_interview::view::Position::Question(at.clone()));
            interview.next(&sampan_interview::view::Position::AddRow(at.clone()));
            interview.previous(&sampan_interview::view::Position::Together(at.clone()));
        }
        for row in &rows {
            interview.rows(&row.repeat);
        }
        Interview::resume(interview.plan().clone(), &facts(), interview.answers(), interview.added_rows());
    }
}
