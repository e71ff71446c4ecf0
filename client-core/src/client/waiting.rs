//! When a device tries again by itself, kept on the disk so that a restart does not forget it.

use sampan_store::device::waiting::Wait;
use sampan_store::error::StoreError;

use crate::api::{ErrorView, WaitView};
use crate::client::Inner;
use crate::error::ClientError;
use crate::pace::{self, Need, Waiting};

/// Notes a sync that did not come to its end.
pub(super) fn begin(inner: &Inner, error: &ClientError) -> Result<(), ClientError> {
    let n_failures = inner
        .store()
        .wait()?
        .map_or(0, |wait| wait.n_failures)
        .saturating_add(1);
    let random = u64::from_le_bytes(inner.platform.bytes()?);
    let view = error.view();
    let wait = Wait {
        n_failures,
        since_ms: inner.platform.clock.now().wall_time_ms,
        wait_ms: pace::wait_ms(n_failures, pace::office_says_s(error), random),
        needs_person: pace::need(error) == Need::Person,
        code: view.code,
        sentence: view.sentence,
        advice: view.advice,
    };
    match inner.store().set_wait(Some(&wait)) {
        // On a full disk there is something else to worry about, and it is said.
        Ok(()) | Err(StoreError::Full { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// When to try again. A clock that was set back begins the waiting time anew.
pub(super) fn view(inner: &Inner) -> Result<Option<WaitView>, ClientError> {
    let Some(mut wait) = inner.store().wait()? else {
        return Ok(None);
    };
    let now_ms = inner.platform.clock.now().wall_time_ms;
    let kept = Waiting {
        since_ms: wait.since_ms,
        wait_ms: wait.wait_ms,
    };
    let waiting = kept.set_right(now_ms);
    if waiting != kept {
        wait.since_ms = waiting.since_ms;
        match inner.store().set_wait(Some(&wait)) {
            Ok(()) | Err(StoreError::Full { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let left_ms = waiting.left_ms(now_ms);
    Ok(Some(WaitView {
        n_failures: u64::from(wait.n_failures),
        left_ms,
        next_try_at_ms: now_ms.saturating_add(i64::try_from(left_ms).unwrap_or(i64::MAX)),
        needs_person: wait.needs_person,
        error: ErrorView {
            code: wait.code,
            sentence: wait.sentence,
            advice: wait.advice,
        },
    }))
}
