//! A device in an enumerator's hands: enrolled over a line, interviews filled in question by question.

use std::path::Path;

use sampan_client_core::api::{AnswerInput, RecordRef, Stop, SyncOptions, SyncReport};
use sampan_client_core::client::Client;
use sampan_client_core::error::ClientError;
use sampan_client_core::interviewing::OpenInterview;
use sampan_client_core::platform::Platform;

use crate::answers::{Respondent, candidates};
use crate::chance::Chance;

/// Screens after which an interview is taken to run in a circle.
const LONGEST_INTERVIEW_SCREENS: usize = 20_000;

/// Syncs tried over a line that is cut, before giving up.
const MOST_TRIES: usize = 200;

/// The enrolment link that leads over `line_url` with the code of the office's link.
pub fn link_over(line_url: &str, office_link: &str) -> Result<String, String> {
    let code = office_link
        .split(['?', '&'])
        .find_map(|part| part.strip_prefix("code="))
        .ok_or_else(|| format!("no code in {office_link}"))?;
    let server: String = line_url
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect();
    Ok(format!("sampan:enroll?server={server}&code={code}"))
}

/// Opens a device's folder with the system's clock and randomness.
pub fn device(folder: &Path) -> Result<Client, String> {
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Client::open(folder, Platform::system()).map_err(|error| format!("{}: {error}", folder.display()))
}

/// Interviews a respondent with a form from the first question to the last, and finishes it.
pub fn interview(
    client: &Client,
    form_id: &str,
    respondent: &Respondent,
    chance: &mut Chance,
) -> Result<RecordRef, String> {
    let record = client.start(form_id).map_err(in_words)?;
    let mut open = client.open_interview(&record).map_err(in_words)?;
    fill(&mut open, respondent, chance)?;
    let finished = open.finish().map_err(in_words)?;
    if finished.is_finished {
        Ok(record)
    } else {
        Err(format!(
            "{form_id} could not be finished: {:?}",
            finished.problems.first()
        ))
    }
}

/// Answers every question that has no answer, up to the end of the interview.
pub fn fill(open: &mut OpenInterview, respondent: &Respondent, chance: &mut Chance) -> Result<(), String> {
    let mut screen = open.screen().map_err(in_words)?;
    for _ in 0..LONGEST_INTERVIEW_SCREENS {
        match screen.stop {
            Stop::End => return Ok(()),
            Stop::AddRow => {}
            Stop::Questions => {
                for question in &screen.questions {
                    answer(open, &question.at, respondent, chance)?;
                }
            }
        }
        screen = open.next().map_err(in_words)?;
    }
    Err(format!(
        "the interview has no end after {LONGEST_INTERVIEW_SCREENS} screens"
    ))
}

fn answer(
    open: &mut OpenInterview,
    at: &sampan_client_core::api::PlaceRef,
    respondent: &Respondent,
    chance: &mut Chance,
) -> Result<(), String> {
    let question = open.question(at).map_err(in_words)?;
    let is_asked = question.role == "ask" && question.relevant && !question.read_only;
    if !is_asked || question.answer.is_some() {
        return Ok(());
    }
    let is_plain = matches!(question.kind.as_str(), "integer" | "decimal" | "text");
    let is_structural = question.name.starts_with("n_");
    if is_plain && !is_structural && chance.percent(4) {
        let missing = *chance.pick(&["dont_know", "refused"]);
        if open.answer(at, &AnswerInput::Missing(missing.into())).is_ok() {
            return Ok(());
        }
    }
    if !question.required && chance.percent(3) {
        return Ok(());
    }
    let tries = candidates(&question, respondent, chance);
    let mut last = None;
    for text in &tries {
        match open.answer(at, &AnswerInput::Text(text.clone())) {
            Ok(_) => return Ok(()),
            Err(ClientError::Refused { message, .. }) => last = Some(message),
            Err(error) => return Err(in_words(error)),
        }
    }
    if question.required {
        Err(format!(
            "no answer to {at} was taken ({} tries, the last: {last:?})",
            tries.len()
        ))
    } else {
        Ok(())
    }
}

/// Syncs until it comes to its end, however often the line is cut. Gives the last report and how many tries failed.
pub fn sync_through(client: &Client, options: &SyncOptions) -> Result<(SyncReport, usize), String> {
    let mut last = String::new();
    for n_failed in 0..MOST_TRIES {
        match client.sync(options) {
            Ok(report) => return Ok((report, n_failed)),
            Err(error) => last = in_words(error),
        }
    }
    Err(format!("no sync came to its end in {MOST_TRIES} tries: {last}"))
}

/// An error with its code, for a test's message.
pub fn in_words(error: ClientError) -> String {
    format!("{} [{}]", error, error.code())
}
