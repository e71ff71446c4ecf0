//! A device learns who the people in its records are: each once, again when it changed, nobody else.

use crate::limits;
use crate::log::{DeviceLog, OfficeLog};
use crate::names::Standing;
use crate::receipt::Generation;
use crate::tests::world::{caller, device, office, person, record, sync, write};

#[test]
fn a_device_learns_the_names_of_those_whose_changes_it_gets_and_of_nobody_else() {
    let (mut dara, mut thida, mut office) = (device(1), device(2), office());
    office.call(person(1), "ដារ៉ា", Standing::Enumerator);
    office.call(person(2), "Ma Thida", Standing::Supervisor);
    office.call(person(3), "Nobody here", Standing::Admin);
    write(&mut dara, 1, "name", "a");
    sync(&mut dara, &mut office);
    assert_eq!(dara.names.keys().collect::<Vec<_>>(), [&person(1)]);

    office.show(person(2), record(1));
    sync(&mut thida, &mut office);
    write(&mut thida, 1, "name", "b");
    sync(&mut thida, &mut office);
    sync(&mut dara, &mut office);
    assert_eq!(dara.names.get(&person(2)).unwrap().name, "Ma Thida");
    assert_eq!(dara.names.get(&person(2)).unwrap().standing, Standing::Supervisor);
    assert_eq!(dara.names.len(), 2, "and nobody else");
}

#[test]
fn a_name_travels_once_and_again_when_it_changed() {
    let (mut dara, mut office) = (device(1), office());
    office.call(person(1), "ដារ៉ា", Standing::Enumerator);
    write(&mut dara, 1, "name", "a");
    sync(&mut dara, &mut office);
    let through = dara.state().unwrap().names_through;
    let who = caller(&dara);
    assert_eq!(office.names(&who, through, limits::NAMES).unwrap(), []);

    office.call(person(1), "ដារ៉ា ចាន់", Standing::Supervisor);
    assert_eq!(office.names(&who, through, limits::NAMES).unwrap().len(), 1);
    sync(&mut dara, &mut office);
    assert_eq!(dara.names.get(&person(1)).unwrap().name, "ដារ៉ា ចាន់");
}

#[test]
fn more_people_than_fit_one_response_follow_in_the_next() {
    let (mut reader, mut office) = (device(0), office());
    let n_people = limits::NAMES + 10;
    let id = |n: usize| sampan_record::ids::PersonId(uuid::Uuid::from_u128(n as u128 + 1000));
    for n in 0..n_people {
        office.call(id(n), &format!("person {n}"), Standing::Enumerator);
        let mut change_writer = crate::tests::world::replica(1);
        change_writer.incarnation = n as u64;
        office
            .write_as(
                change_writer,
                id(n),
                record(1),
                crate::tests::world::key(1),
                &[crate::tests::world::set("name", "a")],
            )
            .unwrap();
    }
    office.show(person(0), record(1));
    sync(&mut reader, &mut office);
    assert_eq!(reader.names.len(), n_people);
}

#[test]
fn after_a_restore_the_names_are_told_anew() {
    let (mut dara, mut office) = (device(1), office());
    office.call(person(1), "ដារ៉ា", Standing::Enumerator);
    let mut old = office.clone();
    office.call(person(1), "ដារ៉ា ១", Standing::Enumerator);
    write(&mut dara, 1, "name", "a");
    sync(&mut dara, &mut office);
    for n in 0..5 {
        office.call(person(1), &format!("ដារ៉ា {n}"), Standing::Enumerator);
    }
    sync(&mut dara, &mut office);
    old.call(person(1), "ដារ៉ា ចាន់", Standing::Enumerator);
    let mut restored = old.restore(Generation(2));
    sync(&mut dara, &mut restored);
    assert_eq!(dara.names.get(&person(1)).unwrap().name, "ដារ៉ា ចាន់");
}
