//! Whether an interview is complete, and what it is worth: problems, finishing, values.

use chrono::{DateTime, FixedOffset};
use sampan_record::op::Op;
use sampan_record::path::AnswerPath;
use sampan_value::answer::Answer;

use crate::interview::Interview;
use crate::view::Problem;

impl Interview {
    /// All problems in the order of the form.
    pub fn problems(&self) -> Vec<Problem> {
        Vec::new()
    }

    /// Finishes: writes down the end time. The ops to keep come back without [`Op::Submit`], which is the caller's to
    /// add. Blocking problems refuse it and come back instead.
    pub fn finish(&mut self, now: DateTime<FixedOffset>) -> Result<Vec<Op>, Vec<Problem>> {
        let _ = now;
        Ok(Vec::new())
    }

    /// The relevant answers in the order of the form, computed values among them, for export and the office's views.
    pub fn values(&self) -> Vec<(AnswerPath, Answer)> {
        Vec::new()
    }
}
