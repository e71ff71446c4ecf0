//! Who may do what: one policy function over role and scope; what is not allowed is denied.

use std::str::FromStr;

use sampan_record::ids::{DeviceId, PersonId};

/// What a person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Interviews.
    Enumerator,
    /// Reviews.
    Supervisor,
    /// Manages forms, people and devices.
    Admin,
}

/// For which part of the study a role holds. None = all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Scope {
    /// Project.
    pub project: Option<String>,
    /// Country code (`KH`).
    pub country: Option<String>,
    /// Admin-1 code (`KH-12`).
    pub province: Option<String>,
    /// Team.
    pub team: Option<String>,
}

/// A role with its scope.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Grant {
    /// Role.
    pub role: Role,
    /// Where it holds.
    pub scope: Scope,
}

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The person.
    pub person: PersonId,
    /// Login.
    pub login: String,
    /// Name for people.
    pub name: String,
    /// What the person may be.
    pub grants: Vec<Grant>,
    /// The device acted through; None in a browser or at the command line.
    pub device: Option<DeviceId>,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// See a record.
    SeeRecord,
    /// Write answers, rows, comments and submissions from a device.
    WriteRecord,
    /// Approve, return, reject, reopen.
    Decide,
    /// Comment and resolve comments in the office.
    Comment,
    /// Choose among conflicting values, correct an answer in the office.
    EditRecord,
    /// Say who is to work on a record.
    Assign,
    /// Empty answers because the law demands it.
    Erase,
    /// Download records.
    Export,
    /// See forms and previews.
    SeeForms,
    /// Upload, publish, close forms.
    ManageForms,
    /// See people.
    SeePeople,
    /// Add people, set roles and passwords.
    ManagePeople,
    /// See devices and quarantine.
    SeeDevices,
    /// Make enrolment codes, revoke devices.
    ManageDevices,
    /// Sync as a device.
    Sync,
}

/// What it is done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource<'a> {
    /// The office as a whole: lists, forms.
    Office,
    /// A record.
    Record(&'a RecordPlace),
    /// A person, or a device of that person: where the person's roles hold.
    Person(&'a [Grant]),
}

/// Where a record belongs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordPlace {
    /// Project.
    pub project: String,
    /// Country code, empty = unknown.
    pub country: String,
    /// Admin-1 code, empty = unknown.
    pub province: String,
    /// Team, empty = none.
    pub team: String,
    /// Who began it.
    pub owner: Option<PersonId>,
    /// Who is to work on it.
    pub assignee: Option<PersonId>,
}

/// What the policy says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Go on.
    Allowed,
    /// Visible, but not this act: 403.
    Denied,
    /// Outside scope: 404, like what is not there.
    Absent,
}

impl Role {
    /// All roles.
    pub const ALL: [Role; 3] = [Role::Enumerator, Role::Supervisor, Role::Admin];

    /// The word used in commands, forms and the database.
    pub fn word(self) -> &'static str {
        match self {
            Role::Enumerator => "enumerator",
            Role::Supervisor => "supervisor",
            Role::Admin => "admin",
        }
    }
}

/// A word that names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no role; use enumerator, supervisor or admin")]
pub struct UnknownRole(pub String);

impl FromStr for Role {
    type Err = UnknownRole;
    fn from_str(word: &str) -> Result<Role, UnknownRole> {
        Role::ALL
            .into_iter()
            .find(|role| role.word() == word)
            .ok_or_else(|| UnknownRole(word.to_string()))
    }
}

impl Action {
    /// All actions, for the table test.
    pub const ALL: [Action; 15] = [
        Action::SeeRecord,
        Action::WriteRecord,
        Action::Decide,
        Action::Comment,
        Action::EditRecord,
        Action::Assign,
        Action::Erase,
        Action::Export,
        Action::SeeForms,
        Action::ManageForms,
        Action::SeePeople,
        Action::ManagePeople,
        Action::SeeDevices,
        Action::ManageDevices,
        Action::Sync,
    ];

    /// Whether a role ever has this action, within its scope.
    fn is_for(self, role: Role) -> bool {
        match self {
            Action::SeeRecord | Action::WriteRecord | Action::SeeForms | Action::Sync => true,
            Action::Decide
            | Action::Comment
            | Action::EditRecord
            | Action::Assign
            | Action::Export
            | Action::SeePeople
            | Action::SeeDevices
            | Action::ManageDevices => role >= Role::Supervisor,
            Action::Erase | Action::ManageForms | Action::ManagePeople => role == Role::Admin,
        }
    }
}

impl Scope {
    /// Whether a record at this place is inside.
    pub fn contains(&self, place: &RecordPlace) -> bool {
        let holds = |bound: &Option<String>, at: &str| bound.as_deref().is_none_or(|bound| bound == at);
        holds(&self.project, &place.project)
            && holds(&self.country, &place.country)
            && holds(&self.province, &place.province)
            && holds(&self.team, &place.team)
    }

    /// Whether everything in `other` is also inside this scope.
    pub fn encloses(&self, other: &Scope) -> bool {
        let holds = |bound: &Option<String>, inner: &Option<String>| bound.is_none() || bound == inner;
        holds(&self.project, &other.project)
            && holds(&self.country, &other.country)
            && holds(&self.province, &other.province)
            && holds(&self.team, &other.team)
    }
}

impl Principal {
    /// The highest role anywhere; None when the person has none.
    pub fn role(&self) -> Option<Role> {
        self.grants.iter().map(|grant| grant.role).max()
    }
}

/// The policy: may this person do this to that?
pub fn authorize(principal: &Principal, action: Action, resource: &Resource<'_>) -> Decision {
    let mut is_visible = false;
    for grant in &principal.grants {
        let is_inside = match resource {
            Resource::Office => true,
            Resource::Record(place) => match grant.role {
                Role::Enumerator => {
                    let me = Some(principal.person);
                    match place.assignee {
                        Some(assignee) => Some(assignee) == me || place.owner == me,
                        None => place.owner == me,
                    }
                }
                Role::Supervisor | Role::Admin => grant.scope.contains(place),
            },
            // Nobody manages or sees a person who reaches beyond the own scope or stands higher.
            Resource::Person(grants) => {
                (grant.role == Role::Admin || (grant.role == Role::Supervisor && !grants.is_empty()))
                    && grants
                        .iter()
                        .all(|theirs| theirs.role <= grant.role && grant.scope.encloses(&theirs.scope))
            }
        };
        if !is_inside {
            continue;
        }
        if action.is_for(grant.role) {
            return Decision::Allowed;
        }
        is_visible = true;
    }
    match (is_visible, resource) {
        (true, _) | (false, Resource::Office) => Decision::Denied,
        (false, Resource::Record(_) | Resource::Person(_)) => Decision::Absent,
    }
}
