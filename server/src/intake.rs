//! What devices send: each change is judged, kept or quarantined, and answered after its commit.

use crate::devices::DeviceCaller;
use crate::error::OfficeError;
use crate::state::Office;

/// Answers one sync request. The body is a `SyncRequest`, the result a `SyncResponse`, both encoded.
pub fn sync(_office: &Office, _caller: &DeviceCaller, _body: &[u8]) -> Result<Vec<u8>, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}
