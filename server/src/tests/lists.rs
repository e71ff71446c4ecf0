//! What the office's lists and its table say: provinces by name, the oldest first, when it began and ended.

use sampan_record::op::Op;
use sampan_value::answer::Value;

use crate::access::Role;
use crate::exporting;
use crate::office_commands;
use crate::reviewing::{self, listing};
use crate::tests::world::{FORM, World, answers, set, text};
use crate::views::InterviewFilter;

/// The form with a list of provinces that has names.
fn with_provinces() -> String {
    FORM.replace("| text               | adm1 ", "| select_one adm1    | adm1 ").replace(
        "    |          | country            | TH ",
        "    |          | adm1 | KH-2 | បាត់ដំបង (Battambang) | | |\n    |          | country            | TH ",
    )
}

#[test]
fn a_province_is_called_by_the_name_its_form_gives_it_and_a_rebuild_agrees() {
    let world = World::new();
    let office = &world.office;
    let form = world.publish(&with_provinces());
    let dara = world.person("dara", Role::Enumerator, "KH");
    let mut phone = world.phone(&dara);
    let named = phone.interview(
        office,
        form,
        &[
            ("country", Value::Choice("KH".into())),
            ("adm1", Value::Choice("KH-2".into())),
            ("respondent", text("សុខា")),
        ],
    );
    phone.sync(office).unwrap();
    let list = reviewing::list(office, &world.admin, &InterviewFilter::default()).unwrap();
    let row = &list.rows[0];
    assert_eq!(
        (row.province.as_str(), row.province_label.as_str()),
        ("KH-2", "បាត់ដំបង (Battambang)")
    );
    assert_eq!(list.provinces[0].value, "KH-2");
    assert_eq!(list.provinces[0].label, "បាត់ដំបង (Battambang)");
    let page = reviewing::view(office, &world.admin, named, None).unwrap();
    assert_eq!(page.row.province_label, "បាត់ដំបង (Battambang)");
    office_commands::rebuild(office).unwrap();
    assert_eq!(
        office_commands::verify(office).unwrap().problems,
        Vec::<String>::new()
    );
    let again = reviewing::list(office, &world.admin, &InterviewFilter::default()).unwrap();
    assert_eq!(again.rows[0].province_label, "បាត់ដំបង (Battambang)");
}

#[test]
fn the_next_interview_to_review_is_the_one_that_has_waited_longest() {
    let world = World::new();
    let office = &world.office;
    let form = world.publish(FORM);
    let dara = world.person("dara", Role::Enumerator, "KH");
    let mut phone = world.phone(&dara);
    let mut arrived = Vec::new();
    for n in 0..3 {
        arrived.push(phone.interview(office, form, &answers("KH", "a", n)));
        phone.sync(office).unwrap();
    }
    let next = |after: &str| {
        listing::next_waiting(office, &world.admin, &["resubmitted", "submitted"], after).unwrap()
    };
    assert_eq!(next(""), Some(arrived[0]));
    assert_eq!(next(&arrived[0].to_string()), Some(arrived[1]));
}

#[test]
fn a_form_that_does_not_ask_when_has_its_first_save_and_its_last_finish_in_the_table() {
    let world = World::new();
    let office = &world.office;
    let form = world.publish(FORM);
    let dara = world.person("dara", Role::Enumerator, "KH");
    let mut phone = world.phone(&dara);
    let id = phone.interview(office, form, &answers("KH", "a", 1));
    for (ops, wall_time_ms) in [
        (vec![set("age", Value::Integer(2)), Op::Submit], 1_600_000_600_000),
        (vec![set("age", Value::Integer(3))], 1_600_009_000_000),
    ] {
        phone.write_at(office, id, form, &ops, wall_time_ms);
    }
    phone.sync(office).unwrap();
    let csv = exporting::csv(office, &world.admin, &InterviewFilter::default(), false).unwrap();
    let csv = String::from_utf8(csv.bytes).unwrap();
    assert!(
        csv.contains("2020-09-13T19:26:40"),
        "the clock of the first change: {csv}"
    );
    assert!(
        csv.contains("2020-09-13T19:36:40"),
        "the clock of the last finish: {csv}"
    );
}
