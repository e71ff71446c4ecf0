//! Devices: enrolment codes, keys, and shutting one out.

use sampan_record::ids::{DeviceId, PersonId};

use crate::access::Principal;
use crate::error::OfficeError;
use crate::state::Office;
use crate::views::{DeviceView, EnrolmentCodeView, OpenCodeView};

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
}

/// What a device is told when it was enrolled; the same answer again for the same code and key.
#[derive(Debug, Clone)]
pub struct Enrolled {
    /// Its id.
    pub device: DeviceId,
    /// Whose it is.
    pub person: PersonId,
    /// Login.
    pub login: String,
    /// Name for people.
    pub name: String,
    /// The office's generation.
    pub generation: u64,
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
    _office: &Office,
    _who: &Principal,
    _person: PersonId,
) -> Result<EnrolmentCodeView, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// Codes that can still be used.
pub fn open_codes(_office: &Office, _who: &Principal) -> Result<Vec<OpenCodeView>, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// Enrols a device. Same code and key: same answer. Same code, other key: `Conflict`.
pub fn enrol(_office: &Office, _request: &EnrolRequest) -> Result<Enrolled, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// The device a token names; `Absent` when it is unknown.
pub fn caller(_office: &Office, _device: DeviceId) -> Result<DeviceCaller, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// Devices of people the principal may see.
pub fn list(_office: &Office, _who: &Principal) -> Result<Vec<DeviceView>, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// Shuts a device out, or lets it in again; its tokens are void at once.
pub fn set_revoked(
    _office: &Office,
    _who: &Principal,
    _device: DeviceId,
    _is_revoked: bool,
    _key: &str,
) -> Result<(), OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}
