//! What happens at events: values that are set, first values, rows that are there from the start.

use std::collections::BTreeSet;

use sampan_value::answer::Kind;
use sampan_xpath::program::Program;
use sampan_xpath::resolve::{NodeId, Place};

use crate::compiled::build::{Compiler, Use, is_computed};
use crate::compiled::{Action, Does, First, FirstRow};
use crate::def::{self, Event, Expression, Question};

impl Compiler<'_> {
    /// What happens to a question at events.
    pub(super) fn actions(&mut self, id: NodeId, question: &Question) -> Vec<Action> {
        let mut actions = Vec::new();
        let known = match question.type_name.as_str() {
            "start_geopoint" => Some((Event::FirstLoad, Does::Locate)),
            "background_audio" => Some((Event::Load, Does::Record)),
            _ => None,
        };
        actions.extend(known.map(|(event, does)| Action {
            events: BTreeSet::from([event]),
            of: None,
            at: None,
            does,
        }));
        for name in &question.trigger {
            let Some(of) = self
                .names
                .by_name
                .get(name)
                .and_then(|found| found.first().copied())
            else {
                continue;
            };
            let does = match question.type_name.as_str() {
                "background_geopoint" => Does::Locate,
                _ => self.set(id, Some(of), &question.calculation),
            };
            actions.push(Action {
                events: BTreeSet::from([Event::ValueChanged]),
                of: Some(of),
                at: None,
                does,
            });
        }
        for action in &question.actions {
            let of = match &action.of {
                None => None,
                Some(name) => match self
                    .names
                    .by_name
                    .get(name)
                    .and_then(|found| found.first().copied())
                {
                    Some(of) => Some(of),
                    None => continue,
                },
            };
            let does = match &action.does {
                def::Does::Set(value) => self.set(id, of, value),
                def::Does::Locate => Does::Locate,
                def::Does::Record => Does::Record,
            };
            actions.push(Action {
                events: action.events.clone(),
                of,
                at: self.optional(of.unwrap_or(id), &action.at, Use::Display),
                does,
            });
        }
        actions
    }

    /// A value that a question gets. It is computed where the question stands, unless the one that changed stands in
    /// rows that this one does not.
    pub(super) fn set(&mut self, id: NodeId, of: Option<NodeId>, value: &Option<Expression>) -> Does {
        let repeats = |id: NodeId| {
            let node = self.names.nodes.get(id.0 as usize);
            node.map(|node| node.repeats.as_slice()).unwrap_or_default()
        };
        // `.` is always what is set.
        let place = Place {
            node: id,
            is_choice_filter: false,
        };
        let reads_itself = value.as_ref().is_some_and(|value| {
            Program::compile(&value.source, &self.names, place).is_ok_and(|program| program.reads_self())
        });
        let origin = of.filter(|of| !reads_itself && !repeats(id).starts_with(repeats(*of)));
        Does::Set {
            value: self.optional(origin.unwrap_or(id), value, Use::Display),
            at_origin: origin.is_some(),
        }
    }

    /// What makes its calculation run. Where the device is can only be told by the device.
    pub(super) fn triggers(&self, question: &Question) -> Vec<NodeId> {
        let names = question
            .trigger
            .iter()
            .filter(|_| question.type_name != "background_geopoint");
        let items = names.filter_map(|name| self.names.by_name.get(name));
        items.filter_map(|found| found.first().copied()).collect()
    }

    /// Rows that are there at first; what they say of items that are not there says nothing.
    pub(super) fn first_rows(&self, repeat: NodeId, rows: &[def::FirstRow]) -> Vec<FirstRow> {
        let around = self.names.nodes.get(repeat.0 as usize);
        let around = around.map(|node| node.path.to_string()).unwrap_or_default();
        let find = |path: &String| {
            self.names
                .by_path
                .get(format!("{around}/{path}").as_str())
                .copied()
        };
        let row = |row: &def::FirstRow| FirstRow {
            values: row
                .values
                .iter()
                .filter_map(|(path, value)| Some((find(path)?, value.clone())))
                .collect(),
            rows: row
                .rows
                .iter()
                .filter_map(|(path, rows)| find(path).map(|id| (id, self.first_rows(id, rows))))
                .collect(),
        };
        rows.iter().map(row).collect()
    }

    pub(super) fn first(&mut self, id: NodeId, question: &Question, default: &Expression) -> Option<First> {
        let is_formula =
            question.kind != Kind::Text && crate::xform::is_dynamic(&default.source, &question.type_name);
        if !is_formula && !is_computed(&default.source, question.kind) {
            return Some(First::Literal(default.source.clone()));
        }
        self.program(id, default, Use::Display).map(First::Computed)
    }
}
