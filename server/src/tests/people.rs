//! Roles given, changed and taken, and the admin that must stay.

use crate::access::Role;
use crate::error::OfficeError;
use crate::office_commands;
use crate::people;
use crate::reviewing;
use crate::tests::world::{FORM, World, answers, grant};
use crate::views::InterviewFilter;

#[test]
fn a_role_for_several_countries_is_one_grant_for_each() {
    let countries = ["KH".to_string(), "TH".to_string()];
    let grants = people::grants_for(Role::Supervisor, &countries, None, Some("A".into())).unwrap();
    let places: Vec<_> = grants
        .iter()
        .map(|grant| grant.scope.country.as_deref())
        .collect();
    assert_eq!(places, [Some("KH"), Some("TH")]);
    assert!(
        grants
            .iter()
            .all(|grant| grant.scope.team.as_deref() == Some("A"))
    );
    assert_eq!(
        people::grants_for(Role::Admin, &[], None, None).unwrap(),
        [grant(Role::Admin, "")]
    );
    let refused = people::grants_for(Role::Supervisor, &countries, Some("KH-2".into()), None);
    assert!(matches!(refused, Err(OfficeError::Invalid { .. })));
}

#[test]
fn changed_roles_change_what_a_person_sees() {
    let world = World::new();
    let office = &world.office;
    let form = world.publish(FORM);
    let dara = world.person("dara", Role::Enumerator, "KH");
    let mut phone = world.phone(&dara);
    phone.interview(office, form, &answers("KH", "a", 1));
    phone.interview(office, form, &answers("TH", "b", 2));
    phone.sync(office).unwrap();
    world.person("sok", Role::Supervisor, "TH");
    let seen = || {
        let sok = people::principal_by_login(office, "sok").unwrap().unwrap();
        reviewing::list(office, &sok, &InterviewFilter::default())
            .unwrap()
            .n_matching
    };
    assert_eq!(seen(), 1);
    let both = [grant(Role::Supervisor, "KH"), grant(Role::Supervisor, "TH")];
    office_commands::set_role(office, "sok", &both).unwrap();
    assert_eq!(seen(), 2);
    let missing = office_commands::set_role(office, "nobody", &both);
    assert!(matches!(missing, Err(OfficeError::Invalid { .. })));
}

#[test]
fn the_last_admin_of_the_whole_study_stays_one() {
    let world = World::new();
    let office = &world.office;
    let login = world.admin.login.clone();
    let less = [grant(Role::Supervisor, ""), grant(Role::Admin, "KH")];
    let on_page = people::set_grants(office, &world.admin, world.admin.person, &less, "a");
    assert!(
        matches!(on_page, Err(OfficeError::Conflict { .. })),
        "{on_page:?}"
    );
    let on_line = office_commands::set_role(office, &login, &less);
    assert!(
        matches!(on_line, Err(OfficeError::Conflict { .. })),
        "{on_line:?}"
    );

    let second = world.person("second", Role::Admin, "");
    people::set_closed(office, &world.admin, second.person, true, "b").unwrap();
    let closed_does_not_count = office_commands::set_role(office, &login, &less);
    assert!(matches!(closed_does_not_count, Err(OfficeError::Conflict { .. })));
    people::set_closed(office, &world.admin, second.person, false, "c").unwrap();
    office_commands::set_role(office, &login, &less).unwrap();
    let closing = people::set_closed(office, &world.admin, second.person, true, "d");
    assert!(closing.is_err(), "now the second is the last");
}
