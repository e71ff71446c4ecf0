//! The course of an interview as a log, in the columns that ODK's audit files have.
//!
//! A form asks for it with a row of type `audit`. What is logged is the caller's to tell (it knows when a screen is
//! shown and left, and the time) and to keep; this makes the lines.

use sampan_form::compiled::Form;
use sampan_form::def::FormDef;
use sampan_record::path::AnswerPath;
use sampan_value::answer::{Answer, Kind, Value};
use sampan_value::text;

use crate::interview::Interview;
use crate::view::{Position, Screen};

/// The file that a log is kept in beside the answers.
pub const FILE_NAME: &str = "audit.csv";
/// The question that a record keeps the file under.
pub const QUESTION: &str = "meta/audit";

/// What happened, beside questions being looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The interview was begun.
    FormStart,
    /// It was opened again.
    FormResume,
    /// It was saved.
    FormSave,
    /// It was closed.
    FormExit,
    /// It was finished.
    FormFinalize,
    /// A row was added.
    AddRepeat,
    /// A row was removed.
    DeleteRepeat,
    /// The enumerator went to another place out of order.
    Jump,
    /// An answer was refused.
    ConstraintError,
    /// Why a finished interview was changed.
    ChangeReason,
}

impl Event {
    fn word(self) -> &'static str {
        match self {
            Event::FormStart => "form start",
            Event::FormResume => "form resume",
            Event::FormSave => "form save",
            Event::FormExit => "form exit",
            Event::FormFinalize => "form finalize",
            Event::AddRepeat => "add repeat",
            Event::DeleteRepeat => "delete repeat",
            Event::Jump => "jump",
            Event::ConstraintError => "constraint error",
            Event::ChangeReason => "change reason",
        }
    }
}

/// What a form wants to be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wants {
    /// Answers before and after.
    pub changes: bool,
    /// Who.
    pub user: bool,
    /// Why a finished interview was changed.
    pub reasons: bool,
    /// Where.
    pub location: bool,
}

impl Wants {
    /// What a form wants; None when it wants no log.
    pub fn of(form: &FormDef) -> Option<Wants> {
        let audit = form.audit.as_ref()?;
        let says = |name: &str| {
            audit
                .get(&format!("odk:{name}"))
                .is_some_and(|value| value != "false")
        };
        Some(Wants {
            changes: says("track-changes"),
            user: says("identify-user"),
            reasons: says("track-changes-reasons"),
            location: says("location-priority"),
        })
    }
}

/// The log of one opening of an interview.
#[derive(Debug)]
pub struct Audit {
    wants: Wants,
    user: String,
    position: Option<Value>,
    shown: Vec<Shown>,
    lines: String,
}

/// A place on the screen.
#[derive(Debug)]
struct Shown {
    event: &'static str,
    /// None for what is no question.
    at: Option<AnswerPath>,
    node: String,
    since_ms: i64,
    before: String,
}

impl Audit {
    /// A log for a form; None when the form wants none. `user` is who answers for it.
    pub fn new(form: &FormDef, user: &str) -> Option<Audit> {
        Some(Audit {
            wants: Wants::of(form)?,
            user: user.to_string(),
            position: None,
            shown: Vec::new(),
            lines: String::new(),
        })
    }

    /// The first line of the file.
    pub fn heading(&self) -> String {
        let mut columns = vec!["event", "node", "start", "end"];
        if self.wants.location {
            columns.extend(["latitude", "longitude", "accuracy"]);
        }
        if self.wants.changes {
            columns.extend(["old-value", "new-value"]);
        }
        if self.wants.user {
            columns.push("user");
        }
        if self.wants.reasons {
            columns.push("change-reason");
        }
        columns.join(",") + "\n"
    }

    /// Where the device is from now on, as far as the form wants to know.
    pub fn locate(&mut self, position: Value) {
        if position.kind() == Kind::Geopoint {
            self.position = Some(position);
        }
    }

    /// Something happened; `at` is the place that it is about, `why` the reason of [`Event::ChangeReason`]. Times are
    /// milliseconds since 1970 UTC.
    pub fn note(
        &mut self,
        form: &Form,
        running: &Interview,
        event: Event,
        at: Option<&AnswerPath>,
        now_ms: i64,
    ) {
        match event {
            // These end what is on the screen.
            Event::AddRepeat | Event::DeleteRepeat | Event::Jump => self.leave(running, now_ms),
            Event::FormStart
            | Event::FormResume
            | Event::FormSave
            | Event::FormExit
            | Event::FormFinalize
            | Event::ConstraintError
            | Event::ChangeReason => {}
        }
        let node = at.map(|at| node(form, running, at)).unwrap_or_default();
        self.line(event.word(), &node, now_ms, None, ["", ""], "");
    }

    /// Why a finished interview is changed.
    pub fn reason(&mut self, why: &str, now_ms: i64) {
        self.line(
            Event::ChangeReason.word(),
            "",
            now_ms,
            Some(now_ms),
            ["", ""],
            why,
        );
    }

    /// A screen is shown; what was shown before is left.
    pub fn show(&mut self, running: &Interview, screen: &Screen, now_ms: i64) {
        self.leave(running, now_ms);
        let form = running.form();
        for at in &screen.questions {
            self.shown.push(Shown {
                event: "question",
                node: node(form, running, at),
                since_ms: now_ms,
                before: answer(running, at),
                at: Some(at.clone()),
            });
        }
        match &screen.position {
            Position::End => self.shown.push(Shown {
                event: "end screen",
                at: None,
                node: String::new(),
                since_ms: now_ms,
                before: String::new(),
            }),
            Position::Question(_) | Position::Together(_) | Position::AddRow(_) => {}
        }
    }

    /// What is shown is left.
    pub fn leave(&mut self, running: &Interview, now_ms: i64) {
        for shown in std::mem::take(&mut self.shown) {
            let after = shown
                .at
                .as_ref()
                .map(|at| answer(running, at))
                .unwrap_or_default();
            let values = match after == shown.before {
                true => ["", ""],
                false => [shown.before.as_str(), after.as_str()],
            };
            self.line(shown.event, &shown.node, shown.since_ms, Some(now_ms), values, "");
        }
    }

    /// The lines since the last time this was asked.
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.lines)
    }

    fn line(
        &mut self,
        event: &str,
        node: &str,
        start_ms: i64,
        end_ms: Option<i64>,
        [before, after]: [&str; 2],
        why: &str,
    ) {
        let mut cells = vec![
            event.to_string(),
            cell(node),
            start_ms.to_string(),
            end_ms.map(|end_ms| end_ms.to_string()).unwrap_or_default(),
        ];
        if self.wants.location {
            let position = self.position.as_ref().map(text::to_odk_text).unwrap_or_default();
            let mut parts = position.split_whitespace().map(String::from);
            let (latitude, longitude, _) = (parts.next(), parts.next(), parts.next());
            cells.extend([latitude, longitude, parts.next()].map(Option::unwrap_or_default));
        }
        if self.wants.changes {
            cells.extend([cell(before), cell(after)]);
        }
        if self.wants.user {
            cells.push(cell(&self.user));
        }
        if self.wants.reasons {
            cells.push(cell(why));
        }
        self.lines.push_str(&cells.join(","));
        self.lines.push('\n');
    }
}

/// The place of a question as ODK writes it: `/data/member[2]/age`.
fn node(form: &Form, running: &Interview, at: &AnswerPath) -> String {
    let root = match form.def().root.as_str() {
        "" => "data",
        root => root,
    };
    let mut written = format!("/{root}");
    let mut path = String::new();
    let mut around = Vec::new();
    for name in at.question.as_str().split('/') {
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(name);
        written.push('/');
        written.push_str(name);
        let repeat = AnswerPath {
            question: sampan_record::path::QuestionPath::new(&path),
            rows: around.clone(),
        };
        let is_repeat = form
            .find(&path)
            .and_then(|id| form.get(id))
            .is_some_and(|node| node.what == sampan_form::compiled::What::Repeat);
        if let (true, Some(row)) = (is_repeat, at.rows.get(around.len())) {
            let number = running.rows(&repeat).iter().position(|own| own == row);
            written.push_str(&format!("[{}]", number.map_or(0, |number| number + 1)));
            around.push(*row);
        }
    }
    written
}

/// What stands at a place, as a submission has it; a missing state by its word.
fn answer(running: &Interview, at: &AnswerPath) -> String {
    match running.question(at).and_then(|question| question.answer) {
        None => String::new(),
        Some(Answer::Missing(missing)) => missing.word().to_string(),
        Some(Answer::Value(value)) => text::to_odk_text(&value),
    }
}

/// A text as a cell of a CSV file.
fn cell(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_string(),
    }
}
