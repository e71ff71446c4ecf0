//! The device's one object: opened on a folder, it enrols, collects and syncs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, FixedOffset};
use sampan_interview::plan::Plan;
use sampan_record::ids::{FormVersionId, RecordId};
use sampan_store::device::{DeviceStore, Surroundings};
use sampan_store::error::StoreError;
use uuid::Uuid;

use crate::api::{
    FormView, InterviewView, LogView, MoveView, QuarantineView, RecordRef, RecordView, RecoveredView,
    StatusView, SyncOptions, SyncProgress, SyncReport, WaitView,
};
use crate::error::{ClientError, Older};
use crate::http::Http;
use crate::interviewing::OpenInterview;
use crate::platform::{Moment, Platform};
use crate::transport::Transport;

mod asking;
mod enrolling;
pub(crate) mod forms;
mod moving;
pub(crate) mod records;
pub(crate) mod recovering;
pub(crate) mod showing;
mod syncing;
mod waiting;

/// Everything a field app needs. All calls block; share it between threads in an `Arc`.
pub struct Client {
    inner: Arc<Inner>,
}

/// What a client and its open interviews share.
pub(crate) struct Inner {
    pub(crate) platform: Platform,
    transport: Box<dyn Transport>,
    store: Mutex<DeviceStore>,
    plans: Mutex<BTreeMap<FormVersionId, Arc<Plan>>>,
    pub(crate) open: Mutex<BTreeSet<RecordId>>,
    /// Where logs of interviews grow until they are saved with the answers.
    pub(crate) logs: PathBuf,
    syncing: Mutex<()>,
    turn: Mutex<()>,
}

impl Inner {
    pub(crate) fn store(&self) -> MutexGuard<'_, DeviceStore> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Held by whoever reads a record in order to write it, and while a sync applies an answer, so that nothing moves
    /// in between. Taken before [`Inner::store`] and [`Inner::open_records`], never twice.
    pub(crate) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn open_records(&self) -> MutexGuard<'_, BTreeSet<RecordId>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Client {
    /// Opens the device's folder, made if absent, with HTTP as its line. Refused while another program (or another
    /// `Client`) has it open.
    pub fn open(folder: &Path, platform: Platform) -> Result<Client, ClientError> {
        Client::open_with(folder, platform, Box::new(Http::new()))
    }

    /// As [`Client::open`], with another line.
    pub fn open_with(
        folder: &Path,
        platform: Platform,
        transport: Box<dyn Transport>,
    ) -> Result<Client, ClientError> {
        let mut store = DeviceStore::open(folder, surroundings(&platform))?;
        // What a kill or a full disk kept from being sealed. The interviews are in the database, so nothing stops here.
        if let Err(error) = store.tend_sealed(&[]) {
            let _ = store.add_line("unsealed", &format!("Interviews could not be sealed: {error}."));
        }
        Ok(Client {
            inner: Arc::new(Inner {
                platform,
                transport,
                store: Mutex::new(store),
                plans: Mutex::default(),
                open: Mutex::default(),
                logs: folder.join("logs"),
                syncing: Mutex::default(),
                turn: Mutex::default(),
            }),
        })
    }

    /// Makes a new device, in a new or empty folder, of the sealed files of another one: `from` is that device's folder
    /// or the folder of the files. The new device is enrolled for the same person and syncs; then the office gets what
    /// it lacks, each change once. Damaged files are named, all others are taken.
    pub fn recover(from: &Path, to: &Path, platform: Platform) -> Result<RecoveredView, ClientError> {
        recovering::recover(from, to, surroundings(&platform))
    }

    /// Gives this device its identity by a link (`sampan:enroll?server=…&code=…`). Safe to repeat: a lost answer locks
    /// nobody out.
    pub fn enroll(&self, link: &str, device_name: &str) -> Result<StatusView, ClientError> {
        enrolling::enroll(&self.inner, link, device_name)?;
        self.status()
    }

    /// What the device is, and what lies on it.
    pub fn status(&self) -> Result<StatusView, ClientError> {
        showing::status(&self.inner)
    }

    /// Forms on this device, those for new interviews first.
    pub fn forms(&self) -> Result<Vec<FormView>, ClientError> {
        forms::list(&self.inner)
    }

    /// Begins an interview. It is on the disk, and can be opened, when this returns.
    pub fn start(&self, form_id: &str) -> Result<RecordRef, ClientError> {
        self.start_at(form_id, None)
    }

    /// As [`Client::start`], on a device that knows where it is (`13.36 103.86`, with altitude and accuracy in metres
    /// behind where they are known): what the form wants to know of that is written down.
    pub fn start_at(&self, form_id: &str, position: Option<&str>) -> Result<RecordRef, ClientError> {
        let position = position.map(crate::interviewing::device::position).transpose()?;
        let record = records::start(&self.inner, form_id, position)?;
        Ok(RecordRef(record.to_string()))
    }

    /// Opens an interview to work on it: at the first commented question after a return, else where it was left.
    /// Refused with [`ClientError::Finished`] when it is finished and was not returned.
    pub fn open_interview(&self, record: &RecordRef) -> Result<OpenInterview, ClientError> {
        let record = records::find(&self.inner, record)?;
        OpenInterview::open(Arc::clone(&self.inner), record, false)
    }

    /// As [`Client::open_interview`], knowing that it is finished: for mistakes that the enumerator remembers. Only for
    /// one's own, and not for rejected ones. From the first answer on it waits to be finished again.
    pub fn reopen(&self, record: &RecordRef) -> Result<OpenInterview, ClientError> {
        let record = records::find(&self.inner, record)?;
        OpenInterview::open(Arc::clone(&self.inner), record, true)
    }

    /// What a move to the version that the office offers now would do to an interview; moves nothing.
    pub fn preview_move(&self, record: &RecordRef) -> Result<MoveView, ClientError> {
        moving::preview(&self.inner, records::find(&self.inner, record)?)
    }

    /// Moves an interview that is not finished to the version that the office offers now. Answers carry over by their
    /// questions' paths; what does not fit stays in the record.
    pub fn move_interview(&self, record: &RecordRef) -> Result<MoveView, ClientError> {
        moving::moves(&self.inner, records::find(&self.inner, record)?)
    }

    /// All interviews here, the last changed first.
    pub fn interviews(&self) -> Result<Vec<InterviewView>, ClientError> {
        showing::interviews(&self.inner)
    }

    /// One interview with answers, comments and history. `language`: as in [`OpenInterview::set_language`]; None = the
    /// form's first.
    pub fn show(&self, record: &RecordRef, language: Option<&str>) -> Result<RecordView, ClientError> {
        let record = records::find(&self.inner, record)?;
        showing::record(&self.inner, record, language)
    }

    /// Exchanges everything with the office, until there is nothing left to exchange. What was exchanged before an
    /// error stays exchanged. Interviews that are open meanwhile are not touched; interrupted ones are saved first.
    pub fn sync(&self, options: &SyncOptions) -> Result<SyncReport, ClientError> {
        self.sync_with(options, &|_| {})
    }

    /// As [`Client::sync_with`], but only when the time has come that a failed sync before it set; None when it has not.
    /// For work in the background: however often it is called, the office is not. A person who asks for a sync gets one
    /// by [`Client::sync`] at once.
    pub fn sync_when_due(
        &self,
        options: &SyncOptions,
        progress: &dyn Fn(&SyncProgress),
    ) -> Result<Option<SyncReport>, ClientError> {
        match self.waiting()? {
            Some(waiting) if waiting.left_ms > 0 => Ok(None),
            Some(_) | None => self.sync_with(options, progress).map(Some),
        }
    }

    /// Why the last sync did not come to its end, and how long to wait for the next; None when it did.
    pub fn waiting(&self) -> Result<Option<WaitView>, ClientError> {
        waiting::view(&self.inner)
    }

    /// As [`Client::sync`], telling where it is between two requests.
    pub fn sync_with(
        &self,
        options: &SyncOptions,
        progress: &dyn Fn(&SyncProgress),
    ) -> Result<SyncReport, ClientError> {
        syncing::sync(&self.inner, options, progress)
    }

    pub(crate) fn shared(&self) -> &Arc<Inner> {
        &self.inner
    }

    /// The sync log, newest first, at most `limit` lines.
    pub fn log(&self, limit: u32) -> Result<Vec<LogView>, ClientError> {
        showing::log(&self.inner, limit)
    }

    /// Changes that the office keeps apart, with its reasons.
    pub fn quarantined(&self) -> Result<Vec<QuarantineView>, ClientError> {
        showing::quarantined(&self.inner)
    }

    /// Bounds the size of the device's database, in bytes; what goes beyond is a `disk_full` error that loses nothing.
    /// For devices that are shared with other uses. Ends with this object.
    pub fn limit_size(&self, size_bytes: u64) -> Result<(), ClientError> {
        Ok(self.inner.store().limit_size(size_bytes)?)
    }
}

fn surroundings(platform: &Platform) -> Surroundings {
    let clock = Arc::clone(&platform.clock);
    let chance = platform.clone();
    Surroundings {
        now_ms: Box::new(move || clock.now().wall_time_ms),
        random: Box::new(move || chance.bytes::<8>().ok().map(u64::from_be_bytes)),
    }
}

/// A moment as the form engine wants it.
pub(crate) fn instant(moment: Moment) -> DateTime<FixedOffset> {
    let offset = FixedOffset::east_opt(i32::from(moment.utc_offset_min).saturating_mul(60))
        .unwrap_or_else(|| FixedOffset::east_opt(0).expect("zero is an offset"));
    DateTime::from_timestamp_millis(moment.wall_time_ms)
        .unwrap_or(DateTime::UNIX_EPOCH)
        .with_timezone(&offset)
}

/// A UUIDv7: time first, so that records sort by their beginning.
pub(crate) fn new_record_id(platform: &Platform, now_ms: i64) -> Result<RecordId, ClientError> {
    let mut bytes: [u8; 16] = platform.bytes()?;
    let time = u64::try_from(now_ms).unwrap_or(0).to_be_bytes();
    for (byte, time) in bytes.iter_mut().zip(time.iter().skip(2)) {
        *byte = *time;
    }
    let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
    *version = (*version & 0x0f) | 0x70;
    *variant = (*variant & 0x3f) | 0x80;
    Ok(RecordId(Uuid::from_bytes(bytes)))
}

/// A store's error that came through sync, as ours.
pub(crate) fn from_sync(error: sampan_sync::error::SyncError) -> ClientError {
    use sampan_sync::error::SyncError;
    match error {
        SyncError::StoreFull(source) | SyncError::StoreBusy(source) | SyncError::Store { source, .. } => {
            match source.downcast::<StoreError>() {
                Ok(error) => ClientError::Store(*error),
                Err(other) => ClientError::BadAnswer {
                    reason: other.to_string(),
                },
            }
        }
        SyncError::Stuck { rounds } => ClientError::NoEnd {
            n_requests: u64::from(rounds),
        },
        SyncError::Version { ours, theirs } => ClientError::NoSharedVersion {
            older: if theirs.oldest > ours.newest {
                Older::Device
            } else {
                Older::Office
            },
            reason: error.to_string(),
        },
        SyncError::Malformed { .. }
        | SyncError::TooLarge { .. }
        | SyncError::Foreign
        | SyncError::OutOfTurn => ClientError::BadAnswer {
            reason: error.to_string(),
        },
    }
}
