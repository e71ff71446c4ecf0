//! The program under test, and the recorded cases beside the repository.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

/// The program with its lines.
pub struct Driver {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Driver {
    /// Starts it.
    pub fn start(arguments: &[&str]) -> Driver {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sampan"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        Driver { child, input, output }
    }

    /// Sends a line and reads the reply.
    pub fn line(&mut self, line: &[u8]) -> Value {
        let input = self.input.as_mut().expect("it is open");
        input.write_all(line).expect("it reads");
        input.write_all(b"\n").expect("it reads");
        input.flush().expect("it reads");
        let mut reply = String::new();
        self.output.read_line(&mut reply).expect("it answers");
        serde_json::from_str(&reply)
            .unwrap_or_else(|error| panic!("{error}: {reply:?} to {}", String::from_utf8_lossy(line)))
    }

    /// Sends a request and reads the reply.
    pub fn ask(&mut self, request: &Value) -> Value {
        self.line(request.to_string().as_bytes())
    }

    /// Ends it, which must go well.
    pub fn end(mut self) {
        self.input.take();
        assert!(self.child.wait().expect("it ends").success());
    }
}

/// A file of recorded cases beside the repository; None when it is not there, which is said.
pub fn recorded(file: &str) -> Option<String> {
    let text = std::fs::read_to_string(folder().join(file));
    if text.is_err() {
        eprintln!("skipped: there is no {file} in a folder shared/conformance beside this repository");
    }
    text.ok()
}

/// That folder.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance")
}
