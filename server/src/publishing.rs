//! Forms: upload, check, attach, preview, publish, close.

use sampan_record::ids::FormVersionId;

use crate::access::Principal;
use crate::error::OfficeError;
use crate::state::Office;
use crate::views::{DownloadView, FormView, PreviewView, UploadOutcome};

/// Reads a spreadsheet. Files that it names can come along or be attached later by the same call with
/// [`attach`]. The same content again is the same draft.
pub fn upload(
    _office: &Office,
    _who: &Principal,
    _file_name: &str,
    _bytes: &[u8],
    _attachments: &[(String, Vec<u8>)],
) -> Result<UploadOutcome, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// Gives a draft one of the files it names; returns the version's new name, since files are part of it.
pub fn attach(
    _office: &Office,
    _who: &Principal,
    _version: FormVersionId,
    _file_name: &str,
    _bytes: &[u8],
) -> Result<UploadOutcome, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// All forms, by title.
pub fn list(_office: &Office, _who: &Principal) -> Result<Vec<FormView>, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// One form with all its versions.
pub fn view(_office: &Office, _who: &Principal, _form_id: &str) -> Result<FormView, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// Offers a version to devices for new interviews; an earlier published version of the form is closed for new ones
/// but interviews under it go on. Publishing again is no error.
pub fn publish(
    _office: &Office,
    _who: &Principal,
    _version: FormVersionId,
    _key: &str,
) -> Result<(), OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// Closes a version for new interviews.
pub fn close(
    _office: &Office,
    _who: &Principal,
    _version: FormVersionId,
    _key: &str,
) -> Result<(), OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// The form as an enumerator would see it, made with the interview engine.
pub fn preview(
    _office: &Office,
    _who: &Principal,
    _version: FormVersionId,
    _language: Option<&str>,
) -> Result<PreviewView, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}

/// The spreadsheet or attachment as it was uploaded; `file_name` None = the spreadsheet.
pub fn download(
    _office: &Office,
    _who: &Principal,
    _version: FormVersionId,
    _file_name: Option<&str>,
) -> Result<DownloadView, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}
