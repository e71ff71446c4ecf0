//! Key files: 32 secret bytes and the day they were made, readable by their owner only, written whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::tokens::{Chance, TokenError};

const FIRST_LINE: &str = "sampan-key-v1";
const MAX_FILE_BYTES: u64 = 256;

/// A secret and when it was made.
pub struct KeyFile {
    /// 32 random bytes.
    pub secret: [u8; 32],
    /// Milliseconds since 1970.
    pub created_ms: i64,
}

/// The folder for keys, mode 0700.
pub fn make_folder(folder: &Path) -> Result<(), TokenError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| failed(folder, source))
}

/// A key; None when there is no such file. A file that others can read is refused.
pub fn read(path: &Path) -> Result<Option<KeyFile>, TokenError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(source) if source.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(failed(path, source)),
    };
    let mode = file
        .metadata()
        .map_err(|source| failed(path, source))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        return Err(TokenError::Open(path.into()));
    }
    let mut text = String::new();
    file.take(MAX_FILE_BYTES)
        .read_to_string(&mut text)
        .map_err(|source| failed(path, source))?;
    parse(&text)
        .map(Some)
        .ok_or_else(|| TokenError::Damaged(path.into()))
}

/// A new key in place of whatever was there.
pub fn create(path: &Path, chance: Chance<'_>, now_ms: i64) -> Result<KeyFile, TokenError> {
    let secret = chance();
    if secret == [0u8; 32] {
        return Err(TokenError::Chance);
    }
    let key = KeyFile {
        secret,
        created_ms: now_ms,
    };
    write(path, &key)?;
    Ok(key)
}

/// Copies a key to another name.
pub fn copy(from: &Path, to: &Path) -> Result<(), TokenError> {
    let key = read(from)?.ok_or_else(|| TokenError::Damaged(from.into()))?;
    write(to, &key)
}

/// Whole and on disk under its name, or not there at all.
fn write(path: &Path, key: &KeyFile) -> Result<(), TokenError> {
    let beside = path.with_extension("new");
    let hex: String = key.secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = format!("{FIRST_LINE}\n{}\n{hex}\n", key.created_ms);
    let written = || -> std::io::Result<()> {
        let _ = fs::remove_file(&beside);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        match path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    };
    written().map_err(|source| failed(path, source))
}

fn parse(text: &str) -> Option<KeyFile> {
    let mut lines = text.lines();
    if lines.next()? != FIRST_LINE {
        return None;
    }
    let created_ms = lines.next()?.parse().ok()?;
    let hex = sampan_record::ids::ContentHash::from_hex(lines.next()?)?;
    Some(KeyFile {
        secret: hex.0,
        created_ms,
    })
}

fn failed(path: &Path, source: std::io::Error) -> TokenError {
    TokenError::File {
        path: path.into(),
        source,
    }
}
