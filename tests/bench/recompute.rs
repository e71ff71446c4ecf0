//! How long a person waits for the form: loading it, one answer by the engine alone, and one answer with its commit.

use std::sync::Arc;
use std::time::Instant;

use sampan_acceptance::answers::{Respondent, candidates};
use sampan_acceptance::chance::Chance;
use sampan_acceptance::enumerator::in_words;
use sampan_acceptance::words::COUNTRIES;
use sampan_client_core::api::{AnswerInput, Stop};
use sampan_client_core::error::ClientError;
use sampan_form::package;
use sampan_interview::plan::Plan;

use crate::engine::{self, Times, ms_since};
use crate::season::{Device, Place, Season, State};
use crate::table;

/// Interviews for the engine alone, in all countries together.
const N_ENGINE: usize = 200;

/// Interviews on a device whose store is on the disk.
const N_ON_DISK: usize = 4;

/// How often loading is measured.
const N_LOADS: usize = 20;

const HEADING: &[&str] = &["", "p50 ms", "p99 ms", "max ms", "n"];

const FINE_HEADING: &[&str] = &["", "p50 µs", "p99 µs", "max µs", "n"];

/// The engine without a disk.
pub fn engine_alone(seed: u64) -> Result<(), String> {
    let xlsx = engine::spreadsheet()?;
    let def = Arc::new(engine::read_form(&xlsx)?);
    let bytes = package::to_bytes(&def);
    let (mut converting, mut unpacking, mut compiling, mut reading) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..N_LOADS {
        let before = Instant::now();
        engine::read_form(&xlsx)?;
        converting.push(ms_since(before));
        let before = Instant::now();
        package::from_bytes(&bytes).map_err(|error| error.to_string())?;
        unpacking.push(ms_since(before));
        let before = Instant::now();
        engine::compile(&def)?;
        compiling.push(ms_since(before));
        let before = Instant::now();
        engine::read_tables(&def)?;
        reading.push(ms_since(before));
    }
    let form = engine::compile(&def)?;
    let n_nodes = form.nodes().len();
    let tables = engine::read_tables(&def)?;
    let plan = Arc::new(Plan::new(Arc::new(form), Arc::new(tables)));
    table::print(
        "Loading sme_vc",
        &format!(
            "{n_nodes} items; {} bytes as .xlsx, {} as a form package.",
            table::figure(xlsx.len() as f64, 0),
            table::figure(bytes.len() as f64, 0)
        ),
        HEADING,
        &[
            row("from .xlsx, checked (in the office, once)", &mut converting),
            row("form package read", &mut unpacking),
            row("compiled", &mut compiling),
            row("its two tables read", &mut reading),
        ],
    );

    let mut chance = Chance::new(seed);
    let mut times = Times::default();
    let mut n_answers = 0;
    for number in 0..N_ENGINE {
        let respondent = Respondent {
            country: COUNTRIES[number % COUNTRIES.len()],
            agrees: true,
        };
        n_answers += engine::interview(&plan, &respondent, &mut chance, &mut times)?;
    }
    let slowest = times
        .answer
        .iter()
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, at)| at.question.as_str().to_string())
        .unwrap_or_default();
    let mut answers: Vec<f64> = times.answer.iter().map(|(ms, _)| *ms).collect();
    table::print(
        "One answer on sme_vc, the engine alone",
        &format!(
            "{N_ENGINE} random interviews from the first question to the last, {:.0} answers each; the slowest answer was to {slowest}.",
            n_answers as f64 / N_ENGINE as f64
        ),
        FINE_HEADING,
        &[
            fine_row("one answer: taken, checked, everything recomputed", &mut answers),
            fine_row("texts and choices of one question", &mut times.show),
            fine_row("on to the next screen", &mut times.next),
            fine_row("an interview begun", &mut times.begin),
            fine_row("all checks at the end, finished", &mut times.finish),
        ],
    );
    Ok(())
}

/// The same through the client, with each answer committed before the next.
pub fn with_the_store(season: &Season) -> Result<(), String> {
    let mut rows = Vec::new();
    for (place, words) in [(Place::Memory, "in memory"), (Place::Disk, "on the disk")] {
        let mut field = season.field(State::Fresh, place)?;
        let (mut answers, mut screens) = (Vec::new(), Vec::new());
        for number in 0..N_ON_DISK {
            let n_devices = field.devices.len();
            interview(&mut field.devices[number % n_devices], &mut answers, &mut screens)?;
        }
        rows.push(row(&format!("one answer, store {words}"), &mut answers));
        rows.push(row(&format!("next screen, store {words}"), &mut screens));
        field.close()?;
    }
    table::print(
        "One answer on sme_vc, through the client",
        "The answer is durable when the call returns, and the question comes back as it stands then.",
        HEADING,
        &rows,
    );
    Ok(())
}

/// Fills in one interview as a field app does, and keeps the time of each answer and each screen.
fn interview(device: &mut Device, answers: &mut Vec<f64>, screens: &mut Vec<f64>) -> Result<(), String> {
    let respondent = device.respondent();
    let record = device.client.start(crate::season::FORM).map_err(in_words)?;
    let mut open = device.client.open_interview(&record).map_err(in_words)?;
    let mut screen = open.screen().map_err(in_words)?;
    while screen.stop != Stop::End {
        for question in &screen.questions {
            let question = open.question(&question.at).map_err(in_words)?;
            let is_asked = question.role == "ask" && question.relevant && !question.read_only;
            if !is_asked || question.answer.is_some() {
                continue;
            }
            for text in candidates(&question, &respondent, &mut device.chance) {
                let before = Instant::now();
                match open.answer(&question.at, &AnswerInput::Text(text)) {
                    Ok(_) => {
                        answers.push(ms_since(before));
                        break;
                    }
                    Err(ClientError::Refused { .. }) => {}
                    Err(error) => return Err(in_words(error)),
                }
            }
        }
        let before = Instant::now();
        screen = open.next().map_err(in_words)?;
        screens.push(ms_since(before));
    }
    open.finish().map_err(in_words).map(drop)
}

fn row(what: &str, samples: &mut [f64]) -> Vec<String> {
    scaled_row(what, samples, 1.0, 2)
}

/// The same in microseconds.
fn fine_row(what: &str, samples: &mut [f64]) -> Vec<String> {
    scaled_row(what, samples, 1000.0, 1)
}

fn scaled_row(what: &str, samples: &mut [f64], scale: f64, decimals: usize) -> Vec<String> {
    let at = |part: f64, samples: &mut [f64]| table::figure(table::quantile(samples, part) * scale, decimals);
    vec![
        what.to_string(),
        at(0.5, samples),
        at(0.99, samples),
        at(1.0, samples),
        table::figure(samples.len() as f64, 0),
    ]
}
