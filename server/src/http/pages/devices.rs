//! Devices: who has which, how they do, new enrolment codes with a QR, and shutting one out.

use askama::Template;
use qrcode::QrCode;
use qrcode::render::svg;
use sampan_record::ids::{DeviceId, PersonId};

use crate::devices;
use crate::error::OfficeError;
use crate::http::ask::{Ask, Reply, Trouble};
use crate::http::pages::{Frame, page};
use crate::http::words;
use crate::people;
use crate::views::{DeviceView, EnrolmentCodeView, OpenCodeView, PersonView};

/// A clock that is further off than this is shown, in seconds.
const NOTABLE_SKEW_S: u64 = 300;

#[derive(Template)]
#[template(path = "devices.html")]
struct ListPage<'a> {
    frame: &'a Frame,
    devices: &'a [DeviceView],
    codes: &'a [OpenCodeView],
    people: Vec<PersonView>,
    key: String,
}

#[derive(Template)]
#[template(path = "device_code.html")]
struct CodePage<'a> {
    frame: &'a Frame,
    code: &'a EnrolmentCodeView,
    /// The QR as SVG, made here from our own link.
    qr: String,
}

/// `GET /devices`.
pub fn list(ask: &Ask) -> Result<Reply, Trouble> {
    let who = ask.person()?;
    let office = &ask.site.office;
    let mut devices = devices::list(office, who)?;
    devices.sort_by_key(|device| (device.is_revoked, std::cmp::Reverse(device.last_sync_at_ms)));
    let codes = devices::open_codes(office, who)?;
    let mut people = people::list(office, who)?;
    people.retain(|person| !person.is_closed);
    let frame = Frame::for_ask(ask, "devices", "Devices")?;
    page(&ListPage {
        key: frame.key(&ask.site),
        frame: &frame,
        devices: &devices,
        codes: &codes,
        people,
    })
}

/// `POST /devices/codes`: a new code, shown once.
pub fn new_code(ask: &Ask) -> Result<Reply, Trouble> {
    let person: PersonId = ask.field("person").parse().map_err(|_| {
        OfficeError::invalid(
            "Nobody was chosen.",
            "Go back and choose whose device it will be.",
        )
    })?;
    let code = devices::new_code(&ask.site.office, ask.person()?, person)?;
    let qr = QrCode::new(code.link.as_bytes())
        .map_err(|error| Trouble::Broken(format!("no QR for a link: {error}")))?
        .render::<svg::Color<'_>>()
        .min_dimensions(240, 240)
        .build();
    // The XML declaration has no place inside a page.
    let qr = qr
        .find("<svg")
        .and_then(|at| qr.get(at..))
        .unwrap_or_default()
        .to_string();
    page(&CodePage {
        frame: &Frame::for_ask(ask, "devices", "New device")?,
        code: &code,
        qr,
    })
}

/// `POST /devices/{device}/revoke`.
pub fn revoke(ask: &Ask) -> Result<Reply, Trouble> {
    set_revoked(ask, true, "revoked")
}

/// `POST /devices/{device}/readmit`.
pub fn readmit(ask: &Ask) -> Result<Reply, Trouble> {
    set_revoked(ask, false, "readmitted")
}

fn set_revoked(ask: &Ask, is_revoked: bool, done: &str) -> Result<Reply, Trouble> {
    let device: DeviceId = ask.id("device")?;
    devices::set_revoked(&ask.site.office, ask.person()?, device, is_revoked, &ask.key())?;
    Ok(Reply::see(format!("/devices?done={done}")))
}

/// What is off with a device's clock, in words; None when it is near enough.
fn skew(skew_s: &Option<i64>) -> Option<String> {
    let skew_s = (*skew_s)?;
    let size_s = skew_s.unsigned_abs();
    if size_s < NOTABLE_SKEW_S {
        return None;
    }
    let amount = match size_s {
        0..=7199 => format!("{} min", size_s / 60),
        7200..=172_799 => format!("{} h", size_s / 3600),
        _ => format!("{} days", size_s / 86_400),
    };
    let side = if skew_s > 0 { "ahead" } else { "behind" };
    Some(format!("clock {amount} {side}"))
}
