//! An interview that is open: screens and answers, each answer on the disk before the call returns.

use crate::api::{
    AnswerInput, CommentRef, CommentView, FinishView, PlaceRef, ProblemView, QuestionView, RecordRef,
    ScreenView,
};
use crate::error::ClientError;

/// An open interview. Dropping it loses nothing: the next opening shows every accepted answer.
pub struct OpenInterview {}

impl OpenInterview {
    /// Which record.
    pub fn record(&self) -> RecordRef {
        RecordRef(String::new())
    }

    /// The form's languages, the default first.
    pub fn languages(&self) -> Vec<String> {
        Vec::new()
    }

    /// Shows the interview in a language: `English (en)`, `English` or `en`. False when the form has no such language.
    pub fn set_language(&mut self, language: &str) -> bool {
        let _ = language;
        false
    }

    /// What stands on the screen now.
    pub fn screen(&self) -> Result<ScreenView, ClientError> {
        Err(ClientError::Closed)
    }

    /// Goes on. Refused while a question of this screen needs an answer or has a wrong one.
    #[allow(
        clippy::should_implement_trait,
        reason = "an interview goes on; it is no iterator"
    )]
    pub fn next(&mut self) -> Result<ScreenView, ClientError> {
        Err(ClientError::Closed)
    }

    /// Goes back; stays at the first screen.
    pub fn back(&mut self) -> Result<ScreenView, ClientError> {
        Err(ClientError::Closed)
    }

    /// Goes to the screen with this question, group or row.
    pub fn goto(&mut self, at: &PlaceRef) -> Result<ScreenView, ClientError> {
        let _ = at;
        Err(ClientError::Closed)
    }

    /// Goes to the first question that needs an answer or has a wrong one, else to the end.
    pub fn goto_first_open(&mut self) -> Result<ScreenView, ClientError> {
        Err(ClientError::Closed)
    }

    /// One question, on this screen or not.
    pub fn question(&self, at: &PlaceRef) -> Result<QuestionView, ClientError> {
        let _ = at;
        Err(ClientError::Closed)
    }

    /// All places that are asked now, in order (for answers from a file).
    pub fn places(&self) -> Result<Vec<PlaceRef>, ClientError> {
        Err(ClientError::Closed)
    }

    /// Answers a question. The answer is on the disk when this returns; on an error nothing was changed.
    pub fn answer(&mut self, at: &PlaceRef, input: &AnswerInput) -> Result<QuestionView, ClientError> {
        let _ = (at, input);
        Err(ClientError::Closed)
    }

    /// Adds a row to a repeat and gives it (`products[x…]`).
    pub fn add_row(&mut self, repeat: &PlaceRef) -> Result<PlaceRef, ClientError> {
        let _ = repeat;
        Err(ClientError::Closed)
    }

    /// Removes a row (`products[x…]`).
    pub fn remove_row(&mut self, row: &PlaceRef) -> Result<(), ClientError> {
        let _ = row;
        Err(ClientError::Closed)
    }

    /// Says something about a question, or about the whole interview (`at` None), or in answer to a comment.
    pub fn comment(
        &mut self,
        at: Option<&PlaceRef>,
        reply_to: Option<&CommentRef>,
        text: &str,
    ) -> Result<CommentRef, ClientError> {
        let _ = (at, reply_to, text);
        Err(ClientError::Closed)
    }

    /// A comment is dealt with.
    pub fn resolve_comment(&mut self, comment: &CommentRef) -> Result<(), ClientError> {
        let _ = comment;
        Err(ClientError::Closed)
    }

    /// All comments of the interview, in their order.
    pub fn comments(&self) -> Result<Vec<CommentView>, ClientError> {
        Err(ClientError::Closed)
    }

    /// What stands between this interview and its finishing.
    pub fn problems(&self) -> Result<Vec<ProblemView>, ClientError> {
        Err(ClientError::Closed)
    }

    /// Saves what was answered as one change and closes the interview.
    pub fn pause(&mut self) -> Result<(), ClientError> {
        Err(ClientError::Closed)
    }

    /// Finishes the interview: saved, submitted and closed. When something stands in the way, it stays open and the
    /// problems are given.
    pub fn finish(&mut self) -> Result<FinishView, ClientError> {
        Err(ClientError::Closed)
    }
}
