//! Somebody withdraws consent: the words are gone from every file of the office and of the devices.

use std::path::Path;

use sampan_acceptance::acts;

use crate::world::{World, correct, stall, sync};

const CANARY: &str = "Sokunthea of the canary bridge";

/// The files below a folder in which these words stand, whatever their case.
fn files_with(folder: &Path, words: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files_with(&path, words));
            continue;
        }
        let bytes = std::fs::read(&path).expect("a file").to_ascii_lowercase();
        let words = words.to_ascii_lowercase();
        if bytes
            .windows(words.len())
            .any(|window| window == words.as_bytes())
        {
            found.push(path.display().to_string());
        }
    }
    found
}

fn erase(world: &mut World, record: &str) {
    let page = acts::open(&mut world.admin, record).expect("its page");
    let form = page
        .form(&format!("/interviews/{record}/erase"))
        .expect("an admin may erase");
    let page = world
        .admin
        .submit(&form, &[("reason", "consent withdrawn"), ("sure", "yes")])
        .expect("an answer");
    assert_eq!(page.status, 200, "{}", page.plain());
}

#[test]
fn erased_words_stand_in_no_file_of_the_office_and_of_no_device_after_its_next_sync() {
    let mut world = World::new();
    let dara = world.device("dara", "dara-phone");
    let other = world.device("dara", "dara-tablet");
    let late = world.device("dara", "dara-old-phone");
    for number in 0..10 {
        stall(&dara, &format!("somebody else {number}"), number);
    }
    let record = stall(&dara, CANARY, 1000);
    correct(&dara, &record, "remark", CANARY);
    for client in [&dara, &other, &late] {
        sync(client);
    }
    // Written before the old phone hears of the erasure, and brought after it.
    correct(&late, &record, "remark", &format!("{CANARY}, again"));
    // An interview that is open while the erasure comes.
    let mut open = other.reopen(&record).expect("opened");
    open.answer(
        &"remark".into(),
        &sampan_client_core::api::AnswerInput::Text(format!("{CANARY}, in the journal")),
    )
    .expect("answered");
    drop(open);

    erase(&mut world, &record.0);
    for client in [&dara, &late, &other] {
        sync(client);
        sync(client);
    }
    for place in ["office", "dara-phone", "dara-tablet", "dara-old-phone"] {
        assert_eq!(
            files_with(&world.place(place), CANARY),
            Vec::<String>::new(),
            "{place}"
        );
    }
    assert_eq!(
        world
            .csv("stall")
            .iter()
            .filter(|row| row["seller"].contains("else"))
            .count(),
        10
    );
    let fresh = world.device("dara", "dara-new-phone");
    sync(&fresh);
    assert_eq!(fresh.interviews().expect("a list").len(), 11);
    assert_eq!(
        files_with(&world.place("dara-new-phone"), CANARY),
        Vec::<String>::new()
    );
    sampan_acceptance::office::Office::command(world.office.folder(), &["verify"]).expect("sound");
}
