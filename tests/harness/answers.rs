//! Answers as respondents give them, drawn per question type; the form engine says which of them it takes.

use sampan_client_core::api::{ChoiceView, QuestionView};

use crate::chance::Chance;
use crate::words;

/// Who is interviewed, as far as it colours the answers.
#[derive(Debug, Clone)]
pub struct Respondent {
    /// ISO 3166-1 code of the country.
    pub country: &'static str,
    /// Whether the respondent agrees to the interview.
    pub agrees: bool,
}

/// Texts to try for one question, in order; the first that the engine accepts is the answer. Empty when there is
/// nothing to choose from.
pub fn candidates(question: &QuestionView, respondent: &Respondent, chance: &mut Chance) -> Vec<String> {
    let name = question.name.as_str();
    let choices = question.choices.as_slice();
    match question.kind.as_str() {
        "choice" => one_choice(name, choices, respondent, chance),
        "choices" => several_choices(choices, chance),
        "integer" => integers(chance),
        "decimal" => decimals(chance),
        "date" => vec![format!(
            "2026-{:02}-{:02}",
            chance.between(1, 11),
            chance.between(1, 28)
        )],
        "time" => vec![format!(
            "{:02}:{:02}:00",
            chance.between(7, 18),
            chance.between(0, 59)
        )],
        "date_time" => vec!["2026-11-20T09:30:00.000+07:00".to_string()],
        "geopoint" => vec![position(respondent.country, chance)],
        "acknowledge" => vec!["OK".to_string()],
        "text" => texts(name, respondent, chance),
        _ => Vec::new(),
    }
}

fn one_choice(
    name: &str,
    choices: &[ChoiceView],
    respondent: &Respondent,
    chance: &mut Chance,
) -> Vec<String> {
    let names: Vec<String> = choices.iter().map(|choice| choice.name.clone()).collect();
    if name == "country" && names.iter().any(|choice| choice == respondent.country) {
        return vec![respondent.country.to_string()];
    }
    if name == "consent" {
        let answer = if respondent.agrees { "yes" } else { "no" };
        return vec![answer.to_string()];
    }
    shuffled(names, chance)
}

fn several_choices(choices: &[ChoiceView], chance: &mut Chance) -> Vec<String> {
    let names = shuffled(choices.iter().map(|choice| choice.name.clone()).collect(), chance);
    let n_ticked = chance.between(1, 3) as usize;
    let several = names.iter().take(n_ticked).cloned().collect::<Vec<_>>().join(" ");
    let mut tries = vec![several];
    tries.extend(names);
    tries
}

fn integers(chance: &mut Chance) -> Vec<String> {
    let spans = [(1, 4), (0, 12), (0, 100), (1, 400), (1995, 2024)];
    let mut tries: Vec<String> = Vec::new();
    let spans = shuffled(spans.to_vec(), chance);
    for (low, high) in spans {
        tries.push(chance.between(low, high).to_string());
    }
    tries.extend(["1", "0", "50", "2010"].map(str::to_string));
    tries
}

fn decimals(chance: &mut Chance) -> Vec<String> {
    let spans = [(1, 60), (1, 700), (100, 90_000)];
    let mut tries: Vec<String> = Vec::new();
    for (low, high) in shuffled(spans.to_vec(), chance) {
        let whole = chance.between(low, high);
        tries.push(format!("{whole}.{}", chance.between(1, 9)));
        tries.push(whole.to_string());
    }
    tries.push("1".to_string());
    tries
}

fn texts(name: &str, respondent: &Respondent, chance: &mut Chance) -> Vec<String> {
    let phone = format!("0{}", chance.between(10_000_000, 99_999_999));
    if name.contains("phone") {
        return vec![phone];
    }
    let text = if name.contains("name") || name == "village" {
        words::name(respondent.country, chance)
    } else {
        words::sentence(respondent.country, chance)
    };
    vec![text.to_string(), phone]
}

/// A point near the corridor in a country: latitude, longitude, altitude, accuracy.
fn position(country: &str, chance: &mut Chance) -> String {
    let (lat, lon) = match country {
        "KH" => (11.5, 104.9),
        "MM" => (14.1, 98.2),
        "TH" => (13.7, 101.5),
        _ => (10.4, 105.4),
    };
    let north = chance.between(-400, 400) as f64 / 1000.0;
    let east = chance.between(-400, 400) as f64 / 1000.0;
    let accuracy = chance.between(3, 15);
    format!("{:.6} {:.6} 12.0 {accuracy}.0", lat + north, lon + east)
}

fn shuffled<T>(mut items: Vec<T>, chance: &mut Chance) -> Vec<T> {
    for index in (1..items.len()).rev() {
        let other = chance.below(index as u64 + 1) as usize;
        items.swap(index, other);
    }
    items
}
