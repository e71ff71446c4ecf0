//! Measurements: each prints a table that docs/performance.md keeps with the command that gave it.

use crate::run::{Outcome, cargo, programs, step};

const NAMES: &[&str] = &["forms", "bytes", "recompute", "sync", "memory", "line"];

/// `cargo xtask bench [NAME]`, always with the release profile.
pub fn bench(arguments: &[String]) -> Outcome {
    for argument in arguments {
        if !NAMES.contains(&argument.as_str()) {
            return Err(format!(
                "bench: no measurement {argument:?}; there are {}",
                NAMES.join(", ")
            ));
        }
    }
    // The other measurements start the real server.
    if arguments != ["forms"] {
        step("programs, optimized", programs().arg("--release"))?;
    }
    step(
        "bench",
        cargo()
            .args([
                "run",
                "--release",
                "--quiet",
                "--locked",
                "--package",
                "sampan-acceptance",
                "--bin",
                "sampan-bench",
            ])
            .arg("--")
            .args(arguments),
    )
}
