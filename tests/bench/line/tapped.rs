//! The real line through a proxy that counts every byte of HTTP.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use sampan_client_core::http::Http;
use sampan_client_core::transport::{LineError, Reply, Request, Transport};

/// One request with its answer, heads and bodies, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exchange {
    /// From the device.
    pub up: u64,
    /// To the device.
    pub down: u64,
}

/// A line that notes what goes over it.
#[derive(Clone)]
pub struct Tapped {
    http: Arc<Http>,
    log: Arc<Mutex<Vec<Exchange>>>,
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
    spoils_token: Arc<AtomicBool>,
}

impl Tapped {
    /// A line over which nothing went.
    pub fn new() -> Tapped {
        Tapped {
            http: Arc::new(Http::new()),
            log: Arc::default(),
            bodies: Arc::default(),
            spoils_token: Arc::default(),
        }
    }

    /// All sync requests since the beginning, bodies only.
    pub fn bodies(&self) -> Vec<Vec<u8>> {
        self.bodies.lock().expect("no panic under the lock").clone()
    }

    /// The next token that is shown has run out: the office takes it for none, and asks for a proof.
    pub fn let_the_token_run_out(&self) {
        self.spoils_token.store(true, Ordering::SeqCst);
    }

    /// Forgets what went over it.
    pub fn clear(&self) {
        self.log.lock().expect("no panic under the lock").clear();
    }

    /// What went over it since it was looked at last.
    pub fn take(&self) -> Vec<Exchange> {
        std::mem::take(&mut self.log.lock().expect("no panic under the lock"))
    }
}

impl Transport for Tapped {
    fn post(&self, request: Request<'_>) -> Result<Reply, LineError> {
        let failed = |error: std::io::Error| LineError::NoConnection(error.to_string());
        let address = request
            .url
            .strip_prefix("http://")
            .and_then(|rest| rest.split('/').next())
            .ok_or_else(|| LineError::BadAddress(request.url.to_owned()))?;
        // A proxy of its own for each request, so that all it counts belongs to it.
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(failed)?;
        let own = listener.local_addr().map_err(failed)?.to_string();
        let office = TcpStream::connect(address).map_err(failed)?;
        let (up, down) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let counters = (Arc::clone(&up), Arc::clone(&down));
        thread::spawn(move || {
            let Ok((device, _)) = listener.accept() else {
                return;
            };
            let (Ok(device_again), Ok(office_again)) = (device.try_clone(), office.try_clone()) else {
                return;
            };
            thread::spawn(move || forward(device_again, office_again, &counters.0));
            forward(office, device, &counters.1);
        });
        let url = request.url.replacen(address, &own, 1);
        let spoiled = request
            .bearer
            .filter(|_| self.spoils_token.swap(false, Ordering::SeqCst))
            .map(|token| {
                let mut letters: Vec<char> = token.chars().collect();
                if let Some(letter) = letters.iter_mut().rev().nth(20) {
                    *letter = if *letter == 'A' { 'B' } else { 'A' };
                }
                letters.into_iter().collect::<String>()
            });
        let reply = self.http.post(Request {
            url: &url,
            bearer: spoiled.as_deref().or(request.bearer),
            ..request
        })?;
        if request.url.ends_with("/v1/sync") {
            let mut bodies = self.bodies.lock().expect("no panic under the lock");
            bodies.push(request.body.to_vec());
        }
        self.log.lock().expect("no panic under the lock").push(Exchange {
            up: up.load(Ordering::SeqCst),
            down: down.load(Ordering::SeqCst),
        });
        Ok(reply)
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, counter: &AtomicU64) {
    let mut buffer = [0u8; 16 * 1024];
    while let Ok(n_read @ 1..) = from.read(&mut buffer) {
        counter.fetch_add(n_read as u64, Ordering::SeqCst);
        if to.write_all(&buffer[..n_read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
