//! The device's one object: opened on a folder, it enrols, collects and syncs.

use std::path::Path;

use crate::api::{
    FormView, InterviewView, LogView, QuarantineView, RecordRef, RecordView, StatusView, SyncOptions,
    SyncProgress, SyncReport,
};
use crate::error::ClientError;
use crate::interviewing::OpenInterview;
use crate::platform::Platform;
use crate::transport::Transport;

/// Everything a field app needs. All calls block; share it between threads in an `Arc`.
pub struct Client {}

impl Client {
    /// Opens the device's folder, made if absent, with HTTP as its line. Refused while another program (or another
    /// `Client`) has it open.
    pub fn open(folder: &Path, platform: Platform) -> Result<Client, ClientError> {
        let _ = (folder, platform);
        Err(ClientError::NotEnrolled)
    }

    /// As [`Client::open`], with another line.
    pub fn open_with(
        folder: &Path,
        platform: Platform,
        transport: Box<dyn Transport>,
    ) -> Result<Client, ClientError> {
        let _ = (folder, platform, transport);
        Err(ClientError::NotEnrolled)
    }

    /// Gives this device its identity by a link (`sampan:enroll?server=…&code=…`). Safe to repeat: a lost answer locks
    /// nobody out.
    pub fn enroll(&self, link: &str, device_name: &str) -> Result<StatusView, ClientError> {
        let _ = (link, device_name);
        Err(ClientError::NotEnrolled)
    }

    /// What the device is, and what lies on it.
    pub fn status(&self) -> Result<StatusView, ClientError> {
        Err(ClientError::NotEnrolled)
    }

    /// Forms on this device, those for new interviews first.
    pub fn forms(&self) -> Result<Vec<FormView>, ClientError> {
        Ok(Vec::new())
    }

    /// Begins an interview. It is on the disk, and can be opened, when this returns.
    pub fn start(&self, form_id: &str) -> Result<RecordRef, ClientError> {
        Err(ClientError::NoForm {
            form_id: form_id.to_owned(),
        })
    }

    /// Opens an interview to work on it: at the first commented question after a return, else where it was left.
    pub fn open_interview(&self, record: &RecordRef) -> Result<OpenInterview, ClientError> {
        Err(ClientError::NoRecord {
            name: record.0.clone(),
        })
    }

    /// All interviews here, the last changed first.
    pub fn interviews(&self) -> Result<Vec<InterviewView>, ClientError> {
        Ok(Vec::new())
    }

    /// One interview with answers, comments and history. `language`: as in [`OpenInterview::set_language`]; None = the
    /// form's first.
    pub fn show(&self, record: &RecordRef, language: Option<&str>) -> Result<RecordView, ClientError> {
        let _ = language;
        Err(ClientError::NoRecord {
            name: record.0.clone(),
        })
    }

    /// Exchanges everything with the office, until there is nothing left to exchange. What was exchanged before an
    /// error stays exchanged. Interviews that are open meanwhile are not touched; interrupted ones are saved first.
    pub fn sync(&self, options: &SyncOptions) -> Result<SyncReport, ClientError> {
        self.sync_with(options, &|_| {})
    }

    /// As [`Client::sync`], telling where it is between two requests.
    pub fn sync_with(
        &self,
        options: &SyncOptions,
        progress: &dyn Fn(&SyncProgress),
    ) -> Result<SyncReport, ClientError> {
        let _ = (options, progress);
        Err(ClientError::NotEnrolled)
    }

    /// The sync log, newest first, at most `limit` lines.
    pub fn log(&self, limit: u32) -> Result<Vec<LogView>, ClientError> {
        let _ = limit;
        Ok(Vec::new())
    }

    /// Changes that the office keeps apart, with its reasons.
    pub fn quarantined(&self) -> Result<Vec<QuarantineView>, ClientError> {
        Ok(Vec::new())
    }
}
