//! The house rules, checked on every file: what is not checked here is not a rule.

mod arrows;
mod heads;
mod places;
mod purity;
mod routes;
#[cfg(test)]
mod tests;
mod tree;

use std::path::Path;

use crate::run::{Outcome, root};
use crate::tidy::tree::Tree;

/// One broken rule at one place.
#[derive(Debug)]
pub struct Violation {
    /// The rule's name, as [`RULES`] has it.
    pub rule: &'static str,
    /// File, or package, concerned.
    pub place: String,
    /// What is wrong and what to do.
    pub message: String,
}

type Rule = fn(&Tree) -> Result<Vec<Violation>, String>;

/// All rules by name.
const RULES: &[(&str, Rule)] = &[
    ("arrows", arrows::arrows),
    ("purity", purity::purity),
    ("sql", places::sql),
    ("axum", places::axum),
    ("head", heads::head),
    ("length", heads::length),
    ("machine", places::machine),
    ("paths", heads::paths),
    ("routes", routes::routes),
];

/// `cargo xtask tidy`.
pub fn command() -> Outcome {
    let violations = check(&root())?;
    for violation in &violations {
        eprintln!(
            "tidy [{}] {}: {}",
            violation.rule, violation.place, violation.message
        );
    }
    if violations.is_empty() {
        println!("tidy: {} rules hold", RULES.len());
        Ok(())
    } else {
        Err(format!(
            "tidy found {} broken rules; each line above says what to do",
            violations.len()
        ))
    }
}

/// Checks a whole source tree.
pub fn check(root: &Path) -> Result<Vec<Violation>, String> {
    let tree = Tree::read(root)?;
    let mut violations = Vec::new();
    for (_, rule) in RULES {
        violations.extend(rule(&tree)?);
    }
    Ok(violations)
}
