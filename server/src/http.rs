//! The office over HTTP: its own accept loop, one table of routes, pages for people and answers for devices.
//!
//! Handlers are synchronous functions from [`ask::Ask`] to [`ask::Reply`]; whatever is asynchronous (sockets, bodies,
//! timeouts) stays in [`listen`], [`body`] and [`gate`]. Every request passes the gate: who is it, may they use this
//! route, is the body within its limit, does the form come from our own page.
//!
//! Modules in reading order: [`routes`] (the table), [`gate`], [`ask`], [`listen`], [`body`], [`session`], [`device`]
//! (what devices call), [`turns`], [`pages`] (what people see), [`words`] (times, languages and names on screen), [`assets`].

pub mod ask;
pub mod assets;
pub mod body;
pub mod device;
pub mod gate;
pub mod listen;
pub mod pages;
pub mod routes;
pub mod session;
pub mod turns;
pub mod words;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use crate::config::Config;
use crate::error::OfficeError;
use crate::http::body::Budget;
use crate::http::listen::Limits;
use crate::http::session::Throttle;
use crate::http::turns::Turns;
use crate::state::{Office, SystemChance, SystemClock};
use crate::tokens::{TokenError, Tokens};

/// What all requests share.
pub struct Site {
    /// The office.
    pub office: Arc<Office>,
    /// Keys for device tokens and seals.
    pub tokens: Tokens,
    /// Timeouts and sizes.
    pub limits: Limits,
    /// Memory for bodies that are being read.
    pub budget: Budget,
    /// Failed sign-ins by address.
    pub throttle: Throttle,
    /// Running syncs by device.
    pub turns: Turns,
}

impl Site {
    /// Everything for serving this office; makes its keys if there are none.
    pub fn new(office: Arc<Office>, limits: Limits) -> Result<Site, TokenError> {
        let tokens = Tokens::open(office.keys_folder(), &|| office.random::<32>(), office.now_ms())?;
        Ok(Site {
            tokens,
            budget: Budget::new(limits.bodies_bytes),
            throttle: Throttle::default(),
            turns: Turns::new(limits.syncs_at_once),
            limits,
            office,
        })
    }
}

/// How often it is looked whether the signing key is due for a new one.
const ROTATION_CHECK: std::time::Duration = std::time::Duration::from_secs(3600);
/// Threads that may wait for the disk at once.
const MAX_BLOCKING_THREADS: usize = 64;

/// Why the office does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {address}; is the office running already, or another program there? Choose another port with --listen"
    )]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The office's folder cannot be used.
    #[error("{0} {advice}", advice = .0.advice())]
    Office(#[from] OfficeError),
    /// The keys cannot be used.
    #[error(transparent)]
    Tokens(#[from] TokenError),
    /// The system gives no threads or signals.
    #[error("the server cannot start: {0}")]
    System(std::io::Error),
    /// Requests were still running when the wait for them was over.
    #[error("stopped with requests still running; what they were told is kept is kept")]
    Unfinished,
}

/// Runs the office of a folder until the process is asked to stop. `ready` is told where it listens.
pub fn run(
    data: &Path,
    listen: SocketAddr,
    public_url: Option<String>,
    limits: Limits,
    ready: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    let failed = |source| ServeError::Listen {
        address: listen,
        source,
    };
    let listener = std::net::TcpListener::bind(listen).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let public_url = public_url
        .unwrap_or_else(|| format!("http://{address}"))
        .trim_end_matches('/')
        .to_string();
    let config = Config::new(data.to_path_buf(), public_url);
    let office = Office::open(config, Arc::new(SystemClock), Arc::new(SystemChance))?;
    let site = Arc::new(Site::new(Arc::new(office), limits)?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(MAX_BLOCKING_THREADS)
        .build()
        .map_err(ServeError::System)?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).map_err(ServeError::System)?;
        let limits = site.limits.clone();
        let (told, stop) = tokio::sync::oneshot::channel::<std::io::Result<()>>();
        tokio::spawn(async move {
            let _ = told.send(listen::asked_to_stop().await);
        });
        let of_keys = Arc::clone(&site);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(ROTATION_CHECK).await;
                let site = Arc::clone(&of_keys);
                // A rotation that fails leaves the present key in force; the next hour tries again.
                let _ = tokio::task::spawn_blocking(move || {
                    let office = &site.office;
                    site.tokens
                        .rotate_if_due(&|| office.random::<32>(), office.now_ms())
                })
                .await;
            }
        });
        ready(address);
        let all_finished = listen::serve(listener, routes::router(&site), limits, async {
            let _ = stop.await;
        })
        .await;
        match all_finished {
            true => Ok(()),
            false => Err(ServeError::Unfinished),
        }
    })
}

#[cfg(test)]
mod tests;
