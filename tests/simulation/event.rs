//! What can happen next in a season.

use crate::chance::Chance;

/// One happening. The numbers choose among what is there at that moment (modulo), so that a list of events stays
/// playable when some are left out: that is how a failing season is shrunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// What happens.
    pub kind: Kind,
    /// Mostly: to whom.
    pub who: u32,
    /// Mostly: to what.
    pub what: u32,
    /// Mostly: how.
    pub how: u32,
}

/// The kinds of happening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An answer is saved on a phone.
    Write,
    /// An answer with a photo is saved on a phone.
    Photo,
    /// An answer is saved that the office cannot read.
    Poison,
    /// An answer is saved under a form version that only this phone has.
    OwnForm,
    /// An interview is finished.
    Submit,
    /// A reviewer opens a record at the office.
    Look,
    /// A reviewer decides on what an opened page shows.
    Decide,
    /// A record is given to another person.
    Assign,
    /// A phone begins to sync, or asks on.
    Call,
    /// A request arrives at the office.
    Arrive,
    /// A response arrives at its phone.
    Answer,
    /// A request is lost on its way.
    LoseRequest,
    /// A response is lost on its way.
    LoseResponse,
    /// A request arrives, and will arrive once more.
    Double,
    /// A phone stops waiting; its request is still on the way.
    GiveUp,
    /// A request arrives without its end.
    CutRequest,
    /// A response arrives without its end.
    CutResponse,
    /// A phone's process dies.
    CrashPhone,
    /// The office's process dies.
    CrashOffice,
    /// A phone's folder is copied to another phone.
    CopyPhone,
    /// A phone's folder is put aside as a backup.
    KeepPhone,
    /// A phone is set back to an older folder of its own.
    RestorePhone,
    /// The office is backed up.
    Backup,
    /// The office is restored from a backup.
    Restore,
    /// A record comes into a person's view.
    Show,
    /// A person loses, or gets back, the right to write.
    Bar,
    /// A form is published.
    Publish,
    /// A phone's clock jumps.
    Clock,
    /// A person is named anew.
    Rename,
}

/// Kinds and how often each is drawn, of their sum.
const WEIGHTS: &[(Kind, u64)] = &[
    (Kind::Write, 36),
    (Kind::Photo, 6),
    (Kind::Poison, 1),
    (Kind::OwnForm, 1),
    (Kind::Submit, 4),
    (Kind::Look, 10),
    (Kind::Decide, 9),
    (Kind::Assign, 2),
    (Kind::Call, 40),
    (Kind::Arrive, 34),
    (Kind::Answer, 34),
    (Kind::LoseRequest, 3),
    (Kind::LoseResponse, 4),
    (Kind::Double, 4),
    (Kind::GiveUp, 3),
    (Kind::CutRequest, 1),
    (Kind::CutResponse, 1),
    (Kind::CrashPhone, 5),
    (Kind::CrashOffice, 2),
    (Kind::CopyPhone, 1),
    (Kind::KeepPhone, 1),
    (Kind::RestorePhone, 1),
    (Kind::Backup, 3),
    (Kind::Restore, 2),
    (Kind::Show, 3),
    (Kind::Bar, 1),
    (Kind::Publish, 1),
    (Kind::Clock, 2),
    (Kind::Rename, 1),
];

/// The happenings of a season.
pub fn season(chance: &mut Chance) -> Vec<Event> {
    let sum = WEIGHTS.iter().map(|(_, weight)| weight).sum();
    let n_events = chance.between(20, 160);
    let draw = |chance: &mut Chance| {
        let mut point = chance.below(sum);
        let mut kind = Kind::Call;
        for (candidate, weight) in WEIGHTS {
            if point < *weight {
                kind = *candidate;
                break;
            }
            point -= weight;
        }
        let mut number = || (chance.draw() >> 32) as u32;
        Event {
            kind,
            who: number(),
            what: number(),
            how: number(),
        }
    };
    (0..n_events).map(|_| draw(chance)).collect()
}
