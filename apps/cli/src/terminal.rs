//! Where the program writes and reads: a terminal with a little emphasis, or plain lines for a pipe.

use std::fmt::Display;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};

use serde::Serialize;

/// Longest line that is read, in bytes; a longer one is an error of whoever writes it.
const LINE_BYTES: u64 = 1024 * 1024;

/// One request of a program.
pub enum Request {
    /// A line with its end.
    Line(String),
    /// A line with bytes that are not UTF-8.
    NoText,
    /// A line longer than is read; all of it was passed over.
    TooLong,
}

/// Standard input, output and error.
pub struct Terminal {
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    input: Box<dyn BufRead>,
    /// Whether a person sits at the input.
    pub asks_a_person: bool,
    is_styled: bool,
    /// Whether results are JSON.
    pub json: bool,
}

impl Terminal {
    /// The process's own.
    pub fn system(json: bool) -> Terminal {
        let wants_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Terminal {
            asks_a_person: io::stdin().is_terminal(),
            is_styled: io::stdout().is_terminal() && !wants_plain,
            out: Box::new(io::stdout()),
            err: Box::new(io::stderr()),
            input: Box::new(BufReader::new(io::stdin())),
            json,
        }
    }

    /// Writes a line and makes it visible.
    pub fn line(&mut self, text: impl Display) -> io::Result<()> {
        writeln!(self.out, "{text}")?;
        self.out.flush()
    }

    /// Writes without ending the line and makes it visible.
    pub fn part(&mut self, text: impl Display) -> io::Result<()> {
        write!(self.out, "{text}")?;
        self.out.flush()
    }

    /// Writes a line on standard error.
    pub fn error_line(&mut self, text: impl Display) -> io::Result<()> {
        writeln!(self.err, "{text}")?;
        self.err.flush()
    }

    /// Writes a result for scripts.
    pub fn result(&mut self, value: &impl Serialize) -> io::Result<()> {
        let text = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
        self.line(text)
    }

    /// The next line that is typed, without its end; None when there are no more. Bytes that are no text become `�`.
    pub fn read(&mut self) -> io::Result<Option<String>> {
        let mut bytes = Vec::new();
        let n_read = self
            .input
            .by_ref()
            .take(LINE_BYTES)
            .read_until(b'\n', &mut bytes)?;
        if n_read == 0 {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&bytes);
        Ok(Some(text.trim_end_matches(['\n', '\r']).to_owned()))
    }

    /// The next request of a program: a line of up to `limit_bytes`. None when there are no more.
    pub fn request(&mut self, limit_bytes: u64) -> io::Result<Option<Request>> {
        let mut bytes = Vec::new();
        let limit = limit_bytes.saturating_add(1);
        if self.input.by_ref().take(limit).read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        if !bytes.ends_with(b"\n") && u64::try_from(bytes.len()).is_ok_and(|length| length >= limit) {
            self.skip_line()?;
            return Ok(Some(Request::TooLong));
        }
        Ok(Some(match String::from_utf8(bytes) {
            Ok(text) => Request::Line(text),
            Err(_) => Request::NoText,
        }))
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let seen = self.input.fill_buf()?;
            let n_seen = seen.len();
            let end = seen.iter().position(|byte| *byte == b'\n');
            self.input.consume(end.map_or(n_seen, |end| end + 1));
            if end.is_some() || n_seen == 0 {
                return Ok(());
            }
        }
    }

    /// What is asked, made to stand out.
    pub fn strong(&self, text: &str) -> String {
        self.styled("1", text)
    }

    /// What is said beside it.
    pub fn faint(&self, text: &str) -> String {
        self.styled("2", text)
    }

    /// What needs attention.
    pub fn warning(&self, text: &str) -> String {
        self.styled("33", text)
    }

    /// What went well.
    pub fn good(&self, text: &str) -> String {
        self.styled("32", text)
    }

    fn styled(&self, style: &str, text: &str) -> String {
        if self.is_styled && !text.is_empty() {
            format!("\u{1b}[{style}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Text of other people (labels, comments, answers) without characters that would steer the terminal.
pub fn harmless(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '\n' => '\n',
            '\t' => ' ',
            letter if letter.is_control() => '\u{fffd}',
            letter => letter,
        })
        .collect()
}
