//! A device's folder is copied, and both copies are used.

use std::path::Path;

use sampan_acceptance::enumerator;

use crate::world::{World, answer_on, correct, stall, sync};

#[test]
fn a_cloned_device_folder_used_twice_loses_nothing_and_doubles_nothing() {
    let mut world = World::new();
    let original = world.device("dara", "dara-phone");
    let shared = stall(&original, "before the copy", 1000);
    let unsent = stall(&original, "before the copy, unsent", 1100);
    drop(original);
    copy(&world.place("dara-phone"), &world.place("copy"));

    let original = enumerator::device(&world.place("dara-phone")).expect("the original");
    let copy = enumerator::device(&world.place("copy")).expect("the copy");
    let by_original = stall(&original, "by the original", 1200);
    let by_copy = stall(&copy, "by the copy", 1300);
    correct(&original, &shared, "remark", "said the original");
    correct(&copy, &unsent, "remark", "said the copy");

    sync(&original);
    let report = sync(&copy);
    assert!(
        report.took_new_incarnation,
        "the second copy notices and takes a new name"
    );
    sync(&original);
    sync(&copy);

    let rows = world.csv("stall");
    let mut sellers: Vec<&str> = rows.iter().map(|row| row["seller"].as_str()).collect();
    sellers.sort_unstable();
    assert_eq!(
        sellers,
        [
            "before the copy",
            "before the copy, unsent",
            "by the copy",
            "by the original"
        ]
    );
    for client in [&original, &copy] {
        for record in [&shared, &unsent, &by_original, &by_copy] {
            assert!(
                answer_on(client, record, "price").is_some(),
                "both copies hold every interview"
            );
        }
        assert_eq!(
            answer_on(client, &shared, "remark").as_deref(),
            Some("said the original")
        );
        assert_eq!(
            answer_on(client, &unsent, "remark").as_deref(),
            Some("said the copy")
        );
    }
    let again = stall(&copy, "later, by the copy", 1400);
    let report = sync(&copy);
    assert!(!report.took_new_incarnation, "once is enough");
    sync(&original);
    assert!(answer_on(&original, &again, "price").is_some());
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}
