//! Forms of many organisations: each is read, or refused at a cell; those that are read are written as XForms.
//!
//! The forms are no part of this repository; without their folder the test says that it is skipped.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test may panic and tells what it counted"
)]

use std::path::Path;

use sampan_form::problem::{Problem, Severity};
use sampan_form::xform;
use sampan_xlsform::reading::{Options, Reading, read_file};

/// What is read at least of those that the reference converter accepts: as outlines, strictly, leniently.
const ACCEPTED: [usize; 3] = [83, 79, 82];
/// What is read leniently at least of those that the reference converter refuses.
const REFUSED: usize = 58;

#[test]
fn each_real_form_is_read_or_refused_at_a_cell() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    let Ok(list) = std::fs::read_to_string(folder.join("forms.jsonl")) else {
        eprintln!("skipped: there is no folder shared/conformance with the forms beside the repository");
        return;
    };
    let (mut accepted, mut refused, mut n_refused, mut n_mended) = ([0; 3], 0, 0, 0);
    for line in list.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        let name = entry["form"].as_str().unwrap();
        let bytes = std::fs::read(folder.join("forms").join(name)).unwrap();
        let read = |lenient: bool, is_outline: bool| {
            let options = Options {
                lenient,
                is_outline,
                ..Options::default()
            };
            let reading = read_file(&bytes, name, &options);
            if let Err(problems) = &reading {
                judge(name, problems);
            }
            reading
        };
        let (outline, strict, lenient) = (read(false, true), read(false, false), read(true, false));
        if let Ok(reading) = &outline {
            let written = xform::write(&reading.form);
            assert!(
                written.contains("<h:html") && written.contains("</h:html>"),
                "{name}"
            );
        }
        if entry["pyxform_refuses"].as_bool().unwrap() {
            n_refused += 1;
            refused += usize::from(lenient.is_ok());
            n_mended += lenient.as_ref().map_or(0, n_mendings);
        } else {
            for (count, reading) in accepted.iter_mut().zip([outline, strict, lenient]) {
                *count += usize::from(reading.is_ok());
            }
        }
    }
    eprintln!(
        "real forms: of 83 accepted by the reference converter {} outlines, {} strict, {} lenient; of {n_refused} \
         refused {refused} lenient, with {n_mended} mendings",
        accepted[0], accepted[1], accepted[2]
    );
    for (read, least) in accepted.iter().zip(ACCEPTED) {
        assert!(*read >= least, "{accepted:?}, fewer than {ACCEPTED:?}");
    }
    assert!(refused >= REFUSED && refused * 2 >= n_refused, "{refused}");
    assert!(n_mended > 0);
}

/// Whoever has to mend the form is told where.
fn judge(name: &str, problems: &[Problem]) {
    let errors: Vec<&Problem> = problems.iter().filter(|problem| problem.is_error()).collect();
    assert!(!errors.is_empty(), "{name} is refused without an error");
    assert!(
        errors.iter().any(|problem| problem.origin.row > 0),
        "{name} is refused without a cell: {}",
        errors[0]
    );
    assert!(errors.iter().all(|problem| !problem.advice.is_empty()), "{name}");
}

fn n_mendings(reading: &Reading) -> usize {
    let mended = |problem: &&Problem| problem.severity == Severity::Mended;
    reading.warnings.iter().filter(mended).count()
}
