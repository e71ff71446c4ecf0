//! The device database's schema, journal and limits. What sync does to it is tested with a model office.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;
use sampan_record::change::RecordKey;
use sampan_record::context::Context;
use sampan_record::ids::{ContentHash, DeviceId, PersonId, RecordId, Replica};
use sampan_record::op::Op;
use sampan_record::schema::NoSchema;
use sampan_record::write::{self, Draft};
use sampan_sync::receipt::Generation;
use uuid::Uuid;

use crate::device::columns::{context_bytes, context_from};
use crate::device::identity::{Enrolled, Enrolment};
use crate::device::{DeviceStore, SCHEMA, Surroundings};
use crate::error::StoreError;
use crate::migrate::{migrate, migrate_to, schema_text};

static CHANCE: AtomicU64 = AtomicU64::new(u64::MAX - 5);

fn device(folder: &Path) -> DeviceStore {
    let surroundings = Surroundings {
        now_ms: Box::new(|| 1_764_022_620_000),
        random: Box::new(|| Some(CHANCE.fetch_add(1, Ordering::SeqCst))),
    };
    DeviceStore::open(folder, surroundings).unwrap()
}

fn enrolled(folder: &Path) -> DeviceStore {
    let mut store = device(folder);
    store
        .begin_enrolment(&Enrolment {
            server_url: "https://office.example".into(),
            code: "K7Q".into(),
            device_name: "phone".into(),
            key_seed: [3; 32],
        })
        .unwrap();
    store
        .complete_enrolment(&Enrolled {
            device: DeviceId(Uuid::from_u128(1)),
            person: PersonId(Uuid::from_u128(2)),
            person_login: "srey".into(),
            person_name: "Srey".into(),
            generation: Generation(u64::MAX),
            token: "token".into(),
        })
        .unwrap();
    store
}

const RECORD: RecordId = RecordId(Uuid::from_u128(7));
const FORM: ContentHash = ContentHash([5; 32]);

fn submit(store: &mut DeviceStore) -> Result<(), StoreError> {
    let journal = store.journal(RECORD)?.unwrap();
    let next = store.next_change()?.unwrap();
    let draft = Draft {
        replica: next.replica,
        seq: next.seq,
        prev: next.prev,
        record: RECORD,
        context: journal.context,
        lamport: journal.lamport,
        author: PersonId(Uuid::from_u128(2)),
        form: FORM,
        wall_time_ms: 3,
        utc_offset_min: 420,
        record_key: RecordKey([1; 16]),
        is_first: next.seq == 1,
    };
    store.write_change(&write::change(draft, &[Op::Submit], &NoSchema).unwrap())
}

#[test]
fn the_schema_is_the_one_written_down() {
    let mut connection = Connection::open_in_memory().unwrap();
    migrate(&mut connection, &SCHEMA).unwrap();
    let fresh = schema_text(&connection).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/device/schema.sql");
    if std::env::var_os("SAMPAN_WRITE_SCHEMA").is_some() {
        std::fs::write(&path, &fresh).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), fresh);
    for release in 0..SCHEMA.latest() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate_to(&mut connection, &SCHEMA, release).unwrap();
        migrate(&mut connection, &SCHEMA).unwrap();
        assert_eq!(schema_text(&connection).unwrap(), fresh, "from release {release}");
    }
}

#[test]
fn steps_are_numbered_without_gaps() {
    for (index, migration) in SCHEMA.migrations.iter().enumerate() {
        assert_eq!(migration.number as usize, index + 1);
    }
}

#[test]
fn an_identity_is_kept_with_its_highest_bits() {
    let folder = tempfile::tempdir().unwrap();
    let incarnation = enrolled(folder.path()).identity().unwrap().unwrap().incarnation;
    assert!(incarnation > u64::MAX / 2);
    let mut store = device(folder.path());
    let identity = store.identity().unwrap().unwrap();
    assert_eq!((identity.incarnation, identity.key_seed), (incarnation, [3; 32]));
    let state = sampan_sync::log::DeviceLog::state(&mut store).unwrap();
    assert_eq!(state.generation, Generation(u64::MAX));
    assert!(store.begun_enrolment().unwrap().is_none());
    assert!(!format!("{identity:?}").contains("token"));
}

#[test]
fn an_enrolment_that_was_sent_is_kept_until_it_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let enrolment = Enrolment {
        server_url: "https://office.example".into(),
        code: "K7Q".into(),
        device_name: "phone".into(),
        key_seed: [3; 32],
    };
    device(folder.path()).begin_enrolment(&enrolment).unwrap();
    let store = device(folder.path());
    assert!(store.begun_enrolment().unwrap() == Some(enrolment));
    assert_eq!(store.identity().unwrap(), None);
    assert_eq!(store.next_change().unwrap(), None);
}

#[test]
fn a_journal_becomes_a_change_or_stays_a_journal() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = enrolled(folder.path());
    let key = RecordKey([1; 16]);
    store.begin_interview(RECORD, FORM, key, 1, b"first").unwrap();
    let nothing = Context::default();
    store
        .add_to_journal(RECORD, (&nothing, 1), 2, b"second", "here")
        .unwrap();
    drop(store);
    let mut store = device(folder.path());
    let journal = store.journal(RECORD).unwrap().unwrap();
    assert_eq!(journal.entries, [b"first".to_vec(), b"second".to_vec()]);
    assert_eq!((journal.lamport, journal.last_at_ms), (1, 2));
    assert_eq!(store.with_journal().unwrap(), [RECORD]);
    let begun = store.begun(RECORD).unwrap().unwrap();
    assert_eq!(
        (begun.new_key, begun.position.as_deref()),
        (Some(key), Some("here"))
    );
    submit(&mut store).unwrap();
    assert_eq!(store.journal(RECORD).unwrap(), None);
    assert_eq!(store.begun(RECORD).unwrap().unwrap().new_key, None);
    assert_eq!(store.record_changes(RECORD).unwrap().len(), 1);
    let row = store.interview(RECORD).unwrap().unwrap();
    assert_eq!((row.n_unsaved, row.n_unsent, row.is_stale), (0, 1, true));
}

#[test]
fn a_full_disk_keeps_what_is_there_and_the_device_goes_on_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = enrolled(folder.path());
    store
        .begin_interview(RECORD, FORM, RecordKey([1; 16]), 1, b"first")
        .unwrap();
    store.limit_size(1).unwrap();
    let nothing = Context::default();
    let long = vec![0u8; 100_000];
    let error = store
        .add_to_journal(RECORD, (&nothing, 1), 2, &long, "here")
        .unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert_eq!(store.journal(RECORD).unwrap().unwrap().entries.len(), 1);
    store.limit_size(u64::MAX).unwrap();
    store
        .add_to_journal(RECORD, (&nothing, 1), 2, &long, "here")
        .unwrap();
    submit(&mut store).unwrap();
    assert_eq!(store.counts().unwrap().n_unsent, 1);
}

#[test]
fn contexts_survive_their_column() {
    let mut context = Context::default();
    for (device, incarnation, seq) in [(1, u64::MAX, 1), (1, 0, u64::MAX), (u128::MAX, 5, 9)] {
        let replica = Replica {
            device: DeviceId(Uuid::from_u128(device)),
            incarnation,
        };
        context.0.insert(replica, seq);
    }
    let bytes = context_bytes(&context);
    assert_eq!(context_from(&bytes), Some(context));
    assert_eq!(context_from(&bytes[1..]), None);
}

#[test]
fn old_lines_of_the_log_go() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = device(folder.path());
    for number in 0..3 {
        store.add_line("sync", &format!("line {number}")).unwrap();
    }
    let lines = store.lines(2).unwrap();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0].sentence, "line 2");
}
