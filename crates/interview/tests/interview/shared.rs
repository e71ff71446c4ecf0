//! What all rows share is worked out once for all of them, and is what each row would find alone.

use sampan_interview::interview::Interview;
use sampan_record::ids::RowId;
use sampan_value::answer::{Answer, Missing};

use crate::support::{at, begin, now, reopened, say, value};

/// Each second column says the same as the first in words that no two rows share.
const TWICE: &str = r"
| survey |              |         |       |              |                                                        |
|        | type         | name    | label | relevant     | calculation                                            |
|        | integer      | limit   | Limit |              |                                                        |
|        | begin_repeat | outer   | Outer |              |                                                        |
|        | begin_repeat | r       | Row   |              |                                                        |
|        | integer      | x       | X     | ${limit} != 3 |                                                       |
|        | text         | t       | T     |              |                                                        |
|        | calculate    | sum_a   |       |              | ${x} + sum(../../r/x)                                  |
|        | calculate    | sum_b   |       |              | ${x} + sum(../../r/x \| ../../r[false()]/x)           |
|        | calculate    | deep_a  |       |              | count(../../../outer/r[x > ${limit}])                  |
|        | calculate    | deep_b  |       |              | count(../../../outer/r[x > ${limit}] \| ../../r[false()]) |
|        | calculate    | below_a |       |              | count(../../r[x < current()/../x])                     |
|        | calculate    | below_b |       |              | count(../../r[x < current()/../x] \| ../../r[false()]) |
|        | calculate    | least_a |       |              | count(../../r[current()/../x <= ./x]) + 1              |
|        | calculate    | least_b |       |              | count(../../r[current()/../x <= ./x] \| ../../r[false()]) + 1 |
|        | calculate    | same_a  |       |              | count(../../r[t = current()/../t])                     |
|        | calculate    | same_b  |       |              | count(../../r[t = current()/../t] \| ../../r[false()]) |
|        | calculate    | equal_a |       |              | count(../../r[x = current()/../x])                     |
|        | calculate    | equal_b |       |              | count(../../r[x = current()/../x] \| ../../r[false()]) |
|        | calculate    | plus_a  |       |              | count(../../r[x >= ${x} + 1])                          |
|        | calculate    | plus_b  |       |              | count(../../r[x >= ${x} + 1] \| ../../r[false()])     |
|        | calculate    | most_a  |       |              | max(../../r/sum_a) - position(..)                      |
|        | calculate    | most_b  |       |              | max(../../r/sum_b \| ../../r[false()]/x) - position(..) |
|        | text         | why     | Why   | count(../../r[x > 1]) > 1 |                                           |
|        | end_repeat   |         |       |              |                                                        |
|        | end_repeat   |         |       |              |                                                        |
";

fn compare(interview: &Interview, step: usize) {
    let mut n_compared = 0;
    for (outer, n_rows) in [(1, 3), (2, 2)] {
        for row in 1..=n_rows {
            for name in ["sum", "deep", "below", "least", "same", "equal", "plus", "most"] {
                let of = |which: &str| value(interview, &format!("outer[{outer}]/r[{row}]/{name}_{which}"));
                assert_eq!(
                    of("a"),
                    of("b"),
                    "{name} in row {row} of {outer} after step {step}"
                );
                n_compared += usize::from(!of("a").is_empty());
            }
        }
    }
    assert!(n_compared >= 25, "{n_compared} are not blank");
}

#[test]
fn totals_and_counts_are_those_that_each_row_would_find_alone() {
    let mut interview = begin(TWICE);
    let mut random = 1;
    for outer in [1, 2] {
        let repeat = at(&interview, "outer");
        interview.add_row(&repeat, outer, now()).unwrap();
        for _ in 0..4 - outer {
            random += 1;
            let repeat = at(&interview, &format!("outer[{outer}]/r"));
            interview.add_row(&repeat, random, now()).unwrap();
        }
    }
    let steps = [
        ("limit", "1"),
        ("outer[1]/r[1]/x", "2"),
        ("outer[1]/r[2]/x", "2"),
        ("outer[2]/r[1]/x", "5"),
        ("outer[1]/r[3]/x", "-7"),
        ("outer[1]/r[1]/t", "a"),
        ("outer[1]/r[3]/t", "a"),
        ("outer[2]/r[2]/x", "5"),
        ("limit", "3"),
        ("limit", "2"),
        ("outer[1]/r[2]/x", "40"),
        ("outer[2]/r[2]/t", "5"),
        ("outer[1]/r[1]/x", "-7"),
    ];
    for (step, (place, text)) in steps.into_iter().enumerate() {
        say(&mut interview, place, text);
        compare(&interview, step);
        compare(&reopened(&interview), step);
    }
    let place = at(&interview, "outer[1]/r[2]/x");
    let missing = Answer::Missing(Missing::DontKnow);
    interview.answer(&place, Some(missing), now()).unwrap();
    compare(&interview, 100);
    let repeat = at(&interview, "outer[1]/r");
    let rows: Vec<RowId> = interview.rows(&repeat);
    interview.remove_row(&repeat, rows[0], now()).unwrap();
    interview.add_row(&repeat, 77, now()).unwrap();
    compare(&interview, 101);
    assert_eq!(value(&interview, "outer[2]/r[1]/below_a"), "0");
    assert_eq!(value(&interview, "outer[2]/r[1]/sum_a"), "15");
}
