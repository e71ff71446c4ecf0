//! Memory of the server and of a client, as the system counts it.

use std::path::Path;
use std::process::{Command, Stdio};

use sampan_acceptance::acts;
use sampan_acceptance::answers::Respondent;
use sampan_acceptance::chance::Chance;
use sampan_acceptance::enumerator;

use crate::machine;
use crate::season::{FORM, N_WAITING, Place, Season, State, together};
use crate::table;

/// Interviews that the client's process goes through.
const N_INTERVIEWS: usize = 10;

const HEADING: &[&str] = &["", "MiB now", "MiB at most"];

/// Measures and prints.
pub fn measure(season: &Season) -> Result<(), String> {
    if machine::memory_mib(std::process::id()).is_none() {
        println!("\n### Memory\n\nNot measured: this system has no /proc.");
        return Ok(());
    }
    let mut field = season.field(State::Waiting, Place::Memory)?;
    let pid = field.office.pid().ok_or("the office does not run")?;
    let mut rows = vec![row("server, started", pid)];
    let n_devices = field.devices.len();
    together(&mut field.devices, |device| device.sync().map(drop))?;
    rows.push(row(
        &format!("server, {} interviews later", N_WAITING * n_devices),
        pid,
    ));
    let mut admin = acts::sign_in(&field.office, "admin")?;
    rows.push(row("server, somebody signed in (a password was hashed)", pid));
    admin.get("/interviews")?;
    let page = admin.get(&format!("/interviews.csv?form={FORM}&repeats=1"))?;
    if page.status != 200 {
        return Err(format!("the export was refused: {}", page.plain()));
    }
    rows.push(row("server, list looked at, all exported with repeats", pid));
    field.close()?;

    // One program at a time may have a device's folder open, so the client's process gets a copy of its own.
    let folder = season.device_copy("KH")?;
    let own = std::env::current_exe().map_err(|error| format!("where am I? {error}"))?;
    let output = Command::new(own)
        .arg("--as-device")
        .arg(folder.path())
        .args(["--seed", &season.seed.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start the client's process: {error}"))?;
    if !output.status.success() {
        return Err("the client's process failed".into());
    }
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        rows.push(line.split('|').map(str::to_string).collect());
    }
    table::print("Memory", "Resident memory of each process.", HEADING, &rows);
    Ok(())
}

/// What the client's process does: interviews, and says what memory that took.
pub fn as_device(folder: &Path, seed: u64) -> Result<(), String> {
    let pid = std::process::id();
    println!("{}", row("client, process begun", pid).join("|"));
    let client = enumerator::device(folder)?;
    println!("{}", row("client, device opened", pid).join("|"));
    let mut chance = Chance::new(seed);
    let respondent = Respondent {
        country: "KH",
        agrees: true,
    };
    for _ in 0..N_INTERVIEWS {
        enumerator::interview(&client, FORM, &respondent, &mut chance)?;
    }
    let what = format!("client, {N_INTERVIEWS} interviews of {FORM} later");
    println!("{}", row(&what, pid).join("|"));
    Ok(())
}

fn row(what: &str, pid: u32) -> Vec<String> {
    let cells = machine::memory_mib(pid)
        .map(|(now, highest)| vec![what.to_string(), table::figure(now, 1), table::figure(highest, 1)]);
    cells.unwrap_or_else(|| vec![what.to_string(), "unknown".into(), "unknown".into()])
}
