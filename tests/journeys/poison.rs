//! A change that the office cannot accept stands in the middle of a batch.

use sampan_acceptance::acts;

use crate::world::{World, answer_on, correct, stall, sync};

#[test]
fn a_poison_change_is_kept_apart_with_its_reason_and_what_follows_still_arrives() {
    let mut world = World::new();
    let dara = world.device("dara", "dara-phone");
    let thida = world.device("thida", "thida-phone");
    let record = stall(&dara, "Chan Dara", 2000);
    sync(&dara);
    let mut supervisor = world.supervisor();
    acts::assign(&mut supervisor, &record.0, "Thida Enumerator").expect("assigned");
    sync(&thida);
    acts::assign(&mut supervisor, &record.0, "Dara Enumerator").expect("assigned back");

    stall(&thida, "before the poison", 100);
    correct(&thida, &record, "price", "666");
    stall(&thida, "after the poison", 300);
    let report = sync(&thida);

    assert_eq!(
        report.n_unsent, 0,
        "all three are decided, none blocks the others"
    );
    assert_eq!(report.quarantined.len(), 1, "{:?}", report.quarantined);
    assert!(!report.quarantined[0].reason.is_empty(), "the device is told why");
    assert_eq!(
        thida.quarantined().expect("a list").len(),
        1,
        "and shows it later too"
    );
    assert!(
        thida
            .log(50)
            .expect("a log")
            .iter()
            .any(|line| line.what == "quarantined"),
        "the sync log says it in words"
    );

    let rows = world.csv("stall");
    let mut sellers: Vec<&str> = rows.iter().map(|row| row["seller"].as_str()).collect();
    sellers.sort_unstable();
    assert_eq!(sellers, ["Chan Dara", "after the poison", "before the poison"]);
    let row = rows
        .iter()
        .find(|row| row["seller"] == "Chan Dara")
        .expect("a row");
    assert_eq!(row["price"], "2000", "what is kept apart does not count");

    let page = world.admin.get("/quarantine").expect("the quarantine");
    assert!(
        page.plain().contains("Thida"),
        "the office shows whose it is: {}",
        page.plain()
    );
    let report = sync(&thida);
    assert!(report.quarantined.is_empty(), "it is not sent again and again");
    sync(&dara);
    assert_eq!(answer_on(&dara, &record, "price").as_deref(), Some("2000"));
}
