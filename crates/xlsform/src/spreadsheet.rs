//! Spreadsheet files (.xlsx, .xls, .ods) as workbooks: bounded, and told apart from what only looks like one.

mod archive;
mod compound;
mod spanned;

use std::io::Cursor;

use calamine::{Data, DataRef, ExcelDateTime, Ods, Range, Reader, Xls, Xlsx};
use sampan_form::def::Origin;
use sampan_form::problem::Problem;

use crate::workbook::{Row, SHEET_COLUMNS, SHEET_ROWS, Sheet, TEXT_BYTES, Workbook};

/// Largest file in bytes.
pub const FILE_BYTES: usize = 32 * 1024 * 1024;
/// Most files in the archive that an .xlsx is.
pub const ENTRIES: usize = 2_000;
/// Most bytes of all files in it, inflated.
pub const INFLATED_BYTES: u64 = 64 * 1024 * 1024;

/// Sheets that forms have; others are not read.
const SHEETS: &[&str] = &[
    "survey",
    "choices",
    "settings",
    "external_choices",
    "entities",
    "osm",
];

/// Most cells between the first and the last of a sheet in an .xls or .ods file, which takes room for all of them.
const SPANNED_CELLS: u64 = 3_000_000;

/// Kinds of spreadsheet files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Xlsx,
    Xls,
    Ods,
}

/// Reads the sheets of a form. What is wrong is a single problem: a file is a spreadsheet or it is none.
pub fn workbook(bytes: &[u8], file_name: &str) -> Result<Workbook, Vec<Problem>> {
    const DELETE: &str = "Delete what is not part of the form, and save it again as .xlsx";
    let refuse =
        |message: String, advice: &str| vec![Problem::error(&Origin::default(), file_name, message, advice)];
    let unreadable = |error: &dyn std::fmt::Display| {
        refuse(
            format!("the file cannot be read as a spreadsheet ({error})"),
            "Open it in a spreadsheet program and save it again as .xlsx",
        )
    };
    let format = recognise(bytes).map_err(|(message, advice)| refuse(message.into(), advice))?;
    let examined;
    let mut bytes = bytes;
    let format = match format {
        Format::Xls => {
            let (n_cells, without_claims) = compound::examined(bytes).ok_or_else(|| {
                refuse(
                    "the file cannot be read as a spreadsheet (it is damaged)".into(),
                    "Open it in a spreadsheet program and save it again as .xlsx",
                )
            })?;
            if n_cells > SPANNED_CELLS {
                return Err(refuse(
                    format!("a sheet of the file spans {n_cells} cells, more than {SPANNED_CELLS}"),
                    "Delete what is far below or beside the form, and save it as .xlsx",
                ));
            }
            examined = without_claims;
            bytes = &examined;
            format
        }
        Format::Xlsx | Format::Ods => {
            let unpacked = archive::unpack(bytes).map_err(|(message, advice)| refuse(message, advice))?;
            if let Some(thin) = unpacked.thin {
                examined = thin;
                bytes = &examined;
            }
            unpacked.format
        }
    };
    let read = || {
        match format {
            Format::Xlsx => {
                let mut file: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| unreadable(&error))?;
                let names = file.sheet_names();
                sheets(&names, |sheet, text_bytes| {
                    read_sheet(&mut file, sheet, text_bytes)
                })
            }
            Format::Xls => {
                let mut file: Xls<_> = Xls::new(Cursor::new(bytes)).map_err(|error| unreadable(&error))?;
                let names = file.sheet_names();
                sheets(&names, |sheet, text_bytes| {
                    let cells = file
                        .worksheet_range(&sheet.name)
                        .map_err(|error| format!("the sheet {} cannot be read ({error})", sheet.name))?;
                    read_range(&cells, sheet, text_bytes)
                })
            }
            Format::Ods => {
                let mut file: Ods<_> = Ods::new(Cursor::new(bytes)).map_err(|error| unreadable(&error))?;
                let names = file.sheet_names();
                sheets(&names, |sheet, text_bytes| {
                    let cells = file
                        .worksheet_range(&sheet.name)
                        .map_err(|error| format!("the sheet {} cannot be read ({error})", sheet.name))?;
                    read_range(&cells, sheet, text_bytes)
                })
            }
        }
        .map_err(|message| refuse(message, DELETE))
    };
    // The library that reads these files trusts some of their lengths.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(unreadable(&"it is damaged")))
}

/// All sheets, those of forms with their rows; the only sheet of a file is read whatever its name.
fn sheets(
    names: &[String],
    mut read: impl FnMut(&mut Sheet, &mut usize) -> Result<(), String>,
) -> Result<Workbook, String> {
    let mut workbook = Workbook::default();
    let mut text_bytes = 0;
    for name in names {
        let is_wanted =
            names.len() == 1 || SHEETS.iter().any(|known| name.trim().eq_ignore_ascii_case(known));
        let mut sheet = Sheet {
            name: name.clone(),
            rows: Vec::new(),
        };
        if is_wanted {
            read(&mut sheet, &mut text_bytes)?;
        }
        workbook.sheets.push(sheet);
    }
    Ok(workbook)
}

/// Tells files that are something else apart by how they begin.
fn recognise(bytes: &[u8]) -> Result<Format, (&'static str, &'static str)> {
    const SAVE: &str = "Open it in a spreadsheet program and save it as .xlsx";
    if bytes.is_empty() {
        return Err(("the file is empty", "Send the file again"));
    }
    if bytes.len() > FILE_BYTES {
        return Err((
            "the file is larger than 32 MiB",
            "Delete pictures and sheets that are not part of the form",
        ));
    }
    if bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        return Ok(Format::Xls);
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return Ok(Format::Xlsx);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if text.trim_start().starts_with('<') => {
            Err(("the file is XML or a web page, no spreadsheet", SAVE))
        }
        Ok(text)
            if text
                .lines()
                .next()
                .is_some_and(|line| line.contains([',', ';', '\t'])) =>
        {
            Err((
                "the file is a CSV table without a column type",
                "Write the questions below a row of headings with type, name and label",
            ))
        }
        _ => Err(("the file is no spreadsheet", SAVE)),
    }
}

/// Adds one cell of a sheet, within the limits.
fn add(sheet: &mut Sheet, row: u32, column: u32, text: String, text_bytes: &mut usize) -> Result<(), String> {
    if row >= SHEET_ROWS || column >= SHEET_COLUMNS {
        return Err(format!(
            "the sheet {} has more than {SHEET_ROWS} rows or {SHEET_COLUMNS} columns",
            sheet.name
        ));
    }
    *text_bytes += text.len();
    if *text_bytes > TEXT_BYTES {
        return Err(format!("the cells hold more than {TEXT_BYTES} bytes of text"));
    }
    match sheet.rows.last_mut() {
        Some(last) if last.number == row + 1 => last.cells.push((column, text)),
        _ => sheet.rows.push(Row {
            number: row + 1,
            cells: vec![(column, text)],
        }),
    }
    Ok(())
}

fn read_range(cells: &Range<Data>, sheet: &mut Sheet, text_bytes: &mut usize) -> Result<(), String> {
    let (first_row, first_column) = cells.start().unwrap_or((0, 0));
    for (row, column, value) in cells.used_cells() {
        let Some(text) = owned_text(value) else { continue };
        let row = u32::try_from(row).unwrap_or(u32::MAX).saturating_add(first_row);
        let column = u32::try_from(column)
            .unwrap_or(u32::MAX)
            .saturating_add(first_column);
        add(sheet, row, column, text, text_bytes)?;
    }
    order(sheet);
    Ok(())
}

/// As [`text`], of a cell that was kept.
fn owned_text(value: &Data) -> Option<String> {
    match value {
        Data::Int(number) => text(&DataRef::Int(*number)),
        Data::Float(number) => text(&DataRef::Float(*number)),
        Data::String(string) => text(&DataRef::SharedString(string)),
        Data::Bool(value) => text(&DataRef::Bool(*value)),
        Data::DateTime(moment) => Some(moment_text(moment, true)),
        Data::DateTimeIso(string) | Data::DurationIso(string) => text(&DataRef::SharedString(string)),
        Data::Error(error) => Some(error.to_string()),
        Data::Empty => None,
    }
}

fn read_sheet(
    file: &mut Xlsx<Cursor<&[u8]>>,
    sheet: &mut Sheet,
    text_bytes: &mut usize,
) -> Result<(), String> {
    let name = sheet.name.clone();
    let unreadable = |error: calamine::XlsxError| format!("the sheet {name} cannot be read ({error})");
    let mut cells = match file.worksheet_cells_reader(&name) {
        Ok(cells) => cells,
        Err(error) => return Err(unreadable(error)),
    };
    while let Some(cell) = cells.next_cell().map_err(unreadable)? {
        let (row, column) = cell.get_position();
        let Some(text) = text(cell.get_value()) else {
            continue;
        };
        add(sheet, row, column, text, text_bytes)?;
    }
    order(sheet);
    Ok(())
}

/// A file may write its cells in any order, and one cell twice.
fn order(sheet: &mut Sheet) {
    sheet.rows.sort_by_key(|row| row.number);
    sheet.rows.dedup_by(|next, row| {
        let is_same = next.number == row.number;
        if is_same {
            row.cells.append(&mut next.cells);
        }
        is_same
    });
    for row in &mut sheet.rows {
        row.cells.sort_by_key(|(column, _)| *column);
        row.cells.dedup_by_key(|(column, _)| *column);
    }
}

/// What a person sees in a cell; None for blank ones.
fn text(value: &DataRef<'_>) -> Option<String> {
    let text = match value {
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number_text(*number),
        DataRef::String(text) => text.replace('\u{a0}', " "),
        DataRef::SharedString(text) => text.replace('\u{a0}', " "),
        DataRef::Bool(value) => value.to_string(),
        DataRef::DateTime(moment) => moment_text(moment, false),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(error) => error.to_string(),
        DataRef::Empty => return None,
    };
    (!text.trim().is_empty()).then_some(text)
}

/// A day, a time of day, or both, as the reference converter writes them; `whole`: to the nearest second.
fn moment_text(moment: &ExcelDateTime, whole: bool) -> String {
    let (year, month, day, hour, minute, second, ms) = moment.to_ymd_hms_milli();
    // A second carried into the next minute is left out: 59.6 stays 59.
    let (second, ms) = match whole {
        true => (second + u8::from(ms >= 500 && second < 59), 0),
        false => (second, ms),
    };
    let date = format!("{year:04}-{month:02}-{day:02}");
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    match (moment.as_f64() < 1.0, ms) {
        (true, _) => time,
        (false, 0) if time == "00:00:00" => date,
        (false, 0) => format!("{date} {time}"),
        (false, ms) => format!("{date} {time}.{ms:03}000"),
    }
}

/// A number as typed: whole ones without a point, as far as 64-bit floats are exact.
fn number_text(number: f64) -> String {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() < EXACT {
        return format!("{number:.0}");
    }
    number.to_string()
}

#[cfg(test)]
mod tests;
