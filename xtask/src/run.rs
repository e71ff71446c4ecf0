//! Running other programs and saying what is run.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

/// What a task ends with: nothing, or a sentence for the terminal.
pub type Outcome = Result<(), String>;

/// The folder of the workspace.
pub fn root() -> PathBuf {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().map(PathBuf::from).unwrap_or(manifest)
}

/// `cargo` as the toolchain that runs this names it.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Builds the programs that the demo, the journeys and the screenshots start.
pub fn programs() -> Command {
    let mut command = cargo();
    command.args(["build", "--locked", "--bins"]).args([
        "--package",
        "sampan-server",
        "--package",
        "sampan-cli",
        "--package",
        "sampan-acceptance",
    ]);
    command
}

/// A program that was built beside this one, to be started.
pub fn built(name: &str) -> Result<Command, String> {
    let own = std::env::current_exe().map_err(|error| format!("where is xtask? {error}"))?;
    let mut command = Command::new(own.with_file_name(name));
    command.current_dir(root());
    Ok(command)
}

/// Runs a step to its end, with its time; a non-zero end is an error that names the step.
pub fn step(name: &str, command: &mut Command) -> Outcome {
    println!("── {name}");
    let begun = Instant::now();
    let status = command
        .status()
        .map_err(|error| format!("{name}: cannot start {:?}: {error}", command.get_program()))?;
    println!(
        "── {name}: {} in {:.0} s",
        if status.success() { "ok" } else { "FAILED" },
        begun.elapsed().as_secs_f64()
    );
    if status.success() {
        Ok(())
    } else {
        Err(format!("{name} failed; the lines above say why"))
    }
}

/// Whether a program answers to `--version`.
pub fn has(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}
