//! The form language on large forms: converting, loading, answering, long repeats and long files, beside pyxform.

mod child;
mod made;
mod peer;
mod report;
mod subject;
mod walk;

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use crate::forms::report::Report;
use crate::forms::subject::Subject;
use crate::table::{figure, quantile};

pub use crate::forms::child::as_form;

/// Processes in which the same thing is measured; the median of them is told.
const N_PROCESSES: usize = 5;

/// What a child process has measured, by name.
type Figures = BTreeMap<String, String>;

/// Measures, prints, and writes the marked part of docs/performance.md.
pub fn measure(seed: u64) -> Result<(), String> {
    let folder = crate::machine::disk_folder()?;
    let subjects = subject::find(folder.path())?;
    let mut report = Report::begin(seed, &subjects.note);
    let peer = peer::Peer::prepare();
    report.line(&match &peer {
        Ok(peer) => format!(
            "Beside it, in the same run: pyxform {} with {}.",
            peer.version, peer.python
        ),
        Err(reason) => format!("pyxform is not beside it: {reason}."),
    });
    converting(&mut report, &subjects.list, peer.ok().as_ref())?;
    loading(&mut report, &subjects.list)?;
    answering(&mut report, &subjects.list, seed)?;
    long_repeats(&mut report, seed)?;
    long_files(&mut report, seed)?;
    report.write()
}

fn converting(report: &mut Report, subjects: &[Subject], peer: Option<&peer::Peer>) -> Result<(), String> {
    let mut rows = Vec::new();
    for subject in subjects {
        let path = subject.path.display().to_string();
        let runs = repeat(N_PROCESSES, &["convert", &path])?;
        let own_ms = median(&runs, "cpu_ms")?;
        let theirs = peer
            .map(|peer| peer.convert(&subject.path))
            .transpose()?
            .flatten();
        rows.push(vec![
            subject.name.clone(),
            subject.n_rows.to_string(),
            figure(median(&runs, "cpu_ms_again")?, 1),
            figure(own_ms, 1),
            theirs.map_or("refused".into(), |theirs| figure(theirs.cpu_ms, 0)),
            theirs.map_or(String::new(), |theirs| figure(theirs.cpu_ms / own_ms, 0)),
            figure(median(&runs, "peak_mb")?, 1),
            theirs.map_or(String::new(), |theirs| figure(theirs.peak_mb, 0)),
        ]);
    }
    report.table(
        "From spreadsheet to XForm",
        "Milliseconds of processor time from the bytes of the spreadsheet to the text of the XForm, each in a process of its own; \
         \"warm\" is the second conversion in the same process. Python's start and imports are not counted, its memory includes them.",
        &["form", "rows", "warm ms", "ms", "pyxform ms", "times faster", "peak MB", "pyxform MB"],
        &rows,
    );
    Ok(())
}

fn loading(report: &mut Report, subjects: &[Subject]) -> Result<(), String> {
    let mut rows = Vec::new();
    for subject in subjects {
        let path = subject.path.display().to_string();
        let mut cells = vec![subject.name.clone()];
        let mut peak_mb: f64 = 0.0;
        for from in ["package", "xform", "sheet"] {
            let runs = repeat(N_PROCESSES, &["load", from, &path])?;
            cells.push(figure(median(&runs, "cpu_ms")?, 1));
            if from == "package" {
                peak_mb = median(&runs, "peak_mb")?;
            }
        }
        cells.push(figure(peak_mb, 1));
        rows.push(cells);
    }
    report.table(
        "From a file to the first question",
        "Milliseconds of processor time from the bytes to an interview that was begun; a device gets the form as a package. \
         Memory is that of the process which loads the package.",
        &["form", "package ms", "XForm ms", "spreadsheet ms", "peak MB"],
        &rows,
    );
    Ok(())
}

fn answering(report: &mut Report, subjects: &[Subject], seed: u64) -> Result<(), String> {
    let mut rows = Vec::new();
    let mut long = Vec::new();
    for subject in subjects {
        let path = subject.path.display().to_string();
        let run = start(&["answer", &path, &seed.to_string()])?;
        rows.push(told(
            &subject.name,
            &run,
            &["n_asked", "p50_us", "p99_us", "max_us", "n", "slowest", "peak_mb"],
        ));
        let run = start(&["rows", &path, &seed.to_string()])?;
        if run.contains_key("repeat") {
            long.push(told(
                &subject.name,
                &run,
                &[
                    "repeat",
                    "n_rows",
                    "n_places",
                    "add_p50_ms",
                    "add_p99_ms",
                    "p50_ms",
                    "p99_ms",
                    "peak_mb",
                ],
            ));
        }
    }
    report.table(
        "One answer",
        "The form is filled in at random, then questions drawn at random are answered anew; an answer is checked, taken, and all that \
         depends on it computed. Microseconds of processor time; memory is that of the whole process.",
        &["form", "questions reached", "p50 µs", "p99 µs", "max µs", "n", "slowest question", "peak MB"],
        &rows,
    );
    report.table(
        "Their longest repeats, filled up",
        "Rows are added until there are 1,000 or the 200,000 places of an interview are used up; the last 50 are counted. \
         Then questions in random rows are answered.",
        &["form", "repeat", "rows", "places", "row added p50 ms", "p99 ms", "answer p50 ms", "p99 ms", "peak MB"],
        &long,
    );
    Ok(())
}

fn long_repeats(report: &mut Report, seed: u64) -> Result<(), String> {
    let mut rows = Vec::new();
    for scenario in made::REPEATS {
        let run = start(&["made", scenario.name, &seed.to_string()])?;
        rows.push(told(
            scenario.words,
            &run,
            &[
                "n_rows",
                "add_p50_ms",
                "add_p99_ms",
                "p50_ms",
                "p99_ms",
                "other_ms",
                "peak_mb",
            ],
        ));
    }
    report.table(
        "Repeats of 1,000 rows",
        "Forms made for it. A row is added as the last one, an answer in a random row is changed, and an answer outside that all rows read \
         is changed. Milliseconds of processor time with everything recomputed.",
        &["rows", "n", "row added p50 ms", "p99 ms", "answer p50 ms", "p99 ms", "answer outside p50 ms", "peak MB"],
        &rows,
    );
    Ok(())
}

fn long_files(report: &mut Report, seed: u64) -> Result<(), String> {
    let mut rows = Vec::new();
    for scenario in made::FILES {
        let run = start(&["file", scenario.name, &seed.to_string()])?;
        rows.push(told(
            scenario.words,
            &run,
            &[
                "load_ms",
                "first_ms",
                "show_p50_us",
                "show_p99_us",
                "p50_us",
                "p99_us",
                "peak_mb",
            ],
        ));
    }
    report.table(
        "Lists and files of 16,000 rows",
        "The file is read and the interview begun; then the choices are looked at once (which indexes the column) and again for other answers, \
         and one of them is chosen.",
        &["", "load ms", "first look ms", "choices p50 µs", "p99 µs", "answer p50 µs", "p99 µs", "peak MB"],
        &rows,
    );
    Ok(())
}

/// Figures of a run as cells behind a name; what was not measured is blank.
fn told(name: &str, run: &Figures, keys: &[&str]) -> Vec<String> {
    let cells = keys.iter().map(|key| {
        let value = run.get(*key).cloned().unwrap_or_default();
        match value.parse::<f64>() {
            Ok(number) if key.starts_with('n') => figure(number, 0),
            Ok(number) if key.ends_with("_ms") => figure(number, 2),
            Ok(number) => figure(number, 1),
            Err(_) => value,
        }
    });
    std::iter::once(name.to_string()).chain(cells).collect()
}

fn repeat(n_times: usize, arguments: &[&str]) -> Result<Vec<Figures>, String> {
    (0..n_times).map(|_| start(arguments)).collect()
}

/// Runs a part in a process of its own.
fn start(arguments: &[&str]) -> Result<Figures, String> {
    let own = std::env::current_exe().map_err(|error| format!("where am I? {error}"))?;
    let output = Command::new(own)
        .args(arguments.iter().map(|argument| format!("--as-form={argument}")))
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start a process for {arguments:?}: {error}"))?;
    if !output.status.success() {
        return Err(format!("the process for {arguments:?} failed"));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect())
}

fn median(runs: &[Figures], name: &str) -> Result<f64, String> {
    let mut values: Vec<f64> = runs
        .iter()
        .filter_map(|run| run.get(name)?.parse().ok())
        .collect();
    match values.is_empty() {
        true => Err(format!("no process told {name}")),
        false => Ok(quantile(&mut values, 0.5)),
    }
}
