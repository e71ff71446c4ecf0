//! Settings of one office: its folder, its public address and its limits.

use std::path::PathBuf;

use sampan_store::office::Access;
use sampan_store::office::writer::Executor;

/// Settings of one office.
#[derive(Debug, Clone)]
pub struct Config {
    /// The folder that holds `office.sqlite`, `blobs/` and `keys/`.
    pub data: PathBuf,
    /// The address that enrolment links name, without a slash at the end.
    pub public_url: String,
    /// The project that records and scopes belong to.
    pub project: String,
    /// How long an unused browser session lives.
    pub session_idle_ms: i64,
    /// How long a browser session lives at most.
    pub session_absolute_ms: i64,
    /// How long an enrolment code can be used.
    pub enrolment_code_ms: i64,
    /// Largest answer to one sync request.
    pub sync_budget_bytes: u64,
    /// Largest spreadsheet or attachment that may be uploaded.
    pub upload_limit_bytes: u64,
    /// Memory of one password hash, KiB; at least 19,456 outside tests.
    pub argon2_memory_kib: u32,
    /// Whether the folder is taken for a server, or used by one command beside it.
    pub access: Access,
    /// How write transactions reach the database.
    pub executor: Executor,
}

impl Config {
    /// The usual settings for a server on a folder.
    pub fn new(data: PathBuf, public_url: String) -> Config {
        const MINUTE_MS: i64 = 60_000;
        Config {
            data,
            public_url,
            project: "main".to_string(),
            session_idle_ms: 30 * MINUTE_MS,
            session_absolute_ms: 12 * 60 * MINUTE_MS,
            enrolment_code_ms: 72 * 60 * MINUTE_MS,
            sync_budget_bytes: 4 * 1024 * 1024,
            upload_limit_bytes: 16 * 1024 * 1024,
            argon2_memory_kib: 19_456,
            access: Access::Serve,
            executor: Executor::Grouped { most: 128 },
        }
    }

    /// The settings of a command that may run beside a server on the same folder.
    pub fn for_command(data: PathBuf) -> Config {
        Config {
            access: Access::Command,
            executor: Executor::OneByOne,
            ..Config::new(data, String::new())
        }
    }
}
