//! Things that outlive an interview, ready to be created and updated by it.

use sampan_xpath::program::Program;
use sampan_xpath::resolve::NodeId;

use crate::def::FormDef;

/// The columns of an attached list that say which state of a thing an interview has seen, as attributes of the answer
/// document and as columns.
pub(super) const VERSIONS: [(&str, &str); 3] = [
    ("baseVersion", "__version"),
    ("trunkVersion", "__trunkVersion"),
    ("branchId", "__branchId"),
];

/// A list of things; an interview creates or updates one of them, or one for each row of a repeat.
#[derive(Debug)]
pub struct Entity {
    /// Name of the list.
    pub list: String,
    /// The group or repeat that it belongs to (then one for each row), or the root.
    pub inside: NodeId,
    /// Which thing is updated; None = each is a new one.
    pub id: Option<Program>,
    /// Whether a new one is created; None with an id = never, without one = always.
    pub create_if: Option<Program>,
    /// Whether one is updated; None with an id = always, without one = never.
    pub update_if: Option<Program>,
    /// What it is called.
    pub label: Option<Program>,
    /// What the attached list says of the state that was seen: the attribute of the answer document, and where it
    /// comes from. Empty where the form has no such list.
    pub versions: Vec<(&'static str, Program)>,
    /// The questions whose answers it keeps, in the order of the form, with the name of the property.
    pub saved: Vec<(NodeId, String)>,
}

impl Entity {
    /// Whether each is a new one, with an id of its own.
    pub fn is_new(&self) -> bool {
        self.id.is_none()
    }
}

/// Which entity of a form a question's answer is kept in, and as what: the one that is named, else the nearest around
/// it. `path` is where the question stands.
pub(super) fn kept_in<'a>(def: &FormDef, path: &str, save_to: &'a str) -> Option<(usize, &'a str)> {
    let (list, property) = match save_to.rsplit_once('#') {
        Some((list, property)) => (Some(list), property),
        None => (None, save_to),
    };
    let around = |inside: &[String]| {
        let place = inside.join("/");
        place.is_empty()
            || path
                .strip_prefix(place.as_str())
                .is_some_and(|rest| rest.starts_with('/'))
    };
    let entities = def.entities.iter().enumerate();
    let own = entities
        .filter(|(_, entity)| match list {
            Some(list) => entity.list == list,
            None => around(&entity.inside),
        })
        .max_by_key(|(number, entity)| (entity.inside.len(), std::cmp::Reverse(*number)));
    own.map(|(number, _)| (number, property))
}
