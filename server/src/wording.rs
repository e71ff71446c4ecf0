//! Words for states, places and answers, and the opaque texts that name a place, a value or a context in a page's form.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sampan_record::context::Context;
use sampan_record::ids::{DeviceId, Dot, Replica, RowId};
use sampan_record::op::Decision;
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_record::review::ReviewState;
use sampan_value::answer::Value;
use uuid::Uuid;

/// Bytes of one replica in a context's text.
const STEP: usize = 16 + 8 + 8;

/// A review state in words.
pub fn state_label(word: &str) -> &'static str {
    match ReviewState::from_word(word) {
        Some(ReviewState::Draft) => "Draft",
        Some(ReviewState::Submitted) => "To review",
        Some(ReviewState::Returned) => "Returned",
        Some(ReviewState::Resubmitted) => "To review again",
        Some(ReviewState::Approved) => "Approved",
        Some(ReviewState::ChangedSinceApproval) => "Changed since approval",
        Some(ReviewState::Rejected) => "Rejected",
        None => "Unknown",
    }
}

/// The countries of the study by their codes; other codes stay as they are.
pub fn country_name(code: &str) -> &str {
    match code {
        "KH" => "Cambodia",
        "MM" => "Myanmar",
        "TH" => "Thailand",
        "VN" => "Viet Nam",
        other => other,
    }
}

/// A decision as a state: `Approved`.
pub fn decision_label(decision: Decision) -> &'static str {
    match decision {
        Decision::Approve => "Approved",
        Decision::Return => "Returned",
        Decision::Reject => "Rejected",
        Decision::Reopen => "Reopened",
    }
}

/// A decision as the word in forms and addresses: `approve`.
pub fn decision_word(decision: Decision) -> &'static str {
    match decision {
        Decision::Approve => "approve",
        Decision::Return => "return",
        Decision::Reject => "reject",
        Decision::Reopen => "reopen",
    }
}

/// The decision that a word of [`decision_word`] names.
pub fn decision_from_word(word: &str) -> Option<Decision> {
    [
        Decision::Approve,
        Decision::Return,
        Decision::Reject,
        Decision::Reopen,
    ]
    .into_iter()
    .find(|decision| decision_word(*decision) == word)
}

/// A place as text: the question's path, and behind `@` the rows around it in hexadecimal.
pub fn place_text(at: &AnswerPath) -> String {
    let mut text = at.question.as_str().to_string();
    for (index, row) in at.rows.iter().enumerate() {
        text.push(if index == 0 { '@' } else { '.' });
        text.push_str(&format!("{:x}", row.0));
    }
    text
}

/// The place that a text of [`place_text`] names.
pub fn place_from_text(text: &str) -> Option<AnswerPath> {
    let (question, rows) = match text.split_once('@') {
        Some((question, rows)) => (question, Some(rows)),
        None => (text, None),
    };
    if question.is_empty() {
        return None;
    }
    let rows = match rows {
        None => Vec::new(),
        Some(rows) => rows
            .split('.')
            .map(|row| u64::from_str_radix(row, 16).ok().map(RowId))
            .collect::<Option<Vec<RowId>>>()?,
    };
    Some(AnswerPath {
        question: QuestionPath::new(question),
        rows,
    })
}

/// A context as opaque text.
pub fn context_text(context: &Context) -> String {
    let mut bytes = Vec::with_capacity(context.0.len() * STEP);
    for (replica, seq) in &context.0 {
        bytes.extend_from_slice(replica.device.0.as_bytes());
        bytes.extend_from_slice(&replica.incarnation.to_be_bytes());
        bytes.extend_from_slice(&seq.to_be_bytes());
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The context that a text of [`context_text`] names.
pub fn context_from_text(text: &str) -> Option<Context> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    if bytes.len() % STEP != 0 {
        return None;
    }
    let mut context = Context::default();
    for step in bytes.chunks_exact(STEP) {
        context.add(&dot_of(step)?);
    }
    Some(context)
}

/// A change's name as opaque text.
pub fn dot_text(dot: &Dot) -> String {
    let mut context = Context::default();
    context.add(dot);
    context_text(&context)
}

/// The change that a text of [`dot_text`] names.
pub fn dot_from_text(text: &str) -> Option<Dot> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    if bytes.len() == STEP { dot_of(&bytes) } else { None }
}

fn dot_of(bytes: &[u8]) -> Option<Dot> {
    let (device, rest) = bytes.split_first_chunk::<16>()?;
    let (incarnation, seq) = rest.split_first_chunk::<8>()?;
    Some(Dot {
        replica: Replica {
            device: DeviceId(Uuid::from_bytes(*device)),
            incarnation: u64::from_be_bytes(*incarnation),
        },
        seq: u64::from_be_bytes(seq.try_into().ok()?),
    })
}

/// How people write a day, a moment or a position; None for values whose own text says it well enough.
pub fn in_words(value: &Value) -> Option<String> {
    match value {
        Value::Date(day) => Some(day.format("%-d %b %Y").to_string()),
        Value::DateTime(at) => Some(at.format("%-d %b %Y, %H:%M").to_string()),
        Value::Time(at) => Some(at.format("%H:%M").to_string()),
        Value::Geopoint(point) => {
            let degrees = |e7: i32| f64::from(e7) / 1e7;
            let mut text = format!("{:.5}, {:.5}", degrees(point.lat_e7), degrees(point.lon_e7));
            if let Some(accuracy_mm) = point.accuracy_mm {
                text.push_str(&format!(" (within {} m)", accuracy_mm.div_ceil(1000)));
            }
            Some(text)
        }
        Value::Text(_)
        | Value::Integer(_)
        | Value::Decimal(_)
        | Value::Geotrace(_)
        | Value::Geoshape(_)
        | Value::Choice(_)
        | Value::Choices(_)
        | Value::Media(_)
        | Value::Acknowledge => None,
    }
}

/// `1 question`, `3 questions`.
pub fn plural(n: usize, one: &str, many: &str) -> String {
    if n == 1 {
        format!("1 {one}")
    } else {
        format!("{n} {many}")
    }
}

#[cfg(test)]
mod tests {
    use sampan_record::context::Context;
    use sampan_record::ids::{DeviceId, Dot, Replica};
    use uuid::Uuid;

    use super::{context_from_text, context_text, dot_from_text, dot_text, place_from_text, place_text};

    #[test]
    fn a_place_comes_back_from_its_text() {
        for text in ["age", "d_products/products/prod@0", "a/b/c@8000000000000001.2"] {
            assert_eq!(place_text(&place_from_text(text).unwrap()), text);
        }
        for broken in ["", "@1", "a@", "a@x", "a@1..2"] {
            assert_eq!(place_from_text(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_context_comes_back_from_its_text() {
        let mut context = Context::default();
        assert_eq!(context_from_text(&context_text(&context)), Some(context.clone()));
        for n in 1..4 {
            let dot = Dot {
                replica: Replica {
                    device: DeviceId(Uuid::from_u128(n)),
                    incarnation: u64::MAX,
                },
                seq: 7,
            };
            assert_eq!(dot_from_text(&dot_text(&dot)), Some(dot));
            context.add(&dot);
        }
        assert_eq!(context_from_text(&context_text(&context)), Some(context));
        assert_eq!(context_from_text("AAAA"), None);
        assert_eq!(context_from_text("§"), None);
    }
}
