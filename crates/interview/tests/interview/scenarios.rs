//! Scenarios recorded from the tests of another engine (getodk's), replayed here event by event.
//!
//! A scenario is a form and what was done to it, with the whole state after each step. It counts as passed only when
//! everything comparable in it agrees; what is not comparable is said in [`compare`] and in `docs/conformance.md`. The
//! recordings are no part of this repository; without them the test says that it is skipped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

mod compare;
mod replay;

/// What differs on purpose: the number of a scenario, and why.
const KNOWN_DIFFERENCES: &str = include_str!("known_scenarios.tsv");

/// How many scenarios passed on 2026-11-25; may only rise.
const N_PASSED: usize = 412;

#[test]
fn recorded_scenarios_go_the_same_way_here() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    let Some((forms, scenarios)) = recordings(&folder) else {
        eprintln!("skipped: there are no recorded scenarios beside this repository");
        return;
    };
    let known: BTreeMap<u64, &str> = KNOWN_DIFFERENCES
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
        .map(|(id, reason)| (id.parse().expect("a number"), reason))
        .collect();
    let (mut n_passed, mut n_known, mut n_failed) = (0, 0, 0);
    for scenario in &scenarios {
        let id = scenario["id"].as_u64().expect("each has a number");
        let xml = forms[scenario["form"].as_str().unwrap_or_default()]
            .as_str()
            .expect("each has a form");
        let differing = replay::differing(xml, scenario);
        match (differing.first(), known.contains_key(&id)) {
            (None, true) => panic!("{id} agrees now, remove it from known_scenarios.tsv"),
            (None, false) => n_passed += 1,
            (Some(_), true) => n_known += 1,
            (Some(_), false) => {
                n_failed += 1;
                let test = scenario["test"].as_str().unwrap_or_default();
                eprintln!("scenario {id} {test}");
                differing.iter().take(3).for_each(|line| eprintln!("    {line}"));
            }
        }
    }
    eprintln!("recorded scenarios: {n_passed} passed, {n_known} known different, {n_failed} failed");
    assert!(
        n_passed >= N_PASSED,
        "{n_passed} scenarios passed, {N_PASSED} did before"
    );
    assert!(
        n_known * 50 <= scenarios.len(),
        "more than 2 % are known differences"
    );
}

/// The forms, and the scenarios whose outcome was the one their authors wanted.
fn recordings(folder: &Path) -> Option<(Json, Vec<Json>)> {
    let forms = std::fs::read_to_string(folder.join("scenario_forms.json")).ok()?;
    let traces = std::fs::read_to_string(folder.join("scenario_traces.jsonl")).ok()?;
    let scenarios = traces
        .lines()
        .map(|line| serde_json::from_str::<Json>(line).expect("one scenario a line"))
        .filter(|scenario| scenario["status"] == "passed" && scenario["expected_fail"] == false)
        .collect();
    Some((serde_json::from_str(&forms).expect("a map"), scenarios))
}
