//! Interviews opened again after they were finished, and interviews moved to a newer version of their form.

use sampan_client_core::api::{AnswerInput, MoveView, PlaceRef, RecordRef};
use sampan_client_core::client::Client;
use sampan_record::op::{Decision, Op};
use sampan_record::review::{ReviewState, review};

use crate::office::{FORM, World, form, id, interviewed, said, say};

fn decide(world: &World, record: &RecordRef, decision: Decision) {
    let covers = world.record(id(record)).context();
    let op = Op::Decide {
        decision,
        note: None,
        covers,
    };
    world.supervise(id(record), &[op]);
}

fn state(client: &Client, record: &RecordRef) -> String {
    client.show(record, None).unwrap().interview.state
}

#[test]
fn a_finished_interview_opens_again_only_knowingly_and_waits_to_be_finished_again() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    for is_synced in [false, true] {
        let record = interviewed(&client, "Sok");
        if is_synced {
            world.sync(&client);
        }
        let refused = client.open_interview(&record).err().unwrap();
        assert_eq!(refused.code(), "finished");
        assert!(refused.advice().contains("reopen"), "{}", refused.advice());
        // Looking again writes nothing.
        drop(client.reopen(&record).unwrap());
        assert_eq!(state(&client, &record), "submitted");
        let mut interview = client.reopen(&record).unwrap();
        say(&mut interview, "works", "y");
        interview.pause().unwrap();
        assert_eq!(state(&client, &record), "draft");
        assert_eq!(client.status().unwrap().n_open, 1);
        world.sync(&client);
        // From now on it goes on as any other, and what is required is required again.
        let mut interview = client.open_interview(&record).unwrap();
        interview.answer(&"person".into(), &AnswerInput::Clear).unwrap();
        let finish = interview.finish().unwrap();
        assert!(!finish.is_finished);
        assert_eq!(finish.problems[0].at, PlaceRef::from("person"));
        say(&mut interview, "person", "Sok Dara");
        assert!(interview.finish().unwrap().is_finished);
        world.sync(&client);
        let office = world.record(id(&record));
        assert_eq!(
            (review(&office).state, office.submits().len()),
            (ReviewState::Submitted, 2)
        );
        let history = client.show(&record, None).unwrap().history;
        let last = history.last().unwrap().sentence.as_str();
        assert_eq!(last, "Finished the interview again.");
    }
}

#[test]
fn an_approved_interview_that_is_changed_is_not_covered_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    let record = interviewed(&client, "Sok");
    world.sync(&client);
    decide(&world, &record, Decision::Approve);
    world.sync(&client);
    assert_eq!(client.open_interview(&record).err().unwrap().code(), "finished");
    let mut interview = client.reopen(&record).unwrap();
    say(&mut interview, "age", "40");
    assert!(interview.finish().unwrap().is_finished);
    world.sync(&client);
    assert_eq!(
        review(&world.record(id(&record))).state,
        ReviewState::ChangedSinceApproval
    );
    decide(&world, &record, Decision::Reject);
    world.sync(&client);
    assert_eq!(client.reopen(&record).err().unwrap().code(), "cannot_open");
}

/// `age` is a short text, a choice of `works` is gone, and so is `person`; `village` is new and needed.
fn second_version() -> String {
    FORM.replace("| integer          | age", "| text             | age")
        .replace(". < 120", "string-length(.) < 3")
        .replace(
            "| text             | person   | Name?           | yes",
            "| text             | village  | Village?        | yes",
        )
        .replace("Age of ${person}?", "Age?")
        .replace("| ${person} |", "| ${village} |")
        .replace(
            "| yesno            | n        | No ",
            "| yesno            | no       | No ",
        )
        .replace("| Farm     | 1", "| Farm     | 2")
}

fn what(view: &MoveView) -> Vec<(String, String)> {
    view.lines
        .iter()
        .map(|line| (line.at.0.clone(), line.what.clone()))
        .collect()
}

#[test]
fn a_draft_moves_to_the_newer_version_with_a_report_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    let record = client.start("farm").unwrap();
    let mut interview = client.open_interview(&record).unwrap();
    for (at, text) in [("person", "Sok"), ("age", "112"), ("works", "n")] {
        say(&mut interview, at, text);
    }
    let row = interview.add_row(&"goods".into()).unwrap();
    say(&mut interview, &format!("{row}/good"), "Rice");
    assert_eq!(
        client.preview_move(&record).unwrap_err().code(),
        "no_newer_version"
    );
    world.publish(form(&second_version()));
    world.sync(&client);
    assert_eq!(client.move_interview(&record).unwrap_err().code(), "already_open");
    drop(interview);
    assert_eq!(
        client.interviews().unwrap()[0].newer_version.as_deref(),
        Some("2")
    );

    let preview = client.preview_move(&record).unwrap();
    assert!(!preview.is_moved);
    assert_eq!(state(&client, &record), "draft");
    let moved = client.move_interview(&record).unwrap();
    assert!(moved.is_moved);
    assert_eq!(
        (&moved.lines, moved.n_carried),
        (&preview.lines, preview.n_carried)
    );
    assert_eq!(
        (moved.from_version.as_str(), moved.to_version.as_str()),
        ("1", "2")
    );
    let found = what(&moved);
    for (at, word) in [
        ("age", "converted"),
        ("age", "constraint_broken"),
        ("works", "choice_gone"),
        ("village", "required"),
        ("person", "kept"),
    ] {
        assert!(
            found.contains(&(at.into(), word.into())),
            "{at} {word}: {found:?}"
        );
    }
    let person = moved.lines.iter().find(|line| line.at.0 == "person").unwrap();
    assert_eq!(person.answer.as_deref(), Some("Sok"));
    assert_eq!(client.interviews().unwrap()[0].newer_version, None);

    let mut interview = client.open_interview(&record).unwrap();
    assert_eq!(
        (said(&interview, "age"), said(&interview, &format!("{row}/good"))),
        ("112".into(), "Rice".into())
    );
    assert!(!interview.finish().unwrap().is_finished);
    for (at, text) in [("age", "12"), ("works", "no"), ("village", "Kep")] {
        say(&mut interview, at, text);
    }
    assert!(interview.finish().unwrap().is_finished);
    assert_eq!(client.preview_move(&record).unwrap_err().code(), "finished");
    world.sync(&client);
    let office = world.record(id(&record));
    assert_eq!(office.form().unwrap(), world.publish(form(&second_version())));
    let person = office.answers().find(|(at, _)| at.question.as_str() == "person");
    assert!(person.is_some(), "what does not fit stays in the record");
    let sentences: Vec<String> = client
        .show(&record, None)
        .unwrap()
        .history
        .into_iter()
        .map(|line| line.sentence)
        .collect();
    assert!(
        sentences.iter().any(|line| line.contains("another version")),
        "{sentences:?}"
    );
}

#[test]
fn answers_given_under_the_old_version_while_another_phone_moved_it_are_kept_and_merged() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    let record = client.start("farm").unwrap();
    let mut interview = client.open_interview(&record).unwrap();
    say(&mut interview, "person", "Sok");
    interview.pause().unwrap();
    world.sync(&client);
    // Answered here under the first version, kept in the journal.
    let mut interview = client.open_interview(&record).unwrap();
    say(&mut interview, "age", "33");
    say(&mut interview, "works", "y");
    say(&mut interview, "employer", "The mill");
    let version = world.publish(form(&second_version()));
    world.supervise(id(&record), &[Op::MoveToVersion { form: version }]);
    world.sync(&client);
    drop(interview);
    let interview = client.open_interview(&record).unwrap();
    assert_eq!(interview.form().unwrap().def().version, "2");
    for (at, text) in [("age", "33"), ("works", "y"), ("employer", "The mill")] {
        assert_eq!(said(&interview, at), text);
    }
    drop(interview);
    world.sync(&client);
    let office = world.record(id(&record));
    assert_eq!(office.form(), Some(version));
    assert_eq!(
        office
            .answers()
            .filter(|(at, _)| ["age", "works", "employer"].contains(&at.question.as_str()))
            .count(),
        3
    );
    assert_eq!(world.n_quarantined(), 0);
}
