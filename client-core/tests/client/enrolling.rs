//! Getting and keeping an identity.

use crate::office::{FORM, Fault, World, form, interviewed};

#[test]
fn a_lost_answer_to_an_enrolment_locks_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let link = world.code("K7Q");
    world.fault(Fault::ReplyLost);
    {
        let client = world.open(folder.path()).unwrap();
        assert_eq!(client.enroll(&link, "phone").unwrap_err().code(), "line_cut");
        assert!(!client.status().unwrap().is_enrolled);
    }
    let client = world.open(folder.path()).unwrap();
    let status = client.enroll(&link, "phone").unwrap();
    assert!(status.is_enrolled);
    assert_eq!(status.person_name.as_deref(), Some("Srey Mom"));
    assert_eq!(world.office.lock().unwrap().enrolled.len(), 1);
}

#[test]
fn another_device_cannot_use_a_code_again() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let world = World::new();
    let link = world.code("K7Q");
    let first = world.open(one.path()).unwrap();
    first.enroll(&link, "phone").unwrap();
    let second = world.open(two.path()).unwrap();
    let error = second.enroll(&link, "other phone").unwrap_err();
    assert_eq!(
        (error.code(), error.advice().as_str()),
        ("office_refused", "Ask your supervisor.")
    );
    assert_eq!(
        first.enroll(&link, "phone").unwrap_err().code(),
        "already_enrolled"
    );
}

#[test]
fn an_expired_token_is_renewed_within_the_sync() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    world.publish(form(FORM));
    let client = world.enrolled(folder.path(), "one", "phone");
    world.office.lock().unwrap().tokens.clear();
    world.sync(&client);
    assert_eq!(client.status().unwrap().n_forms, 1);
}

#[test]
fn a_lost_token_is_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    interviewed(&client, "Sok");
    world.office.lock().unwrap().tokens.clear();
    world.fault(Fault::None);
    world.fault(Fault::ReplyLost);
    let options = Default::default();
    assert_eq!(client.sync(&options).unwrap_err().code(), "line_cut");
    assert_eq!(world.sync(&client).n_sent, 1);
}

#[test]
fn what_is_not_the_office_is_recognised() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    let record = interviewed(&client, "Sok");
    let options = Default::default();
    for (fault, code) in [
        (Fault::Portal, "captive_portal"),
        (Fault::Foreign, "certificate_unknown"),
        (Fault::No(507, "disk_full"), "office_refused"),
    ] {
        world.fault(fault);
        let error = client.sync(&options).unwrap_err();
        assert_eq!(error.code(), code);
        assert!(!error.advice().is_empty());
    }
    assert!(client.log(10).unwrap()[2].sentence.contains("a web page"));
    world.sync(&client);
    assert_eq!(world.records(), [crate::office::id(&record)]);
}
