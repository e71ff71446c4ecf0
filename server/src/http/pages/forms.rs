//! Forms: their list, uploading a spreadsheet, its errors by cell, the preview, publishing.

use askama::Template;
use sampan_record::ids::{ContentHash, FormVersionId};

use crate::error::OfficeError;
use crate::http::ask::{Ask, Content, Reply, Trouble};
use crate::http::pages::{Frame, page};
use crate::http::words;
use crate::publishing::{self, Reads, picture};
use crate::views::{FormProblemView, FormView, PictureView, PreviewView, UploadOutcome};

#[derive(Template)]
#[template(path = "forms.html")]
struct ListPage<'a> {
    frame: &'a Frame,
    forms: &'a [FormView],
}

#[derive(Template)]
#[template(path = "form_upload.html")]
struct UploadPage<'a> {
    frame: &'a Frame,
    key: String,
    file_name: &'a str,
    /// Empty when nothing was refused.
    picture: &'a PictureView,
    n_wrong: usize,
    n_mended: usize,
    /// What a lenient reading can be made of; empty when there is no such choice.
    held: String,
}

#[derive(Template)]
#[template(path = "form.html")]
struct FormPage<'a> {
    frame: &'a Frame,
    form: &'a FormView,
    key: String,
}

#[derive(Template)]
#[template(path = "form_preview.html")]
struct PreviewPage<'a> {
    frame: &'a Frame,
    preview: &'a PreviewView,
    can_publish: bool,
    key: String,
}

/// `GET /forms`.
pub fn list(ask: &Ask) -> Result<Reply, Trouble> {
    let forms = publishing::list(&ask.site.office, ask.person()?)?;
    page(&ListPage {
        frame: &Frame::for_ask(ask, "forms", "Forms")?,
        forms: &forms,
    })
}

/// `GET /forms/upload`.
pub fn show_upload(ask: &Ask) -> Result<Reply, Trouble> {
    upload_page(ask, 200, "", &PictureView::default(), None)
}

/// `POST /forms/upload`: a spreadsheet and the files it names.
pub fn upload(ask: &Ask) -> Result<Reply, Trouble> {
    if let Some(held) = ContentHash::from_hex(ask.field("held")) {
        let name = ask.field("held_name");
        return match publishing::upload_held(&ask.site.office, ask.person()?, name, held)? {
            UploadOutcome::Refused { problems } => {
                let picture = picture::picture(&[], name, problems);
                upload_page(ask, 422, name, &picture, None)
            }
            draft @ UploadOutcome::Draft { .. } => outcome_page(ask, name, draft, "mended"),
        };
    }
    let is_sheet = |name: &str| {
        let name = name.to_ascii_lowercase();
        [".xlsx", ".xls", ".ods"].iter().any(|end| name.ends_with(end))
    };
    let sheet = ask
        .files
        .iter()
        .find(|file| file.field == "form")
        .or_else(|| ask.files.iter().find(|file| is_sheet(&file.name)))
        .ok_or_else(|| {
            OfficeError::invalid(
                "No spreadsheet came along.",
                "Go back and choose the .xlsx file of the form.",
            )
        })?;
    let attachments: Vec<(String, Vec<u8>)> = ask
        .files
        .iter()
        .filter(|file| !std::ptr::eq(*file, sheet))
        .map(|file| (file.name.clone(), file.bytes.to_vec()))
        .collect();
    let outcome = publishing::upload(
        &ask.site.office,
        ask.person()?,
        &sheet.name,
        &sheet.bytes,
        &attachments,
        Reads::Strictly,
    )?;
    match outcome {
        UploadOutcome::Refused { problems } => refused_page(ask, &sheet.name, &sheet.bytes, problems),
        draft @ UploadOutcome::Draft { .. } => outcome_page(ask, &sheet.name, draft, "uploaded"),
    }
}

/// `POST /forms/{form}/{version}/attach`: files that a draft names.
pub fn attach(ask: &Ask) -> Result<Reply, Trouble> {
    let mut version: FormVersionId = version(ask)?;
    if ask.files.is_empty() {
        return Err(OfficeError::invalid("No file came along.", "Go back and choose the file.").into());
    }
    let mut last = None;
    for file in &ask.files {
        let outcome = publishing::attach(&ask.site.office, ask.person()?, version, &file.name, &file.bytes)?;
        match &outcome {
            UploadOutcome::Draft { version: next, .. } => version = *next,
            UploadOutcome::Refused { .. } => return outcome_page(ask, &file.name, outcome, "attached"),
        }
        last = Some((file.name.clone(), outcome));
    }
    match last {
        Some((name, outcome)) => outcome_page(ask, &name, outcome, "attached"),
        None => Err(Trouble::NoPage),
    }
}

fn outcome_page(ask: &Ask, file_name: &str, outcome: UploadOutcome, done: &str) -> Result<Reply, Trouble> {
    match outcome {
        UploadOutcome::Draft { form_id, .. } => Ok(Reply::see(format!(
            "/forms/{}?done={done}",
            words::percent(&form_id)
        ))),
        UploadOutcome::Refused { problems } => {
            let picture = picture::picture(&[], file_name, problems);
            upload_page(ask, 422, file_name, &picture, None)
        }
    }
}

/// What is wrong with a spreadsheet, at a picture of it, and what a lenient reading would make of it.
fn refused_page(
    ask: &Ask,
    file_name: &str,
    bytes: &[u8],
    mut problems: Vec<FormProblemView>,
) -> Result<Reply, Trouble> {
    let mendings = publishing::mendings(&ask.site.office, ask.person()?, file_name, bytes)?;
    let mut held = None;
    if let Some((mended, hash)) = mendings {
        problems.extend(mended);
        held = Some(hash);
    }
    let picture = picture::picture(bytes, file_name, problems);
    upload_page(ask, 422, file_name, &picture, held)
}

fn upload_page(
    ask: &Ask,
    status: u16,
    file_name: &str,
    picture: &PictureView,
    held: Option<ContentHash>,
) -> Result<Reply, Trouble> {
    let frame = Frame::for_ask(ask, "forms", "Upload a form")?;
    let mut reply = page(&UploadPage {
        key: frame.key(&ask.site),
        frame: &frame,
        file_name,
        picture,
        n_wrong: picture
            .problems
            .iter()
            .filter(|problem| !problem.is_mended)
            .count(),
        n_mended: picture
            .problems
            .iter()
            .filter(|problem| problem.is_mended)
            .count(),
        held: held.map(|hash| hash.to_hex()).unwrap_or_default(),
    })?;
    if let Content::Page(page_status, _) = &mut reply.content {
        *page_status = status;
    }
    Ok(reply)
}

/// `GET /forms/{form}`.
pub fn show(ask: &Ask) -> Result<Reply, Trouble> {
    let form = publishing::view(&ask.site.office, ask.person()?, ask.part("form")?)?;
    let frame = Frame::for_ask(ask, "forms", &form.title)?;
    page(&FormPage {
        key: frame.key(&ask.site),
        frame: &frame,
        form: &form,
    })
}

/// `GET /forms/{form}/{version}/preview`.
pub fn preview(ask: &Ask) -> Result<Reply, Trouble> {
    let version = version(ask)?;
    let language = Some(ask.wanted("language")).filter(|language| !language.is_empty());
    let preview = publishing::preview(&ask.site.office, ask.person()?, version, language)?;
    let form = publishing::view(&ask.site.office, ask.person()?, &preview.form_id)?;
    let is_draft = |state: &str| state != "published";
    let frame = Frame::for_ask(ask, "forms", &preview.title)?;
    page(&PreviewPage {
        key: frame.key(&ask.site),
        can_publish: frame.is_admin
            && form
                .versions
                .iter()
                .any(|one| one.version == version && one.can_publish && is_draft(&one.state)),
        frame: &frame,
        preview: &preview,
    })
}

/// `GET /forms/{form}/{version}/file`: the spreadsheet as uploaded, or the file named `name`.
pub fn file(ask: &Ask) -> Result<Reply, Trouble> {
    let name = Some(ask.wanted("name")).filter(|name| !name.is_empty());
    let file = publishing::download(&ask.site.office, ask.person()?, version(ask)?, name)?;
    Ok(Reply::of(Content::Download {
        file_name: file.file_name,
        media_type: file.media_type,
        bytes: file.bytes,
    }))
}

/// `POST /forms/{form}/{version}/publish`.
pub fn publish(ask: &Ask) -> Result<Reply, Trouble> {
    publishing::publish(&ask.site.office, ask.person()?, version(ask)?, &ask.key())?;
    to_form(ask, "published")
}

/// `POST /forms/{form}/{version}/close`.
pub fn close(ask: &Ask) -> Result<Reply, Trouble> {
    publishing::close(&ask.site.office, ask.person()?, version(ask)?, &ask.key())?;
    to_form(ask, "closed")
}

fn to_form(ask: &Ask, done: &str) -> Result<Reply, Trouble> {
    let form = words::percent(ask.part("form")?);
    Ok(Reply::see(format!("/forms/{form}?done={done}")))
}

fn version(ask: &Ask) -> Result<FormVersionId, Trouble> {
    FormVersionId::from_hex(ask.part("version")?).ok_or(Trouble::Office(OfficeError::Absent))
}
