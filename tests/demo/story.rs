//! What happens in the demo, step by step, told while it happens.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Instant;

use sampan_acceptance::acts::{self, Account};
use sampan_acceptance::answers::Respondent;
use sampan_acceptance::chance::Chance;
use sampan_acceptance::enumerator::{self, in_words};
use sampan_acceptance::line::{Cut, Fault, Line, Way};
use sampan_acceptance::office::Office;
use sampan_acceptance::words;
use sampan_client_core::api::{AnswerInput, PlaceRef, RecordRef, SyncOptions};
use sampan_client_core::client::Client;

/// Enumerators for each of the four countries.
const PER_COUNTRY: usize = 2;

/// What is to happen.
pub struct Plan {
    /// Interviews to collect, over all enumerators.
    pub n_interviews: u32,
    /// Seed of all answers and cuts.
    pub seed: u64,
    /// Port of the office; 0 = any.
    pub port: u16,
    /// Folder for office and devices.
    pub folder: PathBuf,
}

/// What is there when the story is over: the office runs, the devices are open.
pub struct Told {
    /// The office.
    pub office: Office,
    /// All accounts.
    pub accounts: Vec<Account>,
    /// The devices.
    pub devices: Vec<Device>,
}

/// One enumerator with a device and a line of its own.
pub struct Device {
    /// Whose it is.
    pub account: Account,
    /// The country, by its ISO code.
    pub country: &'static str,
    /// The client.
    pub client: Client,
    /// The line to the office.
    pub line: Line,
    /// What was collected on it, in order.
    pub records: Vec<RecordRef>,
}

/// Tells the whole story.
pub fn tell(plan: &Plan) -> Result<Told, String> {
    let begun = Instant::now();
    let office_folder = plan.folder.join("office");
    let mut chance = Chance::new(plan.seed);
    let accounts = accounts(&mut chance);

    step(
        "1",
        "An office opens: one binary, one SQLite file, no other service.",
    );
    for account in &accounts {
        acts::add_person(&office_folder, account)?;
    }
    let office = Office::start(&office_folder, plan.port)?;
    say(&format!(
        "{} with 1 admin, 2 supervisors, {} enumerators",
        office.url(),
        4 * PER_COUNTRY
    ));

    step(
        "2",
        "The admin uploads and publishes the study's three questionnaires.",
    );
    let mut admin = acts::sign_in(&office, "admin")?;
    acts::publish_study(&mut admin)?;
    say(&acts::STUDY_FORMS.join(", "));

    step(
        "3",
        "Each enumerator's device is enrolled with a one-time code and fetches the forms.",
    );
    let mut devices = Vec::new();
    for account in accounts.iter().filter(|account| account.role == "enumerator") {
        devices.push(enrol(plan, &office, &mut admin, account)?);
    }
    say(&format!("{} devices, each with a key of its own", devices.len()));

    step("4", "The lines go down. Everybody interviews offline.");
    collect(&mut devices, plan, &mut chance)?;
    for country in words::COUNTRIES {
        let n_here: usize = devices
            .iter()
            .filter(|device| device.country == country)
            .map(|device| device.records.len())
            .sum();
        let sample = words::sentence(country, &mut Chance::new(plan.seed));
        say(&format!(
            "{country}: {n_here} interviews, for example \"{sample}\""
        ));
    }

    step(
        "5",
        "The lines come back, and are cut again and again in the middle of a request.",
    );
    sync_over_bad_lines(&devices, &mut chance)?;

    step(
        "6",
        "Two people change one answer of one interview, neither knowing of the other.",
    );
    let mut supervisor = acts::sign_in(&office, "supervisor.east")?;
    conflict(&devices, &mut supervisor)?;

    step(
        "7",
        "A supervisor returns an interview with a comment; it goes back to its phone, is corrected, and approved.",
    );
    return_and_approve(&devices, &mut supervisor)?;

    for device in &devices {
        device.client.sync(&SyncOptions::default()).map_err(in_words)?;
    }
    say(&format!("told in {:.0} s", begun.elapsed().as_secs_f64()));
    Ok(Told {
        office,
        accounts,
        devices,
    })
}

fn accounts(chance: &mut Chance) -> Vec<Account> {
    let account = |login: &str, name: &str, role, country| Account {
        login: login.to_string(),
        name: name.to_string(),
        role,
        country,
    };
    let mut accounts = vec![
        account("admin", "Ada Admin", "admin", None),
        account("supervisor.east", "ស៊ុន វណ្ណា (east)", "supervisor", None),
        account("supervisor.thailand", "ศิริพร วงศ์สวัสดิ์", "supervisor", Some("TH")),
    ];
    for country in words::COUNTRIES {
        let mut last = String::new();
        for number in 1..=PER_COUNTRY {
            let mut name = words::name(country, chance).to_string();
            while name == last {
                name = words::name(country, chance).to_string();
            }
            let login = format!("{}.{number}", country.to_lowercase());
            accounts.push(account(&login, &name, "enumerator", Some(country)));
            last = name;
        }
    }
    accounts
}

fn enrol(
    plan: &Plan,
    office: &Office,
    admin: &mut sampan_acceptance::desk::Desk,
    account: &Account,
) -> Result<Device, String> {
    let line = Line::to(office.address()).map_err(|error| format!("no line: {error}"))?;
    let client = enumerator::device(&plan.folder.join("devices").join(&account.login))?;
    let link = acts::enrolment_link(admin, &account.login)?;
    let link = enumerator::link_over(&line.url(), &link)?;
    client
        .enroll(&link, &format!("phone of {}", account.login))
        .map_err(in_words)?;
    client.sync(&SyncOptions::default()).map_err(in_words)?;
    line.down();
    Ok(Device {
        account: account.clone(),
        country: account.country.unwrap_or("KH"),
        client,
        line,
        records: Vec::new(),
    })
}

fn collect(devices: &mut [Device], plan: &Plan, chance: &mut Chance) -> Result<(), String> {
    let n_devices = devices.len() as u32;
    let seeds: Vec<Chance> = devices.iter().map(|_| chance.fork()).collect();
    let failure: Mutex<Option<String>> = Mutex::new(None);
    let n_done = AtomicU32::new(0);
    thread::scope(|scope| {
        for (index, (device, mut chance)) in devices.iter_mut().zip(seeds).enumerate() {
            let (failure, n_done) = (&failure, &n_done);
            let n_mine =
                plan.n_interviews / n_devices + u32::from((index as u32) < plan.n_interviews % n_devices);
            scope.spawn(move || {
                for number in 0..n_mine {
                    let is_first = number == 0;
                    let form_id = if is_first {
                        acts::STUDY_FORMS[0]
                    } else {
                        acts::STUDY_FORMS[[0, 0, 1, 1, 2][chance.below(5) as usize]]
                    };
                    let respondent = Respondent {
                        country: device.country,
                        agrees: is_first || chance.percent(93),
                    };
                    match enumerator::interview(&device.client, form_id, &respondent, &mut chance) {
                        Ok(record) => device.records.push(record),
                        Err(message) => {
                            let message = format!("{} ({form_id}): {message}", device.account.login);
                            failure
                                .lock()
                                .expect("no panic under the lock")
                                .get_or_insert(message);
                            return;
                        }
                    }
                    let n_done = n_done.fetch_add(1, Ordering::Relaxed) + 1;
                    if n_done % 20 == 0 {
                        say(&format!("{n_done} interviews are on the devices"));
                    }
                }
            });
        }
    });
    match failure.into_inner().expect("no panic under the lock") {
        None => Ok(()),
        Some(message) => Err(message),
    }
}

fn sync_over_bad_lines(devices: &[Device], chance: &mut Chance) -> Result<(), String> {
    for device in devices {
        device.line.heal();
        for _ in 0..chance.between(2, 4) {
            device.line.cut_next(Fault {
                way: if chance.percent(50) { Way::Up } else { Way::Down },
                after_bytes: chance.between(30, 700) as u64,
                cut: if chance.percent(50) { Cut::Rst } else { Cut::Fin },
            });
        }
    }
    let outcomes: Vec<Result<(u64, usize), String>> = thread::scope(|scope| {
        let running: Vec<_> = devices
            .iter()
            .map(|device| {
                scope.spawn(|| {
                    enumerator::sync_through(&device.client, &SyncOptions::default())
                        .map(|(report, n_failed)| (report.sent_bytes, n_failed))
                })
            })
            .collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err("a sync panicked".into())))
            .collect()
    });
    let mut n_failed_tries = 0;
    for outcome in outcomes {
        n_failed_tries += outcome?.1;
    }
    let n_cut: u64 = devices.iter().map(|device| device.line.n_cut()).sum();
    say(&format!(
        "{n_cut} connections were cut; each sync went on where it stood ({n_failed_tries} had to be begun again)"
    ));
    Ok(())
}

/// The last free-text question of a form, which everybody may correct.
const ANYTHING_ELSE: &str = "i_services/comments";

fn conflict(devices: &[Device], supervisor: &mut sampan_acceptance::desk::Desk) -> Result<(), String> {
    let [first, second, ..] = devices else {
        return Err("the demo needs two devices".into());
    };
    let record = first.records.first().ok_or("the first device has no interview")?;
    acts::assign(supervisor, &record.0, &second.account.name)?;
    second.client.sync(&SyncOptions::default()).map_err(in_words)?;
    for (device, seed) in [(first, 1), (second, 4)] {
        let words = words::sentence(device.country, &mut Chance::new(seed));
        let text = format!("{words} ({})", device.account.login);
        correct(&device.client, record, ANYTHING_ELSE, &text)?;
    }
    for device in [first, second, first] {
        device.client.sync(&SyncOptions::default()).map_err(in_words)?;
    }
    say(&format!(
        "interview {}: both answers are kept, the supervisor sees them side by side",
        short(record)
    ));
    Ok(())
}

fn correct(client: &Client, record: &RecordRef, at: &str, text: &str) -> Result<(), String> {
    let mut open = client.reopen(record).map_err(in_words)?;
    open.answer(&PlaceRef::from(at), &AnswerInput::Text(text.to_string()))
        .map_err(in_words)?;
    let finished = open.finish().map_err(in_words)?;
    if finished.is_finished {
        Ok(())
    } else {
        Err(format!(
            "{} could not be finished: {:?}",
            short(record),
            finished.problems.first()
        ))
    }
}

fn return_and_approve(
    devices: &[Device],
    supervisor: &mut sampan_acceptance::desk::Desk,
) -> Result<(), String> {
    let device = devices
        .iter()
        .rev()
        .find(|device| !device.records.is_empty())
        .ok_or("no device has an interview")?;
    let record = device.records.first().ok_or("it has one")?;
    let question = "Main activity in the respondent";
    let comment = "Which products exactly? Please ask once more.";
    acts::decide(
        supervisor,
        &record.0,
        "return",
        "Nearly there: one answer is too short.",
        &[(question, comment)],
    )?;
    device.client.sync(&SyncOptions::default()).map_err(in_words)?;
    let state = state_of(&device.client, record)?;
    if state != "returned" {
        return Err(format!(
            "the device holds {} as {state}, not as returned",
            short(record)
        ));
    }
    say(&format!(
        "{} is back on {}: \"{comment}\"",
        short(record),
        device.account.login
    ));
    let mut open = device.client.open_interview(record).map_err(in_words)?;
    let screen = open.screen().map_err(in_words)?;
    let commented = screen
        .questions
        .iter()
        .find(|question| !question.comments.is_empty())
        .ok_or("the interview did not open at the commented question")?
        .at
        .clone();
    let words = words::sentence(device.country, &mut Chance::new(99));
    open.answer(&commented, &AnswerInput::Text(format!("{words}, {words}")))
        .map_err(in_words)?;
    open.finish().map_err(in_words)?;
    drop(open);
    device.client.sync(&SyncOptions::default()).map_err(in_words)?;
    acts::decide(supervisor, &record.0, "approve", "", &[])?;
    device.client.sync(&SyncOptions::default()).map_err(in_words)?;
    say(&format!(
        "corrected, resubmitted, and {} on the device too",
        state_of(&device.client, record)?
    ));
    Ok(())
}

fn state_of(client: &Client, record: &RecordRef) -> Result<String, String> {
    let interviews = client.interviews().map_err(in_words)?;
    interviews
        .into_iter()
        .find(|interview| interview.record == *record)
        .map(|interview| interview.state)
        .ok_or_else(|| format!("{} is not on the device", short(record)))
}

fn short(record: &RecordRef) -> &str {
    record.0.get(..8).unwrap_or(&record.0)
}

fn step(number: &str, sentence: &str) {
    println!("\n{number}. {sentence}");
}

fn say(sentence: &str) {
    println!("   {sentence}");
}
