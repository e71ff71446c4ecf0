//! The measurements: forms, bytes on the line, a day over a bad one, recompute, synced interviews a second, memory; each prints Markdown tables.

mod bytes;
mod engine;
mod forms;
mod line;
mod machine;
mod memory;
mod recompute;
mod season;
mod syncing;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

/// Measures with real parts and seeded answers, and prints Markdown tables. Ratios within one run hold on any machine;
/// absolute figures belong to the machine and its other work.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench")]
struct Options {
    /// What to measure; everything when nothing is named.
    #[arg(value_parser = ["forms", "bytes", "recompute", "sync", "memory", "line"])]
    measurements: Vec<String>,
    /// The same seed gives the same answers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Interview on this device folder, print this process's memory, end: how the memory of a client is measured.
    #[arg(long, hide = true)]
    as_device: Option<PathBuf>,
    /// Do one part of the measurements of forms, by its words, and print its figures.
    #[arg(long, hide = true)]
    as_form: Vec<String>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = match &options.as_device {
        Some(folder) => memory::as_device(folder, options.seed),
        None if !options.as_form.is_empty() => forms::as_form(&options.as_form),
        None => measure(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("bench: {message}");
            ExitCode::FAILURE
        }
    }
}

fn measure(options: &Options) -> Result<(), String> {
    let begun = Instant::now();
    let is_wanted =
        |name: &str| options.measurements.is_empty() || options.measurements.iter().any(|own| own == name);
    if is_wanted("forms") {
        forms::measure(options.seed)?;
    }
    if is_wanted("line") {
        line::measure(options.seed)?;
    }
    if options
        .measurements
        .iter()
        .all(|name| ["forms", "line"].contains(&name.as_str()))
        && !options.measurements.is_empty()
    {
        println!("\nMeasured in {:.0} s.", begun.elapsed().as_secs_f64());
        return Ok(());
    }
    machine::describe(options.seed)?;
    if is_wanted("recompute") {
        recompute::engine_alone(options.seed)?;
    }
    let season = season::Season::prepare(options.seed, &options.measurements)?;
    if is_wanted("recompute") {
        recompute::with_the_store(&season)?;
    }
    if is_wanted("bytes") {
        bytes::measure(&season)?;
    }
    if is_wanted("sync") {
        syncing::measure(&season)?;
    }
    if is_wanted("memory") {
        memory::measure(&season)?;
    }
    println!("\nMeasured in {:.0} s.", begun.elapsed().as_secs_f64());
    Ok(())
}
