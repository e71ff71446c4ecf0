//! What is written down once: facts of the beginning, defaults, drawn and timed values, the end.

use chrono::Duration;
use sampan_interview::facts::Facts;
use sampan_interview::interview::Interview;
use sampan_record::op::Op;
use sampan_value::answer::{Answer, Value};

use crate::support::{add, at, begin, facts, in_text, now, plan, reopened, say, value};

fn sets(ops: &[Op]) -> Vec<(String, String)> {
    ops.iter()
        .filter_map(|op| match op {
            Op::Set { at, answer } => Some((
                at.question.to_string(),
                answer.as_ref().map(in_text).unwrap_or_default(),
            )),
            _ => None,
        })
        .collect()
}

#[test]
fn the_beginning_is_written_once_and_the_end_at_finishing() {
    let form = plan(
        "| survey |          |          |       |
         |        | type     | name     | label |
         |        | start    | start    |       |
         |        | end      | end      |       |
         |        | today    | today    |       |
         |        | deviceid | deviceid |       |
         |        | username | username |       |
         |        | text     | t        | T     |",
    );
    let opened = Interview::begin(form, &facts());
    let kept = sets(&opened.ops);
    assert_eq!(
        kept.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["start", "today", "deviceid", "username"]
    );
    assert_eq!(kept[1].1, "2026-11-24");
    assert_eq!(kept[2].1, "device-1");
    let mut interview = opened.interview;
    let later = Facts {
        started_at: now() + Duration::days(3),
        ..facts()
    };
    let opened = Interview::resume(interview.plan().clone(), &later, interview.answers(), []);
    assert!(opened.ops.is_empty());
    assert_eq!(value(&opened.interview, "today"), "2026-11-24");
    let ops = interview.finish(now() + Duration::minutes(40)).unwrap();
    let Op::Set {
        answer: Some(Answer::Value(Value::DateTime(end))),
        ..
    } = &ops[0]
    else {
        panic!("{ops:?}")
    };
    assert_eq!(*end, now() + Duration::minutes(40));
    assert_eq!(ops.len(), 1);
}

#[test]
fn an_interview_with_a_gap_is_not_finished() {
    let mut interview = begin(
        "| survey |         |      |       |          |
         |        | type    | name | label | required |
         |        | text    | t    | T     | yes      |
         |        | integer | n    | N     | ${t} = 'x' |",
    );
    let problems = interview.finish(now()).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].at, at(&interview, "t"));
    say(&mut interview, "t", "x");
    assert_eq!(interview.finish(now()).unwrap_err()[0].at, at(&interview, "n"));
    say(&mut interview, "n", "-88");
    assert!(interview.finish(now()).is_ok());
}

#[test]
fn drawn_and_timed_values_are_kept_and_not_drawn_again() {
    let form = "| survey |           |       |       |                         |          |
                |        | type      | name  | label | calculation             | relevant |
                |        | calculate | id    |       | uuid()                  |          |
                |        | calculate | first |       | once(${t})              |          |
                |        | text      | t     | T     |                         |          |
                |        | calculate | when  |       | if(${t} = 'x', today(), '') |      |
                |        | calculate | luck  |       | random()                | ${t} = 'x' |";
    let opened = Interview::begin(plan(form), &facts());
    assert_eq!(
        sets(&opened.ops)
            .iter()
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>(),
        ["id"]
    );
    let mut interview = opened.interview;
    let id = value(&interview, "id");
    assert_eq!(id.len(), 36, "{id}");
    let accepted = say(&mut interview, "t", "x");
    let kept: Vec<String> = sets(&accepted.ops).into_iter().map(|(name, _)| name).collect();
    assert_eq!(kept[0], "t");
    assert_eq!(kept.len(), 4, "{kept:?}");
    let luck = value(&interview, "luck");
    say(&mut interview, "t", "y");
    assert_eq!(value(&interview, "first"), "x");
    assert_eq!(value(&interview, "id"), id);
    assert_eq!(value(&interview, "when"), "");
    assert_eq!(value(&interview, "luck"), "");
    say(&mut interview, "t", "x");
    assert_eq!(
        value(&interview, "luck"),
        luck,
        "hidden meanwhile, not drawn again"
    );

    let other = Facts { seed: 8, ..facts() };
    let opened = Interview::resume(interview.plan().clone(), &other, interview.answers(), []);
    assert!(opened.ops.is_empty(), "{:?}", opened.ops);
    assert_eq!(value(&opened.interview, "id"), id);
    assert_ne!(value(&Interview::begin(plan(form), &other).interview, "id"), id);
}

#[test]
fn the_office_sees_the_same_values_on_any_day() {
    let form = "| survey |           |      |       |                                  |                        |
                |        | type      | name | label | calculation                      | relevant               |
                |        | start     | start |      |                                  |                        |
                |        | date      | born | Born  |                                  |                        |
                |        | calculate | age  |       | int((today() - ${born}) div 365.25) |                     |
                |        | text      | late | Late  |                                  | today() > '2026-12-01' |
                |        | calculate | sum  |       | ${age} + 1                       |                        |";
    let mut interview = begin(form);
    say(&mut interview, "born", "1986-11-01");
    assert_eq!(value(&interview, "age"), "40");
    let office = Interview::from_answers(interview.plan().clone(), interview.answers(), []);
    assert_eq!(office.values(), interview.values());
    assert_eq!(value(&office, "sum"), "41");
    assert!(!crate::support::is_relevant(&office, "late"));
}

#[test]
fn defaults_are_answers_like_others() {
    let form = "| survey |               |       |       |                    |
                |        | type          | name  | label | default            |
                |        | integer       | n     | N     | 3                  |
                |        | date          | day   | Day   | today()            |
                |        | text          | both  | Both  | concat('n', ${n})  |
                |        | select_one yn | sure  | Sure  | yes                |
                |        | integer       | gone  | Gone  | -88                |
                | choices |           |      |       |
                |         | list_name | name | label |
                |         | yn        | yes  | Yes   |";
    let opened = Interview::begin(plan(form), &facts());
    let interview = opened.interview;
    for (place, expected) in [
        ("n", "3"),
        ("day", "2026-11-24"),
        ("both", "n3"),
        ("sure", "yes"),
        ("gone", "dont_know"),
    ] {
        assert_eq!(value(&interview, place), expected, "{place}");
    }
    assert_eq!(opened.ops.len(), 5);
    let mut again = reopened(&interview);
    say(&mut again, "n", "");
    assert_eq!(
        value(&reopened(&again), "n"),
        "",
        "a cleared default does not come back"
    );
}

#[test]
fn a_computed_question_that_may_be_changed_is_overwritten_when_its_source_changes() {
    let mut interview = begin(
        "| survey |         |      |       |             |           |
         |        | type    | name | label | calculation | read_only |
         |        | integer | n    | N     |             |           |
         |        | integer | open | Open  | ${n} + 1    |           |
         |        | integer | shut | Shut  | ${n} + 2    | yes       |",
    );
    let accepted = say(&mut interview, "n", "1");
    assert_eq!(
        sets(&accepted.ops),
        [("n".into(), "1".into()), ("open".into(), "2".into())]
    );
    say(&mut interview, "open", "50");
    assert_eq!(value(&interview, "open"), "50");
    assert_eq!(value(&reopened(&interview), "open"), "50");
    say(&mut interview, "n", "2");
    assert_eq!(value(&interview, "open"), "3");
    assert_eq!(value(&interview, "shut"), "4");
}

#[test]
fn an_interview_has_the_name_that_the_form_gives_it() {
    let mut interview = begin(
        "| survey |      |      |       |
         |        | type | name | label |
         |        | text | who  | Who   |
         | settings |                        |
         |          | instance_name          |
         |          | concat('SME ', ${who}) |",
    );
    say(&mut interview, "who", "Sokha");
    assert_eq!(interview.name().as_deref(), Some("SME Sokha"));
}

#[test]
fn a_row_without_answers_in_a_counted_row_is_there_again() {
    let mut interview = begin(
        "| survey |              |      |       |              |             |
         |        | type         | name | label | repeat_count | calculation |
         |        | begin_repeat | outer | O    | 1            |             |
         |        | begin_repeat | inner | I    |              |             |
         |        | calculate    | one  |       |              | 1           |
         |        | end_repeat   |      |       |              |             |
         |        | end_repeat   |      |       |              |             |",
    );
    add(&mut interview, "outer[1]/inner", 1);
    let again = reopened(&interview);
    assert!(again.set_aside().is_empty());
    assert_eq!(value(&again, "outer[1]/inner[1]/one"), "1");
}

#[test]
fn rows_get_computed_defaults_of_their_own() {
    let mut interview = begin(
        "| survey |              |      |       |                        |
         |        | type         | name | label | default                |
         |        | text         | base | Base  | b                      |
         |        | begin_repeat | r    | R     |                        |
         |        | text         | code | Code  | concat(${base}, position(..)) |
         |        | end_repeat   |      |       |                        |",
    );
    add(&mut interview, "r", 1);
    say(&mut interview, "base", "c");
    add(&mut interview, "r", 2);
    assert_eq!(value(&interview, "r[1]/code"), "b1");
    assert_eq!(value(&interview, "r[2]/code"), "c2");
}

#[test]
fn an_interview_can_move_between_threads_and_a_plan_be_shared() {
    fn moves<T: Send>() {}
    fn shared<T: Send + Sync>() {}
    moves::<Interview>();
    shared::<sampan_interview::plan::Plan>();
}
