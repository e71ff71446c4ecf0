//! Step: names of the people a device meets in the records it has, each sent once and again when it changed.

use sampan_record::ids::PersonId;
use uuid::Uuid;

use crate::error::SyncError;
use crate::limits;
use crate::log::{Caller, OfficeLog};
use crate::wire::bytes::{Reader, Writer, short};

/// What a person is in the study, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Standing {
    /// Nothing (any more), or something that a newer office knows.
    None,
    /// Collects.
    Enumerator,
    /// Reviews.
    Supervisor,
    /// Runs the study.
    Admin,
}

impl Standing {
    /// Its number on the wire and on disk.
    pub fn code(self) -> u64 {
        match self {
            Standing::None => 0,
            Standing::Enumerator => 1,
            Standing::Supervisor => 2,
            Standing::Admin => 3,
        }
    }

    /// The standing with a number; `None` for a number that is not known here.
    pub fn from_code(code: u64) -> Standing {
        match code {
            1 => Standing::Enumerator,
            2 => Standing::Supervisor,
            3 => Standing::Admin,
            _ => Standing::None,
        }
    }

    /// The word for people; empty for `None`.
    pub fn word(self) -> &'static str {
        match self {
            Standing::None => "",
            Standing::Enumerator => "enumerator",
            Standing::Supervisor => "supervisor",
            Standing::Admin => "admin",
        }
    }
}

/// A person by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PersonName {
    /// Who.
    pub person: PersonId,
    /// Name for people.
    pub name: String,
    /// The highest of the person's roles.
    pub standing: Standing,
}

/// A name as the office keeps it for one viewer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NameEntry {
    /// Rises when the person comes into the viewer's sight and when name or standing change; never used twice.
    pub revision: u64,
    /// The name.
    pub name: PersonName,
}

/// Names that are new to a device, and how far it knows them afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Names {
    /// The revision of the last of them.
    pub through: u64,
    /// In the order of their revisions, at most [`limits::NAMES`].
    pub names: Vec<PersonName>,
}

/// Office half: the names after `known` of people who wrote in, or were given, a record that this person may see.
/// None when there are none.
///
/// # Errors
/// The store's.
pub fn answer(log: &mut dyn OfficeLog, caller: &Caller, known: u64) -> Result<Option<Names>, SyncError> {
    let mut entries = log.names(caller, known, limits::NAMES)?;
    entries.truncate(limits::NAMES);
    Ok(entries.last().map(|entry| entry.revision).map(|through| Names {
        through,
        names: entries.into_iter().map(|entry| entry.name).collect(),
    }))
}

/// Writes names.
pub fn write(section: &mut Writer, names: &Names) {
    section.number(names.through);
    section.count(names.names.len());
    for name in &names.names {
        section.raw(name.person.0.as_bytes());
        section.number(name.standing.code());
        section.blob(short(&name.name).as_bytes());
    }
}

/// Reads names.
///
/// # Errors
/// `Malformed` and `TooLarge`.
pub fn read(section: &mut Reader<'_>) -> Result<Names, SyncError> {
    let through = section.number()?;
    let names = section.list(limits::NAMES, "names", |reader| {
        Ok(PersonName {
            person: PersonId(Uuid::from_bytes(reader.array()?)),
            standing: Standing::from_code(reader.number()?),
            name: reader.text()?,
        })
    })?;
    section.end()?;
    Ok(Names { through, names })
}
