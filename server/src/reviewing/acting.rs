//! The office writes: each act is a change of the office's own, kept together with lists, feeds and its idempotency key.

use sampan_record::change::RecordKey;
use sampan_record::context::Context;
use sampan_record::ids::{CommentId, PersonId, RecordId};
use sampan_record::op::{Decision, ErasureScope, Op};
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_record::record::Record;
use sampan_record::write::{self, Draft};
use sampan_store::office::session::Writing;
use sampan_sync::log::Chain;
use sampan_sync::receipt::Verdict;
use sampan_value::answer::Answer;

use crate::access::{Action, Principal, Resource};
use crate::error::OfficeError;
use crate::intake::keeping::Keeping;
use crate::people::may;
use crate::projecting::{self, Loaded};
use crate::reviewing::{
    ChooseRequest, CommentRequest, DecideOutcome, DecideRequest, EraseRequest, Pick, page,
};
use crate::shelf::ShelfForm;
use crate::state::Office;
use crate::wording::{context_from_text, decision_word, dot_from_text, place_from_text};

/// Longest comment or note, in bytes.
const WORDS_BYTES: usize = 16 * 1024;

/// A record in a write transaction, checked for the act.
struct Subject {
    loaded: Loaded,
    form: ShelfForm,
}

/// Approves, returns, rejects or reopens what the page showed.
pub fn decide(
    office: &Office,
    who: &Principal,
    request: &DecideRequest,
) -> Result<DecideOutcome, OfficeError> {
    let note = request.note.as_deref().map(words).transpose()?.flatten();
    let mut comments = Vec::new();
    for (at, text) in &request.comments {
        if let Some(text) = words(text)? {
            comments.push((place(at)?, text));
        }
    }
    if request.decision == Decision::Return && note.is_none() && comments.is_empty() {
        return Err(OfficeError::invalid(
            "Say what is to be corrected.",
            "Write a few words, or a comment at the question.",
        ));
    }
    office.once(who, &request.key, |writing| {
        let subject = subject(office, writing, who, request.record, Action::Decide)?;
        let seen = seen(&request.seen, &subject.loaded.record)?;
        let mut ops: Vec<Op> = comments
            .into_iter()
            .map(|(at, text)| Op::Comment {
                id: CommentId(office.new_uuid()),
                at: Some(at),
                reply_to: None,
                text,
            })
            .collect();
        ops.push(Op::Decide {
            decision: request.decision,
            note,
            covers: seen.clone(),
        });
        let outcome = if subject.loaded.record.context().is_within(&seen) {
            DecideOutcome::Covered
        } else {
            DecideOutcome::ChangedMeanwhile
        };
        write_ops(office, writing, who, &subject, &ops, seen)?;
        let what = format!(
            "decided to {} {}",
            decision_word(request.decision),
            request.record
        );
        Ok((outcome, what))
    })
}

/// Comments at a question or at the record.
pub fn comment(office: &Office, who: &Principal, request: &CommentRequest) -> Result<(), OfficeError> {
    let text = words(&request.text)?
        .ok_or_else(|| OfficeError::invalid("The comment is empty.", "Write what is to be said."))?;
    let at = request.at.as_deref().map(place).transpose()?;
    office.once(who, &request.key, |writing| {
        let subject = subject(office, writing, who, request.record, Action::Comment)?;
        let op = Op::Comment {
            id: CommentId(office.new_uuid()),
            at,
            reply_to: request.reply_to,
            text,
        };
        let context = subject.loaded.record.context();
        write_ops(office, writing, who, &subject, &[op], context)?;
        Ok(((), format!("commented on {}", request.record)))
    })
}

/// Marks a comment as dealt with.
pub fn resolve(
    office: &Office,
    who: &Principal,
    record: RecordId,
    comment: CommentId,
    key: &str,
) -> Result<(), OfficeError> {
    office.once(who, key, |writing| {
        let subject = subject(office, writing, who, record, Action::Comment)?;
        if !subject
            .loaded
            .record
            .comments()
            .iter()
            .any(|one| one.id == comment)
        {
            return Err(OfficeError::Absent);
        }
        let context = subject.loaded.record.context();
        let op = Op::ResolveComment { id: comment };
        write_ops(office, writing, who, &subject, &[op], context)?;
        Ok(((), format!("resolved a comment on {record}")))
    })
}

/// Resolves a conflict, or corrects an answer: replaces the values that the page showed, and no others.
pub fn choose(office: &Office, who: &Principal, request: &ChooseRequest) -> Result<(), OfficeError> {
    let at = place(&request.at)?;
    office.once(who, &request.key, |writing| {
        let subject = subject(office, writing, who, request.record, Action::EditRecord)?;
        let seen = seen(&request.seen, &subject.loaded.record)?;
        let answer = picked(&subject, &at, &request.pick)?;
        let op = Op::Set { at, answer };
        write_ops(office, writing, who, &subject, &[op], seen)?;
        Ok(((), format!("chose a value in {}", request.record)))
    })
}

/// Says who is to work on the record.
pub fn assign(
    office: &Office,
    who: &Principal,
    record: RecordId,
    person: PersonId,
    key: &str,
) -> Result<(), OfficeError> {
    office.once(who, key, |writing| {
        let subject = subject(office, writing, who, record, Action::Assign)?;
        let row = writing.row(record)?.ok_or(OfficeError::Absent)?;
        let place = projecting::row_place(&row);
        let text = person.to_string();
        let options = page::assignable(writing, &place)?;
        let Some(option) = options.iter().find(|option| option.value == text) else {
            return Err(OfficeError::invalid(
                "This person does not work where the interview belongs.",
                "Choose somebody from the list.",
            ));
        };
        let context = subject.loaded.record.context();
        write_ops(office, writing, who, &subject, &[Op::Assign { person }], context)?;
        Ok(((), format!("gave {record} to {}", option.label)))
    })
}

/// Empties answers because the law demands it.
pub fn erase(office: &Office, who: &Principal, request: &EraseRequest) -> Result<(), OfficeError> {
    let reason = words(&request.reason)?.ok_or_else(|| {
        OfficeError::invalid("An erasure needs a reason.", "Write why the answers must go.")
    })?;
    office.once(who, &request.key, |writing| {
        let subject = subject(office, writing, who, request.record, Action::Erase)?;
        let what = if request.questions.is_empty() {
            ErasureScope::Record
        } else {
            for question in &request.questions {
                if subject.form.form().find(question).is_none() {
                    return Err(OfficeError::invalid(
                        format!("The form has no question `{question}`."),
                        "Take the path from the form's preview.",
                    ));
                }
            }
            ErasureScope::Questions(
                request
                    .questions
                    .iter()
                    .map(|question| QuestionPath::new(question))
                    .collect(),
            )
        };
        let context = subject.loaded.record.context();
        write_ops(
            office,
            writing,
            who,
            &subject,
            &[Op::Erase { what, reason }],
            context,
        )?;
        Ok(((), format!("erased answers of {}", request.record)))
    })?;
    office.store().empty_log()?;
    Ok(())
}

fn subject(
    office: &Office,
    writing: &Writing<'_>,
    who: &Principal,
    record: RecordId,
    action: Action,
) -> Result<Subject, OfficeError> {
    let row = writing.row(record)?.ok_or(OfficeError::Absent)?;
    may(who, action, &Resource::Record(&projecting::row_place(&row)))?;
    let loaded = projecting::load(office, writing, record)?.ok_or(OfficeError::Absent)?;
    let form = office.form(row.form)?.ok_or_else(|| OfficeError::Conflict {
        message: "The office does not have this interview's form yet.".into(),
        advice: "Wait until the device has brought it, or upload the form.".into(),
    })?;
    Ok(Subject { loaded, form })
}

/// What the page was made from. What it names beyond what is here never was on a page of ours.
fn seen(text: &str, record: &Record) -> Result<Context, OfficeError> {
    let outdated = || OfficeError::Conflict {
        message: "The page is not one of this office as it is now.".into(),
        advice: "Open the interview again and repeat.".into(),
    };
    let seen = context_from_text(text).ok_or_else(outdated)?;
    if seen.0.is_empty() || !seen.is_within(&record.context()) {
        return Err(outdated());
    }
    let has_erasure = record.erased() || !record.erased_questions().is_empty();
    if has_erasure && !record.context().is_within(&seen) {
        return Err(OfficeError::Conflict {
            message: "Answers were erased after this page was made.".into(),
            advice: "Open the interview again and repeat.".into(),
        });
    }
    Ok(seen)
}

fn picked(subject: &Subject, at: &AnswerPath, pick: &Pick) -> Result<Option<Answer>, OfficeError> {
    let record = &subject.loaded.record;
    match pick {
        Pick::Value(token) => {
            let dot = dot_from_text(token).ok_or(OfficeError::Absent)?;
            let register = record.register(at).ok_or(OfficeError::Absent)?;
            let written = register.values.iter().find(|written| written.stamp.dot == dot);
            written
                .map(|written| written.answer.clone())
                .ok_or_else(|| OfficeError::Conflict {
                    message: "This value was replaced meanwhile.".into(),
                    advice: "Open the interview again and look at what stands there now.".into(),
                })
        }
        Pick::Typed(text) if text.trim().is_empty() => Ok(None),
        Pick::Typed(text) => {
            let interview = projecting::interview(&subject.form, record);
            interview
                .parse_input(at, text)
                .map(Some)
                .map_err(|refused| OfficeError::invalid(refused.message, "Type another value."))
        }
    }
}

/// Writes ops as the office, knowing `context` of the record.
fn write_ops(
    office: &Office,
    writing: &Writing<'_>,
    who: &Principal,
    subject: &Subject,
    ops: &[Op],
    context: Context,
) -> Result<(), OfficeError> {
    let record = &subject.loaded.record;
    let now_ms = office.now_ms();
    let replica = writing.identity()?.replica;
    let chain = writing.chain(replica)?;
    let key = record.key();
    let lamport = context
        .0
        .iter()
        .filter_map(|(replica, seq)| {
            record.lamport_of(&sampan_record::ids::Dot {
                replica: *replica,
                seq: *seq,
            })
        })
        .max()
        .unwrap_or(0)
        .saturating_add(1);
    let draft = Draft {
        replica,
        seq: chain.through.saturating_add(1),
        prev: chain.hash,
        record: record.id(),
        context,
        lamport,
        author: who.person,
        form: subject.form.version,
        wall_time_ms: now_ms,
        utc_offset_min: 0,
        record_key: key.unwrap_or_else(|| RecordKey(office.random())),
        is_first: key.is_none(),
    };
    let change = write::change(draft, ops, &subject.form.schema).map_err(|error| {
        OfficeError::invalid(
            format!("This cannot be kept: {error}."),
            "Shorten what you wrote.",
        )
    })?;
    let hash = change.hash();
    let mut keeping = Keeping::new(office, writing, now_ms);
    keeping.keep(&change, hash, Verdict::Kept, replica.device, "")?;
    writing.advance(
        replica,
        Chain {
            through: change.header.seq,
            hash,
        },
        now_ms,
    )?;
    keeping.finish()
}

fn place(text: &str) -> Result<AnswerPath, OfficeError> {
    place_from_text(text).ok_or(OfficeError::Absent)
}

/// Text without its edges; None when nothing is left.
fn words(text: &str) -> Result<Option<String>, OfficeError> {
    let text = text.trim();
    if text.len() > WORDS_BYTES {
        return Err(OfficeError::invalid(
            "The text is too long.",
            "Write at most some pages.",
        ));
    }
    let text: String = text.replace("\r\n", "\n").replace('\r', "\n");
    let text: String = text
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect();
    Ok((!text.is_empty()).then_some(text))
}
