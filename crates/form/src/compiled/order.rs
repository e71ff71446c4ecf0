//! In which order a form computes, and which items read each other in a circle.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use sampan_xpath::resolve::NodeId;

use crate::compiled::Node;
use crate::def::Origin;
use crate::problem::Problem;

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
    let mut left: Vec<bool> = waits.iter().map(|waits| *waits > 0).collect();
    let mut problems = Vec::new();
    while let Some(circle) = circle(&left, edges) {
        for edge in &circle {
            if let Some(left) = left.get_mut(edge.to.0 as usize) {
                *left = false;
            }
        }
        problems.push(report(nodes, &circle));
    }
    Err(problems)
}

/// A shortest circle among the items left, beginning at its first item; None when there is none.
fn circle<'a>(left: &[bool], edges: &'a [Edge]) -> Option<Vec<&'a Edge>> {
    let is_left = |id: NodeId| left.get(id.0 as usize).copied().unwrap_or(false);
    let mut out: BTreeMap<NodeId, Vec<&Edge>> = BTreeMap::new();
    for edge in edges.iter().filter(|edge| is_left(edge.from) && is_left(edge.to)) {
        out.entry(edge.from).or_default().push(edge);
    }
    // What is left either lies on a circle or only leads from or to one: cut off what leads nowhere.
    loop {
        let ends: Vec<NodeId> = out
            .iter()
            .filter(|(_, edges)| edges.iter().all(|edge| !out.contains_key(&edge.to)))
            .map(|(id, _)| *id)
            .collect();
        if ends.is_empty() {
            break;
        }
        for end in ends {
            out.remove(&end);
        }
    }
    out.keys().find_map(|start| shortest(*start, &out))
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
