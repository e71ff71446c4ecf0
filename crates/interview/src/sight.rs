//! What expressions see of a running interview.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};
use sampan_form::compiled::{Answers, Node, What};
use sampan_value::answer::{Answer, Missing, Value};
use sampan_value::text;
use sampan_xpath::eval::memory::Memory;
use sampan_xpath::resolve::NodeId;
use sampan_xpath::world::{Table, World};

use crate::calendar;
use crate::offers;
use crate::places::{FrameId, Places, Spot};
use crate::plan::Plan;
use crate::texts;

/// An interview as one evaluation sees it.
pub(crate) struct Sight<'a> {
    /// While a row of answers is judged as a choice: the answers, and the question that is to choose.
    pub(crate) chooser: Option<(Answers, Spot)>,
    pub(crate) last_saved: &'a BTreeMap<NodeId, String>,
    pub(crate) plan: &'a Plan,
    pub(crate) places: &'a Places,
    pub(crate) language: &'a str,
    pub(crate) properties: &'a BTreeMap<&'static str, String>,
    pub(crate) now: DateTime<FixedOffset>,
    /// Where the random bits of this evaluation have come to.
    pub(crate) chance: Cell<u64>,
    /// What is the same in all rows, while one task is run in them.
    pub(crate) memory: Option<&'a Memory<Spot>>,
}

impl<'a> Sight<'a> {
    /// The same, while a row of answers is judged as a choice of a question.
    pub(crate) fn choosing(&self, answers: Answers, select: Spot) -> Sight<'a> {
        Sight {
            chooser: Some((answers, select)),
            chance: self.chance.clone(),
            memory: None,
            ..*self
        }
    }

    /// The frame that an item is looked for from: what stands outside the judged rows is seen from the question that
    /// chooses.
    fn base(&self, node: &Node, from: &Spot) -> FrameId {
        match &self.chooser {
            Some((answers, select))
                if node.id != answers.around
                    && !node.repeats.contains(&answers.around)
                    && from.node == answers.around =>
            {
                select.frame
            }
            Some(_) | None => from.frame,
        }
    }

    fn row_of(&self, node: NodeId, frame: FrameId) -> bool {
        self.places.frame(frame).repeat == node && node.0 != 0
    }

    /// The frames in which an item stands, seen from a frame, if it is shown there.
    pub(crate) fn expand(
        &self,
        base: FrameId,
        repeats: &[NodeId],
        target: Option<NodeId>,
        found: &mut Vec<Spot>,
    ) {
        match repeats.split_first() {
            None => match target {
                Some(node) => {
                    let spot = Spot { node, frame: base };
                    if self.places.is_relevant(self.plan, spot) {
                        found.push(spot);
                    }
                }
                None => {
                    let node = self.places.frame(base).repeat;
                    found.push(Spot { node, frame: base });
                }
            },
            Some((repeat, inner)) => {
                if !self.places.is_relevant(
                    self.plan,
                    Spot {
                        node: *repeat,
                        frame: base,
                    },
                ) {
                    return;
                }
                for row in self.places.shown(base, *repeat) {
                    self.expand(*row, inner, target, found);
                }
            }
        }
    }

    fn relevant_answer(&self, spot: Spot) -> Option<&Answer> {
        let answer = self.places.cell(self.plan, spot)?.answer.as_ref()?;
        self.places.is_relevant(self.plan, spot).then_some(answer)
    }
}

impl World for Sight<'_> {
    type Node = Spot;

    fn root(&self) -> Spot {
        Spot {
            node: NodeId(0),
            frame: FrameId::INTERVIEW,
        }
    }

    fn nodes(&self, target: NodeId, from: &Spot) -> Vec<Spot> {
        let Some(node) = self.plan.form().get(target) else {
            return Vec::new();
        };
        // A repeat stands around its own rows: seen from inside one of them it is that row.
        let is_repeat = node.what == What::Repeat;
        let chain: Cow<'_, [NodeId]> = match is_repeat {
            true => node.repeats.iter().copied().chain([target]).collect(),
            false => Cow::Borrowed(&node.repeats),
        };
        let (base, depth) = self.places.common(self.base(node, from), &chain);
        let inner = chain.get(depth..).unwrap_or_default();
        // Seen from inside its own row an item is there even when it is not relevant: it is blank.
        if inner.is_empty() {
            return vec![Spot {
                node: target,
                frame: base,
            }];
        }
        let mut found = Vec::new();
        self.expand(base, inner, (!is_repeat).then_some(target), &mut found);
        found
    }

    fn node(&self, target: NodeId, from: &Spot) -> Option<Spot> {
        let node = self.plan.form().get(target)?;
        if node.what != What::Repeat {
            let (base, depth) = self.places.common(self.base(node, from), &node.repeats);
            if depth == node.repeats.len() {
                return Some(Spot {
                    node: target,
                    frame: base,
                });
            }
        }
        self.nodes(target, from).into_iter().next()
    }

    fn nth(&self, target: NodeId, from: &Spot, place: usize) -> Option<Spot> {
        let node = self.plan.form().get(target)?;
        let (base, depth) = self.places.common(from.frame, &node.repeats);
        let around = Spot {
            node: target,
            frame: base,
        };
        // A repeat seen from around it: its rows are at hand. Seen from inside a row it is that row.
        let is_at_hand = node.what == What::Repeat
            && depth == node.repeats.len()
            && !self.places.is_in(from.frame, target);
        if !is_at_hand {
            return self.nodes(target, from).into_iter().nth(place);
        }
        if !self.places.is_relevant(self.plan, around) {
            return None;
        }
        let frame = *self.places.shown(base, target).get(place)?;
        Some(Spot { node: target, frame })
    }

    fn text<'a>(&'a self, node: &Spot) -> Cow<'a, str> {
        if self.row_of(node.node, node.frame) {
            return Cow::Borrowed("");
        }
        match self.relevant_answer(*node) {
            Some(Answer::Value(Value::Text(text) | Value::Choice(text))) => Cow::Borrowed(text),
            Some(Answer::Value(value)) => Cow::Owned(text::to_odk_text(value)),
            Some(Answer::Missing(_)) | None => Cow::Borrowed(""),
        }
    }

    fn number(&self, node: &Spot) -> Option<f64> {
        match self.relevant_answer(*node)? {
            Answer::Value(Value::Integer(number)) => Some(*number as f64),
            Answer::Value(Value::Decimal(number)) => Some(number.to_f64()),
            Answer::Value(_) | Answer::Missing(_) => None,
        }
    }

    fn missing(&self, node: &Spot) -> Option<Missing> {
        match self.relevant_answer(*node)? {
            Answer::Missing(missing) => Some(*missing),
            Answer::Value(_) => None,
        }
    }

    fn name<'a>(&'a self, node: &Spot) -> Cow<'a, str> {
        Cow::Borrowed(
            self.plan
                .form()
                .get(node.node)
                .map(|node| node.name.as_str())
                .unwrap_or_default(),
        )
    }

    fn parent(&self, node: &Spot) -> Option<Spot> {
        let parent = self.plan.form().get(node.node)?.parent?;
        let frame = match self.row_of(node.node, node.frame) {
            true => self.places.frame(node.frame).around?,
            false => node.frame,
        };
        Some(Spot { node: parent, frame })
    }

    fn children(&self, node: &Spot) -> Vec<Spot> {
        let Some(item) = self.plan.form().get(node.node) else {
            return Vec::new();
        };
        if item.what == What::Repeat && !self.row_of(node.node, node.frame) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for child in &item.children {
            let spot = Spot {
                node: *child,
                frame: node.frame,
            };
            match self.plan.form().get(*child).map(|child| child.what) {
                Some(What::Repeat) => {
                    if self.places.is_relevant(self.plan, spot) {
                        found.extend(self.places.shown(node.frame, *child).iter().map(|row| Spot {
                            node: *child,
                            frame: *row,
                        }));
                    }
                }
                Some(What::Root | What::Group | What::Question { .. }) | None => found.push(spot),
            }
        }
        found
    }

    fn position(&self, node: &Spot) -> usize {
        match self.row_of(node.node, node.frame) {
            true => self.places.number(node.frame),
            false => 1,
        }
    }

    fn attributes(&self, node: &Spot) -> Vec<(String, String)> {
        self.plan.form().attributes(node.node)
    }

    fn table(&self, id: &str) -> Option<&dyn Table> {
        if let Some(document) = self.plan.form().document(id) {
            return Some(document);
        }
        if let Some(list) = self.plan.form().list(id) {
            return Some(list);
        }
        let table: &dyn Table = self.plan.tables().get(id)?.as_ref();
        Some(table)
    }

    fn itext(&self, id: &str) -> Option<String> {
        texts::text_of(self, id)
    }

    fn property(&self, name: &str) -> Option<String> {
        self.properties.get(name).cloned()
    }

    fn form_version(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.plan.form().def().version)
    }

    fn last_saved(&self, target: NodeId) -> Cow<'_, str> {
        Cow::Borrowed(
            self.last_saved
                .get(&target)
                .map(String::as_str)
                .unwrap_or_default(),
        )
    }

    fn month_name(&self, month: u32) -> Option<String> {
        // Not the language shown: what is computed must be the same for everyone.
        calendar::month(self.plan.form().languages().first()?, month).map(str::to_string)
    }

    fn day_name(&self, day: u32) -> Option<String> {
        calendar::day(self.plan.form().languages().first()?, day).map(str::to_string)
    }

    fn choice_label(&self, target: NodeId, from: &Spot, value: &str) -> Option<String> {
        let spot = self.node(target, from)?;
        offers::label_of(self, spot, value)
    }

    fn memory(&self) -> Option<&Memory<Spot>> {
        self.memory
    }

    fn now(&self) -> DateTime<FixedOffset> {
        self.now
    }

    fn random(&self) -> u64 {
        let state = self.chance.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.chance.set(state);
        mixed(state)
    }
}

/// Bits that look random, the same for the same input (the finaliser of splitmix64: each input bit moves half of the
/// output bits).
pub(crate) fn mixed(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}
