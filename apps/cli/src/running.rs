//! From the command line to a command, and from its end to an exit code.

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command, FormCommand, XpathCommand};
use crate::device::Device;
use crate::failure::{Failure, Outcome};
use crate::interviewing::Asked;
use crate::terminal::{Terminal, harmless};
use crate::{
    checking, comparing, converting, documenting, evaluating, interviewing, listing, moving, recovering,
    rehearsing, syncing, words,
};

/// Runs what the command line asks for.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let mut terminal = Terminal::system(arguments.json);
    match command(&arguments, &mut terminal) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::NotDone) => ExitCode::from(1),
        Ok(Outcome::NotAccepted) => ExitCode::from(3),
        Err(failure) if failure.is_closed_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            // Nothing is left to be done if even this cannot be said.
            let _ = say(&failure, &mut terminal);
            ExitCode::from(failure.exit_code())
        }
    }
}

fn command(arguments: &Arguments, terminal: &mut Terminal) -> Result<Outcome, Failure> {
    let data = arguments.data.as_deref();
    match &arguments.command {
        Command::Form {
            command: FormCommand::Check(asked),
        } => checking::check(terminal, asked),
        Command::Form {
            command: FormCommand::Doc(asked),
        } => documenting::doc(terminal, asked),
        Command::Form {
            command: FormCommand::Xform { file, to, form_name },
        } => converting::xform(terminal, file, to, form_name.as_deref()),
        Command::Form {
            command: FormCommand::Diff { before, after },
        } => comparing::diff(terminal, before, after),
        Command::Form {
            command: FormCommand::Run(asked),
        } => rehearsing::run(terminal, asked),
        Command::Xpath {
            command: XpathCommand::Eval(asked),
        } => evaluating::eval(terminal, asked),
        Command::Enroll { link, name } => {
            syncing::enroll(terminal, &Device::open(data)?, link, name.as_deref())
        }
        Command::Status => listing::status(terminal, &Device::open(data)?),
        Command::Forms => listing::forms(terminal, &Device::open(data)?),
        Command::List { state } => listing::interviews(terminal, &Device::open(data)?, state.as_deref()),
        Command::Show { record, language } => {
            listing::show(terminal, &Device::open(data)?, record, language.as_deref())
        }
        Command::Interview {
            what,
            answers,
            language,
            position,
        } => asked(
            terminal,
            &Device::open(data)?,
            &Asked {
                what,
                answers: answers.as_deref(),
                language: language.as_deref(),
                reopens: false,
                position: position.as_deref(),
            },
        ),
        Command::Reopen {
            record,
            answers,
            language,
            position,
        } => asked(
            terminal,
            &Device::open(data)?,
            &Asked {
                what: record,
                answers: answers.as_deref(),
                language: language.as_deref(),
                reopens: true,
                position: position.as_deref(),
            },
        ),
        Command::Move { record, dry_run } => {
            moving::move_on(terminal, &Device::open(data)?, record, *dry_run)
        }
        Command::Sync { wait } => syncing::sync(terminal, &Device::open(data)?, *wait),
        Command::Recover { from, device } => recovering::recover(terminal, from, device),
        Command::Log { limit } => syncing::log(terminal, &Device::open(data)?, *limit),
    }
}

/// Interviews, and warns at the end when the answers had to be saved in the last space there is.
fn asked(terminal: &mut Terminal, device: &Device, asked: &Asked<'_>) -> Result<Outcome, Failure> {
    let outcome = interviewing::interview(terminal, device, asked)?;
    if device.client.status()?.is_disk_full {
        terminal.error_line(words::DISK_FULL)?;
    }
    Ok(outcome)
}

fn say(failure: &Failure, terminal: &mut Terminal) -> std::io::Result<()> {
    if terminal.json {
        return terminal.error_line(failure.json());
    }
    let view = failure.view();
    if let Failure::Answers(wrong) = failure {
        for answer in wrong {
            terminal.error_line(harmless(&format!("{}: {}", answer.place, answer.message)))?;
        }
    }
    terminal.error_line(format!("sampan: {}", harmless(&words::sentence(&view.sentence))))?;
    terminal.error_line(format!("        {}", harmless(&words::sentence(&view.advice))))
}
