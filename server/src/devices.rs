//! Devices: enrolment codes, keys, and shutting one out.

use sampan_record::ids::{DeviceId, PersonId};
use sampan_store::office::devices::{CodeRow, DeviceRow};
use sampan_store::office::session::Reading;

use crate::access::{Action, Decision, Grant, Principal, Resource, authorize};
use crate::error::OfficeError;
use crate::intake;
use crate::people::{may, principal};
use crate::state::Office;
use crate::views::{DeviceView, EnrolmentCodeView, OpenCodeView};

/// Longest name of a device or program.
const NAME_CHARS: usize = 100;

/// What a device sends to be enrolled.
#[derive(Debug, Clone)]
pub struct EnrolRequest {
    /// The code from the link.
    pub code: String,
    /// Its Ed25519 public key.
    pub public_key: [u8; 32],
    /// Its name for people.
    pub name: String,
    /// Program and version.
    pub app: String,
    /// The id it was enrolled under before, when it asks to be enrolled again.
    pub device: Option<DeviceId>,
}

/// What a device is told when it was enrolled; the same answer again for the same code and key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolled {
    /// Its id.
    pub device: DeviceId,
    /// Whose it is.
    pub person: PersonId,
    /// Login.
    pub login: String,
    /// Name for people.
    pub name: String,
    /// The office's generation, 16 hexadecimal digits.
    pub generation: String,
    /// For tokens: tokens of an older epoch are void.
    pub epoch: u64,
}

/// A device as tokens are checked against.
#[derive(Debug, Clone)]
pub struct DeviceCaller {
    /// Its id.
    pub device: DeviceId,
    /// Its public key.
    pub public_key: [u8; 32],
    /// Tokens of an older epoch are void.
    pub epoch: u64,
    /// Shut out: no token is given, none is taken.
    pub is_revoked: bool,
    /// Whose it is, with the rights of this moment. Without grants when the account is closed.
    pub principal: Principal,
}

/// Makes a one-time enrolment code for a person.
pub fn new_code(
    office: &Office,
    who: &Principal,
    person: PersonId,
) -> Result<EnrolmentCodeView, OfficeError> {
    let now_ms = office.now_ms();
    let code = office.random_text::<16>();
    let expires_at_ms = now_ms.saturating_add(office.config().enrolment_code_ms);
    let row = CodeRow {
        person,
        expires_at_ms,
        used_by_key: None,
        device: None,
    };
    let person_name = office.store().write(|writing| {
        let theirs = principal(writing, person)?.ok_or(OfficeError::Absent)?;
        may_manage(who, &theirs)?;
        if theirs.grants.is_empty() {
            return Err(OfficeError::invalid(
                "This account is closed.",
                "Reopen it first.",
            ));
        }
        writing.add_code(&code_hash(&code), &row, who.person, now_ms)?;
        let what = format!("made an enrolment code for {}", theirs.login);
        writing.note_audit(now_ms, Some(who.person), &what)?;
        Ok::<_, OfficeError>(theirs.name)
    })?;
    Ok(EnrolmentCodeView {
        link: format!(
            "sampan:enroll?server={}&code={code}",
            percent_encoded(&office.config().public_url)
        ),
        code,
        person_name,
        expires_at_ms,
    })
}

/// Codes that can still be used.
pub fn open_codes(office: &Office, who: &Principal) -> Result<Vec<OpenCodeView>, OfficeError> {
    may(who, Action::SeeDevices, &Resource::Office)?;
    office.store().read(|reading| {
        let mut views = Vec::new();
        for code in reading.open_codes(office.now_ms())? {
            if let Some(theirs) = visible_person(reading, who, code.person)? {
                views.push(OpenCodeView {
                    person_name: theirs.name,
                    expires_at_ms: code.expires_at_ms,
                });
            }
        }
        Ok(views)
    })
}

/// Enrols a device. Same code and key: same answer. Same code, other key: `Conflict`.
pub fn enrol(office: &Office, request: &EnrolRequest) -> Result<Enrolled, OfficeError> {
    let now_ms = office.now_ms();
    let hash = code_hash(&request.code);
    let new_device = DeviceId(office.new_uuid());
    office.store().write(|writing| {
        let code = writing.code(&hash)?.ok_or_else(unknown_code)?;
        let device = match (code.used_by_key, code.device) {
            (Some(key), Some(device)) if key == request.public_key => device,
            (Some(_), _) => {
                return Err(OfficeError::Conflict {
                    message: "This enrolment code was used by another device.".into(),
                    advice: "Ask the office for a new code.".into(),
                });
            }
            (None, _) if code.expires_at_ms <= now_ms => return Err(unknown_code()),
            (None, _) if writing.device_by_key(&request.public_key)?.is_some() => {
                return Err(OfficeError::Conflict {
                    message: "This device is enrolled already.".into(),
                    advice: "Sync with it; to enrol it anew, begin with an empty folder.".into(),
                });
            }
            (None, _) => {
                let device = match request.device {
                    Some(before) => known_before(writing, before)?,
                    None => new_device,
                };
                writing.add_device(
                    &hash,
                    &DeviceRow {
                        device,
                        person: code.person,
                        public_key: request.public_key,
                        name: short(&request.name, "a device without a name"),
                        app: short(&request.app, "unknown"),
                        epoch: 1,
                        is_revoked: false,
                        enrolled_at_ms: now_ms,
                        last_sync_at_ms: None,
                        n_unsent: 0,
                        n_open: 0,
                        clock_skew_ms: None,
                    },
                )?;
                intake::rights_changed(office, writing, code.person)?;
                device
            }
        };
        let row = writing.device(device)?.ok_or(OfficeError::Absent)?;
        let theirs = principal(writing, row.person)?.ok_or(OfficeError::Absent)?;
        if row.is_revoked || theirs.grants.is_empty() {
            return Err(OfficeError::Denied("this device was shut out."));
        }
        Ok(Enrolled {
            device,
            person: row.person,
            login: theirs.login,
            name: theirs.name,
            generation: writing.identity()?.generation.to_string(),
            epoch: row.epoch,
        })
    })
}

/// The device a token names; `Absent` when it is unknown.
pub fn caller(office: &Office, device: DeviceId) -> Result<DeviceCaller, OfficeError> {
    office.store().read(|reading| {
        let row = reading.device(device)?.ok_or(OfficeError::Absent)?;
        let mut theirs = principal(reading, row.person)?.ok_or(OfficeError::Absent)?;
        theirs.device = Some(device);
        Ok(DeviceCaller {
            device,
            public_key: row.public_key,
            epoch: row.epoch,
            is_revoked: row.is_revoked,
            principal: theirs,
        })
    })
}

/// Devices of people the principal may see.
pub fn list(office: &Office, who: &Principal) -> Result<Vec<DeviceView>, OfficeError> {
    may(who, Action::SeeDevices, &Resource::Office)?;
    office.store().read(|reading| {
        let waiting = reading.quarantined()?;
        let mut views = Vec::new();
        for row in reading.devices()? {
            let Some(theirs) = visible_person(reading, who, row.person)? else {
                continue;
            };
            let n_quarantined = waiting.iter().filter(|one| one.device == row.device).count();
            views.push(DeviceView {
                device: row.device,
                name: row.name,
                app: row.app,
                person: row.person,
                person_name: theirs.name,
                enrolled_at_ms: row.enrolled_at_ms,
                last_sync_at_ms: row.last_sync_at_ms,
                n_unsent: row.n_unsent,
                n_open: row.n_open,
                n_incarnations: reading.n_incarnations(row.device)?,
                clock_skew_s: row.clock_skew_ms.map(|ms| ms / 1000),
                is_revoked: row.is_revoked,
                n_quarantined: u64::try_from(n_quarantined).unwrap_or(u64::MAX),
            });
        }
        Ok(views)
    })
}

/// Shuts a device out, or lets it in again; its tokens are void at once.
pub fn set_revoked(
    office: &Office,
    who: &Principal,
    device: DeviceId,
    is_revoked: bool,
    key: &str,
) -> Result<(), OfficeError> {
    office.once(who, key, |writing| {
        let row = writing.device(device)?.ok_or(OfficeError::Absent)?;
        let theirs = principal(writing, row.person)?.ok_or(OfficeError::Absent)?;
        may_manage(who, &theirs)?;
        writing.set_revoked(device, is_revoked)?;
        let what = if is_revoked { "shut out" } else { "let in" };
        Ok(((), format!("{what} the device {} of {}", row.name, theirs.login)))
    })
}

/// A person, when the principal may see them and their devices.
pub(crate) fn visible_person(
    reading: &Reading<'_>,
    who: &Principal,
    person: PersonId,
) -> Result<Option<Principal>, OfficeError> {
    let Some(theirs) = principal(reading, person)? else {
        return Ok(None);
    };
    let is_visible = person == who.person
        || authorize(who, Action::SeeDevices, &Resource::Person(&theirs.grants)) == Decision::Allowed;
    Ok(is_visible.then_some(theirs))
}

fn may_manage(who: &Principal, theirs: &Principal) -> Result<(), OfficeError> {
    if theirs.person == who.person {
        return may(who, Action::Sync, &Resource::Office);
    }
    let grants: &[Grant] = &theirs.grants;
    may(who, Action::ManageDevices, &Resource::Person(grants))
}

/// A device that this office knew before it was restored from a backup: it keeps its id, so that what it wrote goes on.
fn known_before(reading: &Reading<'_>, device: DeviceId) -> Result<DeviceId, OfficeError> {
    let identity = reading.identity()?;
    let is_taken = reading.device(device)?.is_some() || identity.replica.device == device;
    if is_taken || !identity.is_restored {
        return Err(OfficeError::Conflict {
            message: "This device is enrolled already, here or at another office.".into(),
            advice: "Sync with it; to enrol it anew, begin with an empty folder.".into(),
        });
    }
    Ok(device)
}

fn unknown_code() -> OfficeError {
    OfficeError::invalid(
        "This enrolment code is unknown or too old.",
        "Check it letter by letter, or ask the office for a new one.",
    )
}

fn code_hash(code: &str) -> [u8; 32] {
    *blake3::hash(code.trim().as_bytes()).as_bytes()
}

fn short(text: &str, fallback: &str) -> String {
    let short: String = text
        .chars()
        .filter(|c| !c.is_control())
        .take(NAME_CHARS)
        .collect();
    if short.trim().is_empty() {
        fallback.to_string()
    } else {
        short
    }
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
