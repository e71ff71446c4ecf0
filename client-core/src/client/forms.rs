//! Forms on the device: listed, read when they arrive, made ready to run.

use std::sync::{Arc, PoisonError};

use sampan_form::compiled::Form;
use sampan_form::def::FormDef;
use sampan_form::external::{Table, Tables};
use sampan_form::package;
use sampan_interview::plan::Plan;
use sampan_record::ids::{ContentHash, FormVersionId};
use sampan_store::device::content::FormRow;
use sampan_store::error::StoreError;

use crate::api::FormView;
use crate::client::Inner;
use crate::error::ClientError;

/// Form versions that are kept ready to run at once; a device rarely works with more.
const MOST_PLANS: usize = 16;

/// Forms on this device, those for new interviews first.
pub(super) fn list(inner: &Inner) -> Result<Vec<FormView>, ClientError> {
    let rows = inner.store().forms()?;
    let mut forms = Vec::new();
    for row in rows {
        let languages = if row.is_here {
            read(inner, row.version)
                .map(|form| form.languages)
                .unwrap_or_default()
        } else {
            Vec::new()
        };
        forms.push(FormView {
            version: row.version.to_hex(),
            is_ready: row.is_offered && is_whole(&row),
            is_offered: row.is_offered,
            missing: missing(&row),
            form_id: row.form_id,
            label: row.label,
            title: row.title,
            languages,
        });
    }
    Ok(forms)
}

/// Forms that an interview can be begun with.
pub(super) fn n_ready(inner: &Inner) -> Result<usize, ClientError> {
    let rows = inner.store().forms()?;
    Ok(rows.iter().filter(|row| row.is_offered && is_whole(row)).count())
}

/// The version that new interviews of a form begin under.
pub(crate) fn offered(inner: &Inner, form_id: &str) -> Result<FormVersionId, ClientError> {
    let rows = inner.store().forms()?;
    let offered = || rows.iter().filter(|row| row.form_id == form_id && row.is_offered);
    if let Some(ready) = offered().find(|row| is_whole(row)) {
        return Ok(ready.version);
    }
    match offered().next() {
        Some(row) => Err(ClientError::FormNotReady {
            form_id: form_id.to_owned(),
            missing: missing(row),
        }),
        None => Err(ClientError::NoForm {
            form_id: form_id.to_owned(),
        }),
    }
}

/// The version that new interviews of a form begin under, when it is all here and another than this one.
pub(crate) fn newer(
    inner: &Inner,
    form_id: &str,
    version: FormVersionId,
) -> Result<Option<FormRow>, ClientError> {
    let rows = inner.store().forms()?;
    let mut offered = rows
        .into_iter()
        .filter(|row| row.form_id == form_id && row.is_offered && is_whole(row));
    Ok(offered.next().filter(|row| row.version != version))
}

/// A form version ready to run.
pub(crate) fn plan(inner: &Inner, version: FormVersionId) -> Result<Arc<Plan>, ClientError> {
    let known = inner
        .plans
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(&version)
        .cloned();
    if let Some(plan) = known {
        return Ok(plan);
    }
    let def = read(inner, version)?;
    let form_id = def.form_id.clone();
    let mut tables = Tables::new();
    for file in &def.external {
        let hash = file.content_hash.as_deref().and_then(ContentHash::from_hex);
        let Some(hash) = hash else {
            continue;
        };
        let bytes = inner
            .store()
            .content(hash)
            .map_err(|error| not_ready(error, &form_id, &file.file_name))?;
        let table = Table::read(&file.file_name, &bytes).map_err(|error| ClientError::FormFault {
            form_id: form_id.clone(),
            reason: format!("{}: {error}", file.file_name),
        })?;
        tables.insert(&file.id, Arc::new(table));
    }
    let form = Form::compile(Arc::new(def)).map_err(|problems| ClientError::FormFault {
        form_id: form_id.clone(),
        reason: problems
            .first()
            .map_or_else(|| "it does not compile".to_owned(), ToString::to_string),
    })?;
    let plan = Arc::new(Plan::new(Arc::new(form), Arc::new(tables)));
    let mut plans = inner.plans.lock().unwrap_or_else(PoisonError::into_inner);
    if plans.len() >= MOST_PLANS {
        plans.pop_first();
    }
    plans.insert(version, Arc::clone(&plan));
    Ok(plan)
}

/// Looks into forms that have just arrived, so that the files they need are fetched too. Gives how many there were.
pub(super) fn read_new(inner: &Inner) -> Result<usize, ClientError> {
    let unread = inner.store().unread_forms()?;
    let mut n_read = 0;
    for version in &unread {
        let bytes = inner.store().content(*version)?;
        let Ok(form) = package::from_bytes(&bytes) else {
            // Of a later version of this program: kept, listed, and not usable here.
            inner
                .store()
                .set_form(*version, [&version.to_hex(), "", ""], &[])?;
            continue;
        };
        let files: Vec<(String, ContentHash)> = form
            .external
            .iter()
            .filter_map(|file| {
                let hash = file.content_hash.as_deref().and_then(ContentHash::from_hex)?;
                Some((file.file_name.clone(), hash))
            })
            .collect();
        let mut store = inner.store();
        store.set_form(*version, [&form.form_id, &form.title, &form.version], &files)?;
        store.add_line(
            "form",
            &format!("The form {} ({}) has arrived.", form.title, form.version),
        )?;
        n_read += 1;
    }
    Ok(n_read)
}

fn read(inner: &Inner, version: FormVersionId) -> Result<FormDef, ClientError> {
    let name = version.to_hex();
    let bytes = inner
        .store()
        .content(version)
        .map_err(|error| not_ready(error, &name, "the form itself"))?;
    package::from_bytes(&bytes).map_err(|error| ClientError::FormFault {
        form_id: name,
        reason: error.to_string(),
    })
}

fn not_ready(error: StoreError, form_id: &str, missing: &str) -> ClientError {
    match error {
        StoreError::Absent { .. } => ClientError::FormNotReady {
            form_id: form_id.to_owned(),
            missing: missing.to_owned(),
        },
        other => ClientError::Store(other),
    }
}

fn is_whole(row: &FormRow) -> bool {
    row.is_here && row.is_read && row.missing_files.is_empty()
}

fn missing(row: &FormRow) -> String {
    if !row.is_here || !row.is_read {
        "the form itself".into()
    } else {
        row.missing_files.join(", ")
    }
}
