//! What the server's other commands do: people, backup, restore, rebuild, verify.

use std::path::Path;

use crate::config::Config;
use crate::error::OfficeError;
use crate::people::PersonRequest;
use crate::state::Office;
use crate::views::PersonView;

/// What a backup holds, as its manifest says.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Manifest {
    /// Version of the manifest.
    pub manifest: u32,
    /// The office's generation at the moment of the backup.
    pub generation: u64,
    /// The position of the last change in it.
    pub position: u64,
    /// Number of changes.
    pub n_changes: u64,
    /// Number of records.
    pub n_records: u64,
    /// Number of people.
    pub n_people: u64,
    /// Number of files in `blobs/`.
    pub n_blobs: u64,
    /// BLAKE3 over all change hashes in the order of positions, hex.
    pub digest: String,
    /// BLAKE3 of the database file, hex.
    pub database: String,
    /// When, ms since 1970 UTC.
    pub made_at_ms: i64,
}

/// What a check found.
#[derive(Debug, Clone, Default)]
pub struct Verification {
    /// Changes looked at.
    pub n_changes: u64,
    /// Records looked at.
    pub n_records: u64,
    /// What is wrong, in words; empty = all well.
    pub problems: Vec<String>,
}

/// Adds a person from the command line; returns the password that was made, if none was given.
pub fn add_person(_office: &Office, _request: &PersonRequest) -> Result<Option<String>, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// All people.
pub fn list_people(_office: &Office) -> Result<Vec<PersonView>, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// Sets a password by login; returns it when it was made here.
pub fn set_password(
    _office: &Office,
    _login: &str,
    _password: Option<&str>,
) -> Result<Option<String>, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// Copies the office to an empty folder while it runs, and notes that changes up to here are backed up.
pub fn backup(_office: &Office, _to: &Path) -> Result<Manifest, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// Puts a backup into an empty folder as a new generation; returns its manifest with the new generation.
pub fn restore(_from: &Path, _config: &Config) -> Result<Manifest, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// Computes all projections anew from the changes; returns how many records there are.
pub fn rebuild(_office: &Office) -> Result<u64, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// Checks the database, the chains, the receipts and the projections.
pub fn verify(_office: &Office) -> Result<Verification, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}
