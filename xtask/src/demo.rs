//! The door to the demo, which lives with the acceptance tests because only they see both roots.

use crate::run::{Outcome, built, programs};
use crate::setup;

/// `cargo xtask demo …`: builds the programs, then runs the demo; its last line is one JSON object.
pub fn demo(arguments: &[String]) -> Outcome {
    setup::build_tools()?;
    let build = programs()
        .status()
        .map_err(|error| format!("demo: cannot start cargo: {error}"))?;
    if !build.success() {
        return Err("demo: it does not build; the lines above say why".into());
    }
    let status = built("sampan-demo")?
        .args(arguments)
        .status()
        .map_err(|error| format!("demo: cannot start: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        std::process::exit(status.code().unwrap_or(1))
    }
}
