//! Any op, any value: what the codec must be able to carry.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use sampan_record::context::Context;
use sampan_record::ids::{CommentId, ContentHash, DeviceId, PersonId, Replica, RowId};
use sampan_record::op::{Decision, ErasureScope, Op};
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_value::answer::{Answer, MediaRef, Missing, Value};
use sampan_value::decimal::Decimal;
use sampan_value::geo::Geopoint;
use uuid::Uuid;

pub fn any_context() -> impl Strategy<Value = Context> {
    vec((any::<u128>(), any::<u64>(), 1..=u64::MAX), 0..4).prop_map(|entries| {
        let entries = entries.into_iter().map(|(device, incarnation, seq)| {
            (
                Replica {
                    device: DeviceId(Uuid::from_u128(device)),
                    incarnation,
                },
                seq,
            )
        });
        Context(entries.collect())
    })
}

fn any_question() -> impl Strategy<Value = QuestionPath> {
    prop_oneof![
        Just(QuestionPath::new("age")),
        Just(QuestionPath::new("d_products/products/prod")),
        Just(QuestionPath::new("a_cover/gps")),
        "[a-z_]{1,8}(/[a-z_]{1,8}){0,3}".prop_map(|text| QuestionPath::new(&text)),
    ]
}

fn any_row() -> impl Strategy<Value = RowId> {
    prop_oneof![
        any::<u32>().prop_map(RowId::counted),
        any::<u64>().prop_map(RowId::added),
        any::<u64>().prop_map(RowId)
    ]
}

fn any_path() -> impl Strategy<Value = AnswerPath> {
    (any_question(), vec(any_row(), 0..3)).prop_map(|(question, rows)| AnswerPath { question, rows })
}

fn any_point() -> impl Strategy<Value = Geopoint> {
    let lat = -900_000_000..=900_000_000i32;
    let lon = -1_800_000_000..=1_800_000_000i32;
    (lat, lon, option::of(any::<i32>()), option::of(any::<u32>())).prop_map(
        |(lat_e7, lon_e7, altitude_mm, accuracy_mm)| Geopoint {
            lat_e7,
            lon_e7,
            altitude_mm,
            accuracy_mm,
        },
    )
}

fn any_date() -> impl Strategy<Value = NaiveDate> {
    (-3_000_000..3_000_000i32).prop_map(|days| NaiveDate::from_num_days_from_ce_opt(days).unwrap())
}

fn any_instant() -> impl Strategy<Value = DateTime<FixedOffset>> {
    let seconds = -62_000_000_000..250_000_000_000i64;
    (seconds, 0..1_000_000_000u32, -86_399..86_400i32).prop_map(|(seconds, nanos, offset)| {
        let offset = FixedOffset::east_opt(offset).unwrap();
        DateTime::from_timestamp(seconds, nanos)
            .unwrap()
            .with_timezone(&offset)
    })
}

fn any_value() -> impl Strategy<Value = Value> {
    let text = || {
        prop_oneof![
            any::<String>(),
            Just("ភ្នំពេញ".to_owned()),
            Just("ရန်ကုန်".to_owned()),
            Just("เชียงใหม่".to_owned()),
            Just("Cần Thơ".to_owned())
        ]
    };
    prop_oneof![
        text().prop_map(Value::Text),
        any::<i64>().prop_map(Value::Integer),
        (any::<i64>(), 0..16u8)
            .prop_map(|(mantissa, scale)| { Value::Decimal(Decimal::new(mantissa, scale).unwrap()) }),
        any_date().prop_map(Value::Date),
        (0..86_400u32, 0..1_000_000_000u32).prop_map(|(seconds, nanos)| {
            Value::Time(NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanos).unwrap())
        }),
        any_instant().prop_map(Value::DateTime),
        any_point().prop_map(Value::Geopoint),
        vec(any_point(), 0..5).prop_map(Value::Geotrace),
        vec(any_point(), 0..5).prop_map(Value::Geoshape),
        text().prop_map(Value::Choice),
        vec("[a-z0-9_-]{1,6}", 1..5).prop_map(Value::Choices),
        (any::<[u8; 32]>(), any::<u64>(), any::<String>()).prop_map(|(hash, size_bytes, name)| Value::Media(
            MediaRef {
                hash,
                size_bytes,
                name
            }
        )),
        Just(Value::Acknowledge),
    ]
}

pub fn any_answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        6 => any_value().prop_map(Answer::Value),
        1 => Just(Answer::Missing(Missing::DontKnow)),
        1 => Just(Answer::Missing(Missing::Refused)),
        1 => Just(Answer::Missing(Missing::NotApplicable)),
        1 => Just(Answer::Missing(Missing::Skipped)),
    ]
}

fn any_decision() -> impl Strategy<Value = Decision> {
    prop_oneof![
        Just(Decision::Approve),
        Just(Decision::Return),
        Just(Decision::Reject),
        Just(Decision::Reopen)
    ]
}

fn any_scope() -> impl Strategy<Value = ErasureScope> {
    prop_oneof![
        Just(ErasureScope::Record),
        vec(any_question(), 0..4).prop_map(ErasureScope::Questions)
    ]
}

fn any_comment_id() -> impl Strategy<Value = CommentId> {
    any::<u128>().prop_map(|id| CommentId(Uuid::from_u128(id)))
}

pub fn any_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (any_path(), option::of(any_answer())).prop_map(|(at, answer)| Op::Set { at, answer }),
        1 => (any_path(), any_row(), any::<u64>())
            .prop_map(|(repeat, row, position)| Op::AddRow { repeat, row, position }),
        1 => (any_path(), any_row()).prop_map(|(repeat, row)| Op::RemoveRow { repeat, row }),
        1 => Just(Op::Submit),
        1 => (any_comment_id(), option::of(any_path()), option::of(any_comment_id()), any::<String>())
            .prop_map(|(id, at, reply_to, text)| Op::Comment { id, at, reply_to, text }),
        1 => any_comment_id().prop_map(|id| Op::ResolveComment { id }),
        1 => (any_decision(), option::of(any::<String>()), any_context())
            .prop_map(|(decision, note, covers)| Op::Decide { decision, note, covers }),
        1 => any::<u128>().prop_map(|id| Op::Assign { person: PersonId(Uuid::from_u128(id)) }),
        1 => any::<[u8; 32]>().prop_map(|hash| Op::MoveToVersion { form: ContentHash(hash) }),
        1 => (any_scope(), any::<String>()).prop_map(|(what, reason)| Op::Erase { what, reason }),
        1 => (11..=255u8, vec(any::<u8>(), 0..20)).prop_map(|(tag, bytes)| Op::Unknown { tag, bytes }),
    ]
}
