//! Shared commits: nobody is answered before theirs, nobody's fault is another's.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::Connection;
use tempfile::TempDir;

use super::{Executor, Writer};
use crate::error::StoreError;

fn writer(folder: &TempDir, executor: Executor) -> Writer {
    let connection = Connection::open(folder.path().join("test.sqlite")).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE line (n INTEGER PRIMARY KEY, text TEXT);",
        )
        .unwrap();
    Writer::new(connection, executor)
}

fn insert(connection: &Connection, n: i64) -> Result<(), StoreError> {
    connection
        .execute("INSERT INTO line (n, text) VALUES (?1, 'x')", [n])
        .map_err(StoreError::sql("insert"))?;
    Ok(())
}

/// What another connection sees: only what is committed.
fn committed(folder: &TempDir) -> Vec<i64> {
    let connection = Connection::open(folder.path().join("test.sqlite")).unwrap();
    let mut statement = connection.prepare("SELECT n FROM line ORDER BY n").unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn whoever_is_answered_is_committed() {
    for executor in [Executor::OneByOne, Executor::Grouped { most: 64 }] {
        let folder = TempDir::new().unwrap();
        let writer = writer(&folder, executor);
        std::thread::scope(|scope| {
            for n in 0..16 {
                let (writer, folder) = (&writer, &folder);
                scope.spawn(move || {
                    writer.run(|connection| insert(connection, n)).unwrap();
                    assert!(
                        committed(folder).contains(&n),
                        "{n} was answered before its commit"
                    );
                });
            }
        });
        assert_eq!(committed(&folder), (0..16).collect::<Vec<_>>());
    }
}

#[test]
fn those_who_stand_in_line_share_a_commit() {
    let folder = TempDir::new().unwrap();
    let writer = writer(&folder, Executor::Grouped { most: 64 });
    let gate = Barrier::new(2);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            writer.run(|connection| {
                gate.wait();
                // The others line up while this one holds the connection.
                while writer.n_waiting.load(Ordering::SeqCst) < 9 {
                    std::thread::yield_now();
                }
                insert(connection, 0)
            })
        });
        gate.wait();
        for n in 1..10 {
            let writer = &writer;
            scope.spawn(move || writer.run(|connection| insert(connection, n)).unwrap());
        }
    });
    assert_eq!(committed(&folder).len(), 10);
    assert_eq!(writer.n_commits(), 1);
}

#[test]
fn what_fails_is_undone_alone() {
    let folder = TempDir::new().unwrap();
    let writer = writer(&folder, Executor::Grouped { most: 64 });
    let n_failed = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for n in 0..20 {
            let (writer, n_failed) = (&writer, &n_failed);
            scope.spawn(move || {
                let outcome = writer.run(|connection| {
                    insert(connection, n)?;
                    if n % 2 == 1 {
                        return Err(StoreError::Absent {
                            what: "number",
                            name: n.to_string(),
                        });
                    }
                    Ok(())
                });
                n_failed.fetch_add(usize::from(outcome.is_err()), Ordering::SeqCst);
            });
        }
    });
    assert_eq!(n_failed.load(Ordering::SeqCst), 10);
    assert_eq!(committed(&folder), (0..20).step_by(2).collect::<Vec<_>>());
}

#[test]
fn a_panic_in_one_leaves_the_writer_usable() {
    let folder = TempDir::new().unwrap();
    let writer = writer(&folder, Executor::Grouped { most: 64 });
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        writer.run(|connection| -> Result<(), StoreError> {
            insert(connection, 1)?;
            panic!("on purpose");
        })
    }));
    assert!(panicked.is_err());
    writer.run(|connection| insert(connection, 2)).unwrap();
    assert_eq!(committed(&folder), [2]);
}

#[test]
fn a_full_disk_is_told_apart_and_passes_when_there_is_space_again() {
    let folder = TempDir::new().unwrap();
    let writer = writer(&folder, Executor::Grouped { most: 64 });
    writer.run(|connection| insert(connection, 0)).unwrap();
    let limit =
        |n: u32| writer.alone(|connection| connection.pragma_update(None, "max_page_count", n).unwrap());
    limit(1);
    let full = writer.run(|connection| {
        connection
            .execute("INSERT INTO line (n, text) VALUES (1, hex(zeroblob(100000)))", [])
            .map_err(StoreError::sql("insert"))
    });
    assert!(matches!(full, Err(StoreError::Full { .. })), "{full:?}");
    assert_eq!(committed(&folder), [0]);
    limit(1_000_000);
    writer.run(|connection| insert(connection, 2)).unwrap();
    assert_eq!(committed(&folder), [0, 2]);
}

#[test]
fn a_step_that_cannot_be_undone_takes_the_whole_transaction_back() {
    let folder = TempDir::new().unwrap();
    let writer = writer(&folder, Executor::OneByOne);
    let refused: Result<(), StoreError> = writer.run(|connection| {
        insert(connection, 1)?;
        // The savepoint is gone, so there is nothing to go back to.
        connection
            .execute_batch("RELEASE one")
            .map_err(StoreError::sql("release"))?;
        Err(StoreError::NotCommitted {
            reason: "on purpose".into(),
        })
    });
    assert!(refused.is_err());
    assert_eq!(committed(&folder), [], "nothing of a failed step is committed");
    writer.run(|connection| insert(connection, 2)).unwrap();
    assert_eq!(committed(&folder), [2], "and the next one goes on");
}
