//! Answers and rows in, ops out.

use chrono::{DateTime, FixedOffset};
use sampan_form::compiled::{Does, Node, What};
use sampan_form::def::{Event, Role};
use sampan_record::ids::RowId;
use sampan_record::op::Op;
use sampan_record::path::AnswerPath;
use sampan_value::answer::{Answer, Kind, Missing, Value};
use sampan_value::geo::Geopoint;
use sampan_value::text;
use sampan_xpath::eval::At;
use sampan_xpath::resolve::NodeId;

use crate::facts::{ANSWER_BYTES, ROWS};
use crate::interview::{Interview, converted};
use crate::offers;
use crate::places::{FrameId, Spot};
use crate::plan::Source;
use crate::queue::Queue;
use crate::refusal::{Reason, Refused};
use crate::running::Keeping;
use crate::view::Accepted;
use crate::written::plain;

impl Interview {
    /// Reads what a person typed at a question: digits of any script, choice names (several separated by blanks), ISO
    /// dates and times, `lat lon [altitude accuracy]`. A code (-88, -99, -77, -66) typed into a numeric question is the
    /// missing state it stands for. Only the form of the text is judged here; [`Interview::answer`] judges the rest.
    pub fn parse_input(&self, at: &AnswerPath, text: &str) -> Result<Answer, Refused> {
        let (_, node, kind) = self.asked(at)?;
        let typed = match kind {
            Kind::Text => text,
            Kind::Integer
            | Kind::Decimal
            | Kind::Date
            | Kind::Time
            | Kind::DateTime
            | Kind::Geopoint
            | Kind::Geotrace
            | Kind::Geoshape
            | Kind::Choice
            | Kind::Choices
            | Kind::Media
            | Kind::Acknowledge => text.trim(),
        };
        if typed.trim().is_empty() {
            return Err(refused(
                at,
                Reason::WrongKind,
                format!("Nothing was typed. {}", expected(kind)),
            ));
        }
        if matches!(kind, Kind::Integer | Kind::Decimal) {
            let missing = text::fold_digits(typed).parse().ok().and_then(Missing::from_code);
            if let Some(missing) = missing {
                return Ok(Answer::Missing(missing));
            }
        }
        if kind == Kind::Media {
            return Err(refused(at, Reason::WrongKind, expected(kind).to_string()));
        }
        if kind == Kind::Acknowledge {
            return match typed.to_lowercase().as_str() {
                "ok" | "yes" | "y" | "1" | "true" => Ok(Answer::Value(Value::Acknowledge)),
                _ => Err(refused(at, Reason::WrongKind, expected(kind).to_string())),
            };
        }
        // Without a zone, a moment is one of the device's.
        if kind == Kind::DateTime
            && let Ok((local, None)) = text::parse_local_date_time(&text::fold_digits(typed))
            && let Ok(moment) = text::at_offset(local, *self.now.offset())
        {
            return Ok(Answer::Value(Value::DateTime(moment)));
        }
        let value = text::parse_value(typed, kind).map_err(|error| {
            let short: String = typed.chars().take(40).collect();
            let mut message = format!("“{short}” {error}.");
            if node.choices.is_some() {
                message = format!("{message} {}", self.names_on_offer(at));
            }
            refused(at, Reason::WrongKind, message)
        })?;
        Ok(Answer::Value(value))
    }

    /// Takes an answer (None clears it), recomputes what depends on it, and returns what is to be kept. An answer that
    /// is refused leaves everything as it was. A blank text or an empty choice is the same as None.
    pub fn answer(
        &mut self,
        at: &AnswerPath,
        answer: Option<Answer>,
        now: DateTime<FixedOffset>,
    ) -> Result<Accepted, Refused> {
        self.take(at, answer, now, true)
    }

    /// As [`Interview::answer`], but an answer that breaks the form's constraint, lies outside the range or is not
    /// among the choices stands all the same, and [`Interview::problems`] names it: what ODK's clients do while a
    /// person has not left the question yet.
    pub fn put(
        &mut self,
        at: &AnswerPath,
        answer: Option<Answer>,
        now: DateTime<FixedOffset>,
    ) -> Result<Accepted, Refused> {
        self.take(at, answer, now, false)
    }

    fn take(
        &mut self,
        at: &AnswerPath,
        answer: Option<Answer>,
        now: DateTime<FixedOffset>,
        is_judged: bool,
    ) -> Result<Accepted, Refused> {
        let plan = self.plan.clone();
        let (spot, _, kind) = self.asked(at)?;
        let node = plan.form().get(spot.node).ok_or_else(|| not_there(at))?;
        self.now = now;
        let answer = answer
            .map(|answer| tidied(answer, kind))
            .unwrap_or(Ok(None))
            .map_err(|found| {
                refused(
                    at,
                    Reason::WrongKind,
                    format!("This is {found}. {}", expected(kind)),
                )
            })?;
        if answer.is_some() && !self.places.is_relevant(&plan, spot) {
            return Err(refused(
                at,
                Reason::NotAsked,
                format!("{} is not asked, because of what was answered before.", node.name),
            ));
        }
        if self.is_read_only(spot, node) {
            return Err(refused(
                at,
                Reason::ReadOnly,
                format!("{} cannot be changed by hand.", node.name),
            ));
        }
        match &answer {
            None => {}
            Some(Answer::Missing(missing)) if self.missing_allowed(at).contains(missing) => {}
            Some(Answer::Missing(_)) => {
                return Err(refused(
                    at,
                    Reason::MissingNotAllowed,
                    "An answer is required here: it cannot be skipped. Answer it, or say why there is no answer \
                     (does not know, refused, does not apply)."
                        .into(),
                ));
            }
            Some(Answer::Value(value)) if is_judged => self.judge(at, spot, node, value)?,
            Some(Answer::Value(value)) => short_enough(at, value)?,
        }

        let mut ops = Vec::new();
        let is_new = self.places.cell(&plan, spot).map(|cell| &cell.answer) != Some(&answer);
        self.keep(spot, answer, &mut ops);
        let mut queue = Queue::default();
        self.answer_changed(&mut queue, spot);
        if is_new {
            self.event(&mut queue, spot);
        }
        self.run_all(queue, Keeping::Running, &mut ops);
        Ok(self.accepted(ops, None))
    }

    /// Answers what the form asked of the device ([`Accepted::asks`]): a position or a recording. What is not known needs
    /// no answer.
    pub fn fill(
        &mut self,
        at: &AnswerPath,
        value: Value,
        now: DateTime<FixedOffset>,
    ) -> Result<Accepted, Refused> {
        let plan = self.plan.clone();
        let spot = self.places.find(&plan, at).ok_or_else(|| not_there(at))?;
        let node = plan.form().get(spot.node).ok_or_else(|| not_there(at))?;
        let takes_it = node.actions.iter().any(|action| match action.does {
            Does::Locate => value.kind() == Kind::Geopoint,
            Does::Record => value.kind() == Kind::Media,
            Does::Set { .. } => false,
        });
        let value = match (takes_it, node.question()) {
            // As ODK's clients write it.
            (true, Some((_, Kind::Text))) if value.kind() == Kind::Geopoint => {
                Some(Value::Text(plain(&text::to_odk_text(&value))))
            }
            (true, Some((_, kind))) => converted(&value, kind),
            _ => None,
        };
        let value = value.ok_or_else(|| {
            refused(
                at,
                Reason::TakesNoAnswer,
                format!("{} does not ask this of the device.", node.name),
            )
        })?;
        self.now = now;
        let mut ops = Vec::new();
        let mut queue = Queue::default();
        self.put_computed(spot, Some(Answer::Value(value)), true, &mut queue, &mut ops);
        self.run_all(queue, Keeping::Running, &mut ops);
        Ok(self.accepted(ops, None))
    }

    fn accepted(&mut self, ops: Vec<Op>, row: Option<RowId>) -> Accepted {
        Accepted {
            ops,
            row,
            asks: std::mem::take(&mut self.asks),
        }
    }

    /// Adds a row at the end of a repeat whose rows people add; `random` are 64 fresh random bits for its id.
    pub fn add_row(
        &mut self,
        repeat: &AnswerPath,
        random: u64,
        now: DateTime<FixedOffset>,
    ) -> Result<Accepted, Refused> {
        let plan = self.plan.clone();
        let spot = self.repeat(repeat)?;
        self.now = now;
        if !self.places.is_relevant(&plan, spot) {
            return Err(refused(
                repeat,
                Reason::NotAsked,
                "This repeat is not asked now.".into(),
            ));
        }
        let mut row = RowId::added(random);
        while self.places.row(spot.frame, spot.node, row).is_some() {
            row = RowId::added(row.0.wrapping_add(1));
        }
        let position = self.next_position(spot.frame, spot.node);
        let frame = self
            .places
            .make_row(&plan, spot.frame, spot.node, row, position)
            .map_err(|_| {
                refused(
                    repeat,
                    Reason::TooMuch,
                    format!("There is no room for another row; {ROWS} are the most."),
                )
            })?;
        let mut ops = vec![Op::AddRow {
            repeat: repeat.clone(),
            row,
            position,
        }];
        let inner = self.furnish(frame, Event::NewRow, None, &mut ops);
        let mut queue = Queue::default();
        for frame in std::iter::once(frame).chain(inner) {
            self.frame_made(&mut queue, frame);
        }
        self.inside_changed(&mut queue, spot);
        self.run_all(queue, Keeping::Running, &mut ops);
        Ok(self.accepted(ops, Some(row)))
    }

    /// Removes a row that a person added, with all answers in it.
    pub fn remove_row(
        &mut self,
        repeat: &AnswerPath,
        row: RowId,
        now: DateTime<FixedOffset>,
    ) -> Result<Accepted, Refused> {
        let spot = self.repeat(repeat)?;
        let Some(frame) = self.places.row(spot.frame, spot.node, row) else {
            return Err(refused(
                repeat,
                Reason::NoSuchPlace,
                "There is no such row; look at the rows again.".into(),
            ));
        };
        self.now = now;
        let rows = self.places.rows(spot.frame, spot.node);
        let behind: Vec<FrameId> = rows
            .iter()
            .copied()
            .skip_while(|row| *row != frame)
            .skip(1)
            .collect();
        let gone = self.places.remove_row(frame);
        self.faults.retain(|(spot, _), _| !gone.contains(&spot.frame));
        let mut ops = vec![Op::RemoveRow {
            repeat: repeat.clone(),
            row,
        }];
        let mut queue = Queue::default();
        self.inside_changed(&mut queue, spot);
        // The rows behind it have another number now.
        for row in behind {
            self.moved(&mut queue, spot.node, row);
        }
        self.run_all(queue, Keeping::Running, &mut ops);
        Ok(self.accepted(ops, None))
    }

    /// A row of `moved` has another number: all in it is due, and what reads the number has changed.
    fn moved(&self, queue: &mut Queue, moved: NodeId, row: FrameId) {
        let layout = self.plan.layout(self.places.frame(row).repeat);
        for rank in &layout.tasks {
            let node = self
                .plan
                .task(*rank)
                .and_then(|task| self.plan.form().get(task.node));
            let reads = node
                .and_then(|node| node.calculation.as_ref())
                .is_some_and(|program| program.dependencies().contains(&moved));
            queue.push(*rank, row, reads);
        }
        for repeat in &layout.repeats {
            for inner in self.places.rows(row, *repeat) {
                self.moved(queue, moved, *inner);
            }
        }
    }

    /// Which missing states a question takes now: `dont_know`, `refused` and `not_applicable` always, `skipped` only
    /// where no answer is required; none where no answer can be given.
    pub fn missing_allowed(&self, at: &AnswerPath) -> Vec<Missing> {
        let Ok((spot, node, _)) = self.asked(at) else {
            return Vec::new();
        };
        if self.is_read_only(spot, node) {
            return Vec::new();
        }
        let mut allowed = vec![Missing::DontKnow, Missing::Refused, Missing::NotApplicable];
        if !self.is_required(spot, node) {
            allowed.push(Missing::Skipped);
        }
        allowed
    }

    /// The place of a question that takes answers from a person.
    fn asked(&self, at: &AnswerPath) -> Result<(Spot, &Node, Kind), Refused> {
        let spot = self.places.find(&self.plan, at).ok_or_else(|| not_there(at))?;
        let node = self.plan.form().get(spot.node).ok_or_else(|| not_there(at))?;
        match node.question() {
            Some((Role::Ask, kind)) => Ok((spot, node, kind)),
            Some(_) | None => Err(refused(
                at,
                Reason::TakesNoAnswer,
                format!("{} is not a question that somebody answers.", node.name),
            )),
        }
    }

    /// The place of a repeat whose rows people add.
    fn repeat(&self, at: &AnswerPath) -> Result<Spot, Refused> {
        let missing = || {
            refused(
                at,
                Reason::NoSuchPlace,
                format!("This form has no repeat {} here.", at.question),
            )
        };
        let spot = self.places.find(&self.plan, at).ok_or_else(missing)?;
        let node = self.plan.form().get(spot.node).ok_or_else(missing)?;
        if node.what != What::Repeat || at.rows.len() != node.repeats.len() {
            return Err(missing());
        }
        if node.count.is_some() {
            return Err(refused(
                at,
                Reason::CountedRows,
                format!(
                    "The form says how many rows {} has. Change the answer that it counts by.",
                    node.name
                ),
            ));
        }
        Ok(spot)
    }

    /// Whether a value may stand at a question: length, range, choices, constraint.
    fn judge(&mut self, at: &AnswerPath, spot: Spot, node: &Node, value: &Value) -> Result<(), Refused> {
        short_enough(at, value)?;
        let candidate = text::to_odk_text(value);
        if let Some(name) = self.not_offered(spot, node, value) {
            let message = format!("“{name}” is not among the choices. {}", self.names_on_offer(at));
            return Err(refused(at, Reason::NotAChoice, message));
        }
        if let Some(message) = self.misfit(spot, node, value) {
            return Err(refused(at, Reason::Constraint, message));
        }
        let Some(constraint) = &node.constraint else {
            return Ok(());
        };
        // The constraint may read the question by its name as well as by `.`, so the value stands there meanwhile.
        let plan = self.plan.clone();
        let before = self
            .places
            .cell_mut(&plan, spot)
            .and_then(|cell| cell.answer.replace(Answer::Value(value.clone())));
        let holds = constraint.eval_bool(&self.sight(spot), &At::candidate(spot, &candidate));
        if let Some(cell) = self.places.cell_mut(&plan, spot) {
            cell.answer = before;
        }
        match holds {
            // A constraint that fails to compute keeps no answer out.
            Ok(true) | Err(_) => Ok(()),
            Ok(false) => Err(refused(
                at,
                Reason::Constraint,
                self.constraint_message(spot, node),
            )),
        }
    }

    fn names_on_offer(&self, at: &AnswerPath) -> String {
        let choices = self.choices(at);
        let names: Vec<&str> = choices
            .iter()
            .take(12)
            .map(|choice| choice.name.as_str())
            .collect();
        match (names.as_slice(), choices.len()) {
            ([], _) => "There are no choices now: answer the questions before it first.".into(),
            (names, n_choices) if n_choices > names.len() => {
                format!(
                    "Choose one of {} and {} more.",
                    names.join(", "),
                    n_choices - names.len()
                )
            }
            (names, _) => format!("Choose one of {}.", names.join(", ")),
        }
    }

    /// The first choice of a value that is not on offer now.
    pub(crate) fn not_offered<'a>(&self, spot: Spot, node: &Node, value: &'a Value) -> Option<&'a str> {
        node.choices.as_ref()?;
        let sight = self.sight(spot);
        match value {
            Value::Choice(name) => (!offers::is_offered(&sight, spot, name)).then_some(name),
            Value::Choices(names) => names
                .iter()
                .find(|name| !offers::is_offered(&sight, spot, name))
                .map(String::as_str),
            Value::Text(_)
            | Value::Integer(_)
            | Value::Decimal(_)
            | Value::Date(_)
            | Value::Time(_)
            | Value::DateTime(_)
            | Value::Geopoint(_)
            | Value::Geotrace(_)
            | Value::Geoshape(_)
            | Value::Media(_)
            | Value::Acknowledge => None,
        }
    }

    /// Whether an answer is needed.
    pub(crate) fn is_required(&self, spot: Spot, node: &Node) -> bool {
        node.required.as_ref().is_some_and(|program| {
            program
                .eval_bool(&self.sight(spot), &At::node(spot))
                .unwrap_or(false)
        })
    }

    /// Whether it cannot be changed by hand.
    pub(crate) fn is_read_only(&self, spot: Spot, node: &Node) -> bool {
        match self.plan.source(spot.node) {
            Source::Computed | Source::Nothing => return true,
            Source::Given | Source::Kept => {}
        }
        self.plan.locks(node.id).iter().any(|id| {
            let program = self.plan.form().get(*id).and_then(|node| node.read_only.as_ref());
            // A group around it stands in this row or in one around.
            let depth = self.plan.form().get(*id).map(|node| node.repeats.len());
            let chain = self.places.chain(spot.frame);
            let frame = depth
                .and_then(|depth| chain.get(depth).copied())
                .unwrap_or(spot.frame);
            let spot = Spot { node: *id, frame };
            program.is_some_and(|program| {
                program
                    .eval_bool(&self.sight(spot), &At::node(spot))
                    .unwrap_or(false)
            })
        })
    }
}

/// An answer in the form it is kept in: codes are missing states, blanks are none, kinds are the question's. Err: what
/// was found instead.
fn tidied(answer: Answer, kind: Kind) -> Result<Option<Answer>, String> {
    let value = match answer {
        Answer::Missing(missing) => return Ok(Some(Answer::Missing(missing))),
        Answer::Value(value) => value,
    };
    let code = match &value {
        Value::Integer(number) => Missing::from_code(*number),
        Value::Decimal(number) => (number.scale() == 0)
            .then(|| Missing::from_code(number.mantissa()))
            .flatten(),
        Value::Text(text) if text.trim().is_empty() => return Ok(None),
        Value::Choices(names) if names.is_empty() => return Ok(None),
        Value::Choices(names) => {
            let mut once: Vec<String> = Vec::with_capacity(names.len());
            for name in names {
                if !once.contains(name) {
                    once.push(name.clone());
                }
            }
            let value = converted(&Value::Choices(once), kind).ok_or("a list of choices")?;
            return Ok(Some(Answer::Value(value)));
        }
        Value::Text(_)
        | Value::Date(_)
        | Value::Time(_)
        | Value::DateTime(_)
        | Value::Geopoint(_)
        | Value::Geotrace(_)
        | Value::Geoshape(_)
        | Value::Choice(_)
        | Value::Media(_)
        | Value::Acknowledge => None,
    };
    if let (Some(missing), Kind::Integer | Kind::Decimal) = (code, kind) {
        return Ok(Some(Answer::Missing(missing)));
    }
    match converted(&value, kind) {
        Some(Value::Geoshape(line)) => Ok(Some(Answer::Value(Value::Geoshape(closed(line))))),
        Some(value) => Ok(Some(Answer::Value(value))),
        None => Err(format!("{} of the wrong type", quoted(&value))),
    }
}

/// A shape ends where it begins.
fn closed(mut line: Vec<Geopoint>) -> Vec<Geopoint> {
    let place = |point: &Geopoint| (point.lat_e7, point.lon_e7);
    if let (Some(first), Some(last)) = (line.first().copied(), line.last())
        && place(&first) != place(last)
    {
        line.push(first);
    }
    line
}

fn quoted(value: &Value) -> String {
    let text = text::to_odk_text(value);
    let short: String = text.chars().take(40).collect();
    format!("“{short}”, an answer")
}

/// What a kind of question wants, with an example.
fn expected(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "Write the answer in words.",
        Kind::Integer => "Write a whole number, such as 12.",
        Kind::Decimal => "Write a number, such as 12.5.",
        Kind::Date => "Write a day as year-month-day, such as 2026-11-24.",
        Kind::Time => "Write a time, such as 14:30.",
        Kind::DateTime => "Write a day and time, such as 2026-11-24T14:30:00+07:00.",
        Kind::Geopoint => "Write latitude and longitude, such as 13.36 103.86.",
        Kind::Geotrace | Kind::Geoshape => {
            "Write positions separated by semicolons, such as 13.36 103.86; 13.37 103.87."
        }
        Kind::Choice => "Write the name of one choice.",
        Kind::Choices => "Write the names of choices, separated by blanks.",
        Kind::Media => "Choose a file.",
        Kind::Acknowledge => "Write ok.",
    }
}

fn refused(at: &AnswerPath, reason: Reason, message: String) -> Refused {
    Refused {
        at: at.clone(),
        reason,
        message,
    }
}

fn short_enough(at: &AnswerPath, value: &Value) -> Result<(), Refused> {
    if text::to_odk_text(value).len() <= ANSWER_BYTES {
        return Ok(());
    }
    let message = format!("This answer is too long; {ANSWER_BYTES} bytes are the most.");
    Err(refused(at, Reason::TooMuch, message))
}

fn not_there(at: &AnswerPath) -> Refused {
    refused(
        at,
        Reason::NoSuchPlace,
        format!("This form has no question {} at this place.", at.question),
    )
}
