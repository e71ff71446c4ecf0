//! Which part may know which: the list in ARCHITECTURE.md, compared with `cargo metadata`.

use std::process::Command;

use serde_json::Value;

use crate::tidy::Violation;
use crate::tidy::tree::Tree;

/// Package and what it may depend on. Downwards only; the two roots never see each other.
const ARROWS: &[(&str, &[&str])] = &[
    ("value", &[]),
    ("xpath", &["value"]),
    ("record", &["value"]),
    ("form", &["xpath", "value"]),
    ("xlsform", &["form"]),
    ("interview", &["form", "record", "xpath", "value"]),
    ("sync", &["record"]),
    ("store", &["sync", "record"]),
    ("export", &["form", "record", "value"]),
    (
        "client-core",
        &["interview", "form", "record", "sync", "store", "value"],
    ),
    (
        "server",
        &[
            "store",
            "sync",
            "record",
            "form",
            "interview",
            "value",
            "export",
            "xlsform",
        ],
    ),
    (
        "fuzz",
        &["form", "interview", "record", "value", "xlsform", "xpath"],
    ),
    ("simulation", &["record", "sync", "value"]),
    ("cli", &["client-core", "xlsform", "form", "interview", "xpath"]),
    (
        "acceptance",
        &[
            "client-core",
            "server",
            "export",
            "form",
            "interview",
            "record",
            "store",
            "sync",
            "value",
            "xlsform",
            "xpath",
        ],
    ),
];

/// What tests of a package may use beside its own arrows.
const TEST_ARROWS: &[(&str, &[&str])] = &[
    ("interview", &["xlsform"]),
    ("xlsform", &["xpath"]),
    ("client-core", &["xlsform"]),
    ("store", &["value"]),
    ("sync", &["value"]),
];

/// Compares the list with `cargo metadata`.
pub fn arrows(tree: &Tree) -> Result<Vec<Violation>, String> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(&tree.root)
        .output()
        .map_err(|error| format!("cannot run cargo metadata: {error}"))?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr).trim().to_string();
        return Ok(vec![violation(
            "workspace",
            format!("cargo metadata refuses it: {reason}"),
        )]);
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("cargo metadata is not JSON: {error}"))?;
    let mut violations = Vec::new();
    for package in list(&metadata, "packages") {
        let name = text(package, "name");
        let Some(short) = name.strip_prefix("sampan-") else {
            continue;
        };
        let Some(allowed) = find(ARROWS, short) else {
            violations.push(violation(
                name,
                "is not in the arrow list; place it there and in ARCHITECTURE.md with a decision record"
                    .into(),
            ));
            continue;
        };
        let in_tests = find(TEST_ARROWS, short).unwrap_or(&[]);
        for dependency in list(package, "dependencies") {
            let Some(target) = text(dependency, "name").strip_prefix("sampan-") else {
                continue;
            };
            let is_test = text(dependency, "kind") == "dev";
            let is_allowed = allowed.contains(&target) || (is_test && in_tests.contains(&target));
            if !is_allowed {
                violations.push(violation(
                    name,
                    format!("depends on sampan-{target}: that arrow points the wrong way; move the code or the type"),
                ));
            }
        }
    }
    Ok(violations)
}

fn find<'a>(list: &'a [(&str, &'a [&'a str])], name: &str) -> Option<&'a [&'a str]> {
    list.iter()
        .find(|(package, _)| *package == name)
        .map(|(_, allowed)| *allowed)
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or(&[])
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or("")
}

fn violation(place: &str, message: String) -> Violation {
    Violation {
        rule: "arrows",
        place: place.into(),
        message,
    }
}
