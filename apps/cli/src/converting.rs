//! `sampan form xform`: a form as ODK's XML, for Collect, Enketo and other programs.

use std::path::Path;

use sampan_form::xform;
use sampan_xlsform::reading::Options;
use serde_json::json;

use crate::checking;
use crate::failure::{Failure, Outcome};
use crate::terminal::Terminal;

/// Writes the XML of a form; `root` names the outermost element of its answers.
pub fn xform(
    terminal: &mut Terminal,
    file: &Path,
    to: &Path,
    root: Option<&str>,
) -> Result<Outcome, Failure> {
    let options = Options {
        root: root.map(str::to_string),
        is_outline: true,
        ..Options::default()
    };
    let reading = checking::any(&checking::read(file)?, &checking::file_name(file), &options);
    let (mut form, problems) = match reading {
        Ok(reading) => (reading.form, reading.warnings),
        Err(problems) => {
            for problem in &problems {
                terminal.error_line(checking::line(file, problem))?;
            }
            terminal.error_line("Nothing was written; correct what stands above and try again.")?;
            return Ok(Outcome::NotAccepted);
        }
    };
    for problem in &problems {
        terminal.error_line(checking::line(file, problem))?;
    }
    if let Some(root) = root {
        form.root = root.to_string();
    }
    std::fs::write(to, xform::write(&form)).map_err(|source| Failure::Unwritten {
        path: to.to_path_buf(),
        source,
    })?;
    if terminal.json {
        terminal.result(
            &json!({"file": to.display().to_string(), "form_id": form.form_id, "version": form.version}),
        )?;
    } else {
        terminal.line(format!("{} is the XForm of {}.", to.display(), file.display()))?;
    }
    Ok(Outcome::Done)
}
