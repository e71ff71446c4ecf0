//! The old loop: a group of questions that is asked once for each choice of a list.

use sampan_form::def::{Choice, ChoiceList, Expression, FormDef, Group, Item, Translated};
use sampan_form::package;

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

/// Most questions, groups and repeats that the loops of a form make.
pub const LOOPED: usize = 20_000;
/// Most bytes of text that the loops of a form make.
pub const LOOPED_BYTES: usize = 16 * 1024 * 1024;

/// What the loops of a form may still make.
#[derive(Debug)]
pub(super) struct Room {
    n_items: usize,
    n_bytes: usize,
}

impl Default for Room {
    fn default() -> Room {
        Room {
            n_items: LOOPED,
            n_bytes: LOOPED_BYTES,
        }
    }
}

impl Room {
    /// Takes what one more copy of some items needs; None when there is not enough.
    fn take(&mut self, n_items: usize, n_bytes: usize) -> Option<()> {
        self.n_items = self.n_items.checked_sub(n_items)?;
        self.n_bytes = self.n_bytes.checked_sub(n_bytes)?;
        Some(())
    }
}

/// The group with a group inside for each choice, `%(label)s` and `%(name)s` filled in; a choice `none` has none. None
/// when that makes more than there is room for.
pub(super) fn expand(mut group: Group, list: &ChoiceList, room: &mut Room) -> Option<Group> {
    let inner = FormDef {
        items: std::mem::take(&mut group.items),
        ..FormDef::default()
    };
    let n_items = n_items(&inner.items).saturating_add(1);
    // As it is kept: that counts everything that a copy copies.
    let n_bytes = package::to_bytes(&inner).len();
    for choice in list.choices.iter().filter(|choice| choice.name != "none") {
        room.take(n_items, n_bytes)?;
        let mut items = inner.items.clone();
        items.iter_mut().try_for_each(|item| fill(item, choice, room))?;
        group.items.push(Item::Group(Group {
            label: choice.label.clone(),
            media: choice.media.clone(),
            items,
            origin: group.origin.clone(),
            ..Group::new(&choice.name)
        }));
    }
    Some(group)
}

fn fill(item: &mut Item, choice: &Choice, room: &mut Room) -> Option<()> {
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
                translated(texts, choice, room)?;
            }
            text(&mut question.name, "", choice, room)?;
            for expression in [
                &mut question.required,
                &mut question.relevant,
                &mut question.constraint,
                &mut question.soft_constraint,
                &mut question.calculation,
                &mut question.default,
                &mut question.read_only,
            ] {
                expressed(expression, choice, room)?;
            }
            Some(())
        }
        Item::Group(group) => {
            translated(&mut group.label, choice, room)?;
            text(&mut group.name, "", choice, room)?;
            expressed(&mut group.relevant, choice, room)?;
            group
                .items
                .iter_mut()
                .try_for_each(|item| fill(item, choice, room))
        }
        Item::Repeat(repeat) => {
            translated(&mut repeat.label, choice, room)?;
            text(&mut repeat.name, "", choice, room)?;
            expressed(&mut repeat.relevant, choice, room)?;
            repeat
                .items
                .iter_mut()
                .try_for_each(|item| fill(item, choice, room))
        }
    }
}

fn translated(texts: &mut Translated, choice: &Choice, room: &mut Room) -> Option<()> {
    texts
        .0
        .iter_mut()
        .try_for_each(|(language, own)| text(own, language, choice, room))
}

fn expressed(expression: &mut Option<Expression>, choice: &Choice, room: &mut Room) -> Option<()> {
    match expression {
        Some(expression) => text(&mut expression.source, "", choice, room),
        None => Some(()),
    }
}

fn text(text: &mut String, language: &str, choice: &Choice, room: &mut Room) -> Option<()> {
    if !text.contains("%(") {
        return Some(());
    }
    let label = choice.label.in_language(language, &[]).unwrap_or(&choice.name);
    for (sign, meant) in [("%(name)s", choice.name.as_str()), ("%(label)s", label)] {
        // Before it is made, as a long label may stand there many times.
        room.take(0, text.matches(sign).count().saturating_mul(meant.len()))?;
        *text = text.replace(sign, meant);
    }
    Some(())
}
