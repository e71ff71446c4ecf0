//! Every forged, expired, damaged or foreign token is refused, and nobody with a key is locked out.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use ed25519_dalek::{Signer, SigningKey};
use sampan_record::ids::DeviceId;
use serde_json::{Value, json};

use super::{CHALLENGE_MS, ROTATE_MS, Refused, TOKEN_MS, TokenError, Tokens, proof_text};

const NOW: i64 = 1_800_000_000_000;

fn chance(seed: u8) -> impl Fn() -> [u8; 32] {
    move || [seed; 32]
}

fn device() -> DeviceId {
    DeviceId(uuid::Uuid::from_u128(42))
}

fn tokens(folder: &tempfile::TempDir, now_ms: i64) -> Tokens {
    Tokens::open(folder.path().join("keys"), &chance(9), now_ms).expect("keys open")
}

/// Signs any header and any claims with a secret, as a forger with a library would.
fn forge(secret: [u8; 32], header: &Value, claims: &Value) -> String {
    let text = format!(
        "{}.{}",
        B64.encode(header.to_string()),
        B64.encode(claims.to_string())
    );
    let signature = SigningKey::from_bytes(&secret).sign(text.as_bytes());
    format!("{text}.{}", B64.encode(signature.to_bytes()))
}

fn with(base: &Value, key: &str, value: Value) -> Value {
    let mut changed = base.clone();
    changed[key] = value;
    changed
}

fn without(base: &Value, key: &str) -> Value {
    let mut changed = base.clone();
    changed.as_object_mut().unwrap().remove(key);
    changed
}

#[test]
fn a_good_token_is_taken_until_it_expires() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = tokens(&folder, NOW);
    let issued = tokens.issue(device(), 3, 5, NOW).unwrap();
    let bearer = tokens.check(&issued.token, NOW + TOKEN_MS - 1).unwrap();
    assert_eq!((bearer.device, bearer.epoch), (device(), 3));
    assert_eq!(
        tokens.check(&issued.token, NOW + TOKEN_MS + 40_000),
        Err(Refused::Expired)
    );
    assert_eq!(tokens.check(&issued.token, NOW - 60_000), Err(Refused::TooEarly));
}

#[test]
fn every_forged_expired_or_damaged_token_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = tokens(&folder, NOW);
    let secret = [9u8; 32];
    let good = tokens.issue(device(), 0, 5, NOW).unwrap().token;
    let parts: Vec<&str> = good.split('.').collect();
    let header: Value = serde_json::from_slice(&B64.decode(parts[0]).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&B64.decode(parts[1]).unwrap()).unwrap();
    assert!(
        tokens.check(&forge(secret, &header, &claims), NOW).is_ok(),
        "the forger's own way of signing must be right, or the table below proves nothing"
    );
    let seconds = NOW / 1000;
    let public = B64.encode(SigningKey::from_bytes(&secret).verifying_key().to_bytes());
    let own_key = json!({"kty": "OKP", "crv": "Ed25519", "x": public});
    let hmac_with_public_key = {
        let text = format!(
            "{}.{}",
            B64.encode(with(&header, "alg", json!("HS256")).to_string()),
            B64.encode(claims.to_string())
        );
        let key = jsonwebtoken::EncodingKey::from_secret(&B64.decode(&public).unwrap());
        let signature =
            jsonwebtoken::crypto::sign(text.as_bytes(), &key, jsonwebtoken::Algorithm::HS256).unwrap();
        format!("{text}.{signature}")
    };
    let table: Vec<(&str, String)> = vec![
        ("empty", String::new()),
        ("dots only", "..".into()),
        ("words", "not a token".into()),
        ("two parts", format!("{}.{}", parts[0], parts[1])),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("four parts", format!("{good}.{}", parts[2])),
        ("cut short", good[..good.len() - 5].to_string()),
        (
            "one bit of the claims",
            good.replacen(parts[1], &format!("f{}", &parts[1][1..]), 1),
        ),
        (
            "signature of nobody",
            format!("{}.{}.{}", parts[0], parts[1], B64.encode([0u8; 64])),
        ),
        ("padded", format!("{good}==")),
        ("a space in it", format!(" {good}")),
        ("very long", format!("{good}{}", "A".repeat(5000))),
        ("another key, our kid", forge([8; 32], &header, &claims)),
        (
            "unknown kid",
            forge(secret, &with(&header, "kid", json!("0000000000000000")), &claims),
        ),
        (
            "kid as a path",
            forge(
                secret,
                &with(&header, "kid", json!("../../challenge.key")),
                &claims,
            ),
        ),
        ("no kid", forge(secret, &without(&header, "kid"), &claims)),
        (
            "alg none",
            forge(secret, &with(&header, "alg", json!("none")), &claims),
        ),
        ("alg HS256 over the public key", hmac_with_public_key),
        (
            "alg RS256",
            forge(secret, &with(&header, "alg", json!("RS256")), &claims),
        ),
        (
            "alg in lower case",
            forge(secret, &with(&header, "alg", json!("eddsa")), &claims),
        ),
        (
            "another typ",
            forge(secret, &with(&header, "typ", json!("JWT")), &claims),
        ),
        ("no typ", forge(secret, &without(&header, "typ"), &claims)),
        (
            "its own key in jwk",
            forge(secret, &with(&header, "jwk", own_key), &claims),
        ),
        (
            "a key from the net",
            forge(
                secret,
                &with(&header, "jku", json!("http://127.0.0.1/k")),
                &claims,
            ),
        ),
        (
            "crit",
            forge(secret, &with(&header, "crit", json!(["exp"])), &claims),
        ),
        (
            "expired",
            forge(secret, &header, &with(&claims, "exp", json!(seconds - 31))),
        ),
        (
            "exp as text",
            forge(secret, &header, &with(&claims, "exp", json!("9999999999"))),
        ),
        (
            "exp null",
            forge(secret, &header, &with(&claims, "exp", Value::Null)),
        ),
        (
            "exp negative",
            forge(secret, &header, &with(&claims, "exp", json!(-1))),
        ),
        (
            "exp beyond numbers",
            forge(secret, &header, &with(&claims, "exp", json!(u64::MAX))),
        ),
        ("no exp", forge(secret, &header, &without(&claims, "exp"))),
        (
            "good for a year",
            forge(
                secret,
                &header,
                &with(&claims, "exp", json!(seconds + 31_536_000)),
            ),
        ),
        (
            "nbf in the future",
            forge(secret, &header, &with(&claims, "nbf", json!(seconds + 31))),
        ),
        (
            "nbf as text",
            forge(secret, &header, &with(&claims, "nbf", json!("0"))),
        ),
        ("no nbf", forge(secret, &header, &without(&claims, "nbf"))),
        (
            "another audience",
            forge(secret, &header, &with(&claims, "aud", json!("sampan-web"))),
        ),
        ("no audience", forge(secret, &header, &without(&claims, "aud"))),
        (
            "another issuer",
            forge(secret, &header, &with(&claims, "iss", json!("elsewhere"))),
        ),
        ("no issuer", forge(secret, &header, &without(&claims, "iss"))),
        ("no subject", forge(secret, &header, &without(&claims, "sub"))),
        (
            "subject is no device",
            forge(secret, &header, &with(&claims, "sub", json!("admin"))),
        ),
        ("no jti", forge(secret, &header, &without(&claims, "jti"))),
        (
            "epoch negative",
            forge(secret, &header, &with(&claims, "epoch", json!(-1))),
        ),
        ("no epoch", forge(secret, &header, &without(&claims, "epoch"))),
        (
            "a claim too many",
            forge(secret, &header, &with(&claims, "admin", json!(true))),
        ),
        ("claims are a list", forge(secret, &header, &json!([1, 2]))),
    ];
    assert!(table.len() >= 25);
    for (what, token) in table {
        assert!(tokens.check(&token, NOW).is_err(), "{what} was taken");
    }
}

#[test]
fn a_rotation_keeps_the_tokens_of_the_previous_key() {
    let folder = tempfile::tempdir().unwrap();
    let first = tokens(&folder, NOW);
    let due = NOW + ROTATE_MS;
    let issued = first.issue(device(), 0, 1, due - 1000).unwrap();
    assert!(first.rotate_if_due(&chance(7), due).unwrap());
    assert!(first.check(&issued.token, due).is_ok());
    let reopened = tokens(&folder, due);
    assert!(reopened.check(&issued.token, due).is_ok(), "also after a restart");
    let newer = reopened.issue(device(), 0, 1, due).unwrap();
    assert_ne!(newer.token.split('.').next(), issued.token.split('.').next());
    assert!(reopened.rotate_if_due(&chance(6), due + ROTATE_MS).unwrap());
    let late = due + ROTATE_MS;
    assert!(
        reopened.check(&issued.token, late).is_err(),
        "two rotations on, the key is gone"
    );
}

#[test]
fn a_challenge_is_answered_by_its_own_device_in_time_as_often_as_it_likes() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = tokens(&folder, NOW);
    let key = SigningKey::from_bytes(&[3; 32]);
    let public = key.verifying_key().to_bytes();
    let challenge = tokens.challenge(device(), 77, NOW);
    let sign = |text: &str| B64.encode(key.sign(text.as_bytes()).to_bytes());
    let signature = sign(&proof_text(device(), &challenge));
    for at in [NOW, NOW + 1000, NOW + CHALLENGE_MS] {
        assert_eq!(
            tokens.prove(device(), &public, &challenge, &signature, at),
            Ok(())
        );
    }
    let late = NOW + CHALLENGE_MS + 1;
    let other = DeviceId(uuid::Uuid::from_u128(43));
    let mut changed = B64.decode(&challenge).unwrap();
    changed[20] ^= 1;
    let changed = B64.encode(changed);
    let other_public = SigningKey::from_bytes(&[4; 32]).verifying_key().to_bytes();
    let refused = [
        (
            "too late",
            tokens.prove(device(), &public, &challenge, &signature, late),
        ),
        (
            "another device",
            tokens.prove(other, &public, &challenge, &signature, NOW),
        ),
        (
            "another key",
            tokens.prove(device(), &other_public, &challenge, &signature, NOW),
        ),
        (
            "a changed time",
            tokens.prove(
                device(),
                &public,
                &changed,
                &sign(&proof_text(device(), &changed)),
                NOW,
            ),
        ),
        (
            "another text",
            tokens.prove(device(), &public, &challenge, &sign(&challenge), NOW),
        ),
        (
            "no base64",
            tokens.prove(device(), &public, &challenge, "%%%", NOW),
        ),
        (
            "a short signature",
            tokens.prove(device(), &public, &challenge, "AAAA", NOW),
        ),
        (
            "an empty challenge",
            tokens.prove(device(), &public, "", &signature, NOW),
        ),
        (
            "a key of zeros",
            tokens.prove(device(), &[0; 32], &challenge, &signature, NOW),
        ),
    ];
    for (what, outcome) in refused {
        assert!(outcome.is_err(), "{what} was taken");
    }
}

#[test]
fn key_files_are_private_and_a_bad_one_stops_the_start_with_advice() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    drop(tokens(&folder, NOW));
    let path = folder.path().join("keys/token-current.key");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let open = || Tokens::open(folder.path().join("keys"), &chance(9), NOW);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = open().expect_err("readable by others");
    assert!(matches!(error, TokenError::Open(_)) && error.to_string().contains("chmod 600"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&path, "something else").unwrap();
    assert!(matches!(open(), Err(TokenError::Damaged(_))));
    let no_chance = || [0u8; 32];
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(
        Tokens::open(empty.path().join("keys"), &no_chance, NOW),
        Err(TokenError::Chance)
    ));
}
