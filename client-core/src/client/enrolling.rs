//! How a device gets its identity, and how it renews its token.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer, SigningKey};
use sampan_record::ids::{DeviceId, PersonId};
use sampan_store::device::identity::{Enrolled, Enrolment, Identity};
use serde_json::json;

use crate::client::{Inner, asking};
use crate::error::ClientError;

/// Enrols. The key pair is on the disk before the request is sent: when the answer is lost, the same link sends the
/// same key again and gets the same answer.
pub(super) fn enroll(inner: &Inner, link: &str, device_name: &str) -> Result<(), ClientError> {
    let link = Link::read(link)?;
    let known = inner.store().identity()?;
    if let Some(identity) = known {
        return enroll_again(inner, &link, &identity);
    }
    let begun = inner
        .store()
        .begun_enrolment()?
        .filter(|begun| begun.server_url == link.server_url && begun.code == link.code);
    let enrolment = Enrolment {
        key_seed: match begun {
            Some(begun) => begun.key_seed,
            None => inner.platform.bytes()?,
        },
        server_url: link.server_url,
        code: link.code,
        device_name: device_name.to_owned(),
    };
    inner.store().begin_enrolment(&enrolment)?;
    let enrolled = ask(inner, &enrolment, None)?;
    let mut store = inner.store();
    store.complete_enrolment(&enrolled)?;
    store.add_line(
        "enrolled",
        &format!(
            "This device is enrolled at {} for {}.",
            enrolment.server_url, enrolled.person_name
        ),
    )?;
    Ok(())
}

/// Enrols a device again, under its old id, at its office that was restored from a backup older than its enrolment.
/// An office that knows the device says no.
fn enroll_again(inner: &Inner, link: &Link, identity: &Identity) -> Result<(), ClientError> {
    let already = || ClientError::AlreadyEnrolled {
        server_url: identity.server_url.clone(),
    };
    let is_the_first_code = inner.store().enrolment_code()?.as_deref() == Some(link.code.as_str());
    if link.server_url != identity.server_url || is_the_first_code {
        return Err(already());
    }
    let enrolment = Enrolment {
        server_url: link.server_url.clone(),
        code: link.code.clone(),
        device_name: identity.device_name.clone(),
        key_seed: identity.key_seed,
    };
    let enrolled = match ask(inner, &enrolment, Some(identity.device)) {
        Err(ClientError::Office { status: 409, .. }) => return Err(already()),
        other => other?,
    };
    if enrolled.device != identity.device {
        return Err(ClientError::BadAnswer {
            reason: "/device: another one than this".into(),
        });
    }
    let mut store = inner.store();
    store.renew_enrolment(&enrolled)?;
    store.add_line(
        "enrolled",
        &format!(
            "This device is enrolled again at {} for {}; everything on it is offered at the next sync.",
            enrolment.server_url, enrolled.person_name
        ),
    )?;
    Ok(())
}

/// Sends the code with the public key, and with the id the device has already, if it has one.
fn ask(inner: &Inner, enrolment: &Enrolment, device: Option<DeviceId>) -> Result<Enrolled, ClientError> {
    let key = SigningKey::from_bytes(&enrolment.key_seed);
    let url = format!("{}/v1/devices/enrol", enrolment.server_url);
    let mut body = json!({
        "code": enrolment.code,
        "public_key": URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes()),
        "name": enrolment.device_name,
        "app": concat!("sampan/", env!("CARGO_PKG_VERSION")),
    });
    if let (Some(device), Some(fields)) = (device, body.as_object_mut()) {
        fields.insert("device".into(), json!(device.to_string()));
    }
    let answer = asking::json(inner, &url, &body)?;
    Ok(Enrolled {
        device: DeviceId(parse(&answer, "/device")?),
        person: PersonId(parse(&answer, "/person/id")?),
        person_login: asking::text(&answer, "/person/login")?.to_owned(),
        person_name: asking::text(&answer, "/person/name")?.to_owned(),
        generation: parse(&answer, "/generation")?,
        token: asking::text(&answer, "/token")?.to_owned(),
    })
}

/// Gets a new token by a signature. `challenge` is what the office asked to sign; None = ask for one.
/// May be repeated any number of times.
pub(super) fn renew(inner: &Inner, challenge: Option<String>) -> Result<Identity, ClientError> {
    let identity = inner.store().identity()?.ok_or(ClientError::NotEnrolled)?;
    let device = identity.device.to_string();
    let challenge = match challenge {
        Some(challenge) => challenge,
        None => {
            let url = format!("{}/v1/devices/challenge", identity.server_url);
            let answer = asking::json(inner, &url, &json!({ "device": device }))?;
            asking::text(&answer, "/challenge")?.to_owned()
        }
    };
    let key = SigningKey::from_bytes(&identity.key_seed);
    let signature = key.sign(format!("sampan-token-v1\n{device}\n{challenge}").as_bytes());
    let url = format!("{}/v1/devices/token", identity.server_url);
    let answer = asking::json(
        inner,
        &url,
        &json!({
            "device": device,
            "challenge": challenge,
            "signature": URL_SAFE_NO_PAD.encode(signature.to_bytes()),
        }),
    )
    .map_err(unknown_here)?;
    inner.store().set_token(asking::text(&answer, "/token")?)?;
    inner.store().identity()?.ok_or(ClientError::NotEnrolled)
}

/// A proof that the office does not take: most likely it was restored from a backup older than this device's enrolment.
fn unknown_here(error: ClientError) -> ClientError {
    match error {
        ClientError::Office {
            status: 401,
            code,
            retry_after_s,
            ..
        } => ClientError::Office {
            status: 401,
            code,
            message: "The office does not know this device.".into(),
            advice:
                "Ask the office for a new enrolment link and enrol again with it: what is on this device \
                     stays, and is sent."
                    .into(),
            retry_after_s,
        },
        other => other,
    }
}

fn parse<T>(answer: &serde_json::Value, path: &str) -> Result<T, ClientError>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    asking::text(answer, path)?
        .parse()
        .map_err(|error: T::Err| ClientError::BadAnswer {
            reason: format!("{path}: {error}"),
        })
}

/// What an enrolment link says.
#[derive(Debug, PartialEq, Eq)]
struct Link {
    server_url: String,
    code: String,
}

impl Link {
    fn read(text: &str) -> Result<Link, ClientError> {
        let bad = |reason: &str| ClientError::BadLink {
            reason: reason.to_owned(),
        };
        let query = text
            .trim()
            .strip_prefix("sampan:enroll?")
            .ok_or_else(|| bad("it does not begin with sampan:enroll"))?;
        let value = |wanted: &str| {
            query.split('&').find_map(|pair| {
                let (name, value) = pair.split_once('=')?;
                (name == wanted).then(|| percent_decoded(value)).flatten()
            })
        };
        let server_url = value("server").ok_or_else(|| bad("the office's address is missing"))?;
        let server_url = server_url.trim_end_matches('/').to_owned();
        let code = value("code").ok_or_else(|| bad("the code is missing"))?;
        let is_address = server_url
            .strip_prefix("https://")
            .or_else(|| server_url.strip_prefix("http://"))
            .is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace));
        if !is_address {
            return Err(bad("the office's address is none"));
        }
        if code.is_empty() {
            return Err(bad("the code is empty"));
        }
        Ok(Link { server_url, code })
    }
}

/// Text with `%41` for `A`; None when it is not well written.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let hex = std::str::from_utf8(after.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(hex, 16).ok()?);
            rest = after.get(2..)?;
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::Link;

    fn check(text: &str, expected: Option<(&str, &str)>) {
        let link = Link::read(text).ok();
        let link = link
            .as_ref()
            .map(|link| (link.server_url.as_str(), link.code.as_str()));
        assert_eq!(link, expected, "{text}");
    }

    #[test]
    fn a_link_names_the_office_and_a_code() {
        let office = Some(("https://office.example:8420", "K7Q-2"));
        check(
            "sampan:enroll?server=https%3A%2F%2Foffice.example%3A8420&code=K7Q-2",
            office,
        );
        check(
            " sampan:enroll?code=K7Q-2&server=https://office.example:8420/ \n",
            office,
        );
    }

    #[test]
    fn what_is_no_link_is_said_to_be_none() {
        check("https://office.example/", None);
        check("sampan:enroll?server=office.example&code=K7Q-2", None);
        check("sampan:enroll?server=https%3A%2F%2Foffice.example", None);
        check("sampan:enroll?server=https%3A%2F%2&code=K7Q-2", None);
        check("sampan:enroll?server=https%3A%2F%2Foffice.example&code=", None);
    }
}
