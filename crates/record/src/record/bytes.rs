//! The whole state in bytes, for comparing replicas.

use crate::codec::primitive::{put_bytes, put_context, put_replica, put_varint};
use crate::codec::value::put_answer;
use crate::ids::Dot;
use crate::op::ErasureScope;
use crate::path::AnswerPath;
use crate::record::{Record, RowState};

/// Everything that can be read from a record, in one order.
pub fn state_bytes(record: &Record) -> Vec<u8> {
    let mut out = record.id.0.as_bytes().to_vec();
    put_varint(&mut out, record.changes.len() as u64);
    for (dot, held) in &record.changes {
        put_dot(&mut out, dot);
        out.extend_from_slice(&held.hash.0);
    }
    put_context(&mut out, &record.reached);
    put_varint(&mut out, record.lamport);
    if let Some(form) = record.form() {
        out.extend_from_slice(&form.0);
    }
    put_registers(&mut out, record);
    put_rows(&mut out, record);
    put_comments(&mut out, record);
    let decisions = &record.state.decisions;
    put_varint(&mut out, decisions.len() as u64);
    for (stamp, decided) in decisions {
        put_dot(&mut out, &stamp.dot);
        out.push(decided.decision as u8);
        put_optional_text(&mut out, decided.note.as_deref());
        put_context(&mut out, &decided.covers);
    }
    put_varint(&mut out, record.state.submits.len() as u64);
    for stamp in record.state.submits.keys() {
        put_dot(&mut out, &stamp.dot);
    }
    for (stamp, person) in &record.state.assigned.values {
        put_dot(&mut out, &stamp.dot);
        out.extend_from_slice(person.0.as_bytes());
    }
    for (stamp, form) in &record.state.moved_to.values {
        put_dot(&mut out, &stamp.dot);
        out.extend_from_slice(&form.0);
    }
    for erasure in &record.erasures {
        put_dot(&mut out, &erasure.stamp.dot);
        match &erasure.what {
            ErasureScope::Record => out.push(0),
            ErasureScope::Questions(paths) => {
                out.push(1);
                put_varint(&mut out, paths.len() as u64);
                for path in paths {
                    put_bytes(&mut out, path.as_str().as_bytes());
                }
            }
        }
        put_bytes(&mut out, erasure.reason.as_bytes());
    }
    for (dot, tag, bytes) in &record.state.unknown {
        put_dot(&mut out, dot);
        out.push(*tag);
        put_bytes(&mut out, bytes);
    }
    out
}

fn put_registers(out: &mut Vec<u8>, record: &Record) {
    let registers = record
        .state
        .registers
        .iter()
        .filter(|(_, slot)| !slot.register.values.is_empty());
    for (at, slot) in registers {
        put_place(out, at);
        put_varint(out, slot.register.values.len() as u64);
        for written in &slot.register.values {
            put_dot(out, &written.stamp.dot);
            put_answer(out, written.answer.as_ref(), None);
        }
    }
}

fn put_rows(out: &mut Vec<u8>, record: &Record) {
    for repeat in record.state.rows.keys() {
        put_place(out, repeat);
        for row in record.rows(repeat) {
            put_varint(out, row.row.0);
            put_varint(out, row.position);
            out.push(match row.state {
                RowState::Present => 0,
                RowState::BroughtBack => 1,
                RowState::Removed => 2,
            });
        }
    }
}

fn put_comments(out: &mut Vec<u8>, record: &Record) {
    for comment in record.comments() {
        out.extend_from_slice(comment.id.0.as_bytes());
        put_dot(out, &comment.stamp.dot);
        if let Some(at) = &comment.at {
            put_place(out, at);
        }
        if let Some(reply_to) = comment.reply_to {
            out.extend_from_slice(reply_to.0.as_bytes());
        }
        put_bytes(out, comment.text.as_bytes());
        if let Some(resolved) = &comment.resolved {
            put_dot(out, &resolved.dot);
        }
    }
}

fn put_dot(out: &mut Vec<u8>, dot: &Dot) {
    put_replica(out, &dot.replica);
    put_varint(out, dot.seq);
}

fn put_place(out: &mut Vec<u8>, at: &AnswerPath) {
    put_bytes(out, at.question.as_str().as_bytes());
    put_varint(out, at.rows.len() as u64);
    for row in &at.rows {
        put_varint(out, row.0);
    }
}

fn put_optional_text(out: &mut Vec<u8>, text: Option<&str>) {
    out.push(u8::from(text.is_some()));
    if let Some(text) = text {
        put_bytes(out, text.as_bytes());
    }
}
