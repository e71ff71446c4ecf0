//! A new device made of the sealed files of another one.

use std::path::Path;

use sampan_record::ids::RecordId;
use sampan_store::device::{DeviceStore, Surroundings};
use sampan_store::error::StoreError;
use sampan_store::sealed::{self, Sealed};

use crate::api::{DamagedFileView, RecordRef, RecoveredView};
use crate::client::Inner;
use crate::error::ClientError;

/// Fills a new folder with what sealed files hold.
pub(super) fn recover(
    from: &Path,
    to: &Path,
    surroundings: Surroundings,
) -> Result<RecoveredView, ClientError> {
    let beside = from.join(sealed::FOLDER);
    let folder = if beside.is_dir() {
        beside
    } else {
        from.to_path_buf()
    };
    let paths = sealed::list(&folder)?;
    if paths.is_empty() {
        return Err(ClientError::NothingSealed { folder });
    }
    let is_used = to.exists() && std::fs::read_dir(to).is_ok_and(|mut inside| inside.next().is_some());
    if is_used {
        return Err(ClientError::Store(StoreError::NotEmpty {
            folder: to.to_path_buf(),
        }));
    }
    let mut view = RecoveredView::default();
    let mut store = DeviceStore::open(to, surroundings)?;
    let target = store.sealed_folder();
    for path in paths {
        let sealed = match read(&path) {
            Ok(sealed) => sealed,
            Err(reason) => {
                view.damaged.push(DamagedFileView { path, reason });
                continue;
            }
        };
        view.n_changes = view.n_changes.saturating_add(store.take_recovered(&sealed)?);
        // Until what is in it is at the office, it is kept here too.
        sealed.write(&target)?;
        view.records.push(RecordRef(sealed.record.to_string()));
        if !view.people.contains(&sealed.person_login) {
            view.people.push(sealed.person_login);
        }
        if !view.offices.contains(&sealed.server_url) {
            view.offices.push(sealed.server_url);
        }
    }
    store.add_line(
        "recovered",
        &format!(
            "{} interviews were recovered from {}; {} files could not be read.",
            view.records.len(),
            folder.display(),
            view.damaged.len()
        ),
    )?;
    Ok(view)
}

/// A sealed file, or why it cannot be read. One bad file stops none of the others.
fn read(path: &Path) -> Result<Sealed, String> {
    match Sealed::read(path) {
        Ok(Ok(sealed)) => Ok(sealed),
        Ok(Err(damage)) => Err(damage.reason.to_owned()),
        Err(error) => Err(match std::error::Error::source(&error) {
            Some(source) => source.to_string(),
            None => error.to_string(),
        }),
    }
}

/// Keeps an interview as a file of its own as well, now that it is saved. What cannot be written now is written at the
/// next sync or start; the interview is in the database whatever comes of it.
pub(crate) fn seal(inner: &Inner, record: RecordId) {
    let mut store = inner.store();
    if let Err(error) = store.seal(record) {
        // A disk without room for this line has none for the file either: the next sync tries again.
        let _ = store.add_line(
            "unsealed",
            &format!("The interview {record} is saved, but not yet as a file of its own: {error}."),
        );
    }
}

/// Refuses work on an interview of which it is not known yet what the office has.
pub(crate) fn refuse_recovering(inner: &Inner, record: RecordId) -> Result<(), ClientError> {
    match inner.store().is_recovering(record)? {
        true => Err(ClientError::CannotOpen {
            reason: "it was recovered; sync once, so that it is known what the office has of it".into(),
        }),
        false => Ok(()),
    }
}
