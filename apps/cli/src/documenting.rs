//! `sampan form doc`: a form as a printable code book.

use std::path::PathBuf;

use sampan_form::codebook;
use sampan_xlsform::reading::Options;
use serde_json::json;

use crate::checking;
use crate::failure::{Failure, Outcome};
use crate::terminal::Terminal;

mod html;
mod markdown;

/// What is to be written.
#[derive(Debug, clap::Args)]
pub struct Asked {
    /// The form: .xlsx, .xls, .ods, .csv, tables of text in a .md file, or an XForm (.xml).
    #[arg(value_name = "FORM")]
    file: PathBuf,
    /// Where to write it; what stands there is replaced [default: standard output].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// What to write [default: by the name of --out, else HTML].
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Format>,
    /// Mends what can only mean one thing.
    #[arg(long)]
    lenient: bool,
}

/// What a code book is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// One page that needs nothing else.
    Html,
    /// Text with Markdown's marks.
    Md,
}

/// Writes the code book.
pub fn doc(terminal: &mut Terminal, asked: &Asked) -> Result<Outcome, Failure> {
    let options = Options {
        lenient: asked.lenient,
        is_outline: true,
        ..Options::default()
    };
    let name = checking::file_name(&asked.file);
    let form = match checking::any(&checking::read(&asked.file)?, &name, &options) {
        Ok(reading) => reading.form,
        Err(problems) => {
            for problem in &problems {
                terminal.error_line(checking::line(&asked.file, problem))?;
            }
            terminal.error_line("Nothing was written; correct what stands above and try again.")?;
            return Ok(Outcome::NotAccepted);
        }
    };
    let book = codebook::codebook(&form);
    let by_name = asked
        .out
        .as_deref()
        .and_then(|path| path.extension())
        .map(|ending| ending.to_string_lossy());
    let format = asked.format.unwrap_or(match by_name.as_deref() {
        Some("md" | "txt" | "markdown") => Format::Md,
        Some(_) | None => Format::Html,
    });
    let text = match format {
        Format::Html => html::page(&book),
        Format::Md => markdown::page(&book),
    };
    let Some(to) = &asked.out else {
        terminal.line(text.trim_end())?;
        return Ok(Outcome::Done);
    };
    std::fs::write(to, text).map_err(|source| Failure::Unwritten {
        path: to.clone(),
        source,
    })?;
    if terminal.json {
        let missing: Vec<_> = book
            .n_missing
            .iter()
            .map(|(language, n)| json!({"language": language, "n": n}))
            .collect();
        terminal.result(&json!({
            "file": to.display().to_string(),
            "form_id": form.form_id,
            "n_entries": book.entries.len(),
            "missing_texts": missing,
        }))?;
    } else {
        terminal.line(format!(
            "{} is the code book of {}.",
            to.display(),
            asked.file.display()
        ))?;
    }
    Ok(Outcome::Done)
}

/// How a language is headed; nothing for forms without languages.
fn language(language: &str) -> &str {
    match language {
        "default" => "",
        language => language,
    }
}
