//! The count at the end: from the devices' stores, the office's store and the CSV, never from what was generated.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::Arc;

use sampan_acceptance::acts::{self, STUDY_FORMS};
use sampan_acceptance::enumerator::in_words;
use sampan_acceptance::words;
use sampan_client_core::api::{AnswerView, RecordView};
use sampan_record::ids::RecordId;
use sampan_server::config::Config;
use sampan_server::people;
use sampan_server::reviewing;
use sampan_server::state::{Office, SystemChance, SystemClock};
use sampan_server::views::InterviewFilter;
use sampan_store::office::writer::Executor;

use crate::story::Told;

/// What was counted.
#[derive(Debug, Default)]
pub struct Tally {
    collected: usize,
    merged: usize,
    lost: usize,
    duplicated: usize,
    conflicts_visible: u64,
    returned: usize,
    approved: usize,
    countries: BTreeMap<&'static str, usize>,
    csv_rows: usize,
}

impl Tally {
    /// Whether nothing is lost and nothing doubled, anywhere.
    pub fn is_whole(&self) -> bool {
        self.lost == 0
            && self.duplicated == 0
            && self.merged == self.collected
            && self.csv_rows == self.collected
    }

    /// One JSON object on one line.
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "collected": self.collected,
            "merged": self.merged,
            "lost": self.lost,
            "duplicated": self.duplicated,
            "conflicts_visible": self.conflicts_visible,
            "returned": self.returned,
            "approved": self.approved,
            "countries": self.countries,
            "csv_rows": self.csv_rows,
        })
    }
}

/// What the office's store says.
struct Stored {
    records: BTreeSet<String>,
    n_rows: usize,
    n_conflicts: u64,
    n_returned: usize,
    n_approved: usize,
}

/// The CSV of all forms: rows by record, and rows of repeats by record, repeat and row.
#[derive(Default)]
struct Exported {
    n_rows: usize,
    rows: BTreeMap<String, BTreeMap<String, String>>,
    repeat_rows: BTreeMap<(String, String, String), BTreeMap<String, String>>,
}

/// Counts. The office is stopped for it: its store is read from the disk, as it would be after a power cut.
pub fn count(told: &mut Told) -> Result<Tally, String> {
    let exported = export(told)?;
    told.office.kill();
    let stored = stored(told)?;
    let collected = collected(told)?;

    let mut tally = Tally {
        collected: collected.len(),
        conflicts_visible: stored.n_conflicts,
        returned: stored.n_returned,
        approved: stored.n_approved,
        csv_rows: exported.n_rows,
        ..Tally::default()
    };
    for country in words::COUNTRIES {
        let n_rows = exported
            .rows
            .values()
            .filter(|row| row.get("country").map(String::as_str) == Some(country))
            .count();
        tally.countries.insert(country, n_rows);
    }
    for (record, view) in &collected {
        let is_merged = stored.records.contains(record);
        tally.merged += usize::from(is_merged);
        let missing = differences(record, view, &exported);
        if !is_merged || !missing.is_empty() {
            tally.lost += 1;
            eprintln!(
                "{record}: in the office's store: {is_merged}; not as collected in the CSV: {missing:?}"
            );
        }
    }
    let n_unknown = stored
        .records
        .iter()
        .filter(|record| !collected.contains_key(*record))
        .count();
    tally.duplicated =
        n_unknown + (stored.n_rows - stored.records.len()) + (exported.n_rows - exported.rows.len());
    Ok(tally)
}

/// All finished interviews that stand in the devices' stores, each once.
fn collected(told: &Told) -> Result<BTreeMap<String, RecordView>, String> {
    let mut collected = BTreeMap::new();
    for device in &told.devices {
        for interview in device.client.interviews().map_err(in_words)? {
            if interview.state == "draft" {
                continue;
            }
            let view = device.client.show(&interview.record, None).map_err(in_words)?;
            collected.insert(interview.record.0.clone(), view);
        }
    }
    Ok(collected)
}

fn stored(told: &Told) -> Result<Stored, String> {
    let mut config = Config::new(told.office.folder().to_path_buf(), told.office.url());
    config.executor = Executor::OneByOne;
    let office = Office::open(config, Arc::new(SystemClock), Arc::new(SystemChance))
        .map_err(|error| format!("the office's store: {error}"))?;
    let admin = people::principal_by_login(&office, "admin")
        .map_err(|error| format!("the office's store: {error}"))?
        .ok_or("the office's store has no admin")?;
    let mut stored = Stored {
        records: BTreeSet::new(),
        n_rows: 0,
        n_conflicts: 0,
        n_returned: 0,
        n_approved: 0,
    };
    let mut filter = InterviewFilter::default();
    loop {
        filter.page += 1;
        let list = reviewing::list(&office, &admin, &filter).map_err(|error| error.to_string())?;
        for row in &list.rows {
            stored.n_rows += 1;
            stored.records.insert(row.record.to_string());
            stored.n_conflicts += row.n_conflicts;
            stored.n_approved += usize::from(row.state == "approved");
            stored.n_returned += usize::from(was_returned(&office, &admin, row.record)?);
        }
        if filter.page >= list.n_pages {
            return Ok(stored);
        }
    }
}

fn was_returned(
    office: &Office,
    admin: &sampan_server::access::Principal,
    record: RecordId,
) -> Result<bool, String> {
    let view = reviewing::view(office, admin, record, None).map_err(|error| error.to_string())?;
    Ok(view
        .history
        .iter()
        .any(|event| event.what.contains("returned it")))
}

/// Fetches the tables of all forms as a supervisor would, over HTTP.
fn export(told: &Told) -> Result<Exported, String> {
    let mut desk = acts::sign_in(&told.office, "admin")?;
    let mut exported = Exported::default();
    for form_id in STUDY_FORMS {
        let page = desk.get(&format!("/interviews.csv?form={form_id}&repeats=1"))?;
        if !page.bytes.starts_with(b"PK") {
            read_table(form_id, form_id, &page.text, &mut exported)?;
            continue;
        }
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(&page.bytes))
            .map_err(|error| format!("the export of {form_id}: {error}: {}", page.plain()))?;
        for index in 0..zip.len() {
            let mut file = zip
                .by_index(index)
                .map_err(|error| format!("{form_id}: {error}"))?;
            let name = file.name().map_err(|error| format!("{form_id}: {error}"))?;
            let name = name.trim_end_matches(".csv").to_string();
            let mut text = String::new();
            file.read_to_string(&mut text)
                .map_err(|error| format!("{name}: {error}"))?;
            read_table(&name, form_id, &text, &mut exported)?;
        }
    }
    Ok(exported)
}

fn read_table(name: &str, form_id: &str, text: &str, exported: &mut Exported) -> Result<(), String> {
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    for row in reader.deserialize() {
        let row: BTreeMap<String, String> = row.map_err(|error| format!("{name}: {error}"))?;
        let record = row.get("record_id").cloned().unwrap_or_default();
        match name.strip_prefix(form_id).and_then(|rest| rest.strip_prefix('-')) {
            None => {
                exported.n_rows += 1;
                exported.rows.insert(record, row);
            }
            Some(repeat) => {
                let row_id = row.get("row_id").cloned().unwrap_or_default();
                exported
                    .repeat_rows
                    .insert((record, repeat.to_string(), row_id), row);
            }
        }
    }
    Ok(())
}

/// Places whose answer on the device is not what the CSV holds.
fn differences(record: &str, view: &RecordView, exported: &Exported) -> Vec<String> {
    let mut places = Vec::new();
    for shown in &view.answers {
        let Some(answer) = &shown.answer else { continue };
        let expected = cell(answer);
        let place = shown.at.0.as_str();
        let found = match place.split_once('[') {
            None => exported
                .rows
                .get(record)
                .and_then(|row| row.get(&place.replace('/', "-"))),
            Some((repeat, rest)) => rest.split_once("]/").and_then(|(row_id, question)| {
                let key = (record.to_string(), repeat.replace('/', "-"), row_id.to_string());
                exported
                    .repeat_rows
                    .get(&key)
                    .and_then(|row| row.get(&question.replace('/', "-")))
            }),
        };
        let is_same = found.is_some_and(|found| *found == expected || *found == format!("'{expected}"));
        if !is_same {
            places.push(format!("{place}: {expected:?}, the CSV has {found:?}"));
        }
    }
    places
}

/// What the CSV holds for an answer.
fn cell(answer: &AnswerView) -> String {
    match answer.missing.as_deref() {
        None => answer.text.clone(),
        Some("dont_know") => "-88".into(),
        Some("refused") => "-99".into(),
        Some("not_applicable") => "-77".into(),
        Some(_) => "-66".into(),
    }
}
