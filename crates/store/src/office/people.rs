//! Accounts, roles, passwords and browser sessions.

use rusqlite::{Row, params};

use sampan_record::ids::PersonId;

use crate::error::StoreError;
use crate::office::session::{Reading, Writing, count, person_at};

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// Id.
    pub person: PersonId,
    /// What is typed in at sign-in, lower case.
    pub login: String,
    /// Name for people.
    pub name: String,
    /// No sign-in, no sync.
    pub is_closed: bool,
    /// argon2id in PHC form; None: no password was ever set.
    pub password: Option<String>,
    /// When it was made.
    pub created_at_ms: i64,
}

/// A role with its scope; empty text = all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoleRow {
    /// enumerator, supervisor, admin
    pub role: String,
    /// Project.
    pub project: String,
    /// Country code.
    pub country: String,
    /// Admin-1 code.
    pub province: String,
    /// Team.
    pub team: String,
}

/// A browser session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionRow {
    /// Whose.
    pub person: PersonId,
    /// When it ends if nothing happens.
    pub idle_until_ms: i64,
    /// When it ends in any case.
    pub absolute_until_ms: i64,
}

const PERSON: &str = "SELECT person, login, name, is_closed, password, created_at_ms FROM person";

fn person_row(row: &Row<'_>) -> rusqlite::Result<PersonRow> {
    Ok(PersonRow {
        person: person_at(row, 0)?,
        login: row.get(1)?,
        name: row.get(2)?,
        is_closed: row.get(3)?,
        password: row.get(4)?,
        created_at_ms: row.get(5)?,
    })
}

impl Reading<'_> {
    /// An account by its id.
    pub fn person(&self, person: PersonId) -> Result<Option<PersonRow>, StoreError> {
        self.first(
            "read a person",
            &format!("{PERSON} WHERE person = ?1"),
            params![person.0.as_bytes()],
            person_row,
        )
    }

    /// An account by its login (lower case).
    pub fn person_by_login(&self, login: &str) -> Result<Option<PersonRow>, StoreError> {
        self.first(
            "read a person",
            &format!("{PERSON} WHERE login = ?1"),
            params![login],
            person_row,
        )
    }

    /// All accounts, by name.
    pub fn people(&self) -> Result<Vec<PersonRow>, StoreError> {
        self.all(
            "read the people",
            &format!("{PERSON} ORDER BY name, login"),
            [],
            person_row,
        )
    }

    /// Number of accounts.
    pub fn n_people(&self) -> Result<u64, StoreError> {
        self.number("count the people", "SELECT count(*) FROM person", [])
            .map(count)
    }

    /// A person's roles, in a fixed order.
    pub fn roles(&self, person: PersonId) -> Result<Vec<RoleRow>, StoreError> {
        self.all(
            "read roles",
            "SELECT role, project, country, province, team FROM role WHERE person = ?1
             ORDER BY role, project, country, province, team",
            params![person.0.as_bytes()],
            |row| {
                Ok(RoleRow {
                    role: row.get(0)?,
                    project: row.get(1)?,
                    country: row.get(2)?,
                    province: row.get(3)?,
                    team: row.get(4)?,
                })
            },
        )
    }

    /// A browser session by the hash of its token.
    pub fn session(&self, token_hash: &[u8; 32]) -> Result<Option<SessionRow>, StoreError> {
        self.first(
            "read a session",
            "SELECT person, idle_until_ms, absolute_until_ms FROM session WHERE token_hash = ?1",
            params![token_hash],
            |row| {
                Ok(SessionRow {
                    person: person_at(row, 0)?,
                    idle_until_ms: row.get(1)?,
                    absolute_until_ms: row.get(2)?,
                })
            },
        )
    }
}

impl Writing<'_> {
    /// Adds an account; false when the login is taken.
    pub fn add_person(&self, person: &PersonRow) -> Result<bool, StoreError> {
        let n_rows = self.run(
            "add a person",
            "INSERT INTO person (person, login, name, is_closed, password, created_at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (login) DO NOTHING",
            params![
                person.person.0.as_bytes(),
                person.login,
                person.name,
                person.is_closed,
                person.password,
                person.created_at_ms
            ],
        )?;
        Ok(n_rows == 1)
    }

    /// Replaces a person's roles.
    pub fn set_roles(&self, person: PersonId, roles: &[RoleRow]) -> Result<(), StoreError> {
        self.run(
            "take roles",
            "DELETE FROM role WHERE person = ?1",
            params![person.0.as_bytes()],
        )?;
        for role in roles {
            self.run(
                "give a role",
                "INSERT OR IGNORE INTO role (person, role, project, country, province, team)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    person.0.as_bytes(),
                    role.role,
                    role.project,
                    role.country,
                    role.province,
                    role.team
                ],
            )?;
        }
        self.name_changed(person)
    }

    /// Sets the password's PHC string and ends the person's sessions.
    pub fn set_password(&self, person: PersonId, phc: &str) -> Result<(), StoreError> {
        self.run(
            "set a password",
            "UPDATE person SET password = ?2 WHERE person = ?1",
            params![person.0.as_bytes(), phc],
        )?;
        self.end_sessions_of(person)
    }

    /// Closes or reopens an account; closing ends its sessions.
    pub fn set_closed(&self, person: PersonId, is_closed: bool) -> Result<(), StoreError> {
        self.run(
            "close an account",
            "UPDATE person SET is_closed = ?2 WHERE person = ?1",
            params![person.0.as_bytes(), is_closed],
        )?;
        if is_closed {
            self.end_sessions_of(person)?;
        }
        self.name_changed(person)
    }

    /// Opens a browser session, and forgets those that are over.
    pub fn add_session(
        &self,
        token_hash: &[u8; 32],
        session: &SessionRow,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        self.run(
            "forget old sessions",
            "DELETE FROM session WHERE absolute_until_ms < ?1 OR idle_until_ms < ?1",
            params![now_ms],
        )?;
        self.run(
            "open a session",
            "INSERT INTO session (token_hash, person, created_at_ms, idle_until_ms, absolute_until_ms)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                token_hash,
                session.person.0.as_bytes(),
                now_ms,
                session.idle_until_ms,
                session.absolute_until_ms
            ],
        )?;
        Ok(())
    }

    /// Moves a session's idle end.
    pub fn touch_session(&self, token_hash: &[u8; 32], idle_until_ms: i64) -> Result<(), StoreError> {
        self.run(
            "keep a session",
            "UPDATE session SET idle_until_ms = ?2 WHERE token_hash = ?1",
            params![token_hash, idle_until_ms],
        )?;
        Ok(())
    }

    /// Ends a session.
    pub fn end_session(&self, token_hash: &[u8; 32]) -> Result<(), StoreError> {
        self.run(
            "end a session",
            "DELETE FROM session WHERE token_hash = ?1",
            params![token_hash],
        )?;
        Ok(())
    }

    fn end_sessions_of(&self, person: PersonId) -> Result<(), StoreError> {
        self.run(
            "end sessions",
            "DELETE FROM session WHERE person = ?1",
            params![person.0.as_bytes()],
        )?;
        Ok(())
    }
}
