//! What can be typed behind `sampan`, and the help that teaches it.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::{checking, documenting, evaluating, rehearsing};

const FIRST_DAY: &str = "\
The first day:
  sampan enroll 'sampan:enroll?server=…&code=…'   the link from your supervisor, in quotes
  sampan sync                                     brings the forms
  sampan forms                                    shows what they are called
  sampan interview sme_vc                         asks; every answer is saved at once
  sampan list                                     your interviews, and where each stands
  sampan sync                                     sends the finished and saved ones

Interviews need no network. `sampan interview 0198ab12` goes on with one: the beginning of its id is enough.

Exit codes:
  0  done
  1  not done; the reason and what to do stand on standard error
  2  wrong usage
  3  done as far as it went, but something was not accepted: a form with errors, an answers file with wrong
     answers, changes that the office keeps apart";

const INTERVIEW_HELP: &str = "\
While it asks:
  Enter         keep the answer that stands, or pass by if none is needed
  <             one question back
  :skip :dk :ref :na
                no answer, because: passed by, don't know, refused, not applicable
  :save         leave; go on later with `sampan interview RECORD`
  :help         all commands

Choices are answered by number or name, several with blanks between: 1 3 4. Ctrl-C loses nothing.

An answers file is JSON or a table (CSV or TSV) with two columns. Places are written as in `sampan show`; a question's
name is enough where the form has it once. Rows count from 0.
  {\"country\": \"KH\", \"vc_roles\": [\"producer\", \"trader\"],
   \"phone\": {\"missing\": \"refused\"}, \"d_products/products[0]/prod_share\": 60}

  question,answer
  country,KH
  vc_roles,producer trader
  phone,:ref
Either every answer in the file is taken, or the file is refused with all its mistakes and nothing is written.";

/// Collects interviews offline and syncs them with the office.
#[derive(Debug, Parser)]
#[command(name = "sampan", version, after_help = FIRST_DAY, arg_required_else_help = true, max_term_width = 100)]
pub struct Arguments {
    /// Folder of this device's interviews [default: sampan in $XDG_DATA_HOME or ~/.local/share].
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// Writes JSON for scripts: the result on standard output, an error as {code, sentence, advice} on standard error.
    #[arg(long, global = true)]
    pub json: bool,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Gives this device its identity by the link from your supervisor.
    #[command(
        after_help = "Example:\n  sampan enroll 'sampan:enroll?server=https%3A%2F%2Foffice.example&code=ABCD-1234' \
                      --name 'Dara, tablet 3'\n\nA link works once. If the line was cut, run the same command again."
    )]
    Enroll {
        /// The whole link; put it in quotes, the shell would cut it at `&`.
        link: String,
        /// What the office's list calls this device.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// Shows who this device belongs to and what is not sent yet.
    Status,
    /// Lists the forms on this device.
    Forms,
    /// Lists the interviews on this device, the last changed first.
    List {
        /// Only those in this state: draft, submitted, returned, resubmitted, approved, changed_since_approval or
        /// rejected.
        #[arg(long, value_name = "STATE")]
        state: Option<String>,
    },
    /// Shows one interview: answers, comments, history.
    Show {
        /// The record: its id, or the beginning of it.
        record: String,
        /// Language of the questions (`English (en)`, `English` or `en`).
        #[arg(long, value_name = "LANGUAGE")]
        language: Option<String>,
    },
    /// Asks question by question; begins an interview with a form or goes on with one.
    #[command(after_help = INTERVIEW_HELP)]
    Interview {
        /// A form to begin an interview with (see `sampan forms`), or the record to go on with (see `sampan list`).
        #[arg(value_name = "FORM|RECORD")]
        what: String,
        /// Answers to fill in first; the rest is asked. Without a terminal the interview is finished if nothing is
        /// missing.
        #[arg(long, value_name = "FILE")]
        answers: Option<PathBuf>,
        /// Language of the questions (`English (en)`, `English` or `en`).
        #[arg(long, value_name = "LANGUAGE")]
        language: Option<String>,
        /// Where you are (`13.36 103.86`), for forms that write it down by themselves.
        #[arg(long, value_name = "LAT LON", allow_hyphen_values = true)]
        position: Option<String>,
    },
    /// Opens a finished interview again, to change it and finish it again.
    #[command(
        after_help = "Example:\n  sampan reopen 0193a5c2\n\nOnly for your own interviews. From the first changed answer \
                      on it waits to be\nfinished again. Interviews that a supervisor returned need no reopening: \
                      sampan interview RECORD."
    )]
    Reopen {
        /// The record: its id, or the beginning of it.
        record: String,
        /// Answers to change first; the rest is asked. Without a terminal the interview is finished if nothing is
        /// missing.
        #[arg(long, value_name = "FILE")]
        answers: Option<PathBuf>,
        /// Language of the questions (`English (en)`, `English` or `en`).
        #[arg(long, value_name = "LANGUAGE")]
        language: Option<String>,
        /// Where you are (`13.36 103.86`), for forms that write it down by themselves.
        #[arg(long, value_name = "LAT LON", allow_hyphen_values = true)]
        position: Option<String>,
    },
    /// Moves an interview to the newer version of its form, and says what does not fit there.
    #[command(
        after_help = "Example:\n  sampan move 0193a5c2 --dry-run\n  sampan move 0193a5c2\n\nAnswers carry over by the \
                      paths of their questions. What has no place stays in the\nrecord under its old path. Finished \
                      interviews are reopened first."
    )]
    Move {
        /// The record: its id, or the beginning of it.
        record: String,
        /// Only says what would happen.
        #[arg(long)]
        dry_run: bool,
    },
    /// Exchanges everything with the office. Safe to stop and repeat at any time.
    Sync {
        /// If it does not come to its end, waits as long as the office says (otherwise ever longer) and tries again, for
        /// at most this many minutes [120 if no number is given].
        #[arg(long, value_name = "MINUTES", num_args = 0..=1, default_missing_value = "120")]
        wait: Option<u32>,
    },
    /// Makes a new device of the sealed interviews of a lost one.
    #[command(
        after_help = "Beside the database each saved interview lies as a file of its own, in the folder `sealed`.\n\n\
                      Example:\n  sampan recover --from /mnt/old/sampan --device ~/sampan-2\n  sampan --data \
                      ~/sampan-2 enroll 'sampan:enroll?…'    a new link for the same person\n  sampan --data ~/sampan-2 \
                      sync\n\nThe office gets what it lacks, each answer once. Exit code 3: some files were damaged; \
                      they are named, the others were taken."
    )]
    Recover {
        /// The lost device's folder, or the folder of its sealed interviews.
        #[arg(long, value_name = "FOLDER")]
        from: PathBuf,
        /// The new device's folder, new or empty.
        #[arg(long, value_name = "NEWFOLDER")]
        device: PathBuf,
    },
    /// Tells what was sent and received, what is kept here and what the office keeps apart.
    Log {
        /// How many lines.
        #[arg(long, value_name = "N", default_value_t = 40)]
        limit: u32,
    },
    /// Evaluates expressions as forms do; needs no device.
    Xpath {
        /// What to do with it.
        #[command(subcommand)]
        command: XpathCommand,
    },
    /// Works on form files; needs no device.
    Form {
        /// What to do with it.
        #[command(subcommand)]
        command: FormCommand,
    },
}

/// What to do with an expression.
#[derive(Debug, Subcommand)]
pub enum XpathCommand {
    /// Says what an expression is worth, at a node of a document.
    #[command(
        after_help = "Examples:\n  sampan xpath eval '1 + 2 * 3'\n  sampan xpath eval 'count(person)' --xml answers.xml \
                      --context /data/household\n\nWith --rpc it answers requests of another program, see \
                      docs/form-adapters.md:\n  {\"expr\":\"string-length(/data/a)\",\"xml\":\"<data><a>x</a></data>\"}"
    )]
    Eval(evaluating::Asked),
}

/// What to do with a form file.
#[derive(Debug, Subcommand)]
pub enum FormCommand {
    /// Finds everything that is wrong with forms, by cell.
    #[command(
        after_help = "Each line names the file, sheet and cell, as editors jump to:\n  \
                      sme_vc.xlsx:survey!F12: error: there is no question ${ag}; found \"${ag} > 3\". Did you mean \
                      ${age}?\nError: the form cannot be used. Mended (with --lenient): read as what it must mean. Warning: it \
                      works, perhaps not as meant.\n\nExit codes: 0 no form has an error, 1 a file cannot be read, 3 a form \
                      has errors.\n\nExamples:\n  sampan form check sme_vc.xlsx --attach adm2.csv adm3.csv\n  sampan \
                      form check forms/ --json"
    )]
    Check(checking::Asked),
    /// Writes a form as ODK's XML, for Collect, Enketo and other programs.
    #[command(
        after_help = "Example:\n  sampan form xform sme_vc.xlsx sme_vc.xml\n\nFiles that the form reads (adm2.csv) travel \
                      beside it under their own names."
    )]
    Xform {
        /// The form.
        #[arg(value_name = "IN")]
        file: PathBuf,
        /// The XML to write; what stands there is replaced.
        #[arg(value_name = "OUT")]
        to: PathBuf,
        /// Name of the outermost element of the answers [default: as the settings say, else data].
        #[arg(long, value_name = "N")]
        form_name: Option<String>,
    },
    /// Previews a form: asks it in the terminal, or fills it in from a file. Nothing is kept.
    #[command(
        after_help = "At the end it prints the answers and what is missing. Exit codes: 0 it could be finished, 1 something is \
                      missing, 3 the form has errors or the file wrong answers.\n\nExamples:\n  sampan form run \
                      sme_vc.xlsx --language km\n  sampan form run sme_vc.xlsx --answers answers.json\n\nAnswers \
                      files are as for `sampan interview` (see its --help). With --rpc it answers requests of another \
                      program, see docs/form-adapters.md."
    )]
    Run(rehearsing::Asked),
    /// Writes a form as a printable code book: questions, choices and logic in words, in all languages.
    #[command(
        after_help = "Examples:\n  sampan form doc sme_vc.xlsx --out sme_vc.html\n  sampan form doc sme_vc.xlsx --format \
                      md\n\nThe HTML page needs nothing else, and prints from any browser."
    )]
    Doc(documenting::Asked),
    /// Says what changed between two versions of a form, and what that does to collected answers.
    #[command(
        after_help = "Each line names the question, the change and its effect:\n  b/age: its type changed from Text to \
                      Integer. Answers that do not fit the new type have to be looked at one by one.\n\nExample:\n  \
                      sampan form diff sme_vc_1.xlsx sme_vc_2.xlsx"
    )]
    Diff {
        /// The older version.
        before: PathBuf,
        /// The newer version.
        after: PathBuf,
    },
}
