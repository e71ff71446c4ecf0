//! Random actions in a running interview of a random form: after every step the engine, which computes only what
//! depends on the change, stands as the reference does, which computes everything; and as it would when opened again.

pub mod model;
pub mod reference;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use sampan_form::compiled::Form;
use sampan_form::external::Tables;
use sampan_interview::interview::{Interview, Row};
use sampan_interview::plan::Plan;
use sampan_record::ids::RowId;
use sampan_record::op::Op;
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_value::answer::{Answer, Missing, Value};
use sampan_xlsform::reading::{Options, read_with};

use crate::bytes::Bytes;
use crate::sheet::facts;
use crate::trace::model::{CHOICES, Model, What};
use crate::trace::reference::{Place, Reference, text};

/// Most actions of one interview.
const ACTIONS: usize = 30;

/// First the form, then actions.
pub fn run(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let model = Model::new(&mut bytes);
    let form = match read_with(&model.workbook(), "form.xlsx", &Options::default()) {
        Ok(reading) => reading.form,
        Err(problems) => {
            let is_circle = problems
                .iter()
                .filter(|problem| problem.is_error())
                .all(|problem| problem.message.contains("circle"));
            assert!(is_circle, "{problems:#?}");
            return;
        }
    };
    let form = Form::compile(Arc::new(form)).expect("a form that was read compiles");
    let plan = Arc::new(Plan::new(Arc::new(form), Arc::new(Tables::new())));
    let opened = Interview::begin(plan, &facts());
    let mut interview = opened.interview;
    let mut kept = Kept::default();
    kept.keep(opened.ops);
    let mut reference = Reference::new(&model);
    let mut done = vec!["begin".to_owned()];
    let mut n_rows = 0;
    agree(&interview, &reference, &done);
    for _ in 0..ACTIONS {
        if bytes.is_done() {
            break;
        }
        step(
            &mut bytes,
            &mut interview,
            &mut reference,
            &mut kept,
            &mut n_rows,
            &mut done,
        );
        agree(&interview, &reference, &done);
        reopened(&interview, &kept, &reference, &done);
    }
}

/// What a record of the interview holds, by its ops alone.
#[derive(Default)]
struct Kept {
    answers: BTreeMap<AnswerPath, Answer>,
    rows: Vec<Row>,
}

impl Kept {
    fn keep(&mut self, ops: Vec<Op>) {
        for op in ops {
            match op {
                Op::Set {
                    at,
                    answer: Some(answer),
                } => {
                    self.answers.insert(at, answer);
                }
                Op::Set { at, answer: None } => {
                    self.answers.remove(&at);
                }
                Op::AddRow {
                    repeat,
                    row,
                    position,
                } => self.rows.push(Row {
                    repeat,
                    row,
                    position,
                }),
                Op::RemoveRow { repeat, row } => {
                    let depth = repeat.rows.len();
                    let around = format!("{}/", repeat.question);
                    let is_in = |at: &AnswerPath| {
                        at.question.as_str().starts_with(&around)
                            && at.rows.starts_with(&repeat.rows)
                            && at.rows.get(depth) == Some(&row)
                    };
                    self.answers.retain(|at, _| !is_in(at));
                    self.rows
                        .retain(|own| !is_in(&own.repeat) && (own.repeat != repeat || own.row != row));
                }
                other => panic!("an interview keeps no {other:?}"),
            }
        }
    }
}

fn step(
    bytes: &mut Bytes<'_>,
    interview: &mut Interview,
    reference: &mut Reference<'_>,
    kept: &mut Kept,
    n_rows: &mut u64,
    done: &mut Vec<String>,
) {
    let model = reference.model;
    let now = facts().started_at;
    let places = reference.places();
    let repeats: Vec<&Place> = places
        .iter()
        .filter(|(item, _)| model.items[*item].what == What::Repeat && model.items[*item].count.is_none())
        .collect();
    let action = bytes.below(8);
    if action >= 6 && !repeats.is_empty() {
        let place = repeats[bytes.below(repeats.len())].clone();
        let at = path(reference, &place);
        let n_there = reference.n_rows(&place);
        if action == 6 || n_there == 0 {
            if n_there >= 4 {
                return;
            }
            *n_rows += 1;
            let random = u64::from(bytes.byte()) << 20 | *n_rows;
            done.push(format!("add {place:?}"));
            let added = interview.add_row(&at, random, now);
            assert_eq!(
                added.is_ok(),
                reference.is_relevant(&place),
                "{added:?} {}",
                told(reference, done)
            );
            if let Ok(added) = added {
                let row = reference::Row {
                    id: added.row.expect("a row was added").0,
                    ..reference::Row::default()
                };
                reference
                    .row_of(&place)
                    .rows
                    .entry(place.0)
                    .or_default()
                    .push(row);
                kept.keep(added.ops);
            }
        } else {
            let number = bytes.below(n_there);
            done.push(format!("remove {place:?} {number}"));
            let row = reference
                .row_of(&place)
                .rows
                .get_mut(&place.0)
                .expect("rows")
                .remove(number);
            let removed = interview.remove_row(&at, RowId(row.id), now);
            let removed = removed.unwrap_or_else(|error| panic!("{error} {}", told(reference, done)));
            kept.keep(removed.ops);
        }
        reference.recompute();
        return;
    }
    let asked: Vec<&Place> = places
        .iter()
        .filter(|(item, _)| {
            matches!(
                model.items[*item].what,
                What::Integer | What::Text | What::One | What::Many
            )
        })
        .collect();
    if asked.is_empty() {
        return;
    }
    let place = asked[bytes.below(asked.len())].clone();
    let at = path(reference, &place);
    if interview.question(&at).is_none() {
        // A row that the reference made on its way, and the engine never.
        assert!(
            !reference.is_relevant(&place),
            "{place:?} {}",
            told(reference, done)
        );
        return;
    }
    let answer = match bytes.below(8) {
        0 => None,
        1 => Some(Answer::Missing(bytes.pick(&[
            Missing::DontKnow,
            Missing::Refused,
            Missing::NotApplicable,
            Missing::Skipped,
        ]))),
        _ => Some(Answer::Value(match model.items[place.0].what {
            What::Integer => Value::Integer(bytes.pick(&[0, 1, 2, 3, 5, -1, 17])),
            What::Text => Value::Text(bytes.pick(&["a", "p", "q", "1", "2", "p q", "true"]).into()),
            What::One => Value::Choice(bytes.pick(CHOICES).into()),
            _ => {
                let mask = 1 + bytes.below(15);
                let names = (0..CHOICES.len()).filter(|bit| mask & (1 << bit) != 0);
                Value::Choices(names.map(|bit| CHOICES[bit].to_owned()).collect())
            }
        })),
    };
    done.push(format!("answer {place:?} {answer:?}"));
    let is_right = match &answer {
        None => true,
        Some(_) if !reference.is_relevant(&place) => false,
        Some(Answer::Missing(missing)) => *missing != Missing::Skipped || !reference.is_required(&place),
        Some(Answer::Value(value)) => {
            is_offered(reference, &place, value) && reference.holds(&place, &text(value))
        }
    };
    let accepted = interview.answer(&at, answer.clone(), now);
    assert_eq!(
        accepted.is_ok(),
        is_right,
        "{accepted:?} {}",
        told(reference, done)
    );
    if let Ok(accepted) = accepted {
        match answer {
            Some(answer) => reference.row_of(&place).given.insert(place.0, answer),
            None => reference.row_of(&place).given.remove(&place.0),
        };
        kept.keep(accepted.ops);
        reference.recompute();
    }
}

fn is_offered(reference: &Reference<'_>, place: &Place, value: &Value) -> bool {
    let offered = reference.offered(place);
    match value {
        Value::Choice(name) => offered.contains(&name.as_str()),
        Value::Choices(names) => names.iter().all(|name| offered.contains(&name.as_str())),
        _ => true,
    }
}

fn path(reference: &Reference<'_>, place: &Place) -> AnswerPath {
    AnswerPath {
        question: QuestionPath::new(&reference.model.path(place.0)),
        rows: reference.ids(place).into_iter().map(RowId).collect(),
    }
}

/// The engine stands at every place as the reference does.
fn agree(interview: &Interview, reference: &Reference<'_>, done: &[String]) {
    let model = reference.model;
    let mut values = BTreeMap::new();
    for place in reference.places() {
        let at = path(reference, &place);
        let item = &model.items[place.0];
        let is_relevant = reference.is_relevant(&place);
        if item.what == What::Repeat {
            let n_rows = if is_relevant { reference.n_rows(&place) } else { 0 };
            assert_eq!(
                interview.rows(&at).len(),
                n_rows,
                "rows of {at:?} {}",
                told(reference, done)
            );
            continue;
        }
        if item.what == What::Group {
            continue;
        }
        let Some(found) = interview.question(&at) else {
            assert!(!is_relevant, "{at:?} is not there {}", told(reference, done));
            continue;
        };
        assert_eq!(
            found.relevant,
            is_relevant,
            "relevance of {at:?} {}",
            told(reference, done)
        );
        if item.what == What::Calculate {
            if is_relevant {
                let own = found.answer.as_ref().map(in_text).unwrap_or_default();
                assert_eq!(
                    own,
                    reference.computed(&place),
                    "value of {at:?} {}",
                    told(reference, done)
                );
                if !own.is_empty() {
                    values.insert(at, own);
                }
            }
            continue;
        }
        let given = reference.given(&place);
        assert_eq!(
            found.answer.as_ref(),
            given,
            "answer of {at:?} {}",
            told(reference, done)
        );
        if !is_relevant {
            continue;
        }
        let (holds, offered) = match given {
            Some(Answer::Value(value)) => (
                reference.holds(&place, &text(value)),
                is_offered(reference, &place, value),
            ),
            Some(Answer::Missing(_)) | None => (true, true),
        };
        assert_eq!(
            found.valid,
            holds,
            "constraint of {at:?} {}",
            told(reference, done)
        );
        assert_eq!(
            found.invalid_choice,
            !offered,
            "choice of {at:?} {}",
            told(reference, done)
        );
        assert_eq!(
            found.required,
            reference.is_required(&place),
            "required of {at:?} {}",
            told(reference, done)
        );
        if matches!(item.what, What::One | What::Many) {
            let choices = interview.choices(&at);
            let names: Vec<&str> = choices.iter().map(|choice| choice.name.as_str()).collect();
            assert_eq!(
                names,
                reference.offered(&place),
                "choices of {at:?} {}",
                told(reference, done)
            );
        }
        if let Some(given) = given {
            values.insert(at, in_text(given));
        }
    }
    let own: BTreeMap<AnswerPath, String> = interview
        .values()
        .into_iter()
        .map(|(at, answer)| (at, in_text(&answer)))
        .collect();
    assert_eq!(own, values, "all values {}", told(reference, done));
}

/// Opened again, from what it says it holds and from the ops that were kept, the interview stands as it stood.
fn reopened(interview: &Interview, kept: &Kept, reference: &Reference<'_>, done: &[String]) {
    let before = state(interview);
    let plan = interview.plan();
    let again = Interview::resume(
        plan.clone(),
        &facts(),
        interview.answers(),
        interview.added_rows(),
    );
    let again_from_ops = Interview::resume(plan.clone(), &facts(), kept.answers.clone(), kept.rows.clone());
    for (how, again) in [("", again.interview), (" from its ops", again_from_ops.interview)] {
        let after = state(&again);
        if after != before {
            let (was, is) = difference(&before, &after);
            panic!(
                "opened again{how} it has\n{is}\ninstead of\n{was}\n{}",
                told(reference, done)
            );
        }
    }
    let seen = Interview::from_answers(plan.clone(), kept.answers.clone(), kept.rows.clone());
    assert_eq!(
        seen.values(),
        interview.values(),
        "in the office {}",
        told(reference, done)
    );
}

/// Where two texts begin to differ.
fn difference(left: &str, right: &str) -> (String, String) {
    let n_same = left
        .lines()
        .zip(right.lines())
        .take_while(|(a, b)| a == b)
        .count();
    let part = |text: &str| -> String {
        text.lines()
            .skip(n_same)
            .take(3)
            .map(|line| format!("{line}\n"))
            .collect()
    };
    (part(left), part(right))
}

/// All that a person can see of an interview, a line for each thing.
fn state(interview: &Interview) -> String {
    let mut state = String::new();
    let mut line = |thing: &dyn std::fmt::Debug| {
        let _ = writeln!(state, "{thing:?}");
    };
    interview.values().iter().for_each(|value| line(value));
    for position in interview.screens() {
        line(&position);
        for at in interview.screen(&position).questions {
            line(&interview.question(&at));
            line(&interview.choices(&at));
        }
    }
    interview.problems().iter().for_each(|problem| line(problem));
    state
}

fn in_text(answer: &Answer) -> String {
    match answer {
        Answer::Value(value) => text(value),
        Answer::Missing(missing) => missing.word().into(),
    }
}

/// The form and what was done, for a finding.
fn told(reference: &Reference<'_>, done: &[String]) -> String {
    let workbook = reference.model.workbook();
    let rows: Vec<String> = workbook.sheets[0]
        .rows
        .iter()
        .map(|row| row.cells.iter().map(|(_, text)| format!("{text} | ")).collect())
        .collect();
    format!("after\n{}\n{}", rows.join("\n"), done.join("\n"))
}
