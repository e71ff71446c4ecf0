//! An interview moved on to another version of its form: what comes along, what changes, what has no place there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sampan_form::compiled::{Form, Node};
use sampan_record::ids::{ContentHash, RowId};
use sampan_record::op::Op;
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_value::answer::{Answer, Kind};
use sampan_value::text;
use sampan_xpath::resolve::NodeId;
use serde::Serialize;

use crate::interview::{Interview, Row};
use crate::plan::Plan;
use crate::view::{NoPlace, Problem, ProblemKind};

/// An interview as it is under the other version.
#[derive(Debug)]
pub struct Moved {
    /// Under the other version.
    pub interview: Interview,
    /// What the record is to be told: that it moved, then what changes place. Answers that keep their path need no op:
    /// they carry over by it, and what was written is never written again in other words.
    pub ops: Vec<Op>,
    /// What became of each answer.
    pub report: Report,
}

/// What became of each answer of a record. Every answer is either carried as it is or stands in [`Report::fates`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    /// Answers that stand under the other version as they stood before.
    pub n_carried: usize,
    /// All other answers and rows, by their old places.
    pub fates: Vec<Fate>,
    /// Answers that are in the way of finishing now and were not before: choices that are gone, constraints that are
    /// broken, answers that are needed now.
    pub problems: Vec<Problem>,
    /// Places whose answers are carried and count no more, because they are not asked now.
    pub not_asked: Vec<AnswerPath>,
    /// Questions to a person that are asked now and that the old version did not have.
    pub new_questions: Vec<AnswerPath>,
}

/// What became of an answer (or a row) that is not simply carried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fate {
    /// Where it stands in the record.
    pub at: AnswerPath,
    /// The answer that stands there; None for a row.
    pub answer: Option<Answer>,
    /// What became of it.
    pub became: Became,
}

/// What became of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Became {
    /// Its question has another type now, and it reads as one of that type.
    Converted {
        /// What it is now.
        to: Answer,
    },
    /// Its group became a repeat, its repeat a group, or the form counts the rows now: it stands at another place.
    Moved {
        /// The new place.
        to: AnswerPath,
        /// What stands there: the answer, of that question's type.
        as_answer: Answer,
    },
    /// It has no place: it stays in the record where it was, is shown with it, and does not count.
    Kept {
        /// Why.
        why: NoPlace,
        /// The same for people, with the reason that the type gives.
        reason: String,
    },
}

/// Moves an interview on. `answers` and `rows` are what the record holds, as for [`Interview::resume`]; `was` is the
/// version it is worked on under. Nothing is written: the ops come back.
pub fn moved(was: &Arc<Plan>, to: &Arc<Plan>, answers: &[(AnswerPath, Answer)], rows: &[Row]) -> Moved {
    let before = Interview::from_answers(Arc::clone(was), answers.to_vec(), rows.to_vec());
    let relocation = Relocation::of(was.form(), to.form(), answers, rows);
    let mut all_answers = answers.to_vec();
    all_answers.extend(
        relocation
            .answers
            .values()
            .map(|(at, answer)| (at.clone(), answer.clone())),
    );
    let mut all_rows = rows.to_vec();
    all_rows.extend(relocation.rows.iter().cloned());
    let interview = Interview::from_answers(Arc::clone(to), all_answers, all_rows);
    let held: BTreeSet<AnswerPath> = interview.answers().into_iter().map(|(at, _)| at).collect();
    let report = report(&before, &interview, answers, &relocation);
    let mut ops = vec![Op::MoveToVersion {
        form: ContentHash(to.form().version()),
    }];
    ops.extend(relocation.rows.into_iter().map(|row| Op::AddRow {
        repeat: row.repeat,
        row: row.row,
        position: row.position,
    }));
    let fitting = relocation
        .answers
        .into_values()
        .filter(|(at, _)| held.contains(at));
    ops.extend(fitting.map(|(at, answer)| Op::Set {
        at,
        answer: Some(answer),
    }));
    Moved {
        interview,
        ops,
        report,
    }
}

fn report(
    before: &Interview,
    after: &Interview,
    answers: &[(AnswerPath, Answer)],
    relocation: &Relocation,
) -> Report {
    let mut report = Report::default();
    let held: BTreeMap<AnswerPath, Answer> = after.answers().into_iter().collect();
    let mut aside: BTreeMap<&AnswerPath, NoPlace> = BTreeMap::new();
    for one in after.set_aside() {
        match &one.answer {
            Some(_) => {
                aside.insert(&one.at, one.why);
            }
            // Its answers say where they went, if it went anywhere.
            None if relocation.has_moved(&one.at) => {}
            None => report.fates.push(Fate {
                at: one.at.clone(),
                answer: None,
                became: Became::Kept {
                    why: one.why,
                    reason: one.reason.clone(),
                },
            }),
        }
    }
    for (at, answer) in answers {
        let became = match (relocation.answers.get(at), aside.get(at), held.get(at)) {
            (Some((to, moved)), _, _) if held.contains_key(to) => Became::Moved {
                to: to.clone(),
                as_answer: held.get(to).unwrap_or(moved).clone(),
            },
            (_, None, Some(now)) if now == answer => {
                report.n_carried = report.n_carried.saturating_add(1);
                continue;
            }
            (_, None, Some(now)) => Became::Converted { to: now.clone() },
            (_, why, _) => {
                let why = why.copied().unwrap_or(NoPlace::NoQuestion);
                Became::Kept {
                    why,
                    reason: reason(after.form(), at, answer, why),
                }
            }
        };
        report.fates.push(Fate {
            at: at.clone(),
            answer: Some(answer.clone()),
            became,
        });
    }
    report.fates.sort_by(|left, right| left.at.cmp(&right.at));
    let known: BTreeSet<(AnswerPath, ProblemKind)> = before
        .problems()
        .into_iter()
        .map(|problem| (problem.at, problem.kind))
        .collect();
    report.problems = after
        .problems()
        .into_iter()
        .filter(|problem| !known.contains(&(problem.at.clone(), problem.kind)))
        .collect();
    let counted_before: BTreeSet<AnswerPath> = before.values().into_iter().map(|(at, _)| at).collect();
    let counted_now: BTreeSet<AnswerPath> = after.values().into_iter().map(|(at, _)| at).collect();
    for (at, _) in answers {
        if held.contains_key(at) && counted_before.contains(at) && !counted_now.contains(at) {
            report.not_asked.push(at.clone());
        }
    }
    after.places.each_relevant(&after.plan, &mut |spot| {
        let node = after.plan.form().get(spot.node);
        let is_asked = node.is_some_and(is_asked);
        let at = after.places.path(&after.plan, spot);
        let is_new = before.form().find(at.question.as_str()).is_none();
        if is_asked && is_new {
            report.new_questions.push(at);
        }
    });
    report
}

fn is_asked(node: &Node) -> bool {
    matches!(node.question(), Some((sampan_form::def::Role::Ask, _)))
}

/// Why an answer has no place, with what the type says where it is the type.
fn reason(form: &Form, at: &AnswerPath, answer: &Answer, why: NoPlace) -> String {
    let kind = form
        .find(at.question.as_str())
        .and_then(|id| form.get(id)?.question())
        .map(|(_, kind)| kind);
    match (why, kind, answer) {
        (NoPlace::OtherType, Some(kind), Answer::Value(value)) => {
            let text = text::to_odk_text(value);
            let short: String = text.chars().take(40).collect();
            match text::parse_value(&text, kind) {
                Err(error) if kind != Kind::Media && value.kind() != Kind::Media => {
                    format!("{why}: “{short}” {error}")
                }
                Err(_) | Ok(_) => why.to_string(),
            }
        }
        _ => why.to_string(),
    }
}

/// What stands at another place under the other version, because repeats around it came, went, or are counted now.
/// Ids of new rows follow from the record alone, so that two people who move it at the same time do the same.
#[derive(Debug, Default)]
struct Relocation {
    /// By the old place: the new place with the answer.
    answers: BTreeMap<AnswerPath, (AnswerPath, Answer)>,
    /// Rows to be added.
    rows: Vec<Row>,
}

impl Relocation {
    fn of(was: &Form, to: &Form, answers: &[(AnswerPath, Answer)], rows: &[Row]) -> Relocation {
        let siblings = siblings(was, answers, rows);
        let taken: BTreeSet<&AnswerPath> = answers.iter().map(|(at, _)| at).collect();
        let mut relocation = Relocation::default();
        let mut targets = BTreeSet::new();
        let mut new_rows: BTreeMap<(AnswerPath, RowId), u64> = BTreeMap::new();
        for (at, answer) in answers {
            let path = at.question.as_str();
            let (Some(old), Some(new)) = (node(was, path), node(to, path)) else {
                continue;
            };
            if new.question().is_none() || at.rows.len() != old.repeats.len() {
                continue;
            }
            let Some((rows, added)) = new_place(was, to, old, new, &at.rows, &siblings) else {
                continue;
            };
            let target = AnswerPath {
                question: at.question.clone(),
                rows,
            };
            if target == *at || taken.contains(&target) || !targets.insert(target.clone()) {
                continue;
            }
            new_rows.extend(added);
            relocation.answers.insert(at.clone(), (target, answer.clone()));
        }
        relocation.rows = new_rows
            .into_iter()
            .map(|((repeat, row), position)| Row {
                repeat,
                row,
                position,
            })
            .collect();
        relocation
    }

    /// Whether all that stood in the rows of a repeat went along.
    fn has_moved(&self, repeat: &AnswerPath) -> bool {
        let prefix = format!("{}/", repeat.question);
        self.answers
            .keys()
            .any(|at| at.question.as_str().starts_with(&prefix) && at.rows.starts_with(&repeat.rows))
    }
}

/// The rows around a question under the other version, and the rows that must be added for it; None when it cannot be
/// said which.
#[allow(clippy::type_complexity, reason = "used here only")]
fn new_place(
    was: &Form,
    to: &Form,
    old: &Node,
    new: &Node,
    rows: &[RowId],
    siblings: &BTreeMap<AnswerPath, Vec<RowId>>,
) -> Option<(Vec<RowId>, Vec<((AnswerPath, RowId), u64)>)> {
    let new_paths: Vec<&str> = new
        .repeats
        .iter()
        .map(|id| to.get(*id).map(|node| node.path.as_ref()).unwrap_or_default())
        .collect();
    let mut by_repeat: BTreeMap<&str, (RowId, Option<usize>)> = BTreeMap::new();
    for (depth, (repeat, row)) in old.repeats.iter().zip(rows).enumerate() {
        let path = was.get(*repeat)?.path.as_ref();
        let all = siblings.get(&AnswerPath {
            question: QuestionPath::new(path),
            rows: rows.get(..depth)?.to_vec(),
        });
        if !new_paths.contains(&path) && all.is_none_or(|all| all.len() != 1) {
            // Its repeat became a group: of several rows none is the one.
            return None;
        }
        let rank = all.and_then(|all| all.iter().position(|one| one == row));
        by_repeat.insert(path, (*row, rank));
    }
    let mut placed: Vec<RowId> = Vec::new();
    let mut added = Vec::new();
    for (id, path) in new.repeats.iter().zip(&new_paths) {
        let is_counted = to.get(*id)?.count.is_some();
        let row = match by_repeat.get(path) {
            Some((row, rank)) if is_counted && row.counted_index().is_none() => {
                RowId::counted(u32::try_from((*rank)?).ok()?)
            }
            Some((row, _)) => *row,
            None if is_counted => RowId::counted(0),
            None => {
                let row = RowId::added(0);
                let repeat = AnswerPath {
                    question: QuestionPath::new(path),
                    rows: placed.clone(),
                };
                added.push(((repeat, row), 0));
                row
            }
        };
        placed.push(row);
    }
    Some((placed, added))
}

/// The rows of each repeat that hold something or were added, in their order.
fn siblings(was: &Form, answers: &[(AnswerPath, Answer)], rows: &[Row]) -> BTreeMap<AnswerPath, Vec<RowId>> {
    let mut found: BTreeMap<AnswerPath, BTreeMap<RowId, Option<u64>>> = BTreeMap::new();
    for row in rows {
        let known = found.entry(row.repeat.clone()).or_default();
        known.insert(row.row, Some(row.position));
    }
    for (at, _) in answers {
        let Some(node) = node(was, at.question.as_str()) else {
            continue;
        };
        for (depth, (repeat, row)) in node.repeats.iter().zip(&at.rows).enumerate() {
            let (Some(repeat), Some(around)) = (was.get(*repeat), at.rows.get(..depth)) else {
                continue;
            };
            let place = AnswerPath {
                question: QuestionPath(repeat.path.clone()),
                rows: around.to_vec(),
            };
            found.entry(place).or_default().entry(*row).or_insert(None);
        }
    }
    let in_order = |rows: BTreeMap<RowId, Option<u64>>| {
        let mut rows: Vec<(u64, RowId)> = rows
            .into_iter()
            .map(|(row, position)| {
                let counted = row.counted_index().map(u64::from);
                (position.or(counted).unwrap_or(u64::MAX), row)
            })
            .collect();
        rows.sort_unstable();
        rows.into_iter().map(|(_, row)| row).collect()
    };
    found
        .into_iter()
        .map(|(place, rows)| (place, in_order(rows)))
        .collect()
}

fn node<'a>(form: &'a Form, path: &str) -> Option<&'a Node> {
    let id: NodeId = form.find(path)?;
    form.get(id)
}
