//! A form's question numbers and kinds, as the record codec wants them.

use std::sync::Arc;

use sampan_form::compiled::Form;
use sampan_form::compiled::list::List;
use sampan_form::def::ListRef;
use sampan_record::path::QuestionPath;
use sampan_record::schema::Schema;
use sampan_value::answer::Kind;
use sampan_xpath::resolve::NodeId;

/// The items of one form version by number; the numbers are the form's node ids.
#[derive(Debug, Clone)]
pub struct FormSchema(pub Arc<Form>);

impl FormSchema {
    /// The list of a question whose choices are part of the form. Rows of files have no number: files are long, and
    /// who reads an answer may not have them.
    fn list(&self, id: u32) -> Option<&List> {
        match &self.0.get(NodeId(id))?.choices.as_ref()?.list {
            ListRef::Internal(name) => self.0.list(name),
            ListRef::Answers(_) | ListRef::External(_) => None,
        }
    }
}

impl Schema for FormSchema {
    fn id(&self, path: &QuestionPath) -> Option<u32> {
        self.0.find(path.as_str()).map(|node| node.0)
    }

    fn path(&self, id: u32) -> Option<QuestionPath> {
        self.0.get(NodeId(id)).map(|node| QuestionPath(node.path.clone()))
    }

    fn kind(&self, id: u32) -> Option<Kind> {
        self.0.get(NodeId(id))?.question().map(|(_, kind)| kind)
    }

    fn choice_number(&self, id: u32, name: &str) -> Option<u32> {
        u32::try_from(self.list(id)?.place(name)?).ok()
    }

    fn choice_name(&self, id: u32, number: u32) -> Option<String> {
        let choice = self.list(id)?.choices().get(usize::try_from(number).ok()?)?;
        Some(choice.name.clone())
    }
}
