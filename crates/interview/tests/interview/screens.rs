//! What comes on which screen, and what comes next.

use sampan_interview::view::{Position, ProblemKind};

use crate::support::{add, at, begin, course, position_name, say};

const FORM: &str = "
| survey |               |         |            |              |                   |             |          |
|        | type          | name    | label      | repeat_count | relevant          | appearance  | required |
|        | start         | start   |            |              |                   |             |          |
|        | note          | hello   | Welcome    |              |                   |             |          |
|        | integer       | n       | N          |              |                   |             | yes      |
|        | begin_group   | grid    | Grid       |              | ${n} > 0          | table-list  |          |
|        | select_one yn | a       | A          |              |                   |             | yes      |
|        | select_one yn | b       | B          |              | ${a} = 'yes'      |             |          |
|        | end_group     |         |            |              |                   |             |          |
|        | begin_repeat  | product | Product    | ${n}         |                   |             |          |
|        | text          | name    | Name       |              |                   |             |          |
|        | begin_group   | both    | Both       |              |                   | field-list  |          |
|        | integer       | price   | Price      |              |                   |             |          |
|        | integer       | amount  | Amount     |              |                   |             |          |
|        | end_group     |         |            |              |                   |             |          |
|        | end_repeat    |         |            |              |                   |             |          |
|        | begin_repeat  | partner | Partner    |              |                   |             |          |
|        | text          | who     | Who        |              |                   |             |          |
|        | end_repeat    |         |            |              |                   |             |          |
|        | begin_repeat  | line    | Line       | 1            |                   | field-list  |          |
|        | text          | x       | X          |              |                   |             |          |
|        | text          | y       | Y          |              |                   |             |          |
|        | end_repeat    |         |            |              |                   |             |          |
| choices |           |      |       |
|         | list_name | name | label |
|         | yn        | yes  | Yes   |
|         | yn        | no   | No    |
";

#[test]
fn screens_come_in_the_order_of_the_form_with_rows_and_prompts() {
    let mut interview = begin(FORM);
    assert_eq!(
        course(&interview),
        ["hello", "n", "add partner", "together line[1]", "end"]
    );
    say(&mut interview, "n", "2");
    add(&mut interview, "partner", 1);
    assert_eq!(
        course(&interview),
        [
            "hello",
            "n",
            "together grid",
            "product[1]/name",
            "together product[1]/both",
            "product[2]/name",
            "together product[2]/both",
            "partner[1]/who",
            "add partner",
            "together line[1]",
            "end",
        ]
    );
}

#[test]
fn next_and_previous_walk_the_same_way() {
    let mut interview = begin(FORM);
    say(&mut interview, "n", "2");
    add(&mut interview, "partner", 1);
    let mut forwards = vec![interview.first().position];
    while forwards.last() != Some(&Position::End) {
        forwards.push(interview.next(forwards.last().unwrap()).position);
    }
    assert_eq!(forwards, interview.screens());
    let mut backwards = vec![Position::End];
    while let Some(screen) = interview.previous(backwards.last().unwrap()) {
        backwards.push(screen.position);
    }
    backwards.reverse();
    assert_eq!(backwards, forwards);
    assert_eq!(interview.next(&Position::End).position, Position::End);
    for position in &forwards {
        assert_eq!(interview.screen(position).position, *position);
    }
}

#[test]
fn a_screen_says_which_row_of_what_it_is_in_and_shows_what_is_relevant() {
    let mut interview = begin(FORM);
    say(&mut interview, "n", "2");
    let screen = interview.screen(&interview.position_of(&at(&interview, "product[2]/both/amount")));
    let headings: Vec<(String, Option<(usize, usize)>)> = screen
        .headings
        .iter()
        .map(|heading| (heading.label.clone(), heading.row))
        .collect();
    assert_eq!(
        headings,
        [("Product".to_string(), Some((2, 2))), ("Both".to_string(), None)]
    );
    assert_eq!(
        screen.questions,
        [
            at(&interview, "product[2]/both/price"),
            at(&interview, "product[2]/both/amount")
        ]
    );
    let grid = interview.screen(&interview.position_of(&at(&interview, "grid/a")));
    assert!(grid.is_table);
    assert_eq!(grid.questions.len(), 1);
    say(&mut interview, "grid/a", "yes");
    assert_eq!(interview.screen(&grid.position).questions.len(), 2);
}

#[test]
fn a_position_that_is_not_asked_any_more_goes_on_from_where_it_was() {
    let mut interview = begin(FORM);
    say(&mut interview, "n", "2");
    let gone = interview.position_of(&at(&interview, "product[2]/name"));
    let grid = interview.position_of(&at(&interview, "grid/a"));
    say(&mut interview, "n", "0");
    assert_eq!(interview.position_of(&at(&interview, "grid/a")), Position::End);
    for (position, next, previous) in [(gone, "add partner", "n"), (grid, "add partner", "n")] {
        assert_eq!(
            position_name(&interview, &interview.next(&position).position),
            next
        );
        assert_eq!(
            position_name(&interview, &interview.previous(&position).unwrap().position),
            previous
        );
    }
}

#[test]
fn a_position_in_a_removed_row_goes_on_near_it() {
    let mut interview = begin(FORM);
    add(&mut interview, "partner", 1);
    let gone = interview.position_of(&at(&interview, "partner[1]/who"));
    let partner = at(&interview, "partner");
    let row = interview.rows(&partner)[0];
    interview
        .remove_row(&partner, row, crate::support::now())
        .unwrap();
    assert_eq!(
        position_name(&interview, &interview.next(&gone).position),
        "add partner"
    );
    assert_eq!(
        position_name(&interview, &interview.previous(&gone).unwrap().position),
        "n"
    );
}

#[test]
fn an_interview_goes_on_at_the_first_question_without_an_answer() {
    let mut interview = begin(FORM);
    assert_eq!(position_name(&interview, &interview.first_unanswered()), "n");
    say(&mut interview, "n", "1");
    assert_eq!(
        position_name(&interview, &interview.first_unanswered()),
        "together grid"
    );
    say(&mut interview, "grid/a", "no");
    say(&mut interview, "product[1]/name", "skipped");
    assert_eq!(
        position_name(&interview, &interview.first_unanswered()),
        "together product[1]/both"
    );
    for place in [
        "product[1]/both/price",
        "product[1]/both/amount",
        "line[1]/x",
        "line[1]/y",
    ] {
        say(&mut interview, place, "1");
    }
    assert_eq!(interview.first_unanswered(), Position::End);
}

#[test]
fn leaving_a_screen_is_checked_for_its_own_questions() {
    let mut interview = begin(FORM);
    let n = interview.position_of(&at(&interview, "n"));
    assert_eq!(interview.problems_at(&n)[0].kind, ProblemKind::RequiredMissing);
    say(&mut interview, "n", "1");
    assert!(interview.problems_at(&n).is_empty());
    let grid = interview.position_of(&at(&interview, "grid/a"));
    assert_eq!(interview.problems_at(&grid)[0].at, at(&interview, "grid/a"));
}

#[test]
fn a_form_without_questions_is_at_its_end_at_once() {
    let interview = begin("| survey | | |\n| | type | name |\n| | start | start |");
    assert_eq!(interview.first().position, Position::End);
    assert_eq!(interview.previous(&Position::End), None);
    assert_eq!(interview.first_unanswered(), Position::End);
}
