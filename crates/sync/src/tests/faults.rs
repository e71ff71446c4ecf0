//! Bad lines, repeated and late requests, copied devices, strangers.

use crate::error::SyncError;
use crate::log::{Caller, DeviceLog};
use crate::memory::line::{self, Fault};
use crate::office;
use crate::receipt::Verdict;
use crate::session::{Clock, Options, Session};
use crate::tests::world::{
    assert_same, caller, device, office, person, record, replica, shown, sync, sync_through, write,
};
use crate::wire::{SyncRequest, SyncResponse};

#[test]
fn a_response_lost_after_the_commit_costs_nothing() {
    let (mut phone, mut office) = (device(1), office());
    write(&mut phone, 1, "name", "a");
    write(&mut phone, 1, "name", "b");
    let total = sync_through(&mut phone, &mut office, &mut |round| match round {
        0 => Fault::ResponseLost,
        _ => Fault::None,
    });
    assert_eq!(total.n_rounds, 1);
    assert_eq!(office.data.log.len(), 2);
    assert_same(&phone, &office, 1);
}

#[test]
fn a_cut_line_halves_the_batch_and_loses_at_most_one() {
    let (mut phone, mut office) = (device(1), office());
    for n in 0..100 {
        write(&mut phone, n, "name", &"x".repeat(1000));
    }
    let mut session = Session::new(Options::default());
    let clock = Clock {
        wall_time_ms: 0,
        utc_offset_min: 0,
    };
    let whole = session.next_request(&mut phone, clock).unwrap().unwrap();
    for _ in 0..5 {
        session.on_cut();
    }
    let small = session.next_request(&mut phone, clock).unwrap().unwrap();
    let n_in = |request: &[u8]| SyncRequest::decode(request).unwrap().push.changes.len();
    assert_eq!(n_in(&whole), 100);
    assert!((1..10).contains(&n_in(&small)));
    assert_eq!(session.batch_bytes(), crate::limits::BATCH_BYTES / 32);
    let response = office::answer(&mut office, &caller(&phone), 0, &small).unwrap();
    session.on_response(&mut phone, &response).unwrap();
    assert_eq!(session.batch_bytes(), crate::limits::BATCH_BYTES / 16);
}

#[test]
fn the_same_request_again_changes_nothing_and_gives_the_same_receipts() {
    let (mut phone, mut office) = (device(1), office());
    write(&mut phone, 1, "name", "a");
    write(&mut phone, 2, "name", "b");
    let mut poison = crate::tests::world::Poison::last(&mut phone, crate::tests::world::key(2));
    poison.rewrite(vec![1, 1, 1, 9]);
    poison.put_back(&mut phone);
    let total = sync(&mut phone, &mut office);
    let receipts = phone.receipts.clone();
    for request in &total.requests {
        let response = office::answer(&mut office, &caller(&phone), 0, request).unwrap();
        let response = SyncResponse::decode(&response).unwrap();
        assert_eq!(
            response.push.receipts,
            receipts.values().copied().collect::<Vec<_>>()
        );
    }
    assert_eq!(office.data.log.len(), 2);
}

#[test]
fn requests_that_arrive_late_and_out_of_order_change_nothing() {
    let (mut phone, mut office) = (device(1), office());
    let mut requests = Vec::new();
    for n in 0..5 {
        write(&mut phone, 1, "name", &format!("{n}"));
        requests.extend(sync(&mut phone, &mut office).requests);
    }
    let before = office.record(record(1)).state_bytes();
    for request in requests.iter().rev().chain(requests.iter()) {
        office::answer(&mut office, &caller(&phone), 0, request).unwrap();
    }
    assert_eq!(office.data.log.len(), 5);
    assert_eq!(office.record(record(1)).state_bytes(), before);
    write(&mut phone, 1, "name", "last");
    sync(&mut phone, &mut office);
    assert_same(&phone, &office, 1);
    assert_eq!(phone.replica, replica(1), "no false fork");
}

#[test]
fn a_copied_folder_forks_and_both_copies_arrive_once_each() {
    let (mut phone, mut office) = (device(1), office());
    write(&mut phone, 1, "name", "both");
    sync(&mut phone, &mut office);
    write(&mut phone, 2, "name", "in both copies, unsent");
    let mut copy = phone.clone();
    copy.incarnations = [5001, 5002].into();
    write(&mut phone, 1, "name", "by the first");
    write(&mut phone, 3, "name", "by the first");
    write(&mut copy, 1, "name", "by the copy");
    write(&mut copy, 4, "name", "by the copy");
    write(&mut copy, 4, "more", "by the copy");
    sync(&mut phone, &mut office);
    let total = sync(&mut copy, &mut office);
    assert!(total.steps.iter().any(|step| step.forked));
    assert_ne!(copy.replica, phone.replica);
    assert_eq!(phone.replica.incarnation, replica(1).incarnation);
    sync(&mut phone, &mut office);
    assert_eq!(office.data.log.len(), 2 + 2 + 3);
    assert!(
        office
            .data
            .log
            .iter()
            .all(|(_, verdict)| *verdict == Verdict::Kept)
    );
    for n in 1..=4 {
        assert_same(&phone, &office, n);
        assert_same(&copy, &office, n);
    }
    // The two answers to one question are both there: a conflict for a supervisor.
    assert_eq!(office.record(record(1)).conflicts().len(), 1);
    // Both go on.
    write(&mut copy, 4, "more", "again");
    write(&mut phone, 3, "more", "again");
    sync(&mut copy, &mut office);
    sync(&mut phone, &mut office);
    sync(&mut copy, &mut office);
    for n in 1..=4 {
        assert_same(&copy, &office, n);
        assert_same(&phone, &office, n);
    }
}

#[test]
fn a_folder_restored_from_an_older_backup_gets_back_what_it_had_sent() {
    let (mut phone, mut office) = (device(1), office());
    write(&mut phone, 1, "name", "a");
    sync(&mut phone, &mut office);
    let mut old = phone.clone();
    old.incarnations = [7001].into();
    write(&mut phone, 1, "name", "b");
    write(&mut phone, 2, "name", "c");
    sync(&mut phone, &mut office);
    let total = sync(&mut old, &mut office);
    assert!(total.steps.iter().any(|step| step.forked));
    assert_same(&old, &office, 1);
    assert_same(&old, &office, 2);
    write(&mut old, 2, "name", "d");
    sync(&mut old, &mut office);
    assert_same(&old, &office, 2);
    assert_eq!(shown(&office.record(record(2)), "name").as_deref(), Some("d"));
}

#[test]
fn a_fork_far_back_is_found_at_its_first_change() {
    let (mut phone, mut office) = (device(1), office());
    for n in 0..10 {
        write(&mut phone, 1, "name", &format!("{n}"));
    }
    let mut copy = phone.clone();
    copy.incarnations = [6001].into();
    for n in 0..30 {
        write(&mut phone, 2, "name", &format!("phone {n}"));
        write(&mut copy, 3, "name", &format!("copy {n}"));
    }
    sync(&mut phone, &mut office);
    // The copy believes what only the first has been told.
    let acked = phone.state().unwrap();
    let mut applied = crate::log::Applied {
        replica: copy.replica,
        generation: acked.generation,
        restored: false,
        acked_through: 40,
        receipts: Vec::new(),
        backed_up_through: Default::default(),
        changes: Vec::new(),
        cursor_from: Default::default(),
        cursor_to: Default::default(),
        forms: None,
        names: None,
        parts: Vec::new(),
        safe: Vec::new(),
        lacks: Vec::new(),
        relay_receipts: Vec::new(),
        offering: None,
        office_time_ms: 0,
    };
    applied.acked_through = 40;
    copy.apply(&applied).unwrap();
    write(&mut copy, 3, "name", "copy last");
    sync(&mut copy, &mut office);
    assert_eq!(office.data.log.len(), 10 + 30 + 31);
    sync(&mut phone, &mut office);
    for n in 1..=3 {
        assert_same(&copy, &office, n);
        assert_same(&phone, &office, n);
    }
}

#[test]
fn a_request_with_another_devices_token_is_refused_and_nothing_is_kept() {
    let (mut phone, mut office) = (device(1), office());
    write(&mut phone, 1, "name", "a");
    let stranger = Caller {
        device: replica(2).device,
        person: person(1),
    };
    let result = line::sync(
        &mut phone,
        &mut office,
        &stranger,
        Options::default(),
        &mut |_| Fault::None,
    );
    assert!(matches!(result, Err(SyncError::Foreign)));
    assert!(office.data.log.is_empty());
}

#[test]
fn a_store_error_in_the_middle_keeps_nothing_of_the_batch() {
    struct Full(crate::memory::office::MemoryOffice);
    let (mut phone, mut office) = (device(1), office());
    write(&mut phone, 1, "name", "a");
    let full = Full(office.clone());
    let error = crate::log::OfficeLog::write(
        &mut office,
        Box::new(|transaction| {
            transaction.advance(
                replica(1),
                crate::log::Chain {
                    through: 9,
                    hash: sampan_record::ids::ChangeHash([1; 32]),
                },
            )?;
            Err(SyncError::StoreFull("no space".into()))
        }),
    );
    assert!(matches!(error, Err(SyncError::StoreFull(_))));
    assert_eq!(office.data.receipts, full.0.data.receipts);
    sync(&mut phone, &mut office);
    assert_same(&phone, &office, 1);
}

#[test]
fn a_response_without_a_request_is_refused() {
    let mut phone = device(1);
    let mut session = Session::new(Options::default());
    assert!(matches!(
        session.on_response(&mut phone, b"A"),
        Err(SyncError::OutOfTurn)
    ));
}

#[test]
fn a_fork_heard_late_does_not_issue_again_what_was_acked_meanwhile() {
    let (mut phone, mut office) = (device(1), office());
    let clock = Clock {
        wall_time_ms: 0,
        utc_offset_min: 0,
    };
    write(&mut phone, 1, "name", "a");
    sync(&mut phone, &mut office);
    let mut slow = Session::new(Options::default());
    let early = slow.next_request(&mut phone, clock).unwrap().unwrap();
    write(&mut phone, 1, "name", "b");
    sync(&mut phone, &mut office);
    // The early request arrives last: to the office it looks like a device that went back in time.
    let response = office::answer(&mut office, &caller(&phone), 0, &early).unwrap();
    assert_eq!(
        SyncResponse::decode(&response).unwrap().push.fork_first_seq,
        Some(2)
    );
    let step = slow.on_response(&mut phone, &response).unwrap();
    assert!(!step.forked);
    assert_eq!(phone.replica, replica(1));
    assert_eq!(office.data.log.len(), 2);
}

/// A backlog that does not compress.
fn backlog(n: u64) -> crate::memory::device::MemoryDevice {
    let mut phone = device(1);
    let mut state = 7u64;
    for number in 0..n {
        let mut text = String::new();
        for _ in 0..60 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            text.push_str(&format!("{:016x}", state ^ (state >> 29)));
        }
        write(&mut phone, (number % 100) as u8, "name", &text);
    }
    phone
}

/// Syncs over a line of so many bytes a second; gives how long each request took, and the last size of batch.
fn over_a_line(phone: &mut crate::memory::device::MemoryDevice, bytes_a_s: u64) -> (Vec<u64>, usize) {
    let mut office = office();
    let mut session = Session::new(Options::default());
    let clock = Clock {
        wall_time_ms: 0,
        utc_offset_min: 0,
    };
    let mut times = Vec::new();
    while let Some(request) = session.next_request(phone, clock).unwrap() {
        let response = office::answer(&mut office, &caller(phone), 0, &request).unwrap();
        let took_ms = 800 + request.len() as u64 * 1_000 / bytes_a_s;
        times.push(took_ms);
        session.took(took_ms);
        session.on_response(phone, &response).unwrap();
    }
    (times, session.batch_bytes())
}

#[test]
fn a_batch_fits_the_line_it_goes_over() {
    let limit_ms = crate::limits::REQUEST_MS;
    // EDGE: the first request was a guess, the others take a time a person can wait.
    let (times, batch_bytes) = over_a_line(&mut backlog(800), 2_500);
    assert!(times.len() > 5, "{times:?}");
    let waits = times.iter().skip(3);
    assert!(
        waits.clone().all(|took_ms| *took_ms < limit_ms * 3 / 2),
        "{times:?}"
    );
    let busy = times.iter().skip(3).take(times.len().saturating_sub(4));
    assert!(busy.clone().all(|took_ms| *took_ms > limit_ms / 4), "{times:?}");
    assert!(batch_bytes < 200_000, "{batch_bytes}");
    // A good line: few requests, ever larger.
    let (times, batch_bytes) = over_a_line(&mut backlog(4_000), 1_000_000);
    assert!(times.len() <= 5, "{times:?}");
    assert_eq!(batch_bytes, crate::limits::BATCH_BYTES_MOST);
}

#[test]
fn a_photo_cut_again_and_again_is_sent_once_and_at_most_one_piece_for_each_cut() {
    let photo: Vec<u8> = (0..3_000_000u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let (mut phone, mut office) = (device(1), office());
    let hash = crate::memory::content_hash(&photo);
    phone.contents.insert(hash, photo.clone());
    phone.media.push(hash);
    office.wanted.insert(hash);
    let mut n_cuts = 0;
    let total = sync_through(&mut phone, &mut office, &mut |round| match round % 3 {
        1 => {
            n_cuts += 1;
            Fault::RequestLost
        }
        2 => {
            n_cuts += 1;
            Fault::ResponseLost
        }
        _ => Fault::None,
    });
    assert_eq!(office.contents.get(&hash), Some(&photo));
    let mut largest = 0;
    let mut sent = 0;
    for request in &total.requests {
        for part in SyncRequest::decode(request).unwrap().parts {
            largest = largest.max(part.bytes.len());
            sent += part.bytes.len();
        }
    }
    assert!(
        sent <= photo.len() + n_cuts * largest,
        "{sent} for {n_cuts} cuts of {largest}"
    );
}
