//! The office goes back in time: devices bring again what it lost, their own and what others wrote.

use crate::memory::device::MemoryDevice;
use crate::memory::office::MemoryOffice;
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

/// Two copies of one phone hold the same unsent change; one of them forked before the office was restored.
fn copies_and_a_restored_office() -> (MemoryDevice, MemoryDevice, MemoryOffice) {
    let (mut first, mut office) = (device(1), office());
    let mut other = first.clone();
    other.incarnations = [6001].into();
    write(&mut other, 9, "name", "by another copy");
    let backup = office.clone();
    sync(&mut other, &mut office);
    write(&mut first, 1, "name", "in both copies");
    write(&mut first, 1, "name", "in both copies, seen");
    let mut forked = first.clone();
    forked.incarnations = [7001].into();
    sync(&mut forked, &mut office);
    assert_ne!(forked.replica, first.replica);
    write(&mut forked, 1, "age", "only here");
    // The change that made it fork is on no phone in use.
    forked
        .changes
        .retain(|_, change| change.header.record != record(9));
    (first, forked, backup.restore(Generation(2)))
}

fn assert_each_once(office: &MemoryOffice) {
    let in_force = |(_, verdict): &&(sampan_record::change::Change, Verdict)| *verdict == Verdict::Kept;
    assert_eq!(office.data.log.iter().filter(in_force).count(), 3);
    let at_home = office.record(record(1));
    assert!(
        at_home.conflicts().is_empty(),
        "the second answer replaced the first"
    );
    assert_eq!(shown(&at_home, "name").as_deref(), Some("in both copies, seen"));
    assert_eq!(shown(&at_home, "age").as_deref(), Some("only here"));
}

#[test]
fn a_copy_that_forked_takes_its_name_back_when_the_office_has_its_work_under_that() {
    let (mut first, mut forked, mut office) = copies_and_a_restored_office();
    sync(&mut first, &mut office);
    sync(&mut forked, &mut office);
    sync(&mut first, &mut office);
    assert_each_once(&office);
    assert_same(&first, &office, 1);
    assert_same(&forked, &office, 1);
}

#[test]
fn a_copy_forks_too_when_the_office_has_its_work_from_one_that_forked() {
    let (mut first, mut forked, mut office) = copies_and_a_restored_office();
    sync(&mut forked, &mut office);
    sync(&mut first, &mut office);
    sync(&mut forked, &mut office);
    assert_each_once(&office);
    assert_same(&first, &office, 1);
    assert_same(&forked, &office, 1);
}
