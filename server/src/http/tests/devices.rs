//! A device's way in: enrolment, proof, token, sync, and being shut out.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use ed25519_dalek::{Signer, SigningKey};
use sampan_record::ids::DeviceId;
use serde_json::{Value, json};

use super::{Got, House, Visitor};
use crate::access::Role;
use crate::tokens::proof_text;

pub(super) fn code(house: &House, login: &str) -> String {
    let mut boss = Visitor::signed_in(house, "boss");
    let page = boss.get("/devices");
    let at = page
        .text
        .find(&format!("({login})"))
        .expect("the person can be chosen");
    let before = &page.text[..at];
    let start = before.rfind("<option value=\"").unwrap() + 15;
    let person = before[start..].split('"').next().unwrap().to_string();
    let fields = [
        ("csrf", page.hidden("csrf")),
        ("key", page.hidden("key")),
        ("person", person),
    ];
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let got = boss.post("/devices/codes", &fields);
    assert_eq!(got.status, 200, "{}", got.text);
    assert!(got.text.contains("<svg"), "a QR stands on the page");
    let at = got.text.find("code=").unwrap() + 5;
    got.text[at..]
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
        .collect()
}

fn house() -> House {
    let house = House::new();
    house.person("boss", Role::Admin, None);
    house.person("sokha", Role::Enumerator, Some("KH"));
    house
}

pub(super) fn enrol(house: &House, code: &str, key: &SigningKey) -> Got {
    let public_key = B64.encode(key.verifying_key().to_bytes());
    let body = json!({"code": code, "public_key": public_key, "name": "Phone 1", "app": "test 1"});
    Visitor::new(house).call("/v1/devices/enrol", None, body.to_string().as_bytes())
}

pub(super) fn parsed(got: &Got) -> Value {
    serde_json::from_str(&got.text).unwrap_or_else(|_| panic!("no JSON: {}", got.text))
}

pub(super) fn text(value: &Value, name: &str) -> String {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {value}"))
        .to_string()
}

fn renew(house: &House, device: &str, challenge: &str, key: &SigningKey) -> Got {
    let id: DeviceId = device.parse().unwrap();
    let signature = B64.encode(key.sign(proof_text(id, challenge).as_bytes()).to_bytes());
    let body = json!({"device": device, "challenge": challenge, "signature": signature});
    Visitor::new(house).call("/v1/devices/token", None, body.to_string().as_bytes())
}

#[test]
fn a_code_makes_one_device_and_a_lost_answer_is_given_again() {
    let house = house();
    let code = code(&house, "sokha");
    let key = SigningKey::from_bytes(&[3; 32]);
    let first = parsed(&enrol(&house, &code, &key));
    let again = parsed(&enrol(&house, &code, &key));
    assert_eq!(first["device"], again["device"]);
    assert_eq!(first["person"]["login"], "sokha");
    assert_eq!(first["generation"], again["generation"]);
    let other = enrol(&house, &code, &SigningKey::from_bytes(&[4; 32]));
    assert_eq!(other.status, 409, "{}", other.text);
    let wrong = enrol(&house, "no-such-code", &key);
    assert!([404, 409, 422].contains(&wrong.status), "{}", wrong.text);
    for got in [other, wrong] {
        let problem = parsed(&got);
        assert!(!text(&problem, "message").is_empty() && !text(&problem, "advice").is_empty());
    }
}

#[test]
fn a_token_is_renewed_with_a_proof_as_often_as_it_takes() {
    let house = house();
    let key = SigningKey::from_bytes(&[3; 32]);
    let enrolled = parsed(&enrol(&house, &code(&house, "sokha"), &key));
    let device = text(&enrolled, "device");
    let mut phone = Visitor::new(&house);
    let body = json!({"device": device}).to_string();
    let challenge = text(
        &parsed(&phone.call("/v1/devices/challenge", None, body.as_bytes())),
        "challenge",
    );
    for _ in 0..2 {
        let got = renew(&house, &device, &challenge, &key);
        assert_eq!(got.status, 200, "{}", got.text);
        let token = text(&parsed(&got), "token");
        let got = phone.call("/v1/sync", Some(&token), b"not a sync request");
        assert_eq!(
            got.status, 400,
            "the token is good, the message is not: {}",
            got.text
        );
        assert_eq!(text(&parsed(&got), "code"), "malformed");
    }
    let forged = renew(&house, &device, &challenge, &SigningKey::from_bytes(&[9; 32]));
    assert_eq!(forged.status, 401);
}

#[test]
fn a_refused_token_brings_a_challenge_that_leads_to_a_good_one() {
    let house = house();
    let key = SigningKey::from_bytes(&[3; 32]);
    let enrolled = parsed(&enrol(&house, &code(&house, "sokha"), &key));
    let device = text(&enrolled, "device");
    let token = text(&enrolled, "token");
    let mut phone = Visitor::new(&house);
    let stale = format!("{}x", token.strip_suffix(|_| true).unwrap());
    let got = phone.call("/v1/sync", Some(&stale), &vec![7; 200_000]);
    assert_eq!(got.status, 401, "{}", got.text);
    let got = renew(&house, &device, &text(&parsed(&got), "challenge"), &key);
    assert_eq!(got.status, 200, "{}", got.text);
    assert_eq!(phone.call("/v1/sync", None, b"").status, 401);
    assert_eq!(phone.call("/v1/sync", Some("a.b.c"), b"").status, 401);
    let unknown = json!({"device": "0190a1b2-0000-4000-8000-000000000000"}).to_string();
    let got = phone.call("/v1/devices/challenge", None, unknown.as_bytes());
    assert_eq!(got.status, 200, "who is known is nobody's business");
    let challenge = text(&parsed(&got), "challenge");
    let got = renew(&house, "0190a1b2-0000-4000-8000-000000000000", &challenge, &key);
    assert_eq!(got.status, 401);
}

#[test]
fn a_device_that_is_shut_out_is_out_at_once_and_comes_back_when_it_is_let_in() {
    let house = house();
    let key = SigningKey::from_bytes(&[3; 32]);
    let enrolled = parsed(&enrol(&house, &code(&house, "sokha"), &key));
    let (device, token) = (text(&enrolled, "device"), text(&enrolled, "token"));
    let mut phone = Visitor::new(&house);
    assert_eq!(phone.call("/v1/sync", Some(&token), b"x").status, 400);
    let mut boss = Visitor::signed_in(&house, "boss");
    let page = boss.get("/devices");
    let fields = [("csrf", page.hidden("csrf")), ("key", page.hidden("key"))];
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    assert_eq!(
        boss.post(&format!("/devices/{device}/revoke"), &fields).status,
        303
    );
    let got = phone.call("/v1/sync", Some(&token), b"x");
    assert_eq!(
        (got.status, text(&parsed(&got), "code")),
        (403, "revoked".to_string())
    );
    let body = json!({"device": device}).to_string();
    let challenge = text(
        &parsed(&phone.call("/v1/devices/challenge", None, body.as_bytes())),
        "challenge",
    );
    assert_eq!(renew(&house, &device, &challenge, &key).status, 403);
    let page = boss.get("/devices");
    let fields = [("csrf", page.hidden("csrf")), ("key", page.hidden("key"))];
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    assert_eq!(
        boss.post(&format!("/devices/{device}/readmit"), &fields).status,
        303
    );
    let got = renew(&house, &device, &challenge, &key);
    assert_eq!(got.status, 200, "{}", got.text);
    let renewed = text(&parsed(&got), "token");
    assert_eq!(phone.call("/v1/sync", Some(&renewed), b"x").status, 400);
    assert_eq!(
        phone.call("/v1/sync", Some(&token), b"x").status,
        401,
        "tokens of the earlier life stay void"
    );
}

#[test]
fn when_too_many_sync_at_once_the_next_is_told_when_to_come_back_and_nothing_is_lost() {
    let house = House::with(crate::http::listen::Limits {
        syncs_at_once: 1,
        ..Default::default()
    });
    house.person("boss", Role::Admin, None);
    house.person("sokha", Role::Enumerator, Some("KH"));
    let key = SigningKey::from_bytes(&[3; 32]);
    let enrolled = parsed(&enrol(&house, &code(&house, "sokha"), &key));
    let token = text(&enrolled, "token");
    let request = format!(
        "POST /v1/sync HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\ncontent-length: 1\r\nconnection: close\r\n\r\nx"
    );
    let another = DeviceId(uuid::Uuid::from_u128(1));
    let turn = house.site.turns.take(another, &house.site.office).unwrap();
    let answer = house.raw(request.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    let seconds = answer.to_ascii_lowercase();
    let seconds = seconds.split("retry-after: ").nth(1).unwrap();
    let seconds: u32 = seconds.split("\r\n").next().unwrap().parse().unwrap();
    assert!((2..=600).contains(&seconds));
    assert!(answer.contains("\"busy\""), "{answer}");
    drop(turn);
    let answer = house.raw(request.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 400"), "it has its turn: {answer}");
}

#[test]
fn a_third_sync_of_one_device_waits_until_one_has_ended_and_other_devices_do_not() {
    let house = house();
    let (turns, office) = (&house.site.turns, &house.site.office);
    let (phone, other) = (
        DeviceId(uuid::Uuid::from_u128(1)),
        DeviceId(uuid::Uuid::from_u128(2)),
    );
    let first = turns.take(phone, office).unwrap();
    let _second = turns.take(phone, office).unwrap();
    assert!(turns.take(phone, office).is_err());
    assert!(turns.take(other, office).is_ok());
    drop(first);
    assert!(turns.take(phone, office).is_ok());
}
