//! How many cells the sheets of an .ods file stand for: rows and columns may be repeated, and all cells between the
//! first and the last take room.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Most rows and columns that any reader makes of a sheet.
const ROWS: u64 = 1_048_576;
const COLUMNS: u64 = 16_384;

/// One sheet so far.
#[derive(Default)]
struct Span {
    /// Of the row that is open: how often it stands, its cells, and how many of them up to the last with content.
    times: u64,
    n_cells: u64,
    width: u64,
    /// Rows from the first with content to the last, blank ones that wait for one with content, and the widest row.
    n_rows: u64,
    n_blank: u64,
    widest: u64,
    /// Cells of all rows, each row once.
    n_written: u64,
}

impl Span {
    fn end_row(&mut self) {
        let times = std::mem::take(&mut self.times);
        self.n_cells = 0;
        let width = std::mem::take(&mut self.width);
        self.n_written = self.n_written.saturating_add(width);
        self.widest = self.widest.max(width);
        match (width, self.n_rows) {
            (0, 0) => {}
            (0, _) => self.n_blank = self.n_blank.saturating_add(times),
            _ => {
                let blank = std::mem::take(&mut self.n_blank);
                self.n_rows = self.n_rows.saturating_add(blank).saturating_add(times).min(ROWS);
            }
        }
    }

    fn cells(&self) -> u64 {
        self.n_rows.saturating_mul(self.widest).max(self.n_written)
    }
}

/// The most cells that a sheet in the file's `content.xml` spans.
pub(super) fn most_cells(content: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(content);
    let mut reader = Reader::from_str(&text);
    reader.config_mut().check_end_names = false;
    let mut most = 0;
    let mut span = Span::default();
    // Whether the open cell has content, and how often it stands.
    let mut cell: Option<(u64, bool)> = None;
    // What breaks the XML stops whoever reads the file too.
    while let Ok(event) = reader.read_event() {
        match &event {
            Event::Eof => break,
            Event::Start(start) | Event::Empty(start) => {
                let is_empty = matches!(event, Event::Empty(_));
                let name = start.name();
                match AsRef::<str>::as_ref(&name) {
                    "table:table" => span = Span::default(),
                    "table:table-row" => {
                        span.end_row();
                        span.times = repeated(start, "table:number-rows-repeated", ROWS);
                    }
                    "table:table-cell" | "table:covered-table-cell" => {
                        let times = repeated(start, "table:number-columns-repeated", COLUMNS);
                        let is_said = start.attributes().with_checks(false).flatten().any(|attribute| {
                            let name = AsRef::<str>::as_ref(&attribute.key);
                            name.starts_with("office:")
                                || name.starts_with("calcext:")
                                || name == "table:formula"
                        });
                        end_cell(&mut span, cell.take());
                        cell = Some((times, is_said));
                        if is_empty {
                            end_cell(&mut span, cell.take());
                        }
                    }
                    _ => {
                        if let Some((_, has_content)) = &mut cell {
                            *has_content = true;
                        }
                    }
                }
            }
            Event::End(end) => match AsRef::<str>::as_ref(&end.name()) {
                "table:table-cell" | "table:covered-table-cell" => end_cell(&mut span, cell.take()),
                "table:table-row" => span.end_row(),
                "table:table" => {
                    span.end_row();
                    most = most.max(span.cells());
                }
                _ => {}
            },
            _ => {}
        }
    }
    end_cell(&mut span, cell);
    span.end_row();
    most.max(span.cells())
}

fn end_cell(span: &mut Span, cell: Option<(u64, bool)>) {
    let Some((times, has_content)) = cell else { return };
    span.n_cells = span.n_cells.saturating_add(times).min(COLUMNS);
    if has_content {
        span.width = span.n_cells;
    }
}

/// How often something stands; what is no number counts as the most.
fn repeated(start: &BytesStart<'_>, name: &str, most: u64) -> u64 {
    let found = start
        .attributes()
        .with_checks(false)
        .flatten()
        .find(|attribute| AsRef::<str>::as_ref(&attribute.key) == name);
    let Some(attribute) = found else { return 1 };
    quick_xml::escape::unescape(&attribute.value)
        .ok()
        .and_then(|number| number.trim().parse().ok())
        .map_or(most, |number: u64| number.min(most))
}
