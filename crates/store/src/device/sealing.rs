//! When an interview's sealed file is written, and when it is dropped.

use rusqlite::params;
use sampan_record::ids::RecordId;

use crate::device::DeviceStore;
use crate::device::columns::Bytes;
use crate::error::StoreError;
use crate::sealed::{self, Sealed};

/// Own changes that no backup of the office is known to hold. What was erased needs none.
const UNCOVERED: &str = "SELECT DISTINCT c.record FROM changes c, sync_state s
     WHERE c.is_own = 1 AND c.verdict IS NOT 3
       AND (c.position IS NULL OR c.position <= 0 OR c.position > s.backed_up_through)";

impl DeviceStore {
    /// Where sealed files lie.
    pub fn sealed_folder(&self) -> std::path::PathBuf {
        self.folder.join(sealed::FOLDER)
    }

    /// Writes an interview's sealed file anew: all its changes, as they are now. It is on the disk when this returns.
    pub fn seal(&mut self, record: RecordId) -> Result<(), StoreError> {
        let Some(identity) = self.identity()? else {
            return Ok(());
        };
        let changes = self.record_changes(record)?;
        if changes.is_empty() {
            return Ok(());
        }
        let sealed = Sealed {
            writer: identity.replica(),
            person: identity.person,
            person_login: identity.person_login,
            server_url: identity.server_url,
            record,
            changes,
        };
        self.saving(|store| sealed.write(&store.sealed_folder()))
    }

    /// Writes the sealed files that are missing, those of `again` anew, and drops those that a backup of the office
    /// covers. Interviews that were recovered and have nothing of this device in them keep theirs.
    pub fn tend_sealed(&mut self, again: &[RecordId]) -> Result<(), StoreError> {
        let folder = self.sealed_folder();
        let uncovered = self.records(UNCOVERED)?;
        for record in &uncovered {
            let is_there = sealed::path_of(&folder, *record).exists();
            if !is_there || again.contains(record) {
                self.seal(*record)?;
            }
        }
        if !folder.exists() {
            return Ok(());
        }
        let own = self.records(
            "SELECT DISTINCT record FROM changes c WHERE is_own = 1
               AND NOT EXISTS (SELECT 1 FROM changes w WHERE w.record = c.record AND w.relay = 3)",
        )?;
        for record in own.iter().filter(|record| !uncovered.contains(record)) {
            sealed::remove(&folder, *record)?;
        }
        Ok(())
    }

    /// Whether an interview has a sealed file.
    pub fn is_sealed(&self, record: RecordId) -> bool {
        sealed::path_of(&self.sealed_folder(), record).exists()
    }

    pub(super) fn records(&self, sql: &str) -> Result<Vec<RecordId>, StoreError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| {
                statement
                    .query_map(params![], |row| Ok(RecordId(row.get::<_, Bytes<16>>(0)?.uuid())))?
                    .collect()
            })
            .map_err(StoreError::sql("read which interviews are sealed"))
    }
}
