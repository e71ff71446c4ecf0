//! The office and the world around a device, in memory.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use sampan_client_core::api::{AnswerInput, PlaceRef, RecordRef, SyncOptions, SyncReport};
use sampan_client_core::client::Client;
use sampan_client_core::error::ClientError;
use sampan_client_core::interviewing::OpenInterview;
use sampan_client_core::platform::{Chance, Clock, Contact, Moment, Platform};
use sampan_client_core::transport::{BadCertificate, LineError, Reply, Request, Transport};
use sampan_form::compiled::Form;
use sampan_form::def::FormDef;
use sampan_form::package;
use sampan_interview::schema::FormSchema;
use sampan_record::change::{Payload, RecordKey};
use sampan_record::codec;
use sampan_record::ids::{ContentHash, DeviceId, PersonId, RecordId, Replica};
use sampan_record::op::Op;
use sampan_record::record::Record;
use sampan_record::schema::NoSchema;
use sampan_record::write::{self, Draft};
use sampan_sync::forms::{FormListing, FormState};
use sampan_sync::log::{Caller, DeviceLog};
use sampan_sync::memory::device::MemoryDevice;
use sampan_sync::memory::line;
use sampan_sync::memory::office::MemoryOffice;
use sampan_sync::names::Standing;
use sampan_sync::receipt::{Generation, Verdict};
use sampan_sync::session::Options;
use serde_json::{Value, json};
use uuid::Uuid;

/// What happens to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nothing bad.
    None,
    /// It never arrives.
    RequestLost,
    /// It arrives, the answer does not.
    ReplyLost,
    /// A sign-in page of a public network answers.
    Portal,
    /// Somebody in between shows another certificate.
    Foreign,
    /// The office says no with this status and code.
    No(u16, &'static str),
    /// The office is busy, for so many seconds.
    Busy(u64),
    /// The office speaks other versions: from, to.
    Versions(u16, u16),
}

/// The office's state.
pub struct Office {
    pub memory: MemoryOffice,
    pub faults: VecDeque<Fault>,
    pub n_requests: u64,
    /// Public key and device by code.
    pub enrolled: BTreeMap<String, (String, DeviceId)>,
    /// Person by code.
    pub people: BTreeMap<String, PersonId>,
    /// Tokens that are taken now, with their devices.
    pub tokens: BTreeMap<String, DeviceId>,
    supervisor: MemoryDevice,
    n_tokens: u64,
    persons: BTreeMap<DeviceId, PersonId>,
    schemas: BTreeMap<ContentHash, FormSchema>,
}

/// A shared handle: a device's line, and the test's own way in.
#[derive(Clone)]
pub struct World {
    pub office: Arc<Mutex<Office>>,
    pub now_ms: Arc<AtomicI64>,
    chance: Arc<AtomicU64>,
}

pub const FORM: &str = "
| survey   |                  |          |                 |          |               |            |
|          | type             | name     | label           | required | relevant      | constraint |
|          | username         | who      |                 |          |               |            |
|          | text             | person   | Name?           | yes      |               |            |
|          | integer          | age      | Age of ${person}? |        |               | . < 120    |
|          | select_one yesno | works    | Works?          | yes      |               |            |
|          | text             | employer | Employer?       |          | ${works} = 'y' |           |
|          | begin repeat     | goods    | Goods           |          |               |            |
|          | text             | good     | Which?          |          |               |            |
|          | end repeat       |          |                 |          |               |            |
| choices  |                  |          |                 |          |               |            |
|          | list_name        | name     | label           |          |               |            |
|          | yesno            | y        | Yes             |          |               |            |
|          | yesno            | n        | No              |          |               |            |
| settings |                  |          |                 |          |               |            |
|          | form_id          | form_title | version       | instance_name |          |            |
|          | farm             | Farm     | 1               | ${person} |              |            |
";

impl World {
    pub fn new() -> World {
        let mut memory = MemoryOffice::new(Generation(7));
        memory.takes_payloads_unread = true;
        World {
            office: Arc::new(Mutex::new(Office {
                memory,
                faults: VecDeque::new(),
                n_requests: 0,
                enrolled: BTreeMap::new(),
                people: BTreeMap::new(),
                tokens: BTreeMap::new(),
                supervisor: MemoryDevice::new(
                    Replica {
                        device: DeviceId(Uuid::from_u128(1)),
                        incarnation: 1,
                    },
                    PersonId(Uuid::from_u128(2)),
                    Generation(7),
                ),
                n_tokens: 0,
                persons: BTreeMap::new(),
                schemas: BTreeMap::new(),
            })),
            now_ms: Arc::new(AtomicI64::new(1_764_000_000_000)),
            chance: Arc::new(AtomicU64::new(1)),
        }
    }

    /// An office with the form published, and an enrolled device that has fetched it.
    pub fn with_device(folder: &Path) -> (World, Client) {
        let world = World::new();
        world.publish(form(FORM));
        let client = world.enrolled(folder, "one", "Srey");
        world.sync(&client);
        (world, client)
    }

    pub fn open(&self, folder: &Path) -> Result<Client, ClientError> {
        self.open_over(folder, self.clone())
    }

    /// As [`World::open`], over another line.
    pub fn open_over(&self, folder: &Path, line: impl Transport + 'static) -> Result<Client, ClientError> {
        let platform = Platform {
            clock: Arc::new(self.clone()),
            chance: Arc::new(self.clone()),
            contact: Contact::default(),
        };
        Client::open_with(folder, platform, Box::new(line))
    }

    pub fn enrolled(&self, folder: &Path, code: &str, device_name: &str) -> Client {
        let client = self.open(folder).unwrap();
        client.enroll(&self.code(code), device_name).unwrap();
        client
    }

    /// An enrolment link for a new person.
    pub fn code(&self, code: &str) -> String {
        let person = PersonId(Uuid::from_u128(self.random().into()));
        let mut office = self.office.lock().unwrap();
        office.people.entry(code.to_owned()).or_insert(person);
        format!("sampan:enroll?server=https%3A%2F%2Foffice.example%2F&code={code}")
    }

    /// An enrolment link for another device of the person that a code was for.
    pub fn code_of(&self, known: &str, code: &str) -> String {
        let code = format!("{code}{}", self.random());
        let mut office = self.office.lock().unwrap();
        let person = office.people[known];
        office.people.insert(code.clone(), person);
        format!("sampan:enroll?server=https%3A%2F%2Foffice.example%2F&code={code}")
    }

    pub fn publish(&self, def: FormDef) -> ContentHash {
        let bytes = package::to_bytes(&def);
        let version = ContentHash(package::version_hash(&def));
        let mut office = self.office.lock().unwrap();
        office
            .memory
            .forms
            .retain(|listing| listing.form_id != def.form_id);
        office.memory.forms.push(FormListing {
            form_id: def.form_id.clone(),
            version,
            title: def.title.clone(),
            label: def.version.clone(),
            state: FormState::Published,
        });
        office.memory.contents.insert(version, bytes);
        let form = Form::compile(Arc::new(def)).unwrap();
        office.schemas.insert(version, FormSchema(Arc::new(form)));
        version
    }

    pub fn attach(&self, bytes: &[u8]) -> ContentHash {
        let hash = ContentHash(*blake3::hash(bytes).as_bytes());
        self.office
            .lock()
            .unwrap()
            .memory
            .contents
            .insert(hash, bytes.to_vec());
        hash
    }

    pub fn fault(&self, fault: Fault) {
        self.office.lock().unwrap().faults.push_back(fault);
    }

    pub fn sync(&self, client: &Client) -> SyncReport {
        client.sync(&SyncOptions::default()).unwrap()
    }

    /// A record as the office holds it.
    pub fn record(&self, id: RecordId) -> Record {
        let office = self.office.lock().unwrap();
        let mut record = Record::new(id);
        for change in office.memory.data.in_force(id) {
            let ops = match &change.payload {
                Payload::Full(bytes) | Payload::Redacted(bytes) => codec::decode_ops(bytes, &NoSchema)
                    .or_else(|_| codec::decode_ops(bytes, &office.schemas[&change.header.form]))
                    .unwrap(),
                Payload::Erased => Vec::new(),
            };
            record.insert(change, ops);
        }
        record
    }

    pub fn records(&self) -> Vec<RecordId> {
        self.office.lock().unwrap().memory.records().into_iter().collect()
    }

    /// Changes the office has, quarantined ones included.
    pub fn n_changes(&self) -> usize {
        self.office.lock().unwrap().memory.data.log.len()
    }

    pub fn n_quarantined(&self) -> usize {
        let office = self.office.lock().unwrap();
        let log = office.memory.data.log.iter();
        log.filter(|(_, verdict)| matches!(verdict, Verdict::Quarantined(_)))
            .count()
    }

    /// The office names the supervisor.
    pub fn call_supervisor(&self, name: &str, standing: Standing) {
        let mut office = self.office.lock().unwrap();
        let person = office.supervisor.person;
        office.memory.call(person, name, standing);
    }

    /// A supervisor writes.
    pub fn supervise(&self, id: RecordId, ops: &[Op]) {
        let record = self.record(id);
        let office = &mut *self.office.lock().unwrap();
        let supervisor = &mut office.supervisor;
        office.memory.overseers.insert(supervisor.person);
        let version = record.form().unwrap();
        let written_through = supervisor.state().unwrap().written_through;
        let draft = Draft {
            replica: supervisor.replica,
            seq: written_through + 1,
            prev: supervisor.hash_of(written_through),
            record: id,
            context: record.context(),
            lamport: record.next_lamport(),
            author: supervisor.person,
            form: version,
            wall_time_ms: 0,
            utc_offset_min: 420,
            record_key: record.key().unwrap_or(RecordKey([9; 16])),
            is_first: record.key().is_none(),
        };
        supervisor.push_own(write::change(draft, ops, &office.schemas[&version]).unwrap());
        let caller = Caller {
            device: supervisor.replica.device,
            person: supervisor.person,
        };
        let fine = &mut |_| line::Fault::None;
        line::sync(supervisor, &mut office.memory, &caller, Options::default(), fine).unwrap();
    }

    /// The office lets a device's person see a record.
    pub fn show(&self, code: &str, id: RecordId) {
        let mut office = self.office.lock().unwrap();
        let person = office.people[code];
        office.memory.show(person, id);
    }

    fn random(&self) -> u64 {
        let number = self.chance.fetch_add(1, Ordering::SeqCst);
        let hash = blake3::hash(&number.to_be_bytes());
        u64::from_be_bytes(hash.as_bytes()[..8].try_into().unwrap())
    }
}

impl Clock for World {
    fn now(&self) -> Moment {
        Moment {
            wall_time_ms: self.now_ms.fetch_add(1, Ordering::SeqCst),
            utc_offset_min: 420,
        }
    }
}

impl Chance for World {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), ClientError> {
        for chunk in bytes.chunks_mut(8) {
            let random = self.random().to_be_bytes();
            chunk.copy_from_slice(&random[..chunk.len()]);
        }
        Ok(())
    }
}

impl Transport for World {
    fn post(&self, request: Request<'_>) -> Result<Reply, LineError> {
        let mut office = self.office.lock().unwrap();
        office.n_requests += 1;
        match office.faults.pop_front().unwrap_or(Fault::None) {
            Fault::None => Ok(office.answer(request)),
            Fault::RequestLost => Err(LineError::Cut("reset".into())),
            Fault::ReplyLost => {
                office.answer(request);
                Err(LineError::Cut("reset".into()))
            }
            Fault::Portal => Ok(Reply {
                status: 200,
                content_type: "text/html".into(),
                retry_after_s: None,
                body: b"<html>Welcome to Airport WiFi</html>".to_vec(),
            }),
            Fault::Foreign => Err(BadCertificate::UnknownIssuer.into()),
            Fault::No(status, code) => Ok(no(status, code, json!({}))),
            Fault::Busy(seconds) => Ok(Reply {
                retry_after_s: Some(seconds),
                ..no(503, "busy", json!({}))
            }),
            Fault::Versions(oldest, newest) => {
                Ok(no(426, "version", json!({ "oldest": oldest, "newest": newest })))
            }
        }
    }
}

impl Office {
    fn answer(&mut self, request: Request<'_>) -> Reply {
        let path = request.url.strip_prefix("https://office.example").unwrap();
        if path == "/v1/sync" {
            return self.sync(request);
        }
        let body: Value = serde_json::from_slice(request.body).unwrap();
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        match path {
            "/v1/devices/enrol" => self.enrol(&text("code"), &text("public_key")),
            "/v1/devices/challenge" => yes(&json!({ "challenge": "sign-this" })),
            "/v1/devices/token" => {
                assert_eq!(text("challenge"), "sign-this");
                assert!(!text("signature").is_empty());
                let device = text("device").parse().unwrap();
                let token = self.token(device);
                yes(&json!({ "token": token, "token_expires_at_ms": 0 }))
            }
            other => panic!("nobody serves {other}"),
        }
    }

    fn enrol(&mut self, code: &str, public_key: &str) -> Reply {
        let Some(person) = self.people.get(code).copied() else {
            return no(404, "unknown_code", json!({}));
        };
        let fresh = DeviceId(Uuid::from_u128(1000 + self.enrolled.len() as u128));
        let (known_key, device) = self
            .enrolled
            .entry(code.to_owned())
            .or_insert((public_key.to_owned(), fresh))
            .clone();
        if known_key != public_key {
            return no(409, "code_used", json!({}));
        }
        self.persons.insert(device, person);
        let token = self.token(device);
        yes(&json!({
            "device": device.to_string(),
            "person": { "id": person.to_string(), "login": "srey", "name": "Srey Mom" },
            "generation": self.memory.generation().to_string(),
            "token": token,
            "token_expires_at_ms": 0,
        }))
    }

    fn token(&mut self, device: DeviceId) -> String {
        self.n_tokens += 1;
        let token = format!("token-{}", self.n_tokens);
        self.tokens.insert(token.clone(), device);
        token
    }

    fn sync(&mut self, request: Request<'_>) -> Reply {
        let device = request.bearer.and_then(|token| self.tokens.get(token)).copied();
        let Some(device) = device else {
            return no(401, "token_expired", json!({ "challenge": "sign-this" }));
        };
        let caller = Caller {
            device,
            person: self.persons[&device],
        };
        let answer = sampan_sync::office::answer(&mut self.memory, &caller, 1_764_000_500_000, request.body);
        Reply {
            status: 200,
            content_type: "application/x-sampan-sync".into(),
            retry_after_s: None,
            body: answer.unwrap(),
        }
    }
}

fn yes(body: &Value) -> Reply {
    Reply {
        status: 200,
        content_type: "application/json".into(),
        retry_after_s: None,
        body: body.to_string().into_bytes(),
    }
}

fn no(status: u16, code: &str, mut body: Value) -> Reply {
    body["code"] = json!(code);
    body["message"] = json!(format!("The office says {code}."));
    body["advice"] = json!("Ask your supervisor.");
    Reply { status, ..yes(&body) }
}

pub fn form(markdown: &str) -> FormDef {
    sampan_xlsform::reading::read_markdown(markdown).unwrap().form
}

/// Answers, in ODK's text form.
pub fn say(interview: &mut OpenInterview, at: &str, text: &str) {
    interview
        .answer(&PlaceRef::from(at), &AnswerInput::Text(text.to_owned()))
        .unwrap_or_else(|error| panic!("{at} = {text}: {error}"));
}

/// What stands at a place; empty for nothing.
pub fn said(interview: &OpenInterview, at: &str) -> String {
    let question = interview.question(&PlaceRef::from(at)).unwrap();
    question.answer.map(|answer| answer.text).unwrap_or_default()
}

pub fn id(record: &RecordRef) -> RecordId {
    record.0.parse().unwrap()
}

/// A whole interview, finished.
pub fn interviewed(client: &Client, person: &str) -> RecordRef {
    let record = client.start("farm").unwrap();
    let mut interview = client.open_interview(&record).unwrap();
    say(&mut interview, "person", person);
    say(&mut interview, "works", "n");
    let finished = interview.finish().unwrap();
    assert!(finished.is_finished, "{:?}", finished.problems);
    record
}
