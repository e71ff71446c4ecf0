//! One row of the sheet survey that asks, tells or computes something.

use std::collections::BTreeMap;

use sampan_form::def::{
    Choice, ChoiceSource, Expression, Item, ListRef, Origin, Question, Role, Sensitivity, Translated,
};
use sampan_form::entries::Entries;
use sampan_form::problem::Problem;
use sampan_form::types::{ChoicesFrom, FREE_TEXT, QuestionType};
use sampan_form::xform;

use crate::cell;
use crate::heading::Line;
use crate::references;
use crate::survey::{Rows, parameters, whole};

/// Endings of files that choices come from.
const ENDINGS: &[&str] = &["csv", "xml", "geojson"];

/// The question of a row, and the text question that `or_other` adds after it.
pub(super) fn questions(
    rows: &mut Rows<'_>,
    line: Line<'_>,
    word: &'static str,
    meaning: QuestionType,
    rest: &str,
    type_cell: &Origin,
) -> Vec<Item> {
    let mut question = base(rows, line, word, meaning);
    question.save_to = rows.save_to(line, &question.name, false);
    let (list, other) = match strip_or_other(rest) {
        Some(list) => (list, true),
        None => (rest, false),
    };
    match meaning.choices {
        Some(from) => question.choices = source(rows, line, from, list, type_cell),
        None if word == "osm" && !rest.is_empty() => {
            question.parameters.insert("tags".into(), rest.to_string());
        }
        None if !rest.is_empty() && rows.lenient => rows.problems.push(Problem::mended(
            type_cell,
            rest,
            format!("something follows the type that does not belong there; read as {word}"),
            format!("Write {word}"),
        )),
        None if !rest.is_empty() => rows.problems.push(Problem::error(
            type_cell,
            rest,
            format!("nothing may follow the type {word}"),
            "Delete it, or write select_one or select_multiple before the name of a choice list",
        )),
        None => {}
    }
    usual(word, &mut question);
    parameters::check(rows, line, &mut question);
    check(rows, line, meaning, &mut question);
    let mut items = Vec::new();
    if other && let Some(other) = or_other(rows, line, &question, list, type_cell) {
        items.push(Item::Question(question));
        items.push(other);
    } else {
        items.push(Item::Question(question));
    }
    items
}

/// A question in place of one that cannot be read, so that references to it are no problems.
pub(super) fn placeholder(
    rows: &mut Rows<'_>,
    line: Line<'_>,
    word: &'static str,
    meaning: QuestionType,
) -> Item {
    Item::Question(base(rows, line, word, meaning))
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
fn base(rows: &mut Rows<'_>, line: Line<'_>, word: &'static str, meaning: QuestionType) -> Question {
    let (name, origin) = match (meaning.role, line.get("name")) {
        (Role::Note, None) => (format!("generated_note_name_{}", line.row()), line.place("name")),
        _ => rows.name(line, "question"),
    };
    let parameters = parameters::read(rows, line);
    let default = line.get("default").map(|found| Expression {
        source: cell::plain(found.text),
        origin: found.origin,
    });
    let mut extra = line.attributes();
    for (means, attribute) in [
        ("autoplay", "control::autoplay"),
        ("rows", "control::rows"),
        ("compact_tag", "instance::odk:tag"),
    ] {
        if let Some(found) = line.get(means) {
            extra.insert(attribute.to_string(), cell::plain(found.text));
        }
    }
    Question {
        name,
        role: meaning.role,
        kind: meaning.kind,
        label: line.translated("label", rows.language),
        hint: line.translated("hint", rows.language),
        guidance: line.translated("guidance_hint", rows.language),
        required: line.expression("required"),
        required_message: line.translated("required_message", rows.language),
        relevant: line.expression("relevant"),
        constraint: line.expression("constraint"),
        constraint_message: line.translated("constraint_message", rows.language),
        soft_constraint: line.expression("soft_constraint"),
        soft_constraint_message: line.translated("soft_constraint_message", rows.language),
        calculation: line.expression("calculation"),
        default,
        read_only: line.expression("read_only"),
        choices: None,
        appearance: appearance(line),
        parameters,
        sensitivity: sensitivity(rows, line),
        extra,
        type_name: word.to_string(),
        trigger: trigger(rows, line),
        media: line.media(rows.language),
        no_app_message: line.translated("no_app_error_string", rows.language),
        save_to: None,
        actions: Vec::new(),
        origin,
    }
}

/// The names in a cell `${a}, ${b}`.
pub(super) fn trigger(rows: &mut Rows<'_>, line: Line<'_>) -> Vec<String> {
    let Some(found) = line.get("trigger") else {
        return Vec::new();
    };
    let text = cell::plain(found.text);
    let mut names = Vec::new();
    if !text.contains("${") {
        rows.problems.push(no_trigger(&found.origin, &text));
        return Vec::new();
    }
    for part in text.split(',').filter(|part| !part.trim().is_empty()) {
        let mut references = references::found(part);
        match (references.next(), references.next()) {
            (Some(Some(name)), None) => names.push(name.to_string()),
            _ => {
                rows.problems.push(no_trigger(&found.origin, &text));
                return Vec::new();
            }
        }
    }
    names
}

fn no_trigger(origin: &Origin, text: &str) -> Problem {
    Problem::error(
        origin,
        text,
        "a trigger is ${name} of a question, or several with commas between them",
        "Write ${name}",
    )
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
            ChoicesFrom::List | ChoicesFrom::ExternalList => refuse(
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
    if list.contains(char::is_whitespace) {
        return refuse(
            list,
            "the name of a choice list has no blanks",
            "Name one choice list after the type",
        );
    }
    let ending = list.rsplit_once('.').map_or("", |(_, ending)| ending);
    let list = match from {
        ChoicesFrom::File | ChoicesFrom::List if from == ChoicesFrom::File || ENDINGS.contains(&ending) => {
            let is_plain = !list.contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|', '\n'])
                && !list.starts_with('.');
            if !is_plain {
                return refuse(
                    list,
                    "this is no plain file name",
                    "Write the name alone, without a folder",
                );
            }
            if !ENDINGS.contains(&ending) || (from == ChoicesFrom::File && list.matches('.').count() > 1) {
                return refuse(
                    list,
                    "choices are read from .csv, .xml and .geojson files, with no other point in the name",
                    "Save the file as CSV UTF-8 and name it here",
                );
            }
            ListRef::External(rows.file(list, type_cell))
        }
        ChoicesFrom::List | ChoicesFrom::File => match list.contains("${") {
            true => match references::only(list) {
                Some(name) => ListRef::Answers(name.to_string()),
                None => {
                    return refuse(list, "a reference is written ${name}", "Write select_one ${name}");
                }
            },
            false => ListRef::Internal(list.to_string()),
        },
        ChoicesFrom::ExternalList => {
            if !rows.external_choices.contains_key(list) {
                return refuse(
                    list,
                    "the sheet external_choices has no such list",
                    "Add rows with this list_name to a sheet external_choices",
                );
            }
            ListRef::Internal(list.to_string())
        }
    };
    if let ListRef::Internal(name) = &list
        && rows.is_outline
        && from != ChoicesFrom::ExternalList
        && !rows.survey.lists.contains_key(name)
    {
        rows.no_list(type_cell, name, name);
    }
    Some(ChoiceSource {
        list,
        filter: line.expression("choice_filter"),
        origin: type_cell.clone(),
    })
}

/// What some old types bring along.
fn usual(word: &str, question: &mut Question) {
    let (constraint, hint) = match word {
        "percentage" => ("0 <= . and . <= 100", None),
        "phone_number" => ("regex(., '^\\d*$')", Some("Enter numbers only.")),
        "number_of_days_in_last_month" => ("0 <= . and . <= 31", Some("Enter a number 0-31.")),
        "number_of_days_in_last_six_months" => ("0 <= . and . <= 183", Some("Enter a number 0-183.")),
        "number_of_days_in_last_year" => ("0 <= . and . <= 365", Some("Enter a number 0-365.")),
        _ => return,
    };
    question.constraint.get_or_insert_with(|| Expression {
        source: constraint.into(),
        origin: question.origin.column("type"),
    });
    if let Some(hint) = hint.filter(|_| question.hint.is_empty()) {
        question.hint = Translated(Entries::from([("default".into(), hint.into())]));
    }
}

/// What only some types need or allow.
fn check(rows: &mut Rows<'_>, line: Line<'_>, meaning: QuestionType, question: &mut Question) {
    if question.type_name == "calculate" && question.calculation.is_none() {
        let computes = question
            .default
            .as_ref()
            .is_some_and(|default| xform::is_dynamic(&default.source, "calculate"));
        if !computes {
            rows.problems.push(Problem::error(
                &line.place("calculation"),
                "",
                format!("{} computes nothing", question.name),
                "Write an expression under calculation",
            ));
        }
    }
    if question.type_name == "background_geopoint" {
        if line.get("trigger").is_none() {
            rows.problems.push(Problem::error(
                &line.place("trigger"),
                "",
                "a background-geopoint needs a trigger",
                "Write ${name} of the question whose change takes the position",
            ));
        }
        if let Some(calculation) = &question.calculation {
            rows.problems.push(Problem::error(
                &calculation.origin,
                &calculation.source,
                "a background-geopoint computes nothing",
                "Clear the cell",
            ));
        }
    }
    label(rows, line, question);
    match meaning.choices {
        None => {
            let shows_places = question.parameters.contains_key("reference-geometry");
            if let Some(filter) = line.expression("choice_filter").filter(|_| shows_places) {
                question.parameters.insert("choice_filter".into(), filter.source);
            } else if let Some(found) = line.get("choice_filter") {
                rows.problems.push(Problem::warning(
                    &found.origin,
                    found.text,
                    "a choice filter does nothing here: the question has no choices",
                    "Clear the cell",
                ));
            }
        }
        Some(_) if question.type_name == "select_multiple" => blanks(rows, question),
        Some(_) => {}
    }
}

/// Who asks must say what.
fn label(rows: &mut Rows<'_>, line: Line<'_>, question: &Question) {
    if !matches!(question.role, Role::Ask | Role::Note) || !whole::is_visible(question) {
        return;
    }
    if question.appearance == ["label"] && question.choices.is_some() {
        return;
    }
    if question.label.is_empty() && question.hint.is_empty() && question.media.is_empty() {
        let (message, advice) = (
            format!("{} has no label", question.name),
            "Write what is to be asked; its name is shown until then",
        );
        let at = line.place("label");
        rows.problems.push(match (rows.is_outline, rows.lenient) {
            (_, true) => Problem::mended(&at, "", format!("{message}; its name is shown"), advice),
            (true, false) => Problem::error(&at, "", message, advice),
            (false, false) => Problem::warning(&at, "", message, advice),
        });
    }
    if question.media.contains_key("big-image") && !question.media.contains_key("image") {
        rows.problems.push(Problem::error(
            &line.place("big_image"),
            "",
            "a big-image needs an image that it is the big one of",
            "Write a file under image",
        ));
    }
}

/// Names of choices of which several can be ticked have no blanks: blanks part them in answers.
fn blanks(rows: &mut Rows<'_>, question: &Question) {
    let Some(ChoiceSource {
        list: ListRef::Internal(name),
        origin,
        ..
    }) = &question.choices
    else {
        return;
    };
    let Some(list) = rows.survey.lists.get(name) else {
        return;
    };
    if let Some(choice) = list.choices.iter().find(|choice| choice.name.contains(' ')) {
        let problem = Problem::error(
            &choice.origin,
            &choice.name,
            format!("the name has blanks, and several choices of {name} can be ticked in {origin}"),
            "Write _ for the blanks",
        );
        if !rows.problems.contains(&problem) {
            rows.problems.push(problem);
        }
    }
}

fn strip_or_other(rest: &str) -> Option<&str> {
    ["or_other", "or specify other", "or other"]
        .iter()
        .find_map(|suffix| {
            let list = rest.strip_suffix(suffix)?;
            (list.is_empty() || list.ends_with(char::is_whitespace)).then(|| list.trim())
        })
}

/// Adds the choice `other` to the list, and makes the question that asks for it in words.
fn or_other(
    rows: &mut Rows<'_>,
    line: Line<'_>,
    question: &Question,
    list: &str,
    type_cell: &Origin,
) -> Option<Item> {
    if let Some(filter) = line.get("choice_filter") {
        rows.problems.push(Problem::error(
            &filter.origin,
            filter.text,
            "choices with or_other cannot be filtered: other would have to meet the filter",
            "Clear the cell, or add a choice other and a question of its own",
        ));
    }
    let Some(list) = rows.survey.lists.get_mut(list) else {
        if rows.is_outline {
            rows.problems.push(Problem::error(
                type_cell,
                list,
                "or_other needs a list of the sheet choices",
                "Add rows with this list_name to the sheet choices",
            ));
        }
        return None;
    };
    let languages: Vec<String> = {
        let mut languages: Vec<String> = list
            .choices
            .iter()
            .flat_map(|choice| choice.label.0.keys().cloned())
            .collect();
        languages.sort();
        languages.dedup();
        languages
    };
    if !list.choices.iter().any(|choice| choice.name == "other") {
        let texts = languages
            .into_iter()
            .map(|language| (language, "Other".to_string()));
        list.choices.push(Choice {
            name: "other".into(),
            label: Translated(texts.collect()),
            columns: Entries::new(),
            media: BTreeMap::new(),
            origin: question.origin.clone(),
        });
    }
    let name = format!("{}_other", question.name);
    rows.take(&name, &question.origin);
    let relevant = Expression {
        source: format!("selected(../{}, 'other')", question.name),
        origin: question.origin.clone(),
    };
    Some(Item::Question(Question {
        label: Translated(Entries::from([("default".into(), "Specify other.".into())])),
        relevant: Some(relevant),
        sensitivity: question.sensitivity,
        type_name: "text".into(),
        origin: question.origin.clone(),
        ..Question::new(&name, FREE_TEXT.role, FREE_TEXT.kind)
    }))
}
