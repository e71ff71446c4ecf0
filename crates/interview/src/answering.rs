//! Answers and rows in, ops out.

use chrono::{DateTime, FixedOffset};
use sampan_record::ids::RowId;
use sampan_record::path::AnswerPath;
use sampan_value::answer::{Answer, Missing};

use crate::interview::Interview;
use crate::refusal::{Reason, Refused};
use crate::view::Accepted;

impl Interview {
    /// Reads what a person typed at a question: digits of any script, choice names (several separated by blanks), ISO
    /// dates and times, `lat lon [altitude accuracy]`. A code (-88, -99, -77, -66) typed into a numeric question is the
    /// missing state it stands for. Only the form of the text is judged here; [`Interview::answer`] judges the rest.
    pub fn parse_input(&self, at: &AnswerPath, text: &str) -> Result<Answer, Refused> {
        let _ = text;
        Err(not_there(at))
    }

    /// Takes an answer (None clears it), recomputes what depends on it, and returns what is to be kept. An answer that
    /// is refused leaves everything as it was.
    pub fn answer(
        &mut self,
        at: &AnswerPath,
        answer: Option<Answer>,
        now: DateTime<FixedOffset>,
    ) -> Result<Accepted, Refused> {
        let _ = (answer, now);
        Err(not_there(at))
    }

    /// Adds a row at the end of a repeat whose rows people add; `random` are 64 fresh random bits for its id.
    pub fn add_row(
        &mut self,
        repeat: &AnswerPath,
        random: u64,
        now: DateTime<FixedOffset>,
    ) -> Result<Accepted, Refused> {
        let _ = (random, now);
        Err(not_there(repeat))
    }

    /// Removes a row that a person added, with all answers in it.
    pub fn remove_row(
        &mut self,
        repeat: &AnswerPath,
        row: RowId,
        now: DateTime<FixedOffset>,
    ) -> Result<Accepted, Refused> {
        let _ = (row, now);
        Err(not_there(repeat))
    }

    /// Which missing states a question takes now: `dont_know`, `refused` and `not_applicable` always, `skipped` only
    /// where no answer is required; none where no answer can be given.
    pub fn missing_allowed(&self, at: &AnswerPath) -> Vec<Missing> {
        let _ = at;
        Vec::new()
    }
}

fn not_there(at: &AnswerPath) -> Refused {
    Refused {
        at: at.clone(),
        reason: Reason::NoSuchPlace,
        message: format!("This form has no question {} at this place.", at.question),
    }
}
