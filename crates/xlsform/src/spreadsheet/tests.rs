//! Files that are no spreadsheets, and files that are more than they seem.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;

use crate::spreadsheet::workbook;

fn message(bytes: &[u8]) -> String {
    workbook(bytes, "form.xlsx").unwrap_err()[0].to_string()
}

/// A workbook of one sheet with this XML inside `sheetData`.
fn xlsx(sheet: &str, data: &str) -> Vec<u8> {
    archive(&[
        (
            "[Content_Types].xml",
            r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#
                .as_bytes(),
        ),
        (
            "_rels/.rels",
            r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
                .as_bytes(),
        ),
        (
            "xl/workbook.xml",
            format!(r#"<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="{sheet}" sheetId="1" r:id="rId1"/></sheets></workbook>"#)
                .as_bytes(),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#
                .as_bytes(),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!(r#"<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{data}</sheetData></worksheet>"#)
                .as_bytes(),
        ),
    ])
}

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn cells_are_read_as_a_person_sees_them() {
    let data = r#"<row r="3"><c r="C3"><v>2026112301</v></c><c r="A3" t="inlineStr"><is><t>ខ្មែរ</t></is></c></row>
        <row r="5"><c r="B5" t="b"><v>1</v></c><c r="C5"><v>0.5</v></c><c r="D5" t="inlineStr"><is><t> </t></is></c></row>"#;
    let workbook = workbook(&xlsx("Survey", data), "form.xlsx").unwrap();
    let sheet = workbook.sheet("survey").unwrap();
    let cells: Vec<(u32, u32, &str)> = sheet
        .rows
        .iter()
        .flat_map(|row| {
            row.cells
                .iter()
                .map(move |(column, text)| (row.number, *column, text.as_str()))
        })
        .collect();
    assert_eq!(
        cells,
        [(3, 0, "ខ្មែរ"), (3, 2, "2026112301"), (5, 1, "true"), (5, 2, "0.5")]
    );
}

#[test]
fn a_file_that_is_no_spreadsheet_is_told_what_it_is() {
    for (bytes, expected) in [
        (&b""[..], "the file is empty"),
        (b"a,b,c\n1,2,3\n", "the file is a CSV table without a column type"),
        (b"<html></html>", "the file is XML or a web page"),
        (
            b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1rest",
            "the file cannot be read as a spreadsheet",
        ),
        (b"hello", "the file is no spreadsheet"),
        (b"\x00\xFF\x00", "the file is no spreadsheet"),
        (b"PK\x03\x04 and then nothing", "the file is damaged or cut off"),
    ] {
        let message = message(bytes);
        assert!(message.contains(expected), "{message}");
        assert!(message.contains("form.xlsx"), "{message}");
    }
    let message = message(&archive(&[("picture.png", b"x")]));
    assert!(
        message.contains("the file is an archive, no spreadsheet"),
        "{message}"
    );
}

#[test]
fn a_workbook_cut_off_anywhere_is_refused() {
    let whole = xlsx("survey", r#"<row r="1"><c r="A1"><v>1</v></c></row>"#);
    assert!(workbook(&whole, "form.xlsx").is_ok());
    for length in (0..whole.len()).step_by(7) {
        assert!(
            workbook(&whole[..length], "form.xlsx").is_err(),
            "{length} of {} bytes",
            whole.len()
        );
    }
}

#[test]
fn a_workbook_with_a_wrong_byte_anywhere_is_read_or_refused() {
    let whole = xlsx("survey", r#"<row r="1"><c r="A1"><v>1</v></c></row>"#);
    for at in 0..whole.len() {
        let mut broken = whole.clone();
        broken[at] ^= 0x55;
        let _ = workbook(&broken, "form.xlsx");
    }
}

#[test]
fn a_file_that_unpacks_to_more_than_the_limit_is_refused_before_it_is_read() {
    let zeros = vec![b' '; 70 * 1024 * 1024];
    let bomb = archive(&[("[Content_Types].xml", b"<a/>"), ("xl/workbook.xml", &zeros)]);
    assert!(bomb.len() < 200_000);
    assert!(
        message(&bomb).contains("larger than 64 MiB when unpacked"),
        "{}",
        message(&bomb)
    );
    let half = vec![b' '; 40 * 1024 * 1024];
    let bomb = archive(&[
        ("[Content_Types].xml", b"<a/>"),
        ("a.xml", &half),
        ("b.xml", &half),
    ]);
    assert!(
        message(&bomb).contains("larger than 64 MiB when unpacked"),
        "{}",
        message(&bomb)
    );
    let names: Vec<String> = (0..2_001).map(|number| format!("{number}.xml")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    assert!(
        message(&archive(&files)).contains("holds 2001 files"),
        "{}",
        message(&archive(&files))
    );
}

#[test]
fn one_cell_at_the_end_of_the_sheet_costs_no_memory() {
    let data = r#"<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>"#;
    assert!(message(&xlsx("survey", data)).contains("more than 100000 rows or 300 columns"));
    let far = r#"<row r="1"><c r="A1"><v>1</v></c></row><row r="99999"><c r="KN99999"><v>1</v></c></row>"#;
    assert_eq!(
        workbook(&xlsx("survey", far), "form.xlsx").unwrap().sheets[0]
            .rows
            .len(),
        2
    );
    let ods = |rows: &str| {
        let content = format!(
            "<office:document-content><table:table><table:table-row table:number-rows-repeated=\"{rows}\"><table:table-cell table:number-columns-repeated=\"1000\" office:value-type=\"string\"><text:p>x</text:p></table:table-cell></table:table-row></table:table></office:document-content>"
        );
        archive(&[("content.xml", content.as_bytes())])
    };
    assert!(message(&ods("1048576")).contains("more than 3000000"));
}

#[test]
fn an_ods_file_that_spans_more_cells_than_it_has_is_refused_however_it_is_written() {
    let ods = |rows: &str| {
        let content =
            format!("<office:document-content><table:table>{rows}</table:table></office:document-content>");
        message(&archive(&[("content.xml", content.as_bytes())]))
    };
    let cell = "<table:table-cell office:value-type='string'><text:p>x</text:p></table:table-cell>";
    let wide = format!(
        "<table:table-row><table:table-cell table:number-columns-repeated = '&#49;6383'/>{cell}</table:table-row>"
    );
    let far = "<table:table-row table:number-rows-repeated=\"1000000\"><table:table-cell/></table:table-row>";
    for rows in [
        wide.repeat(200),
        format!("<table:table-row>{cell}</table:table-row>{far}{wide}"),
        format!(
            "<table:table-row table:number-rows-repeated='many'>{cell}{cell}{cell}{cell}</table:table-row>"
        ),
    ] {
        let message = ods(&rows);
        assert!(message.contains("more than 3000000"), "{message}");
    }
    // Blank cells behind the last one take no room.
    let blank = "<table:table-row table:number-rows-repeated='1048000'><table:table-cell \
         table:number-columns-repeated='16384'/></table:table-row>";
    let message = ods(&format!("<table:table-row>{cell}</table:table-row>{blank}"));
    assert!(!message.contains("spans"), "{message}");
}

/// An .xls file whose only sheet has these records.
fn xls(records: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let record = |kind: u16, data: &[u8]| {
        let length = u16::try_from(data.len()).unwrap();
        [&kind.to_le_bytes()[..], &length.to_le_bytes(), data].concat()
    };
    let begin = |kind: u8| record(0x0809, &[0, 6, kind, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let end = record(0x000A, &[]);
    let globals = begin(5).len() + record(0x0085, &[0; 14]).len() + end.len();
    let mut bound = u32::try_from(globals).unwrap().to_le_bytes().to_vec();
    bound.extend([0, 0, 6, 0]);
    bound.extend(b"survey");
    let mut stream = [begin(5), record(0x0085, &bound), end.clone(), begin(0x10)].concat();
    for (kind, data) in records {
        stream.extend(record(*kind, data));
    }
    stream.extend(end);
    stream.resize(4096, 0);
    // Sectors: 0 the table of chains, 1 the directory, 2 to 9 the stream.
    let mut head = vec![0u8; 512];
    head[..8].copy_from_slice(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1");
    for (at, number) in [(24, 0x3E_u16), (26, 3), (28, 0xFFFE), (30, 9), (32, 6)] {
        head[at..at + 2].copy_from_slice(&number.to_le_bytes());
    }
    for (at, number) in [
        (44, 1_u32),
        (48, 1),
        (56, 4096),
        (60, 0xFFFF_FFFE),
        (68, 0xFFFF_FFFE),
    ] {
        head[at..at + 4].copy_from_slice(&number.to_le_bytes());
    }
    head[76..].fill(0xFF);
    head[76..80].fill(0);
    let mut chains = vec![0xFFFF_FFFD_u32, 0xFFFF_FFFE];
    chains.extend(3..10);
    chains.push(0xFFFF_FFFE);
    chains.resize(128, 0xFFFF_FFFF);
    let entry = |name: &str, kind: u8, first: u32, length: u32| {
        let mut entry = vec![0u8; 128];
        for (place, letter) in name.encode_utf16().enumerate() {
            entry[place * 2..place * 2 + 2].copy_from_slice(&letter.to_le_bytes());
        }
        entry[64] = u8::try_from(name.len() * 2 + 2).unwrap();
        entry[66] = kind;
        entry[116..120].copy_from_slice(&first.to_le_bytes());
        entry[120..124].copy_from_slice(&length.to_le_bytes());
        entry
    };
    let mut file = head;
    file.extend(chains.iter().flat_map(|next| next.to_le_bytes()));
    let directory = [
        entry("Root Entry", 5, 0xFFFF_FFFE, 0),
        entry("Workbook", 2, 2, 4096),
    ]
    .concat();
    file.extend(&directory);
    file.resize(512 * 3, 0);
    file.extend(stream);
    file
}

fn number_cell(row: u16, column: u16) -> (u16, Vec<u8>) {
    let mut data = [row.to_le_bytes(), column.to_le_bytes(), [0, 0]].concat();
    data.extend(1.5_f64.to_le_bytes());
    (0x0203, data)
}

fn dimensions(rows: u32, columns: u16) -> (u16, Vec<u8>) {
    let mut data = [0_u32.to_le_bytes(), rows.to_le_bytes()].concat();
    data.extend([[0, 0], columns.to_le_bytes(), [0, 0]].concat());
    (0x0200, data)
}

#[test]
fn an_xls_file_is_read_and_one_that_claims_too_many_cells_is_refused_before() {
    let small = xls(&[dimensions(2, 2), number_cell(1, 1)]);
    let workbook = workbook(&small, "form.xls").unwrap();
    assert_eq!(
        workbook.sheet("survey").unwrap().rows[0].cells,
        [(1, "1.5".to_string())]
    );
    // What a sheet claims does not count.
    for claim in [
        dimensions(u32::MAX, 200),
        dimensions(65_536, 592),
        (
            0x0200,
            [[9, 0, 0, 0], [2, 0, 0, 0], [0, 0, 1, 0], [0; 4]].concat(),
        ),
    ] {
        let workbook = crate::spreadsheet::workbook(&xls(&[claim, number_cell(1, 1)]), "form.xls").unwrap();
        assert_eq!(workbook.sheet("survey").unwrap().rows.len(), 1);
    }
    let far = message(&xls(&[number_cell(0, 0), number_cell(65_535, 65_535)]));
    assert!(far.contains("more than 3000000"), "{far}");
    // Records that are too short for what they say.
    for records in [vec![(0x0203, vec![1])], vec![(0x00BD, vec![0; 3])]] {
        assert!(message(&xls(&records)).contains("cannot be read as a spreadsheet"));
    }
}
