//! `sampan-sim`: seasons of the simulator by seed, with their stories.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Parser;

use sampan_simulation::bugs::Bug;
use sampan_simulation::run;
use sampan_simulation::states::State;

/// Seeded seasons of fieldwork, checked against what must hold.
#[derive(Parser)]
#[command(name = "sampan-sim")]
struct Arguments {
    /// The (first) seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How many seeds from there on.
    #[arg(long, default_value_t = 1)]
    count: u64,
    /// Tell what happened, sentence by sentence (of the first seed).
    #[arg(long)]
    story: bool,
    /// Count what is broken in all of the seasons, instead of stopping at the first one.
    #[arg(long)]
    tally: bool,
    /// Plant a bug; `list` names them.
    #[arg(long)]
    bug: Option<String>,
    /// How many threads.
    #[arg(long, default_value_t = 2)]
    threads: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let bug = match arguments.bug.as_deref() {
        None => None,
        Some("list") => {
            for bug in Bug::ALL {
                println!("{:20} {}", bug.word(), bug.sentence());
            }
            return ExitCode::SUCCESS;
        }
        Some(word) => match Bug::from_word(word) {
            Some(bug) => Some(bug),
            None => {
                eprintln!("there is no bug {word:?}; --bug list names them");
                return ExitCode::from(2);
            }
        },
    };
    let seeds = arguments.seed..arguments.seed.saturating_add(arguments.count.max(1));
    if arguments.tally {
        return tally(seeds, bug);
    }
    let total = run::many(seeds, arguments.threads, bug);
    let seed = total.broken.as_ref().map_or(arguments.seed, |(seed, _)| *seed);
    if arguments.story || total.broken.is_some() {
        let events = if total.broken.is_some() {
            run::shrink(seed, bug)
        } else {
            run::events(seed)
        };
        for sentence in run::play(seed, &events, bug, true).story {
            println!("  {sentence}");
        }
    }
    println!(
        "{} seasons, {} answers saved, {} of {} rare states reached",
        total.n_seasons,
        total.n_saved,
        total.reached.0.len(),
        State::ALL.len()
    );
    for state in total.reached.missed() {
        if arguments.count > 1 {
            println!("  never: {}", state.sentence());
        }
    }
    match total.broken {
        None => ExitCode::SUCCESS,
        Some((seed, violation)) => {
            println!("seed {seed}: {violation}");
            println!("again: cargo xtask sim --seed {seed} --story");
            ExitCode::FAILURE
        }
    }
}

/// How often each rule is broken, with some seeds of each.
fn tally(seeds: std::ops::Range<u64>, bug: Option<Bug>) -> ExitCode {
    let mut by_rule: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for seed in seeds {
        if let Some(violation) = run::season(seed, bug).violation {
            let rule = violation
                .chars()
                .filter(|letter| !letter.is_ascii_digit())
                .collect();
            by_rule.entry(rule).or_default().push(seed);
        }
    }
    for (rule, seeds) in &by_rule {
        let some: Vec<String> = seeds.iter().take(8).map(u64::to_string).collect();
        println!("{:6}  {rule}  (seeds {})", seeds.len(), some.join(" "));
    }
    if by_rule.is_empty() {
        return ExitCode::SUCCESS;
    }
    ExitCode::FAILURE
}
