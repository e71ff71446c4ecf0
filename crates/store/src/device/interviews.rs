//! The list of interviews, and the journal of those that are open.

use rusqlite::{OptionalExtension, Row, Transaction, params};
use sampan_record::change::{Change, RecordKey};
use sampan_record::codec;
use sampan_record::context::Context;
use sampan_record::ids::{ChangeHash, FormVersionId, RecordId, Replica};

use crate::device::DeviceStore;
use crate::device::changes::insert_change;
use crate::device::columns::{Bytes, bits, context_bytes, context_from, number, unnumber};
use crate::error::StoreError;

/// One interview as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterviewRow {
    /// Which record.
    pub record: RecordId,
    /// The form version it is worked on under.
    pub form: FormVersionId,
    /// The author's name for the form; empty while the form is not known here.
    pub form_id: String,
    /// The form's title; empty while the form is not known here.
    pub form_title: String,
    /// Milliseconds since 1970 UTC by the clock of whoever began it.
    pub begun_at_ms: i64,
    /// What is computed from its changes.
    pub summary: Summary,
    /// Whether `summary` has to be computed again.
    pub is_stale: bool,
    /// Journal rows: answers that are not in a change yet.
    pub n_unsaved: u64,
    /// Own changes of it without the office's word.
    pub n_unsent: u64,
    /// Own changes of it in quarantine.
    pub n_quarantined: u64,
}

/// What a list shows of an interview, computed from its changes by who knows its form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// The form's instance name.
    pub title: String,
    /// The word of the review state.
    pub state: String,
    /// When it was last changed, by the clock of whoever changed it; milliseconds since 1970 UTC.
    pub changed_at_ms: i64,
    /// Places with a conflict.
    pub n_conflicts: u64,
    /// Comments nobody has dealt with.
    pub n_open_comments: u64,
    /// Whether an erasure emptied it.
    pub is_erased: bool,
}

/// What was answered since the last change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal {
    /// What its writer had seen of the record.
    pub context: Context,
    /// 1 + the highest lamport in that context.
    pub lamport: u64,
    /// The ops of each accepted answer, in order.
    pub entries: Vec<Vec<u8>>,
    /// The device's clock at the last answer; milliseconds since 1970 UTC.
    pub last_at_ms: i64,
}

/// What opening an interview needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// The form version it is worked on under.
    pub form: FormVersionId,
    /// The record's key, while no change has it.
    pub new_key: Option<RecordKey>,
    /// Where the enumerator was, in the client's words.
    pub position: Option<String>,
    /// The language chosen.
    pub language: Option<String>,
    /// Milliseconds since 1970 UTC by the clock of whoever began it.
    pub begun_at_ms: i64,
}

/// The next place in this device's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextChange {
    /// The name to write under.
    pub replica: Replica,
    /// The number of the next change.
    pub seq: u64,
    /// Hash of the one before it; zeros for number 1.
    pub prev: ChangeHash,
}

const LIST: &str = "SELECT i.record, i.form, coalesce(f.form_id, ''), coalesce(f.title, ''), i.begun_at_ms, i.title,
       i.state, max(i.changed_at_ms, i.begun_at_ms, coalesce((SELECT max(j.at_ms) FROM journal j WHERE j.record = i.record), i.begun_at_ms)),
       i.n_conflicts, i.n_open_comments, i.is_erased, i.is_stale,
       (SELECT count(*) FROM journal j WHERE j.record = i.record),
       (SELECT count(*) FROM changes c, identity d, sync_state s WHERE c.record = i.record AND c.is_own = 1
          AND c.incarnation = d.incarnation AND c.seq > s.acked_through)
         + (SELECT count(*) FROM changes c WHERE c.record = i.record AND c.relay = 3),
       (SELECT count(*) FROM changes c WHERE c.record = i.record AND c.is_own = 1 AND c.verdict = 2)
FROM interviews i LEFT JOIN forms f ON f.version = i.form";

impl DeviceStore {
    /// Begins an interview with its first ops in the journal, in one transaction.
    pub fn begin_interview(
        &mut self,
        record: RecordId,
        form: FormVersionId,
        key: RecordKey,
        at_ms: i64,
        ops: &[u8],
    ) -> Result<(), StoreError> {
        let what = "begin the interview";
        let failed = StoreError::sql(what);
        self.reserve.fill();
        self.transaction(what, |transaction| {
            transaction
                .execute(
                    "INSERT INTO interviews (record, form, new_key, begun_at_ms, changed_at_ms, journal_context,
                       journal_lamport) VALUES (?1, ?2, ?3, ?4, ?4, x'', 1)",
                    params![record.0.as_bytes(), form.0, key.0, at_ms],
                )
                .map_err(&failed)?;
            transaction
                .execute(
                    "INSERT INTO journal (record, n, at_ms, ops) VALUES (?1, 1, ?2, ?3)",
                    params![record.0.as_bytes(), at_ms, ops],
                )
                .map_err(&failed)?;
            Ok(())
        })
    }

    /// What opening needs; None when there is no such record.
    pub fn begun(&self, record: RecordId) -> Result<Option<Begun>, StoreError> {
        self.connection
            .query_row(
                "SELECT form, new_key, position, language, begun_at_ms FROM interviews WHERE record = ?1",
                [record.0.as_bytes()],
                |row| {
                    Ok(Begun {
                        form: sampan_record::ids::ContentHash(row.get::<_, Bytes<32>>(0)?.0),
                        new_key: row.get::<_, Option<Bytes<16>>>(1)?.map(|key| RecordKey(key.0)),
                        position: row.get(2)?,
                        language: row.get(3)?,
                        begun_at_ms: row.get(4)?,
                    })
                },
            )
            .optional()
            .map_err(StoreError::sql("read the interview"))
    }

    /// Adds one accepted answer to the journal; it is on the disk when this returns. `base` is what the writer had
    /// seen of the record (context and 1 + highest lamport), kept with the first entry only. `position` is where the
    /// enumerator is, in the client's words.
    pub fn add_to_journal(
        &mut self,
        record: RecordId,
        base: (&Context, u64),
        at_ms: i64,
        ops: &[u8],
        position: &str,
    ) -> Result<(), StoreError> {
        self.saving(|store| store.append_to_journal(record, base, at_ms, ops, position))
    }

    fn append_to_journal(
        &mut self,
        record: RecordId,
        base: (&Context, u64),
        at_ms: i64,
        ops: &[u8],
        position: &str,
    ) -> Result<(), StoreError> {
        let what = "save the answer";
        let failed = StoreError::sql(what);
        self.transaction(what, |transaction| {
            transaction
                .prepare_cached(
                    "UPDATE interviews SET journal_context = ?2, journal_lamport = ?3
                     WHERE record = ?1 AND journal_context IS NULL",
                )
                .and_then(|mut statement| {
                    statement.execute(params![
                        record.0.as_bytes(),
                        context_bytes(base.0),
                        number(base.1)
                    ])
                })
                .map_err(&failed)?;
            transaction
                .prepare_cached("UPDATE interviews SET position = ?2 WHERE record = ?1")
                .and_then(|mut statement| statement.execute(params![record.0.as_bytes(), position]))
                .map_err(&failed)?;
            transaction
                .prepare_cached(
                    "INSERT INTO journal (record, n, at_ms, ops)
                     SELECT ?1, 1 + coalesce(max(n), 0), ?2, ?3 FROM journal WHERE record = ?1",
                )
                .and_then(|mut statement| statement.execute(params![record.0.as_bytes(), at_ms, ops]))
                .map_err(&failed)?;
            Ok(())
        })
    }

    /// What was answered since the last change; None when nothing was.
    pub fn journal(&self, record: RecordId) -> Result<Option<Journal>, StoreError> {
        let failed = StoreError::sql("read the journal");
        let base: Option<(Option<Vec<u8>>, Option<i64>)> = self
            .connection
            .query_row(
                "SELECT journal_context, journal_lamport FROM interviews WHERE record = ?1",
                [record.0.as_bytes()],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()
            .map_err(&failed)?;
        let Some((Some(context), lamport)) = base else {
            return Ok(None);
        };
        let context = context_from(&context).ok_or(StoreError::Unreadable {
            what: "a journal's context",
            reason: "its length is wrong".into(),
        })?;
        let mut journal = Journal {
            context,
            lamport: unnumber(lamport.unwrap_or(1)),
            entries: Vec::new(),
            last_at_ms: 0,
        };
        let mut statement = self
            .connection
            .prepare_cached("SELECT ops, at_ms FROM journal WHERE record = ?1 ORDER BY n")
            .map_err(&failed)?;
        let mut rows = statement.query([record.0.as_bytes()]).map_err(&failed)?;
        while let Some(row) = rows.next().map_err(&failed)? {
            journal.entries.push(row.get(0).map_err(&failed)?);
            journal.last_at_ms = row.get(1).map_err(&failed)?;
        }
        if journal.entries.is_empty() {
            return Ok(None);
        }
        Ok(Some(journal))
    }

    /// Records that have a journal.
    pub fn with_journal(&self) -> Result<Vec<RecordId>, StoreError> {
        let failed = StoreError::sql("read the journals");
        let mut statement = self
            .connection
            .prepare_cached("SELECT DISTINCT record FROM journal ORDER BY record")
            .map_err(&failed)?;
        statement
            .query_map([], |row| Ok(RecordId(row.get::<_, Bytes<16>>(0)?.uuid())))
            .and_then(Iterator::collect)
            .map_err(&failed)
    }

    /// The next place in this device's chain; None until it is enrolled.
    pub fn next_change(&self) -> Result<Option<NextChange>, StoreError> {
        let Some(identity) = self.identity()? else {
            return Ok(None);
        };
        let replica = identity.replica();
        let last = self
            .connection
            .prepare_cached(
                "SELECT seq, hash FROM changes WHERE device = ?1 AND incarnation = ?2 AND is_own = 1
                 ORDER BY seq DESC LIMIT 1",
            )
            .and_then(|mut statement| {
                statement
                    .query_row(
                        params![replica.device.0.as_bytes(), bits(replica.incarnation)],
                        |row| Ok((unnumber(row.get(0)?), row.get::<_, Bytes<32>>(1)?.0)),
                    )
                    .optional()
            })
            .map_err(StoreError::sql("read the last change"))?;
        let (seq, prev) = last.unwrap_or((0, [0; 32]));
        Ok(Some(NextChange {
            replica,
            seq: seq.saturating_add(1),
            prev: ChangeHash(prev),
        }))
    }

    /// Writes an own change, which takes the place of the journal, in one transaction. [`StoreError::OutOfTurn`] when
    /// it is not the one that [`DeviceStore::next_change`] asks for.
    pub fn write_change(&mut self, change: &Change) -> Result<(), StoreError> {
        self.saving(|store| store.append_change(change))
    }

    fn append_change(&mut self, change: &Change) -> Result<(), StoreError> {
        let header = &change.header;
        let next = self.next_change()?;
        let is_next = next.is_some_and(|next| {
            next.replica == header.replica && next.seq == header.seq && next.prev == header.prev
        });
        if !is_next {
            return Err(StoreError::OutOfTurn);
        }
        let what = "save the interview";
        let failed = StoreError::sql(what);
        let record = change.header.record;
        self.transaction(what, |transaction| {
            insert_change(transaction, change, true)?;
            transaction
                .execute("DELETE FROM journal WHERE record = ?1", [record.0.as_bytes()])
                .map_err(&failed)?;
            transaction
                .execute(
                    "UPDATE interviews SET journal_context = NULL, journal_lamport = NULL, new_key = NULL, is_stale = 1
                     WHERE record = ?1",
                    [record.0.as_bytes()],
                )
                .map_err(&failed)?;
            Ok(())
        })
    }

    /// Remembers where the enumerator is, and in which language.
    pub fn set_position(
        &mut self,
        record: RecordId,
        position: Option<&str>,
        language: Option<&str>,
    ) -> Result<(), StoreError> {
        self.saving(|store| {
            store
                .connection
                .prepare_cached("UPDATE interviews SET position = ?2, language = ?3 WHERE record = ?1")
                .and_then(|mut statement| statement.execute(params![record.0.as_bytes(), position, language]))
                .map(|_| ())
                .map_err(StoreError::sql("save the place in the interview"))
        })
    }

    /// All interviews, the last changed first.
    pub fn interviews(&self) -> Result<Vec<InterviewRow>, StoreError> {
        self.list(&format!("{LIST} ORDER BY 8 DESC, i.record DESC"), [].as_slice())
    }

    /// One interview of the list.
    pub fn interview(&self, record: RecordId) -> Result<Option<InterviewRow>, StoreError> {
        let rows = self.list(&format!("{LIST} WHERE i.record = ?1"), &[record.0.as_bytes()])?;
        Ok(rows.into_iter().next())
    }

    /// Interviews whose summary has to be computed again.
    pub fn stale(&self) -> Result<Vec<RecordId>, StoreError> {
        let failed = StoreError::sql("read the interviews");
        let mut statement = self
            .connection
            .prepare_cached("SELECT record FROM interviews WHERE is_stale = 1")
            .map_err(&failed)?;
        statement
            .query_map([], |row| Ok(RecordId(row.get::<_, Bytes<16>>(0)?.uuid())))
            .and_then(Iterator::collect)
            .map_err(&failed)
    }

    /// Keeps the computed summary of an interview, and the form version it is worked on under.
    pub fn set_summary(
        &mut self,
        record: RecordId,
        form: FormVersionId,
        summary: &Summary,
    ) -> Result<(), StoreError> {
        self.saving(|store| {
        store.connection
            .prepare_cached(
                "UPDATE interviews SET form = ?2, title = ?3, state = ?4, changed_at_ms = ?5, n_conflicts = ?6,
                   n_open_comments = ?7, is_erased = ?8, is_stale = 0 WHERE record = ?1",
            )
            .and_then(|mut statement| {
                statement.execute(params![
                    record.0.as_bytes(),
                    form.0,
                    summary.title,
                    summary.state,
                    summary.changed_at_ms,
                    number(summary.n_conflicts),
                    number(summary.n_open_comments),
                    summary.is_erased
                ])
            })
            .map(|_| ())
            .map_err(StoreError::sql("save the list of interviews"))
        })
    }

    /// Throws the journal of an erased record away: what an erasure names may not stay in it.
    pub fn erase_journal(&mut self, record: RecordId) -> Result<(), StoreError> {
        let what = "empty the journal";
        let failed = StoreError::sql(what);
        self.transaction(what, |transaction| {
            transaction
                .execute("DELETE FROM journal WHERE record = ?1", [record.0.as_bytes()])
                .and_then(|_| {
                    transaction.execute(
                        "UPDATE interviews SET journal_context = NULL, journal_lamport = NULL WHERE record = ?1",
                        [record.0.as_bytes()],
                    )
                })
                .map(|_| ())
                .map_err(&failed)
        })
    }

    fn list(&self, sql: &str, parameters: &[&[u8; 16]]) -> Result<Vec<InterviewRow>, StoreError> {
        let failed = StoreError::sql("read the interviews");
        let mut statement = self.connection.prepare_cached(sql).map_err(&failed)?;
        statement
            .query_map(rusqlite::params_from_iter(parameters), interview_row)
            .and_then(Iterator::collect)
            .map_err(&failed)
    }
}

/// Makes sure that a record has its row, before its first change from elsewhere.
pub(super) fn know_record(transaction: &Transaction<'_>, change: &Change) -> Result<(), StoreError> {
    let header = &change.header;
    transaction
        .prepare_cached(
            "INSERT INTO interviews (record, form, begun_at_ms) VALUES (?1, ?2, ?3)
             ON CONFLICT (record) DO UPDATE SET is_stale = 1,
               begun_at_ms = min(begun_at_ms, excluded.begun_at_ms)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                header.record.0.as_bytes(),
                header.form.0,
                header.wall_time_ms
            ])
        })
        .map(|_| ())
        .map_err(StoreError::sql("keep a record"))
}

/// The change in a column of bytes.
pub(super) fn change_from(bytes: &[u8]) -> Result<Change, StoreError> {
    codec::decode_change(bytes).map_err(|error| StoreError::Unreadable {
        what: "a change",
        reason: error.to_string(),
    })
}

fn interview_row(row: &Row<'_>) -> rusqlite::Result<InterviewRow> {
    Ok(InterviewRow {
        record: RecordId(row.get::<_, Bytes<16>>(0)?.uuid()),
        form: sampan_record::ids::ContentHash(row.get::<_, Bytes<32>>(1)?.0),
        form_id: row.get(2)?,
        form_title: row.get(3)?,
        begun_at_ms: row.get(4)?,
        summary: Summary {
            title: row.get(5)?,
            state: row.get(6)?,
            changed_at_ms: row.get(7)?,
            n_conflicts: unnumber(row.get(8)?),
            n_open_comments: unnumber(row.get(9)?),
            is_erased: row.get(10)?,
        },
        is_stale: row.get(11)?,
        n_unsaved: unnumber(row.get(12)?),
        n_unsent: unnumber(row.get(13)?),
        n_quarantined: unnumber(row.get(14)?),
    })
}
