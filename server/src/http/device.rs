//! What devices call: enrolment, the proof for a new token, and sync.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sampan_record::ids::DeviceId;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::devices::{self, EnrolRequest};
use crate::error::OfficeError;
use crate::http::ask::{Ask, Content, Reply, Trouble};
use crate::intake;
use crate::tokens::Issued;

#[derive(Deserialize)]
struct EnrolBody {
    code: String,
    public_key: String,
    name: String,
    #[serde(default)]
    app: String,
    device: Option<DeviceId>,
}

#[derive(Deserialize)]
struct ChallengeBody {
    device: DeviceId,
}

#[derive(Deserialize)]
struct TokenBody {
    device: DeviceId,
    challenge: String,
    signature: String,
}

/// `POST /v1/devices/enrol`: a code and a public key become a device. Again with the same two: the same answer.
pub fn enrol(ask: &Ask) -> Result<Reply, Trouble> {
    let body: EnrolBody = read(ask)?;
    let public_key = URL_SAFE_NO_PAD
        .decode(&body.public_key)
        .ok()
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        .filter(|bytes| ed25519_dalek::VerifyingKey::from_bytes(bytes).is_ok_and(|key| !key.is_weak()))
        .ok_or_else(|| {
            OfficeError::invalid(
                "The public key is not 32 bytes of Ed25519 in base64url without padding.",
                "Update the app, then enrol again with the same code.",
            )
        })?;
    if body.name.chars().count() > 100 || body.app.chars().count() > 100 {
        return Err(
            OfficeError::invalid("The device's name is too long.", "Use at most 100 characters.").into(),
        );
    }
    let office = &ask.site.office;
    let enrolled = devices::enrol(
        office,
        &EnrolRequest {
            code: body.code,
            public_key,
            name: body.name,
            app: body.app,
            device: body.device,
        },
    )?;
    let issued = issue(ask, enrolled.device, enrolled.epoch)?;
    Ok(Reply::json(json!({
        "device": enrolled.device,
        "person": {"id": enrolled.person, "login": enrolled.login, "name": enrolled.name},
        "generation": enrolled.generation,
        "token": issued.token,
        "token_expires_at_ms": issued.expires_at_ms,
    })))
}

/// `POST /v1/devices/challenge`: something to sign. Says nothing about whether the device is known.
pub fn challenge(ask: &Ask) -> Result<Reply, Trouble> {
    let body: ChallengeBody = read(ask)?;
    Ok(Reply::json(json!({"challenge": new_challenge(ask, body.device)})))
}

/// `POST /v1/devices/token`: a signed challenge becomes a token, as often as it is asked for.
pub fn token(ask: &Ask) -> Result<Reply, Trouble> {
    let body: TokenBody = read(ask)?;
    let office = &ask.site.office;
    let refused = || Trouble::NoToken {
        challenge: Some(new_challenge(ask, body.device)),
    };
    let caller = match devices::caller(office, body.device) {
        Ok(caller) => caller,
        Err(OfficeError::Absent) => return Err(refused()),
        Err(error) => return Err(error.into()),
    };
    ask.site
        .tokens
        .prove(
            caller.device,
            &caller.public_key,
            &body.challenge,
            &body.signature,
            office.now_ms(),
        )
        .map_err(|_| refused())?;
    if caller.is_revoked {
        return Err(Trouble::Revoked);
    }
    let issued = issue(ask, caller.device, caller.epoch)?;
    Ok(Reply::json(json!({
        "token": issued.token,
        "token_expires_at_ms": issued.expires_at_ms,
    })))
}

/// `POST /v1/sync`: everything a device and the office have to tell each other.
pub fn sync(ask: &Ask) -> Result<Reply, Trouble> {
    let caller = ask.device()?;
    let turn = ask.site.turns.take(caller.device, &ask.site.office);
    let _turn = turn.map_err(|retry_after_s| Trouble::Busy { retry_after_s })?;
    let answer = intake::sync(&ask.site.office, caller, &ask.body)?;
    Ok(Reply::of(Content::Sync(answer)))
}

/// A challenge for a device, whether it is known or not.
pub fn new_challenge(ask: &Ask, device: DeviceId) -> String {
    let office = &ask.site.office;
    let random = u128::from_be_bytes(office.random::<16>());
    ask.site.tokens.challenge(device, random, office.now_ms())
}

fn issue(ask: &Ask, device: DeviceId, epoch: u64) -> Result<Issued, Trouble> {
    let office = &ask.site.office;
    let jti = u128::from_be_bytes(office.random::<16>());
    ask.site
        .tokens
        .issue(device, epoch, jti, office.now_ms())
        .map_err(|error| Trouble::Broken(error.to_string()))
}

fn read<T: DeserializeOwned>(ask: &Ask) -> Result<T, Trouble> {
    serde_json::from_slice(&ask.body)
        .map_err(|_| Trouble::Unreadable("This is not the JSON that belongs here."))
}
