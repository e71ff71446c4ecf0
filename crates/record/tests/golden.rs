//! Samples of every released format: what was written once can be read for ever.
//!
//! `UPDATE_GOLDEN=1 cargo test -p sampan-record --test golden` writes samples that do not exist yet. It never touches
//! one that exists: a sample that no longer decodes is a broken promise, not an old file.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests may say what they want"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, NaiveTime};
use sampan_record::change::{Change, Payload, RecordKey};
use sampan_record::codec;
use sampan_record::context::Context;
use sampan_record::ids::{ChangeHash, CommentId, ContentHash, DeviceId, PersonId, RecordId, Replica, RowId};
use sampan_record::op::{Decision, ErasureScope, Op};
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_record::schema::{NoSchema, Schema};
use sampan_record::write::{self, Draft};
use sampan_value::answer::{Answer, Kind, MediaRef, Missing, Value};
use sampan_value::decimal::Decimal;
use sampan_value::geo::Geopoint;
use uuid::Uuid;

/// The form version of the samples `payload-form-*`.
struct SampleForm;

const PLACES: [(&str, Option<Kind>); 5] = [
    ("a_cover", None),
    ("a_cover/country", Some(Kind::Choice)),
    ("d_products/products", None),
    ("d_products/products/prod", Some(Kind::Text)),
    ("d_products/products/turnover", Some(Kind::Decimal)),
];

impl Schema for SampleForm {
    fn id(&self, path: &QuestionPath) -> Option<u32> {
        PLACES
            .iter()
            .position(|(place, _)| *place == path.as_str())
            .and_then(|id| u32::try_from(id).ok())
    }

    fn path(&self, id: u32) -> Option<QuestionPath> {
        PLACES.get(id as usize).map(|(place, _)| QuestionPath::new(place))
    }

    fn kind(&self, id: u32) -> Option<Kind> {
        PLACES.get(id as usize).and_then(|(_, kind)| *kind)
    }
}

#[test]
fn every_sample_ever_written_decodes_to_what_it_meant() {
    let mut n_samples = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "bin") {
            let bytes = fs::read(&path).unwrap();
            let expected = fs::read_to_string(path.with_extension("txt")).unwrap();
            assert_eq!(debug_text(&path, &bytes), expected, "{}", path.display());
            n_samples += 1;
        }
    }
    assert!(
        n_samples >= samples().len(),
        "a sample has gone from {}",
        folder().display()
    );
}

#[test]
fn what_is_written_today_is_the_sample_byte_for_byte() {
    for (name, bytes) in samples() {
        let path = folder().join(format!("{name}.bin"));
        if !path.exists() && std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&path, &bytes).unwrap();
            fs::write(path.with_extension("txt"), debug_text(&path, &bytes)).unwrap();
        }
        let kept = fs::read(&path).unwrap_or_default();
        assert_eq!(bytes, kept, "{name}: a new sample is added with UPDATE_GOLDEN=1");
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}

/// The name says what the bytes are.
fn debug_text(path: &Path, bytes: &[u8]) -> String {
    let name = path.file_stem().unwrap().to_str().unwrap();
    if name.contains("-payload-form-") {
        format!("{:#?}\n", codec::decode_ops(bytes, &SampleForm).unwrap())
    } else if name.contains("-payload-") {
        format!("{:#?}\n", codec::decode_ops(bytes, &NoSchema).unwrap())
    } else {
        let change = codec::decode_change(bytes).unwrap();
        format!("{change:#?}\nhash {}\n", change.hash().to_hex())
    }
}

fn samples() -> BTreeMap<&'static str, Vec<u8>> {
    let full = change(&values());
    let mut redacted = full.clone();
    redacted.payload = Payload::Redacted(codec::encode_ops(&[Op::Submit], &NoSchema));
    redacted.record_key = None;
    let mut erased = redacted.clone();
    erased.payload = Payload::Erased;
    BTreeMap::from([
        ("v1-payload-values", codec::encode_ops(&values(), &NoSchema)),
        ("v1-payload-acts", codec::encode_ops(&acts(), &NoSchema)),
        (
            "v1-payload-form-values",
            codec::encode_ops(&with_form(), &SampleForm),
        ),
        ("v1-payload-later-version", vec![1, 2, 200, 3, 1, 2, 3, 4, 0]),
        ("v1-change-full", codec::encode_change(&full)),
        ("v1-change-redacted", codec::encode_change(&redacted)),
        ("v1-change-erased", codec::encode_change(&erased)),
    ])
}

fn change(ops: &[Op]) -> Change {
    let draft = Draft {
        replica: replica(1),
        seq: 300,
        prev: ChangeHash([0xab; 32]),
        record: RecordId(Uuid::from_u128(0x0190_1234_5678_7abc_8def_0123_4567_89ab)),
        context: Context(BTreeMap::from([(replica(1), 299), (replica(2), 4)])),
        lamport: 12,
        author: PersonId(Uuid::from_u128(77)),
        form: ContentHash([0xf0; 32]),
        wall_time_ms: -1,
        utc_offset_min: 420,
        record_key: RecordKey([0x5a; 16]),
        is_first: true,
    };
    write::change(draft, ops, &NoSchema).unwrap()
}

fn replica(number: u128) -> Replica {
    Replica {
        device: DeviceId(Uuid::from_u128(number)),
        incarnation: u64::MAX - 1,
    }
}

fn at(question: &str, rows: &[RowId]) -> AnswerPath {
    AnswerPath {
        question: QuestionPath::new(question),
        rows: rows.to_vec(),
    }
}

fn set(question: &str, value: Value) -> Op {
    Op::Set {
        at: at(question, &[]),
        answer: Some(Answer::Value(value)),
    }
}

fn point(altitude_mm: Option<i32>, accuracy_mm: Option<u32>) -> Geopoint {
    Geopoint {
        lat_e7: 115_564_000,
        lon_e7: -1_049_282_000,
        altitude_mm,
        accuracy_mm,
    }
}

/// Every kind, every missing state, a cleared place.
fn values() -> Vec<Op> {
    let missing = |missing| Op::Set {
        at: at("missing", &[]),
        answer: Some(Answer::Missing(missing)),
    };
    vec![
        set("text/km", Value::Text("ភ្នំពេញ".to_owned())),
        set("text/my", Value::Text("ရန်ကုန်\nမြို့".to_owned())),
        set("text/th", Value::Text("เชียงใหม่".to_owned())),
        set("text/vi", Value::Text("Cần Thơ".to_owned())),
        set("integer", Value::Integer(i64::MIN)),
        set("decimal", Value::Decimal(Decimal::new(-1250, 3).unwrap())),
        set(
            "date",
            Value::Date(NaiveDate::from_ymd_opt(2026, 11, 24).unwrap()),
        ),
        set(
            "time",
            Value::Time(NaiveTime::from_hms_milli_opt(23, 59, 59, 250).unwrap()),
        ),
        set(
            "instant",
            Value::DateTime(DateTime::parse_from_rfc3339("2026-11-24T09:30:00.5+06:30").unwrap()),
        ),
        set("point", Value::Geopoint(point(Some(-12_500), Some(4_900)))),
        set(
            "line",
            Value::Geotrace(vec![point(None, None), point(None, Some(0))]),
        ),
        set("area", Value::Geoshape(vec![point(Some(0), None)])),
        set("choice", Value::Choice("rice_milling".to_owned())),
        set("choices", Value::Choices(vec!["b".to_owned(), "a".to_owned()])),
        set(
            "media",
            Value::Media(MediaRef {
                hash: [0x11; 32],
                size_bytes: 123_456,
                name: "photo 1.jpg".to_owned(),
            }),
        ),
        set("seen", Value::Acknowledge),
        missing(Missing::DontKnow),
        missing(Missing::Refused),
        missing(Missing::NotApplicable),
        missing(Missing::Skipped),
        Op::Set {
            at: at("cleared", &[RowId::counted(2), RowId::added(9)]),
            answer: None,
        },
    ]
}

/// Every act besides answers.
fn acts() -> Vec<Op> {
    let comment = CommentId(Uuid::from_u128(5));
    vec![
        Op::AddRow {
            repeat: at("products", &[]),
            row: RowId::added(3),
            position: 1024,
        },
        Op::RemoveRow {
            repeat: at("products/inputs", &[RowId::counted(1)]),
            row: RowId::added(4),
        },
        Op::Submit,
        Op::Comment {
            id: comment,
            at: Some(at("age", &[])),
            reply_to: None,
            text: "thật không?".to_owned(),
        },
        Op::Comment {
            id: CommentId(Uuid::from_u128(6)),
            at: None,
            reply_to: Some(comment),
            text: "ใช่".to_owned(),
        },
        Op::ResolveComment { id: comment },
        Op::Decide {
            decision: Decision::Return,
            note: Some("see comments".to_owned()),
            covers: Context(BTreeMap::from([(replica(3), 17)])),
        },
        Op::Decide {
            decision: Decision::Approve,
            note: None,
            covers: Context::default(),
        },
        Op::Decide {
            decision: Decision::Reject,
            note: None,
            covers: Context::default(),
        },
        Op::Decide {
            decision: Decision::Reopen,
            note: None,
            covers: Context::default(),
        },
        Op::Assign {
            person: PersonId(Uuid::from_u128(8)),
        },
        Op::MoveToVersion {
            form: ContentHash([0x22; 32]),
        },
        Op::Erase {
            what: ErasureScope::Record,
            reason: "consent withdrawn".to_owned(),
        },
        Op::Erase {
            what: ErasureScope::Questions(vec![QuestionPath::new("contact/phone")]),
            reason: "retention time".to_owned(),
        },
    ]
}

/// Against a form: numbers instead of paths, kinds left out where they are as expected.
fn with_form() -> Vec<Op> {
    let in_row = |question: &str, value: Value| Op::Set {
        at: at(question, &[RowId::counted(1)]),
        answer: Some(Answer::Value(value)),
    };
    vec![
        set("a_cover/country", Value::Choice("KH".to_owned())),
        in_row("d_products/products/prod", Value::Text("អង្ករ".to_owned())),
        in_row(
            "d_products/products/turnover",
            Value::Decimal(Decimal::new(125, 1).unwrap()),
        ),
        in_row("d_products/products/turnover", Value::Integer(12)),
        set("gone/from/the/form", Value::Text("kept".to_owned())),
        Op::AddRow {
            repeat: at("d_products/products", &[]),
            row: RowId::added(1),
            position: 0,
        },
    ]
}
