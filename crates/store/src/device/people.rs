//! Names of the people who wrote in records on this device.

use sampan_record::ids::PersonId;
use sampan_sync::names::{PersonName, Standing};

use crate::device::DeviceStore;
use crate::device::columns::{Bytes, unnumber};
use crate::error::StoreError;

impl DeviceStore {
    /// The people the office has named so far.
    pub fn people(&self) -> Result<Vec<PersonName>, StoreError> {
        self.connection
            .prepare_cached("SELECT person, name, standing FROM people ORDER BY person")
            .and_then(|mut statement| {
                let rows = statement.query_map([], |row| {
                    Ok(PersonName {
                        person: PersonId(row.get::<_, Bytes<16>>(0)?.uuid()),
                        name: row.get(1)?,
                        standing: Standing::from_code(unnumber(row.get(2)?)),
                    })
                })?;
                rows.collect()
            })
            .map_err(StoreError::sql("read names of people"))
    }
}
