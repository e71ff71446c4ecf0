//! Questions: their type from control, bind and preload, and everything they say.

use sampan_value::answer::Kind;

use crate::def::{ChoiceSource, Event, Expression, ListRef, Origin, Question, Role, Sensitivity, Translated};
use crate::problem::Problem;
use crate::xform::read::Source;
use crate::xform::read::events::events;
use crate::xform::read::lists::{instance_id, offer};
use crate::xform::read::xml::Node;
use crate::xform::tree::typed;
use crate::xform::{BLANK_CHOICES, is_dynamic};

impl Source<'_> {
    /// The question of a place.
    pub(super) fn question(&mut self, place: usize) -> Question {
        let (name, node) = match self.data.get(place) {
            Some(own) => (own.name, own.node),
            None => ("", self.body.none),
        };
        let control = self.body.controls.get(&place).copied();
        let bind = self.binds.get(&place).cloned();
        let bind = bind.as_deref();
        let (type_name, role, kind) = self.kind(place, control, bind);
        let mut question = Question::new(name, role, kind);
        question.type_name = type_name.to_string();
        question.origin = node.origin();
        for (attribute, own) in [
            ("relevant", &mut question.relevant),
            ("required", &mut question.required),
            ("constraint", &mut question.constraint),
            ("sampan:softConstraint", &mut question.soft_constraint),
            ("calculate", &mut question.calculation),
            ("readonly", &mut question.read_only),
        ] {
            *own = self.bound(place, attribute);
        }
        if type_name == "note" {
            question.read_only = None;
        }
        if let Some(control) = control {
            self.control(&mut question, place, control);
            let unknown = control.elements().filter(|node| !is_known_part(&node.name));
            if let Some(kept) = self.kept(Some(place), unknown) {
                question.extra.insert("xml".into(), kept);
            }
        }
        if let Some(bind) = bind {
            self.bind(&mut question, place, bind);
        }
        for (name, value) in &node.attributes {
            if name != "jr:template" {
                question.extra.insert(format!("instance::{name}"), value.clone());
            }
        }
        self.first_value(&mut question, place, node);
        if let Some(preload @ "uid") = bind.and_then(|bind| bind.get("jr:preload")) {
            question.extra.insert("bind::jr:preload".into(), preload.into());
            question.default = Some(Expression {
                source: "concat('uuid:', uuid())".into(),
                origin: node.origin(),
            });
        }
        let is_computed = question.calculation.is_some() || !question.trigger.is_empty();
        if control.is_some() && is_computed && question.label.is_empty() && question.hint.is_empty() {
            question.extra.insert("shown".into(), "yes".into());
        }
        question
    }

    fn kind(&self, place: usize, control: Option<&Node>, bind: Option<&Node>) -> (&'static str, Role, Kind) {
        let bound = |name: &str| bind.and_then(|bind| bind.get(name));
        let written = bound("type").unwrap_or("string");
        let written = written.rsplit_once(':').map_or(written, |(_, local)| local);
        let acts = |tag: &str| {
            self.body
                .actions
                .get(&place)
                .is_some_and(|actions| actions.iter().any(|(_, action)| action.name == tag))
        };
        let happens = |event: Event| {
            let actions = self.body.actions.get(&place);
            actions.is_some_and(|actions| {
                actions
                    .iter()
                    .any(|(_, action)| events(action).0.contains(&event))
            })
        };
        let is_triggered = self
            .body
            .actions
            .get(&place)
            .is_some_and(|actions| actions.iter().any(|(inside, _)| inside.is_some()));
        match (bound("jr:preload"), bound("jr:preloadParams")) {
            (Some("timestamp"), Some("end")) => return ("end", Role::End, Kind::DateTime),
            (Some("timestamp"), _) => return ("start", Role::Start, Kind::DateTime),
            (Some("date"), _) => return ("today", Role::Today, Kind::Date),
            (Some("property"), Some(property)) => {
                for (name, role) in [
                    ("deviceid", Role::DeviceId),
                    ("uri:deviceid", Role::DeviceId),
                    ("username", Role::Username),
                    ("uri:username", Role::Username),
                    ("email", Role::Calculate),
                    ("uri:email", Role::Calculate),
                    ("phonenumber", Role::Calculate),
                    ("uri:phonenumber", Role::Calculate),
                    ("subscriberid", Role::Calculate),
                    ("uri:subscriberid", Role::Calculate),
                    ("simserial", Role::Calculate),
                    ("uri:simserial", Role::Calculate),
                ] {
                    if name == property {
                        return (name, role, Kind::Text);
                    }
                }
            }
            _ => {}
        }
        let (name, kind) = match written {
            "int" | "integer" => ("integer", Kind::Integer),
            "decimal" => ("decimal", Kind::Decimal),
            "date" => ("date", Kind::Date),
            "time" => ("time", Kind::Time),
            "dateTime" => ("datetime", Kind::DateTime),
            "geopoint" => ("geopoint", Kind::Geopoint),
            "geotrace" => ("geotrace", Kind::Geotrace),
            "geoshape" => ("geoshape", Kind::Geoshape),
            "barcode" => ("barcode", Kind::Text),
            "binary" => ("file", Kind::Media),
            _ => ("text", Kind::Text),
        };
        let Some(control) = control else {
            return match written {
                "geopoint" if acts("odk:setgeopoint") && is_triggered => {
                    ("background_geopoint", Role::Calculate, kind)
                }
                "geopoint" if acts("odk:setgeopoint") && happens(Event::FirstLoad) => {
                    ("start_geopoint", Role::Calculate, kind)
                }
                _ if acts("odk:recordaudio") && happens(Event::Load) => {
                    ("background_audio", Role::Calculate, Kind::Media)
                }
                _ if bound("calculate").is_none() && !is_triggered => ("hidden", Role::Calculate, kind),
                _ => ("calculate", Role::Calculate, kind),
            };
        };
        match control.name.as_str() {
            "select1" => match self.is_file(control) {
                true => ("select_one_from_file", Role::Ask, Kind::Choice),
                false => ("select_one", Role::Ask, Kind::Choice),
            },
            "select" => match self.is_file(control) {
                true => ("select_multiple_from_file", Role::Ask, Kind::Choices),
                false => ("select_multiple", Role::Ask, Kind::Choices),
            },
            "odk:rank" | "rank" => ("rank", Role::Ask, Kind::Choices),
            "trigger" if bind.is_some_and(|bind| bind.get("type").is_none()) => {
                ("trigger", Role::Ask, Kind::Acknowledge)
            }
            "trigger" => ("acknowledge", Role::Ask, Kind::Acknowledge),
            "range" if kind == Kind::Integer => ("range", Role::Ask, Kind::Integer),
            "range" => ("range", Role::Ask, Kind::Decimal),
            "upload" => {
                let name = match control.get("mediatype").and_then(|kind| kind.split('/').next()) {
                    Some("image") => "image",
                    Some("audio") => "audio",
                    Some("video") => "video",
                    Some("osm") => "osm",
                    _ => "file",
                };
                (name, Role::Ask, Kind::Media)
            }
            _ if control.get("query").is_some() => ("select_one_external", Role::Ask, Kind::Choice),
            _ if bound("readonly").is_some_and(|value| value.trim() == "true()")
                && bound("calculate").is_none()
                && name == "text"
                && !self.body.actions.contains_key(&place)
                && self
                    .data
                    .get(place)
                    .is_some_and(|place| place.node.text().trim().is_empty()) =>
            {
                ("note", Role::Note, Kind::Text)
            }
            _ => (name, Role::Ask, kind),
        }
    }

    fn is_file(&self, control: &Node) -> bool {
        control
            .child("itemset")
            .and_then(|itemset| itemset.get("nodeset"))
            .and_then(|nodeset| instance_id(offer(nodeset).nodeset))
            .is_some_and(|id| !self.lists.has(id))
    }

    fn control(&mut self, question: &mut Question, place: usize, control: &Node) {
        for (tag, column) in [("label", "survey.label"), ("hint", "survey.hint")] {
            let Some(text) = control.child(tag) else { continue };
            let (mut forms, is_plain) = self.texts.of(text, &self.data, Some(place), &mut self.warnings);
            if is_plain && !forms.is_empty() {
                self.untranslated(column);
            }
            let long = forms.remove("long").unwrap_or_default();
            match tag {
                "label" => {
                    question.label = long;
                    question.media = forms;
                }
                _ => {
                    question.hint = long;
                    question.guidance = forms.remove("guidance").unwrap_or_default();
                }
            }
        }
        self.choices(question, place, control);
        if control.name == "upload" {
            let mediatype = control.get("mediatype").unwrap_or_default();
            let usual = match question.type_name.as_str() {
                "file" => "application/*".to_string(),
                kind => format!("{kind}/*"),
            };
            if mediatype != usual {
                question
                    .extra
                    .insert("control::mediatype".into(), mediatype.into());
            }
        }
        for (name, value) in &control.attributes {
            let parameter = match (question.type_name.as_str(), name.as_str()) {
                (_, "ref" | "query" | "mediatype" | "nodeset") => continue,
                (_, "appearance") => {
                    question.appearance = words(value);
                    continue;
                }
                ("text", "rows") => "rows",
                ("image", "intent") => "app",
                ("geopoint", "accuracyThreshold") => "capture-accuracy",
                ("geopoint", "unacceptableAccuracyThreshold") => "warning-accuracy",
                ("geotrace" | "geoshape", "incremental") => "incremental",
                ("range", "start") if value == "1" => continue,
                ("range", "end") if value == "10" => continue,
                ("range", "step") if value == "1" => continue,
                ("range", "start" | "end" | "step") => name,
                ("range", "odk:tick-interval") => "tick_interval",
                ("range", "odk:placeholder") => "placeholder",
                _ => {
                    question.extra.insert(format!("control::{name}"), value.clone());
                    continue;
                }
            };
            question.parameters.insert(parameter.to_string(), value.clone());
        }
    }

    fn choices(&mut self, question: &mut Question, place: usize, control: &Node) {
        let origin = control.origin();
        if let Some(query) = control.get("query") {
            let offer = offer(query);
            let list = instance_id(offer.nodeset).unwrap_or_default();
            let of_list = format!("list_name = {}", quoted(list));
            let filter = match offer.filter.map(|filter| self.filter(filter, place, control)) {
                Some(filter) => Expression {
                    source: format!("{of_list} and ({})", filter.source),
                    ..filter
                },
                None => self.filter(&of_list, place, control),
            };
            self.lists.reads_itemsets = true;
            question.choices = Some(ChoiceSource {
                list: ListRef::External("itemsets".into()),
                filter: Some(filter),
                origin,
            });
            return;
        }
        let is_select = matches!(control.name.as_str(), "select1" | "select" | "odk:rank" | "rank");
        let Some(itemset) = control.child("itemset") else {
            if is_select {
                let list = self.inline_list(control, &question.name);
                if list.is_none() {
                    self.warnings.push(Problem::warning(
                        &origin,
                        &question.name,
                        "the question has no choices",
                        "Give it items, or an itemset",
                    ));
                }
                let list = list.unwrap_or_else(|| {
                    self.lists.inline.entry(question.name.clone()).or_default();
                    question.name.clone()
                });
                question.extra.insert("items".into(), "inline".into());
                question.choices = Some(ChoiceSource {
                    list: ListRef::Internal(list),
                    filter: None,
                    origin,
                });
            }
            return;
        };
        let nodeset = itemset.get("nodeset").unwrap_or_default();
        let offer = offer(nodeset);
        let part = |name: &str| {
            itemset
                .child(name)
                .and_then(|part| part.get("ref"))
                .map(str::trim)
        };
        let list = match instance_id(offer.nodeset) {
            Some(id) if self.lists.has(id) => {
                for (name, usual) in [("value", "name"), ("label", "label")] {
                    if let Some(column) =
                        part(name).filter(|column| *column != usual && self.lists.has_column(id, column))
                    {
                        question.parameters.insert(name.into(), column.to_string());
                    }
                }
                ListRef::Internal(id.to_string())
            }
            Some(id) => {
                for (name, usual, other) in [("value", "name", "id"), ("label", "label", "title")] {
                    if let Some(column) = part(name).filter(|column| *column != usual && *column != other) {
                        question.parameters.insert(name.to_string(), column.to_string());
                    }
                }
                ListRef::External(id.to_string())
            }
            None => {
                let leaf = part("value").unwrap_or_default();
                if let Some(label) =
                    part("label").filter(|label| *label != leaf && !label.contains(['/', '(']))
                {
                    question.parameters.insert("label".into(), label.to_string());
                }
                ListRef::Answers(leaf.to_string())
            }
        };
        if !is_select {
            let (key, name) = match (&list, question.type_name.as_str()) {
                (ListRef::Internal(name) | ListRef::External(name), "range") => {
                    ("tick_labelset", name.clone())
                }
                (ListRef::Internal(name) | ListRef::External(name), _) => {
                    ("reference-geometry", name.clone())
                }
                (ListRef::Answers(name), _) => ("reference-geometry", format!("${{{name}}}")),
            };
            question.parameters.insert(key.to_string(), name);
            return;
        }
        let is_usual = match &list {
            ListRef::Answers(leaf) => offer
                .filter
                .is_some_and(|filter| filter.trim() == format!("./{leaf} != ''")),
            ListRef::Internal(_) | ListRef::External(_) => false,
        };
        // Converters leave blank answers out; a form that does not says so.
        if offer.filter.is_none() && matches!(list, ListRef::Answers(_)) {
            question.extra.insert(BLANK_CHOICES.into(), "offered".into());
        }
        let filter = offer
            .filter
            .filter(|_| !is_usual)
            .map(|filter| self.filter(filter, place, control));
        if let Some(seed) = offer.randomize {
            question.parameters.insert("randomize".into(), "true".into());
            if let Some(seed) = seed {
                let seed = self.data.named(seed, Some(place), false).trim().to_string();
                question.parameters.insert("seed".into(), seed);
            }
        }
        question.choices = Some(ChoiceSource { list, filter, origin });
    }

    fn filter(&self, filter: &str, place: usize, control: &Node) -> Expression {
        Expression {
            source: self.data.named(filter, Some(place), true).trim().to_string(),
            origin: Origin {
                column: Some("itemset".into()),
                ..control.origin()
            },
        }
    }

    fn bind(&mut self, question: &mut Question, place: usize, bind: &Node) {
        for (name, value) in &bind.attributes {
            let message = match name.as_str() {
                "nodeset"
                | "ref"
                | "relevant"
                | "required"
                | "constraint"
                | "calculate"
                | "readonly"
                | "sampan:softConstraint" => {
                    continue;
                }
                "jr:preload" | "jr:preloadParams" => {
                    if !is_preloaded(&question.type_name) {
                        question.extra.insert(format!("bind::{name}"), value.clone());
                    }
                    continue;
                }
                "type" => {
                    let local = value.rsplit_once(':').map_or(value.as_str(), |(_, local)| local);
                    let is_usual = match question.type_name.as_str() {
                        "calculate" | "hidden" => value == "string",
                        "text" => local == "string",
                        "range" => matches!(local, "int" | "integer" | "decimal"),
                        // What has a type of its own is known by it; any other is kept.
                        own => typed(own).get("type").is_some_and(|usual| {
                            let usual = usual.rsplit_once(':').map_or(usual.as_str(), |(_, local)| local);
                            local == usual || (local == "integer" && usual == "int")
                        }),
                    };
                    if !is_usual {
                        question.extra.insert("bind::type".into(), value.clone());
                    }
                    continue;
                }
                "entities:saveto" => {
                    question.save_to = Some(value.clone());
                    continue;
                }
                "jr:constraintMsg" => &mut question.constraint_message,
                "sampan:softConstraintMsg" => &mut question.soft_constraint_message,
                "jr:requiredMsg" => &mut question.required_message,
                "jr:noAppErrorString" => &mut question.no_app_message,
                other => {
                    let parameter = match (question.type_name.as_str(), other) {
                        ("image", "orx:max-pixels") => Some("max-pixels"),
                        ("audio", "odk:quality") => Some("quality"),
                        ("geopoint" | "geotrace" | "geoshape", "odk:allow-mock-accuracy") => {
                            Some("allow-mock-accuracy")
                        }
                        _ => None,
                    };
                    let value = self.data.named(value, Some(place), false).trim().to_string();
                    if other.ends_with(":pii") {
                        question.sensitivity = match value.to_lowercase().as_str() {
                            "direct" => Some(Sensitivity::Direct),
                            "indirect" => Some(Sensitivity::Indirect),
                            "sensitive" => Some(Sensitivity::Sensitive),
                            _ => None,
                        };
                    }
                    match parameter {
                        Some(parameter) => question.parameters.insert(parameter.to_string(), value),
                        None => question.extra.insert(format!("bind::{other}"), value),
                    };
                    continue;
                }
            };
            *message = match super::texts::id(value) {
                Some(id) => self
                    .texts
                    .by_id(id, &self.data, Some(place), &mut self.warnings)
                    .remove("long")
                    .unwrap_or_default(),
                None => {
                    let text = self.data.named(value, Some(place), false);
                    self.texts.plain(text.trim()).remove("long").unwrap_or_default()
                }
            };
            if super::texts::id(value).is_none() && *message != Translated::default() {
                let column = match name.as_str() {
                    "jr:constraintMsg" => "survey.constraint_message",
                    "jr:requiredMsg" => "survey.required_message",
                    "sampan:softConstraintMsg" => "survey.soft_constraint_message",
                    _ => "survey.no_app_error_string",
                };
                self.untranslated(column);
            }
        }
    }

    /// What a question holds at first, and what sets it.
    fn first_value(&mut self, question: &mut Question, place: usize, node: &Node) {
        let text = node.text();
        let text = text.trim();
        let default = |source: String, origin: &Origin| {
            (!source.is_empty()).then(|| Expression {
                source,
                origin: origin.clone(),
            })
        };
        let literal = match question.type_name.as_str() {
            "image" => text.strip_prefix("jr://images/").unwrap_or(text),
            _ => text,
        };
        let literal = match is_dynamic(literal, &question.type_name) {
            true => format!("string({})", quoted(literal)),
            false => literal.to_string(),
        };
        question.default = default(literal, &node.origin());
        self.happenings(question, place);
    }

    pub(super) fn value(&self, action: &Node, context: Option<usize>) -> String {
        match action.get("value") {
            Some(value) => self.data.named(value, context, false).trim().to_string(),
            None => match action.text().trim() {
                "" => String::new(),
                text => quoted(text),
            },
        }
    }
}

/// Whether a part of a control is read; all others are kept as they are.
fn is_known_part(name: &str) -> bool {
    matches!(
        name,
        "label" | "hint" | "item" | "itemset" | "tag" | "setvalue" | "odk:setgeopoint" | "odk:recordaudio"
    )
}

fn quoted(text: &str) -> String {
    match text.contains('\'') {
        true => format!("\"{}\"", text.replace('"', "'")),
        false => format!("'{text}'"),
    }
}

/// The words of an appearance; what stands in brackets stays one word.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut depth = 0_usize;
    for letter in text.trim().chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if letter.is_whitespace() && depth == 0 {
            words.push(String::new());
        } else if let Some(word) = words.last_mut() {
            word.push(letter);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a type says what a document is filled with at first.
fn is_preloaded(type_name: &str) -> bool {
    let plain = type_name.strip_prefix("uri:").unwrap_or(type_name);
    [
        "start",
        "end",
        "today",
        "deviceid",
        "username",
        "email",
        "phonenumber",
        "subscriberid",
        "simserial",
    ]
    .contains(&plain)
}
