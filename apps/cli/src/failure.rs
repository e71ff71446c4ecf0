//! Why a command did not do what it was asked, and the exit code for it.

use std::path::PathBuf;

use sampan_client_core::api::ErrorView;
use sampan_client_core::error::ClientError;
use serde_json::{Value, json};

/// How a command ended when nothing failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Exit code 0.
    Done,
    /// The reason stands on standard error already; exit code 1.
    NotDone,
    /// Something was not accepted, and that was said; exit code 3.
    NotAccepted,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The device's own word.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The terminal or the pipe behind it.
    #[error("the output could not be written")]
    Output(#[from] std::io::Error),
    /// A file could not be read.
    #[error("the file {} could not be read ({source})", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error("the file {} could not be written ({source})", path.display())]
    Unwritten {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The command line asks for something that does not go.
    #[error("{sentence}")]
    Usage {
        /// What does not go.
        sentence: String,
        /// What to do instead.
        advice: String,
    },
    /// Answers of a file that cannot be taken.
    #[error("{}", several(.0.len()))]
    Answers(Vec<Wrong>),
}

/// One answer of a file that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Wrong {
    /// Where in the file: `answers.csv:12` or `answers.json: country`.
    pub place: String,
    /// The question as the file names it.
    pub question: String,
    /// What is wrong and what is expected.
    pub message: String,
}

impl Failure {
    /// The exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::Client(_) | Failure::Output(_) | Failure::File { .. } | Failure::Unwritten { .. } => 1,
            Failure::Usage { .. } => 2,
            Failure::Answers(_) => 3,
        }
    }

    /// Stable code, sentence and advice.
    pub fn view(&self) -> ErrorView {
        let (code, advice) = match self {
            Failure::Client(error) => return error.view(),
            Failure::Output(_) => ("output", "Everything answered is saved."),
            Failure::Unwritten { .. } => (
                "unwritten_file",
                "Check that the folder is there and may be written to.",
            ),
            Failure::File { .. } => ("unreadable_file", "Check the file's name and place."),
            Failure::Usage { advice, .. } => ("usage", advice.as_str()),
            Failure::Answers(_) => (
                "answers_refused",
                "Nothing was written. Correct the file and run the command again.",
            ),
        };
        ErrorView {
            code: code.to_owned(),
            sentence: self.to_string(),
            advice: advice.to_owned(),
        }
    }

    /// The error for scripts.
    pub fn json(&self) -> Value {
        let view = self.view();
        let mut object = json!({ "code": view.code, "sentence": view.sentence, "advice": view.advice });
        if let (Failure::Answers(wrong), Some(fields)) = (self, object.as_object_mut()) {
            fields.insert("answers".into(), json!(wrong));
        }
        object
    }

    /// Whether nobody reads the output any more (`sampan list | head`).
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Failure::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe)
    }
}

fn several(n_wrong: usize) -> String {
    match n_wrong {
        1 => "one answer of the file cannot be taken".into(),
        n => format!("{n} answers of the file cannot be taken"),
    }
}
