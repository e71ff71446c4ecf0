//! Enrolled devices and the one-time codes that enrol them.

use rusqlite::{OptionalExtension, Row, params};

use sampan_record::ids::{DeviceId, PersonId};

use crate::error::StoreError;
use crate::office::session::{Reading, Writing, count, device_at, person_at, position};

/// An enrolled device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRow {
    /// Id.
    pub device: DeviceId,
    /// Whose.
    pub person: PersonId,
    /// Ed25519.
    pub public_key: [u8; 32],
    /// Its name.
    pub name: String,
    /// Program and version.
    pub app: String,
    /// Tokens of an older epoch are void.
    pub epoch: u64,
    /// Shut out.
    pub is_revoked: bool,
    /// When it was enrolled.
    pub enrolled_at_ms: i64,
    /// When it last synced.
    pub last_sync_at_ms: Option<i64>,
    /// Changes it had still to send then.
    pub n_unsent: u64,
    /// Interviews not submitted on it then.
    pub n_open: u64,
    /// Its clock minus the office's then.
    pub clock_skew_ms: Option<i64>,
}

/// An enrolment code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeRow {
    /// For whom.
    pub person: PersonId,
    /// Until when.
    pub expires_at_ms: i64,
    /// The key it was used with.
    pub used_by_key: Option<[u8; 32]>,
    /// The device it made.
    pub device: Option<DeviceId>,
}

const DEVICE: &str = "SELECT device, person, public_key, name, app, epoch, is_revoked, enrolled_at_ms,
    last_sync_at_ms, n_unsent, n_open, clock_skew_ms FROM device";

fn device_row(row: &Row<'_>) -> rusqlite::Result<DeviceRow> {
    Ok(DeviceRow {
        device: device_at(row, 0)?,
        person: person_at(row, 1)?,
        public_key: row.get(2)?,
        name: row.get(3)?,
        app: row.get(4)?,
        epoch: count(row.get(5)?),
        is_revoked: row.get(6)?,
        enrolled_at_ms: row.get(7)?,
        last_sync_at_ms: row.get(8)?,
        n_unsent: count(row.get(9)?),
        n_open: count(row.get(10)?),
        clock_skew_ms: row.get(11)?,
    })
}

impl Reading<'_> {
    /// A device by its id.
    pub fn device(&self, device: DeviceId) -> Result<Option<DeviceRow>, StoreError> {
        self.first(
            "read a device",
            &format!("{DEVICE} WHERE device = ?1"),
            params![device.0.as_bytes()],
            device_row,
        )
    }

    /// A device by its key.
    pub fn device_by_key(&self, public_key: &[u8; 32]) -> Result<Option<DeviceRow>, StoreError> {
        self.first(
            "read a device",
            &format!("{DEVICE} WHERE public_key = ?1"),
            params![public_key],
            device_row,
        )
    }

    /// All devices, newest first.
    pub fn devices(&self) -> Result<Vec<DeviceRow>, StoreError> {
        self.all(
            "read the devices",
            &format!("{DEVICE} ORDER BY enrolled_at_ms DESC, device"),
            [],
            device_row,
        )
    }

    /// Number of devices of a person.
    pub fn n_devices_of(&self, person: PersonId) -> Result<u64, StoreError> {
        self.number(
            "count devices",
            "SELECT count(*) FROM device WHERE person = ?1",
            params![person.0.as_bytes()],
        )
        .map(count)
    }

    /// How many incarnations of a device have written.
    pub fn n_incarnations(&self, device: DeviceId) -> Result<u64, StoreError> {
        self.number(
            "count incarnations",
            "SELECT count(*) FROM chain WHERE device = ?1",
            params![device.0.as_bytes()],
        )
        .map(count)
    }

    /// People who have a device that is not shut out.
    pub fn people_with_devices(&self) -> Result<Vec<PersonId>, StoreError> {
        self.all(
            "read who has a device",
            "SELECT DISTINCT person FROM device WHERE is_revoked = 0 ORDER BY person",
            [],
            |row| person_at(row, 0),
        )
    }

    /// An enrolment code by its hash.
    pub fn code(&self, code_hash: &[u8; 32]) -> Result<Option<CodeRow>, StoreError> {
        self.connection()
            .query_row(
                "SELECT person, expires_at_ms, used_by_key, device FROM enrolment_code WHERE code_hash = ?1",
                params![code_hash],
                code_row,
            )
            .optional()
            .map_err(StoreError::sql("read an enrolment code"))
    }

    /// Codes that can still be used, soonest to expire first.
    pub fn open_codes(&self, now_ms: i64) -> Result<Vec<CodeRow>, StoreError> {
        self.all(
            "read enrolment codes",
            "SELECT person, expires_at_ms, used_by_key, device FROM enrolment_code
             WHERE used_by_key IS NULL AND expires_at_ms > ?1 ORDER BY expires_at_ms, code_hash",
            params![now_ms],
            code_row,
        )
    }
}

fn code_row(row: &Row<'_>) -> rusqlite::Result<CodeRow> {
    Ok(CodeRow {
        person: person_at(row, 0)?,
        expires_at_ms: row.get(1)?,
        used_by_key: row.get(2)?,
        device: row
            .get::<_, Option<[u8; 16]>>(3)?
            .map(|bytes| DeviceId(uuid::Uuid::from_bytes(bytes))),
    })
}

impl Writing<'_> {
    /// Keeps the hash of a new code.
    pub fn add_code(
        &self,
        code_hash: &[u8; 32],
        code: &CodeRow,
        made_by: PersonId,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        self.run(
            "keep an enrolment code",
            "INSERT INTO enrolment_code (code_hash, person, made_by, made_at_ms, expires_at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                code_hash,
                code.person.0.as_bytes(),
                made_by.0.as_bytes(),
                now_ms,
                code.expires_at_ms
            ],
        )?;
        Ok(())
    }

    /// Enrols a device with a code; the caller has checked that code and key are unused.
    pub fn add_device(&self, code_hash: &[u8; 32], device: &DeviceRow) -> Result<(), StoreError> {
        self.run(
            "enrol a device",
            "INSERT INTO device (device, person, public_key, name, app, epoch, is_revoked, enrolled_at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7)",
            params![
                device.device.0.as_bytes(),
                device.person.0.as_bytes(),
                device.public_key,
                device.name,
                device.app,
                position(device.epoch),
                device.enrolled_at_ms
            ],
        )?;
        self.run(
            "use an enrolment code",
            "UPDATE enrolment_code SET used_by_key = ?2, device = ?3 WHERE code_hash = ?1",
            params![code_hash, device.public_key, device.device.0.as_bytes()],
        )?;
        Ok(())
    }

    /// Shuts a device out or lets it in; its tokens are void from now on.
    pub fn set_revoked(&self, device: DeviceId, is_revoked: bool) -> Result<(), StoreError> {
        self.run(
            "shut a device out",
            "UPDATE device SET is_revoked = ?2, epoch = epoch + 1 WHERE device = ?1 AND is_revoked <> ?2",
            params![device.0.as_bytes(), is_revoked],
        )?;
        Ok(())
    }

    /// Notes what a device said of itself.
    pub fn note_contact(
        &self,
        device: DeviceId,
        now_ms: i64,
        n_open: u64,
        n_unsent: u64,
        clock_skew_ms: i64,
    ) -> Result<(), StoreError> {
        self.run(
            "note a device's sync",
            "UPDATE device SET last_sync_at_ms = ?2, n_open = ?3, n_unsent = ?4, clock_skew_ms = ?5
             WHERE device = ?1",
            params![
                device.0.as_bytes(),
                now_ms,
                position(n_open),
                position(n_unsent),
                clock_skew_ms
            ],
        )?;
        Ok(())
    }
}
