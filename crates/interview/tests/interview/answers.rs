//! What is taken, what is refused, and what the refusal says.

use sampan_interview::refusal::Reason;
use sampan_value::answer::{Answer, Missing, Value};

use crate::support::{at, begin, in_text, now, refusal, say, try_say, value};

const FORM: &str = "
| survey |                     |        |        |          |                       |                    |           |              |
|        | type                | name   | label  | required | constraint            | constraint_message | read_only | parameters   |
|        | integer             | age    | Age    | yes      | . >= 0 and . <= 120   | 0 to 120           |           |              |
|        | decimal             | weight | Weight |          |                       |                    |           |              |
|        | date                | born   | Born   |          | . <= today()          |                    |           |              |
|        | text                | remark | Remark |          |                       |                    |           |              |
|        | geopoint            | place  | Place  |          |                       |                    |           |              |
|        | select_one yn       | agrees | Agrees |          |                       |                    |           |              |
|        | select_multiple day | days   | Days   |          | not(selected(., 'none') and count-selected(.) > 1) | None stands alone | | |
|        | text                | fixed  | Fixed  |          |                       |                    | yes       |              |
|        | note                | told   | Told   |          |                       |                    |           |              |
|        | range               | mark   | Mark   |          |                       |                    |           | start=1 end=5 |
|        | acknowledge         | seen   | Seen   |          |                       |                    |           |              |
|        | integer             | self   | Self   |          | ${self} < 10          |                    |           |              |
| choices |           |      |         |
|         | list_name | name | label   |
|         | yn        | yes  | Yes     |
|         | yn        | no   | No      |
|         | day       | mon  | Monday  |
|         | day       | tue  | Tuesday |
|         | day       | none | None    |
";

#[test]
fn what_is_typed_becomes_an_answer_of_the_questions_kind() {
    for (place, typed, kept) in [
        ("age", "12", "12"),
        ("age", "១២", "12"),
        ("age", "၁၂", "12"),
        ("age", "๑๒", "12"),
        ("age", "-88", "dont_know"),
        ("age", "-99", "refused"),
        ("age", "-៨៨", "dont_know"),
        ("weight", "12.50", "12.5"),
        ("weight", "-99", "refused"),
        ("born", "1990-02-28", "1990-02-28"),
        ("remark", "ក្រុងបាត់ដំបង", "ក្រុងបាត់ដំបង"),
        ("remark", "-88", "-88"),
        ("agrees", "yes", "yes"),
        ("days", "tue  mon", "tue mon"),
        ("days", "tue tue", "tue"),
        ("mark", "5", "5"),
        ("seen", "ok", "OK"),
        ("self", "9", "9"),
    ] {
        let mut interview = begin(FORM);
        say(&mut interview, place, typed);
        assert_eq!(value(&interview, place), kept, "{place} = {typed}");
    }
}

#[test]
fn a_position_takes_two_to_four_numbers() {
    let mut interview = begin(FORM);
    say(&mut interview, "place", "13.36 103.86");
    assert!(value(&interview, "place").starts_with("13.36"));
    say(&mut interview, "place", "13.36 103.86 12 4.5");
    assert_eq!(refusal(&mut interview, "place", "here").0, Reason::WrongKind);
}

#[test]
fn a_refusal_says_what_is_expected_and_leaves_everything_as_it_was() {
    for (place, typed, reason, says) in [
        ("age", "many", Reason::WrongKind, "such as 12"),
        ("age", "1.5", Reason::WrongKind, "whole number"),
        ("age", "121", Reason::Constraint, "0 to 120"),
        ("age", "skipped", Reason::MissingNotAllowed, "required"),
        ("born", "28.2.1990", Reason::WrongKind, "2026-11-24"),
        ("born", "2026-11-25", Reason::Constraint, "condition"),
        ("agrees", "maybe", Reason::NotAChoice, "yes, no"),
        ("days", "mon fri", Reason::NotAChoice, "“fri”"),
        ("days", "none mon", Reason::Constraint, "None stands alone"),
        ("fixed", "x", Reason::ReadOnly, "cannot be changed"),
        ("told", "x", Reason::TakesNoAnswer, "not a question"),
        ("mark", "6", Reason::Constraint, "between 1 and 5"),
        ("seen", "no", Reason::WrongKind, "ok"),
        ("self", "10", Reason::Constraint, "condition"),
        ("nothing", "1", Reason::NoSuchPlace, "no question nothing"),
    ] {
        let mut interview = begin(FORM);
        say(&mut interview, "age", "30");
        let before = interview.answers();
        let (found, message) = refusal(&mut interview, place, typed);
        assert_eq!(found, reason, "{place} = {typed}: {message}");
        assert!(message.contains(says), "{place} = {typed}: {message}");
        assert_eq!(interview.answers(), before, "{place} = {typed}");
    }
}

#[test]
fn a_cleared_answer_is_gone_and_kept_as_a_clearing() {
    let mut interview = begin(FORM);
    say(&mut interview, "remark", "word");
    let accepted = say(&mut interview, "remark", "");
    assert_eq!(value(&interview, "remark"), "");
    assert_eq!(accepted.ops.len(), 1);
    let blank = Some(Answer::Value(Value::Text("  ".into())));
    let place = at(&interview, "remark");
    assert_eq!(interview.answer(&place, blank, now()).unwrap().ops, accepted.ops);
}

#[test]
fn a_required_question_takes_a_reason_but_not_a_skip() {
    let mut interview = begin(FORM);
    let age = at(&interview, "age");
    assert_eq!(
        interview.missing_allowed(&age),
        [Missing::DontKnow, Missing::Refused, Missing::NotApplicable]
    );
    let remark = at(&interview, "remark");
    assert!(interview.missing_allowed(&remark).contains(&Missing::Skipped));
    assert!(interview.missing_allowed(&at(&interview, "told")).is_empty());
    say(&mut interview, "age", "refused");
    say(&mut interview, "remark", "skipped");
    assert!(interview.problems().is_empty());
}

#[test]
fn a_code_given_as_a_number_is_the_missing_state() {
    let mut interview = begin(FORM);
    let age = at(&interview, "age");
    interview
        .answer(&age, Some(Answer::Value(Value::Integer(-88))), now())
        .unwrap();
    assert_eq!(value(&interview, "age"), "dont_know");
}

#[test]
fn an_integer_is_taken_where_a_decimal_is_asked_but_not_the_other_way_round() {
    let mut interview = begin(FORM);
    let weight = at(&interview, "weight");
    interview
        .answer(&weight, Some(Answer::Value(Value::Integer(4))), now())
        .unwrap();
    assert_eq!(value(&interview, "weight"), "4");
    let place = at(&interview, "born");
    let refused = interview
        .answer(&place, Some(Answer::Value(Value::Integer(4))), now())
        .unwrap_err();
    assert_eq!(refused.reason, Reason::WrongKind);
    assert!(refused.message.contains("year-month-day"), "{}", refused.message);
}

#[test]
fn an_answer_that_is_too_long_is_refused() {
    let mut interview = begin(FORM);
    assert_eq!(
        refusal(&mut interview, "remark", &"x".repeat(70_000)).0,
        Reason::TooMuch
    );
    assert!(try_say(&mut interview, "remark", &"x".repeat(60_000)).is_ok());
}

#[test]
fn ops_name_the_answer_and_nothing_that_is_computed() {
    let mut interview = begin(
        "| survey |           |       |       |             |
         |        | type      | name  | label | calculation |
         |        | integer   | n     | N     |             |
         |        | calculate | twice |       | ${n} * 2    |",
    );
    let accepted = say(&mut interview, "n", "4");
    assert_eq!(accepted.ops.len(), 1);
    assert_eq!(value(&interview, "twice"), "8");
    assert_eq!(
        interview
            .answers()
            .iter()
            .map(|(_, answer)| in_text(answer))
            .collect::<Vec<_>>(),
        ["4"]
    );
}
