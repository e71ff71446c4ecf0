//! Every screen as a picture, so that people look at them before a change lands.

use crate::run::{Outcome, built, programs, step};
use crate::setup;

/// `cargo xtask screenshots DIR`.
pub fn screenshots(arguments: &[String]) -> Outcome {
    let [folder] = arguments else {
        return Err("screenshots: say where to put the pictures: cargo xtask screenshots DIR".into());
    };
    setup::build_tools()?;
    setup::browser()?;
    step("build", &mut programs())?;
    let folder = std::path::absolute(folder).map_err(|error| format!("screenshots: {folder}: {error}"))?;
    step("screenshots", built("sampan-screenshots")?.arg(folder))
}
