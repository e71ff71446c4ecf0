//! A form on one page: every question with its choices and rules, as its author wrote them.

use sampan_form::def::{
    ChoiceSource, Expression, FormDef, Group, Item, ListRef, Question, Repeat, Role, Translated,
};
use sampan_form::external::Tables;
use sampan_value::answer::Kind;

use crate::shelf::ShelfForm;
use crate::views::{OptionView, PreviewGroupView, PreviewQuestionView, PreviewView};

/// Most choices shown for one question.
const CHOICES: usize = 12;

/// All questions by group, in order.
pub fn preview(form: &ShelfForm, language: Option<&str>) -> PreviewView {
    let compiled = form.form();
    let def = compiled.def();
    let language = language
        .and_then(|wanted| compiled.language(wanted))
        .map(str::to_string)
        .or_else(|| def.languages.first().cloned())
        .unwrap_or_default();
    let mut page = Page {
        def,
        tables: form.plan.tables(),
        language: &language,
        groups: vec![PreviewGroupView {
            depth: 1,
            heading: String::new(),
            kind: "group".into(),
            relevant: String::new(),
            questions: Vec::new(),
        }],
    };
    page.items(&def.items, 1);
    let mut groups = page.groups;
    groups.retain(|group| !group.questions.is_empty() || !group.heading.is_empty());
    PreviewView {
        title: def.title.clone(),
        form_id: def.form_id.clone(),
        version: form.version,
        languages: def.languages.clone(),
        groups,
        language,
    }
}

struct Page<'a> {
    def: &'a FormDef,
    tables: &'a Tables,
    language: &'a str,
    groups: Vec<PreviewGroupView>,
}

impl Page<'_> {
    fn items(&mut self, items: &[Item], depth: usize) {
        // Questions after a group belong to what is around it again: that goes on under the same heading.
        let heading = self.groups.last().cloned();
        let mut is_interrupted = false;
        for item in items {
            match item {
                Item::Question(question) => {
                    if is_interrupted && let Some(mut again) = heading.clone() {
                        again.questions.clear();
                        self.groups.push(again);
                        is_interrupted = false;
                    }
                    let view = self.question(question);
                    if let (Some(view), Some(group)) = (view, self.groups.last_mut()) {
                        group.questions.push(view);
                    }
                }
                Item::Group(Group {
                    name,
                    label,
                    relevant,
                    items,
                    ..
                }) => {
                    self.group(name, label, relevant.as_ref(), None, items, depth);
                    is_interrupted = true;
                }
                Item::Repeat(Repeat {
                    name,
                    label,
                    relevant,
                    count,
                    items,
                    ..
                }) => {
                    let count = count.as_ref().map(|count| count.source.as_str()).unwrap_or("");
                    self.group(name, label, relevant.as_ref(), Some(count), items, depth);
                    is_interrupted = true;
                }
            }
        }
    }

    fn group(
        &mut self,
        name: &str,
        label: &Translated,
        relevant: Option<&Expression>,
        repeat_count: Option<&str>,
        items: &[Item],
        depth: usize,
    ) {
        let label = self.text(label);
        let heading = if label.is_empty() { name.to_string() } else { label };
        let heading = match repeat_count {
            Some(count) if !count.is_empty() => format!("{heading} (repeated {count} times)"),
            Some(_) | None => heading,
        };
        self.groups.push(PreviewGroupView {
            depth,
            heading,
            kind: if repeat_count.is_some() { "repeat" } else { "group" }.into(),
            relevant: source(relevant),
            questions: Vec::new(),
        });
        self.items(items, depth + 1);
    }

    fn question(&self, question: &Question) -> Option<PreviewQuestionView> {
        match question.role {
            Role::Start | Role::End | Role::Today | Role::DeviceId | Role::Username => return None,
            Role::Ask | Role::Note | Role::Calculate => {}
        }
        let (choices, n_choices) = match &question.choices {
            Some(source) => self.choices(source, question),
            None => (Vec::new(), 0),
        };
        Some(PreviewQuestionView {
            name: question.name.clone(),
            label: self.text(&question.label),
            hint: self.text(&question.hint),
            kind: kind_words(question.role, question.kind).to_string(),
            choices,
            n_choices,
            relevant: source(question.relevant.as_ref()),
            required: question.required.is_some(),
            constraint: source(question.constraint.as_ref()),
            calculation: source(question.calculation.as_ref()),
        })
    }

    fn choices(&self, source: &ChoiceSource, question: &Question) -> (Vec<OptionView>, usize) {
        let option = |value: &str, label: String| OptionView {
            value: value.to_string(),
            label: if label.is_empty() {
                value.to_string()
            } else {
                label
            },
            n_records: 0,
        };
        match &source.list {
            ListRef::Internal(list) => {
                let Some(list) = self.def.choice_lists.get(list) else {
                    return (Vec::new(), 0);
                };
                let first = list.choices.iter().take(CHOICES);
                (
                    first
                        .map(|choice| option(&choice.name, self.text(&choice.label)))
                        .collect(),
                    list.choices.len(),
                )
            }
            ListRef::Answers(_) => (Vec::new(), 0),
            ListRef::External(id) => {
                let Some(table) = self.tables.get(id) else {
                    return (Vec::new(), 0);
                };
                let column = |parameter: &str, usual: &str| {
                    question
                        .parameters
                        .get(parameter)
                        .cloned()
                        .unwrap_or_else(|| usual.to_string())
                };
                let (value, label) = (column("value", "name"), column("label", "label"));
                let first = (0..table.len()).take(CHOICES);
                (
                    first
                        .filter_map(|row| {
                            let label = table.get(row, &label).unwrap_or_default().to_string();
                            Some(option(table.get(row, &value)?, label))
                        })
                        .collect(),
                    table.len(),
                )
            }
        }
    }

    fn text(&self, text: &Translated) -> String {
        text.0
            .get(self.language)
            .or_else(|| self.def.languages.first().and_then(|first| text.0.get(first)))
            .or_else(|| text.0.values().next())
            .cloned()
            .unwrap_or_default()
    }
}

fn source(expression: Option<&Expression>) -> String {
    expression
        .map(|expression| expression.source.clone())
        .unwrap_or_default()
}

fn kind_words(role: Role, kind: Kind) -> &'static str {
    match role {
        Role::Note => return "a note, no answer",
        Role::Calculate => return "computed",
        Role::Ask | Role::Start | Role::End | Role::Today | Role::DeviceId | Role::Username => {}
    }
    match kind {
        Kind::Text => "text",
        Kind::Integer => "whole number",
        Kind::Decimal => "number",
        Kind::Date => "date",
        Kind::Time => "time",
        Kind::DateTime => "date and time",
        Kind::Geopoint => "position",
        Kind::Geotrace => "line on the map",
        Kind::Geoshape => "area on the map",
        Kind::Choice => "one choice",
        Kind::Choices => "several choices",
        Kind::Media => "photo, sound or file",
        Kind::Acknowledge => "to be confirmed",
    }
}
