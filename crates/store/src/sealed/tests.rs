//! Sealed files to the byte.

use std::collections::BTreeMap;

use sampan_record::change::{Change, Header, Payload, RecordKey};
use sampan_record::codec;
use sampan_record::context::Context;
use sampan_record::ids::{ChangeHash, ContentHash, DeviceId, PersonId, RecordId, Replica};
use uuid::Uuid;

use super::{Sealed, list, path_of, remove};

const GOLDEN: &[u8] = include_bytes!("../../golden/interview-v1.sealed");

fn sample() -> Sealed {
    let writer = Replica {
        device: DeviceId(Uuid::from_u128(1)),
        incarnation: 0x0102_0304_0506_0708,
    };
    let person = PersonId(Uuid::from_u128(2));
    let record = RecordId(Uuid::from_u128(3));
    let key = RecordKey([4; 16]);
    let payload = b"what was answered".to_vec();
    let change = Change {
        header: Header {
            replica: writer,
            seq: 1,
            prev: ChangeHash([0; 32]),
            record,
            context: Context(BTreeMap::new()),
            lamport: 1,
            author: person,
            form: ContentHash([5; 32]),
            wall_time_ms: 1_764_000_000_000,
            utc_offset_min: 420,
            payload_hash: codec::payload_hash(&key, &payload),
        },
        payload: Payload::Full(payload),
        record_key: Some(key),
    };
    Sealed {
        writer,
        person,
        person_login: "dara".into(),
        server_url: "https://office.example".into(),
        record,
        changes: vec![change],
    }
}

#[test]
fn the_sample_is_written_and_read_to_the_byte() {
    if std::env::var_os("SAMPAN_WRITE_GOLDEN").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/interview-v1.sealed");
        std::fs::write(path, sample().to_bytes()).unwrap();
        return;
    }
    assert_eq!(sample().to_bytes(), GOLDEN);
    assert_eq!(Sealed::from_bytes(GOLDEN).unwrap(), sample());
}

#[test]
fn a_file_that_is_cut_or_changed_anywhere_is_refused() {
    let whole = sample().to_bytes();
    for length in 0..whole.len() {
        assert!(Sealed::from_bytes(&whole[..length]).is_err(), "cut at {length}");
    }
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x40;
        assert!(Sealed::from_bytes(&changed).is_err(), "changed at {at}");
    }
    let mut longer = whole.clone();
    longer.push(0);
    assert!(Sealed::from_bytes(&longer).is_err());
}

#[test]
fn a_file_takes_the_place_of_the_older_one_and_leaves_nothing_else() {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("sealed");
    let mut sealed = sample();
    sealed.write(&folder).unwrap();
    sealed.person_login = "thida".into();
    sealed.write(&folder).unwrap();
    assert_eq!(list(&folder).unwrap(), [path_of(&folder, sealed.record)]);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    let read = Sealed::read(&path_of(&folder, sealed.record)).unwrap();
    assert_eq!(read.unwrap(), sealed);
    remove(&folder, sealed.record).unwrap();
    remove(&folder, sealed.record).unwrap();
    assert!(list(&folder).unwrap().is_empty());
}
