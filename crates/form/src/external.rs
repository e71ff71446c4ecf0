//! Files that travel with a form: CSV tables, XML documents and GeoJSON maps, with an index for every column asked for.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use crate::def::FormDef;
use crate::external::document::Document;

mod document;
mod geojson;
mod itemsets;
mod xml;

/// Largest file in bytes.
pub const TABLE_BYTES: usize = 64 * 1024 * 1024;
/// Most rows of one table.
pub const TABLE_ROWS: usize = 500_000;
/// Most columns of one table.
pub const TABLE_COLUMNS: usize = 256;

/// Why a file is no usable table.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// More bytes, rows, columns or elements than allowed.
    #[error("the file has more than {limit} {what}; split it or leave out what the form does not need")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much is allowed.
        limit: usize,
    },
    /// A line that is not UTF-8 text.
    #[error("line {line} is not UTF-8 text; save the file as UTF-8 (in a spreadsheet: \"CSV UTF-8\")")]
    NotText {
        /// Line in the file, from 1.
        line: u64,
    },
    /// Text in another encoding, as the first bytes tell.
    #[error("the file is text in {encoding}; save it as UTF-8 (in a spreadsheet: \"CSV UTF-8\")")]
    Encoding {
        /// Name of the encoding.
        encoding: &'static str,
    },
    /// A line with another number of fields than the heading.
    #[error("line {line} has {found} fields where the heading has {expected}; check its commas and quotes")]
    Uneven {
        /// Line in the file, from 1.
        line: u64,
        /// Fields in the line.
        found: u64,
        /// Fields in the heading.
        expected: u64,
    },
    /// No heading line, or one with an empty or repeated name.
    #[error("the heading line {problem}; the first line must name each column once")]
    Heading {
        /// What is wrong with it.
        problem: String,
    },
    /// Anything else that the CSV reader refuses.
    #[error("the file cannot be read as CSV; save it again as \"CSV UTF-8\"")]
    Unreadable(#[source] csv::Error),
    /// An XML document that cannot be read.
    #[error("line {line}: {problem}")]
    Xml {
        /// Line in the file, from 1.
        line: u64,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// A GeoJSON file that cannot be read.
    #[error(
        "the file is no GeoJSON that choices can be read from ({problem}); save it as a FeatureCollection of points, lines or polygons"
    )]
    GeoJson {
        /// What is wrong, with its line.
        problem: String,
    },
    /// A name that is no `.csv`, `.xml` or `.geojson`.
    #[error("{file_name} is no .csv, .xml or .geojson file; save it as one of these")]
    Kind {
        /// The name of the file.
        file_name: String,
    },
}

/// A table, read once and looked up by hash. Of an XML document or a map, the elements inside the outermost are the rows
/// and what they hold as text are the columns; paths see the whole document.
#[derive(Debug)]
pub struct Table {
    columns: Vec<String>,
    content: Content,
    /// Per column, made when first asked for: value -> rows in order.
    indexes: Vec<OnceLock<HashMap<Box<str>, Vec<u32>>>>,
}

#[derive(Debug)]
enum Content {
    /// All cells, row after row, as ends of `text`.
    Cells {
        ends: Vec<usize>,
        text: String,
    },
    Document(Document),
}

/// The tables of a form by instance id (`adm2`).
#[derive(Debug, Clone, Default)]
pub struct Tables {
    by_id: BTreeMap<String, Arc<Table>>,
}

impl Table {
    /// Reads a file by the ending of its name: `.csv`, `.xml` or `.geojson`.
    pub fn read(file_name: &str, bytes: &[u8]) -> Result<Table, TableError> {
        match file_name.to_ascii_lowercase().rsplit_once('.') {
            Some((_, "csv")) => Table::from_csv(bytes),
            Some((_, "xml")) => Table::from_xml(bytes),
            Some((_, "geojson")) => Table::from_geojson(bytes),
            _ => Err(TableError::Kind {
                file_name: file_name.to_string(),
            }),
        }
    }

    /// Reads a CSV file: comma (or semicolon, tab or bar, if the heading has no comma) between fields, quotes, LF or CRLF,
    /// a byte order mark is tolerated, blanks around names in the heading are cut. Empty lines are left out.
    pub fn from_csv(bytes: &[u8]) -> Result<Table, TableError> {
        let bytes = checked(bytes)?;
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter(bytes))
            .from_reader(bytes);
        let columns = columns(reader.headers().map_err(refused)?)?;
        let mut ends = Vec::new();
        let mut text = String::with_capacity(bytes.len());
        let mut record = csv::StringRecord::new();
        let mut n_rows = 0_usize;
        while reader.read_record(&mut record).map_err(refused)? {
            n_rows = more_rows(n_rows)?;
            for cell in &record {
                text.push_str(cell.trim());
                ends.push(text.len());
            }
        }
        Ok(Table::new(columns, Content::Cells { ends, text }))
    }

    /// Reads an XML document of any shape. Document types and entities of their own are refused.
    pub fn from_xml(bytes: &[u8]) -> Result<Table, TableError> {
        Table::from_document(xml::read(text_of(checked(bytes)?)?)?)
    }

    /// Reads a GeoJSON FeatureCollection as `root/item`: `geometry` in ODK's text form, `id`, and the properties.
    pub fn from_geojson(bytes: &[u8]) -> Result<Table, TableError> {
        Table::from_document(geojson::read(text_of(checked(bytes)?)?)?)
    }

    fn from_document(document: Document) -> Result<Table, TableError> {
        if document.n_rows() > TABLE_ROWS {
            return Err(TableError::TooLarge {
                what: "rows",
                limit: TABLE_ROWS,
            });
        }
        let columns = document.columns();
        match columns.len() > TABLE_COLUMNS {
            true => Err(TableError::TooLarge {
                what: "columns",
                limit: TABLE_COLUMNS,
            }),
            false => Ok(Table::new(columns, Content::Document(document))),
        }
    }

    fn new(columns: Vec<String>, content: Content) -> Table {
        Table {
            indexes: columns.iter().map(|_| OnceLock::new()).collect(),
            columns,
            content,
        }
    }

    /// Column names in order.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The number of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        match &self.content {
            Content::Cells { ends, .. } => ends.len().checked_div(self.columns.len()).unwrap_or(0),
            Content::Document(document) => document.n_rows(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A cell; empty beyond the table.
    pub fn cell(&self, row: usize, column: usize) -> &str {
        if column >= self.columns.len() {
            return "";
        }
        let (ends, text) = match &self.content {
            Content::Cells { ends, text } => (ends, text),
            Content::Document(document) => {
                let name = self.columns.get(column).map(String::as_str).unwrap_or_default();
                return document.cell(row, name);
            }
        };
        let Some(at) = row
            .checked_mul(self.columns.len())
            .and_then(|at| at.checked_add(column))
        else {
            return "";
        };
        let start = match at.checked_sub(1) {
            Some(before) => ends.get(before).copied(),
            None => Some(0),
        };
        match (start, ends.get(at)) {
            (Some(start), Some(end)) => text.get(start..*end).unwrap_or(""),
            _ => "",
        }
    }

    /// A cell by column name; None when there is no such column or row.
    pub fn get(&self, row: usize, column: &str) -> Option<&str> {
        let column = self.column(column)?;
        (row < self.len()).then(|| self.cell(row, column))
    }

    /// The rows in which a column has a value, in order. The column's index is made at the first call.
    pub fn rows_where(&self, column: usize, value: &str) -> &[u32] {
        let Some(index) = self.indexes.get(column) else {
            return &[];
        };
        let index = index.get_or_init(|| {
            let mut index: HashMap<Box<str>, Vec<u32>> = HashMap::new();
            for row in 0..self.len() {
                let row_number = u32::try_from(row).expect("TABLE_ROWS fits 32 bits");
                let cell = self.cell(row, column);
                match index.get_mut(cell) {
                    Some(rows) => rows.push(row_number),
                    None => {
                        index.insert(cell.into(), vec![row_number]);
                    }
                }
            }
            index
        });
        index.get(value).map(Vec::as_slice).unwrap_or(&[])
    }
}

impl sampan_xpath::world::Table for Table {
    fn n_rows(&self) -> usize {
        self.len()
    }

    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn cell(&self, row: usize, column: usize) -> &str {
        Table::cell(self, row, column)
    }

    fn rows_where(&self, column: usize, value: &str) -> Option<Vec<usize>> {
        Some(
            Table::rows_where(self, column, value)
                .iter()
                .map(|row| *row as usize)
                .collect(),
        )
    }

    fn tree(&self) -> Option<&dyn sampan_xpath::world::Tree> {
        match &self.content {
            Content::Cells { .. } => None,
            Content::Document(document) => Some(document),
        }
    }
}

impl Tables {
    /// No tables.
    pub fn new() -> Tables {
        Tables::default()
    }

    /// Adds a table under its instance id, replacing one of the same id.
    pub fn insert(&mut self, id: &str, table: Arc<Table>) {
        self.by_id.insert(id.to_string(), table);
    }

    /// The table of an instance id.
    pub fn get(&self, id: &str) -> Option<&Arc<Table>> {
        self.by_id.get(id)
    }

    /// All instance ids.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.by_id.keys().map(String::as_str)
    }
}

/// The file `itemsets.csv` that the lists of the sheet external_choices travel as, for other programs of ODK; None when
/// the form has no such lists. Here the lists travel inside the form.
pub fn itemsets(form: &FormDef) -> Option<String> {
    itemsets::write(form)
}

/// The bytes without a byte order mark, if there are not too many and they can be UTF-8.
fn checked(bytes: &[u8]) -> Result<&[u8], TableError> {
    if bytes.len() > TABLE_BYTES {
        return Err(TableError::TooLarge {
            what: "bytes",
            limit: TABLE_BYTES,
        });
    }
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
        return Err(TableError::Encoding { encoding: "UTF-16" });
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Err(TableError::Encoding {
            encoding: "the form of a spreadsheet program",
        });
    }
    Ok(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes))
}

fn text_of(bytes: &[u8]) -> Result<&str, TableError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let n_lines = before.iter().filter(|byte| **byte == b'\n').count();
        TableError::NotText {
            line: u64::try_from(n_lines).unwrap_or(u64::MAX).saturating_add(1),
        }
    })
}

fn more_rows(n_rows: usize) -> Result<usize, TableError> {
    match n_rows < TABLE_ROWS {
        true => Ok(n_rows + 1),
        false => Err(TableError::TooLarge {
            what: "rows",
            limit: TABLE_ROWS,
        }),
    }
}

fn delimiter(bytes: &[u8]) -> u8 {
    let heading = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    [b',', b';', b'\t', b'|']
        .into_iter()
        .find(|mark| heading.contains(mark))
        .unwrap_or(b',')
}

fn columns(heading: &csv::StringRecord) -> Result<Vec<String>, TableError> {
    let columns: Vec<String> = heading.iter().map(|name| name.trim().to_string()).collect();
    if columns.len() > TABLE_COLUMNS {
        return Err(TableError::TooLarge {
            what: "columns",
            limit: TABLE_COLUMNS,
        });
    }
    if columns.is_empty() {
        return Err(TableError::Heading {
            problem: "is missing".into(),
        });
    }
    for (index, name) in columns.iter().enumerate() {
        let problem = if name.is_empty() {
            format!("has no name for column {}", index + 1)
        } else if columns.iter().take(index).any(|other| other == name) {
            format!("names \"{name}\" twice")
        } else {
            continue;
        };
        return Err(TableError::Heading { problem });
    }
    Ok(columns)
}

fn refused(error: csv::Error) -> TableError {
    let line = error.position().map(csv::Position::line).unwrap_or(1);
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => TableError::NotText { line },
        csv::ErrorKind::UnequalLengths {
            len, expected_len, ..
        } => TableError::Uneven {
            line,
            found: *len,
            expected: *expected_len,
        },
        _ => TableError::Unreadable(error),
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn marks_quotes_and_line_ends_of_every_program_are_read() {
        for (bytes, cells) in [
            ("name,label\na,A\n", vec!["a", "A"]),
            ("\u{feff}name,label\r\na,A\r\n", vec!["a", "A"]),
            ("name,label\na,\"A, \"\"B\"\"\"", vec!["a", "A, \"B\""]),
            ("name, label \n\na, A \n\n", vec!["a", "A"]),
            ("name;label\na;A,B\n", vec!["a", "A,B"]),
            ("name\tlabel\na\tបន្ទាយ\n", vec!["a", "បន្ទាយ"]),
        ] {
            let table = Table::from_csv(bytes.as_bytes()).unwrap();
            assert_eq!(table.columns(), ["name", "label"], "{bytes}");
            assert_eq!(table.len(), 1, "{bytes}");
            assert_eq!(vec![table.cell(0, 0), table.cell(0, 1)], cells, "{bytes}");
        }
    }

    #[test]
    fn a_bad_file_is_refused_with_its_line() {
        for (bytes, expected) in [
            (
                &b"a,b\n1,2\n3\n"[..],
                "line 3 has 1 fields where the heading has 2",
            ),
            (b"a,b\n1,\xFF\n", "line 2 is not UTF-8"),
            (b"", "the heading line"),
            (b"a,a\n", "names \"a\" twice"),
            (b"a,\n", "has no name for column 2"),
            (b"\xFF\xFEa\0,\0b\0", "in UTF-16"),
            (b"PK\x03\x04xxxx", "a spreadsheet program"),
        ] {
            let message = Table::from_csv(bytes).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn rows_are_found_by_value_in_their_order() {
        let mut csv = String::from("name,adm1\n");
        for row in 0..16_000 {
            csv.push_str(&format!("c{row},p{}\n", row % 40));
        }
        let table = Table::from_csv(csv.as_bytes()).unwrap();
        assert_eq!(table.len(), 16_000);
        let rows = table.rows_where(1, "p7");
        assert_eq!(rows.len(), 400);
        assert_eq!(&rows[..2], [7, 47]);
        assert_eq!(table.get(47, "name"), Some("c47"));
        assert!(table.rows_where(1, "p40").is_empty());
        assert!(table.rows_where(9, "p1").is_empty());
        assert_eq!(table.get(16_000, "name"), None);
        assert_eq!(table.get(0, "nothing"), None);
    }
}
