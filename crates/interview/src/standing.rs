//! Every item of a running interview as it stands, under places that people and drivers of tests read.
//!
//! A place is a path from the outermost element, in which each row of a repeat has its number now, from 1:
//! `/data/household/person[2]/age`. `/data/household/person` is the repeat as a whole.

use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset};
use sampan_form::compiled::What;
use sampan_form::def::{Event, Role};
use sampan_record::ids::RowId;
use sampan_record::op::Op;
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_value::answer::{Answer, Kind, Missing};
use sampan_value::text;
use sampan_xpath::eval::At;
use sampan_xpath::resolve::NodeId;

use crate::interview::Interview;
use crate::places::{FrameId, Spot};
use crate::queue::Queue;
use crate::running::Keeping;
use crate::view::{ChoiceView, ProblemKind};

/// One item at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Where: `/data/household/person[2]/age`.
    pub place: String,
    /// The same for the engine.
    pub at: AnswerPath,
    /// Which item of the form; the root's for the interview itself.
    pub node: NodeId,
    /// What it is.
    pub sort: Sort,
    /// Whether it is asked now, all groups and repeats around it included.
    pub relevant: bool,
    /// Its text, with `${}` filled in; None when it has none.
    pub label: Option<String>,
    /// How a question stands; None for groups, repeats and rows.
    pub question: Option<QuestionStanding>,
}

/// How a question stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuestionStanding {
    /// What it does.
    pub role: Role,
    /// The type of its answer.
    pub kind: Kind,
    /// The answer in ODK's text form, counted or not; empty when there is none, or a reason for none.
    pub text: String,
    /// The reason why there is no value.
    pub missing: Option<Missing>,
    /// Whether an answer is needed; never while it is not asked.
    pub required: bool,
    /// Whether the form says that it may not be changed by hand. (Nobody changes computed values by hand anyway.)
    pub read_only: bool,
    /// Whether it says so always.
    pub is_always_read_only: bool,
    /// What is wrong with it now, and the words for it.
    pub violation: Option<(ProblemKind, String)>,
    /// Short help; None when it has none.
    pub hint: Option<String>,
    /// What is offered; None when it has no choices.
    pub choices: Option<Vec<ChoiceView>>,
}

/// What an item of an interview is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// The interview.
    Root,
    /// A group.
    Group,
    /// A repeat as a whole.
    Repeat {
        /// Whether the form says how many rows it has.
        is_counted: bool,
    },
    /// One row of a repeat.
    Row,
    /// A question, note, calculation or metadata field.
    Question,
}

impl Interview {
    /// All items in the order of the form, asked or not, rows after their repeat. Without `with_choices` questions
    /// come without what they offer.
    pub fn standing(&self, with_choices: bool) -> Vec<Standing> {
        let form = self.plan.form();
        let root = Spot {
            node: form.root().id,
            frame: FrameId::INTERVIEW,
        };
        let place = format!("/{}", self.root_name());
        let mut all = vec![self.stands(root, place.clone(), Sort::Root, true, with_choices)];
        self.stand_in(root, &place, true, with_choices, &mut all);
        all
    }

    /// The name of the outermost element of the answers.
    pub fn root_name(&self) -> &str {
        match self.plan.form().def().root.as_str() {
            "" => "data",
            root => root,
        }
    }

    /// The place that a path means, asked or not; a repeat in the middle without a number means its first row. None
    /// when there is no such item or row now.
    pub fn place(&self, path: &str) -> Option<AnswerPath> {
        let mut steps = path.strip_prefix('/')?.trim_end_matches('/').split('/');
        let (root, root_row) = numbered(steps.next()?)?;
        if local(root) != self.root_name() || root_row.is_some_and(|row| row != 1) {
            return None;
        }
        let steps: Vec<&str> = steps.collect();
        let mut at = AnswerPath {
            question: QuestionPath::new(""),
            rows: Vec::new(),
        };
        let mut frame = FrameId::INTERVIEW;
        let mut names = String::new();
        for (depth, step) in steps.iter().enumerate() {
            let (name, row) = numbered(step)?;
            if !names.is_empty() {
                names.push('/');
            }
            names.push_str(name);
            let id = self.plan.form().find(&names)?;
            let node = self.plan.form().get(id)?;
            let is_last = depth + 1 == steps.len();
            match (node.what, row) {
                (What::Repeat, None) if is_last => {}
                (What::Repeat, row) => {
                    let index = row.unwrap_or(1).checked_sub(1)?;
                    frame = *self.places.shown(frame, id).get(index)?;
                    at.rows.push(self.places.frame(frame).row);
                }
                (_, None | Some(1)) => {}
                (_, Some(_)) => return None,
            }
        }
        at.question = QuestionPath::new(&names);
        Some(at)
    }

    /// Gives each repeat whose rows people add its first row, asked or not, unless it is among `known`; those that it
    /// looked at are noted there. That is how ODK's clients begin an interview (the event is then
    /// [`Event::FirstLoad`]) and each row. Returns what is to be kept.
    pub fn add_first_rows(
        &mut self,
        known: &mut BTreeSet<AnswerPath>,
        event: Event,
        now: DateTime<FixedOffset>,
    ) -> Vec<Op> {
        let plan = self.plan.clone();
        self.now = now;
        let mut ops = Vec::new();
        // A row may have repeats in it, and an answer in it may count rows that have some.
        loop {
            let mut bare = Vec::new();
            for frame in self.places.frames() {
                for repeat in &plan.layout(self.places.frame(frame).repeat).repeats {
                    let spot = Spot { node: *repeat, frame };
                    let is_by_hand = self
                        .places
                        .range(frame, *repeat)
                        .is_some_and(|range| range.count.is_none());
                    let is_usual = plan
                        .form()
                        .get(*repeat)
                        .is_some_and(|node| node.first_rows.is_none());
                    if is_by_hand
                        && is_usual
                        && known.insert(self.places.path(&plan, spot))
                        && self.places.rows(frame, *repeat).is_empty()
                    {
                        bare.push(spot);
                    }
                }
            }
            if bare.is_empty() {
                return ops;
            }
            for spot in bare {
                let row = RowId::added(1);
                let Ok(frame) = self.places.make_row(&plan, spot.frame, spot.node, row, 0) else {
                    continue;
                };
                ops.push(Op::AddRow {
                    repeat: self.places.path(&plan, spot),
                    row,
                    position: 0,
                });
                let inner = self.furnish(frame, event, None, &mut ops);
                let mut queue = Queue::default();
                for frame in std::iter::once(frame).chain(inner) {
                    self.frame_made(&mut queue, frame);
                }
                self.inside_changed(&mut queue, spot);
                self.run_all(queue, Keeping::Running, &mut ops);
            }
        }
    }

    fn stand_in(
        &self,
        around: Spot,
        place: &str,
        is_relevant: bool,
        with_choices: bool,
        all: &mut Vec<Standing>,
    ) {
        let Some(node) = self.plan.form().get(around.node) else {
            return;
        };
        for child in &node.children {
            let Some(item) = self.plan.form().get(*child) else {
                continue;
            };
            let spot = Spot {
                node: *child,
                frame: around.frame,
            };
            let is_relevant = is_relevant
                && self
                    .places
                    .cell(&self.plan, spot)
                    .is_some_and(|cell| cell.relevant);
            let place = format!("{place}/{}", item.name);
            let sort = match item.what {
                What::Question { .. } => Sort::Question,
                What::Group | What::Root => Sort::Group,
                What::Repeat => Sort::Repeat {
                    is_counted: item.count.is_some(),
                },
            };
            all.push(self.stands(spot, place.clone(), sort, is_relevant, with_choices));
            match item.what {
                What::Question { .. } => {}
                What::Group | What::Root => self.stand_in(spot, &place, is_relevant, with_choices, all),
                What::Repeat => {
                    for (number, row) in self.places.shown(spot.frame, *child).iter().enumerate() {
                        let spot = Spot {
                            node: *child,
                            frame: *row,
                        };
                        let place = format!("{place}[{}]", number + 1);
                        all.push(self.stands(spot, place.clone(), Sort::Row, is_relevant, with_choices));
                        self.stand_in(spot, &place, is_relevant, with_choices, all);
                    }
                }
            }
        }
    }

    /// Whether the form says of a question, or of a group around it, that it may not be changed by hand.
    fn says_read_only(&self, spot: Spot) -> bool {
        let form = self.plan.form();
        let around = std::iter::successors(form.get(spot.node), |node| form.get(node.parent?));
        around.filter_map(|node| node.read_only.as_ref()).any(|program| {
            let holds = program.eval_bool(&self.sight(spot), &At::node(spot));
            holds.unwrap_or(false)
        })
    }

    fn stands(&self, spot: Spot, place: String, sort: Sort, relevant: bool, with_choices: bool) -> Standing {
        let said = |text: String| (!text.is_empty()).then_some(text);
        let node = self.plan.form().get(spot.node);
        let question = node.and_then(|node| {
            let (role, kind) = node.question()?;
            let at = self.places.path(&self.plan, spot);
            let state = self.question(&at)?;
            let mut problems = Vec::new();
            if relevant {
                self.check(spot, &mut problems);
            }
            Some(QuestionStanding {
                role,
                kind,
                text: match &state.answer {
                    Some(Answer::Value(value)) => text::to_odk_text(value),
                    Some(Answer::Missing(_)) | None => String::new(),
                },
                missing: match &state.answer {
                    Some(Answer::Missing(missing)) => Some(*missing),
                    Some(Answer::Value(_)) | None => None,
                },
                required: state.required,
                read_only: role == Role::Note || self.says_read_only(spot),
                is_always_read_only: role == Role::Note
                    || node.read_only.as_ref().is_some_and(|program| {
                        let reads = program.reads_self() || program.reads_clock() || program.reads_chance();
                        program.dependencies().is_empty() && !reads && self.says_read_only(spot)
                    }),
                violation: problems
                    .into_iter()
                    .next()
                    .map(|problem| (problem.kind, problem.message)),
                hint: said(state.hint),
                choices: (state.has_choices && with_choices).then(|| self.choices(&at)),
            })
        });
        Standing {
            place,
            at: self.places.path(&self.plan, spot),
            node: spot.node,
            sort,
            relevant,
            label: said(self.label_at(spot)),
            question,
        }
    }
}

/// `person[2]` -> `person`, 2.
fn numbered(step: &str) -> Option<(&str, Option<usize>)> {
    match step.split_once('[') {
        None => Some((step, None)),
        Some((name, number)) => Some((name, Some(number.strip_suffix(']')?.parse().ok()?))),
    }
}

/// A name without its prefix.
fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}
