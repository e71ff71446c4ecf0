//! A file that holds some space back, so that an open interview can be saved on a full disk.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::StoreError;
use crate::open::sync_folder;

/// The file's name in the device's folder.
pub const FILE_NAME: &str = "reserve";

/// How much space it holds back, in bytes.
pub const SIZE_BYTES: usize = 1024 * 1024;

/// The file.
#[derive(Debug)]
pub struct Reserve {
    path: PathBuf,
}

impl Reserve {
    /// The one of a folder. Nothing is written yet.
    pub fn of(folder: &Path) -> Reserve {
        Reserve {
            path: folder.join(FILE_NAME),
        }
    }

    /// Whether the space is held back.
    pub fn is_there(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|found| {
            found.is_file() && usize::try_from(found.len()).is_ok_and(|size| size >= SIZE_BYTES)
        })
    }

    /// Holds the space back if it is free, and says whether it is held now. A disk without that much space is left as
    /// it was.
    pub fn fill(&self) -> bool {
        if self.is_there() {
            return true;
        }
        // Not zeros: a file system that compresses or leaves holes would hold nothing back for them.
        let mut bytes = vec![0u8; SIZE_BYTES];
        blake3::Hasher::new_derive_key("sampan 2026-11-25 reserve")
            .finalize_xof()
            .fill(&mut bytes);
        let written = File::create(&self.path).and_then(|mut file| {
            file.write_all(&bytes)?;
            file.sync_all()
        });
        if written.is_err() {
            // What was begun would only take space away.
            let _ = std::fs::remove_file(&self.path);
            return false;
        }
        true
    }

    /// Gives the space free, and says whether there was any.
    pub fn free(&self) -> Result<bool, StoreError> {
        match std::fs::remove_file(&self.path) {
            Ok(()) => {
                sync_folder(self.path.parent().unwrap_or(Path::new(".")))?;
                Ok(true)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(StoreError::file("free", &self.path)(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Reserve, SIZE_BYTES};

    #[test]
    fn a_reserve_is_held_until_it_is_freed() {
        let folder = tempfile::tempdir().unwrap();
        let reserve = Reserve::of(folder.path());
        assert!(!reserve.is_there());
        assert!(!reserve.free().unwrap());
        assert!(reserve.fill());
        assert!(reserve.fill());
        let size = std::fs::metadata(folder.path().join("reserve")).unwrap().len();
        assert_eq!(size, u64::try_from(SIZE_BYTES).unwrap());
        assert!(reserve.free().unwrap());
        assert!(!reserve.is_there());
    }
}
