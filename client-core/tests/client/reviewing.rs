//! Returned interviews, comments, erasures.

use sampan_client_core::api::PlaceRef;
use sampan_record::ids::CommentId;
use sampan_record::op::{Decision, ErasureScope, Op};
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_record::review::{ReviewState, review};
use sampan_sync::names::Standing;
use uuid::Uuid;

use crate::office::{World, id, interviewed, said, say};

fn at(path: &str) -> AnswerPath {
    AnswerPath {
        question: QuestionPath::new(path),
        rows: Vec::new(),
    }
}

#[test]
fn a_returned_interview_opens_at_the_comment_and_goes_back_corrected() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    let record = interviewed(&client, "Sok");
    world.sync(&client);
    let seen = world.record(id(&record)).context();
    world.supervise(
        id(&record),
        &[
            Op::Comment {
                id: CommentId(Uuid::from_u128(5)),
                at: Some(at("works")),
                reply_to: None,
                text: "Did you ask about the second job?".into(),
            },
            Op::Decide {
                decision: Decision::Return,
                note: Some("One question".into()),
                covers: seen,
            },
        ],
    );
    world.sync(&client);
    let status = client.status().unwrap();
    assert_eq!((status.n_returned, status.n_open), (1, 0));
    let mut interview = client.open_interview(&record).unwrap();
    let screen = interview.screen().unwrap();
    assert_eq!(screen.questions[0].name, "works");
    let comment = screen.questions[0].comments[0].clone();
    assert_eq!(comment.text, "Did you ask about the second job?");
    say(&mut interview, "works", "y");
    say(&mut interview, "employer", "The mill");
    interview
        .comment(
            Some(&PlaceRef::from("works")),
            Some(&comment.comment),
            "Yes, at the mill",
        )
        .unwrap();
    interview.resolve_comment(&comment.comment).unwrap();
    assert!(interview.finish().unwrap().is_finished);
    world.sync(&client);
    let review = review(&world.record(id(&record)));
    assert_eq!(review.state, ReviewState::Resubmitted);
    assert!(review.open_comments.is_empty());
    let view = client.show(&record, None).unwrap();
    assert_eq!(
        (view.interview.state.as_str(), view.decision_note.as_str()),
        ("resubmitted", "One question")
    );
    let sentences: Vec<&str> = view.history.iter().map(|line| line.sentence.as_str()).collect();
    assert!(
        sentences.contains(&"Returned the interview: One question"),
        "{sentences:?}"
    );
    assert!(sentences.contains(&"Finished the interview."), "{sentences:?}");
}

#[test]
fn comments_and_history_show_the_name_of_who_wrote_them() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    let record = interviewed(&client, "Sok");
    world.sync(&client);
    let comment = [Op::Comment {
        id: CommentId(Uuid::from_u128(5)),
        at: Some(at("works")),
        reply_to: None,
        text: "Did you ask about the second job?".into(),
    }];
    world.supervise(id(&record), &comment);
    world.sync(&client);
    let who = || {
        let view = client.show(&record, None).unwrap();
        let answer = view.answers.iter().find(|answer| answer.at.0 == "works").unwrap();
        let line = view
            .history
            .iter()
            .find(|line| line.sentence.starts_with("Commented"))
            .unwrap();
        assert_eq!(line.who, answer.comments[0].who);
        line.who.clone()
    };
    assert!(who().starts_with("colleague "), "no name is known: {}", who());
    world.call_supervisor("ស្រីមុំ", Standing::Supervisor);
    world.sync(&client);
    assert_eq!(who(), "ស្រីមុំ (supervisor)");
}

#[test]
fn a_rejected_interview_is_read_only() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    let record = interviewed(&client, "Sok");
    world.sync(&client);
    let covers = world.record(id(&record)).context();
    world.supervise(
        id(&record),
        &[Op::Decide {
            decision: Decision::Reject,
            note: None,
            covers,
        }],
    );
    world.sync(&client);
    assert!(!client.interviews().unwrap()[0].can_open);
    assert_eq!(
        client.open_interview(&record).err().unwrap().code(),
        "cannot_open"
    );
    assert_eq!(client.show(&record, None).unwrap().interview.state, "rejected");
}

#[test]
fn an_erasure_at_the_office_empties_the_device_too() {
    let folder = tempfile::tempdir().unwrap();
    let (world, client) = World::with_device(folder.path());
    let record = client.start("farm").unwrap();
    let mut interview = client.open_interview(&record).unwrap();
    say(&mut interview, "person", "Chan-Sothea-Unmistakable");
    say(&mut interview, "age", "42");
    say(&mut interview, "works", "n");
    interview.finish().unwrap();
    world.sync(&client);
    world.supervise(
        id(&record),
        &[Op::Erase {
            what: ErasureScope::Questions(vec![QuestionPath::new("person")]),
            reason: "Consent withdrawn".into(),
        }],
    );
    world.sync(&client);
    let interview = client.reopen(&record).unwrap();
    assert_eq!(
        (
            said(&interview, "person").as_str(),
            said(&interview, "age").as_str()
        ),
        ("", "42")
    );
    drop(interview);
    assert_eq!(client.interviews().unwrap()[0].title, "");
    let mut bytes = std::fs::read(folder.path().join("device.db")).unwrap();
    bytes.extend(std::fs::read(folder.path().join("device.db-wal")).unwrap_or_default());
    let word = b"Chan-Sothea-Unmistakable";
    assert!(!bytes.windows(word.len()).any(|window| window == word));
    world.supervise(
        id(&record),
        &[Op::Erase {
            what: ErasureScope::Record,
            reason: "Consent withdrawn".into(),
        }],
    );
    world.sync(&client);
    assert_eq!(
        client.open_interview(&record).err().unwrap().code(),
        "cannot_open"
    );
    assert!(client.show(&record, None).unwrap().answers.is_empty());
}
