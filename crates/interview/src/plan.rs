//! A form version with its tables and the order in which things are computed, made once and shared by all interviews.

use std::sync::Arc;

use sampan_form::compiled::Form;
use sampan_form::external::Tables;

/// A form version ready to be asked.
#[derive(Debug)]
pub struct Plan {
    form: Arc<Form>,
    tables: Arc<Tables>,
}

impl Plan {
    /// Prepares a form version with its files; keep it for as long as the version is in use.
    pub fn new(form: Arc<Form>, tables: Arc<Tables>) -> Plan {
        Plan { form, tables }
    }

    /// The form.
    pub fn form(&self) -> &Arc<Form> {
        &self.form
    }

    /// The files of the form, by instance id.
    pub fn tables(&self) -> &Arc<Tables> {
        &self.tables
    }
}
