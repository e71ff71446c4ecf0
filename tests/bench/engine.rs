//! The form engine alone: the study's longest form loaded, and interviews run through it without any store.

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, FixedOffset};
use sampan_acceptance::acts;
use sampan_acceptance::answers::{Respondent, candidates};
use sampan_acceptance::chance::Chance;
use sampan_client_core::api::{ChoiceView, PlaceRef, QuestionView};
use sampan_form::compiled::Form;
use sampan_form::def::FormDef;
use sampan_form::external::{Table, Tables};
use sampan_interview::facts::Facts;
use sampan_interview::interview::Interview;
use sampan_interview::plan::Plan;
use sampan_interview::view::{Part, Position};
use sampan_record::path::AnswerPath;

/// How long each thing took, in milliseconds.
#[derive(Debug, Default)]
pub struct Times {
    /// An answer taken, and all that depends on it computed.
    pub answer: Vec<(f64, AnswerPath)>,
    /// Going on to the next screen.
    pub next: Vec<f64>,
    /// Texts and choices of one question.
    pub show: Vec<f64>,
    /// Beginning an interview.
    pub begin: Vec<f64>,
    /// All checks at the end, and finishing.
    pub finish: Vec<f64>,
}

/// Bytes of the study's longest form, as .xlsx.
pub fn spreadsheet() -> Result<Vec<u8>, String> {
    file("forms/sme_vc.xlsx")
}

/// Reads the form from its spreadsheet.
pub fn read_form(xlsx: &[u8]) -> Result<FormDef, String> {
    sampan_xlsform::reading::read_xlsx(xlsx, "sme_vc.xlsx")
        .map(|reading| reading.form)
        .map_err(|problems| format!("sme_vc.xlsx: {:?}", problems.first()))
}

/// Compiles the form.
pub fn compile(def: &Arc<FormDef>) -> Result<Form, String> {
    Form::compile(Arc::clone(def)).map_err(|problems| format!("sme_vc: {:?}", problems.first()))
}

/// Reads the form's tables.
pub fn read_tables(def: &FormDef) -> Result<Tables, String> {
    let mut tables = Tables::new();
    for external in &def.external {
        let bytes = file(&external.file_name)?;
        let table = Table::from_csv(&bytes).map_err(|error| format!("{}: {error}", external.file_name))?;
        tables.insert(&external.id, Arc::new(table));
    }
    Ok(tables)
}

fn file(name: &str) -> Result<Vec<u8>, String> {
    let path = acts::study_folder().join(name);
    std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Runs one interview from the first question to the last. Gives how many answers were taken.
pub fn interview(
    plan: &Arc<Plan>,
    respondent: &Respondent,
    chance: &mut Chance,
    times: &mut Times,
) -> Result<usize, String> {
    let now: DateTime<FixedOffset> = "2026-11-24T08:30:00+07:00".parse().expect("a moment");
    let facts = Facts {
        device: "device".into(),
        username: "enumerator".into(),
        email: String::new(),
        phone_number: String::new(),
        started_at: now,
        seed: chance.draw(),
    };
    let before = Instant::now();
    let mut running = Interview::begin(Arc::clone(plan), &facts).interview;
    times.begin.push(ms_since(before));
    let mut n_answers = 0;
    let mut screen = running.first();
    while screen.position != Position::End {
        for at in &screen.questions {
            let before = Instant::now();
            let seen = look(&running, at);
            times.show.push(ms_since(before));
            let Some(question) = seen.filter(|question| question.role == "ask" && question.relevant) else {
                continue;
            };
            if question.read_only || question.answer.is_some() {
                continue;
            }
            n_answers += usize::from(answer(
                &mut running,
                at,
                &question,
                respondent,
                chance,
                now,
                times,
            )?);
        }
        let before = Instant::now();
        screen = running.next(&screen.position);
        times.next.push(ms_since(before));
    }
    let before = Instant::now();
    running
        .finish(now)
        .map_err(|problems| format!("it could not be finished: {:?}", problems.first()))?;
    times.finish.push(ms_since(before));
    Ok(n_answers)
}

fn answer(
    running: &mut Interview,
    at: &AnswerPath,
    question: &QuestionView,
    respondent: &Respondent,
    chance: &mut Chance,
    now: DateTime<FixedOffset>,
    times: &mut Times,
) -> Result<bool, String> {
    for text in candidates(question, respondent, chance) {
        let Ok(parsed) = running.parse_input(at, &text) else {
            continue;
        };
        let before = Instant::now();
        let taken = running.answer(at, Some(parsed), now);
        let took_ms = ms_since(before);
        if taken.is_ok() {
            times.answer.push((took_ms, at.clone()));
            return Ok(true);
        }
    }
    if question.required {
        return Err(format!("no answer to {} was taken", question.name));
    }
    Ok(false)
}

/// A question as an app shows it.
fn look(running: &Interview, at: &AnswerPath) -> Option<QuestionView> {
    let state = running.question(at)?;
    let choices = match state.has_choices {
        true => running.choices(at),
        false => Vec::new(),
    };
    let kind = serde_json::to_value(state.kind).ok()?;
    Some(QuestionView {
        at: PlaceRef(String::new()),
        name: at.question.as_str().rsplit('/').next()?.to_string(),
        role: match state.role {
            Part::Ask => "ask".into(),
            Part::Note => "note".into(),
            Part::Hidden => "hidden".into(),
        },
        kind: kind.as_str()?.to_string(),
        label: state.label,
        hint: state.hint,
        guidance: state.guidance,
        required: state.required,
        read_only: state.read_only,
        relevant: state.relevant,
        valid: state.valid,
        doubt: state.doubt.unwrap_or_default(),
        confirmed: state.confirmed,
        media: Vec::new(),
        answer: state.answer.map(|_| sampan_client_core::api::AnswerView {
            text: String::new(),
            shown: String::new(),
            missing: None,
        }),
        choices: choices
            .into_iter()
            .map(|choice| ChoiceView {
                name: choice.name,
                label: choice.label,
                exclusive: choice.exclusive,
                media: Vec::new(),
            })
            .collect(),
        appearance: state.appearance,
        conflict: Vec::new(),
        comments: Vec::new(),
    })
}

/// Milliseconds since a moment.
pub fn ms_since(before: Instant) -> f64 {
    before.elapsed().as_secs_f64() * 1000.0
}
