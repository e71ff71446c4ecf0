//! What devices send arrives once, in order, judged; what is not accepted waits and blocks nothing.

use sampan_form::package;
use sampan_record::change::Payload;
use sampan_record::ids::FormVersionId;
use sampan_record::op::{Decision, Op};
use sampan_sync::receipt::{Reason, Verdict};
use sampan_xlsform::reading;

use crate::access::Role;
use crate::devices;
use crate::intake;
use crate::office_commands;
use crate::people;
use crate::reviewing;
use crate::tests::world::{FORM, World, answers, at, grant, set, text};
use crate::views::InterviewFilter;

#[test]
fn an_interview_arrives_once_however_often_it_is_sent() {
    let world = World::new();
    let form = world.publish(FORM);
    let dara = world.person("dara", Role::Enumerator, "KH");
    let mut phone = world.phone(&dara);
    phone.interview(&world.office, form, &answers("KH", "សុខា", 30));
    let request = phone.request();
    let caller = devices::caller(&world.office, phone.device).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| intake::sync(&world.office, &caller, &request).unwrap());
        }
    });
    phone.sync(&world.office).unwrap();
    assert_eq!(phone.verdict(1), Some(Verdict::Kept));
    let list = reviewing::list(&world.office, &world.admin, &InterviewFilter::default()).unwrap();
    assert_eq!(list.rows.len(), 1);
    let row = &list.rows[0];
    assert_eq!((row.label.as_str(), row.state.as_str()), ("សុខា", "submitted"));
    assert_eq!((row.country.as_str(), row.province.as_str()), ("KH", "KH-1"));
    let verification = office_commands::verify(&world.office).unwrap();
    assert_eq!((verification.n_changes, verification.problems), (1, vec![]));
}

#[test]
fn a_change_without_the_right_waits_and_the_next_one_arrives() {
    let world = World::new();
    let form = world.publish(FORM);
    let dara = world.person("dara", Role::Enumerator, "KH");
    let mut phone = world.phone(&dara);
    let id = phone.interview(&world.office, form, &answers("KH", "a", 1));
    let covers = phone.record(&world.office, id).context();
    phone.write(
        &world.office,
        id,
        form,
        &[Op::Decide {
            decision: Decision::Approve,
            note: None,
            covers,
        }],
    );
    phone.interview(&world.office, form, &answers("KH", "b", 2));
    phone.sync(&world.office).unwrap();
    assert_eq!(phone.verdict(1), Some(Verdict::Kept));
    assert_eq!(phone.verdict(2), Some(Verdict::Quarantined(Reason::NotAllowed)));
    assert_eq!(phone.verdict(3), Some(Verdict::Kept));
    let waiting = reviewing::quarantine(&world.office, &world.admin).unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].reason, "Name of dara may not decide on this record");
    let list = reviewing::list(&world.office, &world.admin, &InterviewFilter::default()).unwrap();
    assert_eq!((list.rows.len(), list.n_quarantined), (2, 1));
    assert!(list.rows.iter().all(|row| row.state == "submitted"));

    // The right comes later: the change comes into force, and the phone hears of it.
    let key = world.office.new_key();
    let grants = [grant(Role::Supervisor, "KH")];
    people::set_grants(&world.office, &world.admin, dara.person, &grants, &key).unwrap();
    assert!(
        reviewing::quarantine(&world.office, &world.admin)
            .unwrap()
            .is_empty()
    );
    phone.sync(&world.office).unwrap();
    assert_eq!(phone.verdict(2), Some(Verdict::Kept));
    let view = reviewing::view(&world.office, &world.admin, id, None).unwrap();
    assert_eq!(view.row.state, "approved");
    assert!(
        office_commands::verify(&world.office)
            .unwrap()
            .problems
            .is_empty()
    );
}

#[test]
fn a_form_that_the_office_lacks_is_asked_for_and_then_its_interviews_count() {
    let here = World::new();
    let def = reading::read_markdown(FORM).unwrap().form;
    let bytes = package::to_bytes(&def);
    let form = FormVersionId::from(sampan_record::ids::ContentHash(package::version_hash(&def)));
    let other = World::new();
    assert_eq!(other.publish(FORM), form);
    let dara = here.person("dara", Role::Enumerator, "KH");
    let mut phone = here.phone(&dara);
    let id = phone.interview(&other.office, form, &answers("KH", "a", 1));
    phone.sync(&here.office).unwrap();
    assert_eq!(phone.verdict(1), Some(Verdict::Quarantined(Reason::UnknownForm)));
    assert!(reviewing::view(&here.office, &here.admin, id, None).is_err());

    phone.memory.contents.insert(form, bytes);
    phone.memory.media.push(form);
    phone.sync(&here.office).unwrap();
    phone.sync(&here.office).unwrap();
    assert_eq!(phone.verdict(1), Some(Verdict::Kept));
    let view = reviewing::view(&here.office, &here.admin, id, None).unwrap();
    assert!(view.is_form_known);
    assert!(office_commands::verify(&here.office).unwrap().problems.is_empty());
}

#[test]
fn answers_that_cannot_be_read_wait_in_quarantine() {
    let world = World::new();
    let form = world.publish(FORM);
    let dara = world.person("dara", Role::Enumerator, "KH");
    let mut phone = world.phone(&dara);
    phone.interview(&world.office, form, &answers("KH", "a", 1));
    let mut change = phone.memory.changes.values().next().unwrap().clone();
    let key = change.record_key.unwrap();
    let poison = vec![0xFF; 40];
    change.header.payload_hash = sampan_record::codec::payload_hash(&key, &poison);
    change.payload = Payload::Full(poison);
    phone.memory.push_own(change);
    phone.sync(&world.office).unwrap();
    assert_eq!(
        phone.verdict(1),
        Some(Verdict::Quarantined(Reason::UndecodablePayload))
    );
    let waiting = reviewing::quarantine(&world.office, &world.admin).unwrap();
    assert!(
        waiting[0].reason.starts_with("its answers cannot be read"),
        "{}",
        waiting[0].reason
    );
}

#[test]
fn a_closed_account_loses_nothing() {
    let world = World::new();
    let form = world.publish(FORM);
    let dara = world.person("dara", Role::Enumerator, "KH");
    let mut phone = world.phone(&dara);
    phone.interview(&world.office, form, &answers("KH", "a", 1));
    let key = world.office.new_key();
    people::set_closed(&world.office, &world.admin, dara.person, true, &key).unwrap();
    phone.sync(&world.office).unwrap();
    assert_eq!(phone.verdict(1), Some(Verdict::Quarantined(Reason::NotAllowed)));
    assert!(
        phone.memory.forms.is_empty(),
        "nothing is given out to a closed account"
    );
    let key = world.office.new_key();
    people::set_closed(&world.office, &world.admin, dara.person, false, &key).unwrap();
    phone.sync(&world.office).unwrap();
    assert_eq!(phone.verdict(1), Some(Verdict::Kept));
}

#[test]
fn a_returned_record_reaches_its_enumerators_phones_and_nobody_elses() {
    let world = World::new();
    let form = world.publish(FORM);
    let dara = world.person("dara", Role::Enumerator, "KH");
    let malis = world.person("malis", Role::Enumerator, "KH");
    let (mut first, mut second) = (world.phone(&dara), world.phone(&dara));
    let mut stranger = world.phone(&malis);
    let id = first.interview(&world.office, form, &answers("KH", "a", 1));
    first.sync(&world.office).unwrap();
    second.sync(&world.office).unwrap();
    stranger.sync(&world.office).unwrap();
    assert_eq!(
        second.record(&world.office, id).len(),
        1,
        "a second phone begins with what the first wrote"
    );
    assert!(stranger.memory.records().is_empty());

    let view = reviewing::view(&world.office, &world.admin, id, None).unwrap();
    let request = reviewing::DecideRequest {
        record: id,
        decision: Decision::Return,
        note: Some("the age?".into()),
        comments: vec![("age".into(), "too young".into())],
        seen: view.seen,
        key: world.office.new_key(),
    };
    reviewing::decide(&world.office, &world.admin, &request).unwrap();
    first.sync(&world.office).unwrap();
    let record = first.record(&world.office, id);
    assert_eq!(sampan_record::review::review(&record).state.word(), "returned");
    assert_eq!(record.comments()[0].at, Some(at("age")));

    // Given to somebody else: all of it comes into that person's view.
    let key = world.office.new_key();
    reviewing::assign(&world.office, &world.admin, id, malis.person, &key).unwrap();
    stranger.sync(&world.office).unwrap();
    assert_eq!(stranger.record(&world.office, id).len(), 3);
    stranger.write(
        &world.office,
        id,
        form,
        &[set("respondent", text("b")), Op::Submit],
    );
    stranger.sync(&world.office).unwrap();
    assert_eq!(stranger.verdict(1), Some(Verdict::Kept));
    second.sync(&world.office).unwrap();
    assert_eq!(
        second.record(&world.office, id).state_bytes(),
        stranger.record(&world.office, id).state_bytes()
    );
}

#[test]
fn what_a_device_of_a_later_version_says_is_kept_unread_and_reaches_the_persons_other_device_to_the_byte() {
    let world = World::new();
    let form = world.publish(FORM);
    let dara = world.person("dara", Role::Enumerator, "KH");
    let (mut newer, mut other) = (world.phone(&dara), world.phone(&dara));
    let id = newer.interview(&world.office, form, &answers("KH", "a", 1));
    let later = |tag, bytes: &[u8]| Op::Unknown {
        tag,
        bytes: bytes.to_vec(),
    };
    newer.write(
        &world.office,
        id,
        form,
        &[
            later(120, b"what nobody here knows"),
            set("age", sampan_value::answer::Value::Integer(2)),
        ],
    );
    newer.write(&world.office, id, form, &[later(121, b"")]);
    newer.sync(&world.office).unwrap();
    for seq in 1..=3 {
        assert_eq!(newer.verdict(seq), Some(Verdict::Kept));
    }
    other.sync(&world.office).unwrap();
    assert_eq!(other.memory.changes, newer.memory.changes);
    assert_eq!(other.memory.changes.len(), 3);
    // What it does know of such a change is in force, and the office still verifies.
    let record = other.record(&world.office, id);
    let age = record.answers().find(|(place, _)| **place == at("age"));
    assert_eq!(
        age.map(|(_, answer)| answer.clone()),
        Some(sampan_value::answer::Answer::Value(
            sampan_value::answer::Value::Integer(2)
        ))
    );
    let verification = office_commands::verify(&world.office).unwrap();
    assert_eq!((verification.n_changes, verification.problems), (3, vec![]));
}
