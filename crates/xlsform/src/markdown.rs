//! Workbooks as tables of text, for tests and documents: `| survey |`, then rows whose first cell is blank.

use crate::workbook::{Row, Sheet, Workbook};

/// Reads a table. A first cell that is not blank names a sheet. In its other cells and in the rows below, the second
/// cell is column A; rows count from 1 in each sheet, so headings stand in row 1. `\|` is a bar, `\n` a line
/// break. Lines of dashes and lines without a bar are left out.
pub fn workbook(text: &str) -> Workbook {
    let mut workbook = Workbook::default();
    let mut number = 0;
    for line in text.lines() {
        let Some(line) = line.trim().strip_prefix('|') else {
            continue;
        };
        // What follows the last bar is a remark.
        let line = match line.rsplit_once('|') {
            Some((cells, after)) if after.trim().is_empty() || after.trim().starts_with('#') => cells,
            _ => line,
        };
        if line.chars().all(|c| matches!(c, '-' | '|' | ':' | ' ')) && line.contains('-') {
            continue;
        }
        let mut cells = cells(line).into_iter();
        let first = cells.next().unwrap_or_default();
        let first_is_blank = first.is_empty();
        if !first_is_blank {
            workbook.sheets.push(Sheet {
                name: first,
                rows: Vec::new(),
            });
            number = 0;
        }
        let cells: Vec<String> = cells.collect();
        if !first_is_blank && cells.iter().all(String::is_empty) {
            continue;
        }
        number += 1;
        let cells: Vec<(u32, String)> = (0_u32..)
            .zip(cells)
            .filter(|(_, text)| !text.is_empty())
            .collect();
        if let Some(sheet) = workbook.sheets.last_mut()
            && !cells.is_empty()
        {
            sheet.rows.push(Row { number, cells });
        }
    }
    workbook
}

fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        let next = match letter {
            '|' => {
                cells.push(String::new());
                continue;
            }
            '\\' if letters.next_if_eq(&'|').is_some() => '|',
            '\\' if letters.next_if_eq(&'n').is_some() => '\n',
            other => other,
        };
        if let Some(cell) = cells.last_mut() {
            cell.push(next);
        }
    }
    cells.iter().map(|cell| cell.trim().to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::workbook;

    #[test]
    fn a_table_becomes_sheets_with_rows_as_spreadsheets_count() {
        let workbook = workbook(
            r"
            | survey  |      |        |
            |         | type | name   |
            |---------|------|--------|
            |         |      |        |
            |         | a\|b |        | x\ny
            | choices |
            |         | list_name |",
        );
        let found: Vec<String> = workbook
            .sheets
            .iter()
            .flat_map(|sheet| {
                sheet
                    .rows
                    .iter()
                    .map(|row| format!("{} {} {:?}", sheet.name, row.number, row.cells))
            })
            .collect();
        assert_eq!(
            found,
            [
                r#"survey 1 [(0, "type"), (1, "name")]"#,
                r#"survey 3 [(0, "a|b"), (2, "x\ny")]"#,
                r#"choices 1 [(0, "list_name")]"#,
            ]
        );
    }
}
