//! Many seasons: no rule is ever broken, every rare state is reached, every planted bug is found.

use sampan_simulation::bugs::Bug;
use sampan_simulation::run;
use sampan_simulation::states::State;

/// How many seeds a run of all tests plays; `SAMPAN_SEEDS` asks for another number.
const SEEDS: u64 = 50_000;

#[test]
fn no_season_breaks_a_rule_and_all_rare_states_are_reached() {
    let asked = std::env::var("SAMPAN_SEEDS")
        .ok()
        .and_then(|text| text.parse().ok());
    let n_seeds: u64 = asked.unwrap_or(SEEDS);
    let n_threads = std::thread::available_parallelism().map_or(2, |n| n.get() as u64);
    let total = run::many(0..n_seeds, n_threads, None);
    println!("{} seasons, {} answers saved", total.n_seasons, total.n_saved);
    assert_eq!(total.broken, None, "cargo xtask sim --seed S --story tells how");
    assert_eq!(total.n_seasons, n_seeds);
    let missed: Vec<&str> = total
        .reached
        .missed()
        .iter()
        .filter(|state| !RARER.contains(state))
        .map(|state| state.sentence())
        .collect();
    // A short run does not reach all of them.
    if n_seeds >= SEEDS {
        assert!(missed.is_empty(), "never reached: {missed:#?}");
    }
}

#[test]
fn one_seed_is_one_season_to_the_byte() {
    for seed in [1, 77, 4_242] {
        assert_eq!(run::season(seed, None), run::season(seed, None));
    }
}

/// States so rare that 50,000 seasons need not reach them; `cargo xtask sim --count N` says whether N did.
const RARER: &[State] = &[
    State::RelayContradicted,
    State::ContradictionKnown,
    State::ResendAsked,
    State::KeyMissed,
];

#[test]
fn planted_bugs_are_found_within_fifty_seeds() {
    for bug in Bug::ALL {
        let found = (0..50).find(|seed| run::season(*seed, Some(*bug)).violation.is_some());
        assert!(found.is_some(), "nobody noticed that {}", bug.sentence());
    }
}

#[test]
fn a_failing_season_is_shrunk_to_what_matters() {
    let bug = Some(Bug::InsertTwice);
    let seed = (0..50)
        .find(|seed| run::season(*seed, bug).violation.is_some())
        .expect("it is found");
    let events = run::shrink(seed, bug);
    assert!(run::play(seed, &events, bug, false).violation.is_some());
    assert!(events.len() < 20, "{} events are left", events.len());
}
