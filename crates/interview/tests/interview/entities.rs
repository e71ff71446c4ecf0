//! Things that an interview creates and updates: ids drawn once, what is saved, documents.

use std::sync::Arc;

use sampan_form::compiled::Form;
use sampan_form::external::Tables;
use sampan_form::xform;
use sampan_interview::entities::EntityState;
use sampan_interview::instance::{self, Envelope};
use sampan_interview::interview::Interview;
use sampan_interview::plan::Plan;
use sampan_record::op::Op;
use sampan_xlsform::reading::read_markdown;

use crate::support::{add, at, begin, facts, now, plan, plan_with, reopened, say};

const TREES: &str = "
| survey   |           |         |         |              |          |
|          | type      | name    | label   | save_to      | relevant |
|          | text      | kind    | Kind    | species      |          |
|          | integer   | girth   | Girth   | girth_cm     | ${kind} != 'palm' |
|          | text      | remark  | Remark  |              |          |
| entities |           |         |         |              |          |
|          | list_name | label                          | create_if      |  |  |
|          | trees     | concat(${kind}, ' ', ${girth}) | ${kind} != ''  |  |  |
";

const PLOTS: &str = "
| survey   |              |         |         |               |              |
|          | type         | name    | label   | save_to       | repeat_count |
|          | integer      | n       | N       |               |              |
|          | begin_repeat | plot    | Plot    |               |              |
|          | text         | crop    | Crop    | plots#crop    |              |
|          | end_repeat   |         |         |               |              |
|          | begin_repeat | child   | Child   |               | ${n}         |
|          | begin_group  | who     | Who     |               |              |
|          | text         | name    | Name    | children#full |              |
|          | end_group    |         |         |               |              |
|          | end_repeat   |         |         |               |              |
| entities |              |         |         |               |              |
|          | list_name    | label   |         |               |              |
|          | plots        | ${crop} |         |               |              |
|          | children     | ${name} |         |               |              |
";

const VISITS: &str = "
| survey   |                           |        |        |           |             |
|          | type                      | name   | label  | save_to   | calculation |
|          | select_one_from_file trees.csv | tree | Which? |        |             |
|          | integer                   | height | Height | height    |             |
|          | text                      | fell   | Gone?  |           |             |
| entities |                           |        |        |           |             |
|          | list_name | entity_id | update_if      | label |   |
|          | trees     | ${tree}   | ${fell} = ''   |       |   |
";

fn one(interview: &Interview) -> EntityState {
    let mut entities = interview.entities();
    assert_eq!(entities.len(), 1);
    entities.remove(0)
}

fn is_uuid(id: &str) -> bool {
    id.len() == 36 && id.split('-').map(str::len).eq([8, 4, 4, 4, 12])
}

#[test]
fn a_new_thing_has_its_id_from_the_beginning_and_its_properties_when_they_are_answered() {
    let opened = Interview::begin(plan(TREES), &facts());
    let drawn = opened
        .ops
        .iter()
        .filter(|op| matches!(op, Op::Set { at, .. } if at.question.as_str() == "meta/entity/@id"));
    assert_eq!(drawn.count(), 1, "the id is kept");
    let mut interview = opened.interview;
    let before = one(&interview);
    assert!(is_uuid(&before.id), "{}", before.id);
    assert!(!before.creates && !before.updates);

    say(&mut interview, "kind", "teak");
    say(&mut interview, "girth", "140");
    say(&mut interview, "remark", "by the road");
    let tree = one(&interview);
    assert_eq!(tree.id, before.id);
    assert!(tree.creates);
    assert_eq!(tree.list, "trees");
    assert_eq!(tree.label.as_deref(), Some("teak 140"));
    let values = [("species", "teak"), ("girth_cm", "140")];
    let values = values.map(|(name, value)| (name.to_string(), value.to_string()));
    assert_eq!(tree.values, values);
    assert_eq!(
        one(&reopened(&interview)),
        tree,
        "opened again, it is the same thing"
    );

    say(&mut interview, "kind", "palm");
    let names: Vec<String> = one(&interview).values.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["species"], "what is not asked is no property");

    let document = interview.instance(&Envelope::default());
    let element = format!(r#"<entity dataset="trees" create="true" id="{}">"#, tree.id);
    assert!(document.contains(&element), "{document}");
    assert!(document.contains("<label>palm </label>"), "{document}");
    let contents = instance::read(interview.plan(), &document, now()).unwrap();
    assert!(contents.set_aside.is_empty(), "{:?}", contents.set_aside);
    let again = Interview::resume(
        interview.plan().clone(),
        &facts(),
        contents.answers,
        contents.rows,
    );
    assert_eq!(one(&again.interview).id, tree.id);
    assert!(again.ops.is_empty());
}

#[test]
fn another_interview_is_about_another_thing() {
    let other = sampan_interview::facts::Facts { seed: 8, ..facts() };
    let first = Interview::begin(plan(TREES), &facts()).interview;
    let second = Interview::begin(plan(TREES), &other).interview;
    assert_ne!(one(&first).id, one(&second).id);
}

#[test]
fn each_row_is_a_thing_of_its_own_that_keeps_its_id_while_others_come_and_go() {
    for by_xform in [false, true] {
        let mut def = read_markdown(PLOTS).unwrap().form;
        if by_xform {
            def = xform::read::read(&xform::write(&def)).unwrap().form;
        }
        let form = Form::compile(Arc::new(def)).unwrap();
        let plan = Arc::new(Plan::new(Arc::new(form), Arc::new(Tables::new())));
        let mut interview = Interview::begin(plan, &facts()).interview;
        assert!(interview.entities().is_empty());
        for (number, crop) in [(1, "rice"), (2, "maize"), (3, "beans")] {
            add(&mut interview, "plot", number);
            say(&mut interview, &format!("plot[{number}]/crop"), crop);
        }
        say(&mut interview, "n", "2");
        say(&mut interview, "child[1]/who/name", "Srey");
        let told = |interview: &Interview| -> Vec<(String, String, String)> {
            let entities = interview.entities().into_iter();
            entities
                .map(|entity| (entity.list, entity.label.unwrap_or_default(), entity.id))
                .collect()
        };
        let before = told(&interview);
        let labels: Vec<&str> = before.iter().map(|(_, label, _)| label.as_str()).collect();
        assert_eq!(labels, ["rice", "maize", "beans", "Srey", ""]);
        let mut ids: Vec<&str> = before.iter().map(|(_, _, id)| id.as_str()).collect();
        assert!(ids.iter().all(|id| is_uuid(id)));
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 5);
        assert_eq!(told(&reopened(&interview)), before);

        let plots = at(&interview, "plot");
        let middle = interview.rows(&plots)[1];
        interview.remove_row(&plots, middle, now()).unwrap();
        let mut after = before.clone();
        after.remove(1);
        assert_eq!(told(&interview), after);
        assert_eq!(
            told(&reopened(&interview)),
            after,
            "a removed row brings nothing back"
        );

        // Rows beyond a fallen count are no things; back, they are the ones they were.
        say(&mut interview, "n", "0");
        assert_eq!(interview.entities().len(), 2);
        say(&mut interview, "n", "2");
        assert_eq!(told(&interview), after);

        let document = interview.instance(&Envelope::default());
        assert_eq!(
            document.matches("<entity dataset=\"plots\" create=\"1\"").count(),
            2
        );
        let contents = instance::read(interview.plan(), &document, now()).unwrap();
        assert!(contents.set_aside.is_empty(), "{:?}", contents.set_aside);
        let again = Interview::resume(
            interview.plan().clone(),
            &facts(),
            contents.answers,
            contents.rows,
        );
        assert_eq!(told(&again.interview), after);
    }
}

#[test]
fn a_thing_of_a_list_is_updated_from_the_state_that_was_seen() {
    let file = "name,label,__version,__trunkVersion,__branchId\nt1,Teak,4,3,b7\nt2,Palm,1,,\n";
    let mut interview = Interview::begin(plan_with(VISITS, &[("trees", file)]), &facts()).interview;
    assert!(
        interview.answers().is_empty(),
        "nothing is drawn where nothing is new"
    );
    say(&mut interview, "tree", "t1");
    say(&mut interview, "height", "12");
    let tree = one(&interview);
    assert!(tree.updates && !tree.creates);
    assert_eq!(tree.id, "t1");
    let versions = [("baseVersion", "4"), ("trunkVersion", "3"), ("branchId", "b7")];
    assert_eq!(
        tree.versions,
        versions.map(|(name, value)| (name, value.to_string()))
    );
    assert_eq!(tree.values, [("height".to_string(), "12".to_string())]);
    let document = interview.instance(&Envelope::default());
    let element = concat!(
        r#"<entity dataset="trees" update="true" baseVersion="4" "#,
        r#"trunkVersion="3" branchId="b7" id="t1"/>"#
    );
    assert!(document.contains(element), "{document}");
    say(&mut interview, "fell", "yes");
    assert!(!one(&interview).updates);
}

#[test]
fn an_id_that_the_form_has_no_thing_for_is_set_aside() {
    let interview = begin(TREES);
    let other = plan("| survey |\n| | type | name | label |\n| | text | kind | Kind |");
    let later = Interview::from_answers(other, interview.answers(), []);
    let aside: Vec<&str> = later
        .set_aside()
        .iter()
        .map(|one| one.at.question.as_str())
        .collect();
    assert_eq!(aside, ["meta/entity/@id"]);
}
