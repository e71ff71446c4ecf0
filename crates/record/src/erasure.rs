//! Emptying what the law wants emptied, without breaking a chain.
//!
//! An erasure empties every change that did not know of it, whenever that change arrives; what somebody writes
//! knowing of the erasure stays. Headers, hashes and the erasure itself remain.

use crate::change::{Change, Header, Payload};
use crate::codec;
use crate::op::{ErasureScope, Op};
use crate::path::QuestionPath;
use crate::record::{Erasure, Record};
use crate::schema::Schema;

/// A change with what the record's erasures name taken out, and its key dropped; None when there is nothing to take
/// out. `ops` are the change's decoded ops, `schema` that of its form version. The record must hold the erasures; it
/// need not hold the change.
pub fn redact(record: &Record, change: &Change, ops: &[Op], schema: &dyn Schema) -> Option<Change> {
    let is_concerned = record
        .erasures()
        .iter()
        .any(|erasure| erasure.concerns(&change.header));
    if !is_concerned {
        return None;
    }
    let left = without_erased(record, &change.header, ops);
    if left.is_none() && change.record_key.is_none() {
        return None;
    }
    let payload = match left {
        None => change.payload.clone(),
        Some(ops) if ops.is_empty() => Payload::Erased,
        Some(ops) => Payload::Redacted(codec::encode_ops(&ops, schema)),
    };
    Some(Change {
        header: change.header.clone(),
        payload,
        record_key: None,
    })
}

/// The ops of a change without what the record's erasures name; None when they name nothing in it.
pub(crate) fn without_erased(record: &Record, header: &Header, ops: &[Op]) -> Option<Vec<Op>> {
    let concerning: Vec<&Erasure> = record
        .erasures()
        .iter()
        .filter(|erasure| erasure.concerns(header))
        .collect();
    if concerning.is_empty() {
        return None;
    }
    let mut left = Vec::with_capacity(ops.len());
    let mut is_different = false;
    for op in ops {
        let mut op = Some(op.clone());
        for erasure in &concerning {
            if let Some(whole) = op {
                op = match &erasure.what {
                    ErasureScope::Record => without_everything(whole, &mut is_different),
                    ErasureScope::Questions(paths) => without_questions(whole, paths, &mut is_different),
                };
            }
        }
        left.extend(op);
    }
    is_different.then_some(left)
}

/// Erasures are the audit of the act and remain; everything else goes.
/// (Acts of a later version that this one cannot read go with the whole record, and stay when questions are named.)
fn without_everything(op: Op, is_different: &mut bool) -> Option<Op> {
    let stays = matches!(op, Op::Erase { .. });
    *is_different |= !stays;
    stays.then_some(op)
}

fn without_questions(op: Op, paths: &[QuestionPath], is_different: &mut bool) -> Option<Op> {
    match op {
        Op::Set { ref at, .. } if is_among(&at.question, paths) => {
            *is_different = true;
            None
        }
        // An emptied comment keeps its place in the conversation. A reply carries the place of what it answers
        // (`Record::reply`), so that each op can be judged by itself, in any order, on every replica.
        Op::Comment {
            id,
            at: Some(at),
            reply_to,
            text,
        } if is_among(&at.question, paths) => {
            *is_different |= !text.is_empty();
            Some(Op::Comment {
                id,
                at: Some(at),
                reply_to,
                text: String::new(),
            })
        }
        Op::Set { .. }
        | Op::Comment { .. }
        | Op::AddRow { .. }
        | Op::RemoveRow { .. }
        | Op::Submit
        | Op::ResolveComment { .. }
        | Op::Decide { .. }
        | Op::Assign { .. }
        | Op::MoveToVersion { .. }
        | Op::Erase { .. }
        | Op::Unknown { .. } => Some(op),
    }
}

/// Whether a question is one of these, or within a group or repeat that is one of these.
fn is_among(question: &QuestionPath, paths: &[QuestionPath]) -> bool {
    paths.iter().any(|path| {
        let rest = question.as_str().strip_prefix(path.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}
