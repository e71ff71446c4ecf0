//! One row of the sheet survey that asks, tells or computes something.

use std::collections::BTreeMap;

use sampan_form::def::{
    Choice, ChoiceSource, Expression, Item, ListRef, Origin, Question, Role, Sensitivity, Translated,
};
use sampan_form::problem::Problem;
use sampan_form::types::{self, ChoicesFrom, FREE_TEXT, QuestionType};

use crate::cell;
use crate::heading::Line;
use crate::survey::Rows;

/// The question of a row, and the text question that `or_other` adds after it.
pub(super) fn questions(
    rows: &mut Rows<'_>,
    line: Line<'_>,
    meaning: QuestionType,
    rest: &str,
    type_cell: &Origin,
) -> Vec<Item> {
    let mut question = base(rows, line, meaning);
    let (list, other) = match strip_or_other(rest) {
        Some(list) => (list, true),
        None => (rest, false),
    };
    match meaning.choices {
        Some(from) => question.choices = source(rows, line, from, list, type_cell),
        None if !rest.is_empty() => rows.problems.push(Problem::error(
            type_cell,
            rest,
            "something follows the type that does not belong there",
            "Delete it, or write a select type before the name of a choice list",
        )),
        None => {}
    }
    check(rows, line, meaning, &mut question);
    let mut items = Vec::new();
    if other && let Some(other) = or_other(rows, &question, list) {
        items.push(Item::Question(question));
        items.push(other);
    } else {
        items.push(Item::Question(question));
    }
    items
}

/// A question in place of one that cannot be read, so that references to it are no problems.
pub(super) fn placeholder(rows: &mut Rows<'_>, line: Line<'_>, meaning: QuestionType) -> Item {
    Item::Question(base(rows, line, meaning))
}

/// The words of the appearance cell; `ex:app(…)` and the like stay one word.
pub(super) fn appearance(line: Line<'_>) -> Vec<String> {
    let Some(found) = line.get("appearance") else {
        return Vec::new();
    };
    let mut words = vec![String::new()];
    let mut depth = 0_usize;
    for letter in cell::plain(found.text).chars() {
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

/// All columns that mean the same for every type.
fn base(rows: &mut Rows<'_>, line: Line<'_>, meaning: QuestionType) -> Question {
    let (name, origin) = match (meaning.role, line.get("name")) {
        (Role::Note, None) => (format!("note_in_row_{}", line.row()), line.place("name")),
        _ => rows.name(line, "question"),
    };
    let parameters = match line
        .get("parameters")
        .map(|found| (cell::parameters(found.text), found))
    {
        None => BTreeMap::new(),
        Some((Ok(parameters), _)) => parameters,
        Some((Err(part), found)) => {
            rows.problems.push(Problem::error(
                &found.origin,
                &part,
                "a parameter is written key=value",
                "Write for example start=1 end=10 step=1",
            ));
            BTreeMap::new()
        }
    };
    let default = line.get("default").map(|found| Expression {
        source: cell::plain(found.text),
        origin: found.origin,
    });
    Question {
        name,
        role: meaning.role,
        kind: meaning.kind,
        label: line.translated("label", rows.language),
        hint: line.translated("hint", rows.language),
        guidance: line.translated("guidance_hint", rows.language),
        required: line.expression("required").filter(is_not_false),
        required_message: line.translated("required_message", rows.language),
        relevant: line.expression("relevant"),
        constraint: line.expression("constraint"),
        constraint_message: line.translated("constraint_message", rows.language),
        calculation: line.expression("calculation"),
        default,
        read_only: line.expression("read_only").filter(is_not_false),
        choices: None,
        appearance: appearance(line),
        parameters,
        sensitivity: sensitivity(rows, line),
        extra: extra(line),
        origin,
    }
}

fn is_not_false(expression: &Expression) -> bool {
    expression.source != "false()"
}

/// A column such as `bind::sec:pii`, whatever prefix the form declares.
fn sensitivity(rows: &mut Rows<'_>, line: Line<'_>) -> Option<Sensitivity> {
    let heading = line.columns().iter().find(|heading| {
        let heading = heading.means.to_lowercase();
        heading.starts_with("bind::") && heading.ends_with(":pii")
    })?;
    let found = line.cell(heading)?;
    match cell::plain(found.text).to_lowercase().as_str() {
        "direct" => Some(Sensitivity::Direct),
        "indirect" => Some(Sensitivity::Indirect),
        "sensitive" => Some(Sensitivity::Sensitive),
        other => {
            rows.problems.push(Problem::error(
                &found.origin,
                other,
                "the sensitivity of an answer is direct, indirect or sensitive",
                "Write one of the three, or clear the cell",
            ));
            None
        }
    }
}

/// Columns that are kept for other tools: `bind::…`, `body::…`, `instance::…`, media and trigger.
fn extra(line: Line<'_>) -> BTreeMap<String, String> {
    line.columns()
        .iter()
        .filter(|heading| {
            let means = heading.means.to_lowercase();
            ["bind::", "body::", "control::", "instance::"]
                .iter()
                .any(|prefix| means.starts_with(prefix))
                || ["image", "big_image", "audio", "video", "trigger"].contains(&means.as_str())
        })
        .filter_map(|heading| Some((heading.written.clone(), cell::plain(line.cell(heading)?.text))))
        .collect()
}

fn source(
    rows: &mut Rows<'_>,
    line: Line<'_>,
    from: ChoicesFrom,
    list: &str,
    type_cell: &Origin,
) -> Option<ChoiceSource> {
    let mut refuse = |found: &str, message: &str, advice: &str| {
        rows.problems
            .push(Problem::error(type_cell, found, message, advice));
        None
    };
    if list.is_empty() {
        return match from {
            ChoicesFrom::List => refuse(
                "",
                "no choice list is named after the type",
                "Write select_one LIST",
            ),
            ChoicesFrom::File => refuse(
                "",
                "no file is named after the type",
                "Write select_one_from_file FILE.csv",
            ),
        };
    }
    let list = match from {
        ChoicesFrom::List if list.contains(char::is_whitespace) => {
            return refuse(
                list,
                "the name of a choice list has no blanks",
                "Name one choice list after the type",
            );
        }
        ChoicesFrom::List => ListRef::Internal(list.to_string()),
        ChoicesFrom::File => {
            let is_plain = !list.contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|', '\n'])
                && !list.starts_with('.');
            if !is_plain {
                return refuse(
                    list,
                    "this is no plain file name",
                    "Write the name alone, without a folder",
                );
            }
            if !list.to_lowercase().ends_with(".csv") {
                return refuse(
                    list,
                    "choices are read from .csv files only; other files are not supported yet",
                    "Save the file as CSV UTF-8 and name it here",
                );
            }
            ListRef::External(rows.file(list))
        }
    };
    Some(ChoiceSource {
        list,
        filter: line.expression("choice_filter"),
        origin: type_cell.clone(),
    })
}

/// What only some types need or allow.
fn check(rows: &mut Rows<'_>, line: Line<'_>, meaning: QuestionType, question: &mut Question) {
    if question.role == Role::Calculate && question.calculation.is_none() && question.default.is_none() {
        let is_hidden = line
            .get("type")
            .is_some_and(|found| found.text.trim().eq_ignore_ascii_case("hidden"));
        if !is_hidden {
            rows.problems.push(Problem::error(
                &line.place("calculation"),
                "",
                format!("{} computes nothing", question.name),
                "Write an expression under calculation",
            ));
        }
    }
    if matches!(question.role, Role::Ask | Role::Note)
        && question.label.is_empty()
        && question.hint.is_empty()
    {
        rows.problems.push(Problem::warning(
            &line.place("label"),
            "",
            format!("{} has no label", question.name),
            "Write what is to be asked; its name is shown until then",
        ));
    }
    if meaning.choices.is_none()
        && let Some(found) = line.get("choice_filter")
    {
        rows.problems.push(Problem::warning(
            &found.origin,
            found.text,
            "a choice filter does nothing here: the question has no choices",
            "Clear the cell",
        ));
    }
    if let Some(found) = line.get("trigger") {
        rows.problems.push(Problem::warning(
            &found.origin,
            found.text,
            "trigger is not supported yet: the calculation runs whenever what it reads changes",
            "Check that this is what you want",
        ));
    }
    if let Some(search) = question
        .appearance
        .iter()
        .find(|word| word.starts_with("search("))
    {
        rows.problems.push(Problem::error(
            &line.place("appearance"),
            search,
            "search() is not supported yet",
            "Use the type select_one_from_file with a choice_filter",
        ));
    }
    if line
        .get("type")
        .is_some_and(|found| found.text.trim().eq_ignore_ascii_case("range"))
    {
        range(rows, line, question);
    }
}

/// A range is a number between two ends.
fn range(rows: &mut Rows<'_>, line: Line<'_>, question: &mut Question) {
    let parameter = |name: &str, otherwise: &str| {
        question
            .parameters
            .get(name)
            .cloned()
            .unwrap_or_else(|| otherwise.to_string())
    };
    let (start, end, step) = (
        parameter("start", "1"),
        parameter("end", "10"),
        parameter("step", "1"),
    );
    for number in [&start, &end, &step] {
        if number.parse::<f64>().is_err() {
            rows.problems.push(Problem::error(
                &line.place("parameters"),
                number,
                "the ends and the step of a range are numbers",
                "Write for example start=1 end=10 step=1",
            ));
            return;
        }
    }
    question.kind = types::range_kind([&start, &end, &step]);
    let bounds = format!(". >= {start} and . <= {end}");
    question.constraint = Some(match question.constraint.take() {
        None => Expression {
            source: bounds,
            origin: line.place("parameters"),
        },
        Some(own) => Expression {
            source: format!("({}) and {bounds}", own.source),
            origin: own.origin,
        },
    });
}

fn strip_or_other(rest: &str) -> Option<&str> {
    ["or_other", "or specify other"].iter().find_map(|suffix| {
        let list = rest.strip_suffix(suffix)?;
        (list.is_empty() || list.ends_with(char::is_whitespace)).then(|| list.trim())
    })
}

/// Adds the choice `other` to the list, and makes the question that asks for it in words.
fn or_other(rows: &mut Rows<'_>, question: &Question, list: &str) -> Option<Item> {
    let list = rows.survey.lists.get_mut(list)?;
    let text = |words: &str| {
        let languages = question
            .label
            .0
            .keys()
            .map(|language| (language.clone(), words.to_string()));
        Translated(languages.collect())
    };
    if !list.choices.iter().any(|choice| choice.name == "other") {
        list.choices.push(Choice {
            name: "other".into(),
            label: text("Other"),
            columns: BTreeMap::new(),
            origin: question.origin.clone(),
        });
    }
    let origin = question.origin.clone();
    let mut other = Question {
        name: format!("{}_other", question.name),
        role: FREE_TEXT.role,
        kind: FREE_TEXT.kind,
        label: text("Specify other."),
        required: None,
        constraint: None,
        calculation: None,
        default: None,
        read_only: None,
        choices: None,
        ..question.clone()
    };
    other.hint = Translated::default();
    other.guidance = Translated::default();
    other.appearance = Vec::new();
    other.parameters = BTreeMap::new();
    other.extra = BTreeMap::new();
    other.relevant = Some(Expression {
        source: format!("selected(${{{}}}, 'other')", question.name),
        origin,
    });
    Some(Item::Question(other))
}
