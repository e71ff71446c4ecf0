//! The report: printed as it grows, and kept between two marks of docs/performance.md.

use std::path::Path;

use crate::machine;
use crate::table;

const BEGIN: &str = "<!-- written by `cargo xtask bench forms`: begin -->";
const END: &str = "<!-- written by `cargo xtask bench forms`: end -->";

/// Markdown that is printed and collected.
#[derive(Debug)]
pub struct Report(String);

impl Report {
    /// Begins with the machine and the forms.
    pub fn begin(seed: u64, note: &str) -> Report {
        let mut report = Report(String::new());
        report.line(&format!("{} {note}", machine::sentence(seed)));
        report
    }

    /// A line of text.
    pub fn line(&mut self, text: &str) {
        println!("{text}");
        self.0.push_str(text);
        self.0.push('\n');
    }

    /// A heading, a note and a table.
    pub fn table(&mut self, title: &str, note: &str, heading: &[&str], rows: &[Vec<String>]) {
        let text = table::markdown(title, note, heading, rows);
        print!("{text}");
        self.0.push_str(&text);
    }

    /// Puts it into the document, in the place of what an earlier run wrote.
    pub fn write(&self) -> Result<(), String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/performance.md");
        let say = |error: std::io::Error| format!("{}: {error}", path.display());
        let document = std::fs::read_to_string(&path).map_err(say)?;
        let parts = document
            .split_once(BEGIN)
            .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
        let (before, after) =
            parts.ok_or("docs/performance.md has lost the marks around the figures of forms")?;
        let document = format!("{before}{BEGIN}\n\n{}\n{END}{after}", self.0);
        std::fs::write(&path, document).map_err(say)
    }
}
