//! Versions: both sides speak the newest they share, or say clearly who needs an update.

use crate::error::SyncError;
use crate::session::{Clock, Options, Session};
use crate::tests::world::{caller, device, office, write};
use crate::version::{NEWEST, OLDEST, OURS, Range, negotiate};
use crate::wire::{SyncRequest, SyncResponse};

fn range(oldest: u16, newest: u16) -> Range {
    Range { oldest, newest }
}

#[test]
fn the_newest_shared_version_is_used() {
    assert_eq!(negotiate(range(2, 4), range(3, 7)).unwrap(), 4);
    assert_eq!(negotiate(range(3, 7), range(2, 4)).unwrap(), 4);
    assert_eq!(negotiate(range(1, 1), range(1, 1)).unwrap(), 1);
    for (ours, theirs) in [
        (range(1, 2), range(3, 4)),
        (range(3, 4), range(1, 2)),
        (range(1, 5), range(4, 2)),
    ] {
        assert!(matches!(negotiate(ours, theirs), Err(SyncError::Version { .. })));
    }
}

#[test]
fn the_message_says_which_side_to_update() {
    let older = negotiate(range(3, 4), range(1, 2)).unwrap_err().to_string();
    assert!(older.ends_with("update the other side"), "{older}");
    let newer = negotiate(range(1, 2), range(3, 4)).unwrap_err().to_string();
    assert!(newer.ends_with("update the program on this side"), "{newer}");
}

fn request() -> (crate::memory::device::MemoryDevice, SyncRequest) {
    let mut phone = device(1);
    write(&mut phone, 1, "name", "a");
    let clock = Clock {
        wall_time_ms: 0,
        utc_offset_min: 0,
    };
    let bytes = Session::new(Options::default())
        .next_request(&mut phone, clock)
        .unwrap()
        .unwrap();
    (phone, SyncRequest::decode(&bytes).unwrap())
}

#[test]
fn a_newer_device_that_still_speaks_ours_is_answered_in_ours() {
    let (phone, mut request) = request();
    request.protocol = range(OLDEST, NEWEST + 1);
    request.written_in = NEWEST;
    let response = crate::office::answer(&mut office(), &caller(&phone), 0, &request.encode()).unwrap();
    assert_eq!(SyncResponse::decode(&response).unwrap().protocol, NEWEST);
}

#[test]
fn a_newer_device_that_writes_what_we_cannot_read_is_told_what_we_speak_and_comes_back() {
    let (phone, mut request) = request();
    request.protocol = range(OLDEST, NEWEST + 1);
    request.written_in = NEWEST + 1;
    let mut bytes = request.encode();
    bytes.truncate(4);
    bytes.extend_from_slice(b"what follows is of another version and is not read");
    let error = crate::office::answer(&mut office(), &caller(&phone), 0, &bytes).unwrap_err();
    let SyncError::Version { ours, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(ours, OURS);
    let mut session = Session::new(Options::default());
    session.on_versions(ours).unwrap();
    assert!(session.on_versions(range(NEWEST + 1, NEWEST + 2)).is_err());
}

#[test]
fn devices_too_old_or_too_new_are_refused_before_anything_is_read() {
    for theirs in [range(0, 0), range(NEWEST + 1, NEWEST + 9)] {
        let (phone, mut request) = request();
        request.protocol = theirs;
        request.written_in = theirs.newest;
        let mut office = office();
        let error = crate::office::answer(&mut office, &caller(&phone), 0, &request.encode()).unwrap_err();
        assert!(matches!(error, SyncError::Version { .. }), "{error}");
        assert!(office.data.log.is_empty());
    }
}

#[test]
fn a_section_of_a_later_version_is_skipped_or_refused_by_its_number() {
    let (_, request) = request();
    let mut skippable = request.encode();
    skippable.pop();
    skippable.extend_from_slice(&[90, 3, 1, 2, 3, 0]);
    assert_eq!(SyncRequest::decode(&skippable).unwrap(), request);
    let mut needed = request.encode();
    needed.pop();
    needed.extend_from_slice(&[40, 3, 1, 2, 3, 0]);
    assert!(matches!(
        SyncRequest::decode(&needed),
        Err(SyncError::Malformed { .. })
    ));
}
