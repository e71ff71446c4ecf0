//! The bytes of an .xlsx file as a workbook, or the reason why they are none.

use std::io::{Cursor, Read};

use calamine::{DataRef, Reader, Xlsx};
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

/// Reads the sheets of a form. What is wrong is a single problem: a file is a spreadsheet or it is none.
pub fn workbook(bytes: &[u8], file_name: &str) -> Result<Workbook, Vec<Problem>> {
    let refuse =
        |message: String, advice: &str| vec![Problem::error(&Origin::default(), file_name, message, advice)];
    recognise(bytes).map_err(|(message, advice)| refuse(message.into(), advice))?;
    measure(bytes).map_err(|(message, advice)| refuse(message, advice))?;
    let mut file: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| {
        refuse(
            format!("the file cannot be read as a spreadsheet ({error})"),
            "Open it in a spreadsheet program and save it again as .xlsx",
        )
    })?;
    let mut workbook = Workbook::default();
    let mut text_bytes = 0;
    for name in file.sheet_names() {
        let is_wanted = SHEETS.iter().any(|known| name.trim().eq_ignore_ascii_case(known));
        let mut sheet = Sheet {
            name: name.clone(),
            rows: Vec::new(),
        };
        if is_wanted {
            read_sheet(&mut file, &mut sheet, &mut text_bytes).map_err(|message| {
                refuse(
                    message,
                    "Delete what is not part of the form, and save it again as .xlsx",
                )
            })?;
        }
        workbook.sheets.push(sheet);
    }
    Ok(workbook)
}

/// Tells files that are something else apart by how they begin.
fn recognise(bytes: &[u8]) -> Result<(), (&'static str, &'static str)> {
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
        return Err((
            "the file is an old .xls workbook, or protected by a password",
            SAVE,
        ));
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return Ok(());
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
                "the file is a CSV table, no workbook",
                "Put its rows into a sheet named survey and save it as .xlsx",
            ))
        }
        _ => Err(("the file is no spreadsheet", SAVE)),
    }
}

/// Inflates every file of the archive once, counting: what it says about its own sizes is not believed.
fn measure(bytes: &[u8]) -> Result<(), (String, &'static str)> {
    const AGAIN: &str = "Send the file again, or save it again as .xlsx";
    let damaged =
        |error: &dyn std::fmt::Display| (format!("the file is damaged or cut off ({error})"), AGAIN);
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    if archive.len() > ENTRIES {
        return Err((
            format!("the file holds {} files, more than {ENTRIES}", archive.len()),
            "Save the form alone in a new workbook",
        ));
    }
    let mut left = INFLATED_BYTES;
    let mut is_workbook = false;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|error| damaged(&error))?;
        is_workbook |= entry
            .name()
            .is_ok_and(|name| name.ends_with("workbook.xml") || name == "[Content_Types].xml");
        let inflated = std::io::copy(&mut entry.take(left + 1), &mut std::io::sink())
            .map_err(|error| damaged(&error))?;
        left = left.checked_sub(inflated).ok_or((
            "the file is larger than 64 MiB when unpacked".to_string(),
            "Delete pictures and rows that are not part of the form",
        ))?;
    }
    match is_workbook {
        true => Ok(()),
        false => Err((
            "the file is an archive, no spreadsheet".into(),
            "Take the .xlsx file out of it",
        )),
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
        if row >= SHEET_ROWS || column >= SHEET_COLUMNS {
            return Err(format!(
                "the sheet {name} has more than {SHEET_ROWS} rows or {SHEET_COLUMNS} columns"
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
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_string(),
        DataRef::Bool(value) => value.to_string(),
        DataRef::DateTime(moment) => {
            let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
            match (moment.as_f64() < 1.0, hour == 0 && minute == 0 && second == 0) {
                (true, _) => format!("{hour:02}:{minute:02}:{second:02}"),
                (false, true) => format!("{year:04}-{month:02}-{day:02}"),
                (false, false) => format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"),
            }
        }
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(error) => error.to_string(),
        DataRef::Empty => return None,
    };
    (!text.trim().is_empty()).then_some(text)
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
