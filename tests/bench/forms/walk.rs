//! Filling in any form at random, with the processor time of each answer.

use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use sampan_acceptance::chance::Chance;
use sampan_interview::facts::Facts;
use sampan_interview::interview::Interview;
use sampan_interview::plan::Plan;
use sampan_interview::view::{Part, Position};
use sampan_record::path::AnswerPath;
use sampan_value::answer::{Answer, Kind};

use crate::machine::Stopwatch;

/// Most screens of one walk.
const N_SCREENS: usize = 20_000;

/// Rows that a walk adds to each repeat.
const N_ROWS: u64 = 2;

/// An interview and the person who fills it in.
pub struct Walk {
    /// The interview.
    pub interview: Interview,
    /// Draws answers.
    pub chance: Chance,
    /// When all of it happens.
    pub now: DateTime<FixedOffset>,
}

impl Walk {
    /// Begins an interview.
    pub fn begin(plan: Arc<Plan>, seed: u64) -> Walk {
        let now: DateTime<FixedOffset> = "2026-11-24T08:30:00+07:00".parse().expect("a moment");
        let facts = Facts {
            device: "device".into(),
            username: "enumerator".into(),
            email: String::new(),
            phone_number: String::new(),
            started_at: now,
            seed,
        };
        Walk {
            interview: Interview::begin(plan, &facts).interview,
            chance: Chance::new(seed),
            now,
        }
    }

    /// Answers whatever is asked from the first screen to the last, with rows in repeats. Gives where questions were.
    pub fn fill_in(&mut self) -> Vec<AnswerPath> {
        let mut asked = Vec::new();
        let mut screen = self.interview.first();
        for _ in 0..N_SCREENS {
            match &screen.position {
                Position::End => break,
                Position::AddRow(repeat) => {
                    let n_rows = self.interview.rows(repeat).len() as u64;
                    if n_rows < N_ROWS {
                        let _ = self.interview.add_row(repeat, self.chance.draw(), self.now);
                    }
                }
                Position::Question(_) | Position::Together(_) => {}
            }
            for at in &screen.questions {
                if self.answer(at).is_some() {
                    asked.push(at.clone());
                }
            }
            screen = self.interview.next(&screen.position);
        }
        asked
    }

    /// Answers a question at random. Gives the milliseconds it took; None = no answer was taken.
    pub fn answer(&mut self, at: &AnswerPath) -> Option<f64> {
        for _ in 0..4 {
            let Some(answer) = self.guess(at) else { continue };
            let watch = Stopwatch::start();
            let taken = self.interview.answer(at, Some(answer), self.now);
            let took_ms = watch.cpu_ms();
            if taken.is_ok() {
                return Some(took_ms);
            }
        }
        None
    }

    fn guess(&mut self, at: &AnswerPath) -> Option<Answer> {
        let state = self.interview.question(at)?;
        if state.role != Part::Ask || !state.relevant || state.read_only {
            return None;
        }
        let chance = &mut self.chance;
        let text = match state.kind {
            Kind::Text => format!("word {}", chance.below(50)),
            Kind::Integer => chance.between(0, 40).to_string(),
            Kind::Decimal => format!("{}.5", chance.between(0, 40)),
            Kind::Date => format!("20{:02}-{:02}-15", chance.between(10, 26), chance.between(1, 12)),
            Kind::Time => format!("{:02}:30", chance.below(24)),
            Kind::DateTime => format!("2026-0{}-15T10:00:00+07:00", chance.between(1, 9)),
            Kind::Geopoint => format!("13.{} 103.8", chance.below(90)),
            Kind::Geotrace => "13.1 103.8; 13.2 103.9".to_string(),
            Kind::Geoshape => "13.1 103.8; 13.2 103.9; 13.2 103.7; 13.1 103.8".to_string(),
            Kind::Acknowledge => "ok".to_string(),
            Kind::Media => return None,
            Kind::Choice | Kind::Choices => {
                let choices = self.interview.choices(at);
                if choices.is_empty() {
                    return None;
                }
                chance.pick(&choices).name.clone()
            }
        };
        self.interview.parse_input(at, &text).ok()
    }
}
