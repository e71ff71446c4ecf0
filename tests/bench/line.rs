//! An enumerator's day over EDGE: how many round trips, bytes and seconds until all of it is at the office, ours beside
//! what OpenRosa's way costs for the same interviews. Real client, real server process; the line is computed.

mod edge;
mod interviews;
mod openrosa;
mod tapped;

use std::path::Path;

use sampan_acceptance::acts::{self, Account};
use sampan_acceptance::answers::Respondent;
use sampan_acceptance::chance::Chance;
use sampan_acceptance::enumerator::{self, in_words};
use sampan_acceptance::office::Office;
use sampan_acceptance::words;
use sampan_client_core::api::{AnswerInput, PlaceRef, RecordRef, SyncOptions};
use sampan_client_core::client::Client;
use sampan_client_core::platform::Platform;

use crate::machine;
use crate::season::FORM;
use crate::table::{self, figure};
use edge::{Edge, Total};
use interviews::Interviews;
use tapped::{Exchange, Tapped};

/// Interviews of the day.
const N_NEW: usize = 5;

/// Earlier interviews in which the enumerator corrects an answer.
const N_CORRECTED: usize = 2;

/// The countries that give the day's answers their language, one run each.
const COUNTRIES: [&str; 4] = words::COUNTRIES;

/// Most round trips, seconds, and the least factor to OpenRosa's bytes.
const MOST_TRIPS: usize = 2;
const MOST_SECONDS: f64 = 15.0;
const LEAST_FACTOR: f64 = 10.0;

/// Runs of the line with other losses, for each country.
const N_LOSSES: u64 = 50;

struct Day {
    ours: Vec<Vec<Exchange>>,
    theirs: Vec<Exchange>,
    n_answers: usize,
    xml_bytes: Vec<usize>,
}

/// Measures and prints; an error when a promise is broken.
pub fn measure(seed: u64) -> Result<(), String> {
    let mut rows = Vec::new();
    let mut worst_s: f64 = 0.0;
    let mut least: f64 = f64::MAX;
    let mut most_trips = 0;
    let mut notes = (0, Vec::new());
    for (number, country) in COUNTRIES.into_iter().enumerate() {
        let day = live(seed.wrapping_add(number as u64), country, Token::Fresh)?;
        let ours = over_edge(seed, &day.ours);
        let theirs = over_edge(seed, std::slice::from_ref(&day.theirs));
        let trips = day.ours.iter().map(Vec::len).sum();
        let factor = http(&theirs) / http(&ours);
        let slowest = ours.iter().map(|total| total.seconds).fold(0.0, f64::max);
        most_trips = most_trips.max(trips);
        least = least.min(factor);
        worst_s = worst_s.max(median(&ours));
        notes.0 += day.n_answers;
        notes.1.extend(day.xml_bytes);
        let language = words::language(country);
        rows.push(row(&format!("ours, {language}"), trips, &ours, slowest));
        let slowest = theirs.iter().map(|total| total.seconds).fold(0.0, f64::max);
        rows.push(row(
            &format!("OpenRosa's way, {language}"),
            day.theirs.len(),
            &theirs,
            slowest,
        ));
    }
    let day = live(seed, COUNTRIES[0], Token::RunOut)?;
    let ours = over_edge(seed, &day.ours);
    let trips = day.ours.iter().map(Vec::len).sum();
    let slowest = ours.iter().map(|total| total.seconds).fold(0.0, f64::max);
    let language = words::language(COUNTRIES[0]);
    rows.push(row(
        &format!("ours, {language}, with a token that has run out"),
        trips,
        &ours,
        slowest,
    ));
    println!("\n## A day over a bad line\n");
    println!(
        "EDGE: 60 kbit/s down, 20 kbit/s up, 800 ms round trip, 5 % of packets lost; {N_LOSSES} seeds of losses for each row."
    );
    let n = (COUNTRIES.len() * (N_NEW + N_CORRECTED + 1)) as f64;
    println!(
        "{N_NEW} interviews of {FORM} ({:.0} answers on average), {N_CORRECTED} corrections of earlier ones, one sent back by the supervisor, corrected and submitted again. As XML one is {:.0} bytes.",
        notes.0 as f64 / n,
        notes.1.iter().sum::<usize>() as f64 / n
    );
    table::print(
        "Until all of it is at the office",
        "HTTP bytes are heads and bodies of both directions, tokens included; on the wire TCP/IP and TLS 1.3 are added, retransmissions included. Seconds are virtual, connections included.",
        &[
            "",
            "requests",
            "HTTP up",
            "HTTP down",
            "HTTP both",
            "on the wire",
            "seconds, median",
            "slowest",
        ],
        &rows,
    );
    println!("\nOurs is {} times smaller at least.", figure(least, 1));
    if most_trips > MOST_TRIPS || worst_s >= MOST_SECONDS || least < LEAST_FACTOR {
        return Err(format!(
            "the promise is at most {MOST_TRIPS} round trips, less than {MOST_SECONDS} s and {LEAST_FACTOR} times fewer bytes; it was {most_trips}, {worst_s:.1} s, {least:.1}"
        ));
    }
    Ok(())
}

/// The device's token when the day's first sync begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    /// Got less than a quarter of an hour ago.
    Fresh,
    /// Older: it is renewed first.
    RunOut,
}

fn over_edge(seed: u64, syncs: &[Vec<Exchange>]) -> Vec<Total> {
    (0..N_LOSSES)
        .map(|loss| {
            let mut line = Edge::new(seed ^ loss.wrapping_mul(7919));
            syncs.iter().for_each(|sync| line.session(sync));
            line.total
        })
        .collect()
}

/// Lives through the day, and gives what went over the line.
fn live(seed: u64, country: &'static str, token: Token) -> Result<Day, String> {
    let (folder, _) = machine::memory_folder()?;
    let office_folder = folder.path().join("office");
    std::fs::create_dir_all(folder.path()).map_err(|error| error.to_string())?;
    for (login, role, country) in [
        ("admin", "admin", None),
        ("boss", "supervisor", Some(country)),
        ("srey", "enumerator", Some(country)),
    ] {
        let account = Account {
            login: login.into(),
            name: format!("{login} of the bench"),
            role,
            country,
        };
        acts::add_person(&office_folder, &account)?;
    }
    let office = Office::start(&office_folder, 0)?;
    let mut admin = acts::sign_in(&office, "admin")?;
    acts::publish_study(&mut admin)?;
    let line = Tapped::new();
    let client = open(&folder.path().join("device"), &line)?;
    let link = acts::enrolment_link(&mut admin, "srey")?;
    let link = enumerator::link_over(&office.url(), &link)?;
    client.enroll(&link, "phone").map_err(in_words)?;
    sync(&client)?;

    // The day before.
    let mut chance = Chance::new(seed);
    let respondent = Respondent {
        country,
        agrees: true,
    };
    let interview = |chance: &mut Chance| enumerator::interview(&client, FORM, &respondent, chance);
    let mut earlier = Vec::new();
    for _ in 0..=N_CORRECTED {
        earlier.push(interview(&mut chance)?);
    }
    sync(&client)?;
    let (returned, corrected) = earlier.split_first().ok_or("nothing was collected")?;
    let mut boss = acts::sign_in(&office, "boss")?;
    acts::decide(
        &mut boss,
        &returned.0,
        "return",
        "Please ask again for the comment.",
        &[],
    )?;

    // The day.
    let mut records = Vec::new();
    for _ in 0..N_NEW {
        records.push(interview(&mut chance)?);
    }
    for record in corrected {
        correct(&client, country, record, &mut chance)?;
    }
    line.clear();
    if token == Token::RunOut {
        line.let_the_token_run_out();
    }
    sync(&client)?;
    let first = line.take();
    // What came back is corrected, and goes with the second one.
    correct(&client, country, returned, &mut chance)?;
    sync(&client)?;
    let second = line.take();

    records.extend(corrected.iter().cloned());
    records.push(returned.clone());
    let interviews = Interviews::of_requests(&line.bodies())?;
    let mut theirs = openrosa::before();
    let mut day = Day {
        ours: vec![first, second],
        theirs: Vec::new(),
        n_answers: 0,
        xml_bytes: Vec::new(),
    };
    for (number, record) in records.iter().enumerate() {
        let running = interviews.of(record)?;
        let xml = openrosa::submission(&running, number >= N_NEW);
        day.n_answers += running.values().len();
        day.xml_bytes.push(xml.len());
        theirs.extend(openrosa::sending(&xml));
    }
    day.theirs = theirs;
    drop(client);
    let mut office = office;
    office.kill();
    Ok(day)
}

fn open(folder: &Path, line: &Tapped) -> Result<Client, String> {
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Client::open_with(folder, Platform::system(), Box::new(line.clone())).map_err(in_words)
}

fn sync(client: &Client) -> Result<(), String> {
    let report = client.sync(&SyncOptions::default()).map_err(in_words)?;
    match report.n_unsent == 0 && report.quarantined.is_empty() {
        true => Ok(()),
        false => Err(format!("not everything was taken: {report:?}")),
    }
}

/// Corrects one text with a few words and submits the interview again.
fn correct(client: &Client, country: &str, record: &RecordRef, chance: &mut Chance) -> Result<(), String> {
    let mut open = client.reopen(record).map_err(in_words)?;
    let sentence = words::sentence(country, &mut Chance::new(chance.draw()));
    let word = sentence.split(' ').next().unwrap_or(sentence);
    let text = AnswerInput::Text(format!("{word} {}", chance.below(100)));
    open.answer(&PlaceRef::from("i_services/comments"), &text)
        .map_err(in_words)?;
    let finished = open.finish().map_err(in_words)?;
    match finished.is_finished {
        true => Ok(()),
        false => Err(format!(
            "a correction could not be finished: {:?}",
            finished.problems
        )),
    }
}

fn http(totals: &[Total]) -> f64 {
    totals
        .first()
        .map_or(0.0, |total| total.http_up + total.http_down)
}

fn median(totals: &[Total]) -> f64 {
    let mut seconds: Vec<f64> = totals.iter().map(|total| total.seconds).collect();
    table::quantile(&mut seconds, 0.5)
}

fn row(what: &str, trips: usize, totals: &[Total], slowest: f64) -> Vec<String> {
    let mean = |of: fn(&Total) -> f64| table::mean(&totals.iter().map(of).collect::<Vec<f64>>());
    vec![
        what.to_string(),
        trips.to_string(),
        figure(mean(|total| total.http_up), 0),
        figure(mean(|total| total.http_down), 0),
        figure(http(totals), 0),
        figure(mean(|total| total.wire), 0),
        figure(median(totals), 1),
        figure(slowest, 1),
    ]
}
