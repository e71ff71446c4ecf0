//! What happens at events that only XForms tell of: opening again, new rows, several setters of one question; and what
//! the form wants of the device.

use std::sync::Arc;

use sampan_form::compiled::Form;
use sampan_form::external::Tables;
use sampan_form::xform;
use sampan_interview::interview::Interview;
use sampan_interview::plan::Plan;
use sampan_interview::view::{Ask, Wanted};
use sampan_record::op::Op;
use sampan_value::answer::{Kind, Value};
use sampan_value::text;

use crate::support::{add, at, begin, facts, now, plan, say, value};

/// A form whose instance, binds and body are given; each question `q` of the body is an input.
fn xform_plan(instance: &str, model: &str, body: &str) -> Arc<Plan> {
    let xml = format!(
        r#"<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
             xmlns:jr="http://openrosa.org/javarosa" xmlns:odk="http://www.opendatakit.org/xforms">
             <h:head><h:title>t</h:title><model><instance><data id="t">{instance}</data></instance>{model}</model>
             </h:head><h:body>{body}</h:body></h:html>"#
    );
    let reading = xform::read::read(&xml).unwrap();
    let again = xform::read::read(&xform::write(&reading.form)).unwrap();
    // What is tested goes through writing and reading once more, so that nothing is lost there.
    let form = Form::compile(Arc::new(again.form)).unwrap();
    Arc::new(Plan::new(Arc::new(form), Arc::new(Tables::new())))
}

fn input(name: &str) -> String {
    format!(r#"<input ref="/data/{name}"><label>{name}</label></input>"#)
}

fn reopened(interview: &Interview) -> Interview {
    let plan = interview.plan().clone();
    Interview::resume(plan, &facts(), interview.answers(), interview.added_rows()).interview
}

#[test]
fn what_is_set_at_each_opening_is_set_when_a_draft_is_opened_again_and_what_is_set_first_is_not() {
    let plan = xform_plan(
        "<n/><m/><twice/>",
        r#"<bind nodeset="/data/n" type="int"/><bind nodeset="/data/m" type="int"/>
           <bind nodeset="/data/twice" calculate="/data/n * 2"/>
           <setvalue event="odk-instance-load" ref="/data/n" value="16"/>
           <setvalue event="odk-instance-first-load" ref="/data/m" value="4 + 1"/>"#,
        &(input("n") + &input("m")),
    );
    let mut interview = Interview::begin(plan, &facts()).interview;
    assert_eq!(value(&interview, "n"), "16");
    assert_eq!(value(&interview, "twice"), "32", "what reads it is computed");
    say(&mut interview, "n", "555");
    say(&mut interview, "m", "6");
    let again = reopened(&interview);
    assert_eq!(value(&again, "n"), "16");
    assert_eq!(value(&again, "twice"), "32");
    assert_eq!(value(&again, "m"), "6");
}

#[test]
fn what_is_set_at_opening_is_set_in_all_rows_there_are_and_not_in_later_ones() {
    let plan = xform_plan(
        r#"<r jr:template=""><q/><p/></r>"#,
        r#"<bind nodeset="/data/r/q" type="int"/>
           <setvalue event="odk-instance-load" ref="/data/r/q" value="16"/>"#,
        r#"<group ref="/data/r"><repeat nodeset="/data/r"><input ref="/data/r/q"><label>q</label></input>
           <setvalue event="odk-new-repeat" ref="/data/r/p" value="position(..)"/></repeat></group>"#,
    );
    let mut interview = Interview::begin(plan, &facts()).interview;
    add(&mut interview, "r", 1);
    add(&mut interview, "r", 2);
    assert_eq!(value(&interview, "r[2]/q"), "");
    assert_eq!(value(&interview, "r[2]/p"), "2");
    let again = reopened(&interview);
    assert_eq!(value(&again, "r[1]/q"), "16");
    assert_eq!(value(&again, "r[2]/q"), "16");
    assert_eq!(value(&again, "r[2]/p"), "2", "a row is new once");
}

#[test]
fn several_setters_of_one_question_each_do_their_own() {
    let plan = xform_plan(
        "<a/><b/><out/>",
        r#"<setvalue event="odk-instance-first-load" ref="/data/out" value="'begun'"/>"#,
        r#"<input ref="/data/a"><label>a</label>
             <setvalue event="xforms-value-changed" ref="/data/out">by a</setvalue></input>
           <input ref="/data/b"><label>b</label>
             <setvalue event="xforms-value-changed" ref="/data/out" value="concat('by b ', ../b)"/></input>
           <input ref="/data/out"><label>out</label></input>"#,
    );
    let mut interview = Interview::begin(plan, &facts()).interview;
    assert_eq!(value(&interview, "out"), "begun");
    say(&mut interview, "b", "x");
    assert_eq!(value(&interview, "out"), "by b x");
    say(&mut interview, "a", "x");
    assert_eq!(value(&interview, "out"), "by a", "the text is meant as it stands");
    say(&mut interview, "b", "x");
    assert_eq!(value(&interview, "out"), "by a", "the same answer is no change");
}

#[test]
fn one_setter_may_be_for_several_events() {
    let plan = xform_plan(
        "<a/><out/>",
        "",
        r#"<input ref="/data/a"><label>a</label>
             <setvalue event="odk-instance-first-load xforms-value-changed" ref="/data/out" value="concat('a=', /data/a)"/>
           </input><input ref="/data/out"><label>out</label></input>"#,
    );
    let mut interview = Interview::begin(plan, &facts()).interview;
    assert_eq!(value(&interview, "out"), "a=");
    say(&mut interview, "a", "1");
    assert_eq!(value(&interview, "out"), "a=1");
}

#[test]
fn a_setter_and_a_calculation_both_give_the_value_the_last_one_counts() {
    let plan = xform_plan(
        "<a/><b/><out/>",
        r#"<bind nodeset="/data/out" calculate="concat('computed ', /data/a)"/>"#,
        r#"<input ref="/data/a"><label>a</label></input>
           <input ref="/data/b"><label>b</label>
             <setvalue event="xforms-value-changed" ref="/data/out" value="'set'"/></input>"#,
    );
    let mut interview = Interview::begin(plan, &facts()).interview;
    say(&mut interview, "a", "1");
    assert_eq!(value(&interview, "out"), "computed 1");
    say(&mut interview, "b", "x");
    assert_eq!(value(&interview, "out"), "set");
    assert_eq!(value(&reopened(&interview), "out"), "set");
    say(&mut interview, "a", "2");
    assert_eq!(value(&interview, "out"), "computed 2");
}

#[test]
fn what_a_first_value_changes_is_a_change_and_what_it_reads_was_computed_before() {
    let plan = xform_plan(
        "<a/><c/><out/>",
        r#"<bind nodeset="/data/c" calculate="2 + 3"/>
           <setvalue event="odk-instance-first-load" ref="/data/a" value="/data/c * 2"/>"#,
        r#"<input ref="/data/a"><label>a</label>
             <setvalue event="xforms-value-changed" ref="/data/out" value="concat('a is ', /data/a)"/></input>"#,
    );
    let interview = Interview::begin(plan, &facts()).interview;
    assert_eq!(value(&interview, "a"), "10");
    assert_eq!(value(&interview, "out"), "a is 10");
}

#[test]
fn a_value_outside_that_a_row_triggers_reads_that_row() {
    let mut interview = begin(
        "| survey |
         | | type         | name | label | trigger | calculation |
         | | begin_repeat | r    | R     |         |             |
         | | integer      | own  | Own   |         |             |
         | | end_repeat   |      |       |         |             |
         | | calculate    | last |       | ${own}  | ${own} * 10 |",
    );
    add(&mut interview, "r", 1);
    add(&mut interview, "r", 2);
    say(&mut interview, "r[1]/own", "5");
    say(&mut interview, "r[2]/own", "7");
    assert_eq!(value(&interview, "last"), "70");
}

#[test]
fn a_computed_whole_number_loses_its_fraction() {
    let mut interview = begin(
        "| survey |
         | | type         | name | label | trigger | calculation | default |
         | | integer      | n    | N     |         |             |         |
         | | integer      | half | Half  | ${n}    | ${n} div 2  |         |
         | | integer      | back | Back  | ${n}    | ${n} div -2 |         |",
    );
    say(&mut interview, "n", "7");
    assert_eq!(value(&interview, "half"), "3");
    assert_eq!(value(&interview, "back"), "-3");
}

#[test]
fn a_form_asks_for_the_position_and_takes_it_when_the_device_knows_it() {
    let form = plan(
        "| survey |
         | | type                | name   | label | trigger  | calculation |
         | | start-geopoint      | begun  |       |          |             |
         | | background-audio    | sound  |       |          |             |
         | | integer             | n      | N     |          |             |
         | | background-geopoint | there  | X     | ${n}     |             |
         | | calculate           | seen   |       |          | ${begun} != '' |",
    );
    let opened = Interview::begin(form.clone(), &facts());
    let mut interview = opened.interview;
    let ask = |interview: &Interview, place: &str, what| Ask {
        at: at(interview, place),
        what,
    };
    assert_eq!(
        opened.asks,
        [
            ask(&interview, "begun", Wanted::Position),
            ask(&interview, "sound", Wanted::Sound)
        ]
    );
    assert_eq!(value(&interview, "begun"), "");
    let position = text::parse_value("38.25 21.75 0 0", Kind::Geopoint).unwrap();
    let begun = at(&interview, "begun");
    let accepted = interview.fill(&begun, position.clone(), now()).unwrap();
    assert!(matches!(accepted.ops.as_slice(), [Op::Set { at, .. }] if *at == begun));
    assert!(value(&interview, "begun").starts_with("38.25"));
    assert_eq!(value(&interview, "seen"), "true");

    let accepted = say(&mut interview, "n", "1");
    assert_eq!(accepted.asks, [ask(&interview, "there", Wanted::Position)]);
    assert_eq!(say(&mut interview, "n", "1").asks, [], "nothing has changed");
    let n = at(&interview, "n");
    assert!(
        interview.fill(&n, position, now()).is_err(),
        "only where the form asks"
    );
    let there = at(&interview, "there");
    assert!(interview.fill(&there, Value::Integer(3), now()).is_err());

    let again = Interview::resume(form, &facts(), interview.answers(), interview.added_rows());
    assert_eq!(
        again.asks,
        [ask(&again.interview, "sound", Wanted::Sound)],
        "sound at each opening, the first position once"
    );
}

#[test]
fn an_unknown_event_is_said_and_nothing_happens_at_it() {
    let xml = r#"<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml">
        <h:head><h:title>t</h:title><model><instance><data id="t"><a/></data></instance>
        <setvalue event="my-own-event" ref="/data/a" value="1"/></model></h:head>
        <h:body><input ref="/data/a"><label>a</label></input></h:body></h:html>"#;
    let reading = xform::read::read(xml).unwrap();
    assert!(
        reading
            .warnings
            .iter()
            .any(|warning| warning.to_string().contains("my-own-event"))
    );
    let form = Form::compile(Arc::new(reading.form)).unwrap();
    let plan = Arc::new(Plan::new(Arc::new(form), Arc::new(Tables::new())));
    assert_eq!(value(&Interview::begin(plan, &facts()).interview, "a"), "");
}
