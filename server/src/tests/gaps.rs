//! A quarantined change in the middle of a record: it blocks nobody, and nobody's decision covers it unseen.

use sampan_record::op::{Decision, Op};
use sampan_record::record::Record;
use sampan_sync::receipt::{Reason, Verdict};

use crate::access::{Principal, Role};
use crate::office_commands;
use crate::people;
use crate::reviewing::{self, ChooseRequest, DecideRequest, Pick};
use crate::tests::world::{FORM, Phone, World, answers, at, grant, set, text};
use sampan_record::ids::{FormVersionId, RecordId};
use sampan_value::answer::Value;

/// A phone whose second change waits in quarantine, and whose third is in force.
fn with_a_gap(world: &World, form: FormVersionId, dara: &Principal) -> (Phone, RecordId) {
    let mut phone = world.phone(dara);
    let id = phone.interview(&world.office, form, &answers("KH", "seen", 1));
    let covers = phone.record(&world.office, id).context();
    let decide = Op::Decide {
        decision: Decision::Approve,
        note: None,
        covers,
    };
    phone.write(
        &world.office,
        id,
        form,
        &[set("respondent", text("kept apart")), decide],
    );
    phone.write(&world.office, id, form, &[set("age", Value::Integer(2))]);
    phone.sync(&world.office).unwrap();
    assert_eq!(phone.verdict(2), Some(Verdict::Quarantined(Reason::NotAllowed)));
    assert_eq!(phone.verdict(3), Some(Verdict::Kept));
    (phone, id)
}

fn approve(world: &World, id: RecordId, key: &str) {
    let seen = reviewing::view(&world.office, &world.admin, id, None)
        .unwrap()
        .seen;
    let request = DecideRequest {
        record: id,
        decision: Decision::Approve,
        note: None,
        comments: vec![],
        seen,
        key: key.into(),
    };
    reviewing::decide(&world.office, &world.admin, &request).unwrap();
}

fn state(world: &World, id: RecordId) -> String {
    reviewing::view(&world.office, &world.admin, id, None)
        .unwrap()
        .row
        .state
}

#[test]
fn an_approval_covers_what_is_in_force_after_a_quarantined_change() {
    let world = World::new();
    let form = world.publish(FORM);
    let dara = world.person("dara", Role::Enumerator, "KH");
    let (mut phone, id) = with_a_gap(&world, form, &dara);
    approve(&world, id, "k");
    assert_eq!(state(&world, id), "approved");
    phone.sync(&world.office).unwrap();
    let kept: Record = phone.record(&world.office, id);
    assert!(
        !kept.decisions().is_empty(),
        "the phone has the decision and reads it"
    );
    assert_eq!(
        office_commands::verify(&world.office).unwrap().problems,
        Vec::<String>::new()
    );
}

#[test]
fn the_office_replaces_an_answer_that_came_after_a_quarantined_change() {
    let world = World::new();
    let form = world.publish(FORM);
    let dara = world.person("dara", Role::Enumerator, "KH");
    let (_, id) = with_a_gap(&world, form, &dara);
    let seen = reviewing::view(&world.office, &world.admin, id, None)
        .unwrap()
        .seen;
    let request = ChooseRequest {
        record: id,
        at: crate::wording::place_text(&at("age")),
        pick: Pick::Typed("7".into()),
        seen,
        key: "c".into(),
    };
    reviewing::choose(&world.office, &world.admin, &request).unwrap();
    let view = reviewing::view(&world.office, &world.admin, id, None).unwrap();
    assert_eq!(view.row.n_conflicts, 0);
    let answer = view
        .groups
        .iter()
        .flat_map(|group| &group.answers)
        .find(|answer| answer.at == crate::wording::place_text(&at("age")))
        .unwrap();
    assert_eq!(answer.text, "7");
}

#[test]
fn a_change_that_leaves_quarantine_after_an_approval_is_not_covered_by_it() {
    let world = World::new();
    let form = world.publish(FORM);
    let dara = world.person("dara", Role::Enumerator, "KH");
    let (mut phone, id) = with_a_gap(&world, form, &dara);
    approve(&world, id, "k");
    let grants = [grant(Role::Supervisor, "KH")];
    people::set_grants(&world.office, &world.admin, dara.person, &grants, "g").unwrap();
    phone.sync(&world.office).unwrap();
    assert_eq!(phone.verdict(2), Some(Verdict::Kept));
    assert_eq!(
        state(&world, id),
        "changed_since_approval",
        "the reviewer never saw the name that was kept apart"
    );
    assert_eq!(
        office_commands::verify(&world.office).unwrap().problems,
        Vec::<String>::new()
    );
    // Seen now: a new approval covers it, here and on the phone.
    approve(&world, id, "k2");
    assert_eq!(state(&world, id), "approved");
    phone.sync(&world.office).unwrap();
    let here = sampan_record::review::review(&phone.record(&world.office, id));
    assert_eq!(here.state, sampan_record::review::ReviewState::Approved);
}

#[test]
fn an_answer_that_leaves_quarantine_does_not_vanish_behind_one_that_never_knew_it() {
    let world = World::new();
    let form = world.publish(FORM);
    let dara = world.person("dara", Role::Enumerator, "KH");
    let (mut phone, id) = with_a_gap(&world, form, &dara);
    let seen = reviewing::view(&world.office, &world.admin, id, None)
        .unwrap()
        .seen;
    let request = ChooseRequest {
        record: id,
        at: crate::wording::place_text(&at("respondent")),
        pick: Pick::Typed("the office's".into()),
        seen,
        key: "c".into(),
    };
    reviewing::choose(&world.office, &world.admin, &request).unwrap();
    let grants = [grant(Role::Supervisor, "KH")];
    people::set_grants(&world.office, &world.admin, dara.person, &grants, "g").unwrap();
    let view = reviewing::view(&world.office, &world.admin, id, None).unwrap();
    assert_eq!(view.row.n_conflicts, 1, "both names stand, side by side");
    phone.sync(&world.office).unwrap();
    assert_eq!(phone.record(&world.office, id).conflicts().len(), 1);
    phone.sync(&world.office).unwrap();
    assert_eq!(
        office_commands::verify(&world.office).unwrap().problems,
        Vec::<String>::new()
    );
}

#[test]
fn what_waited_because_the_record_was_somebody_elses_comes_into_force_when_it_is_given_back() {
    let world = World::new();
    let office = &world.office;
    let form = world.publish(FORM);
    let dara = world.person("dara", Role::Enumerator, "KH");
    let thida = world.person("thida", Role::Enumerator, "KH");
    let mut daras = world.phone(&dara);
    let mut thidas = world.phone(&thida);
    let id = daras.interview(office, form, &answers("KH", "a", 1));
    daras.sync(office).unwrap();
    reviewing::assign(office, &world.admin, id, thida.person, "1").unwrap();
    thidas.sync(office).unwrap();
    reviewing::assign(office, &world.admin, id, dara.person, "2").unwrap();
    let waiting = thidas.write(office, id, form, &[set("age", Value::Integer(9))]);
    thidas.sync(office).unwrap();
    assert_eq!(
        thidas.verdict(waiting),
        Some(Verdict::Quarantined(Reason::NotAllowed))
    );
    reviewing::assign(office, &world.admin, id, thida.person, "3").unwrap();
    thidas.sync(office).unwrap();
    assert_eq!(thidas.verdict(waiting), Some(Verdict::Kept));
    assert!(reviewing::quarantine(office, &world.admin).unwrap().is_empty());
    assert_eq!(
        office_commands::verify(office).unwrap().problems,
        Vec::<String>::new()
    );
}

#[test]
fn a_record_that_comes_into_view_while_it_is_written_to_arrives_whole() {
    let world = World::new();
    let office = &world.office;
    let form = world.publish(FORM);
    let dara = world.person("dara", Role::Enumerator, "KH");
    let thida = world.person("thida", Role::Enumerator, "KH");
    let mut daras = world.phone(&dara);
    let mut thidas = world.phone(&thida);
    let mut tablets = world.phone(&dara);
    let id = daras.interview(office, form, &answers("KH", "a", 0));
    daras.sync(office).unwrap();
    let admin = &world.admin;
    std::thread::scope(|scope| {
        let daras = &mut daras;
        scope.spawn(move || {
            for n in 0..40 {
                daras.write(office, id, form, &[set("age", Value::Integer(n))]);
                daras.sync(office).unwrap();
            }
        });
        scope.spawn(|| {
            for n in 0..10 {
                let person = if n % 2 == 0 { thida.person } else { dara.person };
                reviewing::assign(office, admin, id, person, &format!("assign {n}")).unwrap();
            }
            reviewing::assign(office, admin, id, thida.person, "last").unwrap();
        });
        for phone in [&mut thidas, &mut tablets] {
            scope.spawn(|| {
                for _ in 0..40 {
                    phone.sync(office).unwrap();
                }
            });
        }
    });
    daras.sync(office).unwrap();
    thidas.sync(office).unwrap();
    tablets.sync(office).unwrap();
    let in_force = office
        .store()
        .read(|reading| Ok::<_, crate::error::OfficeError>(reading.changes_of(id)?))
        .unwrap();
    let held = |phone: &Phone| {
        let record = phone.record(office, id);
        in_force
            .iter()
            .filter(|stored| !record.holds(&stored.change.header.dot(), &stored.change.hash()))
            .count()
    };
    assert_eq!(held(&thidas), 0, "what is in force and the new assignee lacks");
    assert_eq!(
        office_commands::verify(office).unwrap().problems,
        Vec::<String>::new()
    );
}
