//! The line between a device and the office, good or bad, for tests of any pair of stores.

use crate::error::SyncError;
use crate::log::{Caller, DeviceLog, OfficeLog};
use crate::office;
use crate::session::{Clock, Options, Session, Step};

/// What happens to one round on the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing bad.
    None,
    /// The request never arrives.
    RequestLost,
    /// The request arrives and is answered, but the answer never arrives.
    ResponseLost,
    /// The request arrives twice; the second answer is the one that comes back.
    Twice,
    /// The line is gone for good: the sync ends here, after the office has answered.
    Gone,
}

/// What a whole sync did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Total {
    /// Rounds that came to an end.
    pub n_rounds: u64,
    /// Bytes sent by the device, lost ones included.
    pub up_bytes: u64,
    /// Bytes that came back.
    pub down_bytes: u64,
    /// Every request, in order (to be replayed later).
    pub requests: Vec<Vec<u8>>,
    /// What each round brought.
    pub steps: Vec<Step>,
    /// The line went before the sync was done.
    pub is_cut: bool,
}

/// Syncs until there is nothing left to do. `faults` decides for each round, by its number from 0.
///
/// # Errors
/// Either store's, and what the session or the office refuse.
pub fn sync(
    device: &mut dyn DeviceLog,
    office: &mut dyn OfficeLog,
    caller: &Caller,
    options: Options,
    faults: &mut dyn FnMut(u64) -> Fault,
) -> Result<Total, SyncError> {
    let mut session = Session::new(options);
    let mut total = Total::default();
    let clock = Clock {
        wall_time_ms: 0,
        utc_offset_min: 0,
    };
    let mut n_tried = 0;
    while let Some(request) = session.next_request(device, clock)? {
        total.up_bytes += request.len() as u64;
        total.requests.push(request.clone());
        let fault = faults(n_tried);
        n_tried += 1;
        match fault {
            Fault::RequestLost => {
                session.on_cut();
                continue;
            }
            Fault::ResponseLost => {
                office::answer(office, caller, 0, &request)?;
                session.on_cut();
                continue;
            }
            Fault::Gone => {
                office::answer(office, caller, 0, &request)?;
                total.is_cut = true;
                return Ok(total);
            }
            Fault::Twice => {
                office::answer(office, caller, 0, &request)?;
            }
            Fault::None => {}
        }
        let response = office::answer(office, caller, 0, &request)?;
        total.down_bytes += response.len() as u64;
        total.n_rounds += 1;
        total.steps.push(session.on_response(device, &response)?);
    }
    Ok(total)
}
