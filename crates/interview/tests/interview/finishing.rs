//! What stands in the way of finishing: in the order of the form, row by row, and nothing that is not asked.

use sampan_interview::interview::Interview;
use sampan_interview::view::{Position, ProblemKind};

use crate::support::{add, at, begin, now, place_name, reopened, say};

const FORM: &str = "
| survey |              |        |           |              |              |            |            |            |
|        | type         | name   | label     | repeat_count | required     | constraint | relevant   | appearance |
|        | text         | head   | Head      |              | yes          |            |            |            |
|        | begin_repeat | house  | House     |              |              |            |            |            |
|        | integer      | n      | How many? |              | yes          |            |            |            |
|        | begin_group  | both   | Both      |              |              |            |            | field-list |
|        | text         | roof   | Roof      |              | ${n} > 0     |            |            |            |
|        | text         | wall   | Wall      |              | yes          |            |            |            |
|        | end_group    |        |           |              |              |            |            |            |
|        | begin_repeat | person | Person    | ${n}         |              |            |            |            |
|        | text         | name   | Name      |              | yes          |            |            |            |
|        | integer      | age    | Age       |              |              | . < ${limit} |          |            |
|        | begin_group  | work   | Work      |              |              |            | ${age} > 14 |           |
|        | text         | job    | Job       |              | yes          |            |            |            |
|        | end_group    |        |           |              |              |            |            |            |
|        | end_repeat   |        |           |              |              |            |            |            |
|        | end_repeat   |        |           |              |              |            |            |            |
|        | integer      | limit  | Limit     |              |              |            |            |            |
";

/// All that stands in the way, as places; finishing refuses exactly that, and the engine rebuilt agrees.
fn in_the_way(interview: &mut Interview) -> Vec<String> {
    let listed: Vec<String> = interview
        .problems()
        .iter()
        .filter(|problem| problem.kind.blocks())
        .map(|problem| place_name(interview, &problem.at))
        .collect();
    let refused: Vec<String> = match interview.finish(now()) {
        Ok(_) => Vec::new(),
        Err(problems) => {
            let names = problems.iter().map(|problem| place_name(interview, &problem.at));
            names.collect()
        }
    };
    assert_eq!(refused, listed);
    let again = reopened(interview);
    let later: Vec<_> = again.problems().into_iter().map(|problem| problem.at).collect();
    let now: Vec<_> = interview
        .problems()
        .into_iter()
        .map(|problem| problem.at)
        .collect();
    assert_eq!(later, now);
    listed
}

#[test]
fn the_first_question_in_the_order_of_the_form_comes_first_with_its_row() {
    let mut interview = begin(FORM);
    say(&mut interview, "limit", "100");
    assert_eq!(in_the_way(&mut interview), ["head"]);
    say(&mut interview, "head", "Sok");
    add(&mut interview, "house", 1);
    add(&mut interview, "house", 2);
    say(&mut interview, "house[2]/n", "2");
    assert_eq!(
        in_the_way(&mut interview),
        [
            "house[1]/n",
            "house[1]/both/wall",
            "house[2]/both/roof",
            "house[2]/both/wall",
            "house[2]/person[1]/name",
            "house[2]/person[2]/name",
        ]
    );
    let first = interview.problems().remove(0);
    assert_eq!(first.kind, ProblemKind::RequiredMissing);
    assert_eq!(
        interview.position_of(&first.at),
        Position::Question(at(&interview, "house[1]/n"))
    );
    // A question in a field-list is gone to as its screen.
    let wall = at(&interview, "house[2]/both/wall");
    assert_eq!(
        interview.position_of(&wall),
        Position::Together(at(&interview, "house[2]/both"))
    );
}

#[test]
fn a_constraint_that_no_longer_holds_is_found_in_the_row_where_it_does_not() {
    let mut interview = begin(FORM);
    say(&mut interview, "head", "Sok");
    say(&mut interview, "limit", "100");
    add(&mut interview, "house", 1);
    say(&mut interview, "house[1]/n", "2");
    for place in ["roof", "wall"] {
        say(&mut interview, &format!("house[1]/both/{place}"), "tin");
    }
    for (row, age) in [(1, "12"), (2, "60")] {
        say(&mut interview, &format!("house[1]/person[{row}]/name"), "Dara");
        say(&mut interview, &format!("house[1]/person[{row}]/age"), age);
    }
    assert_eq!(in_the_way(&mut interview), ["house[1]/person[2]/work/job"]);
    say(&mut interview, "house[1]/person[2]/work/job", "farmer");
    say(&mut interview, "limit", "50");
    assert_eq!(in_the_way(&mut interview), ["house[1]/person[2]/age"]);
    assert_eq!(interview.problems()[0].kind, ProblemKind::ConstraintBroken);
    say(&mut interview, "limit", "70");
    assert!(in_the_way(&mut interview).is_empty());
}

#[test]
fn nothing_that_is_not_asked_and_no_hidden_row_stands_in_the_way() {
    let mut interview = begin(FORM);
    say(&mut interview, "head", "Sok");
    say(&mut interview, "limit", "100");
    add(&mut interview, "house", 1);
    say(&mut interview, "house[1]/n", "2");
    say(&mut interview, "house[1]/both/roof", "tin");
    say(&mut interview, "house[1]/both/wall", "wood");
    say(&mut interview, "house[1]/person[1]/name", "Srey");
    say(&mut interview, "house[1]/person[2]/age", "40");
    assert_eq!(
        in_the_way(&mut interview),
        ["house[1]/person[2]/name", "house[1]/person[2]/work/job"]
    );
    // The group goes with what made it relevant, the row with the count.
    say(&mut interview, "house[1]/person[2]/age", "9");
    assert_eq!(in_the_way(&mut interview), ["house[1]/person[2]/name"]);
    say(&mut interview, "house[1]/person[2]/age", "40");
    say(&mut interview, "house[1]/n", "1");
    assert!(in_the_way(&mut interview).is_empty());
    let told = interview.values();
    assert!(
        told.iter()
            .all(|(_, answer)| crate::support::in_text(answer) != "40")
    );
    // It comes back with what it held, and stands in the way again.
    say(&mut interview, "house[1]/n", "2");
    assert_eq!(crate::support::value(&interview, "house[1]/person[2]/age"), "40");
    assert_eq!(
        in_the_way(&mut interview),
        ["house[1]/person[2]/name", "house[1]/person[2]/work/job"]
    );
}

#[test]
fn a_row_removed_in_the_middle_takes_its_problems_along_and_the_others_keep_theirs() {
    let mut interview = begin(FORM);
    say(&mut interview, "head", "Sok");
    for number in 1..=3 {
        add(&mut interview, "house", number);
        say(&mut interview, &format!("house[{number}]/n"), "0");
    }
    say(&mut interview, "house[2]/both/wall", "wood");
    say(&mut interview, "house[2]/n", "1");
    assert_eq!(
        in_the_way(&mut interview),
        [
            "house[1]/both/wall",
            "house[2]/both/roof",
            "house[2]/person[1]/name",
            "house[3]/both/wall",
        ]
    );
    let houses = at(&interview, "house");
    let middle = interview.rows(&houses)[1];
    interview.remove_row(&houses, middle, now()).unwrap();
    assert_eq!(
        in_the_way(&mut interview),
        ["house[1]/both/wall", "house[2]/both/wall"]
    );
}

#[test]
fn a_confirmed_doubt_is_out_of_the_list_until_the_answer_changes() {
    let form = "| survey |
         | | type         | name | label | soft_constraint | soft_constraint_message |
         | | begin_repeat | r    | R     |                 |                         |
         | | integer      | age  | Age   | . < 100         | So old?                 |
         | | end_repeat   |      |       |                 |                         |";
    let mut interview = begin(form);
    add(&mut interview, "r", 1);
    let age = at(&interview, "r[1]/age");
    say(&mut interview, "r[1]/age", "50");
    assert!(
        interview.confirm(&age, now()).is_err(),
        "there is nothing to confirm"
    );
    say(&mut interview, "r[1]/age", "104");
    assert_eq!(interview.problems().len(), 1);
    assert_eq!(interview.confirm(&age, now()).unwrap().ops.len(), 1);
    assert!(
        interview.confirm(&age, now()).unwrap().ops.is_empty(),
        "once is enough"
    );
    assert!(interview.question(&age).unwrap().confirmed);
    assert!(interview.problems().is_empty());
    let doubts = interview.doubts();
    assert_eq!((doubts.len(), doubts[0].confirmed), (1, true));
    assert_eq!(doubts[0].message, "So old?");
    assert_eq!(reopened(&interview).doubts(), doubts);
    assert!(reopened(&interview).set_aside().is_empty());
    say(&mut interview, "r[1]/age", "105");
    assert!(!interview.question(&age).unwrap().confirmed);
    assert_eq!(interview.problems().len(), 1);
}
