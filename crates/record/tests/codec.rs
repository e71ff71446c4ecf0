//! The binary form: everything comes back, there is one way to write it, and no bytes can hurt.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests may say what they want"
)]

#[path = "support/ops.rs"]
mod ops;

use ops::{any_context, any_op};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::Index;
use sampan_record::change::{Change, Header, Payload, RecordKey};
use sampan_record::codec::{self, CodecError};
use sampan_record::ids::{ChangeHash, ContentHash, DeviceId, PersonId, RecordId, Replica};
use sampan_record::op::Op;
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_record::schema::{NoSchema, Schema};
use sampan_value::answer::{Answer, Kind, Value};
use uuid::Uuid;

/// Three places of a form: a number, a choice in a repeat, a position. (Other values at them name their kind.)
struct Small;

const PLACES: [(&str, Option<Kind>); 5] = [
    ("age", Some(Kind::Integer)),
    ("d_products/products/prod", Some(Kind::Choice)),
    ("a_cover/gps", Some(Kind::Geopoint)),
    ("a_cover", None),
    ("d_products/markets", Some(Kind::Choices)),
];

/// The choices of the places that take some; one name stands twice.
const CHOICES: [&str; 4] = ["durian", "rice", "durian", "ម្រេច"];

impl Schema for Small {
    fn id(&self, path: &QuestionPath) -> Option<u32> {
        let index = PLACES.iter().position(|(place, _)| *place == path.as_str())?;
        u32::try_from(index).ok()
    }

    fn path(&self, id: u32) -> Option<QuestionPath> {
        PLACES.get(id as usize).map(|(place, _)| QuestionPath::new(place))
    }

    fn kind(&self, id: u32) -> Option<Kind> {
        PLACES.get(id as usize).and_then(|(_, kind)| *kind)
    }

    fn choice_number(&self, id: u32, name: &str) -> Option<u32> {
        let number = CHOICES.iter().position(|choice| *choice == name);
        u32::try_from(number.filter(|_| matches!(id, 1 | 4))?).ok()
    }

    fn choice_name(&self, id: u32, number: u32) -> Option<String> {
        let choice = CHOICES.get(number as usize);
        choice
            .filter(|_| matches!(id, 1 | 4))
            .map(|choice| choice.to_string())
    }
}

fn any_header() -> impl Strategy<Value = Header> {
    let names = (
        any::<u128>(),
        any::<u64>(),
        any::<u64>(),
        any::<[u8; 32]>(),
        any::<u128>(),
    );
    let rest = (
        any::<u64>(),
        any::<u128>(),
        any::<[u8; 32]>(),
        any::<i64>(),
        any::<i16>(),
        any::<[u8; 32]>(),
    );
    (names, any_context(), rest).prop_map(|(names, context, rest)| {
        let (device, incarnation, seq, prev, record) = names;
        let (lamport, author, form, wall_time_ms, utc_offset_min, payload_hash) = rest;
        Header {
            replica: Replica {
                device: DeviceId(Uuid::from_u128(device)),
                incarnation,
            },
            seq,
            prev: ChangeHash(prev),
            record: RecordId(Uuid::from_u128(record)),
            context,
            lamport,
            author: PersonId(Uuid::from_u128(author)),
            form: ContentHash(form),
            wall_time_ms,
            utc_offset_min,
            payload_hash,
        }
    })
}

fn any_change() -> impl Strategy<Value = Change> {
    let bytes = || vec(any::<u8>(), 0..40);
    let payload = prop_oneof![
        bytes().prop_map(Payload::Full),
        bytes().prop_map(Payload::Redacted),
        Just(Payload::Erased)
    ];
    let key = proptest::option::of(any::<[u8; 16]>().prop_map(RecordKey));
    (any_header(), payload, key).prop_map(|(header, payload, record_key)| Change {
        header,
        payload,
        record_key,
    })
}

/// Bytes with some changed, cut off or put in.
fn spoil(mut bytes: Vec<u8>, spoils: &[(Index, u8, u8)]) -> Vec<u8> {
    for (at, how, byte) in spoils {
        if bytes.is_empty() {
            break;
        }
        let at = at.index(bytes.len());
        match how % 4 {
            0 => bytes[at] = *byte,
            1 => bytes[at] ^= 1 << (byte % 8),
            2 => bytes.truncate(at),
            _ => bytes.insert(at, *byte),
        }
    }
    bytes
}

fn spoils() -> impl Strategy<Value = Vec<(Index, u8, u8)>> {
    vec((any::<Index>(), any::<u8>(), any::<u8>()), 1..6)
}

/// Whatever is accepted is written back byte for byte.
fn check_bytes(bytes: &[u8]) {
    if let Ok(ops) = codec::decode_ops(bytes, &NoSchema) {
        assert_eq!(codec::encode_ops(&ops, &NoSchema), bytes);
    }
    if let Ok(ops) = codec::decode_ops(bytes, &Small) {
        assert_eq!(
            codec::decode_ops(&codec::encode_ops(&ops, &Small), &Small),
            Ok(ops)
        );
    }
    if let Ok(header) = codec::decode_header(bytes) {
        assert_eq!(codec::encode_header(&header), bytes);
    }
    if let Ok(change) = codec::decode_change(bytes) {
        assert_eq!(codec::encode_change(&change), bytes);
    }
}

fn set(question: &str, value: Value) -> Op {
    Op::Set {
        at: AnswerPath {
            question: QuestionPath::new(question),
            rows: Vec::new(),
        },
        answer: Some(Answer::Value(value)),
    }
}

#[test]
fn choices_of_the_form_take_a_number_and_others_their_name() {
    let choices = |names: &[&str]| Value::Choices(names.iter().map(|name| name.to_string()).collect());
    let check = |value: Value, question: &str, expected_bytes: usize| {
        let ops = vec![set(question, value)];
        let bytes = codec::encode_ops(&ops, &Small);
        assert_eq!(codec::decode_ops(&bytes, &Small), Ok(ops.clone()));
        // Version, count, tag, length and question before the answer.
        assert_eq!(bytes.len() - 5, expected_bytes, "{ops:?}");
    };
    check(Value::Choice("ម្រេច".into()), "d_products/products/prod", 2);
    check(Value::Choice("durian".into()), "d_products/products/prod", 2);
    check(Value::Choice("other".into()), "d_products/products/prod", 7);
    check(choices(&["rice", "durian"]), "d_products/markets", 4);
    check(choices(&["rice", "other"]), "d_products/markets", 13);
    check(choices(&[]), "d_products/markets", 2);
}

#[test]
fn a_number_that_no_choice_has_is_refused() {
    let mut bytes = codec::encode_ops(
        &[set("d_products/products/prod", Value::Choice("rice".into()))],
        &Small,
    );
    *bytes.last_mut().unwrap() = 4;
    let refused = codec::decode_ops(&bytes, &Small).unwrap_err();
    assert_eq!(
        refused,
        CodecError::Invalid {
            what: "a choice's number"
        }
    );
}

#[test]
fn choices_spelled_out_before_they_had_numbers_still_read() {
    let named = [1, 1, 1, 7, 4, 5, 4, b'r', b'i', b'c', b'e'];
    assert_eq!(
        codec::decode_ops(&named, &Small),
        Ok(vec![set(
            "d_products/products/prod",
            Value::Choice("rice".into())
        )])
    );
}

proptest! {
    #[test]
    fn ops_come_back(ops in vec(any_op(), 0..8)) {
        prop_assert_eq!(codec::decode_ops(&codec::encode_ops(&ops, &NoSchema), &NoSchema), Ok(ops.clone()));
        prop_assert_eq!(codec::decode_ops(&codec::encode_ops(&ops, &Small), &Small), Ok(ops));
    }

    #[test]
    fn changes_come_back(change in any_change()) {
        prop_assert_eq!(codec::decode_change(&codec::encode_change(&change)), Ok(change.clone()));
        prop_assert_eq!(codec::decode_header(&codec::encode_header(&change.header)), Ok(change.header));
    }

    #[test]
    fn random_bytes_are_refused_or_written_back_the_same(bytes in vec(any::<u8>(), 0..200), tag in 0..12u8) {
        check_bytes(&bytes);
        let mut framed = vec![codec::VERSION, 1, tag, u8::try_from(bytes.len().min(100)).unwrap()];
        framed.extend(bytes.iter().take(100));
        check_bytes(&framed);
    }

    #[test]
    fn spoilt_ops_are_refused_or_written_back_the_same(ops in vec(any_op(), 0..4), spoils in spoils()) {
        check_bytes(&spoil(codec::encode_ops(&ops, &NoSchema), &spoils));
        check_bytes(&spoil(codec::encode_ops(&ops, &Small), &spoils));
    }

    #[test]
    fn spoilt_changes_are_refused_or_written_back_the_same(change in any_change(), spoils in spoils()) {
        check_bytes(&spoil(codec::encode_change(&change), &spoils));
        check_bytes(&spoil(codec::encode_header(&change.header), &spoils));
    }
}

#[test]
fn an_act_of_a_later_version_is_carried_on() {
    let bytes = [codec::VERSION, 2, 200, 3, 1, 2, 3, 4, 0];
    let ops = codec::decode_ops(&bytes, &NoSchema).unwrap();
    assert_eq!(
        ops,
        [
            Op::Unknown {
                tag: 200,
                bytes: vec![1, 2, 3]
            },
            Op::Submit
        ]
    );
    assert_eq!(codec::encode_ops(&ops, &NoSchema), bytes);
}

#[test]
fn each_kind_of_broken_bytes_has_its_error() {
    let cases: [(&[u8], CodecError); 6] = [
        (&[], CodecError::Truncated { what: "a payload" }),
        (&[1, 1], CodecError::Truncated { what: "a payload" }),
        (
            &[9, 0],
            CodecError::Version {
                what: "payload",
                version: 9,
            },
        ),
        (
            &[1, 0, 0],
            CodecError::Trailing {
                what: "a payload",
                n_bytes: 1,
            },
        ),
        (
            &[1, 1, 4, 1, 0],
            CodecError::Trailing {
                what: "an op",
                n_bytes: 1,
            },
        ),
        (&[1, 0x80, 0], CodecError::NotCanonical { what: "a number" }),
    ];
    for (bytes, expected) in cases {
        assert_eq!(codec::decode_ops(bytes, &NoSchema), Err(expected), "{bytes:?}");
    }
    let ten_million_ops = [1, 0x80, 0xad, 0xe2, 0x04];
    let too_many = codec::decode_ops(&ten_million_ops, &NoSchema);
    assert!(
        matches!(
            too_many,
            Err(CodecError::TooMuch {
                found: 10_000_000,
                ..
            })
        ),
        "{too_many:?}"
    );
    let unknown = codec::decode_ops(&[1, 1, 1, 2, 40, 0], &Small);
    assert_eq!(unknown, Err(CodecError::UnknownQuestion { id: 19 }));
}
