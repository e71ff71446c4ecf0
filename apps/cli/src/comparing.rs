//! `sampan form diff`: what changed between two versions of a form, and what that does to collected answers.

use std::path::Path;

use sampan_form::def::FormDef;
use sampan_form::difference::{self, Effect};
use sampan_form::package;
use sampan_xlsform::reading::Options;
use serde_json::json;

use crate::checking;
use crate::failure::{Failure, Outcome};
use crate::terminal::{Terminal, harmless};

/// Says what changed from `before` to `after`.
pub fn diff(terminal: &mut Terminal, before: &Path, after: &Path) -> Result<Outcome, Failure> {
    let (Some(old), Some(new)) = (form(terminal, before)?, form(terminal, after)?) else {
        return Ok(Outcome::NotAccepted);
    };
    let changes = difference::differences(&old, &new);
    if terminal.json {
        let listed: Vec<_> = changes
            .iter()
            .map(|change| {
                json!({
                    "at": change.at,
                    "question": change.at,
                    "change": change.what,
                    "effect": change.effect,
                    "words": change.words,
                })
            })
            .collect();
        let worst = changes.iter().map(|change| change.effect).min();
        terminal.result(&json!({
            "before": old.version,
            "after": new.version,
            "form_id": new.form_id,
            "worst": worst,
            "changes": listed,
        }))?;
        return Ok(Outcome::Done);
    }
    if changes.is_empty() {
        terminal.line("No question, choice or rule changed; collected answers stay as they are.")?;
    }
    for change in &changes {
        terminal.line(harmless(&format!(
            "{}: {}. {}.",
            change.at, change.what, change.words
        )))?;
    }
    let n = |effect: Effect| changes.iter().filter(|change| change.effect == effect).count();
    let counts: Vec<String> = [
        (Effect::Lost, "lose answers from exports"),
        (Effect::TypeChanged, "change a type"),
        (Effect::Hidden, "may hide answers"),
        (Effect::Judged, "judge answers otherwise"),
        (Effect::Recomputed, "compute anew"),
        (Effect::CodebookChanged, "change the code book"),
        (Effect::Kept, "leave answers as they are"),
    ]
    .into_iter()
    .filter(|(effect, _)| n(*effect) > 0)
    .map(|(effect, words)| format!("{} {words}", n(effect)))
    .collect();
    if !counts.is_empty() {
        terminal.line(format!("Of {} changes {}.", changes.len(), counts.join(", ")))?;
    }
    Ok(Outcome::Done)
}

fn form(terminal: &mut Terminal, file: &Path) -> Result<Option<FormDef>, Failure> {
    let bytes = checking::read(file)?;
    let name = checking::file_name(file);
    // A version that only mending reads can be compared all the same.
    let read = |lenient: bool| {
        let options = Options {
            is_outline: true,
            lenient,
            ..Options::default()
        };
        checking::any(&bytes, &name, &options)
    };
    match read(false).or_else(|problems| read(true).map_err(|_| problems)) {
        Ok(reading) => {
            let mut form = reading.form;
            for (file, bytes) in checking::files_beside(file, &bytes, &name, true, &[]) {
                form.attach(&file, package::content_hash(&bytes));
            }
            Ok(Some(form))
        }
        Err(problems) => {
            for problem in &problems {
                terminal.error_line(checking::line(file, problem))?;
            }
            Ok(None)
        }
    }
}
