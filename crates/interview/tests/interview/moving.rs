//! Interviews moved on to another version of their form: every answer is carried, or named with its reason.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use proptest::prelude::{ProptestConfig, Strategy, any, prop, prop_assert, prop_assert_eq, proptest};
use sampan_interview::interview::{Interview, Row};
use sampan_interview::moving::{Became, Moved, moved};
use sampan_interview::plan::Plan;
use sampan_interview::view::{NoPlace, ProblemKind};
use sampan_record::ids::{ContentHash, RowId};
use sampan_record::op::Op;
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_value::answer::{Answer, Value};

use crate::support::plan;

fn path(question: &str, rows: &[RowId]) -> AnswerPath {
    AnswerPath {
        question: QuestionPath::new(question),
        rows: rows.to_vec(),
    }
}

fn number(number: i64) -> Answer {
    Answer::Value(Value::Integer(number))
}

fn words(text: &str) -> Answer {
    Answer::Value(Value::Text(text.into()))
}

fn choice(name: &str) -> Answer {
    Answer::Value(Value::Choice(name.into()))
}

fn survey(rows: &str, choices: &str) -> Arc<Plan> {
    plan(&format!(
        "| survey |\n|  | type | name | label | constraint | required | relevant | repeat_count |\n{rows}\n\
         | choices |\n|  | list_name | name | label |\n{choices}\n"
    ))
}

/// What became of the answer at a place, in short.
fn fate(moved: &Moved, at: &AnswerPath) -> String {
    let fate = moved.report.fates.iter().find(|fate| fate.at == *at);
    match fate.map(|fate| &fate.became) {
        None => "carried".into(),
        Some(Became::Converted { to }) => format!("converted {to:?}"),
        Some(Became::Moved { to, .. }) => format!("moved {} {:?}", to.question, to.rows),
        Some(Became::Kept { reason, .. }) => format!("kept: {reason}"),
    }
}

#[test]
fn each_change_of_a_question_has_its_fate() {
    let ok = "|  | l | a | A |\n|  | l | b | B |";
    for (was, now, answer, expected) in [
        ("integer | q", "integer | q", number(5), "carried"),
        (
            "integer | q",
            "decimal | q",
            number(5),
            "converted Value(Decimal(",
        ),
        (
            "integer | q",
            "text | q",
            number(5),
            "converted Value(Text(\"5\"))",
        ),
        (
            "text | q",
            "integer | q",
            words("12"),
            "converted Value(Integer(12))",
        ),
        (
            "text | q",
            "integer | q",
            words("many"),
            "kept: this has another type in this form version: “many”",
        ),
        (
            "select_one l | q",
            "select_multiple l | q",
            choice("a"),
            "converted Value(Choices([\"a\"]))",
        ),
        (
            "integer | q",
            "integer | other",
            number(5),
            "kept: this form version has no such question",
        ),
        ("integer | q", "note | q", number(5), "kept: this takes no answer"),
    ] {
        let was = survey(&format!("|  | {was} | Q |"), ok);
        let now = survey(&format!("|  | {now} | Q |"), ok);
        let moved = moved(&was, &now, &[(path("q", &[]), answer.clone())], &[]);
        let found = fate(&moved, &path("q", &[]));
        assert!(
            found.starts_with(expected),
            "{answer:?}: {found} instead of {expected}"
        );
        assert_eq!(
            moved.ops,
            [Op::MoveToVersion {
                form: ContentHash(now.form().version())
            }]
        );
    }
}

#[test]
fn what_stands_in_the_way_of_finishing_now_is_said_and_what_did_before_is_not() {
    let was = survey(
        "|  | select_one l | c | C | | | |\n|  | integer | n | N | | | |\n|  | text | t | T | | | |\n\
         |  | text | open | O | | yes | |\n|  | text | h | H | | | |",
        "|  | l | a | A |\n|  | l | b | B |",
    );
    let now = survey(
        "|  | select_one l | c | C | | | |\n|  | integer | n | N | . < 10 | | |\n|  | text | t | T | | yes | |\n\
         |  | text | open | O | | yes | |\n|  | text | h | H | | | ${n} < 5 |\n|  | text | new | New | | | |",
        "|  | l | b | B |",
    );
    let answers = [
        (path("c", &[]), choice("a")),
        (path("n", &[]), number(12)),
        (path("h", &[]), words("hidden now")),
    ];
    let report = moved(&was, &now, &answers, &[]).report;
    let problems: Vec<(&str, ProblemKind)> = report
        .problems
        .iter()
        .map(|problem| (problem.at.question.as_str(), problem.kind))
        .collect();
    assert_eq!(
        problems,
        [
            ("c", ProblemKind::InvalidChoice),
            ("n", ProblemKind::ConstraintBroken),
            ("t", ProblemKind::RequiredMissing),
        ]
    );
    assert_eq!((report.n_carried, report.fates.len()), (3, 0));
    assert_eq!(report.not_asked, [path("h", &[])]);
    assert_eq!(report.new_questions, [path("new", &[])]);
}

const GROUP: &str = "|  | begin_group | g | G |\n|  | integer | q | Q |\n|  | end_group | | |";
const REPEAT: &str = "|  | begin_repeat | g | G |\n|  | integer | q | Q |\n|  | end_repeat | | |";
const COUNTED: &str = "|  | begin_repeat | g | G | | | | 3 |\n|  | integer | q | Q |\n|  | end_repeat | | |";

fn row(random: u64, position: u64) -> Row {
    Row {
        repeat: path("g", &[]),
        row: RowId::added(random),
        position,
    }
}

#[test]
fn a_group_that_became_a_repeat_is_its_first_row_and_back_again() {
    let (group, repeat) = (survey(GROUP, ""), survey(REPEAT, ""));
    let in_group = (path("g/q", &[]), number(5));
    let into = moved(&group, &repeat, std::slice::from_ref(&in_group), &[]);
    let first = path("g/q", &[RowId::added(0)]);
    assert_eq!(into.interview.answers(), [(first.clone(), number(5))]);
    assert_eq!(into.ops.len(), 3, "moved, a row, an answer: {:?}", into.ops);
    // The record holds both places afterwards; moved back, the group's own answer stands as it was.
    let both = [in_group.clone(), (first, number(5))];
    let back = moved(&repeat, &group, &both, &[row(0, 0)]);
    assert_eq!(back.interview.answers(), [in_group]);
    assert_eq!(back.ops.len(), 1);
}

#[test]
fn one_row_becomes_the_group_and_of_several_none_does() {
    let (group, repeat) = (survey(GROUP, ""), survey(REPEAT, ""));
    let at = |random| path("g/q", &[RowId::added(random)]);
    let one = moved(&repeat, &group, &[(at(7), number(5))], &[row(7, 0)]);
    assert_eq!(one.interview.answers(), [(path("g/q", &[]), number(5))]);
    let two = moved(
        &repeat,
        &group,
        &[(at(7), number(5)), (at(8), number(6))],
        &[row(7, 0), row(8, 1)],
    );
    assert!(two.interview.answers().is_empty());
    assert_eq!(
        two.report
            .fates
            .iter()
            .filter(|fate| fate.answer.is_some())
            .count(),
        2
    );
    assert!(
        fate(&two, &at(7)).contains("other repeats"),
        "{}",
        fate(&two, &at(7))
    );
}

#[test]
fn rows_that_are_counted_now_keep_their_order() {
    let (repeat, counted) = (survey(REPEAT, ""), survey(COUNTED, ""));
    let at = |random| path("g/q", &[RowId::added(random)]);
    // The row with the higher id stands first.
    let answers = [(at(1), number(1)), (at(9), number(9))];
    let moved = moved(&repeat, &counted, &answers, &[row(9, 0), row(1, 1)]);
    assert_eq!(
        moved.interview.answers(),
        [
            (path("g/q", &[RowId::counted(0)]), number(9)),
            (path("g/q", &[RowId::counted(1)]), number(1)),
        ]
    );
}

#[test]
fn an_answer_that_fits_no_type_of_its_new_place_stays_where_it_was() {
    let was = survey(
        "|  | begin_group | g | G |\n|  | text | q | Q |\n|  | end_group | | |",
        "",
    );
    let moved = moved(
        &was,
        &survey(REPEAT, ""),
        &[(path("g/q", &[]), words("many"))],
        &[],
    );
    assert!(moved.interview.answers().is_empty());
    assert!(
        moved.ops.iter().all(|op| !matches!(op, Op::Set { .. })),
        "{:?}",
        moved.ops
    );
    let fate = &moved.report.fates[0];
    assert_eq!(fate.answer, Some(words("many")));
    assert!(
        matches!(
            fate.became,
            Became::Kept {
                why: NoPlace::OtherRepeats,
                ..
            }
        ),
        "{fate:?}"
    );
}

const TYPES: [&str; 8] = [
    "text",
    "integer",
    "decimal",
    "select_one l",
    "select_multiple l",
    "date",
    "note",
    "acknowledge",
];
const EXTRAS: [&str; 4] = ["| | |", "| . != 3 | |", "| | yes |", "| | | ${n} > 2"];

/// A form of the same names: each question with a type, conditions, or not there; the block a group, a repeat, a
/// counted repeat; the block's and the root's questions may change sides.
fn any_form() -> impl Strategy<Value = String> {
    let question = (0..TYPES.len() + 2, 0..EXTRAS.len());
    (
        prop::collection::vec(question, 6),
        0_usize..3,
        0_usize..7,
        any::<bool>(),
    )
        .prop_map(|(questions, block, split, has_b)| {
            let mut text = String::from(
                "| survey |\n|  | type | name | label | constraint | required | relevant | repeat_count |\n\
                 |  | integer | n | N |\n",
            );
            let (begin, end) = [
                ("begin_group | blk | B |", "end_group"),
                ("begin_repeat | blk | B |", "end_repeat"),
                ("begin_repeat | blk | B | | | | ${n} |", "end_repeat"),
            ][block];
            for (number, (kind, extra)) in questions.iter().enumerate() {
                if number == split {
                    let _ = writeln!(text, "|  | {begin}\n|  | text | in | In |");
                }
                if let Some(kind) = TYPES.get(*kind) {
                    let _ = writeln!(text, "|  | {kind} | q{number} | Q {}", EXTRAS[*extra]);
                }
            }
            if split < 6 {
                let _ = writeln!(text, "|  | {end} | | |");
            }
            let _ = writeln!(
                text,
                "| choices |\n|  | list_name | name | label |\n|  | l | a | A |"
            );
            if has_b {
                let _ = writeln!(text, "|  | l | b | B |");
            }
            text
        })
}

/// An interview with that form: rows and answers by chance, as far as the form takes them.
fn filled(plan: &Arc<Plan>, acts: &[(u8, u8, u8)]) -> Interview {
    let now = crate::support::now();
    let mut interview = Interview::begin(Arc::clone(plan), &crate::support::facts()).interview;
    let texts = ["3", "7", "a", "b", "a b", "2026-11-24", "2.50", "សួស្តី", "ok", "1"];
    let block = path("blk", &[]);
    for (which, text, row) in acts {
        let which = usize::from(*which) % (plan.form().nodes().len() + 1);
        let Some(node) = plan.form().nodes().get(which) else {
            let _ = interview.add_row(&block, u64::from(*row), now);
            continue;
        };
        let rows = interview.rows(&block);
        let rows: Vec<RowId> = match node.repeats.len() {
            0 => Vec::new(),
            _ => match rows.get(usize::from(*row) % rows.len().max(1)) {
                Some(row) => vec![*row],
                None => continue,
            },
        };
        let at = path(&node.path, &rows);
        if let Ok(answer) = interview.parse_input(&at, texts[usize::from(*text) % texts.len()]) {
            let _ = interview.answer(&at, Some(answer), now);
        }
    }
    interview
}

/// The record's answers and rows after the ops.
fn after(
    moved: &Moved,
    answers: &[(AnswerPath, Answer)],
    rows: &[Row],
) -> (Vec<(AnswerPath, Answer)>, Vec<Row>) {
    let mut held: BTreeMap<AnswerPath, Answer> = answers.iter().cloned().collect();
    let mut rows = rows.to_vec();
    for op in &moved.ops {
        match op {
            Op::Set { at, answer } => {
                let before = held.insert(at.clone(), answer.clone().unwrap());
                assert_eq!(before, None, "a move overwrote an answer");
            }
            Op::AddRow {
                repeat,
                row,
                position,
            } => rows.push(Row {
                repeat: repeat.clone(),
                row: *row,
                position: *position,
            }),
            Op::MoveToVersion { .. } => {}
            other => panic!("a move did {other:?}"),
        }
    }
    (held.into_iter().collect(), rows)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_vanishes_when_its_form_changes(
        was in any_form(),
        now in any_form(),
        acts in prop::collection::vec(any::<(u8, u8, u8)>(), 0..40),
    ) {
        let (was, now) = (plan(&was), plan(&now));
        let before = filled(&was, &acts);
        let (answers, rows) = (before.answers(), before.added_rows());
        let moved = moved(&was, &now, &answers, &rows);
        let held: BTreeMap<AnswerPath, Answer> = moved.interview.answers().into_iter().collect();
        let mut n_carried = 0;
        for (at, answer) in &answers {
            let fates: Vec<_> =
                moved.report.fates.iter().filter(|fate| fate.at == *at && fate.answer.is_some()).collect();
            match fates.as_slice() {
                [] => {
                    prop_assert_eq!(held.get(at), Some(answer), "neither carried nor named");
                    n_carried += 1;
                }
                [fate] => {
                    prop_assert_eq!(fate.answer.as_ref(), Some(answer));
                    match &fate.became {
                        Became::Converted { to } => prop_assert_eq!(held.get(at), Some(to)),
                        Became::Moved { to, as_answer } => prop_assert_eq!(held.get(to), Some(as_answer)),
                        Became::Kept { reason, .. } => {
                            prop_assert!(!held.contains_key(at));
                            prop_assert!(!reason.is_empty());
                        }
                    }
                }
                _ => prop_assert!(false, "{:?} is named twice", at),
            }
        }
        prop_assert_eq!(n_carried, moved.report.n_carried);
        // What the office makes of the record is what the report spoke of.
        let (later_answers, later_rows) = after(&moved, &answers, &rows);
        let office = Interview::from_answers(Arc::clone(&now), later_answers.clone(), later_rows.clone());
        let in_order = |interview: &Interview| interview.answers().into_iter().collect::<BTreeMap<_, _>>();
        prop_assert_eq!(in_order(&office), in_order(&moved.interview));
        prop_assert_eq!(office.values(), moved.interview.values());
        // Moved back, all stands as it stood.
        let back: BTreeMap<AnswerPath, Answer> =
            Interview::from_answers(Arc::clone(&was), later_answers, later_rows).answers().into_iter().collect();
        for (at, answer) in &answers {
            prop_assert_eq!(back.get(at), Some(answer));
        }
    }

    #[test]
    fn a_move_to_the_same_version_changes_nothing(
        form in any_form(),
        acts in prop::collection::vec(any::<(u8, u8, u8)>(), 0..40),
    ) {
        let plan = plan(&form);
        let before = filled(&plan, &acts);
        let moved = moved(&plan, &plan, &before.answers(), &before.added_rows());
        prop_assert_eq!(moved.ops.len(), 1);
        prop_assert_eq!(moved.report.n_carried, before.answers().len());
        prop_assert!(moved.report.fates.is_empty() && moved.report.problems.is_empty());
        prop_assert!(moved.report.not_asked.is_empty() && moved.report.new_questions.is_empty());
    }
}
