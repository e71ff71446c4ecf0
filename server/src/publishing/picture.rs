//! A spreadsheet's parts around what is wrong in it, as a table that a page shows.

use std::collections::BTreeSet;

use sampan_xlsform::reading;
use sampan_xlsform::workbook::{Row, Sheet, Workbook, letter};

use crate::views::{
    ExcerptCellView, ExcerptColumnView, ExcerptRowView, ExcerptView, FormProblemView, PictureView,
};

/// Most problems that are shown at their cells; the rest is listed.
const MOST_PICTURED: usize = 60;
/// Rows shown above and below.
const ROWS_AROUND: u32 = 2;
/// Most rows of one part, so that a part stays readable.
const MOST_ROWS: u32 = 16;
/// Most columns of one part.
const MOST_COLUMNS: usize = 12;
/// Most letters of a cell beside the one that is meant, and of that one.
const LETTERS: (usize, usize) = (80, 600);

/// The parts of a file around these problems. A file that cannot be read as sheets has none.
pub fn picture(bytes: &[u8], file_name: &str, problems: Vec<FormProblemView>) -> PictureView {
    let workbook = reading::workbook(bytes, file_name).unwrap_or_default();
    let places: Vec<Option<Place<'_>>> = problems
        .iter()
        .map(|problem| Place::of(problem, &workbook))
        .collect();
    let mut order: Vec<usize> = (0..problems.len()).collect();
    let key = |at: &usize| {
        let place = places.get(*at).and_then(Option::as_ref);
        place.map_or((usize::MAX, 0, None), |place| {
            (place.sheet_number, place.row, place.column)
        })
    };
    order.sort_by_key(key);
    let mut view = PictureView::default();
    let mut parts: Vec<Part<'_>> = Vec::new();
    for (before, at) in order.into_iter().enumerate() {
        let Some(problem) = problems.get(at) else {
            continue;
        };
        view.problems.push(shortened(problem));
        let number = before.saturating_add(1);
        match places.get(at).and_then(Option::as_ref) {
            Some(place) if number <= MOST_PICTURED => {
                let mark = Mark {
                    number,
                    row: place.row,
                    column: place.column,
                    tone: tone(problem),
                };
                match parts.last_mut() {
                    Some(part) if part.reaches(place) => part.marks.push(mark),
                    Some(_) | None => parts.push(Part {
                        sheet: place.sheet,
                        marks: vec![mark],
                    }),
                }
            }
            Some(_) | None => view.elsewhere.push(number),
        }
    }
    view.excerpts = parts.iter().map(Part::view).collect();
    view
}

fn tone(problem: &FormProblemView) -> &'static str {
    match (problem.is_error, problem.is_mended) {
        (true, _) => "bad",
        (false, true) => "river",
        (false, false) => "warn",
    }
}

fn shortened(problem: &FormProblemView) -> FormProblemView {
    FormProblemView {
        found: short(&problem.found, LETTERS.1),
        ..problem.clone()
    }
}

/// As much of a text as is shown.
fn short(text: &str, letters: usize) -> String {
    match text.char_indices().nth(letters) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_string(),
    }
}

/// Where a problem stands.
struct Place<'a> {
    sheet: &'a Sheet,
    sheet_number: usize,
    row: u32,
    /// None = the row as a whole.
    column: Option<u32>,
}

impl<'a> Place<'a> {
    fn of(problem: &FormProblemView, workbook: &'a Workbook) -> Option<Place<'a>> {
        let mut sheets = workbook.sheets.iter().enumerate();
        let (sheet_number, sheet) = sheets.find(|(_, sheet)| sheet.name.trim() == problem.sheet)?;
        if problem.row == 0 || sheet.rows.is_empty() {
            return None;
        }
        Some(Place {
            sheet,
            sheet_number,
            row: problem.row,
            column: column(problem.cell.trim_end_matches(|c: char| c.is_ascii_digit())),
        })
    }
}

/// The column that letters name, from 0.
fn column(letters: &str) -> Option<u32> {
    let mut number: u32 = 0;
    for letter in letters.bytes() {
        let digit = u32::from(letter.checked_sub(b'A').filter(|digit| *digit < 26)?);
        number = number.checked_mul(26)?.checked_add(digit)?.checked_add(1)?;
    }
    number.checked_sub(1)
}

/// One problem at its cell.
struct Mark {
    number: usize,
    row: u32,
    column: Option<u32>,
    tone: &'static str,
}

/// What is shown together.
struct Part<'a> {
    sheet: &'a Sheet,
    marks: Vec<Mark>,
}

impl Part<'_> {
    /// Whether a place stands so near that it is shown in the same table.
    fn reaches(&self, place: &Place<'_>) -> bool {
        let (Some(first), Some(last)) = (self.marks.first(), self.marks.last()) else {
            return false;
        };
        std::ptr::eq(self.sheet, place.sheet)
            && place.row.saturating_sub(last.row) <= 2 * ROWS_AROUND + 1
            && place.row.saturating_sub(first.row) < MOST_ROWS
            && self.columns(place.column).len() <= MOST_COLUMNS
    }

    /// The columns shown: the first three, and those beside what is meant.
    fn columns(&self, more: Option<u32>) -> BTreeSet<u32> {
        let mut columns: BTreeSet<u32> = (0..3).collect();
        let meant = self.marks.iter().filter_map(|mark| mark.column).chain(more);
        for column in meant {
            columns.extend([column.saturating_sub(1), column, column.saturating_add(1)]);
        }
        columns
    }

    /// Whether a narrow screen leaves a column out: all but the first two and those that are meant.
    fn is_far(&self, column: Option<u32>) -> bool {
        column.is_none_or(|column| column > 1 && self.marks.iter().all(|mark| mark.column != Some(column)))
    }

    fn view(&self) -> ExcerptView {
        let heading = self.sheet.rows.first();
        let heading_number = heading.map_or(1, |row| row.number);
        let first = self.marks.first().map_or(1, |mark| mark.row);
        let last = self.marks.last().map_or(1, |mark| mark.row);
        let from = first.saturating_sub(ROWS_AROUND).max(heading_number.min(first));
        let end = self.sheet.rows.last().map_or(last, |row| row.number).max(last);
        let to = last.saturating_add(ROWS_AROUND).min(end);
        let mut columns = self.columns(None);
        let widest = self
            .sheet
            .rows
            .iter()
            .filter(|row| row.number == heading_number || (from..=to).contains(&row.number))
            .filter_map(|row| row.cells.last().map(|(column, _)| *column))
            .chain(self.marks.iter().filter_map(|mark| mark.column))
            .max();
        columns.retain(|column| widest.is_none_or(|widest| *column <= widest));
        // A gap where columns are left out.
        let mut shown: Vec<Option<u32>> = Vec::new();
        for column in columns {
            if let Some(Some(before)) = shown.last() {
                match column.saturating_sub(*before) {
                    0 | 1 => {}
                    // One column takes no more room than a gap.
                    2 => shown.push(Some(before.saturating_add(1))),
                    _ => shown.push(None),
                }
            }
            shown.push(Some(column));
        }
        let mut rows = Vec::new();
        if from > heading_number {
            rows.push(self.row(heading_number, heading_number, &shown));
            if from > heading_number.saturating_add(1) {
                rows.push(ExcerptRowView {
                    number: 0,
                    is_heading: false,
                    marks: Vec::new(),
                    cells: shown
                        .iter()
                        .map(|column| ExcerptCellView {
                            is_far: self.is_far(*column),
                            ..ExcerptCellView::default()
                        })
                        .collect(),
                });
            }
        }
        rows.extend((from..=to).map(|number| self.row(number, heading_number, &shown)));
        ExcerptView {
            sheet: self.sheet.name.trim().to_string(),
            columns: shown
                .iter()
                .map(|column| ExcerptColumnView {
                    letter: column.map(letter).unwrap_or_default(),
                    is_far: self.is_far(*column),
                })
                .collect(),
            rows,
            problems: self.marks.iter().map(|mark| mark.number).collect(),
        }
    }

    fn row(&self, number: u32, heading: u32, columns: &[Option<u32>]) -> ExcerptRowView {
        let rows = &self.sheet.rows;
        let found: Option<&Row> = rows
            .binary_search_by_key(&number, |row| row.number)
            .ok()
            .and_then(|at| rows.get(at));
        let marks_at = |column: Option<u32>| -> Vec<&Mark> {
            let marks = self.marks.iter();
            marks
                .filter(|mark| mark.row == number && mark.column == column)
                .collect()
        };
        let cell = |column: &Option<u32>| {
            let Some(column) = *column else {
                return ExcerptCellView {
                    is_far: true,
                    ..ExcerptCellView::default()
                };
            };
            let marks = marks_at(Some(column));
            let letters = if marks.is_empty() { LETTERS.0 } else { LETTERS.1 };
            let text = found.and_then(|row| row.get(column)).unwrap_or_default();
            ExcerptCellView {
                text: short(text, letters),
                tone: worst(&marks).to_string(),
                marks: marks.iter().map(|mark| mark.number).collect(),
                is_far: self.is_far(Some(column)),
            }
        };
        ExcerptRowView {
            number,
            is_heading: number == heading,
            marks: marks_at(None).iter().map(|mark| mark.number).collect(),
            cells: columns.iter().map(cell).collect(),
        }
    }
}

fn worst(marks: &[&Mark]) -> &'static str {
    ["bad", "warn", "river"]
        .into_iter()
        .find(|tone| marks.iter().any(|mark| mark.tone == *tone))
        .unwrap_or("")
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::{column, picture};
    use crate::views::FormProblemView;

    fn problem(row: u32, cell: &str) -> FormProblemView {
        FormProblemView {
            is_error: true,
            is_mended: false,
            sheet: "survey".into(),
            row,
            cell: cell.into(),
            column: String::new(),
            found: String::new(),
            message: "wrong".into(),
            advice: "right".into(),
        }
    }

    #[test]
    fn letters_name_columns() {
        for (letters, expected) in [
            ("A", Some(0)),
            ("Z", Some(25)),
            ("AA", Some(26)),
            ("", None),
            ("ä", None),
        ] {
            assert_eq!(column(letters), expected, "{letters}");
        }
        assert_eq!(column("ZZZZZZZZZZ"), None);
    }

    #[test]
    fn near_problems_share_a_part_and_far_ones_do_not_and_a_giant_sheet_gives_parts_alone() {
        let mut sheet =
            String::from("| survey |\n|  | type | name | label | hint | a | b | c | relevant |\n");
        for number in 0..3_000 {
            let _ = writeln!(sheet, "|  | text | q{number} | Question | | | | | |");
        }
        let mut problems = vec![
            problem(900, "I900"),
            problem(10, "I10"),
            problem(12, "B12"),
            problem(0, ""),
        ];
        let view = picture(sheet.as_bytes(), "f.md", problems.clone());
        assert_eq!(view.excerpts.len(), 2);
        assert_eq!(
            (&view.excerpts[0].problems, &view.excerpts[1].problems),
            (&vec![1, 2], &vec![3])
        );
        assert_eq!(view.elsewhere, [4]);
        let part = &view.excerpts[1];
        let letters: Vec<(&str, bool)> = part
            .columns
            .iter()
            .map(|column| (column.letter.as_str(), column.is_far))
            .collect();
        assert!(
            letters.contains(&("I", false)) && letters.contains(&("", true)),
            "{letters:?}"
        );
        let rows: Vec<u32> = part.rows.iter().map(|row| row.number).collect();
        assert!(rows.ends_with(&[898, 899, 900, 901, 902]), "{rows:?}");
        problems.extend((20..3_000).map(|row| problem(row, "B1")));
        let view = picture(sheet.as_bytes(), "f.md", problems);
        let n_rows: usize = view.excerpts.iter().map(|part| part.rows.len()).sum();
        assert!(n_rows < 200, "{n_rows}");
        assert_eq!(view.elsewhere.len() + 60, view.problems.len());
    }
}
