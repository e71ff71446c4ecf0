//! What a call says is saved is committed when it returns: another connection to the database sees it.

use std::path::Path;

use sampan_client_core::api::{AnswerInput, PlaceRef};
use sampan_store::open::open_reader;

use crate::office::{World, say};

/// Journal rows, changes, and a text of the interview's own row, as somebody else reads them.
fn seen(folder: &Path) -> (i64, i64, String) {
    let reader = open_reader(&folder.join("device.db")).unwrap();
    reader
        .query_row(
            "SELECT (SELECT count(*) FROM journal), (SELECT count(*) FROM changes),
               (SELECT coalesce(position, '') FROM interviews)",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap()
}

#[test]
fn every_call_that_saves_has_committed_when_it_returns() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (_world, client) = World::with_device(folder);
    let journal = || seen(folder).0;
    let changes = || seen(folder).1;

    let record = client.start("farm").unwrap();
    assert_eq!((journal(), changes()), (1, 0), "begun");
    let mut open = client.open_interview(&record).unwrap();
    let mut n = journal();
    let mut grows = |what: &str| {
        let now = journal();
        assert!(now > n, "{what} is in the journal");
        n = now;
    };
    say(&mut open, "person", "Sok");
    grows("an answer");
    say(&mut open, "works", "n");
    grows("a choice");
    let row = open.add_row(&PlaceRef::from("goods")).unwrap();
    grows("a row");
    say(&mut open, &format!("{row}/good"), "rice");
    grows("an answer in a row");
    open.remove_row(&row).unwrap();
    grows("a row taken away");
    open.answer(&PlaceRef::from("age"), &AnswerInput::Text("41".into()))
        .unwrap();
    grows("a number");
    let refused = open.answer(&PlaceRef::from("age"), &AnswerInput::Text("200".into()));
    assert_eq!(refused.unwrap_err().code(), "refused");
    assert_eq!(journal(), n, "what was refused is not");

    open.pause().unwrap();
    assert_eq!((journal(), changes()), (0, 1), "paused");
    assert!(!seen(folder).2.is_empty(), "with its place");
    drop(open);
    let mut open = client.open_interview(&record).unwrap();
    say(&mut open, "age", "42");
    assert!(open.finish().unwrap().is_finished);
    assert_eq!((journal(), changes()), (0, 2), "finished");
    drop(open);
    let mut open = client.reopen(&record).unwrap();
    assert_eq!(changes(), 2, "looking alone writes nothing");
    say(&mut open, "age", "43");
    assert_eq!(journal(), 1, "an answer after reopening");
    assert!(open.finish().unwrap().is_finished);
    assert_eq!((journal(), changes()), (0, 3), "finished again");
}
