//! A record's way through the office: it arrives from a device, is reviewed in the browser, and stays hidden elsewhere.

use ed25519_dalek::SigningKey;
use sampan_record::change::RecordKey;
use sampan_record::ids::{ContentHash, RecordId, Replica};
use sampan_record::op::Op;
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_sync::memory::device::MemoryDevice;
use sampan_sync::receipt::Generation;
use sampan_sync::session::{Clock, Options, Session};
use sampan_value::answer::{Answer, Value};
use uuid::Uuid;

use super::devices::{code, enrol, parsed, text};
use super::{Got, House, Visitor, filled};
use crate::access::Role;
use crate::http::routes::{ROUTES, Verb};

const KII: &[u8] = include_bytes!("../../../../studies/sec-value-chain/forms/kii.xlsx");
const RECORD: RecordId = RecordId(Uuid::from_u128(0x0190_a1b2_0000_7000_8000_0000_0000_0001));
/// A place that three people answer differently.
const PLACE: &str = "a/inst_name";

/// A phone that keeps its changes in memory and syncs over HTTP.
struct Phone {
    store: MemoryDevice,
    token: String,
}

impl Phone {
    fn new(house: &House, login: &str, secret: u8) -> Phone {
        let code = code(house, login);
        let got = parsed(&enrol(house, &code, &SigningKey::from_bytes(&[secret; 32])));
        let replica = Replica {
            device: text(&got, "device").parse().unwrap(),
            incarnation: u64::from(secret),
        };
        let person = got["person"]["id"].as_str().unwrap().parse().unwrap();
        let generation: Generation = text(&got, "generation").parse().unwrap();
        Phone {
            store: MemoryDevice::new(replica, person, generation),
            token: text(&got, "token"),
        }
    }

    fn write(&mut self, form: ContentHash, ops: &[Op]) {
        let key = RecordKey([5; 16]);
        self.store
            .write(RECORD, form, key, 1_795_521_600_000, ops)
            .unwrap();
    }

    fn sync(&mut self, house: &House) {
        let mut session = Session::new(Options::default());
        let clock = Clock {
            wall_time_ms: 1_795_521_600_000,
            utc_offset_min: 420,
        };
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        while let Some(request) = session.next_request(&mut self.store, clock).unwrap() {
            let mut response = agent
                .post(format!("http://{}/v1/sync", house.address))
                .header("authorization", format!("Bearer {}", self.token))
                .header("content-type", "application/x-sampan-sync")
                .send(&request[..])
                .unwrap();
            let bytes = response.body_mut().read_to_vec().unwrap();
            assert_eq!(response.status(), 200, "{}", String::from_utf8_lossy(&bytes));
            session.on_response(&mut self.store, &bytes).unwrap();
        }
    }
}

fn set(path: &str, value: Value) -> Op {
    Op::Set {
        at: AnswerPath {
            question: QuestionPath::new(path),
            rows: Vec::new(),
        },
        answer: Some(Answer::Value(value)),
    }
}

fn published(house: &House) -> ContentHash {
    let mut boss = Visitor::signed_in(house, "boss");
    let page = boss.get("/forms/upload");
    let boundary = "xxxboundaryxxx";
    let mut body = Vec::new();
    for (name, value) in [("csrf", page.hidden("csrf")), ("key", page.hidden("key"))] {
        let part =
            format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    body.extend_from_slice(
        format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"form\"; filename=\"kii.xlsx\"\r\n\r\n"
        )
        .as_bytes(),
    );
    body.extend_from_slice(KII);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    let response = boss
        .agent
        .post(format!("{}/forms/upload", boss.url))
        .header("cookie", boss.cookie())
        .header("sec-fetch-site", "same-origin")
        .header(
            "content-type",
            format!("multipart/form-data; boundary={boundary}"),
        )
        .send(&body[..])
        .unwrap();
    let got = boss.take(response);
    assert_eq!(got.status, 303, "{}", got.text);
    let page = boss.get("/forms/kii");
    let at = page.text.find("/forms/kii/").unwrap() + "/forms/kii/".len();
    let version = page.text[at..at + 64].to_string();
    let got = submit(&mut boss, &page, &format!("/forms/kii/{version}/publish"), &[]);
    assert_eq!(got.status, 303, "{}", got.text);
    ContentHash::from_hex(&version).unwrap()
}

/// Sends a form of a page with its seal, its key and what it was made from.
fn submit(visitor: &mut Visitor, page: &Got, path: &str, fields: &[(&str, &str)]) -> Got {
    let hidden: Vec<(&str, String)> = ["csrf", "key", "seen"]
        .into_iter()
        .map(|name| (name, page.hidden(name)))
        .collect();
    let mut all: Vec<(&str, &str)> = hidden
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    all.extend_from_slice(fields);
    visitor.post(path, &all)
}

fn house() -> House {
    let house = House::new();
    house.person("boss", Role::Admin, None);
    house.person("kh", Role::Supervisor, Some("KH"));
    house.person("th", Role::Supervisor, Some("TH"));
    house.person("sokha", Role::Enumerator, Some("KH"));
    house.person("somchai", Role::Enumerator, Some("TH"));
    house
}

#[test]
fn an_interview_is_returned_corrected_and_approved_and_a_conflict_is_settled() {
    let house = house();
    let form = published(&house);
    let mut first = Phone::new(&house, "sokha", 1);
    let mut second = Phone::new(&house, "sokha", 2);
    let path = format!("/interviews/{RECORD}");
    first.write(
        form,
        &[
            set("a/country", Value::Choice("KH".into())),
            set(PLACE, Value::Text("មន្ទីរពាណិជ្ជកម្ម".into())),
            Op::Submit,
        ],
    );
    first.sync(&house);
    second.sync(&house);
    let mut kh = Visitor::signed_in(&house, "kh");
    let list = kh.get("/interviews?text=%E1%9E%98%E1%9E%93%E1%9F%92%E1%9E%91%E1%9E%B8%E1%9E%9A");
    assert!(list.text.contains(&path), "{}", list.text);
    let page = kh.get(&path);
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("Name of the institution") && page.text.contains("មន្ទីរពាណិជ្ជកម្ម"));
    let got = submit(
        &mut kh,
        &page,
        &format!("{path}/decide"),
        &[
            ("decision", "return"),
            ("note", "សូមពិនិត្យ"),
            (&format!("comment:{}", at(&page)), "ឈ្មោះពេញ?"),
        ],
    );
    assert_eq!(
        (got.status, got.header("location")),
        (303, format!("{path}?done=returned").as_str()),
        "{}",
        got.text
    );
    let page = kh.get(&path);
    assert!(
        page.text.contains("ឈ្មោះពេញ?") && page.text.contains("state returned"),
        "{}",
        page.text
    );
    for (phone, words) in [(&mut first, "First words"), (&mut second, "Second <b>words</b>")] {
        phone.write(form, &[set(PLACE, Value::Text(words.into())), Op::Submit]);
    }
    first.sync(&house);
    second.sync(&house);
    let page = kh.get(&path);
    assert!(page.text.contains("Choose this"), "{}", page.text);
    assert!(page.text.contains("Second &#60;b&#62;words") || page.text.contains("Second &lt;b&gt;words"));
    let token = page.hidden("token");
    let place = page.text.split("/choose\">").nth(1).unwrap();
    let place = place
        .split("name=\"at\" value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let got = submit(
        &mut kh,
        &page,
        &format!("{path}/choose"),
        &[("at", place), ("token", &token)],
    );
    assert_eq!(got.status, 303, "{}", got.text);
    let page = kh.get(&path);
    assert!(!page.text.contains("Choose this"), "{}", page.text);
    let got = submit(
        &mut kh,
        &page,
        &format!("{path}/decide"),
        &[("decision", "approve")],
    );
    assert_eq!(
        got.header("location"),
        format!("{path}?done=approved"),
        "{}",
        got.text
    );
    first.sync(&house);
    first.write(form, &[set(PLACE, Value::Text("Afterwards".into()))]);
    first.sync(&house);
    let page = kh.get(&path);
    assert!(
        page.text.contains("Changed since it was approved"),
        "{}",
        page.text
    );
    let csv = kh.get("/interviews.csv?form=kii");
    assert_eq!(csv.status, 200);
    assert!(csv.header("content-disposition").starts_with("attachment;"));
}

/// The opaque name of the place, as the page's comment field has it.
fn at(page: &Got) -> String {
    let start = "name=\"comment:";
    page.text
        .split(start)
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap_or_default().to_string())
        .find(|at| at.contains("inst_name"))
        .unwrap_or_else(|| panic!("no comment field for the place in {}", page.text))
}

#[test]
fn what_belongs_to_others_is_as_absent_as_what_is_not_there() {
    let house = house();
    let form = published(&house);
    let mut phone = Phone::new(&house, "sokha", 1);
    phone.write(form, &[set("a/country", Value::Choice("KH".into())), Op::Submit]);
    phone.sync(&house);
    let device = phone.store.replica.device.to_string();
    let person = phone.store.person.to_string();
    for login in ["th", "somchai"] {
        let mut visitor = Visitor::signed_in(&house, login);
        assert!(
            !visitor.get("/interviews").text.contains(&RECORD.to_string()),
            "{login}"
        );
        let csrf = visitor.get("/interviews").hidden("csrf");
        for route in ROUTES.iter().filter(|route| route.path.contains('{')) {
            let is_object = ["{record}", "{device}", "{person}"]
                .iter()
                .any(|name| route.path.contains(name));
            if !is_object {
                continue;
            }
            let foreign = route
                .path
                .replace("{record}", &RECORD.to_string())
                .replace("{device}", &device)
                .replace("{person}", &person);
            let absent = filled(route.path);
            let fields = [
                ("csrf", csrf.as_str()),
                ("key", "k"),
                ("decision", "approve"),
                ("seen", ""),
                ("text", "x"),
                ("comment", "0190a1b2-0000-4000-8000-000000000001"),
                ("at", PLACE),
                ("typed", "x"),
                ("person", person.as_str()),
                ("reason", "x"),
                ("sure", "yes"),
            ];
            let mut ask = |path: &str| match route.verb {
                Verb::Get => visitor.get(path),
                Verb::Post => visitor.post(path, &fields),
            };
            let (foreign, absent) = (ask(&foreign), ask(&absent));
            let what = format!("{login} {:?} {}", route.verb, route.path);
            assert!(
                [403, 404].contains(&foreign.status),
                "{what}: {} {}",
                foreign.status,
                foreign.text
            );
            assert_eq!(
                foreign.status, absent.status,
                "{what}: {}\n{}",
                foreign.text, absent.text
            );
            assert_eq!(foreign.text, absent.text, "{what}");
        }
    }
    let mut boss = Visitor::signed_in(&house, "boss");
    assert!(
        boss.get(&format!("/interviews/{RECORD}"))
            .text
            .contains("state submitted"),
        "nothing was done to it"
    );
}
