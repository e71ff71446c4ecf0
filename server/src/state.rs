//! The office as one object: settings, store, clock, chance and what is remembered between requests.

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sampan_record::ids::{DeviceId, FormVersionId, PersonId, RecordId};
use sampan_store::office::OfficeStore;
use sampan_store::office::identity::{Birth, Identity};
use sampan_store::office::session::Writing;
use sampan_sync::receipt::Generation;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::access::Principal;
use crate::config::Config;
use crate::error::OfficeError;
use crate::hashing::Hashing;
use crate::shelf::{Shelf, ShelfForm};

/// Longest idempotency key.
const KEY_BYTES: usize = 128;

/// Tells the time. An argument, so that tests and simulations can set it.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970 UTC.
    fn now_ms(&self) -> i64;
}

/// Gives random bytes. An argument, so that simulations repeat.
pub trait Chance: Send + Sync {
    /// Fills the bytes; must be cryptographically strong outside tests.
    fn fill(&self, bytes: &mut [u8]);
}

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

/// The machine's randomness.
#[derive(Debug, Clone, Copy)]
pub struct SystemChance;

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

impl Chance for SystemChance {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}

/// Everything the office has. Shared by all requests (`Arc<Office>`); each function may block on the disk, so HTTP
/// handlers call from blocking threads.
pub struct Office {
    config: Config,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    store: OfficeStore,
    shelf: Shelf,
    hashing: Hashing,
}

impl std::fmt::Debug for Office {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Office")
            .field("data", &self.config.data)
            .finish_non_exhaustive()
    }
}

impl Office {
    /// Opens the folder, makes it when it is empty, and brings the database to the present schema.
    pub fn open(
        config: Config,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
    ) -> Result<Office, OfficeError> {
        let random = |bytes: &mut [u8]| chance.fill(bytes);
        let birth = Birth {
            generation: Generation(u64_from(random)),
            device: DeviceId(uuid_v4(random)),
            incarnation: u64_from(random),
        };
        if !config.data.exists() {
            make_private(&config.data)?;
        }
        let store = OfficeStore::open(
            &config.data,
            config.access,
            config.executor,
            &birth,
            clock.now_ms(),
        )?;
        let mut salt = [0; 16];
        random(&mut salt);
        let hashing = Hashing::new(config.argon2_memory_kib, &salt)?;
        let office = Office {
            config,
            clock,
            chance,
            store,
            shelf: Shelf::default(),
            hashing,
        };
        make_private(&office.keys_folder())?;
        Ok(office)
    }

    /// Settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The database and the content.
    pub fn store(&self) -> &OfficeStore {
        &self.store
    }

    /// Passwords.
    pub(crate) fn hashing(&self) -> &Hashing {
        &self.hashing
    }

    /// Now, ms since 1970 UTC.
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Random bytes.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.chance.fill(&mut bytes);
        bytes
    }

    /// Random bytes as text that fits into links and forms.
    pub fn random_text<const N: usize>(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.random::<N>())
    }

    /// A random UUIDv4.
    pub(crate) fn new_uuid(&self) -> Uuid {
        uuid_v4(|bytes| self.chance.fill(bytes))
    }

    /// A fresh idempotency key for a page's form (hidden field `key`).
    pub fn new_key(&self) -> String {
        self.random_text::<18>()
    }

    /// The folder of signing keys, `keys/` in the data folder; made when the office is opened, mode 0700.
    pub fn keys_folder(&self) -> PathBuf {
        self.config.data.join("keys")
    }

    /// True when the database can be read.
    pub fn is_healthy(&self) -> bool {
        self.identity().is_ok()
    }

    /// What this office is: generation, its own replica, how far it is backed up.
    pub fn identity(&self) -> Result<Identity, OfficeError> {
        self.store.read(|reading| Ok(reading.identity()?))
    }

    /// A form version ready to use; None when the office does not have it.
    pub fn form(&self, version: FormVersionId) -> Result<Option<ShelfForm>, OfficeError> {
        self.shelf.form(self.store.blobs(), version)
    }

    /// Forgets a ready form, after a file of it arrived.
    pub(crate) fn forget_form(&self, version: FormVersionId) {
        self.shelf.forget(version);
    }

    /// Does something once: under a key that was used before by this person, the result of that time is returned and
    /// nothing is done. The act, its result and its line in the audit are one transaction.
    pub(crate) fn once<T: Serialize + DeserializeOwned>(
        &self,
        who: &Principal,
        key: &str,
        act: impl FnOnce(&Writing<'_>) -> Result<(T, String), OfficeError>,
    ) -> Result<T, OfficeError> {
        if key.is_empty() || key.len() > KEY_BYTES {
            return Err(OfficeError::invalid(
                "The page sent no key.",
                "Open the page again and repeat.",
            ));
        }
        let now_ms = self.now_ms();
        self.store.write(|writing| {
            if let Some(result) = writing.act(who.person, key)? {
                return serde_json::from_str(&result).map_err(|_| OfficeError::Conflict {
                    message: "This was already done from another page.".into(),
                    advice: "Open the page again.".into(),
                });
            }
            let (result, what) = act(writing)?;
            let kept = serde_json::to_string(&result)
                .map_err(|error| OfficeError::Damaged(format!("a result: {error}")))?;
            writing.note_act(who.person, key, &kept, now_ms)?;
            writing.note_audit(now_ms, Some(who.person), &what)?;
            Ok(result)
        })
    }
}

/// A person's id from text; `Absent` for anything else, so that guessing ids tells nothing.
pub fn person_id(text: &str) -> Result<PersonId, OfficeError> {
    text.parse().map_err(|_| OfficeError::Absent)
}

/// A record's id from text; `Absent` for anything else.
pub fn record_id(text: &str) -> Result<RecordId, OfficeError> {
    text.parse().map_err(|_| OfficeError::Absent)
}

fn u64_from(random: impl Fn(&mut [u8])) -> u64 {
    let mut bytes = [0; 8];
    random(&mut bytes);
    u64::from_le_bytes(bytes)
}

fn uuid_v4(random: impl Fn(&mut [u8])) -> Uuid {
    let mut bytes = [0; 16];
    random(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

fn make_private(folder: &std::path::Path) -> Result<(), OfficeError> {
    let failed = |source| OfficeError::File {
        what: folder.display().to_string(),
        source,
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).map_err(failed)?;
    }
    Ok(())
}
