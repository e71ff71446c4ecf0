//! What may stand only in one place: SQL, axum, and names of this or that machine.

use crate::tidy::Violation;
use crate::tidy::tree::Tree;

/// Beginnings of SQL statements, as they stand inside string literals.
const SQL: &[&str] = &[
    "SELECT ",
    "INSERT INTO ",
    "INSERT OR ",
    "UPDATE ",
    "DELETE FROM ",
    "CREATE TABLE ",
    "DROP TABLE ",
    "PRAGMA ",
];

/// Folders of one machine. A user's machine has others.
const MACHINE: &[&str] = &["/work/", "/tmp/", "/root/", "/home/", "/usr/local/"];

/// Endings of files that are checked for machine paths.
const TEXT: &[&str] = &[
    "rs", "toml", "md", "html", "css", "sql", "sh", "yml", "json", "service",
];

/// SQL stands only in `crates/store` and `migrations`.
pub fn sql(tree: &Tree) -> Result<Vec<Violation>, String> {
    let elsewhere = tree
        .rust()
        .filter(|file| !file.path.starts_with("crates/store/") && !file.is_tidy() && !file.is_test());
    let mut violations = Vec::new();
    for file in elsewhere {
        for (number, line) in file.production_lines() {
            let quoted = SQL
                .iter()
                .any(|word| line.contains(&format!("\"{word}")) || begins_with(line, word));
            if quoted {
                violations.push(Violation {
                    rule: "sql",
                    place: format!("{}:{number}", file.path),
                    message: "SQL outside the store; give crates/store a function that does this".into(),
                });
            }
        }
    }
    Ok(violations)
}

/// axum is known to the server alone.
pub fn axum(tree: &Tree) -> Result<Vec<Violation>, String> {
    let mut violations = Vec::new();
    for file in &tree.files {
        let is_manifest = file.path.ends_with("Cargo.toml") && file.path != "Cargo.toml";
        let is_code = file.path.ends_with(".rs") && !file.is_tidy();
        if file.path.starts_with("server/") || !(is_manifest || is_code) {
            continue;
        }
        for (index, line) in file.text.lines().enumerate() {
            let named = if is_manifest {
                line.starts_with("axum")
            } else {
                line.contains("axum::")
            };
            if named {
                violations.push(Violation {
                    rule: "axum",
                    place: format!("{}:{}", file.path, index + 1),
                    message: "axum outside the server; HTTP belongs there".into(),
                });
            }
        }
    }
    Ok(violations)
}

/// No path of a machine, and nothing outside the repository.
pub fn machine(tree: &Tree) -> Result<Vec<Violation>, String> {
    let mut violations = Vec::new();
    for file in &tree.files {
        let ending = file.path.rsplit('.').next().unwrap_or("");
        let checked =
            TEXT.contains(&ending) && file.path != "Cargo.lock" && !file.is_tidy() && !file.is_test();
        if !checked {
            continue;
        }
        for (index, line) in file.text.lines().enumerate() {
            let machine = MACHINE.iter().find(|path| names(line, path));
            let outside = line.contains("../shared").then_some(&"../shared");
            if let Some(path) = machine.or(outside) {
                violations.push(Violation {
                    rule: "machine",
                    place: format!("{}:{}", file.path, index + 1),
                    message: format!(
                        "{path} exists on one machine only; take the place from a flag or the project"
                    ),
                });
            }
        }
    }
    Ok(violations)
}

/// A line of a raw or multi-line string that begins a statement.
fn begins_with(line: &str, word: &str) -> bool {
    let trimmed = line.trim_start();
    trimmed.starts_with(word) && !trimmed.starts_with("//") && trimmed.chars().any(char::is_lowercase)
}

/// A folder of a machine as a path of its own: not the tail of a longer word or of a URL path.
fn names(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line.get(..at).and_then(|head| head.chars().next_back());
        before.is_none_or(|character| !(character.is_alphanumeric() || "._-:}/{*".contains(character)))
    })
}
