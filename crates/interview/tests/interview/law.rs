//! The law of computing: what followed answer by answer is what follows from all answers at once.

use std::sync::{Arc, OnceLock};

use proptest::prelude::{ProptestConfig, any, prop, proptest};
use sampan_interview::interview::Interview;
use sampan_interview::plan::Plan;

use crate::study::{askable, snapshot, some_answer, study};
use crate::support::{at, facts, now, plan, reopened, say};

/// Answers at random; every so often the interview must equal one that is opened from what it holds.
fn check(interview: &mut Interview, steps: &[u64]) {
    for (number, bits) in steps.iter().enumerate() {
        let places = askable(interview);
        if places.is_empty() {
            return;
        }
        // Half of the time the first question without an answer, to get far; else any, to change what was said.
        let open = places
            .iter()
            .position(|at| interview.question(at).unwrap().answer.is_none());
        let index = match (open, bits % 2) {
            (Some(open), 0) => open,
            _ => (bits / 2) as usize % places.len(),
        };
        let answer = some_answer(interview, &places[index], bits.rotate_right(20));
        let _ = interview.answer(&places[index], answer, now());
        if number % 8 == 7 || number + 1 == steps.len() {
            assert_eq!(snapshot(interview), snapshot(&reopened(interview)));
        }
    }
}

fn sme_vc() -> Arc<Plan> {
    static PLAN: OnceLock<Arc<Plan>> = OnceLock::new();
    PLAN.get_or_init(|| study("sme_vc")).clone()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sme_vc_computes_the_same_step_by_step_and_from_scratch(
        steps in prop::collection::vec(any::<u64>(), 1..120),
    ) {
        let mut interview = Interview::begin(sme_vc(), &facts()).interview;
        check(&mut interview, &steps);
    }

    #[test]
    fn sme_vc_with_consent_computes_the_same_step_by_step_and_from_scratch(
        steps in prop::collection::vec(any::<u64>(), 1..120),
    ) {
        let mut interview = Interview::begin(sme_vc(), &facts()).interview;
        for (place, text) in [
            ("a_cover/country", "KH"),
            ("a_cover/consent", "yes"),
            ("d_products/n_products", "2"),
            ("e_links/n_links", "2"),
        ] {
            say(&mut interview, place, text);
        }
        check(&mut interview, &steps);
    }

    #[test]
    fn rows_in_rows_compute_the_same_step_by_step_and_from_scratch(
        steps in prop::collection::vec(any::<u64>(), 1..60),
    ) {
        let mut interview = Interview::begin(tangle(), &facts()).interview;
        for bits in steps {
            let free = at(&interview, "outer");
            match bits % 8 {
                0 => {
                    let _ = interview.add_row(&free, bits, now());
                }
                1 => {
                    let rows = interview.rows(&free);
                    if let Some(row) = rows.get(bits as usize / 8 % rows.len().max(1)) {
                        interview.remove_row(&free, *row, now()).unwrap();
                    }
                }
                _ => check(&mut interview, &[bits / 8]),
            }
            assert_eq!(snapshot(&interview), snapshot(&reopened(&interview)));
        }
    }
}

/// Every way in which rows and what stands around them can read each other.
fn tangle() -> Arc<Plan> {
    plan(
        "| survey |              |         |       |                            |                    |                                           |               |
         |        | type         | name    | label | relevant                   | repeat_count       | calculation                               | choice_filter |
         |        | integer      | limit   | Limit |                            |                    |                                           |               |
         |        | begin_repeat | outer   | Outer | ${limit} != 5              |                    |                                           |               |
         |        | integer      | n       | N     |                            |                    |                                           |               |
         |        | begin_group  | deep    | Deep  | ${n} < ${limit} or ${n} = 3 |                   |                                           |               |
         |        | begin_repeat | inner   | Inner |                            | ${n} - 1           |                                           |               |
         |        | integer      | x       | X     | position(..) != ${limit}   |                    |                                           |               |
         |        | select_one l | pick    | Pick  | ${x} > 0                   |                    |                                           | k = ${n}      |
         |        | calculate    | share   |       |                            |                    | ${x} div ${sum_x}                         |               |
         |        | calculate    | before  |       |                            |                    | indexed-repeat(${x}, ${outer}, 1, ${inner}, position(..)) | |
         |        | end_repeat   |         |       |                            |                    |                                           |               |
         |        | end_group    |         |       |                            |                    |                                           |               |
         |        | calculate    | sum_x   |       |                            |                    | sum(${x})                                 |               |
         |        | calculate    | place   |       |                            |                    | position(..)                              |               |
         |        | calculate    | others  |       |                            |                    | count(../../outer[n > 1])                 |               |
         |        | calculate    | run     |       |                            |                    | ${sum_x} + if(position(..) > 1, indexed-repeat(${run}, ${outer}, position(..) - 1), 0) | |
         |        | end_repeat   |         |       |                            |                    |                                           |               |
         |        | calculate    | all_x   |       |                            |                    | sum(${x}) + count(${inner})               |               |
         |        | text         | late    | Late  | ${all_x} > 3               |                    |                                           |               |
         |        | begin_repeat | tail    | Tail  | ${late} != 'x'             | count(${outer})    |                                           |               |
         |        | calculate    | of      |       |                            |                    | indexed-repeat(${sum_x}, ${outer}, position(..)) |        |
         |        | end_repeat   |         |       |                            |                    |                                           |               |
         | choices |           |      |       |   |
         |         | list_name | name | label | k |
         |         | l         | a    | A     | 2 |
         |         | l         | b    | B     | 3 |",
    )
}
