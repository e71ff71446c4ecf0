//! Sealed files: one saved interview as one self-contained file, beside the database.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use sampan_record::change::Change;
use sampan_record::codec;
use sampan_record::ids::{DeviceId, PersonId, RecordId, Replica};
use uuid::Uuid;

use crate::error::StoreError;
use crate::open::sync_folder;

/// The folder of sealed files, in the device's folder.
pub const FOLDER: &str = "sealed";

/// What a sealed file's name ends in.
pub const ENDING: &str = "sealed";

/// The largest sealed file that is read, in bytes.
pub const FILE_BYTES: u64 = 256 * 1024 * 1024;

const MAGIC: [u8; 4] = *b"SMPS";
const VERSION: u8 = 1;
/// The content is plain. 1 is kept for age.
const PLAIN: u8 = 0;
const HEAD_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// One interview as a file holds it: all its changes, with their keys, and whose device wrote the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The device that wrote the file, in the incarnation it had.
    pub writer: Replica,
    /// The person of that device.
    pub person: PersonId,
    /// What the person signs in with.
    pub person_login: String,
    /// The office's address.
    pub server_url: String,
    /// Which interview.
    pub record: RecordId,
    /// All its changes that the device held, in the order they came to it; each names its form version and brings the
    /// record's key if it travels with it.
    pub changes: Vec<Change>,
}

/// Why a file is no sealed file that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damage {
    /// In words.
    pub reason: &'static str,
}

impl Sealed {
    /// The whole file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut content = Vec::new();
        content.extend(self.writer.device.0.as_bytes());
        content.extend(self.writer.incarnation.to_be_bytes());
        content.extend(self.person.0.as_bytes());
        content.extend(self.record.0.as_bytes());
        put(&mut content, self.person_login.as_bytes());
        put(&mut content, self.server_url.as_bytes());
        content.extend(
            u32::try_from(self.changes.len())
                .unwrap_or(u32::MAX)
                .to_be_bytes(),
        );
        for change in &self.changes {
            put(&mut content, &codec::encode_change(change));
        }
        let mut file = Vec::with_capacity(content.len() + HEAD_BYTES + HASH_BYTES);
        file.extend(MAGIC);
        file.extend([VERSION, PLAIN, 0, 0]);
        file.extend(u64::try_from(content.len()).unwrap_or(u64::MAX).to_be_bytes());
        file.extend(content);
        let hash = blake3::hash(&file);
        file.extend(hash.as_bytes());
        file
    }

    /// Reads a whole file. Every byte of it counts: a file that was cut or changed anywhere is refused.
    pub fn from_bytes(file: &[u8]) -> Result<Sealed, Damage> {
        let mut head = Reader(file);
        if head.array::<4>()? != MAGIC {
            return Err(damage("it is no sealed interview"));
        }
        let [version, envelope, ..] = head.array::<4>()?;
        if version != VERSION {
            return Err(damage("it was written by a newer version of this program"));
        }
        let n_bytes = usize::try_from(u64::from_be_bytes(head.array()?)).map_err(|_| CUT)?;
        let content = head.take(n_bytes)?;
        let hash: [u8; HASH_BYTES] = head.array()?;
        if !head.0.is_empty() {
            return Err(damage("something stands behind its end"));
        }
        let covered = file.get(..file.len().saturating_sub(HASH_BYTES)).ok_or(CUT)?;
        if *blake3::hash(covered).as_bytes() != hash {
            return Err(damage("it does not have the sum that stands at its end"));
        }
        if envelope != PLAIN {
            return Err(damage("its content is encrypted"));
        }
        let mut content = Reader(content);
        let sealed = Sealed {
            writer: Replica {
                device: DeviceId(Uuid::from_bytes(content.array()?)),
                incarnation: u64::from_be_bytes(content.array()?),
            },
            person: PersonId(Uuid::from_bytes(content.array()?)),
            record: RecordId(Uuid::from_bytes(content.array()?)),
            person_login: content.text()?,
            server_url: content.text()?,
            changes: content.changes()?,
        };
        let is_whole = content.0.is_empty()
            && sealed
                .changes
                .iter()
                .all(|change| change.header.record == sealed.record);
        match is_whole {
            true => Ok(sealed),
            false => Err(damage("its content does not hold together")),
        }
    }

    /// Reads a file.
    pub fn read(path: &Path) -> Result<Result<Sealed, Damage>, StoreError> {
        let failed = StoreError::file("read", path);
        if std::fs::metadata(path).map_err(&failed)?.len() > FILE_BYTES {
            return Ok(Err(damage("it is too large to be one interview")));
        }
        Ok(Sealed::from_bytes(&std::fs::read(path).map_err(failed)?))
    }

    /// Writes the file into a folder (made if absent) in the place of an older one of the same interview. When this
    /// returns, the new file is there after a power cut too; when it fails, the older one is.
    pub fn write(&self, folder: &Path) -> Result<(), StoreError> {
        std::fs::create_dir_all(folder).map_err(StoreError::file("make the folder", folder))?;
        let path = path_of(folder, self.record);
        let part = path.with_extension("part");
        let written = File::create(&part).and_then(|mut file| {
            file.write_all(&self.to_bytes())?;
            file.sync_all()
        });
        if let Err(source) = written {
            let _ = std::fs::remove_file(&part);
            return Err(StoreError::file("write", &part)(source));
        }
        std::fs::rename(&part, &path).map_err(StoreError::file("put in its place", &path))?;
        sync_folder(folder)?;
        match folder.parent() {
            Some(above) if above.exists() => sync_folder(above),
            Some(_) | None => Ok(()),
        }
    }
}

/// Where an interview's sealed file lies in a folder of them.
pub fn path_of(folder: &Path, record: RecordId) -> PathBuf {
    folder.join(format!("{record}.{ENDING}"))
}

/// The sealed files in a folder, by name; none when there is no folder.
pub fn list(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let failed = StoreError::file("look into the folder", folder);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(&failed)? {
        let path = entry.map_err(&failed)?.path();
        if path.extension().is_some_and(|ending| ending == ENDING) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Removes an interview's sealed file, if there is one.
pub fn remove(folder: &Path, record: RecordId) -> Result<(), StoreError> {
    let path = path_of(folder, record);
    match std::fs::remove_file(&path) {
        Ok(()) => sync_folder(folder),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(StoreError::file("remove", &path)(error)),
    }
}

const CUT: Damage = damage("it is cut short");

const fn damage(reason: &'static str) -> Damage {
    Damage { reason }
}

fn put(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(part);
}

/// What is left to be read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, n_bytes: usize) -> Result<&'a [u8], Damage> {
        let (taken, rest) = self.0.split_at_checked(n_bytes).ok_or(CUT)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Damage> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(CUT)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn part(&mut self) -> Result<&'a [u8], Damage> {
        let n_bytes = u32::from_be_bytes(self.array()?);
        self.take(usize::try_from(n_bytes).map_err(|_| CUT)?)
    }

    fn text(&mut self) -> Result<String, Damage> {
        String::from_utf8(self.part()?.to_vec()).map_err(|_| damage("a text in it is none"))
    }

    fn changes(&mut self) -> Result<Vec<Change>, Damage> {
        let n_changes = u32::from_be_bytes(self.array()?);
        // Grown as they are read: the number alone makes no room.
        let mut changes = Vec::new();
        for _ in 0..n_changes {
            let bytes = self.part()?;
            changes.push(codec::decode_change(bytes).map_err(|_| damage("a change in it cannot be read"))?);
        }
        Ok(changes)
    }
}

#[cfg(test)]
mod tests;
