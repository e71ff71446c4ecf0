//! A form's question numbers and kinds, as the record codec wants them.

use std::sync::Arc;

use sampan_form::compiled::Form;
use sampan_record::path::QuestionPath;
use sampan_record::schema::Schema;
use sampan_value::answer::Kind;
use sampan_xpath::resolve::NodeId;

/// The items of one form version by number; the numbers are the form's node ids.
#[derive(Debug, Clone)]
pub struct FormSchema(pub Arc<Form>);

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
}
