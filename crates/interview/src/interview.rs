//! The running form: begun, opened again, or rebuilt in the office from what a record holds.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, NaiveTime, TimeZone};
use sampan_form::compiled::{Form, What};
use sampan_form::def::{Event, Role};
use sampan_record::ids::RowId;
use sampan_record::op::Op;
use sampan_record::path::AnswerPath;
use sampan_value::answer::{Answer, Kind, Value};
use sampan_value::text;
use sampan_xpath::resolve::NodeId;

use crate::doubts::confirms;
use crate::entities::group_of_id;
use crate::facts::Facts;
use crate::places::{FrameId, Places, Spot};
use crate::plan::{Computes, Plan, Source};
use crate::queue::Queue;
use crate::running::Keeping;
use crate::sight::{Sight, mixed};
use crate::view::{Ask, NoPlace, SetAside};

/// One interview while it runs.
#[derive(Debug)]
pub struct Interview {
    pub(crate) plan: Arc<Plan>,
    pub(crate) places: Places,
    pub(crate) language: String,
    pub(crate) set_aside: Vec<SetAside>,
    pub(crate) now: DateTime<FixedOffset>,
    pub(crate) seed: u64,
    /// What `property()` tells; empty in the office.
    pub(crate) properties: BTreeMap<&'static str, String>,
    /// What the interview saved before was answered, in ODK's text form.
    pub(crate) last_saved: BTreeMap<NodeId, String>,
    /// What fails where, with the reason.
    pub(crate) faults: BTreeMap<(Spot, Computes), String>,
    /// Places that wait for their computed first value (None) or for one of their actions.
    pub(crate) waiting: Vec<(Spot, Option<usize>)>,
    /// What the form wants of the device and was not told yet.
    pub(crate) asks: Vec<Ask>,
    /// The ids of new things, by the group or row that tells of them.
    pub(crate) entity_ids: BTreeMap<Spot, String>,
    /// The doubtful values that were confirmed.
    pub(crate) confirmed: BTreeMap<Spot, String>,
}

/// An interview that was just begun or opened again.
#[derive(Debug)]
pub struct Opened {
    /// The running form.
    pub interview: Interview,
    /// What is to be kept at once: start, today, device and enumerator, defaults, once-only values.
    pub ops: Vec<Op>,
    /// What the form wants of the device.
    pub asks: Vec<Ask>,
}

/// A row of a repeat as a record holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The repeat, in the rows around it.
    pub repeat: AnswerPath,
    /// Which row.
    pub row: RowId,
    /// Where it stands among its siblings, which are sorted by position, then id.
    pub position: u64,
}

impl Interview {
    /// Begins an interview: writes down start, today, device and enumerator, sets defaults, computes everything.
    pub fn begin(plan: Arc<Plan>, facts: &Facts) -> Opened {
        Interview::begin_after(plan, facts, &[])
    }

    /// As [`Interview::begin`], where `last` are the answers of the interview with this form that was finished last on
    /// the device: what `${last-saved#name}` reads. Of several rows the first counts.
    pub fn begin_after(plan: Arc<Plan>, facts: &Facts, last: &[(AnswerPath, Answer)]) -> Opened {
        let mut interview = Interview::empty(plan, facts.started_at, facts.seed);
        for (at, answer) in last {
            if let (Some(id), Answer::Value(value)) = (interview.form().find(at.question.as_str()), answer) {
                let text = || text::to_odk_text(value);
                interview.last_saved.entry(id).or_insert_with(text);
            }
        }
        interview.properties = properties(facts);
        let mut ops = Vec::new();
        interview.write_facts(facts, &mut ops);
        interview.furnish(FrameId::INTERVIEW, Event::FirstLoad, None, &mut ops);
        let queue = interview.everything();
        interview.run_all(queue, Keeping::Beginning, &mut ops);
        interview.opened(ops)
    }

    /// Opens an interview again from what its record (and journal) holds: rows that are not removed, and the answers
    /// that do not stand in removed ones.
    /// Answers that this form version has no place for are set aside ([`Interview::set_aside`]); they stay in the
    /// record. Writes no defaults again.
    pub fn resume(
        plan: Arc<Plan>,
        facts: &Facts,
        answers: impl IntoIterator<Item = (AnswerPath, Answer)>,
        rows: impl IntoIterator<Item = Row>,
    ) -> Opened {
        let mut interview = Interview::empty(plan, facts.started_at, facts.seed);
        interview.properties = properties(facts);
        interview.load(answers, rows);
        let mut ops = Vec::new();
        let queue = interview.everything();
        interview.run_all(queue, Keeping::Resuming, &mut ops);
        let frames: Vec<FrameId> = interview.places.frames().collect();
        for frame in frames {
            interview.draw_entity_ids(frame, &mut ops);
        }
        interview.opened(ops)
    }

    /// Runs what each opening brings about.
    fn opened(mut self, mut ops: Vec<Op>) -> Opened {
        let frames: Vec<FrameId> = self.places.frames().collect();
        for frame in frames {
            self.wait_for_actions(frame, Event::Load);
        }
        self.run_all(Queue::default(), Keeping::Running, &mut ops);
        let asks = std::mem::take(&mut self.asks);
        Opened {
            interview: self,
            ops,
            asks,
        }
    }

    /// The same for the office: shows and recomputes, writes nothing. The clock of expressions stands at the
    /// interview's own end or start, so that the same record gives the same values on any day.
    pub fn from_answers(
        plan: Arc<Plan>,
        answers: impl IntoIterator<Item = (AnswerPath, Answer)>,
        rows: impl IntoIterator<Item = Row>,
    ) -> Interview {
        let mut interview = Interview::empty(plan, DateTime::UNIX_EPOCH.fixed_offset(), 0);
        interview.load(answers, rows);
        if let Some(own) = interview.own_time() {
            interview.now = own;
        }
        let queue = interview.everything();
        interview.run_all(queue, Keeping::Looking, &mut Vec::new());
        interview
    }

    fn empty(plan: Arc<Plan>, now: DateTime<FixedOffset>, seed: u64) -> Interview {
        Interview {
            places: Places::new(&plan),
            language: plan.form().languages().first().cloned().unwrap_or_default(),
            plan,
            set_aside: Vec::new(),
            now,
            seed,
            properties: BTreeMap::new(),
            last_saved: BTreeMap::new(),
            faults: BTreeMap::new(),
            waiting: Vec::new(),
            asks: Vec::new(),
            entity_ids: BTreeMap::new(),
            confirmed: BTreeMap::new(),
        }
    }

    /// The form.
    pub fn form(&self) -> &Form {
        self.plan.form()
    }

    /// The form with its tables and its order of computing.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// The language of texts; one of the form's.
    pub fn language(&self) -> &str {
        &self.language
    }

    /// Changes the language of texts to what `English (en)`, `English` or `en` means; false (and nothing changed) when
    /// the form does not have it.
    pub fn set_language(&mut self, wanted: &str) -> bool {
        match self.plan.form().language(wanted).map(str::to_string) {
            Some(language) => {
                // Computed values may hold texts (`jr:choice-name()`).
                if self.language != language {
                    self.language = language;
                    let queue = self.everything();
                    self.run_all(queue, Keeping::Looking, &mut Vec::new());
                }
                true
            }
            None => false,
        }
    }

    /// As [`Interview::set_language`], and computes anew what is kept too, if it is a text of the form: what engines do
    /// that keep nothing. None when the form does not have the language.
    pub(crate) fn speak(&mut self, wanted: &str, now: DateTime<FixedOffset>) -> Option<Vec<Op>> {
        let language = self.plan.form().language(wanted)?.to_string();
        let mut ops = Vec::new();
        if self.language == language {
            return Some(ops);
        }
        self.language = language;
        self.now = now;
        let mut queue = Queue::default();
        for frame in self.places.frames() {
            for rank in &self.plan.layout(self.places.frame(frame).repeat).tasks {
                if self.plan.task(*rank).is_some_and(|task| task.reads_language) {
                    queue.push(*rank, frame, true);
                }
            }
        }
        self.run_all(queue, Keeping::Running, &mut ops);
        Some(ops)
    }

    /// Answers and rows of the record that this form version has no place for.
    pub fn set_aside(&self) -> &[SetAside] {
        &self.set_aside
    }

    /// The rows of a repeat that are there now, in order; empty when the repeat is not relevant.
    pub fn rows(&self, repeat: &AnswerPath) -> Vec<RowId> {
        match self.places.find(&self.plan, repeat) {
            Some(spot) if self.places.is_relevant(&self.plan, spot) => self
                .places
                .shown(spot.frame, spot.node)
                .iter()
                .map(|row| self.places.frame(*row).row)
                .collect(),
            Some(_) | None => Vec::new(),
        }
    }

    /// Everything that was answered or kept once, relevant or not: what a record of this interview holds, ids of new
    /// things and confirmations among it.
    pub fn answers(&self) -> Vec<(AnswerPath, Answer)> {
        let mut answers = Vec::new();
        self.places.each_cell(&self.plan, &mut |spot, cell| {
            let is_held = match self.plan.source(spot.node) {
                Source::Given | Source::Kept => true,
                Source::Computed | Source::Nothing => false,
            };
            if let (true, Some(answer)) = (is_held, &cell.answer) {
                answers.push((self.places.path(&self.plan, spot), answer.clone()));
            }
        });
        answers.extend(self.kept_entity_ids());
        answers.extend(self.kept_confirmations());
        answers
    }

    /// The rows that people added, as a record of this interview holds them.
    pub fn added_rows(&self) -> Vec<Row> {
        self.places
            .frames()
            .filter_map(|id| {
                let frame = self.places.frame(id);
                let around = frame.around?;
                self.places
                    .range(around, frame.repeat)?
                    .count
                    .is_none()
                    .then(|| Row {
                        repeat: self.places.path(
                            &self.plan,
                            Spot {
                                node: frame.repeat,
                                frame: around,
                            },
                        ),
                        row: frame.row,
                        position: frame.position,
                    })
            })
            .collect()
    }

    /// What an expression at a place sees.
    pub(crate) fn sight(&self, spot: Spot) -> Sight<'_> {
        let rows = std::iter::successors(Some(spot.frame), |id| self.places.frame(*id).around)
            .map(|id| self.places.frame(id).row.0);
        let chance = rows.fold(mixed(self.seed ^ u64::from(spot.node.0)), |bits, row| {
            mixed(bits ^ row)
        });
        Sight {
            chooser: None,
            last_saved: &self.last_saved,
            plan: &self.plan,
            places: &self.places,
            language: &self.language,
            properties: &self.properties,
            now: self.now,
            chance: Cell::new(chance),
            memory: None,
        }
    }

    /// Writes down what is known at the beginning.
    fn write_facts(&mut self, facts: &Facts, ops: &mut Vec<Op>) {
        let plan = self.plan.clone();
        for node in plan.form().questions() {
            let Some((role, kind)) = node.question() else {
                continue;
            };
            let known = match role {
                Role::Start => Some(moment(facts.started_at, kind)),
                Role::Today => Some(moment(facts.started_at, kind)),
                Role::DeviceId | Role::Username => {
                    let word = match (node.type_name.as_str(), role) {
                        ("", Role::DeviceId) => "deviceid",
                        ("", _) => "username",
                        (word, _) => word,
                    };
                    self.properties.get(word).cloned().map(Value::Text)
                }
                Role::Calculate if node.calculation.is_none() => match node.type_name.as_str() {
                    word @ ("email" | "uri:email" | "phonenumber" | "uri:phonenumber") => {
                        self.properties.get(word).cloned().map(Value::Text)
                    }
                    _ => None,
                },
                Role::Ask | Role::Note | Role::Calculate | Role::End => None,
            };
            let spot = Spot {
                node: node.id,
                frame: FrameId::INTERVIEW,
            };
            // Metadata in a repeat has no one place to be written to.
            if let (Some(value), true) = (known, node.repeats.is_empty()) {
                self.keep(spot, Some(Answer::Value(value)), ops);
            }
        }
    }

    /// Puts an answer that is to be kept, without computing.
    pub(crate) fn keep(&mut self, spot: Spot, answer: Option<Answer>, ops: &mut Vec<Op>) {
        let plan = self.plan.clone();
        if let Some(cell) = self.places.cell_mut(&plan, spot) {
            cell.answer = answer.clone();
            ops.push(Op::Set {
                at: self.places.path(&plan, spot),
                answer,
            });
        }
    }

    /// The time an interview itself gives: its end, else its start, else its day.
    fn own_time(&self) -> Option<DateTime<FixedOffset>> {
        let time_of = |role: Role| {
            let node = self
                .form()
                .questions()
                .find(|node| node.question().is_some_and(|(own, _)| own == role))?;
            let spot = Spot {
                node: node.id,
                frame: FrameId::INTERVIEW,
            };
            match self.places.cell(&self.plan, spot)?.answer.as_ref()? {
                Answer::Value(Value::DateTime(time)) => Some(*time),
                Answer::Value(Value::Date(day)) => {
                    let noon = NaiveTime::from_hms_opt(12, 0, 0).expect("noon is a time");
                    Some(FixedOffset::east_opt(0)?.from_utc_datetime(&day.and_time(noon)))
                }
                Answer::Value(_) | Answer::Missing(_) => None,
            }
        };
        time_of(Role::End)
            .or_else(|| time_of(Role::Start))
            .or_else(|| time_of(Role::Today))
    }

    /// Takes over what a record holds.
    fn load(
        &mut self,
        answers: impl IntoIterator<Item = (AnswerPath, Answer)>,
        rows: impl IntoIterator<Item = Row>,
    ) {
        // Outer rows before the rows in them.
        let mut rows: Vec<Row> = rows.into_iter().collect();
        rows.sort_by_key(|row| row.repeat.rows.len());
        for row in &rows {
            self.load_counted_around(&row.repeat);
            if let Err(why) = self.load_row(&row.repeat, row.row, Some(row.position)) {
                self.set_aside.push(SetAside {
                    at: row.repeat.clone(),
                    answer: None,
                    why,
                    reason: why.to_string(),
                });
            }
        }
        let mut answers: Vec<(AnswerPath, Answer)> = answers.into_iter().collect();
        // Sorted, so that rows that only their answers tell of come in the same order everywhere.
        answers.sort_by(|left, right| left.0.cmp(&right.0));
        let mut full = BTreeSet::new();
        for (at, answer) in answers {
            // The log of the interview's course is no answer to a question.
            if at.question.as_str() == crate::audit::QUESTION {
                continue;
            }
            if let Err(why) = self.load_answer(&at, &answer, &mut full) {
                self.set_aside.push(SetAside {
                    at,
                    answer: Some(answer),
                    why,
                    reason: why.to_string(),
                });
            }
        }
    }

    fn load_answer(
        &mut self,
        at: &AnswerPath,
        answer: &Answer,
        full: &mut BTreeSet<AnswerPath>,
    ) -> Result<(), NoPlace> {
        let plan = self.plan.clone();
        if let Some(beside) = self.load_beside(at, answer, full) {
            return beside;
        }
        let id = plan
            .form()
            .find(at.question.as_str())
            .ok_or(NoPlace::NoQuestion)?;
        let node = plan.form().get(id).ok_or(NoPlace::NoQuestion)?;
        let Some((_, kind)) = node.question() else {
            return Err(NoPlace::Group);
        };
        match plan.source(id) {
            Source::Given | Source::Kept => {}
            Source::Computed => return Err(NoPlace::Computed),
            Source::Nothing => return Err(NoPlace::TakesNone),
        }
        let frame = self.load_rows_around(&node.repeats, &at.rows, full)?;
        let answer = match answer {
            Answer::Missing(_) => answer.clone(),
            Answer::Value(value) => Answer::Value(converted(value, kind).ok_or(NoPlace::OtherType)?),
        };
        if let Some(cell) = self.places.cell_mut(&plan, Spot { node: id, frame }) {
            cell.answer = Some(answer);
        }
        Ok(())
    }

    /// What stands beside an answer or in a group, not as an answer of its own: ids of new things, and confirmations.
    /// None when the path is of neither.
    fn load_beside(
        &mut self,
        at: &AnswerPath,
        answer: &Answer,
        full: &mut BTreeSet<AnswerPath>,
    ) -> Option<Result<(), NoPlace>> {
        let plan = self.plan.clone();
        let path = at.question.as_str();
        let Answer::Value(Value::Text(kept)) = answer else {
            return None;
        };
        let confirmed = confirms(path);
        let id = match confirmed {
            Some(question) => plan.form().find(question),
            None => group_of_id(plan.form(), path),
        };
        let node = plan.form().get(id?)?;
        let mut repeats = node.repeats.clone();
        if node.what == What::Repeat {
            repeats.push(node.id);
        }
        let frame = match self.load_rows_around(&repeats, &at.rows, full) {
            Ok(frame) => frame,
            Err(why) => return Some(Err(why)),
        };
        let spot = Spot { node: node.id, frame };
        match confirmed {
            Some(_) => {
                self.confirmed.insert(spot, kept.clone());
            }
            None => self.load_entity_id(spot, kept.clone()),
        }
        Some(Ok(()))
    }

    /// The innermost of the rows that something stands in; those that only this tells of are made.
    fn load_rows_around(
        &mut self,
        repeats: &[NodeId],
        rows: &[RowId],
        full: &mut BTreeSet<AnswerPath>,
    ) -> Result<FrameId, NoPlace> {
        let plan = self.plan.clone();
        if rows.len() != repeats.len() {
            return Err(NoPlace::OtherRepeats);
        }
        let mut frame = FrameId::INTERVIEW;
        for (repeat, row) in repeats.iter().zip(rows) {
            frame = match self.places.row(frame, *repeat, *row) {
                Some(frame) => frame,
                None => {
                    let place = self.places.path(&plan, Spot { node: *repeat, frame });
                    if full.contains(&place) {
                        return Err(NoPlace::TooManyRows);
                    }
                    let made = self.load_row(&place, *row, None);
                    if made.is_err() && !self.is_misplaced(*repeat, *row) {
                        full.insert(place);
                    }
                    made?
                }
            };
        }
        Ok(frame)
    }

    /// Makes the counted rows around a repeat that has rows of its own: a record holds no row that the form counts, and
    /// perhaps no answer in it yet.
    fn load_counted_around(&mut self, at: &AnswerPath) {
        let plan = self.plan.clone();
        let node = plan
            .form()
            .find(at.question.as_str())
            .and_then(|id| plan.form().get(id));
        let mut frame = FrameId::INTERVIEW;
        for (repeat, row) in node.iter().flat_map(|node| &node.repeats).zip(&at.rows) {
            let is_counted = plan.form().get(*repeat).is_some_and(|node| node.count.is_some());
            let made = match self.places.row(frame, *repeat, *row) {
                Some(made) => Ok(made),
                None if is_counted => {
                    let place = self.places.path(&plan, Spot { node: *repeat, frame });
                    self.load_row(&place, *row, None)
                }
                None => return,
            };
            match made {
                Ok(made) => frame = made,
                Err(_) => return,
            }
        }
    }

    /// Whether the form counts a repeat's rows and this is none of those.
    fn is_misplaced(&self, repeat: NodeId, row: RowId) -> bool {
        self.form().get(repeat).is_some_and(|node| node.count.is_some()) && row.counted_index().is_none()
    }

    fn load_row(
        &mut self,
        repeat: &AnswerPath,
        row: RowId,
        position: Option<u64>,
    ) -> Result<FrameId, NoPlace> {
        let plan = self.plan.clone();
        let spot = self.places.find(&plan, repeat).ok_or(NoPlace::NoRepeat)?;
        let node = plan.form().get(spot.node).ok_or(NoPlace::NoRepeat)?;
        if node.what != What::Repeat || repeat.rows.len() != node.repeats.len() {
            return Err(NoPlace::NotARepeat);
        }
        if self.is_misplaced(spot.node, row) {
            return Err(NoPlace::CountedRows);
        }
        if let Some(frame) = self.places.row(spot.frame, spot.node, row) {
            return Ok(frame);
        }
        let position = match (&node.count, row.counted_index()) {
            (Some(_), Some(index)) if index as usize >= crate::facts::ROWS => {
                return Err(NoPlace::TooManyRows);
            }
            (Some(_), Some(index)) => u64::from(index),
            _ => position.unwrap_or_else(|| self.next_position(spot.frame, spot.node)),
        };
        self.places
            .make_row(&plan, spot.frame, spot.node, row, position)
            .map_err(|crate::places::Full| NoPlace::TooManyRows)
    }

    /// The position behind the last row.
    pub(crate) fn next_position(&self, around: FrameId, repeat: NodeId) -> u64 {
        match self.places.rows(around, repeat).last() {
            Some(last) => self.places.frame(*last).position.saturating_add(1),
            None => 0,
        }
    }
}

/// What the device is called and who holds it, where that is known; with `uri:`, a scheme says what it is.
fn properties(facts: &Facts) -> BTreeMap<&'static str, String> {
    [
        ("deviceid", &facts.device, ""),
        ("uri:deviceid", &facts.device, "sampan:"),
        ("username", &facts.username, ""),
        ("uri:username", &facts.username, "username:"),
        ("email", &facts.email, ""),
        ("uri:email", &facts.email, "mailto:"),
        ("phonenumber", &facts.phone_number, ""),
        ("uri:phonenumber", &facts.phone_number, "tel:"),
    ]
    .into_iter()
    .filter(|(_, value, _)| !value.is_empty())
    .map(|(name, value, scheme)| (name, format!("{scheme}{value}")))
    .collect()
}

/// A moment as a value of the question's kind.
pub(crate) fn moment(at: DateTime<FixedOffset>, kind: Kind) -> Value {
    match kind {
        Kind::Date => Value::Date(at.date_naive()),
        Kind::Time => Value::Time(at.time()),
        Kind::Text => Value::Text(text::to_odk_text(&Value::DateTime(at))),
        Kind::DateTime
        | Kind::Integer
        | Kind::Decimal
        | Kind::Geopoint
        | Kind::Geotrace
        | Kind::Geoshape
        | Kind::Choice
        | Kind::Choices
        | Kind::Media
        | Kind::Acknowledge => Value::DateTime(at),
    }
}

/// A value as one of another kind, if that loses nothing (an integer as decimal, a choice as several, all as text).
pub(crate) fn converted(value: &Value, kind: Kind) -> Option<Value> {
    if value.kind() == kind {
        return Some(value.clone());
    }
    if kind == Kind::Media || value.kind() == Kind::Media {
        return None;
    }
    text::parse_value(&text::to_odk_text(value), kind).ok()
}
