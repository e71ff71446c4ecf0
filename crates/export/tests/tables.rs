//! Tables as a spreadsheet and a script read them: everything that was collected can be got back.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may say what they want"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use csv::ReaderBuilder;
use sampan_export::csv::{META, Options, write, write_repeat, write_with};
use sampan_export::record::ExportRecord;
use sampan_export::{cell, columns};
use sampan_form::compiled::Form;
use sampan_form::def::FormDef;
use sampan_record::ids::{ContentHash, DeviceId, RecordId, RowId};
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_record::review::ReviewState;
use sampan_value::answer::{Answer, Kind, MediaRef, Missing, Value};
use sampan_value::text::parse_value;
use serde_json::{Value as Json, json};
use uuid::Uuid;

fn question(name: &str, kind: &str) -> Json {
    role(name, kind, "ask")
}

fn role(name: &str, kind: &str, role: &str) -> Json {
    json!({"question": {"name": name, "role": role, "kind": kind, "origin": origin()}})
}

fn origin() -> Json {
    json!({"sheet": "survey", "row": 2, "column": 2, "letter": "B", "header": "name"})
}

fn group(kind: &str, name: &str, items: &[Json]) -> Json {
    json!({kind: {"name": name, "items": items, "origin": origin()}})
}

/// A group, a note, a repeat in a repeat, a question named like a column that is there anyway.
fn form() -> Form {
    let inputs = group("repeat", "inputs", &[question("input", "text")]);
    let cost = group("group", "cost", &[question("usd", "decimal")]);
    let def = json!({
        "form_id": "test", "title": "Test", "version": "1", "languages": ["default"],
        "items": [
            group("group", "a_cover", &[
                question("country", "text"), role("hello", "text", "note"), question("gps", "geopoint"),
                question("photo", "media"), question("day", "date"), question("age", "integer"),
            ]),
            question("country", "text"),
            group("repeat", "products", &[question("name", "text"), cost, inputs]),
            role("total", "decimal", "calculate"),
        ],
    });
    let def: FormDef = serde_json::from_value(def).unwrap();
    Form::compile(Arc::new(def)).unwrap()
}

fn record(number: u128, answers: &[(&str, &[u64], Answer)]) -> ExportRecord {
    let answers = answers
        .iter()
        .map(|(question, rows, answer)| (at(question, rows), answer.clone()));
    ExportRecord {
        record: RecordId(Uuid::from_u128(number)),
        form_version: ContentHash([1; 32]),
        review_state: ReviewState::Submitted,
        enumerator: "=Sok".to_owned(),
        device: Some(DeviceId(Uuid::from_u128(9))),
        started: Some(chrono::DateTime::parse_from_rfc3339("2026-11-24T09:00:00+07:00").unwrap()),
        finished: None,
        country: "KH".to_owned(),
        province: "KH-1".to_owned(),
        n_conflicts: 2,
        has_changed_since_approval: false,
        answers: answers.collect(),
        rows: BTreeMap::new(),
    }
}

fn at(question: &str, rows: &[u64]) -> AnswerPath {
    AnswerPath {
        question: QuestionPath::new(question),
        rows: rows.iter().map(|row| RowId(*row)).collect(),
    }
}

fn text(text: &str) -> Answer {
    Answer::Value(Value::Text(text.to_owned()))
}

fn value(text: &str, kind: Kind) -> Answer {
    Answer::Value(parse_value(text, kind).unwrap())
}

/// Header and rows.
fn read(bytes: &[u8]) -> (Vec<String>, Vec<BTreeMap<String, String>>) {
    let mut reader = ReaderBuilder::new().from_reader(bytes);
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        header
            .iter()
            .cloned()
            .zip(row.iter().map(str::to_owned))
            .collect()
    });
    let rows = rows.collect();
    (header, rows)
}

#[test]
fn columns_stand_in_question_order_under_their_paths_behind_what_is_known_of_the_record() {
    let mut out = Vec::new();
    assert_eq!(write(&form(), [].into_iter(), &mut out).unwrap(), 0);
    let (header, _) = read(&out);
    assert_eq!(header[..META.len()], META);
    let expected = [
        "a_cover-country",
        "a_cover-gps",
        "a_cover-photo",
        "a_cover-photo-blake3",
        "a_cover-day",
        "a_cover-age",
        "data/country",
        "total",
        "other_answers",
    ];
    assert_eq!(header[META.len()..], expected);
}

#[test]
fn what_was_collected_can_be_read_back_exactly() {
    let form = form();
    let texts = [
        "ភ្នំពេញ",
        "ရန်ကုန်",
        "เชียงใหม่",
        "Cần Thơ",
        "=cmd|' /C calc'!A0",
        "+855 12 345 678",
        "-99",
        "@SUM(1)",
        "\t=1",
        "＝1+1",
        "'=1",
        "two\nlines, a comma and \"quotes\"",
        " blank ",
        "'",
    ];
    let mut records = Vec::new();
    for (number, words) in texts.iter().enumerate() {
        records.push(record(
            number as u128,
            &[
                ("a_cover/country", &[], text(words)),
                (
                    "a_cover/gps",
                    &[],
                    value("-12.5 104.928207 -3.25 4.9", Kind::Geopoint),
                ),
                ("a_cover/day", &[], value("2026-11-24", Kind::Date)),
                ("a_cover/age", &[], value("-5", Kind::Integer)),
                ("total", &[], value("-0.125", Kind::Decimal)),
            ],
        ));
    }
    for missing in [
        Missing::DontKnow,
        Missing::Refused,
        Missing::NotApplicable,
        Missing::Skipped,
    ] {
        let missing = Answer::Missing(missing);
        let names = [
            "a_cover/country",
            "a_cover/gps",
            "a_cover/day",
            "a_cover/age",
            "total",
        ];
        let answers: Vec<(&str, &[u64], Answer)> = names
            .iter()
            .map(|name| (*name, [].as_slice(), missing.clone()))
            .collect();
        records.push(record(100, &answers));
    }
    let mut out = Vec::new();
    let n_rows = write(&form, records.clone().into_iter(), &mut out).unwrap();
    let (_, rows) = read(&out);
    assert_eq!((n_rows as usize, rows.len()), (records.len(), records.len()));
    let columns = columns::columns(&form, None, &[]);
    for (record, row) in records.iter().zip(&rows) {
        assert_eq!(row["record_id"], record.record.to_string());
        assert_eq!(row["enumerator"], "'=Sok");
        let mut found = BTreeMap::new();
        for column in columns
            .iter()
            .filter(|column| column.kind != Kind::Media && column.name != "country")
        {
            let answer = cell::parse(&row[&column.name], column.kind).unwrap();
            found.extend(answer.map(|answer| (at(column.question.as_str(), &[]), answer)));
        }
        assert_eq!(found, record.answers);
    }
    assert_eq!(rows[0]["a_cover-age"], "-5", "a real number stays a number");
}

#[test]
fn no_cell_begins_like_a_formula_unless_it_is_a_number() {
    let hostile = [
        "=1", "+1", "-1", "@a", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠1", " =1",
    ];
    for words in hostile {
        let mut hostile = record(
            1,
            &[("a_cover/country", &[], text(words)), ("gone", &[], text(words))],
        );
        hostile.enumerator = words.to_owned();
        hostile.country = words.to_owned();
        hostile.province = words.to_owned();
        let mut out = Vec::new();
        write(&form(), [hostile].into_iter(), &mut out).unwrap();
        let (_, rows) = read(&out);
        for (name, cell) in &rows[0] {
            let first = cell.trim_start().chars().next().unwrap_or('x');
            assert!(!"=+-@＝＋－＠".contains(first), "{name}: {cell:?}");
        }
        assert_eq!(rows[0]["a_cover-country"], format!("'{words}"));
    }
}

#[test]
fn a_file_is_named_and_found_by_its_hash() {
    let media = MediaRef {
        hash: [0xab; 32],
        size_bytes: 5,
        name: "photo.jpg".to_owned(),
    };
    let photo = record(1, &[("a_cover/photo", &[], Answer::Value(Value::Media(media)))]);
    let mut out = Vec::new();
    write(&form(), [photo].into_iter(), &mut out).unwrap();
    let (_, rows) = read(&out);
    assert_eq!(rows[0]["a_cover-photo"], "photo.jpg");
    assert_eq!(rows[0]["a_cover-photo-blake3"], "ab".repeat(32));
}

#[test]
fn answers_of_another_version_are_given_out_too() {
    let old = record(
        1,
        &[
            ("was/here", &[3], text("កុំបាត់ \"x\"")),
            ("a_cover/country", &[], text("KH")),
        ],
    );
    let mut out = Vec::new();
    write(&form(), [old].into_iter(), &mut out).unwrap();
    let (_, rows) = read(&out);
    let others: Json = serde_json::from_str(&rows[0]["other_answers"]).unwrap();
    assert_eq!(others, json!({"was/here[3]": "កុំបាត់ \"x\""}));
}

#[test]
fn each_repeat_has_a_table_with_the_key_of_what_is_around_it() {
    let form = form();
    let mut one = record(
        1,
        &[
            ("products/name", &[7], text("rice")),
            ("products/cost/usd", &[7], value("12.50", Kind::Decimal)),
            ("products/name", &[5], text("fish")),
            ("products/inputs/input", &[5, 0], text("ice")),
            ("products/inputs/input", &[5, 1], text("salt")),
        ],
    );
    one.rows
        .insert(at("products", &[]), vec![RowId(7), RowId(5), RowId(6)]);
    let two = record(2, &[("products/name", &[0], text("jute"))]);
    let repeats = columns::repeats(&form);
    let names: Vec<String> = repeats
        .iter()
        .map(|repeat| columns::file_name(&form, Some(repeat)))
        .collect();
    assert_eq!(names, ["test-products.csv", "test-products-inputs.csv"]);

    let mut out = Vec::new();
    let records = [one.clone(), two.clone()];
    let n_rows = write_repeat(
        &form,
        repeats[0],
        Options::default(),
        records.clone().into_iter(),
        &mut out,
    )
    .unwrap();
    assert_eq!(n_rows, 4);
    let (header, rows) = read(&out);
    assert_eq!(header[5..], ["name", "cost-usd"]);
    let got: Vec<[&str; 4]> = rows
        .iter()
        .map(|row| {
            [&row["row_number"], &row["row_id"], &row["name"], &row["cost-usd"]].map(|cell| cell.as_str())
        })
        .collect();
    assert_eq!(
        got,
        [
            ["1", "7", "rice", "12.5"],
            ["2", "5", "fish", ""],
            ["3", "6", "", ""],
            ["1", "0", "jute", ""]
        ]
    );

    let mut inner = Vec::new();
    write_repeat(
        &form,
        repeats[1],
        Options::default(),
        records.into_iter(),
        &mut inner,
    )
    .unwrap();
    let (_, inner) = read(&inner);
    let got: Vec<&str> = inner.iter().map(|row| row["input"].as_str()).collect();
    assert_eq!(got, ["ice", "salt"]);
    assert_eq!(inner[0]["parent_key"], rows[1]["key"]);
    assert_eq!(rows[1]["parent_key"], one.record.to_string());
}

#[test]
fn a_byte_order_mark_stands_first_where_excel_is_to_read_it() {
    let mut out = Vec::new();
    write_with(&form(), Options { has_bom: true }, [].into_iter(), &mut out).unwrap();
    assert!(out.starts_with("\u{feff}record_id,".as_bytes()));
}

#[test]
fn a_receiver_that_takes_no_more_is_an_error() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _bytes: &[u8]) -> std::io::Result<usize> {
            Err(std::io::Error::from(std::io::ErrorKind::StorageFull))
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    assert!(write(&form(), [].into_iter(), &mut Full).is_err());
}
