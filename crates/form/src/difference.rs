//! What changed between two versions of a form, and what that does to answers that are collected already.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::def::{ChoiceSource, Expression, FormDef, Item, ListRef, Question, Translated};

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What it is about: a question's path, `list NAME`, `file NAME`, `setting NAME` or `form`.
    pub at: String,
    /// What changed, a clause.
    pub what: String,
    /// What it does to collected answers.
    pub effect: Effect,
    /// The same, a sentence without a full stop.
    pub words: String,
}

/// What a change does to collected answers, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// They are kept in the records, but stand in no table of the new version.
    Lost,
    /// They may not be of the new type.
    TypeChanged,
    /// They may be hidden, or be missing where they are asked now.
    Hidden,
    /// They may count as wrong or incomplete now.
    Judged,
    /// They are computed anew.
    Recomputed,
    /// They stay; what their codes mean, or how they are shown, changed.
    CodebookChanged,
    /// They stay as they are.
    Kept,
}

/// All differences from an old version to a new one, questions in the order of the form, then lists, files, settings.
pub fn differences(old: &FormDef, new: &FormDef) -> Vec<Change> {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    items(&old.items, "", &mut before);
    items(&new.items, "", &mut after);
    let known: BTreeMap<&str, &Item> = before.iter().map(|(path, own)| (path.as_str(), *own)).collect();
    let now: BTreeMap<&str, &Item> = after.iter().map(|(path, own)| (path.as_str(), *own)).collect();
    let mut changes = Vec::new();
    about_form(old, new, &mut changes);
    for (path, item) in &before {
        if now.contains_key(path.as_str()) {
            continue;
        }
        let moved = after
            .iter()
            .find(|(other, own)| own.name() == item.name() && !known.contains_key(other.as_str()));
        match (moved, item) {
            (Some((to, _)), _) => changes.push(change(
                path,
                format!("moved to {to}"),
                Effect::Lost,
                "Answers are kept by path: old ones stay at the old place, and exports have a new column",
            )),
            (None, Item::Question(_)) => changes.push(change(
                path,
                "gone".into(),
                Effect::Lost,
                "Answers stay in the records, but are no longer asked, shown or exported with the new version",
            )),
            (None, Item::Group(_) | Item::Repeat(_)) => changes.push(change(
                path,
                "this group is gone".into(),
                Effect::Lost,
                "What stood in it is gone or moved, as said there",
            )),
        }
    }
    for (path, item) in &after {
        match known.get(path.as_str()) {
            Some(own) => about_item(path, own, item, &mut changes),
            None => added(path, item, &mut changes),
        }
    }
    let in_both = |all: &[(String, &Item)]| -> Vec<String> {
        let paths = all.iter().map(|(path, _)| path);
        let both = |path: &&String| known.contains_key(path.as_str()) && now.contains_key(path.as_str());
        paths.filter(both).cloned().collect()
    };
    if in_both(&before) != in_both(&after) {
        changes.push(change(
            "form",
            "questions come in another order".into(),
            Effect::Kept,
            "Answers stay; columns of exports come in the new order",
        ));
    }
    about_lists(old, new, &mut changes);
    about_files(old, new, &mut changes);
    about_settings(old, new, &mut changes);
    changes
}

fn about_form(old: &FormDef, new: &FormDef, changes: &mut Vec<Change>) {
    if old.form_id != new.form_id {
        changes.push(change(
            "form",
            format!("its id changed from {} to {}", old.form_id, new.form_id),
            Effect::Lost,
            "It is another form: collected interviews stay with the old one",
        ));
    }
    let texts = [
        ("title", &old.title, &new.title),
        ("version", &old.version, &new.version),
    ];
    for (name, was, is) in texts {
        if was != is {
            let what = format!("its {name} changed from “{was}” to “{is}”");
            changes.push(change("form", what, Effect::Kept, "Answers stay as they are"));
        }
    }
    for language in old.languages.iter().filter(|own| !new.languages.contains(own)) {
        let what = format!("the language {language} is gone");
        changes.push(change(
            "form",
            what,
            Effect::Kept,
            "Answers stay; it cannot be asked in it any more",
        ));
    }
    for language in new.languages.iter().filter(|own| !old.languages.contains(own)) {
        let what = format!("the language {language} is new");
        changes.push(change("form", what, Effect::Kept, "Answers stay as they are"));
    }
    if old.languages.first() != new.languages.first() {
        let what = format!(
            "its default language is {} now",
            new.languages.first().map_or("none", String::as_str)
        );
        changes.push(change(
            "form",
            what,
            Effect::CodebookChanged,
            "Exports show labels in that language",
        ));
    }
    if said(&old.instance_name) != said(&new.instance_name) {
        let what = format!(
            "what names an interview changed from {} to {}",
            said(&old.instance_name),
            said(&new.instance_name)
        );
        changes.push(change(
            "form",
            what,
            Effect::Recomputed,
            "Interviews get another name when they are shown",
        ));
    }
}

fn added(path: &str, item: &Item, changes: &mut Vec<Change>) {
    match item {
        Item::Question(question) => {
            let (effect, words) = match &question.required {
                Some(_) => (
                    Effect::Judged,
                    "Interviews that were made before have no answer to it, and count as incomplete when they are \
                     edited",
                ),
                None => (
                    Effect::Kept,
                    "Interviews that were made before have no answer to it",
                ),
            };
            changes.push(change(path, "new".into(), effect, words));
        }
        Item::Group(_) => changes.push(change(
            path,
            "a new group".into(),
            Effect::Kept,
            "Answers stay as they are",
        )),
        Item::Repeat(_) => changes.push(change(
            path,
            "a new repeat".into(),
            Effect::Kept,
            "Exports get another table; interviews that were made before have no rows in it",
        )),
    }
}

fn about_item(path: &str, old: &Item, new: &Item, changes: &mut Vec<Change>) {
    match (old, new) {
        (Item::Question(old), Item::Question(new)) => about_question(path, old, new, changes),
        (Item::Group(old), Item::Group(new)) => {
            texts(path, "heading", &old.label, &new.label, changes);
            relevance(path, &old.relevant, &new.relevant, changes);
            read_only(path, &old.read_only, &new.read_only, changes);
        }
        (Item::Repeat(old), Item::Repeat(new)) => {
            texts(path, "heading", &old.label, &new.label, changes);
            relevance(path, &old.relevant, &new.relevant, changes);
            read_only(path, &old.read_only, &new.read_only, changes);
            rule(
                path,
                ("number of rows", Effect::Hidden),
                (&old.count, &new.count),
                "Rows behind the new number are hidden with all that stands in them",
                changes,
            );
        }
        _ => {
            let sort = |item: &Item| match item {
                Item::Question(_) => "a question",
                Item::Group(_) => "a group",
                Item::Repeat(_) => "a repeat",
            };
            changes.push(change(
                path,
                format!("it was {} and is {} now", sort(old), sort(new)),
                Effect::Lost,
                "Answers at this place have none in the new version; they stay in the records",
            ));
        }
    }
}

fn about_question(path: &str, old: &Question, new: &Question, changes: &mut Vec<Change>) {
    if old.kind != new.kind {
        changes.push(change(
            path,
            format!("its type changed from {:?} to {:?}", old.kind, new.kind),
            Effect::TypeChanged,
            "Answers that are of the new type too stay; the others are set aside and have to be looked at one by one",
        ));
    } else if old.type_name != new.type_name && !old.type_name.is_empty() && !new.type_name.is_empty() {
        let what = format!("it is asked as {} instead of {}", new.type_name, old.type_name);
        changes.push(change(path, what, Effect::Kept, "Answers stay as they are"));
    }
    if old.role != new.role {
        let what = format!("it was {:?} and is {:?} now", old.role, new.role).to_lowercase();
        changes.push(change(
            path,
            what,
            Effect::Recomputed,
            "Answers given by hand, or computed, come about otherwise now",
        ));
    }
    texts(path, "label", &old.label, &new.label, changes);
    texts(path, "hint", &old.hint, &new.hint, changes);
    texts(path, "guidance", &old.guidance, &new.guidance, changes);
    texts(
        path,
        "constraint message",
        &old.constraint_message,
        &new.constraint_message,
        changes,
    );
    texts(
        path,
        "required message",
        &old.required_message,
        &new.required_message,
        changes,
    );
    relevance(path, &old.relevant, &new.relevant, changes);
    for (name, rules, words) in [
        (
            "constraint",
            (&old.constraint, &new.constraint),
            "Answers that break it are found when an interview is opened again",
        ),
        (
            "need for an answer",
            (&old.required, &new.required),
            "Interviews without an answer may no longer count as complete, or may now",
        ),
    ] {
        rule(path, (name, Effect::Judged), rules, words, changes);
    }
    rule(
        path,
        ("calculation", Effect::Recomputed),
        (&old.calculation, &new.calculation),
        "It is computed anew when an interview is opened again, and its column changes",
        changes,
    );
    rule(
        path,
        ("default", Effect::Kept),
        (&old.default, &new.default),
        "Answers stay; only new interviews begin otherwise",
        changes,
    );
    read_only(path, &old.read_only, &new.read_only, changes);
    if old.trigger != new.trigger {
        let what = format!(
            "its trigger changed from {} to {}",
            listed(&old.trigger),
            listed(&new.trigger)
        );
        changes.push(change(
            path,
            what,
            Effect::Kept,
            "Answers stay until what triggers it changes",
        ));
    }
    let list = |source: &Option<ChoiceSource>| source.as_ref().map(|source| source.list.clone());
    if list(&old.choices) != list(&new.choices) {
        let what = format!(
            "its choices come from {} instead of {}",
            source(&new.choices),
            source(&old.choices)
        );
        changes.push(change(
            path,
            what,
            Effect::CodebookChanged,
            "Answers that are no choice of the new list have to be chosen again",
        ));
    }
    let filter = |source: &Option<ChoiceSource>| source.as_ref().and_then(|source| source.filter.clone());
    rule(
        path,
        ("choice filter", Effect::Judged),
        (&filter(&old.choices), &filter(&new.choices)),
        "Answers that are no longer on offer have to be chosen again when an interview is edited",
        changes,
    );
    if old.appearance != new.appearance {
        let what = format!(
            "its appearance changed from {} to {}",
            listed(&old.appearance),
            listed(&new.appearance)
        );
        changes.push(change(path, what, Effect::Kept, "Answers stay as they are"));
    }
    if old.parameters != new.parameters {
        changes.push(change(
            path,
            "its parameters changed".into(),
            Effect::Judged,
            "Answers outside a new range are found when an interview is opened again",
        ));
    }
    if old.sensitivity != new.sensitivity {
        changes.push(change(
            path,
            "its sensitivity changed".into(),
            Effect::Kept,
            "Who sees it in exports changes, for old answers too",
        ));
    }
    if old.media != new.media {
        changes.push(change(
            path,
            "the files shown with it changed".into(),
            Effect::Kept,
            "Answers stay as they are",
        ));
    }
}

fn about_lists(old: &FormDef, new: &FormDef, changes: &mut Vec<Change>) {
    for (name, list) in &old.choice_lists {
        let at = format!("list {name}");
        let Some(now) = new.choice_lists.get(name) else {
            changes.push(change(
                &at,
                "gone".into(),
                Effect::CodebookChanged,
                "Its codes are explained only by the old version",
            ));
            continue;
        };
        let is_in =
            |name: &str, list: &crate::def::ChoiceList| list.choices.iter().any(|other| other.name == name);
        let gone: Vec<&str> = list
            .choices
            .iter()
            .map(|own| own.name.as_str())
            .filter(|name| !is_in(name, now))
            .collect();
        if !gone.is_empty() {
            changes.push(change(
                &at,
                format!("choices gone: {}", gone.join(", ")),
                Effect::CodebookChanged,
                "Answers with them stay and are no choice of the new version; they have to be chosen again when an \
                 interview is edited",
            ));
        }
        let fresh: Vec<&str> = now
            .choices
            .iter()
            .map(|own| own.name.as_str())
            .filter(|name| !is_in(name, list))
            .collect();
        if !fresh.is_empty() {
            changes.push(change(
                &at,
                format!("choices new: {}", fresh.join(", ")),
                Effect::CodebookChanged,
                "Answers stay; nobody could choose these before",
            ));
        }
        for choice in &list.choices {
            let Some(other) = now.choices.iter().find(|other| other.name == choice.name) else {
                continue;
            };
            let at = format!("list {name}, choice {}", choice.name);
            if choice.label != other.label {
                let what = format!(
                    "its label changed from {} to {}",
                    shown(&choice.label),
                    shown(&other.label)
                );
                changes.push(change(
                    &at,
                    what,
                    Effect::CodebookChanged,
                    "The code stays; answers are shown with the new label, so check that it means the same",
                ));
            }
            if choice.columns != other.columns {
                changes.push(change(
                    &at,
                    "its other columns changed".into(),
                    Effect::Judged,
                    "It may be on offer elsewhere than before",
                ));
            }
        }
    }
    for name in new
        .choice_lists
        .keys()
        .filter(|name| !old.choice_lists.contains_key(*name))
    {
        changes.push(change(
            &format!("list {name}"),
            "new".into(),
            Effect::Kept,
            "Answers stay as they are",
        ));
    }
}

fn about_files(old: &FormDef, new: &FormDef, changes: &mut Vec<Change>) {
    for file in &old.external {
        let at = format!("file {}", file.file_name);
        match new.external.iter().find(|other| other.file_name == file.file_name) {
            None => changes.push(change(&at, "not read any more".into(), Effect::CodebookChanged, "Its codes are explained only by the old version")),
            Some(other) if other.content_hash != file.content_hash => changes.push(change(
                &at,
                "its content changed".into(),
                Effect::CodebookChanged,
                "Answers with rows that are gone have to be chosen again; what is looked up in it is computed anew",
            )),
            Some(_) => {}
        }
    }
    for file in &new.external {
        if !old.external.iter().any(|other| other.file_name == file.file_name) {
            changes.push(change(
                &format!("file {}", file.file_name),
                "read now".into(),
                Effect::Kept,
                "It has to be attached to the new version",
            ));
        }
    }
}

fn about_settings(old: &FormDef, new: &FormDef, changes: &mut Vec<Change>) {
    let names = old.settings.keys().chain(
        new.settings
            .keys()
            .filter(|name| !old.settings.contains_key(*name)),
    );
    for name in names {
        let (was, is) = (old.settings.get(name), new.settings.get(name));
        if was != is && !["version", "form_title", "title", "form_id"].contains(&name.as_str()) {
            let value = |setting: Option<&String>| {
                setting.map_or("nothing".to_string(), |value| format!("“{value}”"))
            };
            let what = format!("changed from {} to {}", value(was), value(is));
            changes.push(change(
                &format!("setting {name}"),
                what,
                Effect::Kept,
                "Answers stay as they are",
            ));
        }
    }
    if old.entities != new.entities {
        changes.push(change(
            "form",
            "its entities changed".into(),
            Effect::Kept,
            "Answers stay; other things are created or updated from now on",
        ));
    }
}

fn texts(path: &str, name: &str, old: &Translated, new: &Translated, changes: &mut Vec<Change>) {
    let languages = old
        .0
        .keys()
        .chain(new.0.keys().filter(|language| !old.0.contains_key(language)));
    for language in languages {
        let (was, is) = (old.0.get(language), new.0.get(language));
        if was == is {
            continue;
        }
        let in_language = match language.as_str() {
            "default" => String::new(),
            language => format!(" in {language}"),
        };
        let quoted =
            |text: Option<&String>| text.map_or("nothing".to_string(), |text| format!("“{}”", short(text)));
        changes.push(change(
            path,
            format!(
                "its {name}{in_language} changed from {} to {}",
                quoted(was),
                quoted(is)
            ),
            Effect::CodebookChanged,
            "Answers stay; check that it still asks the same",
        ));
    }
}

fn relevance(path: &str, old: &Option<Expression>, new: &Option<Expression>, changes: &mut Vec<Change>) {
    rule(
        path,
        ("relevance", Effect::Hidden),
        (old, new),
        "Answers may become hidden and leave exports, or be missing where it is asked now",
        changes,
    );
}

fn read_only(path: &str, old: &Option<Expression>, new: &Option<Expression>, changes: &mut Vec<Change>) {
    rule(
        path,
        ("being read-only", Effect::Kept),
        (old, new),
        "Answers stay as they are",
        changes,
    );
}

fn rule(
    path: &str,
    (name, effect): (&str, Effect),
    (old, new): (&Option<Expression>, &Option<Expression>),
    words: &str,
    changes: &mut Vec<Change>,
) {
    if said(old) != said(new) {
        let what = format!("its {name} changed from {} to {}", said(old), said(new));
        changes.push(change(path, what, effect, words));
    }
}

fn change(at: &str, what: String, effect: Effect, words: &str) -> Change {
    Change {
        at: at.to_string(),
        what,
        effect,
        words: words.to_string(),
    }
}

fn items<'a>(all: &'a [Item], inside: &str, found: &mut Vec<(String, &'a Item)>) {
    for item in all {
        let path = format!("{inside}{}", item.name());
        found.push((path.clone(), item));
        match item {
            Item::Question(_) => {}
            Item::Group(group) => items(&group.items, &format!("{path}/"), found),
            Item::Repeat(repeat) => items(&repeat.items, &format!("{path}/"), found),
        }
    }
}

fn source(choices: &Option<ChoiceSource>) -> String {
    match choices.as_ref().map(|choices| &choices.list) {
        Some(ListRef::Internal(name)) => format!("the list {name}"),
        Some(ListRef::External(name)) => format!("the file {name}"),
        Some(ListRef::Answers(name)) => format!("the answers to {name}"),
        None => "nowhere".to_string(),
    }
}

fn said(expression: &Option<Expression>) -> String {
    match expression {
        None => "none".to_string(),
        Some(expression) => format!("`{}`", expression.source),
    }
}

fn listed(words: &[String]) -> String {
    match words {
        [] => "none".to_string(),
        words => words.join(" "),
    }
}

fn shown(text: &Translated) -> String {
    match text.0.values().next() {
        None => "nothing".to_string(),
        Some(_) => {
            let all: Vec<String> = text.0.values().map(|text| format!("“{}”", short(text))).collect();
            all.join(", ")
        }
    }
}

fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = line.chars().take(80).collect();
    if cut.len() == line.len() {
        line
    } else {
        format!("{cut}…")
    }
}

#[cfg(test)]
mod tests {
    use super::{Effect, differences};
    use crate::def::{Expression, FormDef, Item, Origin, Question, Role};
    use sampan_value::answer::Kind;

    fn form(questions: Vec<Question>) -> FormDef {
        FormDef {
            form_id: "f".into(),
            items: questions.into_iter().map(Item::Question).collect(),
            ..FormDef::default()
        }
    }

    #[test]
    fn each_change_says_what_it_does_to_answers() {
        let same = Question::new("same", Role::Ask, Kind::Text);
        let age = Question::new("age", Role::Ask, Kind::Text);
        let gone = Question::new("gone", Role::Ask, Kind::Text);
        let mut number = Question::new("age", Role::Ask, Kind::Integer);
        number.relevant = Some(Expression {
            source: "${same} = 'a'".into(),
            origin: Origin::default(),
        });
        let old = form(vec![same.clone(), age, gone]);
        let new = form(vec![same, number, Question::new("fresh", Role::Ask, Kind::Text)]);
        let found: Vec<(String, Effect)> = differences(&old, &new)
            .into_iter()
            .map(|change| (change.at, change.effect))
            .collect();
        assert_eq!(
            found,
            [
                ("gone".to_string(), Effect::Lost),
                ("age".to_string(), Effect::TypeChanged),
                ("age".to_string(), Effect::Hidden),
                ("fresh".to_string(), Effect::Kept),
            ]
        );
        assert!(differences(&old, &old).is_empty());
    }
}
