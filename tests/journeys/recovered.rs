//! A device's database is gone: its interviews come back from the files beside it.

use std::process::Command;

use sampan_acceptance::acts;
use sampan_acceptance::enumerator::{self, in_words};
use sampan_acceptance::office::program;

use crate::world::{World, answer_on, correct, stall, sync};

#[test]
fn a_device_whose_database_is_gone_is_recovered_and_the_office_has_each_interview_once() {
    let mut world = World::new();
    let phone = world.device("dara", "phone");
    let first = stall(&phone, "first", 1000);
    let second = stall(&phone, "second", 1100);
    sync(&phone);
    let third = stall(&phone, "third, never sent", 1200);
    correct(&phone, &second, "remark", "corrected, never sent");
    drop(phone);
    for name in ["device.db", "device.db-wal", "device.db-shm"] {
        let _ = std::fs::remove_file(world.place("phone").join(name));
    }

    let new = world.place("new phone");
    let said = Command::new(program("sampan").expect("the program"))
        .arg("recover")
        .arg("--from")
        .arg(world.place("phone"))
        .arg("--device")
        .arg(&new)
        .output()
        .expect("it runs");
    let words = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.status.success(), "{words}");
    assert!(words.contains("3 interviews, 4 changes"), "{words}");
    assert!(words.contains("dara"), "it says whose link is needed: {words}");

    let phone = enumerator::device(&new).expect("the new device");
    let link = acts::enrolment_link(&mut world.admin, "dara").expect("a link");
    phone
        .enroll(&link, "new phone")
        .map_err(in_words)
        .expect("enrolled");
    let report = sync(&phone);
    assert_eq!(report.n_unsent, 0);
    assert!(report.quarantined.is_empty(), "{:?}", report.quarantined);
    let rows = world.csv("stall");
    let mut sellers: Vec<&str> = rows.iter().map(|row| row["seller"].as_str()).collect();
    sellers.sort_unstable();
    assert_eq!(sellers, ["first", "second", "third, never sent"]);
    for record in [&first, &second, &third] {
        assert!(answer_on(&phone, record, "price").is_some());
    }
    assert_eq!(
        answer_on(&phone, &second, "remark").as_deref(),
        Some("corrected, never sent")
    );
    correct(&phone, &third, "remark", "work goes on");
    sync(&phone);
    let rows = world.csv("stall");
    assert_eq!(rows.len(), 3);
    let third = rows.iter().find(|row| row["seller"].starts_with("third"));
    assert_eq!(third.expect("it is there")["remark"], "work goes on");
}
