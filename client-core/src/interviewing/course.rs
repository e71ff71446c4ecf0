//! The log of an interview's course, for forms that ask for one: it grows in a file beside the database, on the disk
//! event by event, and goes into the record as `audit.csv` when the interview is saved or finished.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use sampan_interview::audit::{Audit, Event, FILE_NAME, QUESTION};
use sampan_record::ids::{ContentHash, RecordId};
use sampan_record::op::Op;
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_record::record::Record;
use sampan_value::answer::{Answer, MediaRef, Value};

use crate::api::RecordRef;
use crate::client::{Client, Inner, records};
use crate::error::ClientError;
use crate::interviewing::OpenInterview;

impl OpenInterview {
    /// Begins the log of this opening, behind what earlier openings logged.
    pub(super) fn begin_course(&mut self) -> Result<(), ClientError> {
        let user = self
            .inner
            .store()
            .identity()?
            .map(|identity| identity.person_login);
        let work = self.work()?;
        let course = Audit::new(work.plan.form().def(), &user.unwrap_or_default());
        let kept = kept(&work.whole);
        if course.is_none() {
            return Ok(());
        }
        let file = file(&self.inner, self.record);
        let mut event = Event::FormResume;
        if !file.exists() {
            event = Event::FormStart;
            if let Some(media) = kept
                && let Ok(earlier) = self.inner.store().content(ContentHash(media.hash))
            {
                event = Event::FormResume;
                append(&file, &String::from_utf8_lossy(&earlier))?;
            }
        }
        self.work_mut()?.course = course;
        self.log(event, None)?;
        self.log_screen()
    }

    /// Logs that something happened.
    pub(super) fn log(&mut self, event: Event, at: Option<&AnswerPath>) -> Result<(), ClientError> {
        let now_ms = self.inner.platform.clock.now().wall_time_ms;
        let work = self.work_mut()?;
        if let Some(course) = &mut work.course {
            course.note(work.plan.form(), &work.running, event, at, now_ms);
        }
        self.write_course()
    }

    /// Logs what is on the screen from now on.
    pub(super) fn log_screen(&mut self) -> Result<(), ClientError> {
        let now_ms = self.inner.platform.clock.now().wall_time_ms;
        let work = self.work_mut()?;
        if let Some(course) = &mut work.course {
            course.show(&work.running, &work.running.screen(&work.position), now_ms);
        }
        self.write_course()
    }

    /// Why a finished interview is changed, for forms that want to know (`track-changes-reasons`).
    pub fn tell_reason(&mut self, why: &str) -> Result<(), ClientError> {
        let now_ms = self.inner.platform.clock.now().wall_time_ms;
        if let Some(course) = &mut self.work_mut()?.course {
            course.reason(why, now_ms);
        }
        self.write_course()
    }

    fn write_course(&mut self) -> Result<(), ClientError> {
        let file = file(&self.inner, self.record);
        let Some(course) = &mut self.work_mut()?.course else {
            return Ok(());
        };
        let lines = course.take();
        if lines.is_empty() {
            return Ok(());
        }
        let heading = match file.exists() {
            true => String::new(),
            false => course.heading(),
        };
        append(&file, &(heading + &lines))
    }

    /// The log up to now as an answer to be saved with the others; None when the form wants none.
    pub(super) fn course_op(&mut self, events: &[Event]) -> Result<Option<Op>, ClientError> {
        let now_ms = self.inner.platform.clock.now().wall_time_ms;
        let work = self.work_mut()?;
        let Some(course) = &mut work.course else {
            return Ok(None);
        };
        course.leave(&work.running, now_ms);
        for event in events {
            course.note(work.plan.form(), &work.running, *event, None, now_ms);
        }
        self.write_course()?;
        let file = file(&self.inner, self.record);
        let bytes = fs::read(&file).map_err(|error| not_writable(&error))?;
        let hash = self.inner.store().add_media(&bytes)?;
        let media = MediaRef {
            hash: hash.0,
            size_bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            name: FILE_NAME.into(),
        };
        Ok(Some(Op::Set {
            at: place(),
            answer: Some(Answer::Value(Value::Media(media))),
        }))
    }
}

impl Client {
    /// The log of an interview's course as a CSV file, as far as it was saved; None when there is none here.
    pub fn audit(&self, record: &RecordRef) -> Result<Option<Vec<u8>>, ClientError> {
        let inner = self.shared();
        let loaded = records::load(inner, records::find(inner, record)?)?;
        let Some(media) = kept(&loaded.record) else {
            return Ok(None);
        };
        let hash = ContentHash(media.hash);
        let store = inner.store();
        Ok(match store.has_content(hash)? {
            true => Some(store.content(hash)?),
            false => None,
        })
    }
}

/// Removes what was logged of a record and not saved.
pub(crate) fn forget(inner: &Inner, record: RecordId) {
    // What is not there needs no removal, and what cannot be removed now is tried at the next erasure.
    let _ = fs::remove_file(file(inner, record));
}

fn file(inner: &Inner, record: RecordId) -> PathBuf {
    inner.logs.join(format!("{record}.csv"))
}

fn place() -> AnswerPath {
    AnswerPath {
        question: QuestionPath::new(QUESTION),
        rows: Vec::new(),
    }
}

/// The log that a record holds.
fn kept(record: &Record) -> Option<MediaRef> {
    let place = place();
    record.answers().find_map(|(at, answer)| match answer {
        Answer::Value(Value::Media(media)) if *at == place => Some(media.clone()),
        Answer::Value(_) | Answer::Missing(_) => None,
    })
}

fn append(file: &std::path::Path, text: &str) -> Result<(), ClientError> {
    let write = || {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = fs::OpenOptions::new().create(true).append(true).open(file)?;
        file.write_all(text.as_bytes())?;
        file.sync_data()
    };
    write().map_err(|error: std::io::Error| not_writable(&error))
}

fn not_writable(error: &std::io::Error) -> ClientError {
    ClientError::NotWritable {
        reason: format!("the log of the interview: {error}"),
    }
}
