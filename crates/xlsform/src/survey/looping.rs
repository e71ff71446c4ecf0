//! The old loop: a group of questions that is asked once for each choice of a list.

use sampan_form::def::{Choice, ChoiceList, Expression, Group, Item, Translated};

/// How many questions, groups and repeats there are.
pub(super) fn n_items(items: &[Item]) -> usize {
    items
        .iter()
        .map(|item| match item {
            Item::Question(_) => 1,
            Item::Group(group) => 1 + n_items(&group.items),
            Item::Repeat(repeat) => 1 + n_items(&repeat.items),
        })
        .sum()
}

/// The group with a group inside for each choice, `%(label)s` and `%(name)s` filled in; a choice `none` has none.
pub(super) fn expand(group: Group, list: &ChoiceList) -> Group {
    let inner = group.items;
    let items = list
        .choices
        .iter()
        .filter(|choice| choice.name != "none")
        .map(|choice| {
            let mut items = inner.clone();
            items.iter_mut().for_each(|item| fill(item, choice));
            Item::Group(Group {
                label: choice.label.clone(),
                media: choice.media.clone(),
                items,
                origin: group.origin.clone(),
                ..Group::new(&choice.name)
            })
        })
        .collect();
    Group { items, ..group }
}

fn fill(item: &mut Item, choice: &Choice) {
    match item {
        Item::Question(question) => {
            for texts in [
                &mut question.label,
                &mut question.hint,
                &mut question.guidance,
                &mut question.required_message,
                &mut question.constraint_message,
                &mut question.soft_constraint_message,
            ] {
                translated(texts, choice);
            }
            question.name = text(&question.name, "", choice);
            for expression in [
                &mut question.required,
                &mut question.relevant,
                &mut question.constraint,
                &mut question.soft_constraint,
                &mut question.calculation,
                &mut question.default,
                &mut question.read_only,
            ] {
                expressed(expression, choice);
            }
        }
        Item::Group(group) => {
            translated(&mut group.label, choice);
            group.name = text(&group.name, "", choice);
            expressed(&mut group.relevant, choice);
            group.items.iter_mut().for_each(|item| fill(item, choice));
        }
        Item::Repeat(repeat) => {
            translated(&mut repeat.label, choice);
            repeat.name = text(&repeat.name, "", choice);
            expressed(&mut repeat.relevant, choice);
            repeat.items.iter_mut().for_each(|item| fill(item, choice));
        }
    }
}

fn translated(texts: &mut Translated, choice: &Choice) {
    for (language, own) in texts.0.iter_mut() {
        *own = text(own, language, choice);
    }
}

fn expressed(expression: &mut Option<Expression>, choice: &Choice) {
    if let Some(expression) = expression {
        expression.source = text(&expression.source, "", choice);
    }
}

fn text(text: &str, language: &str, choice: &Choice) -> String {
    if !text.contains("%(") {
        return text.to_string();
    }
    let label = choice.label.in_language(language, &[]).unwrap_or(&choice.name);
    text.replace("%(name)s", &choice.name).replace("%(label)s", label)
}
