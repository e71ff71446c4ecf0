//! Devices, an office and persons to test with.

use sampan_record::change::RecordKey;
use sampan_record::ids::{ContentHash, DeviceId, Dot, PersonId, RecordId, Replica};
use sampan_record::op::Op;
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_value::answer::{Answer, Value};
use uuid::Uuid;

use crate::log::Caller;
use crate::memory::device::MemoryDevice;
use crate::memory::line::{self, Fault, Total};
use crate::memory::office::MemoryOffice;
use crate::receipt::Generation;
use crate::session::Options;

pub const FORM: ContentHash = ContentHash([7; 32]);

pub fn person(n: u8) -> PersonId {
    PersonId(Uuid::from_bytes([n; 16]))
}

pub fn replica(n: u8) -> Replica {
    Replica {
        device: DeviceId(Uuid::from_bytes([0x40 + n; 16])),
        incarnation: 100 + u64::from(n),
    }
}

pub fn record(n: u8) -> RecordId {
    RecordId(Uuid::from_bytes([0x80 + n; 16]))
}

pub fn key(n: u8) -> RecordKey {
    RecordKey([n; 16])
}

pub fn office() -> MemoryOffice {
    MemoryOffice::new(Generation(1))
}

pub fn device(n: u8) -> MemoryDevice {
    let mut device = MemoryDevice::new(replica(n), person(n), Generation(1));
    device.incarnations = (0..20).map(|life| 1000 * (u64::from(n) + 1) + life).collect();
    device
}

pub fn set(question: &str, text: &str) -> Op {
    Op::Set {
        at: AnswerPath {
            question: QuestionPath::new(question),
            rows: Vec::new(),
        },
        answer: Some(Answer::Value(Value::Text(text.to_owned()))),
    }
}

/// One saved change: the text at a question of a record.
pub fn write(device: &mut MemoryDevice, n: u8, question: &str, text: &str) -> Dot {
    device
        .write(record(n), FORM, key(n), 1_700_000_000_000, &[set(question, text)])
        .unwrap()
}

pub fn shown(state: &sampan_record::record::Record, question: &str) -> Option<String> {
    let at = AnswerPath {
        question: QuestionPath::new(question),
        rows: Vec::new(),
    };
    match state.answer(&at) {
        Some(Answer::Value(Value::Text(text))) => Some(text.clone()),
        _ => None,
    }
}

pub fn caller(device: &MemoryDevice) -> Caller {
    Caller {
        device: device.replica.device,
        person: device.person,
    }
}

pub fn sync(device: &mut MemoryDevice, office: &mut MemoryOffice) -> Total {
    sync_through(device, office, &mut |_| Fault::None)
}

pub fn sync_through(
    device: &mut MemoryDevice,
    office: &mut MemoryOffice,
    faults: &mut dyn FnMut(u64) -> Fault,
) -> Total {
    let caller = caller(device);
    line::sync(device, office, &caller, Options::default(), faults).unwrap()
}

/// The state of a record on both sides is the same to the byte.
pub fn assert_same(device: &MemoryDevice, office: &MemoryOffice, n: u8) {
    let here = device.record(record(n)).state_bytes();
    assert!(!here.is_empty());
    assert_eq!(here, office.record(record(n)).state_bytes());
}

/// The last change of a device, taken out to be spoiled.
pub struct Poison {
    pub change: sampan_record::change::Change,
    key: RecordKey,
}

impl Poison {
    pub fn last(device: &mut MemoryDevice, key: RecordKey) -> Poison {
        let dot = *device.changes.range(..).next_back().unwrap().0;
        Poison {
            change: device.changes.remove(&dot).unwrap(),
            key,
        }
    }

    /// Another payload, with the hash that belongs to it.
    pub fn rewrite(&mut self, payload: Vec<u8>) {
        self.change.header.payload_hash = sampan_record::codec::payload_hash(&self.key, &payload);
        self.change.payload = sampan_record::change::Payload::Full(payload);
    }

    pub fn put_back(self, device: &mut MemoryDevice) {
        device.push_own(self.change);
    }
}
