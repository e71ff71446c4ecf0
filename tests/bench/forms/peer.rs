//! pyxform, the reference converter, installed from PyPI into a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::table::quantile;

/// Converts once; prints milliseconds of processor time and the peak of resident memory in MB.
const SCRIPT: &str = "\
import resource, sys, time
from pyxform.xls2xform import convert
begun = time.process_time()
try:
    xform = convert(sys.argv[1], validate=False, pretty_print=False).xform
except Exception as error:
    print('refused', str(error)[:200].replace('\\n', ' '))
    sys.exit(0)
took = time.process_time() - begun
print(took * 1000, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)
";

/// Processes for one form, since the large ones take seconds.
const N_PROCESSES: usize = 3;

/// A Python with pyxform.
#[derive(Debug)]
pub struct Peer {
    program: PathBuf,
    /// Version of pyxform.
    pub version: String,
    /// `Python 3…`.
    pub python: String,
}

/// What one conversion takes.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    /// Processor time in milliseconds.
    pub cpu_ms: f64,
    /// Highest resident memory of the process in MB.
    pub peak_mb: f64,
}

impl Peer {
    /// Makes the environment in the target folder, or finds the one of an earlier run. Err: why there is none.
    pub fn prepare() -> Result<Peer, String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench-pyxform");
        let program = folder.join("bin/python");
        if read(&program, &["-c", "import pyxform"]).is_err() {
            println!("Installing pyxform from PyPI …");
            read(
                Path::new("python3"),
                &["-m", "venv", &folder.display().to_string()],
            )?;
            read(&program, &["-m", "pip", "install", "--quiet", "pyxform"])?;
        }
        let version = read(
            &program,
            &[
                "-c",
                "from importlib.metadata import version; print(version('pyxform'))",
            ],
        )?;
        let python = read(&program, &["--version"])?;
        Ok(Peer {
            program,
            version,
            python,
        })
    }

    /// The median of some conversions; None = it refuses the form.
    pub fn convert(&self, form: &Path) -> Result<Option<Taken>, String> {
        let (mut cpu_ms, mut peak_mb) = (Vec::new(), Vec::new());
        for _ in 0..N_PROCESSES {
            let told = read(&self.program, &["-c", SCRIPT, &form.display().to_string()])?;
            let Some((cpu, peak)) = told.split_once(' ') else {
                return Err(format!("pyxform told {told:?}"));
            };
            let (Ok(cpu), Ok(peak)) = (cpu.parse(), peak.parse()) else {
                return Ok(None);
            };
            cpu_ms.push(cpu);
            peak_mb.push(peak);
        }
        Ok(Some(Taken {
            cpu_ms: quantile(&mut cpu_ms, 0.5),
            peak_mb: quantile(&mut peak_mb, 0.5),
        }))
    }
}

fn read(program: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{} does not start ({error})", program.display()))?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        let last = told.lines().last().unwrap_or_default().to_string();
        return Err(format!("{} failed ({last})", program.display()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_string())
}
