//! The sheet survey: rows become questions, groups and repeats that stand in each other.

use std::collections::BTreeMap;

use sampan_form::def::{ChoiceList, ExternalFile, Group, Item, Origin, Repeat};
use sampan_form::package::NESTING;
use sampan_form::problem::Problem;
use sampan_form::types::{self, FREE_TEXT, HIDDEN, Type};

use crate::cell;
use crate::heading::{Headings, Line};
use crate::reading::PROBLEMS;

mod question;

/// What the sheet says.
#[derive(Debug, Default)]
pub struct Survey {
    /// In order.
    pub items: Vec<Item>,
    /// Choice lists, with what `or_other` added to them.
    pub lists: BTreeMap<String, ChoiceList>,
    /// Files that choices come from.
    pub files: Vec<ExternalFile>,
}

/// Reads all rows. A row that is wrong still becomes an item where it can, so that what refers to it is not reported too.
pub fn survey(
    headings: &Headings<'_>,
    default_language: &str,
    lists: BTreeMap<String, ChoiceList>,
    problems: &mut Vec<Problem>,
) -> Survey {
    let mut rows = Rows {
        survey: Survey {
            lists,
            ..Survey::default()
        },
        open: Vec::new(),
        language: default_language,
        problems,
    };
    for line in headings.lines() {
        rows.line(line);
    }
    rows.close_all();
    rows.survey
}

/// A group or repeat that is not closed yet.
struct Open {
    is_repeat: bool,
    item: Item,
    row: u32,
}

struct Rows<'p> {
    survey: Survey,
    open: Vec<Open>,
    language: &'p str,
    problems: &'p mut Vec<Problem>,
}

impl Rows<'_> {
    fn line(&mut self, line: Line<'_>) {
        if line.is_blank() {
            return;
        }
        if let Some(disabled) = line.get("disabled")
            && cell::yes_or_no(disabled.text) == Some(true)
        {
            self.problems.push(Problem::warning(
                &disabled.origin,
                disabled.text,
                "the row is disabled and is not read",
                "Clear the cell to ask it",
            ));
            return;
        }
        let Some(written) = line.get("type") else {
            if line.get("name").is_some() || !line.translated("label", self.language).is_empty() {
                self.problems.push(Problem::error(
                    &line.place("type"),
                    "",
                    "the row has no type",
                    "Write a type (text, integer, select_one …), or delete the row",
                ));
            }
            return;
        };
        let text = cell::plain(written.text);
        match types::read(&text) {
            Some((Type::BeginGroup, _)) => self.begin(line, false),
            Some((Type::BeginRepeat, _)) => self.begin(line, true),
            Some((Type::EndGroup, _)) => self.end(line, false),
            Some((Type::EndRepeat, _)) => self.end(line, true),
            Some((Type::Question(meaning), rest)) => {
                let items = question::questions(self, line, meaning, rest, &written.origin);
                for item in items {
                    self.add(item);
                }
            }
            Some((Type::Unknowable, _)) => {
                self.problems.push(Problem::warning(
                    &written.origin,
                    &text,
                    "devices do not know this, so it stays empty",
                    "Ask for it with a question, or delete the row",
                ));
                let item = question::placeholder(self, line, HIDDEN);
                self.add(item);
            }
            Some((Type::Unsupported, _)) => {
                self.problems.push(Problem::error(
                    &written.origin,
                    &text,
                    "this question type is not supported yet",
                    "Leave the row out, or ask it with another type",
                ));
                let item = question::placeholder(self, line, FREE_TEXT);
                self.add(item);
            }
            None => {
                let word = text.split_whitespace().next().unwrap_or(&text);
                let is_read = self.problems.len() < PROBLEMS;
                let advice = match Some(&text)
                    .filter(|_| is_read)
                    .and_then(|text| types::intended(text))
                {
                    Some(intended) => format!("Did you mean {intended}?"),
                    None => {
                        "Write a type such as text, integer, decimal, date, select_one LIST or note".into()
                    }
                };
                self.problems.push(Problem::error(
                    &written.origin,
                    &text,
                    format!("there is no question type {word}"),
                    advice,
                ));
                let item = question::placeholder(self, line, FREE_TEXT);
                self.add(item);
            }
        }
    }

    /// The name of a row, with problems for a missing or impossible one. None is never given: a row without a name gets
    /// one that nothing can refer to.
    fn name(&mut self, line: Line<'_>, what: &str) -> (String, Origin) {
        let place = line.place("name");
        let Some(found) = line.get("name") else {
            self.problems.push(Problem::error(
                &place,
                "",
                format!("the {what} has no name"),
                "Write a name: letters, digits and _, beginning with a letter",
            ));
            return (format!("row {}", line.row()), place);
        };
        let name = cell::plain(found.text);
        if !cell::is_name(&name) {
            self.problems.push(Problem::error(
                &place,
                &name,
                "a name begins with a letter or _ and has only letters, digits, _, - and .",
                format!("Write {}", cell::nearest_name(&name)),
            ));
        } else if name == "meta" && self.open.is_empty() {
            self.problems.push(Problem::error(
                &place,
                &name,
                "the name meta is taken by ODK",
                "Choose another name",
            ));
        }
        (name, place)
    }

    fn begin(&mut self, line: Line<'_>, is_repeat: bool) {
        let what = if is_repeat { "repeat" } else { "group" };
        let (name, origin) = self.name(line, what);
        let label = line.translated("label", self.language);
        let relevant = line.expression("relevant");
        let appearance = question::appearance(line);
        if self.open.len() == NESTING {
            self.problems.push(Problem::error(
                &line.origin(),
                &name,
                format!("groups stand more than {NESTING} deep in each other"),
                "Flatten the form",
            ));
        }
        let item = match is_repeat {
            true => Item::Repeat(Repeat {
                name,
                label,
                relevant,
                count: line.expression("repeat_count"),
                appearance,
                items: Vec::new(),
                origin,
            }),
            false => Item::Group(Group {
                name,
                label,
                relevant,
                appearance,
                items: Vec::new(),
                origin,
            }),
        };
        self.open.push(Open {
            is_repeat,
            item,
            row: line.row(),
        });
    }

    fn end(&mut self, line: Line<'_>, is_repeat: bool) {
        let word = if is_repeat { "end_repeat" } else { "end_group" };
        let begin = if is_repeat { "begin_repeat" } else { "begin_group" };
        let Some(open) = self.open.pop() else {
            self.problems.push(Problem::error(
                &line.place("type"),
                word,
                format!("nothing is open here that {word} could close"),
                format!("Delete the row, or write {begin} where it begins"),
            ));
            return;
        };
        if open.is_repeat != is_repeat {
            let (opened, needed) = match open.is_repeat {
                true => ("repeat", "end_repeat"),
                false => ("group", "end_group"),
            };
            self.problems.push(Problem::error(
                &line.place("type"),
                word,
                format!(
                    "the {opened} {}, opened in row {}, is still open here",
                    open.item.name(),
                    open.row
                ),
                format!("Write {needed}, or close it before"),
            ));
        }
        if let Some(named) = line.get("name")
            && cell::plain(named.text) != open.item.name()
        {
            self.problems.push(Problem::warning(
                &named.origin,
                named.text,
                format!("the row closes {}, opened in row {}", open.item.name(), open.row),
                "Check whether a row that closes is missing or stands too early",
            ));
        }
        self.add(open.item);
    }

    fn close_all(&mut self) {
        while let Some(open) = self.open.pop() {
            let (opened, needed) = match open.is_repeat {
                true => ("repeat", "end_repeat"),
                false => ("group", "end_group"),
            };
            self.problems.push(Problem::error(
                open.item.origin(),
                open.item.name(),
                format!("the {opened} is never closed"),
                format!("Add a row {needed} after its last question"),
            ));
            self.add(open.item);
        }
    }

    fn add(&mut self, item: Item) {
        let items = match self.open.last_mut() {
            None => &mut self.survey.items,
            Some(open) => match &mut open.item {
                Item::Group(group) => &mut group.items,
                Item::Repeat(repeat) => &mut repeat.items,
                Item::Question(_) => &mut self.survey.items,
            },
        };
        items.push(item);
    }

    /// Adds a file that choices come from, and gives its instance id.
    fn file(&mut self, file_name: &str) -> String {
        let id = file_name
            .rsplit_once('.')
            .map_or(file_name, |(stem, _)| stem)
            .to_string();
        if !self.survey.files.iter().any(|file| file.id == id) {
            self.survey.files.push(ExternalFile {
                id: id.clone(),
                file_name: file_name.to_string(),
                content_hash: None,
            });
        }
        id
    }
}
