//! SIGKILL, of the office in the middle of a sync and of the device between two answers.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sampan_acceptance::chance::Chance;
use sampan_acceptance::enumerator;
use sampan_acceptance::office::program;
use sampan_client_core::api::SyncOptions;

use crate::world::{SURVEY, World, stall, sync};

/// The seed of this run: from the environment in long runs, else always the same.
fn seed() -> u64 {
    std::env::var("SAMPAN_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(20)
}

#[test]
fn the_office_is_killed_twenty_times_in_the_middle_of_syncs_and_nothing_acked_is_missing() {
    let mut world = World::new();
    let dara = world.device("dara", "dara-phone");
    let mut chance = Chance::new(seed());
    let mut n_collected = 0;
    let mut n_interrupted = 0;
    for round in 0..20 {
        for number in 0..chance.between(2, 6) {
            stall(&dara, &format!("round {round} number {number}"), number);
            n_collected += 1;
        }
        let wait_us = chance.below(12_000);
        let outcome = std::thread::scope(|scope| {
            let syncing = scope.spawn(|| dara.sync(&SyncOptions::default()));
            std::thread::sleep(Duration::from_micros(wait_us));
            world.office.kill();
            syncing.join().expect("a sync does not panic")
        });
        n_interrupted += usize::from(outcome.is_err());
        let acked: BTreeSet<String> = dara
            .interviews()
            .expect("a list")
            .into_iter()
            .filter(|interview| interview.n_unsent == 0)
            .map(|interview| interview.record.0)
            .collect();
        world.office.restart().expect("the office starts again");
        world.admin = sampan_acceptance::acts::sign_in(&world.office, "admin").expect("signed in");
        let page = world.admin.get("/interviews.csv?form=stall").expect("a CSV");
        for record in &acked {
            assert!(
                page.text.contains(record.as_str()),
                "round {round}: {record} was acked and is gone"
            );
        }
    }
    sync(&dara);
    let rows = world.csv("stall");
    let sellers: BTreeSet<&str> = rows.iter().map(|row| row["seller"].as_str()).collect();
    assert_eq!(rows.len(), n_collected, "nothing is doubled");
    assert_eq!(sellers.len(), n_collected, "nothing is lost");
    assert!(
        n_interrupted > 0,
        "at least one of twenty syncs was really interrupted"
    );
}

/// A long form, so that there is something to be killed in.
fn long_form() -> Vec<Vec<String>> {
    let mut rows = vec![SURVEY.iter().map(|cell| cell.to_string()).collect::<Vec<_>>()];
    for number in 0..60 {
        rows.push(vec![
            "integer".into(),
            format!("q{number:02}"),
            format!("Question {number}"),
        ]);
    }
    rows
}

/// `sampan interview` in a process of its own; it reads answers from its standard input and is killed, not ended.
struct Interviewing {
    process: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Interviewing {
    fn start(folder: &std::path::Path, what: &str) -> Interviewing {
        let mut process = Command::new(program("sampan").expect("sampan is built"))
            .arg("--data")
            .arg(folder)
            .args(["interview", what])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("sampan starts");
        let lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        Interviewing { process, lines }
    }

    /// Waits for the next question (a line with its text) and gives its number; None when the program ended.
    fn question(&mut self) -> Option<usize> {
        loop {
            let line = self.lines.next()?.ok()?;
            if let Some(rest) = line.split("Question ").nth(1) {
                let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                if let Ok(number) = digits.parse() {
                    return Some(number);
                }
            }
        }
    }

    fn answer(&mut self, text: &str) {
        let stdin = self.process.stdin.as_mut().expect("a pipe");
        writeln!(stdin, "{text}")
            .and_then(|()| stdin.flush())
            .expect("the program reads");
    }

    fn kill(mut self) {
        self.process.kill().expect("killed");
        self.process.wait().expect("gone");
    }
}

#[test]
fn the_device_is_killed_twenty_times_between_answers_and_only_the_answer_being_typed_is_gone() {
    let mut world = World::bare();
    let rows = long_form();
    let borrowed: Vec<Vec<&str>> = rows
        .iter()
        .map(|row| row.iter().map(String::as_str).collect())
        .collect();
    let survey: Vec<&[&str]> = borrowed.iter().map(Vec::as_slice).collect();
    world.publish(
        &survey,
        &[&["form_title", "form_id", "version"], &["Long", "long", "1"]],
    );
    let dara = world.device("dara", "phone");
    drop(dara);
    let folder = world.place("phone");
    let mut chance = Chance::new(seed());
    let mut what = "long".to_string();
    let mut n_accepted = 0usize;
    for round in 0..20 {
        let mut interviewing = Interviewing::start(&folder, &what);
        let at = interviewing.question().expect("a question");
        assert!(
            at >= n_accepted,
            "round {round}: it resumes at question {at}, {n_accepted} were accepted before the kill"
        );
        n_accepted = at;
        for _ in 0..chance.between(0, 4) {
            if n_accepted >= 59 {
                break;
            }
            interviewing.answer(&(1000 + n_accepted).to_string());
            // The next question shows only when the answer is on the disk.
            n_accepted = interviewing.question().expect("the next question");
        }
        if chance.percent(50) && n_accepted < 59 {
            interviewing.answer("7");
            std::thread::sleep(Duration::from_micros(chance.below(3_000)));
        }
        interviewing.kill();
        let device = enumerator::device(&folder).expect("the device opens again");
        let interviews = device.interviews().expect("a list");
        assert_eq!(interviews.len(), 1, "round {round}: one interview, begun once");
        let record = &interviews[0].record;
        let view = device.show(record, None).expect("shown");
        let answers: Vec<&str> = view
            .answers
            .iter()
            .filter_map(|answer| answer.answer.as_ref().map(|answer| answer.text.as_str()))
            .collect();
        assert!(
            answers.len() >= n_accepted,
            "round {round}: {} of {n_accepted} are there",
            answers.len()
        );
        assert!(
            answers.len() <= n_accepted + 1,
            "at most the one being typed is there beside them"
        );
        for (number, answer) in answers.iter().take(n_accepted).enumerate() {
            let typed = (1000 + number).to_string();
            assert!(
                *answer == typed || *answer == "7",
                "round {round}: question {number} holds {answer}"
            );
        }
        what.clone_from(&record.0);
    }
    assert!(
        n_accepted > 10,
        "the interview went on between the kills: {n_accepted}"
    );
}
