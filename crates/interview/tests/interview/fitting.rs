//! What types ask of answers beyond their kind, choices that stand alone, and answers that are taken but doubted.

use std::sync::Arc;

use sampan_form::compiled::Form;
use sampan_form::external::Tables;
use sampan_form::xform;
use sampan_interview::interview::Interview;
use sampan_interview::plan::Plan;
use sampan_interview::refusal::Reason;
use sampan_interview::view::ProblemKind;
use sampan_xlsform::reading::read_markdown;

use crate::support::{add, at, begin, facts, now, refusal, say, value};

const FRUIT: &str = "| choices |
     | | list_name | name  | label  | exclusive | near |
     | | fruit     | apple | Apple  |           | 1    |
     | | fruit     | pear  | Pear   |           | 1    |
     | | fruit     | plum  | Plum   |           | 0    |
     | | fruit     | none  | None   | yes       | 1    |
     | | fruit     | dunno | Unsure | TRUE      | 1    |";

#[test]
fn a_choice_that_stands_alone_is_refused_with_company() {
    let mut interview = begin(&format!(
        "| survey |
         | | type                  | name | label |
         | | select_multiple fruit | q    | Q     |
         {FRUIT}"
    ));
    say(&mut interview, "q", "apple pear");
    say(&mut interview, "q", "none");
    let (reason, message) = refusal(&mut interview, "q", "apple none");
    assert_eq!(reason, Reason::Constraint);
    assert!(message.contains("none"), "{message}");
    assert_eq!(refusal(&mut interview, "q", "dunno none").0, Reason::Constraint);
    assert_eq!(value(&interview, "q"), "none");

    let q = at(&interview, "q");
    let alone: Vec<bool> = interview
        .choices(&q)
        .iter()
        .map(|choice| choice.exclusive)
        .collect();
    assert_eq!(alone, [false, false, false, true, true]);
    let names = |text: &str| text.split_whitespace().map(String::from).collect::<Vec<_>>();
    for (ticked, tick, expected) in [
        ("", "apple", "apple"),
        ("apple", "pear", "apple pear"),
        ("apple pear", "apple", "pear"),
        ("apple pear", "none", "none"),
        ("none", "apple", "apple"),
        ("none", "dunno", "dunno"),
        ("none", "none", ""),
    ] {
        assert_eq!(
            interview.tick(&q, &names(ticked), tick),
            names(expected),
            "{ticked} + {tick}"
        );
    }
}

#[test]
fn a_ranking_wants_every_item_on_offer() {
    let mut interview = begin(&format!(
        "| survey |
         | | type       | name | label | choice_filter |
         | | integer    | n    | N     |               |
         | | rank fruit | q    | Q     | near = ${{n}} |
         {FRUIT}"
    ));
    say(&mut interview, "n", "1");
    let (reason, message) = refusal(&mut interview, "q", "pear apple");
    assert_eq!(reason, Reason::Constraint);
    assert!(message.contains("none, dunno"), "{message}");
    assert_eq!(
        refusal(&mut interview, "q", "plum pear apple none dunno").0,
        Reason::NotAChoice
    );
    say(&mut interview, "q", "dunno pear none apple");
    assert_eq!(
        value(&interview, "q"),
        "dunno pear none apple",
        "the order is the answer"
    );
    say(&mut interview, "n", "0");
    assert_eq!(
        interview.problems().first().map(|problem| problem.kind),
        Some(ProblemKind::InvalidChoice)
    );
}

#[test]
fn a_range_takes_its_marks_and_nothing_between_them() {
    for (parameters, good, bad) in [
        ("", &["1", "10"][..], &["0", "11", "1.5"][..]),
        (
            "start=0 end=1 step=0.25",
            &["0", "0.25", "1.00"],
            &["0.3", "1.25", "-0.25"],
        ),
        ("start=10 end=2 step=2", &["10", "2", "4"], &["3", "12", "0"]),
        ("start=-5 end=5 step=3", &["-5", "-2", "4"], &["5", "0"]),
    ] {
        let mut interview = begin(&format!(
            "| survey |
             | | type  | name | label | parameters   |
             | | range | q    | Q     | {parameters} |"
        ));
        for good in good {
            say(&mut interview, "q", good);
        }
        for bad in bad {
            assert!(
                matches!(
                    refusal(&mut interview, "q", bad).0,
                    Reason::Constraint | Reason::WrongKind
                ),
                "{parameters}: {bad}"
            );
        }
    }
}

#[test]
fn a_line_has_two_ends_and_a_shape_is_closed() {
    let mut interview = begin(
        "| survey |
         | | type     | name  | label |
         | | geotrace | line  | Line  |
         | | geoshape | shape | Shape |",
    );
    for (place, short) in [
        ("line", "1 2 0 0"),
        ("line", "1 2 0 0; 1 2 0 0"),
        ("shape", "1 2 0 0; 1 3 0 0; 1 2 0 0"),
    ] {
        say(&mut interview, place, short);
        let problem = interview.problems().pop().unwrap();
        assert_eq!(problem.kind, ProblemKind::Doubtful);
        assert_eq!(problem.at, at(&interview, place), "{short}");
        say(&mut interview, place, "");
    }
    say(&mut interview, "line", "1 2 0 0; 1 3 0 0");
    assert_eq!(
        value(&interview, "line").split(';').count(),
        2,
        "a line stays open"
    );
    for open_or_closed in ["1 2 0 0; 1 3 0 0; 2 2 0 0", "1 2 0 0; 1 3 0 0; 2 2 0 0; 1 2 0 0"] {
        say(&mut interview, "shape", open_or_closed);
        let shape = value(&interview, "shape");
        let points: Vec<&str> = shape.split(';').map(str::trim).collect();
        assert_eq!(points.len(), 4, "{shape}");
        assert_eq!(points.first(), points.last());
    }
}

#[test]
fn a_doubtful_answer_is_taken_shown_and_in_nobodys_way() {
    let form = "| survey |
         | | type         | name | label | constraint | soft_constraint | soft_constraint_message::English (en) | soft_constraint_message::ខ្មែរ (km) |
         | | begin_repeat | r    | R     |            |                 |              |       |
         | | integer      | age  | Age   | . < 150    | . < 100         | So old, ${age}? | ចាស់   |
         | | integer      | n    | N     |            | . > ${age}      |              |       |
         | | end_repeat   |      |       |            |                 |              |       |";
    let written = xform::write(&read_markdown(form).unwrap().form);
    assert!(written.contains("xmlns:sampan=\"urn:sampan:forms\""));
    assert!(
        written.contains("sampan:softConstraint=\". &lt; 100\""),
        "{written}"
    );
    let again = xform::read::read(&written).unwrap();
    for def in [read_markdown(form).unwrap().form, again.form] {
        let form = Form::compile(Arc::new(def)).unwrap();
        let plan = Arc::new(Plan::new(Arc::new(form), Arc::new(Tables::new())));
        let mut interview = Interview::begin(plan, &facts()).interview;
        add(&mut interview, "r", 1);
        say(&mut interview, "r[1]/age", "20");
        let age = at(&interview, "r[1]/age");
        assert_eq!(interview.question(&age).unwrap().doubt, None);
        assert!(interview.problems().is_empty());
        assert_eq!(refusal(&mut interview, "r[1]/age", "160").0, Reason::Constraint);
        say(&mut interview, "r[1]/age", "120");
        assert_eq!(value(&interview, "r[1]/age"), "120");
        let told = interview.question(&age).unwrap();
        assert!(told.valid);
        assert_eq!(told.doubt.as_deref(), Some("So old, 120?"));
        interview.set_language("km");
        assert_eq!(interview.question(&age).unwrap().doubt.as_deref(), Some("ចាស់"));
        let problems = interview.problems();
        assert_eq!(problems.len(), 1);
        assert_eq!((problems[0].kind, &problems[0].at), (ProblemKind::Doubtful, &age));
        say(&mut interview, "r[1]/n", "5");
        assert_eq!(
            interview.problems().len(),
            2,
            "without words of its own it has words too"
        );
        interview.finish(now()).unwrap();
        say(&mut interview, "r[1]/age", "dont_know");
        assert!(interview.problems().iter().all(|problem| problem.at != age));
    }
}
