//! The office's judgement on one change: form known, readable, allowed, not erased.

use sampan_record::change::{Change, Payload};
use sampan_record::codec;
use sampan_record::op::Op;
use sampan_store::office::session::Reading;
use sampan_sync::log::Judgement;
use sampan_sync::receipt::Reason;

use crate::access::{Action, Decision, Principal, RecordPlace, Resource, Scope, authorize};
use crate::error::OfficeError;
use crate::projecting;
use crate::state::Office;
use sampan_store::office::changes::RecordHome;

/// Judges a change that is sound as far as sync can tell. `author` is the change's author with the rights of this
/// moment, None when there is no such account. The words say more than the protocol's reason.
pub fn judge(
    office: &Office,
    reading: &Reading<'_>,
    change: &Change,
    author: Option<&Principal>,
) -> Result<(Judgement, String), OfficeError> {
    let header = &change.header;
    let quarantine = |reason: Reason, words: String| Ok((Judgement::Quarantine(reason), words));
    // What is erased is erased, whoever brings it and however. A dropped key is the trace of an erasure: only then is the whole record looked at.
    if reading.keys_of(header.record)?.contains(&None)
        && let Some(loaded) = projecting::load(office, reading, header.record)?
        && loaded.record.is_erased(header)
    {
        return Ok((Judgement::Erased, String::new()));
    }
    let Some(author) = author else {
        return quarantine(
            Reason::NotAllowed,
            "its author has no account at this office".into(),
        );
    };
    let bytes = match &change.payload {
        // Emptied in part before it came here, by an erasure that this office may not have: what is left counts.
        Payload::Full(bytes) | Payload::Redacted(bytes) => bytes,
        Payload::Erased => return Ok((Judgement::Erased, String::new())),
    };
    let Some(form) = office.form(header.form)? else {
        return quarantine(
            Reason::UnknownForm,
            format!(
                "the office does not have version {} of its form; the device is asked for it",
                short(&header.form.to_hex())
            ),
        );
    };
    let ops = match codec::decode_ops(bytes, &form.schema) {
        Ok(ops) => ops,
        Err(error) => {
            return quarantine(
                Reason::UndecodablePayload,
                format!("its answers cannot be read under its form: {error}"),
            );
        }
    };
    let place = match place(reading, header.record)? {
        Some(place) => place,
        None => projecting::home_place(&home_for(office, author, header.record)),
    };
    for action in actions(&ops) {
        let decision = authorize(author, action, &Resource::Record(&place));
        if decision != Decision::Allowed {
            return quarantine(
                Reason::NotAllowed,
                format!("{} may not {}", author.name, words(action)),
            );
        }
    }
    Ok((Judgement::Keep, String::new()))
}

/// Where a record belongs at this moment; None while nothing of it is in force.
pub fn place(
    reading: &Reading<'_>,
    record: sampan_record::ids::RecordId,
) -> Result<Option<RecordPlace>, OfficeError> {
    if let Some(row) = reading.row(record)? {
        return Ok(Some(projecting::row_place(&row)));
    }
    // Kept in this very transaction and not projected yet.
    Ok(reading.home(record)?.map(|home| projecting::home_place(&home)))
}

/// Where a record that this person begins belongs until its answers say better.
pub fn home_for(office: &Office, author: &Principal, record: sampan_record::ids::RecordId) -> RecordHome {
    // The narrowest role: an enumerator's, if there is one.
    let scope = author
        .grants
        .iter()
        .min_by_key(|grant| grant.role)
        .map_or_else(Scope::default, |grant| grant.scope.clone());
    RecordHome {
        record,
        owner: author.person,
        project: scope.project.unwrap_or_else(|| office.config().project.clone()),
        country: scope.country.unwrap_or_default(),
        province: scope.province.unwrap_or_default(),
        team: scope.team.unwrap_or_default(),
    }
}

/// What the ops of a change need.
fn actions(ops: &[Op]) -> Vec<Action> {
    let mut actions: Vec<Action> = ops
        .iter()
        .map(|op| match op {
            Op::Set { .. }
            | Op::AddRow { .. }
            | Op::RemoveRow { .. }
            | Op::Submit
            | Op::Comment { .. }
            | Op::ResolveComment { .. }
            | Op::MoveToVersion { .. }
            // Without effect here; what it needs, the version that knows it will say.
            | Op::Unknown { .. } => Action::WriteRecord,
            Op::Decide { .. } => Action::Decide,
            Op::Assign { .. } => Action::Assign,
            Op::Erase { .. } => Action::Erase,
        })
        .collect();
    actions.push(Action::WriteRecord);
    actions.sort_unstable_by_key(|action| *action as u8);
    actions.dedup();
    actions
}

fn words(action: Action) -> &'static str {
    match action {
        Action::Decide => "decide on this record",
        Action::Assign => "assign this record",
        Action::Erase => "erase answers of this record",
        Action::SeeRecord
        | Action::WriteRecord
        | Action::Comment
        | Action::EditRecord
        | Action::Export
        | Action::SeeForms
        | Action::ManageForms
        | Action::SeePeople
        | Action::ManagePeople
        | Action::SeeDevices
        | Action::ManageDevices
        | Action::Sync => "write to this record",
    }
}

fn short(hex: &str) -> &str {
    hex.get(..8).unwrap_or(hex)
}
