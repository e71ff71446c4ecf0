//! What nobody honest sends, and what must be gone when the law says so.

use std::path::Path;

use sampan_record::op::{Decision, Op};
use sampan_sync::receipt::{Reason, Verdict};
use sampan_value::answer::Value;

use crate::access::Role;
use crate::devices;
use crate::error::OfficeError;
use crate::intake;
use crate::office_commands;
use crate::reviewing::{self, EraseRequest};
use crate::tests::world::{FORM, World, answers, set, text};
use crate::views::InterviewFilter;

const CANARY: &str = "Somchai-of-the-canary-bridge";

/// The files below a folder in which the bytes stand.
fn files_with(folder: &Path, needle: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, needle));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let lower = bytes.to_ascii_lowercase();
        let needle = needle.to_ascii_lowercase();
        if lower
            .windows(needle.len())
            .any(|window| window == needle.as_bytes())
        {
            found.push(path.display().to_string());
        }
    }
    found
}

fn erase(world: &World, record: sampan_record::ids::RecordId, questions: &[&str]) {
    let request = EraseRequest {
        record,
        questions: questions.iter().map(|question| question.to_string()).collect(),
        reason: "consent withdrawn".into(),
        key: world.office.new_key(),
    };
    reviewing::erase(&world.office, &world.admin, &request).unwrap();
}

#[test]
fn erased_text_stands_in_no_file_of_the_office_any_more() {
    for questions in [vec![], vec!["respondent"]] {
        let world = World::new();
        let office = &world.office;
        let form = world.publish(FORM);
        let dara = world.person("dara", Role::Enumerator, "KH");
        let mut phone = world.phone(&dara);
        for n in 0..20 {
            phone.interview(office, form, &answers("KH", &format!("other {n}"), n));
        }
        let id = phone.interview(office, form, &answers("KH", CANARY, 1));
        phone.sync(office).unwrap();
        assert!(!files_with(&world.path("office"), CANARY).is_empty());
        erase(&world, id, &questions);
        assert_eq!(
            files_with(&world.path("office"), CANARY),
            Vec::<String>::new(),
            "{questions:?}"
        );
    }
}

#[test]
fn an_erasure_empties_what_waits_in_quarantine_too_whether_it_came_before_or_after() {
    let world = World::new();
    let office = &world.office;
    let form = world.publish(FORM);
    let dara = world.person("dara", Role::Enumerator, "KH");
    let mut phone = world.phone(&dara);
    let id = phone.interview(office, form, &answers("KH", "a", 1));
    let poison = |phone: &mut crate::tests::world::Phone| {
        let covers = phone.record(office, id).context();
        let decide = Op::Decide {
            decision: Decision::Approve,
            note: None,
            covers,
        };
        phone.write(office, id, form, &[set("respondent", text(CANARY)), decide])
    };
    let before = poison(&mut phone);
    phone.sync(office).unwrap();
    assert_eq!(
        phone.verdict(before),
        Some(Verdict::Quarantined(Reason::NotAllowed))
    );
    let after = poison(&mut phone);
    erase(&world, id, &[]);
    phone.sync(office).unwrap();
    assert_eq!(
        files_with(&world.path("office"), CANARY),
        Vec::<String>::new(),
        "{:?}",
        phone.verdict(after)
    );
    assert_eq!(
        office_commands::verify(office).unwrap().problems,
        Vec::<String>::new()
    );
}

#[test]
fn a_damaged_request_is_refused_and_keeps_nothing_and_never_stops_the_office() {
    let world = World::new();
    let office = &world.office;
    let form = world.publish(FORM);
    let dara = world.person("dara", Role::Enumerator, "KH");
    let mut phone = world.phone(&dara);
    for n in 0..5 {
        phone.interview(office, form, &answers("KH", &format!("name {n}"), n));
    }
    let request = phone.request();
    let caller = devices::caller(office, phone.device).unwrap();
    let mut n_refused = 0;
    for at in 0..request.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut damaged = request.clone();
            damaged[at] ^= flip;
            match intake::sync(office, &caller, &damaged) {
                Ok(_) => {}
                Err(OfficeError::Sync(error)) => {
                    n_refused += 1;
                    assert!(
                        !matches!(error, sampan_sync::error::SyncError::Store { .. }),
                        "byte {at} ^ {flip:#x}: {error:?}"
                    );
                }
                Err(error) => panic!("byte {at} ^ {flip:#x}: {error:?}"),
            }
        }
        let cut = intake::sync(office, &caller, &request[..at]);
        assert!(cut.is_err(), "cut at {at}");
    }
    assert!(n_refused > 0);
    assert_eq!(
        office_commands::verify(office).unwrap().problems,
        Vec::<String>::new()
    );
    reviewing::list(office, &world.admin, &InterviewFilter::default()).unwrap();
    reviewing::quarantine(office, &world.admin).unwrap();
    // Whatever the damage made of its chain, what the phone really holds arrives.
    for _ in 0..3 {
        phone.sync(office).unwrap();
    }
    let list = reviewing::list(office, &world.admin, &InterviewFilter::default()).unwrap();
    for n in 0..5 {
        let label = format!("name {n}");
        assert!(list.rows.iter().any(|row| row.label == label), "{label}");
    }
}

#[test]
fn a_clock_at_the_end_of_time_is_shown_and_decides_nothing() {
    for wall_time_ms in [i64::MIN, i64::MIN + 1, -1, 0, 4_102_444_800_000, i64::MAX] {
        let world = World::new();
        let office = &world.office;
        let form = world.publish(FORM);
        let dara = world.person("dara", Role::Enumerator, "KH");
        let mut phone = world.phone(&dara);
        let id = phone.interview(office, form, &answers("KH", "a", 1));
        let seq = phone.write_at(
            office,
            id,
            form,
            &[set("age", Value::Integer(2)), Op::Submit],
            wall_time_ms,
        );
        phone.sync(office).unwrap();
        assert_eq!(phone.verdict(seq), Some(Verdict::Kept), "{wall_time_ms}");
        let view = reviewing::view(office, &world.admin, id, None).unwrap();
        assert_eq!(view.row.n_conflicts, 0, "{wall_time_ms}");
        crate::exporting::csv(office, &world.admin, &InterviewFilter::default(), false).unwrap();
        let mut second = world.phone(&dara);
        second.sync(office).unwrap();
        assert_eq!(second.memory.changes.len(), 2, "{wall_time_ms}");
    }
}

#[test]
fn a_change_in_the_name_of_somebody_else_stays_in_quarantine_whatever_rights_that_person_gets() {
    let world = World::new();
    let office = &world.office;
    let form = world.publish(FORM);
    let dara = world.person("dara", Role::Enumerator, "KH");
    let boss = world.person("boss", Role::Supervisor, "KH");
    let mut phone = world.phone(&dara);
    let id = phone.interview(office, form, &answers("KH", "a", 1));
    let covers = phone.record(office, id).context();
    phone.memory.person = boss.person;
    let approve = Op::Decide {
        decision: Decision::Approve,
        note: None,
        covers,
    };
    let forged = phone.write(office, id, form, &[approve]);
    phone.sync(office).unwrap();
    let waits = Some(Verdict::Quarantined(Reason::NotAllowed));
    assert_eq!(phone.verdict(forged), waits);
    // A device of the person it names: their rights are looked at again.
    let _ = world.phone(&boss);
    phone.sync(office).unwrap();
    assert_eq!(phone.verdict(forged), waits);
    let view = reviewing::view(office, &world.admin, id, None).unwrap();
    assert_eq!(view.row.state, "submitted");
}
