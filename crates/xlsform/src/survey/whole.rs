//! What can be judged only when all rows are read: triggers, shared lists, tables of selects, geometry.

use std::collections::{HashMap, HashSet};

use sampan_form::def::{Item, ListRef, Question, Role};
use sampan_form::problem::{Problem, similar};

use crate::references;
use crate::survey::{Rows, internal};

/// Judges the whole survey.
pub(super) fn check(rows: &mut Rows<'_>) {
    let items = std::mem::take(&mut rows.survey.items);
    let mut questions = Vec::new();
    let mut repeats = HashSet::new();
    collect(&items, &mut questions, &mut repeats);
    triggers(rows, &questions);
    searches(rows, &questions);
    geometries(rows, &questions, &repeats);
    tables(rows, &items);
    rows.survey.items = items;
}

/// Whether it computes its value and has no text that shows it.
fn is_computed_unseen(question: &Question) -> bool {
    let is_computed = question.calculation.is_some() || !question.trigger.is_empty();
    is_computed && question.label.is_empty() && question.hint.is_empty()
}

/// Whether a person sees the question.
pub(super) fn is_visible(question: &Question) -> bool {
    match question.role {
        Role::Ask | Role::Note => !is_computed_unseen(question),
        Role::Calculate | Role::Start | Role::End | Role::Today | Role::DeviceId | Role::Username => false,
    }
}

fn collect<'a>(items: &'a [Item], questions: &mut Vec<&'a Question>, repeats: &mut HashSet<&'a str>) {
    for item in items {
        match item {
            Item::Question(question) => questions.push(question),
            Item::Group(group) => collect(&group.items, questions, repeats),
            Item::Repeat(repeat) => {
                repeats.insert(&repeat.name);
                collect(&repeat.items, questions, repeats);
            }
        }
    }
}

fn triggers(rows: &mut Rows<'_>, questions: &[&Question]) {
    let by_name: HashMap<&str, &Question> = questions
        .iter()
        .map(|question| (question.name.as_str(), *question))
        .collect();
    for question in questions {
        for name in &question.trigger {
            let at = question.origin.column("trigger");
            match by_name.get(name.as_str()) {
                None => rows.problems.push(Problem::error(
                    &at,
                    &format!("${{{name}}}"),
                    format!("no question is named {name}, so nothing sets this off"),
                    match similar(name, by_name.keys().copied()) {
                        Some(meant) => format!("Did you mean ${{{meant}}}?"),
                        None => "Write the name of a question that is asked, no group and no repeat".into(),
                    },
                )),
                Some(by) if by.type_name == "calculate" || is_computed_unseen(by) => {
                    rows.problems.push(Problem::error(
                        &at,
                        &format!("${{{name}}}"),
                        format!("{name} is never shown, so nobody can change it"),
                        "Write the name of a question that is asked",
                    ));
                }
                Some(_) => {}
            }
        }
    }
}

/// A list that `search()` fills cannot be used without it.
fn searches(rows: &mut Rows<'_>, questions: &[&Question]) {
    let is_search = |question: &Question| question.appearance.iter().any(|word| word.contains("search("));
    let list = |question: &Question| {
        let choices = question.choices.as_ref()?;
        internal(&choices.list).map(str::to_string)
    };
    let plain: HashSet<String> = questions
        .iter()
        .filter(|question| !is_search(question))
        .filter_map(|question| list(question))
        .collect();
    for question in questions.iter().filter(|question| is_search(question)) {
        let at = question.origin.column("appearance");
        if let Some(choices) = &question.choices
            && matches!(choices.list, ListRef::External(_))
        {
            rows.problems.push(Problem::error(
                &at,
                "search()",
                "search() fills a list of the sheet choices, and this list comes from a file",
                "Delete search(), or name a list of the sheet choices",
            ));
        }
        rows.survey.searched.extend(list(question));
        if let Some(list) = list(question).filter(|list| plain.contains(list)) {
            rows.problems.push(Problem::error(
                &at,
                "search()",
                format!("search() fills the list {list}, which other questions use as it is"),
                "Give one of them another list",
            ));
        }
    }
}

/// A question about a place can show the places of a list, a file, an entity list or the rows of a repeat.
fn geometries(rows: &mut Rows<'_>, questions: &[&Question], repeats: &HashSet<&str>) {
    let used: HashSet<&str> = questions
        .iter()
        .filter_map(|question| match &question.choices.as_ref()?.list {
            ListRef::Internal(list) => Some(list.as_str()),
            ListRef::External(id) => Some(id.as_str()),
            ListRef::Answers(_) => None,
        })
        .collect();
    for question in questions {
        let Some(source) = question.parameters.get("reference-geometry") else {
            continue;
        };
        let is_known = used.contains(source.as_str())
            || rows.survey.lists.contains_key(source)
            || rows.survey.files.iter().any(|file| file.id == *source)
            || rows.survey.entities.iter().any(|entity| entity.list == *source)
            || references::only(source).is_some_and(|name| repeats.contains(name));
        if !is_known {
            rows.problems.push(Problem::error(
                &question.origin.column("parameters"),
                source,
                "reference-geometry names no list, file, entity list or repeat",
                "Write the name of a list, or ${name} of a repeat",
            ));
        }
    }
}

/// All selects of a table-list have the same list, and no filter.
fn tables(rows: &mut Rows<'_>, items: &[Item]) {
    for item in items {
        let (appearance, items) = match item {
            Item::Question(_) => continue,
            Item::Group(group) => (&group.appearance, &group.items),
            Item::Repeat(repeat) => (&repeat.appearance, &repeat.items),
        };
        tables(rows, items);
        if !appearance.iter().any(|word| word == "table-list") {
            continue;
        }
        let mut first: Option<&str> = None;
        for item in items {
            let Item::Question(question) = item else { break };
            let Some(choices) = &question.choices else {
                continue;
            };
            let list = internal(&choices.list).unwrap_or_default();
            let Some(first) = first else {
                first = Some(list);
                if let Some(filter) = &choices.filter {
                    rows.problems.push(Problem::error(
                        &filter.origin,
                        &filter.source,
                        "the choices of a table-list cannot be filtered",
                        "Clear the cell, or the appearance table-list",
                    ));
                }
                continue;
            };
            if first != list {
                rows.problems.push(Problem::error(
                    &choices.origin,
                    list,
                    format!("all questions of a table-list have the same list, and the first has {first}"),
                    format!("Write {first}, or move the question out of the group"),
                ));
            }
        }
    }
}
