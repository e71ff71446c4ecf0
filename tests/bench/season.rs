//! What the other measurements start from: an office with the study, and four devices, one for each country.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use sampan_acceptance::acts::{self, Account};
use sampan_acceptance::answers::Respondent;
use sampan_acceptance::chance::Chance;
use sampan_acceptance::enumerator::{self, in_words};
use sampan_acceptance::office::Office;
use sampan_acceptance::words::COUNTRIES;
use sampan_client_core::api::SyncOptions;
use sampan_client_core::client::Client;
use sampan_client_core::http::Http;
use sampan_client_core::platform::Platform;
use sampan_client_core::transport::{LineError, Reply, Request, Transport};
use tempfile::TempDir;

use crate::machine;

/// Interviews that each device has collected and not sent.
pub const N_WAITING: usize = 100;

/// The form that is measured: the study's longest.
pub const FORM: &str = "sme_vc";

/// The prepared folders. Nothing runs on them: each measurement takes copies.
pub struct Season {
    /// Seed of all answers.
    pub seed: u64,
    /// Whether the devices' folders are in memory.
    pub in_memory: bool,
    folder: TempDir,
    port: u16,
}

/// Copies of the prepared folders with a running office.
pub struct Field {
    /// The office, on the disk.
    pub office: Office,
    /// The devices.
    pub devices: Vec<Device>,
    on_disk: TempDir,
    in_memory: TempDir,
}

/// A device of one country.
pub struct Device {
    /// ISO code.
    pub country: &'static str,
    /// The client.
    pub client: Client,
    /// What went over its line last.
    pub tap: Arc<Mutex<Vec<Exchange>>>,
    /// Its answers.
    pub chance: Chance,
}

/// One request with its answer, bodies only.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// What was sent.
    pub sent: Vec<u8>,
    /// What came back.
    pub received: Vec<u8>,
}

/// Which folders to take copies of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Devices that have the forms and no interviews.
    Fresh,
    /// Devices with [`N_WAITING`] interviews each that the office has not seen.
    Waiting,
}

/// Where a field's devices lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In memory, as if each had a disk of its own that never waits.
    Memory,
    /// On the same disk as the office.
    Disk,
}

impl Season {
    /// Publishes, enrols, and collects where a measurement needs it.
    pub fn prepare(seed: u64, wanted: &[String]) -> Result<Season, String> {
        let (folder, in_memory) = machine::memory_folder()?;
        let root = folder.path();
        let office_folder = root.join("fresh/office");
        std::fs::create_dir_all(root.join("fresh"))
            .map_err(|error| format!("{}: {error}", root.display()))?;
        let mut accounts = vec![account("admin", "admin", None)];
        accounts
            .extend(COUNTRIES.map(|country| account(&country.to_lowercase(), "enumerator", Some(country))));
        for account in &accounts {
            acts::add_person(&office_folder, account)?;
        }
        let office = Office::start(&office_folder, 0)?;
        let port = office.address().port();
        let mut admin = acts::sign_in(&office, "admin")?;
        acts::publish_study(&mut admin)?;
        for country in COUNTRIES {
            let client = enumerator::device(&root.join("fresh").join(country))?;
            let link = acts::enrolment_link(&mut admin, &country.to_lowercase())?;
            let link = enumerator::link_over(&office.url(), &link)?;
            client.enroll(&link, country).map_err(in_words)?;
            client.sync(&SyncOptions::default()).map_err(in_words)?;
        }
        stop(office)?;
        let season = Season {
            seed,
            in_memory,
            folder,
            port,
        };
        let needs_waiting = wanted.is_empty()
            || wanted
                .iter()
                .any(|name| ["bytes", "sync", "memory"].contains(&name.as_str()));
        if needs_waiting {
            season.collect()?;
        }
        Ok(season)
    }

    fn collect(&self) -> Result<(), String> {
        let waiting = self.folder.path().join("waiting");
        machine::copy(&self.folder.path().join("fresh"), &waiting)?;
        let mut devices = open(&waiting, self.seed)?;
        together(&mut devices, |device| {
            for _ in 0..N_WAITING {
                device.interview()?;
            }
            Ok(())
        })
        .map(drop)
    }

    /// Takes copies, starts the office.
    pub fn field(&self, state: State, place: Place) -> Result<Field, String> {
        let from = self.folder.path().join(match state {
            State::Fresh => "fresh",
            State::Waiting => "waiting",
        });
        let on_disk = machine::disk_folder()?;
        let (in_memory, _) = machine::memory_folder()?;
        let devices_folder = match place {
            Place::Memory => in_memory.path(),
            Place::Disk => on_disk.path(),
        };
        machine::copy(&from.join("office"), &on_disk.path().join("office"))?;
        for country in COUNTRIES {
            machine::copy(&from.join(country), &devices_folder.join(country))?;
        }
        Ok(Field {
            office: Office::start(&on_disk.path().join("office"), self.port)?,
            devices: open(devices_folder, self.seed ^ 0x0f0f)?,
            on_disk,
            in_memory,
        })
    }

    /// A copy of one device's folder, fresh, which nothing has open.
    pub fn device_copy(&self, country: &str) -> Result<TempDir, String> {
        let (folder, _) = machine::memory_folder()?;
        machine::copy(&self.folder.path().join("fresh").join(country), folder.path())?;
        Ok(folder)
    }
}

impl Field {
    /// Ends the office and removes the copies.
    pub fn close(self) -> Result<(), String> {
        let Field {
            mut office,
            devices,
            on_disk,
            in_memory,
        } = self;
        office.kill();
        drop((office, devices));
        on_disk.close().map_err(|error| error.to_string())?;
        in_memory.close().map_err(|error| error.to_string())
    }
}

impl Device {
    /// Collects one finished interview.
    pub fn interview(&mut self) -> Result<sampan_client_core::api::RecordRef, String> {
        let respondent = self.respondent();
        enumerator::interview(&self.client, FORM, &respondent, &mut self.chance)
    }

    /// A respondent of this country who agrees.
    pub fn respondent(&self) -> Respondent {
        Respondent {
            country: self.country,
            agrees: true,
        }
    }

    /// Syncs, and gives what went over the line.
    pub fn sync(&self) -> Result<Vec<Exchange>, String> {
        self.tap.lock().expect("no panic under the lock").clear();
        let report = self.client.sync(&SyncOptions::default()).map_err(in_words)?;
        if report.n_unsent > 0 || !report.quarantined.is_empty() {
            return Err(format!("not everything was taken: {report:?}"));
        }
        Ok(self.tap.lock().expect("no panic under the lock").clone())
    }
}

/// Runs work on all devices at once, each in a thread of its own.
pub fn together<T: Send>(
    devices: &mut [Device],
    work: impl Fn(&mut Device) -> Result<T, String> + Sync,
) -> Result<Vec<T>, String> {
    let work = &work;
    thread::scope(|scope| {
        let running: Vec<_> = devices
            .iter_mut()
            .map(|device| scope.spawn(move || work(device)))
            .collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err("a device panicked".into())))
            .collect()
    })
}

fn open(folder: &Path, seed: u64) -> Result<Vec<Device>, String> {
    let mut chance = Chance::new(seed);
    COUNTRIES
        .into_iter()
        .map(|country| {
            let tap: Arc<Mutex<Vec<Exchange>>> = Arc::default();
            let line = Tapped {
                http: Http::new(),
                tap: Arc::clone(&tap),
            };
            let client = Client::open_with(&folder.join(country), Platform::system(), Box::new(line))
                .map_err(in_words)?;
            Ok(Device {
                country,
                client,
                tap,
                chance: chance.fork(),
            })
        })
        .collect()
}

/// Ends an office in peace, so that its folder can be copied.
fn stop(mut office: Office) -> Result<(), String> {
    let pid = office.pid().ok_or("the office does not run")?;
    let asked = std::process::Command::new("kill")
        .args(["-TERM", &pid.to_string()])
        .status();
    match asked {
        Ok(status) if status.success() => office.wait(&|| false),
        Ok(_) | Err(_) => office.kill(),
    }
    Ok(())
}

fn account(login: &str, role: &'static str, country: Option<&'static str>) -> Account {
    Account {
        login: login.to_string(),
        name: format!("{login} of the bench"),
        role,
        country,
    }
}

/// The real line, with an ear on it.
struct Tapped {
    http: Http,
    tap: Arc<Mutex<Vec<Exchange>>>,
}

impl Transport for Tapped {
    fn post(&self, request: Request<'_>) -> Result<Reply, LineError> {
        let reply = self.http.post(request)?;
        self.tap.lock().expect("no panic under the lock").push(Exchange {
            sent: request.body.to_vec(),
            received: reply.body.clone(),
        });
        Ok(reply)
    }
}
