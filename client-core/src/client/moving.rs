//! An interview moved on to the version of its form that the office offers now.

use sampan_form::compiled::Form;
use sampan_interview::interview::Interview;
use sampan_interview::moving::{self, Became, Moved, Report};
use sampan_interview::view::ProblemKind;
use sampan_record::ids::{FormVersionId, RecordId};
use sampan_record::path::AnswerPath;
use sampan_record::review::{self, ReviewState};
use sampan_value::answer::Answer;
use sampan_value::text;

use crate::api::{MoveLineView, MoveView, RecordRef};
use crate::client::records::{self, Loaded};
use crate::client::{Inner, forms, recovering};
use crate::error::ClientError;
use crate::place;

/// Says what a move would do.
pub(super) fn preview(inner: &Inner, id: RecordId) -> Result<MoveView, ClientError> {
    let _turn = inner.turn();
    let loaded = records::load(inner, id)?;
    let (view, _, _) = planned(inner, &loaded)?;
    Ok(view)
}

/// Moves. What was answered and not saved yet becomes a change of its own first, under the version it was asked with.
pub(super) fn moves(inner: &Inner, id: RecordId) -> Result<MoveView, ClientError> {
    let _turn = inner.turn();
    if inner.open_records().contains(&id) {
        return Err(ClientError::AlreadyOpen);
    }
    recovering::refuse_recovering(inner, id)?;
    planned(inner, &records::load(inner, id)?)?;
    records::save(inner, id, Vec::new(), None)?;
    let mut loaded = records::load(inner, id)?;
    let (mut view, version, moved) = planned(inner, &loaded)?;
    let plan = forms::plan(inner, version)?;
    loaded.form = version;
    let journal = loaded.fresh_journal();
    let now = inner.platform.clock.now();
    let change = loaded.draft(inner, &journal, moved.ops, &plan, Some(now))?;
    inner.store().write_change(&change)?;
    recovering::seal(inner, id);
    records::refresh(inner, id)?;
    view.is_moved = true;
    Ok(view)
}

fn planned(inner: &Inner, loaded: &Loaded) -> Result<(MoveView, FormVersionId, Moved), ClientError> {
    if loaded.record.erased() {
        return Err(cannot("its answers were erased"));
    }
    if loaded.n_unread > 0 {
        return Err(cannot("a form that some of it was written under is not here yet"));
    }
    let was = forms::plan(inner, loaded.form)?;
    let whole = loaded.with_journal(inner, &was)?;
    match review::review(&whole).state {
        ReviewState::Draft | ReviewState::Returned => {}
        ReviewState::Rejected => return Err(cannot("it was rejected")),
        ReviewState::Submitted
        | ReviewState::Resubmitted
        | ReviewState::Approved
        | ReviewState::ChangedSinceApproval => return Err(ClientError::Finished),
    }
    let newer = forms::newer(inner, was.form().form_id(), loaded.form)?.ok_or(ClientError::NoNewerVersion)?;
    let plan = forms::plan(inner, newer.version)?;
    let (answers, rows) = records::content(&whole);
    let moved = moving::moved(&was, &plan, &answers, &rows);
    let before = Interview::from_answers(was, answers, rows);
    let view = MoveView {
        record: RecordRef(whole.id().to_string()),
        title: before.name().unwrap_or_default(),
        from_version: before.form().def().version.clone(),
        to_version: plan.form().def().version.clone(),
        is_moved: false,
        n_carried: u64::try_from(moved.report.n_carried).unwrap_or(u64::MAX),
        lines: lines(&before, &moved.interview, &moved.report),
    };
    Ok((view, newer.version, moved))
}

fn cannot(reason: &str) -> ClientError {
    ClientError::CannotOpen {
        reason: reason.to_owned(),
    }
}

fn lines(before: &Interview, after: &Interview, report: &Report) -> Vec<MoveLineView> {
    let mut lines = Vec::new();
    for fate in &report.fates {
        let was = fate.answer.as_ref().map(|answer| words(before, &fate.at, answer));
        let mut line = line("kept", before, &fate.at, String::new());
        line.answer = was;
        match &fate.became {
            Became::Converted { to } => {
                line.what = "converted".into();
                line.becomes = Some(words(after, &fate.at, to));
                line.sentence = "Its question has another type now; the answer was read as that type.".into();
            }
            Became::Moved { to, as_answer } => {
                line.what = "moved".into();
                line.becomes = Some(words(after, to, as_answer));
                line.to = Some(place::name(after.form(), to));
                line.sentence = "The rows around it changed; it stands at another place now.".into();
            }
            Became::Kept { reason, .. } => {
                line.sentence =
                    format!("It has no place: {reason}. It stays in the record and does not count.");
            }
        }
        lines.push(line);
    }
    for at in &report.not_asked {
        let sentence = "It is not asked now; its answer is kept and does not count.";
        let mut line = line("not_asked", after, at, sentence.into());
        line.answer = shown(after, at);
        lines.push(line);
    }
    for problem in &report.problems {
        let what = match problem.kind {
            ProblemKind::RequiredMissing => "required",
            ProblemKind::ConstraintBroken => "constraint_broken",
            ProblemKind::InvalidChoice => "choice_gone",
            ProblemKind::TooManyRows => "too_many_rows",
            ProblemKind::Doubtful => "doubtful",
            ProblemKind::FormFault => "form_fault",
        };
        let mut line = line(what, after, &problem.at, problem.message.clone());
        line.answer = shown(after, &problem.at);
        lines.push(line);
    }
    for at in &report.new_questions {
        let is_said = |problem: &sampan_interview::view::Problem| problem.at == *at;
        if !report.problems.iter().any(is_said) {
            lines.push(line(
                "new_question",
                after,
                at,
                "It is new; it may be asked now.".into(),
            ));
        }
    }
    lines.sort_by_key(|line| order(before.form(), after.form(), line));
    lines
}

fn line(what: &str, running: &Interview, at: &AnswerPath, sentence: String) -> MoveLineView {
    MoveLineView {
        what: what.to_owned(),
        at: place::name(running.form(), at),
        label: running.label(at, running.language()),
        answer: None,
        becomes: None,
        to: None,
        sentence,
    }
}

/// What stands at a place, for people.
fn shown(running: &Interview, at: &AnswerPath) -> Option<String> {
    let answer = running.question(at)?.answer?;
    Some(words(running, at, &answer))
}

fn words(running: &Interview, at: &AnswerPath, answer: &Answer) -> String {
    match answer {
        Answer::Value(value) => text::to_odk_text(value),
        Answer::Missing(_) => running.words_for(at, answer),
    }
}

/// By the newer form's order; what it does not have comes behind, in the older form's order.
fn order(before: &Form, after: &Form, line: &MoveLineView) -> (u32, u32) {
    let find = |form: &Form| {
        let path = place::find(form, &line.at).ok()?;
        Some(form.find(path.question.as_str())?.0)
    };
    match find(after) {
        Some(place) => (0, place),
        None => (1, find(before).unwrap_or(u32::MAX)),
    }
}
