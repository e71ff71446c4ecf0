//! What is opened, what is refused, and what is left untouched.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;

use crate::error::StoreError;
use crate::migrate::{Migration, Schema, migrate_to, version};
use crate::open::{FolderLock, make_durable, open, open_reader, utc_stamp};

const FIRST: Schema = Schema {
    what: "test",
    application_id: 0x1234,
    migrations: &[Migration {
        number: 1,
        name: "first",
        sql: "CREATE TABLE words (word TEXT NOT NULL) STRICT;",
    }],
};

const SECOND: Schema = Schema {
    migrations: &[
        FIRST.migrations[0],
        Migration {
            number: 2,
            name: "second",
            sql: "ALTER TABLE words ADD COLUMN language TEXT; INSERT INTO words (word) VALUES ('added');",
        },
    ],
    ..FIRST
};

const BROKEN: Schema = Schema {
    migrations: &[
        FIRST.migrations[0],
        Migration {
            number: 2,
            name: "broken",
            sql: "INSERT INTO words (word) VALUES ('half'); CREATE TABLE words (word TEXT);",
        },
    ],
    ..FIRST
};

fn with_words(folder: &Path) -> PathBuf {
    let path = folder.join("words.db");
    let connection = open(&path, &FIRST, 0).unwrap();
    connection
        .execute("INSERT INTO words VALUES ('kept')", [])
        .unwrap();
    path
}

fn words(connection: &Connection) -> Vec<String> {
    let mut statement = connection.prepare("SELECT word FROM words ORDER BY 1").unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

fn names(folder: &TempDir) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn an_open_database_keeps_its_promise() {
    let folder = tempfile::tempdir().unwrap();
    let path = with_words(folder.path());
    let connection = open(&path, &FIRST, 0).unwrap();
    let pragma = |name: &str| -> String {
        let value: rusqlite::types::Value = connection
            .pragma_query_value(None, name, |row| row.get(0))
            .unwrap();
        match value {
            rusqlite::types::Value::Integer(number) => number.to_string(),
            rusqlite::types::Value::Text(text) => text,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        (
            pragma("journal_mode"),
            pragma("synchronous"),
            pragma("foreign_keys")
        ),
        ("wal".into(), "2".into(), "1".into())
    );
    let reader = open_reader(&path).unwrap();
    assert_eq!(words(&reader), ["kept"]);
    assert!(reader.execute("INSERT INTO words VALUES ('no')", []).is_err());
}

#[test]
fn a_database_that_cannot_be_made_durable_is_refused() {
    // A database in memory has no write-ahead log.
    let connection = Connection::open_in_memory().unwrap();
    let error = make_durable(&connection).unwrap_err();
    assert!(matches!(
        error,
        StoreError::NotDurable {
            pragma: "journal_mode",
            ..
        }
    ));
}

#[test]
fn an_older_database_is_brought_up_to_date_and_keeps_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = with_words(folder.path());
    let connection = open(&path, &SECOND, 0).unwrap();
    assert_eq!(words(&connection), ["added", "kept"]);
    assert_eq!(version(&connection).unwrap(), 2);
}

#[test]
fn a_step_that_fails_leaves_the_database_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = with_words(folder.path());
    let error = open(&path, &BROKEN, 0).unwrap_err();
    assert!(
        matches!(error, StoreError::Migration { number: 2, .. }),
        "{error}"
    );
    let connection = open(&path, &FIRST, 0).unwrap();
    assert_eq!(words(&connection), ["kept"]);
}

#[test]
fn a_newer_database_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = with_words(folder.path());
    drop(open(&path, &SECOND, 0).unwrap());
    let before = fs::read(&path).unwrap();
    let error = open(&path, &FIRST, 0).unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::Newer {
                found: 2,
                known: 1,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(words(&open(&path, &SECOND, 0).unwrap()), ["added", "kept"]);
}

#[test]
fn a_database_of_something_else_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("words.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("CREATE TABLE diary (line TEXT)")
        .unwrap();
    drop(connection);
    let before = fs::read(&path).unwrap();
    assert!(matches!(
        open(&path, &FIRST, 0).unwrap_err(),
        StoreError::Foreign { .. }
    ));
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(names(&folder), ["words.db"]);
}

#[test]
fn a_damaged_database_is_moved_aside_and_nothing_takes_its_place() {
    for damage in [Vec::new(), b"no database at all".to_vec()] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("words.db");
        fs::write(&path, &damage).unwrap();
        fs::write(folder.path().join("words.db-wal"), b"belongs to it").unwrap();
        let error = open(&path, &FIRST, 1_764_022_620_000).unwrap_err();
        let StoreError::Damaged { moved_to, .. } = &error else {
            panic!("{error}");
        };
        let aside = folder.path().join("words.db.damaged-20251124T221700Z");
        assert_eq!(*moved_to, aside);
        assert_eq!(fs::read(&aside).unwrap(), damage);
        assert!(names(&folder).contains(&"words.db.damaged-20251124T221700Z-wal".to_owned()));
        assert!(error.to_string().contains("nothing was deleted"));
        assert!(matches!(
            open(&path, &FIRST, 0).unwrap_err(),
            StoreError::SetAside { .. }
        ));
        assert!(!path.exists());
        // A restored copy in its place is opened, whatever lies beside it.
        let sound = tempfile::tempdir().unwrap();
        fs::copy(with_words(sound.path()), &path).unwrap();
        assert_eq!(words(&open(&path, &FIRST, 0).unwrap()), ["kept"]);
    }
}

#[test]
fn a_creation_that_was_interrupted_is_begun_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("words.db");
    fs::write(folder.path().join("words.db.new"), b"half a database").unwrap();
    assert!(words(&open(&path, &FIRST, 0).unwrap()).is_empty());
    assert!(!names(&folder).contains(&"words.db.new".to_owned()));
}

#[test]
fn a_folder_is_taken_once() {
    let folder = tempfile::tempdir().unwrap();
    let lock = FolderLock::take(folder.path()).unwrap();
    assert!(matches!(
        FolderLock::take(folder.path()).unwrap_err(),
        StoreError::InUse { .. }
    ));
    drop(lock);
    FolderLock::take(folder.path()).unwrap();
}

#[test]
fn steps_can_be_run_up_to_one() {
    let mut connection = Connection::open_in_memory().unwrap();
    migrate_to(&mut connection, &SECOND, 1).unwrap();
    assert_eq!(version(&connection).unwrap(), 1);
    migrate_to(&mut connection, &SECOND, 2).unwrap();
    assert_eq!(words(&connection), ["added"]);
}

#[test]
fn moments_become_names() {
    for (ms, expected) in [
        (0, "19700101T000000Z"),
        (951_782_399_000, "20000228T235959Z"),
        (951_782_400_000, "20000229T000000Z"),
        (4_102_444_799_999, "20991231T235959Z"),
        (-1, "19691231T235959Z"),
    ] {
        assert_eq!(utc_stamp(ms), expected);
    }
    let _ = (utc_stamp(i64::MAX), utc_stamp(i64::MIN));
}
