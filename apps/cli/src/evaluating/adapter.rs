//! `sampan xpath eval --rpc`: expressions of another program, one a line.

use std::collections::{BTreeSet, HashMap};

use sampan_xpath::document::{Document, DocumentError, Outcome as Worth};
use sampan_xpath::eval::{EvalError, XValue};
use sampan_xpath::syntax::{self, Expr, ExprKind, Path, Start};
use serde_json::{Map, Value, json};

use super::{full, problems, type_name};
use crate::failure::{Failure, Outcome};
use crate::lines::{self, Fields, Trouble};
use crate::terminal::Terminal;
use crate::zone;

/// Most documents that are remembered at a time.
const DOCUMENTS: usize = 1000;

/// The moment when nothing else is said, so that each run is the same.
const NOW: &str = "2026-01-01T00:00:00Z";

/// All that a request may say.
const KNOWN: &[&str] = &[
    "id",
    "op",
    "expr",
    "doc",
    "xml",
    "name",
    "root",
    "context",
    "namespaces",
    "tz",
    "now",
    "seed",
    "mode",
    "language",
];

/// The functions of XPath 1.0 itself.
const CORE: &[&str] = &[
    "boolean",
    "ceiling",
    "concat",
    "contains",
    "count",
    "current",
    "false",
    "floor",
    "id",
    "lang",
    "last",
    "local-name",
    "name",
    "namespace-uri",
    "normalize-space",
    "not",
    "number",
    "position",
    "round",
    "starts-with",
    "string",
    "string-length",
    "substring",
    "substring-after",
    "substring-before",
    "sum",
    "translate",
    "true",
];

/// Answers requests until there are no more.
pub fn serve(terminal: &mut Terminal) -> Result<Outcome, Failure> {
    let mut documents: HashMap<String, Document> = HashMap::new();
    lines::serve(terminal, |request| answer(&mut documents, request))
}

fn answer(
    documents: &mut HashMap<String, Document>,
    request: &Fields<'_>,
) -> Result<Map<String, Value>, Trouble> {
    match request.text("op")? {
        Some("eval") => eval(documents, request),
        None if request.any("expr").is_some() => eval(documents, request),
        Some("doc") => keep(documents, request),
        Some("forget") => {
            let name = request.needed("doc")?;
            Ok(lines::fields(
                json!({"forgotten": documents.remove(name).is_some()}),
            ))
        }
        Some("hello") => Ok(lines::fields(json!({
            "program": "sampan xpath eval",
            "protocol": 1,
            "version": env!("CARGO_PKG_VERSION"),
            "ops": ["hello", "doc", "forget", "eval", "quit"],
        }))),
        Some(other) => Err(Trouble::request(format!(
            "there is no op {other:?}; there are hello, doc, forget, eval and quit"
        ))),
        None => Err(Trouble::request("the request has neither op nor expr")),
    }
}

/// Remembers a document under a name.
fn keep(
    documents: &mut HashMap<String, Document>,
    request: &Fields<'_>,
) -> Result<Map<String, Value>, Trouble> {
    let name = match request.text("doc")? {
        Some(name) => name,
        None => request.needed("name")?,
    };
    let document = Document::parse(request.needed("xml")?).map_err(|error| trouble(&error, ""))?;
    if documents.len() >= DOCUMENTS && !documents.contains_key(name) {
        return Err(Trouble::new(
            "too_large",
            format!("{DOCUMENTS} documents are remembered already"),
            "Forget one: {\"op\":\"forget\",\"doc\":…}",
        ));
    }
    documents.insert(name.to_string(), document);
    Ok(lines::fields(json!({"doc": name})))
}

fn eval(
    documents: &mut HashMap<String, Document>,
    request: &Fields<'_>,
) -> Result<Map<String, Value>, Trouble> {
    let expression = request.needed("expr")?;
    let mut document = match (request.text("xml")?, request.text("doc")?) {
        (Some(xml), name) => {
            let document = Document::parse(xml).map_err(|error| trouble(&error, expression))?;
            if let Some(name) = name.filter(|_| documents.len() < DOCUMENTS) {
                documents.insert(name.to_string(), document.clone());
            }
            document
        }
        (None, Some(name)) => documents.get(name).cloned().ok_or_else(|| {
            Trouble::new(
                "unknown_document",
                format!("no document {name:?} was given"),
                "Give it first: {\"op\":\"doc\",\"doc\":…,\"xml\":…}, or send xml with the expression",
            )
        })?,
        (None, None) => Document::parse("<data/>").map_err(|error| trouble(&error, expression))?,
    };
    surroundings(&mut document, request)?;
    match request.text("mode")?.unwrap_or("odk") {
        "odk" => {}
        "xpath1" => only_core(expression)?,
        other => {
            return Err(Trouble::request(format!(
                "there is no mode {other:?}; there are odk and xpath1"
            )));
        }
    }
    let context = full(request.text("context")?.unwrap_or("/"));
    let found = document
        .eval(expression, &context)
        .map_err(|error| trouble(&error, expression))?;
    let mut reply = worth(&found);
    let ignored: Vec<&String> = request
        .0
        .keys()
        .filter(|field| !KNOWN.contains(&field.as_str()))
        .collect();
    if !ignored.is_empty() {
        reply.insert("ignored".into(), json!(ignored));
    }
    Ok(reply)
}

/// Sets root, prefixes, clock, chance and language.
fn surroundings(document: &mut Document, request: &Fields<'_>) -> Result<(), Trouble> {
    let zone = request.text("tz")?;
    let now = request.text("now")?.unwrap_or(NOW);
    let moment = zone::moment(now, zone).ok_or_else(|| {
        Trouble::request("now or tz is not understood")
            .with("now", json!(now))
            .with("tz", json!(zone))
    })?;
    document.set_now(moment);
    document.set_seed(request.number("seed")?.unwrap_or(1));
    document.set_language(request.text("language")?);
    match request.any("namespaces") {
        None => {}
        Some(Value::Object(namespaces)) => {
            for (prefix, uri) in namespaces {
                let uri = uri
                    .as_str()
                    .ok_or_else(|| Trouble::request("namespaces must be texts by prefix"))?;
                document.declare(prefix, uri);
            }
        }
        Some(_) => return Err(Trouble::request("namespaces must be an object")),
    }
    let root = full(request.text("root")?.unwrap_or("/"));
    if root != "/" {
        let node = document
            .find(&root)
            .ok_or_else(|| trouble(&DocumentError::NoNode { path: root.clone() }, ""))?;
        document.set_root(node);
    }
    Ok(())
}

/// A value in all its forms.
pub fn worth(found: &Worth) -> Map<String, Value> {
    let kind = type_name(found);
    let nodes: Vec<Value> = found
        .nodes
        .iter()
        .map(|(path, text)| json!({"path": path, "value": text}))
        .collect();
    let value = match &found.value {
        XValue::Text(text) => json!(text),
        XValue::Number(own) => number(*own),
        XValue::Boolean(own) => json!(own),
        XValue::Day(_) | XValue::Moment(_) => json!(found.text),
        XValue::Nodes(_) => Value::Array(nodes.clone()),
    };
    // A translated text is a text, and has its nodes all the same.
    let has_nodes = matches!(found.value, XValue::Nodes(_)) || !nodes.is_empty();
    let mut reply = lines::fields(json!({
        "type": kind,
        "value": value,
        "string": found.text,
        "number": number(found.number),
        "boolean": found.boolean,
    }));
    if has_nodes {
        reply.insert("nodes".into(), Value::Array(nodes));
    }
    match &found.value {
        XValue::Nodes(_) => {}
        XValue::Day(day) => {
            reply.insert("date".into(), json!(day.to_string()));
        }
        XValue::Moment(moment) => {
            reply.insert("date".into(), json!(moment.date_naive().to_string()));
        }
        XValue::Text(_) | XValue::Number(_) | XValue::Boolean(_) => {}
    }
    reply
}

/// A number as JSON, or as a text where JSON has none.
fn number(own: f64) -> Value {
    if own.is_nan() {
        return json!("NaN");
    }
    if own.is_infinite() {
        return json!(if own > 0.0 { "Infinity" } else { "-Infinity" });
    }
    if own == 0.0 && own.is_sign_negative() {
        return json!("-0");
    }
    // Whole numbers without a point, as long as they are exact.
    if own.fract() == 0.0 && own.abs() < 9_007_199_254_740_992.0 {
        return json!(own as i64);
    }
    json!(own)
}

fn trouble(error: &DocumentError, expression: &str) -> Trouble {
    let message = error.to_string();
    match error {
        DocumentError::Malformed { at, .. } => {
            Trouble::new("bad_xml", message, "Correct the document there").with("at", json!(at))
        }
        DocumentError::UnsafeDocumentType => {
            Trouble::new("bad_xml", message, "Entities and external parts are never read")
        }
        DocumentError::TooLarge { .. } => Trouble::new("too_large", message, "Give a smaller document"),
        DocumentError::NoNode { path } => Trouble::new(
            "no_node",
            message,
            "Count elements among their like, from 1, from the outermost element",
        )
        .with("path", json!(path)),
        DocumentError::Expression(found) => {
            let first = found.first();
            let advice = first.map_or("", |problem| problem.advice.as_str());
            let advice = if advice.is_empty() {
                "Correct the expression there"
            } else {
                advice
            };
            let message = first.map_or(message, |problem| problem.message.clone());
            let at = first.map_or(0, |problem| problem.at);
            let before = expression.get(..at).unwrap_or(expression);
            Trouble::new("bad_expression", message, advice)
                .with("at", json!(at))
                .with("column", json!(before.chars().count() + 1))
                .with("problems", problems(error, expression))
        }
        DocumentError::Evaluation(own) => {
            let code = match own {
                EvalError::TooMuchWork { .. } | EvalError::TooLong { .. } => "too_large",
                EvalError::BadArgument { .. }
                | EvalError::WrongCall { .. }
                | EvalError::NoInstance { .. } => "no_value",
            };
            Trouble::new(code, message, "Correct what the function is given")
        }
    }
}

/// In plain XPath 1.0 there are only its own functions.
fn only_core(expression: &str) -> Result<(), Trouble> {
    let Ok(parsed) = syntax::parse(expression) else {
        // What is wrong with it is said when it is evaluated.
        return Ok(());
    };
    let mut called = BTreeSet::new();
    calls(&parsed, &mut called);
    match called.iter().find(|(name, _)| !CORE.contains(&name.as_str())) {
        None => Ok(()),
        Some((name, at)) => Err(Trouble::new(
            "bad_expression",
            format!("XPath 1.0 has no function {name}()"),
            "Leave mode out for the functions of ODK",
        )
        .with("at", json!(at))
        .with(
            "column",
            json!(expression.get(..*at).unwrap_or("").chars().count() + 1),
        )),
    }
}

fn calls(expr: &Expr, found: &mut BTreeSet<(String, usize)>) {
    match &expr.what {
        ExprKind::Or(parts) | ExprKind::And(parts) | ExprKind::Union(parts) => {
            parts.iter().for_each(|part| calls(part, found));
        }
        ExprKind::Chain(first, rest) => {
            calls(first, found);
            rest.iter().for_each(|(_, part)| calls(part, found));
        }
        ExprKind::Negate(inner) => calls(inner, found),
        ExprKind::Number(_) | ExprKind::Text(_) | ExprKind::Reference(_) | ExprKind::LastSaved(_) => {}
        ExprKind::Call(name, arguments) => {
            found.insert((name.clone(), expr.at));
            arguments.iter().for_each(|argument| calls(argument, found));
        }
        ExprKind::Path(Path { start, steps }) => {
            if let Start::Expr(inner, predicates) = start {
                calls(inner, found);
                predicates.iter().for_each(|predicate| calls(predicate, found));
            }
            let predicates = steps.iter().flat_map(|step| &step.predicates);
            predicates.for_each(|predicate| calls(predicate, found));
        }
    }
}
