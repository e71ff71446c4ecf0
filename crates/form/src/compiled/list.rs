//! Choice lists of a form ready to run; their texts stay where the form as written has them.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use sampan_xpath::program::Program;
use sampan_xpath::world::Table;

use crate::compiled::label::Label;
use crate::def::{Choice, FormDef};

/// A choice list, with an index per column made when it is first needed.
#[derive(Debug)]
pub struct List {
    def: Arc<FormDef>,
    name: String,
    columns: Vec<String>,
    /// Per column, made when it is first asked for: places in the choices by the text in the column, then ascending.
    indexes: Vec<OnceLock<Vec<u32>>>,
    /// Labels in which answers are shown, by the place of their choice; others are as written.
    labels: HashMap<usize, Label>,
}

impl List {
    pub(super) fn new(
        def: &Arc<FormDef>,
        name: &str,
        columns: Vec<String>,
        labels: HashMap<usize, Label>,
    ) -> List {
        List {
            def: Arc::clone(def),
            name: name.to_string(),
            indexes: columns.iter().map(|_| OnceLock::new()).collect(),
            columns,
            labels,
        }
    }

    /// The choices as written, in order.
    pub fn choices(&self) -> &[Choice] {
        let lists = [&self.def.choice_lists, &self.def.external_choices];
        lists
            .into_iter()
            .find_map(|lists| lists.get(&self.name))
            .map(|list| list.choices.as_slice())
            .unwrap_or_default()
    }

    /// The label of the choice at a place, in a language, else in the form's default, else in any. `value` gives what
    /// stands for an answer in it. None when it has no label.
    pub fn label(
        &self,
        place: usize,
        language: &str,
        value: impl FnMut(&Program) -> String,
    ) -> Option<String> {
        match self.labels.get(&place) {
            Some(label) => label.in_language(language).map(|template| template.fill(value)),
            None => self.plain_label(place, language).map(str::to_string),
        }
    }

    /// As [`List::label`], as written, whatever stands for answers in it.
    pub fn plain_label(&self, place: usize, language: &str) -> Option<&str> {
        self.choices()
            .get(place)?
            .label
            .in_language(language, &self.def.languages)
    }

    /// A choice by its name; the first if a name stands twice.
    pub fn named(&self, name: &str) -> Option<&Choice> {
        self.choices().get(self.place(name)?)
    }

    /// The place of a choice in the list, by its name; the first if a name stands twice.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.having(0, name).first().map(|place| *place as usize)
    }

    /// All programs in all labels.
    pub fn programs(&self) -> impl Iterator<Item = &Program> {
        self.labels.values().flat_map(Label::programs)
    }

    /// The places of the choices with that text in a column, ascending.
    fn having(&self, column: usize, value: &str) -> &[u32] {
        let (Some(name), Some(index)) = (self.columns.get(column), self.indexes.get(column)) else {
            return &[];
        };
        let choices = self.choices();
        let text = |place: &u32| {
            choices
                .get(*place as usize)
                .map_or("", |choice| self.text(choice, name))
        };
        let index = index.get_or_init(|| {
            let mut places: Vec<u32> = (0..).take(choices.len()).collect();
            places.sort_by(|one, other| text(one).cmp(text(other)));
            places
        });
        let from = index.partition_point(|place| text(place) < value);
        let found = index.get(from..).unwrap_or_default();
        let n_found = found.partition_point(|place| text(place) == value);
        found.get(..n_found).unwrap_or_default()
    }

    /// The text of a choice in a column of the list; empty when it has none.
    pub fn text<'a>(&self, choice: &'a Choice, column: &str) -> &'a str {
        match (choice.columns.get(column), column) {
            (Some(own), _) => own,
            (None, "name") => &choice.name,
            (None, "label") => choice
                .label
                .in_language("", &self.def.languages)
                .unwrap_or_default(),
            (None, _) => "",
        }
    }
}

impl Table for List {
    fn n_rows(&self) -> usize {
        self.choices().len()
    }

    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn cell(&self, row: usize, column: usize) -> &str {
        match (self.choices().get(row), self.columns.get(column)) {
            (Some(choice), Some(column)) => self.text(choice, column),
            _ => "",
        }
    }

    fn rows_where(&self, column: usize, value: &str) -> Option<Vec<usize>> {
        self.indexes.get(column)?;
        Some(
            self.having(column, value)
                .iter()
                .map(|place| *place as usize)
                .collect(),
        )
    }
}
