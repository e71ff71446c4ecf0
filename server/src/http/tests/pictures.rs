//! A broken spreadsheet is shown as a picture of its sheet, and what is unambiguous can be taken as mended.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::access::Role;
use crate::http::tests::{Got, House, Visitor};

type Rows = Vec<Vec<String>>;

fn row(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_string()).collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

/// An .xlsx of these sheets, with the texts in the cells.
fn xlsx(sheets: &[(&str, Rows)]) -> Vec<u8> {
    const TYPES: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";
    const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let mut parts = vec![(
        "_rels/.rels".to_string(),
        format!(
            "<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"r\" Type=\"{RELATIONS}/officeDocument\" \
             Target=\"xl/workbook.xml\"/></Relationships>"
        ),
    )];
    let (mut kinds, mut names, mut targets) = (String::new(), String::new(), String::new());
    for (number, (name, rows)) in sheets.iter().enumerate() {
        kinds += &format!(
            "<Override PartName=\"/xl/worksheets/s{number}.xml\" ContentType=\"{TYPES}.worksheet+xml\"/>"
        );
        names += &format!(
            "<sheet name=\"{name}\" sheetId=\"{}\" r:id=\"r{number}\"/>",
            number + 1
        );
        targets += &format!(
            "<Relationship Id=\"r{number}\" Type=\"{RELATIONS}/worksheet\" Target=\"worksheets/s{number}.xml\"/>"
        );
        let rows: String = rows
            .iter()
            .enumerate()
            .map(|(number, cells)| {
                let number = number + 1;
                let cells: String = cells
                    .iter()
                    .zip("ABCDEFGH".chars())
                    .filter(|(text, _)| !text.is_empty())
                    .map(|(text, letter)| {
                        let text = escape(text);
                        format!("<c r=\"{letter}{number}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
                    })
                    .collect();
                format!("<row r=\"{number}\">{cells}</row>")
            })
            .collect();
        parts.push((
            format!("xl/worksheets/s{number}.xml"),
            format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{rows}</sheetData></worksheet>"),
        ));
    }
    parts.push((
        "[Content_Types].xml".into(),
        format!(
            "<Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"rels\" \
             ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" \
             ContentType=\"application/xml\"/><Override PartName=\"/xl/workbook.xml\" \
             ContentType=\"{TYPES}.sheet.main+xml\"/>{kinds}</Types>"
        ),
    ));
    parts.push((
        "xl/workbook.xml".into(),
        format!("<workbook xmlns=\"{MAIN}\" xmlns:r=\"{RELATIONS}\"><sheets>{names}</sheets></workbook>"),
    ));
    parts.push((
        "xl/_rels/workbook.xml.rels".into(),
        format!("<Relationships xmlns=\"{PACKAGE}/relationships\">{targets}</Relationships>"),
    ));
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Questions q2 … q70, each in the row of its number; question 57 is the caller's.
fn survey(row_57: &[&str]) -> Vec<u8> {
    let mut rows = vec![row(&["type", "name", "label", "hint", "required", "relevant"])];
    for number in 2..=70 {
        rows.push(match number {
            57 => row(row_57),
            56 => row(&[
                "text",
                "q56",
                "តម្លៃ <script>alert(1)</script> & ราคา",
                "ဈေး",
                "yes",
                "",
            ]),
            _ => row(&["text", &format!("q{number}"), &format!("Question {number}")]),
        });
    }
    xlsx(&[
        ("survey", rows),
        (
            "choices",
            vec![row(&["list_name", "name", "label"]), row(&["yn", "yes", "Có"])],
        ),
        (
            "settings",
            vec![
                row(&["form_title", "form_id", "version"]),
                row(&["Stalls", "stalls", "1"]),
            ],
        ),
    ])
}

/// Posts a page's upload form, with a file or what is held.
fn post(visitor: &mut Visitor, page: &Got, fields: &[(&str, &str)], file: Option<&[u8]>) -> Got {
    let mut body = Vec::new();
    let hidden = [("csrf", page.hidden("csrf")), ("key", page.hidden("key"))];
    let hidden = hidden.iter().map(|(name, value)| (*name, value.as_str()));
    for (name, value) in hidden.chain(fields.iter().copied()) {
        let part = format!("--xxbxx\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    if let Some(file) = file {
        body.extend_from_slice(
            b"--xxbxx\r\ncontent-disposition: form-data; name=\"form\"; filename=\"stalls.xlsx\"\r\n\r\n",
        );
        body.extend_from_slice(file);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--xxbxx--\r\n");
    let response = visitor
        .agent
        .post(format!("{}/forms/upload", visitor.url))
        .header("cookie", visitor.cookie())
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "multipart/form-data; boundary=xxbxx")
        .send(&body[..])
        .unwrap();
    visitor.take(response)
}

fn boss(house: &House) -> Visitor {
    house.person("boss", Role::Admin, None);
    Visitor::signed_in(house, "boss")
}

#[test]
fn a_typo_in_row_57_is_shown_in_its_cell_among_its_neighbours_and_nothing_else_of_the_sheet() {
    let house = House::new();
    let mut boss = boss(&house);
    let page = boss.get("/forms/upload");
    let file = survey(&["integer", "q57", "How many?", "", "", "${q5x} = 'yes'"]);
    let got = post(&mut boss, &page, &[], Some(&file));
    assert_eq!(got.status, 422, "{}", got.text);
    let text = &got.text;
    for part in [
        // The jump list, the marked cell with its pin, the row and column, the neighbours, the message.
        "<li><a href=\"#c1\">",
        "id=\"c1\" href=\"#p1\"",
        "id=\"p1\"",
        "<td class=\"at bad\" lang=\"\">${q5x} = &#39;yes&#39;",
        "<a href=\"#c1\"><b>survey F57</b></a>",
        "<th scope=\"row\">57</th>",
        "<th scope=\"col\">F</th>",
        "Question 55",
        "Question 59",
        "ဈေး",
        "<tr class=\"headings\"><th scope=\"row\">1</th>",
        "⋮",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(!text.contains("<script>"), "a cell is not escaped");
    assert!(text.contains("&#60;script&#62;alert(1)"), "{text}");
    assert!(!text.contains("Question 54<") && !text.contains("Question 60<"));
    assert!(
        !text.contains("name=\"held\""),
        "a wrong reference can mean anything"
    );
    assert!(!boss.get("/forms").text.contains("stalls"));
}

#[test]
fn what_can_only_mean_one_thing_becomes_a_draft_after_the_mendings_were_seen() {
    let house = House::new();
    let mut boss = boss(&house);
    let page = boss.get("/forms/upload");
    let file = survey(&["selectone yn", "q57", "Open?", "", "", ""]);
    let got = post(&mut boss, &page, &[], Some(&file));
    assert_eq!(got.status, 422, "{}", got.text);
    assert!(
        got.text.contains("<span class=\"mark river\">mended</span>"),
        "{}",
        got.text
    );
    assert!(got.text.contains("<b>survey A57"), "{}", got.text);
    let (held, name) = (got.hidden("held"), got.hidden("held_name"));
    assert!(
        !boss.get("/forms").text.contains("stalls"),
        "nothing is made before the choice"
    );
    let done = post(&mut boss, &got, &[("held", &held), ("held_name", &name)], None);
    assert_eq!(done.status, 303, "{}", done.text);
    let page = boss.get("/forms/stalls");
    assert!(page.text.contains("Publish"), "{}", page.text);
    assert!(
        page.text.contains("mended"),
        "its remarks are kept with the draft: {}",
        page.text
    );
    let gone = post(
        &mut boss,
        &page,
        &[("held", &"0".repeat(64)), ("held_name", "x.xlsx")],
        None,
    );
    assert_ne!(gone.status, 303);
}
