//! Bugs that can be planted, to prove that the oracle would find the real ones.

macro_rules! bugs {
    ($($name:ident, $word:literal => $sentence:literal,)*) => {
        /// A bug of the kind that sync programs have had.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "each bug's sentence says it")]
        pub enum Bug { $($name,)* }

        impl Bug {
            /// All of them.
            pub const ALL: &'static [Bug] = &[$(Bug::$name,)*];

            /// Its name on the command line.
            pub fn word(self) -> &'static str {
                match self { $(Bug::$name => $word,)* }
            }

            /// What is wrong, for people.
            pub fn sentence(self) -> &'static str {
                match self { $(Bug::$name => $sentence,)* }
            }
        }
    };
}

bugs! {
    AckBeforeCommit, "ack-before-commit" => "the office answers before its commit is durable",
    InsertTwice, "insert-twice" => "the office keeps a repeated change a second time",
    AckUnseen, "ack-unseen" => "the office acknowledges what the phone said it has, not what came",
    QuarantineBlocks, "quarantine-blocks" => "a change that must wait stops what follows it",
    FeedSkips, "feed-skips" => "the feed leaves an entry out when a page is full",
    ScopeOpen, "scope-open" => "the feed of one person holds what only another may see",
    RightsUnchecked, "rights-unchecked" => "the office keeps what a barred person writes",
    SentIsSafe, "sent-is-safe" => "the phone marks changes as sent before the response",
    CursorFirst, "cursor-first" => "the phone moves its cursor before the changes are committed",
    ForkIgnored, "fork-ignored" => "the phone does not take a new incarnation when told of a fork",
    GenerationIgnored, "generation-ignored" => "the phone takes a restored office for the one it knew",
    LastWriterWins, "last-writer-wins" => "a change replaces values its writer had not seen",
    ContextDropped, "context-dropped" => "a change forgets what its writer had seen",
    DecisionCoversAll, "decision-covers-all" => "a decision covers what its author had not seen",
    ChunkOffByOne, "chunk-off-by-one" => "a photo goes on one byte too far",
    PhotoForgotten, "photo-forgotten" => "a photo counts as safe when its first piece arrived",
}

impl Bug {
    /// The bug with this name.
    pub fn from_word(word: &str) -> Option<Bug> {
        Bug::ALL.iter().copied().find(|bug| bug.word() == word)
    }
}
