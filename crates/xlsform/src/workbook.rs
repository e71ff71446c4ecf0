//! A workbook as rows of text: all that the sheets of a form need of a spreadsheet.

use sampan_form::def::Origin;

/// Most rows of one sheet.
pub const SHEET_ROWS: u32 = 100_000;
/// Most columns of one sheet.
pub const SHEET_COLUMNS: u32 = 300;
/// Most bytes of text in all cells together.
pub const TEXT_BYTES: usize = 32 * 1024 * 1024;

/// The sheets of a workbook.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Workbook {
    /// In order.
    pub sheets: Vec<Sheet>,
}

/// One sheet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sheet {
    /// As written.
    pub name: String,
    /// Rows with text in them, in order.
    pub rows: Vec<Row>,
}

/// One row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// As spreadsheets count, from 1.
    pub number: u32,
    /// Column from 0, and text; only cells that are not blank, by column.
    pub cells: Vec<(u32, String)>,
}

impl Workbook {
    /// The sheet of a name, whatever its case.
    pub fn sheet(&self, name: &str) -> Option<&Sheet> {
        self.sheets
            .iter()
            .find(|sheet| sheet.name.trim().eq_ignore_ascii_case(name))
    }
}

impl Sheet {
    /// A cell of this sheet, with the heading of its column.
    pub fn origin(&self, row: u32, column: u32, heading: &str) -> Origin {
        Origin {
            sheet: self.name.trim().to_string(),
            row,
            column: Some(heading.to_string()),
            letter: Some(letter(column)),
        }
    }

    /// A row of this sheet.
    pub fn row_origin(&self, row: u32) -> Origin {
        Origin {
            sheet: self.name.trim().to_string(),
            row,
            column: None,
            letter: None,
        }
    }
}

impl Row {
    /// The text of a cell, if it is not blank.
    pub fn get(&self, column: u32) -> Option<&str> {
        let at = self
            .cells
            .binary_search_by_key(&column, |(column, _)| *column)
            .ok()?;
        self.cells.get(at).map(|(_, text)| text.as_str())
    }
}

/// The letters of a column that is counted from 0: A, B, … Z, AA.
pub fn letter(column: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = Some(column);
    while let Some(column) = rest {
        let digit = u8::try_from(column % 26).expect("a remainder of 26 fits");
        letters.push(char::from(b'A' + digit));
        rest = (column / 26).checked_sub(1);
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::letter;

    #[test]
    fn columns_have_the_letters_of_spreadsheets() {
        for (column, expected) in [
            (0, "A"),
            (25, "Z"),
            (26, "AA"),
            (51, "AZ"),
            (52, "BA"),
            (701, "ZZ"),
            (702, "AAA"),
        ] {
            assert_eq!(letter(column), expected);
        }
    }
}
