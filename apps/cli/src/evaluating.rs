//! `sampan xpath eval`: what an expression is worth, for people and for drivers of tests.

use std::path::PathBuf;

use sampan_xpath::document::{Document, DocumentError, Outcome as Worth};
use sampan_xpath::eval::XValue;
use serde_json::json;

use crate::failure::{Failure, Outcome};
use crate::terminal::{Terminal, harmless};
use crate::{checking, zone};

pub mod adapter;

/// What is to be evaluated, and where.
#[derive(Debug, clap::Args)]
pub struct Asked {
    /// The expression; put it in quotes.
    #[arg(value_name = "EXPR", required_unless_present = "rpc")]
    expression: Option<String>,
    /// Answers requests of another program: one JSON object a line in, one a line out.
    #[arg(long, conflicts_with_all = ["expression", "xml", "context", "root"])]
    pub rpc: bool,
    /// The document that its paths walk in [default: one empty element].
    #[arg(long, value_name = "FILE")]
    xml: Option<PathBuf>,
    /// The node where it is evaluated, as in `/data[1]/row[2]/@id`; `[1]` may be left out.
    #[arg(long, value_name = "PATH")]
    context: Option<String>,
    /// The node that `/` means [default: the document].
    #[arg(long, value_name = "PATH")]
    root: Option<String>,
    /// A prefix and its namespace; may be repeated.
    #[arg(long, value_name = "PREFIX=URI")]
    namespace: Vec<String>,
    /// The moment that now() gives [default: this moment].
    #[arg(long, value_name = "MOMENT")]
    now: Option<String>,
    /// The time zone: `+07:00`, or a name such as Asia/Phnom_Penh.
    #[arg(long, value_name = "ZONE")]
    tz: Option<String>,
    /// What random() and uuid() grow from.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// The language of jr:itext().
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<String>,
}

/// Evaluates one expression and prints its value.
pub fn eval(terminal: &mut Terminal, asked: &Asked) -> Result<Outcome, Failure> {
    if asked.rpc {
        return adapter::serve(terminal);
    }
    let expression = asked.expression.as_deref().unwrap_or_default();
    let xml = match &asked.xml {
        None => "<data/>".to_string(),
        Some(path) => String::from_utf8_lossy(&checking::read(path)?).into_owned(),
    };
    let worth = match document(asked, &xml)? {
        Ok(document) => document.eval(expression, &full(asked.context.as_deref().unwrap_or("/"))),
        Err(error) => Err(error),
    };
    match worth {
        Ok(worth) => {
            if terminal.json {
                terminal.result(&adapter::worth(&worth))?;
            } else {
                match &worth.value {
                    XValue::Nodes(_) if worth.nodes.is_empty() => terminal.error_line("(no nodes)")?,
                    XValue::Nodes(_) => {
                        for (path, text) in &worth.nodes {
                            terminal.line(harmless(&format!("{path}: {}", text.trim())))?;
                        }
                    }
                    _ => terminal.line(harmless(&worth.text))?,
                }
            }
            Ok(Outcome::Done)
        }
        Err(error) => {
            for line in lines(&error, expression) {
                terminal.error_line(harmless(&line))?;
            }
            Ok(Outcome::NotAccepted)
        }
    }
}

fn document(asked: &Asked, xml: &str) -> Result<Result<Document, DocumentError>, Failure> {
    let usage = |sentence: String, advice: &str| Failure::Usage {
        sentence,
        advice: advice.into(),
    };
    let mut document = match Document::parse(xml) {
        Ok(document) => document,
        Err(error) => return Ok(Err(error)),
    };
    let now = match &asked.now {
        Some(text) => zone::moment(text, asked.tz.as_deref()),
        None => {
            let now = std::time::SystemTime::now();
            let now = chrono::DateTime::<chrono::Utc>::from(now).fixed_offset();
            zone::offset(asked.tz.as_deref().unwrap_or("UTC"), now.timestamp())
                .map(|offset| now.with_timezone(&offset))
        }
    };
    document.set_now(now.ok_or_else(|| {
        usage(
            "the moment or the time zone is not known".into(),
            "Write --now 2026-11-24T08:30:00 --tz +07:00",
        )
    })?);
    document.set_seed(asked.seed);
    document.set_language(asked.language.as_deref());
    for declared in &asked.namespace {
        let (prefix, uri) = declared.split_once('=').ok_or_else(|| {
            usage(
                format!("{declared} declares no prefix"),
                "Write --namespace PREFIX=URI",
            )
        })?;
        document.declare(prefix, uri);
    }
    if let Some(root) = asked.root.as_deref().map(full).filter(|root| root != "/") {
        match document.find(&root) {
            Some(node) => document.set_root(node),
            None => return Ok(Err(DocumentError::NoNode { path: root })),
        }
    }
    Ok(Ok(document))
}

/// A path in which each element says which of its like it is: `/data/row[2]` -> `/data[1]/row[2]`.
fn full(path: &str) -> String {
    let steps: Vec<String> = path
        .split('/')
        .filter(|step| !step.is_empty())
        .map(|step| match step.starts_with('@') || step.ends_with(']') {
            true => step.to_string(),
            false => format!("{step}[1]"),
        })
        .collect();
    format!("/{}", steps.join("/"))
}

fn lines(error: &DocumentError, expression: &str) -> Vec<String> {
    match error {
        DocumentError::Expression(problems) => problems
            .iter()
            .flat_map(|problem| {
                let before = expression.get(..problem.at).unwrap_or(expression);
                let column = before.chars().count() + 1;
                let arrow = format!("  {}^", " ".repeat(column - 1));
                let said = format!("sampan: column {column}: {}. {}", problem.message, problem.advice);
                [format!("  {expression}"), arrow, said]
            })
            .collect(),
        other => vec![format!("sampan: {other}")],
    }
}

/// Position and words of what is wrong with an expression.
fn problems(error: &DocumentError, expression: &str) -> serde_json::Value {
    let DocumentError::Expression(problems) = error else {
        return json!([]);
    };
    let all = problems.iter().map(|problem| {
        let before = expression.get(..problem.at).unwrap_or(expression);
        json!({
            "at": problem.at,
            "column": before.chars().count() + 1,
            "message": problem.message,
            "advice": problem.advice,
        })
    });
    all.collect()
}

/// The name of a value's type.
fn type_name(worth: &Worth) -> &'static str {
    match worth.value {
        XValue::Text(_) => "string",
        XValue::Number(_) => "number",
        XValue::Boolean(_) => "boolean",
        XValue::Day(_) => "date",
        XValue::Moment(_) => "dateTime",
        XValue::Nodes(_) => "nodeset",
    }
}
