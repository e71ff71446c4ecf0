//! What a driven form is told of the world: clock, chance, people, place.

use chrono::{DateTime, FixedOffset};
use sampan_interview::facts::Facts;
use sampan_interview::session::Manner;
use serde_json::json;

use crate::lines::{Fields, Trouble};
use crate::zone;

/// The moment when nothing else is said, so that each run is the same.
const NOW: &str = "2026-01-01T00:00:00Z";

/// What is known of the world.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The clock.
    pub now: DateTime<FixedOffset>,
    /// The zone that was named.
    pub zone: Option<String>,
    /// What chance grows from.
    pub seed: u64,
    /// What questions for it write down.
    pub username: String,
    /// What questions for it write down.
    pub email: String,
    /// What questions for it write down.
    pub phone_number: String,
    /// What questions for it write down.
    pub device: String,
    /// How answers are taken.
    pub manner: Manner,
    /// The language that was asked for.
    pub language: Option<String>,
    /// The id of the document, if it was told.
    pub instance_id: Option<String>,
    /// Where the device is.
    pub position: Option<String>,
}

impl Setting {
    /// What holds when nothing is said.
    pub fn usual() -> Result<Setting, Trouble> {
        Ok(Setting {
            now: moment(NOW, None)?,
            zone: None,
            seed: 1,
            username: String::new(),
            email: String::new(),
            phone_number: String::new(),
            device: String::new(),
            manner: Manner::Odk,
            language: None,
            instance_id: None,
            position: None,
        })
    }

    /// Sets the clock if the request says so.
    pub fn tell_time(&mut self, request: &Fields<'_>) -> Result<(), Trouble> {
        if request.any("tz").is_some() || request.any("now").is_some() {
            let (zone, now) = (request.text("tz")?, request.text("now")?);
            let zone = zone.map(str::to_string).or_else(|| self.zone.clone());
            let told = now.map_or_else(|| self.now.to_rfc3339(), str::to_string);
            self.now = moment(&told, zone.as_deref())?;
            self.zone = zone;
        }
        Ok(())
    }

    /// With what a request says otherwise.
    pub fn with(mut self, request: &Fields<'_>) -> Result<Setting, Trouble> {
        if let Some(zone) = request.text("tz")? {
            self.zone = Some(zone.to_string());
            self.now = moment(&self.now.to_rfc3339(), Some(zone))?;
        }
        if let Some(now) = request.text("now")? {
            self.now = moment(now, self.zone.as_deref())?;
        }
        if let Some(seed) = request.number("seed")? {
            self.seed = seed;
        }
        if let Some(name) = request.text("username")? {
            self.username = name.to_string();
        }
        if let Some(email) = request.text("email")? {
            self.email = email.to_string();
        }
        if let Some(number) = request.text("phonenumber")? {
            self.phone_number = number.to_string();
        }
        if let Some(device) = request.text("deviceid")? {
            self.device = device.to_string();
        }
        if let Some(language) = request.text("language")? {
            self.language = Some(language.to_string());
        }
        if let Some(id) = request.text("instance_id")? {
            self.instance_id = Some(id.to_string());
        }
        if let Some(position) = request.text("position")? {
            self.position = Some(position.to_string());
        }
        if let Some(manner) = request.text("manner")? {
            self.manner = match manner {
                "odk" => Manner::Odk,
                "device" => Manner::Device,
                other => {
                    return Err(Trouble::request(format!(
                        "there is no manner {other:?}; there are odk and device"
                    )));
                }
            };
        }
        Ok(self)
    }

    /// The same for the engine.
    pub fn facts(&self) -> Facts {
        Facts {
            device: self.device.clone(),
            username: self.username.clone(),
            email: self.email.clone(),
            phone_number: self.phone_number.clone(),
            started_at: self.now,
            seed: self.seed,
        }
    }

    /// The id of a new document: as was said, or grown from the seed.
    pub fn new_id(&self) -> String {
        if let Some(id) = &self.instance_id {
            return id.clone();
        }
        // The finaliser of splitmix64, twice, in the form of a random UUID.
        let mixed = |bits: u64| {
            let bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            bits ^ (bits >> 31)
        };
        let high = mixed(self.seed.wrapping_add(0x9E37_79B9_7F4A_7C15));
        let low = mixed(high.wrapping_add(0x9E37_79B9_7F4A_7C15));
        format!(
            "uuid:{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xFFFF,
            high & 0xFFF,
            0x8000 | ((low >> 48) & 0x3FFF),
            low & 0xFFFF_FFFF_FFFF,
        )
    }
}

/// A moment as requests write it.
pub fn moment(text: &str, zone: Option<&str>) -> Result<DateTime<FixedOffset>, Trouble> {
    zone::moment(text, zone).ok_or_else(|| {
        Trouble::request("now or tz is not understood: now is like 2026-11-24T08:30:00+07:00, tz like +07:00")
            .with("now", json!(text))
            .with("tz", json!(zone))
    })
}
