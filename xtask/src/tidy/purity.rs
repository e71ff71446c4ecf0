//! Pure crates stay pure: no file, network, thread, clock or randomness, neither in their code nor below them.

use std::process::Command;

use crate::tidy::Violation;
use crate::tidy::tree::Tree;

/// Crates that must run the same in a phone, a browser, the office and the simulator.
const PURE: &[&str] = &["value", "xpath", "form", "interview", "record", "sync"];

/// Words that do not stand in their production code.
const WORDS: &[&str] = &[
    "std::fs",
    "std::net",
    "std::thread",
    "std::process",
    "std::env",
    "SystemTime::now",
    "Instant::now",
    "Utc::now",
    "Local::now",
    "thread_rng",
    "getrandom",
    "Uuid::new_v4",
    "Uuid::now_v7",
    "tokio::",
    "rusqlite::",
];

/// Packages that bring such things in.
const PACKAGES: &[&str] = &[
    "tokio",
    "mio",
    "socket2",
    "rusqlite",
    "libsqlite3-sys",
    "axum",
    "hyper",
    "ureq",
    "getrandom",
    "rand",
    "iana-time-zone",
];

/// Code and dependencies of the pure crates.
pub fn purity(tree: &Tree) -> Result<Vec<Violation>, String> {
    let mut violations = Vec::new();
    for name in PURE {
        let folder = format!("crates/{name}/src/");
        for file in tree
            .rust()
            .filter(|file| file.path.starts_with(&folder) && !file.is_test())
        {
            for (number, line) in file.production_lines() {
                let code = line.split("//").next().unwrap_or("");
                for word in WORDS.iter().filter(|word| code.contains(**word)) {
                    violations.push(Violation {
                        rule: "purity",
                        place: format!("{}:{number}", file.path),
                        message: format!("{word} in a pure crate; take what it gives as an argument"),
                    });
                }
            }
        }
        violations.extend(dependencies(tree, name)?);
    }
    Ok(violations)
}

fn dependencies(tree: &Tree, name: &str) -> Result<Vec<Violation>, String> {
    let package = format!("sampan-{name}");
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "tree",
            "--offline",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--package",
            &package,
        ])
        .current_dir(&tree.root)
        .output()
        .map_err(|error| format!("cannot run cargo tree: {error}"))?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr).trim().to_string();
        return Ok(vec![Violation {
            rule: "purity",
            place: package,
            message: format!("cargo tree: {reason}"),
        }]);
    }
    let listing = String::from_utf8_lossy(&output.stdout);
    let found = PACKAGES
        .iter()
        .filter(|banned| listing.lines().any(|line| line.split(' ').next() == Some(banned)));
    Ok(found
        .map(|banned| Violation {
            rule: "purity",
            place: package.clone(),
            message: format!(
                "brings in {banned}, and with it files, network, clock or chance; choose another crate"
            ),
        })
        .collect())
}
