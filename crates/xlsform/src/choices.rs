//! The sheet choices: lists by name.

use std::collections::{BTreeMap, HashMap};

use sampan_form::def::{Choice, ChoiceList};
use sampan_form::problem::Problem;

use crate::cell;
use crate::heading::{Headings, Line};

/// Most choices of a form.
pub const CHOICES: usize = 100_000;

/// How strictly choices are judged.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules {
    /// Whether a name may stand twice in a list.
    pub allows_duplicates: bool,
    /// Whether a name that stands twice, and a row without a name, are mended.
    pub lenient: bool,
}

/// Reads all lists. `default` is the language of a label column without one.
pub fn lists(
    headings: &Headings<'_>,
    default: &str,
    rules: Rules,
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, ChoiceList> {
    let mut lists: BTreeMap<String, ChoiceList> = BTreeMap::new();
    let mut first_rows: HashMap<(String, String), u32> = HashMap::new();
    let mut n_choices = 0;
    for line in headings.lines().filter(|line| !line.is_blank()) {
        let Some((list, choice)) = choice(line, default, rules, problems) else {
            continue;
        };
        n_choices += 1;
        if n_choices > CHOICES {
            problems.push(Problem::error(
                &line.origin(),
                "",
                format!("the form has more than {CHOICES} choices"),
                "Put long lists into a file and use select_one_from_file",
            ));
            return lists;
        }
        let key = (list.clone(), choice.name.clone());
        if let Some(first) = first_rows.get(&key).filter(|_| !rules.allows_duplicates) {
            problems.push(match rules.lenient {
                true => Problem::mended(
                    &line.place("name"),
                    &choice.name,
                    format!("the name stands twice in the list {list}, first in row {first}; both are kept"),
                    "Give one of them another name, or set allow_choice_duplicates to yes in the sheet settings",
                ),
                false => Problem::error(
                    &line.place("name"),
                    &choice.name,
                    format!("the name stands twice in the list {list}, first in row {first}"),
                    "Give one of them another name, or set allow_choice_duplicates to yes in the sheet settings",
                ),
            });
        }
        first_rows.entry(key).or_insert(line.row());
        lists.entry(list).or_default().choices.push(choice);
    }
    lists
}

fn choice(
    line: Line<'_>,
    default: &str,
    rules: Rules,
    problems: &mut Vec<Problem>,
) -> Option<(String, Choice)> {
    let list = line.get("list_name").map(|cell| cell::plain(cell.text));
    let name = line.get("name").map(|cell| cell::as_written(cell.text));
    let label = line.translated("label", default);
    let (list, name) = match (list, name) {
        (Some(list), Some(name)) => (list, name),
        (None, name) => {
            problems.push(Problem::warning(
                &line.place("list_name"),
                "",
                match name {
                    Some(name) => format!("the choice {name} belongs to no list and is not read"),
                    None => "a choice without name belongs to no list and is not read".to_string(),
                },
                "Write the name of its list under list_name, or delete the row",
            ));
            return None;
        }
        (Some(list), None) => {
            let (message, advice) = (
                format!("a choice of the list {list} has no name"),
                "Write what is to be stored under name, or delete the row",
            );
            problems.push(match rules.lenient {
                true => Problem::mended(
                    &line.place("name"),
                    "",
                    format!("{message} and is not read"),
                    advice,
                ),
                false => Problem::error(&line.place("name"), "", message, advice),
            });
            return None;
        }
    };
    if label.is_empty() {
        problems.push(Problem::warning(
            &line.place("label"),
            "",
            format!("the choice {name} of the list {list} has no label"),
            "Write what is to be shown under label; its name is shown until then",
        ));
    }
    let columns = line
        .columns()
        .iter()
        .filter(|heading| !heading.is_known)
        .filter_map(|heading| Some((heading.written.clone(), cell::plain(line.cell(heading)?.text))))
        .collect();
    let choice = Choice {
        name,
        label,
        columns,
        media: line.media(default),
        origin: line.place("name"),
    };
    Some((list, choice))
}
