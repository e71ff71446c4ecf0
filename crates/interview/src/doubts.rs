//! Doubtful answers: which there are, and which of them were looked at again and confirmed.
//!
//! A confirmation stands beside the answer, at `age/@confirmed`, and holds the value that it is about: another value is
//! not confirmed by it.

use chrono::{DateTime, FixedOffset};
use sampan_record::op::Op;
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_value::answer::{Answer, Value};
use sampan_value::text;
use serde::Serialize;

use crate::interview::Interview;
use crate::places::Spot;
use crate::refusal::{Reason, Refused};
use crate::view::{Accepted, ProblemKind};

/// Where a confirmation stands, beside its answer.
const CONFIRMED: &str = "/@confirmed";

/// A doubtful answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Doubt {
    /// Whose answer.
    pub at: AnswerPath,
    /// What is doubtful, in the form's own words where it has them.
    pub message: String,
    /// Whether somebody said that it is so all the same.
    pub confirmed: bool,
}

impl Interview {
    /// All doubtful answers, confirmed or not, in the order of the form.
    pub fn doubts(&self) -> Vec<Doubt> {
        let mut found = Vec::new();
        self.places.each_relevant(&self.plan, &mut |spot| {
            let mut problems = Vec::new();
            self.check(spot, &mut problems);
            found.extend(
                problems
                    .into_iter()
                    .filter(|problem| problem.kind == ProblemKind::Doubtful)
                    .map(|problem| Doubt {
                        confirmed: self.is_confirmed(spot),
                        at: problem.at,
                        message: problem.message,
                    }),
            );
        });
        found
    }

    /// Says that a doubtful answer is so all the same. It holds for this value; whoever gives another one is doubted
    /// again. Refused where nothing is doubtful.
    pub fn confirm(&mut self, at: &AnswerPath, now: DateTime<FixedOffset>) -> Result<Accepted, Refused> {
        let refused = |reason: Reason, message: &str| Refused {
            at: at.clone(),
            reason,
            message: message.to_string(),
        };
        let Some(spot) = self.places.find(&self.plan, at) else {
            return Err(refused(Reason::NoSuchPlace, "There is no such question now."));
        };
        let mut problems = Vec::new();
        if self.places.is_relevant(&self.plan, spot) {
            self.check(spot, &mut problems);
        }
        let is_doubtful = problems
            .iter()
            .any(|problem| problem.kind == ProblemKind::Doubtful);
        let Some(value) = self.value_text(spot).filter(|_| is_doubtful) else {
            return Err(refused(
                Reason::NotAsked,
                "Nothing about this answer is doubtful; there is nothing to confirm.",
            ));
        };
        self.now = now;
        let mut accepted = Accepted::default();
        if !self.is_confirmed(spot) {
            accepted.ops.push(Op::Set {
                at: beside(at),
                answer: Some(Answer::Value(Value::Text(value.clone()))),
            });
            self.confirmed.insert(spot, value);
        }
        Ok(accepted)
    }

    /// Whether the answer as it stands was confirmed.
    pub(crate) fn is_confirmed(&self, spot: Spot) -> bool {
        match (self.confirmed.get(&spot), self.value_text(spot)) {
            (Some(confirmed), Some(value)) => *confirmed == value,
            _ => false,
        }
    }

    fn value_text(&self, spot: Spot) -> Option<String> {
        match self.places.cell(&self.plan, spot)?.answer.as_ref()? {
            Answer::Value(value) => Some(text::to_odk_text(value)),
            Answer::Missing(_) => None,
        }
    }

    /// The confirmations that are kept with the answers.
    pub(crate) fn kept_confirmations(&self) -> impl Iterator<Item = (AnswerPath, Answer)> {
        let there = self
            .confirmed
            .iter()
            .filter(|(spot, _)| self.places.is_there(spot.frame));
        there.map(|(spot, value)| {
            let at = beside(&self.places.path(&self.plan, *spot));
            (at, Answer::Value(Value::Text(value.clone())))
        })
    }
}

fn beside(at: &AnswerPath) -> AnswerPath {
    AnswerPath {
        question: QuestionPath::new(&format!("{}{CONFIRMED}", at.question.as_str())),
        rows: at.rows.clone(),
    }
}

/// The question that a confirmation at this path is about; None when the path is none of a confirmation.
pub fn confirms(path: &str) -> Option<&str> {
    path.strip_suffix(CONFIRMED)
}
