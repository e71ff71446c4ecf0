//! What is done to questions at events: values set, positions taken, sound recorded.

use std::collections::BTreeSet;

use crate::def::{Action, Does, Event, Expression, Question};
use crate::problem::Problem;
use crate::xform::is_dynamic;
use crate::xform::read::Source;
use crate::xform::read::xml::Node;
use crate::xform::references;

impl Source<'_> {
    /// What is done to a question at events: as default or triggered calculation where that says all, else by itself.
    pub(super) fn happenings(&mut self, question: &mut Question, place: usize) {
        let mut at_start: Vec<Action> = Vec::new();
        let mut at_change: Vec<Action> = Vec::new();
        let is_calculated = question.calculation.is_some();
        for (inside, action) in self.body.actions.get(&place).cloned().unwrap_or_default() {
            let origin = action.origin();
            let (mut known, unknown) = events(action);
            if let Some(unknown) = unknown {
                self.warnings.push(Problem::warning(
                    &origin,
                    &unknown,
                    "nothing ever happens at an event of this name",
                    "Use odk-instance-first-load, odk-instance-load, odk-new-repeat or xforms-value-changed",
                ));
            }
            let set = |context: Option<usize>| {
                let source = self.value(action, context);
                (!source.is_empty()).then(|| Expression {
                    source,
                    origin: origin.clone(),
                })
            };
            let does = |context: Option<usize>| match action.name.as_str() {
                "odk:setgeopoint" => Does::Locate,
                "odk:recordaudio" => Does::Record,
                _ => Does::Set(set(context)),
            };
            if let Some(quality) = action.get("odk:quality") {
                question.parameters.insert("quality".into(), quality.to_string());
            }
            let at = self.certain_rows(action, inside.or(Some(place)));
            let is_change = known.remove(&Event::ValueChanged);
            let of = inside
                .and_then(|inside| self.data.get(inside))
                .map(|of| of.name.to_string());
            if let (true, Some(of)) = (is_change, of) {
                at_change.push(Action {
                    events: BTreeSet::from([Event::ValueChanged]),
                    of: Some(of),
                    at: at.clone(),
                    does: does(inside),
                    origin: origin.clone(),
                });
            }
            if !known.is_empty() {
                at_start.push(Action {
                    events: known,
                    of: None,
                    at,
                    does: does(Some(place)),
                    origin: origin.clone(),
                });
            }
        }
        self.triggered(question, at_change, is_calculated);
        self.started(question, place, at_start);
    }

    /// The places that an action is for, where its path chooses some among several.
    fn certain_rows(&self, action: &Node, context: Option<usize>) -> Option<Expression> {
        let path = action.get("ref").filter(|path| path.contains('['))?;
        self.expression(path, action.line, "ref", context)
    }

    /// What changes of other questions do, as trigger and calculation if the question has no other calculation and all
    /// triggers do the same.
    fn triggered(&mut self, question: &mut Question, actions: Vec<Action>, is_calculated: bool) {
        let Some(first) = actions.first() else { return };
        let is_plain = !is_calculated
            && actions
                .iter()
                .all(|action| same(&action.does, &first.does) && action.at.is_none());
        let is_plain = is_plain
            && match (&first.does, question.type_name.as_str()) {
                (Does::Set(_), type_name) => type_name != "background_geopoint",
                (Does::Locate, type_name) => type_name == "background_geopoint",
                (Does::Record, _) => false,
            };
        if !is_plain {
            return question.actions.extend(actions);
        }
        if let Does::Set(value) = &first.does {
            question.calculation.clone_from(value);
        }
        for of in actions.into_iter().filter_map(|action| action.of) {
            if !question.trigger.contains(&of) {
                question.trigger.push(of);
            }
        }
    }

    /// What the beginning of an interview or of a row does, as default if it says the same at both.
    fn started(&mut self, question: &mut Question, place: usize, actions: Vec<Action>) {
        let is_in_repeat =
            std::iter::successors(Some(place), |at| self.data.get(*at).and_then(|at| at.parent))
                .skip(1)
                .any(|around| self.body.repeats.contains_key(&around));
        let known: BTreeSet<Event> = actions
            .iter()
            .flat_map(|action| action.events.iter().copied())
            .collect();
        let Some(first) = actions.first() else { return };
        let is_alike = actions
            .iter()
            .all(|action| same(&action.does, &first.does) && action.at.is_none());
        let usual = match is_in_repeat {
            true => BTreeSet::from([Event::FirstLoad, Event::NewRow]),
            false => BTreeSet::from([Event::FirstLoad]),
        };
        let by_type = match question.type_name.as_str() {
            "start_geopoint" => Some((Event::FirstLoad, Does::Locate)),
            "background_audio" => Some((Event::Load, Does::Record)),
            _ => None,
        };
        match (&first.does, by_type) {
            (Does::Set(value), None) if is_alike && known == usual => {
                // A blank that is set takes away what stands in the document.
                question.default = value.as_ref().map(|value| Expression {
                    source: as_default(value.source.clone(), &question.type_name),
                    origin: value.origin.clone(),
                });
            }
            (_, by_type) => question.actions.extend(actions.into_iter().filter(|action| {
                by_type.as_ref().is_none_or(|(event, does)| {
                    action.does != *does || action.events != BTreeSet::from([*event])
                })
            })),
        }
    }
}

/// The events that an action is for, and the first name that is none.
pub(super) fn events(action: &Node) -> (BTreeSet<Event>, Option<String>) {
    let mut known = BTreeSet::new();
    let mut unknown = None;
    let written = action
        .get("event")
        .or_else(|| action.get("ev:event"))
        .unwrap_or_default();
    for name in written.split_whitespace() {
        match Event::named(name) {
            Some(event) => {
                known.insert(event);
            }
            None => unknown = unknown.or_else(|| Some(name.to_string())),
        }
    }
    (known, unknown)
}

/// Whether two actions do the same, wherever they were written.
fn same(left: &Does, right: &Does) -> bool {
    match (left, right) {
        (Does::Set(left), Does::Set(right)) => {
            left.as_ref().map(|value| &value.source) == right.as_ref().map(|value| &value.source)
        }
        (left, right) => left == right,
    }
}

/// An expression written so that it stays one as a default.
fn as_default(value: String, type_name: &str) -> String {
    match is_dynamic(&value, type_name) {
        true => value,
        false => match value.parse::<f64>() {
            Ok(_) => value,
            Err(_) if value.is_empty() => value,
            // What is no expression was meant as a text.
            Err(_) if sampan_xpath::syntax::parse(&value).is_err() => value,
            Err(_) => plain_literal(&value).unwrap_or_else(|| format!("string({value})")),
        },
    }
}

/// The text of an expression that is one literal, if it stays one as a default.
fn plain_literal(value: &str) -> Option<String> {
    let quote = value.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    let inner = value.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inner.contains(quote) && !is_dynamic(inner, "text") && references::first(inner).is_none())
        .then(|| inner.to_string())
}
