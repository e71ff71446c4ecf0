//! What an open interview shows.

use std::collections::{BTreeMap, BTreeSet};

use sampan_form::compiled::What;
use sampan_form::def::Role;
use sampan_interview::view::{Part, Position, Problem, Screen};
use sampan_record::ids::ContentHash;
use sampan_record::path::AnswerPath;

use crate::api::{ChoiceView, MediaView, ProblemView, QuestionView, ScreenView, Stop};
use crate::client::Inner;
use crate::client::showing::{self, People};
use crate::interviewing::{Work, word};
use crate::place;

impl Work {
    pub(super) fn screen_view(&self, inner: &Inner, screen: &Screen, people: &People) -> ScreenView {
        let form = self.running.form();
        let stop = match &screen.position {
            Position::Question(_) | Position::Together(_) => Stop::Questions,
            Position::AddRow(_) => Stop::AddRow,
            Position::End => Stop::End,
        };
        let asked = self.asked();
        let answered: BTreeSet<AnswerPath> = self.running.answers().into_iter().map(|(at, _)| at).collect();
        let n_answered = asked.iter().filter(|at| answered.contains(*at)).count();
        ScreenView {
            stop,
            headings: showing::headings(&self.running, &screen.headings),
            questions: screen
                .questions
                .iter()
                .filter_map(|at| self.question_view(inner, at, people))
                .collect(),
            is_table: screen.is_table,
            add_row_at: match &screen.position {
                Position::AddRow(at) => Some(place::name(form, at)),
                Position::Question(_) | Position::Together(_) | Position::End => None,
            },
            add_row_label: screen.add_row_label.clone().unwrap_or_default(),
            n_answered: count(n_answered),
            n_asked: count(asked.len()),
        }
    }

    pub(super) fn question_view(
        &self,
        inner: &Inner,
        at: &AnswerPath,
        people: &People,
    ) -> Option<QuestionView> {
        let state = self.running.question(at)?;
        let form = self.running.form();
        let node = form.find(at.question.as_str()).map(|id| form.node(id))?;
        let choices = if state.has_choices {
            self.running.choices(at)
        } else {
            Vec::new()
        };
        Some(QuestionView {
            name: node.name.clone(),
            role: match state.role {
                Part::Ask => "ask".into(),
                Part::Note => "note".into(),
                Part::Hidden => "hidden".into(),
            },
            kind: kind_word(&node.what),
            label: state.label,
            hint: state.hint,
            guidance: state.guidance,
            required: state.required,
            read_only: state.read_only,
            relevant: state.relevant,
            valid: state.valid && !state.invalid_choice,
            doubt: state.doubt.unwrap_or_default(),
            confirmed: state.confirmed,
            media: self.media(&state.media, inner),
            answer: state
                .answer
                .as_ref()
                .map(|answer| showing::answer_view(&self.running, at, answer)),
            choices: choices
                .into_iter()
                .map(|choice| ChoiceView {
                    name: choice.name,
                    label: choice.label,
                    exclusive: choice.exclusive,
                    media: self.media(&choice.media, inner),
                })
                .collect(),
            appearance: state.appearance,
            conflict: showing::conflict(&self.running, &self.whole, at, people),
            comments: showing::comments(&self.running, &self.whole, Some(at), people),
            at: place::name(form, at),
        })
    }

    /// Files of the form, in the order of their kind.
    fn media(&self, files: &BTreeMap<String, String>, inner: &Inner) -> Vec<MediaView> {
        let attached = &self.running.form().def().external;
        files
            .iter()
            .map(|(medium, name)| {
                let hash = attached
                    .iter()
                    .find(|file| file.file_name == *name)
                    .and_then(|file| ContentHash::from_hex(file.content_hash.as_deref()?));
                MediaView {
                    medium: medium.clone(),
                    name: name.clone(),
                    hash: hash.map(|hash| hash.to_hex()).unwrap_or_default(),
                    // A disk that does not tell shows no picture either.
                    is_here: hash.is_some_and(|hash| inner.store().has_content(hash).unwrap_or(false)),
                }
            })
            .collect()
    }

    pub(super) fn problem_view(&self, problem: &Problem) -> ProblemView {
        ProblemView {
            at: place::name(self.running.form(), &problem.at),
            label: self.running.label(&problem.at, self.running.language()),
            message: problem.message.clone(),
            blocks: problem.kind.blocks(),
        }
    }

    /// Every question (not note) that is on a screen now, in order.
    pub(super) fn asked(&self) -> Vec<AnswerPath> {
        let mut places = Vec::new();
        for position in self.running.screens() {
            match &position {
                Position::Question(at) => places.push(at.clone()),
                Position::Together(_) => places.extend(self.running.screen(&position).questions),
                Position::AddRow(_) | Position::End => {}
            }
        }
        let form = self.running.form();
        places.retain(|at| {
            form.find(at.question.as_str())
                .and_then(|id| form.node(id).question())
                .is_some_and(|(role, _)| role == Role::Ask)
        });
        places
    }
}

fn kind_word(what: &What) -> String {
    match what {
        What::Question { kind, .. } => word(kind),
        What::Root | What::Group | What::Repeat => String::new(),
    }
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
