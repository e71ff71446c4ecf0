//! Content in one go, in parts, in a wrong order, damaged.

use std::fs;

use crate::blob::{BlobFolder, Progress, hash_of};
use crate::error::StoreError;

fn shelf() -> (tempfile::TempDir, BlobFolder) {
    let folder = tempfile::tempdir().unwrap();
    let blobs = BlobFolder::open(folder.path()).unwrap();
    (folder, blobs)
}

#[test]
fn what_is_put_is_read_by_its_hash() {
    let (_folder, blobs) = shelf();
    let hash = blobs.put(b"fish").unwrap();
    assert_eq!(blobs.put(b"fish").unwrap(), hash);
    assert_eq!(blobs.read(hash).unwrap(), b"fish");
    assert_eq!(blobs.size_bytes(hash).unwrap(), Some(4));
    assert_eq!(blobs.read_part(hash, 1, 2).unwrap().unwrap(), b"is");
    assert_eq!(blobs.read_part(hash, 9, 2).unwrap().unwrap(), b"");
    assert_eq!(blobs.list().unwrap(), [hash]);
    let absent = hash_of(b"rice");
    assert!(matches!(
        blobs.read(absent).unwrap_err(),
        StoreError::Absent { .. }
    ));
    assert_eq!(blobs.read_part(absent, 0, 1).unwrap(), None);
}

#[test]
fn parts_go_on_where_they_were_cut_after_a_kill_too() {
    let (folder, blobs) = shelf();
    let hash = hash_of(b"catfish");
    assert_eq!(
        blobs.add_part(hash, 7, 0, b"cat").unwrap(),
        Progress::Wanted { offset: 3 }
    );
    assert_eq!(blobs.size_bytes(hash).unwrap(), None);
    let blobs = BlobFolder::open(folder.path()).unwrap();
    // A part from beyond is not taken, a part that comes again adds only what is new.
    assert_eq!(
        blobs.add_part(hash, 7, 5, b"sh").unwrap(),
        Progress::Wanted { offset: 3 }
    );
    assert_eq!(
        blobs.add_part(hash, 7, 1, b"atf").unwrap(),
        Progress::Wanted { offset: 4 }
    );
    assert_eq!(blobs.add_part(hash, 7, 4, b"ish").unwrap(), Progress::Whole);
    assert_eq!(blobs.add_part(hash, 7, 0, b"cat").unwrap(), Progress::Whole);
    assert_eq!(blobs.read(hash).unwrap(), b"catfish");
    assert_eq!(fs::read_dir(folder.path().join("parts")).unwrap().count(), 0);
}

#[test]
fn damaged_content_is_dropped_and_wanted_again_from_the_start() {
    let (_folder, blobs) = shelf();
    let hash = hash_of(b"catfish");
    blobs.add_part(hash, 7, 0, b"dog").unwrap();
    let error = blobs.add_part(hash, 7, 3, b"fish").unwrap_err();
    assert!(matches!(error, StoreError::WrongContent { .. }));
    assert_eq!(blobs.progress(hash).unwrap(), Progress::Wanted { offset: 0 });
    assert!(blobs.list().unwrap().is_empty());
}

#[test]
fn content_that_rots_on_the_disk_is_not_given_out() {
    let (_folder, blobs) = shelf();
    let hash = blobs.put(b"fish").unwrap();
    fs::write(blobs.path(hash), b"fisn").unwrap();
    assert!(matches!(
        blobs.read(hash).unwrap_err(),
        StoreError::WrongContent { .. }
    ));
}

#[test]
fn more_than_was_announced_is_not_taken() {
    let (_folder, blobs) = shelf();
    let hash = hash_of(b"fish");
    assert!(matches!(
        blobs.add_part(hash, 3, 0, b"fish").unwrap_err(),
        StoreError::TooLarge { .. }
    ));
    assert!(matches!(
        blobs.add_part(hash, u64::MAX, 0, b"fish").unwrap_err(),
        StoreError::TooLarge { .. }
    ));
    assert!(matches!(
        blobs.add_part(hash, 7, u64::MAX, b"fish").unwrap_err(),
        StoreError::TooLarge { .. }
    ));
}

#[test]
fn empty_content_is_content() {
    let (_folder, blobs) = shelf();
    let hash = hash_of(b"");
    assert_eq!(blobs.add_part(hash, 0, 0, b"").unwrap(), Progress::Whole);
    assert_eq!(blobs.read(hash).unwrap(), b"");
}
