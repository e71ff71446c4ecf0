//! Rows: counted, added, nested, hidden and back.

use sampan_interview::interview::Interview;
use sampan_interview::refusal::Reason;
use sampan_interview::view::ProblemKind;
use sampan_record::ids::RowId;
use sampan_record::op::Op;

use crate::support::{add, at, begin, facts, is_relevant, now, plan, say, value};

const COUNTED: &str = "
| survey |              |        |           |              |                        |          |
|        | type         | name   | label     | repeat_count | calculation            | relevant |
|        | integer      | n      | How many? |              |                        |          |
|        | text         | unit   | Unit      |              |                        |          |
|        | begin_repeat | row    | Row       | ${n}         |                        |          |
|        | integer      | share  | Share     |              |                        |          |
|        | calculate    | with   |           |              | concat(${share}, ${unit}) |       |
|        | calculate    | number |           |              | position(..)           |          |
|        | text         | why    | Why?      |              |                        | ${sum} > 100 |
|        | end_repeat   |        |           |              |                        |          |
|        | calculate    | sum    |           |              | sum(${share})          |          |
|        | calculate    | rows   |           |              | count(${row})          |          |
";

#[test]
fn an_outer_item_sums_over_rows_and_an_inner_one_reads_an_outer_one() {
    let mut interview = begin(COUNTED);
    assert_eq!(value(&interview, "rows"), "0");
    say(&mut interview, "n", "3");
    assert_eq!(value(&interview, "rows"), "3");
    for (row, share) in [("1", "50"), ("2", "30"), ("3", "30")] {
        say(&mut interview, &format!("row[{row}]/share"), share);
    }
    assert_eq!(value(&interview, "sum"), "110");
    assert!(is_relevant(&interview, "row[1]/why"));
    say(&mut interview, "unit", "kg");
    assert_eq!(value(&interview, "row[2]/with"), "30kg");
    assert_eq!(value(&interview, "row[3]/number"), "3");
    say(&mut interview, "row[3]/share", "20");
    assert!(!is_relevant(&interview, "row[1]/why"));
}

#[test]
fn rows_beyond_a_fallen_count_are_hidden_kept_and_back_when_it_rises() {
    let mut interview = begin(COUNTED);
    say(&mut interview, "n", "2");
    say(&mut interview, "row[1]/share", "40");
    say(&mut interview, "row[2]/share", "60");
    let accepted = say(&mut interview, "n", "1");
    assert_eq!(accepted.ops.len(), 1, "hiding a row is nothing to keep");
    assert_eq!(value(&interview, "sum"), "40");
    assert_eq!(interview.answers().len(), 3);
    let again = crate::support::reopened(&interview);
    assert_eq!(value(&again, "sum"), "40");
    say(&mut interview, "n", "2");
    assert_eq!(value(&interview, "sum"), "100");
    let mut again = crate::support::reopened(&again);
    say(&mut again, "n", "2");
    assert_eq!(value(&again, "sum"), "100");
}

#[test]
fn counted_rows_have_the_same_ids_everywhere_and_take_no_hand() {
    let mut interview = begin(COUNTED);
    say(&mut interview, "n", "2");
    let row = at(&interview, "row");
    assert_eq!(interview.rows(&row), [RowId::counted(0), RowId::counted(1)]);
    assert_eq!(
        interview.add_row(&row, 1, now()).unwrap_err().reason,
        Reason::CountedRows
    );
    assert_eq!(
        interview
            .remove_row(&row, RowId::counted(0), now())
            .unwrap_err()
            .reason,
        Reason::CountedRows
    );
}

#[test]
fn a_count_beyond_what_fits_is_cut_and_reported() {
    let mut interview = begin(COUNTED);
    say(&mut interview, "n", "1000000000");
    assert_eq!(
        interview.rows(&at(&interview, "row")).len(),
        sampan_interview::facts::ROWS
    );
    assert_eq!(interview.problems()[0].kind, ProblemKind::TooManyRows);
    say(&mut interview, "n", "2");
    assert!(interview.problems().is_empty());
    for (count, n_rows) in [("-3", 0), ("dont_know", 0), ("", 0)] {
        say(&mut interview, "n", count);
        assert_eq!(interview.rows(&at(&interview, "row")).len(), n_rows, "{count}");
    }
}

const ADDED: &str = "
| survey |              |        |           |              |                     |         |
|        | type         | name   | label     | repeat_count | calculation         | default |
|        | begin_repeat | member | Member    |              |                     |         |
|        | text         | name   | Name      |              |                     |         |
|        | integer      | age    | Age       |              |                     | 18      |
|        | integer      | n_jobs | Jobs      |              |                     |         |
|        | begin_repeat | job    | Job       | ${n_jobs}    |                     |         |
|        | integer      | pay    | Pay       |              |                     |         |
|        | calculate    | told   |           |              | concat(${name}, ' ', ${pay}) |  |
|        | end_repeat   |        |           |              |                     |         |
|        | calculate    | income |           |              | sum(${pay})         |         |
|        | end_repeat   |        |           |              |                     |         |
|        | calculate    | all    |           |              | sum(${pay})         |         |
|        | calculate    | ages   |           |              | join(' ', ${age})   |         |
";

#[test]
fn rows_of_rows_are_summed_by_row_and_over_all() {
    let mut interview = begin(ADDED);
    add(&mut interview, "member", 1);
    add(&mut interview, "member", 2);
    assert_eq!(value(&interview, "ages"), "18 18");
    say(&mut interview, "member[1]/name", "Sok");
    say(&mut interview, "member[1]/n_jobs", "2");
    say(&mut interview, "member[2]/n_jobs", "1");
    say(&mut interview, "member[1]/job[1]/pay", "10");
    say(&mut interview, "member[1]/job[2]/pay", "20");
    say(&mut interview, "member[2]/job[1]/pay", "5");
    assert_eq!(value(&interview, "member[1]/income"), "30");
    assert_eq!(value(&interview, "member[2]/income"), "5");
    assert_eq!(value(&interview, "member[1]/job[2]/told"), "Sok 20");
    assert_eq!(value(&interview, "all"), "35");
    say(&mut interview, "member[1]/n_jobs", "1");
    assert_eq!(value(&interview, "all"), "15");
}

#[test]
fn adding_and_removing_a_row_are_ops_and_the_rest_follows() {
    let mut interview = begin(ADDED);
    let member = at(&interview, "member");
    let accepted = interview.add_row(&member, 5, now()).unwrap();
    let row = accepted.row.unwrap();
    assert!(matches!(&accepted.ops[0], Op::AddRow { position: 0, .. }));
    assert!(
        matches!(&accepted.ops[1], Op::Set { .. }),
        "the default of a new row is kept"
    );
    let second = interview.add_row(&member, 5, now()).unwrap().row.unwrap();
    assert_ne!(row, second, "an id is never given twice");
    say(&mut interview, "member[2]/age", "30");
    assert_eq!(value(&interview, "ages"), "18 30");

    let accepted = interview.remove_row(&member, row, now()).unwrap();
    assert_eq!(
        accepted.ops,
        [Op::RemoveRow {
            repeat: member.clone(),
            row
        }]
    );
    assert_eq!(value(&interview, "ages"), "30");
    assert_eq!(interview.rows(&member), [second]);
    assert_eq!(
        interview.remove_row(&member, row, now()).unwrap_err().reason,
        Reason::NoSuchPlace
    );
    let again = crate::support::reopened(&interview);
    assert_eq!(again.rows(&member), [second]);
    assert_eq!(value(&again, "ages"), "30");
}

#[test]
fn rows_keep_their_order_when_an_interview_is_opened_again() {
    let mut interview = begin(ADDED);
    for (number, random) in [9_u64, 1, 5].into_iter().enumerate() {
        add(&mut interview, "member", random);
        say(
            &mut interview,
            &format!("member[{}]/age", number + 1),
            &(20 + number).to_string(),
        );
    }
    let again = crate::support::reopened(&interview);
    assert_eq!(value(&again, "ages"), "20 21 22");
}

#[test]
fn more_rows_than_fit_are_refused() {
    let mut interview = begin(
        "| survey |              |      |       |
         |        | type         | name | label |
         |        | begin_repeat | r    | R     |
         |        | text         | t    | T     |
         |        | end_repeat   |      |       |",
    );
    let repeat = at(&interview, "r");
    for random in 0..1_000 {
        interview.add_row(&repeat, random, now()).unwrap();
    }
    assert_eq!(
        interview.add_row(&repeat, 1_000, now()).unwrap_err().reason,
        Reason::TooMuch
    );
}

#[test]
fn defaults_of_counted_rows_are_written_once() {
    let form = "| survey |              |      |       |              |         |
                |        | type         | name | label | repeat_count | default |
                |        | integer      | n    | N     |              | 1       |
                |        | begin_repeat | r    | R     | ${n}         |         |
                |        | text         | t    | T     |              | first   |
                |        | end_repeat   |      |       |              |         |";
    let opened = Interview::begin(plan(form), &facts());
    assert_eq!(opened.ops.len(), 2, "the count's default and the row's");
    let mut interview = opened.interview;
    say(&mut interview, "r[1]/t", "");
    say(&mut interview, "n", "0");
    say(&mut interview, "n", "1");
    assert_eq!(
        value(&interview, "r[1]/t"),
        "",
        "a cleared default does not come back"
    );
    let opened = Interview::resume(plan(form), &facts(), interview.answers(), interview.added_rows());
    assert!(opened.ops.is_empty());
    let accepted = say(&mut interview, "n", "2");
    assert_eq!(accepted.ops.len(), 2);
}

#[test]
fn a_running_total_follows_through_all_later_rows() {
    let form = "| survey |              |       |       |                                                                            |
                |        | type         | name  | label | calculation                                                                |
                |        | begin_repeat | r     | R     |                                                                            |
                |        | integer      | x     | X     |                                                                            |
                |        | calculate    | total |       | ${x} + coalesce(../../r[position() = position(current()/..) - 1]/total, 0) |
                |        | calculate    | also  |       | ${x} + if(position(..) > 1, indexed-repeat(${also}, ${r}, position(..) - 1), 0) |
                |        | end_repeat   |       |       |                                                                            |
                |        | calculate    | last  |       | max(${total})                                                              |";
    let mut interview = begin(form);
    for random in 0..5 {
        add(&mut interview, "r", random);
        let accepted = say(&mut interview, &format!("r[{}]/x", random + 1), "10");
        assert_eq!(accepted.ops.len(), 1, "a total is computed, not kept");
    }
    assert_eq!(value(&interview, "r[5]/total"), "50");
    assert_eq!(value(&interview, "r[5]/also"), "50");
    say(&mut interview, "r[1]/x", "15");
    assert_eq!(value(&interview, "r[5]/total"), "55");
    assert_eq!(value(&interview, "r[5]/also"), "55");
    assert_eq!(value(&interview, "last"), "55");
    let repeat = at(&interview, "r");
    let first = interview.rows(&repeat)[0];
    interview.remove_row(&repeat, first, now()).unwrap();
    assert_eq!(value(&interview, "r[4]/total"), "40");
    assert_eq!(value(&interview, "r[4]/also"), "40");
    let again = crate::support::reopened(&interview);
    assert_eq!(again.values(), interview.values());
}

#[test]
fn rows_that_read_each_other_in_a_circle_end_and_are_reported() {
    let mut interview = begin(
        "| survey |              |       |       |              |                                         |
         |        | type         | name  | label | repeat_count | calculation                             |
         |        | integer      | n     | N     |              |                                         |
         |        | begin_repeat | r     | R     | ${n}         |                                         |
         |        | calculate    | turn  |       |              | 1 + indexed-repeat(${turn}, ${r}, 3 - position(..)) + ${n} |
         |        | end_repeat   |       |       |              |                                         |",
    );
    say(&mut interview, "n", "2");
    let kinds: Vec<ProblemKind> = interview.problems().iter().map(|problem| problem.kind).collect();
    assert!(kinds.iter().all(|kind| !kind.blocks()), "{kinds:?}");
}

#[test]
fn a_running_total_is_right_after_any_change_in_either_direction() {
    let mut interview = begin(
        "
| survey |              |       |       |             |
|        | type         | name  | label | calculation |
|        | begin_repeat | row   | Row   |             |
|        | integer      | x     | X     |             |
|        | calculate    | down  |       | ${x} + if(position(..) > 1, indexed-repeat(${down}, ${row}, position(..) - 1), 0) |
|        | calculate    | up    |       | ${x} + if(position(..) < count(../../row), indexed-repeat(${up}, ${row}, position(..) + 1), 0) |
|        | end_repeat   |       |       |             |
|        | calculate    | total |       | sum(${x})   |
",
    );
    const ROWS: usize = 30;
    let mut numbers = Vec::new();
    for row in 1..=ROWS {
        add(&mut interview, "row", row as u64);
        say(&mut interview, &format!("row[{row}]/x"), "1");
        numbers.push(1);
    }
    for (row, x) in [(1, 5), (ROWS, 7), (17, 100), (2, 0), (1, 1)] {
        say(&mut interview, &format!("row[{row}]/x"), &x.to_string());
        numbers[row - 1] = x;
        let total: i32 = numbers.iter().sum();
        for row in 1..=ROWS {
            let down: i32 = numbers[..row].iter().sum();
            let up = total - down + numbers[row - 1];
            assert_eq!(value(&interview, &format!("row[{row}]/down")), down.to_string());
            assert_eq!(value(&interview, &format!("row[{row}]/up")), up.to_string());
        }
    }
}
