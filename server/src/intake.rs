//! What devices send: each change is judged, kept or quarantined, and answered after its commit.

pub mod keeping;
pub mod log;
pub mod rights;

use sampan_record::ids::PersonId;
use sampan_store::office::session::Writing;
use sampan_sync::log::Caller;

use crate::access::{Action, Resource};
use crate::devices::DeviceCaller;
use crate::error::OfficeError;
use crate::intake::keeping::Keeping;
use crate::intake::log::Log;
use crate::people::may;
use crate::state::Office;

/// Answers one sync request. The body is a `SyncRequest`, the result a `SyncResponse`, both encoded.
pub fn sync(office: &Office, caller: &DeviceCaller, body: &[u8]) -> Result<Vec<u8>, OfficeError> {
    if caller.is_revoked {
        return Err(OfficeError::Denied("this device was shut out."));
    }
    // Without any role (a closed account) nothing is given out, but what the device holds is still taken in: it goes
    // to quarantine.
    if !caller.principal.grants.is_empty() {
        may(&caller.principal, Action::Sync, &Resource::Office)?;
    }
    let now_ms = office.now_ms();
    let who = Caller {
        device: caller.device,
        person: caller.principal.person,
    };
    let mut log = Log::new(office, caller.principal.clone(), now_ms);
    sampan_sync::office::answer(&mut log, &who, now_ms, body).map_err(OfficeError::Sync)
}

/// After a person's rights changed (roles, account, a first device): what the person's devices may see follows, and
/// changes that waited for a right are tried again.
pub(crate) fn rights_changed(
    office: &Office,
    writing: &Writing<'_>,
    person: PersonId,
) -> Result<(), OfficeError> {
    let mut keeping = Keeping::new(office, writing, office.now_ms());
    keeping.retry_author(person)?;
    keeping.finish()?;
    keeping.look_again(person)
}

/// Brings what a person's devices may see in step with the person's rights and the lists.
pub(crate) fn look_again(
    office: &Office,
    writing: &Writing<'_>,
    person: PersonId,
) -> Result<(), OfficeError> {
    Keeping::new(office, writing, office.now_ms()).look_again(person)
}

/// After a form arrived: changes that waited for it are tried again.
pub(crate) fn form_arrived(
    office: &Office,
    writing: &Writing<'_>,
    form: sampan_record::ids::FormVersionId,
) -> Result<(), OfficeError> {
    let mut keeping = Keeping::new(office, writing, office.now_ms());
    keeping.retry_form(form)?;
    keeping.finish()
}
