//! What merging means, case by case.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests may say what they want"
)]

#[path = "support/writers.rs"]
mod writers;

use sampan_record::change::{Payload, RecordKey};
use sampan_record::erasure;
use sampan_record::ids::{CommentId, RowId};
use sampan_record::op::{Decision, ErasureScope, Op};
use sampan_record::path::QuestionPath;
use sampan_record::record::{Inserted, Record, RowState};
use sampan_record::review::{ReviewState, review};
use sampan_record::schema::NoSchema;
use sampan_record::write::{self, Checked, VerifyError};
use uuid::Uuid;
use writers::{RECORD, Writer, at, number, ops_of, set};

/// Two writers who both know a first change of the first.
fn two_writers(first: &[Op]) -> (Writer, Writer) {
    let mut a = Writer::new(1);
    let mut b = Writer::new(2);
    a.write(first);
    b.take_all(&a);
    (a, b)
}

fn exchange(a: &mut Writer, b: &mut Writer) {
    a.take_all(b);
    b.take_all(a);
    assert_eq!(a.record.state_bytes(), b.record.state_bytes());
}

#[test]
fn a_later_answer_replaces_the_one_it_knew() {
    let (mut a, mut b) = two_writers(&[set("age", &[], 30)]);
    b.write(&[set("age", &[], 31)]);
    exchange(&mut a, &mut b);
    assert_eq!(a.record.answer(&at("age", &[])), Some(&number(31)));
    assert!(a.record.conflicts().is_empty());
}

#[test]
fn different_answers_given_at_the_same_time_both_survive_until_one_is_chosen() {
    let (mut a, mut b) = two_writers(&[set("age", &[], 30)]);
    a.write(&[set("age", &[], 31)]);
    b.write(&[set("age", &[], 32)]);
    exchange(&mut a, &mut b);
    let conflicts = a.record.conflicts();
    assert_eq!(conflicts.len(), 1);
    assert_eq!(conflicts[0].1.values.len(), 2);
    assert_eq!(
        a.record.answer(&at("age", &[])),
        Some(&number(32)),
        "same lamport: the higher replica is shown"
    );
    b.write(&[set("age", &[], 31)]);
    exchange(&mut a, &mut b);
    assert!(a.record.conflicts().is_empty());
    assert_eq!(a.record.answer(&at("age", &[])), Some(&number(31)));
}

#[test]
fn equal_answers_given_at_the_same_time_are_no_conflict() {
    let (mut a, mut b) = two_writers(&[set("age", &[], 30)]);
    a.write(&[set("age", &[], 31)]);
    b.write(&[set("age", &[], 31)]);
    exchange(&mut a, &mut b);
    assert!(a.record.conflicts().is_empty());
    assert_eq!(a.record.register(&at("age", &[])).unwrap().values.len(), 2);
}

#[test]
fn a_clock_in_another_century_changes_nothing() {
    let (mut a, mut b) = two_writers(&[set("age", &[], 30)]);
    a.write_at(4_102_444_800_000, &[set("age", &[], 31)]);
    b.take_all(&a);
    b.write_at(0, &[set("age", &[], 32)]);
    exchange(&mut a, &mut b);
    assert_eq!(a.record.answer(&at("age", &[])), Some(&number(32)));
}

#[test]
fn clearing_against_a_new_answer_is_a_conflict() {
    let (mut a, mut b) = two_writers(&[set("age", &[], 30)]);
    a.write(&[Op::Set {
        at: at("age", &[]),
        answer: None,
    }]);
    b.write(&[set("age", &[], 32)]);
    exchange(&mut a, &mut b);
    assert_eq!(a.record.conflicts().len(), 1);
}

fn row_op(is_add: bool, row: u64) -> Op {
    let repeat = at("products", &[]);
    let row = RowId(row);
    if is_add {
        Op::AddRow {
            repeat,
            row,
            position: row.0,
        }
    } else {
        Op::RemoveRow { repeat, row }
    }
}

#[test]
fn an_answer_given_at_the_same_time_brings_a_removed_row_back_and_flags_it() {
    let row = RowId::added(5).0;
    let (mut a, mut b) = two_writers(&[row_op(true, row), set("products/name", &[row], 1)]);
    a.write(&[row_op(false, row)]);
    assert_eq!(a.record.answers().count(), 0);
    assert_eq!(a.record.rows(&at("products", &[]))[0].state, RowState::Removed);
    b.write(&[set("products/price", &[row], 9)]);
    exchange(&mut a, &mut b);
    assert_eq!(
        a.record.rows(&at("products", &[]))[0].state,
        RowState::BroughtBack
    );
    assert_eq!(a.record.answers().count(), 2, "the row is back whole");
    let mut kept = (a.clone(), b.clone());
    kept.0.write(&[row_op(true, row)]);
    exchange(&mut kept.0, &mut kept.1);
    assert_eq!(
        kept.1.record.rows(&at("products", &[]))[0].state,
        RowState::Present
    );
    a.write(&[row_op(false, row)]);
    exchange(&mut a, &mut b);
    assert_eq!(b.record.rows(&at("products", &[]))[0].state, RowState::Removed);
    assert_eq!(b.record.answers().count(), 0);
}

#[test]
fn a_removed_row_hides_the_rows_within_it_and_only_those() {
    let mut a = Writer::new(1);
    a.write(&[
        row_op(true, 3),
        row_op(true, 4),
        set("products/inputs/name", &[3, 1], 1),
        set("products/inputs/name", &[4, 1], 2),
        set("products_total", &[], 3),
    ]);
    a.write(&[row_op(false, 3)]);
    let left: Vec<_> = a.record.answers().map(|(at, _)| at.clone()).collect();
    assert_eq!(
        left,
        [at("products/inputs/name", &[4, 1]), at("products_total", &[])]
    );
}

#[test]
fn rows_stand_in_the_order_of_their_positions() {
    let mut a = Writer::new(1);
    let repeat = at("products", &[]);
    for (row, position) in [(11, 20), (12, 10), (13, 10)] {
        a.write(&[Op::AddRow {
            repeat: repeat.clone(),
            row: RowId(row),
            position,
        }]);
    }
    let order: Vec<u64> = a.record.rows(&repeat).iter().map(|row| row.row.0).collect();
    assert_eq!(order, [12, 13, 11]);
}

#[test]
fn a_change_that_is_missing_is_not_claimed_as_known() {
    let mut a = Writer::new(1);
    let first = a.write(&[set("age", &[], 1)]);
    let second = a.write(&[set("name", &[], 2)]);
    let third = a.write(&[set("sex", &[], 3)]);
    let mut office = Writer::new(9);
    office.take(&first);
    office.take(&third);
    assert_eq!(office.record.context().0.get(&a.replica), Some(&1));
    assert_eq!(office.record.lamport(), 1);
    office.write(&[set("name", &[], 20), set("sex", &[], 30)]);
    office.take(&second);
    assert_eq!(office.record.context().0.get(&a.replica), Some(&3));
    let mut conflicts = office.record.conflicts();
    assert_eq!(
        conflicts.len(),
        2,
        "neither answer was known, so neither disappears"
    );
    assert_eq!(conflicts.remove(0).1.values.len(), 2);
}

#[test]
fn of_people_assigned_at_the_same_time_the_highest_is_shown() {
    let (mut a, mut b) = two_writers(&[set("age", &[], 1)]);
    let (person_a, person_b) = (a.person(), b.person());
    a.write(&[Op::Assign { person: person_a }]);
    b.write(&[Op::Assign { person: person_b }]);
    exchange(&mut a, &mut b);
    assert_eq!(a.record.assignee(), Some(person_b));
    a.write(&[Op::Assign { person: person_a }]);
    exchange(&mut a, &mut b);
    assert_eq!(b.record.assignee(), Some(person_a));
}

fn decide(writer: &Writer, decision: Decision) -> Op {
    Op::Decide {
        decision,
        note: None,
        covers: writer.record.context(),
    }
}

#[test]
fn a_record_goes_from_draft_to_approved_over_a_return() {
    let (mut enumerator, mut supervisor) = two_writers(&[set("age", &[], 1)]);
    assert_eq!(review(&enumerator.record).state, ReviewState::Draft);
    enumerator.write(&[Op::Submit]);
    exchange(&mut enumerator, &mut supervisor);
    assert_eq!(review(&supervisor.record).state, ReviewState::Submitted);
    let returned = decide(&supervisor, Decision::Return);
    supervisor.write(&[returned]);
    assert_eq!(review(&supervisor.record).state, ReviewState::Returned);
    exchange(&mut enumerator, &mut supervisor);
    enumerator.write(&[set("age", &[], 2)]);
    assert_eq!(review(&enumerator.record).state, ReviewState::Returned);
    assert_eq!(review(&enumerator.record).changed_since, [at("age", &[])]);
    enumerator.write(&[Op::Submit]);
    exchange(&mut enumerator, &mut supervisor);
    assert_eq!(review(&supervisor.record).state, ReviewState::Resubmitted);
    let approved = decide(&supervisor, Decision::Approve);
    supervisor.write(&[approved]);
    assert_eq!(review(&supervisor.record).state, ReviewState::Approved);
    assert!(review(&supervisor.record).changed_since.is_empty());
    let reopened = decide(&supervisor, Decision::Reopen);
    supervisor.write(&[reopened]);
    assert_eq!(review(&supervisor.record).state, ReviewState::Submitted);
    let rejected = decide(&supervisor, Decision::Reject);
    supervisor.write(&[rejected]);
    assert_eq!(review(&supervisor.record).state, ReviewState::Rejected);
}

#[test]
fn a_finished_record_that_its_writer_opens_again_waits_for_that_writer_until_it_is_finished_again() {
    let (mut enumerator, mut supervisor) = two_writers(&[set("age", &[], 1), Op::Submit]);
    // Another phone of the same person that had not seen the end: late, and no reopening.
    supervisor.write(&[set("age", &[], 5)]);
    enumerator.write(&[set("name", &[], 2)]);
    assert!(review(&enumerator.record).is_reopened);
    assert_eq!(review(&enumerator.record).state, ReviewState::Draft);
    enumerator.write(&[Op::Submit]);
    exchange(&mut enumerator, &mut supervisor);
    assert!(!review(&supervisor.record).is_reopened);
    assert_eq!(review(&supervisor.record).state, ReviewState::Submitted);
    let returned = decide(&supervisor, Decision::Return);
    supervisor.write(&[returned]);
    exchange(&mut enumerator, &mut supervisor);
    enumerator.write(&[Op::Submit]);
    assert_eq!(review(&enumerator.record).state, ReviewState::Resubmitted);
    enumerator.write(&[set("name", &[], 3)]);
    assert_eq!(review(&enumerator.record).state, ReviewState::Returned);
    enumerator.write(&[Op::Submit]);
    exchange(&mut enumerator, &mut supervisor);
    let approved = decide(&supervisor, Decision::Approve);
    supervisor.write(&[approved]);
    exchange(&mut enumerator, &mut supervisor);
    enumerator.write(&[set("name", &[], 4)]);
    let found = review(&enumerator.record);
    assert_eq!(found.state, ReviewState::ChangedSinceApproval);
    assert!(found.is_reopened);
    enumerator.write(&[Op::Submit]);
    let found = review(&enumerator.record);
    assert_eq!(
        found.state,
        ReviewState::ChangedSinceApproval,
        "only a decision covers it"
    );
    assert!(!found.is_reopened);
}

#[test]
fn an_edit_that_the_approver_had_not_seen_shows() {
    for is_concurrent in [true, false] {
        let (mut enumerator, mut supervisor) = two_writers(&[set("age", &[], 1), Op::Submit]);
        let approved = decide(&supervisor, Decision::Approve);
        supervisor.write(&[approved]);
        if !is_concurrent {
            enumerator.take_all(&supervisor);
        }
        enumerator.write(&[set("age", &[], 2), row_op(true, 3)]);
        exchange(&mut enumerator, &mut supervisor);
        let found = review(&supervisor.record);
        assert_eq!(found.state, ReviewState::ChangedSinceApproval);
        assert_eq!(found.changed_since, [at("age", &[]), at("products", &[])]);
    }
}

#[test]
fn a_decision_that_claims_to_cover_more_than_its_author_saw_covers_what_they_saw() {
    let (mut enumerator, mut supervisor) = two_writers(&[set("age", &[], 1), Op::Submit]);
    enumerator.write(&[set("age", &[], 2)]);
    let claimed = decide(&enumerator, Decision::Approve);
    supervisor.write(&[claimed]);
    exchange(&mut enumerator, &mut supervisor);
    assert_eq!(
        review(&supervisor.record).state,
        ReviewState::ChangedSinceApproval
    );
}

#[test]
fn comments_are_answered_and_resolved() {
    let (mut enumerator, mut supervisor) = two_writers(&[set("age", &[], 1)]);
    let [question, answer] = [1, 2].map(|id| CommentId(Uuid::from_u128(id)));
    let comment = Op::Comment {
        id: question,
        at: Some(at("age", &[])),
        reply_to: None,
        text: "တကယ်လား".to_owned(),
    };
    supervisor.write(&[comment]);
    enumerator.take_all(&supervisor);
    assert_eq!(review(&enumerator.record).open_comments, [question]);
    let reply = enumerator.record.reply(answer, question, "បាទ".to_owned());
    enumerator.write(&[reply]);
    enumerator.write(&[Op::ResolveComment { id: question }]);
    exchange(&mut enumerator, &mut supervisor);
    let comments = supervisor.record.comments();
    assert_eq!(comments.len(), 2);
    assert_eq!(comments[1].at, Some(at("age", &[])));
    assert!(comments[0].resolved.is_some());
    assert!(review(&supervisor.record).open_comments.is_empty());
}

fn erase(what: ErasureScope) -> Op {
    Op::Erase {
        what,
        reason: "consent withdrawn".to_owned(),
    }
}

fn questions(paths: &[&str]) -> ErasureScope {
    ErasureScope::Questions(paths.iter().map(|path| QuestionPath::new(path)).collect())
}

#[test]
fn an_erasure_of_questions_empties_them_wherever_they_come_from_and_nothing_else() {
    let first = [
        set("phone", &[], 1),
        set("contact/name", &[], 2),
        set("age", &[], 3),
        set("phones", &[], 4),
    ];
    let (mut a, mut b) = two_writers(&first);
    b.write(&[set("phone", &[], 5), set("age", &[], 6)]);
    a.write(&[erase(questions(&["phone", "contact"]))]);
    exchange(&mut a, &mut b);
    let left: Vec<_> = a.record.answers().map(|(at, _)| at.clone()).collect();
    assert_eq!(left, [at("age", &[]), at("phones", &[])]);
    b.write(&[set("phone", &[], 7)]);
    exchange(&mut a, &mut b);
    assert_eq!(
        a.record.answer(&at("phone", &[])),
        Some(&number(7)),
        "given again knowingly"
    );
}

#[test]
fn a_redacted_copy_gives_the_same_state_and_keeps_the_chain() {
    let (mut a, b) = two_writers(&[set("phone", &[], 1), set("age", &[], 3)]);
    let late = a.clone().write(&[set("phone", &[], 4)]);
    let erasing = a.write(&[erase(questions(&["phone"]))]);
    let mut redacted = Record::new(RECORD);
    assert_eq!(redacted.insert(&erasing, ops_of(&erasing)), Inserted::New);
    for change in b.changes.values() {
        let emptied = erasure::redact(&a.record, change, &ops_of(change), &NoSchema).unwrap();
        assert_eq!(emptied.hash(), change.hash());
        assert_eq!(emptied.record_key, None);
        assert_eq!(ops_of(&emptied), [set("age", &[], 3)]);
        assert_eq!(write::verify(&emptied, None), Ok(Checked::Emptied));
        redacted.insert(&emptied, ops_of(&emptied));
        assert_eq!(
            erasure::redact(&a.record, &emptied, &ops_of(&emptied), &NoSchema),
            None
        );
    }
    assert_eq!(redacted.state_bytes(), a.record.state_bytes());
    assert_eq!(
        a.record.key(),
        None,
        "the old key is dropped, the next change brings a new one"
    );
    let next = a.write(&[set("age", &[], 4)]);
    assert!(next.record_key.is_some());
    assert_eq!(
        write::verify(&next, a.record.key_for(&next.header).as_ref()),
        Ok(Checked::Matches)
    );
    assert_eq!(ops_of(&late), [set("phone", &[], 4)]);
}

#[test]
fn after_an_erasure_of_the_record_an_old_phone_brings_nothing_back() {
    let (mut a, mut b) = two_writers(&[set("phone", &[], 1), Op::Submit]);
    let late = b.write(&[set("phone", &[], 5)]);
    a.write(&[erase(ErasureScope::Record)]);
    assert!(a.record.erased());
    assert!(a.record.is_erased(&late.header));
    let emptied = erasure::redact(&a.record, &late, &ops_of(&late), &NoSchema).unwrap();
    assert_eq!(emptied.payload, Payload::Erased);
    let mut full = a.clone();
    full.take(&late);
    a.take(&emptied);
    assert_eq!(full.record.state_bytes(), a.record.state_bytes());
    assert_eq!(a.record.answers().count(), 0);
    assert!(!a.record.submitted());
    b.take_all(&a);
    assert_eq!(b.record.state_bytes(), a.record.state_bytes());
}

#[test]
fn a_change_that_is_not_what_it_claims_is_found_out() {
    let mut a = Writer::new(1);
    let first = a.write(&[set("age", &[], 1)]);
    let second = a.write(&[set("age", &[], 2)]);
    let key = first.record_key.unwrap();
    assert_eq!(write::verify(&first, None), Ok(Checked::Matches));
    assert_eq!(write::verify(&second, None), Ok(Checked::NoKey));
    assert_eq!(write::verify(&second, Some(&key)), Ok(Checked::Matches));
    assert_eq!(
        write::verify(&second, Some(&RecordKey([0; 16]))),
        Err(VerifyError::PayloadHash { seq: 2 })
    );
    assert_eq!(write::verify_chain(&second.header, &first.hash()), Ok(()));
    assert_eq!(
        write::verify_chain(&second.header, &second.hash()),
        Err(VerifyError::ChainBroken { seq: 2 })
    );
    let lamport_of = |dot: &_| a.record.lamport_of(dot);
    assert_eq!(write::verify_lamport(&second.header, lamport_of), Ok(true));
    let mut hostile = second.clone();
    hostile.header.lamport = u64::MAX;
    let lamport = VerifyError::Lamport {
        seq: 2,
        found: u64::MAX,
        expected: 2,
    };
    assert_eq!(write::verify_lamport(&hostile.header, lamport_of), Err(lamport));
    let mut hostile = second.clone();
    hostile.header.context.add(&second.header.dot());
    assert_eq!(
        write::verify(&hostile, Some(&key)),
        Err(VerifyError::ContextHoldsItself { seq: 2 })
    );
    let mut hostile = second;
    hostile.header.prev = sampan_record::ids::ChangeHash([0; 32]);
    assert_eq!(
        write::verify(&hostile, Some(&key)),
        Err(VerifyError::ChainStart { seq: 2 })
    );
}

#[test]
fn another_change_under_a_known_name_is_not_taken() {
    let mut a = Writer::new(1);
    let mut clone = a.clone();
    let one = a.write(&[set("age", &[], 1)]);
    let other = clone.write(&[set("age", &[], 2)]);
    assert_eq!(a.take(&one), Inserted::Duplicate);
    assert_eq!(a.record.insert(&other, ops_of(&other)), Inserted::Refused);
    assert_eq!(a.record.answer(&at("age", &[])), Some(&number(1)));
}

#[test]
fn a_row_added_again_at_the_same_time_as_it_is_removed_again_is_back_and_flagged() {
    let (mut a, mut b) = two_writers(&[row_op(true, 3)]);
    a.write(&[row_op(false, 3)]);
    exchange(&mut a, &mut b);
    a.write(&[row_op(false, 3)]);
    b.write(&[row_op(true, 3)]);
    exchange(&mut a, &mut b);
    assert_eq!(
        a.record.rows(&at("products", &[]))[0].state,
        RowState::BroughtBack
    );
}

#[test]
fn an_emptied_copy_replaces_the_full_one_even_before_the_erasure_arrives() {
    let (mut office, phone) = two_writers(&[set("phone", &[], 1), set("age", &[], 3)]);
    let full = office.changes.values().next().unwrap().clone();
    office.write(&[erase(questions(&["phone"]))]);
    let emptied = erasure::redact(&office.record, &full, &ops_of(&full), &NoSchema).unwrap();
    for order in [[&full, &emptied], [&emptied, &full]] {
        let mut record = Record::new(RECORD);
        for change in order {
            record.insert(change, ops_of(change));
        }
        assert_eq!(record.answer(&at("phone", &[])), None);
        assert_eq!(record.answer(&at("age", &[])), Some(&number(3)));
    }
    assert_eq!(
        phone.record.answer(&at("phone", &[])),
        Some(&number(1)),
        "the phone has not heard yet"
    );
}

#[test]
fn a_row_added_within_a_removed_row_at_the_same_time_brings_it_back() {
    let (mut a, mut b) = two_writers(&[row_op(true, 3)]);
    a.write(&[row_op(false, 3)]);
    let inner = at("products/inputs", &[3]);
    b.write(&[Op::AddRow {
        repeat: inner,
        row: RowId(1),
        position: 0,
    }]);
    exchange(&mut a, &mut b);
    assert_eq!(
        a.record.rows(&at("products", &[]))[0].state,
        RowState::BroughtBack
    );
}

#[test]
fn a_copy_emptied_whole_replaces_the_full_one_even_before_the_erasure_arrives() {
    let mut phone = Writer::new(1);
    let full = phone.write(&[Op::Submit]);
    let mut emptied = full.clone();
    emptied.payload = Payload::Erased;
    assert_eq!(phone.record.insert(&emptied, Vec::new()), Inserted::Duplicate);
    assert!(!phone.record.submitted());
    assert_eq!(phone.record.insert(&full, ops_of(&full)), Inserted::Duplicate);
    assert!(!phone.record.submitted());
}

#[test]
fn the_context_goes_on_behind_changes_that_are_kept_apart_in_whatever_order_they_are_heard_of() {
    let mut phone = Writer::new(1);
    let changes: Vec<_> = (0..5).map(|n| phone.write(&[set("age", &[], n)])).collect();
    let reached = |kept_apart_first: bool, apart: &[usize]| {
        let mut office = Writer::new(2);
        let pass = |office: &mut Writer| {
            for index in apart {
                office.record.pass_over(&changes[*index].header);
            }
        };
        if kept_apart_first {
            pass(&mut office);
        }
        for (index, change) in changes.iter().enumerate() {
            if !apart.contains(&index) && index != 3 {
                office.take(change);
            }
        }
        if !kept_apart_first {
            pass(&mut office);
        }
        let before = office.record.context().0.get(&phone.replica).copied();
        office.take(&changes[3]);
        (before, office.record.context().0.get(&phone.replica).copied())
    };
    for kept_apart_first in [false, true] {
        // Number 4 is missing, not kept apart: nothing goes on behind it.
        assert_eq!(reached(kept_apart_first, &[1]), (Some(3), Some(5)));
        assert_eq!(reached(kept_apart_first, &[1, 2]), (Some(1), Some(5)));
        assert_eq!(reached(kept_apart_first, &[0]), (Some(3), Some(5)));
        // What is kept apart is not known itself.
        assert_eq!(reached(kept_apart_first, &[4]), (Some(3), Some(4)));
    }
}
