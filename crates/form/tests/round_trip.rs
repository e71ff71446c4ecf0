//! Any form comes back from its XForm as it was.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::collections::BTreeMap;

use proptest::prelude::{ProptestConfig, any, prop, proptest};
use sampan_form::def::{
    Choice, ChoiceList, ChoiceSource, Expression, FormDef, Group, Item, ListRef, Origin, Question, Repeat,
    Role, Translated,
};
use sampan_form::entries::Entries;
use sampan_form::xform;
use sampan_value::answer::Kind;
use serde_json::Value;

/// Types as sheets name them.
const TYPES: &[(&str, Role, Kind)] = &[
    ("text", Role::Ask, Kind::Text),
    ("integer", Role::Ask, Kind::Integer),
    ("decimal", Role::Ask, Kind::Decimal),
    ("date", Role::Ask, Kind::Date),
    ("time", Role::Ask, Kind::Time),
    ("datetime", Role::Ask, Kind::DateTime),
    ("geopoint", Role::Ask, Kind::Geopoint),
    ("geotrace", Role::Ask, Kind::Geotrace),
    ("geoshape", Role::Ask, Kind::Geoshape),
    ("barcode", Role::Ask, Kind::Text),
    ("image", Role::Ask, Kind::Media),
    ("audio", Role::Ask, Kind::Media),
    ("video", Role::Ask, Kind::Media),
    ("file", Role::Ask, Kind::Media),
    ("acknowledge", Role::Ask, Kind::Acknowledge),
    ("select_one", Role::Ask, Kind::Choice),
    ("select_multiple", Role::Ask, Kind::Choices),
    ("rank", Role::Ask, Kind::Choices),
    ("note", Role::Note, Kind::Text),
    ("calculate", Role::Calculate, Kind::Text),
    ("hidden", Role::Calculate, Kind::Text),
    ("start", Role::Start, Kind::DateTime),
    ("end", Role::End, Kind::DateTime),
    ("today", Role::Today, Kind::Date),
    ("deviceid", Role::DeviceId, Kind::Text),
    ("username", Role::Username, Kind::Text),
];

const TEXTS: &[&str] = &[
    "How old?",
    "a < b & \"c\" > 'd'",
    "អាយុប៉ុន្មាន?",
    "two\nlines",
    "**bold** #1",
    "{braces} $5",
];

/// Makes a form from numbers; each number is one decision.
struct Draw {
    numbers: std::vec::IntoIter<u32>,
    languages: Vec<String>,
    /// Names that expressions may read, and where they stand does not matter.
    names: Vec<String>,
    n_items: usize,
}

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.numbers.next().unwrap_or(0) as usize % end
    }

    /// One of four times.
    fn rarely(&mut self) -> bool {
        self.below(4) == 1
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn name(&mut self, prefix: &str) -> String {
        self.n_items += 1;
        format!("{prefix}{}", self.n_items)
    }

    fn text(&mut self) -> Translated {
        let mut texts = Entries::new();
        for language in self.languages.clone() {
            let text = match self.names.is_empty() || !self.rarely() {
                true => self.one(TEXTS).to_string(),
                false => format!("Hello {}, how are you?", self.reference()),
            };
            texts.insert(language, text);
        }
        Translated(texts)
    }

    fn reference(&mut self) -> String {
        let place = self.below(self.names.len());
        format!("${{{}}}", self.names[place])
    }

    fn expression(&mut self) -> Expression {
        let source = match self.names.is_empty() {
            true => "1 + 1 = 2".to_string(),
            false => {
                let (one, other) = (self.reference(), self.reference());
                match self.below(6) {
                    0 => format!("{one} > 1"),
                    1 => format!("{one} = 'a' and not({other} < 3)"),
                    2 => format!("selected({one}, 'b')"),
                    3 => format!("if({one} != '', {other}, concat('x', ' ', {other}))"),
                    4 => format!("{one}*2 - {other} div 3"),
                    _ => format!("count-selected({one}) >= 1 or {other} = ''"),
                }
            }
        };
        expression(&source)
    }

    fn maybe(&mut self) -> Option<Expression> {
        self.rarely().then(|| self.expression())
    }

    fn question(&mut self) -> Question {
        let (type_name, role, kind) = TYPES[self.below(TYPES.len())];
        let mut question = Question::new(&self.name("q"), role, kind);
        question.type_name = type_name.into();
        question.relevant = self.maybe();
        match role {
            Role::Ask => {
                question.label = self.text();
                if self.rarely() {
                    question.hint = self.text();
                }
                if self.rarely() {
                    question.required = Some(expression("true()"));
                    question.required_message = self.text();
                }
                if self.rarely() {
                    question.constraint = Some(expression(". != '' and string-length(.) < 9"));
                    question.constraint_message = self.text();
                }
                if self.rarely() {
                    question.appearance = vec!["minimal".into(), "w2".into()];
                }
                if self.rarely() {
                    question.extra.insert("bind::odk:length".into(), "7".into());
                }
                if ["text", "integer"].contains(&type_name) {
                    match self.below(5) {
                        1 => question.default = Some(expression("5")),
                        2 => question.default = Some(expression("concat('a', 'b')")),
                        3 => question.calculation = Some(self.expression()),
                        4 if !self.names.is_empty() => {
                            question.calculation = Some(expression("now()"));
                            let reference = self.reference();
                            let name = reference.trim_matches(['$', '{', '}']);
                            question.trigger = vec![name.to_string()];
                        }
                        _ => {}
                    }
                    if question.calculation.is_some() && question.trigger.is_empty() && self.rarely() {
                        question.label = Translated::default();
                        question.hint = Translated::default();
                        question.extra.insert("shown".into(), "yes".into());
                    }
                }
            }
            Role::Note => question.label = self.text(),
            Role::Calculate if type_name == "calculate" => question.calculation = Some(self.expression()),
            Role::Calculate | Role::Start | Role::End | Role::Today | Role::DeviceId | Role::Username => {}
        }
        if matches!(type_name, "select_one" | "select_multiple" | "rank") {
            let filter = self.rarely().then(|| expression("kind = 'x' and name != 'a'"));
            question.choices = Some(ChoiceSource {
                list: ListRef::Internal(["colours", "sizes"][self.below(2)].into()),
                filter,
                origin: Origin::default(),
            });
            if self.rarely() {
                question.parameters.insert("randomize".into(), "true".into());
            }
        }
        if role == Role::Ask && question.trigger.is_empty() {
            self.names.push(question.name.clone());
        }
        question
    }

    fn items(&mut self, depth: usize) -> Vec<Item> {
        let n = 1 + self.below(5);
        let mut items = Vec::new();
        for _ in 0..n {
            match self.below(8) {
                1 if depth < 3 => {
                    let mut group = Group::new(&self.name("g"));
                    group.relevant = self.maybe();
                    match self.below(3) {
                        1 => group.label = self.text(),
                        2 => {
                            group.extra.insert("shown".into(), "no".into());
                        }
                        _ => {}
                    }
                    if !group.extra.contains_key("shown") && self.rarely() {
                        group.appearance = vec!["field-list".into()];
                    }
                    group.items = self.items(depth + 1);
                    items.push(Item::Group(group));
                }
                2 if depth < 3 => {
                    let mut repeat = Repeat::new(&self.name("r"));
                    repeat.label = self.text();
                    repeat.relevant = self.maybe();
                    match self.below(4) {
                        1 if !self.names.is_empty() => repeat.count = Some(expression(&self.reference())),
                        2 => repeat.count = Some(expression("1 + 2")),
                        3 => {
                            repeat.count = Some(expression("3"));
                            repeat.extra.insert("count".into(), "inline".into());
                        }
                        _ => {}
                    }
                    let n_names = self.names.len();
                    repeat.items = self.items(depth + 1);
                    // What stands in a row means several answers elsewhere.
                    self.names.truncate(n_names);
                    items.push(Item::Repeat(repeat));
                }
                _ => items.push(Item::Question(self.question())),
            }
        }
        items
    }

    fn list(&mut self) -> ChoiceList {
        let choices = ["a", "b", "c"].iter().map(|name| Choice {
            name: (*name).to_string(),
            label: self.text(),
            columns: [("kind".to_string(), "x".to_string())].into(),
            media: BTreeMap::new(),
            origin: Origin::default(),
        });
        ChoiceList {
            choices: choices.collect(),
        }
    }
}

fn expression(source: &str) -> Expression {
    Expression {
        source: source.to_string(),
        origin: Origin::default(),
    }
}

fn form(numbers: Vec<u32>) -> FormDef {
    let mut draw = Draw {
        numbers: numbers.into_iter(),
        languages: vec!["default".into()],
        names: Vec::new(),
        n_items: 0,
    };
    let mut form = FormDef {
        form_id: "made".into(),
        title: "Made & found".into(),
        version: "7".into(),
        ..FormDef::default()
    };
    if draw.below(2) == 1 {
        draw.languages = vec!["English (en)".into(), "ខ្មែរ (km)".into()];
        form.settings
            .insert("default_language".into(), "English (en)".into());
    }
    if draw.rarely() {
        form.root = "answers".into();
    }
    if draw.rarely() {
        form.settings
            .insert("submission_url".into(), "https://example.org/?a=1&b=2".into());
        form.settings
            .insert("submission::method".into(), "form-data-post".into());
    }
    if draw.rarely() {
        form.settings.insert("style".into(), "pages".into());
    }
    form.choice_lists = [
        ("colours".to_string(), draw.list()),
        ("sizes".to_string(), draw.list()),
    ]
    .into();
    form.items = draw.items(0);
    if draw.rarely() && !draw.names.is_empty() {
        form.instance_name = Some(draw.expression());
    }
    form.languages = draw.languages;
    form
}

/// A form without the places that it was written in.
fn content(form: &FormDef) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.remove("origin");
                fields.values_mut().for_each(strip);
            }
            Value::Array(values) => values.iter_mut().for_each(strip),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut value = serde_json::to_value(form).unwrap();
    strip(&mut value);
    value
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_form_comes_back_from_its_xform(numbers in prop::collection::vec(any::<u32>(), 0..400)) {
        let form = form(numbers);
        let written = xform::write(&form);
        let again = xform::read::read(&written).unwrap_or_else(|problems| panic!("{problems:?}\n{written}"));
        let (before, after) = (content(&form), content(&again.form));
        for (key, value) in before.as_object().unwrap() {
            assert_eq!(value, &after[key], "{key}\n{written}");
        }
        assert_eq!(&before, &after, "{written}");
        assert_eq!(xform::write(&again.form), written);
    }
}
