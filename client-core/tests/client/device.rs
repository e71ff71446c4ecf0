//! What the device adds to an interview: its position, files, and the log of the interview's course.

use sampan_client_core::api::{AnswerInput, PlaceRef};
use sampan_client_core::client::Client;
use sampan_client_core::interviewing::OpenInterview;
use sampan_record::path::QuestionPath;
use sampan_value::answer::{Answer, Value};

use crate::office::{World, form, id, said, say};

const FORM: &str = "| survey |
     | | type                | name  | label | parameters                                                                  | trigger | constraint |
     | | audit               | audit |       | track-changes=true identify-user=true location-priority=balanced location-min-interval=1 location-max-age=2 | | |
     | | start-geopoint      | begun |       |       |         |            |
     | | text                | who   | Who?  |       |         |            |
     | | integer             | age   | Age?  |       |         | . < 100    |
     | | background-geopoint | there | X     |       | ${age}  |            |
     | | image               | photo | Photo |       |         |            |
     | | begin_repeat        | goods | Goods |       |         |            |
     | | text                | good  | Good  |       |         |            |
     | | end_repeat          |       |       |       |         |            |
     | settings |
     | | form_id | form_title |
     | | logged  | Logged     |";

fn device(folder: &std::path::Path) -> (World, Client) {
    let (world, client) = World::with_device(folder);
    world.publish(form(FORM));
    world.sync(&client);
    (world, client)
}

fn log(client: &Client, record: &sampan_client_core::api::RecordRef) -> Vec<Vec<String>> {
    let bytes = client.audit(record).unwrap().expect("there is a log");
    let text = String::from_utf8(bytes).unwrap();
    text.lines()
        .map(|line| line.split(',').map(String::from).collect())
        .collect()
}

fn walk(interview: &mut OpenInterview) {
    say(interview, "who", "Sok, \"the elder\"");
    interview.next().unwrap();
    say(interview, "age", "41");
    say(interview, "age", "42");
    let refused = interview.answer(&PlaceRef::from("age"), &AnswerInput::Text("100".into()));
    assert_eq!(refused.unwrap_err().code(), "refused");
}

#[test]
fn a_position_goes_where_the_form_asks_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let (_world, client) = device(folder.path());
    let record = client.start_at("logged", Some("13.36 103.86")).unwrap();
    let mut interview = client.open_interview(&record).unwrap();
    assert!(said(&interview, "begun").starts_with("13.36"));
    say(&mut interview, "age", "42");
    let asks = interview.asks().unwrap();
    assert_eq!(
        (asks[0].at.0.as_str(), asks[0].what.as_str()),
        ("there", "position")
    );
    interview.tell_position("14.5 104.5 0 5").unwrap();
    assert!(said(&interview, "there").starts_with("14.5"));
    assert!(interview.asks().unwrap().is_empty());
    say(&mut interview, "age", "43");
    assert!(interview.asks().unwrap().is_empty(), "it is known now");
    assert_eq!(interview.tell_position("here").unwrap_err().code(), "refused");
    assert_eq!(
        client.start_at("logged", Some("far")).unwrap_err().code(),
        "refused"
    );

    let unplaced = client.start("logged").unwrap();
    assert_eq!(said(&client.open_interview(&unplaced).unwrap(), "begun"), "");
}

#[test]
fn a_picture_is_kept_with_its_answer_and_reaches_the_office() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = device(folder.path());
    let record = client.start("logged").unwrap();
    let mut interview = client.open_interview(&record).unwrap();
    let photo = PlaceRef::from("photo");
    let view = interview
        .attach(&photo, "/home/sok/shop.jpg", b"picture")
        .unwrap();
    assert_eq!(view.answer.unwrap().shown, "shop.jpg", "a name, and no path");
    assert_eq!(
        interview.attach(&photo, "x.jpg", b"").unwrap_err().code(),
        "refused"
    );
    let no_file = interview.attach(&PlaceRef::from("who"), "x.jpg", b"picture");
    assert_eq!(no_file.unwrap_err().code(), "refused");
    drop(interview);
    drop(client);
    let client = world.open(folder.path()).unwrap();
    let mut interview = client.open_interview(&record).unwrap();
    assert_eq!(
        interview.question(&photo).unwrap().answer.unwrap().shown,
        "shop.jpg"
    );
    assert!(interview.finish().unwrap().is_finished);
    world.sync(&client);
    let kept = world.record(id(&record));
    let media = kept.answers().find_map(|(at, answer)| match answer {
        Answer::Value(Value::Media(media)) if at.question == QuestionPath::new("photo") => {
            Some(media.clone())
        }
        _ => None,
    });
    assert_eq!(media.unwrap().hash, *blake3::hash(b"picture").as_bytes());
}

#[test]
fn the_course_of_an_interview_is_logged_over_a_kill_and_goes_with_the_record() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = device(folder.path());
    let record = client.start("logged").unwrap();
    let mut interview = client.open_interview(&record).unwrap();
    interview.tell_position("13.5 103.5 0 4").unwrap();
    walk(&mut interview);
    interview.next().unwrap();
    interview.goto(&PlaceRef::from("who")).unwrap();
    // As after SIGKILL: nothing was saved, and the log is there.
    drop(interview);
    drop(client);
    let client = world.open(folder.path()).unwrap();
    assert!(
        client.audit(&record).unwrap().is_none(),
        "it is saved with the answers"
    );
    let mut interview = client.open_interview(&record).unwrap();
    let row = interview.add_row(&PlaceRef::from("goods")).unwrap();
    say(&mut interview, &format!("{row}/good"), "rice");
    interview.pause().unwrap();
    let lines = log(&client, &record);
    assert_eq!(
        lines[0].join(","),
        "event,node,start,end,latitude,longitude,accuracy,old-value,new-value,user"
    );
    let happened: Vec<String> = lines[1..]
        .iter()
        .map(|line| format!("{} {}", line[0], line[1]))
        .collect();
    assert_eq!(
        happened,
        [
            "form start ",
            "question /data/who",
            "constraint error /data/age",
            "question /data/age",
            "question /data/photo",
            "jump ",
            "form resume ",
            "question /data/age",
            "add repeat /data/goods[1]",
            "question /data/goods[1]/good",
            "form save ",
            "form exit ",
        ]
        .map(String::from)
    );
    let text = String::from_utf8(client.audit(&record).unwrap().unwrap()).unwrap();
    assert!(text.contains(",,\"Sok, \"\"the elder\"\"\",srey\n"), "{text}");
    let age = lines
        .iter()
        .find(|line| line[0] == "question" && line[1] == "/data/age")
        .unwrap();
    assert!(
        age[4].starts_with("13.5") && age[5].starts_with("103.5"),
        "{age:?}"
    );
    assert_eq!(
        age[7..],
        ["", "42", "srey"],
        "from what stood there before to what stands there after"
    );

    let mut interview = client.open_interview(&record).unwrap();
    assert!(interview.finish().unwrap().is_finished);
    let lines = log(&client, &record);
    assert_eq!(lines.iter().filter(|line| line[0] == "form start").count(), 1);
    assert_eq!(lines[lines.len() - 2][0], "form finalize");
    assert_eq!(std::fs::read_dir(folder.path().join("logs")).unwrap().count(), 0);
    world.sync(&client);
    let kept = world.record(id(&record));
    let has_log = kept
        .answers()
        .any(|(at, _)| at.question == QuestionPath::new("meta/audit"));
    assert!(has_log, "it travels with the answers");
    let interview = client.reopen(&record).unwrap();
    drop(interview);
    let started = log(&client, &record)
        .iter()
        .filter(|line| line[0] == "form start")
        .count();
    assert_eq!(started, 1);
}

#[test]
fn a_form_without_an_audit_row_logs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (_world, client) = World::with_device(folder.path());
    let record = client.start("farm").unwrap();
    let mut interview = client.open_interview(&record).unwrap();
    say(&mut interview, "person", "Sok");
    interview.pause().unwrap();
    assert!(client.audit(&record).unwrap().is_none());
    assert!(!folder.path().join("logs").exists());
}

#[test]
fn a_doubtful_answer_is_confirmed_on_the_disk_and_files_to_show_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    world.publish(form(
        "| survey |
         | | type         | name | label | soft_constraint | soft_constraint_message | image    |
         | | integer      | age  | Age?  | . < 100         | So old?                 | face.png |
         | | select_one l | leaf | Leaf? |                 |                         |          |
         | choices |
         | | list_name | name | label | image     |
         | | l         | oak  | Oak   | oak.jpg   |
         | settings |
         | | form_id | form_title |
         | | doubts  | Doubts     |",
    ));
    world.sync(&client);
    let record = client.start("doubts").unwrap();
    let mut interview = client.open_interview(&record).unwrap();
    let age = PlaceRef::from("age");
    say(&mut interview, "age", "50");
    assert_eq!(interview.confirm(&age).unwrap_err().code(), "refused");
    say(&mut interview, "age", "104");
    let view = interview.confirm(&age).unwrap();
    assert!(view.confirmed);
    assert_eq!(view.doubt, "So old?");
    assert_eq!(view.media.len(), 1);
    let file = &view.media[0];
    assert_eq!((file.medium.as_str(), file.name.as_str()), ("image", "face.png"));
    assert!(!file.is_here && file.hash.is_empty(), "the form came without it");
    let leaf = interview.question(&PlaceRef::from("leaf")).unwrap();
    assert_eq!(leaf.choices[0].media[0].name, "oak.jpg");
    drop(interview);

    let mut again = client.open_interview(&record).unwrap();
    assert!(again.question(&age).unwrap().confirmed);
    assert!(again.problems().unwrap().iter().all(|problem| problem.at != age));
    say(&mut again, "age", "105");
    assert!(!again.question(&age).unwrap().confirmed);
}
