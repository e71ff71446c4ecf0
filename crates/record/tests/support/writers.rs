//! Writers of one record as the tests need them: each with its own chain and its own view.

use std::collections::BTreeMap;

use sampan_record::change::{Change, Payload, RecordKey};
use sampan_record::codec;
use sampan_record::ids::{ChangeHash, ContentHash, DeviceId, PersonId, RecordId, Replica, RowId};
use sampan_record::op::Op;
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_record::record::{Inserted, Record};
use sampan_record::schema::NoSchema;
use sampan_record::write::{self, Draft};
use sampan_value::answer::{Answer, Value};
use uuid::Uuid;

/// The record of all tests.
pub const RECORD: RecordId = RecordId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001));

/// One device (or the office) with what it knows.
#[derive(Clone)]
pub struct Writer {
    pub replica: Replica,
    pub seq: u64,
    pub prev: ChangeHash,
    pub record: Record,
    pub changes: BTreeMap<(Replica, u64), Change>,
}

#[allow(dead_code, reason = "each test uses its part")]
impl Writer {
    pub fn new(number: u8) -> Writer {
        Writer {
            replica: Replica {
                device: DeviceId(Uuid::from_u128(u128::from(number))),
                incarnation: 7,
            },
            seq: 0,
            prev: ChangeHash([0; 32]),
            record: Record::new(RECORD),
            changes: BTreeMap::new(),
        }
    }

    pub fn person(&self) -> PersonId {
        PersonId(self.replica.device.0)
    }

    pub fn write(&mut self, ops: &[Op]) -> Change {
        self.write_at(1_700_000_000_000 + i64::try_from(self.seq).unwrap(), ops)
    }

    pub fn write_at(&mut self, wall_time_ms: i64, ops: &[Op]) -> Change {
        self.seq += 1;
        let key = self.record.key();
        let draft = Draft {
            replica: self.replica,
            seq: self.seq,
            prev: self.prev,
            record: RECORD,
            context: self.record.context(),
            lamport: self.record.next_lamport(),
            author: self.person(),
            form: ContentHash([9; 32]),
            wall_time_ms,
            utc_offset_min: 420,
            record_key: key.unwrap_or(RecordKey([u8::try_from(self.seq % 200).unwrap(); 16])),
            is_first: key.is_none(),
        };
        let change = write::change(draft, ops, &NoSchema).unwrap();
        self.prev = change.hash();
        self.take(&change);
        change
    }

    pub fn take(&mut self, change: &Change) -> Inserted {
        self.changes
            .insert((change.header.replica, change.header.seq), change.clone());
        self.record.insert(change, ops_of(change))
    }

    pub fn take_all(&mut self, other: &Writer) {
        for change in other.changes.values() {
            self.take(change);
        }
    }
}

pub fn ops_of(change: &Change) -> Vec<Op> {
    match &change.payload {
        Payload::Full(bytes) | Payload::Redacted(bytes) => codec::decode_ops(bytes, &NoSchema).unwrap(),
        Payload::Erased => Vec::new(),
    }
}

#[allow(dead_code, reason = "each test uses its part")]
pub fn at(question: &str, rows: &[u64]) -> AnswerPath {
    AnswerPath {
        question: QuestionPath::new(question),
        rows: rows.iter().map(|row| RowId(*row)).collect(),
    }
}

#[allow(dead_code, reason = "each test uses its part")]
pub fn number(number: i64) -> Answer {
    Answer::Value(Value::Integer(number))
}

#[allow(dead_code, reason = "each test uses its part")]
pub fn set(question: &str, rows: &[u64], value: i64) -> Op {
    Op::Set {
        at: at(question, rows),
        answer: Some(number(value)),
    }
}
