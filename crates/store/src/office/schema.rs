//! The steps of the office database's schema.

use crate::migrate::{Migration, Schema};

/// The office database. The number in the file's header spells `SPof`.
pub const OFFICE: Schema = Schema {
    what: "office",
    application_id: 0x5350_6f66,
    migrations: &[Migration {
        number: 1,
        name: "office",
        sql: include_str!("../../../../migrations/office/sqlite/0001-office.sql"),
    }],
};
