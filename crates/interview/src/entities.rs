//! Things that outlive an interview and that it creates or updates: their ids, and what the interview says of them.
//!
//! The id of a new thing is drawn once, when the interview or the row that it belongs to comes into being, and kept
//! with the answers at `meta/entity/@id` of its group. All else is computed whenever it is asked for.

use sampan_form::compiled::entities::Entity;
use sampan_form::compiled::{Form, What};
use sampan_record::op::Op;
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_value::answer::{Answer, Value};
use sampan_value::text;
use sampan_xpath::eval::At;
use sampan_xpath::functions::text::uuid;
use sampan_xpath::program::Program;
use sampan_xpath::resolve::NodeId;
use serde::Serialize;

use crate::interview::Interview;
use crate::places::{FrameId, Spot};
use crate::plan::Plan;
use crate::sight::mixed;

/// Where the id of a new thing stands, in the group that it belongs to.
const ID: &str = "meta/entity/@id";

/// What an interview says of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntityState {
    /// The list that it belongs to.
    pub list: String,
    /// The group or row of the interview that tells of it; an empty path is the interview.
    pub at: AnswerPath,
    /// Its id; empty when it is not known yet.
    pub id: String,
    /// Whether it is created.
    pub creates: bool,
    /// Whether it is updated, if it is there.
    pub updates: bool,
    /// What it is called; None = the form does not say.
    pub label: Option<String>,
    /// The state of it that the interview began from (`baseVersion`, `trunkVersion`, `branchId`), as far as the attached
    /// list says.
    pub versions: Vec<(&'static str, String)>,
    /// Its properties in the order of the form, in ODK's text form; blank where nothing was answered, not there where
    /// nothing was asked.
    pub values: Vec<(String, String)>,
}

impl Interview {
    /// The things that this interview creates or updates, in the order of the sheet, row by row. Those in groups and rows
    /// that are not asked are left out; those that are neither created nor updated are there and say so.
    pub fn entities(&self) -> Vec<EntityState> {
        let entities = self.plan.form().entities().iter();
        entities
            .flat_map(|entity| {
                self.entity_spots(entity)
                    .into_iter()
                    .map(move |spot| self.entity_state(entity, spot))
            })
            .collect()
    }

    /// The groups or rows that tell of a thing now.
    fn entity_spots(&self, entity: &Entity) -> Vec<Spot> {
        let mut spots: Vec<Spot> = self
            .places
            .frames()
            .filter(|frame| self.places.frame(*frame).repeat == owner(&self.plan, entity))
            .map(|frame| Spot {
                node: entity.inside,
                frame,
            })
            .filter(|spot| self.places.is_relevant(&self.plan, *spot))
            .collect();
        spots.sort_by_cached_key(|spot| self.order(*spot));
        spots
    }

    fn entity_state(&self, entity: &Entity, spot: Spot) -> EntityState {
        let text = |program: &Program| {
            program
                .eval_text(&self.sight(spot), &At::node(spot))
                .unwrap_or_default()
        };
        let holds = |program: &Option<Program>, otherwise: bool| match program {
            None => otherwise,
            Some(program) => program
                .eval_bool(&self.sight(spot), &At::node(spot))
                .unwrap_or(false),
        };
        let values = entity
            .saved
            .iter()
            .filter_map(|(node, property)| {
                let own = Spot {
                    node: *node,
                    frame: spot.frame,
                };
                if self.plan.owner(*node) != self.places.frame(spot.frame).repeat
                    || !self.places.is_relevant(&self.plan, own)
                {
                    return None;
                }
                let value = match &self.places.cell(&self.plan, own)?.answer {
                    Some(Answer::Value(Value::Media(file))) => file.name.clone(),
                    Some(Answer::Value(value)) => text::to_odk_text(value),
                    Some(Answer::Missing(_)) | None => String::new(),
                };
                Some((property.clone(), value))
            })
            .collect();
        EntityState {
            list: entity.list.clone(),
            at: self.places.path(&self.plan, spot),
            id: match &entity.id {
                Some(id) => text(id),
                None => self.entity_ids.get(&spot).cloned().unwrap_or_default(),
            },
            creates: holds(&entity.create_if, entity.is_new()),
            updates: !entity.is_new() && holds(&entity.update_if, true),
            label: entity.label.as_ref().map(text),
            versions: entity
                .versions
                .iter()
                .map(|(name, program)| (*name, text(program)))
                .collect(),
            values,
        }
    }

    /// The element of a thing in the answer document; None when the group or row has none.
    pub(crate) fn entity_element(&self, spot: Spot) -> Option<EntityElement> {
        let entity = of(self.plan.form(), spot.node)?;
        let state = self.entity_state(entity, spot);
        let said = |program: &Option<Program>, holds: bool| match program {
            None => "1".to_string(),
            Some(_) => holds.to_string(),
        };
        let mut attributes = vec![("dataset", state.list)];
        if entity.is_new() || entity.create_if.is_some() {
            attributes.push(("create", said(&entity.create_if, state.creates)));
        }
        if !entity.is_new() {
            attributes.push(("update", said(&entity.update_if, state.updates)));
            attributes.extend(state.versions);
        }
        attributes.push(("id", state.id));
        Some(EntityElement {
            attributes,
            label: state.label,
        })
    }

    /// Draws the ids of the new things of a row that has just come into being (or of the interview).
    pub(crate) fn draw_entity_ids(&mut self, frame: FrameId, ops: &mut Vec<Op>) {
        let plan = self.plan.clone();
        let repeat = self.places.frame(frame).repeat;
        for entity in plan.form().entities() {
            let spot = Spot {
                node: entity.inside,
                frame,
            };
            if !entity.is_new() || owner(&plan, entity) != repeat || self.entity_ids.contains_key(&spot) {
                continue;
            }
            let chance = mixed(self.sight(spot).chance.get() ^ 0x656e_7469_7479);
            let id = uuid(chance, mixed(chance));
            ops.push(Op::Set {
                at: self.id_path(spot),
                answer: Some(Answer::Value(Value::Text(id.clone()))),
            });
            self.entity_ids.insert(spot, id);
        }
    }

    /// The ids that are kept with the answers.
    pub(crate) fn kept_entity_ids(&self) -> impl Iterator<Item = (AnswerPath, Answer)> {
        let there = self
            .entity_ids
            .iter()
            .filter(|(spot, _)| self.places.is_there(spot.frame));
        there.map(|(spot, id)| (self.id_path(*spot), Answer::Value(Value::Text(id.clone()))))
    }

    /// Takes over a kept id for the group or row that it stands in.
    pub(crate) fn load_entity_id(&mut self, spot: Spot, id: String) {
        self.entity_ids.insert(spot, id);
    }

    fn id_path(&self, spot: Spot) -> AnswerPath {
        let around = self.places.path(&self.plan, spot);
        id_path(&around)
    }
}

/// What stands in the answer document for a thing.
#[derive(Debug)]
pub(crate) struct EntityElement {
    pub(crate) attributes: Vec<(&'static str, String)>,
    pub(crate) label: Option<String>,
}

/// Where the id of the new thing of a group or row is kept.
pub(crate) fn id_path(around: &AnswerPath) -> AnswerPath {
    let group = around.question.as_str();
    let path = match group.is_empty() {
        true => ID.to_string(),
        false => format!("{group}/{ID}"),
    };
    AnswerPath {
        question: QuestionPath::new(&path),
        rows: around.rows.clone(),
    }
}

/// The group or repeat whose new thing has its id at this path; None when the path is none of an id, or the form has no
/// such thing.
pub(crate) fn group_of_id(form: &Form, path: &str) -> Option<NodeId> {
    let group = path.strip_suffix(ID)?;
    let group = group.strip_suffix('/').unwrap_or(group);
    let node = match group.is_empty() {
        true => form.root().id,
        false => form.find(group)?,
    };
    of(form, node).filter(|entity| entity.is_new())?;
    Some(node)
}

fn of(form: &Form, inside: NodeId) -> Option<&Entity> {
    form.entities().iter().find(|entity| entity.inside == inside)
}

/// The repeat in whose rows the things stand, one in each; the root outside repeats.
fn owner(plan: &Plan, entity: &Entity) -> NodeId {
    match plan.form().get(entity.inside).map(|node| node.what) {
        Some(What::Repeat) => entity.inside,
        Some(What::Root | What::Group | What::Question { .. }) | None => plan.owner(entity.inside),
    }
}
