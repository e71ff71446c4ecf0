//! One record on a page: answers by group, conflicts side by side, comments, history, what changed since the decision.

use std::collections::{BTreeMap, BTreeSet};

use sampan_form::compiled::{Node, What};
use sampan_form::def::Role as QuestionRole;
use sampan_interview::doubts::confirms;
use sampan_interview::interview::Interview;
use sampan_record::history;
use sampan_record::ids::{DeviceId, Dot, PersonId, RecordId, RowId};
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_record::record::{Comment, Record, Register};
use sampan_record::review::{Review, review};
use sampan_store::office::session::Reading;
use sampan_value::answer::{Answer, Missing, Value};
use sampan_value::text;

use crate::access::{Action, Decision, Principal, RecordPlace, Resource, authorize};
use crate::error::OfficeError;
use crate::people::{self, may};
use crate::projecting;
use crate::reviewing::history::{Words, sentences};
use crate::reviewing::listing::Names;
use crate::shelf::ShelfForm;
use crate::state::Office;
use crate::views::{
    AnswerView, ChangedView, CommentView, ConflictValueView, ConflictView, DecisionView, GroupView,
    InterviewView, MayView, OptionView,
};
use crate::wording::{self, context_text, decision_label, decision_word, dot_text, place_text};

/// One record, in a language of its form (None = the first).
pub fn view(
    office: &Office,
    who: &Principal,
    record: RecordId,
    language: Option<&str>,
) -> Result<InterviewView, OfficeError> {
    office.store().read(|reading| {
        let row = reading.row(record)?.ok_or(OfficeError::Absent)?;
        let place = projecting::row_place(&row);
        may(who, Action::SeeRecord, &Resource::Record(&place))?;
        let loaded = projecting::load(office, reading, record)?.ok_or(OfficeError::Absent)?;
        let names = Names::read(reading)?;
        let devices = device_names(reading)?;
        let form = office.form(row.form)?;
        let mut interview = form
            .as_ref()
            .map(|form| projecting::interview(form, &loaded.record));
        if let (Some(interview), Some(language)) = (&mut interview, language) {
            interview.set_language(language);
        }
        let review = review(&loaded.record);
        let page = Page {
            record: &loaded.record,
            form: form.as_ref(),
            interview: interview.as_ref(),
            names: &names,
            devices: &devices,
            comments: loaded.record.comments(),
            changed_since: review.changed_since.iter().cloned().collect(),
        };
        let kept_at: BTreeMap<Dot, i64> = loaded
            .changes
            .iter()
            .map(|stored| (stored.change.header.dot(), stored.kept_at_ms))
            .collect();
        let can = |action| authorize(who, action, &Resource::Record(&place)) == Decision::Allowed;
        Ok(InterviewView {
            form_version: match &form {
                Some(form) => form.form().def().version.clone(),
                None => row.form.to_hex().get(..8).unwrap_or_default().to_string(),
            },
            language: interview
                .as_ref()
                .map(|interview| interview.language().to_string())
                .unwrap_or_default(),
            languages: form
                .as_ref()
                .map(|form| form.form().languages().to_vec())
                .unwrap_or_default(),
            is_form_known: form.is_some(),
            is_erased: loaded.record.erased(),
            groups: page.groups(),
            conflicts: page.conflicts(),
            comments: page.comments_at(None),
            history: sentences(&history::history(&loaded.record), &kept_at, &page),
            decision: page.decision(&review),
            changed_since: page.changed(&review),
            seen: context_text(&loaded.record.context()),
            may: MayView {
                decide: can(Action::Decide),
                comment: can(Action::Comment),
                edit: can(Action::EditRecord) && form.is_some(),
                assign: can(Action::Assign),
                erase: can(Action::Erase),
            },
            assignable: if can(Action::Assign) {
                assignable(reading, &place)?
            } else {
                Vec::new()
            },
            assignee: row.assignee,
            row: names.row(row),
        })
    })
}

/// People who may interview where the record belongs.
pub(crate) fn assignable(reading: &Reading<'_>, place: &RecordPlace) -> Result<Vec<OptionView>, OfficeError> {
    let mut options = Vec::new();
    for person in reading.people()? {
        let principal = people::principal_of(reading, &person)?;
        if principal.grants.iter().any(|grant| grant.scope.contains(place)) {
            options.push(OptionView {
                value: person.person.to_string(),
                label: person.name,
                n_records: 0,
            });
        }
    }
    Ok(options)
}

fn device_names(reading: &Reading<'_>) -> Result<BTreeMap<DeviceId, String>, OfficeError> {
    let mut names: BTreeMap<DeviceId, String> = reading
        .devices()?
        .into_iter()
        .map(|device| (device.device, device.name))
        .collect();
    names.insert(reading.identity()?.replica.device, "the office".into());
    Ok(names)
}

/// Everything that the parts of the page look at.
struct Page<'a> {
    record: &'a Record,
    form: Option<&'a ShelfForm>,
    interview: Option<&'a Interview>,
    names: &'a Names,
    devices: &'a BTreeMap<DeviceId, String>,
    comments: Vec<Comment>,
    changed_since: BTreeSet<AnswerPath>,
}

impl Page<'_> {
    fn groups(&self) -> Vec<GroupView> {
        let mut groups = Vec::new();
        let mut shown = BTreeSet::new();
        if let (Some(form), Some(interview)) = (self.form, self.interview) {
            let mut walk = Walk {
                page: self,
                form,
                interview,
                groups: Vec::new(),
                shown: &mut shown,
            };
            walk.inside(form.form().root(), &[], 0, "Beginning".into(), String::new());
            groups = walk.groups;
            groups.retain(|group| !group.answers.is_empty());
        }
        // What the form has no place for (another version's answers, or an unknown form) is shown, never hidden.
        // That is also an answer whose question has another type now, or computes its value.
        // What stands beside an answer (a confirmation, the id of a thing) is shown with it.
        if self.interview.is_some() {
            let beside = self.record.answers().map(|(at, _)| at);
            shown.extend(
                beside
                    .filter(|at| last_name(&at.question).starts_with('@'))
                    .cloned(),
            );
        }
        for aside in self.interview.map(Interview::set_aside).unwrap_or_default() {
            shown.remove(&aside.at);
        }
        let elsewhere: Vec<AnswerView> = self
            .record
            .answers()
            .filter(|(at, _)| !shown.contains(*at))
            .map(|(at, answer)| self.plain(at, answer))
            .collect();
        if !elsewhere.is_empty() {
            groups.push(GroupView {
                depth: 1,
                heading: if self.form.is_some() {
                    "Answers that this version of the form has no place for".into()
                } else {
                    "Answers (the office does not have this form)".into()
                },
                at: "elsewhere".into(),
                answers: elsewhere,
            });
        }
        groups
    }

    fn plain(&self, at: &AnswerPath, answer: &Answer) -> AnswerView {
        AnswerView {
            at: place_text(at),
            name: last_name(&at.question).to_string(),
            label: at.question.to_string(),
            text: raw_words(Some(answer)),
            missing: missing_words(Some(answer)),
            is_calculated: false,
            is_changed_since: self.changed_since.contains(at),
            is_irrelevant: false,
            doubt: None,
            is_confirmed: false,
            conflict: self.conflict_at(at),
            comments: self.comments_at(Some(at)),
            link: None,
        }
    }

    fn conflicts(&self) -> Vec<ConflictView> {
        projecting::conflicts(self.form, self.record)
            .iter()
            .map(|(at, register)| self.conflict(at, register))
            .collect()
    }

    fn conflict_at(&self, at: &AnswerPath) -> Option<ConflictView> {
        let register = self.record.register(at)?;
        let is_shown = register.is_conflict() && !projecting::is_metadata(self.form, at);
        is_shown.then(|| self.conflict(at, register))
    }

    fn conflict(&self, at: &AnswerPath, register: &Register) -> ConflictView {
        let values = register.values.iter().enumerate();
        ConflictView {
            at: place_text(at),
            label: self.label(at),
            values: values
                .map(|(index, written)| ConflictValueView {
                    token: dot_text(&written.stamp.dot),
                    text: match &written.answer {
                        None => "(cleared)".into(),
                        Some(answer) => self.answer(at, Some(answer)),
                    },
                    who: self.names.person(written.stamp.author),
                    device: self
                        .devices
                        .get(&written.stamp.dot.replica.device)
                        .cloned()
                        .unwrap_or_else(|| "unknown device".into()),
                    written_at_ms: written.stamp.wall_time_ms,
                    utc_offset_min: written.stamp.utc_offset_min,
                    is_shown: index == 0,
                })
                .collect(),
        }
    }

    fn comments_at(&self, at: Option<&AnswerPath>) -> Vec<CommentView> {
        self.comments
            .iter()
            .filter(|comment| comment.reply_to.is_none() && comment.at.as_ref() == at)
            .map(|comment| self.comment(comment, 0))
            .collect()
    }

    fn comment(&self, comment: &Comment, depth: usize) -> CommentView {
        let replies = if depth < 8 {
            self.comments
                .iter()
                .filter(|reply| reply.reply_to == Some(comment.id) && reply.id != comment.id)
                .map(|reply| self.comment(reply, depth + 1))
                .collect()
        } else {
            Vec::new()
        };
        CommentView {
            id: comment.id,
            at: comment.at.as_ref().map(place_text),
            label: comment.at.as_ref().map(|at| self.label(at)).unwrap_or_default(),
            text: if comment.is_erased {
                "(erased)".into()
            } else {
                comment.text.clone()
            },
            who: self.names.person(comment.stamp.author),
            written_at_ms: comment.stamp.wall_time_ms,
            is_resolved: comment.resolved.is_some(),
            replies,
        }
    }

    fn decision(&self, review: &Review) -> Option<DecisionView> {
        let decided = review.decision.as_ref()?;
        Some(DecisionView {
            decision: decision_word(decided.decision).to_string(),
            label: decision_label(decided.decision).to_string(),
            who: self.names.person(decided.stamp.author),
            written_at_ms: decided.stamp.wall_time_ms,
            note: decided.note.clone(),
        })
    }

    fn changed(&self, review: &Review) -> Vec<ChangedView> {
        review
            .changed_since
            .iter()
            .map(|at| ChangedView {
                at: place_text(at),
                label: self.label(at),
            })
            .collect()
    }
}

impl Words for Page<'_> {
    fn label(&self, at: &AnswerPath) -> String {
        if let Some(question) = confirms(at.question.as_str()) {
            let question = AnswerPath {
                question: QuestionPath::new(question),
                rows: at.rows.clone(),
            };
            return format!("{} (doubtful answer confirmed)", self.label(&question));
        }
        let label = self
            .interview
            .map(|interview| one_line(&interview.label(at, interview.language())))
            .unwrap_or_default();
        if label.is_empty() {
            at.question.to_string()
        } else {
            label
        }
    }

    fn answer(&self, at: &AnswerPath, answer: Option<&Answer>) -> String {
        match (self.interview, answer) {
            (_, None) => "(nothing)".into(),
            (_, Some(Answer::Value(value))) if wording::in_words(value).is_some() => {
                wording::in_words(value).unwrap_or_default()
            }
            (Some(interview), Some(answer)) => {
                let words = interview.words_for(at, answer);
                if words.is_empty() {
                    raw_words(Some(answer))
                } else {
                    words
                }
            }
            (None, Some(answer)) => match missing_words(Some(answer)) {
                Some(words) => words,
                None => raw_words(Some(answer)),
            },
        }
    }

    fn person(&self, person: PersonId) -> String {
        self.names.person(person)
    }
}

/// Goes through the form in its order, row by row.
struct Walk<'a, 'p> {
    page: &'a Page<'p>,
    form: &'a ShelfForm,
    interview: &'a Interview,
    groups: Vec<GroupView>,
    shown: &'a mut BTreeSet<AnswerPath>,
}

impl Walk<'_, '_> {
    /// What is directly inside a node goes under its heading; what comes after an inner group goes there again.
    fn inside(&mut self, node: &Node, rows: &[RowId], depth: usize, heading: String, at: String) {
        let mut place = self.begin(depth, &heading, &at);
        let mut is_interrupted = false;
        for child in &node.children {
            let child = self.form.form().node(*child);
            let path = AnswerPath {
                question: QuestionPath(child.path.clone()),
                rows: rows.to_vec(),
            };
            match child.what {
                What::Question { role, .. } => {
                    if is_interrupted {
                        place = self.begin(depth, &heading, &format!("{at}+{}", child.name));
                        is_interrupted = false;
                    }
                    if let Some(view) = self.answer(&path, role) {
                        self.shown.insert(path);
                        if let Some(group) = self.groups.get_mut(place) {
                            group.answers.push(view);
                        }
                    }
                }
                What::Group => {
                    let heading = self.heading(&path, child, &heading);
                    self.inside(child, rows, depth + 1, heading, place_text(&path));
                    is_interrupted = true;
                }
                What::Repeat => {
                    let title = self.heading(&path, child, &heading);
                    for (index, row) in self.interview.rows(&path).into_iter().enumerate() {
                        let mut inner = rows.to_vec();
                        inner.push(row);
                        let heading = format!("{title} {}", index + 1);
                        let at = place_text(&AnswerPath {
                            question: path.question.clone(),
                            rows: inner.clone(),
                        });
                        self.inside(child, &inner, depth + 1, heading, at);
                    }
                    is_interrupted = true;
                }
                What::Root => {}
            }
        }
    }

    fn begin(&mut self, depth: usize, heading: &str, at: &str) -> usize {
        self.groups.push(GroupView {
            // What stands beside the outermost groups is as far out as they are.
            depth: depth.max(1),
            heading: heading.to_string(),
            at: at.to_string(),
            answers: Vec::new(),
        });
        self.groups.len() - 1
    }

    fn heading(&self, path: &AnswerPath, node: &Node, above: &str) -> String {
        let label = one_line(&self.interview.label(path, self.interview.language()));
        if !label.is_empty() {
            label
        } else if above.is_empty() {
            node.name.clone()
        } else {
            above.to_string()
        }
    }

    fn answer(&self, at: &AnswerPath, role: QuestionRole) -> Option<AnswerView> {
        let page = self.page;
        let state = self.interview.question(at)?;
        let conflict = page.conflict_at(at);
        let comments = page.comments_at(Some(at));
        let has_something = state.answer.is_some() || conflict.is_some() || !comments.is_empty();
        match role {
            // Asked and not answered: shown, so that the reviewer sees the gap.
            QuestionRole::Ask if has_something || state.relevant => {}
            QuestionRole::Calculate
            | QuestionRole::Start
            | QuestionRole::End
            | QuestionRole::Today
            | QuestionRole::DeviceId
            | QuestionRole::Username
            | QuestionRole::Note
                if has_something => {}
            _ => return None,
        }
        let label = one_line(&state.label);
        let name = last_name(&at.question).to_string();
        let missing = missing_words(state.answer.as_ref());
        Some(AnswerView {
            at: place_text(at),
            label: match role {
                _ if !label.is_empty() => label,
                QuestionRole::Start => "Interview began".into(),
                QuestionRole::End => "Interview ended".into(),
                QuestionRole::Today => "Day of the interview".into(),
                QuestionRole::DeviceId => "Device".into(),
                QuestionRole::Username => "Enumerator".into(),
                QuestionRole::Ask | QuestionRole::Note | QuestionRole::Calculate => name.clone(),
            },
            name,
            text: if missing.is_some() {
                String::new()
            } else {
                match &state.answer {
                    Some(Answer::Value(value)) => wording::in_words(value),
                    Some(Answer::Missing(_)) | None => None,
                }
                .unwrap_or_else(|| self.interview.answer_text(at))
            },
            missing,
            is_calculated: role == QuestionRole::Calculate,
            is_changed_since: page.changed_since.contains(at),
            is_irrelevant: !state.relevant,
            is_confirmed: state.confirmed,
            doubt: state.doubt.filter(|_| state.relevant),
            conflict,
            comments,
            link: link(state.answer.as_ref()),
        })
    }
}

fn last_name(path: &QuestionPath) -> &str {
    path.as_str().rsplit('/').next().unwrap_or_default()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn raw_words(answer: Option<&Answer>) -> String {
    match answer {
        Some(Answer::Value(value)) => text::to_odk_text(value),
        Some(Answer::Missing(_)) | None => String::new(),
    }
}

fn missing_words(answer: Option<&Answer>) -> Option<String> {
    match answer {
        Some(Answer::Missing(missing)) => Some(
            match missing {
                Missing::DontKnow => "Does not know",
                Missing::Refused => "Refused to answer",
                Missing::NotApplicable => "Does not apply",
                Missing::Skipped => "Skipped",
            }
            .to_string(),
        ),
        Some(Answer::Value(_)) | None => None,
    }
}

/// Positions open in whatever shows maps on the reader's machine; nothing is fetched by the page.
fn link(answer: Option<&Answer>) -> Option<String> {
    match answer {
        Some(Answer::Value(value @ Value::Geopoint(_))) => {
            let text = text::to_odk_text(value);
            let mut parts = text.split(' ');
            Some(format!("geo:{},{}", parts.next()?, parts.next()?))
        }
        Some(Answer::Value(_) | Answer::Missing(_)) | None => None,
    }
}
