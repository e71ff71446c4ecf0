//! Forms and files on this device: which there are, which are wanted, which are whole.

use rusqlite::params;
use sampan_record::ids::{ContentHash, FormVersionId};

use crate::blob::Progress;
use crate::device::DeviceStore;
use crate::device::columns::Bytes;
use crate::error::StoreError;

/// A form version this device has heard of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormRow {
    /// The version.
    pub version: FormVersionId,
    /// The author's name for the form.
    pub form_id: String,
    /// Title for people.
    pub title: String,
    /// The author's label for the version.
    pub label: String,
    /// Whether new interviews may begin under it.
    pub is_offered: bool,
    /// Whether the form itself is here.
    pub is_here: bool,
    /// Whether its attachments are known; see [`DeviceStore::set_form`].
    pub is_read: bool,
    /// Attachments that are not here yet, by file name.
    pub missing_files: Vec<String>,
}

/// What content is for; the number stands in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Purpose {
    /// A form version.
    Form = 0,
    /// A file that belongs to a form.
    Attachment = 1,
    /// A file that belongs to an answer.
    Media = 2,
}

impl DeviceStore {
    /// All form versions known here: those for new interviews first, in the office's order.
    pub fn forms(&self) -> Result<Vec<FormRow>, StoreError> {
        let failed = StoreError::sql("read the forms");
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT f.version, f.form_id, f.title, f.label, f.listed, coalesce(c.is_whole, 0), f.is_read
                 FROM forms f LEFT JOIN contents c ON c.hash = f.version
                 ORDER BY CASE f.listed WHEN 1 THEN 0 WHEN 2 THEN 1 ELSE 2 END, f.place, f.form_id, f.version",
            )
            .map_err(&failed)?;
        let mut forms = statement
            .query_map([], |row| {
                Ok(FormRow {
                    version: ContentHash(row.get::<_, Bytes<32>>(0)?.0),
                    form_id: row.get(1)?,
                    title: row.get(2)?,
                    label: row.get(3)?,
                    is_offered: row.get::<_, i64>(4)? == 1,
                    is_here: row.get(5)?,
                    is_read: row.get(6)?,
                    missing_files: Vec::new(),
                })
            })
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(&failed)?;
        for form in &mut forms {
            form.missing_files = self.missing_files(form.version)?;
        }
        Ok(forms)
    }

    /// Form versions that are whole here and whose attachments are not known yet.
    pub fn unread_forms(&self) -> Result<Vec<FormVersionId>, StoreError> {
        let failed = StoreError::sql("read the forms");
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT c.hash FROM contents c LEFT JOIN forms f ON f.version = c.hash
                 WHERE c.purpose = 0 AND c.is_whole = 1 AND coalesce(f.is_read, 0) = 0",
            )
            .map_err(&failed)?;
        statement
            .query_map([], |row| Ok(ContentHash(row.get::<_, Bytes<32>>(0)?.0)))
            .and_then(Iterator::collect)
            .map_err(&failed)
    }

    /// Keeps what a form says about itself (name, title, label) and which files it needs (name and hash); those that
    /// are not here become wanted.
    pub fn set_form(
        &mut self,
        version: FormVersionId,
        names: [&str; 3],
        files: &[(String, ContentHash)],
    ) -> Result<(), StoreError> {
        let what = "save a form's description";
        let failed = StoreError::sql(what);
        let mut is_whole = Vec::new();
        for (_, hash) in files {
            is_whole.push(self.blobs.size_bytes(*hash)?.is_some());
        }
        let [form_id, title, label] = names;
        self.transaction(what, |transaction| {
            transaction
                .execute(
                    "INSERT INTO forms (version, form_id, title, label, listed, is_read) VALUES (?1, ?2, ?3, ?4, 0, 1)
                     ON CONFLICT (version) DO UPDATE SET is_read = 1",
                    params![version.0, form_id, title, label],
                )
                .map_err(&failed)?;
            for ((file_name, hash), is_whole) in files.iter().zip(is_whole) {
                transaction
                    .execute(
                        "INSERT INTO form_files (version, hash, file_name) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                        params![version.0, hash.0, file_name],
                    )
                    .map_err(&failed)?;
                transaction
                    .execute(
                        "INSERT INTO contents (hash, purpose, is_whole) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                        params![hash.0, Purpose::Attachment as u8, is_whole],
                    )
                    .map_err(&failed)?;
            }
            Ok(())
        })
    }

    /// The files of a form version: name, hash, and whether it is here.
    pub fn form_files(&self, version: FormVersionId) -> Result<Vec<(String, ContentHash)>, StoreError> {
        let failed = StoreError::sql("read a form's files");
        let mut statement = self
            .connection
            .prepare_cached("SELECT file_name, hash FROM form_files WHERE version = ?1 ORDER BY file_name")
            .map_err(&failed)?;
        statement
            .query_map([version.0], |row| {
                Ok((row.get(0)?, ContentHash(row.get::<_, Bytes<32>>(1)?.0)))
            })
            .and_then(Iterator::collect)
            .map_err(&failed)
    }

    /// Whole content, verified. [`StoreError::Absent`] when it is not here.
    pub fn content(&self, hash: ContentHash) -> Result<Vec<u8>, StoreError> {
        self.blobs.read(hash)
    }

    /// Asks for content at the next sync, unless it is here.
    pub fn want(&mut self, hash: ContentHash, purpose: Purpose) -> Result<(), StoreError> {
        let is_whole = self.blobs.size_bytes(hash)?.is_some();
        self.connection
            .execute(
                "INSERT INTO contents (hash, purpose, is_whole) VALUES (?1, ?2, ?3)
                 ON CONFLICT (hash) DO UPDATE SET is_whole = max(is_whole, excluded.is_whole)",
                params![hash.0, purpose as u8, is_whole],
            )
            .map(|_| ())
            .map_err(StoreError::sql("note wanted content"))
    }

    /// Keeps a file made here, to be sent after the answers. On the disk when this returns.
    pub fn add_media(&mut self, bytes: &[u8]) -> Result<ContentHash, StoreError> {
        let hash = self.blobs.put(bytes)?;
        self.connection
            .execute(
                "INSERT INTO contents (hash, purpose, is_whole, is_own) VALUES (?1, ?2, 1, 1)
                 ON CONFLICT (hash) DO UPDATE SET is_whole = 1, is_own = 1",
                params![hash.0, Purpose::Media as u8],
            )
            .map_err(StoreError::sql("keep a file"))?;
        Ok(hash)
    }

    /// Whether all of a content is here.
    pub fn has_content(&self, hash: ContentHash) -> Result<bool, StoreError> {
        Ok(matches!(self.blobs.progress(hash)?, Progress::Whole))
    }

    fn missing_files(&self, version: FormVersionId) -> Result<Vec<String>, StoreError> {
        let failed = StoreError::sql("read a form's files");
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT f.file_name FROM form_files f LEFT JOIN contents c ON c.hash = f.hash
                 WHERE f.version = ?1 AND coalesce(c.is_whole, 0) = 0 ORDER BY f.file_name",
            )
            .map_err(&failed)?;
        statement
            .query_map([version.0], |row| row.get(0))
            .and_then(Iterator::collect)
            .map_err(&failed)
    }
}
