//! What the figures depend on: the machine, its disk, and the memory and time of processes as the system counts them.

use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::table;

/// How long the disk is asked to make single writes durable.
const DISK_TIME: Duration = Duration::from_secs(2);

/// Prints the machine and what its disk allows.
pub fn describe(seed: u64) -> Result<(), String> {
    println!("{}", sentence(seed));
    let folder = disk_folder()?;
    let mut times = durable_writes(folder.path())?;
    let per_second = times.len() as f64 / (times.iter().sum::<f64>() / 1000.0);
    let row = vec![
        "4 KiB appended and made durable (fdatasync), one after the other".into(),
        table::figure(per_second, 0),
        table::figure(table::quantile(&mut times, 0.5), 2),
        table::figure(table::quantile(&mut times, 0.99), 2),
        times.len().to_string(),
    ];
    table::print(
        "The ceiling that the disk sets",
        "One durable commit for each interview cannot be faster than this.",
        &["", "a second", "p50 ms", "p99 ms", "n"],
        &[row],
    );
    Ok(())
}

/// The machine in a sentence.
pub fn sentence(seed: u64) -> String {
    let n_cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = read("/proc/meminfo")
        .and_then(|text| field_kib(&text, "MemTotal:"))
        .map_or("unknown memory".to_string(), |kib| {
            format!("{:.0} GiB", kib / 1024.0 / 1024.0)
        });
    let load = read("/proc/loadavg")
        .and_then(|text| text.split(' ').next().map(str::to_string))
        .unwrap_or_else(|| "unknown".into());
    format!(
        "{n_cores} cores, {memory}, {}, load {load} at the beginning, seed {seed}.",
        std::env::consts::OS
    )
}

/// Processor time that this process uses from a moment on: other work of the machine is not in it, but for the caches.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Duration);

impl Stopwatch {
    /// Starts now.
    pub fn start() -> Stopwatch {
        Stopwatch(own_cpu())
    }

    /// Milliseconds of processor time since the start.
    pub fn cpu_ms(self) -> f64 {
        own_cpu().saturating_sub(self.0).as_secs_f64() * 1000.0
    }
}

#[cfg(unix)]
fn own_cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::from_secs(seconds) + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or_default())
}

/// Where the system tells no processor time that finely, time itself.
#[cfg(not(unix))]
fn own_cpu() -> Duration {
    static BEGUN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    BEGUN.get_or_init(Instant::now).elapsed()
}

/// Milliseconds of single durable appends.
fn durable_writes(folder: &Path) -> Result<Vec<f64>, String> {
    let path = folder.join("durable");
    let say = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut file = OpenOptions::new()
        .create_new(true)
        .write(true)
        .open(&path)
        .map_err(say)?;
    let block = [0x5au8; 4096];
    let mut times = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < DISK_TIME {
        let before = Instant::now();
        file.write_all(&block).map_err(say)?;
        file.sync_data().map_err(say)?;
        times.push(before.elapsed().as_secs_f64() * 1000.0);
    }
    file.seek(SeekFrom::Start(0)).map_err(say)?;
    drop(file);
    fs::remove_file(&path).map_err(say)?;
    Ok(times)
}

/// A temporary folder on the disk, beside the programs.
pub fn disk_folder() -> Result<tempfile::TempDir, String> {
    let own = std::env::current_exe().map_err(|error| format!("where am I? {error}"))?;
    let beside = own.parent().ok_or("this program stands in no folder")?;
    temporary(beside)
}

/// A temporary folder in memory where the system has such (`/dev/shm`), else on the disk; and whether it is in memory.
pub fn memory_folder() -> Result<(tempfile::TempDir, bool), String> {
    let shared = Path::new("/dev/shm");
    match temporary(shared) {
        Ok(folder) => Ok((folder, true)),
        Err(_) => Ok((disk_folder()?, false)),
    }
}

fn temporary(parent: &Path) -> Result<tempfile::TempDir, String> {
    tempfile::Builder::new()
        .prefix("sampan-bench-")
        .tempdir_in(parent)
        .map_err(|error| format!("no temporary folder in {}: {error}", parent.display()))
}

/// Copies a folder with everything in it, and makes the copy durable.
pub fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let say = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    fs::create_dir_all(to).map_err(|error| say(to, error))?;
    for entry in fs::read_dir(from).map_err(|error| say(from, error))? {
        let path: PathBuf = entry.map_err(|error| say(from, error))?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            fs::copy(&path, &target).map_err(|error| say(&path, error))?;
            let copied = File::open(&target).map_err(|error| say(&target, error))?;
            copied.sync_all().map_err(|error| say(&target, error))?;
        }
    }
    Ok(())
}

/// Memory of a process in MiB: now, and at its highest. None where the system has no `/proc`.
pub fn memory_mib(pid: u32) -> Option<(f64, f64)> {
    let text = read(&format!("/proc/{pid}/status"))?;
    let now = field_kib(&text, "VmRSS:")?;
    let highest = field_kib(&text, "VmHWM:")?;
    Some((now / 1024.0, highest / 1024.0))
}

/// Processor time a process has used, in seconds, counted in hundredths. None where the system has no `/proc`.
pub fn cpu_seconds(pid: u32) -> Option<f64> {
    let text = read(&format!("/proc/{pid}/stat"))?;
    let (_, after_name) = text.rsplit_once(')')?;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let user: f64 = fields.get(11)?.parse().ok()?;
    let system: f64 = fields.get(12)?.parse().ok()?;
    Some((user + system) / 100.0)
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()
}

fn field_kib(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
