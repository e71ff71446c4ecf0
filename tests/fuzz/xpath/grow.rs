//! Expressions grown from the grammar, each byte a choice.

use crate::bytes::Bytes;

const OPERATORS: &[&str] = &[
    "+", "-", "*", " div ", " mod ", "=", "!=", "<", "<=", ">", ">=", " and ", " or ", "|",
];

const ATOMS: &[&str] = &[
    "1",
    "0",
    "2.5",
    ".5",
    "-1",
    "1e3",
    "99999999999999999999",
    "''",
    "'a'",
    "\"a b\"",
    "'2024-02-29'",
    "'2024-01-01T10:00:00.000+07:00'",
    "'13.3 103.8 0 0;13.4 103.9 0 0;13.5 103.8 0 0'",
    "${n}",
    "${t}",
    "${x}",
    "${r}",
    "${s}",
    "${c}",
    "${last-saved#n}",
    ".",
    "..",
    "/data/n",
    "/data/r",
    "//x",
    "*",
    "@id",
    "n",
    "r/x",
    "r[2]/x",
    "g//node()",
    "current()/n",
    "current()/../n",
    "instance('l')/root/item",
    "text()",
    "ancestor-or-self::*",
    "'['",
    "'(a+)+$'",
    "'%Y-%n-%e %H:%3'",
    "'SHA-256'",
    "'hex'",
    "'\u{1797}\u{17b6}'",
];

/// Names of functions with how many arguments they usually take.
const FUNCTIONS: &[(&str, usize)] = &[
    ("abs", 1),
    ("acos", 1),
    ("add-date", 2),
    ("area", 1),
    ("asin", 1),
    ("atan", 1),
    ("atan2", 2),
    ("base64-decode", 1),
    ("boolean", 1),
    ("boolean-from-string", 1),
    ("ceiling", 1),
    ("checklist", 4),
    ("coalesce", 2),
    ("concat", 3),
    ("contains", 2),
    ("cos", 1),
    ("count", 1),
    ("count-non-empty", 1),
    ("count-selected", 1),
    ("current", 0),
    ("date", 1),
    ("date-time", 1),
    ("decimal-date-time", 1),
    ("decimal-time", 1),
    ("depend", 2),
    ("difference-in-months", 2),
    ("digest", 3),
    ("distance", 1),
    ("ends-with", 2),
    ("exp", 1),
    ("exp10", 1),
    ("extract-signed", 2),
    ("false", 0),
    ("floor", 1),
    ("format-date", 2),
    ("format-date-time", 2),
    ("geofence", 2),
    ("id", 1),
    ("if", 3),
    ("indexed-repeat", 3),
    ("instance", 1),
    ("int", 1),
    ("intersects", 1),
    ("jr:choice-name", 2),
    ("jr:itext", 1),
    ("join", 2),
    ("lang", 1),
    ("last", 0),
    ("local-name", 1),
    ("log", 1),
    ("log10", 1),
    ("max", 2),
    ("min", 2),
    ("name", 1),
    ("namespace-uri", 1),
    ("normalize-space", 1),
    ("not", 1),
    ("now", 0),
    ("number", 1),
    ("once", 1),
    ("pi", 0),
    ("position", 1),
    ("pow", 2),
    ("property", 1),
    ("pulldata", 4),
    ("random", 0),
    ("randomize", 2),
    ("regex", 2),
    ("round", 2),
    ("selected", 2),
    ("selected-at", 2),
    ("sin", 1),
    ("sqrt", 1),
    ("starts-with", 2),
    ("string", 1),
    ("string-length", 1),
    ("substr", 3),
    ("substring", 3),
    ("substring-after", 2),
    ("substring-before", 2),
    ("sum", 1),
    ("tan", 1),
    ("today", 0),
    ("translate", 3),
    ("true", 0),
    ("uuid", 1),
    ("version", 0),
    ("weighted-checklist", 4),
    ("frobnicate", 1),
];

const AXES: &[&str] = &[
    "ancestor",
    "ancestor-or-self",
    "attribute",
    "child",
    "descendant",
    "descendant-or-self",
    "following",
    "following-sibling",
    "namespace",
    "parent",
    "preceding",
    "preceding-sibling",
    "self",
];

/// An expression.
pub fn expression(bytes: &mut Bytes<'_>) -> String {
    let mut out = String::new();
    grow(bytes, 0, &mut out);
    out
}

fn grow(bytes: &mut Bytes<'_>, depth: usize, out: &mut String) {
    if depth > 12 || out.len() > 4_000 || bytes.is_done() {
        out.push_str(bytes.pick(ATOMS));
        return;
    }
    match bytes.below(12) {
        0 | 1 => out.push_str(bytes.pick(ATOMS)),
        2 | 3 => {
            grow(bytes, depth + 1, out);
            out.push_str(bytes.pick(OPERATORS));
            grow(bytes, depth + 1, out);
        }
        4..=7 => {
            let (name, n_usual) = bytes.pick(FUNCTIONS);
            let n = match bytes.below(8) {
                0 => bytes.below(6),
                _ => n_usual,
            };
            out.push_str(name);
            out.push('(');
            for place in 0..n {
                if place > 0 {
                    out.push_str(", ");
                }
                grow(bytes, depth + 1, out);
            }
            out.push(')');
        }
        8 => {
            out.push('(');
            grow(bytes, depth + 1, out);
            out.push(')');
        }
        9 => {
            out.push('-');
            grow(bytes, depth + 1, out);
        }
        10 => {
            out.push('(');
            grow(bytes, depth + 1, out);
            out.push_str(")[");
            grow(bytes, depth + 1, out);
            out.push(']');
            if bytes.one_in(2) {
                out.push('/');
                out.push_str(bytes.pick(&["x", "..", "*", "@id", "y[1]"]));
            }
        }
        _ => {
            out.push_str(bytes.pick(&["", "/", "//"]));
            out.push_str(bytes.pick(AXES));
            out.push_str("::");
            out.push_str(bytes.pick(&["*", "x", "n", "node()", "text()", "r"]));
            if bytes.one_in(2) {
                out.push('[');
                grow(bytes, depth + 1, out);
                out.push(']');
            }
        }
    }
}
