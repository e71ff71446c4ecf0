//! People, their roles and passwords, and the sessions of their browsers.

use sampan_record::ids::PersonId;
use sampan_store::office::people::{PersonRow, RoleRow, SessionRow};
use sampan_store::office::session::{Reading, Writing};

use crate::access::{Action, Decision, Grant, Principal, Resource, Role, Scope, authorize};
use crate::error::OfficeError;
use crate::hashing::PASSWORD_BYTES;
use crate::intake;
use crate::state::Office;
use crate::views::PersonView;

/// Shortest password.
pub const PASSWORD_CHARS: usize = 10;
/// Longest login.
const LOGIN_CHARS: usize = 64;
/// Most roles of one person.
const GRANTS: usize = 16;
/// Longest name for people.
const NAME_CHARS: usize = 200;

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
pub fn sign_in(office: &Office, login: &str, password: &str) -> Result<SignedIn, OfficeError> {
    let now_ms = office.now_ms();
    let login = login.trim().to_lowercase();
    if login.chars().count() > LOGIN_CHARS || password.len() > PASSWORD_BYTES {
        return Err(OfficeError::SignInRefused);
    }
    office.hashing().check_failures(&login, now_ms)?;
    let person = office
        .store()
        .read(|reading| Ok::<_, OfficeError>(reading.person_by_login(&login)?))?;
    let phc = person
        .as_ref()
        .filter(|person| !person.is_closed)
        .and_then(|person| person.password.as_deref());
    let is_right = office.hashing().is_right(password, phc)?;
    office.hashing().note(&login, is_right, now_ms);
    let person = match person {
        Some(person) if is_right => person,
        _ => return Err(OfficeError::SignInRefused),
    };
    let token = office.random_text::<32>();
    let expires_at_ms = now_ms.saturating_add(office.config().session_absolute_ms);
    let session = SessionRow {
        person: person.person,
        idle_until_ms: now_ms.saturating_add(office.config().session_idle_ms),
        absolute_until_ms: expires_at_ms,
    };
    let principal = office.store().write(|writing| {
        writing.add_session(&token_hash(&token), &session, now_ms)?;
        principal_of(writing, &person)
    })?;
    Ok(SignedIn {
        token,
        principal,
        expires_at_ms,
    })
}

/// Whose session a cookie's token is; None when it is unknown, idle too long or over. Refreshes the idle time.
pub fn session(office: &Office, token: &str) -> Result<Option<Principal>, OfficeError> {
    let now_ms = office.now_ms();
    let hash = token_hash(token);
    let found = office.store().read(|reading| {
        let Some(session) = reading.session(&hash)? else {
            return Ok(None);
        };
        if session.idle_until_ms <= now_ms || session.absolute_until_ms <= now_ms {
            return Ok(None);
        }
        let Some(person) = reading.person(session.person)? else {
            return Ok(None);
        };
        if person.is_closed {
            return Ok(None);
        }
        Ok::<_, OfficeError>(Some((session, principal_of(reading, &person)?)))
    })?;
    let Some((session, principal)) = found else {
        return Ok(None);
    };
    // A write per click would be a flush per click: the end moves when a tenth of the time is gone.
    let idle_until_ms = now_ms.saturating_add(office.config().session_idle_ms);
    if idle_until_ms.saturating_sub(session.idle_until_ms) > office.config().session_idle_ms / 10 {
        office
            .store()
            .write(|writing| Ok::<_, OfficeError>(writing.touch_session(&hash, idle_until_ms)?))?;
    }
    Ok(Some(principal))
}

/// Ends a session; unknown tokens are no error.
pub fn sign_out(office: &Office, token: &str) -> Result<(), OfficeError> {
    office
        .store()
        .write(|writing| Ok(writing.end_session(&token_hash(token))?))
}

/// Adds a person. Returns the id and the password that was made, if none was given (None on a repeated request, since
/// it is kept nowhere).
pub fn add(
    office: &Office,
    who: &Principal,
    request: &PersonRequest,
    key: &str,
) -> Result<(PersonId, Option<String>), OfficeError> {
    may(who, Action::ManagePeople, &Resource::Person(&request.grants))?;
    let (row, made) = new_person(office, request)?;
    let mut shown = None;
    let person = office.once(who, key, |writing| {
        if !writing.add_person(&row)? {
            return Err(login_taken(&row.login));
        }
        writing.set_roles(row.person, &role_rows(&request.grants))?;
        shown = made;
        Ok((row.person, format!("added {}", row.login)))
    })?;
    Ok((person, shown))
}

/// The row of a new person, with its password hashed, and the password when it was made here.
pub(crate) fn new_person(
    office: &Office,
    request: &PersonRequest,
) -> Result<(PersonRow, Option<String>), OfficeError> {
    let login = request.login.trim().to_lowercase();
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
    if login.is_empty() || login.chars().count() > LOGIN_CHARS || !login.chars().all(is_plain) {
        return Err(OfficeError::invalid(
            format!("`{login}` cannot be a login."),
            "Use 1 to 64 letters, digits, dots, hyphens or underscores.",
        ));
    }
    let name = request.name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS {
        return Err(OfficeError::invalid(
            "A person needs a name.",
            "Type a name of at most 200 characters.",
        ));
    }
    if request.grants.is_empty() {
        return Err(OfficeError::invalid(
            "A person needs a role.",
            "Choose enumerator, supervisor or admin.",
        ));
    }
    let (password, made) = password_or_new(office, request.password.as_deref())?;
    let row = PersonRow {
        person: PersonId(office.new_uuid()),
        login,
        name: name.to_string(),
        is_closed: false,
        password: Some(office.hashing().hash(&password, &office.random())?),
        created_at_ms: office.now_ms(),
    };
    Ok((row, made))
}

pub(crate) fn login_taken(login: &str) -> OfficeError {
    OfficeError::Conflict {
        message: format!("There is already an account `{login}`."),
        advice: "Choose another login, or give the person that has it the role.".into(),
    }
}

/// All people the principal may see.
pub fn list(office: &Office, who: &Principal) -> Result<Vec<PersonView>, OfficeError> {
    may(who, Action::SeePeople, &Resource::Office)?;
    let all = all(office)?;
    Ok(all
        .into_iter()
        .filter(|view| {
            let resource = Resource::Person(&view.grants);
            view.person == who.person || authorize(who, Action::SeePeople, &resource) == Decision::Allowed
        })
        .collect())
}

/// All people, for the command line and for lists that filter themselves.
pub(crate) fn all(office: &Office) -> Result<Vec<PersonView>, OfficeError> {
    office.store().read(|reading| {
        let mut views = Vec::new();
        for row in reading.people()? {
            let principal = principal_of(reading, &row)?;
            views.push(PersonView {
                person: row.person,
                role: principal.role(),
                grants: principal.grants,
                is_closed: row.is_closed,
                n_devices: reading.n_devices_of(row.person)?,
                created_at_ms: row.created_at_ms,
                login: row.login,
                name: row.name,
            });
        }
        Ok(views)
    })
}

/// Replaces a person's roles. What the person may see on devices from now on follows in the same transaction.
pub fn set_grants(
    office: &Office,
    who: &Principal,
    person: PersonId,
    grants: &[Grant],
    key: &str,
) -> Result<(), OfficeError> {
    may(who, Action::ManagePeople, &Resource::Person(grants))?;
    office.once(who, key, |writing| {
        let row = manageable(writing, who, person)?;
        set_roles(office, writing, &row, grants)?;
        Ok(((), format!("set the roles of {}", row.login)))
    })
}

/// Gives a person these roles and no others, and what follows from that.
pub(crate) fn set_roles(
    office: &Office,
    writing: &Writing<'_>,
    row: &PersonRow,
    grants: &[Grant],
) -> Result<(), OfficeError> {
    if grants.is_empty() || grants.len() > GRANTS {
        return Err(OfficeError::invalid(
            "A person needs a role, and has at most 16.",
            "Give at least one role; to take all rights away, close the account instead.",
        ));
    }
    if !grants.iter().any(is_over_all) {
        keep_an_admin(writing, row)?;
    }
    writing.set_roles(row.person, &role_rows(grants))?;
    intake::rights_changed(office, writing, row.person)
}

/// Whether a role lets its holder give every role.
fn is_over_all(grant: &Grant) -> bool {
    grant.role == Role::Admin && grant.scope == Scope::default()
}

/// Refuses when this is the only open account that is admin of the whole study: nobody could undo what follows.
fn keep_an_admin(reading: &Reading<'_>, leaving: &PersonRow) -> Result<(), OfficeError> {
    let mut others = false;
    let mut is_one = false;
    for row in reading.people()? {
        if principal_of(reading, &row)?.grants.iter().any(is_over_all) {
            match row.person == leaving.person {
                true => is_one = true,
                false => others = true,
            }
        }
    }
    if is_one && !others {
        return Err(OfficeError::Conflict {
            message: format!("{} is the only admin of the whole study.", leaving.name),
            advice: "Make somebody else admin for all countries first.".into(),
        });
    }
    Ok(())
}

/// The same role for each of several countries; for all countries when none is named. A province belongs to one
/// country, so it goes with at most one.
pub fn grants_for(
    role: Role,
    countries: &[String],
    province: Option<String>,
    team: Option<String>,
) -> Result<Vec<Grant>, OfficeError> {
    if province.is_some() && countries.len() > 1 {
        return Err(OfficeError::invalid(
            "A province belongs to one country.",
            "Name one country with it, or leave the province out.",
        ));
    }
    let bounds = match countries {
        [] => vec![None],
        named => named.iter().cloned().map(Some).collect(),
    };
    Ok(bounds
        .into_iter()
        .map(|country| Grant {
            role,
            scope: Scope {
                project: None,
                country,
                province: province.clone(),
                team: team.clone(),
            },
        })
        .collect())
}

/// Sets a password (None = makes one and returns it) and ends all sessions of the person.
pub fn set_password(
    office: &Office,
    who: &Principal,
    person: PersonId,
    password: Option<&str>,
    key: &str,
) -> Result<Option<String>, OfficeError> {
    let (password, made) = password_or_new(office, password)?;
    let phc = office.hashing().hash(&password, &office.random())?;
    let mut shown = None;
    office.once(who, key, |writing| {
        let row = if person == who.person {
            writing.person(person)?.ok_or(OfficeError::Absent)?
        } else {
            manageable(writing, who, person)?
        };
        writing.set_password(person, &phc)?;
        shown = made;
        Ok(((), format!("set the password of {}", row.login)))
    })?;
    Ok(shown)
}

/// Closes or reopens an account. What the person wrote stays; what is still on devices goes to quarantine.
pub fn set_closed(
    office: &Office,
    who: &Principal,
    person: PersonId,
    is_closed: bool,
    key: &str,
) -> Result<(), OfficeError> {
    office.once(who, key, |writing| {
        if person == who.person {
            return Err(OfficeError::invalid(
                "You cannot close your own account.",
                "Let another admin do it.",
            ));
        }
        let row = manageable(writing, who, person)?;
        if is_closed {
            keep_an_admin(writing, &row)?;
        }
        writing.set_closed(person, is_closed)?;
        intake::rights_changed(office, writing, person)?;
        let what = if is_closed { "closed" } else { "reopened" };
        Ok(((), format!("{what} the account of {}", row.login)))
    })
}

/// The principal for an account by its login, for the command line; None when there is none.
pub fn principal_by_login(office: &Office, login: &str) -> Result<Option<Principal>, OfficeError> {
    office.store().read(
        |reading| match reading.person_by_login(&login.trim().to_lowercase())? {
            Some(row) => principal_of(reading, &row).map(Some),
            None => Ok(None),
        },
    )
}

/// A person as one who acts; without roles when the account is closed.
pub(crate) fn principal(reading: &Reading<'_>, person: PersonId) -> Result<Option<Principal>, OfficeError> {
    match reading.person(person)? {
        Some(row) => principal_of(reading, &row).map(Some),
        None => Ok(None),
    }
}

pub(crate) fn principal_of(reading: &Reading<'_>, row: &PersonRow) -> Result<Principal, OfficeError> {
    let grants = if row.is_closed {
        Vec::new()
    } else {
        reading.roles(row.person)?.iter().filter_map(grant_of).collect()
    };
    Ok(Principal {
        person: row.person,
        login: row.login.clone(),
        name: row.name.clone(),
        grants,
        device: None,
    })
}

/// Asks the policy; anything but `Allowed` is an error.
pub(crate) fn may(who: &Principal, action: Action, resource: &Resource<'_>) -> Result<(), OfficeError> {
    match authorize(who, action, resource) {
        Decision::Allowed => Ok(()),
        Decision::Denied => Err(OfficeError::Denied("your role does not allow it.")),
        Decision::Absent => Err(OfficeError::Absent),
    }
}

pub(crate) fn role_rows(grants: &[Grant]) -> Vec<RoleRow> {
    grants
        .iter()
        .map(|grant| RoleRow {
            role: grant.role.word().to_string(),
            project: grant.scope.project.clone().unwrap_or_default(),
            country: grant.scope.country.clone().unwrap_or_default(),
            province: grant.scope.province.clone().unwrap_or_default(),
            team: grant.scope.team.clone().unwrap_or_default(),
        })
        .collect()
}

/// The password to set, and it once more when it was made here.
pub(crate) fn password_or_new(
    office: &Office,
    password: Option<&str>,
) -> Result<(String, Option<String>), OfficeError> {
    match password {
        Some(password) if password.chars().count() < PASSWORD_CHARS || password.len() > PASSWORD_BYTES => {
            Err(OfficeError::invalid(
                "The password is too short or too long.",
                "Use at least 10 characters, several words are easiest.",
            ))
        }
        Some(password) => Ok((password.to_string(), None)),
        None => {
            let made = office.random_text::<12>();
            Ok((made.clone(), Some(made)))
        }
    }
}

fn manageable(reading: &Reading<'_>, who: &Principal, person: PersonId) -> Result<PersonRow, OfficeError> {
    let row = reading.person(person)?.ok_or(OfficeError::Absent)?;
    let grants: Vec<Grant> = reading.roles(person)?.iter().filter_map(grant_of).collect();
    may(who, Action::ManagePeople, &Resource::Person(&grants))?;
    Ok(row)
}

fn grant_of(row: &RoleRow) -> Option<Grant> {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_string());
    Some(Grant {
        // A role of a later version gives no rights here.
        role: row.role.parse::<Role>().ok()?,
        scope: Scope {
            project: some(&row.project),
            country: some(&row.country),
            province: some(&row.province),
            team: some(&row.team),
        },
    })
}

fn token_hash(token: &str) -> [u8; 32] {
    *blake3::hash(token.as_bytes()).as_bytes()
}
