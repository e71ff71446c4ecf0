//! References `${name}` in all cells, for forms whose expressions are not compiled.

use std::collections::HashMap;

use sampan_form::def::{FormDef, Item, ListRef, Origin};
use sampan_form::problem::{Problem, similar};

use crate::cell;
use crate::heading::{Heading, Headings};

/// The sheets whose cells can hold references.
pub struct Sheets<'a> {
    /// The sheet survey.
    pub survey: &'a Headings<'a>,
    /// The sheet choices; only its texts for people.
    pub choices: Option<&'a Headings<'a>>,
    /// The sheet settings.
    pub settings: Option<&'a Headings<'a>>,
    /// The sheet entities.
    pub entities: Option<&'a Headings<'a>>,
}

/// One `${…}` of a text: the name inside, or None when there is none.
type Found<'a> = Option<&'a str>;

/// Whether a sheet's author says that it is none of the form's.
pub fn is_private(sheet: &str) -> bool {
    sheet.trim().starts_with('_')
}

/// All references of a text, in order.
pub fn found(text: &str) -> impl Iterator<Item = Found<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once("${")?;
        let Some((inner, after)) = after.split_once('}') else {
            rest = "";
            return Some(None);
        };
        rest = after;
        let name = inner.strip_prefix("last-saved#").unwrap_or(inner);
        Some(cell::is_name(name).then_some(name))
    })
}

/// Whether a text is one reference and nothing else; the name.
pub fn only(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("${")?.strip_suffix('}')?;
    let name = inner.strip_prefix("last-saved#").unwrap_or(inner);
    cell::is_name(name).then_some(name)
}

/// What is wrong with the references of a form.
pub fn check(form: &FormDef, sheets: &Sheets<'_>, lenient: bool) -> Vec<Problem> {
    let mut check = Check::new(form, lenient);
    let in_survey = |heading: &Heading| {
        (heading.is_known || !lenient) && !["type", "name", "trigger"].contains(&heading.means.as_str())
    };
    check.sheet(Some(sheets.survey), in_survey);
    check.sheet(sheets.choices, |heading| {
        heading.is_known && heading.is_translated()
    });
    check.sheet(sheets.settings, |_| true);
    check.sheet(sheets.entities, is_expression_of_entity);
    check.lists(&form.items);
    check.problems
}

/// What is wrong with references that the form's compiler does not see: in columns of the survey that are not read, which
/// a reading that is not lenient takes for misspelt ones, and in the sheet entities.
pub fn check_unread(form: &FormDef, survey: &Headings<'_>, entities: Option<&Headings<'_>>) -> Vec<Problem> {
    let mut check = Check::new(form, false);
    check.sheet(Some(survey), |heading| !heading.is_known);
    check.sheet(entities, is_expression_of_entity);
    check.problems
}

fn is_expression_of_entity(heading: &Heading) -> bool {
    !["list_name", "repeat"].contains(&heading.means.as_str())
}

fn known_names(form: &FormDef) -> HashMap<&str, usize> {
    let mut names: HashMap<&str, usize> = HashMap::from([("instanceID", 1)]);
    if form
        .settings
        .get("omit_instanceid")
        .is_some_and(|omit| cell::yes_or_no(omit) == Some(true))
    {
        names.clear();
    }
    count(&form.items, &mut names);
    for file in &form.external {
        names.entry(&file.id).or_insert(1);
    }
    names
}

fn count<'a>(items: &'a [Item], names: &mut HashMap<&'a str, usize>) {
    for item in items {
        *names.entry(item.name()).or_default() += 1;
        match item {
            Item::Question(_) => {}
            Item::Group(group) => count(&group.items, names),
            Item::Repeat(repeat) => count(&repeat.items, names),
        }
    }
}

struct Check<'a> {
    names: HashMap<&'a str, usize>,
    root: &'a str,
    lenient: bool,
    guesses: usize,
    problems: Vec<Problem>,
}

impl<'a> Check<'a> {
    fn new(form: &'a FormDef, lenient: bool) -> Check<'a> {
        Check {
            names: known_names(form),
            root: match form.root.is_empty() {
                true => "data",
                false => &form.root,
            },
            lenient,
            guesses: 200,
            problems: Vec::new(),
        }
    }

    fn sheet(&mut self, headings: Option<&Headings<'_>>, is_checked: impl Fn(&Heading) -> bool) {
        let Some(headings) = headings else { return };
        for line in headings.lines() {
            let is_disabled = line
                .get("disabled")
                .is_some_and(|cell| cell::yes_or_no(cell.text) == Some(true));
            if is_disabled {
                continue;
            }
            for heading in headings.columns().iter().filter(|heading| is_checked(heading)) {
                if let Some(cell) = line.cell(heading)
                    && cell.text.contains("${")
                {
                    self.text(&cell.origin, cell.text);
                }
            }
        }
    }

    fn text(&mut self, origin: &Origin, text: &str) {
        for reference in found(text) {
            let problem = match reference {
                None => Problem::error(
                    origin,
                    text,
                    "a reference is written ${name}",
                    "Write the name of a question between ${ and }, without blanks",
                ),
                Some(name) => match self.names.get(name) {
                    Some(1) if name == self.root && !self.lenient => Problem::error(
                        origin,
                        text,
                        format!(
                            "${{{name}}} may mean a question or the form itself, which has that name too"
                        ),
                        "Give the question another name, or the form with the setting name",
                    ),
                    Some(1) if name == self.root => Problem::mended(
                        origin,
                        text,
                        format!(
                            "${{{name}}} is read as the question, though the form itself has that name too"
                        ),
                        "Give the question another name, or the form with the setting name",
                    ),
                    Some(1) => continue,
                    Some(_) => Problem::error(
                        origin,
                        text,
                        format!("there are several questions ${{{name}}}"),
                        "Give each of them a name of its own",
                    ),
                    None => {
                        self.guesses = self.guesses.saturating_sub(1);
                        let guess = match self.guesses {
                            0 => None,
                            _ => similar(name, self.names.keys().copied()),
                        };
                        Problem::error(
                            origin,
                            text,
                            format!("there is no question ${{{name}}}"),
                            match guess {
                                Some(guess) => format!("Did you mean ${{{guess}}}?"),
                                None => "Write the name of a question of the sheet survey".into(),
                            },
                        )
                    }
                },
            };
            self.problems.push(problem);
        }
    }

    /// Lists whose name is a reference.
    fn lists(&mut self, items: &[Item]) {
        for item in items {
            match item {
                Item::Question(question) => {
                    if let Some(choices) = &question.choices
                        && let ListRef::Answers(name) = &choices.list
                    {
                        self.text(&choices.origin, &format!("${{{name}}}"));
                    }
                }
                Item::Group(group) => self.lists(&group.items),
                Item::Repeat(repeat) => self.lists(&repeat.items),
            }
        }
    }
}
