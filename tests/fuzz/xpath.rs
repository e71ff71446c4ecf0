//! Expressions: any text, and texts grown from the grammar; read, printed, read again, and evaluated.

mod grow;
mod print;

use sampan_xlsform::reading::{Options, read_with};
use sampan_xlsform::workbook::{Row, Sheet, Workbook};
use sampan_xpath::document::Document;
use sampan_xpath::syntax;

use crate::bytes::Bytes;

const DOCUMENT: &str = "<data id=\"f\"><n>5</n><t>apple  pear</t><d>2024-02-29</d><g><n>-1.5</n><e/></g>\
    <r><x>1</x><y>a</y></r><r><x>2</x><y>b</y></r><r><x>x</x><y/></r>\
    <p>13.36 103.86 0 0;13.4 103.9 0 0;13.3 103.9 0 0;13.36 103.86 0 0</p></data>";

/// The first byte says which kind of text follows.
pub fn run(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let source = match bytes.byte() % 2 {
        0 => String::from_utf8_lossy(bytes.rest()).into_owned(),
        _ => grow::expression(&mut bytes),
    };
    printed_again(&source);
    evaluated(&source);
    in_a_form(&source);
}

/// What is printed of a tree is read as the same tree.
fn printed_again(source: &str) {
    let Ok(tree) = syntax::parse(source) else { return };
    let printed = print::expression(&tree);
    let Ok(again) = syntax::parse(&printed) else {
        // Brackets that the text could do without may be too many, or the text too long.
        assert!(
            print::depth(&printed) > syntax::MAX_DEPTH / 2 || printed.len() > syntax::MAX_SOURCE_BYTES,
            "{source:?} is printed as {printed:?}, which is not read: {:?}",
            syntax::parse(&printed)
        );
        return;
    };
    assert_eq!(
        print::expression(&again),
        printed,
        "{source:?} is read as another tree when printed"
    );
}

/// Evaluated over a document: whatever comes out, the same comes out again.
fn evaluated(source: &str) {
    let document = Document::parse(DOCUMENT).expect("a good document");
    for context in ["/data", "/data/r[2]/x"] {
        let first = document.eval(source, context);
        let second = document.eval(source, context);
        let is_number = first.as_ref().is_ok_and(|outcome| outcome.number.is_nan());
        assert!(
            is_number || first == second,
            "{source:?}: {first:?} and {second:?}"
        );
    }
}

/// As calculation, condition, constraint and filter of a form; one that is read can be asked.
fn in_a_form(source: &str) {
    let head = [
        "type",
        "name",
        "label",
        "calculation",
        "relevant",
        "constraint",
        "choice_filter",
        "repeat_count",
    ];
    let rows = [
        ["integer", "n", "N", "", "", "", "", ""],
        ["text", "t", "T", "", "", source, "", ""],
        ["begin repeat", "r", "R", "", "", "", "", ""],
        ["integer", "x", "X", "", "", "", "", ""],
        ["calculate", "inner", "", source, "", "", "", ""],
        ["end repeat", "", "", "", "", "", "", ""],
        ["calculate", "c", "", source, "", "", "", ""],
        ["note", "seen", "see ${c}", "", source, "", "", ""],
        ["select_one l", "s", "S", "", "", "", source, ""],
        ["begin repeat", "q", "Q", "", "", "", "", source],
        ["text", "z", "Z", "", "", "", "", ""],
        ["end repeat", "", "", "", "", "", "", ""],
    ];
    let rows = std::iter::once(head).chain(rows);
    let choices = [["list_name", "name", "label"], ["l", "a", "A"], ["l", "b", "B"]];
    let workbook = Workbook {
        sheets: vec![
            sheet("survey", rows.map(|row| row.map(str::to_owned).to_vec())),
            sheet(
                "choices",
                choices.into_iter().map(|row| row.map(str::to_owned).to_vec()),
            ),
        ],
    };
    if let Ok(reading) = read_with(&workbook, "form.xlsx", &Options::default()) {
        crate::sheet::asked(reading.form);
    }
}

/// A sheet of rows of text.
pub(crate) fn sheet(name: &str, rows: impl Iterator<Item = Vec<String>>) -> Sheet {
    Sheet {
        name: name.into(),
        rows: (1..)
            .zip(rows)
            .map(|(number, cells)| Row {
                number,
                cells: (0..)
                    .zip(cells)
                    .filter(|(_, text)| !text.trim().is_empty())
                    .collect(),
            })
            .filter(|row| !row.cells.is_empty())
            .collect(),
    }
}
