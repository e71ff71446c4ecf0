//! Who the device is: its key, its office, its person, its token.

use rusqlite::{OptionalExtension, params};
use sampan_record::ids::{DeviceId, PersonId, Replica};
use sampan_sync::receipt::Generation;

use crate::device::DeviceStore;
use crate::device::columns::{Bytes, bits, unbits};
use crate::error::StoreError;

/// What enrolment needs, kept before anything is sent, so that a lost answer is asked for again with the same key.
#[derive(Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// The office's address, without a slash at the end.
    pub server_url: String,
    /// The one-time code.
    pub code: String,
    /// What the device is to be called.
    pub device_name: String,
    /// Ed25519 secret.
    pub key_seed: [u8; 32],
}

/// What the office answered to an enrolment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolled {
    /// The device's id.
    pub device: DeviceId,
    /// The person.
    pub person: PersonId,
    /// What the person signs in with.
    pub person_login: String,
    /// The person's name.
    pub person_name: String,
    /// The office's generation.
    pub generation: Generation,
    /// The first token.
    pub token: String,
}

/// An enrolled device.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its id.
    pub device: DeviceId,
    /// The incarnation it writes under.
    pub incarnation: u64,
    /// The person.
    pub person: PersonId,
    /// What the person signs in with.
    pub person_login: String,
    /// The person's name.
    pub person_name: String,
    /// What the device is called.
    pub device_name: String,
    /// The office's address, without a slash at the end.
    pub server_url: String,
    /// Ed25519 secret.
    pub key_seed: [u8; 32],
    /// The last token; None when there is none yet.
    pub token: Option<String>,
}

impl Identity {
    /// The name it writes changes under.
    pub fn replica(&self) -> Replica {
        Replica {
            device: self.device,
            incarnation: self.incarnation,
        }
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity")
            .field("device", &self.device)
            .field("incarnation", &self.incarnation)
            .field("person", &self.person)
            .finish_non_exhaustive()
    }
}

impl DeviceStore {
    /// Who the device is; None until it is enrolled.
    pub fn identity(&self) -> Result<Option<Identity>, StoreError> {
        self.connection
            .prepare_cached(
                "SELECT device, incarnation, person, person_login, person_name, device_name, server_url, key_seed, token
                 FROM identity WHERE device IS NOT NULL",
            )
            .and_then(|mut statement| {
                statement
                    .query_row([], |row| {
                        Ok(Identity {
                            device: DeviceId(row.get::<_, Bytes<16>>(0)?.uuid()),
                            incarnation: unbits(row.get(1)?),
                            person: PersonId(row.get::<_, Bytes<16>>(2)?.uuid()),
                            person_login: row.get(3)?,
                            person_name: row.get(4)?,
                            device_name: row.get(5)?,
                            server_url: row.get(6)?,
                            key_seed: row.get::<_, Bytes<32>>(7)?.0,
                            token: row.get(8)?,
                        })
                    })
                    .optional()
            })
            .map_err(StoreError::sql("read who this device is"))
    }

    /// The enrolment that was begun and not answered; None when there is none.
    pub fn begun_enrolment(&self) -> Result<Option<Enrolment>, StoreError> {
        self.connection
            .query_row(
                "SELECT server_url, enrolment_code, device_name, key_seed FROM identity
                 WHERE device IS NULL AND key_seed IS NOT NULL",
                [],
                |row| {
                    Ok(Enrolment {
                        server_url: row.get(0)?,
                        code: row.get(1)?,
                        device_name: row.get(2)?,
                        key_seed: row.get::<_, Bytes<32>>(3)?.0,
                    })
                },
            )
            .optional()
            .map_err(StoreError::sql("read the enrolment"))
    }

    /// Keeps an enrolment before it is sent. Does nothing to a device that is enrolled.
    pub fn begin_enrolment(&mut self, enrolment: &Enrolment) -> Result<(), StoreError> {
        self.connection
            .execute(
                "UPDATE identity SET server_url = ?1, enrolment_code = ?2, device_name = ?3, key_seed = ?4
                 WHERE device IS NULL",
                params![
                    enrolment.server_url,
                    enrolment.code,
                    enrolment.device_name,
                    enrolment.key_seed
                ],
            )
            .map(|_| ())
            .map_err(StoreError::sql("save the enrolment"))
    }

    /// Keeps what the office answered.
    pub fn complete_enrolment(&mut self, enrolled: &Enrolled) -> Result<(), StoreError> {
        let what = "save the enrolment";
        let failed = StoreError::sql(what);
        self.transaction(what, |transaction| {
            transaction
                .execute(
                    "UPDATE identity SET device = ?1, person = ?2, person_login = ?3, person_name = ?4, token = ?5
                     WHERE device IS NULL",
                    params![
                        enrolled.device.0.as_bytes(),
                        enrolled.person.0.as_bytes(),
                        enrolled.person_login,
                        enrolled.person_name,
                        enrolled.token
                    ],
                )
                .map_err(&failed)?;
            transaction
                .execute("UPDATE sync_state SET generation = ?1", [bits(enrolled.generation.0)])
                .map_err(&failed)?;
            Ok(())
        })
    }

    /// Keeps that a restored office, which had forgotten this device, took it in again under its old id.
    pub fn renew_enrolment(&mut self, enrolled: &Enrolled) -> Result<(), StoreError> {
        // The generation stays as last heard: the next sync finds the office restored and offers everything again.
        self.connection
            .execute(
                "UPDATE identity SET person = ?2, person_login = ?3, person_name = ?4, token = ?5 WHERE device = ?1",
                params![
                    enrolled.device.0.as_bytes(),
                    enrolled.person.0.as_bytes(),
                    enrolled.person_login,
                    enrolled.person_name,
                    enrolled.token
                ],
            )
            .map(|_| ())
            .map_err(StoreError::sql("save the enrolment"))
    }

    /// The code this device was first enrolled with; None before that.
    pub fn enrolment_code(&self) -> Result<Option<String>, StoreError> {
        self.connection
            .query_row("SELECT enrolment_code FROM identity", [], |row| row.get(0))
            .map_err(StoreError::sql("read the enrolment"))
    }

    /// Keeps a new token.
    pub fn set_token(&mut self, token: &str) -> Result<(), StoreError> {
        self.connection
            .execute("UPDATE identity SET token = ?1", [token])
            .map(|_| ())
            .map_err(StoreError::sql("save the token"))
    }

    /// Keeps another address of the same office.
    pub fn set_server_url(&mut self, server_url: &str) -> Result<(), StoreError> {
        self.connection
            .execute("UPDATE identity SET server_url = ?1", [server_url])
            .map(|_| ())
            .map_err(StoreError::sql("save the office's address"))
    }
}
