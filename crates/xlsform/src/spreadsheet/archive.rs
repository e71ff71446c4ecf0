//! The archive that an .xlsx or .ods file is: inflated once within limits, and made thin for what reads it then.

use std::io::{Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::spreadsheet::{ENTRIES, Format, INFLATED_BYTES, SPANNED_CELLS, spanned};

/// Parts of a workbook that say nothing about what stands in cells.
const UNREAD: &[&str] = &[
    "docProps/",
    "xl/charts/",
    "xl/drawings/",
    "xl/media/",
    "xl/theme/",
];

/// What an archive turned out to be.
pub(super) struct Unpacked {
    pub(super) format: Format,
    /// The same workbook, not compressed, and without blank cells; None = read the file itself.
    pub(super) thin: Option<Vec<u8>>,
}

/// A message and an advice.
type Refusal = (String, &'static str);

/// Inflates every file of the archive once, counting: what it says about its own sizes is not believed.
pub(super) fn unpack(bytes: &[u8]) -> Result<Unpacked, Refusal> {
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
    let mut format = None;
    let mut thin = Some(ZipWriter::new(Cursor::new(Vec::new())));
    let mut content = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|error| damaged(&error))?;
        let name = entry.name().map(|name| name.to_string()).unwrap_or_default();
        if name.ends_with("workbook.xml") || name == "[Content_Types].xml" {
            format = format.or(Some(Format::Xlsx));
        }
        let is_content = name == "content.xml";
        let is_read = is_content
            || (name.ends_with(".xml") || name.ends_with(".rels"))
                && !UNREAD.iter().any(|unread| name.starts_with(unread));
        let mut reader = entry.take(left + 1);
        let inflated = if is_read {
            content.clear();
            reader
                .read_to_end(&mut content)
                .map_err(|error| damaged(&error))?;
            content.len() as u64
        } else {
            std::io::copy(&mut reader, &mut std::io::sink()).map_err(|error| damaged(&error))?
        };
        left = left.checked_sub(inflated).ok_or((
            "the file is larger than 64 MiB when unpacked".to_string(),
            "Delete pictures and rows that are not part of the form",
        ))?;
        if is_content {
            format = Some(Format::Ods);
            thin = None;
            let n_cells = spanned::most_cells(&content);
            if n_cells > SPANNED_CELLS {
                return Err((
                    format!("a sheet of the file spans {n_cells} cells, more than {SPANNED_CELLS}"),
                    "Delete what is far below or beside the form, and save it as .xlsx",
                ));
            }
        } else if is_read {
            thin = thin.and_then(|thin| with(thin, &name, &content));
        }
    }
    let format = format.ok_or((
        "the file is an archive, no spreadsheet".to_string(),
        "Take the .xlsx file out of it",
    ))?;
    Ok(Unpacked {
        format,
        thin: thin.and_then(|thin| Some(thin.finish().ok()?.into_inner())),
    })
}

/// Adds a file; None when it cannot be added, such as one of a name that is there already.
fn with(
    mut archive: ZipWriter<Cursor<Vec<u8>>>,
    name: &str,
    content: &[u8],
) -> Option<ZipWriter<Cursor<Vec<u8>>>> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    archive.start_file(name, options).ok()?;
    let thinner = match name.contains("worksheets/") {
        true => std::str::from_utf8(content).ok().and_then(without_blank_cells),
        false => None,
    };
    let content = thinner.as_ref().map_or(content, String::as_bytes);
    archive.write_all(content).ok()?;
    Some(archive)
}

/// A sheet without its cells that have a look but no content, which are most cells of many forms. None when not all
/// cells say where they are, so that they would move, or when it is written in an unusual way.
fn without_blank_cells(sheet: &str) -> Option<String> {
    let mut kept = String::with_capacity(sheet.len() / 2);
    for (place, piece) in sheet.split('<').enumerate() {
        if piece.starts_with('!') {
            return None;
        }
        if piece.starts_with("c ") || piece.starts_with("c>") {
            if !piece.contains(" r=\"") {
                return None;
            }
            if piece.strip_suffix("/>").is_some_and(|tag| !tag.contains('>')) {
                continue;
            }
        }
        if place > 0 {
            kept.push('<');
        }
        kept.push_str(piece);
    }
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::without_blank_cells;

    #[test]
    fn blank_cells_are_left_out_where_no_other_moves_by_it() {
        for (sheet, expected) in [
            ("", Some("")),
            (
                r#"<row r="1"><c r="A1" s="2"/><c r="B1"><v>1</v></c><c s="1" r="C1"/><cols/></row>"#,
                Some(r#"<row r="1"><c r="B1"><v>1</v></c><cols/></row>"#),
            ),
            (r#"<row><c s="2"/><c><v>1</v></c></row>"#, None),
            (r#"<row><c r="A1"/><!-- <c r="B1"/> --></row>"#, None),
        ] {
            assert_eq!(without_blank_cells(sheet).as_deref(), expected, "{sheet}");
        }
    }
}
