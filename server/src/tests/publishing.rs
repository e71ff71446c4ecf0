//! Forms: drafts, files, publishing, and records under two versions in one table.

use crate::access::Role;
use crate::error::OfficeError;
use crate::exporting;
use crate::publishing::{self, Reads};
use crate::reviewing;
use crate::tests::world::{FORM, World, answers};
use crate::views::{InterviewFilter, UploadOutcome};
use sampan_record::op::Op;

const WITH_FILE: &str = "
    | survey |                               |      |          |
    |        | type                          | name | label    |
    |        | select_one_from_file adm2.csv | adm2 | District |
    | settings |         |            |         |
    |          | form_id | form_title | version |
    |          | places  | Places     | 1       |
";

#[test]
fn a_draft_is_published_only_with_its_files() {
    let world = World::new();
    let office = &world.office;
    let draft = world.draft(WITH_FILE);
    let refused = publishing::publish(office, &world.admin, draft, "k");
    assert!(matches!(refused, Err(OfficeError::Invalid { .. })), "{refused:?}");
    let wrong = publishing::attach(office, &world.admin, draft, "adm3.csv", b"name,label\n").unwrap();
    assert!(matches!(wrong, UploadOutcome::Refused { .. }));
    let bad = publishing::attach(office, &world.admin, draft, "adm2.csv", b"name,name\n").unwrap();
    assert!(matches!(bad, UploadOutcome::Refused { .. }));
    let csv = "name,label\nKH-1-1,ស្រុក\n".as_bytes();
    let attached = publishing::attach(office, &world.admin, draft, "C:\\files\\ADM2.csv", csv).unwrap();
    let UploadOutcome::Draft {
        version, problems, ..
    } = attached
    else {
        panic!("{attached:?}");
    };
    assert!(problems.iter().all(|problem| !problem.is_error), "{problems:?}");
    assert_ne!(version, draft);
    let view = publishing::view(office, &world.admin, "places").unwrap();
    assert_eq!(view.versions.len(), 1, "the draft without its file is replaced");
    assert!(view.versions[0].can_publish);
    assert_eq!(view.versions[0].attachments[0].size_bytes, Some(csv.len() as u64));
    publishing::publish(office, &world.admin, version, "p").unwrap();
    publishing::publish(office, &world.admin, version, "p").unwrap();
    let fixed = publishing::attach(office, &world.admin, version, "adm2.csv", b"name,label\n");
    assert!(matches!(fixed, Err(OfficeError::Conflict { .. })), "{fixed:?}");
    let preview = publishing::preview(office, &world.admin, version, None).unwrap();
    assert_eq!(preview.groups[0].questions[0].choices[0].label, "ស្រុក");
    let file = publishing::download(office, &world.admin, version, Some("adm2.csv")).unwrap();
    assert_eq!(file.bytes, csv);
}

#[test]
fn a_record_that_moved_to_a_newer_version_is_listed_shown_and_exported_under_it_with_all_its_answers() {
    let world = World::new();
    let office = &world.office;
    let first = world.publish(FORM);
    let dara = world.person("dara", Role::Enumerator, "KH");
    let mut phone = world.phone(&dara);
    let record = phone.interview(office, first, &answers("KH", "moves", 31));
    // What was a number of years is a date now.
    let second = world.publish(
        &FORM
            .replace("| integer ", "| date    ")
            .replace("| 1       ", "| 2       "),
    );
    phone.write(office, record, second, &[Op::MoveToVersion { form: second }]);
    phone.sync(office).unwrap();
    let list = reviewing::list(office, &world.admin, &InterviewFilter::default()).unwrap();
    assert_eq!(list.n_matching, 1);
    let view = reviewing::view(office, &world.admin, record, None).unwrap();
    assert_eq!(view.form_version, "2");
    let kept = view.groups.iter().find(|group| group.at == "elsewhere").unwrap();
    assert!(kept.answers.iter().any(|answer| answer.text == "31"), "{kept:?}");
    let csv = exporting::csv(office, &world.admin, &InterviewFilter::default(), false).unwrap();
    let csv = String::from_utf8(csv.bytes).unwrap();
    assert_eq!(csv.lines().count(), 2, "{csv}");
    assert!(csv.contains("31") && csv.contains("moves"), "{csv}");
}

#[test]
fn a_new_version_closes_the_old_one_and_the_table_has_both() {
    let world = World::new();
    let office = &world.office;
    let first = world.publish(FORM);
    let dara = world.person("dara", Role::Enumerator, "KH");
    let mut phone = world.phone(&dara);
    phone.interview(office, first, &answers("KH", "old", 30));
    let second = world.publish(
        &FORM
            .replace("How old?", "Your age?")
            .replace("| 1       ", "| 2       "),
    );
    phone.interview(office, first, &answers("KH", "under the old", 31));
    phone.interview(office, second, &answers("KH", "=new()", 32));
    phone.sync(office).unwrap();
    assert_eq!(phone.memory.forms.len(), 2);
    let view = publishing::view(office, &world.admin, "shop_survey").unwrap();
    let states: Vec<&str> = view
        .versions
        .iter()
        .map(|version| version.state.as_str())
        .collect();
    assert_eq!(states, ["published", "closed"]);
    assert_eq!(view.n_records, 3);
    let csv = exporting::csv(office, &world.admin, &InterviewFilter::default(), false).unwrap();
    let csv = String::from_utf8(csv.bytes).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 4, "{csv}");
    assert!(lines[0].contains("older"), "{csv}");
    assert!(csv.contains(",31,32,") && csv.contains("'=new()"), "{csv}");
    let zip = exporting::csv(office, &world.admin, &InterviewFilter::default(), true).unwrap();
    assert_eq!(zip.media_type, "application/zip");
    let enumerator = exporting::csv(office, &dara, &InterviewFilter::default(), false);
    assert!(matches!(enumerator, Err(OfficeError::Denied(_))));
    let own = reviewing::list(office, &dara, &InterviewFilter::default()).unwrap();
    assert_eq!(own.n_matching, 3);
    let hidden = publishing::upload(office, &dara, "a.xlsx", b"", &[], Reads::Strictly);
    assert!(matches!(hidden, Err(OfficeError::Denied(_))));
    let no_sheet = publishing::upload(
        office,
        &world.admin,
        "a.xlsx",
        b"no spreadsheet",
        &[],
        Reads::Strictly,
    )
    .unwrap();
    assert!(matches!(no_sheet, UploadOutcome::Refused { problems } if problems.len() == 1));
}
