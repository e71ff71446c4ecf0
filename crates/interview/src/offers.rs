//! The choices a question offers now: lists of the form and files, filtered, with labels.

use std::cell::Cell;
use std::collections::BTreeMap;

use sampan_form::compiled::{Answers, Choices, Form};
use sampan_form::def::ListRef;
use sampan_form::external;
use sampan_xpath::eval::{At, RowAt};
use sampan_xpath::functions::number;
use sampan_xpath::program::Program;
use sampan_xpath::world::{Table, World};

use crate::places::Spot;
use crate::sight::Sight;
use crate::texts;
use crate::view::ChoiceView;

/// Where choices come from, found once per look.
enum Source<'a> {
    List(&'a sampan_form::compiled::list::List),
    File(&'a external::Table),
}

impl<'a> Source<'a> {
    fn of(sight: &'a Sight<'_>, choices: &Choices) -> Option<Source<'a>> {
        match &choices.list {
            ListRef::Internal(name) => sight.plan.form().list(name).map(Source::List),
            ListRef::Answers(_) => None,
            ListRef::External(id) => sight.plan.tables().get(id).map(|table| Source::File(table)),
        }
    }

    fn table(&self) -> &'a dyn Table {
        match self {
            Source::List(list) => *list,
            Source::File(table) => *table,
        }
    }

    fn media(&self, sight: &Sight<'_>, row: usize) -> BTreeMap<String, String> {
        match self {
            Source::List(list) => match list.choices().get(row) {
                Some(choice) => texts::media(&choice.media, sight.language, sight.plan.form()),
                None => BTreeMap::new(),
            },
            // Collect and its like show `image` and its like of a file only where the form says so.
            Source::File(_) => BTreeMap::new(),
        }
    }

    fn label(&self, sight: &Sight<'_>, choices: &Choices, spot: Spot, row: usize) -> String {
        match self {
            Source::List(list) => list
                .label(row, sight.language, |program| {
                    program.eval_text(sight, &At::node(spot)).unwrap_or_default()
                })
                .unwrap_or_default(),
            Source::File(table) => {
                let translated =
                    Table::column(*table, &format!("{}::{}", choices.label_column, sight.language));
                let column = translated.or_else(|| Table::column(*table, &choices.label_column));
                column
                    .map(|column| Table::cell(*table, row, column).to_string())
                    .unwrap_or_default()
            }
        }
    }
}

fn choices_of(form: &Form, spot: Spot) -> Option<&Choices> {
    form.get(spot.node)?.choices.as_ref()
}

/// The choices on offer, in order.
pub(crate) fn offered(sight: &Sight<'_>, spot: Spot) -> Vec<ChoiceView> {
    let Some(choices) = choices_of(sight.plan.form(), spot) else {
        return Vec::new();
    };
    if let Some(answers) = choices.answers {
        let mut offers: Vec<ChoiceView> = answered(sight, spot, choices, answers)
            .map(|(name, label)| ChoiceView {
                has_label: !label.is_empty(),
                label: if label.is_empty() { name.clone() } else { label },
                name,
                exclusive: false,
                media: BTreeMap::new(),
            })
            .collect();
        if choices.randomize {
            shuffle(sight, spot, choices, &mut offers);
        }
        return offers;
    }
    let Some(source) = Source::of(sight, choices) else {
        return Vec::new();
    };
    let table = source.table();
    let Some(value_column) = table.column(&choices.value_column) else {
        return Vec::new();
    };
    let exclusive_column = table.column(EXCLUSIVE);
    let mut offers: Vec<ChoiceView> = rows(sight, spot, choices, table)
        .into_iter()
        .map(|row| {
            let name = table.cell(row, value_column).to_string();
            let label = source.label(sight, choices, spot, row);
            ChoiceView {
                exclusive: exclusive_column.is_some_and(|column| says_yes(table.cell(row, column))),
                has_label: !label.is_empty(),
                label: if label.is_empty() { name.clone() } else { label },
                name,
                media: source.media(sight, row),
            }
        })
        .collect();
    if choices.randomize {
        shuffle(sight, spot, choices, &mut offers);
    }
    offers
}

/// The column of a list that says which choices go with no other.
const EXCLUSIVE: &str = "exclusive";

/// Whether a choice goes with no other.
pub(crate) fn is_exclusive(sight: &Sight<'_>, spot: Spot, name: &str) -> bool {
    let Some(choices) = choices_of(sight.plan.form(), spot) else {
        return false;
    };
    let Some(source) = Source::of(sight, choices) else {
        return false;
    };
    let table = source.table();
    let Some(column) = table.column(EXCLUSIVE) else {
        return false;
    };
    let rows = named(table, choices, name);
    rows.first().is_some_and(|row| says_yes(table.cell(*row, column)))
}

fn says_yes(cell: &str) -> bool {
    matches!(
        cell.trim().to_lowercase().as_str(),
        "yes" | "true" | "true()" | "1"
    )
}

/// Whether a choice is on offer now.
pub(crate) fn is_offered(sight: &Sight<'_>, spot: Spot, name: &str) -> bool {
    let Some(choices) = choices_of(sight.plan.form(), spot) else {
        return false;
    };
    if let Some(answers) = choices.answers {
        return answered(sight, spot, choices, answers).any(|(own, _)| own == name);
    }
    let Some(source) = Source::of(sight, choices) else {
        return false;
    };
    let table = source.table();
    named(table, choices, name)
        .into_iter()
        .any(|row| passes(sight, spot, choices, table, row))
}

/// The label of a choice, on offer or not.
pub(crate) fn label_of(sight: &Sight<'_>, spot: Spot, name: &str) -> Option<String> {
    let choices = choices_of(sight.plan.form(), spot)?;
    if let Some(answers) = choices.answers {
        let mut rows = answered(sight, spot, choices, answers);
        let found = rows.find(|(own, _)| own == name);
        return found.map(|(name, label)| if label.is_empty() { name } else { label });
    }
    let source = Source::of(sight, choices)?;
    let table = source.table();
    let rows = named(table, choices, name);
    let row = rows
        .iter()
        .find(|row| rows.len() == 1 || passes(sight, spot, choices, table, **row))
        .or_else(|| rows.first())?;
    Some(source.label(sight, choices, spot, *row)).filter(|label| !label.is_empty())
}

/// The answers that are choices of a question, with what is shown for them, in the order of their rows.
fn answered<'s>(
    sight: &'s Sight<'_>,
    spot: Spot,
    choices: &'s Choices,
    answers: Answers,
) -> impl Iterator<Item = (String, String)> + 's {
    let repeats = sight
        .plan
        .form()
        .get(answers.value)
        .map(|node| node.repeats.as_slice())
        .unwrap_or_default();
    // All rows of the innermost repeat, even where the question that chooses stands in one of them.
    let outer = repeats.get(..repeats.len().saturating_sub(1)).unwrap_or_default();
    let (base, depth) = sight.places.common(spot.frame, outer);
    let mut rows = Vec::new();
    let inner = repeats.get(depth..).unwrap_or_default();
    sight.expand(base, inner, Some(answers.value), &mut rows);
    let judging = sight.choosing(answers, spot);
    let spent = Cell::new(0);
    rows.into_iter().filter_map(move |row| {
        let name = sight.text(&row).into_owned();
        let judged = Spot {
            node: answers.around,
            frame: row.frame,
        };
        // A filter that fails hides nothing: better one choice too many than none.
        let passes = |filter: &Program| filter.judge(&judging, &At::node(judged), &spent).unwrap_or(true);
        if (name.is_empty() && !answers.with_blanks) || !choices.filter.as_ref().is_none_or(passes) {
            return None;
        }
        let shown = Spot {
            node: answers.label,
            frame: row.frame,
        };
        Some((name, sight.text(&shown).into_owned()))
    })
}

/// The rows with that value.
fn named(table: &dyn Table, choices: &Choices, name: &str) -> Vec<usize> {
    let Some(column) = table.column(&choices.value_column) else {
        return Vec::new();
    };
    table.rows_where(column, name).unwrap_or_else(|| {
        (0..table.n_rows())
            .filter(|row| table.cell(*row, column) == name)
            .collect()
    })
}

/// The rows that the filter lets through.
fn rows(sight: &Sight<'_>, spot: Spot, choices: &Choices, table: &dyn Table) -> Vec<usize> {
    let Some(filter) = &choices.filter else {
        return (0..table.n_rows()).collect();
    };
    let by_index = filter.index_keys().iter().filter_map(|key| {
        let column = table.column(&key.column)?;
        let value = key.value.eval_text(sight, &At::node(spot)).ok()?;
        // A blank may be a missing state, and then its code could be in the column.
        (!value.is_empty())
            .then(|| table.rows_where(column, &value))
            .flatten()
    });
    let by_index = by_index.min_by_key(Vec::len);
    let columns = filter.bind(table);
    let spent = Cell::new(0);
    by_index
        .unwrap_or_else(|| (0..table.n_rows()).collect())
        .into_iter()
        .filter(|row| {
            let at = At::row(
                spot,
                RowAt {
                    table,
                    row: *row,
                    columns: &columns,
                },
            );
            filter.judge(sight, &at, &spent).unwrap_or(true)
        })
        .collect()
}

fn passes(sight: &Sight<'_>, spot: Spot, choices: &Choices, table: &dyn Table, row: usize) -> bool {
    let Some(filter) = &choices.filter else {
        return true;
    };
    let columns = filter.bind(table);
    // A filter that fails hides nothing: better one choice too many than none.
    filter
        .eval_bool(
            sight,
            &At::row(
                spot,
                RowAt {
                    table,
                    row,
                    columns: &columns,
                },
            ),
        )
        .unwrap_or(true)
}

/// In an order drawn by chance, as `randomize()` draws it; the same for the same seed in every client of ODK.
fn shuffle(sight: &Sight<'_>, spot: Spot, choices: &Choices, offers: &mut Vec<ChoiceView>) {
    let given = choices.seed.as_ref();
    let seed = match given.and_then(|seed| seed.eval_string(sight, &At::node(spot)).ok()) {
        Some(text) => number::seed(&text),
        None => i64::try_from(sight.random() >> 1).unwrap_or_default(),
    };
    let mut unsorted: Vec<Option<ChoiceView>> = std::mem::take(offers).into_iter().map(Some).collect();
    offers.extend(
        number::shuffled(unsorted.len(), seed)
            .into_iter()
            .filter_map(|place| unsorted.get_mut(place)?.take()),
    );
}
