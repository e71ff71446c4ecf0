//! The office as a real process: started, killed, started again on the same folder.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A running `sampan-server`.
pub struct Office {
    folder: PathBuf,
    address: SocketAddr,
    process: Option<Child>,
}

impl Office {
    /// Starts the server on a folder and a port (0 = any), and waits until it answers.
    pub fn start(folder: &Path, port: u16) -> Result<Office, String> {
        let mut office = Office {
            folder: folder.to_path_buf(),
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            process: None,
        };
        office.run()?;
        Ok(office)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address in a browser.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    /// SIGKILL: nothing is flushed, nothing is closed.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Waits until the server ends by itself or somebody says stop; then it is ended.
    pub fn wait(&mut self, is_stopped: &dyn Fn() -> bool) {
        while let Some(process) = self.process.as_mut() {
            let has_ended = !matches!(process.try_wait(), Ok(None));
            if has_ended || is_stopped() {
                self.kill();
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Starts again on the same folder and port.
    pub fn restart(&mut self) -> Result<(), String> {
        self.kill();
        self.run()
    }

    /// Runs one of the server's other commands on the folder and gives its output.
    pub fn command(folder: &Path, arguments: &[&str]) -> Result<Output, String> {
        let output = Command::new(program("sampan-server")?)
            .args(arguments)
            .arg("--data")
            .arg(folder)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("sampan-server {arguments:?}: {error}"))?;
        if output.status.success() {
            Ok(output)
        } else {
            Err(format!(
                "sampan-server {arguments:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            ))
        }
    }

    fn run(&mut self) -> Result<(), String> {
        let mut process = Command::new(program("sampan-server")?)
            .args(["serve", "--listen", &self.address.to_string(), "--data"])
            .arg(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .map_err(|error| format!("cannot start sampan-server: {error}"))?;
        let stdout = process.stdout.take().ok_or("sampan-server has no output")?;
        let mut lines = BufReader::new(stdout).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| address_in(&line))
            .ok_or("sampan-server stopped before it said where it listens")?;
        std::thread::spawn(move || lines.for_each(drop));
        self.address = address;
        self.process = Some(process);
        let begun = Instant::now();
        while TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_err() {
            if begun.elapsed() > Duration::from_secs(20) {
                return Err(format!("nothing answers at {address} after 20 s"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The first `127.0.0.1:PORT` in a line.
fn address_in(line: &str) -> Option<SocketAddr> {
    let at = line.find("127.0.0.1:")?;
    let text: String = line[at..]
        .chars()
        .take_while(|c| c.is_ascii_digit() || ".:".contains(*c))
        .collect();
    text.trim_end_matches(['.', ':']).parse().ok()
}

/// A program of this workspace, beside the one that runs.
pub fn program(name: &str) -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|error| format!("where am I? {error}"))?;
    own.ancestors()
        .skip(1)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .ok_or_else(|| format!("{name} is not built; run: cargo build --workspace --bins"))
}
