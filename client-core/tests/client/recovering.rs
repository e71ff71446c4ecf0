//! Sealed files, and devices made of them.

use std::path::Path;

use sampan_client_core::client::Client;
use sampan_client_core::platform::Platform;
use sampan_store::sealed::{Sealed, list};
use sampan_sync::receipt::Position;

use crate::office::{World, id, interviewed, say};

fn sealed(folder: &Path) -> Vec<Sealed> {
    let paths = list(&folder.join("sealed")).unwrap();
    paths
        .iter()
        .map(|path| Sealed::read(path).unwrap().unwrap())
        .collect()
}

fn recovered(world: &World, from: &Path, to: &Path) -> Client {
    let view = Client::recover(from, to, Platform::system()).unwrap();
    assert!(view.damaged.is_empty(), "{view:?}");
    let client = world.open(to).unwrap();
    // A link for the same person as before.
    client
        .enroll(&world.code_of("one", "next"), "Srey, again")
        .unwrap();
    client
}

#[test]
fn a_finished_interview_is_a_file_when_finish_returns_until_a_backup_covers_it() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    let record = interviewed(&client, "Sok");
    let files = sealed(folder.path());
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].record, id(&record));
    let first = files[0].changes.len();
    assert!(files[0].changes[0].record_key.is_some(), "it can be read alone");

    let mut again = client.reopen(&record).unwrap();
    say(&mut again, "age", "43");
    assert!(again.finish().unwrap().is_finished);
    drop(again);
    assert_eq!(sealed(folder.path())[0].changes.len(), first + 1);

    world.sync(&client);
    assert_eq!(sealed(folder.path()).len(), 1, "no backup yet");
    drop(client);
    std::fs::remove_file(list(&folder.path().join("sealed")).unwrap().remove(0)).unwrap();
    let client = world.open(folder.path()).unwrap();
    assert_eq!(
        sealed(folder.path()).len(),
        1,
        "a missing file is written at the start"
    );

    world.office.lock().unwrap().memory.backed_up_through = Position(1_000_000);
    world.sync(&client);
    assert!(sealed(folder.path()).is_empty(), "covered");
    let later = interviewed(&client, "Chan");
    world.office.lock().unwrap().memory.backed_up_through = Position(0);
    assert_eq!(sealed(folder.path())[0].record, id(&later));
}

#[test]
fn a_lost_device_comes_back_from_its_files_and_the_office_has_each_change_once() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(&folder.path().join("lost"));
    let one = interviewed(&client, "Sok");
    let two = interviewed(&client, "Chan");
    world.sync(&client);
    let n_synced = world.n_changes();
    let three = interviewed(&client, "Dara");
    let mut again = client.reopen(&one).unwrap();
    say(&mut again, "age", "44");
    assert!(again.finish().unwrap().is_finished);
    drop(again);
    drop(client);
    for name in ["device.db", "device.db-wal", "device.db-shm"] {
        let _ = std::fs::remove_file(folder.path().join("lost").join(name));
    }

    let client = recovered(&world, &folder.path().join("lost"), &folder.path().join("new"));
    assert_eq!(
        client.interviews().unwrap().len(),
        3,
        "they are seen before the sync"
    );
    let early = client.reopen(&one).err().unwrap();
    assert_eq!(early.code(), "cannot_open");
    world.sync(&client);
    assert_eq!(world.records().len(), 3);
    assert_eq!(world.n_changes(), n_synced + 2, "what it lacked, once");
    assert_eq!(world.n_quarantined(), 0);
    let kept = world.record(id(&one));
    assert!(
        kept.conflicts().is_empty(),
        "the correction knew what it corrected"
    );
    assert_eq!(client.status().unwrap().n_unsent, 0);

    // The files are taken again, to a third device: the office knows it all, under whatever name.
    let third = recovered(&world, &folder.path().join("lost"), &folder.path().join("third"));
    world.sync(&third);
    assert_eq!(world.n_changes(), n_synced + 2);
    assert_eq!(third.status().unwrap().n_unsent, 0);
    for record in [&one, &two, &three] {
        let mut again = third.reopen(record).unwrap();
        say(&mut again, "age", "50");
        assert!(again.finish().unwrap().is_finished, "work goes on");
    }
    world.sync(&third);
    assert_eq!(world.n_quarantined(), 0);
    for record in [&one, &two, &three] {
        assert!(world.record(id(record)).conflicts().is_empty());
    }
}

#[test]
fn damaged_files_are_named_and_the_others_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(&folder.path().join("lost"));
    interviewed(&client, "Sok");
    interviewed(&client, "Chan");
    drop(client);
    let from = folder.path().join("lost/sealed");
    let bad = list(&from).unwrap().remove(0);
    let mut bytes = std::fs::read(&bad).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&bad, bytes).unwrap();
    let view = Client::recover(&from, &folder.path().join("new"), Platform::system()).unwrap();
    assert_eq!(view.records.len(), 1);
    assert_eq!(view.damaged.len(), 1);
    assert_eq!(view.damaged[0].path, bad);
    let used = Client::recover(&from, &folder.path().join("new"), Platform::system());
    assert!(used.is_err(), "a used folder is left alone");
    let empty = Client::recover(
        &folder.path().join("none"),
        &folder.path().join("x"),
        Platform::system(),
    );
    assert_eq!(empty.unwrap_err().code(), "nothing_sealed");
    assert_eq!(
        world
            .open(&folder.path().join("new"))
            .unwrap()
            .interviews()
            .unwrap()
            .len(),
        1
    );
}
