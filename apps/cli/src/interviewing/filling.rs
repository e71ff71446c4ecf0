//! Fills in the answers of a file: first on an interview that is never written, then, if all are good, on the real one.

use std::collections::BTreeMap;

use sampan_client_core::api::AnswerInput;
use sampan_client_core::error::ClientError;
use sampan_client_core::interviewing::OpenInterview;

use crate::failure::{Failure, Wrong};
use crate::interviewing::answers_file::Entry;

mod fitting;
mod resolving;

/// One thing to do with the real interview. Rows are named by their number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Answers a question.
    Answer {
        /// Where: `d_products/products[0]/prod`.
        at: String,
        /// What.
        input: AnswerInput,
    },
    /// Adds a row to a repeat.
    AddRow {
        /// Which: `d_products/products`.
        repeat: String,
    },
}

/// An answer of the file whose question is known.
struct Wanted<'a> {
    entry: &'a Entry,
    /// Its place, rows by number.
    at: String,
    input: AnswerInput,
}

/// Finds out what would be done with the answers of a file; everything that is wrong with them comes back at once.
pub fn rehearse(trial: &mut OpenInterview, entries: &[Entry]) -> Result<Vec<Step>, Failure> {
    let form = trial.form()?;
    let mut wrong: Vec<Wrong> = Vec::new();
    let mut wanted: Vec<Wanted<'_>> = Vec::new();
    let mut places: BTreeMap<String, &Entry> = BTreeMap::new();
    for entry in entries {
        let resolved = resolving::question(&form, &entry.question)
            .and_then(|question| Ok((fitting::input(&form, question.id, &entry.given)?, question.at)));
        match resolved {
            Err(message) => wrong.push(said(entry, &message)),
            Ok((input, at)) => match places.get(at.as_str()) {
                Some(other) => {
                    let message = format!("{at} is answered twice; it stands at {} too", other.place);
                    wrong.push(said(entry, &message));
                }
                None => {
                    places.insert(at.clone(), entry);
                    wanted.push(Wanted { entry, at, input });
                }
            },
        }
    }
    let mut steps = Vec::new();
    let mut refusals: Vec<Wrong> = Vec::new();
    loop {
        refusals.clear();
        let n_before = steps.len();
        answer_what_is_asked(trial, &mut wanted, &mut steps, &mut refusals)?;
        add_rows(trial, &wanted, &mut steps)?;
        if steps.len() == n_before {
            break;
        }
    }
    let refused: Vec<String> = refusals.iter().map(|refusal| refusal.place.clone()).collect();
    wrong.append(&mut refusals);
    if wrong.is_empty() {
        // With other mistakes in the file it is no wonder that something is not asked.
        for left in wanted.iter().filter(|left| !refused.contains(&left.entry.place)) {
            let message = format!(
                "{} is not asked, because of the other answers; leave it out or correct them",
                left.at
            );
            wrong.push(said(left.entry, &message));
        }
    }
    if wrong.is_empty() {
        Ok(steps)
    } else {
        wrong.sort_by_key(|wrong| entries.iter().position(|entry| entry.place == wrong.place));
        Err(Failure::Answers(wrong))
    }
}

/// Does the steps with the real interview. Each is on the disk before the next.
pub fn apply(open: &mut OpenInterview, steps: &[Step]) -> Result<(), Failure> {
    for step in steps {
        match step {
            Step::Answer { at, input } => {
                let at = resolving::in_interview(open, at)?;
                open.answer(&at, input)?;
            }
            Step::AddRow { repeat } => {
                let repeat = resolving::in_interview(open, repeat)?;
                open.add_row(&repeat)?;
            }
        }
    }
    if !steps.is_empty() {
        open.goto_first()?;
    }
    Ok(())
}

/// Answers in the order of the form what is asked now, and takes it out of `wanted`.
fn answer_what_is_asked(
    trial: &mut OpenInterview,
    wanted: &mut Vec<Wanted<'_>>,
    steps: &mut Vec<Step>,
    refusals: &mut Vec<Wrong>,
) -> Result<(), Failure> {
    let mut numbers = resolving::RowNumbers::default();
    for place in trial.places()? {
        let at = numbers.of(trial, &place)?;
        let Some(index) = wanted
            .iter()
            .position(|wanted| wanted.at == at || wanted.at == place.0)
        else {
            continue;
        };
        let Some(Wanted { entry, input, .. }) = wanted.get(index) else {
            continue;
        };
        match trial.answer(&place, input) {
            Ok(_) => {
                steps.push(Step::Answer {
                    at,
                    input: input.clone(),
                });
                wanted.remove(index);
            }
            // Not asked any more, because of an answer that was just taken.
            Err(ClientError::Refused { reason, .. }) if reason == "not_asked" => {}
            Err(ClientError::NoPlace { .. }) => {}
            Err(ClientError::Refused { message, .. }) => {
                refusals.push(said(entry, &format!("{at} is not taken: {message}")));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Adds the rows that answers stand in, where people add rows.
fn add_rows(trial: &mut OpenInterview, wanted: &[Wanted<'_>], steps: &mut Vec<Step>) -> Result<(), Failure> {
    let form = trial.form()?;
    for wanted in wanted {
        for (repeat, number) in resolving::rows_of(&wanted.at) {
            let path = resolving::without_rows(&repeat);
            let is_by_hand = form.find(&path).is_some_and(|id| form.node(id).count.is_none());
            if !is_by_hand {
                continue;
            }
            let Ok(place) = resolving::in_interview(trial, &repeat) else {
                break;
            };
            let n_rows = trial.rows(&place)?.len();
            for _ in n_rows..=number {
                match trial.add_row(&place) {
                    Ok(_) => steps.push(Step::AddRow {
                        repeat: repeat.clone(),
                    }),
                    // What stands in the way shows as an answer that is not asked.
                    Err(ClientError::Refused { .. } | ClientError::NoPlace { .. }) => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }
    Ok(())
}

fn said(entry: &Entry, message: &str) -> Wrong {
    Wrong {
        place: entry.place.clone(),
        question: entry.question.clone(),
        message: message.to_owned(),
    }
}
