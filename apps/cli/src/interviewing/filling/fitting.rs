//! Whether an answer of a file fits its question, as far as the form alone tells.

use sampan_client_core::api::AnswerInput;
use sampan_form::compiled::{Form, Node};
use sampan_form::def::ListRef;
use sampan_form::problem::similar;

use crate::interviewing::answers_file::Given;
use crate::interviewing::typed;
use crate::words;

/// Most choices that a message lists.
const LISTED: usize = 12;

/// The answer to give. The error says what was found and what is expected.
pub fn input(form: &Form, question: &Node, given: &Given) -> Result<AnswerInput, String> {
    let kind = kind_word(question);
    let text = match given {
        Given::Nothing => return Ok(AnswerInput::Clear),
        Given::Missing(word) => return missing(word),
        Given::Strange(found) => return Err(format!("found {found}; {}", expected(form, question, &kind))),
        Given::Text(text) => text.clone(),
        Given::Number(number) => match kind.as_str() {
            "integer" | "decimal" => number.clone(),
            "choice" | "choices" if has_choice(form, question, number) => number.clone(),
            _ => {
                return Err(format!(
                    "found the number {number}; {}",
                    expected(form, question, &kind)
                ));
            }
        },
        Given::Truth(truth) => match kind.as_str() {
            "acknowledge" if *truth => "ok".to_owned(),
            "choice" if *truth && has_choice(form, question, "yes") => "yes".to_owned(),
            "choice" if !*truth && has_choice(form, question, "no") => "no".to_owned(),
            _ => return Err(format!("found {truth}; {}", expected(form, question, &kind))),
        },
        Given::List(names) => match kind.as_str() {
            "choices" => names.join(" "),
            _ => return Err(format!("found a list; {}", expected(form, question, &kind))),
        },
    };
    if text.trim().is_empty() {
        return Ok(AnswerInput::Clear);
    }
    let folded = words::plain_digits(text.trim());
    let fits = match kind.as_str() {
        "integer" => folded.parse::<i64>().is_ok(),
        "decimal" => folded.parse::<f64>().is_ok_and(f64::is_finite),
        "date" => {
            folded.len() == 10
                && folded
                    .chars()
                    .all(|letter| letter.is_ascii_digit() || letter == '-')
        }
        "media" => false,
        "choice" => return choices(form, question, &[text.trim()], &text),
        "choices" => {
            let names: Vec<&str> = text.split_whitespace().collect();
            return choices(form, question, &names, &text);
        }
        // The form engine judges these when they are asked.
        _ => true,
    };
    if fits {
        Ok(AnswerInput::Text(text))
    } else {
        Err(format!(
            "found “{}”; {}",
            short(&text),
            expected(form, question, &kind)
        ))
    }
}

fn missing(word: &str) -> Result<AnswerInput, String> {
    match typed::missing(word) {
        Some(word) => Ok(AnswerInput::Missing(word.to_owned())),
        None => Err(format!(
            "found the missing state “{}”; dont_know, refused, not_applicable or skipped is expected",
            short(word)
        )),
    }
}

/// The choices by name, if the form has all of them. Lists in files are judged when the question is asked.
fn choices(form: &Form, question: &Node, names: &[&str], text: &str) -> Result<AnswerInput, String> {
    let Some(known) = known_choices(form, question) else {
        return Ok(AnswerInput::Text(text.to_owned()));
    };
    for name in names {
        if !known.contains(name) {
            let meant = match similar(name, known.iter().copied()) {
                Some(meant) => format!("; did you mean {meant}?"),
                None => format!("; {}", listed(&known)),
            };
            return Err(format!(
                "there is no choice “{}” at {}{meant}",
                short(name),
                question.name
            ));
        }
    }
    Ok(AnswerInput::Text(names.join(" ")))
}

/// Names of the choices that stand in the form itself; None when they come from a file.
fn known_choices<'a>(form: &'a Form, question: &'a Node) -> Option<Vec<&'a str>> {
    let choices = question.choices.as_ref()?;
    let ListRef::Internal(name) = &choices.list else {
        return None;
    };
    let list = form.list(name)?;
    Some(
        list.choices()
            .iter()
            .map(|choice| list.text(choice, &choices.value_column))
            .collect(),
    )
}

fn has_choice(form: &Form, question: &Node, name: &str) -> bool {
    known_choices(form, question).is_none_or(|known| known.contains(&name))
}

fn expected(form: &Form, question: &Node, kind: &str) -> String {
    let what = match kind {
        "text" => "a text in quotes is expected",
        "integer" => "a whole number, such as 12, is expected",
        "decimal" => "a number, such as 12.5, is expected",
        "date" => "a date, such as \"2026-11-24\", is expected",
        "time" => "a time, such as \"14:30\", is expected",
        "date_time" => "a date and time, such as \"2026-11-24T14:30:00+07:00\", is expected",
        "geopoint" => "a position, such as \"11.5564 104.9282\", is expected",
        "geotrace" | "geoshape" => "positions, such as \"11.55 104.92; 11.56 104.93\", are expected",
        "media" => "a file is expected, and cannot be given in an answers file",
        "acknowledge" => "true is expected",
        "choices" => "a list of choice names is expected",
        _ => "one choice name is expected",
    };
    match known_choices(form, question) {
        Some(known) => format!("{what}: {}", listed(&known)),
        None => what.to_owned(),
    }
}

fn listed(known: &[&str]) -> String {
    let mut text: String = known.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
    if known.len() > LISTED {
        text.push_str(&format!(" … ({} in all)", known.len()));
    }
    format!("the choices are {text}")
}

fn kind_word(question: &Node) -> String {
    match question.question().map(|(_, kind)| serde_json::to_value(kind)) {
        Some(Ok(serde_json::Value::String(word))) => word,
        Some(_) | None => String::new(),
    }
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}
