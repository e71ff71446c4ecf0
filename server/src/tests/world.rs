//! A small office in a temporary folder, with people, a form and phones.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use sampan_record::change::{Payload, RecordKey};
use sampan_record::codec;
use sampan_record::ids::{DeviceId, FormVersionId, PersonId, RecordId, Replica};
use sampan_record::op::Op;
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_record::record::Record;
use sampan_record::write::{self, Draft};
use sampan_store::office::Access;
use sampan_store::office::writer::Executor;
use sampan_sync::memory::device::MemoryDevice;
use sampan_sync::receipt::Verdict;
use sampan_sync::session::{Clock as SyncClock, Options, Session};
use sampan_value::answer::{Answer, Value};
use sampan_xlsform::reading;
use tempfile::TempDir;
use uuid::Uuid;

use crate::access::{Grant, Principal, Role, Scope};
use crate::config::Config;
use crate::devices::{self, EnrolRequest};
use crate::error::OfficeError;
use crate::intake;
use crate::office_commands;
use crate::people::{self, PersonRequest};
use crate::publishing;
use crate::state::{Chance, Clock, Office};
use crate::views::UploadOutcome;

/// A form with a place, a name, a number, a calculation and a repeat.
pub const FORM: &str = "
    | survey   |                    |            |                |              |            |
    |          | type               | name       | label          | calculation  | relevant   |
    |          | select_one country | country    | Country        |              |            |
    |          | text               | adm1       | Province       |              |            |
    |          | text               | respondent | Your name      |              |            |
    |          | integer            | age        | How old?       |              |            |
    |          | calculate          | older      |                | ${age} + 1   |            |
    |          | begin_repeat       | shops      | Shops          |              |            |
    |          | text               | shop       | Shop           |              |            |
    |          | end_repeat         |            |                |              |            |
    | choices  |                    |            |                |              |            |
    |          | list_name          | name       | label          |              |            |
    |          | country            | KH         | Cambodia       |              |            |
    |          | country            | TH         | Thailand       |              |            |
    | settings |                    |            |                |              |            |
    |          | form_id            | form_title | version        | instance_name |           |
    |          | shop_survey        | Shops      | 1              | ${respondent} |           |
";

/// A clock that stands until it is moved.
#[derive(Debug)]
pub struct TestClock(pub AtomicI64);

impl Clock for TestClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Chance that repeats.
#[derive(Debug)]
pub struct TestChance(pub AtomicU64);

impl Chance for TestChance {
    fn fill(&self, bytes: &mut [u8]) {
        let n = self.0.fetch_add(1, Ordering::SeqCst);
        blake3::Hasher::new()
            .update(&n.to_le_bytes())
            .finalize_xof()
            .fill(bytes);
    }
}

/// An office in a temporary folder.
pub struct World {
    pub office: Office,
    pub clock: Arc<TestClock>,
    pub admin: Principal,
    folder: TempDir,
}

pub fn config(data: PathBuf) -> Config {
    Config {
        argon2_memory_kib: 64,
        access: Access::Command,
        executor: Executor::Grouped { most: 64 },
        ..Config::new(data, "http://127.0.0.1:8420".into())
    }
}

pub fn open(data: &Path, clock: &Arc<TestClock>, seed: u64) -> Office {
    let chance = Arc::new(TestChance(AtomicU64::new(seed)));
    Office::open(
        config(data.to_path_buf()),
        Arc::clone(clock) as Arc<dyn Clock>,
        chance,
    )
    .unwrap()
}

pub fn grant(role: Role, country: &str) -> Grant {
    Grant {
        role,
        scope: Scope {
            country: (!country.is_empty()).then(|| country.to_string()),
            ..Scope::default()
        },
    }
}

impl World {
    pub fn new() -> World {
        let folder = TempDir::new().unwrap();
        let clock = Arc::new(TestClock(AtomicI64::new(1_700_000_000_000)));
        let office = open(&folder.path().join("office"), &clock, 0);
        let mut world = World {
            admin: Principal {
                person: PersonId(Uuid::nil()),
                login: String::new(),
                name: String::new(),
                grants: Vec::new(),
                device: None,
            },
            office,
            clock,
            folder,
        };
        world.admin = world.person("admin", Role::Admin, "");
        world
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Adds a person and gives them as one who acts.
    pub fn person(&self, login: &str, role: Role, country: &str) -> Principal {
        let request = PersonRequest {
            login: login.to_string(),
            name: format!("Name of {login}"),
            grants: vec![grant(role, country)],
            password: Some(format!("password of {login}")),
        };
        office_commands::add_person(&self.office, &request).unwrap();
        people::principal_by_login(&self.office, login).unwrap().unwrap()
    }

    /// Makes a draft of a form.
    pub fn draft(&self, markdown: &str) -> FormVersionId {
        let form = reading::read_markdown(markdown).unwrap().form;
        let outcome = publishing::draft(&self.office, &self.admin, form, None, None, Vec::new()).unwrap();
        match outcome {
            UploadOutcome::Draft { version, .. } => version,
            UploadOutcome::Refused { problems } => panic!("{problems:?}"),
        }
    }

    /// Publishes a form.
    pub fn publish(&self, markdown: &str) -> FormVersionId {
        let version = self.draft(markdown);
        publishing::publish(&self.office, &self.admin, version, &self.office.new_key()).unwrap();
        version
    }

    /// Enrols a phone for a person.
    pub fn phone(&self, owner: &Principal) -> Phone {
        Phone::enrol(&self.office, &self.admin, owner)
    }
}

/// A phone that keeps its changes in memory and speaks the real protocol.
pub struct Phone {
    pub memory: MemoryDevice,
    pub device: DeviceId,
    n_records: u128,
}

impl Phone {
    pub fn enrol(office: &Office, admin: &Principal, owner: &Principal) -> Phone {
        let code = devices::new_code(office, admin, owner.person).unwrap();
        let enrolled = devices::enrol(
            office,
            &EnrolRequest {
                code: code.code,
                public_key: office.random(),
                name: format!("phone of {}", owner.login),
                app: "tests".into(),
                device: None,
            },
        )
        .unwrap();
        let replica = Replica {
            device: enrolled.device,
            incarnation: 1,
        };
        Phone {
            memory: MemoryDevice::new(replica, owner.person, enrolled.generation.parse().unwrap()),
            device: enrolled.device,
            n_records: 0,
        }
    }

    /// A record as this phone has it.
    pub fn record(&self, office: &Office, id: RecordId) -> Record {
        let mut record = Record::new(id);
        for change in self
            .memory
            .changes
            .values()
            .filter(|change| change.header.record == id)
        {
            let ops = match &change.payload {
                Payload::Full(bytes) | Payload::Redacted(bytes) => {
                    let form = office.form(change.header.form).unwrap();
                    match form {
                        Some(form) => codec::decode_ops(bytes, &form.schema).unwrap_or_default(),
                        None => Vec::new(),
                    }
                }
                Payload::Erased => Vec::new(),
            };
            record.insert(change, ops);
        }
        record
    }

    /// Begins a record with these answers and submits it.
    pub fn interview(&mut self, office: &Office, form: FormVersionId, answers: &[(&str, Value)]) -> RecordId {
        self.n_records += 1;
        let id = RecordId(Uuid::from_u128(self.device.0.as_u128() ^ self.n_records));
        let mut ops: Vec<Op> = answers.iter().map(|(at, value)| set(at, value.clone())).collect();
        ops.push(Op::Submit);
        self.write(office, id, form, &ops);
        id
    }

    /// Writes one change.
    pub fn write(&mut self, office: &Office, id: RecordId, form: FormVersionId, ops: &[Op]) -> u64 {
        self.write_at(office, id, form, ops, 1_600_000_000_000)
    }

    /// Writes one change, by a clock that says this.
    pub fn write_at(
        &mut self,
        office: &Office,
        id: RecordId,
        form: FormVersionId,
        ops: &[Op],
        wall_time_ms: i64,
    ) -> u64 {
        let schema = office.form(form).unwrap().expect("the form is known").schema;
        let record = self.record(office, id);
        let seq = self
            .memory
            .changes
            .range(..)
            .filter(|(dot, _)| dot.replica == self.memory.replica)
            .count() as u64
            + 1;
        let key = record.key();
        let draft = Draft {
            replica: self.memory.replica,
            seq,
            prev: self.memory.hash_of(seq - 1),
            record: id,
            context: record.context(),
            lamport: record.next_lamport(),
            author: self.memory.person,
            form,
            wall_time_ms,
            utc_offset_min: 420,
            record_key: key.unwrap_or(RecordKey(office.random())),
            is_first: key.is_none(),
        };
        self.memory.push_own(write::change(draft, ops, &schema).unwrap());
        seq
    }

    /// Syncs until there is nothing left to do.
    pub fn sync(&mut self, office: &Office) -> Result<(), OfficeError> {
        let mut session = Session::new(Options::default());
        while let Some(request) = session.next_request(&mut self.memory, clock()).unwrap() {
            let caller = devices::caller(office, self.device)?;
            let response = intake::sync(office, &caller, &request)?;
            session.on_response(&mut self.memory, &response).unwrap();
        }
        Ok(())
    }

    /// The bytes of the next request.
    pub fn request(&mut self) -> Vec<u8> {
        let mut session = Session::new(Options::default());
        session.next_request(&mut self.memory, clock()).unwrap().unwrap()
    }

    /// The verdict on one of its changes.
    pub fn verdict(&self, seq: u64) -> Option<Verdict> {
        self.memory.receipts.get(&seq).map(|receipt| receipt.verdict)
    }
}

fn clock() -> SyncClock {
    SyncClock {
        wall_time_ms: 0,
        utc_offset_min: 420,
    }
}

pub fn at(question: &str) -> AnswerPath {
    AnswerPath {
        question: QuestionPath::new(question),
        rows: Vec::new(),
    }
}

pub fn set(question: &str, value: Value) -> Op {
    Op::Set {
        at: at(question),
        answer: Some(Answer::Value(value)),
    }
}

pub fn text(text: &str) -> Value {
    Value::Text(text.to_string())
}

/// Answers of an interview in a country.
pub fn answers(country: &str, name: &str, age: i64) -> Vec<(&'static str, Value)> {
    vec![
        ("country", Value::Choice(country.to_string())),
        ("adm1", text(&format!("{country}-1"))),
        ("respondent", text(name)),
        ("age", Value::Integer(age)),
    ]
}
