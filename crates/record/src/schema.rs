//! What the codec needs to know of a form version: numbers and kinds of its questions, numbers of their choices.

use sampan_value::answer::Kind;

use crate::path::QuestionPath;

/// One form version as the codec sees it. Numbers and kinds of a version never change; a path that the version does
/// not have is spelled out on the wire, so every op can be written under every version.
pub trait Schema {
    /// The number of a question, group or repeat; None where the version has no such path.
    fn id(&self, path: &QuestionPath) -> Option<u32>;
    /// The path behind a number; None where the version has no such number.
    fn path(&self, id: u32) -> Option<QuestionPath>;
    /// The kind of answer a question takes; None for groups, repeats and unknown numbers.
    fn kind(&self, id: u32) -> Option<Kind>;
    /// The number of a choice of a question whose choices are part of the version; None spells its name out.
    fn choice_number(&self, _id: u32, _name: &str) -> Option<u32> {
        None
    }
    /// The choice behind a number; None where the question has no such number.
    fn choice_name(&self, _id: u32, _number: u32) -> Option<String> {
        None
    }
}

/// The schema of no form: every path is spelled out and every value names its kind.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSchema;

impl Schema for NoSchema {
    fn id(&self, _path: &QuestionPath) -> Option<u32> {
        None
    }

    fn path(&self, _id: u32) -> Option<QuestionPath> {
        None
    }

    fn kind(&self, _id: u32) -> Option<Kind> {
        None
    }
}
