//! How a question stands: relevance, requirement, answer, texts, and the choices on offer.

use sampan_record::path::AnswerPath;

use crate::interview::Interview;
use crate::view::{ChoiceView, QuestionState};

impl Interview {
    /// How a question or note stands now; None when there is no such place.
    pub fn question(&self, at: &AnswerPath) -> Option<QuestionState> {
        let _ = at;
        None
    }

    /// The choices offered now, in order; empty for questions without choices.
    pub fn choices(&self, at: &AnswerPath) -> Vec<ChoiceView> {
        let _ = at;
        Vec::new()
    }

    /// The label of a question, group or repeat in a language of the form (as [`Interview::set_language`] understands
    /// it; unknown = the current one), with `${}` filled in.
    pub fn label(&self, at: &AnswerPath, language: &str) -> String {
        let _ = (at, language);
        String::new()
    }

    /// An answer in words, in the interview's language: choice labels instead of names, `don't know` for missing states.
    pub fn answer_text(&self, at: &AnswerPath) -> String {
        let _ = at;
        String::new()
    }

    /// What the form calls this interview (setting `instance_name`); None when it has no such setting or it is blank.
    pub fn name(&self) -> Option<String> {
        None
    }
}
