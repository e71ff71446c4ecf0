//! Computing: after each change exactly what depends on it, in the order of the plan.

use sampan_form::compiled::{Does, First, FirstRow, Node, What};
use sampan_form::def::Event;
use sampan_record::ids::RowId;
use sampan_record::op::Op;
use sampan_value::answer::{Answer, Kind, Missing, Value};
use sampan_value::text;
use sampan_xpath::eval::memory::Memory;
use sampan_xpath::eval::{At, EvalError};
use sampan_xpath::program::Program;
use sampan_xpath::resolve::NodeId;

use crate::facts::ROWS;
use crate::interview::Interview;
use crate::places::{FrameId, Spot};
use crate::plan::{Computes, Rank, Source, Task};
use crate::queue::Queue;
use crate::sight::Sight;
use crate::view::{Ask, Wanted};

/// Most changed answers of one run that trigger something.
const EVENTS: usize = 10_000;

/// How a computing run treats what is to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeping {
    /// The interview begins: rows get their first values.
    Beginning,
    /// The interview is opened again: values that the record has are left alone, and rows get no first values.
    Resuming,
    /// An answer or a row has changed: kept values that depend on it are computed anew.
    Running,
    /// The office looks on: nothing that would have to be kept is computed.
    Looking,
}

impl Interview {
    /// Everything is due, nothing has changed.
    pub(crate) fn everything(&self) -> Queue {
        let mut queue = Queue::complete();
        for frame in self.places.frames() {
            self.push_frame(&mut queue, frame);
        }
        queue
    }

    /// A row was made: all in it is due, and all in the rows that it has from the start.
    pub(crate) fn frame_made(&self, queue: &mut Queue, frame: FrameId) {
        self.push_frame(queue, frame);
    }

    fn push_frame(&self, queue: &mut Queue, frame: FrameId) {
        for rank in &self.plan.layout(self.places.frame(frame).repeat).tasks {
            queue.push(*rank, frame, false);
        }
    }

    /// The answer at a place has changed: its readers are due.
    pub(crate) fn answer_changed(&self, queue: &mut Queue, spot: Spot) {
        queue.forget(self.plan.readers(spot.node));
        for rank in self.plan.readers(spot.node) {
            self.push_seeing(queue, *rank, spot.frame, true);
        }
    }

    /// The answer at a place is another one than before, in a running interview: what it triggers gets a value once all
    /// that depends on it has been computed.
    pub(crate) fn event(&self, queue: &mut Queue, spot: Spot) {
        if !self.plan.triggered(spot.node).is_empty() {
            queue.events.push_back(spot);
        }
    }

    /// The relevance of an item, or the rows of a repeat, have changed: what reads anything in it is due.
    pub(crate) fn inside_changed(&self, queue: &mut Queue, spot: Spot) {
        queue.forget(self.plan.readers_below(spot.node));
        for rank in self.plan.readers_below(spot.node) {
            let reads = self
                .plan
                .task(*rank)
                .is_some_and(|task| !self.is_inside(task, spot.node));
            // A kept value inside is only made up for, not drawn anew, because it came back.
            self.push_seeing(queue, *rank, spot.frame, reads);
        }
    }

    fn is_inside(&self, task: &Task, around: NodeId) -> bool {
        task.node == around || crate::plan::around(self.plan.form(), task.node).any(|at| at == around)
    }

    /// Makes a task due in every frame from which `origin` can be seen.
    fn push_seeing(&self, queue: &mut Queue, rank: Rank, origin: FrameId, changed: bool) {
        let Some(task) = self.plan.task(rank) else { return };
        if queue.is_complete && !task.follows_itself {
            return;
        }
        if task.owner.0 == 0 {
            queue.push(rank, FrameId::INTERVIEW, changed);
            return;
        }
        let Some(node) = self.plan.form().get(task.node) else {
            return;
        };
        if task.is_swept() && queue.is_told(rank) {
            return;
        }
        let (base, depth) = match task.looks_around {
            true => (FrameId::INTERVIEW, 0),
            false => self.places.common(origin, &node.repeats),
        };
        let inner = node.repeats.get(depth..).unwrap_or_default();
        self.places
            .each_below(base, inner, &mut |frame| queue.push(rank, frame, changed));
    }

    /// Computes what is due and what becomes due by it. Ops for what is to be kept go to `ops`.
    pub(crate) fn run(&mut self, mut queue: Queue, keeping: Keeping, ops: &mut Vec<Op>) {
        // Triggers may trigger each other in a circle.
        for _ in 0..EVENTS {
            self.run_due(&mut queue, keeping, ops);
            match queue.events.pop_front() {
                Some(spot) if keeping == Keeping::Running => self.run_triggered(spot, &mut queue, ops),
                Some(_) => {}
                None => return,
            }
        }
    }

    /// Runs what a changed answer triggers.
    fn run_triggered(&mut self, changed: Spot, queue: &mut Queue, ops: &mut Vec<Op>) {
        let plan = self.plan.clone();
        for (id, number) in plan.triggered(changed.node) {
            let Some(node) = plan.form().get(*id) else {
                continue;
            };
            let is_told_where = node
                .actions
                .get(*number)
                .is_some_and(|action| action.at.is_some());
            let (base, depth) = match is_told_where {
                true => (FrameId::INTERVIEW, 0),
                false => self.places.common(changed.frame, &node.repeats),
            };
            let inner = node.repeats.get(depth..).unwrap_or_default();
            let mut spots = Vec::new();
            self.places
                .each_below(base, inner, &mut |frame| spots.push(Spot { node: *id, frame }));
            for spot in spots {
                self.act(spot, *number, changed, queue, ops);
            }
        }
    }

    /// Does what one of an item's actions says, at one place; `origin` is the place that changed.
    fn act(&mut self, spot: Spot, number: usize, origin: Spot, queue: &mut Queue, ops: &mut Vec<Op>) {
        let plan = self.plan.clone();
        let Some(node) = plan.form().get(spot.node) else {
            return;
        };
        if let Some(at) = node.actions.get(number).and_then(|action| action.at.as_ref()) {
            let chosen = at.eval_nodes(&self.sight(origin), &At::node(origin));
            if !chosen.is_ok_and(|chosen| chosen.contains(&spot)) {
                return;
            }
        }
        let what = match node.actions.get(number).map(|action| &action.does) {
            None => return,
            Some(Does::Locate) => Wanted::Position,
            Some(Does::Record) => Wanted::Sound,
            // A question that is not asked is not set at the beginning; what another question's change brings about
            // waits in it until it is asked.
            Some(Does::Set { .. }) if spot == origin && !self.places.is_relevant(&plan, spot) => return,
            Some(Does::Set { value, at_origin }) => {
                let place = if *at_origin { origin } else { spot };
                let computed = match value {
                    None => Ok(String::new()),
                    Some(program) => program.eval_text(&self.sight(place), &At::node(place)),
                };
                let answer = self
                    .noted(spot, Computes::Answer, computed)
                    .and_then(|computed| typed(node, &computed).ok().flatten());
                return self.put_computed(spot, answer, true, queue, ops);
            }
        };
        let at = self.places.path(&plan, spot);
        self.asks.push(Ask { at, what });
    }

    fn run_due(&mut self, queue: &mut Queue, keeping: Keeping, ops: &mut Vec<Op>) {
        // Each task runs about once; the bound only matters for rows that read each other in a circle.
        let mut n_left = 100_000_usize.saturating_add(self.places.frames().count().saturating_mul(1_000));
        let plan = self.plan.clone();
        let memory = Memory::default();
        let is_swept = |rank: Rank| plan.task(rank).is_some_and(Task::is_swept);
        while let Some((rank, frame, changed)) = queue.pop(is_swept) {
            let Some(task) = plan.task(rank).copied() else {
                continue;
            };
            let spot = Spot {
                node: task.node,
                frame,
            };
            n_left = match n_left.checked_sub(1) {
                Some(n_left) => n_left,
                None => {
                    let fault = "its expressions read each other in a circle".to_string();
                    self.faults.insert((spot, task.what), fault);
                    return;
                }
            };
            let changed = changed && keeping == Keeping::Running;
            if queue.remembering != Some(rank) {
                memory.clear();
                queue.remembering = Some(rank);
            }
            let memory = (!task.reads_own_rows).then_some(&memory);
            match task.what {
                Computes::Relevance => self.run_relevance(spot, memory, queue),
                Computes::Rows => self.run_rows(spot, keeping, queue, ops),
                Computes::Answer => self.run_answer(spot, changed, keeping, memory, queue, ops),
            }
        }
    }

    fn run_relevance(&mut self, spot: Spot, memory: Option<&Memory<Spot>>, queue: &mut Queue) {
        let plan = self.plan.clone();
        let Some(program) = plan.form().get(spot.node).and_then(|node| node.relevant.as_ref()) else {
            return;
        };
        let sight = Sight {
            memory,
            ..self.sight(spot)
        };
        let result = program.eval_bool(&sight, &At::node(spot));
        // Better one question too many than one that is never asked.
        let relevant = self.noted(spot, Computes::Relevance, result).unwrap_or(true);
        let Some(cell) = self.places.cell_mut(&plan, spot) else {
            return;
        };
        if cell.relevant != relevant {
            cell.relevant = relevant;
            self.inside_changed(queue, spot);
        }
    }

    fn run_rows(&mut self, spot: Spot, keeping: Keeping, queue: &mut Queue, ops: &mut Vec<Op>) {
        let plan = self.plan.clone();
        let Some(program) = plan.form().get(spot.node).and_then(|node| node.count.as_ref()) else {
            return;
        };
        let result = program.eval_number(&self.sight(spot), &At::node(spot));
        let wanted = self.noted(spot, Computes::Rows, result).unwrap_or(0.0);
        // NaN and negative numbers are no rows; the cast saturates.
        let wanted = wanted.max(0.0) as usize;
        let mut count = wanted.min(ROWS);
        let mut made = Vec::new();
        for index in 0..count {
            let number = u32::try_from(index).expect("ROWS fits 32 bits");
            let row = RowId::counted(number);
            if self.places.row(spot.frame, spot.node, row).is_some() {
                continue;
            }
            match self
                .places
                .make_row(&plan, spot.frame, spot.node, row, u64::from(number))
            {
                Ok(frame) => made.push(frame),
                Err(crate::places::Full) => {
                    count = index;
                    break;
                }
            }
        }
        let before = self
            .places
            .range(spot.frame, spot.node)
            .and_then(|range| range.count);
        self.places
            .set_count(spot.frame, spot.node, count, count < wanted);
        for frame in &made {
            self.push_frame(queue, *frame);
            if matches!(keeping, Keeping::Beginning | Keeping::Running) {
                let index = self.places.frame(*frame).row.counted_index();
                let first = index.and_then(|index| {
                    let rows = plan.form().get(spot.node)?.first_rows.as_ref()?;
                    rows.get(usize::try_from(index).ok()?)
                });
                for inner in self.furnish(*frame, Event::NewRow, first, ops) {
                    self.push_frame(queue, inner);
                }
            }
        }
        if before != Some(count) || !made.is_empty() {
            self.inside_changed(queue, spot);
        }
    }

    fn run_answer(
        &mut self,
        spot: Spot,
        changed: bool,
        keeping: Keeping,
        memory: Option<&Memory<Spot>>,
        queue: &mut Queue,
        ops: &mut Vec<Op>,
    ) {
        let plan = self.plan.clone();
        let Some(node) = plan.form().get(spot.node) else {
            return;
        };
        let Some(program) = &node.calculation else { return };
        let is_kept = match plan.source(spot.node) {
            Source::Computed => false,
            Source::Kept => true,
            Source::Given | Source::Nothing => return,
        };
        if is_kept {
            let has_answer = self
                .places
                .cell(&plan, spot)
                .is_some_and(|cell| cell.answer.is_some());
            if keeping == Keeping::Looking
                || (has_answer && !changed)
                || !self.places.is_relevant(&plan, spot)
            {
                return;
            }
        }
        let sight = Sight {
            memory,
            ..self.sight(spot)
        };
        let result = program.eval_text(&sight, &At::node(spot));
        let Some(computed) = self.noted(spot, Computes::Answer, result) else {
            return self.put_computed(spot, None, is_kept, queue, ops);
        };
        let answer = match typed(node, &computed) {
            Ok(answer) => {
                self.faults.remove(&(spot, Computes::Answer));
                answer
            }
            Err(message) => {
                self.faults.insert((spot, Computes::Answer), message);
                None
            }
        };
        self.put_computed(spot, answer, is_kept, queue, ops);
    }

    pub(crate) fn put_computed(
        &mut self,
        spot: Spot,
        answer: Option<Answer>,
        is_kept: bool,
        queue: &mut Queue,
        ops: &mut Vec<Op>,
    ) {
        let plan = self.plan.clone();
        let Some(cell) = self.places.cell_mut(&plan, spot) else {
            return;
        };
        if cell.answer == answer {
            return;
        }
        cell.answer = answer.clone();
        if is_kept {
            ops.push(Op::Set {
                at: self.places.path(&plan, spot),
                answer,
            });
        }
        self.answer_changed(queue, spot);
        self.event(queue, spot);
    }

    /// Keeps or lifts the note that an expression fails.
    fn noted<T>(&mut self, spot: Spot, what: Computes, result: Result<T, EvalError>) -> Option<T> {
        match result {
            Ok(value) => {
                if !self.faults.is_empty() {
                    self.faults.remove(&(spot, what));
                }
                Some(value)
            }
            Err(error) => {
                self.faults.insert((spot, what), error.to_string());
                None
            }
        }
    }

    /// First values as written, in one frame; their readers are due anyway, since the frame is new. Computed first
    /// values wait in `self.waiting` until everything else has been computed. `first`: what this row has of its own.
    pub(crate) fn set_defaults(
        &mut self,
        frame: FrameId,
        event: Event,
        first: Option<&FirstRow>,
        ops: &mut Vec<Op>,
    ) {
        let plan = self.plan.clone();
        for id in &plan.layout(self.places.frame(frame).repeat).cells {
            let spot = Spot { node: *id, frame };
            let Some(node) = plan.form().get(*id) else {
                continue;
            };
            self.wait_for(spot, node, event);
            if matches!(plan.source(*id), Source::Computed | Source::Nothing) || node.what == What::Repeat {
                continue;
            }
            let literal = match (first.and_then(|first| first.values.get(id)), &node.default) {
                (Some(own), _) | (None, Some(First::Literal(own))) => Some(own),
                (None, Some(First::Computed(_)) | None) => None,
            };
            // What is computed takes the place of what is written, unless it reads that. What may read the answers of
            // other rows reads no own one before it was computed.
            let is_computed = node.trigger.is_empty()
                && node
                    .calculation
                    .as_ref()
                    .is_some_and(|program| !program.reads_self() || program.reads_own_rows());
            let literal = literal.filter(|_| !is_computed);
            if let Some(Ok(Some(answer))) = literal.map(|literal| typed(node, literal)) {
                self.put_first(spot, answer, ops);
            }
            if let Some(First::Computed(_)) = &node.default {
                self.waiting.push((spot, None));
            }
        }
    }

    /// What an event brings about in one frame waits until everything else has been computed.
    pub(crate) fn wait_for_actions(&mut self, frame: FrameId, event: Event) {
        let plan = self.plan.clone();
        for id in &plan.layout(self.places.frame(frame).repeat).cells {
            if let Some(node) = plan.form().get(*id) {
                self.wait_for(Spot { node: *id, frame }, node, event);
            }
        }
    }

    fn wait_for(&mut self, spot: Spot, node: &Node, event: Event) {
        for (number, action) in node.actions.iter().enumerate() {
            if action.events.contains(&event) {
                self.waiting.push((spot, Some(number)));
            }
        }
    }

    fn put_first(&mut self, spot: Spot, answer: Answer, ops: &mut Vec<Op>) {
        let plan = self.plan.clone();
        let Some(cell) = self.places.cell_mut(&plan, spot) else {
            return;
        };
        cell.answer = Some(answer.clone());
        ops.push(Op::Set {
            at: self.places.path(&plan, spot),
            answer: Some(answer),
        });
    }

    /// Computes what is due, then the computed first values of new rows one after the other.
    pub(crate) fn run_all(&mut self, queue: Queue, keeping: Keeping, ops: &mut Vec<Op>) {
        self.run(queue, keeping, ops);
        let mut n_done = 0;
        while let Some((spot, action)) = self.waiting.get(n_done).copied() {
            n_done += 1;
            let mut queue = Queue::default();
            match action {
                Some(number) => self.act(spot, number, spot, &mut queue, ops),
                None => self.put_computed_first(spot, &mut queue, ops),
            }
            self.run(queue, Keeping::Running, ops);
        }
        self.waiting.clear();
    }

    fn put_computed_first(&mut self, spot: Spot, queue: &mut Queue, ops: &mut Vec<Op>) {
        let plan = self.plan.clone();
        let Some(node) = plan.form().get(spot.node) else {
            return;
        };
        let (Some(First::Computed(program)), Some(cell)) = (&node.default, self.places.cell(&plan, spot))
        else {
            return;
        };
        if cell.answer.is_some() || !self.places.is_relevant(&plan, spot) {
            return;
        }
        let Some(answer) = self.first_value(spot, node, program) else {
            return;
        };
        self.put_first(spot, answer, ops);
        self.answer_changed(queue, spot);
        self.event(queue, spot);
    }

    fn first_value(&self, spot: Spot, node: &Node, program: &Program) -> Option<Answer> {
        let computed = program.eval_text(&self.sight(spot), &At::node(spot)).ok()?;
        typed(node, &computed).ok().flatten()
    }
}

/// The whole part of a number with a fraction, however many digits that has.
fn whole(computed: &str) -> Option<i64> {
    let (whole, fraction) = computed.split_once('.')?;
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let is_number = digits
        .chars()
        .chain(fraction.chars())
        .all(|digit| digit.is_ascii_digit());
    match digits {
        _ if !is_number || fraction.is_empty() => None,
        "" => Some(0),
        _ => whole.parse().ok(),
    }
}

/// A computed text as an answer of the item's kind; None when it is blank, the reason when it does not fit.
fn typed(node: &Node, computed: &str) -> Result<Option<Answer>, String> {
    let Some((_, kind)) = node.question() else {
        return Ok(None);
    };
    if computed.is_empty() {
        return Ok(None);
    }
    if matches!(kind, Kind::Integer | Kind::Decimal)
        && let Some(missing) = computed.parse().ok().and_then(Missing::from_code)
    {
        return Ok(Some(Answer::Missing(missing)));
    }
    match text::parse_value(computed, kind) {
        Ok(Value::Geoshape(line)) if line.len() < 3 => {
            Err("the computed value encloses nothing: a shape has three positions or more".into())
        }
        Ok(value) => Ok(Some(Answer::Value(value))),
        Err(_) if kind == Kind::Date && computed.contains('T') => {
            let day = computed.split('T').next().unwrap_or_default();
            text::parse_value(day, kind)
                .map(|value| Some(Answer::Value(value)))
                .map_err(|error| format!("the computed value {error}"))
        }
        // As JavaRosa: what is computed for a whole number loses its fraction.
        Err(_) if kind == Kind::Integer && whole(computed).is_some() => {
            Ok(whole(computed).map(|number| Answer::Value(Value::Integer(number))))
        }
        // Text takes everything but control characters, which a computed one (base64-decode, a label) may hold.
        Err(_) if kind == Kind::Text => {
            let clean: String = computed.chars().filter(|letter| !letter.is_control()).collect();
            Ok((!clean.is_empty()).then_some(Answer::Value(Value::Text(clean))))
        }
        Err(error) => Err(format!("the computed value {error}")),
    }
}
