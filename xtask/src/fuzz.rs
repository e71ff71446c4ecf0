//! Fuzzing: builds the targets of tests/fuzz with coverage counted, and runs one until time is up or something is found.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::run::{Outcome, cargo, root, step};

const NAMES: &[&str] = &["sheet", "xform", "xpath", "trace"];

/// Most minutes of one run.
const MINUTES: u64 = 24 * 60;
/// Longest input, in bytes.
const INPUT_BYTES: usize = 4096;
/// Longest that one input may take, in seconds, before it counts as a finding.
const INPUT_SECONDS: usize = 10;
/// Most memory, in MiB, before it counts as a finding.
const MEMORY_MIB: usize = 2048;

/// Coverage as libFuzzer wants it, by means of the stable compiler: LLVM's own pass.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// What to do.
struct Wanted {
    target: String,
    minutes: u64,
    /// One input to run again.
    input: Option<PathBuf>,
    /// Whether new inputs are taken into the repository.
    keeps: bool,
}

/// `cargo xtask fuzz TARGET [--minutes N] [--input FILE] [--keep]`.
pub fn fuzz(arguments: &[String]) -> Outcome {
    let wanted = wanted(arguments)?;
    let name = wanted.target.as_str();
    let program = build()?;
    let corpus = root().join("tests/fuzz/corpus").join(name);
    let work = root().join("target/fuzz/corpus").join(name);
    let findings = root().join("target/fuzz/findings").join(name);
    for folder in [&corpus, &work, &findings] {
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    }
    let mut command = Command::new(program);
    command
        .env("SAMPAN_FUZZ", name)
        .current_dir(root())
        .arg(format!("-timeout={INPUT_SECONDS}"))
        .arg(format!("-rss_limit_mb={MEMORY_MIB}"));
    if let Some(input) = &wanted.input {
        return step("one input", command.arg(input));
    }
    if wanted.keeps {
        return step("keep", command.arg("-merge=1").args([&corpus, &work]));
    }
    command
        .arg(format!("-max_total_time={}", wanted.minutes * 60))
        .arg(format!("-max_len={INPUT_BYTES}"))
        .arg(format!("-artifact_prefix={}/", findings.display()))
        .arg(format!(
            "-dict={}",
            root().join("tests/fuzz/words.dict").display()
        ))
        .arg("-print_final_stats=1")
        .args([&work, &corpus]);
    run(&mut command, &wanted, &findings)
}

/// Runs libFuzzer, telling now and then how far it is.
fn run(command: &mut Command, wanted: &Wanted, findings: &Path) -> Outcome {
    let name = wanted.target.as_str();
    println!("── fuzzing {name} for {} minutes", wanted.minutes);
    let mut child = command
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start the fuzzer: {error}"))?;
    let mut executions = String::new();
    let mut kept = None;
    // The last lines say what was found.
    let mut last: std::collections::VecDeque<String> = std::collections::VecDeque::new();
    let lines = child.stderr.take().map(BufReader::new);
    for line in lines.into_iter().flat_map(|lines| lines.split(b'\n')) {
        let line = line.map_err(|error| format!("cannot read what the fuzzer says: {error}"))?;
        let line = String::from_utf8_lossy(&line).into_owned();
        if let Some(number) = line.strip_prefix("stat::number_of_executed_units:") {
            executions = number.trim().to_string();
        }
        if let Some((_, file)) = line.split_once("Test unit written to ") {
            kept = Some(file.trim().to_string());
        }
        if line.contains("pulse") || line.contains("INITED") {
            println!("{line}");
        }
        if line.starts_with('#') {
            continue;
        }
        if last.len() > 400 {
            last.pop_front();
        }
        last.push_back(line);
    }
    let status = child.wait().map_err(|error| format!("the fuzzer: {error}"))?;
    match (kept, status.success()) {
        (None, true) => {
            println!("── {name}: {executions} executions, no finding");
            Ok(())
        }
        (Some(file), _) => {
            last.iter().for_each(|line| println!("{line}"));
            Err(format!(
                "{name}: {executions} executions and a finding, kept in {file}.\nAgain: cargo xtask fuzz {name} --input \
                 {file}\nOnce it is mended: copy it into tests/fuzz/corpus/{name}/, and write a test of what was wrong"
            ))
        }
        (None, false) => {
            last.iter().for_each(|line| println!("{line}"));
            Err(format!(
                "{name}: the fuzzer ended with {status} and kept nothing in {}",
                findings.display()
            ))
        }
    }
}

fn wanted(arguments: &[String]) -> Result<Wanted, String> {
    let usage = || {
        format!(
            "fuzz: cargo xtask fuzz TARGET [--minutes N] [--input FILE] [--keep]; TARGET is one of {}",
            NAMES.join(", ")
        )
    };
    let (target, mut rest) = arguments.split_first().ok_or_else(usage)?;
    if !NAMES.contains(&target.as_str()) {
        return Err(usage());
    }
    let mut wanted = Wanted {
        target: target.clone(),
        minutes: 10,
        input: None,
        keeps: false,
    };
    loop {
        rest = match rest {
            [] => return Ok(wanted),
            [flag, rest @ ..] if flag == "--keep" => {
                wanted.keeps = true;
                rest
            }
            [flag, minutes, rest @ ..] if flag == "--minutes" => {
                let minutes = minutes
                    .parse()
                    .ok()
                    .filter(|minutes| (1..=MINUTES).contains(minutes));
                wanted.minutes = minutes.ok_or_else(usage)?;
                rest
            }
            [flag, file, rest @ ..] if flag == "--input" => {
                let file = std::path::absolute(file).map_err(|error| format!("{file}: {error}"))?;
                wanted.input = Some(file);
                rest
            }
            _ => return Err(usage()),
        };
    }
}

/// Builds the program; only what runs in it counts coverage, not the programs that cargo runs while building, which is
/// why the platform is named. Returns where it is.
fn build() -> Result<PathBuf, String> {
    let host = host()?;
    let folder = root().join("target/fuzz");
    step(
        "targets, with coverage",
        cargo()
            .env("RUSTFLAGS", FLAGS)
            .args(["build", "--quiet", "--locked", "--profile", "fuzz"])
            .args(["--package", "sampan-fuzz", "--bin", "sampan-fuzz"])
            .args(["--features", "coverage", "--target", &host])
            .arg("--target-dir")
            .arg(&folder),
    )?;
    Ok(folder.join(&host).join("fuzz/sampan-fuzz"))
}

/// The platform that this runs on, as the compiler calls it.
fn host() -> Result<String, String> {
    let output = Command::new("rustc")
        .arg("-vV")
        .output()
        .map_err(|error| format!("cannot start rustc: {error}"))?;
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_string)
        .ok_or_else(|| "rustc -vV names no host".into())
}
