//! What follows from the ops of a record, kept up to date change by change whatever their order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sampan_value::answer::Answer;

use crate::change::Header;
use crate::context::Context;
use crate::ids::{CommentId, Dot, FormVersionId, PersonId, RowId};
use crate::op::Op;
use crate::path::AnswerPath;
use crate::record::{Comment, Decided, Register, Stamp, Written};

/// All that the ops of a record's changes add up to.
#[derive(Debug, Clone, Default)]
pub struct State {
    pub registers: BTreeMap<AnswerPath, Slot>,
    pub rows: BTreeMap<AnswerPath, BTreeMap<RowId, RowFacts>>,
    pub comments: BTreeMap<CommentId, BTreeMap<Stamp, Said>>,
    pub resolved: BTreeMap<CommentId, Stamp>,
    pub decisions: BTreeMap<Stamp, Decided>,
    pub submits: BTreeMap<Stamp, Arc<Header>>,
    pub assigned: Latest<PersonId>,
    pub moved_to: Latest<FormVersionId>,
    pub unknown: BTreeSet<(Dot, u8, Vec<u8>)>,
}

/// A register with all that its writers knew: a value that any of them knew does not stand any more.
#[derive(Debug, Clone, Default)]
pub struct Slot {
    pub register: Register,
    knew: Arc<Context>,
}

/// What happened to a row.
#[derive(Debug, Clone, Default)]
pub struct RowFacts {
    /// The additions with the positions they gave.
    pub adds: BTreeMap<Stamp, (u64, Arc<Header>)>,
    /// The removals.
    pub removes: BTreeMap<Stamp, Arc<Header>>,
}

/// One comment op.
#[derive(Debug, Clone)]
pub struct Said {
    pub at: Option<AnswerPath>,
    pub reply_to: Option<CommentId>,
    pub text: String,
}

/// A thing of which there is one at a time: what stands is what no later writer knew, shown is the highest.
#[derive(Debug, Clone)]
pub struct Latest<T> {
    pub values: BTreeMap<Stamp, T>,
    knew: Context,
}

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Latest {
            values: BTreeMap::new(),
            knew: Context::default(),
        }
    }
}

impl<T> Latest<T> {
    /// The one that is shown.
    pub fn shown(&self) -> Option<&T> {
        self.values.last_key_value().map(|(_, value)| value)
    }

    fn put(&mut self, stamp: Stamp, knew: &Context, value: T) {
        self.values.insert(stamp, value);
        self.knew.merge(knew);
        self.values.retain(|stamp, _| !self.knew.covers(&stamp.dot));
    }
}

impl Slot {
    fn set(&mut self, answer: Option<&Answer>, stamp: Stamp, knew: &Arc<Context>) {
        let values = &mut self.register.values;
        match values.iter_mut().find(|written| written.stamp.dot == stamp.dot) {
            // Of two answers to one question in one change the later one is meant.
            Some(written) => written.answer = answer.cloned(),
            None => {
                let at = values.partition_point(|written| written.stamp > stamp);
                values.insert(
                    at,
                    Written {
                        answer: answer.cloned(),
                        stamp,
                    },
                );
            }
        }
        if self.knew.is_within(knew) {
            self.knew = Arc::clone(knew);
        } else if !knew.is_within(&self.knew) {
            Arc::make_mut(&mut self.knew).merge(knew);
        }
        values.retain(|written| !self.knew.covers(&written.stamp.dot));
    }
}

impl State {
    /// Takes the ops of one change in. Each change at most once.
    pub fn apply(&mut self, header: &Arc<Header>, ops: &[Op]) {
        let stamp = header.stamp();
        let knew = Arc::new(header.context.clone());
        for op in ops {
            match op {
                Op::Set { at, answer } => {
                    if let Some(slot) = self.registers.get_mut(at) {
                        slot.set(answer.as_ref(), stamp, &knew);
                    } else {
                        let mut slot = Slot::default();
                        slot.set(answer.as_ref(), stamp, &knew);
                        self.registers.insert(at.clone(), slot);
                    }
                }
                Op::AddRow {
                    repeat,
                    row,
                    position,
                } => {
                    let row = self.row(repeat, *row);
                    row.adds.insert(stamp, (*position, Arc::clone(header)));
                }
                Op::RemoveRow { repeat, row } => {
                    self.row(repeat, *row).removes.insert(stamp, Arc::clone(header));
                }
                Op::Submit => {
                    self.submits.insert(stamp, Arc::clone(header));
                }
                Op::Comment {
                    id,
                    at,
                    reply_to,
                    text,
                } => {
                    let said = Said {
                        at: at.clone(),
                        reply_to: *reply_to,
                        text: text.clone(),
                    };
                    self.comments.entry(*id).or_default().insert(stamp, said);
                }
                Op::ResolveComment { id } => {
                    let first = self.resolved.entry(*id).or_insert(stamp);
                    *first = (*first).min(stamp);
                }
                Op::Decide {
                    decision,
                    note,
                    covers,
                } => {
                    let decided = Decided {
                        decision: *decision,
                        note: note.clone(),
                        covers: covers.intersection(&header.context),
                        knew: header.context.clone(),
                        stamp,
                    };
                    self.decisions.insert(stamp, decided);
                }
                Op::Assign { person } => self.assigned.put(stamp, &knew, *person),
                Op::MoveToVersion { form } => self.moved_to.put(stamp, &knew, *form),
                // Erasures are kept beside the state: they decide which ops come here.
                Op::Erase { .. } => {}
                Op::Unknown { tag, bytes } => {
                    self.unknown.insert((stamp.dot, *tag, bytes.clone()));
                }
            }
        }
    }

    fn row(&mut self, repeat: &AnswerPath, row: RowId) -> &mut RowFacts {
        self.rows
            .entry(repeat.clone())
            .or_default()
            .entry(row)
            .or_default()
    }

    /// All comments in the order of their stamps; of several under one id the first counts.
    pub fn comments(&self) -> Vec<Comment> {
        let firsts = self.comments.iter().filter_map(|(id, said)| {
            let (stamp, said) = said.first_key_value()?;
            Some(Comment {
                id: *id,
                at: said.at.clone().or_else(|| self.place_of_answered(said.reply_to)),
                reply_to: said.reply_to,
                text: said.text.clone(),
                stamp: *stamp,
                resolved: self.resolved.get(id).copied(),
                is_erased: said.text.is_empty(),
            })
        });
        let mut comments: Vec<Comment> = firsts.collect();
        comments.sort_by_key(|comment| (comment.stamp, comment.id));
        comments
    }

    fn place_of_answered(&self, reply_to: Option<CommentId>) -> Option<AnswerPath> {
        let mut next = reply_to;
        let mut seen = BTreeSet::new();
        while let Some(id) = next {
            if !seen.insert(id) {
                return None;
            }
            let (_, said) = self.comments.get(&id)?.first_key_value()?;
            if said.at.is_some() {
                return said.at.clone();
            }
            next = said.reply_to;
        }
        None
    }
}
