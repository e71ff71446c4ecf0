//! A form version with its tables and the order in which things are computed, made once and shared by all interviews.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::sync::Arc;

use sampan_form::compiled::{Form, Node, What};
use sampan_form::def::{Event, Role};
use sampan_form::external::Tables;
use sampan_xpath::program::Program;
use sampan_xpath::resolve::NodeId;

/// A form version ready to be asked.
#[derive(Debug)]
pub struct Plan {
    form: Arc<Form>,
    tables: Arc<Tables>,
    /// Per item: where its cell lies.
    places: Vec<CellPlace>,
    /// Per item that has rows (and the root): the items whose cells lie in one row of it, and the tasks run in it.
    layouts: Vec<Layout>,
    /// In the order in which they are run.
    tasks: Vec<Task>,
    /// Per item: the tasks that read its answer.
    readers: Vec<Vec<Rank>>,
    /// Per item: the tasks to run again when its relevance or its rows change.
    readers_below: Vec<Vec<Rank>>,
    /// Per item: the actions that run when its answer changes, as item and number.
    triggered: Vec<Vec<(NodeId, usize)>>,
    /// Per item: how its answer comes about.
    sources: Vec<Source>,
    /// Per item: which items may lock it.
    locks: Vec<Vec<NodeId>>,
}

/// The place of a task in the order of computing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Rank(pub(crate) u32);

/// One thing to compute, for each row that its item stands in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Task {
    /// The item.
    pub(crate) node: NodeId,
    /// What of it.
    pub(crate) what: Computes,
    /// The repeat in whose rows it is run; the root outside repeats.
    pub(crate) owner: NodeId,
    /// Whether it may read other rows of a repeat it stands in, so that a change in any row concerns all rows.
    pub(crate) looks_around: bool,
    /// Whether it reads its own item in other rows, so that a change of its value concerns itself.
    pub(crate) follows_itself: bool,
    /// Whether it may read its own item in other rows.
    pub(crate) reads_own_rows: bool,
    /// Whether its result is a text of the form, in the language shown.
    pub(crate) reads_language: bool,
}

/// What a task computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Computes {
    /// Whether the item is asked.
    Relevance,
    /// How many rows it has.
    Rows,
    /// Its answer.
    Answer,
}

impl Task {
    /// Whether its rows read each other, any of them any other.
    pub(crate) fn is_swept(&self) -> bool {
        self.follows_itself && self.looks_around
    }
}

/// How the answer of an item comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    /// Groups, repeats, notes without a calculation: there is none.
    Nothing,
    /// By a person, or written by the program once.
    Given,
    /// Computed, and computed anew by whoever has the other answers: never kept.
    Computed,
    /// Computed when something it reads changes, and kept, because computing it again would give something else
    /// (clock, chance, its own last value) or because a person may change it.
    Kept,
}

#[derive(Debug, Clone, Copy)]
struct CellPlace {
    owner: NodeId,
    slot: u32,
}

/// What one row of a repeat (or the interview outside repeats) consists of.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    /// The items whose cells it has, by slot.
    pub(crate) cells: Vec<NodeId>,
    /// The repeats directly in it.
    pub(crate) repeats: Vec<NodeId>,
    /// What is computed in it.
    pub(crate) tasks: Vec<Rank>,
}

impl Plan {
    /// Prepares a form version with its files; keep it for as long as the version is in use.
    pub fn new(form: Arc<Form>, tables: Arc<Tables>) -> Plan {
        let n_nodes = form.nodes().len();
        let mut plan = Plan {
            places: Vec::with_capacity(n_nodes),
            layouts: form.nodes().iter().map(|_| Layout::default()).collect(),
            tasks: Vec::new(),
            readers: vec![Vec::new(); n_nodes],
            readers_below: vec![Vec::new(); n_nodes],
            triggered: vec![Vec::new(); n_nodes],
            sources: form.nodes().iter().map(source).collect(),
            locks: form.nodes().iter().map(|node| locks(&form, node)).collect(),
            form,
            tables,
        };
        plan.lay_out();
        plan.order_tasks();
        plan.note_triggers();
        plan
    }

    /// The form.
    pub fn form(&self) -> &Arc<Form> {
        &self.form
    }

    /// The files of the form, by instance id.
    pub fn tables(&self) -> &Arc<Tables> {
        &self.tables
    }

    /// The innermost repeat around an item, in whose rows its cells lie; the root outside repeats.
    pub(crate) fn owner(&self, node: NodeId) -> NodeId {
        self.places
            .get(index(node))
            .map(|place| place.owner)
            .unwrap_or(NodeId(0))
    }

    /// The index of an item's cell in a row of its owner.
    pub(crate) fn slot(&self, node: NodeId) -> usize {
        self.places
            .get(index(node))
            .map(|place| place.slot as usize)
            .unwrap_or(usize::MAX)
    }

    /// What a row of a repeat consists of, or the interview outside repeats.
    pub(crate) fn layout(&self, owner: NodeId) -> &Layout {
        self.layouts
            .get(index(owner))
            .expect("each item has a layout, most an empty one")
    }

    pub(crate) fn task(&self, rank: Rank) -> Option<&Task> {
        self.tasks.get(rank.0 as usize)
    }

    pub(crate) fn readers(&self, node: NodeId) -> &[Rank] {
        self.readers.get(index(node)).map(Vec::as_slice).unwrap_or(&[])
    }

    pub(crate) fn readers_below(&self, node: NodeId) -> &[Rank] {
        self.readers_below
            .get(index(node))
            .map(Vec::as_slice)
            .unwrap_or(&[])
    }

    pub(crate) fn triggered(&self, node: NodeId) -> &[(NodeId, usize)] {
        self.triggered.get(index(node)).map(Vec::as_slice).unwrap_or(&[])
    }

    /// The items that may say that an item cannot be changed by hand: itself, and what it stands in.
    pub(crate) fn locks(&self, node: NodeId) -> &[NodeId] {
        self.locks.get(index(node)).map(Vec::as_slice).unwrap_or(&[])
    }

    fn note_triggers(&mut self) {
        for node in self.form.nodes() {
            for (number, action) in node.actions.iter().enumerate() {
                let of = action.of.filter(|_| action.events.contains(&Event::ValueChanged));
                if let Some(triggered) = of.and_then(|of| self.triggered.get_mut(index(of))) {
                    triggered.push((node.id, number));
                }
            }
        }
    }

    pub(crate) fn source(&self, node: NodeId) -> Source {
        self.sources.get(index(node)).copied().unwrap_or(Source::Nothing)
    }

    fn lay_out(&mut self) {
        for node in self.form.nodes() {
            let owner = node.repeats.last().copied().unwrap_or(NodeId(0));
            let Some(layout) = self.layouts.get_mut(index(owner)) else {
                continue;
            };
            self.places.push(CellPlace {
                owner,
                slot: u32::try_from(layout.cells.len()).expect("node ids have 32 bits"),
            });
            layout.cells.push(node.id);
            if node.what == What::Repeat {
                layout.repeats.push(node.id);
            }
        }
    }

    /// Finds all tasks and sorts them so that each comes after everything it reads.
    fn order_tasks(&mut self) {
        let form = self.form.clone();
        let mut tasks: Vec<(Task, &Program)> = Vec::new();
        for node in form.nodes() {
            let programs = [
                (Computes::Relevance, node.relevant.as_ref()),
                (Computes::Rows, node.count.as_ref()),
                (
                    Computes::Answer,
                    node.calculation.as_ref().filter(|_| node.trigger.is_empty()),
                ),
            ];
            for (what, program) in programs {
                let Some(program) = program else { continue };
                let owner = self.owner(node.id);
                let looks_around = program.looks_around();
                tasks.push((
                    Task {
                        node: node.id,
                        what,
                        owner,
                        looks_around,
                        follows_itself: what == Computes::Answer && program.reads_own_rows(),
                        reads_own_rows: program.reads_own_rows(),
                        reads_language: program.reads_language(),
                    },
                    program,
                ));
            }
        }
        let mut of_node: Vec<[Option<usize>; 3]> = vec![[None; 3]; form.nodes().len()];
        for (number, (task, _)) in tasks.iter().enumerate() {
            if let Some(slot) = of_node
                .get_mut(index(task.node))
                .and_then(|slots| slots.get_mut(task.what as usize))
            {
                *slot = Some(number);
            }
        }
        let task_of = |node: NodeId, what: Computes| {
            of_node
                .get(index(node))
                .and_then(|slots| slots.get(what as usize))
                .copied()
                .flatten()
        };

        // Edges: everything that decides what a reading task sees of an item.
        let mut before: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); tasks.len()];
        for (number, (task, program)) in tasks.iter().enumerate() {
            let Some(before) = before.get_mut(number) else {
                continue;
            };
            for read in program.dependencies() {
                before.extend(task_of(*read, Computes::Answer));
                before.extend(task_of(*read, Computes::Rows));
                before.extend(task_of(*read, Computes::Relevance));
                for around in around(&form, *read) {
                    before.extend(task_of(around, Computes::Rows));
                    before.extend(task_of(around, Computes::Relevance));
                }
            }
            for repeat in form
                .get(task.node)
                .map(|node| node.repeats.as_slice())
                .unwrap_or_default()
            {
                before.extend(task_of(*repeat, Computes::Rows));
            }
            if task.what == Computes::Answer && self.source(task.node) == Source::Kept {
                before.extend(task_of(task.node, Computes::Relevance));
                for around in around(&form, task.node) {
                    before.extend(task_of(around, Computes::Relevance));
                }
            }
            before.remove(&number);
        }
        let order = sorted(&before);
        let mut ranks = vec![Rank(0); tasks.len()];
        for (rank, number) in order.iter().enumerate() {
            if let Some(slot) = ranks.get_mut(*number) {
                *slot = Rank(u32::try_from(rank).expect("there are at most three tasks an item"));
            }
        }
        self.tasks = order
            .iter()
            .filter_map(|number| tasks.get(*number))
            .map(|(task, _)| *task)
            .collect();

        for ((task, program), rank) in tasks.iter().zip(&ranks) {
            for read in program.dependencies() {
                if let Some(readers) = self.readers.get_mut(index(*read)) {
                    readers.push(*rank);
                }
                self.note_below(&form, *read, *rank);
            }
            if task.follows_itself
                && let Some(readers) = self.readers.get_mut(index(task.node))
            {
                readers.push(*rank);
            }
            let is_kept = task.what == Computes::Answer && self.source(task.node) == Source::Kept;
            if is_kept || task.follows_itself {
                self.note_below(&form, task.node, *rank);
            }
        }
        for rank in self
            .tasks
            .iter()
            .enumerate()
            .filter_map(|(rank, _)| u32::try_from(rank).ok())
            .map(Rank)
        {
            let Some(owner) = self.task(rank).map(|task| task.owner) else {
                continue;
            };
            if let Some(layout) = self.layouts.get_mut(index(owner)) {
                layout.tasks.push(rank);
            }
        }
        for ranks in self.readers.iter_mut().chain(&mut self.readers_below) {
            ranks.sort_unstable();
            ranks.dedup();
        }
    }

    /// A task is to be run again when the relevance or the rows of an item or of anything around it change.
    fn note_below(&mut self, form: &Form, node: NodeId, rank: Rank) {
        for at in std::iter::once(node).chain(around(form, node)) {
            if let Some(readers) = self.readers_below.get_mut(index(at)) {
                readers.push(rank);
            }
        }
    }
}

/// What stands around an item, from the inside out, without the root.
pub(crate) fn around(form: &Form, node: NodeId) -> impl Iterator<Item = NodeId> {
    let parent = |node: NodeId| {
        form.get(node)
            .and_then(|node| node.parent)
            .filter(|parent| parent.0 != 0)
    };
    std::iter::successors(parent(node), move |at| parent(*at))
}

fn index(node: NodeId) -> usize {
    node.0 as usize
}

fn source(node: &Node) -> Source {
    let Some((role, _)) = node.question() else {
        return Source::Nothing;
    };
    if !node.trigger.is_empty() {
        return Source::Given;
    }
    let Some(calculation) = &node.calculation else {
        return match role {
            Role::Note => Source::Nothing,
            Role::Ask
            | Role::Calculate
            | Role::Start
            | Role::End
            | Role::Today
            | Role::DeviceId
            | Role::Username => Source::Given,
        };
    };
    // What an action sets stands until the calculation runs again.
    if !node.actions.is_empty() || calculation.reads_chance() || calculation.reads_clock() {
        return Source::Kept;
    }
    if calculation.reads_self() && !calculation.reads_own_rows() {
        return Source::Kept;
    }
    match role {
        Role::Ask if node.read_only.is_none() => Source::Kept,
        Role::Ask | Role::Note | Role::Calculate => Source::Computed,
        Role::Start | Role::End | Role::Today | Role::DeviceId | Role::Username => Source::Given,
    }
}

/// Numbers so that each comes after those before it, smallest first where that leaves a choice. What lies on a circle
/// (a form with one does not compile) comes last, in its own order.
fn sorted(before: &[BTreeSet<usize>]) -> Vec<usize> {
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); before.len()];
    let mut waits: Vec<usize> = before.iter().map(BTreeSet::len).collect();
    for (number, firsts) in before.iter().enumerate() {
        for first in firsts {
            if let Some(after) = after.get_mut(*first) {
                after.push(number);
            }
        }
    }
    let mut ready: BinaryHeap<Reverse<usize>> = waits
        .iter()
        .enumerate()
        .filter(|(_, waits)| **waits == 0)
        .map(|(number, _)| Reverse(number))
        .collect();
    let mut order = Vec::with_capacity(before.len());
    while let Some(Reverse(number)) = ready.pop() {
        order.push(number);
        for next in after.get(number).into_iter().flatten() {
            if let Some(waits) = waits.get_mut(*next) {
                *waits = waits.saturating_sub(1);
                if *waits == 0 {
                    ready.push(Reverse(*next));
                }
            }
        }
    }
    let done: BTreeSet<usize> = order.iter().copied().collect();
    order.extend((0..before.len()).filter(|number| !done.contains(number)));
    order
}

/// What may say that an item cannot be changed by hand.
fn locks(form: &Form, node: &Node) -> Vec<NodeId> {
    let own = std::iter::once(node.id).chain(around(form, node.id));
    own.filter(|id| form.get(*id).is_some_and(|node| node.read_only.is_some()))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::sorted;

    #[test]
    fn each_comes_after_those_before_it_and_a_circle_comes_last() {
        for (before, expected) in [
            (vec![vec![], vec![]], vec![0, 1]),
            (vec![vec![1], vec![]], vec![1, 0]),
            (vec![vec![2], vec![0], vec![]], vec![2, 0, 1]),
            (vec![vec![1], vec![0], vec![]], vec![2, 0, 1]),
        ] {
            let before: Vec<BTreeSet<usize>> = before
                .into_iter()
                .map(|firsts| firsts.into_iter().collect())
                .collect();
            assert_eq!(sorted(&before), expected, "{before:?}");
        }
    }
}
