//! Targets for fuzzing: each takes bytes, makes an input of them, and panics when something is wrong.
//!
//! The same functions are run in two ways: by libFuzzer, which looks for inputs that reach new code
//! (`cargo xtask fuzz TARGET`), and by the test `corpora`, which runs every input that was kept.
//!
//! Modules in reading order: [`bytes`] (bytes as choices), [`xpath`], [`sheet`], [`xform`], [`trace`] (a running
//! interview against a slow reference).

pub mod bytes;
pub mod sheet;
pub mod trace;
pub mod xform;
pub mod xpath;

/// One thing to fuzz.
pub struct Target {
    /// As it is called on the command line, and the folder of its corpus.
    pub name: &'static str,
    /// Runs one input; panics when it finds something.
    pub run: fn(&[u8]),
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target {
        name: "sheet",
        run: sheet::run,
    },
    Target {
        name: "xform",
        run: xform::run,
    },
    Target {
        name: "xpath",
        run: xpath::run,
    },
    Target {
        name: "trace",
        run: trace::run,
    },
];

/// The target of a name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
