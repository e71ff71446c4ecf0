//! What is outside a person's scope is absent: in lists, counts, pages, exports and acts.

use sampan_record::op::Decision;

use crate::access::{
    Action, Decision as Allowed, Grant, Principal, RecordPlace, Resource, Role, Scope, authorize,
};
use crate::error::OfficeError;
use crate::exporting;
use crate::people::{self, PersonRequest};
use crate::reviewing::{self, ChooseRequest, CommentRequest, DecideRequest, EraseRequest, Pick, listing};
use crate::tests::world::{FORM, World, answers, grant};
use crate::views::InterviewFilter;
use crate::{devices, projecting};

#[test]
fn the_policy_says_for_each_role_and_place_what_may_be_done() {
    let me = sampan_record::ids::PersonId(uuid::Uuid::from_u128(1));
    let other = sampan_record::ids::PersonId(uuid::Uuid::from_u128(2));
    let person = |role, country: &str| Principal {
        person: me,
        login: "me".into(),
        name: "Me".into(),
        grants: vec![grant(role, country)],
        device: None,
    };
    let place = |owner, country: &str| RecordPlace {
        project: "main".into(),
        country: country.into(),
        owner: Some(owner),
        ..RecordPlace::default()
    };
    let supervisor = [
        Action::SeeRecord,
        Action::WriteRecord,
        Action::Decide,
        Action::Comment,
        Action::EditRecord,
        Action::Assign,
        Action::Export,
        Action::SeeForms,
        Action::SeePeople,
        Action::SeeDevices,
        Action::ManageDevices,
        Action::Sync,
    ];
    let enumerator = [
        Action::SeeRecord,
        Action::WriteRecord,
        Action::SeeForms,
        Action::Sync,
    ];
    for action in Action::ALL {
        for (role, allowed) in [
            (Role::Enumerator, &enumerator[..]),
            (Role::Supervisor, &supervisor[..]),
            (Role::Admin, &Action::ALL[..]),
        ] {
            let inside = place(me, "KH");
            let expected = if allowed.contains(&action) {
                Allowed::Allowed
            } else {
                Allowed::Denied
            };
            let decision = authorize(&person(role, "KH"), action, &Resource::Record(&inside));
            assert_eq!(decision, expected, "{role:?} {action:?} inside");
            let outside = place(other, "TH");
            let decision = authorize(&person(role, "KH"), action, &Resource::Record(&outside));
            assert_eq!(decision, Allowed::Absent, "{role:?} {action:?} outside");
        }
        let nobody = Principal {
            grants: vec![],
            ..person(Role::Admin, "")
        };
        assert_eq!(authorize(&nobody, action, &Resource::Office), Allowed::Denied);
    }
    // An enumerator's own record stays theirs wherever it says it was made.
    let abroad = place(me, "TH");
    assert_eq!(
        authorize(
            &person(Role::Enumerator, "KH"),
            Action::WriteRecord,
            &Resource::Record(&abroad)
        ),
        Allowed::Allowed
    );
    // Nobody manages who stands higher or reaches further.
    for (theirs, expected) in [
        (grant(Role::Enumerator, "KH"), Allowed::Allowed),
        (grant(Role::Supervisor, "KH"), Allowed::Allowed),
        (grant(Role::Enumerator, "TH"), Allowed::Absent),
        (grant(Role::Enumerator, ""), Allowed::Absent),
        (grant(Role::Admin, "KH"), Allowed::Absent),
    ] {
        let theirs = [theirs];
        let decision = authorize(
            &person(Role::Supervisor, "KH"),
            Action::ManageDevices,
            &Resource::Person(&theirs),
        );
        assert_eq!(decision, expected, "{theirs:?}");
    }
}

#[test]
fn a_supervisor_of_one_country_sees_nothing_of_another() {
    let world = World::new();
    let form = world.publish(FORM);
    let (dara, niran) = (
        world.person("dara", Role::Enumerator, "KH"),
        world.person("niran", Role::Enumerator, "TH"),
    );
    let (mut here, mut there) = (world.phone(&dara), world.phone(&niran));
    let ours = here.interview(&world.office, form, &answers("KH", "ours", 1));
    let theirs = there.interview(&world.office, form, &answers("TH", "theirs", 1));
    here.sync(&world.office).unwrap();
    there.sync(&world.office).unwrap();
    let sokha = world.person("sokha", Role::Supervisor, "KH");
    let office = &world.office;

    let list = reviewing::list(office, &sokha, &InterviewFilter::default()).unwrap();
    assert_eq!(list.rows.iter().map(|row| row.record).collect::<Vec<_>>(), [ours]);
    assert_eq!(
        list.countries
            .iter()
            .map(|o| o.value.as_str())
            .collect::<Vec<_>>(),
        ["KH"]
    );
    assert_eq!(list.enumerators.len(), 1);
    let filter = InterviewFilter {
        text: "theirs".into(),
        ..InterviewFilter::default()
    };
    assert_eq!(reviewing::list(office, &sokha, &filter).unwrap().n_matching, 0);
    let csv = exporting::csv(office, &sokha, &InterviewFilter::default(), false).unwrap();
    let csv = String::from_utf8(csv.bytes).unwrap();
    assert!(csv.contains("ours") && !csv.contains("theirs"), "{csv}");

    let seen = reviewing::view(office, &world.admin, theirs, None).unwrap().seen;
    let key = office.new_key();
    let absent = |outcome: Result<(), OfficeError>| {
        assert!(matches!(outcome, Err(OfficeError::Absent)), "{outcome:?}")
    };
    absent(reviewing::view(office, &sokha, theirs, None).map(|_| ()));
    absent(
        reviewing::decide(
            office,
            &sokha,
            &DecideRequest {
                record: theirs,
                decision: Decision::Approve,
                note: None,
                comments: vec![],
                seen: seen.clone(),
                key: key.clone(),
            },
        )
        .map(|_| ()),
    );
    absent(reviewing::comment(
        office,
        &sokha,
        &CommentRequest {
            record: theirs,
            at: None,
            reply_to: None,
            text: "hello".into(),
            key: key.clone(),
        },
    ));
    absent(reviewing::choose(
        office,
        &sokha,
        &ChooseRequest {
            record: theirs,
            at: "age".into(),
            pick: Pick::Typed("9".into()),
            seen,
            key: key.clone(),
        },
    ));
    absent(reviewing::assign(office, &sokha, theirs, dara.person, &key));
    absent(devices::new_code(office, &sokha, niran.person).map(|_| ()));
    absent(devices::set_revoked(office, &sokha, there.device, true, &key));
    let erase = EraseRequest {
        record: ours,
        questions: vec![],
        reason: "asked for".into(),
        key: key.clone(),
    };
    let denied = reviewing::erase(office, &sokha, &erase);
    assert!(matches!(denied, Err(OfficeError::Denied(_))), "{denied:?}");
    assert_eq!(devices::list(office, &sokha).unwrap().len(), 1);
    let people = people::list(office, &sokha).unwrap();
    let logins: Vec<&str> = people.iter().map(|person| person.login.as_str()).collect();
    assert_eq!(logins, ["dara", "sokha"]);
}

#[test]
fn the_list_and_the_policy_agree_on_every_record() {
    let world = World::new();
    let form = world.publish(FORM);
    for (login, country) in [("a", "KH"), ("b", "TH"), ("c", "")] {
        let owner = world.person(login, Role::Enumerator, country);
        let mut phone = world.phone(&owner);
        for country in ["KH", "TH"] {
            phone.interview(&world.office, form, &answers(country, login, 1));
        }
        phone.sync(&world.office).unwrap();
    }
    let who = [
        world.admin.clone(),
        people::principal_by_login(&world.office, "a").unwrap().unwrap(),
        world.person("s1", Role::Supervisor, "KH"),
        world.person("s2", Role::Supervisor, ""),
        world.person("a2", Role::Admin, "TH"),
    ];
    let places: Vec<RecordPlace> = world
        .office
        .store()
        .read(|reading| {
            let all = reading.rows(&listing::sights(&world.admin), &Default::default(), 0, 100)?;
            Ok::<_, OfficeError>(all.iter().map(projecting::row_place).collect())
        })
        .unwrap();
    assert_eq!(places.len(), 6);
    for who in who {
        let by_policy = places
            .iter()
            .filter(|place| authorize(&who, Action::SeeRecord, &Resource::Record(place)) == Allowed::Allowed)
            .count();
        let list = reviewing::list(&world.office, &who, &InterviewFilter::default()).unwrap();
        assert_eq!(list.rows.len(), by_policy, "{}", who.login);
    }
}

#[test]
fn people_sign_in_with_the_right_password_and_sessions_end() {
    let world = World::new();
    let office = &world.office;
    world.person("sokha", Role::Supervisor, "KH");
    for (login, password) in [("sokha", "wrong"), ("nobody", "password of sokha"), ("", "")] {
        let refused = people::sign_in(office, login, password);
        assert!(matches!(refused, Err(OfficeError::SignInRefused)), "{login}");
    }
    let signed_in = people::sign_in(office, " SOKHA ", "password of sokha").unwrap();
    let whose = people::session(office, &signed_in.token).unwrap().unwrap();
    assert_eq!(whose.login, "sokha");
    assert_eq!(people::session(office, "another token").unwrap(), None);
    world
        .clock
        .0
        .fetch_add(31 * 60_000, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(
        people::session(office, &signed_in.token).unwrap(),
        None,
        "idle too long"
    );
    let again = people::sign_in(office, "sokha", "password of sokha").unwrap();
    people::set_password(office, &world.admin, whose.person, Some("quite another one"), "k").unwrap();
    assert_eq!(
        people::session(office, &again.token).unwrap(),
        None,
        "a new password ends sessions"
    );
    let third = people::sign_in(office, "sokha", "quite another one").unwrap();
    people::sign_out(office, &third.token).unwrap();
    assert_eq!(people::session(office, &third.token).unwrap(), None);
}

#[test]
fn the_same_key_adds_a_person_once_and_a_taken_login_is_refused() {
    let world = World::new();
    let request = PersonRequest {
        login: "Dara.S".into(),
        name: "Dara".into(),
        grants: vec![Grant {
            role: Role::Enumerator,
            scope: Scope::default(),
        }],
        password: None,
    };
    let (first, made) = people::add(&world.office, &world.admin, &request, "key").unwrap();
    assert!(made.unwrap().len() >= 16);
    let (again, made) = people::add(&world.office, &world.admin, &request, "key").unwrap();
    assert_eq!((first, None), (again, made));
    let taken = people::add(&world.office, &world.admin, &request, "another key");
    assert!(matches!(taken, Err(OfficeError::Conflict { .. })), "{taken:?}");
}

#[test]
fn an_enrolment_code_serves_one_phone_as_often_as_it_asks() {
    let world = World::new();
    let dara = world.person("dara", Role::Enumerator, "KH");
    let code = devices::new_code(&world.office, &world.admin, dara.person).unwrap();
    assert_eq!(
        code.link,
        format!(
            "sampan:enroll?server=http%3A%2F%2F127.0.0.1%3A8420&code={}",
            code.code
        )
    );
    let request = |public_key| devices::EnrolRequest {
        code: code.code.clone(),
        public_key,
        name: "phone".into(),
        app: "tests".into(),
        device: None,
    };
    let first = devices::enrol(&world.office, &request([1; 32])).unwrap();
    let again = devices::enrol(&world.office, &request([1; 32])).unwrap();
    assert_eq!(first, again);
    let other = devices::enrol(&world.office, &request([2; 32]));
    assert!(matches!(other, Err(OfficeError::Conflict { .. })), "{other:?}");
    let late = devices::new_code(&world.office, &world.admin, dara.person).unwrap();
    world
        .clock
        .0
        .fetch_add(73 * 3_600_000, std::sync::atomic::Ordering::SeqCst);
    let refused = devices::enrol(
        &world.office,
        &devices::EnrolRequest {
            code: late.code,
            ..request([3; 32])
        },
    );
    assert!(matches!(refused, Err(OfficeError::Invalid { .. })), "{refused:?}");
    let before = devices::caller(&world.office, first.device).unwrap();
    devices::set_revoked(&world.office, &world.admin, first.device, true, "k").unwrap();
    let after = devices::caller(&world.office, first.device).unwrap();
    assert!(after.is_revoked && after.epoch > before.epoch);
}
