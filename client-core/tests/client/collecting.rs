//! Interviews without a line.

use sampan_client_core::api::{AnswerInput, PlaceRef, Stop};

use crate::office::{World, form, id, interviewed, said, say};

#[test]
fn every_accepted_answer_is_there_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    let record = client.start("farm").unwrap();
    let mut interview = client.open_interview(&record).unwrap();
    say(&mut interview, "person", "សុខ");
    say(&mut interview, "age", "៤២");
    say(&mut interview, "works", "y");
    let row = interview.add_row(&PlaceRef::from("goods")).unwrap();
    say(&mut interview, &format!("{row}/good"), "ត្រី");
    // Nothing is closed: the folder is used again as after SIGKILL.
    drop(interview);
    drop(client);
    let client = world.open(folder.path()).unwrap();
    assert_eq!(client.interviews().unwrap()[0].title, "សុខ");
    assert_eq!(client.interviews().unwrap()[0].state, "draft");
    let interview = client.open_interview(&record).unwrap();
    assert_eq!(said(&interview, "person"), "សុខ");
    assert_eq!(said(&interview, "age"), "42");
    assert_eq!(said(&interview, "who"), "srey");
    assert_eq!(said(&interview, &format!("{row}/good")), "ត្រី");
    assert_eq!(interview.rows(&PlaceRef::from("goods")).unwrap(), [row]);
}

#[test]
fn a_refused_answer_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (_world, client) = World::with_device(folder.path());
    let record = client.start("farm").unwrap();
    let mut interview = client.open_interview(&record).unwrap();
    say(&mut interview, "age", "42");
    for text in ["121", "old"] {
        let error = interview
            .answer(&PlaceRef::from("age"), &AnswerInput::Text(text.into()))
            .unwrap_err();
        assert_eq!(error.code(), "refused", "{text}");
    }
    let error = interview
        .answer(&PlaceRef::from("agee"), &AnswerInput::Clear)
        .unwrap_err();
    assert_eq!(error.code(), "no_place");
    assert_eq!(said(&interview, "age"), "42");
}

#[test]
fn an_interview_is_walked_from_first_to_last_screen() {
    let folder = tempfile::tempdir().unwrap();
    let (_world, client) = World::with_device(folder.path());
    let record = client.start("farm").unwrap();
    let mut interview = client.open_interview(&record).unwrap();
    let screen = interview.screen().unwrap();
    assert_eq!(screen.questions[0].name, "person");
    assert_eq!(interview.next().unwrap_err().code(), "refused");
    say(&mut interview, "person", "Sok");
    assert_eq!(interview.next().unwrap().questions[0].label, "Age of Sok?");
    let missing = AnswerInput::Missing("dont_know".into());
    let age = interview.answer(&PlaceRef::from("age"), &missing).unwrap();
    assert_eq!(age.answer.unwrap().missing.as_deref(), Some("dont_know"));
    let works = interview.next().unwrap();
    assert_eq!(works.questions[0].choices.len(), 2);
    say(&mut interview, "works", "n");
    let add = interview.next().unwrap();
    assert_eq!(
        (add.stop, add.add_row_at),
        (Stop::AddRow, Some(PlaceRef::from("goods")))
    );
    assert_eq!(interview.next().unwrap().stop, Stop::End);
    assert_eq!(interview.back().unwrap().stop, Stop::AddRow);
    let finished = interview.finish().unwrap();
    assert!(finished.is_finished);
    assert_eq!(interview.screen().unwrap_err().code(), "closed");
    let view = client.show(&record, None).unwrap();
    assert_eq!(view.interview.state, "submitted");
    let shown: Vec<&str> = view.answers.iter().map(|answer| answer.label.as_str()).collect();
    assert_eq!(shown, ["Name?", "Age of Sok?", "Works?"]);
    assert_eq!(view.answers[2].answer.as_ref().unwrap().shown, "No");
}

#[test]
fn an_unfinished_interview_says_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let (_world, client) = World::with_device(folder.path());
    let record = client.start("farm").unwrap();
    let mut interview = client.open_interview(&record).unwrap();
    let finished = interview.finish().unwrap();
    assert!(!finished.is_finished);
    let places: Vec<&str> = finished
        .problems
        .iter()
        .map(|problem| problem.at.0.as_str())
        .collect();
    assert_eq!(places, ["person", "works"]);
    assert!(interview.screen().is_ok());
}

#[test]
fn a_pause_makes_one_change_and_the_place_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    let record = client.start("farm").unwrap();
    let mut interview = client.open_interview(&record).unwrap();
    say(&mut interview, "person", "So");
    say(&mut interview, "person", "Sok");
    interview.next().unwrap();
    say(&mut interview, "age", "42");
    interview.pause().unwrap();
    assert_eq!(client.status().unwrap().n_unsent, 1);
    let again = client.open_interview(&record).unwrap();
    assert_eq!(again.screen().unwrap().questions[0].name, "age");
    drop(again);
    world.sync(&client);
    assert_eq!(world.record(id(&record)).len(), 1);
}

#[test]
fn an_interview_is_open_only_once() {
    let folder = tempfile::tempdir().unwrap();
    let (_world, client) = World::with_device(folder.path());
    let record = client.start("farm").unwrap();
    let mut interview = client.open_interview(&record).unwrap();
    assert_eq!(
        client.open_interview(&record).err().unwrap().code(),
        "already_open"
    );
    interview.pause().unwrap();
    let second = client.open_interview(&record).unwrap();
    drop(interview);
    assert_eq!(
        client.open_interview(&record).err().unwrap().code(),
        "already_open"
    );
    drop(second);
    client.open_interview(&record).unwrap();
}

#[test]
fn collecting_needs_no_token_and_no_line_for_ninety_days() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    world.office.lock().unwrap().tokens.clear();
    let mut records = Vec::new();
    for day in 0..90 {
        world
            .now_ms
            .fetch_add(86_400_000, std::sync::atomic::Ordering::SeqCst);
        records.push(id(&interviewed(&client, &format!("Person {day}"))));
    }
    let report = world.sync(&client);
    assert_eq!((report.n_sent, report.n_unsent), (90, 0));
    records.sort();
    assert_eq!(world.records(), records);
}

#[test]
fn a_record_is_found_by_the_beginning_of_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let (_world, client) = World::with_device(folder.path());
    let record = interviewed(&client, "Sok");
    assert_eq!(
        client
            .show(&record.0[..30].into(), None)
            .unwrap()
            .interview
            .record,
        record
    );
    assert_eq!(client.show(&"ffff".into(), None).unwrap_err().code(), "no_record");
    interviewed(&client, "Sao");
    assert_eq!(
        client.show(&record.0[..6].into(), None).unwrap_err().code(),
        "ambiguous_record"
    );
}

#[test]
fn a_new_interview_knows_what_the_last_finished_one_was_answered() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    world.publish(form(
        "
| settings |         |
|          | form_id |
|          | visit   |
| survey   |      |         |         |                       |
|          | type | name    | label   | default               |
|          | text | village | Village | ${last-saved#village} |
",
    ));
    world.sync(&client);
    let village = |finished: bool, typed: &str| {
        let record = client.start("visit").unwrap();
        let mut interview = client.open_interview(&record).unwrap();
        let before = said(&interview, "village");
        say(&mut interview, "village", typed);
        if finished {
            assert!(interview.finish().unwrap().is_finished);
        }
        before
    };
    assert_eq!(village(true, "Poipet"), "");
    assert_eq!(village(false, "Sisophon"), "Poipet");
    assert_eq!(
        village(true, "Battambang"),
        "Poipet",
        "the second is not finished"
    );
    assert_eq!(village(true, "Malai"), "Battambang");
}
