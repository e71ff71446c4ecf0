//! An interview that is open: screens and answers, each answer on the disk before the call returns.

use std::collections::BTreeSet;
use std::sync::Arc;

use sampan_form::compiled::{Form, What};
use sampan_interview::interview::Interview;
use sampan_interview::plan::Plan;
use sampan_interview::refusal::{Reason, Refused};
use sampan_interview::schema::FormSchema;
use sampan_interview::view::{Part, Position, Problem, Screen};
use sampan_record::codec;
use sampan_record::ids::{CommentId, RecordId, RowId};
use sampan_record::op::Op;
use sampan_record::path::AnswerPath;
use sampan_record::record::Record;
use sampan_record::review::{self, ReviewState};
use sampan_value::answer::{Answer, Missing};
use uuid::Builder;

use crate::api::{
    AnswerInput, ChoiceView, CommentRef, CommentView, FinishView, PlaceRef, ProblemView, QuestionView,
    RecordRef, ScreenView, Stop,
};
use crate::client::records::{self, Loaded};
use crate::client::showing::{self, People};
use crate::client::{Inner, forms, instant};
use crate::error::ClientError;
use crate::place;

mod position;
mod trial;

/// An open interview. Dropping it loses nothing: the next opening shows every accepted answer.
pub struct OpenInterview {
    inner: Arc<Inner>,
    record: RecordId,
    people: People,
    /// None once it is closed.
    work: Option<Work>,
    /// Whether nothing of it is ever written.
    is_trial: bool,
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
}

impl OpenInterview {
    pub(crate) fn open(inner: Arc<Inner>, record: RecordId) -> Result<OpenInterview, ClientError> {
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
        };
        if let Err(error) = interview.load() {
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

    /// Shows the interview in a language: `English (en)`, `English` or `en`. False when the form has no such language.
    pub fn set_language(&mut self, language: &str) -> bool {
        match &mut self.work {
            Some(work) => work.running.set_language(language),
            None => false,
        }
    }

    /// What stands on the screen now.
    pub fn screen(&self) -> Result<ScreenView, ClientError> {
        let work = self.work()?;
        Ok(work.screen_view(&work.running.screen(&work.position), &self.people))
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
        self.screen()
    }

    /// Goes back; stays at the first screen.
    pub fn back(&mut self) -> Result<ScreenView, ClientError> {
        let work = self.work_mut()?;
        if let Some(screen) = work.running.previous(&work.position) {
            work.position = screen.position;
        }
        self.screen()
    }

    /// Goes to the screen with this question, group or row.
    pub fn goto(&mut self, at: &PlaceRef) -> Result<ScreenView, ClientError> {
        let work = self.work_mut()?;
        let at = place::find(work.running.form(), at)?;
        work.position = work.running.position_of(&at);
        self.screen()
    }

    /// Goes to the first screen.
    pub fn goto_first(&mut self) -> Result<ScreenView, ClientError> {
        let work = self.work_mut()?;
        work.position = work.running.first().position;
        self.screen()
    }

    /// Goes to the first question that has neither an answer nor a missing state, else to the end.
    pub fn goto_first_open(&mut self) -> Result<ScreenView, ClientError> {
        let work = self.work_mut()?;
        work.position = work.running.first_unanswered();
        self.screen()
    }

    /// Goes behind the last question.
    pub fn goto_end(&mut self) -> Result<ScreenView, ClientError> {
        self.work_mut()?.position = Position::End;
        self.screen()
    }

    /// One question, on this screen or not.
    pub fn question(&self, at: &PlaceRef) -> Result<QuestionView, ClientError> {
        let work = self.work()?;
        let path = place::find(work.running.form(), at)?;
        work.question_view(&path, &self.people)
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
        let accepted = work
            .running
            .answer(&path, answer.clone(), instant(now))
            .map_err(refused)?;
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
        self.keep(accepted.ops)?;
        let work = self.work_mut()?;
        let at = in_row(&path, row);
        work.position = work.running.position_of(&at);
        Ok(place::name(work.running.form(), &at))
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
        let accepted = work
            .running
            .remove_row(&repeat, row_id, instant(now))
            .map_err(refused)?;
        self.keep(accepted.ops)
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
            self.close();
            return Ok(());
        }
        let position = position::text(&work.position);
        let language = work.running.language().to_owned();
        let inner = Arc::clone(&self.inner);
        let _turn = inner.turn();
        records::save(
            &self.inner,
            self.record,
            Vec::new(),
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
            self.close();
            return Ok(FinishView {
                is_finished: true,
                problems: doubts,
            });
        }
        let mut ops = ops;
        ops.push(Op::Submit);
        if let Err(error) = records::save(&self.inner, self.record, ops, Some(now)) {
            self.reload()?;
            return Err(error);
        }
        self.inner.store().set_position(self.record, None, None)?;
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

    /// Reads the interview from the disk, as at a fresh opening.
    fn load(&mut self) -> Result<(), ClientError> {
        let inner = &self.inner;
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
        let state = review::review(&base.record).state;
        if state == ReviewState::Rejected {
            return Err(cannot("it was rejected"));
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
        });
        if !opened.ops.is_empty() {
            self.keep(opened.ops)?;
        }
        Ok(())
    }

    /// As [`OpenInterview::load`], staying at the present place and language; closes on an error.
    fn reload(&mut self) -> Result<(), ClientError> {
        let here = self
            .work
            .take()
            .map(|work| (work.position, work.running.language().to_owned()));
        if let Err(error) = self.load() {
            self.work = None;
            self.inner.open_records().remove(&self.record);
            return Err(error);
        }
        if let (Some(work), Some((position, language))) = (&mut self.work, here) {
            work.position = position;
            work.running.set_language(&language);
        }
        Ok(())
    }

    /// A sync may have given the device a new incarnation while this interview was open; then what it knows of the
    /// record has other names.
    fn follow_incarnation(&mut self) -> Result<(), ClientError> {
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
    fn keep(&mut self, ops: Vec<Op>) -> Result<(), ClientError> {
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

    fn write_journal(&mut self, ops: &[Op]) -> Result<(), ClientError> {
        let work = self.work()?;
        let schema = FormSchema(Arc::clone(work.plan.form()));
        let bytes = codec::encode_ops(ops, &schema);
        codec::decode_ops(&bytes, &schema).map_err(|error| ClientError::NotWritable {
            reason: error.to_string(),
        })?;
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

impl Drop for OpenInterview {
    fn drop(&mut self) {
        self.close();
    }
}

impl Work {
    fn screen_view(&self, screen: &Screen, people: &People) -> ScreenView {
        let form = self.running.form();
        let stop = match &screen.position {
            Position::Question(_) | Position::Together(_) => Stop::Questions,
            Position::AddRow(_) => Stop::AddRow,
            Position::End => Stop::End,
        };
        let asked = self.asked();
        let answered: BTreeSet<AnswerPath> = self.running.answers().into_iter().map(|(at, _)| at).collect();
        let n_answered = asked.iter().filter(|at| answered.contains(*at)).count();
        ScreenView {
            stop,
            headings: showing::headings(&self.running, &screen.headings),
            questions: screen
                .questions
                .iter()
                .filter_map(|at| self.question_view(at, people))
                .collect(),
            is_table: screen.is_table,
            add_row_at: match &screen.position {
                Position::AddRow(at) => Some(place::name(form, at)),
                Position::Question(_) | Position::Together(_) | Position::End => None,
            },
            add_row_label: screen.add_row_label.clone().unwrap_or_default(),
            n_answered: count(n_answered),
            n_asked: count(asked.len()),
        }
    }

    fn question_view(&self, at: &AnswerPath, people: &People) -> Option<QuestionView> {
        let state = self.running.question(at)?;
        let form = self.running.form();
        let node = form.find(at.question.as_str()).map(|id| form.node(id))?;
        let choices = if state.has_choices {
            self.running.choices(at)
        } else {
            Vec::new()
        };
        Some(QuestionView {
            name: node.name.clone(),
            role: match state.role {
                Part::Ask => "ask".into(),
                Part::Note => "note".into(),
                Part::Hidden => "hidden".into(),
            },
            kind: kind_word(&node.what),
            label: state.label,
            hint: state.hint,
            guidance: state.guidance,
            required: state.required,
            read_only: state.read_only,
            relevant: state.relevant,
            valid: state.valid && !state.invalid_choice,
            answer: state
                .answer
                .as_ref()
                .map(|answer| showing::answer_view(&self.running, at, answer)),
            choices: choices
                .into_iter()
                .map(|choice| ChoiceView {
                    name: choice.name,
                    label: choice.label,
                })
                .collect(),
            appearance: state.appearance,
            conflict: showing::conflict(&self.running, &self.whole, at, people),
            comments: showing::comments(&self.running, &self.whole, Some(at), people),
            at: place::name(form, at),
        })
    }

    fn problem_view(&self, problem: &Problem) -> ProblemView {
        ProblemView {
            at: place::name(self.running.form(), &problem.at),
            label: self.running.label(&problem.at, self.running.language()),
            message: problem.message.clone(),
            blocks: problem.kind.blocks(),
        }
    }

    /// Every question (not note) that is on a screen now, in order.
    fn asked(&self) -> Vec<AnswerPath> {
        let mut places = Vec::new();
        for position in self.running.screens() {
            match &position {
                Position::Question(at) => places.push(at.clone()),
                Position::Together(_) => places.extend(self.running.screen(&position).questions),
                Position::AddRow(_) | Position::End => {}
            }
        }
        let form = self.running.form();
        places.retain(|at| {
            form.find(at.question.as_str())
                .and_then(|id| form.node(id).question())
                .is_some_and(|(role, _)| role == sampan_form::def::Role::Ask)
        });
        places
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

fn cannot(reason: &str) -> ClientError {
    ClientError::CannotOpen {
        reason: reason.to_owned(),
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

fn kind_word(what: &What) -> String {
    match what {
        What::Question { kind, .. } => word(kind),
        What::Root | What::Group | What::Repeat => String::new(),
    }
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
