//! Bytes on the line: fresh interviews alone and in batches, and a correction of one answer, handshakes included.

use std::sync::Arc;

use sampan_acceptance::chance::Chance;
use sampan_acceptance::enumerator::in_words;
use sampan_acceptance::words;
use sampan_client_core::api::{AnswerInput, PlaceRef, RecordRef};
use sampan_form::compiled::Form;
use sampan_interview::schema::FormSchema;
use sampan_record::change::{Change, Payload};
use sampan_record::codec;
use sampan_record::op::Op;
use sampan_sync::wire::SyncRequest;
use sampan_value::answer::{Answer, Value};
use sampan_value::text;

use crate::engine;
use crate::season::{Device, Exchange, N_WAITING, Place, Season, State};
use crate::table::{self, figure, mean};

/// Interviews synced alone, on each device.
const N_ALONE: usize = 10;

/// Corrections of each sort, on each device.
const N_CORRECTIONS: usize = 5;

/// A free text and a number that stand in every interview.
const TEXT: &str = "i_services/comments";

/// Bytes of one sync.
#[derive(Debug, Default, Clone, Copy)]
struct Bytes {
    up: f64,
    down: f64,
    requests: f64,
}

/// Measures and prints.
pub fn measure(season: &Season) -> Result<(), String> {
    let mut field = season.field(State::Fresh, Place::Memory)?;
    let mut nothing = Vec::new();
    let mut alone: Vec<(&str, Vec<Bytes>)> = Vec::new();
    let mut tens = Vec::new();
    let (mut saved, mut resubmitted) = (Vec::new(), Vec::new());
    for device in &mut field.devices {
        nothing.push(sum(&device.sync()?));
        let mut mine = Vec::new();
        let mut records = Vec::new();
        for _ in 0..N_ALONE {
            records.push(device.interview()?);
            mine.push(sum(&device.sync()?));
        }
        alone.push((device.country, mine));
        for _ in 0..10 {
            device.interview()?;
        }
        tens.push(each(sum(&device.sync()?), 10.0));
        for record in records.iter().take(N_CORRECTIONS) {
            correct(device, record, false)?;
            saved.push(sum(&device.sync()?));
            correct(device, record, true)?;
            resubmitted.push(sum(&device.sync()?));
        }
    }
    field.close()?;

    let field = season.field(State::Waiting, Place::Memory)?;
    let mut hundreds = Vec::new();
    let mut changes = Vec::new();
    for device in &field.devices {
        let exchanges = device.sync()?;
        hundreds.push(each(sum(&exchanges), N_WAITING as f64));
        for exchange in &exchanges {
            let request = SyncRequest::decode(&exchange.sent).map_err(|error| error.to_string())?;
            changes.extend(request.push.changes);
        }
    }
    field.close()?;

    let def = Arc::new(engine::read_form(&engine::spreadsheet()?)?);
    let content = Content::of(&changes, Arc::new(engine::compile(&def)?))?;
    println!("\n## Bytes on the line\n");
    println!("{}", content.words());

    let mut rows: Vec<Vec<String>> = alone
        .iter()
        .map(|(country, samples)| {
            row(
                &format!("one fresh interview alone, in {}", words::language(country)),
                samples,
                samples.len(),
            )
        })
        .collect();
    let all: Vec<Bytes> = alone
        .iter()
        .flat_map(|(_, samples)| samples.iter().copied())
        .collect();
    rows.push(row("one fresh interview alone, all", &all, all.len()));
    rows.push(row("in a batch of 10, each", &tens, tens.len() * 10));
    rows.push(row(
        &format!("in a batch of {N_WAITING}, each"),
        &hundreds,
        hundreds.len() * N_WAITING,
    ));
    rows.push(row("one text corrected and saved", &saved, saved.len()));
    rows.push(row(
        "one text corrected and submitted again",
        &resubmitted,
        resubmitted.len(),
    ));
    rows.push(row("nothing new on either side", &nothing, nothing.len()));
    table::print(
        "What a sync costs",
        "Bodies of requests and answers, means; the whole sync with its handshake is counted.",
        &["", "up, bytes", "down, bytes", "both, bytes", "requests", "n"],
        &rows,
    );
    table::print(
        "What one interview is made of",
        "Means of the interviews in the batches of 100; the last two rows are the same answers as JSON with field names.",
        &["", "bytes each"],
        &content.rows(),
    );
    Ok(())
}

/// Corrects one text; saves it, or submits the interview again.
fn correct(device: &mut Device, record: &RecordRef, submits: bool) -> Result<(), String> {
    let mut open = device.client.reopen(record).map_err(in_words)?;
    let sentence = words::sentence(device.country, &mut Chance::new(device.chance.draw()));
    // A short new text: what a correction costs beside its words.
    let word = sentence.split(' ').next().unwrap_or(sentence);
    let number = device.chance.below(100);
    open.answer(
        &PlaceRef::from(TEXT),
        &AnswerInput::Text(format!("{word} {number}")),
    )
    .map_err(in_words)?;
    if submits {
        let finished = open.finish().map_err(in_words)?;
        if !finished.is_finished {
            return Err(format!(
                "a correction could not be finished: {:?}",
                finished.problems
            ));
        }
        Ok(())
    } else {
        open.pause().map_err(in_words)
    }
}

fn sum(exchanges: &[Exchange]) -> Bytes {
    Bytes {
        up: exchanges.iter().map(|exchange| exchange.sent.len() as f64).sum(),
        down: exchanges
            .iter()
            .map(|exchange| exchange.received.len() as f64)
            .sum(),
        requests: exchanges.len() as f64,
    }
}

fn each(bytes: Bytes, n: f64) -> Bytes {
    Bytes {
        up: bytes.up / n,
        down: bytes.down / n,
        requests: bytes.requests,
    }
}

fn row(what: &str, samples: &[Bytes], n: usize) -> Vec<String> {
    let of = |part: fn(&Bytes) -> f64| mean(&samples.iter().map(part).collect::<Vec<f64>>());
    let (up, down) = (of(|bytes| bytes.up), of(|bytes| bytes.down));
    vec![
        what.to_string(),
        figure(up, 0),
        figure(down, 0),
        figure(up + down, 0),
        figure(of(|bytes| bytes.requests), 1),
        n.to_string(),
    ]
}

/// What the changes of fresh interviews hold.
#[derive(Debug, Default)]
struct Content {
    n: f64,
    n_answers: f64,
    n_choices: f64,
    n_numbers: f64,
    n_texts: f64,
    n_others: f64,
    text_bytes: f64,
    payload_bytes: f64,
    deflated_bytes: f64,
    json_bytes: f64,
    json_deflated_bytes: f64,
}

impl Content {
    fn of(changes: &[Change], form: Arc<Form>) -> Result<Content, String> {
        let schema = FormSchema(form);
        let mut content = Content {
            n: changes.len() as f64,
            ..Content::default()
        };
        for change in changes {
            let Payload::Full(payload) = &change.payload else {
                return Err("a fresh change is empty".into());
            };
            content.payload_bytes += payload.len() as f64;
            content.deflated_bytes += deflated(payload);
            let ops = codec::decode_ops(payload, &schema).map_err(|error| error.to_string())?;
            let mut json = serde_json::Map::new();
            for op in &ops {
                let Op::Set {
                    at,
                    answer: Some(answer),
                } = op
                else {
                    continue;
                };
                content.n_answers += 1.0;
                let rows: Vec<String> = at.rows.iter().map(|row| row.0.to_string()).collect();
                let mut name = at.question.as_str().to_string();
                if !rows.is_empty() {
                    name = format!("{name}[{}]", rows.join("]["));
                }
                json.insert(name, content.add(answer));
            }
            let json = serde_json::Value::Object(json).to_string();
            content.json_bytes += json.len() as f64;
            content.json_deflated_bytes += deflated(json.as_bytes());
        }
        Ok(content)
    }

    fn add(&mut self, answer: &Answer) -> serde_json::Value {
        let value = match answer {
            Answer::Missing(missing) => {
                self.n_others += 1.0;
                return missing.word().into();
            }
            Answer::Value(value) => value,
        };
        match value {
            Value::Choice(_) | Value::Choices(_) => self.n_choices += 1.0,
            Value::Integer(_) | Value::Decimal(_) => self.n_numbers += 1.0,
            Value::Text(text) => {
                self.n_texts += 1.0;
                self.text_bytes += text.len() as f64;
            }
            Value::Date(_)
            | Value::Time(_)
            | Value::DateTime(_)
            | Value::Geopoint(_)
            | Value::Geotrace(_)
            | Value::Geoshape(_)
            | Value::Media(_)
            | Value::Acknowledge => self.n_others += 1.0,
        }
        text::to_odk_text(value).into()
    }

    fn words(&self) -> String {
        let n = self.n.max(1.0);
        format!(
            "An interview has {:.0} answers on average ({:.0} choices, {:.0} numbers, {:.0} texts with {:.0} bytes of UTF-8 together, {:.0} others), a quarter of the interviews each in Khmer, Burmese, Thai and Vietnamese.",
            self.n_answers / n,
            self.n_choices / n,
            self.n_numbers / n,
            self.n_texts / n,
            self.text_bytes / n,
            self.n_others / n
        )
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let n = self.n.max(1.0);
        [
            ("texts as UTF-8", self.text_bytes),
            ("payload: all answers against the form", self.payload_bytes),
            ("payload, deflated by itself", self.deflated_bytes),
            ("the same answers as JSON with field names", self.json_bytes),
            ("that JSON, deflated by itself", self.json_deflated_bytes),
        ]
        .into_iter()
        .map(|(what, bytes)| vec![what.to_string(), figure(bytes / n, 0)])
        .collect()
    }
}

fn deflated(bytes: &[u8]) -> f64 {
    miniz_oxide::deflate::compress_to_vec(bytes, 6).len() as f64
}
