//! Files that travel with a form: a CSV table with an index for every column.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

/// Largest file in bytes.
pub const TABLE_BYTES: usize = 64 * 1024 * 1024;
/// Most rows of one table.
pub const TABLE_ROWS: usize = 500_000;
/// Most columns of one table.
pub const TABLE_COLUMNS: usize = 256;

/// Why a file is no usable table.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// More bytes, rows or columns than allowed.
    #[error("the file has more than {limit} {what}; split it or leave out what the form does not need")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much is allowed.
        limit: usize,
    },
    /// A line that is not UTF-8 text.
    #[error("line {line} is not UTF-8 text; save the file as \"CSV UTF-8\"")]
    NotText {
        /// Line in the file, from 1.
        line: u64,
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
}

/// A table, read once and looked up by hash.
#[derive(Debug)]
pub struct Table {
    columns: Vec<String>,
    /// All cells, row after row, as ends of `text`.
    ends: Vec<usize>,
    text: String,
    /// Per column, made when first asked for: value -> rows in order.
    indexes: Vec<OnceLock<HashMap<Box<str>, Vec<u32>>>>,
}

/// The tables of a form by instance id (`adm2`).
#[derive(Debug, Clone, Default)]
pub struct Tables {
    by_id: BTreeMap<String, Arc<Table>>,
}

impl Table {
    /// Reads a CSV file: comma (or semicolon or tab, if the heading has no comma) between fields, quotes, LF or CRLF,
    /// a byte order mark is tolerated, blanks around names in the heading are cut. Empty lines are left out.
    pub fn from_csv(bytes: &[u8]) -> Result<Table, TableError> {
        if bytes.len() > TABLE_BYTES {
            return Err(TableError::TooLarge {
                what: "bytes",
                limit: TABLE_BYTES,
            });
        }
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter(bytes))
            .from_reader(bytes);
        let columns = columns(reader.headers().map_err(refused)?)?;
        let mut table = Table {
            indexes: columns.iter().map(|_| OnceLock::new()).collect(),
            columns,
            ends: Vec::new(),
            text: String::with_capacity(bytes.len()),
        };
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).map_err(refused)? {
            if table.len() == TABLE_ROWS {
                return Err(TableError::TooLarge {
                    what: "rows",
                    limit: TABLE_ROWS,
                });
            }
            for cell in &record {
                table.text.push_str(cell.trim());
                table.ends.push(table.text.len());
            }
        }
        Ok(table)
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
        self.ends.len().checked_div(self.columns.len()).unwrap_or(0)
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// A cell; empty beyond the table.
    pub fn cell(&self, row: usize, column: usize) -> &str {
        if column >= self.columns.len() {
            return "";
        }
        let Some(at) = row
            .checked_mul(self.columns.len())
            .and_then(|at| at.checked_add(column))
        else {
            return "";
        };
        let start = match at.checked_sub(1) {
            Some(before) => self.ends.get(before).copied(),
            None => Some(0),
        };
        match (start, self.ends.get(at)) {
            (Some(start), Some(end)) => self.text.get(start..*end).unwrap_or(""),
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

fn delimiter(bytes: &[u8]) -> u8 {
    let heading = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    [b',', b';', b'\t']
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
