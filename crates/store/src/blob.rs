//! A folder of content named by its hash: forms, attachments, media; parts can arrive one by one, over days.

use std::fs::{self, File};
use std::io::{ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use sampan_record::ids::ContentHash;

use crate::error::StoreError;
use crate::open::sync_folder;

/// The largest content that is taken.
pub const MAX_BLOB_BYTES: u64 = 512 * 1024 * 1024;

/// Content by hash. Whole content stands under `<two hex digits>/<hash>`; what has arrived in part under `parts/`.
/// A name exists only when the bytes under it were verified and are on the disk.
#[derive(Debug)]
pub struct BlobFolder {
    folder: PathBuf,
    n_written: AtomicU64,
}

/// How far a content has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// All there, verified.
    Whole,
    /// Bytes from this offset on are still wanted.
    Wanted {
        /// In bytes from the beginning.
        offset: u64,
    },
}

impl BlobFolder {
    /// Opens the folder, made if absent.
    pub fn open(folder: &Path) -> Result<BlobFolder, StoreError> {
        let parts = folder.join("parts");
        fs::create_dir_all(&parts).map_err(StoreError::file("make the folder", &parts))?;
        sync_folder(folder)?;
        Ok(BlobFolder {
            folder: folder.to_path_buf(),
            n_written: AtomicU64::new(0),
        })
    }

    /// Where whole content of this name stands or would stand.
    pub fn path(&self, hash: ContentHash) -> PathBuf {
        let name = hash.to_hex();
        let shelf = name.get(..2).unwrap_or_default().to_owned();
        self.folder.join(shelf).join(name)
    }

    /// Size in bytes of whole content; None when it is not (wholly) here.
    pub fn size_bytes(&self, hash: ContentHash) -> Result<Option<u64>, StoreError> {
        let path = self.path(hash);
        match fs::metadata(&path) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::file("look at", &path)(error)),
        }
    }

    /// Whole content, verified again. [`StoreError::Absent`] when it is not here.
    pub fn read(&self, hash: ContentHash) -> Result<Vec<u8>, StoreError> {
        let path = self.path(hash);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(StoreError::Absent {
                    what: "content",
                    name: hash.to_hex(),
                });
            }
            Err(error) => return Err(StoreError::file("read", &path)(error)),
        };
        if hash_of(&bytes) != hash {
            return Err(StoreError::WrongContent { hash });
        }
        Ok(bytes)
    }

    /// A part of whole content: up to `max_bytes` from `offset`, fewer at the end. None when it is not here.
    pub fn read_part(
        &self,
        hash: ContentHash,
        offset: u64,
        max_bytes: usize,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        use std::io::Read;
        let path = self.path(hash);
        let failed = StoreError::file("read", &path);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        file.seek(SeekFrom::Start(offset)).map_err(&failed)?;
        let mut bytes = Vec::new();
        file.take(u64::try_from(max_bytes).unwrap_or(u64::MAX))
            .read_to_end(&mut bytes)
            .map_err(&failed)?;
        Ok(Some(bytes))
    }

    /// Keeps whole content and gives its name. On the disk when this returns.
    pub fn put(&self, bytes: &[u8]) -> Result<ContentHash, StoreError> {
        let size_bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        within_limit(size_bytes)?;
        let hash = hash_of(bytes);
        if self.size_bytes(hash)? == Some(size_bytes) {
            return Ok(hash);
        }
        let number = self.n_written.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}.{}-{number}.whole", hash.to_hex(), std::process::id());
        let beginning = self.folder.join("parts").join(name);
        let failed = StoreError::file("write", &beginning);
        let mut file = File::create(&beginning).map_err(&failed)?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        if let Err(error) = written {
            let _ = fs::remove_file(&beginning);
            return Err(failed(error));
        }
        self.shelve(&beginning, hash)?;
        Ok(hash)
    }

    /// From where bytes of this content are wanted.
    pub fn progress(&self, hash: ContentHash) -> Result<Progress, StoreError> {
        if self.size_bytes(hash)?.is_some() {
            return Ok(Progress::Whole);
        }
        let path = self.part(hash);
        match fs::metadata(&path) {
            Ok(metadata) => Ok(Progress::Wanted {
                offset: metadata.len(),
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Progress::Wanted { offset: 0 }),
            Err(error) => Err(StoreError::file("look at", &path)(error)),
        }
    }

    /// Takes bytes of a content of `total` bytes, beginning at `offset`. What is already here is not written again; a
    /// part that begins beyond what is here is not taken (the answer says what is wanted). When the last byte is there
    /// the whole is verified: damaged content is dropped with [`StoreError::WrongContent`].
    pub fn add_part(
        &self,
        hash: ContentHash,
        total: u64,
        offset: u64,
        bytes: &[u8],
    ) -> Result<Progress, StoreError> {
        within_limit(total)?;
        let have = match self.progress(hash)? {
            Progress::Whole => return Ok(Progress::Whole),
            Progress::Wanted { offset } => offset,
        };
        let end = offset.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if end > total {
            return Err(StoreError::TooLarge {
                size_bytes: end,
                limit_bytes: total,
            });
        }
        let path = self.part(hash);
        let failed = StoreError::file("write", &path);
        let fresh = have
            .checked_sub(offset)
            .and_then(|known| usize::try_from(known).ok())
            .and_then(|known| bytes.get(known..));
        if let Some(fresh) = fresh {
            let mut file = File::options()
                .create(true)
                .append(true)
                .open(&path)
                .map_err(&failed)?;
            file.write_all(fresh)
                .and_then(|()| file.sync_data())
                .map_err(&failed)?;
        }
        match self.progress(hash)? {
            Progress::Wanted { offset } if offset >= total => self.finish_part(hash),
            progress @ (Progress::Wanted { .. } | Progress::Whole) => Ok(progress),
        }
    }

    /// Names of all whole content, in order of their hashes.
    pub fn list(&self) -> Result<Vec<ContentHash>, StoreError> {
        let failed = StoreError::file("look into", &self.folder);
        let mut hashes = Vec::new();
        for shelf in fs::read_dir(&self.folder).map_err(&failed)? {
            let shelf = shelf.map_err(&failed)?.path();
            if !shelf.is_dir() || shelf.ends_with("parts") {
                continue;
            }
            for entry in fs::read_dir(&shelf).map_err(&failed)? {
                let name = entry.map_err(&failed)?.file_name();
                hashes.extend(name.to_str().and_then(ContentHash::from_hex));
            }
        }
        hashes.sort_unstable();
        Ok(hashes)
    }

    fn part(&self, hash: ContentHash) -> PathBuf {
        self.folder.join("parts").join(format!("{}.part", hash.to_hex()))
    }

    fn finish_part(&self, hash: ContentHash) -> Result<Progress, StoreError> {
        let path = self.part(hash);
        let failed = StoreError::file("verify", &path);
        let mut hasher = blake3::Hasher::new();
        let mut file = File::open(&path).map_err(&failed)?;
        std::io::copy(&mut file, &mut hasher).map_err(&failed)?;
        if ContentHash(*hasher.finalize().as_bytes()) != hash {
            fs::remove_file(&path).map_err(StoreError::file("remove the damaged", &path))?;
            return Err(StoreError::WrongContent { hash });
        }
        file.sync_all().map_err(&failed)?;
        self.shelve(&path, hash)?;
        Ok(Progress::Whole)
    }

    /// Moves verified bytes to their name, and makes the name survive a power cut.
    fn shelve(&self, from: &Path, hash: ContentHash) -> Result<(), StoreError> {
        let target = self.path(hash);
        let shelf = target.parent().unwrap_or(&self.folder);
        if !shelf.exists() {
            fs::create_dir_all(shelf).map_err(StoreError::file("make the folder", shelf))?;
            sync_folder(&self.folder)?;
        }
        fs::rename(from, &target).map_err(StoreError::file("put in its place", &target))?;
        sync_folder(shelf)
    }
}

/// The name of content.
pub fn hash_of(bytes: &[u8]) -> ContentHash {
    ContentHash(*blake3::hash(bytes).as_bytes())
}

fn within_limit(size_bytes: u64) -> Result<(), StoreError> {
    if size_bytes > MAX_BLOB_BYTES {
        return Err(StoreError::TooLarge {
            size_bytes,
            limit_bytes: MAX_BLOB_BYTES,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
