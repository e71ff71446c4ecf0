//! Reading a request's body: within its limit, within the memory all bodies share, and not slower than a bad line.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::http::listen::Limits;

/// Memory that all bodies being read share, given out in pieces.
#[derive(Debug)]
pub struct Budget {
    pieces: Arc<Semaphore>,
}

const PIECE_BYTES: usize = 64 * 1024;
/// A refused body is read away up to here, so that the refusal arrives instead of a broken connection.
const DRAIN_BYTES: u64 = 64 * 1024 * 1024;
const DRAIN_MS: u64 = 120_000;

/// A body, and its share of the memory for as long as it is held.
#[derive(Debug)]
pub struct Held {
    /// The whole body.
    pub bytes: Bytes,
    _pieces: Vec<OwnedSemaphorePermit>,
}

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    /// Longer than this route takes.
    TooLarge,
    /// Did not move.
    TooSlow,
    /// All bodies together need too much memory now.
    Busy,
    /// The client went away, or sent what is no body.
    Broken,
}

impl Budget {
    /// A budget of so many bytes.
    pub fn new(size_bytes: usize) -> Budget {
        Budget {
            pieces: Arc::new(Semaphore::new((size_bytes / PIECE_BYTES).max(1))),
        }
    }
}

/// Reads a body of at most `limit_bytes`. `declared_bytes` is what its head says; too much is refused unread.
pub async fn read(
    mut body: Body,
    declared_bytes: Option<u64>,
    limit_bytes: usize,
    limits: &Limits,
    budget: &Budget,
) -> Result<Held, BodyError> {
    if declared_bytes.is_some_and(|declared| declared > limit_bytes as u64) {
        drain(body, limits).await;
        return Err(BodyError::TooLarge);
    }
    let mut bytes = Vec::new();
    let mut pieces = Vec::new();
    let mut stretch = Stretch::new(limits);
    while let Some(data) = stretch.next(&mut body).await? {
        if bytes.len().saturating_add(data.len()) > limit_bytes {
            drain(body, limits).await;
            return Err(BodyError::TooLarge);
        }
        while pieces.len().saturating_mul(PIECE_BYTES) < bytes.len().saturating_add(data.len()) {
            let Ok(piece) = Arc::clone(&budget.pieces).try_acquire_owned() else {
                return Err(BodyError::Busy);
            };
            pieces.push(piece);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(Held {
        bytes: Bytes::from(bytes),
        _pieces: pieces,
    })
}

/// Reads a body away without keeping it, so that the answer to it arrives.
pub async fn drain(mut body: Body, limits: &Limits) {
    let mut stretch = Stretch::new(limits);
    let away = async {
        let mut n_bytes = 0u64;
        while let Ok(Some(data)) = stretch.next(&mut body).await {
            n_bytes = n_bytes.saturating_add(data.len() as u64);
            if n_bytes > DRAIN_BYTES {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(Duration::from_millis(DRAIN_MS), away).await;
}

/// The present stretch of time and what came in it.
struct Stretch {
    length: Duration,
    wanted_bytes: u64,
    end: Instant,
    n_bytes: u64,
}

impl Stretch {
    fn new(limits: &Limits) -> Stretch {
        let length = Duration::from_millis(limits.body_idle_ms);
        Stretch {
            length,
            wanted_bytes: limits.body_progress_bytes,
            end: Instant::now() + length,
            n_bytes: 0,
        }
    }

    async fn next(&mut self, body: &mut Body) -> Result<Option<Bytes>, BodyError> {
        loop {
            let frame = tokio::time::timeout_at(self.end, body.frame())
                .await
                .map_err(|_| BodyError::TooSlow)?;
            let Some(frame) = frame else { return Ok(None) };
            let frame = frame.map_err(|_| BodyError::Broken)?;
            // Trailers say nothing that is wanted here.
            let Ok(data) = frame.into_data() else { continue };
            self.n_bytes = self.n_bytes.saturating_add(data.len() as u64);
            if self.n_bytes >= self.wanted_bytes {
                self.n_bytes = 0;
                self.end = Instant::now() + self.length;
            }
            return Ok(Some(data));
        }
    }
}
