//! How an open interview stands on the disk: read at its opening, written answer by answer.

use std::collections::BTreeSet;
use std::sync::Arc;

use sampan_interview::interview::Interview;
use sampan_interview::schema::FormSchema;
use sampan_interview::view::Position;
use sampan_record::codec;
use sampan_record::op::Op;
use sampan_record::record::Record;
use sampan_record::review::{self, ReviewState};
use sampan_record::schema::NoSchema;

use crate::client::{forms, records, recovering};
use crate::error::ClientError;
use crate::interviewing::{OpenInterview, Work, position};

impl OpenInterview {
    /// Reads the interview from the disk, as at a fresh opening.
    pub(super) fn load(&mut self) -> Result<(), ClientError> {
        let inner = &self.inner;
        recovering::refuse_recovering(inner, self.record)?;
        let mut base = records::load(inner, self.record)?;
        let is_outdated = base
            .journal
            .as_ref()
            .is_some_and(|journal| journal.context != base.record.context());
        if is_outdated {
            // What came in meanwhile was not seen when the journal was written: it is a change of its own.
            records::save(inner, self.record, Vec::new(), None)?;
            base = records::load(inner, self.record)?;
        }
        if base.record.erased() {
            return Err(cannot("its answers were erased"));
        }
        if base.n_unread > 0 {
            return Err(cannot("a form that some of it was written under is not here yet"));
        }
        let review = review::review(&base.record);
        let state = review.state;
        match state {
            ReviewState::Rejected => return Err(cannot("it was rejected")),
            ReviewState::Draft | ReviewState::Returned => {}
            ReviewState::Submitted
            | ReviewState::Resubmitted
            | ReviewState::Approved
            | ReviewState::ChangedSinceApproval => {
                let goes_on = review.is_reopened || base.journal.is_some();
                if !goes_on && !self.reopens {
                    return Err(ClientError::Finished);
                }
                if !goes_on && !records::is_own(inner, &base.record)? {
                    return Err(cannot("it is finished, and it is not yours"));
                }
            }
        }
        let plan = forms::plan(inner, base.form)?;
        let whole = base.with_journal(inner, &plan)?;
        let (answers, rows) = records::content(&whole);
        let now = inner.platform.clock.now();
        let opened = Interview::resume(Arc::clone(&plan), &records::facts(inner, now)?, answers, rows);
        let (begun, identity) = {
            let store = inner.store();
            (store.begun(self.record)?, store.identity()?)
        };
        let mut running = opened.interview;
        if let Some(language) = begun.as_ref().and_then(|begun| begun.language.as_deref()) {
            running.set_language(language);
        }
        let kept = begun.and_then(|begun| begun.position);
        let to_correct = if state == ReviewState::Returned && base.journal.is_none() {
            first_commented(&running, &whole)
        } else {
            None
        };
        let position = match to_correct {
            Some(position) => position,
            None => kept
                .and_then(|text| position::read(&text, running.form()))
                .unwrap_or_else(|| running.first().position),
        };
        self.work = Some(Work {
            plan,
            running,
            position,
            base,
            whole,
            incarnation: identity.map_or(0, |identity| identity.incarnation),
            asks: opened.asks,
            course: None,
        });
        if !opened.ops.is_empty() {
            self.keep(opened.ops)?;
        }
        Ok(())
    }

    /// As [`OpenInterview::load`], staying at the present place and language; closes on an error.
    pub(super) fn reload(&mut self) -> Result<(), ClientError> {
        let here = self
            .work
            .take()
            .map(|work| (work.position, work.running.language().to_owned(), work.course));
        if let Err(error) = self.load() {
            self.work = None;
            self.inner.open_records().remove(&self.record);
            return Err(error);
        }
        if let (Some(work), Some((position, language, course))) = (&mut self.work, here) {
            work.course = course;
            work.position = position;
            work.running.set_language(&language);
        }
        Ok(())
    }

    /// A sync may have given the device a new incarnation while this interview was open; then what it knows of the
    /// record has other names.
    pub(super) fn follow_incarnation(&mut self) -> Result<(), ClientError> {
        let incarnation = self
            .inner
            .store()
            .identity()?
            .map_or(0, |identity| identity.incarnation);
        if self.work()?.incarnation != incarnation && !self.is_trial {
            self.reload()?;
        }
        Ok(())
    }

    /// Puts ops on the disk. When that fails the running form goes back to what is there.
    pub(super) fn keep(&mut self, ops: Vec<Op>) -> Result<(), ClientError> {
        if ops.is_empty() || self.is_trial {
            return Ok(());
        }
        if let Err(error) = self.write_journal(&ops) {
            self.reload()?;
            return Err(error);
        }
        let inner = Arc::clone(&self.inner);
        let record = self.record;
        let work = self.work_mut()?;
        work.base.journal = inner.store().journal(record)?;
        work.whole = work.base.with_journal(&inner, &work.plan)?;
        Ok(())
    }

    pub(super) fn write_journal(&mut self, ops: &[Op]) -> Result<(), ClientError> {
        let work = self.work()?;
        let schema = FormSchema(Arc::clone(work.plan.form()));
        let not_writable = |error: codec::CodecError| ClientError::NotWritable {
            reason: error.to_string(),
        };
        // As it is sent later, and as it is kept until then.
        codec::decode_ops(&codec::encode_ops(ops, &schema), &schema).map_err(not_writable)?;
        let bytes = codec::encode_ops(ops, &NoSchema);
        codec::decode_ops(&bytes, &NoSchema).map_err(not_writable)?;
        let journal = work.base.fresh_journal();
        let now = self.inner.platform.clock.now();
        self.inner.store().add_to_journal(
            self.record,
            (&journal.context, journal.lamport),
            now.wall_time_ms,
            &bytes,
            &position::text(&work.position),
        )?;
        Ok(())
    }
}

/// The first screen with a comment that nobody has dealt with.
fn first_commented(running: &Interview, record: &Record) -> Option<Position> {
    let commented: BTreeSet<Position> = record
        .comments()
        .into_iter()
        .filter(|comment| comment.resolved.is_none())
        .filter_map(|comment| comment.at)
        .map(|at| running.position_of(&at))
        .collect();
    running
        .screens()
        .into_iter()
        .find(|position| *position != Position::End && commented.contains(position))
}

fn cannot(reason: &str) -> ClientError {
    ClientError::CannotOpen {
        reason: reason.to_owned(),
    }
}
