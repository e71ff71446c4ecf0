//! Small forms from markdown, and short ways to ask and answer.

use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use sampan_form::compiled::Form;
use sampan_form::external::{Table, Tables};
use sampan_interview::facts::Facts;
use sampan_interview::interview::Interview;
use sampan_interview::plan::Plan;
use sampan_interview::refusal::{Reason, Refused};
use sampan_interview::view::{Accepted, Position};
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_value::answer::{Answer, Missing};
use sampan_value::text;

pub fn now() -> DateTime<FixedOffset> {
    "2026-11-24T08:30:00+07:00".parse().unwrap()
}

pub fn facts() -> Facts {
    Facts {
        device: "device-1".into(),
        username: "sokha".into(),
        email: String::new(),
        phone_number: String::new(),
        started_at: now(),
        seed: 7,
    }
}

/// A form from the rows of its sheets.
pub fn plan(markdown: &str) -> Arc<Plan> {
    plan_with(markdown, &[])
}

pub fn plan_with(markdown: &str, files: &[(&str, &str)]) -> Arc<Plan> {
    let reading = match sampan_xlsform::reading::read_markdown(markdown) {
        Ok(reading) => reading,
        Err(problems) => panic!(
            "{}",
            problems
                .iter()
                .map(|problem| format!("{problem}\n"))
                .collect::<String>()
        ),
    };
    let form = Form::compile(Arc::new(reading.form)).unwrap();
    let mut tables = Tables::new();
    for (id, content) in files {
        let file = form.def().external.iter().find(|file| file.id == *id).unwrap();
        let table = Table::read(&file.file_name, content.as_bytes()).unwrap();
        tables.insert(id, Arc::new(table));
    }
    Arc::new(Plan::new(Arc::new(form), Arc::new(tables)))
}

pub fn begin(markdown: &str) -> Interview {
    Interview::begin(plan(markdown), &facts()).interview
}

/// The place that `d/products[2]/prod` means: rows by their number now, from 1. An item without a bracket takes none.
pub fn at(interview: &Interview, place: &str) -> AnswerPath {
    let mut path = String::new();
    let mut rows = Vec::new();
    for step in place.split('/') {
        if !path.is_empty() {
            path.push('/');
        }
        let (name, row) = step.split_once('[').unwrap_or((step, ""));
        path.push_str(name);
        if !row.is_empty() {
            let number: usize = row.trim_end_matches(']').parse().unwrap();
            let repeat = AnswerPath {
                question: QuestionPath::new(&path),
                rows: rows.clone(),
            };
            let shown = interview.rows(&repeat);
            rows.push(
                *shown
                    .get(number - 1)
                    .unwrap_or_else(|| panic!("{place}: {} rows", shown.len())),
            );
        }
    }
    AnswerPath {
        question: QuestionPath::new(&path),
        rows,
    }
}

pub fn try_say(interview: &mut Interview, place: &str, text: &str) -> Result<Accepted, Refused> {
    let at = at(interview, place);
    let answer = match text {
        "" => None,
        word if Missing::from_word(word).is_some() => Missing::from_word(word).map(Answer::Missing),
        text => Some(interview.parse_input(&at, text)?),
    };
    interview.answer(&at, answer, now())
}

pub fn say(interview: &mut Interview, place: &str, text: &str) -> Accepted {
    match try_say(interview, place, text) {
        Ok(accepted) => accepted,
        Err(refused) => panic!("{place} = {text}: {refused}"),
    }
}

/// Why an answer is refused.
pub fn refusal(interview: &mut Interview, place: &str, text: &str) -> (Reason, String) {
    let refused = try_say(interview, place, text).expect_err(&format!("{place} = {text} is taken"));
    (refused.reason, refused.message)
}

pub fn add(interview: &mut Interview, repeat: &str, random: u64) {
    let at = at(interview, repeat);
    interview.add_row(&at, random, now()).unwrap();
}

/// The value that counts now: text of relevant answers, `dont_know` and the like, blank when there is none.
pub fn value(interview: &Interview, place: &str) -> String {
    let at = at(interview, place);
    interview
        .values()
        .into_iter()
        .find(|(own, _)| *own == at)
        .map(|(_, answer)| in_text(&answer))
        .unwrap_or_default()
}

pub fn in_text(answer: &Answer) -> String {
    match answer {
        Answer::Value(value) => text::to_odk_text(value),
        Answer::Missing(missing) => missing.word().into(),
    }
}

pub fn is_relevant(interview: &Interview, place: &str) -> bool {
    interview.question(&at(interview, place)).unwrap().relevant
}

/// A place as tests write it.
pub fn place_name(interview: &Interview, at: &AnswerPath) -> String {
    let mut rows = at.rows.iter();
    let mut path = String::new();
    let mut above = Vec::new();
    for step in at.question.as_str().split('/') {
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(step);
        let bare: String = strip(&path);
        let id = interview.form().find(&bare);
        let is_repeat =
            id.is_some_and(|id| interview.form().node(id).what == sampan_form::compiled::What::Repeat);
        if is_repeat && let Some(row) = rows.next() {
            let shown = interview.rows(&AnswerPath {
                question: QuestionPath::new(&bare),
                rows: above.clone(),
            });
            match shown.iter().position(|own| own == row) {
                Some(index) => path.push_str(&format!("[{}]", index + 1)),
                None => path.push_str("[hidden]"),
            }
            above.push(*row);
        }
    }
    path
}

fn strip(path: &str) -> String {
    let mut inside = false;
    path.chars()
        .filter(|letter| {
            match letter {
                '[' => inside = true,
                ']' => {
                    inside = false;
                    return false;
                }
                _ => {}
            }
            !inside
        })
        .collect()
}

/// All screens in short: `q`, `together g`, `add r`, `end`.
pub fn course(interview: &Interview) -> Vec<String> {
    interview
        .screens()
        .iter()
        .map(|position| position_name(interview, position))
        .collect()
}

pub fn position_name(interview: &Interview, position: &Position) -> String {
    match position {
        Position::Question(at) => place_name(interview, at),
        Position::Together(at) => format!("together {}", place_name(interview, at)),
        Position::AddRow(at) => format!("add {}", place_name(interview, at)),
        Position::End => "end".into(),
    }
}

/// The interview as it would be if it were opened again from what it holds.
pub fn reopened(interview: &Interview) -> Interview {
    Interview::resume(
        interview.plan().clone(),
        &facts(),
        interview.answers(),
        interview.added_rows(),
    )
    .interview
}
