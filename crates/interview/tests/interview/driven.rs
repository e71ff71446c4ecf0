//! Interviews that another program drives, and their documents.

use sampan_interview::session::{Manner, Said, Session};
use sampan_interview::view::ProblemKind;

use crate::support::{facts, now, plan};

const HOUSEHOLD: &str = "
    | survey  |               |       |          |            |            |
    |         | type          | name  | label    | constraint | relevant   |
    |         | integer       | n     | How many | . < 20     |            |
    |         | begin_repeat  | p     | Person   |            | ${n} > 0   |
    |         | text          | who   | Who      |            |            |
    |         | begin_repeat  | pet   | Pet      |            |            |
    |         | text          | name  | Name     |            |            |
    |         | end_repeat    |       |          |            |            |
    |         | end_repeat    |       |          |            |            |
    |         | select_multiple yn | sm | Several |           |            |
    | choices |               |       |          |            |            |
    |         | list_name     | name  | label    |            |            |
    |         | yn            | y     | Yes      |            |            |
    |         | yn            | no    | No       |            |            |";

fn begin(manner: Manner) -> Session {
    Session::begin(plan(HOUSEHOLD), &facts(), manner)
}

fn set(session: &mut Session, place: &str, text: &str) -> Option<ProblemKind> {
    let at = session
        .interview()
        .place(place)
        .unwrap_or_else(|| panic!("{place} is there"));
    let problem = session
        .set(&at, Said::Text(text), now())
        .unwrap_or_else(|refused| panic!("{refused}"));
    problem.map(|problem| problem.kind)
}

fn places(session: &Session) -> Vec<String> {
    session
        .standing(true)
        .into_iter()
        .map(|item| item.place)
        .collect()
}

#[test]
fn each_row_begins_with_first_rows_inside_as_in_odk() {
    let mut session = begin(Manner::Odk);
    let nested = "/data/p[1]/pet[1]/name".to_string();
    assert!(places(&session).contains(&nested), "{:?}", places(&session));
    set(&mut session, "/data/n", "2");
    let repeat = session.interview().place("/data/p").unwrap();
    let row = session.add(&repeat, now()).unwrap();
    assert_eq!(session.path(&row).as_deref(), Some("/data/p[2]"));
    assert!(places(&session).contains(&"/data/p[2]/pet[1]/name".to_string()));
    let pet = session.interview().place("/data/p[2]/pet[1]").unwrap();
    session.remove(&pet, now()).unwrap();
    assert!(
        !places(&session).contains(&"/data/p[2]/pet[1]/name".to_string()),
        "what was removed stays so"
    );
    assert!(!places(&begin(Manner::Device)).contains(&nested));
}

#[test]
fn an_answer_that_breaks_the_constraint_stands_in_odk_and_is_refused_on_the_device() {
    let mut session = begin(Manner::Odk);
    assert_eq!(
        set(&mut session, "/data/n", "25"),
        Some(ProblemKind::ConstraintBroken)
    );
    assert!(session.finish(now()).is_err());
    let mut session = begin(Manner::Device);
    let at = session.interview().place("/data/n").unwrap();
    session
        .set(&at, Said::Text("25"), now())
        .expect_err("it is refused");
    // Choices that there are not go in odk, and nothing else.
    let mut session = begin(Manner::Odk);
    set(&mut session, "/data/sm", "y maybe");
    let at = session.interview().place("/data/sm").unwrap();
    assert_eq!(session.interview().answer_text(&at), "Yes");
}

#[test]
fn places_are_found_as_they_are_written_and_no_others() {
    let mut session = begin(Manner::Odk);
    set(&mut session, "/data/n", "1");
    for (place, is_there) in [
        ("/data", true),
        ("/data/n", true),
        ("/data/n[1]", true),
        ("/data/n[2]", false),
        ("/data/p", true),
        ("/data/p[1]", true),
        ("/data/p[2]", false),
        ("/data/p[0]", false),
        ("/data/p[x]", false),
        ("/data/p/who", true),
        ("/data/p[1]/pet[1]/name", true),
        ("/other/n", false),
        ("data/n", false),
        ("", false),
        ("/", false),
    ] {
        assert_eq!(session.interview().place(place).is_some(), is_there, "{place}");
    }
}

#[test]
fn a_document_says_what_was_answered_and_is_opened_again() {
    let mut session = begin(Manner::Odk);
    set(&mut session, "/data/n", "2");
    set(&mut session, "/data/p[1]/who", "Sok & <Dara>");
    let at = session.interview().place("/data/sm").unwrap();
    session.set(&at, Said::Missing("refused"), now()).unwrap();
    let xml = session.interview().instance(&Default::default());
    let (again, contents) = Session::edit(plan(HOUSEHOLD), &facts(), Manner::Odk, &xml).unwrap();
    assert!(contents.set_aside.is_empty(), "{:?}", contents.set_aside);
    assert_eq!(again.interview().instance(&Default::default()), xml);
    // What is not asked is not sent.
    set(&mut session, "/data/n", "0");
    assert!(!session.interview().instance(&Default::default()).contains("Dara"));
    for strange in [
        "",
        "<a",
        "<other/>",
        "<!DOCTYPE x [<!ENTITY a 'b'>]><data>&a;</data>",
    ] {
        Session::edit(plan(HOUSEHOLD), &facts(), Manner::Odk, strange).expect_err(strange);
    }
}

#[test]
fn times_are_written_as_in_xml_schema_in_odk_and_as_people_write_them_on_the_device() {
    let form = "
        | survey |          |   |       |
        |        | type     | name | label |
        |        | time     | t | When  |
        |        | dateTime | m | When  |";
    for (place, text, is_exact) in [
        ("/data/t", "22:02:00", true),
        ("/data/t", "22:02:00.5+07:00", true),
        ("/data/t", "22:02", false),
        ("/data/m", "2026-04-22T14:30:00+07:00", true),
        ("/data/m", "2026-04-22T14:30:00Z", true),
        ("/data/m", "2026-04-22T14:30:00+0700", false),
        ("/data/m", "2026-04-22T14:30", false),
    ] {
        for manner in [Manner::Odk, Manner::Device] {
            let mut session = Session::begin(plan(form), &facts(), manner);
            let at = session.interview().place(place).unwrap();
            let is_taken = session.set(&at, Said::Text(text), now()).is_ok();
            assert_eq!(
                is_taken,
                is_exact || manner == Manner::Device,
                "{text} {manner:?}"
            );
        }
    }
}

#[test]
fn a_computed_answer_that_is_a_text_of_the_form_changes_with_the_language_in_odk() {
    let form = "
        | survey  |               |       |           |           |                              |
        |         | type          | name  | label::en | label::km | calculation                  |
        |         | select_one yn | q     | Q         | ស         |                              |
        |         | text          | shown | Shown     | ឃ         | jr:choice-name(${q}, '${q}') |
        | choices |               |       |           |           |                              |
        |         | list_name     | name  | label::en | label::km |                              |
        |         | yn            | y     | Yes       | បាទ       |                              |";
    for (manner, expected) in [(Manner::Odk, "បាទ"), (Manner::Device, "Yes")] {
        let mut session = Session::begin(plan(form), &facts(), manner);
        set(&mut session, "/data/q", "y");
        assert!(session.set_language("km", now()));
        let all = session.standing(false);
        let shown = all.iter().find(|item| item.place == "/data/shown").unwrap();
        assert_eq!(session.text(shown), expected);
    }
}
