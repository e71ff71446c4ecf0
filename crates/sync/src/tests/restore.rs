//! The office goes back in time: devices bring again what it lost, their own and what others wrote.

use crate::receipt::{Generation, Verdict};
use crate::tests::world::{
    assert_same, device, key, office, person, record, replica, set, shown, sync, write,
};

#[test]
fn an_office_restored_from_a_backup_gets_everything_again_from_its_writer() {
    let (mut phone, mut office) = (device(1), office());
    write(&mut phone, 1, "name", "a");
    sync(&mut phone, &mut office);
    let backup = office.clone();
    let photo = phone.keep_media(vec![4; 1000]);
    office.wanted.insert(photo);
    write(&mut phone, 1, "name", "b");
    write(&mut phone, 2, "name", "c");
    sync(&mut phone, &mut office);
    assert!(phone.safe.contains(&photo));

    let mut office = backup.restore(Generation(2));
    office.wanted.insert(photo);
    let total = sync(&mut phone, &mut office);
    assert!(total.steps[0].office_restored);
    assert_eq!(office.data.log.len(), 3);
    assert!(office.contents.contains_key(&photo));
    assert_same(&phone, &office, 1);
    assert_same(&phone, &office, 2);
    assert_eq!(phone.replica, replica(1));
    let idle = sync(&mut phone, &mut office);
    assert_eq!(idle.n_rounds, 1);
}

#[test]
fn what_a_lost_device_wrote_comes_back_from_who_received_it() {
    let (mut lost, mut phone, mut office) = (device(1), device(2), office());
    let backup = office.clone();
    office.overseers.insert(person(2));
    write(&mut lost, 1, "name", "a");
    write(&mut lost, 1, "name", "b");
    sync(&mut lost, &mut office);
    sync(&mut phone, &mut office);
    write(&mut phone, 1, "age", "30");
    sync(&mut phone, &mut office);
    office
        .write_as(replica(9), person(9), record(1), key(1), &[set("note", "good")])
        .unwrap();
    sync(&mut phone, &mut office);

    let mut office = backup.restore(Generation(2));
    office.overseers.insert(person(2));
    sync(&mut phone, &mut office);
    assert_eq!(office.data.log.len(), 4);
    assert!(
        office
            .data
            .log
            .iter()
            .all(|(_, verdict)| *verdict == Verdict::Kept)
    );
    assert_same(&phone, &office, 1);
    assert_eq!(shown(&office.record(record(1)), "name").as_deref(), Some("b"));

    // The lost device turns up after all: nothing is doubled.
    write(&mut lost, 1, "name", "c");
    sync(&mut lost, &mut office);
    assert_eq!(office.data.log.len(), 5);
    assert_same(&lost, &office, 1);
    assert_eq!(lost.replica, replica(1));
}

#[test]
fn names_are_offered_in_pages_and_only_once() {
    let (mut writer, mut phone, mut office) = (device(1), device(2), office());
    let backup = office.clone();
    office.overseers.insert(person(2));
    for n in 0..crate::limits::HOLDS + 10 {
        write(&mut writer, (n % 100) as u8, &format!("q{}", n / 100), "a");
    }
    sync(&mut writer, &mut office);
    sync(&mut phone, &mut office);
    let mut office = backup.restore(Generation(2));
    office.overseers.insert(person(2));
    sync(&mut phone, &mut office);
    assert_eq!(office.data.log.len(), crate::limits::HOLDS + 10);
    for n in 0..100 {
        assert_same(&phone, &office, n);
    }
    let idle = sync(&mut phone, &mut office);
    assert!(idle.up_bytes < 100, "{} bytes", idle.up_bytes);
}

#[test]
fn a_cursor_from_before_the_restore_reads_nothing_twice_and_misses_nothing() {
    let (mut writer, mut phone, mut office) = (device(1), device(2), office());
    office.overseers.insert(person(2));
    write(&mut writer, 1, "name", "a");
    sync(&mut writer, &mut office);
    sync(&mut phone, &mut office);
    let backup = office.clone();
    write(&mut writer, 2, "name", "lost at the office");
    sync(&mut writer, &mut office);
    sync(&mut phone, &mut office);

    let mut office = backup.restore(Generation(2));
    let mut third = device(3);
    write(&mut third, 3, "name", "after the restore");
    sync(&mut third, &mut office);
    let total = sync(&mut phone, &mut office);
    let n_received: u64 = total.steps.iter().map(|step| step.n_received).sum();
    assert!(n_received <= 2, "{n_received} received");
    sync(&mut writer, &mut office);
    sync(&mut phone, &mut office);
    for n in 1..=3 {
        assert_same(&phone, &office, n);
    }
}

#[test]
fn a_database_put_back_without_a_word_is_noticed_by_its_acks() {
    let (mut phone, mut office) = (device(1), office());
    write(&mut phone, 1, "name", "a");
    let backup = office.clone();
    sync(&mut phone, &mut office);
    let mut office = backup;
    let total = sync(&mut phone, &mut office);
    assert!(total.steps[0].office_restored);
    assert_same(&phone, &office, 1);
}

#[test]
fn changes_of_others_are_not_taken_from_a_device_unless_the_office_was_restored() {
    let (mut writer, mut phone, mut office) = (device(1), device(2), office());
    write(&mut writer, 1, "name", "a");
    let change = writer.changes.values().next().unwrap().clone();
    write(&mut phone, 2, "name", "b");
    let mut session = crate::session::Session::new(Default::default());
    let clock = crate::session::Clock {
        wall_time_ms: 0,
        utc_offset_min: 0,
    };
    let request = session.next_request(&mut phone, clock).unwrap().unwrap();
    let mut request = crate::wire::SyncRequest::decode(&request).unwrap();
    request.push.relayed.push(change);
    let who = crate::tests::world::caller(&phone);
    crate::office::respond(&mut office, &who, 0, request).unwrap();
    assert_eq!(office.data.log.len(), 1);
}
