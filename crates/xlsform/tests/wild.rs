//! Any cells in any columns are read or refused, never more; what is read is written as XML that parses.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use proptest::prelude::{Strategy, prop};
use proptest::{prop_assert, proptest};
use quick_xml::events::Event;
use sampan_form::problem::Problem;
use sampan_form::xform;
use sampan_xlsform::reading::{Options, read_with};
use sampan_xlsform::workbook::{Row, Sheet, Workbook};

const SHEETS: &[&str] = &[
    "survey",
    "survey",
    "choices",
    "settings",
    "entities",
    "external_choices",
    "osm",
];

const HEADINGS: &[&str] = &[
    "type",
    "name",
    "label",
    "label::en",
    "label::km",
    "hint",
    "guidance_hint",
    "relevant",
    "constraint",
    "constraint_message",
    "calculation",
    "default",
    "trigger",
    "appearance",
    "choice_filter",
    "parameters",
    "repeat_count",
    "image",
    "big-image::en",
    "save_to",
    "bind::odk:x",
    "body::y",
    "instance::z",
    "list_name",
    "default_language",
    "form_id",
    "entity_id",
    "update_if",
    "public_key",
    "attribute::a",
];

const CELLS: &[&str] = &[
    "text",
    "integer",
    "select_one l",
    "select_multiple l or_other",
    "select_one ${a}",
    "select_one_from_file f.geojson",
    "select_one_external l",
    "rank l",
    "range",
    "calculate",
    "begin_group",
    "end_group",
    "begin_repeat",
    "end_repeat",
    "begin_loop over l",
    "end_loop",
    "audit",
    "csv-external",
    "background-geopoint",
    "osm l",
    "geopoint",
    "note",
    "a",
    "b",
    "l",
    "meta",
    "data",
    "en",
    "table-list",
    "search('f')",
    "label",
    "${a}",
    "${b} > 1",
    "${last-saved#a}",
    "${",
    "${a b}",
    "indexed-repeat(${a}, ${b}, 1)",
    "instance('l')/root/item[name = ${a}]/label",
    "pulldata('f', 'x', 'y', ${a})",
    "start=1 end=99999999999999999999999999.5 step=0.000000001",
    "tick_labelset=l placeholder=-3",
    "randomize=true seed=${a}",
    "reference-geometry=${a}",
    "track-changes=true",
    "%(label)s",
    "yes",
    "1",
    "<&>\"'\u{1}\u{ffff}]]>",
    "ខ្មែរ",
    "l#p",
    "#",
    "now()",
];

fn sheet() -> impl Strategy<Value = Sheet> {
    let heading = prop::sample::select(HEADINGS);
    let cell = prop::option::weighted(0.7, prop::sample::select(CELLS));
    let n_columns = 2_usize..9;
    (prop::sample::select(SHEETS), n_columns).prop_flat_map(move |(name, n_columns)| {
        let headings = prop::collection::vec(heading.clone(), n_columns);
        let rows = prop::collection::vec(prop::collection::vec(cell.clone(), n_columns), 0..12);
        (headings, rows).prop_map(move |(mut headings, rows)| {
            headings[0] = if name == "survey" { "type" } else { "list_name" };
            headings[1] = "name";
            let row = |number: u32, cells: Vec<Option<&str>>| Row {
                number,
                cells: (0_u32..)
                    .zip(cells)
                    .filter_map(|(column, text)| Some((column, text?.to_string())))
                    .collect(),
            };
            let heading = row(1, headings.into_iter().map(Some).collect());
            let rows = (2_u32..).zip(rows).map(|(number, cells)| row(number, cells));
            Sheet {
                name: name.to_string(),
                rows: std::iter::once(heading).chain(rows).collect(),
            }
        })
    })
}

proptest! {
    #[test]
    fn any_cells_are_read_or_refused(sheets in prop::collection::vec(sheet(), 1..5)) {
        let workbook = Workbook { sheets };
        for lenient in [false, true] {
            for is_outline in [false, true] {
                let options = Options { lenient, is_outline, root: None };
                match read_with(&workbook, "wild.xlsx", &options) {
                    Err(problems) => prop_assert!(problems.iter().any(Problem::is_error)),
                    Ok(reading) => {
                        let written = xform::write(&reading.form);
                        let mut reader = quick_xml::Reader::from_str(&written);
                        loop {
                            match reader.read_event() {
                                Ok(Event::Eof) => break,
                                Ok(_) => {}
                                Err(error) => prop_assert!(false, "{error} in {written}"),
                            }
                        }
                    }
                }
            }
        }
    }
}
