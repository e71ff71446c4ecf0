//! What a writer had seen of a record: for each replica that wrote to it, the highest number seen.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{Dot, Replica};

/// For each replica that wrote to one record, the highest seq of it that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Context(pub BTreeMap<Replica, u64>);

impl Context {
    /// Whether a change was known.
    pub fn covers(&self, dot: &Dot) -> bool {
        self.0.get(&dot.replica).is_some_and(|seq| *seq >= dot.seq)
    }

    /// Takes a change into what is known.
    pub fn add(&mut self, dot: &Dot) {
        let seq = self.0.entry(dot.replica).or_insert(0);
        *seq = (*seq).max(dot.seq);
    }

    /// Takes all that another context knows into this one.
    pub fn merge(&mut self, other: &Context) {
        for (replica, seq) in &other.0 {
            let own = self.0.entry(*replica).or_insert(0);
            *own = (*own).max(*seq);
        }
    }

    /// What both know.
    pub fn intersection(&self, other: &Context) -> Context {
        let common = self.0.iter().filter_map(|(replica, seq)| {
            let seq = (*seq).min(*other.0.get(replica)?);
            Some((*replica, seq))
        });
        Context(common.collect())
    }

    /// Whether everything known here is known there too.
    pub fn is_within(&self, other: &Context) -> bool {
        self.0
            .iter()
            .all(|(replica, seq)| other.0.get(replica).is_some_and(|known| known >= seq))
    }
}
