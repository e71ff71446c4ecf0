//! What comes on which screen, and what comes next.

use sampan_form::compiled::{Node, What};
use sampan_form::def::Role;
use sampan_record::path::AnswerPath;
use sampan_xpath::resolve::NodeId;

use crate::facts::ROWS;
use crate::interview::Interview;
use crate::places::{FrameId, Spot};
use crate::view::{Heading, Position, Problem, Screen};

/// One screen as a place in the order of the interview.
#[derive(Debug)]
struct Stop {
    order: Order,
    what: StopAt,
}

#[derive(Debug, Clone, Copy)]
enum StopAt {
    Question(Spot),
    Together(Spot),
    AddRow(Spot),
    End,
}

/// Where something stands in the order of the interview: per repeat around it the repeat's item and the row's index,
/// then the item itself. Items are numbered in the order of the form, so this sorts as screens come.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Order(Vec<u32>);

impl Order {
    fn end() -> Order {
        Order(vec![u32::MAX])
    }
}

impl Interview {
    /// The first screen; [`Position::End`] when nothing is asked.
    pub fn first(&self) -> Screen {
        let stops = self.stops();
        self.show(stops.first().map(|stop| stop.what).unwrap_or(StopAt::End))
    }

    /// The screen after a position; at the end it stays there.
    pub fn next(&self, position: &Position) -> Screen {
        let order = self.order_of(position);
        let next = self.stops().into_iter().find(|stop| stop.order > order);
        self.show(next.map(|stop| stop.what).unwrap_or(StopAt::End))
    }

    /// The screen before a position; None before the first.
    pub fn previous(&self, position: &Position) -> Option<Screen> {
        let order = self.order_of(position);
        let previous = self.stops().into_iter().rev().find(|stop| stop.order < order)?;
        Some(self.show(previous.what))
    }

    /// The screen at a position, or the next one when nothing is asked there any more.
    pub fn screen(&self, position: &Position) -> Screen {
        let order = self.order_of(position);
        let here = self.stops().into_iter().find(|stop| stop.order >= order);
        self.show(here.map(|stop| stop.what).unwrap_or(StopAt::End))
    }

    /// All screens in order, the end among them.
    pub fn screens(&self) -> Vec<Position> {
        self.stops()
            .into_iter()
            .map(|stop| self.position(stop.what))
            .collect()
    }

    /// The position at which a question, or whether to add a row to a repeat, is asked; the end when it is not.
    pub fn position_of(&self, at: &AnswerPath) -> Position {
        let Some(spot) = self.places.find(&self.plan, at) else {
            return Position::End;
        };
        let position = match self.together(spot) {
            Some(around) => StopAt::Together(around),
            None => match self.plan.form().get(spot.node).map(|node| node.what) {
                Some(What::Question { .. }) => StopAt::Question(spot),
                Some(What::Repeat) if at.rows.len() == self.n_around(spot.node) => StopAt::AddRow(spot),
                Some(What::Repeat | What::Group | What::Root) | None => {
                    let order = self.order(spot);
                    let inside = self.stops().into_iter().find(|stop| stop.order >= order);
                    inside.map(|stop| stop.what).unwrap_or(StopAt::End)
                }
            },
        };
        match self.places.is_relevant(&self.plan, spot) {
            true => self.position(position),
            false => Position::End,
        }
    }

    /// Where to go on after a break: the first screen with a question that has neither an answer nor a missing state;
    /// the end when there is none.
    pub fn first_unanswered(&self) -> Position {
        self.stops()
            .into_iter()
            .find(|stop| {
                self.spots_of(stop.what)
                    .into_iter()
                    .any(|spot| self.is_open(spot))
            })
            .map(|stop| self.position(stop.what))
            .unwrap_or(Position::End)
    }

    /// What stands in the way of leaving a screen forwards: the blocking problems of its questions.
    pub fn problems_at(&self, position: &Position) -> Vec<Problem> {
        let order = self.order_of(position);
        let Some(stop) = self.stops().into_iter().find(|stop| stop.order == order) else {
            return Vec::new();
        };
        let mut problems = Vec::new();
        for spot in self.spots_of(stop.what) {
            self.check(spot, &mut problems);
        }
        problems.retain(|problem| problem.kind.blocks());
        problems
    }

    /// Whether a question waits for its first answer.
    fn is_open(&self, spot: Spot) -> bool {
        let Some(node) = self.plan.form().get(spot.node) else {
            return false;
        };
        matches!(node.question(), Some((Role::Ask, _)))
            && self
                .places
                .cell(&self.plan, spot)
                .is_some_and(|cell| cell.answer.is_none())
            && !self.is_read_only(spot, node)
    }

    fn n_around(&self, node: NodeId) -> usize {
        self.plan
            .form()
            .get(node)
            .map(|node| node.repeats.len())
            .unwrap_or(0)
    }

    /// Every screen, in order, the end last.
    fn stops(&self) -> Vec<Stop> {
        let mut stops = Vec::new();
        let root = Spot {
            node: NodeId(0),
            frame: FrameId::INTERVIEW,
        };
        self.stops_in(root, false, &mut Vec::new(), &mut stops);
        stops.push(Stop {
            order: Order::end(),
            what: StopAt::End,
        });
        stops
    }

    /// The screens inside a group or row. `on_screen`: its questions stand on a screen already, only repeats are left.
    fn stops_in(&self, around: Spot, on_screen: bool, order: &mut Vec<u32>, stops: &mut Vec<Stop>) {
        let Some(node) = self.plan.form().get(around.node) else {
            return;
        };
        let mut on_screen = on_screen;
        if !on_screen && is_together(node) {
            on_screen = true;
            if !self.spots_of(StopAt::Together(around)).is_empty() {
                // A row's own order ends with its index, a group's with its item.
                let mut own = order.clone();
                if node.what != What::Repeat {
                    own.push(node.id.0);
                }
                stops.push(Stop {
                    order: Order(own),
                    what: StopAt::Together(around),
                });
            }
        }
        for child in &node.children {
            let spot = Spot {
                node: *child,
                frame: around.frame,
            };
            if !self
                .places
                .cell(&self.plan, spot)
                .is_some_and(|cell| cell.relevant)
            {
                continue;
            }
            let Some(item) = self.plan.form().get(*child) else {
                continue;
            };
            match item.what {
                What::Question {
                    role: Role::Ask | Role::Note,
                    ..
                } if !on_screen => {
                    let mut own = order.clone();
                    own.push(child.0);
                    stops.push(Stop {
                        order: Order(own),
                        what: StopAt::Question(spot),
                    });
                }
                What::Question { .. } => {}
                What::Group | What::Root => self.stops_in(spot, on_screen, order, stops),
                What::Repeat => self.stops_of_rows(spot, item, order, stops),
            }
        }
    }

    fn stops_of_rows(&self, spot: Spot, node: &Node, order: &mut Vec<u32>, stops: &mut Vec<Stop>) {
        let rows = self.places.shown(spot.frame, spot.node);
        order.push(spot.node.0);
        for (index, row) in rows.iter().enumerate() {
            order.push(u32::try_from(index).unwrap_or(u32::MAX));
            self.stops_in(
                Spot {
                    node: spot.node,
                    frame: *row,
                },
                false,
                order,
                stops,
            );
            order.pop();
        }
        if node.count.is_none() && rows.len() < ROWS {
            order.push(u32::MAX);
            stops.push(Stop {
                order: Order(order.clone()),
                what: StopAt::AddRow(spot),
            });
            order.pop();
        }
        order.pop();
    }

    /// The outermost group or row around a place that stands on one screen.
    fn together(&self, spot: Spot) -> Option<Spot> {
        let mut found = None;
        let mut at = Some(spot);
        while let Some(spot) = at {
            let node = self.plan.form().get(spot.node)?;
            let is_row = node.what == What::Repeat && self.places.frame(spot.frame).repeat == spot.node;
            if is_together(node) && (node.what != What::Repeat || is_row) {
                found = Some(spot);
            }
            // A repeat inside such a group has screens of its own.
            if is_row {
                return found;
            }
            at = node.parent.map(|parent| Spot {
                node: parent,
                frame: spot.frame,
            });
            if at.is_some_and(|at| at.node.0 == 0 && at.frame != FrameId::INTERVIEW) {
                return found;
            }
        }
        found
    }

    /// The questions and notes on a screen.
    fn spots_of(&self, stop: StopAt) -> Vec<Spot> {
        match stop {
            StopAt::Question(spot) => vec![spot],
            StopAt::Together(spot) => {
                let mut spots = Vec::new();
                self.on_screen(spot, &mut spots);
                spots
            }
            StopAt::AddRow(_) | StopAt::End => Vec::new(),
        }
    }

    fn on_screen(&self, around: Spot, spots: &mut Vec<Spot>) {
        let Some(node) = self.plan.form().get(around.node) else {
            return;
        };
        for child in &node.children {
            let spot = Spot {
                node: *child,
                frame: around.frame,
            };
            if !self
                .places
                .cell(&self.plan, spot)
                .is_some_and(|cell| cell.relevant)
            {
                continue;
            }
            match self.plan.form().get(*child).map(|child| child.what) {
                Some(What::Question {
                    role: Role::Ask | Role::Note,
                    ..
                }) => spots.push(spot),
                Some(What::Group | What::Root) => self.on_screen(spot, spots),
                Some(What::Question { .. } | What::Repeat) | None => {}
            }
        }
    }

    fn position(&self, stop: StopAt) -> Position {
        match stop {
            StopAt::Question(spot) => Position::Question(self.places.path(&self.plan, spot)),
            StopAt::Together(spot) => Position::Together(self.places.path(&self.plan, spot)),
            StopAt::AddRow(spot) => Position::AddRow(self.places.path(&self.plan, spot)),
            StopAt::End => Position::End,
        }
    }

    fn show(&self, stop: StopAt) -> Screen {
        let spot = match stop {
            StopAt::Question(spot) | StopAt::Together(spot) | StopAt::AddRow(spot) => Some(spot),
            StopAt::End => None,
        };
        let is_table = match stop {
            StopAt::Together(spot) => self
                .plan
                .form()
                .get(spot.node)
                .is_some_and(|node| node.looks("table-list")),
            StopAt::Question(_) | StopAt::AddRow(_) | StopAt::End => false,
        };
        Screen {
            position: self.position(stop),
            headings: spot.map(|spot| self.headings(spot, stop)).unwrap_or_default(),
            questions: self
                .spots_of(stop)
                .into_iter()
                .map(|spot| self.places.path(&self.plan, spot))
                .collect(),
            add_row_label: match stop {
                StopAt::AddRow(spot) => Some(self.label_at(spot)),
                StopAt::Question(_) | StopAt::Together(_) | StopAt::End => None,
            },
            is_table,
        }
    }

    /// The groups and rows around what is shown, outermost first, those without a label and row left out.
    fn headings(&self, spot: Spot, stop: StopAt) -> Vec<Heading> {
        let form = self.plan.form();
        let mut headings = Vec::new();
        let mut at = match stop {
            StopAt::Together(_) => Some(spot),
            StopAt::Question(_) | StopAt::AddRow(_) | StopAt::End => {
                form.get(spot.node).and_then(|node| node.parent).map(|node| Spot {
                    node,
                    frame: spot.frame,
                })
            }
        };
        while let Some(spot) = at {
            let Some(node) = form.get(spot.node) else { break };
            let frame = self.places.frame(spot.frame);
            let mut row = None;
            let mut outside = spot.frame;
            if let (What::Repeat, Some(around)) = (node.what, frame.around) {
                let rows = self.places.shown(around, spot.node);
                row = rows
                    .iter()
                    .position(|row| *row == spot.frame)
                    .map(|index| (index + 1, rows.len()));
                outside = around;
            }
            let label = self.label_at(spot);
            if node.what != What::Root && (row.is_some() || !label.is_empty()) {
                headings.push(Heading {
                    at: self.places.path(&self.plan, spot),
                    label,
                    row,
                });
            }
            at = node.parent.map(|parent| Spot {
                node: parent,
                frame: outside,
            });
        }
        headings.reverse();
        headings
    }

    /// Where a place stands in the order of the interview.
    pub(crate) fn order(&self, spot: Spot) -> Order {
        let mut order = Vec::new();
        for id in self.places.chain(spot.frame) {
            let frame = self.places.frame(id);
            if frame.around.is_none() {
                continue;
            }
            let index = self.places.number(id).saturating_sub(1);
            order.extend([frame.repeat.0, u32::try_from(index).unwrap_or(u32::MAX)]);
        }
        let is_row = self.places.frame(spot.frame).repeat == spot.node && spot.node.0 != 0;
        if !is_row {
            order.push(spot.node.0);
        }
        Order(order)
    }

    /// The same for an item by its path.
    pub(crate) fn order_of_question(&self, at: &AnswerPath) -> Order {
        self.places
            .find(&self.plan, at)
            .map(|spot| self.order(spot))
            .unwrap_or_else(Order::end)
    }

    /// The same for a position that may not be there any more: then as near as can be.
    fn order_of(&self, position: &Position) -> Order {
        let at = match position {
            Position::End => return Order::end(),
            Position::Question(at) | Position::Together(at) | Position::AddRow(at) => at,
        };
        let is_prompt = matches!(position, Position::AddRow(_));
        match self.places.find(&self.plan, at) {
            Some(spot) if is_prompt => {
                let mut order = self.order(spot);
                order.0.push(u32::MAX);
                order
            }
            Some(spot) => self.order(self.together(spot).unwrap_or(spot)),
            // A row is gone: the nearest is the first thing in the repeat it stood in.
            None => match self
                .plan
                .form()
                .find(at.question.as_str())
                .and_then(|id| self.plan.form().get(id))
            {
                Some(node) => self.order_of_lost(node, at),
                None => Order(vec![0]),
            },
        }
    }

    fn order_of_lost(&self, node: &Node, at: &AnswerPath) -> Order {
        let mut order = Vec::new();
        let mut frame = FrameId::INTERVIEW;
        for (repeat, row) in node.repeats.iter().chain(std::iter::once(&node.id)).zip(&at.rows) {
            order.push(repeat.0);
            match self.places.row(frame, *repeat, *row) {
                Some(found) => {
                    let index = self.places.number(found).saturating_sub(1);
                    order.push(u32::try_from(index).unwrap_or(u32::MAX));
                    frame = found;
                }
                None => break,
            }
        }
        Order(order)
    }
}

fn is_together(node: &Node) -> bool {
    matches!(node.what, What::Group | What::Repeat) && (node.looks("field-list") || node.looks("table-list"))
}
