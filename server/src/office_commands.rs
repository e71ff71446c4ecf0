//! What the server's other commands do: people, backup, restore, rebuild, verify.

use std::path::Path;
use std::sync::Arc;

use sampan_record::ids::DeviceId;
use sampan_store::office::backup::{self, Counted};
use sampan_store::office::identity::Birth;
use sampan_store::office::rows::ListRow;
use sampan_store::office::{Access, OfficeStore};
use sampan_sync::receipt::{Generation, Position};
use uuid::Uuid;

use crate::access::Grant;
use crate::config::Config;
use crate::error::OfficeError;
use crate::intake;
use crate::people::{self, PersonRequest};
use crate::projecting;
use crate::state::{Chance, Clock, Office, SystemChance, SystemClock};
use crate::views::PersonView;

/// The manifest's file in a backup.
pub const MANIFEST: &str = "manifest.json";
/// The folder of signing keys, in an office and in a backup.
pub const KEYS: &str = "keys";
/// Version of the manifest. 1, 2026-11-24: the first.
const MANIFEST_VERSION: u32 = 1;

/// What a backup holds, as its manifest says.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Manifest {
    /// Version of the manifest.
    pub manifest: u32,
    /// The office's generation at the moment of the backup, 16 hexadecimal digits.
    pub generation: String,
    /// The position of the last change in it.
    pub position: u64,
    /// Number of changes.
    pub n_changes: u64,
    /// Number of records.
    pub n_records: u64,
    /// Number of people.
    pub n_people: u64,
    /// Number of files in `blobs/`.
    pub n_blobs: u64,
    /// BLAKE3 over the names of all changes in the order of positions, hex.
    pub digest: String,
    /// BLAKE3 of the database file, hex.
    pub database: String,
    /// When, ms since 1970 UTC.
    pub made_at_ms: i64,
}

/// What a check found.
#[derive(Debug, Clone, Default)]
pub struct Verification {
    /// Changes looked at.
    pub n_changes: u64,
    /// Records looked at.
    pub n_records: u64,
    /// What is wrong, in words; empty = all well.
    pub problems: Vec<String>,
}

/// Adds a person from the command line; returns the password that was made, if none was given.
pub fn add_person(office: &Office, request: &PersonRequest) -> Result<Option<String>, OfficeError> {
    let (row, made) = people::new_person(office, request)?;
    let now_ms = office.now_ms();
    office.store().write(|writing| {
        if !writing.add_person(&row)? {
            return Err(people::login_taken(&row.login));
        }
        writing.set_roles(row.person, &people::role_rows(&request.grants))?;
        writing.note_audit(now_ms, None, &format!("added {}", row.login))?;
        Ok::<_, OfficeError>(())
    })?;
    Ok(made)
}

/// All people.
pub fn list_people(office: &Office) -> Result<Vec<PersonView>, OfficeError> {
    people::all(office)
}

/// Sets a password by login; returns it when it was made here.
pub fn set_password(
    office: &Office,
    login: &str,
    password: Option<&str>,
) -> Result<Option<String>, OfficeError> {
    let (password, made) = people::password_or_new(office, password)?;
    let phc = office.hashing().hash(&password, &office.random())?;
    let now_ms = office.now_ms();
    office.store().write(|writing| {
        let login = login.trim().to_lowercase();
        let person = writing.person_by_login(&login)?.ok_or_else(|| {
            OfficeError::invalid(
                format!("There is no account `{login}`."),
                "List them with `sampan-server people list`.",
            )
        })?;
        writing.set_password(person.person, &phc)?;
        writing.note_audit(now_ms, None, &format!("set the password of {login}"))?;
        Ok::<_, OfficeError>(())
    })?;
    Ok(made)
}

/// Gives a person these roles and no others, by login.
pub fn set_role(office: &Office, login: &str, grants: &[Grant]) -> Result<(), OfficeError> {
    let now_ms = office.now_ms();
    office.store().write(|writing| {
        let login = login.trim().to_lowercase();
        let row = writing.person_by_login(&login)?.ok_or_else(|| {
            OfficeError::invalid(
                format!("There is no account `{login}`."),
                "List them with `sampan-server people list`.",
            )
        })?;
        people::set_roles(office, writing, &row, grants)?;
        writing.note_audit(now_ms, None, &format!("set the roles of {login}"))?;
        Ok::<_, OfficeError>(())
    })
}

/// Copies the office to an empty folder while it runs, and notes that changes up to here are backed up.
pub fn backup(office: &Office, to: &Path) -> Result<Manifest, OfficeError> {
    let generation = office.identity()?.generation;
    private_folder(to)?;
    let counted = office.store().copy_to(to)?;
    copy_files(&office.keys_folder(), &to.join(KEYS))?;
    let manifest = manifest(&counted, generation, office.now_ms());
    let json = serde_json::to_vec_pretty(&manifest)
        .map_err(|error| OfficeError::Damaged(format!("the manifest: {error}")))?;
    // The manifest comes last: a backup without one is none.
    write_whole(&to.join(MANIFEST), &json)?;
    let now_ms = office.now_ms();
    office.store().write(|writing| {
        writing.set_backed_up_through(counted.position)?;
        writing.note_audit(now_ms, None, "made a backup")?;
        Ok::<_, OfficeError>(())
    })?;
    Ok(manifest)
}

/// Puts a backup into an empty folder as a new generation; returns its manifest with the new generation.
pub fn restore(from: &Path, config: &Config) -> Result<Manifest, OfficeError> {
    restore_with(from, config, &SystemClock, &SystemChance)
}

/// As [`restore`], with clock and chance given.
pub fn restore_with(
    from: &Path,
    config: &Config,
    clock: &dyn Clock,
    chance: &dyn Chance,
) -> Result<Manifest, OfficeError> {
    let path = from.join(MANIFEST);
    let bytes = std::fs::read(&path).map_err(|source| OfficeError::File {
        what: format!("{} (a backup without a manifest is not whole)", path.display()),
        source,
    })?;
    let before: Manifest = serde_json::from_slice(&bytes)
        .map_err(|error| OfficeError::Damaged(format!("the backup's manifest: {error}")))?;
    if before.manifest > MANIFEST_VERSION {
        return Err(OfficeError::invalid(
            "The backup was made by a newer version.",
            "Install the newer version.",
        ));
    }
    backup::must_be_empty(&config.data)?;
    let counted = backup::count_copy(from)?;
    if hex(&counted.database) != before.database || hex(&counted.digest) != before.digest {
        return Err(OfficeError::Damaged(
            "the backup is not what its manifest says; take another one".into(),
        ));
    }
    private_folder(&config.data)?;
    backup::copy_back(from, &config.data)?;
    copy_files(&from.join(KEYS), &config.data.join(KEYS))?;
    let random = |bytes: &mut [u8]| chance.fill(bytes);
    let mut bits = [[0_u8; 8]; 2];
    bits.iter_mut().for_each(|bits| random(bits));
    let [generation, incarnation] = bits.map(u64::from_le_bytes);
    let birth = Birth {
        generation: Generation(generation),
        device: DeviceId(Uuid::nil()),
        incarnation,
    };
    let now_ms = clock.now_ms();
    let store = OfficeStore::open(&config.data, Access::Serve, config.executor, &birth, now_ms)?;
    store.write(|writing| {
        writing.be_restored(Generation(generation), incarnation)?;
        writing.note_audit(now_ms, None, "restored from a backup")?;
        Ok::<_, OfficeError>(())
    })?;
    Ok(Manifest {
        generation: Generation(generation).to_string(),
        ..before
    })
}

/// Computes all projections anew from the changes; returns how many records there are.
pub fn rebuild(office: &Office) -> Result<u64, OfficeError> {
    office.store().write(|writing| {
        writing.clear_rows()?;
        let records = writing.records()?;
        for record in &records {
            if let Some(row) = projecting::row(office, writing, *record)? {
                writing.put_row(&row)?;
            }
        }
        // What devices may see follows from the lists.
        for person in writing.people_with_devices()? {
            intake::look_again(office, writing, person)?;
        }
        Ok(u64::try_from(records.len()).unwrap_or(u64::MAX))
    })
}

/// Checks the database, the chains, the receipts and the projections.
pub fn verify(office: &Office) -> Result<Verification, OfficeError> {
    office.store().read(|reading| {
        let checked = reading.check()?;
        let mut verification = Verification {
            n_changes: checked.n_changes,
            n_records: 0,
            problems: checked.problems,
        };
        for record in reading.records()? {
            verification.n_records += 1;
            let made = match projecting::row(office, reading, record) {
                Ok(Some(made)) => made,
                Ok(None) => continue,
                Err(error) => {
                    verification.problems.push(format!("record {record}: {error}"));
                    continue;
                }
            };
            let kept = match reading.row(record)? {
                Some(kept) => Some(ListRow {
                    media: reading.media_of(record)?,
                    ..kept
                }),
                None => None,
            };
            if kept.as_ref() != Some(&made) {
                verification.problems.push(format!(
                    "the lists are out of step with record {record}; run `sampan-server rebuild`"
                ));
            }
        }
        for hash in missing_forms(office)? {
            verification.problems.push(format!(
                "the content of form version {hash} is not in the blob folder"
            ));
        }
        Ok(verification)
    })
}

fn missing_forms(office: &Office) -> Result<Vec<String>, OfficeError> {
    let rows = office
        .store()
        .read(|reading| Ok::<_, OfficeError>(reading.forms()?))?;
    let mut missing = Vec::new();
    for row in rows {
        if office.store().blobs().size_bytes(row.version)?.is_none() {
            missing.push(row.version.to_hex());
        }
    }
    Ok(missing)
}

fn manifest(counted: &Counted, generation: Generation, made_at_ms: i64) -> Manifest {
    let Position(position) = counted.position;
    Manifest {
        manifest: MANIFEST_VERSION,
        generation: generation.to_string(),
        position,
        n_changes: counted.n_changes,
        n_records: counted.n_records,
        n_people: counted.n_people,
        n_blobs: counted.n_blobs,
        digest: hex(&counted.digest),
        database: hex(&counted.database),
        made_at_ms,
    }
}

/// Copies the files of a folder, not what is below; none where the folder is absent. Readable by the owner only.
fn copy_files(from: &Path, to: &Path) -> Result<(), OfficeError> {
    let failed = |path: &Path| {
        let what = path.display().to_string();
        move |source| OfficeError::File { what, source }
    };
    let entries = match std::fs::read_dir(from) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(from)(error)),
    };
    std::fs::create_dir_all(to).map_err(failed(to))?;
    private(to, 0o700)?;
    for entry in entries {
        let path = entry.map_err(failed(from))?.path();
        let Some(name) = path.file_name().filter(|_| path.is_file()) else {
            continue;
        };
        let target = to.join(name);
        std::fs::copy(&path, &target).map_err(failed(&path))?;
        private(&target, 0o600)?;
        std::fs::File::open(&target)
            .and_then(|file| file.sync_all())
            .map_err(failed(&target))?;
    }
    Ok(())
}

/// Makes a folder that only its owner can look into; one that is there stays as it is.
fn private_folder(folder: &Path) -> Result<(), OfficeError> {
    if folder.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(folder).map_err(|source| OfficeError::File {
        what: folder.display().to_string(),
        source,
    })?;
    private(folder, 0o700)
}

#[cfg(unix)]
fn private(path: &Path, mode: u32) -> Result<(), OfficeError> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).map_err(|source| {
        OfficeError::File {
            what: path.display().to_string(),
            source,
        }
    })
}

#[cfg(not(unix))]
fn private(_path: &Path, _mode: u32) -> Result<(), OfficeError> {
    Ok(())
}

fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), OfficeError> {
    use std::io::Write;
    let failed = |source| OfficeError::File {
        what: path.display().to_string(),
        source,
    };
    let beginning = path.with_extension("new");
    let mut file = std::fs::File::create(&beginning).map_err(failed)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(failed)?;
    std::fs::rename(&beginning, path).map_err(failed)?;
    if let Some(folder) = path.parent() {
        sampan_store::open::sync_folder(folder)?;
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An office for one command, with the machine's clock and chance.
pub fn open_for_command(data: &Path) -> Result<Office, OfficeError> {
    Office::open(
        Config::for_command(data.to_path_buf()),
        Arc::new(SystemClock),
        Arc::new(SystemChance),
    )
}
