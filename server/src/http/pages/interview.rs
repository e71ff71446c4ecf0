//! One interview: what was answered, where people disagree, what was said about it, and the decision.

use askama::Template;
use sampan_record::ids::{CommentId, PersonId, RecordId};
use sampan_record::op::Decision;

use crate::error::OfficeError;
use crate::http::ask::{Ask, Reply, Trouble};
use crate::http::pages::{Frame, page};
use crate::http::words;
use crate::reviewing::{
    self, ChooseRequest, CommentRequest, DecideOutcome, DecideRequest, EraseRequest, Pick,
};
use crate::views::{AnswerView, GroupView, InterviewView, OptionView};

/// Longest comment or note, in characters.
const MAX_WORDS: usize = 4000;

#[derive(Template)]
#[template(path = "interview.html")]
struct Page<'a> {
    frame: &'a Frame,
    view: &'a InterviewView,
    /// The page's own path.
    path: String,
    /// For `lang` of labels.
    labels: &'a str,
    /// Outermost groups with what is marked in them.
    contents: Vec<Heading<'a>>,
    n_answers: usize,
    n_missing: usize,
    keys: Keys<'a>,
    /// A decision that stands and covers everything: the bar offers to reopen it.
    is_settled: bool,
}

/// A line of the page's table of contents.
struct Heading<'a> {
    heading: &'a str,
    at: &'a str,
    n_answers: usize,
    n_marks: usize,
}

/// Gives each form of the page its own key.
struct Keys<'a>(&'a dyn Fn() -> String);

impl Keys<'_> {
    fn next(&self) -> String {
        (self.0)()
    }
}

fn is_assigned(view: &InterviewView, option: &OptionView) -> bool {
    view.assignee
        .is_some_and(|person| person.to_string() == option.value)
}

/// Group headings: `h2` for the outermost, `h3` below.
fn is_outer(group: &GroupView) -> bool {
    group.depth <= 1
}

/// `GET /interviews/{record}`.
pub fn show(ask: &Ask) -> Result<Reply, Trouble> {
    let record: RecordId = ask.id("record")?;
    let language = Some(ask.wanted("language")).filter(|language| !language.is_empty());
    let view = reviewing::view(&ask.site.office, ask.person()?, record, language)?;
    let frame = Frame::for_ask(ask, "interviews", &view.row.label)?;
    html(&frame, &view, &|| ask.site.office.new_key())
}

/// The page of one interview.
pub(super) fn html(
    frame: &Frame,
    view: &InterviewView,
    new_key: &dyn Fn() -> String,
) -> Result<Reply, Trouble> {
    let mut contents: Vec<Heading<'_>> = Vec::new();
    for group in &view.groups {
        let n_marks = group.answers.iter().filter(|answer| is_marked(answer)).count();
        match contents.last_mut() {
            // Inner groups, and what comes after them in the outer one.
            Some(heading) if !is_outer(group) || heading.heading == group.heading => {
                heading.n_answers = heading.n_answers.saturating_add(group.answers.len());
                heading.n_marks = heading.n_marks.saturating_add(n_marks);
            }
            _ => contents.push(Heading {
                heading: &group.heading,
                at: &group.at,
                n_answers: group.answers.len(),
                n_marks,
            }),
        }
    }
    let answers = || view.groups.iter().flat_map(|group| &group.answers);
    let settled = ["approved", "rejected"];
    page(&Page {
        frame,
        path: format!("/interviews/{}", view.row.record),
        labels: words::language_code(&view.language),
        n_answers: answers().filter(|answer| !answer.text.is_empty()).count(),
        n_missing: answers().filter(|answer| answer.missing.is_some()).count(),
        keys: Keys(new_key),
        is_settled: settled.contains(&view.row.state.as_str()),
        contents,
        view,
    })
}

fn is_marked(answer: &AnswerView) -> bool {
    answer.conflict.is_some()
        || answer.is_changed_since
        || (answer.doubt.is_some() && !answer.is_confirmed)
        || answer.comments.iter().any(|comment| !comment.is_resolved)
}

/// `POST /interviews/{record}/decide`: the decision, with all comments that were typed at questions.
pub fn decide(ask: &Ask) -> Result<Reply, Trouble> {
    let record: RecordId = ask.id("record")?;
    let note = limited(ask.field("note"))?;
    let comments = typed_comments(ask)?;
    let (decision, done) = match ask.field("decision") {
        "approve" => (Decision::Approve, "approved"),
        "return" => (Decision::Return, "returned"),
        "reject" => (Decision::Reject, "rejected"),
        "reopen" => (Decision::Reopen, "reopened"),
        _ => {
            return Err(OfficeError::invalid(
                "The decision did not come with the form.",
                "Go back and press one of the buttons.",
            )
            .into());
        }
    };
    if decision == Decision::Reject && note.is_empty() {
        return Err(OfficeError::invalid(
            "A rejection needs a word: why is this interview not to be used?",
            "Go back, write the reason in the field beside the buttons, then reject.",
        )
        .into());
    }
    let outcome = reviewing::decide(
        &ask.site.office,
        ask.person()?,
        &DecideRequest {
            record,
            decision,
            note: Some(note.to_string()).filter(|note| !note.is_empty()),
            comments,
            seen: ask.field("seen").to_string(),
            key: ask.key(),
        },
    )?;
    let done = match outcome {
        DecideOutcome::Covered => done,
        DecideOutcome::ChangedMeanwhile => "meanwhile",
    };
    Ok(Reply::see(format!("/interviews/{record}?done={done}")))
}

/// `POST /interviews/{record}/comment`: one comment (`text` at `at`, or an answer to `reply_to`), and whatever else
/// was typed at questions of the page.
pub fn comment(ask: &Ask) -> Result<Reply, Trouble> {
    let record: RecordId = ask.id("record")?;
    let mut last_at = None;
    let mut requests = Vec::new();
    let text = limited(ask.field("text"))?;
    if !text.is_empty() {
        let reply_to: Option<CommentId> = match ask.field("reply_to") {
            "" => None,
            id => Some(id.parse().map_err(|_| OfficeError::Absent)?),
        };
        let at = Some(ask.field("at").to_string()).filter(|at| !at.is_empty());
        requests.push((at, reply_to, text.to_string()));
    }
    for (at, text) in typed_comments(ask)? {
        requests.push((Some(at), None, text));
    }
    if requests.is_empty() {
        return Err(
            OfficeError::invalid("The comment is empty.", "Go back and write what is to be said.").into(),
        );
    }
    for (index, (at, reply_to, text)) in requests.into_iter().enumerate() {
        reviewing::comment(
            &ask.site.office,
            ask.person()?,
            &CommentRequest {
                record,
                at: at.clone(),
                reply_to,
                text,
                key: format!("{}-{index}", ask.key()),
            },
        )?;
        last_at = at;
    }
    let pressed = Some(ask.field("pressed").to_string()).filter(|at| !at.is_empty());
    back(record, "commented", pressed.or(last_at).as_deref())
}

/// `POST /interviews/{record}/resolve`: a comment is dealt with.
pub fn resolve(ask: &Ask) -> Result<Reply, Trouble> {
    let record: RecordId = ask.id("record")?;
    let comment: CommentId = ask.field("comment").parse().map_err(|_| OfficeError::Absent)?;
    reviewing::resolve(&ask.site.office, ask.person()?, record, comment, &ask.key())?;
    back(
        record,
        "resolved",
        Some(ask.field("at")).filter(|at| !at.is_empty()),
    )
}

/// `POST /interviews/{record}/choose`: one of the values, or a typed one, is what shall stand.
pub fn choose(ask: &Ask) -> Result<Reply, Trouble> {
    let record: RecordId = ask.id("record")?;
    let pick = match ask.field("token") {
        "" => Pick::Typed(ask.field("typed").to_string()),
        token => Pick::Value(token.to_string()),
    };
    if matches!(&pick, Pick::Typed(text) if text.is_empty()) {
        return Err(OfficeError::invalid(
            "No value was typed.",
            "Go back and type it, or choose one of the values.",
        )
        .into());
    }
    let at = ask.field("at").to_string();
    reviewing::choose(
        &ask.site.office,
        ask.person()?,
        &ChooseRequest {
            record,
            at: at.clone(),
            pick,
            seen: ask.field("seen").to_string(),
            key: ask.key(),
        },
    )?;
    back(record, "chosen", Some(&at))
}

/// `POST /interviews/{record}/assign`.
pub fn assign(ask: &Ask) -> Result<Reply, Trouble> {
    let record: RecordId = ask.id("record")?;
    let person: PersonId = ask.field("person").parse().map_err(|_| {
        OfficeError::invalid(
            "Nobody was chosen.",
            "Go back and choose who is to work on the interview.",
        )
    })?;
    reviewing::assign(&ask.site.office, ask.person()?, record, person, &ask.key())?;
    back(record, "assigned", None)
}

/// `POST /interviews/{record}/erase`.
pub fn erase(ask: &Ask) -> Result<Reply, Trouble> {
    let record: RecordId = ask.id("record")?;
    let reason = limited(ask.field("reason"))?;
    if reason.is_empty() || ask.field("sure") != "yes" {
        return Err(OfficeError::invalid(
            "An erasure cannot be undone: it needs its reason and the tick that says you are sure.",
            "Go back, write the reason, and set the tick.",
        )
        .into());
    }
    reviewing::erase(
        &ask.site.office,
        ask.person()?,
        &EraseRequest {
            record,
            questions: ask
                .field("questions")
                .split_whitespace()
                .map(str::to_string)
                .collect(),
            reason: reason.to_string(),
            key: ask.key(),
        },
    )?;
    back(record, "erased", None)
}

/// Comments typed at questions: fields named `comment:` and the place.
fn typed_comments(ask: &Ask) -> Result<Vec<(String, String)>, Trouble> {
    let mut comments = Vec::new();
    for (name, value) in &ask.fields {
        let text = limited(value.trim())?;
        if let Some(at) = name.strip_prefix("comment:").filter(|_| !text.is_empty()) {
            comments.push((at.to_string(), text.to_string()));
        }
    }
    Ok(comments)
}

fn limited(text: &str) -> Result<&str, Trouble> {
    match text.chars().count() <= MAX_WORDS {
        true => Ok(text),
        false => Err(OfficeError::invalid(
            format!("A comment has at most {MAX_WORDS} characters."),
            "Go back and make it shorter, or make two of it.",
        )
        .into()),
    }
}

fn back(record: RecordId, done: &str, at: Option<&str>) -> Result<Reply, Trouble> {
    let place = at.map(|at| format!("#{}", words::anchor(at))).unwrap_or_default();
    Ok(Reply::see(format!("/interviews/{record}?done={done}{place}")))
}
