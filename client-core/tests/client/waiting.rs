//! A device that could not sync: when it tries again, what it says, and that it never storms.

use sampan_client_core::api::SyncOptions;
use std::sync::atomic::Ordering;

use crate::office::{Fault, World, interviewed};

#[test]
fn a_busy_office_is_not_called_before_the_time_it_said_except_by_a_person() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    interviewed(&client, "Sok");
    assert_eq!(client.waiting().unwrap(), None);
    world.fault(Fault::Busy(60));
    let error = client.sync(&SyncOptions::default()).unwrap_err();
    assert_eq!(error.code(), "office_busy");
    let waiting = client.status().unwrap().waiting.unwrap();
    assert!(!waiting.needs_person);
    assert!(
        (59_000..=75_000).contains(&waiting.left_ms),
        "{}",
        waiting.left_ms
    );
    assert_eq!(waiting.error.code, "office_busy");

    // Work in the background may ask as often as it likes.
    let n_before = world.office.lock().unwrap().n_requests;
    for _ in 0..100 {
        let none = client.sync_when_due(&SyncOptions::default(), &|_| {}).unwrap();
        assert_eq!(none, None);
    }
    assert_eq!(world.office.lock().unwrap().n_requests, n_before);
    // A restart does not forget it, and the time comes.
    drop(client);
    let client = world.open(folder.path()).unwrap();
    assert!(client.waiting().unwrap().unwrap().left_ms > 50_000);
    world.now_ms.fetch_add(75_000, Ordering::SeqCst);
    let report = client
        .sync_when_due(&SyncOptions::default(), &|_| {})
        .unwrap()
        .unwrap();
    assert_eq!(report.n_sent, 1);
    assert_eq!(client.waiting().unwrap(), None);

    // A person is served at once.
    world.fault(Fault::Busy(600));
    client.sync(&SyncOptions::default()).unwrap_err();
    assert_eq!(world.sync(&client).n_unsent, 0);
    assert_eq!(client.waiting().unwrap(), None);
}

#[test]
fn a_dead_line_gets_few_requests_a_day_and_every_failure_counts() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    interviewed(&client, "Sok");
    let n_before = world.office.lock().unwrap().n_requests;
    let end_ms = world.now_ms.load(Ordering::SeqCst) + 24 * 60 * 60 * 1_000;
    while world.now_ms.load(Ordering::SeqCst) < end_ms {
        for _ in 0..5 {
            world.fault(Fault::RequestLost);
        }
        // An impatient program asks every second.
        let _ = client.sync_when_due(&SyncOptions::default(), &|_| {});
        world.office.lock().unwrap().faults.clear();
        world.now_ms.fetch_add(20_000, Ordering::SeqCst);
    }
    let n_requests = world.office.lock().unwrap().n_requests - n_before;
    assert!((40..400).contains(&n_requests), "{n_requests} requests in a day");
    assert!(client.waiting().unwrap().unwrap().n_failures > 10);
    assert_eq!(world.sync(&client).n_sent, 1);
}

#[test]
fn a_clock_set_back_for_years_does_not_keep_a_device_waiting_for_years() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    interviewed(&client, "Sok");
    world.fault(Fault::Busy(60));
    client.sync(&SyncOptions::default()).unwrap_err();
    world.now_ms.store(1_000_000, Ordering::SeqCst);
    assert!(client.waiting().unwrap().unwrap().left_ms <= 75_000);
    world.now_ms.fetch_add(76_000, Ordering::SeqCst);
    assert_eq!(client.waiting().unwrap().unwrap().left_ms, 0);
    let report = client.sync_when_due(&SyncOptions::default(), &|_| {}).unwrap();
    assert_eq!(report.unwrap().n_sent, 1);
}

#[test]
fn what_only_a_person_can_put_right_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    for (fault, needs_person, code) in [
        (Fault::Portal, true, "captive_portal"),
        (Fault::Foreign, true, "certificate_unknown"),
        (Fault::No(403, "revoked"), true, "office_refused"),
        (Fault::No(507, "disk_full"), false, "office_refused"),
        (Fault::No(500, "office_failed"), false, "office_refused"),
        (Fault::Busy(5), false, "office_busy"),
    ] {
        world.fault(fault);
        client.sync(&SyncOptions::default()).unwrap_err();
        let waiting = client.waiting().unwrap().unwrap();
        assert_eq!(
            (waiting.needs_person, waiting.error.code.as_str()),
            (needs_person, code)
        );
    }
}

#[test]
fn an_office_of_another_version_says_who_is_to_be_updated_and_all_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    interviewed(&client, "Sok");
    for (oldest, newest, code, word) in [
        (7, 9, "update_app", "newer app"),
        (0, 0, "update_office", "supervisor"),
    ] {
        world.fault(Fault::Versions(oldest, newest));
        let error = client.sync(&SyncOptions::default()).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.advice().contains(word), "{}", error.advice());
        assert!(client.waiting().unwrap().unwrap().needs_person);
        assert_eq!(client.status().unwrap().n_unsent, 1);
    }
    // One that shares a version is written to in it.
    world.fault(Fault::Versions(0, 1));
    assert_eq!(world.sync(&client).n_sent, 1);
}
