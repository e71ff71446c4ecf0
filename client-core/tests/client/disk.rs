//! Disks that are full, databases that are broken, newer, or in use.

use sampan_client_core::api::{AnswerInput, PlaceRef};

use std::io::Write;
use std::path::Path;
use std::process::Command;

use crate::office::{FORM, World, form, id, said, say};

/// A small disk of its own; None where this user may not mount one.
struct SmallDisk<'a>(&'a Path);

impl SmallDisk<'_> {
    fn at(folder: &Path) -> Option<SmallDisk<'_>> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"])
            .arg(folder)
            .output();
        mounted
            .is_ok_and(|output| output.status.success())
            .then_some(SmallDisk(folder))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[test]
fn on_a_full_disk_the_open_interview_is_saved_in_the_space_held_back_and_the_person_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::at(folder.path()) else {
        println!("skipped: this user may not mount a small disk");
        return;
    };
    let device = disk.0.join("device");
    let world = World::new();
    world.publish(form(FORM));
    let client = world.enrolled(&device, "one", "Srey");
    world.sync(&client);
    assert!(!client.status().unwrap().is_disk_full);
    let record = client.start("farm").unwrap();
    let mut interview = client.open_interview(&record).unwrap();

    let filler = disk.0.join("music");
    let mut file = std::fs::File::create(&filler).unwrap();
    while file.write_all(&[7; 4096]).is_ok() {}
    while file.write_all(&[7]).is_ok() {}
    drop(file);
    let long = "ក".repeat(10_000);
    say(&mut interview, "person", &long);
    assert!(
        client.status().unwrap().is_disk_full,
        "the space held back was needed"
    );
    say(&mut interview, "works", "n");
    assert!(interview.finish().unwrap().is_finished);
    drop(interview);
    assert_eq!(
        std::fs::read_dir(device.join("sealed")).unwrap().count(),
        1,
        "as a file of its own too"
    );
    drop(client);
    let client = world.open(&device).unwrap();
    assert!(client.status().unwrap().is_disk_full, "it stays said");
    assert!(client.log(10).unwrap().iter().any(|line| line.what == "full"));

    std::fs::remove_file(&filler).unwrap();
    world.sync(&client);
    assert!(!client.status().unwrap().is_disk_full, "held back again");
    let answered = world.record(id(&record));
    assert_eq!(answered.answers().count(), 3);
    drop(client);
}

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
