//! Forms ready to use: each version read from the blob folder once, with its tables.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sampan_form::compiled::Form;
use sampan_form::def::FormDef;
use sampan_form::external::{Table, Tables};
use sampan_form::package;
use sampan_interview::plan::Plan;
use sampan_interview::schema::FormSchema;
use sampan_record::ids::{ContentHash, FormVersionId};
use sampan_store::blob::BlobFolder;
use sampan_store::error::StoreError;

use crate::error::OfficeError;

/// Most form versions kept ready.
const KEPT: usize = 64;

/// A form version ready to use.
#[derive(Debug, Clone)]
pub struct ShelfForm {
    /// Its name.
    pub version: FormVersionId,
    /// For running it.
    pub plan: Arc<Plan>,
    /// For the record's codec.
    pub schema: FormSchema,
}

impl ShelfForm {
    /// The compiled form.
    pub fn form(&self) -> &Arc<Form> {
        self.plan.form()
    }
}

/// The forms that are ready.
#[derive(Debug, Default)]
pub struct Shelf {
    ready: Mutex<HashMap<FormVersionId, ShelfForm>>,
}

impl Shelf {
    /// A form version by its name; None when its package is not in the folder. Files it names that are not here (a
    /// form that a device brought) are left out: its choices from them stay empty.
    pub fn form(&self, blobs: &BlobFolder, version: FormVersionId) -> Result<Option<ShelfForm>, OfficeError> {
        if let Some(form) = self.lock().get(&version) {
            return Ok(Some(form.clone()));
        }
        let bytes = match blobs.read(version) {
            Ok(bytes) => bytes,
            Err(StoreError::Absent { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let Some(form) = ready(blobs, version, &bytes)? else {
            return Ok(None);
        };
        let mut ready = self.lock();
        if ready.len() >= KEPT {
            ready.clear();
        }
        ready.insert(version, form.clone());
        Ok(Some(form))
    }

    /// Forgets a version, after a file of it arrived.
    pub fn forget(&self, version: FormVersionId) {
        self.lock().remove(&version);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<FormVersionId, ShelfForm>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// None when the bytes are no form that this program can run.
fn ready(blobs: &BlobFolder, version: FormVersionId, bytes: &[u8]) -> Result<Option<ShelfForm>, OfficeError> {
    let Ok(def) = package::from_bytes(bytes) else {
        return Ok(None);
    };
    let tables = tables(blobs, &def)?;
    let Ok(form) = Form::compile(Arc::new(def)) else {
        return Ok(None);
    };
    let form = Arc::new(form);
    Ok(Some(ShelfForm {
        version,
        plan: Arc::new(Plan::new(Arc::clone(&form), Arc::new(tables))),
        schema: FormSchema(form),
    }))
}

/// The tables of a form as far as they are in the folder.
pub fn tables(blobs: &BlobFolder, def: &FormDef) -> Result<Tables, OfficeError> {
    let mut tables = Tables::new();
    for file in &def.external {
        let hash = file.content_hash.as_deref().and_then(ContentHash::from_hex);
        let Some(hash) = hash else { continue };
        let bytes = match blobs.read(hash) {
            Ok(bytes) => bytes,
            Err(StoreError::Absent { .. }) => continue,
            Err(error) => return Err(error.into()),
        };
        if let Ok(table) = Table::read(&file.file_name, &bytes) {
            tables.insert(&file.id, Arc::new(table));
        }
    }
    Ok(tables)
}
