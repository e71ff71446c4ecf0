//! Counts the bytes of a synced interview and of a synced one-field correction, both directions, handshake included.
//!
//! `cargo test -p sampan-sync --test bytes -- --nocapture` prints them for docs/performance.md.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has said what it wanted to say"
)]

use std::collections::BTreeMap;

use chrono::NaiveDate;
use sampan_record::change::RecordKey;
use sampan_record::ids::{ContentHash, DeviceId, PersonId, RecordId, Replica, RowId};
use sampan_record::op::Op;
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_record::record::Record;
use sampan_record::schema::Schema;
use sampan_record::write::{self, Draft};
use sampan_sync::log::{Caller, DeviceLog};
use sampan_sync::memory::device::MemoryDevice;
use sampan_sync::memory::line::{self, Fault, Total};
use sampan_sync::memory::office::MemoryOffice;
use sampan_sync::receipt::Generation;
use sampan_sync::session::Options;
use sampan_value::answer::{Answer, Kind, MediaRef, Value};
use sampan_value::decimal::Decimal;
use uuid::Uuid;

const FORM: ContentHash = ContentHash([7; 32]);
const N_ROWS: u64 = 8;
const PER_ROW: usize = 8;

/// 141 fields as in the measured interview: 77 outside the repeat, 8 of them asked in each of its 8 rows.
struct Form {
    questions: Vec<(QuestionPath, Kind)>,
    by_path: BTreeMap<QuestionPath, u32>,
}

impl Form {
    fn new() -> Form {
        let mut questions = vec![(QuestionPath::new("products"), Kind::Text)];
        for n in 0..PER_ROW {
            let kind = [Kind::Choice, Kind::Integer, Kind::Choice, Kind::Integer][n % 4];
            questions.push((QuestionPath::new(&format!("products/row_question_{n}")), kind));
        }
        for n in 0..120 {
            let kind = match n {
                0..47 => Kind::Choice,
                47..60 => Kind::Integer,
                60..84 => Kind::Text,
                84..98 => Kind::Decimal,
                98..110 => Kind::Date,
                110..112 => Kind::Media,
                _ => Kind::Choices,
            };
            questions.push((QuestionPath::new(&format!("group_{}/question_{n}", n / 10)), kind));
        }
        let paths = questions.iter().zip(0..);
        let by_path = paths.map(|((path, _), id)| (path.clone(), id)).collect();
        Form { questions, by_path }
    }
}

impl Schema for Form {
    fn id(&self, path: &QuestionPath) -> Option<u32> {
        self.by_path.get(path).copied()
    }

    fn path(&self, id: u32) -> Option<QuestionPath> {
        self.questions.get(id as usize).map(|(path, _)| path.clone())
    }

    fn kind(&self, id: u32) -> Option<Kind> {
        self.questions.get(id as usize).map(|(_, kind)| *kind)
    }
}

/// Numbers that look random and are the same each time.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        bytes.fill_with(|| self.next() as u8);
        bytes
    }
}

const WORDS: [&str; 12] = [
    "ស្រី",
    "ភ្នំពេញ",
    "ផ្សារ",
    "မြန်မာ",
    "ဈေး",
    "ตลาด",
    "ข้าวสาร",
    "เชียงใหม่",
    "chợ",
    "gạo",
    "Nguyễn",
    "Huế",
];

fn answer(kind: Kind, chance: &mut Chance) -> Answer {
    Answer::Value(match kind {
        Kind::Integer => Value::Integer(chance.below(400) as i64),
        Kind::Text => {
            let n_words = 1 + chance.below(2);
            let words: Vec<&str> = (0..n_words).map(|_| WORDS[chance.below(12) as usize]).collect();
            Value::Text(words.join(" "))
        }
        Kind::Decimal => Value::Decimal(Decimal::new(chance.below(100_000) as i64, 2).unwrap()),
        Kind::Date => Value::Date(NaiveDate::from_ymd_opt(2026, 1 + chance.below(12) as u32, 9).unwrap()),
        Kind::Media => Value::Media(MediaRef {
            hash: chance.bytes(),
            size_bytes: 180_000 + chance.below(9000),
            name: "1764000000000.jpg".into(),
        }),
        _ => {
            Value::Choice(["yes", "no", "rice", "fish", "retail", "weekly"][chance.below(6) as usize].into())
        }
    })
}

/// About 184 answers: 120 outside the repeat and 64 in its rows.
fn interview(form: &Form, chance: &mut Chance) -> Vec<Op> {
    let mut ops = Vec::new();
    let mut set = |path: &QuestionPath, rows: Vec<RowId>, kind: Kind, chance: &mut Chance| {
        ops.push(Op::Set {
            at: AnswerPath {
                question: path.clone(),
                rows,
            },
            answer: Some(answer(kind, chance)),
        });
    };
    for (path, kind) in form.questions.iter().skip(1 + PER_ROW) {
        let kind = if *kind == Kind::Choices {
            Kind::Choice
        } else {
            *kind
        };
        set(path, Vec::new(), kind, chance);
    }
    for row in 0..N_ROWS {
        for (path, kind) in form.questions.iter().skip(1).take(PER_ROW) {
            set(path, vec![RowId::counted(row as u32)], *kind, chance);
        }
    }
    ops.push(Op::Submit);
    ops
}

/// Saves ops as one change under the form, as the device's store would.
fn save(
    device: &mut MemoryDevice,
    known: &mut Record,
    form: &Form,
    chance: &mut Chance,
    ops: &[Op],
) -> usize {
    let state = device.state().unwrap();
    let key = known.key();
    let draft = Draft {
        replica: device.replica,
        seq: state.written_through + 1,
        prev: device.hash_of(state.written_through),
        record: known.id(),
        context: known.context(),
        lamport: known.next_lamport(),
        author: device.person,
        form: FORM,
        wall_time_ms: 1_764_000_000_000 + chance.below(40_000_000) as i64,
        utc_offset_min: 420,
        record_key: key.unwrap_or(RecordKey(chance.bytes())),
        is_first: key.is_none(),
    };
    let change = write::change(draft, ops, form).unwrap();
    known.insert(&change, ops.to_vec());
    let n_bytes = sampan_record::codec::encode_change(&change).len();
    device.push_own(change);
    n_bytes
}

fn sync(device: &mut MemoryDevice, office: &mut MemoryOffice) -> Total {
    let caller = Caller {
        device: device.replica.device,
        person: device.person,
    };
    line::sync(device, office, &caller, Options::default(), &mut |_| Fault::None).unwrap()
}

#[test]
fn a_correction_and_an_interview_stay_small() {
    let form = Form::new();
    let mut chance = Chance(7);
    let mut office = MemoryOffice::new(Generation(chance.next()));
    office.takes_payloads_unread = true;
    let replica = Replica {
        device: DeviceId(Uuid::from_bytes(chance.bytes())),
        incarnation: chance.next(),
    };
    let generation = office.generation();
    let mut device = MemoryDevice::new(replica, PersonId(Uuid::from_bytes(chance.bytes())), generation);

    let mut report = Vec::new();
    let mut known = Record::new(RecordId(Uuid::from_bytes(chance.bytes())));
    let ops = interview(&form, &mut chance);
    let stored = save(&mut device, &mut known, &form, &mut chance, &ops);
    let one = sync(&mut device, &mut office);
    report.push(format!(
        "one interview of {} answers, stored as {stored} bytes:",
        ops.len() - 1
    ));
    report.push(format!(
        "  {} up, {} down, {} round trip",
        one.up_bytes, one.down_bytes, one.n_rounds
    ));

    let correct = |chance: &mut Chance| {
        let (path, _) = &form.questions[9 + 50];
        Op::Set {
            at: AnswerPath {
                question: path.clone(),
                rows: Vec::new(),
            },
            answer: Some(Answer::Value(Value::Integer(chance.below(400) as i64))),
        }
    };
    let op = correct(&mut chance);
    save(&mut device, &mut known, &form, &mut chance, &[op]);
    let correction = sync(&mut device, &mut office);
    let both = correction.up_bytes + correction.down_bytes;
    report.push(format!(
        "a one-field correction, {both} bytes in both directions:"
    ));
    report.push(format!(
        "  {} up, {} down",
        correction.up_bytes, correction.down_bytes
    ));

    for _ in 0..50 {
        let op = correct(&mut chance);
        save(&mut device, &mut known, &form, &mut chance, &[op]);
    }
    let fifty = sync(&mut device, &mut office);
    let each = (fifty.up_bytes + fifty.down_bytes) / 50;
    report.push(format!(
        "fifty corrections in one sync: {each} bytes each, both directions"
    ));

    for n_interviews in [10u64, 100] {
        for _ in 0..n_interviews {
            let mut known = Record::new(RecordId(Uuid::from_bytes(chance.bytes())));
            let ops = interview(&form, &mut chance);
            save(&mut device, &mut known, &form, &mut chance, &ops);
        }
        let many = sync(&mut device, &mut office);
        let each = (many.up_bytes + many.down_bytes) / n_interviews;
        report.push(format!(
            "{n_interviews} interviews in one sync: {each} bytes each, both directions, {} round trip",
            many.n_rounds
        ));
    }
    let idle = sync(&mut device, &mut office);
    report.push(format!(
        "nothing to do: {} up, {} down",
        idle.up_bytes, idle.down_bytes
    ));
    println!("{}", report.join("\n"));

    assert!(one.up_bytes + one.down_bytes < 1_500);
    assert!(both < 300, "{both} bytes");
}
