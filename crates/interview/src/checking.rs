//! Whether an interview is complete, and what it is worth: problems, finishing, values.

use chrono::{DateTime, FixedOffset};
use sampan_form::def::Role;
use sampan_record::op::Op;
use sampan_record::path::AnswerPath;
use sampan_value::answer::{Answer, Missing};

use crate::facts::ROWS;
use crate::interview::{Interview, moment};
use crate::places::{FrameId, Spot};
use crate::queue::Queue;
use crate::running::Keeping;
use crate::view::{Problem, ProblemKind};

impl Interview {
    /// All problems in the order of the form: what was left open, what does not fit any more, what the form itself does
    /// wrong.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.places.each_relevant(&self.plan, &mut |spot| {
            let before = problems.len();
            self.check(spot, &mut problems);
            if problems.len() > before && self.is_confirmed(spot) {
                problems.retain(|problem| {
                    problem.kind != ProblemKind::Doubtful || problem.at != self.places.path(&self.plan, spot)
                });
            }
        });
        for frame in self.places.frames() {
            for repeat in &self.plan.layout(self.places.frame(frame).repeat).repeats {
                let spot = Spot { node: *repeat, frame };
                if self
                    .places
                    .range(frame, *repeat)
                    .is_some_and(|range| range.is_cut)
                    && self.places.is_relevant(&self.plan, spot)
                {
                    problems.push(Problem {
                        at: self.places.path(&self.plan, spot),
                        kind: ProblemKind::TooManyRows,
                        message: format!("More rows are wanted than fit ({ROWS} at most). Check the number."),
                    });
                }
            }
        }
        for ((spot, _), fault) in &self.faults {
            problems.push(Problem {
                at: self.places.path(&self.plan, *spot),
                kind: ProblemKind::FormFault,
                message: format!("The form makes a mistake here; tell the office: {fault}"),
            });
        }
        problems.sort_by_cached_key(|problem| self.order_of_question(&problem.at));
        problems
    }

    /// Finishes: writes down the end time. The ops to keep come back without [`Op::Submit`], which is the caller's to
    /// add. Blocking problems refuse it and come back instead.
    pub fn finish(&mut self, now: DateTime<FixedOffset>) -> Result<Vec<Op>, Vec<Problem>> {
        self.now = now;
        let mut problems = self.problems();
        problems.retain(|problem| problem.kind.blocks());
        if !problems.is_empty() {
            return Err(problems);
        }
        let plan = self.plan.clone();
        let mut ops = Vec::new();
        let mut queue = Queue::default();
        for node in plan.form().questions() {
            let Some((Role::End, kind)) = node.question() else {
                continue;
            };
            if node.repeats.is_empty() {
                let spot = Spot {
                    node: node.id,
                    frame: FrameId::INTERVIEW,
                };
                self.keep(spot, Some(Answer::Value(moment(now, kind))), &mut ops);
                self.answer_changed(&mut queue, spot);
            }
        }
        self.run_all(queue, Keeping::Running, &mut ops);
        Ok(ops)
    }

    /// The relevant answers in the order of the form, computed values among them, for export and the office's views.
    pub fn values(&self) -> Vec<(AnswerPath, Answer)> {
        let mut values = Vec::new();
        self.places.each_relevant(&self.plan, &mut |spot| {
            let Some(node) = self.plan.form().get(spot.node) else {
                return;
            };
            if matches!(node.question(), Some((Role::Note, _)) | None) {
                return;
            }
            if let Some(answer) = self
                .places
                .cell(&self.plan, spot)
                .and_then(|cell| cell.answer.as_ref())
            {
                values.push((self.places.path(&self.plan, spot), answer.clone()));
            }
        });
        values
    }

    /// What is wrong at a question that is asked; notes and computed values have nothing wrong.
    pub(crate) fn check(&self, spot: Spot, problems: &mut Vec<Problem>) {
        let Some(node) = self.plan.form().get(spot.node) else {
            return;
        };
        if !matches!(node.question(), Some((Role::Ask, _))) {
            return;
        }
        let answer = self
            .places
            .cell(&self.plan, spot)
            .and_then(|cell| cell.answer.as_ref());
        let found = match answer {
            None | Some(Answer::Missing(Missing::Skipped)) => {
                // Nobody could answer what cannot be changed by hand.
                (self.is_required(spot, node) && !self.is_read_only(spot, node))
                    .then(|| (ProblemKind::RequiredMissing, self.required_message(spot, node)))
            }
            Some(Answer::Missing(Missing::DontKnow | Missing::Refused | Missing::NotApplicable)) => None,
            Some(Answer::Value(value)) => {
                if let Some(name) = self.not_offered(spot, node, value) {
                    let message = format!(
                        "“{name}” is not among the choices any more, because an earlier answer was changed. Choose \
                         again."
                    );
                    Some((ProblemKind::InvalidChoice, message))
                } else if !self.holds(spot, node, value) {
                    Some((ProblemKind::ConstraintBroken, self.constraint_message(spot, node)))
                } else if let Some(message) = self.misfit(spot, node, value) {
                    Some((ProblemKind::ConstraintBroken, message))
                } else {
                    self.doubt(spot, node, value)
                        .map(|message| (ProblemKind::Doubtful, message))
                }
            }
        };
        if let Some((kind, message)) = found {
            problems.push(Problem {
                at: self.places.path(&self.plan, spot),
                kind,
                message,
            });
        }
    }
}
