//! Backup, restore, rebuild and verify.

use sampan_record::op::Op;
use sampan_sync::receipt::Verdict;
use std::sync::atomic::AtomicU64;

use crate::access::Role;
use crate::error::OfficeError;
use crate::office_commands;
use crate::reviewing;
use crate::tests::world::{FORM, TestChance, World, answers, config, open, set, text};
use crate::views::InterviewFilter;

#[test]
fn a_rebuild_makes_the_same_lists_from_the_changes_alone() {
    let world = World::new();
    let form = world.publish(FORM);
    let dara = world.person("dara", Role::Enumerator, "KH");
    let mut phone = world.phone(&dara);
    for n in 0..5 {
        let id = phone.interview(&world.office, form, &answers(["KH", "TH"][n % 2], "name", 20));
        phone.write(
            &world.office,
            id,
            form,
            &[set("respondent", text(&format!("name {n}")))],
        );
    }
    phone.sync(&world.office).unwrap();
    let list = |office| {
        reviewing::list(office, &world.admin, &InterviewFilter::default())
            .unwrap()
            .rows
    };
    let before = list(&world.office);
    assert_eq!(before.len(), 5);
    world
        .office
        .store()
        .write(|writing| writing.clear_rows().map_err(OfficeError::from))
        .unwrap();
    assert!(list(&world.office).is_empty());
    let verification = office_commands::verify(&world.office).unwrap();
    assert_eq!(verification.problems.len(), 5, "{:?}", verification.problems);
    assert_eq!(office_commands::rebuild(&world.office).unwrap(), 5);
    assert_eq!(list(&world.office), before);
    assert!(
        office_commands::verify(&world.office)
            .unwrap()
            .problems
            .is_empty()
    );
    // What devices have in view was not given to them a second time.
    let n_before = phone.memory.changes.len();
    phone.sync(&world.office).unwrap();
    assert_eq!(phone.memory.changes.len(), n_before);
}

#[test]
fn a_restored_office_is_a_new_generation_and_gets_back_what_the_backup_lacked() {
    let world = World::new();
    let form = world.publish(FORM);
    let dara = world.person("dara", Role::Enumerator, "KH");
    let mut phone = world.phone(&dara);
    let first = phone.interview(&world.office, form, &answers("KH", "before", 1));
    phone.sync(&world.office).unwrap();
    let target = world.path("backup");
    let manifest = office_commands::backup(&world.office, &target).unwrap();
    assert_eq!(
        (manifest.n_changes, manifest.n_records, manifest.n_people),
        (1, 1, 2)
    );
    let full = office_commands::backup(&world.office, &target);
    assert!(full.is_err(), "a second backup into the same folder is refused");
    phone.sync(&world.office).unwrap();
    assert_eq!(phone.memory.backed_up_through.0, 1);

    let second = phone.interview(&world.office, form, &answers("KH", "after", 2));
    phone.sync(&world.office).unwrap();
    let view = reviewing::view(&world.office, &world.admin, first, None).unwrap();
    let approve = reviewing::DecideRequest {
        record: first,
        decision: sampan_record::op::Decision::Approve,
        note: None,
        comments: vec![],
        seen: view.seen,
        key: "k".into(),
    };
    reviewing::decide(&world.office, &world.admin, &approve).unwrap();
    phone.sync(&world.office).unwrap();

    let data = world.path("restored");
    let chance = TestChance(AtomicU64::new(9_000));
    let restored =
        office_commands::restore_with(&target, &config(data.clone()), &*world.clock, &chance).unwrap();
    assert_ne!(restored.generation, manifest.generation);
    let again = office_commands::restore_with(&target, &config(data.clone()), &*world.clock, &chance);
    assert!(
        again.is_err(),
        "a restore into a folder that is in use is refused"
    );
    let office = open(&data, &world.clock, 10_000);
    assert_eq!(
        office.identity().unwrap().generation.to_string(),
        restored.generation
    );
    assert!(reviewing::view(&office, &world.admin, second, None).is_err());
    phone.sync(&office).unwrap();
    phone.sync(&office).unwrap();
    let list = reviewing::list(&office, &world.admin, &InterviewFilter::default()).unwrap();
    assert_eq!(list.rows.len(), 2);
    // The old office's decision came back too, from the phone that held it.
    let view = reviewing::view(&office, &world.admin, first, None).unwrap();
    assert_eq!(view.row.state, "approved");
    assert_eq!(
        office_commands::verify(&office).unwrap().problems,
        Vec::<String>::new()
    );

    // Both go on: the office under its new incarnation, the phone under its old one.
    let id = phone.interview(&office, form, &answers("KH", "later", 3));
    phone.write(&office, id, form, &[Op::Submit]);
    phone.sync(&office).unwrap();
    assert!(
        phone
            .memory
            .receipts
            .values()
            .all(|receipt| receipt.verdict == Verdict::Kept)
    );
}

#[test]
fn a_changed_backup_is_not_restored() {
    let world = World::new();
    world.publish(FORM);
    let target = world.path("backup");
    office_commands::backup(&world.office, &target).unwrap();
    let path = target.join(office_commands::MANIFEST);
    let manifest = std::fs::read_to_string(&path).unwrap();
    let chance = TestChance(AtomicU64::new(0));
    std::fs::write(&path, manifest.replace("\"database\": \"", "\"database\": \"0")).unwrap();
    let refused = office_commands::restore_with(&target, &config(world.path("new")), &*world.clock, &chance);
    assert!(matches!(refused, Err(OfficeError::Damaged(_))), "{refused:?}");
    std::fs::remove_file(&path).unwrap();
    let refused = office_commands::restore_with(&target, &config(world.path("new")), &*world.clock, &chance);
    assert!(matches!(refused, Err(OfficeError::File { .. })), "{refused:?}");
}
