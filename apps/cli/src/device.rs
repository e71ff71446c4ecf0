//! The device's folder, and the core opened on it.

use std::path::{Path, PathBuf};

use sampan_client_core::client::Client;
use sampan_client_core::platform::{Contact, Moment, Platform};

use crate::failure::Failure;

/// An opened device.
pub struct Device {
    /// The core.
    pub client: Client,
    platform: Platform,
}

impl Device {
    /// Opens the folder that was asked for, or the person's own.
    pub fn open(asked: Option<&Path>) -> Result<Device, Failure> {
        Device::open_for(asked, Contact::default())
    }

    /// The same, told how its user can be reached.
    pub fn open_for(asked: Option<&Path>, contact: Contact) -> Result<Device, Failure> {
        let folder = match asked {
            Some(folder) => folder.to_path_buf(),
            None => own_folder()?,
        };
        let platform = Platform {
            contact,
            ..Platform::system()
        };
        Ok(Device {
            client: Client::open(&folder, platform.clone())?,
            platform,
        })
    }

    /// Now.
    pub fn now(&self) -> Moment {
        self.platform.clock.now()
    }
}

fn own_folder() -> Result<PathBuf, Failure> {
    let folder = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|folder| folder.is_absolute())
    };
    let base = folder("XDG_DATA_HOME")
        .or_else(|| folder("HOME").map(|home| home.join(".local/share")))
        .or_else(|| folder("LOCALAPPDATA"));
    match base {
        Some(base) => Ok(base.join("sampan")),
        None => Err(Failure::Usage {
            sentence:
                "it is not known where interviews are to be kept: neither XDG_DATA_HOME nor HOME is set"
                    .into(),
            advice: "Name a folder with --data DIR.".into(),
        }),
    }
}
