//! Forms: upload, check, attach, preview, publish, close.

pub mod picture;
pub mod preview;
mod problems;

use std::sync::Arc;

use sampan_form::compiled::Form;
use sampan_form::def::{FormDef, Role as QuestionRole};
use sampan_form::external::{Table, Tables};
use sampan_form::package;
use sampan_form::problem::Problem;
use sampan_record::ids::{ContentHash, FormVersionId};
use sampan_store::error::StoreError;
use sampan_store::office::forms::{FormRow, FormRowState};
use sampan_store::office::rows::{Facet, RowFilter};
use sampan_xlsform::reading::{self, Options};

use crate::access::{Action, Principal, Resource};
use crate::error::OfficeError;
use crate::people::may;
use crate::publishing::problems::{file_problem, problem_view};
use crate::reviewing::listing;
use crate::shelf;
use crate::state::Office;
use crate::views::{
    AttachmentView, DownloadView, FormProblemView, FormVersionView, FormView, PreviewView, UploadOutcome,
};

/// How doubtful cells of a spreadsheet are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// What is wrong is an error.
    Strictly,
    /// What is wrong and can only mean one thing is read as that, and said.
    Leniently,
}

impl Reads {
    fn options(self) -> Options {
        Options {
            lenient: self == Reads::Leniently,
            ..Options::default()
        }
    }
}

/// Reads a spreadsheet. Files that it names can come along, come over from the form's version before, or be attached
/// later with [`attach`]. The same content again is the same draft.
pub fn upload(
    office: &Office,
    who: &Principal,
    file_name: &str,
    bytes: &[u8],
    attachments: &[(String, Vec<u8>)],
    reads: Reads,
) -> Result<UploadOutcome, OfficeError> {
    may(who, Action::ManageForms, &Resource::Office)?;
    check_size(office, file_name, bytes)?;
    let read = match reading::read_file(bytes, file_name, &reads.options()) {
        Ok(read) => read,
        Err(problems) => return Ok(refused(&problems)),
    };
    let mut def = read.form;
    let mut problems: Vec<FormProblemView> = read.warnings.iter().map(problem_view).collect();
    for (name, content) in attachments {
        check_size(office, name, content)?;
        if let Err(problem) = put_file(office, &mut def, name, content)? {
            problems.push(problem);
        }
    }
    carry_over(office, &mut def)?;
    let source = office.store().blobs().put(bytes)?;
    draft(office, who, def, Some((file_name, source)), None, problems)
}

/// What reading a refused spreadsheet leniently would mend, when that is enough to make a draft of it; None when it is
/// not. The spreadsheet is held for [`upload_held`] under the name that comes back.
pub fn mendings(
    office: &Office,
    who: &Principal,
    file_name: &str,
    bytes: &[u8],
) -> Result<Option<(Vec<FormProblemView>, ContentHash)>, OfficeError> {
    may(who, Action::ManageForms, &Resource::Office)?;
    check_size(office, file_name, bytes)?;
    let Ok(read) = reading::read_file(bytes, file_name, &Reads::Leniently.options()) else {
        return Ok(None);
    };
    let mended: Vec<FormProblemView> = read
        .warnings
        .iter()
        .map(problem_view)
        .filter(|problem| problem.is_mended)
        .collect();
    // Devices compile strictly, so a form that needs more than mended cells is none yet.
    if mended.is_empty() || Form::compile(Arc::new(read.form)).is_err() {
        return Ok(None);
    }
    Ok(Some((mended, office.store().blobs().put(bytes)?)))
}

/// Makes a draft of a spreadsheet that [`mendings`] holds, read leniently.
pub fn upload_held(
    office: &Office,
    who: &Principal,
    file_name: &str,
    held: ContentHash,
) -> Result<UploadOutcome, OfficeError> {
    may(who, Action::ManageForms, &Resource::Office)?;
    let Ok(bytes) = office.store().blobs().read(held) else {
        return Err(OfficeError::invalid(
            "The spreadsheet is not here any more.",
            "Go back and upload it again.",
        ));
    };
    upload(office, who, file_name, &bytes, &[], Reads::Leniently)
}

/// Gives a draft one of the files it names; returns the version's new name, since files are part of it.
pub fn attach(
    office: &Office,
    who: &Principal,
    version: FormVersionId,
    file_name: &str,
    bytes: &[u8],
) -> Result<UploadOutcome, OfficeError> {
    may(who, Action::ManageForms, &Resource::Office)?;
    check_size(office, file_name, bytes)?;
    let row = form_row(office, version)?;
    if row.state != FormRowState::Draft {
        return Err(OfficeError::Conflict {
            message: "A published version never changes.".into(),
            advice: "Upload the spreadsheet again together with the new file: that makes a new version."
                .into(),
        });
    }
    let form = office.form(version)?.ok_or(OfficeError::Absent)?;
    let mut def = FormDef::clone(form.form().def());
    if let Err(problem) = put_file(office, &mut def, file_name, bytes)? {
        return Ok(UploadOutcome::Refused {
            problems: vec![problem],
        });
    }
    let source = row.source_name.as_deref().zip(row.source);
    draft(office, who, def, source, Some(version), Vec::new())
}

/// All forms, by title.
pub fn list(office: &Office, who: &Principal) -> Result<Vec<FormView>, OfficeError> {
    may(who, Action::SeeForms, &Resource::Office)?;
    let (rows, counts) = office.store().read(|reading| {
        let counts = reading.facet(Facet::Form, &listing::sights(who), &RowFilter::default())?;
        Ok::<_, OfficeError>((reading.forms()?, counts))
    })?;
    let may_manage = may(who, Action::ManageForms, &Resource::Office).is_ok();
    let mut views: Vec<FormView> = Vec::new();
    for row in rows {
        if row.state == FormRowState::Draft && !may_manage {
            continue;
        }
        let form_id = row.form_id.clone();
        let version = version_view(office, row)?;
        match views.iter_mut().find(|view| view.form_id == form_id) {
            Some(view) => view.versions.push(version),
            None => views.push(FormView {
                title: version.title.clone(),
                n_records: counts
                    .iter()
                    .find(|(id, _)| *id == form_id)
                    .map_or(0, |(_, n)| *n),
                form_id,
                versions: vec![version],
            }),
        }
    }
    views.sort_by(|left, right| (&left.title, &left.form_id).cmp(&(&right.title, &right.form_id)));
    Ok(views)
}

/// One form with all its versions.
pub fn view(office: &Office, who: &Principal, form_id: &str) -> Result<FormView, OfficeError> {
    list(office, who)?
        .into_iter()
        .find(|view| view.form_id == form_id)
        .ok_or(OfficeError::Absent)
}

/// Offers a version to devices for new interviews; an earlier published version of the form is closed for new ones
/// but interviews under it go on. Publishing again is no error.
pub fn publish(
    office: &Office,
    who: &Principal,
    version: FormVersionId,
    key: &str,
) -> Result<(), OfficeError> {
    may(who, Action::ManageForms, &Resource::Office)?;
    let row = form_row(office, version)?;
    let view = version_view(office, row.clone())?;
    if let Some(problem) = view.problems.iter().find(|problem| problem.is_error) {
        return Err(OfficeError::invalid(
            format!("This version cannot be published: {}.", problem.message),
            problem.advice.clone(),
        ));
    }
    let now_ms = office.now_ms();
    office.once(who, key, |writing| {
        writing.publish_form(&row.form_id, version, now_ms)?;
        Ok(((), format!("published {} version {}", row.form_id, row.label)))
    })
}

/// Closes a version for new interviews.
pub fn close(office: &Office, who: &Principal, version: FormVersionId, key: &str) -> Result<(), OfficeError> {
    may(who, Action::ManageForms, &Resource::Office)?;
    let row = form_row(office, version)?;
    office.once(who, key, |writing| {
        writing.close_form(version)?;
        Ok(((), format!("closed {} version {}", row.form_id, row.label)))
    })
}

/// The form as an enumerator would see it.
pub fn preview(
    office: &Office,
    who: &Principal,
    version: FormVersionId,
    language: Option<&str>,
) -> Result<PreviewView, OfficeError> {
    may(who, Action::SeeForms, &Resource::Office)?;
    let row = form_row(office, version)?;
    if row.state == FormRowState::Draft {
        may(who, Action::ManageForms, &Resource::Office)?;
    }
    let form = office.form(version)?.ok_or(OfficeError::Absent)?;
    Ok(preview::preview(&form, language))
}

/// The spreadsheet or attachment as it was uploaded; `file_name` None = the spreadsheet.
pub fn download(
    office: &Office,
    who: &Principal,
    version: FormVersionId,
    file_name: Option<&str>,
) -> Result<DownloadView, OfficeError> {
    may(who, Action::SeeForms, &Resource::Office)?;
    let row = form_row(office, version)?;
    if row.state == FormRowState::Draft {
        may(who, Action::ManageForms, &Resource::Office)?;
    }
    let (file_name, hash, media_type) = match file_name {
        None => (
            row.source_name.ok_or(OfficeError::Absent)?,
            row.source.ok_or(OfficeError::Absent)?,
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        Some(wanted) => {
            let form = office.form(version)?.ok_or(OfficeError::Absent)?;
            let file = form
                .form()
                .def()
                .external
                .iter()
                .find(|file| file.file_name == wanted);
            let hash = file
                .and_then(|file| file.content_hash.as_deref())
                .and_then(ContentHash::from_hex)
                .ok_or(OfficeError::Absent)?;
            (wanted.to_string(), hash, "text/csv; charset=utf-8")
        }
    };
    Ok(DownloadView {
        file_name,
        media_type: media_type.to_string(),
        bytes: office.store().blobs().read(hash)?,
    })
}

/// Keeps a form as a draft.
pub(crate) fn draft(
    office: &Office,
    who: &Principal,
    def: FormDef,
    source: Option<(&str, ContentHash)>,
    succeeds: Option<FormVersionId>,
    mut problems: Vec<FormProblemView>,
) -> Result<UploadOutcome, OfficeError> {
    let tables = shelf::tables(office.store().blobs(), &def)?;
    let form = match Form::compile(Arc::new(def)) {
        Ok(form) => form,
        Err(problems) => return Ok(refused(&problems)),
    };
    problems.extend(table_problems(&form, &tables));
    let def = form.def();
    let version = office.store().blobs().put(&package::to_bytes(def))?;
    let now_ms = office.now_ms();
    let row = FormRow {
        version,
        form_id: def.form_id.clone(),
        label: def.version.clone(),
        title: def.title.clone(),
        state: FormRowState::Draft,
        source_name: source.map(|(name, _)| name.to_string()),
        source: source.map(|(_, hash)| hash),
        uploaded_at_ms: now_ms,
        uploaded_by: Some(who.person),
        published_at_ms: None,
    };
    let succeeds = succeeds.filter(|before| *before != version);
    office.store().write(|writing| {
        if writing.add_form(&row, succeeds)? {
            let what = format!("uploaded {} version {}", row.form_id, row.label);
            writing.note_audit(now_ms, Some(who.person), &what)?;
        }
        Ok::<_, OfficeError>(())
    })?;
    Ok(UploadOutcome::Draft {
        form_id: row.form_id,
        version,
        problems,
    })
}

/// Puts a file that the form names into the folder. The inner error says that the form does not name it, or that it is
/// no usable table.
fn put_file(
    office: &Office,
    def: &mut FormDef,
    name: &str,
    bytes: &[u8],
) -> Result<Result<(), FormProblemView>, OfficeError> {
    // A browser may send a whole path; only the last part is the name, and it is data, never a path here.
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let named: Vec<String> = def.external.iter().map(|file| file.file_name.clone()).collect();
    let Some(file) = def
        .external
        .iter_mut()
        .find(|file| file.file_name.eq_ignore_ascii_case(name))
    else {
        let advice = if named.is_empty() {
            "Leave the file out; this form needs none.".to_string()
        } else {
            format!("Attach a file with one of these names: {}.", named.join(", "))
        };
        return Ok(Err(file_problem(
            name,
            "the form names no such file".into(),
            advice,
            false,
        )));
    };
    if let Err(error) = Table::read(name, bytes) {
        return Ok(Err(file_problem(
            name,
            error.to_string(),
            "Correct the file and attach it again.".into(),
            true,
        )));
    }
    file.content_hash = Some(office.store().blobs().put(bytes)?.to_hex());
    Ok(Ok(()))
}

/// Takes files that are not given over from the newest version of the form that has them.
fn carry_over(office: &Office, def: &mut FormDef) -> Result<(), OfficeError> {
    if def.external.iter().all(|file| file.content_hash.is_some()) {
        return Ok(());
    }
    let rows = office
        .store()
        .read(|reading| Ok::<_, OfficeError>(reading.forms()?))?;
    for row in rows.iter().filter(|row| row.form_id == def.form_id) {
        let Some(form) = office.form(row.version)? else {
            continue;
        };
        for file in def.external.iter_mut().filter(|file| file.content_hash.is_none()) {
            file.content_hash = form
                .form()
                .def()
                .external
                .iter()
                .find(|before| before.file_name == file.file_name)
                .and_then(|before| before.content_hash.clone());
        }
    }
    Ok(())
}

fn version_view(office: &Office, row: FormRow) -> Result<FormVersionView, OfficeError> {
    let form = office.form(row.version)?;
    let row_source = match row.state {
        FormRowState::Draft => row.source_name.clone().zip(row.source),
        FormRowState::Published | FormRowState::Closed | FormRowState::Known => None,
    };
    let mut view = FormVersionView {
        version: row.version,
        label: row.label,
        title: row.title,
        state: row.state.word().to_string(),
        uploaded_at_ms: row.uploaded_at_ms,
        published_at_ms: row.published_at_ms,
        n_questions: 0,
        languages: Vec::new(),
        attachments: Vec::new(),
        problems: Vec::new(),
        can_publish: false,
    };
    let Some(form) = form else {
        view.problems.push(file_problem(
            "",
            "the form's content is not here or cannot be read by this version".into(),
            "Upload the spreadsheet again.".into(),
            true,
        ));
        return Ok(view);
    };
    let def = form.form().def();
    view.n_questions = form
        .form()
        .questions()
        .filter(|node| matches!(node.question(), Some((QuestionRole::Ask, _))))
        .count();
    view.languages = def.languages.clone();
    for file in &def.external {
        let hash = file.content_hash.as_deref().and_then(ContentHash::from_hex);
        view.attachments.push(AttachmentView {
            file_name: file.file_name.clone(),
            size_bytes: match hash {
                Some(hash) => office.store().blobs().size_bytes(hash)?,
                None => None,
            },
        });
    }
    view.problems = form.form().warnings().iter().map(problem_view).collect();
    for remark in remarks(office, row_source.as_ref())? {
        if !view.problems.contains(&remark) {
            view.problems.push(remark);
        }
    }
    view.problems
        .extend(table_problems(form.form(), form.plan.tables()));
    let has_error = view.problems.iter().any(|problem| problem.is_error);
    view.can_publish = !has_error && row.state != FormRowState::Published;
    Ok(view)
}

/// What reading a draft's spreadsheet had to say: warnings, and what was mended.
fn remarks(
    office: &Office,
    source: Option<&(String, ContentHash)>,
) -> Result<Vec<FormProblemView>, OfficeError> {
    let Some((name, source)) = source else {
        return Ok(Vec::new());
    };
    let bytes = match office.store().blobs().read(*source) {
        Ok(bytes) => bytes,
        Err(StoreError::Absent { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let read = [Reads::Strictly, Reads::Leniently]
        .iter()
        .find_map(|reads| reading::read_file(&bytes, name, &reads.options()).ok());
    Ok(read
        .map(|read| read.warnings.iter().map(problem_view).collect())
        .unwrap_or_default())
}

fn table_problems(form: &Form, tables: &Tables) -> Vec<FormProblemView> {
    form.check_tables(tables).iter().map(problem_view).collect()
}

fn refused(problems: &[Problem]) -> UploadOutcome {
    UploadOutcome::Refused {
        problems: problems.iter().map(problem_view).collect(),
    }
}

fn form_row(office: &Office, version: FormVersionId) -> Result<FormRow, OfficeError> {
    office
        .store()
        .read(|reading| Ok::<_, OfficeError>(reading.form(version)?))?
        .ok_or(OfficeError::Absent)
}

fn check_size(office: &Office, file_name: &str, bytes: &[u8]) -> Result<(), OfficeError> {
    let limit = office.config().upload_limit_bytes;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        return Err(OfficeError::invalid(
            format!("{file_name} is larger than {} MiB.", limit / 1024 / 1024),
            "Leave out what the form does not need.",
        ));
    }
    Ok(())
}
