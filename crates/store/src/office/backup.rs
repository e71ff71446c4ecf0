//! A copy of the office's database and content while it runs, and its way back.

use std::fs::File;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use sampan_record::ids::ContentHash;
use sampan_sync::receipt::Position;

use crate::blob::BlobFolder;
use crate::error::StoreError;
use crate::office::session::{Reading, count};
use crate::office::{BLOBS, FILE_NAME, OfficeStore};
use crate::open;

/// What is in a copy, counted in the copy itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The position of the last change.
    pub position: Position,
    /// Changes.
    pub n_changes: u64,
    /// Records.
    pub n_records: u64,
    /// Accounts.
    pub n_people: u64,
    /// Files in the blob folder.
    pub n_blobs: u64,
    /// BLAKE3 over the names of all changes in the order of their positions.
    pub digest: [u8; 32],
    /// BLAKE3 of the database file.
    pub database: [u8; 32],
}

impl OfficeStore {
    /// Copies one state of the database, then the content, into an empty (or absent) folder. Writers go on meanwhile.
    pub fn copy_to(&self, folder: &Path) -> Result<Counted, StoreError> {
        must_be_empty(folder)?;
        std::fs::create_dir_all(folder).map_err(StoreError::file("make the folder", folder))?;
        let target = folder.join(FILE_NAME);
        let failed = StoreError::sql("copy the database");
        {
            let source = open::open_reader(&self.path)?;
            let mut copy = Connection::open(&target).map_err(&failed)?;
            {
                let backup = Backup::new(&source, &mut copy).map_err(&failed)?;
                loop {
                    match backup.step(-1).map_err(&failed)? {
                        StepResult::Done => break,
                        _ => std::thread::sleep(std::time::Duration::from_millis(20)),
                    }
                }
            }
            copy.close().map_err(|(_, source)| failed(source))?;
        }
        File::open(&target)
            .and_then(|file| file.sync_all())
            .map_err(StoreError::file("save", &target))?;
        // Content is only ever added, and before the rows that name it: copied after the database it holds all of it.
        let blobs = BlobFolder::open(&folder.join(BLOBS))?;
        for hash in self.blobs().list()? {
            blobs.put(&self.blobs().read(hash)?)?;
        }
        open::sync_folder(folder)?;
        count_copy(folder)
    }
}

/// Counts what is in a copy and checks that it is sound.
pub fn count_copy(folder: &Path) -> Result<Counted, StoreError> {
    let path = folder.join(FILE_NAME);
    let database = {
        let mut hasher = blake3::Hasher::new();
        let failed = StoreError::file("read", &path);
        let mut file = File::open(&path).map_err(&failed)?;
        std::io::copy(&mut file, &mut hasher).map_err(failed)?;
        *hasher.finalize().as_bytes()
    };
    let scratch = Scratch::new(folder)?;
    let copy = scratch.path.join(FILE_NAME);
    // A database in WAL mode cannot be looked at without making files beside it: it is looked at in a copy.
    std::fs::copy(&path, &copy).map_err(StoreError::file("copy", &path))?;
    let connection = Connection::open(&copy).map_err(StoreError::sql("open the copy"))?;
    let reading = Reading::new(&connection);
    let sound = reading.first("check the copy", "PRAGMA quick_check(1)", [], |row| {
        row.get::<_, String>(0)
    })?;
    if sound.as_deref() != Some("ok") {
        return Err(StoreError::Unreadable {
            what: "the copied database",
            reason: sound.unwrap_or_default(),
        });
    }
    let mut hasher = blake3::Hasher::new();
    let hashes = reading.all(
        "read the receipts",
        "SELECT hash FROM receipt ORDER BY position",
        [],
        |row| row.get::<_, [u8; 32]>(0),
    )?;
    for hash in &hashes {
        hasher.update(hash);
    }
    let blobs: Vec<ContentHash> = BlobFolder::open(&folder.join(BLOBS))?.list()?;
    Ok(Counted {
        position: reading.last_position()?,
        n_changes: count(reading.number("count changes", "SELECT count(*) FROM change", [])?),
        n_records: u64::try_from(reading.records()?.len()).unwrap_or(u64::MAX),
        n_people: reading.n_people()?,
        n_blobs: u64::try_from(blobs.len()).unwrap_or(u64::MAX),
        digest: *hasher.finalize().as_bytes(),
        database,
    })
}

/// Copies a backup's database and content into an empty (or absent) folder. The copy is still the old generation.
pub fn copy_back(from: &Path, folder: &Path) -> Result<(), StoreError> {
    must_be_empty(folder)?;
    std::fs::create_dir_all(folder).map_err(StoreError::file("make the folder", folder))?;
    let source = BlobFolder::open(&from.join(BLOBS))?;
    let blobs = BlobFolder::open(&folder.join(BLOBS))?;
    for hash in source.list()? {
        blobs.put(&source.read(hash)?)?;
    }
    let path = from.join(FILE_NAME);
    let target = folder.join(FILE_NAME);
    std::fs::copy(&path, &target).map_err(StoreError::file("copy", &path))?;
    File::open(&target)
        .and_then(|file| file.sync_all())
        .map_err(StoreError::file("save", &target))?;
    open::sync_folder(folder)
}

/// Refuses a folder that has anything in it.
pub fn must_be_empty(folder: &Path) -> Result<(), StoreError> {
    match std::fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(StoreError::NotEmpty {
                folder: folder.to_path_buf(),
            }),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(StoreError::file("look into", folder)(error)),
    }
}

/// A folder that goes when it is no longer needed.
struct Scratch {
    path: std::path::PathBuf,
}

impl Scratch {
    fn new(beside: &Path) -> Result<Scratch, StoreError> {
        let path = beside.join("checking");
        std::fs::create_dir_all(&path).map_err(StoreError::file("make the folder", &path))?;
        Ok(Scratch { path })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
