//! The laws of merging, on random work of several people who hear of each other now and then.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests may say what they want"
)]

#[path = "support/writers.rs"]
mod writers;

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof, proptest};
use sampan_record::change::Change;
use sampan_record::context::Context;
use sampan_record::erasure;
use sampan_record::history;
use sampan_record::ids::{CommentId, ContentHash, Dot, RowId};
use sampan_record::op::{Decision, ErasureScope, Op};
use sampan_record::path::QuestionPath;
use sampan_record::record::{Inserted, Record};
use sampan_record::review::{ReviewState, review};
use sampan_record::schema::NoSchema;
use uuid::Uuid;
use writers::{RECORD, Writer, at, ops_of, set};

/// What somebody does next.
#[derive(Debug, Clone)]
enum Step {
    /// Writes one change of these acts.
    Write { who: usize, acts: Vec<Act> },
    /// Hears all that another knows.
    Hear { who: usize, of: usize },
    /// Hears of one change only, with a gap before it perhaps.
    HearOne { who: usize, of: usize, which: usize },
}

#[derive(Debug, Clone)]
enum Act {
    Set { place: u8, row: u8, value: u8 },
    AddRow { row: u8, position: u8 },
    RemoveRow { row: u8 },
    Comment { id: u8, reply_to: u8 },
    Resolve { id: u8 },
    Decide { decision: u8, claims_all: bool },
    Assign { person: u8 },
    Move { form: u8 },
    Erase { what: u8 },
    Submit,
    Unknown,
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        12 => (0..6u8, 0..3u8, 0..4u8).prop_map(|(place, row, value)| Act::Set { place, row, value }),
        3 => (0..3u8, 0..3u8).prop_map(|(row, position)| Act::AddRow { row, position }),
        3 => (0..3u8).prop_map(|row| Act::RemoveRow { row }),
        3 => (0..6u8, 0..8u8).prop_map(|(id, reply_to)| Act::Comment { id, reply_to }),
        1 => (0..6u8).prop_map(|id| Act::Resolve { id }),
        2 => (0..4u8, any::<bool>()).prop_map(|(decision, claims_all)| Act::Decide { decision, claims_all }),
        1 => (0..3u8).prop_map(|person| Act::Assign { person }),
        1 => (0..3u8).prop_map(|form| Act::Move { form }),
        1 => (0..12u8).prop_map(|what| Act::Erase { what }),
        1 => proptest::strategy::Just(Act::Submit),
        1 => proptest::strategy::Just(Act::Unknown),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..4usize, vec(any_act(), 1..4)).prop_map(|(who, acts)| Step::Write { who, acts }),
        2 => (0..4usize, 0..4usize).prop_map(|(who, of)| Step::Hear { who, of }),
        1 => (0..4usize, 0..4usize, 0..40usize).prop_map(|(who, of, which)| Step::HearOne { who, of, which }),
    ]
}

fn op_of(act: &Act, writer: &Writer, everything: &Context) -> Op {
    let comment_id = |id: u8| CommentId(Uuid::from_u128(u128::from(id)));
    match act {
        Act::Set { place, row, value } => {
            let row = u64::from(*row);
            match place {
                0 => set("age", &[], i64::from(*value)),
                1 => Op::Set {
                    at: at("name", &[]),
                    answer: None,
                },
                2 => set("products/name", &[row], i64::from(*value)),
                3 => Op::Set {
                    at: at("products/name", &[row]),
                    answer: None,
                },
                4 => set("products/inputs/name", &[row, 1], i64::from(*value)),
                _ => set("name", &[], i64::from(*value)),
            }
        }
        Act::AddRow { row, position } if *position == 2 => Op::AddRow {
            repeat: at("products/inputs", &[u64::from(*row)]),
            row: RowId(1),
            position: 0,
        },
        Act::AddRow { row, position } => Op::AddRow {
            repeat: at("products", &[]),
            row: RowId(u64::from(*row)),
            position: u64::from(*position),
        },
        Act::RemoveRow { row } => Op::RemoveRow {
            repeat: at("products", &[]),
            row: RowId(u64::from(*row)),
        },
        Act::Comment { id, reply_to } if *reply_to < 6 => {
            writer
                .record
                .reply(comment_id(*id), comment_id(*reply_to), format!("reply {id}"))
        }
        Act::Comment { id, reply_to } => Op::Comment {
            id: comment_id(*id),
            at: (*reply_to == 7).then(|| at("age", &[])),
            reply_to: None,
            text: format!("comment {id}"),
        },
        Act::Resolve { id } => Op::ResolveComment { id: comment_id(*id) },
        Act::Decide { decision, claims_all } => Op::Decide {
            decision: [
                Decision::Approve,
                Decision::Return,
                Decision::Reject,
                Decision::Reopen,
            ][usize::from(*decision)],
            note: Some("note".to_owned()),
            covers: if *claims_all {
                everything.clone()
            } else {
                writer.record.context()
            },
        },
        Act::Assign { person } => Op::Assign {
            person: sampan_record::ids::PersonId(Uuid::from_u128(u128::from(*person))),
        },
        Act::Move { form } => Op::MoveToVersion {
            form: ContentHash([*form; 32]),
        },
        Act::Erase { what } => Op::Erase {
            what: match what {
                0 => ErasureScope::Record,
                1..5 => ErasureScope::Questions(vec![
                    QuestionPath::new("age"),
                    QuestionPath::new("products/inputs"),
                ]),
                _ => ErasureScope::Questions(vec![QuestionPath::new("name")]),
            },
            reason: "by law".to_owned(),
        },
        Act::Submit => Op::Submit,
        Act::Unknown => Op::Unknown {
            tag: 99,
            bytes: vec![1, 2],
        },
    }
}

/// All that was written, and what each writer really had before it when writing a change.
struct Story {
    changes: Vec<Change>,
    had: BTreeMap<Dot, BTreeSet<Dot>>,
    writers: Vec<Writer>,
}

fn play(steps: &[Step]) -> Story {
    let mut writers: Vec<Writer> = (1..=4).map(Writer::new).collect();
    let mut everything = Context::default();
    let mut story = Story {
        changes: Vec::new(),
        had: BTreeMap::new(),
        writers: Vec::new(),
    };
    for step in steps {
        match step {
            Step::Write { who, acts } => {
                let ops: Vec<Op> = acts
                    .iter()
                    .map(|act| op_of(act, &writers[*who], &everything))
                    .collect();
                let had = writers[*who]
                    .changes
                    .values()
                    .map(|change| change.header.dot())
                    .collect();
                let change = writers[*who].write(&ops);
                everything.add(&change.header.dot());
                story.had.insert(change.header.dot(), had);
                story.changes.push(change);
            }
            Step::Hear { who, of } => {
                let other = writers[*of].clone();
                writers[*who].take_all(&other);
            }
            Step::HearOne { who, of, which } => {
                let other = writers[*of].changes.values().nth(*which).cloned();
                if let Some(change) = other {
                    writers[*who].take(&change);
                }
            }
        }
    }
    story.writers = writers;
    story
}

fn record_of<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Record {
    let mut record = Record::new(RECORD);
    for change in changes {
        record.insert(change, ops_of(change));
    }
    record
}

proptest! {
    #[test]
    fn the_same_changes_give_the_same_bytes_in_any_order_and_number(
        steps in vec(any_step(), 1..40),
        shuffle in vec(any::<u16>(), 60),
    ) {
        let story = play(&steps);
        let expected = record_of(&story.changes).state_bytes();
        let mut order: Vec<(u16, &Change)> = shuffle.iter().copied().zip(story.changes.iter().cycle()).collect();
        order.sort_by_key(|(key, _)| *key);
        if order.len() >= story.changes.len() {
            let shuffled = record_of(order.into_iter().map(|(_, change)| change));
            assert_eq!(shuffled.state_bytes(), expected);
        }
        assert_eq!(record_of(story.changes.iter().rev()).state_bytes(), expected);
        let mut rebuilt = record_of(&story.changes);
        for change in &story.changes {
            assert_eq!(rebuilt.insert(change, ops_of(change)), Inserted::Duplicate);
        }
        assert_eq!(rebuilt.state_bytes(), expected);
    }

    #[test]
    fn merging_groups_of_changes_is_associative(steps in vec(any_step(), 1..40)) {
        let story = play(&steps);
        let [a, b, c, _] = story.writers.as_slice() else { panic!("four writers") };
        let (mut left, mut right) = (a.clone(), b.clone());
        left.take_all(b);
        left.take_all(c);
        right.take_all(c);
        let mut joined = a.clone();
        joined.take_all(&right);
        assert_eq!(left.record.state_bytes(), joined.record.state_bytes());
    }

    #[test]
    fn emptied_copies_give_the_same_state(steps in vec(any_step(), 1..40)) {
        let story = play(&steps);
        let full = record_of(&story.changes);
        let emptied: Vec<Change> = story
            .changes
            .iter()
            .map(|change| {
                erasure::redact(&full, change, &ops_of(change), &NoSchema).unwrap_or_else(|| change.clone())
            })
            .collect();
        assert_eq!(record_of(&emptied).state_bytes(), full.state_bytes());
        assert_eq!(record_of(emptied.iter().rev()).state_bytes(), full.state_bytes());
        assert_eq!(record_of(story.changes.iter().chain(&emptied)).state_bytes(), full.state_bytes());
        for change in &emptied {
            assert_eq!(erasure::redact(&full, change, &ops_of(change), &NoSchema), None, "once is enough");
        }
    }

    #[test]
    fn no_answer_disappears_without_a_change_that_knew_it(steps in vec(any_step(), 1..40)) {
        let story = play(&steps);
        let record = record_of(&story.changes);
        let shown: BTreeSet<_> = record.answers().map(|(at, _)| at.clone()).collect();
        let all: Vec<_> = record.changes().collect();
        for (header, ops) in &all {
            let dot = header.dot();
            for (index, op) in ops.iter().enumerate() {
                let Op::Set { at, answer: Some(answer) } = op else { continue };
                let is_same_place = |op: &Op| matches!(op, Op::Set { at: other, .. } if other == at);
                if ops.iter().skip(index + 1).any(is_same_place) {
                    continue;
                }
                let values = record.register(at).map(|register| register.values.as_slice()).unwrap_or_default();
                let stands = values.iter().any(|written| written.stamp.dot == dot);
                let knew = |dot: &Dot, by: &Dot| story.had.get(by).is_some_and(|had| had.contains(dot));
                if !stands {
                    let mut others = all.iter().filter(|(_, ops)| ops.iter().any(is_same_place));
                    assert!(others.any(|(other, _)| knew(&dot, &other.dot())), "{at:?} {answer:?}");
                } else if !shown.contains(at) && record.register(at).is_some_and(|r| r.shown().is_some()) {
                    let removes = |op: &Op| matches!(op, Op::RemoveRow { .. });
                    let mut others = all.iter().filter(|(_, ops)| ops.iter().any(removes));
                    let is_known = others.any(|(other, _)| other.dot() == dot || knew(&dot, &other.dot()));
                    assert!(is_known, "hidden: {at:?} {answer:?}");
                }
            }
        }
    }

    #[test]
    fn a_decision_never_covers_what_its_author_had_not_seen(steps in vec(any_step(), 1..40)) {
        let story = play(&steps);
        let record = record_of(&story.changes);
        for decided in record.decisions() {
            for change in &story.changes {
                let dot = change.header.dot();
                if decided.covers.covers(&dot) {
                    assert!(story.had[&decided.stamp.dot].contains(&dot), "{dot:?} by {:?}", decided.stamp);
                }
            }
        }
        let found = review(&record);
        if let (ReviewState::Approved, Some(decided)) = (found.state, &found.decision) {
            for (header, ops) in record.changes() {
                let is_edit = ops.iter().any(|op| matches!(op, Op::Set { .. } | Op::AddRow { .. }));
                let is_seen = story.had[&decided.stamp.dot].contains(&header.dot());
                assert!(!is_edit || is_seen || header.dot() == decided.stamp.dot);
            }
        }
        assert_eq!(history::history(&record).len(), record.len());
    }

    #[test]
    fn what_one_saw_can_be_seen_again(steps in vec(any_step(), 1..40)) {
        let story = play(&steps);
        let record = record_of(&story.changes);
        for writer in &story.writers {
            let context = writer.record.context();
            let known = writer.changes.values().filter(|change| context.covers(&change.header.dot()));
            let seen = record.seen_by(&context);
            assert_eq!(seen.context(), context);
            if record.erasures().is_empty() {
                assert_eq!(seen.state_bytes(), record_of(known).state_bytes());
            }
        }
    }
}
