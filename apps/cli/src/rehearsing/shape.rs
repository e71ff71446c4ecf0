//! The state of an interview as JSON, under the names that ODK's engines use.

use std::collections::{BTreeMap, HashMap};

use sampan_form::compiled::Form;
use sampan_form::def::{Item, Role};
use sampan_interview::session::Session;
use sampan_interview::standing::{QuestionStanding, Sort, Standing};
use sampan_interview::view::{ChoiceView, Problem, ProblemKind};
use serde_json::{Map, Value, json};

/// What is shown of a state.
#[derive(Debug, Clone, Copy)]
pub struct Shown {
    /// The longest list of choices that is written out; of longer ones only the number.
    pub max_choices: usize,
    /// Whether the texts of labels and hints are written.
    pub texts: bool,
}

/// The place of each item with what stands there.
pub type State = BTreeMap<String, Value>;

/// The widgets that role and type do not tell apart: path of a question -> `rank`.
pub type Widgets = HashMap<String, &'static str>;

/// Finds those widgets.
pub fn widgets(form: &Form) -> Widgets {
    let mut widgets = Widgets::new();
    note(&form.def().items, "", &mut widgets);
    widgets
}

fn note(items: &[Item], inside: &str, widgets: &mut Widgets) {
    for item in items {
        let path = format!("{inside}{}", item.name());
        match item {
            Item::Question(question) => {
                let is_range = question.parameters.contains_key("start") && question.choices.is_none();
                match question.type_name.as_str() {
                    "rank" => widgets.insert(path, "rank"),
                    "select_one_external" => widgets.insert(path, "input"),
                    "range" => widgets.insert(path, "range"),
                    "" if is_range => widgets.insert(path, "range"),
                    _ => None,
                };
            }
            Item::Group(group) => note(&group.items, &format!("{path}/"), widgets),
            Item::Repeat(repeat) => note(&repeat.items, &format!("{path}/"), widgets),
        }
    }
}

/// Everything as it stands.
pub fn state(session: &Session, widgets: &Widgets, shown: Shown) -> State {
    session
        .standing(shown.max_choices > 0)
        .into_iter()
        .map(|item| (item.place.clone(), one(session, &item, widgets, shown)))
        .collect()
}

/// What became different, and null for what is gone.
pub fn diff(before: &State, after: &State) -> Map<String, Value> {
    let changed = after
        .iter()
        .filter(|(place, state)| before.get(*place) != Some(state))
        .map(|(place, state)| (place.clone(), state.clone()));
    let gone = before
        .keys()
        .filter(|place| !after.contains_key(*place))
        .map(|place| (place.clone(), Value::Null));
    changed.chain(gone).collect()
}

/// The word for what is wrong.
pub fn violation(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::RequiredMissing => "required",
        ProblemKind::ConstraintBroken => "constraint",
        ProblemKind::InvalidChoice => "choice",
        ProblemKind::TooManyRows => "rows",
        ProblemKind::Doubtful => "doubtful",
        ProblemKind::FormFault => "fault",
    }
}

/// A problem with its place.
pub fn problem(session: &Session, problem: &Problem) -> Value {
    let place = session.path(&problem.at);
    let language = session.interview().language();
    json!({
        "at": place,
        "violation": violation(problem.kind),
        "message": problem.message,
        "label": session.interview().label(&problem.at, language),
        "blocks": problem.kind.blocks(),
    })
}

fn one(session: &Session, item: &Standing, widgets: &Widgets, shown: Shown) -> Value {
    let mut fields = Map::new();
    let sort = match (&item.question, item.sort) {
        (Some(question), _) => question_type(item, question, widgets),
        (None, Sort::Root) => "root",
        (None, Sort::Repeat { is_counted: true }) => "repeat-range:controlled",
        (None, Sort::Repeat { is_counted: false }) => "repeat-range:uncontrolled",
        (None, Sort::Row) => "repeat-instance",
        (None, Sort::Group | Sort::Question) => "group",
    };
    fields.insert("type".into(), json!(sort));
    fields.insert("relevant".into(), json!(item.relevant));
    if shown.texts {
        fields.insert("label".into(), json!(item.label));
    }
    if let Some(question) = &item.question {
        // Where any text is taken, none is a wrong choice.
        let is_free = widgets.get(item.at.question.as_str()) == Some(&"input");
        let wrong = question.violation.as_ref();
        let wrong = wrong.filter(|(kind, _)| !(is_free && *kind == ProblemKind::InvalidChoice));
        answer(
            item.relevant,
            question,
            wrong,
            &session.text(item),
            shown,
            &mut fields,
        );
    }
    Value::Object(fields)
}

fn answer(
    relevant: bool,
    question: &QuestionStanding,
    wrong: Option<&(ProblemKind, String)>,
    text: &str,
    shown: Shown,
    fields: &mut Map<String, Value>,
) {
    let value = if relevant { text } else { "" };
    fields.insert("value".into(), json!(value));
    if !relevant && !question.text.is_empty() {
        fields.insert("hidden_value".into(), json!(text));
    }
    if let Some(missing) = question.missing {
        fields.insert("missing".into(), json!(missing.word()));
    }
    fields.insert("required".into(), json!(question.required));
    fields.insert("readonly".into(), json!(question.read_only));
    // A value that nobody can give by hand may be needed all the same.
    let is_needed = relevant && question.required && question.text.is_empty() && question.missing.is_none();
    // What is only doubtful is no violation.
    let (doubt, wrong) = match wrong {
        Some((ProblemKind::Doubtful, message)) => (Some(message), None),
        wrong => (None, wrong),
    };
    if let Some(doubt) = doubt {
        fields.insert("doubt".into(), json!(doubt));
    }
    let word = wrong
        .map(|(kind, _)| violation(*kind))
        .or(is_needed.then_some("required"));
    fields.insert("valid".into(), json!(word.is_none()));
    fields.insert("violation".into(), json!(word));
    if let Some((_, message)) = wrong {
        fields.insert("message".into(), json!(message));
    }
    if shown.texts
        && let Some(hint) = &question.hint
    {
        fields.insert("hint".into(), json!(hint));
    }
    if let Some(choices) = &question.choices {
        fields.insert("n_choices".into(), json!(choices.len()));
        if choices.len() <= shown.max_choices {
            let pairs = choices.iter().map(pair);
            fields.insert("choices".into(), pairs.collect());
        }
    }
}

/// A choice as what is stored and what is shown; blank where it has no text of its own.
pub fn pair(choice: &ChoiceView) -> Value {
    let label = if choice.has_label {
        choice.label.as_str()
    } else {
        ""
    };
    json!([choice.name, label])
}

fn question_type(item: &Standing, question: &QuestionStanding, widgets: &Widgets) -> &'static str {
    if let Some(widget) = widgets.get(item.at.question.as_str()) {
        return widget;
    }
    match question.role {
        Role::Note => return "note",
        Role::Calculate | Role::Start | Role::End | Role::Today | Role::DeviceId | Role::Username => {
            return "model-value";
        }
        Role::Ask => {}
    }
    let widget = question.kind.widget();
    let is_told = item.label.is_some() || question.hint.is_some();
    if widget == "input" && question.is_always_read_only && is_told {
        return "note";
    }
    widget
}
