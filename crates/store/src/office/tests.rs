//! Tests of the office database with real files.

use std::sync::Arc;

use rusqlite::Connection;
use tempfile::TempDir;
use uuid::Uuid;

use sampan_record::change::{Change, RecordKey};
use sampan_record::ids::{ChangeHash, ContentHash, DeviceId, PersonId, RecordId, Replica};
use sampan_record::op::Op;
use sampan_record::schema::NoSchema;
use sampan_record::write::{self, Draft};
use sampan_sync::log::Chain;
use sampan_sync::names::Standing;
use sampan_sync::receipt::{Cursor, Generation, Position, Reason, Verdict};

use super::identity::Birth;
use super::people::{PersonRow, RoleRow};
use super::quarantine::Waiting;
use super::rows::{Facet, ListRow, RowFilter, Sight};
use super::writer::Executor;
use super::{Access, FILE_NAME, OfficeStore, backup, schema};
use crate::error::StoreError;
use crate::migrate;

fn birth(n: u64) -> Birth {
    Birth {
        generation: Generation(n),
        device: DeviceId(Uuid::from_u128(u128::from(n))),
        incarnation: u64::MAX - n,
    }
}

fn open(folder: &TempDir, executor: Executor) -> OfficeStore {
    OfficeStore::open(folder.path(), Access::Serve, executor, &birth(7), 1).unwrap()
}

fn person(n: u128) -> PersonId {
    PersonId(Uuid::from_u128(n))
}

fn record(n: u128) -> RecordId {
    RecordId(Uuid::from_u128(1000 + n))
}

fn change(seq: u64, id: RecordId) -> Change {
    let draft = Draft {
        replica: Replica {
            device: DeviceId(Uuid::from_u128(1)),
            incarnation: u64::MAX,
        },
        seq,
        prev: if seq == 1 {
            ChangeHash([0; 32])
        } else {
            ChangeHash([1; 32])
        },
        record: id,
        context: Default::default(),
        lamport: 1,
        author: person(1),
        form: ContentHash([9; 32]),
        wall_time_ms: 5,
        utc_offset_min: 0,
        record_key: RecordKey([3; 16]),
        is_first: true,
    };
    write::change(draft, &[Op::Submit], &NoSchema).unwrap()
}

fn keep(store: &OfficeStore, change: &Change, verdict: Verdict) -> Result<Position, StoreError> {
    store.write(|writing| {
        let at = writing.keep_change(change, change.hash(), verdict, 10)?;
        writing.append_to_feeds(change.header.record, at)?;
        Ok(at)
    })
}

fn row(n: u128, country: &str, last: u64) -> ListRow {
    ListRow {
        record: record(n),
        form_id: "f".into(),
        form: ContentHash([9; 32]),
        state: "submitted".into(),
        project: "main".into(),
        country: country.into(),
        province: format!("{country}-1"),
        province_label: format!("ខេត្ត {last}"),
        team: String::new(),
        owner: person(n),
        assignee: None,
        label: format!("label {n}"),
        n_conflicts: 0,
        n_open_comments: 0,
        n_changes: 1,
        updated_at_ms: 10,
        last_position: Position(last),
        search: format!("label {n}\n100% ភ្នំពេញ"),
        media: vec![([5; 32], 100)],
    }
}

#[test]
fn the_schema_is_the_one_in_the_repository() {
    let mut connection = Connection::open_in_memory().unwrap();
    migrate::migrate(&mut connection, &schema::OFFICE).unwrap();
    let text = migrate::schema_text(&connection).unwrap();
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../migrations/office/sqlite/schema.sql"
    );
    if std::env::var_os("SAMPAN_WRITE_SCHEMA").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == text,
        "run `SAMPAN_WRITE_SCHEMA=1 cargo test -p sampan-store schema` and read the difference"
    );
}

#[test]
fn an_office_keeps_its_identity_and_only_one_server_has_it() {
    let folder = TempDir::new().unwrap();
    let first = open(&folder, Executor::OneByOne);
    let identity = first.read(|reading| reading.identity()).unwrap();
    assert_eq!(
        (identity.generation, identity.is_restored),
        (Generation(7), false)
    );
    let second = OfficeStore::open(folder.path(), Access::Serve, Executor::OneByOne, &birth(8), 1);
    assert!(matches!(second, Err(StoreError::InUse { .. })), "{second:?}");
    let beside = OfficeStore::open(folder.path(), Access::Command, Executor::OneByOne, &birth(8), 1).unwrap();
    assert_eq!(beside.read(|reading| reading.identity()).unwrap(), identity);
}

#[test]
fn eight_identical_changes_at_once_leave_one_change_and_one_receipt() {
    let folder = TempDir::new().unwrap();
    let store = Arc::new(open(&folder, Executor::Grouped { most: 64 }));
    for round in 1..=20 {
        let change = change(round, record(1));
        let n_kept = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| keep(&store, &change, Verdict::Kept).is_ok()))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .filter(|ok| *ok)
                .count()
        });
        assert_eq!(n_kept, 1, "round {round}");
        let receipt = store
            .read(|reading| reading.receipt(change.header.dot()))
            .unwrap()
            .unwrap();
        assert_eq!(
            (receipt.verdict, receipt.position),
            (Verdict::Kept, Position(round))
        );
    }
    assert_eq!(
        store.read(|reading| reading.last_position()).unwrap(),
        Position(20)
    );
}

#[test]
fn verdicts_chains_and_keys_come_back_as_they_were_kept() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder, Executor::OneByOne);
    for (seq, verdict) in [
        (1, Verdict::Kept),
        (2, Verdict::Erased),
        (3, Verdict::Quarantined(Reason::UnknownForm)),
        (4, Verdict::Quarantined(Reason::Other(200))),
    ] {
        let change = change(seq, record(seq.into()));
        let at = keep(&store, &change, verdict).unwrap();
        let (receipt, stored, keys, lamport) = store
            .read(|reading| {
                Ok::<_, StoreError>((
                    reading.receipt(change.header.dot())?.unwrap(),
                    reading.change_at(at)?.unwrap(),
                    reading.keys_of(change.header.record)?,
                    reading.lamport_of(change.header.record, change.header.dot())?,
                ))
            })
            .unwrap();
        assert_eq!(
            (receipt.verdict, receipt.hash, receipt.position),
            (verdict, change.hash(), at)
        );
        assert_eq!(stored.change, change);
        assert_eq!(keys, [Some(RecordKey([3; 16]))]);
        let is_in_force = !matches!(verdict, Verdict::Quarantined(_));
        assert_eq!(
            (stored.is_in_force, lamport),
            (is_in_force, is_in_force.then_some(1))
        );
    }
    let replica = change(1, record(1)).header.replica;
    for (through, expected) in [(3, 3), (2, 3), (5, 5)] {
        let chain = Chain {
            through,
            hash: ChangeHash([through as u8; 32]),
        };
        store.write(|writing| writing.advance(replica, chain, 1)).unwrap();
        assert_eq!(
            store.read(|reading| reading.chain(replica)).unwrap().through,
            expected
        );
    }
}

#[test]
fn a_quarantined_change_is_in_no_feed_until_it_is_released() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder, Executor::OneByOne);
    let change = change(1, record(1));
    store
        .write(|writing| {
            let cause = Reason::UnknownForm;
            let at = writing.keep_change(&change, change.hash(), Verdict::Quarantined(cause), 10)?;
            let waiting = Waiting {
                position: at,
                device: change.header.replica.device,
                author: person(1),
                form: change.header.form,
                cause,
                reason: "no such form".into(),
            };
            writing.quarantine(&waiting, 10)?;
            writing.bring_into_sight(person(1), record(1))?;
            assert!(writing.feed(person(1), Cursor(0), 10)?.is_empty());
            assert_eq!(
                writing.forms_missed_from(change.header.replica.device, 9)?,
                [change.header.form]
            );
            writing.enter_force(at, Verdict::Kept)?;
            writing.release(at, 11)?;
            writing.append_to_feeds(record(1), at)?;
            assert!(writing.quarantined()?.is_empty());
            assert_eq!(writing.feed(person(1), Cursor(0), 10)?.len(), 1);
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

#[test]
fn cursors_are_in_commit_order_and_a_record_comes_into_view_whole() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder, Executor::Grouped { most: 64 });
    store
        .write(|writing| writing.bring_into_sight(person(1), record(1)))
        .unwrap();
    // A reader that always goes on from its cursor misses nothing, however the writers overlap.
    let seen = std::thread::scope(|scope| {
        for seq in 1..=60 {
            let store = &store;
            scope.spawn(move || keep(store, &change(seq, record(1)), Verdict::Kept).unwrap());
        }
        scope
            .spawn(|| {
                let mut seen = Vec::new();
                let mut cursor = Cursor(0);
                while seen.len() < 60 {
                    for (next, change) in store.read(|reading| reading.feed(person(1), cursor, 7)).unwrap() {
                        assert!(next > cursor);
                        cursor = next;
                        seen.push(change.header.seq);
                    }
                }
                seen
            })
            .join()
            .unwrap()
    });
    let mut sorted = seen.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (1..=60).collect::<Vec<u64>>());

    store
        .write(|writing| writing.bring_into_sight(person(2), record(1)))
        .unwrap();
    let late = store
        .read(|reading| reading.feed(person(2), Cursor(0), 100))
        .unwrap();
    assert_eq!(late.len(), 60);
    store
        .write(|writing| writing.take_out_of_sight(person(2), record(1)))
        .unwrap();
    keep(&store, &change(61, record(1)), Verdict::Kept).unwrap();
    let gone = store
        .read(|reading| reading.feed(person(2), Cursor(0), 100))
        .unwrap();
    assert!(gone.is_empty());
}

#[test]
fn a_viewer_learns_the_names_of_a_records_people_once_and_again_when_they_changed() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder, Executor::OneByOne);
    let names = |viewer: u128, after: u64| {
        let entries = store
            .read(|reading| reading.names_for(person(viewer), after, 100))
            .unwrap();
        let through = entries.last().map_or(after, |entry| entry.revision);
        let names: Vec<_> = entries
            .into_iter()
            .map(|entry| (entry.name.name, entry.name.standing))
            .collect();
        (names, through)
    };
    let role = |word: &str| RoleRow {
        role: word.into(),
        project: String::new(),
        country: String::new(),
        province: String::new(),
        team: String::new(),
    };
    store
        .write(|writing| {
            for (n, name) in [(1, "Dara"), (2, "ធីតា"), (3, "Sok"), (4, "Elsewhere")] {
                writing.add_person(&PersonRow {
                    person: person(n),
                    login: format!("p{n}"),
                    name: name.into(),
                    is_closed: false,
                    password: None,
                    created_at_ms: 0,
                })?;
            }
            writing.set_roles(person(3), &[role("enumerator"), role("supervisor")])?;
            writing.note_participant(record(1), person(1))?;
            writing.note_participant(record(2), person(4))?;
            writing.bring_into_sight(person(1), record(1))?;
            writing.bring_into_sight(person(2), record(1))?;
            writing.note_participant(record(1), person(3))
        })
        .unwrap();
    let sok = |standing| ("Sok".to_string(), standing);
    let dara = ("Dara".to_string(), Standing::None);
    let (first, through) = names(1, 0);
    assert_eq!(
        first,
        [dara.clone(), sok(Standing::Supervisor)],
        "nobody of the other record"
    );
    assert_eq!(names(1, through).0, [], "told once");

    store
        .write(|writing| writing.set_roles(person(3), &[role("admin")]))
        .unwrap();
    assert_eq!(names(1, through).0, [sok(Standing::Admin)], "told again");
    assert_eq!(names(2, 0).0, [dara, sok(Standing::Admin)]);

    store
        .write(|writing| writing.take_out_of_sight(person(2), record(1)))
        .unwrap();
    assert_eq!(names(2, 0).0, [], "out of sight, out of what is told");
    assert_eq!(names(1, 0).0.len(), 2);
}

#[test]
fn lists_are_cut_to_what_is_in_sight() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder, Executor::OneByOne);
    store
        .write(|writing| {
            for (n, country) in [(1, "KH"), (2, "KH"), (3, "TH")] {
                writing.put_row(&row(n, country, n as u64))?;
            }
            Ok::<_, StoreError>(())
        })
        .unwrap();
    let place = |country: &str| Sight::Place {
        project: String::new(),
        country: country.into(),
        province: String::new(),
        team: String::new(),
    };
    let filter = |words: &[&str]| RowFilter {
        words: words.iter().map(ToString::to_string).collect(),
        ..RowFilter::default()
    };
    for (sights, filter, expected) in [
        (vec![], RowFilter::default(), vec![]),
        (vec![place("")], RowFilter::default(), vec![3, 2, 1]),
        (vec![place("KH")], RowFilter::default(), vec![2, 1]),
        (vec![Sight::Own(person(3))], RowFilter::default(), vec![3]),
        (
            vec![place("KH"), Sight::Own(person(3))],
            RowFilter::default(),
            vec![3, 2, 1],
        ),
        (vec![place("")], filter(&["LABEL", "ភ្នំពេញ", "2"]), vec![2]),
        (vec![place("")], filter(&["%"]), vec![3, 2, 1]),
        (vec![place("TH")], filter(&["1' OR 1=1 --"]), vec![]),
    ] {
        let found = store
            .read(|reading| reading.rows(&sights, &filter, 0, 10))
            .unwrap();
        let found: Vec<RecordId> = found.into_iter().map(|row| row.record).collect();
        let expected: Vec<RecordId> = expected.into_iter().map(record).collect();
        assert_eq!(found, expected, "{sights:?} {filter:?}");
        let n_rows = store.read(|reading| reading.n_rows(&sights, &filter)).unwrap();
        assert_eq!(n_rows, expected.len() as u64);
    }
    let facet = store
        .read(|reading| reading.facet(Facet::Country, &[place("")], &RowFilter::default()))
        .unwrap();
    assert_eq!(facet, [("KH".to_string(), 2), ("TH".to_string(), 1)]);
    let second = store
        .read(|reading| reading.rows(&[place("")], &RowFilter::default(), 1, 1))
        .unwrap();
    assert_eq!(second[0].record, record(2));
}

#[test]
fn the_oldest_come_first_and_a_province_has_the_name_of_its_newest_record() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder, Executor::OneByOne);
    store
        .write(|writing| {
            for (n, country, last) in [(1, "KH", 3), (2, "KH", 1), (3, "TH", 2)] {
                writing.put_row(&row(n, country, last))?;
            }
            Ok::<_, StoreError>(())
        })
        .unwrap();
    let cambodia = [Sight::Place {
        project: String::new(),
        country: "KH".into(),
        province: String::new(),
        team: String::new(),
    }];
    let oldest = store
        .read(|reading| reading.oldest_rows(&cambodia, &RowFilter::default(), 5))
        .unwrap();
    let order: Vec<u64> = oldest.iter().map(|row| row.last_position.0).collect();
    assert_eq!(order, [1, 3]);
    let labels = store.read(|reading| reading.province_labels(&cambodia)).unwrap();
    assert_eq!(labels, [("KH-1".to_string(), "ខេត្ត 3".to_string())]);
}

#[test]
fn a_backup_is_whole_and_a_restore_begins_another_generation() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder, Executor::OneByOne);
    store
        .write(|writing| writing.bring_into_sight(person(1), record(1)))
        .unwrap();
    for seq in 1..=3 {
        keep(&store, &change(seq, record(1)), Verdict::Kept).unwrap();
    }
    let hash = store.blobs().put(b"a file").unwrap();
    let target = folder.path().join("backup");
    let counted = store.copy_to(&target).unwrap();
    assert_eq!((counted.n_changes, counted.n_records, counted.n_blobs), (3, 1, 1));
    assert!(matches!(store.copy_to(&target), Err(StoreError::NotEmpty { .. })));
    keep(&store, &change(4, record(1)), Verdict::Kept).unwrap();
    assert_eq!(backup::count_copy(&target).unwrap(), counted);

    let back = TempDir::new().unwrap();
    backup::copy_back(&target, back.path()).unwrap();
    let restored = OfficeStore::open(back.path(), Access::Serve, Executor::OneByOne, &birth(9), 2).unwrap();
    restored
        .write(|writing| writing.be_restored(Generation(11), 5))
        .unwrap();
    let identity = restored.read(|reading| reading.identity()).unwrap();
    assert_eq!(
        (identity.generation, identity.is_restored),
        (Generation(11), true)
    );
    assert_eq!(identity.backed_up_through, Position(3));
    assert_eq!(restored.blobs().read(hash).unwrap(), b"a file");
    for (generation, cursor) in [(7, 3), (11, 0), (99, 0)] {
        let shared = restored.read(|reading| reading.shared_cursor(Generation(generation)));
        assert_eq!(shared.unwrap(), Cursor(cursor), "{generation}");
    }
    // New places in the feed are never below what an old cursor could have seen.
    keep(&restored, &change(4, record(1)), Verdict::Kept).unwrap();
    let feed = restored
        .read(|reading| reading.feed(person(1), Cursor(3), 10))
        .unwrap();
    assert_eq!(feed.len(), 1);
}

#[test]
fn a_check_finds_a_lost_receipt_a_changed_change_and_a_cut_chain() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder, Executor::OneByOne);
    let first = change(1, record(1));
    keep(&store, &first, Verdict::Kept).unwrap();
    let chain = Chain {
        through: 1,
        hash: first.hash(),
    };
    store
        .write(|writing| writing.advance(first.header.replica, chain, 1))
        .unwrap();
    let problems = |store: &OfficeStore| store.read(|reading| reading.check()).unwrap().problems;
    assert_eq!(problems(&store), Vec::<String>::new());
    let raw = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    raw.execute("UPDATE chain SET through = 2", []).unwrap();
    assert_eq!(problems(&store).len(), 1);
    raw.execute("UPDATE chain SET through = 1, hash = zeroblob(32)", [])
        .unwrap();
    assert_eq!(problems(&store).len(), 1);
    raw.execute("UPDATE chain SET hash = ?1", [first.hash().0])
        .unwrap();
    let other = sampan_record::codec::encode_change(&change(1, record(2)));
    raw.execute("UPDATE change SET bytes = ?1", [other]).unwrap();
    assert!(!problems(&store).is_empty());
    raw.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM receipt")
        .unwrap();
    assert!(
        problems(&store)
            .iter()
            .any(|problem| problem.contains("no receipt"))
    );
}

#[test]
fn a_full_disk_refuses_a_change_and_keeps_the_others() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder, Executor::Grouped { most: 8 });
    keep(&store, &change(1, record(1)), Verdict::Kept).unwrap();
    store
        .writer
        .alone(|connection| connection.pragma_update(None, "max_page_count", 1).unwrap());
    let mut seq = 2;
    let refused = loop {
        match keep(&store, &change(seq, record(1)), Verdict::Kept) {
            Ok(_) => seq += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, StoreError::Full { .. }), "{refused:?}");
    store.writer.alone(|connection| {
        connection
            .pragma_update(None, "max_page_count", 1_000_000)
            .unwrap()
    });
    assert_eq!(
        store.read(|reading| reading.last_position()).unwrap(),
        Position(seq - 1)
    );
    keep(&store, &change(seq, record(1)), Verdict::Kept).unwrap();
}
