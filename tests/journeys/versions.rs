//! A form's new version is published while interviews run under the old one.

use sampan_acceptance::enumerator::in_words;
use sampan_client_core::api::{AnswerInput, PlaceRef};

use crate::world::{SURVEY, World, stall, sync};

#[test]
fn interviews_go_on_under_the_version_they_began_with_and_new_ones_take_the_new_one() {
    let mut world = World::new();
    let dara = world.device("dara", "dara-phone");
    let old = dara.start("stall").expect("begun");
    let mut open = dara.open_interview(&old).map_err(in_words).expect("opened");
    open.answer(&PlaceRef::from("country"), &AnswerInput::Text("VN".into()))
        .expect("answered");
    open.pause().map_err(in_words).expect("paused");
    drop(open);
    sync(&dara);

    world.publish(
        &[
            SURVEY,
            &["select_one country", "country", "Country", "yes"],
            &["text", "seller", "Who sells?", "yes"],
            &["decimal", "price_kg", "Price of a kilogram", "yes", ". > 0"],
            &["integer", "n_stalls", "How many stalls?", "yes"],
        ],
        &[&["form_title", "form_id", "version"], &["Stall", "stall", "2"]],
    );
    sync(&dara);

    let mut open = dara
        .open_interview(&old)
        .map_err(in_words)
        .expect("the old one opens");
    for (place, text) in [("seller", "Nguyễn Thị Hồng"), ("price", "18000")] {
        open.answer(&PlaceRef::from(place), &AnswerInput::Text(text.into()))
            .map_err(in_words)
            .expect("answered");
    }
    assert!(open.finish().map_err(in_words).expect("finished").is_finished);
    drop(open);

    let new = dara.start("stall").expect("begun");
    let mut open = dara.open_interview(&new).map_err(in_words).expect("opened");
    for (place, text) in [
        ("country", "TH"),
        ("seller", "สมหญิง"),
        ("price_kg", "31.5"),
        ("n_stalls", "12"),
    ] {
        open.answer(&PlaceRef::from(place), &AnswerInput::Text(text.into()))
            .map_err(in_words)
            .expect("answered");
    }
    assert!(open.finish().map_err(in_words).expect("finished").is_finished);
    drop(open);
    sync(&dara);

    let rows = world.csv("stall");
    assert_eq!(rows.len(), 2);
    let find = |seller: &str| rows.iter().find(|row| row["seller"] == seller).expect("a row");
    let old_answers: serde_json::Value =
        serde_json::from_str(&find("Nguyễn Thị Hồng")["other_answers"]).expect("a JSON object");
    assert_eq!(
        old_answers["price"], "18000",
        "an answer to a question that is gone stays with its row"
    );
    assert_eq!(find("สมหญิง")["price_kg"], "31.5");
    assert_eq!(find("สมหญิง")["n_stalls"], "12");
}

#[test]
fn a_device_that_never_saw_the_new_version_still_delivers_under_the_old_one() {
    let mut world = World::new();
    let dara = world.device("dara", "dara-phone");
    stall(&dara, "offline all the time", 900);
    world.publish(
        &[SURVEY, &["text", "seller", "Who sells?", "yes"]],
        &[&["form_title", "form_id", "version"], &["Stall", "stall", "2"]],
    );
    sync(&dara);
    let rows = world.csv("stall");
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["price"], "900");
}
