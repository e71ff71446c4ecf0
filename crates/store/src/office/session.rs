//! A transaction on the office database: what reads take is [`Reading`], what writes take is [`Writing`].

use std::ops::Deref;

use rusqlite::{Connection, OptionalExtension, Params, Row};
use uuid::Uuid;

use sampan_record::change::Change;
use sampan_record::codec;
use sampan_record::ids::{ChangeHash, ContentHash, DeviceId, PersonId, RecordId, Replica};

use crate::error::StoreError;

/// One state of the database, to read.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    connection: &'a Connection,
}

/// One write transaction. Reads what it wrote itself.
#[derive(Debug, Clone, Copy)]
pub struct Writing<'a> {
    reading: Reading<'a>,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(connection: &'a Connection) -> Reading<'a> {
        Reading { connection }
    }

    pub(crate) fn connection(&self) -> &'a Connection {
        self.connection
    }

    /// All rows of a query.
    pub(crate) fn all<T>(
        &self,
        what: &'static str,
        sql: &str,
        values: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let failed = StoreError::sql(what);
        let mut statement = self.connection.prepare_cached(sql).map_err(&failed)?;
        let rows = statement.query_map(values, read).map_err(&failed)?;
        rows.collect::<Result<Vec<T>, _>>().map_err(&failed)
    }

    /// The first row of a query; None when there is none.
    pub(crate) fn first<T>(
        &self,
        what: &'static str,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        let failed = StoreError::sql(what);
        let mut statement = self.connection.prepare_cached(sql).map_err(&failed)?;
        statement.query_row(values, read).optional().map_err(failed)
    }

    /// The single number a query gives; 0 for NULL or no row.
    pub(crate) fn number(
        &self,
        what: &'static str,
        sql: &str,
        values: impl Params,
    ) -> Result<i64, StoreError> {
        let found = self.first(what, sql, values, |row| row.get::<_, Option<i64>>(0))?;
        Ok(found.flatten().unwrap_or(0))
    }
}

impl<'a> Writing<'a> {
    pub(crate) fn new(connection: &'a Connection) -> Writing<'a> {
        Writing {
            reading: Reading::new(connection),
        }
    }

    /// Runs one statement; returns how many rows it touched.
    pub(crate) fn run(
        &self,
        what: &'static str,
        sql: &str,
        values: impl Params,
    ) -> Result<usize, StoreError> {
        let failed = StoreError::sql(what);
        let mut statement = self.connection().prepare_cached(sql).map_err(&failed)?;
        statement.execute(values).map_err(failed)
    }
}

impl<'a> Deref for Writing<'a> {
    type Target = Reading<'a>;
    fn deref(&self) -> &Reading<'a> {
        &self.reading
    }
}

/// 64 bits as the signed number that SQLite keeps.
pub(crate) fn signed(bits: u64) -> i64 {
    i64::from_ne_bytes(bits.to_ne_bytes())
}

/// The 64 bits of a signed number.
pub(crate) fn unsigned(number: i64) -> u64 {
    u64::from_ne_bytes(number.to_ne_bytes())
}

/// A count or position, never negative.
pub(crate) fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// A count or position for SQLite.
pub(crate) fn position(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(crate) fn uuid_at(row: &Row<'_>, at: usize) -> rusqlite::Result<Uuid> {
    row.get::<_, [u8; 16]>(at).map(Uuid::from_bytes)
}

pub(crate) fn person_at(row: &Row<'_>, at: usize) -> rusqlite::Result<PersonId> {
    uuid_at(row, at).map(PersonId)
}

pub(crate) fn device_at(row: &Row<'_>, at: usize) -> rusqlite::Result<DeviceId> {
    uuid_at(row, at).map(DeviceId)
}

pub(crate) fn record_at(row: &Row<'_>, at: usize) -> rusqlite::Result<RecordId> {
    uuid_at(row, at).map(RecordId)
}

pub(crate) fn content_at(row: &Row<'_>, at: usize) -> rusqlite::Result<ContentHash> {
    row.get::<_, [u8; 32]>(at).map(ContentHash)
}

pub(crate) fn change_hash_at(row: &Row<'_>, at: usize) -> rusqlite::Result<ChangeHash> {
    row.get::<_, [u8; 32]>(at).map(ChangeHash)
}

pub(crate) fn replica_at(row: &Row<'_>, at: usize) -> rusqlite::Result<Replica> {
    Ok(Replica {
        device: device_at(row, at)?,
        incarnation: unsigned(row.get(at + 1)?),
    })
}

/// A change from its own bytes.
pub(crate) fn decode(bytes: &[u8]) -> Result<Change, StoreError> {
    codec::decode_change(bytes).map_err(|error| StoreError::Unreadable {
        what: "a change",
        reason: error.to_string(),
    })
}
