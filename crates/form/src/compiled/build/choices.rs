//! Choice lists: where a select's choices come from, and what its filter reads.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sampan_xpath::program::Program;
use sampan_xpath::resolve::NodeId;

use crate::compiled::build::{Compiler, Use};
use crate::compiled::list::List;
use crate::compiled::{Answers, Choices};
use crate::def::{ChoiceList, ChoiceSource, Expression, ListRef, Origin, Question};
use crate::external::Table;
use crate::problem::{Problem, similar};
use crate::xform::{BLANK_CHOICES, DOCUMENT};

impl Compiler<'_> {
    pub(super) fn choices(
        &mut self,
        id: NodeId,
        question: &Question,
        source: &ChoiceSource,
    ) -> Option<Choices> {
        let answers = match &source.list {
            ListRef::Answers(name) => Some(self.answers(id, name, question, source)?),
            ListRef::Internal(_) | ListRef::External(_) => None,
        };
        let filter = match &answers {
            // It judges a row of answers: names in it mean what stands in that row.
            Some(answers) => source.filter.as_ref().and_then(|filter| {
                let program = self.program(answers.around, filter, Use::Display)?;
                self.remember(id, &program, filter, Use::Display);
                Some(program)
            }),
            None => self.optional(id, &source.filter, Use::Filter),
        };
        let parameter = |name: &str| question.parameters.get(name).map(String::as_str);
        let is_map = match &source.list {
            ListRef::External(id) => {
                let mut files = self.def.external.iter().filter(|file| file.id == *id);
                files.any(|file| file.file_name.ends_with(".geojson"))
            }
            ListRef::Internal(_) | ListRef::Answers(_) => false,
        };
        let usual = if is_map {
            ("id", "title")
        } else {
            ("name", "label")
        };
        let value_column = parameter("value").unwrap_or(usual.0).to_string();
        let label_column = parameter("label").unwrap_or(usual.1).to_string();
        let is_known = match &source.list {
            ListRef::Internal(name) => match self
                .def
                .choice_lists
                .get(name)
                .or_else(|| self.def.external_choices.get(name))
            {
                Some(list) => {
                    self.filter_columns(name, list, source, filter.as_ref());
                    true
                }
                None => {
                    let n_left = self.names.comparisons.get();
                    let n_compared = self.def.choice_lists.len().min(n_left);
                    self.names.comparisons.set(n_left - n_compared);
                    let known = self.def.choice_lists.keys().map(String::as_str);
                    let advice = match similar(name, known.take(n_compared)) {
                        Some(name) => format!("Did you mean {name}?"),
                        None => format!("Add rows with list_name {name} to the sheet choices"),
                    };
                    self.problems.push(Problem::error(
                        &source.origin,
                        name,
                        format!("there is no choice list {name}"),
                        advice,
                    ));
                    false
                }
            },
            ListRef::External(file) => self.def.external.iter().any(|known| known.id == *file),
            ListRef::Answers(_) => true,
        };
        let randomize = parameter("randomize").is_some_and(|word| word.eq_ignore_ascii_case("true"));
        let seed = parameter("seed").and_then(|seed| {
            let seed = Expression {
                source: seed.to_string(),
                origin: question.origin.column("parameters"),
            };
            self.program(id, &seed, Use::Display)
        });
        is_known.then(|| Choices {
            list: source.list.clone(),
            answers,
            filter,
            value_column,
            label_column,
            randomize,
            seed,
        })
    }

    /// The question whose answers are the choices.
    pub(super) fn answers(
        &mut self,
        id: NodeId,
        name: &str,
        question: &Question,
        source: &ChoiceSource,
    ) -> Option<Answers> {
        // The reference may be ambiguous or unknown; compiling it says so.
        let reference = Expression {
            source: format!("${{{name}}}"),
            origin: source.origin.clone(),
        };
        self.program(id, &reference, Use::Display)?;
        let value = self.names.by_name.get(name)?.first().copied()?;
        let node = self.names.nodes.get(value.0 as usize)?;
        let around = node.repeats.last().copied().or(node.parent)?;
        let labels = question.parameters.get("label").into_iter();
        let labels = labels.flat_map(|label| self.names.by_name.get(label)).flatten();
        let mut in_row = labels.filter(|label| {
            let other = self.names.nodes.get(label.0 as usize);
            other.is_some_and(|other| other.repeats == node.repeats)
        });
        Some(Answers {
            value,
            label: in_row.next().copied().unwrap_or(value),
            around,
            with_blanks: source.filter.is_some() || question.extra.contains_key(BLANK_CHOICES),
        })
    }

    /// A filter that reads a column the list has not would silently offer nothing.
    pub(super) fn filter_columns(
        &mut self,
        name: &str,
        list: &ChoiceList,
        source: &ChoiceSource,
        filter: Option<&Program>,
    ) {
        let (Some(filter), Some(expression)) = (filter, &source.filter) else {
            return;
        };
        let own = self.columns.entry(name.to_string()).or_insert_with(|| {
            let columns = list
                .choices
                .iter()
                .flat_map(|choice| choice.columns.keys().cloned());
            columns.chain(["name", "label"].map(String::from)).collect()
        });
        for column in filter.columns().iter().filter(|column| !own.contains(*column)) {
            let intended = similar(column, own.iter().map(String::as_str));
            let is_misspelt = intended.is_some();
            let advice = match intended {
                Some(column) => format!("Did you mean {column}?"),
                None => format!(
                    "Add a column {column} to the sheet choices, or write ${{{column}}} for an answer"
                ),
            };
            let message = format!("the choice list {name} has no column {column}");
            let (at, found) = (&expression.origin, &expression.source);
            self.problems.push(match self.lenient {
                true => Problem::mended(at, found, format!("{message}; read as empty"), advice),
                false if is_misspelt => Problem::error(at, found, message, advice),
                // Everywhere forms run, a column that is not there is empty: that stops nobody from asking the form.
                false => Problem::warning(at, found, format!("{message}; read as empty"), advice),
            });
        }
    }

    /// The instances that are no lists of rows.
    pub(super) fn documents(&mut self) -> BTreeMap<String, Table> {
        let mut documents = BTreeMap::new();
        for (key, xml) in &self.def.settings {
            let Some(id) = key.strip_prefix(DOCUMENT) else {
                continue;
            };
            match Table::from_xml(xml.as_bytes()) {
                Ok(table) => {
                    documents.insert(id.to_string(), table);
                }
                Err(error) => self.problems.push(Problem::error(
                    &Origin::default(),
                    id,
                    format!("the instance {id} cannot be read: {error}"),
                    "Correct its XML",
                )),
            }
        }
        documents
    }

    pub(super) fn list(&mut self, name: &str, list: &ChoiceList) -> List {
        let mut own: BTreeSet<&String> = BTreeSet::new();
        for column in list.choices.iter().flat_map(|choice| choice.columns.keys()) {
            if column != "name" && column != "label" && !own.contains(column) {
                own.insert(column);
            }
        }
        let columns: Vec<String> = ["name", "label"]
            .map(String::from)
            .into_iter()
            .chain(own.into_iter().cloned())
            .collect();
        let mut labels = HashMap::new();
        for (place, choice) in list.choices.iter().enumerate() {
            // Others are as written.
            if choice.label.0.values().any(|text| text.contains("${")) {
                let label = self.label(NodeId(0), &choice.label, &choice.origin, "label");
                labels.insert(place, label);
            }
        }
        List::new(self.def, name, columns, labels)
    }
}
