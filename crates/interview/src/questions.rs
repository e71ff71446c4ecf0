//! How a question stands: relevance, requirement, answer, texts, and the choices on offer.

use sampan_form::compiled::Node;
use sampan_form::compiled::label::Label;
use sampan_form::def::Role;
use sampan_record::path::AnswerPath;
use sampan_value::answer::{Answer, Kind, Missing, Value};
use sampan_value::text;
use sampan_xpath::eval::At;

use crate::fitting::unfinished;
use crate::interview::Interview;
use crate::offers;
use crate::places::{FrameId, Spot};
use crate::sight::Sight;
use crate::texts;
use crate::view::{ChoiceView, Part, QuestionState};

impl Interview {
    /// How a question or note stands now; None when there is no such place.
    pub fn question(&self, at: &AnswerPath) -> Option<QuestionState> {
        let spot = self.places.find(&self.plan, at)?;
        let node = self.plan.form().get(spot.node)?;
        let (role, kind) = node.question()?;
        let sight = self.sight(spot);
        let answer = self.places.cell(&self.plan, spot)?.answer.clone();
        let (valid, invalid_choice) = match &answer {
            Some(Answer::Value(value)) => (
                self.holds(spot, node, value) && self.misfit(spot, node, value).is_none(),
                self.not_offered(spot, node, value).is_some(),
            ),
            Some(Answer::Missing(_)) | None => (true, false),
        };
        let doubt = match &answer {
            Some(Answer::Value(value)) => self.doubt(spot, node, value),
            Some(Answer::Missing(_)) | None => None,
        };
        Some(QuestionState {
            at: at.clone(),
            role: part(role),
            kind,
            relevant: self.places.is_relevant(&self.plan, spot),
            required: self.is_required(spot, node),
            read_only: self.is_read_only(spot, node),
            answer,
            valid,
            invalid_choice,
            confirmed: doubt.is_some() && self.is_confirmed(spot),
            doubt,
            label: filled(&sight, spot, &node.label, &self.language),
            hint: filled(&sight, spot, &node.hint, &self.language),
            guidance: filled(&sight, spot, &node.guidance, &self.language),
            media: texts::media(&node.media, &self.language, self.plan.form()),
            appearance: node.appearance.clone(),
            has_choices: node.choices.is_some(),
        })
    }

    /// Whether a question, group or row is asked now, all around it included; false when there is no such place.
    pub fn is_relevant(&self, at: &AnswerPath) -> bool {
        self.places
            .find(&self.plan, at)
            .is_some_and(|spot| self.places.is_relevant(&self.plan, spot))
    }

    /// The choices offered now, in order; empty for questions without choices.
    pub fn choices(&self, at: &AnswerPath) -> Vec<ChoiceView> {
        match self.places.find(&self.plan, at) {
            Some(spot) => offers::offered(&self.sight(spot), spot),
            None => Vec::new(),
        }
    }

    /// The label of a question, group or repeat in a language of the form (as [`Interview::set_language`] understands
    /// it; unknown = the current one), with `${}` filled in. Empty when it has none.
    pub fn label(&self, at: &AnswerPath, language: &str) -> String {
        let Some(spot) = self.places.find(&self.plan, at) else {
            return String::new();
        };
        let language = self.plan.form().language(language).unwrap_or(&self.language);
        let mut sight = self.sight(spot);
        sight.language = language;
        self.plan
            .form()
            .get(spot.node)
            .map(|node| filled(&sight, spot, &node.label, language))
            .unwrap_or_default()
    }

    /// An answer or computed value in words, in the interview's language: choice labels instead of names, `don't know`
    /// for a missing state. Empty when there is no answer.
    pub fn answer_text(&self, at: &AnswerPath) -> String {
        let Some(spot) = self.places.find(&self.plan, at) else {
            return String::new();
        };
        match self
            .places
            .cell(&self.plan, spot)
            .and_then(|cell| cell.answer.as_ref())
        {
            Some(answer) => self.in_words(spot, answer),
            None => String::new(),
        }
    }

    /// An answer that does not stand in the interview (another value of a conflict) in words.
    pub fn words_for(&self, at: &AnswerPath, answer: &Answer) -> String {
        match self.places.find(&self.plan, at) {
            Some(spot) => self.in_words(spot, answer),
            None => match answer {
                Answer::Value(value) => text::to_odk_text(value),
                Answer::Missing(missing) => missing_in_words(*missing).into(),
            },
        }
    }

    fn in_words(&self, spot: Spot, answer: &Answer) -> String {
        let sight = self.sight(spot);
        let label = |name: &String| offers::label_of(&sight, spot, name).unwrap_or_else(|| name.clone());
        match answer {
            Answer::Missing(missing) => missing_in_words(*missing).into(),
            Answer::Value(Value::Choice(name)) => label(name),
            Answer::Value(Value::Choices(names)) => names.iter().map(label).collect::<Vec<_>>().join(", "),
            Answer::Value(Value::Media(file)) => file.name.clone(),
            Answer::Value(value) => text::to_odk_text(value),
        }
    }

    /// What the form calls this interview (setting `instance_name`); None when it has no such setting or it is blank.
    pub fn name(&self) -> Option<String> {
        let program = self.plan.form().instance_name()?;
        let root = Spot {
            node: self.plan.form().root().id,
            frame: FrameId::INTERVIEW,
        };
        program
            .eval_text(&self.sight(root), &At::node(root))
            .ok()
            .filter(|name| !name.trim().is_empty())
    }

    /// Whether the form's constraint holds for a value that stands at a place.
    pub(crate) fn holds(&self, spot: Spot, node: &Node, value: &Value) -> bool {
        let Some(constraint) = &node.constraint else {
            return true;
        };
        let candidate = text::to_odk_text(value);
        constraint
            .eval_bool(&self.sight(spot), &At::candidate(spot, &candidate))
            .unwrap_or(true)
    }

    /// Why a value is doubtful, by its type or the form's soft constraint; None when it is not.
    pub(crate) fn doubt(&self, spot: Spot, node: &Node, value: &Value) -> Option<String> {
        let short = unfinished(value);
        if short.is_some() {
            return short;
        }
        let constraint = node.soft_constraint.as_ref()?;
        let candidate = text::to_odk_text(value);
        let sight = self.sight(spot);
        if constraint
            .eval_bool(&sight, &At::candidate(spot, &candidate))
            .unwrap_or(true)
        {
            return None;
        }
        let own = filled(&sight, spot, &node.soft_constraint_message, &self.language);
        Some(match own.is_empty() {
            true => "This answer is unusual. Check it; if it is right, leave it.".into(),
            false => own,
        })
    }

    pub(crate) fn constraint_message(&self, spot: Spot, node: &Node) -> String {
        let own = filled(&self.sight(spot), spot, &node.constraint_message, &self.language);
        match own.is_empty() {
            true => "This answer does not fit the form's condition. Check it, or ask again.".into(),
            false => own,
        }
    }

    pub(crate) fn required_message(&self, spot: Spot, node: &Node) -> String {
        let own = filled(&self.sight(spot), spot, &node.required_message, &self.language);
        match own.is_empty() {
            true => "An answer is needed here, or the reason why there is none.".into(),
            false => own,
        }
    }

    pub(crate) fn label_at(&self, spot: Spot) -> String {
        let label = self.plan.form().get(spot.node).map(|node| &node.label);
        label
            .map(|label| filled(&self.sight(spot), spot, label, &self.language))
            .unwrap_or_default()
    }
}

/// A text with answers in it; an expression that fails leaves a gap.
fn filled(sight: &Sight<'_>, spot: Spot, label: &Label, language: &str) -> String {
    match label.in_language(language) {
        Some(template) => match template.plain() {
            Some(plain) => plain.to_string(),
            None => template.fill(|program| program.eval_text(sight, &At::node(spot)).unwrap_or_default()),
        },
        None => String::new(),
    }
}

fn part(role: Role) -> Part {
    match role {
        Role::Ask => Part::Ask,
        Role::Note => Part::Note,
        Role::Calculate | Role::Start | Role::End | Role::Today | Role::DeviceId | Role::Username => {
            Part::Hidden
        }
    }
}

/// A missing state in English words.
fn missing_in_words(missing: Missing) -> &'static str {
    match missing {
        Missing::DontKnow => "don't know",
        Missing::Refused => "refused to answer",
        Missing::NotApplicable => "does not apply",
        Missing::Skipped => "skipped",
    }
}

impl QuestionState {
    /// Whether the answer is a number that a keypad suffices for.
    pub fn is_number(&self) -> bool {
        matches!(self.kind, Kind::Integer | Kind::Decimal)
    }
}
