//! Seasons by seed: run, shrink what fails, tell its story.

use crate::bugs::Bug;
use crate::chance::Chance;
use crate::event::{self, Event, Kind};
use crate::states::Reached;
use crate::world::{Special, World};

/// What became of one season.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Season {
    /// What was broken; None when all rules held.
    pub violation: Option<String>,
    /// Rare states it reached.
    pub reached: Reached,
    /// Over all that was there in the end: two runs of one seed have the same.
    pub digest: [u8; 32],
    /// What happened, when asked for.
    pub story: Vec<String>,
    /// How many answers were saved.
    pub n_saved: usize,
}

/// The season of a seed, with a planted bug or without.
pub fn season(seed: u64, bug: Option<Bug>) -> Season {
    play(seed, &events(seed), bug, false)
}

/// What happens in the season of a seed.
pub fn events(seed: u64) -> Vec<Event> {
    let mut chance = Chance::new(seed);
    event::season(&mut chance.fork())
}

/// Plays events over the world of a seed.
pub fn play(seed: u64, events: &[Event], bug: Option<Bug>, tells: bool) -> Season {
    let mut chance = Chance::new(seed ^ 0x77);
    let mut world = World::new(&mut chance, bug, tells);
    for event in events {
        happen(&mut world, *event);
        if world.violation.is_some() {
            break;
        }
    }
    if world.violation.is_none() {
        world.settle_and_check();
    }
    Season {
        digest: world.digest(),
        violation: world.violation.take(),
        n_saved: world.facts.len(),
        reached: world.reached,
        story: world.story.unwrap_or_default(),
    }
}

pub fn happen(world: &mut World, event: Event) {
    let n = event.who as usize % world.phones.len().max(1);
    let (what, how) = (event.what, event.how);
    match event.kind {
        Kind::Write => world.write(n, what, how, Special::Plain),
        Kind::Photo => world.write(n, what, how, Special::Photo),
        Kind::Poison => world.write(n, what, how, Special::Poison),
        Kind::OwnForm => world.write(n, what, how, Special::OwnForm),
        Kind::Submit => world.submit(n, what),
        Kind::Look => world.look(what),
        Kind::Decide => world.decide(what, how),
        Kind::Assign => world.assign(n, what, how),
        Kind::Call => world.call(n),
        Kind::Arrive => world.arrive(what, false),
        Kind::Answer => world.answer(what),
        Kind::LoseRequest => world.lose_request(what),
        Kind::LoseResponse => world.lose_response(what),
        Kind::Double => world.arrive(what, true),
        Kind::GiveUp => world.give_up(n),
        Kind::CutRequest => world.cut_request(what, how),
        Kind::CutResponse => world.cut_response(what, how),
        Kind::CrashPhone => world.crash_phone(n),
        Kind::CrashOffice => world.crash_office(),
        Kind::CopyPhone => world.copy_phone(n),
        Kind::KeepPhone => world.keep_phone(n),
        Kind::RestorePhone => world.restore_phone(n, what),
        Kind::Backup => world.backup(),
        Kind::Restore => world.restore(what),
        Kind::Show => world.show(what, how),
        Kind::Bar => world.bar(how),
        Kind::Publish => world.publish_next(),
        Kind::Clock => world.set_clock(n, how),
        Kind::Rename => world.rename(how),
    }
}

/// The fewest of a failing season's events that still fail, found by leaving out ever smaller pieces.
pub fn shrink(seed: u64, bug: Option<Bug>) -> Vec<Event> {
    let mut events = events(seed);
    let rule = |violation: String| violation.split(':').next().unwrap_or_default().to_owned();
    let broken = play(seed, &events, bug, false).violation.map(rule);
    let fails = |events: &[Event]| {
        let found = play(seed, events, bug, false).violation.map(rule);
        found.is_some() && found == broken
    };
    let mut piece = events.len().div_ceil(2);
    while piece > 0 {
        let mut at = 0;
        while at < events.len() {
            let mut fewer = events.clone();
            fewer.drain(at..(at + piece).min(events.len()));
            if fails(&fewer) {
                events = fewer;
            } else {
                at += piece;
            }
        }
        piece /= 2;
    }
    events
}

/// What many seasons came to.
#[derive(Debug, Clone, Default)]
pub struct Total {
    /// How many were played.
    pub n_seasons: u64,
    /// How many answers were saved in them.
    pub n_saved: u64,
    /// Rare states reached.
    pub reached: Reached,
    /// The first season that broke a rule, and which.
    pub broken: Option<(u64, String)>,
}

/// Plays the seasons of `seeds` on `n_threads` threads, and stops each at its first broken rule.
pub fn many(seeds: std::ops::Range<u64>, n_threads: u64, bug: Option<Bug>) -> Total {
    let n_threads = n_threads.max(1);
    let part = |thread: u64| {
        let mut total = Total::default();
        for seed in seeds.clone().filter(|seed| seed % n_threads == thread) {
            let season = season(seed, bug);
            total.n_seasons += 1;
            total.n_saved += season.n_saved as u64;
            total.reached.add(&season.reached);
            if let Some(violation) = season.violation {
                total.broken = Some((seed, violation));
                break;
            }
        }
        total
    };
    let mut total = Total::default();
    std::thread::scope(|scope| {
        let part = &part;
        let threads: Vec<_> = (0..n_threads)
            .map(|thread| scope.spawn(move || part(thread)))
            .collect();
        for thread in threads {
            let one = thread.join().expect("a season does not panic");
            total.n_seasons += one.n_seasons;
            total.n_saved += one.n_saved;
            total.reached.add(&one.reached);
            let earlier = |old: &(u64, String)| one.broken.as_ref().is_none_or(|new| old.0 <= new.0);
            if !total.broken.as_ref().is_some_and(earlier) && one.broken.is_some() {
                total.broken = one.broken;
            }
        }
    });
    total
}
