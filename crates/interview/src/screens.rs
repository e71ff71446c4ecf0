//! What comes on which screen, and what comes next.

use sampan_record::path::AnswerPath;

use crate::interview::Interview;
use crate::view::{Position, Problem, Screen};

impl Interview {
    /// The first screen; [`Position::End`] when nothing is asked.
    pub fn first(&self) -> Screen {
        self.screen(&Position::End)
    }

    /// The screen after a position; at the end it stays there.
    pub fn next(&self, position: &Position) -> Screen {
        self.screen(position)
    }

    /// The screen before a position; None before the first.
    pub fn previous(&self, position: &Position) -> Option<Screen> {
        let _ = position;
        None
    }

    /// The screen at a position, or the next one when nothing is asked there any more.
    pub fn screen(&self, position: &Position) -> Screen {
        Screen {
            position: position.clone(),
            headings: Vec::new(),
            questions: Vec::new(),
            add_row_label: None,
            is_table: false,
        }
    }

    /// All screens in order, the end among them.
    pub fn screens(&self) -> Vec<Position> {
        vec![Position::End]
    }

    /// The position at which a question (or an added row's repeat) is asked; the end if it is not asked.
    pub fn position_of(&self, at: &AnswerPath) -> Position {
        Position::Question(at.clone())
    }

    /// Where to go on after a break: the first screen with a question that has neither an answer nor a missing state;
    /// the end when there is none.
    pub fn first_unanswered(&self) -> Position {
        Position::End
    }

    /// What stands in the way of leaving a screen forwards: the blocking problems of its questions.
    pub fn problems_at(&self, position: &Position) -> Vec<Problem> {
        let _ = position;
        Vec::new()
    }
}
