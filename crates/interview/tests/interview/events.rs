//! What happens once: values that another answer triggers, first values of new rows, orders drawn by chance; and what
//! expressions learn of the device and the form.

use crate::support::{add, at, begin, facts, plan, refusal, reopened, say, value};
use sampan_interview::interview::Interview;
use sampan_interview::refusal::Reason;
use sampan_record::op::Op;

#[test]
fn a_triggered_value_is_set_when_its_trigger_changes_and_at_no_other_time() {
    let mut interview = begin(
        "| survey |
         | | type      | name    | label | trigger | calculation   |
         | | integer   | a       | A     |         |               |
         | | integer   | b       | B     |         |               |
         | | calculate | product |       | ${a}    | ${a} * ${b}   |
         | | text      | note    | Note  | ${a}    |               |",
    );
    assert_eq!(value(&interview, "product"), "");
    say(&mut interview, "b", "7");
    say(&mut interview, "note", "first");
    assert_eq!(value(&interview, "product"), "");
    let accepted = say(&mut interview, "a", "2");
    assert_eq!(value(&interview, "product"), "14");
    assert_eq!(
        value(&interview, "note"),
        "",
        "a trigger without a calculation blanks"
    );
    let kept: Vec<&str> = accepted
        .ops
        .iter()
        .filter_map(|op| match op {
            Op::Set { at, .. } => Some(at.question.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(kept, ["a", "product", "note"]);

    say(&mut interview, "b", "8");
    say(&mut interview, "note", "second");
    say(&mut interview, "a", "2");
    assert_eq!(value(&interview, "product"), "14", "the same answer is no change");
    assert_eq!(value(&interview, "note"), "second");
    assert_eq!(reopened(&interview).values(), interview.values());
    say(&mut interview, "a", "");
    assert_eq!(value(&interview, "product"), "");
}

#[test]
fn triggers_go_on_through_what_is_computed_and_what_was_triggered() {
    let mut interview = begin(
        "| survey |
         | | type      | name   | label | trigger    | calculation | relevant  |
         | | integer   | a      | A     |            |             |           |
         | | integer   | double |  X    |            | ${a} * 2    |           |
         | | integer   | copy   |  X    | ${double}  | ${double}   |           |
         | | integer   | third  |  X    | ${copy}    | ${copy} + 1 |           |
         | | text      | hidden | H     | ${a}       | 'set'       | ${a} > 10 |",
    );
    say(&mut interview, "a", "4");
    assert_eq!(value(&interview, "copy"), "8");
    assert_eq!(value(&interview, "third"), "9");
    assert_eq!(value(&interview, "hidden"), "");
    say(&mut interview, "a", "11");
    assert_eq!(value(&interview, "hidden"), "set");
}

#[test]
fn triggers_that_trigger_each_other_come_to_an_end() {
    let mut interview = begin(
        "| survey |
         | | type      | name | label | trigger     | calculation |
         | | integer   | a    | A     |             |             |
         | | integer   | b    | B     | ${a}, ${c}  | ${c} + 1    |
         | | integer   | c    | C     | ${b}        | ${b} + 1    |",
    );
    say(&mut interview, "a", "1");
    assert_eq!(value(&interview, "a"), "1");
}

#[test]
fn a_trigger_in_a_row_sets_its_own_row_and_one_outside_sets_all_rows() {
    let mut interview = begin(
        "| survey |
         | | type         | name  | label | trigger  | calculation     |
         | | integer      | all   | All   |          |                 |
         | | begin_repeat | r     | R     |          |                 |
         | | integer      | own   | Own   |          |                 |
         | | calculate    | from  |       | ${own}   | ${own}          |
         | | calculate    | outer |       | ${all}   | ${all} + ${own} |
         | | end_repeat   |       |       |          |                 |
         | | calculate    | last  |       | ${own}   | 'changed'       |",
    );
    add(&mut interview, "r", 1);
    add(&mut interview, "r", 2);
    say(&mut interview, "r[1]/own", "5");
    assert_eq!(value(&interview, "r[1]/from"), "5");
    assert_eq!(value(&interview, "r[2]/from"), "");
    assert_eq!(value(&interview, "last"), "changed");
    say(&mut interview, "r[2]/own", "6");
    say(&mut interview, "all", "10");
    assert_eq!(value(&interview, "r[1]/outer"), "15");
    assert_eq!(value(&interview, "r[2]/outer"), "16");
}

#[test]
fn each_new_row_gets_its_computed_first_value_once() {
    let mut interview = begin(
        "| survey |
         | | type         | name  | label | default               |
         | | text         | who   | Who   |                       |
         | | begin_repeat | r     | R     |                       |
         | | text         | by    | By    | ${who}                |
         | | integer      | place | Place | position(..)          |
         | | end_repeat   |       |       |                       |",
    );
    say(&mut interview, "who", "sokha");
    add(&mut interview, "r", 1);
    say(&mut interview, "who", "dara");
    add(&mut interview, "r", 2);
    assert_eq!(value(&interview, "r[1]/by"), "sokha");
    assert_eq!(value(&interview, "r[2]/by"), "dara");
    assert_eq!(value(&interview, "r[2]/place"), "2");
    say(&mut interview, "r[1]/by", "");
    assert_eq!(value(&reopened(&interview), "r[1]/by"), "");
}

#[test]
fn choices_come_in_the_order_that_randomize_gives_for_the_seed() {
    for seed in ["42", "33.7", "${s}"] {
        let mut interview = begin(&format!(
            "| survey |
             | | type         | name  | label | parameters                  | calculation |
             | | text         | s     | S     |                             |             |
             | | select_one l | q     | Q     | randomize=true, seed={seed} |             |
             | | calculate    | order |       |                             | join(' ', randomize(instance('l')/root/item/name, {seed})) |
             | choices |
             | | list_name | name | label |
             | | l         | a    | A     |
             | | l         | b    | B     |
             | | l         | c    | C     |
             | | l         | d    | D     |
             | | l         | e    | E     |"
        ));
        say(&mut interview, "s", "77");
        let offered = interview.choices(&at(&interview, "q"));
        let names: Vec<String> = offered.into_iter().map(|choice| choice.name).collect();
        assert_eq!(names.join(" "), value(&interview, "order"), "{seed}");
        assert_ne!(names.join(" "), "a b c d e", "{seed}");
        let refused = refusal(&mut interview, "q", "f").0;
        assert_eq!(refused, Reason::NotAChoice);
    }
}

#[test]
fn expressions_learn_the_device_the_enumerator_and_the_version() {
    let form = "| survey |
         | | type         | name    | label::en | label::km | calculation                  |
         | | select_one l | q       | Question  | សំណួរ      |                              |
         | | calculate    | device  |           |           | property('deviceid')         |
         | | calculate    | who     |           |           | property('uri:username')     |
         | | calculate    | mail    |           |           | property('email')            |
         | | calculate    | version |           |           | version()                    |
         | | calculate    | own     |           |           | jr:itext('/data/q:label')    |
         | | calculate    | choice  |           |           | jr:itext('l-1')              |
         | | calculate    | none    |           |           | jr:itext('/data/q:no')       |
         | choices |
         | | list_name | name | label::en | label::km |
         | | l         | a    | A         | ក         |
         | | l         | b    | B         | ខ         |
         | settings |
         | | version | default_language |
         | | 2026-11 | km               |";
    let interview = Interview::begin(plan(form), &facts()).interview;
    for (place, expected) in [
        ("device", "device-1"),
        ("who", "username:sokha"),
        ("mail", ""),
        ("version", "2026-11"),
        ("own", "សំណួរ"),
        ("choice", "ខ"),
        ("none", ""),
    ] {
        assert_eq!(value(&interview, place), expected, "{place}");
    }
}

#[test]
fn an_address_and_a_number_are_written_down_where_the_device_was_told_them() {
    let form = "| survey |
         | | type            | name   | label | calculation                |
         | | email           | mail   |       |                            |
         | | phonenumber     | phone  |       |                            |
         | | uri:phonenumber | dial   |       |                            |
         | | calculate       | domain |       | substring-after(${mail}, '@') |";
    let told = sampan_interview::facts::Facts {
        email: "sokha@example.org".into(),
        phone_number: "+85512345".into(),
        ..facts()
    };
    let interview = Interview::begin(plan(form), &told).interview;
    assert_eq!(value(&interview, "mail"), "sokha@example.org");
    assert_eq!(value(&interview, "phone"), "+85512345");
    assert_eq!(value(&interview, "dial"), "tel:+85512345");
    assert_eq!(value(&interview, "domain"), "example.org");
    assert_eq!(value(&reopened(&interview), "mail"), "sokha@example.org");
    assert!(begin(form).answers().is_empty(), "what is not known stays empty");
}
