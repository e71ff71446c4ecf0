//! CSV tables: RFC 4180, UTF-8, one record after the other without keeping any.

use std::collections::BTreeSet;
use std::io;

use chrono::{DateTime, FixedOffset};
use csv::{QuoteStyle, Terminator, WriterBuilder};
use sampan_form::compiled::{Form, Node};
use sampan_record::ids::RowId;
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_value::answer::{Answer, Value};
use sampan_value::text::date_time_text;

use crate::cell;
use crate::columns::{Column, Part, columns};
use crate::record::ExportRecord;

/// The first columns of a form's table.
pub const META: [&str; 11] = [
    "record_id",
    "form_version",
    "review_state",
    "enumerator",
    "device",
    "started",
    "finished",
    "country",
    "province",
    "n_conflicts",
    "has_changed_since_approval",
];

/// The first columns of a repeat's table. `parent_key` is the record's id, or the key of the row around.
pub const REPEAT_META: [&str; 5] = ["record_id", "parent_key", "key", "row_id", "row_number"];

/// The last column: answers for which this form version has no column (collected under another one), as a JSON
/// object from place to text. Empty almost always.
pub const OTHER_ANSWERS: &str = "other_answers";

/// How a table is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether a byte order mark stands first: Excel needs it to see that the file is UTF-8; R and pandas do not.
    pub has_bom: bool,
}

/// Why a table could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The receiver takes no more.
    #[error(
        "the table could not be written; see whether the disk is full or the line was cut, and export again"
    )]
    Write(#[source] io::Error),
}

/// Writes a form's table, one row per record, without a byte order mark. Returns the number of rows.
pub fn write(
    form: &Form,
    records: impl Iterator<Item = ExportRecord>,
    out: &mut impl io::Write,
) -> Result<u64, ExportError> {
    write_with(form, Options::default(), records, out)
}

/// Writes a form's table, one row per record. Returns the number of rows.
pub fn write_with(
    form: &Form,
    options: Options,
    records: impl Iterator<Item = ExportRecord>,
    out: &mut impl io::Write,
) -> Result<u64, ExportError> {
    let mut taken = META.to_vec();
    taken.push(OTHER_ANSWERS);
    let columns = columns(form, None, &taken);
    let mut table = Table::begin(options, out)?;
    let names = columns.iter().map(|column| column.name.as_str());
    table.row(
        META.into_iter()
            .chain(names)
            .chain([OTHER_ANSWERS])
            .map(cell::defuse),
    )?;
    let mut n_rows = 0;
    for record in records {
        let meta = meta_cells(&record).into_iter();
        let answers = columns.iter().map(|column| answer_cell(&record, column, &[]));
        table.row(meta.chain(answers).chain([other_answers(form, &record)]))?;
        n_rows += 1;
    }
    table.end()?;
    Ok(n_rows)
}

/// Writes the table of a repeat, one row per row of each record, with the key of what is around it. Returns the number
/// of rows. `repeat` must be a repeat of the form ([`crate::columns::repeats`]).
pub fn write_repeat(
    form: &Form,
    repeat: &Node,
    options: Options,
    records: impl Iterator<Item = ExportRecord>,
    out: &mut impl io::Write,
) -> Result<u64, ExportError> {
    let columns = columns(form, Some(repeat), &REPEAT_META);
    let mut table = Table::begin(options, out)?;
    let names = columns.iter().map(|column| column.name.as_str());
    table.row(REPEAT_META.into_iter().chain(names).map(cell::defuse))?;
    let around: Vec<&Node> = repeat.repeats.iter().filter_map(|id| form.get(*id)).collect();
    let mut n_rows = 0;
    for record in records {
        for (rows, number) in rows_of(&record, &around, repeat) {
            let record_id = record.record.to_string();
            let mut keys = vec![record_id.clone()];
            for (node, row) in around.iter().copied().chain([repeat]).zip(&rows) {
                let last = keys.last().cloned().unwrap_or_default();
                keys.push(format!("{last}/{}[{}]", node.name, row.0));
            }
            let key = keys.pop().unwrap_or_default();
            let parent_key = keys.pop().unwrap_or_default();
            let row_id = rows.last().map(|row| row.0.to_string()).unwrap_or_default();
            let meta = [record_id, parent_key, key, row_id, number.to_string()].into_iter();
            let answers = columns.iter().map(|column| answer_cell(&record, column, &rows));
            table.row(meta.chain(answers))?;
            n_rows += 1;
        }
    }
    table.end()?;
    Ok(n_rows)
}

/// A table on its way out.
struct Table<'a, W: io::Write> {
    writer: csv::Writer<&'a mut W>,
}

impl<'a, W: io::Write> Table<'a, W> {
    fn begin(options: Options, out: &'a mut W) -> Result<Self, ExportError> {
        if options.has_bom {
            out.write_all("\u{feff}".as_bytes()).map_err(ExportError::Write)?;
        }
        let writer = WriterBuilder::new()
            .quote_style(QuoteStyle::Necessary)
            .terminator(Terminator::CRLF)
            .flexible(true)
            .from_writer(out);
        Ok(Table { writer })
    }

    fn row(&mut self, cells: impl Iterator<Item = impl AsRef<str>>) -> Result<(), ExportError> {
        for cell in cells {
            self.writer.write_field(cell.as_ref()).map_err(write_error)?;
        }
        self.writer.write_record(None::<&[u8]>).map_err(write_error)
    }

    fn end(mut self) -> Result<(), ExportError> {
        self.writer.flush().map_err(ExportError::Write)
    }
}

fn write_error(error: csv::Error) -> ExportError {
    ExportError::Write(io::Error::from(error))
}

fn meta_cells(record: &ExportRecord) -> [String; META.len()] {
    let moment =
        |moment: &Option<DateTime<FixedOffset>>| moment.as_ref().map(date_time_text).unwrap_or_default();
    [
        record.record.to_string(),
        record.form_version.to_hex(),
        record.review_state.word().to_owned(),
        cell::defuse(&record.enumerator).into_owned(),
        record.device.map(|device| device.to_string()).unwrap_or_default(),
        moment(&record.started),
        moment(&record.finished),
        cell::defuse(&record.country).into_owned(),
        cell::defuse(&record.province).into_owned(),
        record.n_conflicts.to_string(),
        record.has_changed_since_approval.to_string(),
    ]
}

fn answer_cell(record: &ExportRecord, column: &Column, rows: &[RowId]) -> String {
    let at = AnswerPath {
        question: column.question.clone(),
        rows: rows.to_vec(),
    };
    match (record.answers.get(&at), column.part) {
        (None, _) => String::new(),
        (Some(answer), Part::Answer) => cell::text(answer),
        (Some(Answer::Value(Value::Media(media))), Part::FileHash) => hex(&media.hash),
        (Some(_), Part::FileHash) => String::new(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The rows of a repeat in one record, each with the rows around it and its number (from 1) among its siblings.
fn rows_of(record: &ExportRecord, around: &[&Node], repeat: &Node) -> Vec<(Vec<RowId>, usize)> {
    let mut chains: Vec<(Vec<RowId>, usize)> = vec![(Vec::new(), 1)];
    for node in around.iter().copied().chain([repeat]) {
        chains = chains
            .into_iter()
            .flat_map(|(rows, _)| {
                let inner = rows_within(record, node, &rows);
                inner.into_iter().enumerate().map(move |(index, row)| {
                    let mut rows = rows.clone();
                    rows.push(row);
                    (rows, index + 1)
                })
            })
            .collect();
    }
    chains
}

fn rows_within(record: &ExportRecord, repeat: &Node, around: &[RowId]) -> Vec<RowId> {
    let at = AnswerPath {
        question: QuestionPath::new(&repeat.path),
        rows: around.to_vec(),
    };
    let mut rows = record.rows.get(&at).cloned().unwrap_or_default();
    let mut known: BTreeSet<RowId> = rows.iter().copied().collect();
    let prefix = format!("{}/", repeat.path);
    let from = AnswerPath {
        question: QuestionPath::new(&prefix),
        rows: Vec::new(),
    };
    let answers = record.answers.range(from..);
    for (at, _) in answers.take_while(|(at, _)| at.question.as_str().starts_with(&prefix)) {
        let row = at.rows.get(around.len()).filter(|_| at.rows.starts_with(around));
        rows.extend(row.filter(|row| known.insert(**row)));
    }
    rows
}

/// Answers that no table of this form version shows: at no question of it, or in rows that the question does not have.
fn other_answers(form: &Form, record: &ExportRecord) -> String {
    let others = record.answers.iter().filter(|(at, _)| {
        let node = form.find(at.question.as_str()).and_then(|id| form.get(id));
        node.is_none_or(|node| node.question().is_none() || node.repeats.len() != at.rows.len())
    });
    let mut json = String::new();
    for (at, answer) in others {
        json.push(if json.is_empty() { '{' } else { ',' });
        let mut place = at.question.to_string();
        for row in &at.rows {
            place.push_str(&format!("[{}]", row.0));
        }
        push_json_text(&mut json, &place);
        json.push(':');
        push_json_text(&mut json, &cell::text(answer));
    }
    if !json.is_empty() {
        json.push('}');
    }
    json
}

fn push_json_text(json: &mut String, text: &str) {
    json.push('"');
    for letter in text.chars() {
        match letter {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            letter if letter < ' ' => json.push_str(&format!("\\u{:04x}", u32::from(letter))),
            letter => json.push(letter),
        }
    }
    json.push('"');
}
