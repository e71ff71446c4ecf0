//! The columns of a form's tables: one table for the form, one for each repeat.

use std::collections::BTreeSet;

use sampan_form::compiled::{Form, Node, What};
use sampan_form::def::Role;
use sampan_record::path::QuestionPath;
use sampan_value::answer::Kind;

/// One column of answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// What stands in the header: the path with `-` between the names (`a_cover-country`), in a repeat's table
    /// without the repeat's own path.
    pub name: String,
    /// The question.
    pub question: QuestionPath,
    /// The kind of its answers.
    pub kind: Kind,
    /// What of the answer stands in it.
    pub part: Part,
}

/// What of an answer stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of it; of a file its name.
    Answer,
    /// The BLAKE3 hash of the file, by which it is found.
    FileHash,
}

/// The columns of the form's own table, or of a repeat's, in question order. Notes have none. `taken` are names that
/// the table uses otherwise; a question of such a name gets its whole path with `data/` in front.
pub fn columns(form: &Form, repeat: Option<&Node>, taken: &[&str]) -> Vec<Column> {
    let prefix = match repeat {
        None => String::new(),
        Some(node) => format!("{}/", node.path),
    };
    let mut names: BTreeSet<String> = taken.iter().map(|name| (*name).to_owned()).collect();
    let mut columns = Vec::new();
    for node in form.questions() {
        let Some((role, kind)) = node.question() else {
            continue;
        };
        if role == Role::Note || node.repeats.last().copied() != repeat.map(|repeat| repeat.id) {
            continue;
        }
        let question = QuestionPath::new(&node.path);
        let short = node
            .path
            .strip_prefix(&prefix)
            .unwrap_or(&node.path)
            .replace('/', "-");
        let name = if names.insert(short.clone()) {
            short
        } else {
            format!("data/{}", node.path)
        };
        names.insert(name.clone());
        columns.push(Column {
            name: name.clone(),
            question: question.clone(),
            kind,
            part: Part::Answer,
        });
        if kind == Kind::Media {
            let name = format!("{name}-blake3");
            columns.push(Column {
                name,
                question,
                kind,
                part: Part::FileHash,
            });
        }
    }
    columns
}

/// The repeats of a form, in document order; each has a table of its own.
pub fn repeats(form: &Form) -> Vec<&Node> {
    form.nodes()
        .iter()
        .filter(|node| node.what == What::Repeat)
        .collect()
}

/// The name of a table's file: `sme_vc.csv`, and for a repeat `sme_vc-d_products-products.csv`.
pub fn file_name(form: &Form, repeat: Option<&Node>) -> String {
    let mut name = form.form_id().to_owned();
    if let Some(repeat) = repeat {
        name.push('-');
        name.push_str(&repeat.path.replace('/', "-"));
    }
    let is_plain = |letter: char| letter.is_alphanumeric() || "_-.".contains(letter);
    let mut name: String = name
        .chars()
        .map(|letter| if is_plain(letter) { letter } else { '_' })
        .collect();
    name.push_str(".csv");
    name
}
