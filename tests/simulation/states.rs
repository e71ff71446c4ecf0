//! Rare states: a run of many seeds that never reached one of them has tested less than it says.

use std::collections::BTreeMap;

macro_rules! states {
    ($($name:ident => $sentence:literal,)*) => {
        /// A state that matters and does not come by itself.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "each state's sentence says it")]
        pub enum State { $($name,)* }

        impl State {
            /// All of them.
            pub const ALL: &'static [State] = &[$(State::$name,)*];

            /// What it is, for people.
            pub fn sentence(self) -> &'static str {
                match self { $(State::$name => $sentence,)* }
            }
        }
    };
}

states! {
    RequestLost => "a request was lost",
    ResponseLostAfterCommit => "a response was lost after the office had committed",
    RequestDoubled => "a request arrived twice",
    RequestStale => "a request arrived after a later one of the same phone was answered",
    RequestCut => "a request arrived without its end and was refused",
    ResponseCut => "a response arrived without its end and was refused",
    GaveUpWaiting => "a phone stopped waiting while its request was on the way",
    PhoneCrashedWaiting => "a phone died while it waited for a response",
    PhoneCrashedBetweenRounds => "a phone died between two rounds of a sync",
    OfficeCrashedWithResponsesOut => "the office died with responses on the way",
    PhonesInterleaved => "three phones were in a sync at the same time",
    TwinsInterleaved => "two copies of one phone were in a sync at the same time",
    BatchSplit => "one request was too small for what waited",
    BatchHalved => "a cut made the batch smaller",
    BatchGrew => "success made the batch larger",
    PullPaged => "one response was too small for the feed",
    Forked => "a fork was found",
    ForkedAtFirst => "a fork was found at the first change of a name",
    ForkedTwice => "one phone forked a second time",
    CopyOfCopy => "a copy was copied",
    PhoneSetBackBehindAck => "a phone was set back behind what the office had acknowledged",
    PhoneSetBackUnsent => "a phone was set back and unsent work was lost with it",
    OfficeRestored => "the office was restored",
    OfficeRestoredTwice => "the office was restored a second time",
    GenerationChangedMidSync => "the office was restored while a phone was in a sync",
    GenerationChangedWithRequestOut => "the office was restored while a request was on the way",
    AcksTakenBack => "an office knew less than it had acknowledged, and the phone saw it",
    HoldsOffered => "a phone offered what others wrote to a restored office",
    RelayAsked => "a restored office asked for what others wrote",
    RelayKept => "a relayed change was kept",
    RelayContradicted => "a relayed change had the name of another one and was kept apart",
    ContradictionKnown => "a second phone held a change that was kept apart before",
    ResendAsked => "the office asked for changes from an earlier one on",
    QuarantinedForm => "a change waited for its form version",
    FormFetched => "the office got a form version from a phone",
    QuarantineEnded => "a change left quarantine",
    QuarantinedRight => "a change waited because its author had no right",
    QuarantinedUnreadable => "a change waited because it could not be read",
    QuarantinePassed => "a change was kept behind one in quarantine in the same request",
    KeyMissed => "a change came before the one that holds its record's key",
    Conflict => "two values stood at one question",
    ThreeValues => "three values stood at one question",
    ConflictResolved => "a value replaced two others knowingly",
    ChangedSinceApproval => "something came after an approval that it had not covered",
    DecidedAtOnce => "two decisions were made that did not know of each other",
    Resubmitted => "a returned interview was finished again",
    RecordCameWhole => "a record came into view with more than one change",
    PhotoInPieces => "a photo went up in pieces",
    PhotoResumed => "a photo went on where it was cut",
    FormCame => "a form came down",
    NamesCame => "a person's new name came down",
    ClockInThePast => "a phone wrote in 1970",
    ClockInTheFuture => "a phone wrote in 2099",
    ClockWentBack => "a phone's clock went back between two changes",
}

/// How often each was reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reached(pub BTreeMap<State, u64>);

impl Reached {
    /// Once more.
    pub fn reach(&mut self, state: State) {
        *self.0.entry(state).or_default() += 1;
    }

    /// Adds another run's.
    pub fn add(&mut self, other: &Reached) {
        for (state, n) in &other.0 {
            *self.0.entry(*state).or_default() += n;
        }
    }

    /// Those never reached.
    pub fn missed(&self) -> Vec<State> {
        let all = State::ALL.iter().copied();
        all.filter(|state| !self.0.contains_key(state)).collect()
    }
}
