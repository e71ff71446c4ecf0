//! Spreadsheets: any bytes as a file, and workbooks of cells that forms are made of.

mod words;

use std::sync::Arc;

use sampan_form::compiled::Form;
use sampan_form::def::FormDef;
use sampan_form::external::Tables;
use sampan_form::{package, xform};
use sampan_interview::facts::Facts;
use sampan_interview::interview::Interview;
use sampan_interview::plan::Plan;
use sampan_interview::view::Position;
use sampan_xlsform::reading::{Options, Reading, read_file, read_with};
use sampan_xlsform::workbook::Workbook;

use crate::bytes::Bytes;
use crate::xpath::sheet;

/// The first byte says whether a file or cells follow.
pub fn run(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let mode = bytes.byte();
    let options = |lenient| Options {
        lenient,
        ..Options::default()
    };
    let lenient = options(mode & 2 != 0);
    let read = match mode % 2 {
        0 => read_file(bytes.rest(), "form.xlsx", &lenient).ok(),
        _ => {
            let workbook = workbook(&mut bytes);
            let outline = Options {
                is_outline: true,
                ..options(true)
            };
            if let Ok(Reading { form, .. }) = read_with(&workbook, "form.xlsx", &outline) {
                written(&form);
            }
            read_with(&workbook, "form.xlsx", &lenient).ok()
        }
    };
    if let Some(Reading { form, .. }) = read {
        written(&form);
        asked(form);
    }
}

/// A form that was read can be kept and written out, and is read again.
fn written(form: &FormDef) {
    let bytes = package::to_bytes(form);
    match package::from_bytes(&bytes) {
        Ok(again) => assert_eq!(
            package::to_bytes(&again),
            bytes,
            "a kept form comes back as another"
        ),
        Err(error) => panic!("a form that was read cannot be kept: {error}"),
    }
    let xml = xform::write(form);
    if let Err(problems) = xform::read::read(&xml) {
        panic!("what was written is not read again: {}\n{xml}", problems[0]);
    }
}

/// A form that was read can be asked.
pub(crate) fn asked(form: FormDef) {
    let Ok(form) = Form::compile_leniently(Arc::new(form)) else {
        return;
    };
    let plan = Arc::new(Plan::new(Arc::new(form), Arc::new(Tables::new())));
    let mut interview = Interview::begin(plan.clone(), &facts()).interview;
    let mut position = interview.first().position;
    // Few screens: each looks through all places, and a repeat may have very many.
    for _ in 0..8 {
        let screen = interview.screen(&position);
        for at in &screen.questions {
            interview.question(at).expect("what is on a screen is there");
            interview.choices(at);
        }
        if let Position::AddRow(repeat) = &position
            && interview.rows(repeat).len() < 2
        {
            let _ = interview.add_row(repeat, 4, facts().started_at);
        }
        let next = interview.next(&position).position;
        if next == position {
            break;
        }
        position = next;
    }
    interview.problems();
    interview.name();
    interview.values();
    let again = Interview::resume(plan, &facts(), interview.answers(), interview.added_rows());
    assert_eq!(again.interview.answers().len(), interview.answers().len());
}

/// The world around an interview.
pub(crate) fn facts() -> Facts {
    Facts {
        device: "device-1".into(),
        username: "sokha".into(),
        email: String::new(),
        phone_number: String::new(),
        started_at: "2026-11-24T08:30:00+07:00".parse().expect("a moment"),
        seed: 7,
    }
}

/// A workbook whose cells are words of forms, each byte a choice.
fn workbook(bytes: &mut Bytes<'_>) -> Workbook {
    let mut sheets = Vec::new();
    for name in ["survey", "choices", "settings", "entities"] {
        let name = match bytes.below(16) {
            0 => bytes.pick(words::SHEETS),
            _ => name,
        };
        let (usual, all) = words::columns(name);
        let n_extra = bytes.below(5);
        let mut head: Vec<&str> = usual.to_vec();
        for _ in 0..n_extra {
            head.push(bytes.pick(all));
        }
        let mut rows = vec![head.iter().map(|word| word.to_string()).collect::<Vec<_>>()];
        let n_rows = match name {
            "settings" | "entities" => bytes.below(2),
            _ => bytes.below(14),
        };
        // What the expressions read is mostly there.
        if !bytes.one_in(5) {
            rows.extend(words::usual(name).map(|row| row.map(str::to_owned).to_vec()));
        }
        let mut open = Vec::new();
        for number in 0..n_rows {
            let mut row: Vec<String> = head.iter().map(|column| cell(bytes, column)).collect();
            // Most forms would end at their first name that stands twice or group that is not closed.
            if bytes.one_in(16) {
                rows.push(row);
                continue;
            }
            if name == "survey" {
                match row[0].split_once(['_', ' ']) {
                    Some(("begin", what)) => open.push(what.split(' ').next().unwrap_or_default().to_owned()),
                    Some(("end", _)) => match open.pop() {
                        Some(what) => row[0] = format!("end {what}"),
                        None => row[0] = "text".into(),
                    },
                    _ => {}
                }
            }
            if matches!(name, "survey" | "choices") {
                row[1] = words::LETTERS[number % words::LETTERS.len()].into();
            }
            rows.push(row);
        }
        while let Some(what) = open.pop() {
            rows.push(vec![format!("end {what}")]);
        }
        sheets.push(sheet(name, rows.into_iter()));
    }
    Workbook { sheets }
}

fn cell(bytes: &mut Bytes<'_>, column: &str) -> String {
    let words = words::cells(column);
    match bytes.below(96) {
        0 => String::new(),
        1 => bytes.pick(words::ANY).to_string(),
        2 => {
            let n = bytes.below(12);
            bytes.text(n)
        }
        3 => format!("{} {}", bytes.pick(words), bytes.pick(words)),
        // Most cells of most columns are blank.
        4..50 if !matches!(column, "type" | "name" | "label" | "list_name") => String::new(),
        _ => bytes.pick(words).to_string(),
    }
}
