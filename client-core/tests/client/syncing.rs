//! A device and its office over a line that is cut, copied folders, restored offices.

use sampan_client_core::api::{RecordRef, SyncOptions};
use sampan_client_core::client::Client;
use sampan_sync::receipt::{Generation, Position};

use crate::office::{FORM, Fault, World, form, id, interviewed, said, say};

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn what_was_collected_arrives_once_whatever_is_lost_on_the_way() {
    for faults in [
        vec![Fault::RequestLost],
        vec![Fault::ReplyLost],
        vec![Fault::ReplyLost, Fault::RequestLost, Fault::ReplyLost],
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (world, client) = World::with_device(folder.path());
        let records = [interviewed(&client, "Sok"), interviewed(&client, "Sao")];
        for fault in faults {
            world.fault(fault);
        }
        let report = world.sync(&client);
        assert_eq!((report.n_sent, report.n_unsent), (2, 0));
        assert_eq!(world.n_changes(), 2);
        assert_eq!(world.records(), records.map(|record| id(&record)));
        assert_eq!(world.sync(&client).n_sent, 0);
    }
}

#[test]
fn a_line_that_is_always_cut_ends_the_sync_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    interviewed(&client, "Sok");
    for _ in 0..6 {
        world.fault(Fault::RequestLost);
    }
    let error = client.sync(&SyncOptions::default()).unwrap_err();
    assert_eq!(error.code(), "line_cut");
    assert_eq!(client.status().unwrap().n_unsent, 1);
    assert_eq!(client.log(1).unwrap()[0].what, "failed");
    assert_eq!(world.sync(&client).n_sent, 1);
}

#[test]
fn an_interview_that_was_interrupted_reaches_the_office_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    let record = client.start("farm").unwrap();
    let mut interview = client.open_interview(&record).unwrap();
    say(&mut interview, "person", "Sok");
    // Open interviews are left alone …
    world.sync(&client);
    assert!(world.records().is_empty());
    say(&mut interview, "age", "42");
    // … interrupted ones are not.
    drop(interview);
    world.sync(&client);
    assert_eq!(world.record(id(&record)).answers().count(), 3);
    let interview = client.open_interview(&record).unwrap();
    assert_eq!(said(&interview, "age"), "42");
}

#[test]
fn a_copied_folder_loses_nothing_and_doubles_nothing() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (world, client) = World::with_device(one.path());
    let shared = interviewed(&client, "Before");
    world.sync(&client);
    let unsent = interviewed(&client, "In both");
    drop(client);
    copy(one.path(), two.path());
    let first = world.open(one.path()).unwrap();
    let second = world.open(two.path()).unwrap();
    let of_first = interviewed(&first, "First");
    let of_second = interviewed(&second, "Second");
    // The copy goes on with the interview that both have.
    let mut interview = second.reopen(&unsent).unwrap();
    say(&mut interview, "age", "30");
    interview.pause().unwrap();
    assert!(!world.sync(&first).took_new_incarnation);
    let report = world.sync(&second);
    assert!(report.took_new_incarnation);
    assert_eq!(report.n_unsent, 0);
    world.sync(&first);
    let mut expected = [shared, unsent.clone(), of_first, of_second].map(|record| id(&record));
    expected.sort();
    assert_eq!(world.records(), expected);
    let record = world.record(id(&unsent));
    assert_eq!(record.answers().count(), 4);
    assert!(record.conflicts().is_empty());
    for client in [&first, &second] {
        world.sync(client);
        assert_eq!(client.interviews().unwrap().len(), 4);
        let interview = client.open_interview(&unsent).unwrap();
        assert_eq!(said(&interview, "age"), "30");
    }
    // And both go on.
    interviewed(&first, "Later");
    interviewed(&second, "Later still");
    assert!(!world.sync(&first).took_new_incarnation);
    assert!(!world.sync(&second).took_new_incarnation);
    assert_eq!(world.records().len(), 6);
}

#[test]
fn a_restored_office_gets_everything_again() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    interviewed(&client, "Sok");
    world.sync(&client);
    let backup = world.office.lock().unwrap().memory.clone();
    interviewed(&client, "Sao");
    world.sync(&client);
    assert_eq!(world.records().len(), 2);
    world.office.lock().unwrap().memory = backup.restore(Generation(8));
    assert_eq!(world.records().len(), 1);
    let report = world.sync(&client);
    assert!(report.office_was_restored);
    assert_eq!(
        (report.n_unsent, world.records().len(), world.n_changes()),
        (0, 2, 2)
    );
    assert!(client.log(5).unwrap().iter().any(|line| line.what == "restored"));
}

#[test]
fn what_the_office_keeps_apart_is_shown_and_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    let person = world.office.lock().unwrap().people["one"];
    world.office.lock().unwrap().memory.barred.insert(person);
    let barred = interviewed(&client, "Sok");
    let report = world.sync(&client);
    assert_eq!((report.n_unsent, report.quarantined.len()), (0, 1));
    assert_eq!(report.quarantined[0].record, barred);
    assert_eq!(report.quarantined[0].title, "Sok");
    world.office.lock().unwrap().memory.barred.clear();
    let fine = interviewed(&client, "Sao");
    let report = world.sync(&client);
    assert_eq!((report.n_sent, report.quarantined.len()), (1, 0));
    assert_eq!(world.records(), [id(&fine)]);
    assert_eq!(
        client.quarantined().unwrap()[0].reason,
        "its author may not do this"
    );
    assert_eq!(client.status().unwrap().n_quarantined, 1);
    assert_eq!(world.n_quarantined(), 1);
}

#[test]
fn a_record_begun_under_an_old_version_goes_on_under_it() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    let old = client.start("farm").unwrap();
    let mut interview = client.open_interview(&old).unwrap();
    say(&mut interview, "person", "Sok");
    drop(interview);
    let newer = FORM
        .replace("Works?", "Has work?")
        .replace("| Farm     | 1", "| Farm     | 2");
    world.publish(form(&newer));
    world.sync(&client);
    let forms = client.forms().unwrap();
    assert_eq!((forms[0].label.as_str(), forms[0].is_ready), ("2", true));
    assert_eq!((forms[1].label.as_str(), forms[1].is_ready), ("1", false));
    let interview = client.open_interview(&old).unwrap();
    assert_eq!(interview.question(&"works".into()).unwrap().label, "Works?");
    let new = client.start("farm").unwrap();
    let interview = client.open_interview(&new).unwrap();
    assert_eq!(interview.question(&"works".into()).unwrap().label, "Has work?");
}

#[test]
fn a_form_is_ready_when_its_files_are_here() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let mut def = form(
        "| survey   |                            |         |       |
         |          | type                       | name    | label |
         |          | select_one_from_file p.csv | place   | Where? |
         | settings |                            |         |       |
         |          | form_id                    | version |       |
         |          | places                     | 1       |       |",
    );
    let mut csv = String::from("name,label\n");
    for number in 0..20_000 {
        csv.push_str(&format!("p{number},Place number {number} on the long list\n"));
    }
    def.external[0].content_hash = Some(world.attach(csv.as_bytes()).to_hex());
    world.publish(def);
    let client = world.enrolled(folder.path(), "one", "phone");
    // A small budget: the file comes in pieces, over several requests.
    let options = SyncOptions {
        budget_bytes: 64 * 1024,
        max_requests: 3,
    };
    assert_eq!(client.sync(&options).unwrap_err().code(), "no_end");
    assert_eq!(client.start("places").unwrap_err().code(), "form_not_ready");
    let options = SyncOptions {
        budget_bytes: 64 * 1024,
        ..SyncOptions::default()
    };
    client.sync(&options).unwrap();
    let record = client.start("places").unwrap();
    let mut interview = client.open_interview(&record).unwrap();
    say(&mut interview, "place", "p19999");
    let shown = interview.question(&"place".into()).unwrap().answer.unwrap().shown;
    assert_eq!(shown, "Place number 19999 on the long list");
}

/// An interview that can be finished and is not.
fn begun(client: &Client) -> RecordRef {
    let record = client.start("farm").unwrap();
    let mut interview = client.open_interview(&record).unwrap();
    say(&mut interview, "person", "Sok");
    say(&mut interview, "works", "n");
    interview.pause().unwrap();
    record
}

#[test]
fn two_people_in_one_record_make_a_conflict_that_both_see() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (world, first) = World::with_device(one.path());
    let second = world.enrolled(two.path(), "two", "other phone");
    let record = begun(&first);
    world.sync(&first);
    world.show("two", id(&record));
    world.sync(&second);
    for (client, age) in [(&first, "41"), (&second, "42")] {
        let mut interview = client.open_interview(&record).unwrap();
        say(&mut interview, "age", age);
        interview.finish().unwrap();
    }
    world.sync(&first);
    world.sync(&second);
    world.sync(&first);
    for client in [&first, &second] {
        assert_eq!(client.interviews().unwrap()[0].n_conflicts, 1);
        let view = client.show(&record, None).unwrap();
        let age = &view.answers[1];
        let mut values: Vec<String> = age
            .conflict
            .iter()
            .map(|written| written.answer.clone().unwrap().text)
            .collect();
        values.sort();
        assert_eq!(values, ["41", "42"]);
    }
    // Saying the shown answer once more settles it.
    let mut interview = first.reopen(&record).unwrap();
    let shown = said(&interview, "age");
    say(&mut interview, "age", &shown);
    assert!(interview.question(&"age".into()).unwrap().conflict.is_empty());
    interview.finish().unwrap();
    world.sync(&first);
    assert!(world.record(id(&record)).conflicts().is_empty());
}

#[test]
fn what_was_not_seen_is_not_overwritten_after_a_kill() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (world, first) = World::with_device(one.path());
    let second = world.enrolled(two.path(), "two", "other phone");
    let record = begun(&first);
    world.sync(&first);
    world.show("two", id(&record));
    world.sync(&second);
    let mut interview = first.open_interview(&record).unwrap();
    say(&mut interview, "age", "41");
    let mut other = second.open_interview(&record).unwrap();
    say(&mut other, "age", "42");
    other.pause().unwrap();
    world.sync(&second);
    // The first device hears of it while its interview is open, and is killed.
    world.sync(&first);
    drop(interview);
    let interview = first.open_interview(&record).unwrap();
    assert_eq!(interview.question(&"age".into()).unwrap().conflict.len(), 2);
}

#[test]
fn a_backup_is_heard_of() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    interviewed(&client, "Sok");
    world.office.lock().unwrap().memory.backed_up_through = Position(1);
    let report = world.sync(&client);
    assert!(report.office_clock_ahead_ms.is_some());
}

#[test]
fn interviews_and_syncs_at_the_same_time_do_not_disturb_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    let client = std::sync::Arc::new(client);
    let syncing = {
        let (world, client) = (world.clone(), std::sync::Arc::clone(&client));
        std::thread::spawn(move || {
            for _ in 0..30 {
                world.sync(&client);
            }
        })
    };
    let mut records: Vec<_> = (0..20)
        .map(|number| {
            let record = client.start("farm").unwrap();
            let mut interview = client.open_interview(&record).unwrap();
            say(&mut interview, "person", &format!("Person {number}"));
            if number % 2 == 0 {
                interview.pause().unwrap();
                interview = client.open_interview(&record).unwrap();
            }
            say(&mut interview, "works", "n");
            interview.finish().unwrap();
            id(&record)
        })
        .collect();
    syncing.join().unwrap();
    world.sync(&client);
    records.sort();
    assert_eq!(world.records(), records);
    for record in records {
        assert_eq!(world.record(record).answers().count(), 3);
        assert!(world.record(record).conflicts().is_empty());
    }
    assert_eq!(world.n_quarantined(), 0);
}
