//! People, their roles and passwords, and the sessions of their browsers.

use sampan_record::ids::PersonId;

use crate::access::{Grant, Principal};
use crate::error::OfficeError;
use crate::state::Office;
use crate::views::PersonView;

/// A new account.
#[derive(Debug, Clone)]
pub struct PersonRequest {
    /// Name typed in at sign-in: letters, digits, `.`, `-`, `_`, at most 64.
    pub login: String,
    /// Name for people.
    pub name: String,
    /// Roles with scopes.
    pub grants: Vec<Grant>,
    /// Password; None = a good one is made and returned.
    pub password: Option<String>,
}

/// A fresh sign-in. The token goes into the cookie and is kept nowhere else.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Opaque, 256 random bits, base64url.
    pub token: String,
    /// Who.
    pub principal: Principal,
    /// Until when at most, ms since 1970 UTC.
    pub expires_at_ms: i64,
}

/// Checks login and password and opens a browser session. Takes the same time for unknown logins; answers `Busy`
/// after too many failures of one account or too many hashes at once.
pub fn sign_in(_office: &Office, _login: &str, _password: &str) -> Result<SignedIn, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// Whose session a cookie's token is; None when it is unknown, idle too long or over. Refreshes the idle time.
pub fn session(_office: &Office, _token: &str) -> Result<Option<Principal>, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// Ends a session; unknown tokens are no error.
pub fn sign_out(_office: &Office, _token: &str) -> Result<(), OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// Adds a person. Returns the id and the password that was made, if none was given (empty on a repeated request).
pub fn add(
    _office: &Office,
    _who: &Principal,
    _request: &PersonRequest,
    _key: &str,
) -> Result<(PersonId, Option<String>), OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// All people the principal may see.
pub fn list(_office: &Office, _who: &Principal) -> Result<Vec<PersonView>, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// Replaces a person's roles.
pub fn set_grants(
    _office: &Office,
    _who: &Principal,
    _person: PersonId,
    _grants: &[Grant],
    _key: &str,
) -> Result<(), OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// Sets a password (None = makes one and returns it) and ends all sessions of the person.
pub fn set_password(
    _office: &Office,
    _who: &Principal,
    _person: PersonId,
    _password: Option<&str>,
    _key: &str,
) -> Result<Option<String>, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// Closes or reopens an account. What the person wrote stays; what is still on devices goes to quarantine.
pub fn set_closed(
    _office: &Office,
    _who: &Principal,
    _person: PersonId,
    _is_closed: bool,
    _key: &str,
) -> Result<(), OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// The principal for an account by its login, for the command line; None when there is none.
pub fn principal_by_login(_office: &Office, _login: &str) -> Result<Option<Principal>, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}
