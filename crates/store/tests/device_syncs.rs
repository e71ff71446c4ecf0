//! The device's store against the model office: random writing, bad lines, copied folders and restored offices end in
//! the same records on both sides, nothing lost, nothing doubled.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has said what it wanted to say"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::{Strategy, prop_oneof, proptest};
use proptest::test_runner::Config;
use sampan_record::change::RecordKey;
use sampan_record::ids::{ContentHash, DeviceId, PersonId, RecordId};
use sampan_record::op::Op;
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_record::record::Record;
use sampan_record::schema::NoSchema;
use sampan_record::write::{self, Draft};
use sampan_store::device::identity::{Enrolled, Enrolment};
use sampan_store::device::{DeviceStore, Surroundings};
use sampan_sync::log::{Caller, DeviceLog};
use sampan_sync::memory::line::{self, Fault, Total};
use sampan_sync::memory::merge;
use sampan_sync::memory::office::MemoryOffice;
use sampan_sync::receipt::{Generation, Verdict};
use sampan_sync::session::Options;
use sampan_value::answer::{Answer, Value};
use tempfile::TempDir;
use uuid::Uuid;

const N_RECORDS: u8 = 4;

struct Phone {
    store: DeviceStore,
    folder: TempDir,
    person: PersonId,
}

fn open(folder: &Path, chance: &Arc<AtomicU64>) -> DeviceStore {
    let chance = chance.clone();
    let surroundings = Surroundings {
        now_ms: Box::new(|| 0),
        random: Box::new(move || {
            let n = chance.fetch_add(1, Ordering::Relaxed);
            Some(n.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        }),
    };
    DeviceStore::open(folder, surroundings).unwrap()
}

impl Phone {
    fn enrolled(n: u8, chance: &Arc<AtomicU64>) -> Phone {
        let folder = TempDir::new().unwrap();
        let mut store = open(folder.path(), chance);
        let person = PersonId(Uuid::from_bytes([n; 16]));
        store
            .begin_enrolment(&Enrolment {
                server_url: "https://office".into(),
                code: "code".into(),
                device_name: format!("phone {n}"),
                key_seed: [n; 32],
            })
            .unwrap();
        store
            .complete_enrolment(&Enrolled {
                device: DeviceId(Uuid::from_bytes([0x40 + n; 16])),
                person,
                person_login: format!("login{n}"),
                person_name: "ស្រីមុំ".into(),
                generation: Generation(1),
                token: "token".into(),
            })
            .unwrap();
        Phone {
            store,
            folder,
            person,
        }
    }

    /// The folder copied while nothing runs on it, and both opened again.
    fn copy(&mut self, chance: &Arc<AtomicU64>) -> Phone {
        let folder = TempDir::new().unwrap();
        let spare = TempDir::new().unwrap();
        drop(std::mem::replace(&mut self.store, open(spare.path(), chance)));
        copy_folder(self.folder.path(), folder.path());
        self.store = open(self.folder.path(), chance);
        Phone {
            store: open(folder.path(), chance),
            folder,
            person: self.person,
        }
    }

    fn record(&self, id: RecordId) -> Record {
        merge(id, &self.store.record_changes(id).unwrap())
    }

    fn write(&mut self, id: RecordId, question: &str, text: &str) {
        let record = self.record(id);
        let next = self.store.next_change().unwrap().unwrap();
        let key = record.key();
        let draft = Draft {
            replica: next.replica,
            seq: next.seq,
            prev: next.prev,
            record: id,
            context: record.context(),
            lamport: record.next_lamport(),
            author: self.person,
            form: ContentHash([7; 32]),
            wall_time_ms: 1,
            utc_offset_min: 420,
            record_key: key.unwrap_or(RecordKey(*id.0.as_bytes())),
            is_first: key.is_none(),
        };
        let op = Op::Set {
            at: at(question),
            answer: Some(Answer::Value(Value::Text(text.to_owned()))),
        };
        let change = write::change(draft, &[op], &NoSchema).unwrap();
        self.store.write_change(&change).unwrap();
    }

    fn sync(&mut self, office: &mut MemoryOffice, faults: &mut dyn FnMut(u64) -> Fault) -> Total {
        let caller = Caller {
            device: self.store.state().unwrap().replica.device,
            person: self.person,
        };
        line::sync(&mut self.store, office, &caller, Options::default(), faults).unwrap()
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn at(question: &str) -> AnswerPath {
    AnswerPath {
        question: QuestionPath::new(question),
        rows: Vec::new(),
    }
}

fn record(n: u8) -> RecordId {
    RecordId(Uuid::from_bytes([0x80 + n; 16]))
}

#[derive(Debug, Clone)]
enum Event {
    Write { by: usize, record: u8, question: u8 },
    Sync { by: usize, faults: Vec<u8> },
    Copy { of: usize },
    Reopen { of: usize },
    Backup,
    Restore,
}

fn event() -> impl Strategy<Value = Event> {
    let by = 0usize..3;
    prop_oneof![
        8 => (by.clone(), 0..N_RECORDS, 0u8..3)
            .prop_map(|(by, record, question)| Event::Write { by, record, question }),
        5 => (by.clone(), proptest::collection::vec(0u8..5, 0..4))
            .prop_map(|(by, faults)| Event::Sync { by, faults }),
        1 => by.clone().prop_map(|of| Event::Copy { of }),
        1 => by.prop_map(|of| Event::Reopen { of }),
        1 => (0..1u8).prop_map(|_| Event::Backup),
        1 => (0..1u8).prop_map(|_| Event::Restore),
    ]
}

fn fault(number: u8) -> Fault {
    match number {
        1 => Fault::RequestLost,
        2 => Fault::ResponseLost,
        3 => Fault::Twice,
        4 => Fault::Gone,
        _ => Fault::None,
    }
}

proptest! {
    #![proptest_config(Config { cases: 16, failure_persistence: None, ..Config::default() })]

    #[test]
    fn every_schedule_converges_on_real_device_stores(events in proptest::collection::vec(event(), 1..30)) {
        let chance = Arc::new(AtomicU64::new(1));
        let mut phones: Vec<Phone> = (1..=3).map(|n| Phone::enrolled(n, &chance)).collect();
        let mut office = MemoryOffice::new(Generation(1));
        office.overseers.insert(phones[0].person);
        let mut backup = office.clone();
        let mut n_lives = 1;
        let mut written = Vec::new();
        for event in &events {
            match event {
                Event::Write { by, record: n, question } => {
                    let text = format!("text {}", written.len());
                    phones[*by].write(record(*n), &format!("q{question}"), &text);
                    written.push(text);
                }
                Event::Sync { by, faults } => {
                    phones[*by].sync(&mut office, &mut |round| {
                        faults.get(round as usize).map_or(Fault::None, |number| fault(*number))
                    });
                }
                Event::Copy { of } => {
                    if phones.len() < 5 {
                        let copy = phones[*of].copy(&chance);
                        phones.push(copy);
                    }
                }
                Event::Reopen { of } => {
                    let spare = TempDir::new().unwrap();
                    let phone = &mut phones[*of];
                    drop(std::mem::replace(&mut phone.store, open(spare.path(), &chance)));
                    phone.store = open(phone.folder.path(), &chance);
                }
                Event::Backup => backup = office.clone(),
                Event::Restore => {
                    n_lives += 1;
                    office = backup.clone().restore(Generation(n_lives));
                }
            }
        }
        for _ in 0..4 {
            for phone in &mut phones {
                phone.sync(&mut office, &mut |_| Fault::None);
            }
        }

        let mut texts = Vec::new();
        for (change, verdict) in &office.data.log {
            assert_eq!(*verdict, Verdict::Kept);
            let alone = merge(change.header.record, [change]);
            for question in ["q0", "q1", "q2"] {
                if let Some(Answer::Value(Value::Text(text))) = alone.answer(&at(question)) {
                    texts.push(text.clone());
                }
            }
        }
        assert_eq!(texts.len(), written.len(), "each once");
        assert_eq!(BTreeSet::from_iter(&texts), BTreeSet::from_iter(&written));
        for (index, phone) in phones.iter().enumerate() {
            for n in 0..N_RECORDS {
                let here = phone.record(record(n));
                if !here.is_empty() || index == 0 {
                    assert_eq!(here.state_bytes(), office.record(record(n)).state_bytes(), "phone {index}, record {n}");
                }
            }
        }
    }
}
