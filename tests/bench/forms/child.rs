//! What the processes of their own do: one thing each, so that memory and first times are those of that thing alone.

use std::path::Path;
use std::sync::Arc;

use sampan_form::compiled::{Form, What};
use sampan_form::def::FormDef;
use sampan_form::external::{Table, Tables};
use sampan_form::{package, xform};
use sampan_interview::plan::Plan;
use sampan_record::ids::RowId;
use sampan_record::path::AnswerPath;
use sampan_xlsform::reading::{self, Options};

use crate::forms::made;
use crate::forms::walk::Walk;
use crate::machine::{self, Stopwatch};
use crate::table::quantile;

/// Answers that are changed in an interview.
const N_ANSWERS: usize = 5_000;

/// Rows of a repeat that count, the last ones.
const N_ADDED: usize = 50;

/// Answers in a long repeat.
const N_IN_ROWS: usize = 300;

/// Longest time for filling up a repeat, so that a slow one ends.
const PATIENCE_MS: f64 = 20_000.0;

/// Runs a part by its words; prints figures as `name<TAB>value`.
pub fn as_form(words: &[String]) -> Result<(), String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        // Tells its peak itself, after the first of its two conversions.
        ["convert", path] => return convert(Path::new(path)),
        ["load", from, path] => load(from, Path::new(path))?,
        ["write", kind, path, to] => write(kind, Path::new(path), Path::new(to))?,
        ["answer", path, seed] => answer(Path::new(path), number(seed)?)?,
        ["rows", path, seed] => rows(Path::new(path), number(seed)?)?,
        ["made", name, seed] => made_rows(name, number(seed)?)?,
        ["file", name, seed] => made_file(name, number(seed)?)?,
        other => return Err(format!("no part of the measurements: {other:?}")),
    }
    if let Some((_, peak_mib)) = machine::memory_mib(std::process::id()) {
        tell("peak_mb", peak_mib * 1.048_576);
    }
    Ok(())
}

fn convert(path: &Path) -> Result<(), String> {
    for name in ["cpu_ms", "cpu_ms_again"] {
        let watch = Stopwatch::start();
        let def = read(path)?;
        let xml = xform::write(&def);
        tell(name, watch.cpu_ms());
        drop(xml);
        if name == "cpu_ms"
            && let Some((_, peak_mib)) = machine::memory_mib(std::process::id())
        {
            tell("peak_mb", peak_mib * 1.048_576);
        }
    }
    Ok(())
}

fn load(from: &str, path: &Path) -> Result<(), String> {
    let bytes = match from {
        "sheet" => bytes(path)?,
        // Made by another process, whose memory does not count here.
        _ => made_by_another(from, path)?,
    };
    let watch = Stopwatch::start();
    let def = match from {
        "sheet" => {
            reading::read_file(&bytes, &file_name(path), &Options::default())
                .map_err(|problems| format!("{}: {:?}", path.display(), problems.first()))?
                .form
        }
        "xform" => {
            let text = std::str::from_utf8(&bytes).map_err(|error| error.to_string())?;
            xform::read::read(text)
                .map_err(|problems| format!("{}: {:?}", path.display(), problems.first()))?
                .form
        }
        "package" => package::from_bytes(&bytes).map_err(|error| error.to_string())?,
        other => return Err(format!("cannot load from {other:?}")),
    };
    let walk = Walk::begin(plan(def, Tables::new())?, 1);
    tell("cpu_ms", watch.cpu_ms());
    drop(walk);
    Ok(())
}

fn made_by_another(kind: &str, path: &Path) -> Result<Vec<u8>, String> {
    let kept = std::env::temp_dir().join(format!("sampan-bench-{}-{kind}", std::process::id()));
    let own = std::env::current_exe().map_err(|error| format!("where am I? {error}"))?;
    let arguments = [
        "write",
        kind,
        &path.display().to_string(),
        &kept.display().to_string(),
    ]
    .map(|word| format!("--as-form={word}"));
    let ended = std::process::Command::new(own)
        .args(arguments)
        .status()
        .map_err(|error| error.to_string())?;
    if !ended.success() {
        return Err(format!("{} could not be written as {kind}", path.display()));
    }
    let bytes = bytes(&kept);
    let _ = std::fs::remove_file(&kept);
    bytes
}

/// Writes a form in another shape.
fn write(kind: &str, path: &Path, to: &Path) -> Result<(), String> {
    let def = read(path)?;
    let bytes = match kind {
        "xform" => xform::write(&def).into_bytes(),
        "package" => package::to_bytes(&def),
        other => return Err(format!("cannot write {other:?}")),
    };
    std::fs::write(to, bytes).map_err(|error| format!("{}: {error}", to.display()))
}

fn answer(path: &Path, seed: u64) -> Result<(), String> {
    let mut walk = Walk::begin(plan(read(path)?, Tables::new())?, seed);
    let asked = walk.fill_in();
    tell("n_asked", asked.len() as f64);
    let mut times = Vec::new();
    if !asked.is_empty() {
        for _ in 0..N_ANSWERS {
            let at = walk.chance.pick(&asked).clone();
            if let Some(took_ms) = walk.answer(&at) {
                times.push((took_ms, at));
            }
        }
    }
    let slowest = times.iter().max_by(|one, other| one.0.total_cmp(&other.0));
    if let Some((_, at)) = slowest {
        println!("slowest\t{}", at.question);
    }
    let mut times: Vec<f64> = times.into_iter().map(|(ms, _)| ms * 1000.0).collect();
    tell("n", times.len() as f64);
    tell_quantiles("", "us", &mut times);
    tell("max_us", quantile(&mut times, 1.0));
    Ok(())
}

/// Fills up the repeat with the most questions in it that people add rows to.
fn rows(path: &Path, seed: u64) -> Result<(), String> {
    let mut walk = Walk::begin(plan(read(path)?, Tables::new())?, seed);
    walk.fill_in();
    let mut repeats: Vec<(usize, AnswerPath)> = Vec::new();
    let form = walk.interview.form();
    for node in form.nodes() {
        if node.what == What::Repeat && node.repeats.is_empty() && node.count.is_none() {
            let inside = form
                .questions()
                .filter(|question| question.repeats.contains(&node.id));
            let at = AnswerPath {
                question: sampan_record::path::QuestionPath(node.path.clone()),
                rows: Vec::new(),
            };
            repeats.push((inside.count(), at));
        }
    }
    repeats.sort_by_key(|(n_inside, _)| std::cmp::Reverse(*n_inside));
    for (n_inside, repeat) in repeats {
        let mut added = Vec::new();
        let before = Stopwatch::start();
        while before.cpu_ms() < PATIENCE_MS {
            let watch = Stopwatch::start();
            if walk
                .interview
                .add_row(&repeat, walk.chance.draw(), walk.now)
                .is_err()
            {
                break;
            }
            added.push(watch.cpu_ms());
        }
        if added.is_empty() {
            continue;
        }
        let all = walk.interview.rows(&repeat);
        println!("repeat\t{}", repeat.question);
        tell("n_rows", all.len() as f64);
        tell("n_places", (all.len() * n_inside) as f64);
        tell_quantiles("add_", "ms", &mut last(added));
        let asked = questions_in(&walk, &repeat, &all);
        let mut times = Vec::new();
        for _ in 0..N_IN_ROWS {
            if asked.is_empty() || before.cpu_ms() > 2.0 * PATIENCE_MS {
                break;
            }
            let at = walk.chance.pick(&asked).clone();
            times.extend(walk.answer(&at));
        }
        tell_quantiles("", "ms", &mut times);
        return Ok(());
    }
    Ok(())
}

/// Where the questions of a repeat's rows are, nested rows left out.
fn questions_in(walk: &Walk, repeat: &AnswerPath, rows: &[RowId]) -> Vec<AnswerPath> {
    let form = walk.interview.form();
    let Some(id) = form.find(repeat.question.as_str()) else {
        return Vec::new();
    };
    let inside = form.questions().filter(|node| node.repeats.as_slice() == [id]);
    let paths: Vec<Arc<str>> = inside.map(|node| node.path.clone()).collect();
    let at = |path: &Arc<str>, row: &RowId| AnswerPath {
        question: sampan_record::path::QuestionPath(path.clone()),
        rows: vec![*row],
    };
    rows.iter()
        .flat_map(|row| paths.iter().map(move |path| at(path, row)))
        .collect()
}

/// A made form with 1,000 rows.
fn made_rows(name: &str, seed: u64) -> Result<(), String> {
    let scenario = made::repeat(name).ok_or("no such form")?;
    let def = reading::read_markdown(&scenario.markdown())
        .map_err(|problems| format!("{name}: {:?}", problems.first()))?
        .form;
    let mut walk = Walk::begin(plan(def, Tables::new())?, seed);
    let patience = Stopwatch::start();
    let is_patient = || patience.cpu_ms() < PATIENCE_MS;
    let mut long = made::Long::new(&mut walk, scenario)?;
    while long.n_rows < made::N_ROWS - 1 && is_patient() {
        long.add(&mut walk)?;
    }
    let (mut added, mut answers, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..N_ADDED {
        if is_patient() {
            added.push(long.add(&mut walk)?);
            long.take_out(&mut walk)?;
        }
    }
    long.add(&mut walk)?;
    for _ in 0..N_IN_ROWS {
        if is_patient() {
            answers.extend(long.change(&mut walk));
        }
    }
    for _ in 0..20 {
        if is_patient() {
            others.extend(long.change_outside(&mut walk));
        }
    }
    tell("n_rows", long.n_rows as f64);
    tell_quantiles("add_", "ms", &mut added);
    tell_quantiles("", "ms", &mut answers);
    if !others.is_empty() {
        tell("other_ms", quantile(&mut others, 0.5));
    }
    Ok(())
}

/// A made form whose choices come from 16,000 rows.
fn made_file(name: &str, seed: u64) -> Result<(), String> {
    let scenario = made::file(name).ok_or("no such form")?;
    let def = reading::read_markdown(&scenario.markdown())
        .map_err(|problems| format!("{name}: {:?}", problems.first()))?
        .form;
    let csv = made::villages_csv();
    let watch = Stopwatch::start();
    let mut tables = Tables::new();
    if scenario.is_file {
        let table = Table::from_csv(csv.as_bytes()).map_err(|error| error.to_string())?;
        tables.insert("villages", Arc::new(table));
    }
    let mut walk = Walk::begin(plan(def, tables)?, seed);
    tell("load_ms", watch.cpu_ms());
    let (mut shows, mut answers) = (Vec::new(), Vec::new());
    for number in 0..200 {
        let typed = format!("{}", walk.chance.below(400));
        made::type_in(&mut walk, "district", &typed)?;
        let at = made::outside("village");
        let watch = Stopwatch::start();
        let choices = walk.interview.choices(&at);
        let took_ms = watch.cpu_ms();
        match number {
            0 => tell("first_ms", took_ms),
            _ => shows.push(took_ms * 1000.0),
        }
        if choices.is_empty() {
            return Err(format!("{name}: no choices for district {typed}"));
        }
        let village = walk.chance.pick(&choices).name.clone();
        answers.push(made::type_in(&mut walk, "village", &village)? * 1000.0);
    }
    tell_quantiles("show_", "us", &mut shows);
    tell_quantiles("", "us", &mut answers);
    Ok(())
}

fn plan(def: FormDef, tables: Tables) -> Result<Arc<Plan>, String> {
    let form = Form::compile(Arc::new(def)).map_err(|problems| format!("{:?}", problems.first()))?;
    Ok(Arc::new(Plan::new(Arc::new(form), Arc::new(tables))))
}

fn read(path: &Path) -> Result<FormDef, String> {
    let bytes = bytes(path)?;
    reading::read_file(&bytes, &file_name(path), &Options::default())
        .map(|reading| reading.form)
        .map_err(|problems| format!("{}: {:?}", path.display(), problems.first()))
}

fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn last(mut times: Vec<f64>) -> Vec<f64> {
    times.split_off(times.len().saturating_sub(N_ADDED))
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text:?} is no seed"))
}

fn tell(name: &str, value: f64) {
    println!("{name}\t{value}");
}

fn tell_quantiles(before: &str, unit: &str, times: &mut [f64]) {
    if !times.is_empty() {
        tell(&format!("{before}p50_{unit}"), quantile(times, 0.5));
        tell(&format!("{before}p99_{unit}"), quantile(times, 0.99));
    }
}
