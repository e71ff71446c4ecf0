//! An interview that is open: screens and answers, each answer on the disk before the call returns.

use std::sync::Arc;

use sampan_form::compiled::Form;
use sampan_interview::audit::{Audit, Event};
use sampan_interview::interview::Interview;
use sampan_interview::plan::Plan;
use sampan_interview::refusal::{Reason, Refused};
use sampan_interview::view::{Ask, Position};
use sampan_record::ids::{CommentId, RecordId, RowId};
use sampan_record::op::Op;
use sampan_record::path::AnswerPath;
use sampan_record::record::Record;
use sampan_value::answer::{Answer, Missing, Value};
use uuid::Builder;

use crate::api::{
    AnswerInput, CommentRef, CommentView, FinishView, PlaceRef, ProblemView, QuestionView, RecordRef,
    ScreenView,
};
use crate::client::records::{self, Loaded};
use crate::client::showing::{self, People};
use crate::client::{Inner, instant};
use crate::error::ClientError;
use crate::place;

pub(crate) mod course;
pub mod device;
mod keeping;
mod position;
mod trial;
mod views;

/// An open interview. Dropping it loses nothing: the next opening shows every accepted answer.
pub struct OpenInterview {
    inner: Arc<Inner>,
    record: RecordId,
    people: People,
    /// None once it is closed.
    work: Option<Work>,
    /// Whether nothing of it is ever written.
    is_trial: bool,
    /// Whether it is opened knowing that it is finished.
    reopens: bool,
    /// Where the device is, if it was told.
    fix: Option<Value>,
}

/// The running form and what it was begun from.
struct Work {
    plan: Arc<Plan>,
    running: Interview,
    position: Position,
    /// The record as it was when the interview was opened; what its answers know of.
    base: Loaded,
    /// The record with the journal, for comments and conflicts.
    whole: Record,
    /// The incarnation the device had then.
    incarnation: u64,
    /// What the form wants of the device.
    asks: Vec<Ask>,
    /// The log of its course, for forms that want one.
    course: Option<Audit>,
}

impl OpenInterview {
    pub(crate) fn open(
        inner: Arc<Inner>,
        record: RecordId,
        reopens: bool,
    ) -> Result<OpenInterview, ClientError> {
        let shared = Arc::clone(&inner);
        let _turn = shared.turn();
        if !inner.open_records().insert(record) {
            return Err(ClientError::AlreadyOpen);
        }
        let mut interview = OpenInterview {
            people: match People::of(&inner) {
                Ok(people) => people,
                Err(error) => {
                    inner.open_records().remove(&record);
                    return Err(error);
                }
            },
            inner,
            record,
            work: None,
            is_trial: false,
            reopens,
            fix: None,
        };
        if let Err(error) = interview.load().and_then(|()| interview.begin_course()) {
            interview.work = None;
            interview.inner.open_records().remove(&record);
            return Err(error);
        }
        Ok(interview)
    }

    /// Which record.
    pub fn record(&self) -> RecordRef {
        RecordRef(self.record.to_string())
    }

    /// Whether it is a preview, of which nothing is ever kept.
    pub fn is_trial(&self) -> bool {
        self.is_trial
    }

    /// The form that is asked.
    pub fn form(&self) -> Result<Arc<Form>, ClientError> {
        Ok(Arc::clone(self.work()?.plan.form()))
    }

    /// The form's languages, the default first.
    pub fn languages(&self) -> Vec<String> {
        match &self.work {
            Some(work) => work.running.form().languages().to_vec(),
            None => Vec::new(),
        }
    }

    /// The language that texts are in now.
    pub fn language(&self) -> String {
        match &self.work {
            Some(work) => work.running.language().to_owned(),
            None => String::new(),
        }
    }

    /// Shows the interview in a language: `English (en)`, `English` or `en`; the next opening does too. False when the
    /// form has no such language.
    pub fn set_language(&mut self, language: &str) -> bool {
        let Some(work) = &mut self.work else {
            return false;
        };
        let is_known = work.running.set_language(language);
        if is_known && !self.is_trial {
            let position = position::text(&work.position);
            let language = work.running.language();
            // Only a convenience: if it cannot be kept, the next answer tells what is wrong with the disk.
            let _ = self
                .inner
                .store()
                .set_position(self.record, Some(&position), Some(language));
        }
        is_known
    }

    /// What stands on the screen now.
    pub fn screen(&self) -> Result<ScreenView, ClientError> {
        let work = self.work()?;
        Ok(work.screen_view(&self.inner, &work.running.screen(&work.position), &self.people))
    }

    /// Goes on. Refused while a question of this screen needs an answer or has a wrong one.
    #[allow(
        clippy::should_implement_trait,
        reason = "an interview goes on; it is no iterator"
    )]
    pub fn next(&mut self) -> Result<ScreenView, ClientError> {
        let work = self.work_mut()?;
        let problems = work.running.problems_at(&work.position);
        if let Some(problem) = problems.into_iter().find(|problem| problem.kind.blocks()) {
            return Err(ClientError::Refused {
                reason: word(&problem.kind),
                message: problem.message,
            });
        }
        work.position = work.running.next(&work.position).position;
        self.log_screen()?;
        self.screen()
    }

    /// Goes back; stays at the first screen.
    pub fn back(&mut self) -> Result<ScreenView, ClientError> {
        let work = self.work_mut()?;
        if let Some(screen) = work.running.previous(&work.position) {
            work.position = screen.position;
        }
        self.log_screen()?;
        self.screen()
    }

    /// Goes to the screen with this question, group or row.
    pub fn goto(&mut self, at: &PlaceRef) -> Result<ScreenView, ClientError> {
        let work = self.work_mut()?;
        let at = place::find(work.running.form(), at)?;
        work.position = work.running.position_of(&at);
        self.log(Event::Jump, None)?;
        self.log_screen()?;
        self.screen()
    }

    /// Goes to the first screen.
    pub fn goto_first(&mut self) -> Result<ScreenView, ClientError> {
        let work = self.work_mut()?;
        work.position = work.running.first().position;
        self.log(Event::Jump, None)?;
        self.log_screen()?;
        self.screen()
    }

    /// Goes to the first question that has neither an answer nor a missing state, else to the end.
    pub fn goto_first_open(&mut self) -> Result<ScreenView, ClientError> {
        let work = self.work_mut()?;
        work.position = work.running.first_unanswered();
        self.log(Event::Jump, None)?;
        self.log_screen()?;
        self.screen()
    }

    /// Goes behind the last question.
    pub fn goto_end(&mut self) -> Result<ScreenView, ClientError> {
        self.work_mut()?.position = Position::End;
        self.log_screen()?;
        self.screen()
    }

    /// One question, on this screen or not.
    pub fn question(&self, at: &PlaceRef) -> Result<QuestionView, ClientError> {
        let work = self.work()?;
        let path = place::find(work.running.form(), at)?;
        work.question_view(&self.inner, &path, &self.people)
            .ok_or_else(|| ClientError::NoPlace { place: at.0.clone() })
    }

    /// All questions that are asked now, in order.
    pub fn places(&self) -> Result<Vec<PlaceRef>, ClientError> {
        let work = self.work()?;
        Ok(work
            .asked()
            .iter()
            .map(|at| place::name(work.running.form(), at))
            .collect())
    }

    /// The rows of a repeat that are there now, in order (`products[0]`, `products[x…]`).
    pub fn rows(&self, repeat: &PlaceRef) -> Result<Vec<PlaceRef>, ClientError> {
        let work = self.work()?;
        let repeat = place::find(work.running.form(), repeat)?;
        Ok(work
            .running
            .rows(&repeat)
            .into_iter()
            .map(|row| place::name(work.running.form(), &in_row(&repeat, row)))
            .collect())
    }

    /// Answers a question. The answer is on the disk when this returns; on an error nothing was changed.
    pub fn answer(&mut self, at: &PlaceRef, input: &AnswerInput) -> Result<QuestionView, ClientError> {
        let inner = Arc::clone(&self.inner);
        let _turn = inner.turn();
        self.follow_incarnation()?;
        let now = self.inner.platform.clock.now();
        let work = self.work_mut()?;
        let path = place::find(work.running.form(), at)?;
        let answer = match input {
            AnswerInput::Text(text) if text.trim().is_empty() => None,
            AnswerInput::Text(text) => Some(work.running.parse_input(&path, text).map_err(refused)?),
            AnswerInput::Missing(word) => {
                let missing = Missing::from_word(word).ok_or_else(|| ClientError::Refused {
                    reason: "wrong_kind".into(),
                    message: format!(
                        "{word} is no reason for a missing answer; use dont_know, refused, not_applicable or skipped."
                    ),
                })?;
                Some(Answer::Missing(missing))
            }
            AnswerInput::Clear => None,
        };
        let accepted = match work.running.answer(&path, answer.clone(), instant(now)) {
            Ok(accepted) => accepted,
            Err(error) => {
                if error.reason == Reason::Constraint {
                    self.log(Event::ConstraintError, Some(&path))?;
                }
                return Err(refused(error));
            }
        };
        work.asks.extend(accepted.asks);
        let mut ops = accepted.ops;
        // Saying again what stands there settles a conflict, so it is an act of its own.
        let says_it = ops
            .iter()
            .any(|op| matches!(op, Op::Set { at, .. } if *at == path));
        let is_conflict = work
            .whole
            .register(&path)
            .is_some_and(|register| register.is_conflict());
        if is_conflict && !says_it {
            ops.push(Op::Set {
                at: path.clone(),
                answer,
            });
        }
        self.keep(ops)?;
        self.fill_positions()?;
        self.question(at)
    }

    /// Says that a doubtful answer is so all the same; whoever gives another one is doubted again. On the disk when this
    /// returns. Refused where nothing is doubtful.
    pub fn confirm(&mut self, at: &PlaceRef) -> Result<QuestionView, ClientError> {
        let inner = Arc::clone(&self.inner);
        let _turn = inner.turn();
        self.follow_incarnation()?;
        let now = self.inner.platform.clock.now();
        let work = self.work_mut()?;
        let path = place::find(work.running.form(), at)?;
        let accepted = work.running.confirm(&path, instant(now)).map_err(refused)?;
        self.keep(accepted.ops)?;
        self.question(at)
    }

    /// Adds a row to a repeat and gives it (`products[x…]`).
    pub fn add_row(&mut self, repeat: &PlaceRef) -> Result<PlaceRef, ClientError> {
        let inner = Arc::clone(&self.inner);
        let _turn = inner.turn();
        self.follow_incarnation()?;
        let now = self.inner.platform.clock.now();
        let random = u64::from_be_bytes(self.inner.platform.bytes()?);
        let work = self.work_mut()?;
        let path = place::find(work.running.form(), repeat)?;
        let accepted = work
            .running
            .add_row(&path, random, instant(now))
            .map_err(refused)?;
        let row = accepted.row.ok_or_else(|| ClientError::NoPlace {
            place: repeat.0.clone(),
        })?;
        work.asks.extend(accepted.asks);
        self.keep(accepted.ops)?;
        self.fill_positions()?;
        let at = in_row(&path, row);
        let work = self.work_mut()?;
        work.position = work.running.position_of(&at);
        self.log(Event::AddRepeat, Some(&at))?;
        self.log_screen()?;
        Ok(place::name(self.work()?.running.form(), &at))
    }

    /// Removes a row (`products[x…]`).
    pub fn remove_row(&mut self, row: &PlaceRef) -> Result<(), ClientError> {
        let inner = Arc::clone(&self.inner);
        let _turn = inner.turn();
        self.follow_incarnation()?;
        let now = self.inner.platform.clock.now();
        let work = self.work_mut()?;
        let mut repeat = place::find(work.running.form(), row)?;
        let Some(row_id) = repeat.rows.pop() else {
            return Err(ClientError::NoPlace { place: row.0.clone() });
        };
        let at = in_row(&repeat, row_id);
        self.log(Event::DeleteRepeat, Some(&at))?;
        let work = self.work_mut()?;
        let accepted = work
            .running
            .remove_row(&repeat, row_id, instant(now))
            .map_err(refused)?;
        work.asks.extend(accepted.asks);
        self.keep(accepted.ops)?;
        self.fill_positions()?;
        self.log_screen()
    }

    /// Says something about a question, or about the whole interview (`at` None), or in answer to a comment.
    pub fn comment(
        &mut self,
        at: Option<&PlaceRef>,
        reply_to: Option<&CommentRef>,
        text: &str,
    ) -> Result<CommentRef, ClientError> {
        let inner = Arc::clone(&self.inner);
        let _turn = inner.turn();
        self.follow_incarnation()?;
        let id = CommentId(Builder::from_random_bytes(self.inner.platform.bytes()?).into_uuid());
        if text.trim().is_empty() {
            return Err(ClientError::Refused {
                reason: "empty".into(),
                message: "A comment needs words.".into(),
            });
        }
        let work = self.work()?;
        let at = match at {
            Some(at) => Some(place::find(work.running.form(), at)?),
            None => None,
        };
        let reply_to = reply_to.map(comment_id).transpose()?;
        self.keep(vec![Op::Comment {
            id,
            at,
            reply_to,
            text: text.to_owned(),
        }])?;
        Ok(CommentRef(id.to_string()))
    }

    /// A comment is dealt with.
    pub fn resolve_comment(&mut self, comment: &CommentRef) -> Result<(), ClientError> {
        let inner = Arc::clone(&self.inner);
        let _turn = inner.turn();
        self.follow_incarnation()?;
        let id = comment_id(comment)?;
        let work = self.work()?;
        if !work.whole.comments().iter().any(|known| known.id == id) {
            return Err(no_comment());
        }
        self.keep(vec![Op::ResolveComment { id }])
    }

    /// All comments of the interview, in their order.
    pub fn comments(&self) -> Result<Vec<CommentView>, ClientError> {
        let work = self.work()?;
        Ok(showing::all_comments(&work.running, &work.whole, &self.people))
    }

    /// What stands between this interview and its finishing.
    pub fn problems(&self) -> Result<Vec<ProblemView>, ClientError> {
        let work = self.work()?;
        Ok(work
            .running
            .problems()
            .iter()
            .map(|problem| work.problem_view(problem))
            .collect())
    }

    /// Saves what was answered as one change and closes the interview.
    pub fn pause(&mut self) -> Result<(), ClientError> {
        let work = self.work()?;
        if self.is_trial {
            return Ok(());
        }
        let position = position::text(&work.position);
        let language = work.running.language().to_owned();
        let inner = Arc::clone(&self.inner);
        let _turn = inner.turn();
        let has_answers = self.work()?.base.journal.is_some();
        let log = self.course_op(&[Event::FormSave, Event::FormExit])?;
        records::save(
            &self.inner,
            self.record,
            log.into_iter().filter(|_| has_answers).collect(),
            Some(self.inner.platform.clock.now()),
        )?;
        self.inner
            .store()
            .set_position(self.record, Some(&position), Some(&language))?;
        self.close();
        Ok(())
    }

    /// Finishes the interview: saved, submitted and closed. When something stands in the way, it stays open and the
    /// problems are given.
    pub fn finish(&mut self) -> Result<FinishView, ClientError> {
        let inner = Arc::clone(&self.inner);
        let _turn = inner.turn();
        self.follow_incarnation()?;
        let now = self.inner.platform.clock.now();
        let work = self.work_mut()?;
        let ops = match work.running.finish(instant(now)) {
            Ok(ops) => ops,
            Err(problems) => {
                return Ok(FinishView {
                    is_finished: false,
                    problems: problems
                        .iter()
                        .map(|problem| work.problem_view(problem))
                        .collect(),
                });
            }
        };
        let doubts = work
            .running
            .problems()
            .iter()
            .map(|problem| work.problem_view(problem))
            .collect();
        if self.is_trial {
            return Ok(FinishView {
                is_finished: true,
                problems: doubts,
            });
        }
        let mut ops = ops;
        ops.extend(self.course_op(&[Event::FormSave, Event::FormFinalize, Event::FormExit])?);
        ops.push(Op::Submit);
        if let Err(error) = records::save(&self.inner, self.record, ops, Some(now)) {
            self.reload()?;
            return Err(error);
        }
        self.inner.store().set_position(self.record, None, None)?;
        course::forget(&self.inner, self.record);
        self.close();
        Ok(FinishView {
            is_finished: true,
            problems: doubts,
        })
    }

    fn work(&self) -> Result<&Work, ClientError> {
        self.work.as_ref().ok_or(ClientError::Closed)
    }

    fn work_mut(&mut self) -> Result<&mut Work, ClientError> {
        self.work.as_mut().ok_or(ClientError::Closed)
    }

    fn close(&mut self) {
        if self.work.take().is_some() && !self.is_trial {
            self.inner.open_records().remove(&self.record);
        }
    }
}

impl Drop for OpenInterview {
    fn drop(&mut self) {
        self.close();
    }
}
fn in_row(repeat: &AnswerPath, row: RowId) -> AnswerPath {
    let mut at = repeat.clone();
    at.rows.push(row);
    at
}

fn comment_id(comment: &CommentRef) -> Result<CommentId, ClientError> {
    comment.0.parse().map_err(|_| no_comment())
}

fn no_comment() -> ClientError {
    ClientError::Refused {
        reason: "no_such_comment".into(),
        message: "There is no such comment in this interview.".into(),
    }
}

fn refused(refused: Refused) -> ClientError {
    let reason: Reason = refused.reason;
    ClientError::Refused {
        reason: word(&reason),
        message: refused.message,
    }
}

/// The stable word of a plain enum, as it is written in JSON.
fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(_) | Err(_) => "other".into(),
    }
}
