//! Everything that must hold before a change lands.

use crate::run::{Outcome, cargo, has, step};
use crate::{setup, tidy};

/// How many seasons of the simulator the quick run plays.
const QUICK_SEEDS: &str = "2000";

/// `cargo xtask test [--quick]`.
pub fn test(arguments: &[String]) -> Outcome {
    let quick = match arguments {
        [] => false,
        [flag] if flag == "--quick" => true,
        _ => {
            return Err(format!(
                "test: unknown options {arguments:?}; it takes --quick or nothing"
            ));
        }
    };
    setup::build_tools()?;
    step("fmt", cargo().args(["fmt", "--all", "--check"]))?;
    println!("── tidy");
    tidy::command()?;
    if !quick {
        step(
            "clippy",
            cargo().args([
                "clippy",
                "--workspace",
                "--all-targets",
                "--locked",
                "--",
                "-D",
                "warnings",
            ]),
        )?;
    }
    step(
        "build",
        cargo().args(["build", "--workspace", "--bins", "--locked"]),
    )?;
    tests(quick)?;
    if !quick {
        step(
            "doctests",
            cargo().args(["test", "--workspace", "--doc", "--locked", "--quiet"]),
        )?;
        step(
            "docs",
            cargo().env("RUSTDOCFLAGS", "-D warnings").args([
                "doc",
                "--workspace",
                "--no-deps",
                "--locked",
                "--quiet",
            ]),
        )?;
    }
    println!("everything holds");
    Ok(())
}

/// `cargo xtask soak`: the fault journeys again and again, each time with another seed, until one fails or it is stopped.
pub fn soak() -> Outcome {
    let mut seed: u64 = 1;
    loop {
        println!("── soak, seed {seed}");
        step(
            "fault journeys",
            cargo().env("SAMPAN_SEED", seed.to_string()).args([
                "test",
                "--package",
                "sampan-acceptance",
                "--locked",
                "--",
                "--test-threads",
                "2",
            ]),
        )?;
        seed += 1;
    }
}

/// With cargo-nextest where it is installed (tests of all crates side by side), else with plain `cargo test`.
fn tests(quick: bool) -> Outcome {
    let mut command = cargo();
    if has("cargo-nextest") {
        command.args(["nextest", "run", "--workspace", "--locked", "--no-fail-fast"]);
        if quick {
            command.args(["-E", "not package(sampan-acceptance)"]);
        }
    } else {
        command.args([
            "test",
            "--workspace",
            "--lib",
            "--bins",
            "--tests",
            "--locked",
            "--no-fail-fast",
        ]);
        if quick {
            command.args(["--exclude", "sampan-acceptance"]);
        }
    }
    if quick {
        command.env("SAMPAN_SEEDS", QUICK_SEEDS);
    }
    step("tests", &mut command)
}
