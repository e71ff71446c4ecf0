//! Files begin with what they are, stay short, and documents name only what exists.

use crate::tidy::Violation;
use crate::tidy::tree::Tree;

/// Longest production file, in lines.
const LONGEST_FILE_LINES: usize = 800;

/// Top folders; a word in back quotes that begins with one of them and a slash is a path.
const TOP: &[&str] = &[
    "crates/",
    "server/",
    "client-core/",
    "apps/",
    "migrations/",
    "tests/",
    "docs/",
    "studies/",
    "xtask/",
    ".ci/",
];

/// Each Rust file begins with one `//!` sentence.
pub fn head(tree: &Tree) -> Result<Vec<Violation>, String> {
    let bare = tree.rust().filter(|file| !file.text.starts_with("//! "));
    Ok(bare
        .map(|file| Violation {
            rule: "head",
            place: file.path.clone(),
            message: "the first line must be a //! sentence that says what this file is".into(),
        })
        .collect())
}

/// No production file is longer than anybody reads.
pub fn length(tree: &Tree) -> Result<Vec<Violation>, String> {
    let mut violations = Vec::new();
    for file in tree.rust().filter(|file| !file.is_test()) {
        let n_lines = file.text.lines().count();
        if n_lines > LONGEST_FILE_LINES {
            violations.push(Violation {
                rule: "length",
                place: file.path.clone(),
                message: format!(
                    "{n_lines} lines; split it by what its parts are (limit {LONGEST_FILE_LINES})"
                ),
            });
        }
    }
    Ok(violations)
}

/// Paths that documents name exist.
pub fn paths(tree: &Tree) -> Result<Vec<Violation>, String> {
    let mut violations = Vec::new();
    for file in tree.files.iter().filter(|file| file.path.ends_with(".md")) {
        for (index, line) in file.text.lines().enumerate() {
            for quoted in line.split('`').skip(1).step_by(2) {
                let path = quoted.trim_end_matches('/');
                let is_path = TOP.iter().any(|top| quoted.starts_with(top))
                    && !path.contains([' ', '*', '{', '<', '$', '…']);
                if is_path && !tree.root.join(path).exists() {
                    violations.push(Violation {
                        rule: "paths",
                        place: format!("{}:{}", file.path, index + 1),
                        message: format!("{path} does not exist; name what is there now"),
                    });
                }
            }
        }
    }
    Ok(violations)
}
