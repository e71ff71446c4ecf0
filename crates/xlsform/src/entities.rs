//! The sheet entities: things that outlive an interview, and the group or repeat that each belongs to.

use std::collections::{BTreeMap, HashMap, HashSet};

use sampan_form::def::{Entity, Expression, Origin};
use sampan_form::problem::Problem;

use crate::cell;
use crate::heading::Headings;
use crate::references;

/// An open group or repeat: a number of its own, and whether it is a repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Container {
    /// Different for each group and repeat of a form.
    pub number: u32,
    /// Whether it is a repeat.
    pub is_repeat: bool,
}

/// A row of the survey that has to do with an entity.
#[derive(Debug, Clone)]
pub struct Mention {
    /// The groups and repeats around the row, outermost first.
    pub path: Vec<Container>,
    /// The property that it is kept in; None when the entity's own expressions name the row.
    pub property: Option<String>,
    /// The name of the row.
    pub question: String,
    /// The cell.
    pub origin: Origin,
}

/// Reads the sheet; where each entity belongs is not known yet.
pub fn declared(headings: &Headings<'_>, problems: &mut Vec<Problem>) -> Vec<Entity> {
    let mut found: Vec<Entity> = Vec::new();
    for heading in headings.columns().iter().filter(|heading| !heading.is_known) {
        let origin = headings.heading_origin(heading);
        problems.push(Problem::error(
            &origin,
            &heading.written,
            "the sheet entities has no such column",
            "Write one of list_name, entity_id, create_if, update_if, label, or delete the column",
        ));
    }
    for line in headings.lines().filter(|line| !line.is_blank()) {
        let expression = |means: &str| {
            line.get(means).map(|cell| Expression {
                source: cell::plain(cell.text),
                origin: cell.origin,
            })
        };
        let at = line.place("list_name");
        let mut refuse = |origin: &Origin, found: &str, message: &str, advice: &str| {
            problems.push(Problem::error(origin, found, message, advice));
        };
        let list = line
            .get("list_name")
            .map(|cell| cell::plain(cell.text))
            .unwrap_or_default();
        if list.is_empty() {
            refuse(
                &at,
                "",
                "the entity belongs to no list",
                "Write the name of a list under list_name",
            );
        } else if list.starts_with("__") {
            refuse(
                &at,
                &list,
                "names that begin with __ are taken",
                "Choose another name",
            );
        } else if list.contains('.') || !cell::is_tag(&list) {
            refuse(
                &at,
                &list,
                "the name of a list begins with a letter or _ and has only letters, digits, _ and -",
                "Choose another name",
            );
        } else if found.iter().any(|other| other.list == list) {
            refuse(&at, &list, "the list stands twice", "Delete one of the rows");
        }
        let (id, create_if, update_if, label) = (
            expression("entity_id"),
            expression("create_if"),
            expression("update_if"),
            expression("label"),
        );
        if id.is_none() && update_if.is_some() {
            refuse(
                &line.place("entity_id"),
                "",
                "an entity is updated, but nothing says which",
                "Write an expression under entity_id",
            );
        }
        if id.is_some() && create_if.is_some() && update_if.is_none() {
            refuse(
                &line.place("update_if"),
                "",
                "with entity_id and create_if it must be said when the entity is updated",
                "Write an expression under update_if, or clear one of the others",
            );
        }
        if id.is_none() && label.is_none() {
            refuse(
                &line.place("label"),
                "",
                "an entity that is created needs a label",
                "Write an expression under label",
            );
        }
        found.push(Entity {
            list,
            id,
            create_if,
            update_if,
            label,
            inside: Vec::new(),
            origin: line.origin(),
        });
    }
    found
}

/// The names that the expressions of an entity refer to.
pub fn names(entity: &Entity) -> HashSet<String> {
    [&entity.id, &entity.create_if, &entity.update_if, &entity.label]
        .into_iter()
        .flatten()
        .flat_map(|expression| {
            references::found(&expression.source)
                .flatten()
                .map(str::to_string)
        })
        .collect()
}

/// The list and the property that a cell save_to means, with what is wrong about it. `is_begin_or_end`: the row opens or
/// closes a group.
pub fn saved_to(
    text: &str,
    origin: &Origin,
    entities: &[Entity],
    mentions: &[Vec<Mention>],
    is_begin_or_end: bool,
) -> Result<(usize, String), Box<Problem>> {
    let refuse = |message: String, advice: &str| Err(Box::new(Problem::error(origin, text, message, advice)));
    if entities.is_empty() {
        return refuse(
            "answers are saved to entities, but there is no sheet entities".into(),
            "Add a sheet entities with a list_name and a label",
        );
    }
    let mut parts = text.splitn(3, '#');
    let (list, property) = match (parts.next(), parts.next(), parts.next()) {
        (Some(property), None, _) if entities.len() > 1 => {
            return refuse(
                format!("there are several lists that {property} may belong to"),
                "Write LIST#property",
            );
        }
        (Some(property), None, _) => (0, property),
        (Some(list), Some(property), None) => match entities.iter().position(|entity| entity.list == list) {
            Some(place) => (place, property),
            None => {
                return refuse(
                    format!("there is no list {list} in the sheet entities"),
                    "Write the name of a list of the sheet entities before #",
                );
            }
        },
        _ => return refuse("there is more than one #".into(), "Write LIST#property"),
    };
    if is_begin_or_end {
        return refuse(
            "groups and repeats have no answer to save".into(),
            "Clear the cell and save questions inside",
        );
    }
    if property.is_empty() {
        return refuse("no property stands after the #".into(), "Write LIST#property");
    }
    if ["name", "label"].contains(&property.to_lowercase().as_str()) {
        return refuse(
            format!("the property {property} is taken"),
            "Choose another name for it",
        );
    }
    if property.starts_with("__") {
        return refuse("names that begin with __ are taken".into(), "Choose another name");
    }
    if !cell::is_tag(property) {
        return refuse(
            "a property begins with a letter or _ and has only letters, digits, _, - and .".into(),
            "Choose another name",
        );
    }
    let first = mentions
        .get(list)
        .into_iter()
        .flatten()
        .find(|mention| mention.property.as_deref() == Some(property));
    match first {
        Some(first) => refuse(
            format!(
                "the property {property} is saved twice, first in {}",
                first.origin
            ),
            "Save one of the questions to another property",
        ),
        None => Ok((list, property.to_string())),
    }
}

/// What an entity asks of its place.
struct Request {
    entity: usize,
    scope: Vec<Container>,
    wanted: Vec<Container>,
    saved_in: Vec<Vec<Container>>,
}

/// The groups and repeats that each entity belongs to: as deep as its questions stand together, one for each place.
pub fn places(
    entities: &[Entity],
    mentions: &[Vec<Mention>],
    problems: &mut Vec<Problem>,
) -> Vec<Vec<Container>> {
    let requests: Vec<Request> = entities
        .iter()
        .enumerate()
        .map(|(entity, declared)| {
            let own = mentions.get(entity).map(Vec::as_slice).unwrap_or_default();
            request(entity, declared, own, problems)
        })
        .collect();
    let mut places = vec![Vec::new(); entities.len()];
    if let [only] = requests.as_slice()
        && only.scope.is_empty()
    {
        return places;
    }
    let mut scopes: Vec<&Vec<Container>> = Vec::new();
    for request in &requests {
        if !scopes.contains(&&request.scope) {
            scopes.push(&request.scope);
        }
    }
    let mut taken: BTreeMap<Vec<u32>, usize> = BTreeMap::new();
    let key = |path: &[Container]| {
        path.iter()
            .map(|container| container.number)
            .collect::<Vec<u32>>()
    };
    for scope in scopes {
        for request in requests.iter().filter(|request| request.scope == *scope) {
            let mut is_placed = false;
            for depth in (scope.len()..=request.wanted.len()).rev() {
                let path = request.wanted.get(..depth).unwrap_or_default();
                if taken.contains_key(&key(path)) {
                    let wants_reserved = request
                        .saved_in
                        .iter()
                        .any(|saved| taken.contains_key(&key(saved)));
                    if wants_reserved {
                        break;
                    }
                    continue;
                }
                taken.insert(key(path), request.entity);
                for saved in &request.saved_in {
                    for length in path.len()..=saved.len() {
                        taken.insert(key(saved.get(..length).unwrap_or_default()), request.entity);
                    }
                }
                if let Some(place) = places.get_mut(request.entity) {
                    *place = path.to_vec();
                }
                is_placed = true;
                break;
            }
            if !is_placed && let Some(entity) = entities.get(request.entity) {
                problems.push(Problem::error(
                    &entity.origin,
                    &entity.list,
                    "another entity has taken the place of this one: a group or repeat holds one entity",
                    "Put the questions of each entity into a group of their own",
                ));
            }
        }
    }
    places
}

fn scope(path: &[Container]) -> &[Container] {
    let end = path
        .iter()
        .rposition(|container| container.is_repeat)
        .map_or(0, |last| last + 1);
    path.get(..end).unwrap_or_default()
}

fn n_repeats(path: &[Container]) -> usize {
    path.iter().filter(|container| container.is_repeat).count()
}

fn request(entity: usize, declared: &Entity, mentions: &[Mention], problems: &mut Vec<Problem>) -> Request {
    let mut deepest: &[Container] = &[];
    for mention in mentions {
        if n_repeats(scope(&mention.path)) > n_repeats(deepest) {
            deepest = scope(&mention.path);
        }
    }
    let mut longest: HashMap<bool, &[Container]> = HashMap::new();
    for mention in mentions.iter().filter(|mention| scope(&mention.path) == deepest) {
        for is_saved in [false, mention.property.is_some()] {
            let path = longest.entry(is_saved).or_insert(&mention.path);
            if mention.path.len() > path.len() {
                *path = &mention.path;
            }
        }
    }
    let mut saved_in: Vec<Vec<Container>> = Vec::new();
    for mention in mentions.iter().filter(|mention| mention.property.is_some()) {
        if !saved_in.contains(&mention.path) {
            saved_in.push(mention.path.clone());
        }
    }
    let wanted: Vec<Container> = match saved_in.as_slice() {
        [] => longest.get(&false).map(|path| path.to_vec()).unwrap_or_default(),
        [only] => only.clone(),
        [first, others @ ..] => {
            let mut common = first.len();
            for other in others {
                let same = first
                    .iter()
                    .zip(other)
                    .take_while(|(left, right)| left == right)
                    .count();
                common = common.min(same);
            }
            let common = first.get(..common).unwrap_or_default();
            let saved_scope = longest.get(&true).map(|path| scope(path)).unwrap_or_default();
            match (n_repeats(common), common.len()) >= (n_repeats(saved_scope), saved_scope.len()) {
                true => common.to_vec(),
                false => saved_scope.to_vec(),
            }
        }
    };
    for mention in mentions {
        let own = scope(&mention.path);
        let is_around = deepest.starts_with(own);
        if !is_around || (mention.property.is_some() && own != scope(&wanted)) {
            problems.push(Problem::error(
                &mention.origin,
                &mention.question,
                format!(
                    "the entity {} is about the rows of one repeat, and {} stands in another",
                    declared.list, mention.question
                ),
                "Save and name only questions of the same repeat, or add an entity for the other",
            ));
        }
    }
    Request {
        entity,
        scope: deepest.to_vec(),
        wanted,
        saved_in,
    }
}
