//! Seasons of the simulator by seed.

use crate::run::{Outcome, cargo};

/// `cargo xtask sim [--seed S] [--count N] [--story] [--tally] [--bug B] [--layer L1]`.
pub fn sim(arguments: &[String]) -> Outcome {
    let mut passed: Vec<&str> = Vec::new();
    let mut rest = arguments;
    loop {
        rest = match rest {
            [] => break,
            [flag, layer, rest @ ..] if flag == "--layer" => {
                if layer != "L1" {
                    return Err(format!("sim: there is no layer {layer:?}; so far there is L1"));
                }
                rest
            }
            [argument, rest @ ..] => {
                passed.push(argument);
                rest
            }
        };
    }
    let status = cargo()
        .args(["run", "--quiet", "--locked", "--package", "sampan-simulation"])
        .args(["--bin", "sampan-sim", "--"])
        .args(passed)
        .status()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err("a season broke a rule, or was not asked for rightly; see above".into())
    }
}
