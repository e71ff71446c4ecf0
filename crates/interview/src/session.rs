//! An interview that another program drives, place by place: for previews and for drivers of tests.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use sampan_form::def::Event;
use sampan_record::path::AnswerPath;
use sampan_value::answer::{Answer, Kind, MediaRef, Missing, Value};
use sampan_value::decimal::Decimal;
use sampan_value::text;

use crate::facts::Facts;
use crate::instance::{self, InstanceError};
use crate::interview::Interview;
use crate::plan::Plan;
use crate::refusal::{Reason, Refused};
use crate::standing::{Sort, Standing};
use crate::view::{Ask, Problem, ProblemKind, Wanted};
use crate::written::Written;

/// How answers are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// As ODK's clients do: an answer that breaks a constraint stands and is called invalid, choices that are not on
    /// offer are taken out of answers, and each repeat whose rows people add begins with one row.
    Odk,
    /// As on the device: an answer that breaks a constraint is refused, an answer whose choice is not on offer any more
    /// stays and is reported, and repeats begin without rows.
    Device,
}

/// What is said at a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said<'a> {
    /// ODK's text form; empty = the answer is cleared.
    Text(&'a str),
    /// Yes or no: `OK` or nothing at a trigger, `true` or `false` as a choice, else 1 or 0.
    Condition(bool),
    /// Why there is no answer: `dont_know`, `refused`, `not_applicable` or `skipped`.
    Missing(&'a str),
}

/// An interview while it is driven.
#[derive(Debug)]
pub struct Session {
    interview: Interview,
    manner: Manner,
    /// Repeats, in the rows around them, that are not to get a first row any more.
    known: BTreeSet<AnswerPath>,
    n_rows_added: u64,
    /// Where the device is, if that is known.
    position: Option<Value>,
    /// What the form wants of the device and was not told.
    asks: Vec<Ask>,
    /// Values as they were written.
    written: Written,
}

impl Session {
    /// Begins an interview.
    pub fn begin(plan: Arc<Plan>, facts: &Facts, manner: Manner) -> Session {
        let written = Written::of(plan.form().def(), facts.started_at);
        let opened = Interview::begin(plan, facts);
        let mut session = Session {
            written,
            interview: opened.interview,
            manner,
            known: BTreeSet::new(),
            n_rows_added: 1,
            position: None,
            asks: opened.asks,
        };
        session.settle(Event::FirstLoad, facts.started_at);
        session
    }

    /// Opens a document of answers to edit it. Besides what the form has no place for, one sentence each.
    pub fn edit(
        plan: Arc<Plan>,
        facts: &Facts,
        manner: Manner,
        xml: &str,
    ) -> Result<(Session, instance::Contents), InstanceError> {
        let contents = instance::read(&plan, xml, facts.started_at)?;
        let written = Written::of(plan.form().def(), facts.started_at);
        let opened = Interview::resume(plan, facts, contents.answers.clone(), contents.rows.clone());
        let mut session = Session {
            written,
            interview: opened.interview,
            manner,
            known: BTreeSet::new(),
            n_rows_added: u64::try_from(contents.rows.len())
                .unwrap_or(u64::MAX)
                .saturating_add(1),
            position: None,
            asks: opened.asks,
        };
        // The document says how many rows there are, none among it.
        session.know_repeats();
        session.settle(Event::Load, facts.started_at);
        Ok((session, contents))
    }

    /// The interview.
    pub fn interview(&self) -> &Interview {
        &self.interview
    }

    /// How answers are taken.
    pub fn manner(&self) -> Manner {
        self.manner
    }

    /// Changes the language of texts; false when the form does not have it. In the manner of ODK computed answers that
    /// are texts of the form change with it, on the device those that are kept do not.
    pub fn set_language(&mut self, language: &str, now: DateTime<FixedOffset>) -> bool {
        match self.manner {
            Manner::Odk => {
                let is_known = self.interview.speak(language, now).is_some();
                self.settle(Event::NewRow, now);
                is_known
            }
            Manner::Device => self.interview.set_language(language),
        }
    }

    /// Answers a question. A problem that the answer has, though it stands, comes back. What is no value of the type, or
    /// lies outside the range, leaves the question without an answer in the manner of ODK, as its clients do.
    pub fn set(
        &mut self,
        at: &AnswerPath,
        said: Said<'_>,
        now: DateTime<FixedOffset>,
    ) -> Result<Option<Problem>, Refused> {
        let answer = match self
            .meant(at, said, now)
            .and_then(|answer| self.usual(at, answer))
        {
            Ok(answer) => answer,
            Err(refused) => {
                if self.manner == Manner::Odk && self.interview.put(at, None, now).is_ok() {
                    self.settle(Event::NewRow, now);
                }
                return Err(refused);
            }
        };
        if let Said::Text(text) = said {
            let form = self.interview.form();
            let node = form.find(at.question.as_str()).and_then(|id| form.get(id));
            if let Some((_, kind)) = node.and_then(|node| node.question()) {
                self.written.note(at, text, kind, now);
            }
        }
        let accepted = match self.manner {
            Manner::Odk => self.interview.put(at, answer, now)?,
            Manner::Device => self.interview.answer(at, answer, now)?,
        };
        self.asks.extend(accepted.asks);
        self.settle(Event::NewRow, now);
        Ok(self.problem(at))
    }

    /// Adds a row at the end of a repeat (one of its rows stands for it); the place of the row comes back.
    pub fn add(&mut self, repeat: &AnswerPath, now: DateTime<FixedOffset>) -> Result<AnswerPath, Refused> {
        self.n_rows_added = self.n_rows_added.saturating_add(1);
        let mut repeat = repeat.clone();
        let form = self.interview.form();
        if let Some(node) = form.find(repeat.question.as_str()).and_then(|id| form.get(id)) {
            repeat.rows.truncate(node.repeats.len());
        }
        let accepted = self.interview.add_row(&repeat, self.n_rows_added, now)?;
        self.known.insert(repeat.clone());
        self.asks.extend(accepted.asks);
        self.settle(Event::NewRow, now);
        let mut row = repeat;
        row.rows.extend(accepted.row);
        Ok(row)
    }

    /// Removes a row.
    pub fn remove(&mut self, row: &AnswerPath, now: DateTime<FixedOffset>) -> Result<(), Refused> {
        let mut repeat = row.clone();
        let Some(own) = repeat.rows.pop() else {
            return Err(Refused {
                at: row.clone(),
                reason: Reason::NoSuchPlace,
                message: "Name one row of a repeat, such as /data/person[2].".into(),
            });
        };
        self.known.insert(repeat.clone());
        let accepted = self.interview.remove_row(&repeat, own, now)?;
        self.asks.extend(accepted.asks);
        self.settle(Event::NewRow, now);
        Ok(())
    }

    /// Says where the device is, in ODK's text form (`13.36 103.86 0 5`); None = that is not known any more. What the
    /// form asked for before is answered, and what it asks for later. False when the text is no position.
    pub fn locate(&mut self, position: Option<&str>, now: DateTime<FixedOffset>) -> bool {
        self.position = match position {
            None => None,
            Some(written) => match instance::typed(written.trim(), Kind::Geopoint, now) {
                Some(value) => Some(value),
                None => return false,
            },
        };
        self.tell_position(now);
        true
    }

    /// What the form wants of the device and was not told.
    pub fn asks(&self) -> &[Ask] {
        &self.asks
    }

    fn tell_position(&mut self, now: DateTime<FixedOffset>) {
        let Some(position) = self.position.clone() else {
            return;
        };
        // A position may set off another question for it.
        for _ in 0..1000 {
            let asks = std::mem::take(&mut self.asks);
            let (positions, others): (Vec<Ask>, Vec<Ask>) =
                asks.into_iter().partition(|ask| ask.what == Wanted::Position);
            self.asks = others;
            if positions.is_empty() {
                return;
            }
            for ask in positions {
                if let Ok(accepted) = self.interview.fill(&ask.at, position.clone(), now) {
                    self.asks.extend(accepted.asks);
                }
            }
        }
    }

    /// Finishes: writes down the end time, unless something stands in the way; that comes back in the order of the form.
    pub fn finish(&mut self, now: DateTime<FixedOffset>) -> Result<(), Vec<Problem>> {
        self.interview.finish(now).map(|_| ())
    }

    /// What is wrong at one place.
    pub fn problem(&self, at: &AnswerPath) -> Option<Problem> {
        let mut problems = self.interview.problems();
        problems.retain(|problem| problem.at == *at && problem.kind.blocks());
        problems.into_iter().next()
    }

    /// Everything as it stands.
    pub fn standing(&self, with_choices: bool) -> Vec<Standing> {
        self.interview.standing(with_choices)
    }

    /// The value of a question in ODK's text form: as it was written, if that is what it still means.
    pub fn text(&self, item: &Standing) -> String {
        match &item.question {
            Some(question) => self.written.shown(&item.at, question.kind, &question.text),
            None => String::new(),
        }
    }

    /// The path of a place as it is numbered now; None when it is not there.
    pub fn path(&self, at: &AnswerPath) -> Option<String> {
        let mut path = format!("/{}", self.interview.root_name());
        let mut names = String::new();
        let mut rows = at.rows.iter();
        let mut around = Vec::new();
        for name in at.question.as_str().split('/').filter(|name| !name.is_empty()) {
            if !names.is_empty() {
                names.push('/');
            }
            names.push_str(name);
            path.push('/');
            path.push_str(name);
            let id = self.interview.form().find(&names)?;
            let is_repeat = self.interview.form().get(id)?.what == sampan_form::compiled::What::Repeat;
            if let Some(row) = rows.next().filter(|_| is_repeat) {
                let repeat = AnswerPath {
                    question: sampan_record::path::QuestionPath::new(&names),
                    rows: around.clone(),
                };
                let shown = self.interview.rows(&repeat);
                let number = shown.iter().position(|other| other == row)?;
                path.push_str(&format!("[{}]", number + 1));
                around.push(*row);
            }
        }
        Some(path)
    }

    /// In the manner of ODK: what was ticked in the order of the list, and no number outside the range.
    fn usual(&self, at: &AnswerPath, answer: Option<Answer>) -> Result<Option<Answer>, Refused> {
        let form = self.interview.form();
        let node = form.find(at.question.as_str()).and_then(|id| form.get(id));
        let (Manner::Odk, Some(node), Some(Answer::Value(value))) = (self.manner, node, &answer) else {
            return Ok(answer);
        };
        if let Value::Choices(names) = value {
            if node.type_name == "rank" || names.len() < 2 {
                return Ok(answer);
            }
            let mut places: HashMap<String, usize> = HashMap::new();
            for (place, choice) in self.interview.choices(at).into_iter().enumerate() {
                places.entry(choice.name).or_insert(place);
            }
            let mut names = names.clone();
            names.sort_by_key(|name| places.get(name).copied().unwrap_or(usize::MAX));
            return Ok(Some(Answer::Value(Value::Choices(names))));
        }
        let spot = self.interview.places.find(&self.interview.plan, at);
        match spot.and_then(|spot| self.interview.misfit(spot, node, value)) {
            None => Ok(answer),
            Some(message) => Err(Refused {
                at: at.clone(),
                reason: Reason::Constraint,
                message,
            }),
        }
    }

    /// Reads what is said as an answer of the question's type.
    fn meant(
        &self,
        at: &AnswerPath,
        said: Said<'_>,
        now: DateTime<FixedOffset>,
    ) -> Result<Option<Answer>, Refused> {
        let written = match said {
            Said::Missing(word) => {
                return match Missing::from_word(word) {
                    Some(missing) => Ok(Some(Answer::Missing(missing))),
                    None => Err(Refused {
                        at: at.clone(),
                        reason: Reason::WrongKind,
                        message: "A reason is dont_know, refused, not_applicable or skipped.".into(),
                    }),
                };
            }
            Said::Condition(holds) => {
                let node = self.interview.form().find(at.question.as_str());
                let node = node.and_then(|id| self.interview.form().get(id));
                match (node.and_then(|node| node.question()), holds) {
                    (Some((_, Kind::Acknowledge)), false) => return Ok(None),
                    (Some((_, Kind::Acknowledge)), true) => "OK",
                    (Some((_, Kind::Choice | Kind::Choices)), true) => "true",
                    (Some((_, Kind::Choice | Kind::Choices)), false) => "false",
                    (_, true) => "1",
                    (_, false) => "0",
                }
            }
            Said::Text(written) if written.trim().is_empty() => return Ok(None),
            Said::Text(written) => written,
        };
        let node = self.interview.form().find(at.question.as_str());
        let node = node.and_then(|id| self.interview.form().get(id));
        let kind = node.and_then(|node| node.question()).map(|(_, kind)| kind);
        match kind {
            Some(Kind::Media) => Ok(Some(Answer::Value(Value::Media(MediaRef {
                hash: [0; 32],
                size_bytes: 0,
                name: written.trim().to_string(),
            })))),
            Some(kind @ (Kind::Time | Kind::DateTime))
                if self.manner == Manner::Odk && !is_exact(written.trim(), kind) =>
            {
                Err(Refused {
                    at: at.clone(),
                    reason: Reason::WrongKind,
                    message:
                        "ODK's programs write times as 14:30:00 and moments as 2026-11-24T14:30:00, with or \
                              without a zone such as +07:00."
                            .into(),
                })
            }
            Some(kind @ (Kind::DateTime | Kind::Date | Kind::Acknowledge)) => {
                match instance::typed(written.trim(), kind, now) {
                    Some(value) => Ok(Some(Answer::Value(value))),
                    None => self.interview.parse_input(at, written).map(Some),
                }
            }
            Some(Kind::Integer) if self.manner == Manner::Odk => self.whole(at, written).map(Some),
            _ => self.interview.parse_input(at, written).map(Some),
        }
    }

    /// Whole numbers as ODK's clients hold them: in 32 bits, and without what stands behind the point.
    fn whole(&self, at: &AnswerPath, written: &str) -> Result<Answer, Refused> {
        let read = self.interview.parse_input(at, written);
        let number = match &read {
            Ok(Answer::Value(Value::Integer(number))) => Some(Decimal::new(*number, 0)),
            Ok(_) => return read,
            Err(_) => Decimal::parse(text::fold_digits(written.trim()).as_ref())
                .ok()
                .map(Some),
        };
        let Some(number) = number.flatten().map(|number| number.to_f64().trunc()) else {
            return read;
        };
        if number < f64::from(i32::MIN) || number > f64::from(i32::MAX) {
            return Err(Refused {
                at: at.clone(),
                reason: Reason::WrongKind,
                message: format!(
                    "ODK's programs hold whole numbers from {} to {}.",
                    i32::MIN,
                    i32::MAX
                ),
            });
        }
        // In the range of 32 bits, so nothing is lost.
        Ok(Answer::Value(Value::Integer(number as i64)))
    }

    /// What ODK's clients do after each step: first rows, and no choices that are not on offer.
    fn settle(&mut self, event: Event, now: DateTime<FixedOffset>) {
        if self.manner == Manner::Odk {
            self.settle_rows_and_choices(event, now);
        }
        self.asks.append(&mut self.interview.asks);
        self.tell_position(now);
    }

    fn settle_rows_and_choices(&mut self, event: Event, now: DateTime<FixedOffset>) {
        let _ = self.interview.add_first_rows(&mut self.known, event, now);
        // A choice that goes may take others with it, each at most once.
        for _ in 0..1000 {
            let gone: Vec<AnswerPath> = self
                .interview
                .problems()
                .into_iter()
                .filter(|problem| problem.kind == ProblemKind::InvalidChoice)
                .map(|problem| problem.at)
                .filter(|at| !self.is_free(at))
                .collect();
            let n_taken = gone
                .iter()
                .filter(|at| self.keep_what_is_offered(at, now))
                .count();
            if n_taken == 0 {
                return;
            }
            let _ = self.interview.add_first_rows(&mut self.known, Event::NewRow, now);
        }
    }

    /// ODK's clients take any text where choices come from the sheet external_choices.
    fn is_free(&self, at: &AnswerPath) -> bool {
        let form = self.interview.form();
        let node = form.find(at.question.as_str()).and_then(|id| form.get(id));
        node.is_some_and(|node| node.type_name == "select_one_external")
    }

    fn keep_what_is_offered(&mut self, at: &AnswerPath, now: DateTime<FixedOffset>) -> bool {
        let offered: BTreeSet<String> = self
            .interview
            .choices(at)
            .into_iter()
            .map(|choice| choice.name)
            .collect();
        let answer = self.interview.question(at).and_then(|state| state.answer);
        let left = match answer {
            Some(Answer::Value(Value::Choices(names))) => {
                let names: Vec<String> = names.into_iter().filter(|name| offered.contains(name)).collect();
                (!names.is_empty()).then_some(Answer::Value(Value::Choices(names)))
            }
            _ => None,
        };
        self.interview.put(at, left, now).is_ok()
    }

    fn know_repeats(&mut self) {
        for item in self.interview.standing(false) {
            match item.sort {
                Sort::Repeat { .. } => {
                    self.known.insert(item.at);
                }
                Sort::Root | Sort::Group | Sort::Row | Sort::Question => {}
            }
        }
    }
}

/// Whether a time of day, or a moment, is written as XML Schema has it: with seconds, and with a colon in its zone.
fn is_exact(written: &str, kind: Kind) -> bool {
    let folded = text::fold_digits(written);
    let time = match (kind, folded.split_once('T')) {
        (Kind::DateTime, Some((_, time))) => time,
        (Kind::DateTime, None) => return false,
        (_, _) => folded.as_ref(),
    };
    let zone_at = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (time, zone) = time.split_at_checked(zone_at).unwrap_or((time, ""));
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let is_like = |text: &str, pattern: &str| {
        text.len() == pattern.len()
            && text
                .chars()
                .zip(pattern.chars())
                .all(|(letter, wanted)| match wanted {
                    '0' => letter.is_ascii_digit(),
                    wanted => letter == wanted,
                })
    };
    let is_zone = matches!(zone, "" | "Z") || is_like(zone, "+00:00") || is_like(zone, "-00:00");
    let is_fraction = !fraction.is_empty() && fraction.chars().all(|digit| digit.is_ascii_digit());
    is_like(time, "00:00:00") && is_fraction && is_zone
}
