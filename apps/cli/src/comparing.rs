//! `sampan form diff`: what changed between two versions of a form, and what that does to collected answers.

use std::collections::BTreeMap;
use std::path::Path;

use sampan_form::def::{Expression, FormDef, Item, ListRef, Question};
use sampan_xlsform::reading::Options;
use serde_json::json;

use crate::checking;
use crate::failure::{Failure, Outcome};
use crate::terminal::{Terminal, harmless};

/// One difference.
struct Change {
    question: String,
    what: String,
    /// What it does to answers that are collected already.
    effect: &'static str,
}

/// Says what changed from `before` to `after`.
pub fn diff(terminal: &mut Terminal, before: &Path, after: &Path) -> Result<Outcome, Failure> {
    let (Some(old), Some(new)) = (form(terminal, before)?, form(terminal, after)?) else {
        return Ok(Outcome::NotAccepted);
    };
    let changes = changes(&old, &new);
    if terminal.json {
        let changes: Vec<_> = changes
            .iter()
            .map(
                |change| json!({"question": change.question, "change": change.what, "effect": change.effect}),
            )
            .collect();
        terminal.result(&json!({"before": old.version, "after": new.version, "changes": changes}))?;
        return Ok(Outcome::Done);
    }
    if changes.is_empty() {
        terminal.line("No question, choice or rule changed; collected answers stay as they are.")?;
    }
    for change in &changes {
        terminal.line(harmless(&format!(
            "{}: {}. {}.",
            change.question, change.what, change.effect
        )))?;
    }
    Ok(Outcome::Done)
}

fn form(terminal: &mut Terminal, file: &Path) -> Result<Option<FormDef>, Failure> {
    let options = Options {
        is_outline: true,
        ..Options::default()
    };
    match checking::any(&checking::read(file)?, &checking::file_name(file), &options) {
        Ok(reading) => Ok(Some(reading.form)),
        Err(problems) => {
            for problem in &problems {
                terminal.error_line(checking::line(file, problem))?;
            }
            Ok(None)
        }
    }
}

fn changes(old: &FormDef, new: &FormDef) -> Vec<Change> {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    questions(&old.items, "", &mut before);
    questions(&new.items, "", &mut after);
    let known: BTreeMap<&str, &Question> = before.iter().map(|(path, own)| (path.as_str(), *own)).collect();
    let now: BTreeMap<&str, &Question> = after.iter().map(|(path, own)| (path.as_str(), *own)).collect();
    let mut changes = Vec::new();
    for (path, question) in &before {
        if !now.contains_key(path.as_str()) {
            let moved = after
                .iter()
                .find(|(other, own)| own.name == question.name && !known.contains_key(other.as_str()));
            let (what, effect) = match moved {
                Some((to, _)) => (
                    format!("moved to {to}"),
                    "Answers are kept by path: old ones stay at the old place",
                ),
                None => (
                    "gone".to_string(),
                    "Answers are kept, but no longer asked or shown with the form",
                ),
            };
            changes.push(change(path, what, effect));
        }
    }
    for (path, question) in &after {
        let Some(own) = known.get(path.as_str()) else {
            changes.push(change(
                path,
                "new".into(),
                "Interviews that were made before have no answer to it",
            ));
            continue;
        };
        if own.kind != question.kind {
            changes.push(change(
                path,
                format!("its type changed from {:?} to {:?}", own.kind, question.kind),
                "Answers that do not fit the new type have to be looked at one by one",
            ));
        }
        let gone: Vec<&str> = names(old, own)
            .into_iter()
            .filter(|name| !names(new, question).contains(name))
            .collect();
        if !gone.is_empty() && question.choices.is_some() {
            changes.push(change(
                path,
                format!("choices gone: {}", gone.join(", ")),
                "Answers with them are no choice of the new version",
            ));
        }
        for (rule, was, is, effect) in [
            (
                "constraint",
                &own.constraint,
                &question.constraint,
                "Answers that break it are found when an interview is opened again",
            ),
            (
                "relevance",
                &own.relevant,
                &question.relevant,
                "Answers may become hidden, or be missing where it is asked now",
            ),
            (
                "need for an answer",
                &own.required,
                &question.required,
                "Interviews without an answer may no longer count as complete",
            ),
            (
                "calculation",
                &own.calculation,
                &question.calculation,
                "It is computed anew when an interview is opened again",
            ),
        ] {
            if source(was) != source(is) {
                let what = format!("its {rule} changed from {} to {}", said(was), said(is));
                changes.push(change(path, what, effect));
            }
        }
    }
    changes
}

fn change(path: &str, what: String, effect: &'static str) -> Change {
    Change {
        question: path.to_string(),
        what,
        effect,
    }
}

fn questions<'a>(items: &'a [Item], inside: &str, found: &mut Vec<(String, &'a Question)>) {
    for item in items {
        let path = format!("{inside}{}", item.name());
        match item {
            Item::Question(question) => found.push((path, question)),
            Item::Group(group) => questions(&group.items, &format!("{path}/"), found),
            Item::Repeat(repeat) => questions(&repeat.items, &format!("{path}/"), found),
        }
    }
}

fn names<'a>(form: &'a FormDef, question: &Question) -> Vec<&'a str> {
    match question.choices.as_ref().map(|choices| &choices.list) {
        Some(ListRef::Internal(list)) => form
            .choice_lists
            .get(list)
            .map(|list| list.choices.iter().map(|choice| choice.name.as_str()).collect())
            .unwrap_or_default(),
        Some(ListRef::Answers(_) | ListRef::External(_)) | None => Vec::new(),
    }
}

fn source(expression: &Option<Expression>) -> Option<&str> {
    expression.as_ref().map(|expression| expression.source.as_str())
}

fn said(expression: &Option<Expression>) -> String {
    source(expression).map_or("none".to_string(), |source| format!("`{source}`"))
}
