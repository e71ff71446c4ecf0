//! Two devices edit one record, and nobody's answer is overwritten.

use sampan_acceptance::acts;

use crate::world::{World, answer_on, correct, stall, sync};

#[test]
fn two_devices_edit_one_record_and_both_answers_are_kept_until_a_supervisor_chooses() {
    let mut world = World::new();
    let dara = world.device("dara", "dara-phone");
    let thida = world.device("thida", "thida-phone");
    let record = stall(&dara, "Chan Dara", 2000);
    sync(&dara);
    let mut supervisor = world.supervisor();
    acts::assign(&mut supervisor, &record.0, "Thida Enumerator").expect("assigned");
    sync(&thida);
    assert_eq!(answer_on(&thida, &record, "price").as_deref(), Some("2000"));

    correct(&dara, &record, "price", "2100");
    correct(&thida, &record, "price", "2200");
    correct(&thida, &record, "remark", "sells fish too");
    sync(&dara);
    sync(&thida);
    sync(&dara);

    let page = acts::open(&mut supervisor, &record.0).expect("the interview's page");
    assert!(
        page.text.contains("2100") && page.text.contains("2200"),
        "both values are on the page"
    );
    for client in [&dara, &thida] {
        let view = client.show(&record, None).expect("shown");
        assert_eq!(
            view.interview.n_conflicts, 1,
            "the conflict is visible on both devices"
        );
        assert_eq!(
            answer_on(client, &record, "remark").as_deref(),
            Some("sells fish too")
        );
    }
    assert_eq!(
        answer_on(&dara, &record, "price"),
        answer_on(&thida, &record, "price"),
        "both devices show the same one of the two"
    );

    acts::decide(&mut supervisor, &record.0, "return", "Which price is it?", &[]).expect("returned");
    for client in [&dara, &thida] {
        sync(client);
        let view = client.show(&record, None).expect("shown");
        let said = view
            .history
            .iter()
            .find(|line| line.sentence.contains("Which price is it?"))
            .expect("the return is in the history");
        assert_eq!(said.who, "Sok Supervisor (supervisor)");
        assert!(
            view.history.iter().any(|line| line.who == "Thida Enumerator")
                && view.history.iter().any(|line| line.who == "Dara Enumerator"),
            "each colleague is called by name"
        );
    }

    acts::choose_first(&mut supervisor, &record.0).expect("chosen");
    sync(&dara);
    sync(&thida);
    for client in [&dara, &thida] {
        let view = client.show(&record, None).expect("shown");
        assert_eq!(
            view.interview.n_conflicts, 0,
            "the supervisor's choice reached the device"
        );
    }
    assert_eq!(world.csv("stall").len(), 1, "one interview is one row");
}

#[test]
fn a_decision_covers_only_what_the_supervisor_had_on_the_page() {
    let mut world = World::new();
    let dara = world.device("dara", "dara-phone");
    let record = stall(&dara, "Chan Dara", 2000);
    sync(&dara);
    let mut supervisor = world.supervisor();
    let page = acts::open(&mut supervisor, &record.0).expect("the interview's page");
    let form = page
        .form(&format!("/interviews/{}/decide", record.0))
        .expect("a form to decide with");

    correct(&dara, &record, "price", "2500");
    sync(&dara);
    let after = supervisor
        .submit(&form, &[("decision", "approve"), ("note", "")])
        .expect("decided");
    assert_eq!(after.status, 200, "{}", after.plain());

    sync(&dara);
    let view = dara.show(&record, None).expect("shown");
    assert_eq!(view.interview.state, "changed_since_approval");
}
