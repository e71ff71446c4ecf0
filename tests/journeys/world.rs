//! A small world for a journey: an office in a process of its own, a small form, people and their devices.

use std::path::PathBuf;

use sampan_acceptance::acts::{self, Account};
use sampan_acceptance::desk::Desk;
use sampan_acceptance::enumerator::{self, in_words};
use sampan_acceptance::office::Office;
use sampan_acceptance::sheet;
use sampan_client_core::api::{AnswerInput, PlaceRef, RecordRef, SyncOptions};
use sampan_client_core::client::Client;

/// The heading of the small form's survey sheet.
pub const SURVEY: &[&str] = &["type", "name", "label", "required", "constraint"];

/// The small form: a country, who, a price, a remark.
pub const STALL: &[&[&str]] = &[
    SURVEY,
    &["start", "start"],
    &["end", "end"],
    &["select_one country", "country", "Country", "yes"],
    &["text", "seller", "Who sells?", "yes"],
    &[
        "integer",
        "price",
        "Price of a kilogram of rice",
        "yes",
        ". >= 0 and . <= 100000",
    ],
    &["text", "remark", "Anything else?"],
];

/// Its choices.
pub const COUNTRIES: &[&[&str]] = &[
    &["list_name", "name", "label"],
    &["country", "KH", "Cambodia"],
    &["country", "MM", "Myanmar"],
    &["country", "TH", "Thailand"],
    &["country", "VN", "Viet Nam"],
];

/// Its settings.
pub const SETTINGS: &[&[&str]] = &[&["form_title", "form_id", "version"], &["Stall", "stall", "1"]];

/// An office with its people.
pub struct World {
    /// The office's process.
    pub office: Office,
    /// The admin at the office's pages.
    pub admin: Desk,
    folder: tempfile::TempDir,
}

impl World {
    /// An office with an admin, a supervisor and two enumerators (`dara` and `thida`), and the small form published.
    pub fn new() -> World {
        let mut world = World::bare();
        world.publish(STALL, SETTINGS);
        world
    }

    /// The same without a form.
    pub fn bare() -> World {
        World::bare_in(tempfile::tempdir().expect("a temporary folder"))
    }

    /// The same in this folder.
    pub fn bare_in(folder: tempfile::TempDir) -> World {
        let office_folder = folder.path().join("office");
        for (login, name, role) in [
            ("admin", "Ada Admin", "admin"),
            ("sok", "Sok Supervisor", "supervisor"),
            ("dara", "Dara Enumerator", "enumerator"),
            ("thida", "Thida Enumerator", "enumerator"),
        ] {
            let account = Account {
                login: login.into(),
                name: name.into(),
                role,
                country: None,
            };
            acts::add_person(&office_folder, &account).expect("an account");
        }
        let office = Office::start(&office_folder, 0).expect("an office");
        let admin = acts::sign_in(&office, "admin").expect("the admin signs in");
        World {
            office,
            admin,
            folder,
        }
    }

    /// Publishes a form made of these survey and settings rows.
    pub fn publish(&mut self, survey: &[&[&str]], settings: &[&[&str]]) {
        let bytes = sheet::xlsx(&[("survey", survey), ("choices", COUNTRIES), ("settings", settings)]);
        acts::publish_bytes(&mut self.admin, &[("form", "stall.xlsx", &bytes)]).expect("published");
    }

    /// A place for a device's folder.
    pub fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// An enrolled device that has the forms; it reaches the office through `url`.
    pub fn device_over(&mut self, login: &str, name: &str, url: &str) -> Client {
        let client = enumerator::device(&self.place(name)).expect("a device");
        let link = acts::enrolment_link(&mut self.admin, login).expect("a link");
        let link = enumerator::link_over(url, &link).expect("a code in the link");
        client.enroll(&link, name).map_err(in_words).expect("enrolled");
        sync(&client);
        client
    }

    /// The same, straight to the office.
    pub fn device(&mut self, login: &str, name: &str) -> Client {
        let url = self.office.url();
        self.device_over(login, name, &url)
    }

    /// The supervisor at the office's pages.
    pub fn supervisor(&self) -> Desk {
        acts::sign_in(&self.office, "sok").expect("the supervisor signs in")
    }

    /// The rows of the office's CSV of a form, by column heading.
    pub fn csv(&mut self, form_id: &str) -> Vec<std::collections::BTreeMap<String, String>> {
        let page = self
            .admin
            .get(&format!("/interviews.csv?form={form_id}"))
            .expect("a CSV");
        assert_eq!(page.status, 200, "{}", page.plain());
        let text = page.text.trim_start_matches('\u{feff}').to_string();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        reader.deserialize().map(|row| row.expect("a row")).collect()
    }
}

/// Interviews a stall: country, seller, price. Finished and on the device's disk when it returns.
pub fn stall(client: &Client, seller: &str, price: i64) -> RecordRef {
    let record = client.start("stall").map_err(in_words).expect("begun");
    let mut open = client.open_interview(&record).map_err(in_words).expect("opened");
    for (place, text) in [
        ("country", "KH"),
        ("seller", seller),
        ("price", &price.to_string()),
    ] {
        open.answer(&PlaceRef::from(place), &AnswerInput::Text(text.into()))
            .map_err(in_words)
            .expect("answered");
    }
    let finished = open.finish().map_err(in_words).expect("finished");
    assert!(finished.is_finished, "{:?}", finished.problems);
    record
}

/// Changes one answer of an interview and submits it again.
pub fn correct(client: &Client, record: &RecordRef, place: &str, text: &str) {
    let mut open = client.reopen(record).map_err(in_words).expect("opened");
    open.answer(&PlaceRef::from(place), &AnswerInput::Text(text.into()))
        .map_err(in_words)
        .expect("answered");
    assert!(open.finish().map_err(in_words).expect("finished").is_finished);
}

/// Syncs to the end.
pub fn sync(client: &Client) -> sampan_client_core::api::SyncReport {
    client
        .sync(&SyncOptions::default())
        .map_err(in_words)
        .expect("synced")
}

/// What stands at a place of an interview on a device, in ODK's text form.
pub fn answer_on(client: &Client, record: &RecordRef, place: &str) -> Option<String> {
    let view = client.show(record, None).map_err(in_words).expect("shown");
    let answer = view.answers.into_iter().find(|answer| answer.at.0 == place)?;
    answer.answer.map(|answer| answer.text)
}
