//! Form versions: what is drafted, published, closed. Packages and files stand in the blob folder by their hashes.

use rusqlite::{Row, params};

use sampan_record::ids::{ContentHash, FormVersionId, PersonId};

use crate::error::StoreError;
use crate::office::session::{Reading, Writing, content_at};

/// What a form version may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormRowState {
    /// Not offered yet.
    Draft,
    /// New interviews begin under it.
    Published,
    /// No new interviews; running ones go on.
    Closed,
    /// Never published here; came from a device with its records.
    Known,
}

/// A form version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormRow {
    /// Hash of its package.
    pub version: FormVersionId,
    /// The author's name for the form.
    pub form_id: String,
    /// The author's label of the version.
    pub label: String,
    /// Title.
    pub title: String,
    /// What it may be used for.
    pub state: FormRowState,
    /// File name of the spreadsheet.
    pub source_name: Option<String>,
    /// The spreadsheet, in the blob folder.
    pub source: Option<ContentHash>,
    /// When it came.
    pub uploaded_at_ms: i64,
    /// Who uploaded it.
    pub uploaded_by: Option<PersonId>,
    /// When it was published.
    pub published_at_ms: Option<i64>,
}

impl FormRowState {
    /// The word in the database.
    pub fn word(self) -> &'static str {
        match self {
            FormRowState::Draft => "draft",
            FormRowState::Published => "published",
            FormRowState::Closed => "closed",
            FormRowState::Known => "known",
        }
    }

    fn from_word(word: &str) -> FormRowState {
        match word {
            "draft" => FormRowState::Draft,
            "published" => FormRowState::Published,
            "closed" => FormRowState::Closed,
            // An unknown word is the state that allows least.
            _ => FormRowState::Known,
        }
    }
}

const FORM: &str = "SELECT version, form_id, label, title, state, source_name, source, uploaded_at_ms,
    uploaded_by, published_at_ms FROM form_version";

fn form_row(row: &Row<'_>) -> rusqlite::Result<FormRow> {
    Ok(FormRow {
        version: content_at(row, 0)?,
        form_id: row.get(1)?,
        label: row.get(2)?,
        title: row.get(3)?,
        state: FormRowState::from_word(&row.get::<_, String>(4)?),
        source_name: row.get(5)?,
        source: row.get::<_, Option<[u8; 32]>>(6)?.map(ContentHash),
        uploaded_at_ms: row.get(7)?,
        uploaded_by: row
            .get::<_, Option<[u8; 16]>>(8)?
            .map(|bytes| PersonId(uuid::Uuid::from_bytes(bytes))),
        published_at_ms: row.get(9)?,
    })
}

impl Reading<'_> {
    /// A form version.
    pub fn form(&self, version: FormVersionId) -> Result<Option<FormRow>, StoreError> {
        self.first(
            "read a form version",
            &format!("{FORM} WHERE version = ?1"),
            params![version.0],
            form_row,
        )
    }

    /// All versions of all forms that were not replaced as drafts; newest first within a form, forms by name.
    pub fn forms(&self) -> Result<Vec<FormRow>, StoreError> {
        self.all(
            "read the forms",
            &format!(
                "{FORM} AS this WHERE state <> 'draft'
                     OR NOT EXISTS (SELECT 1 FROM form_version AS next WHERE next.succeeds = this.version)
                 ORDER BY form_id, uploaded_at_ms DESC, rowid DESC"
            ),
            [],
            form_row,
        )
    }
}

impl Writing<'_> {
    /// Keeps a form version; `succeeds` names the draft it takes the place of. One that only came from a device becomes
    /// a draft when it is uploaded. False when it was here already.
    pub fn add_form(&self, form: &FormRow, succeeds: Option<FormVersionId>) -> Result<bool, StoreError> {
        let n_rows = self.run(
            "keep a form version",
            "INSERT INTO form_version (version, form_id, label, title, state, source_name, source, uploaded_at_ms,
                 uploaded_by, published_at_ms, succeeds)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (version) DO UPDATE SET state = excluded.state, source_name = excluded.source_name,
                 source = excluded.source, uploaded_at_ms = excluded.uploaded_at_ms, uploaded_by = excluded.uploaded_by
             WHERE state = 'known' AND excluded.state = 'draft'",
            params![
                form.version.0,
                form.form_id,
                form.label,
                form.title,
                form.state.word(),
                form.source_name,
                form.source.map(|hash| hash.0),
                form.uploaded_at_ms,
                form.uploaded_by.map(|person| *person.0.as_bytes()),
                form.published_at_ms,
                succeeds.map(|version| version.0)
            ],
        )?;
        Ok(n_rows == 1)
    }

    /// Offers a version for new interviews; the form's other published versions are closed.
    pub fn publish_form(&self, form_id: &str, version: FormVersionId, now_ms: i64) -> Result<(), StoreError> {
        self.run(
            "close the version before",
            "UPDATE form_version SET state = 'closed' WHERE form_id = ?1 AND state = 'published' AND version <> ?2",
            params![form_id, version.0],
        )?;
        self.run(
            "publish a form version",
            "UPDATE form_version SET state = 'published', published_at_ms = coalesce(published_at_ms, ?2)
             WHERE version = ?1",
            params![version.0, now_ms],
        )?;
        Ok(())
    }

    /// Closes a version for new interviews.
    pub fn close_form(&self, version: FormVersionId) -> Result<(), StoreError> {
        self.run(
            "close a form version",
            "UPDATE form_version SET state = 'closed' WHERE version = ?1 AND state = 'published'",
            params![version.0],
        )?;
        Ok(())
    }
}
