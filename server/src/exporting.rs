//! Records out: CSV with exactly what was collected, calculated values recomputed.

use crate::access::Principal;
use crate::error::OfficeError;
use crate::state::Office;
use crate::views::{DownloadView, InterviewFilter};

/// The records that match the filter, as one CSV (one row per record), or as a zip with a table per repeat when
/// the form has repeats and `with_repeats`. Several forms: the filter must name one, else a zip with all.
pub fn csv(
    _office: &Office,
    _who: &Principal,
    _filter: &InterviewFilter,
    _with_repeats: bool,
) -> Result<DownloadView, OfficeError> {
    Err(OfficeError::Damaged("not built yet".into()))
}
