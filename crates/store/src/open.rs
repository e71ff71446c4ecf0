//! Opens a database so that what it says is saved is saved, or refuses with words that help.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::error::{StoreError, is_damage};
use crate::migrate::{self, Schema};

/// The first SQLite without the WAL reset race (3.51.3).
const OLDEST_SQLITE: i32 = 3_051_003;

/// How long a statement waits for another connection of this process.
const BUSY_TIMEOUT: Duration = Duration::from_millis(10_000);

/// What stands between a file's name and the moment it was moved aside.
const ASIDE: &str = ".damaged-";

/// Holds a folder for one process. Released when dropped, and by the operating system when the process dies.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes the folder (made if absent), or says that it is in use.
    pub fn take(folder: &Path) -> Result<FolderLock, StoreError> {
        std::fs::create_dir_all(folder).map_err(StoreError::file("make the folder", folder))?;
        let path = folder.join("in-use.lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(StoreError::file("open the lock file", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(FolderLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse {
                folder: folder.to_path_buf(),
            }),
            Err(TryLockError::Error(source)) => Err(StoreError::File {
                what: "lock",
                path,
                source,
            }),
        }
    }
}

/// Opens the database for writing; makes it if there is none. Take the [`FolderLock`] first.
///
/// `now_ms` (milliseconds since 1970 UTC) only names a damaged database that is moved aside.
pub fn open(path: &Path, schema: &Schema, now_ms: i64) -> Result<Connection, StoreError> {
    check_sqlite()?;
    if !path.exists() {
        if let Some(set_aside) = find_aside(path)? {
            return Err(StoreError::SetAside {
                path: path.to_path_buf(),
                set_aside,
            });
        }
        create(path, schema)?;
    }
    match open_existing(path, schema) {
        Ok(connection) => Ok(connection),
        Err(Refusal::Store(error)) => Err(error),
        Err(Refusal::Damage(reason)) => Err(StoreError::Damaged {
            path: path.to_path_buf(),
            moved_to: move_aside(path, now_ms)?,
            reason,
        }),
    }
}

/// Opens a second connection that only reads, to a database that is open for writing.
pub fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let failed = StoreError::sql("open the database for reading");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(&failed)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(&failed)?;
    connection
        .pragma_update(None, "query_only", true)
        .map_err(&failed)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

/// Makes the rename or creation of a file in a folder survive a power cut.
pub fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    File::open(folder)
        .and_then(|file| file.sync_all())
        .map_err(StoreError::file("save the folder", folder))
}

/// Why a database is not opened.
enum Refusal {
    /// Damaged: to be moved aside.
    Damage(String),
    /// Anything else: to be left alone.
    Store(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Refusal {
        Refusal::Store(error)
    }
}

fn refusal(what: &'static str) -> impl Fn(rusqlite::Error) -> Refusal {
    move |source| {
        if is_damage(&source) {
            Refusal::Damage(source.to_string())
        } else {
            Refusal::Store(StoreError::sql(what)(source))
        }
    }
}

fn check_sqlite() -> Result<(), StoreError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(StoreError::OldSqlite {
            found: rusqlite::version(),
        });
    }
    Ok(())
}

/// Makes an empty database beside its place and moves it there whole, so that a file that is there was made whole.
fn create(path: &Path, schema: &Schema) -> Result<(), StoreError> {
    let folder = folder_of(path);
    std::fs::create_dir_all(folder).map_err(StoreError::file("make the folder", folder))?;
    let beginning = with_ending(path, ".new");
    for ending in ["", "-wal", "-shm", "-journal"] {
        let left_over = with_ending(&beginning, ending);
        if left_over.exists() {
            std::fs::remove_file(&left_over)
                .map_err(StoreError::file("remove the unfinished database", &left_over))?;
        }
    }
    let failed = StoreError::sql("make a new database");
    let mut connection = Connection::open(&beginning).map_err(&failed)?;
    make_durable(&connection)?;
    migrate::migrate(&mut connection, schema)?;
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .map_err(&failed)?;
    connection.close().map_err(|(_, source)| failed(source))?;
    std::fs::rename(&beginning, path).map_err(StoreError::file("put the new database in its place", path))?;
    sync_folder(folder)
}

fn open_existing(path: &Path, schema: &Schema) -> Result<Connection, Refusal> {
    let what = "open the database";
    let size_bytes = std::fs::metadata(path)
        .map_err(StoreError::file("look at", path))?
        .len();
    if size_bytes == 0 {
        return Err(Refusal::Damage("the file is empty".into()));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(refusal(what))?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(refusal(what))?;
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .map_err(refusal(what))?;
    let application_id: i32 = connection
        .pragma_query_value(None, "application_id", |row| row.get(0))
        .map_err(refusal(what))?;
    if application_id != schema.application_id {
        return Err(StoreError::Foreign {
            path: path.to_path_buf(),
            what: schema.what,
        }
        .into());
    }
    let found = migrate::version(&connection)?;
    if found > schema.latest() {
        return Err(StoreError::Newer {
            path: path.to_path_buf(),
            found,
            known: schema.latest(),
        }
        .into());
    }
    check(&connection)?;
    make_durable(&connection)?;
    migrate::migrate(&mut connection, schema)?;
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)
        .map_err(refusal(what))?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

/// Reads the whole structure of the file once.
fn check(connection: &Connection) -> Result<(), Refusal> {
    let what = "check the database";
    let mut statement = connection
        .prepare("PRAGMA quick_check(3)")
        .map_err(refusal(what))?;
    let lines = statement
        .query_map([], |row| row.get::<_, String>(0))
        .map_err(refusal(what))?
        .collect::<Result<Vec<String>, _>>()
        .map_err(refusal(what))?;
    if lines.iter().any(|line| line != "ok") {
        return Err(Refusal::Damage(lines.join("; ")));
    }
    Ok(())
}

/// Sets what makes a COMMIT final, and reads it back: a setting that did not take is no setting.
fn make_durable(connection: &Connection) -> Result<(), StoreError> {
    let failed = StoreError::sql("set the database up");
    let journal_mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .map_err(&failed)?;
    connection
        .pragma_update(None, "synchronous", "FULL")
        .map_err(&failed)?;
    connection
        .pragma_update(None, "foreign_keys", true)
        .map_err(&failed)?;
    connection
        .pragma_update(None, "trusted_schema", false)
        .map_err(&failed)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(&failed)?;
    if !journal_mode.eq_ignore_ascii_case("wal") {
        return Err(StoreError::NotDurable {
            pragma: "journal_mode",
            found: journal_mode,
            needed: "wal",
        });
    }
    for (pragma, needed) in [("synchronous", "2"), ("foreign_keys", "1")] {
        let found: i64 = connection
            .pragma_query_value(None, pragma, |row| row.get(0))
            .map_err(&failed)?;
        if found.to_string() != needed {
            return Err(StoreError::NotDurable {
                pragma,
                found: found.to_string(),
                needed,
            });
        }
    }
    Ok(())
}

/// Moves the database and what belongs to it to a name with the moment in it, and gives the new name.
fn move_aside(path: &Path, now_ms: i64) -> Result<PathBuf, StoreError> {
    let moment = format!("{ASIDE}{}", utc_stamp(now_ms));
    let mut target = with_ending(path, &moment);
    let mut number = 1u32;
    while target.exists() {
        number = number.saturating_add(1);
        target = with_ending(path, &format!("{moment}-{number}"));
    }
    for ending in ["-wal", "-shm", "-journal", ""] {
        let from = with_ending(path, ending);
        if from.exists() {
            std::fs::rename(&from, with_ending(&target, ending))
                .map_err(StoreError::file("move the damaged database aside from", &from))?;
        }
    }
    sync_folder(folder_of(path))?;
    Ok(target)
}

/// A damaged database that was moved aside from this place before.
fn find_aside(path: &Path) -> Result<Option<PathBuf>, StoreError> {
    let folder = folder_of(path);
    if !folder.exists() {
        return Ok(None);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beginning = format!("{name}{ASIDE}");
    let failed = StoreError::file("look into the folder", folder);
    for entry in std::fs::read_dir(folder).map_err(&failed)? {
        let entry = entry.map_err(&failed)?;
        let found = entry.file_name();
        let found = found.to_string_lossy();
        let is_part = ["-wal", "-shm", "-journal"]
            .iter()
            .any(|ending| found.ends_with(ending));
        if found.starts_with(&beginning) && !is_part {
            return Ok(Some(entry.path()));
        }
    }
    Ok(None)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// `20261124T221700Z` for milliseconds since 1970 UTC. Civil date by the days-to-date algorithm of the proleptic
/// Gregorian calendar (eras of 400 years).
fn utc_stamp(now_ms: i64) -> String {
    let seconds = now_ms.div_euclid(1000);
    let day = seconds.div_euclid(86_400);
    let second_of_day = seconds.rem_euclid(86_400);
    let shifted = day.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!(
        "{year:04}{month:02}{day_of_month:02}T{:02}{:02}{:02}Z",
        second_of_day / 3600,
        second_of_day / 60 % 60,
        second_of_day % 60
    )
}

#[cfg(test)]
mod tests;
