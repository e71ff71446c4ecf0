//! Ops in bytes, each behind its tag and length.

use crate::codec::primitive::{Reader, put_bytes, put_context, put_varint};
use crate::codec::value::{Known, put_answer, take_answer};
use crate::codec::{CodecError, MAX_ERASED_PATHS, MAX_NESTED_ROWS, MAX_PATH_BYTES, MAX_TEXT_BYTES};
use crate::ids::{CommentId, ContentHash, PersonId, RowId};
use crate::op::{Decision, ErasureScope, Op};
use crate::path::{AnswerPath, QuestionPath};
use crate::schema::Schema;

// The tags of the stored and sent format: never renumber, never reuse.
const SET: u8 = 1;
const ADD_ROW: u8 = 2;
const REMOVE_ROW: u8 = 3;
const SUBMIT: u8 = 4;
const COMMENT: u8 = 5;
const RESOLVE_COMMENT: u8 = 6;
const DECIDE: u8 = 7;
const ASSIGN: u8 = 8;
const MOVE_TO_VERSION: u8 = 9;
const ERASE: u8 = 10;

/// Writes the tag and the body of an op, without the length between them; returns the tag.
pub fn put_body(out: &mut Vec<u8>, op: &Op, schema: &dyn Schema) -> u8 {
    match op {
        Op::Set { at, answer } => {
            let known = put_path(out, at, schema).map(|id| Known { id, schema });
            put_answer(out, answer.as_ref(), known);
            SET
        }
        Op::AddRow {
            repeat,
            row,
            position,
        } => {
            put_path(out, repeat, schema);
            put_row(out, *row);
            put_varint(out, *position);
            ADD_ROW
        }
        Op::RemoveRow { repeat, row } => {
            put_path(out, repeat, schema);
            put_row(out, *row);
            REMOVE_ROW
        }
        Op::Submit => SUBMIT,
        Op::Comment {
            id,
            at,
            reply_to,
            text,
        } => {
            out.extend_from_slice(id.0.as_bytes());
            out.push(u8::from(at.is_some()) | u8::from(reply_to.is_some()) << 1);
            if let Some(at) = at {
                put_path(out, at, schema);
            }
            if let Some(reply_to) = reply_to {
                out.extend_from_slice(reply_to.0.as_bytes());
            }
            put_bytes(out, text.as_bytes());
            COMMENT
        }
        Op::ResolveComment { id } => {
            out.extend_from_slice(id.0.as_bytes());
            RESOLVE_COMMENT
        }
        Op::Decide {
            decision,
            note,
            covers,
        } => {
            out.push(*decision as u8);
            out.push(u8::from(note.is_some()));
            if let Some(note) = note {
                put_bytes(out, note.as_bytes());
            }
            put_context(out, covers);
            DECIDE
        }
        Op::Assign { person } => {
            out.extend_from_slice(person.0.as_bytes());
            ASSIGN
        }
        Op::MoveToVersion { form } => {
            out.extend_from_slice(&form.0);
            MOVE_TO_VERSION
        }
        Op::Erase { what, reason } => {
            match what {
                ErasureScope::Record => out.push(0),
                ErasureScope::Questions(paths) => {
                    out.push(1);
                    put_varint(out, paths.len() as u64);
                    for path in paths {
                        put_question(out, path, schema, false);
                    }
                }
            }
            put_bytes(out, reason.as_bytes());
            ERASE
        }
        Op::Unknown { tag, bytes } => {
            out.extend_from_slice(bytes);
            *tag
        }
    }
}

/// Reads the body of an op, whole.
pub fn take_body(tag: u8, body: &[u8], schema: &dyn Schema) -> Result<Op, CodecError> {
    let reader = &mut Reader::new(body, "an op");
    let op = match tag {
        SET => {
            let (at, id) = take_path(reader, schema)?;
            let answer = take_answer(reader, id.map(|id| Known { id, schema }))?;
            Op::Set { at, answer }
        }
        ADD_ROW => Op::AddRow {
            repeat: take_path(reader, schema)?.0,
            row: take_row(reader)?,
            position: reader.varint()?,
        },
        REMOVE_ROW => Op::RemoveRow {
            repeat: take_path(reader, schema)?.0,
            row: take_row(reader)?,
        },
        SUBMIT => Op::Submit,
        COMMENT => {
            let id = CommentId(reader.uuid()?);
            let flags = reader.byte()?;
            if flags > 3 {
                return Err(CodecError::Invalid { what: "a comment" });
            }
            let at = if flags & 1 == 0 {
                None
            } else {
                Some(take_path(reader, schema)?.0)
            };
            let reply_to = if flags & 2 == 0 {
                None
            } else {
                Some(CommentId(reader.uuid()?))
            };
            let text = reader.text(MAX_TEXT_BYTES, "a comment")?.to_owned();
            Op::Comment {
                id,
                at,
                reply_to,
                text,
            }
        }
        RESOLVE_COMMENT => Op::ResolveComment {
            id: CommentId(reader.uuid()?),
        },
        DECIDE => {
            let decision = match reader.byte()? {
                0 => Decision::Approve,
                1 => Decision::Return,
                2 => Decision::Reject,
                3 => Decision::Reopen,
                _ => return Err(CodecError::Invalid { what: "a decision" }),
            };
            let note = match reader.byte()? {
                0 => None,
                1 => Some(reader.text(MAX_TEXT_BYTES, "a decision's note")?.to_owned()),
                _ => return Err(CodecError::Invalid { what: "a decision" }),
            };
            Op::Decide {
                decision,
                note,
                covers: reader.context()?,
            }
        }
        ASSIGN => Op::Assign {
            person: PersonId(reader.uuid()?),
        },
        MOVE_TO_VERSION => Op::MoveToVersion {
            form: ContentHash(reader.array()?),
        },
        ERASE => {
            let what = match reader.byte()? {
                0 => ErasureScope::Record,
                1 => {
                    let count = reader.count(MAX_ERASED_PATHS, "an erasure")?;
                    let mut paths = Vec::with_capacity(count);
                    for _ in 0..count {
                        let key = reader.varint()?;
                        if key & 1 == 1 {
                            return Err(CodecError::Invalid { what: "an erasure" });
                        }
                        paths.push(take_question(reader, key >> 1, schema)?.0);
                    }
                    ErasureScope::Questions(paths)
                }
                _ => return Err(CodecError::Invalid { what: "an erasure" }),
            };
            let reason = reader.text(MAX_TEXT_BYTES, "an erasure's reason")?.to_owned();
            Op::Erase { what, reason }
        }
        _ => {
            return Ok(Op::Unknown {
                tag,
                bytes: body.to_vec(),
            });
        }
    };
    reader.end()?;
    Ok(op)
}

/// Writes where an answer stands; returns the kind that the schema names there.
fn put_path(out: &mut Vec<u8>, at: &AnswerPath, schema: &dyn Schema) -> Option<u32> {
    let id = put_question(out, &at.question, schema, !at.rows.is_empty());
    if !at.rows.is_empty() {
        put_varint(out, at.rows.len() as u64);
        for row in &at.rows {
            put_row(out, *row);
        }
    }
    id
}

fn take_path(reader: &mut Reader<'_>, schema: &dyn Schema) -> Result<(AnswerPath, Option<u32>), CodecError> {
    let key = reader.varint()?;
    let (question, id) = take_question(reader, key >> 1, schema)?;
    let mut rows = Vec::new();
    if key & 1 == 1 {
        let count = reader.count(MAX_NESTED_ROWS, "the rows around an answer")?;
        if count == 0 {
            return Err(CodecError::NotCanonical {
                what: "the rows around an answer",
            });
        }
        for _ in 0..count {
            rows.push(take_row(reader)?);
        }
    }
    Ok((AnswerPath { question, rows }, id))
}

/// Writes `(number + 1) * 2 + has_rows`, or `has_rows` and the path spelled out.
fn put_question(out: &mut Vec<u8>, path: &QuestionPath, schema: &dyn Schema, has_rows: bool) -> Option<u32> {
    let has_rows = u64::from(has_rows);
    match schema.id(path) {
        Some(id) => {
            put_varint(out, ((u64::from(id) + 1) << 1) | has_rows);
            Some(id)
        }
        None => {
            put_varint(out, has_rows);
            put_bytes(out, path.as_str().as_bytes());
            None
        }
    }
}

fn take_question(
    reader: &mut Reader<'_>,
    number: u64,
    schema: &dyn Schema,
) -> Result<(QuestionPath, Option<u32>), CodecError> {
    let Some(id) = number.checked_sub(1) else {
        let text = reader.text(MAX_PATH_BYTES, "a question's path")?;
        return Ok((QuestionPath::new(text), None));
    };
    let id = u32::try_from(id).map_err(|_| CodecError::Invalid {
        what: "a question's number",
    })?;
    let path = schema.path(id).ok_or(CodecError::UnknownQuestion { id })?;
    Ok((path, Some(id)))
}

/// Counted rows become small even numbers, added ones (highest bit set) odd ones.
fn put_row(out: &mut Vec<u8>, row: RowId) {
    put_varint(out, row.0.rotate_left(1));
}

fn take_row(reader: &mut Reader<'_>) -> Result<RowId, CodecError> {
    Ok(RowId(reader.varint()?.rotate_right(1)))
}
