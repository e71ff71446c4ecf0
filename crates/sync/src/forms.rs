//! Step: which forms there are for this person; their content follows by hash.

use sampan_record::ids::FormVersionId;

use crate::error::SyncError;
use crate::limits;
use crate::log::{Caller, OfficeLog};
use crate::wire::bytes::{Reader, Writer, short};

/// What a form version may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FormState {
    /// New interviews begin under it.
    Published,
    /// No new interviews; running ones go on.
    Closed,
}

/// One form version that a person may use.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FormListing {
    /// The author's name for the form, the same in all versions.
    pub form_id: String,
    /// The version: content hash of the form's canonical bytes.
    pub version: FormVersionId,
    /// Title for people.
    pub title: String,
    /// The author's version label.
    pub label: String,
    /// What it may be used for.
    pub state: FormState,
}

/// A short digest of a listing, so that it travels only when it changed. Never all zeros.
pub fn digest(listings: &[FormListing]) -> [u8; 8] {
    let mut section = Writer::default();
    write(&mut section, listings);
    let mut digest = [0u8; 8];
    for (to, from) in digest.iter_mut().zip(blake3::hash(&section.bytes).as_bytes()) {
        *to = *from;
    }
    if digest == [0; 8] {
        digest = [1; 8];
    }
    digest
}

/// Office half: the listing, when it is not the one the device has.
///
/// # Errors
/// The store's.
pub fn answer(
    log: &mut dyn OfficeLog,
    caller: &Caller,
    known: [u8; 8],
) -> Result<Option<Vec<FormListing>>, SyncError> {
    let mut listings = log.forms(caller)?;
    listings.truncate(limits::FORMS);
    Ok((digest(&listings) != known).then_some(listings))
}

/// Writes a listing.
pub fn write(section: &mut Writer, listings: &[FormListing]) {
    section.count(listings.len());
    for listing in listings {
        section.raw(&listing.version.0);
        section.u8(match listing.state {
            FormState::Published => 0,
            FormState::Closed => 1,
        });
        for text in [&listing.form_id, &listing.title, &listing.label] {
            section.blob(short(text).as_bytes());
        }
    }
}

/// Reads a listing.
///
/// # Errors
/// `Malformed` and `TooLarge`.
pub fn read(section: &mut Reader<'_>) -> Result<Vec<FormListing>, SyncError> {
    let listings = section.list(limits::FORMS, "forms", |reader| {
        let version = reader.content()?;
        let state = match reader.u8()? {
            0 => FormState::Published,
            1 => FormState::Closed,
            _ => return Err(reader.wrong("a form has an unknown state")),
        };
        Ok(FormListing {
            form_id: reader.text()?,
            version,
            title: reader.text()?,
            label: reader.text()?,
            state,
        })
    })?;
    section.end()?;
    Ok(listings)
}
