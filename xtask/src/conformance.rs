//! Cases recorded from the programs of others, run and counted; the folder with them is no part of the repository.

use crate::run::{Outcome, cargo, root};

/// Where the cases are, beside the folder of the workspace.
const FOLDER: &str = "shared/conformance";

/// What is counted: a heading, the package, its test, and which part of the test.
const KINDS: &[(&str, &str, &str, &str)] = &[
    ("XPath expressions", "sampan-xpath", "reference", ""),
    ("XLSForm to XForm", "sampan-xlsform", "pyxform_cases", ""),
    ("real forms, read", "sampan-xlsform", "real_forms", ""),
    (
        "real forms, walked",
        "sampan-interview",
        "interview",
        "each_real_form",
    ),
    ("recorded interviews", "sampan-interview", "interview", "traces::"),
    (
        "recorded scenarios",
        "sampan-interview",
        "interview",
        "scenarios::",
    ),
    (
        "all of these through the adapters",
        "sampan-cli",
        "adapters",
        "recorded_",
    ),
];

/// `cargo xtask conformance`.
pub fn conformance(arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        return Err(format!(
            "conformance: unknown options {arguments:?}; it takes none"
        ));
    }
    let has_cases = root().parent().is_some_and(|around| around.join(FOLDER).is_dir());
    if !has_cases {
        println!(
            "skipped: there is no folder {FOLDER} beside the workspace, and the recorded cases are in it"
        );
        return Ok(());
    }
    let mut failed = Vec::new();
    for (heading, package, test, part) in KINDS {
        println!("── {heading}");
        let output = cargo()
            .args([
                "test",
                "--locked",
                "--quiet",
                "--package",
                package,
                "--test",
                test,
            ])
            .args(["--", "--nocapture", part])
            .output()
            .map_err(|error| format!("{heading}: cannot start cargo: {error}"))?;
        let printed = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        let counts: Vec<&str> = printed.lines().filter(|line| is_count(line)).collect();
        if output.status.success() && !counts.is_empty() {
            counts.iter().for_each(|count| println!("{count}"));
        } else {
            println!("{printed}");
            failed.push(*heading);
        }
    }
    match failed.as_slice() {
        [] => Ok(()),
        failed => Err(format!(
            "conformance: {} came out worse than before, or counted nothing; the lines above say why",
            failed.join(", ")
        )),
    }
}

/// Whether a test printed this line to tell how many cases passed.
fn is_count(line: &str) -> bool {
    line.contains(" known different, ") || line.starts_with("real forms")
}
