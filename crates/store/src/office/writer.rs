//! One write connection; transactions that stand in line for it share a commit, and nobody is answered before it.
//!
//! A commit costs a flush of the disk, which is a thousand times the work of a transaction. So whoever is done while
//! others stand in line leaves the transaction open for them; the last in line commits for all. Each has a savepoint
//! of its own: what one did wrong is undone without the others. No thread belongs to the writer, so the same code
//! runs one by one in a simulation.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use rusqlite::Connection;

use crate::error::{StoreError, is_full};

/// How transactions reach the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Executor {
    /// Those that stand in line share a commit, at most so many.
    Grouped {
        /// Most transactions in one commit, at least 1.
        most: usize,
    },
    /// Each has its own commit.
    OneByOne,
}

/// The write connection and those who stand in line for it.
#[derive(Debug)]
pub struct Writer {
    line: Mutex<Line>,
    n_waiting: AtomicUsize,
    n_commits: AtomicU64,
    most: usize,
}

#[derive(Debug)]
struct Line {
    connection: Connection,
    group: Option<Arc<Group>>,
    n_in_group: usize,
}

/// The transactions that share one commit.
#[derive(Debug, Default)]
struct Group {
    outcome: Mutex<Option<Outcome>>,
    done: Condvar,
}

#[derive(Debug, Clone)]
enum Outcome {
    Committed,
    Full,
    Failed(String),
}

impl Writer {
    /// A writer over an open connection.
    pub fn new(connection: Connection, executor: Executor) -> Writer {
        let most = match executor {
            Executor::Grouped { most } => most.max(1),
            Executor::OneByOne => 1,
        };
        Writer {
            line: Mutex::new(Line {
                connection,
                group: None,
                n_in_group: 0,
            }),
            n_waiting: AtomicUsize::new(0),
            n_commits: AtomicU64::new(0),
            most,
        }
    }

    /// Runs `work` in a savepoint and returns after the commit that holds it.
    pub fn run<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.n_waiting.fetch_add(1, Ordering::SeqCst);
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        self.n_waiting.fetch_sub(1, Ordering::SeqCst);
        let group = match &line.group {
            Some(group) => Arc::clone(group),
            None => {
                line.connection
                    .execute_batch("BEGIN IMMEDIATE")
                    .map_err(StoreError::sql("begin a transaction"))?;
                let group = Arc::new(Group::default());
                line.group = Some(Arc::clone(&group));
                line.n_in_group = 0;
                group
            }
        };
        line.n_in_group += 1;
        let ran = catch_unwind(AssertUnwindSafe(|| in_savepoint(&line.connection, work)));
        if line.connection.is_autocommit() {
            // SQLite gave the whole transaction up (a full disk, a read error): nobody in it is acknowledged.
            let outcome = match &ran {
                Ok(Err(Undone::Store(StoreError::Full { .. }))) => Outcome::Full,
                _ => Outcome::Failed("the transaction was given up".into()),
            };
            line.group = None;
            group.finish(outcome);
        } else if self.n_waiting.load(Ordering::SeqCst) == 0 || line.n_in_group >= self.most {
            let outcome = commit(&line.connection);
            self.n_commits.fetch_add(1, Ordering::Relaxed);
            line.group = None;
            group.finish(outcome);
        }
        drop(line);
        let outcome = group.wait();
        match ran {
            Err(panic) => resume_unwind(panic),
            Ok(Err(Undone::Work(error))) => Err(error),
            Ok(Err(Undone::Store(error))) => Err(E::from(error)),
            Ok(Ok(value)) => match outcome {
                Outcome::Committed => Ok(value),
                Outcome::Full => Err(E::from(StoreError::Full {
                    what: "save a change",
                })),
                Outcome::Failed(reason) => Err(E::from(StoreError::NotCommitted { reason })),
            },
        }
    }

    /// Commits so far.
    pub fn n_commits(&self) -> u64 {
        self.n_commits.load(Ordering::Relaxed)
    }

    /// Runs something on the connection outside any transaction (a checkpoint, a check). What stands open for those in
    /// line is committed before.
    pub fn alone<T>(&self, work: impl FnOnce(&Connection) -> T) -> T {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(group) = line.group.take() {
            let outcome = commit(&line.connection);
            self.n_commits.fetch_add(1, Ordering::Relaxed);
            group.finish(outcome);
        }
        work(&line.connection)
    }
}

impl Group {
    fn finish(&self, outcome: Outcome) {
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        self.done.notify_all();
    }

    fn wait(&self) -> Outcome {
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match &*outcome {
                Some(outcome) => return outcome.clone(),
                None => outcome = self.done.wait(outcome).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

/// Why a transaction left nothing behind.
enum Undone<E> {
    /// Its own error.
    Work(E),
    /// The database's.
    Store(StoreError),
}

fn in_savepoint<T, E>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, E>,
) -> Result<T, Undone<E>> {
    let store = |what: &'static str| move |source| Undone::Store(StoreError::sql(what)(source));
    connection
        .execute_batch("SAVEPOINT one")
        .map_err(store("begin a step"))?;
    let ran = catch_unwind(AssertUnwindSafe(|| work(connection)));
    let undo = || {
        // When SQLite has given the whole transaction up there is no savepoint left to go back to.
        if !connection.is_autocommit() && connection.execute_batch("ROLLBACK TO one; RELEASE one").is_err() {
            // Half a step must not be committed with its group: all of it goes back, and nobody is acknowledged.
            let _ = connection.execute_batch("ROLLBACK");
        }
    };
    match ran {
        Err(panic) => {
            undo();
            resume_unwind(panic)
        }
        Ok(Err(error)) => {
            undo();
            Err(Undone::Work(error))
        }
        Ok(Ok(value)) => match connection.execute_batch("RELEASE one") {
            Ok(()) => Ok(value),
            Err(source) => {
                undo();
                Err(store("finish a step")(source))
            }
        },
    }
}

fn commit(connection: &Connection) -> Outcome {
    match connection.execute_batch("COMMIT") {
        Ok(()) => Outcome::Committed,
        Err(source) => {
            if !connection.is_autocommit() {
                let _ = connection.execute_batch("ROLLBACK");
            }
            if is_full(&source) {
                Outcome::Full
            } else {
                Outcome::Failed(source.to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests;
