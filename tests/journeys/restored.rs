//! The office's machine dies, and an old backup takes its place: what devices hold brings back the rest.

use std::collections::BTreeSet;
use std::path::Path;

use sampan_acceptance::acts;
use sampan_acceptance::enumerator;
use sampan_acceptance::office::Office;
use sampan_client_core::client::Client;

use crate::cloned::copy as copy_folder;
use crate::world::{World, answer_on, correct, stall, sync};

/// A backup of the running office in a folder beside it.
fn backup(world: &World, name: &str) -> std::path::PathBuf {
    let to = world.place(name);
    let text = to.display().to_string();
    Office::command(world.office.folder(), &["backup", "--to", &text]).expect("a backup");
    to
}

/// The office dies and is restored from a backup into a new folder, at the same address.
fn restore(world: &mut World, from: &Path, name: &str) {
    let port = world.office.address().port();
    world.office.kill();
    let folder = world.place(name);
    let text = from.display().to_string();
    Office::command(&folder, &["restore", "--from", &text]).expect("restored");
    world.office = Office::start(&folder, port).expect("the restored office runs");
    world.admin = acts::sign_in(&world.office, "admin").expect("the admin signs in");
}

fn sellers(world: &mut World) -> Vec<String> {
    let mut sellers: Vec<String> = world
        .csv("stall")
        .into_iter()
        .map(|row| row["seller"].clone())
        .collect();
    sellers.sort_unstable();
    sellers
}

fn verify(world: &World) {
    Office::command(world.office.folder(), &["verify"]).expect("the office's database is sound");
}

#[test]
fn an_office_restored_from_an_old_backup_gets_everything_back_within_two_syncs() {
    let mut world = World::new();
    let dara = world.device("dara", "dara-phone");
    let thida = world.device("thida", "thida-phone");
    let early = stall(&dara, "before the backup", 1000);
    sync(&dara);
    let copy = backup(&world, "backup");

    let approved = stall(&dara, "approved after the backup", 1100);
    let returned = stall(&thida, "returned after the backup", 1200);
    correct(&dara, &early, "remark", "said after the backup");
    sync(&dara);
    sync(&thida);
    let mut supervisor = world.supervisor();
    acts::decide(&mut supervisor, &approved.0, "approve", "", &[]).expect("approved");
    acts::decide(
        &mut supervisor,
        &returned.0,
        "return",
        "Ask again",
        &[("Price of a kilogram of rice", "Is this per kilogram?")],
    )
    .expect("returned");
    sync(&dara);
    sync(&thida);
    let unsent = stall(&dara, "not sent yet", 1300);

    restore(&mut world, &copy, "restored");
    assert_eq!(sellers(&mut world), ["before the backup"]);
    for client in [&dara, &thida] {
        let report = sync(client);
        assert!(report.office_was_restored);
    }
    for client in [&dara, &thida] {
        let report = sync(client);
        assert!(!report.office_was_restored, "told once");
    }
    let all = [
        "approved after the backup",
        "before the backup",
        "not sent yet",
        "returned after the backup",
    ];
    assert_eq!(sellers(&mut world), all);
    let mut supervisor = world.supervisor();
    let page = acts::open(&mut supervisor, &approved.0).expect("its page");
    assert!(page.plain().contains("Approved"), "{}", page.plain());
    let page = acts::open(&mut supervisor, &returned.0).expect("its page");
    assert!(page.plain().contains("Is this per kilogram?"), "{}", page.plain());
    for client in [&dara, &thida] {
        assert_eq!(
            client.quarantined().expect("a list").len(),
            0,
            "nothing of it is suspect"
        );
    }
    assert_eq!(
        answer_on(&dara, &early, "remark").as_deref(),
        Some("said after the backup")
    );
    assert_eq!(
        page_count(&mut world, "conflict"),
        0,
        "nothing contradicts itself"
    );
    verify(&world);

    // Life goes on, on both sides.
    correct(&thida, &returned, "price", "1250");
    sync(&thida);
    acts::decide(&mut supervisor, &returned.0, "approve", "", &[]).expect("approved");
    sync(&thida);
    assert_eq!(
        thida.show(&returned, None).expect("shown").interview.state,
        "approved"
    );
    assert!(answer_on(&dara, &unsent, "price").is_some());
    let n_before = dara.interviews().expect("a list").len();
    sync(&dara);
    assert_eq!(dara.interviews().expect("a list").len(), n_before);
    verify(&world);
}

fn page_count(world: &mut World, heading: &str) -> usize {
    let rows = world.csv("stall");
    rows.iter()
        .filter(|row| {
            row.iter()
                .any(|(name, cell)| name.contains(heading) && !cell.is_empty() && cell != "0")
        })
        .count()
}

#[test]
fn an_office_restored_twice_from_the_same_backup_still_ends_complete() {
    let mut world = World::new();
    let dara = world.device("dara", "dara-phone");
    stall(&dara, "one", 1);
    sync(&dara);
    let copy = backup(&world, "backup");
    stall(&dara, "two", 2);
    sync(&dara);
    restore(&mut world, &copy, "first");
    stall(&dara, "three", 3);
    sync(&dara);
    restore(&mut world, &copy, "second");
    stall(&dara, "four", 4);
    sync(&dara);
    sync(&dara);
    assert_eq!(sellers(&mut world), ["four", "one", "three", "two"]);
    verify(&world);
}

#[test]
fn a_device_enrolled_after_the_backup_is_enrolled_again_and_brings_its_work() {
    let mut world = World::new();
    let dara = world.device("dara", "dara-phone");
    stall(&dara, "one", 1);
    sync(&dara);
    let copy = backup(&world, "backup");
    let thida = world.device("thida", "thida-phone");
    let record = stall(&thida, "two", 2);
    sync(&thida);
    let mut supervisor = world.supervisor();
    acts::decide(&mut supervisor, &record.0, "approve", "", &[]).expect("approved");
    sync(&thida);
    stall(&thida, "three, unsent", 3);
    restore(&mut world, &copy, "restored");
    sync(&dara);

    let error = thida
        .sync(&sampan_client_core::api::SyncOptions::default())
        .expect_err("the restored office never heard of this device");
    assert!(
        error.advice().contains("enrolment link"),
        "{error}: {}",
        error.advice()
    );
    let link = acts::enrolment_link(&mut world.admin, "thida").expect("a link");
    enrol_again(&thida, &link);
    sync(&thida);
    sync(&thida);
    let found: BTreeSet<String> = sellers(&mut world).into_iter().collect();
    let expected = ["one", "three, unsent", "two"].map(String::from);
    assert_eq!(found, BTreeSet::from(expected));
    let mut supervisor = world.supervisor();
    let page = acts::open(&mut supervisor, &record.0).expect("its page");
    assert!(page.plain().contains("Approved"), "{}", page.plain());
    verify(&world);
}

fn enrol_again(client: &Client, link: &str) {
    client.enroll(link, "thida-phone").expect("enrolled again");
}

/// Three copies of one phone: one made the second fork, the office forgot it, and the third brings the same work under
/// the first name, before or after the second does.
fn copies_meet_a_restored_office(forked_syncs_first: bool) {
    let mut world = World::new();
    drop(world.device("dara", "dara-phone"));
    copy_folder(&world.place("dara-phone"), &world.place("other"));
    let saved = backup(&world, "backup");
    let other = enumerator::device(&world.place("other")).expect("the other copy");
    stall(&other, "by the other copy", 900);
    sync(&other);
    let first = enumerator::device(&world.place("dara-phone")).expect("the first");
    let shared = stall(&first, "in two copies", 1000);
    correct(&first, &shared, "remark", "in two copies");
    drop(first);
    copy_folder(&world.place("dara-phone"), &world.place("forked"));
    let first = enumerator::device(&world.place("dara-phone")).expect("the first");
    let forked = enumerator::device(&world.place("forked")).expect("the copy that forks");
    assert!(sync(&forked).took_new_incarnation);
    correct(&forked, &shared, "price", "1001");
    stall(&forked, "only on the one that forked", 1100);

    restore(&mut world, &saved, "restored");
    let order = if forked_syncs_first {
        [&forked, &first]
    } else {
        [&first, &forked]
    };
    for client in order.into_iter().chain(order).chain([&other]).chain(order) {
        sync(client);
    }
    let all = [
        "by the other copy",
        "in two copies",
        "only on the one that forked",
    ];
    assert_eq!(sellers(&mut world), all);
    assert_eq!(
        page_count(&mut world, "conflict"),
        0,
        "nothing contradicts itself"
    );
    for client in [&first, &forked] {
        assert_eq!(answer_on(client, &shared, "price").as_deref(), Some("1001"));
        assert_eq!(
            answer_on(client, &shared, "remark").as_deref(),
            Some("in two copies")
        );
        assert_eq!(client.quarantined().expect("a list").len(), 0);
    }
    verify(&world);
}

#[test]
fn a_copy_that_forked_before_the_restore_doubles_nothing_when_it_comes_last() {
    copies_meet_a_restored_office(false);
}

#[test]
fn a_copy_that_forked_before_the_restore_doubles_nothing_when_it_comes_first() {
    copies_meet_a_restored_office(true);
}
