//! `cargo xtask`: set-up, tests, tidy, benchmarks, screenshots and the demo's door.

mod bench;
mod conformance;
mod demo;
mod fuzz;
mod run;
mod screenshots;
mod setup;
mod sim;
mod test;
mod tidy;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask <command>

  demo [--check] [--interviews N] [--seed S] [--port P] [--data DIR]
                     real server, real devices, a cut line: from interview to CSV
  test [--quick]     everything that must hold; --quick is the two-minute part of it
  tidy               the house rules: arrows, purity, SQL, axum, file heads and lengths, paths in docs, routes
  bench [NAME]       measure; NAME is one of: forms, bytes, recompute, sync, memory (all without a name)
  screenshots DIR    every screen as PNG, at 1280 and 390 px, in Chromium
  conformance        cases recorded from the programs of others, counted: passed, known different, failed
  fuzz TARGET [--minutes 10] [--input FILE] [--keep]
                     hostile input until something is found; TARGET is one of: sheet, xform, xpath, trace
  setup [--browser]  install or check what the commands above need
  sim [--seed S] [--count N] [--story] [--tally] [--bug B] [--layer L1]
                     whole seasons of fieldwork from a seed; --story tells one, --bug list names what can be planted
  soak               long runs of the fault journeys, until stopped
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[] as &[String]),
    };
    let outcome = match command {
        "conformance" => conformance::conformance(rest),
        "demo" => demo::demo(rest),
        "fuzz" => fuzz::fuzz(rest),
        "test" => test::test(rest),
        "tidy" => tidy::command(),
        "bench" => bench::bench(rest),
        "screenshots" => screenshots::screenshots(rest),
        "setup" => setup::setup(rest),
        "sim" => sim::sim(rest),
        "soak" => test::soak(),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(format!("unknown command {other:?}\n\n{HELP}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
