//! In which order a form computes, and which items read each other in a circle.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

use sampan_xpath::resolve::NodeId;

use crate::compiled::Node;
use crate::def::Origin;
use crate::problem::{Problem, Severity};

/// Most circles that are reported for one form.
const CIRCLES: usize = 20;
/// Most circles that are opened in one form.
const OPENED: usize = 100;

/// One item reads another, or stands in it.
pub(super) struct Edge {
    /// What is read.
    pub(super) from: NodeId,
    /// What reads it.
    pub(super) to: NodeId,
    /// The cell of the reading expression; None when `to` stands in `from`.
    pub(super) cell: Option<Origin>,
}

/// Items so that each comes after all it reads, in document order where that leaves a choice; or the circles.
pub(super) fn order(nodes: &[Node], edges: &[Edge]) -> Result<Vec<NodeId>, Vec<Problem>> {
    let mut waits = vec![0_usize; nodes.len()];
    let mut readers: Vec<Vec<NodeId>> = vec![Vec::new(); nodes.len()];
    for edge in edges {
        if let (Some(waits), Some(readers)) = (
            waits.get_mut(edge.to.0 as usize),
            readers.get_mut(edge.from.0 as usize),
        ) {
            *waits += 1;
            readers.push(edge.to);
        }
    }
    let mut ready: BinaryHeap<Reverse<NodeId>> = nodes
        .iter()
        .filter(|node| waits.get(node.id.0 as usize) == Some(&0))
        .map(|node| Reverse(node.id))
        .collect();
    let mut order = Vec::with_capacity(nodes.len());
    while let Some(Reverse(next)) = ready.pop() {
        order.push(next);
        for reader in readers.get(next.0 as usize).into_iter().flatten() {
            if let Some(waits) = waits.get_mut(reader.0 as usize) {
                *waits -= 1;
                if *waits == 0 {
                    ready.push(Reverse(*reader));
                }
            }
        }
    }
    if order.len() == nodes.len() {
        return Ok(order);
    }
    let mut left: BTreeSet<NodeId> = nodes
        .iter()
        .map(|node| node.id)
        .filter(|id| waits.get(id.0 as usize).is_some_and(|waits| *waits > 0))
        .collect();
    let mut problems = Vec::new();
    while problems.len() < CIRCLES {
        let Some(circle) = circle(&mut left, edges) else {
            break;
        };
        for edge in &circle {
            left.remove(&edge.to);
        }
        problems.push(report(nodes, &circle));
    }
    Err(problems)
}

/// Takes edges out until no group's relevance waits for what is inside the group, and says which.
pub(super) fn open(nodes: &[Node], edges: &mut Vec<Edge>) -> Vec<Problem> {
    let mut problems = Vec::new();
    // Taking an edge out makes no new circle: what was on none stays out.
    let mut left: BTreeSet<NodeId> = nodes.iter().map(|node| node.id).collect();
    let mut n_closed = 0;
    while problems.len() < OPENED && n_closed < CIRCLES {
        let Some(circle) = circle(&mut left, edges) else {
            break;
        };
        // What is read must stand, however deep, in what reads it.
        let read = circle.iter().find(|edge| {
            edge.cell.is_some() && edge.from != edge.to && circle.iter().any(|other| other.cell.is_none())
        });
        let Some(edge) = read else {
            // Nothing opens this one, and the form fails by it.
            n_closed += 1;
            for edge in &circle {
                left.remove(&edge.to);
            }
            continue;
        };
        let (from, to) = (edge.from, edge.to);
        let mut problem = report(nodes, &circle);
        problem.severity = Severity::Mended;
        problem
            .message
            .push_str("; the first is judged by what was there before");
        problems.push(problem);
        edges.retain(|edge| edge.cell.is_none() || edge.from != from || edge.to != to);
    }
    problems
}

/// A circle among the items left, a short one if there are several; None when there is none. Items that lie on no
/// circle are taken out of those left.
fn circle<'a>(left: &mut BTreeSet<NodeId>, edges: &'a [Edge]) -> Option<Vec<&'a Edge>> {
    let mut out: BTreeMap<NodeId, Vec<&Edge>> = BTreeMap::new();
    let mut into: BTreeMap<NodeId, Vec<&Edge>> = BTreeMap::new();
    for edge in edges
        .iter()
        .filter(|edge| left.contains(&edge.from) && left.contains(&edge.to))
    {
        out.entry(edge.from).or_default().push(edge);
        into.entry(edge.to).or_default().push(edge);
    }
    // What is left lies on a circle or is reached from one: cut off what leads nowhere.
    let mut ways: BTreeMap<NodeId, usize> = out.iter().map(|(id, edges)| (*id, edges.len())).collect();
    let mut ends: Vec<NodeId> = left.iter().copied().filter(|id| !ways.contains_key(id)).collect();
    while let Some(end) = ends.pop() {
        left.remove(&end);
        for edge in into.get(&end).into_iter().flatten() {
            if let Some(ways) = ways.get_mut(&edge.from) {
                *ways -= 1;
                if *ways == 0 {
                    ends.push(edge.from);
                }
            }
        }
    }
    // Every item left leads to another one left, so a walk must come back to where it was.
    let mut at = left.first().copied()?;
    let mut seen = BTreeSet::new();
    while seen.insert(at) {
        at = out
            .get(&at)?
            .iter()
            .map(|edge| edge.to)
            .find(|to| left.contains(to))?;
    }
    shortest(at, &out)
}

/// The shortest way from an item back to itself.
fn shortest<'a>(start: NodeId, out: &BTreeMap<NodeId, Vec<&'a Edge>>) -> Option<Vec<&'a Edge>> {
    let mut came_by: BTreeMap<NodeId, &Edge> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(at) = queue.pop_front() {
        for edge in out.get(&at).into_iter().flatten() {
            if came_by.contains_key(&edge.to) {
                continue;
            }
            came_by.insert(edge.to, edge);
            if edge.to == start {
                let mut way = vec![*edge];
                let mut back = edge.from;
                while back != start {
                    let edge = came_by.get(&back)?;
                    way.push(edge);
                    back = edge.from;
                }
                way.reverse();
                return Some(way);
            }
            queue.push_back(edge.to);
        }
    }
    None
}

fn report(nodes: &[Node], circle: &[&Edge]) -> Problem {
    let name = |id: NodeId| {
        nodes
            .get(id.0 as usize)
            .map(|node| node.name.as_str())
            .unwrap_or("?")
    };
    let steps: Vec<String> = circle
        .iter()
        .map(|edge| match &edge.cell {
            Some(cell) => format!("{} reads {} in {cell}", name(edge.to), name(edge.from)),
            None => format!("{} is inside {}", name(edge.to), name(edge.from)),
        })
        .collect();
    let cell = circle
        .iter()
        .find_map(|edge| edge.cell.clone())
        .unwrap_or_default();
    let message = match circle {
        [only] => format!("{} depends on itself", name(only.to)),
        _ => format!("a circle: {}", steps.join(", ")),
    };
    Problem::error(
        &cell,
        "",
        message,
        "Take one of these references out, so that one of the items can be known first",
    )
}
