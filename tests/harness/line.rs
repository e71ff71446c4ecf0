//! A line between a device and the office that is cut where a test wants it cut.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Which way bytes flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the device to the office.
    Up,
    /// From the office to the device.
    Down,
}

/// How a cut looks to both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// An orderly end.
    Fin,
    /// A reset.
    Rst,
}

/// A cut on one connection: after so many bytes in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Counted in this direction.
    pub way: Way,
    /// Bytes that still pass.
    pub after_bytes: u64,
    /// How it ends.
    pub cut: Cut,
}

/// A proxy on 127.0.0.1 that forwards to the office, and cuts connections as planned.
pub struct Line {
    address: SocketAddr,
    plan: Arc<Mutex<VecDeque<Option<Fault>>>>,
    is_open: Arc<AtomicBool>,
    is_up: Arc<AtomicBool>,
    n_cut: Arc<AtomicU64>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Line {
    /// Opens a line to the office.
    pub fn to(office: SocketAddr) -> std::io::Result<Line> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let line = Line {
            address: listener.local_addr()?,
            plan: Arc::default(),
            is_open: Arc::new(AtomicBool::new(true)),
            is_up: Arc::new(AtomicBool::new(true)),
            n_cut: Arc::default(),
            open: Arc::default(),
        };
        let plan = Arc::clone(&line.plan);
        let is_open = Arc::clone(&line.is_open);
        let is_up = Arc::clone(&line.is_up);
        let n_cut = Arc::clone(&line.n_cut);
        let open = Arc::clone(&line.open);
        thread::spawn(move || {
            for accepted in listener.incoming() {
                if !is_open.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(device) = accepted else { continue };
                if !is_up.load(Ordering::SeqCst) {
                    reset(&device);
                    continue;
                }
                if let Ok(again) = device.try_clone() {
                    open.lock().expect("no panic under the lock").push(again);
                }
                let fault = plan
                    .lock()
                    .expect("no panic under the lock")
                    .pop_front()
                    .flatten();
                let n_cut = Arc::clone(&n_cut);
                thread::spawn(move || carry(device, office, fault, &n_cut));
            }
        });
        Ok(line)
    }

    /// Where devices connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The server address that devices are told.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Cuts the next connection that is not planned yet. Connections that are open now are ended.
    pub fn cut_next(&self, fault: Fault) {
        self.end_open();
        self.plan
            .lock()
            .expect("no panic under the lock")
            .push_back(Some(fault));
    }

    /// Forgets all cuts that have not happened.
    pub fn heal(&self) {
        self.plan.lock().expect("no panic under the lock").clear();
        self.is_up.store(true, Ordering::SeqCst);
    }

    /// No signal: every connection is reset, those that are open too.
    pub fn down(&self) {
        self.is_up.store(false, Ordering::SeqCst);
        self.end_open();
    }

    fn end_open(&self) {
        for stream in self.open.lock().expect("no panic under the lock").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Connections cut so far.
    pub fn n_cut(&self) -> u64 {
        self.n_cut.load(Ordering::SeqCst)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.is_open.store(false, Ordering::SeqCst);
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_millis(200));
    }
}

/// Carries one connection to its end or its cut.
fn carry(device: TcpStream, office: SocketAddr, fault: Option<Fault>, n_cut: &Arc<AtomicU64>) {
    let Ok(office) = TcpStream::connect(office) else {
        reset(&device);
        return;
    };
    let (Ok(device_again), Ok(office_again)) = (device.try_clone(), office.try_clone()) else {
        return;
    };
    let up_n_cut = Arc::clone(n_cut);
    let up = thread::spawn(move || forward(&device_again, &office_again, of(fault, Way::Up), &up_n_cut));
    forward(&office, &device, of(fault, Way::Down), n_cut);
    let _ = up.join();
}

fn of(fault: Option<Fault>, way: Way) -> Option<Fault> {
    fault.filter(|fault| fault.way == way)
}

fn forward(mut from: &TcpStream, mut to: &TcpStream, fault: Option<Fault>, n_cut: &AtomicU64) {
    let mut left = fault.map_or(u64::MAX, |fault| fault.after_bytes);
    let mut buffer = [0u8; 8192];
    loop {
        let n_read = match from.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(n_read) => n_read,
        };
        let n_passed = n_read.min(usize::try_from(left).unwrap_or(usize::MAX));
        if to.write_all(&buffer[..n_passed]).is_err() {
            break;
        }
        left = left.saturating_sub(n_passed as u64);
        if (left == 0 || n_passed < n_read)
            && let Some(fault) = fault
        {
            n_cut.fetch_add(1, Ordering::SeqCst);
            if fault.cut == Cut::Rst {
                reset(from);
                reset(to);
            }
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
            return;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// Makes the close of a connection a reset.
fn reset(stream: &TcpStream) {
    let _ = socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
    let _ = stream.shutdown(Shutdown::Both);
}
