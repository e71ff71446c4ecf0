//! Forms in CSV files: one file for all sheets, or the sheet survey alone.

use sampan_form::def::Origin;
use sampan_form::problem::Problem;

use crate::workbook::{Row, SHEET_COLUMNS, SHEET_ROWS, Sheet, TEXT_BYTES, Workbook};

/// Whether a text looks like a form in a CSV file: its first lines have a column `type`.
pub fn is_table(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}');
    !text.trim_start().starts_with('<')
        && text.lines().take(20).any(|line| {
            line.contains([',', ';', '\t'])
                && line.split([',', ';', '\t']).any(|cell| {
                    let cell = cell.trim().trim_matches('"').trim();
                    cell.eq_ignore_ascii_case("type") || cell.eq_ignore_ascii_case("survey")
                })
        })
}

/// Reads a CSV file. In a file of several sheets the first column is blank but for the names of sheets, and the next
/// row with text under it is the sheet's headings; in a file of the sheet survey alone the first row is the headings.
pub fn workbook(bytes: &[u8], file_name: &str) -> Result<Workbook, Vec<Problem>> {
    let refuse = |message: String, advice: &str| {
        Err(vec![Problem::error(
            &Origin::default(),
            file_name,
            message,
            advice,
        )])
    };
    let bytes = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF][..]).unwrap_or(bytes);
    if bytes.len() > TEXT_BYTES {
        return refuse(
            format!("the file is larger than {TEXT_BYTES} bytes"),
            "Delete what is not part of the form",
        );
    }
    let heading = bytes.split(|byte| *byte == b'\n').take(20).flatten();
    let heading: Vec<u8> = heading.copied().collect();
    let delimiter = [b',', b';', b'\t']
        .into_iter()
        .find(|mark| heading.contains(mark))
        .unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(bytes);
    let mut workbook = Workbook::default();
    let mut is_survey_alone = None;
    let mut number = 0;
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                return refuse(
                    format!("the file cannot be read as a CSV table ({error})"),
                    "Save it again as CSV UTF-8",
                );
            }
        };
        let first = record.get(0).unwrap_or_default().trim();
        let is_alone = *is_survey_alone.get_or_insert_with(|| {
            record.iter().any(|cell| cell.trim().eq_ignore_ascii_case("type"))
                && !first.eq_ignore_ascii_case("survey")
        });
        let skipped = usize::from(!is_alone);
        if is_alone && workbook.sheets.is_empty() {
            workbook.sheets.push(Sheet {
                name: "survey".into(),
                rows: Vec::new(),
            });
        } else if !is_alone && !first.is_empty() {
            workbook.sheets.push(Sheet {
                name: first.to_string(),
                rows: Vec::new(),
            });
            number = 0;
        }
        let cells: Vec<(u32, String)> = (0_u32..)
            .zip(record.iter().skip(skipped))
            .map(|(column, text)| (column, text.trim().to_string()))
            .filter(|(_, text)| !text.is_empty())
            .collect();
        if cells.is_empty() && number == 0 {
            continue;
        }
        number += 1;
        if number > SHEET_ROWS || cells.iter().any(|(column, _)| *column >= SHEET_COLUMNS) {
            return refuse(
                format!("a sheet has more than {SHEET_ROWS} rows or {SHEET_COLUMNS} columns"),
                "Delete what is not part of the form",
            );
        }
        if let Some(sheet) = workbook.sheets.last_mut()
            && !cells.is_empty()
        {
            sheet.rows.push(Row { number, cells });
        }
    }
    Ok(workbook)
}

#[cfg(test)]
mod tests {
    use super::{is_table, workbook};

    fn rows(text: &str) -> Vec<String> {
        assert!(is_table(text), "{text}");
        let workbook = workbook(text.as_bytes(), "form.csv").unwrap();
        let rows = workbook.sheets.iter().flat_map(|sheet| {
            sheet
                .rows
                .iter()
                .map(|row| format!("{} {} {:?}", sheet.name, row.number, row.cells))
        });
        rows.collect()
    }

    #[test]
    fn a_file_of_several_sheets_and_one_of_the_survey_alone_are_read() {
        assert_eq!(
            rows("survey,,\n,type,name\n,text,\"a, b\"\n\"choices\"\n,list_name\n,l\n"),
            [
                r#"survey 1 [(0, "type"), (1, "name")]"#,
                r#"survey 2 [(0, "text"), (1, "a, b")]"#,
                r#"choices 1 [(0, "list_name")]"#,
                r#"choices 2 [(0, "l")]"#,
            ]
        );
        assert_eq!(
            rows("\u{feff}type;name;label\ntext;a;A\n"),
            [
                r#"survey 1 [(0, "type"), (1, "name"), (2, "label")]"#,
                r#"survey 2 [(0, "text"), (1, "a"), (2, "A")]"#,
            ]
        );
    }

    #[test]
    fn other_files_are_no_tables() {
        for text in ["", "hello, world", "<a>type,</a>", "type"] {
            assert!(!is_table(text), "{text}");
        }
    }
}
