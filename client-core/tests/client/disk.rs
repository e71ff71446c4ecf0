//! Disks that are full, databases that are broken, newer, or in use.

use sampan_client_core::api::{AnswerInput, PlaceRef};

use crate::office::{World, id, said, say};

#[test]
fn a_full_disk_loses_nothing_and_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    let record = client.start("farm").unwrap();
    let mut interview = client.open_interview(&record).unwrap();
    say(&mut interview, "person", "Sok");
    client.limit_size(1).unwrap();
    let long = "ក".repeat(10_000);
    let error = interview
        .answer(&PlaceRef::from("person"), &AnswerInput::Text(long))
        .unwrap_err();
    assert_eq!(error.code(), "disk_full");
    assert!(error.advice().contains("Free some space"));
    assert_eq!(said(&interview, "person"), "Sok");
    client.limit_size(u64::MAX / 4).unwrap();
    say(&mut interview, "age", "42");
    say(&mut interview, "works", "n");
    assert!(interview.finish().unwrap().is_finished);
    world.sync(&client);
    assert_eq!(world.record(id(&record)).answers().count(), 4);
}

#[test]
fn a_folder_is_used_by_one_program_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let client = world.open(folder.path()).unwrap();
    assert_eq!(world.open(folder.path()).err().unwrap().code(), "in_use");
    drop(client);
    world.open(folder.path()).unwrap();
}

#[test]
fn a_broken_database_is_moved_aside_and_never_replaced_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    drop(client);
    let file = folder.path().join("device.db");
    let mut bytes = std::fs::read(&file).unwrap();
    for byte in bytes.iter_mut().skip(4096).take(8192) {
        *byte = 0xa5;
    }
    std::fs::write(&file, &bytes).unwrap();
    let error = world.open(folder.path()).err().unwrap();
    assert_eq!(error.code(), "damaged_database");
    assert!(!file.exists());
    let aside: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains("device.db.damaged-"))
        .filter(|path| !path.to_string_lossy().ends_with("-wal") && !path.to_string_lossy().ends_with("-shm"))
        .collect();
    assert_eq!(aside.len(), 1);
    assert_eq!(std::fs::read(&aside[0]).unwrap(), bytes);
    assert!(error.to_string().contains(&aside[0].display().to_string()));
    assert_eq!(
        world.open(folder.path()).err().unwrap().code(),
        "damaged_database"
    );
    assert!(!file.exists());
}
