//! Reviewing: a decision covers what was seen, conflicts are chosen among, an erasure empties, a retry does nothing.

use sampan_record::op::{Decision, Op};
use sampan_sync::receipt::Verdict;
use sampan_value::answer::Value;

use crate::access::Role;
use crate::error::OfficeError;
use crate::exporting;
use crate::office_commands;
use crate::reviewing::{self, ChooseRequest, DecideOutcome, DecideRequest, EraseRequest, Pick};
use crate::tests::world::{FORM, World, answers, set, text};
use crate::views::{AnswerView, InterviewFilter, InterviewView};

fn answer<'a>(view: &'a InterviewView, name: &str) -> &'a AnswerView {
    view.groups
        .iter()
        .flat_map(|group| &group.answers)
        .find(|answer| answer.name == name)
        .unwrap_or_else(|| panic!("{name} is not on the page"))
}

#[test]
fn a_decision_covers_only_what_its_page_showed() {
    let world = World::new();
    let office = &world.office;
    let form = world.publish(FORM);
    let dara = world.person("dara", Role::Enumerator, "KH");
    let mut phone = world.phone(&dara);
    let id = phone.interview(office, form, &answers("KH", "a", 17));
    phone.sync(office).unwrap();
    let page = reviewing::view(office, &world.admin, id, None).unwrap();
    assert_eq!(answer(&page, "older").text, "18");
    assert!(answer(&page, "older").is_calculated);
    assert_eq!(answer(&page, "country").text, "Cambodia");

    // While the reviewer reads, the enumerator corrects.
    phone.write(office, id, form, &[set("age", Value::Integer(71)), Op::Submit]);
    phone.sync(office).unwrap();
    let request = DecideRequest {
        record: id,
        decision: Decision::Approve,
        note: Some("good".into()),
        comments: vec![],
        seen: page.seen,
        key: "one".into(),
    };
    let outcome = reviewing::decide(office, &world.admin, &request).unwrap();
    assert_eq!(outcome, DecideOutcome::ChangedMeanwhile);
    // A retry of the same form gives the same and does nothing.
    assert_eq!(
        reviewing::decide(office, &world.admin, &request).unwrap(),
        outcome
    );
    let page = reviewing::view(office, &world.admin, id, None).unwrap();
    assert_eq!(page.row.state, "changed_since_approval");
    assert_eq!(page.changed_since.len(), 1);
    assert!(answer(&page, "age").is_changed_since);
    assert_eq!(page.history.len(), 3);
    // Decision and change did not know of each other, so either may stand first.
    assert!(
        page.history
            .iter()
            .any(|event| event.what.contains("approved it with the words")),
        "{:?}",
        page.history
    );

    let request = DecideRequest {
        seen: page.seen,
        key: "two".into(),
        ..request
    };
    assert_eq!(
        reviewing::decide(office, &world.admin, &request).unwrap(),
        DecideOutcome::Covered
    );
    let page = reviewing::view(office, &world.admin, id, None).unwrap();
    assert_eq!(page.row.state, "approved");
    assert!(page.changed_since.is_empty());
    let forged = DecideRequest {
        seen: "AAAA".into(),
        key: "three".into(),
        ..request
    };
    let refused = reviewing::decide(office, &world.admin, &forged);
    assert!(
        matches!(refused, Err(OfficeError::Conflict { .. })),
        "{refused:?}"
    );
    assert!(office_commands::verify(office).unwrap().problems.is_empty());
}

#[test]
fn a_conflict_shows_both_values_and_a_choice_ends_it_everywhere() {
    let world = World::new();
    let office = &world.office;
    let form = world.publish(FORM);
    let dara = world.person("dara", Role::Enumerator, "KH");
    let (mut first, mut second) = (world.phone(&dara), world.phone(&dara));
    let id = first.interview(office, form, &answers("KH", "a", 1));
    first.sync(office).unwrap();
    second.sync(office).unwrap();
    first.write(office, id, form, &[set("respondent", text("from the first"))]);
    second.write(office, id, form, &[set("respondent", text("from the second"))]);
    first.sync(office).unwrap();
    second.sync(office).unwrap();
    let page = reviewing::view(office, &world.admin, id, None).unwrap();
    assert_eq!((page.row.n_conflicts, page.conflicts.len()), (1, 1));
    let values = &page.conflicts[0].values;
    assert_eq!(values.iter().filter(|value| value.is_shown).count(), 1);
    let hidden = values.iter().find(|value| !value.is_shown).unwrap();
    let request = ChooseRequest {
        record: id,
        at: page.conflicts[0].at.clone(),
        pick: Pick::Value(hidden.token.clone()),
        seen: page.seen.clone(),
        key: "k".into(),
    };
    reviewing::choose(office, &world.admin, &request).unwrap();
    reviewing::choose(office, &world.admin, &request).unwrap();
    let after = reviewing::view(office, &world.admin, id, None).unwrap();
    assert_eq!(after.row.n_conflicts, 0);
    assert_eq!(answer(&after, "respondent").text, hidden.text);
    first.sync(office).unwrap();
    second.sync(office).unwrap();
    assert!(first.record(office, id).conflicts().is_empty());
    assert_eq!(
        first.record(office, id).state_bytes(),
        second.record(office, id).state_bytes()
    );
    let wrong = ChooseRequest {
        at: "age".into(),
        pick: Pick::Typed("many".into()),
        seen: after.seen,
        key: "l".into(),
        ..request
    };
    let refused = reviewing::choose(office, &world.admin, &wrong);
    assert!(matches!(refused, Err(OfficeError::Invalid { .. })), "{refused:?}");
}

#[test]
fn comments_are_made_answered_and_resolved() {
    let world = World::new();
    let office = &world.office;
    let form = world.publish(FORM);
    let dara = world.person("dara", Role::Enumerator, "KH");
    let mut phone = world.phone(&dara);
    let id = phone.interview(office, form, &answers("KH", "a", 1));
    phone.sync(office).unwrap();
    let comment = |at: Option<&str>, reply_to, words: &str| reviewing::CommentRequest {
        record: id,
        at: at.map(str::to_string),
        reply_to,
        text: words.into(),
        key: words.into(),
    };
    reviewing::comment(office, &world.admin, &comment(Some("age"), None, "sure?")).unwrap();
    let page = reviewing::view(office, &world.admin, id, None).unwrap();
    let first = answer(&page, "age").comments[0].id;
    reviewing::comment(
        office,
        &world.admin,
        &comment(Some("age"), Some(first), "asked again"),
    )
    .unwrap();
    reviewing::comment(office, &world.admin, &comment(None, None, "for all")).unwrap();
    let page = reviewing::view(office, &world.admin, id, None).unwrap();
    assert_eq!(page.row.n_open_comments, 2);
    assert_eq!(answer(&page, "age").comments[0].replies[0].text, "asked again");
    assert_eq!(page.comments[0].text, "for all");
    reviewing::resolve(office, &world.admin, id, first, "r").unwrap();
    let page = reviewing::view(office, &world.admin, id, None).unwrap();
    assert_eq!(page.row.n_open_comments, 1);
    assert!(answer(&page, "age").comments[0].is_resolved);
    let empty = reviewing::comment(office, &world.admin, &comment(None, None, "  "));
    assert!(matches!(empty, Err(OfficeError::Invalid { .. })), "{empty:?}");
}

#[test]
fn an_erasure_empties_the_office_and_what_old_phones_bring() {
    let world = World::new();
    let office = &world.office;
    let form = world.publish(FORM);
    let dara = world.person("dara", Role::Enumerator, "KH");
    let mut phone = world.phone(&dara);
    let id = phone.interview(office, form, &answers("KH", "a secret name", 1));
    phone.sync(office).unwrap();
    // Written before the phone hears of the erasure, and brought after it.
    phone.write(office, id, form, &[set("respondent", text("the secret again"))]);
    let request = EraseRequest {
        record: id,
        questions: vec![],
        reason: "consent withdrawn".into(),
        key: "e".into(),
    };
    reviewing::erase(office, &world.admin, &request).unwrap();
    phone.sync(office).unwrap();
    assert_eq!(phone.verdict(2), Some(Verdict::Erased));
    let page = reviewing::view(office, &world.admin, id, None).unwrap();
    assert!(
        page.is_erased
            && page
                .groups
                .iter()
                .all(|group| { group.answers.iter().all(|answer| answer.text.is_empty()) })
    );
    let csv = exporting::csv(office, &world.admin, &InterviewFilter::default(), false).unwrap();
    assert!(!String::from_utf8(csv.bytes).unwrap().contains("secret"));
    office
        .store()
        .read(|reading| {
            for stored in reading.changes_of(id)? {
                let bytes = sampan_record::codec::encode_change(&stored.change);
                assert!(!String::from_utf8_lossy(&bytes).contains("secret"));
            }
            Ok::<_, OfficeError>(())
        })
        .unwrap();
    assert_eq!(
        office_commands::verify(office).unwrap().problems,
        Vec::<String>::new()
    );
}

#[test]
fn a_doubtful_answer_is_flagged_with_the_forms_words_and_whether_it_was_confirmed() {
    let world = World::new();
    let office = &world.office;
    let form = world.publish(
        "| survey | | | | | |
         | | type               | name    | label   | soft_constraint | soft_constraint_message |
         | | select_one country | country | Country |                 |                         |
         | | integer            | age     | Age     | . < 100         | Really ${age}?          |
         | | integer            | size    | Size    | . < 10          |                         |
         | choices | | | |
         | | list_name | name | label |
         | | country   | KH   | Cambodia |",
    );
    let dara = world.person("dara", Role::Enumerator, "KH");
    let mut phone = world.phone(&dara);
    let given = [
        ("country", Value::Choice("KH".into())),
        ("age", Value::Integer(104)),
        ("size", Value::Integer(3)),
    ];
    let id = phone.interview(office, form, &given);
    phone.sync(office).unwrap();
    let page = reviewing::view(office, &world.admin, id, None).unwrap();
    assert_eq!(answer(&page, "age").doubt.as_deref(), Some("Really 104?"));
    assert!(!answer(&page, "age").is_confirmed);
    assert_eq!(answer(&page, "size").doubt, None);

    phone.write(office, id, form, &[set("age/@confirmed", text("104"))]);
    phone.sync(office).unwrap();
    let page = reviewing::view(office, &world.admin, id, None).unwrap();
    assert!(answer(&page, "age").is_confirmed);
    assert_eq!(answer(&page, "age").doubt.as_deref(), Some("Really 104?"));
    assert!(page.conflicts.is_empty());
    let names = page.groups.iter().flat_map(|group| &group.answers);
    assert!(names.into_iter().all(|answer| answer.name != "@confirmed"));
    assert!(
        page.history.iter().any(|event| event
            .details
            .iter()
            .any(|line| line.contains("doubtful answer confirmed"))
            || event.what.contains("doubtful answer confirmed")),
        "{:?}",
        page.history
    );

    // A confirmation is of the value that it was said of.
    phone.write(office, id, form, &[set("age", Value::Integer(110))]);
    phone.sync(office).unwrap();
    let page = reviewing::view(office, &world.admin, id, None).unwrap();
    assert_eq!(answer(&page, "age").doubt.as_deref(), Some("Really 110?"));
    assert!(!answer(&page, "age").is_confirmed);
}
